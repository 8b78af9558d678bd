"""The questions: the one most worth asking, those that are answered, and all of them. Every change goes to the session."""

from collections.abc import Mapping

import session
import streamlit as st
from session import LAST, NOT_SURE, NOTED, SKIPPED, WORTH

from bayesnet import Diagnosis
from bayesnet.diagnosis.questions import NextQuestion
from bayesnet.diagnosis.words import within_sentence
from bayesnet.knowledge.schema import Question


def ask_all(rose: bool) -> None:
    """Warning signs first, then every question by section, each starting at "Not sure".

    Where the last answer made the advice graver, that is said beside it too: on a phone the banner may be out of sight.
    """
    knowledge = session.model().knowledge
    st.header("Your answers", anchor="answers")
    st.button("Clear all", on_click=session.clear, key="clear")
    st.markdown("**Warning signs.** Tick any that apply; they count whatever else you answer.")
    for flag in knowledge.red_flags.values():
        key, ticked = session.widget(f"flag:{flag.id}"), session.answers().get(flag.id) == "yes"
        if st.checkbox(flag.ask, ticked, key=key, on_change=_take, args=(key,)):
            level = knowledge.levels[flag.level]
            st.error(f"**{level.label}.** {level.says}")
    for section in dict.fromkeys(question.section for question in knowledge.questions.values()):
        st.markdown(f"### {section}")
        for question in knowledge.questions.values():
            if question.section == section:
                ask(question, "all", question.ask)
                if rose and st.session_state.get(LAST) == question.id:
                    level = session.diagnosis().advice.level
                    st.error(f"**{level.label}.** {level.says}")


def ask(question: Question, kind: str, label: str) -> None:
    """One question with all its answers in sight; what each answer means is in its help."""
    labels = {NOT_SURE: "Not sure"} | {state.id: state.label for state in question.states}
    meanings = "\n".join(f"- **{state.label}**: {state.means}" for state in question.states if state.means)
    key = session.widget(f"{kind}:{question.id}")
    st.segmented_control(
        label,
        list(labels),
        default=session.answers().get(question.id, NOT_SURE),
        required=True,
        format_func=labels.__getitem__,
        help=f"{question.help}\n\n{meanings}",
        key=key,
        on_change=_take,
        args=(key, question.id if kind == "next" else None),
    )


def _take(key: str, noted: str | None = None) -> None:
    if session.take(key):
        st.session_state[NOTED] = noted


def ask_next(diagnosis: Diagnosis) -> None:
    """The question most worth asking, with what each answer would lead to; or that enough is known.

    One that is answered here stays, so that whoever uses the keyboard does not lose the place, until the next is wanted.
    """
    knowledge = session.model().knowledge
    if not session.answers() or (diagnosis.red_flags and diagnosis.advice.level.id == list(knowledge.levels)[-1]):
        return
    noted = st.session_state.get(NOTED)
    worth = {found.question: found for found in worth_asking(diagnosis)}
    skipped = [name for name in st.session_state.get(SKIPPED, ()) if name in worth]
    offered = [name for name in worth if name not in skipped]
    with st.container(border=True):
        if noted in session.answers():
            name, says = str(noted), "Noted."
        elif offered:
            name = offered[0]
            says = _leads_to(worth[name], diagnosis)
        else:
            st.markdown(_no_more([knowledge.labels[name] for name in skipped]))
            return
        ask(knowledge.questions[name], "next", f"Next: {knowledge.questions[name].ask}")
        st.button("Next question", key="next", on_click=_go_on, args=(name,))
        st.markdown(says)


def worth_asking(diagnosis: Diagnosis) -> list[NextQuestion]:
    """The open questions whose answer can change the advice, the most worth asking first."""
    return session.made_of_answers(
        WORTH, lambda: [found for found in diagnosis.next_questions() if found.changes_advice]
    )


def _no_more(skipped: list[str]) -> str:
    if skipped:
        return f"**No further question.** You left open what could change the advice: {', '.join(skipped)}."
    return "**Enough is known.** No open question would change the advice. Warning signs always count."


def _go_on(question: str) -> None:
    if question not in session.answers():
        st.session_state[SKIPPED] = [*st.session_state.get(SKIPPED, ()), question]
    st.session_state[NOTED] = None


def _leads_to(question: NextQuestion, diagnosis: Diagnosis) -> str:
    """'If yes, muscle strain leads and the advice becomes "See a doctor"; if no, ...'."""
    knowledge = session.model().knowledge
    led = []
    for outcome in question.outcomes:
        said = f"if {outcome.label.lower()}, {within_sentence(knowledge.labels[outcome.first])} leads"
        if outcome.level != diagnosis.advice.level.id:
            said += f" and the advice becomes “{knowledge.levels[outcome.level].label}”"
        elif outcome.changes_advice:
            said += " and what to do changes"
        led.append(said)
    text = "; ".join(led)
    return f"{text[:1].upper()}{text[1:]}. Not sure? Go to the next."


def show_answered() -> None:
    """What was answered, each with a way back."""
    given = session.answers()
    if not given:
        return
    st.markdown("**So far you said:**")
    with st.container(horizontal=True, gap="small"):
        for name, said in in_words(given).items():
            st.button(f"Undo {said}", key=f"undo:{name}", on_click=_undo, args=(name,))


def _undo(name: str) -> None:
    session.remember(name, None)
    st.session_state[NOTED] = st.session_state[LAST] = None


def in_words(given: Mapping[str, str]) -> dict[str, str]:
    """Answers with the names that people know: {"felt_tear": "Felt a tear: Yes"}."""
    model = session.model()
    flags = model.knowledge.red_flags
    return {name: flags[name].label if name in flags else model.in_words(name, state) for name, state in given.items()}
