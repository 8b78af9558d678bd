"""The questions: the one most worth asking, those that are answered, and all of them. Every change goes to the session."""

from collections.abc import Mapping

import session
import signs
import streamlit as st
from session import LAST, NOT_SURE, NOTED, SKIPPED, WORTH

from bayesnet import Diagnosis
from bayesnet.diagnosis.answers import check_answers
from bayesnet.diagnosis.questions import NextQuestion, NextQuestions, offered_states
from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.words import within_sentence
from bayesnet.knowledge.schema import NO, WARNING_SIGNS, Question


def ask_all(rose: bool) -> None:
    """Warning signs first, then every question by section, each starting at "Not sure".

    Where the last answer made the advice graver, that is said beside it too: on a phone the banner may be out of sight.
    """
    knowledge = session.model().knowledge
    st.header("Your answers", anchor="answers")
    st.button("Clear all", on_click=session.clear, key="clear")
    if knowledge.red_flags:
        signs.ask_signs()
    case = _case()
    for section in dict.fromkeys(question.section for question in knowledge.questions.values()):
        st.markdown(f"### {section}")
        for question in knowledge.questions.values():
            if question.section == section:
                ask(case, question, "all", question.ask)
                if rose and st.session_state.get(LAST) == question.id:
                    level = session.diagnosis().advice.level
                    st.error(f"**{level.label}.** {level.says}")


def ask(case: Case, question: Question, kind: str, label: str) -> None:
    """One question with all its answers in sight; what each answer means is in its help.

    An answer that makes no sense beside the others is not offered, unless it is the one that was given.
    """
    given = session.answers().get(question.id, NOT_SURE)
    offered = offered_states(case, question.id)
    states = [state for state in question.states if state in offered or state.id == given]
    labels = {NOT_SURE: "Not sure"} | {state.id: state.label for state in states}
    meanings = "\n".join(f"- **{state.label}**: {state.means}" for state in states if state.means)
    key = session.widget(f"{kind}:{question.id}")
    st.segmented_control(
        label,
        list(labels),
        default=given,
        required=True,
        format_func=labels.__getitem__,
        help=f"{question.help}\n\n{meanings}",
        key=key,
        wrap=True,
        on_change=_take,
        args=(key, question.id if kind == "next" else None),
    )


def _case() -> Case:
    """What was answered, as far as it decides which answers are offered."""
    model = session.model()
    return Case(model.reader, check_answers(model.knowledge, session.answers()))


def _take(key: str, noted: str | None = None) -> None:
    if session.take(key):
        st.session_state[NOTED] = noted


def ask_next(diagnosis: Diagnosis) -> None:
    """The question most worth asking, with what each answer would lead to; or that enough is known.

    Warning signs come before it, in their own place. A question that is answered here stays, so that whoever uses the
    keyboard does not lose the place, until the next is wanted.
    """
    if not _asks(diagnosis):
        return
    knowledge = session.model().knowledge
    with st.container(border=True):
        if _is_noted():
            name, says = str(st.session_state[NOTED]), "Noted."
        else:
            found, skipped = _worth_asking(diagnosis), st.session_state.get(SKIPPED, ())
            offered = [q for q in found if not q.is_red_flag and q.question not in skipped]
            if found.stop or not offered:
                st.markdown(_no_more(found))
                return
            name, says = offered[0].question, _leads_to(offered[0], diagnosis)
            if _could_be_graver(found, diagnosis):
                st.markdown("**What you left open could make the advice more urgent.**")
        ask(_case(), knowledge.questions[name], "next", f"Next: {knowledge.questions[name].ask}")
        st.button("Next question", key="next", on_click=_go_on, args=(name,))
        st.markdown(says)


def look_ahead(diagnosis: Diagnosis) -> None:
    """Works out what is to be asked next, which takes a while."""
    if _asks(diagnosis) and not _is_noted():
        _worth_asking(diagnosis)


def _asks(diagnosis: Diagnosis) -> bool:
    """Nothing is asked of somebody who has said nothing yet, or who has an emergency."""
    emergency = diagnosis.red_flags and diagnosis.advice.level.id == list(session.model().knowledge.levels)[-1]
    return bool(session.answers()) and not emergency


def _is_noted() -> bool:
    return st.session_state.get(NOTED) in session.answers()


def _worth_asking(diagnosis: Diagnosis) -> NextQuestions:
    """The open questions, the most worth asking first; worked out once for the same answers."""
    skipped = tuple(st.session_state.get(SKIPPED, ()))
    of = (session.model(), dict(session.answers()), skipped)
    return session.made(WORTH, of, lambda: diagnosis.next_questions(skipped))


def _could_be_graver(found: NextQuestions, diagnosis: Diagnosis) -> bool:
    """Whether an open question may bring a higher level of advice; the warning signs speak for themselves."""
    ranks = session.model().knowledge.level_ranks
    now = ranks[diagnosis.advice.level.id]
    return any(ranks[led.level] > now for q in found if not q.is_red_flag for led in q.outcomes)


def _no_more(found: NextQuestions) -> str:
    if found.stop:
        return f"**{found.says}** Warning signs always count."
    if signs.are_open():
        return "**No further question** but the [warning signs](#signs)."
    left = [q.label for q in found if q.changes_advice]
    return f"**No further question.** You left open what could change the advice: {', '.join(left)}."


def _go_on(question: str) -> None:
    if question not in session.answers():
        st.session_state[SKIPPED] = [*st.session_state.get(SKIPPED, ()), question]
    st.session_state[NOTED] = None


def _leads_to(question: NextQuestion, diagnosis: Diagnosis) -> str:
    """'If yes, muscle strain leads and the advice becomes "Be seen today"; if no, ...'."""
    knowledge = session.model().knowledge
    led = []
    for outcome in question.outcomes:
        said = f"if {outcome.label.lower()}, {within_sentence(knowledge.labels[outcome.first])} leads"
        if outcome.level != diagnosis.advice.level.id:
            said += f" and the advice becomes “{diagnosis.label_of(outcome.level)}”"
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
    if name == WARNING_SIGNS:
        signs.forget_no()
        return
    session.remember(name, None)
    st.session_state[NOTED] = st.session_state[LAST] = None


def in_words(given: Mapping[str, str]) -> dict[str, str]:
    """Answers with the names that people know: {"felt_tear": "Felt a tear: Yes"}. Every no to a warning sign is one entry."""
    model = session.model()
    flags = model.knowledge.red_flags
    found = {WARNING_SIGNS: said} if (said := signs.in_words(given)) else {}
    for name, state in given.items():
        if name not in flags:
            found[name] = model.in_words(name, state)
        elif state != NO:
            found[name] = flags[name].label
    return found
