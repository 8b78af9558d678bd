"""Check: answers in; causes, reasons and advice out. On a phone the results stand first, the questions below them."""

import charts
import saving
import session
import streamlit as st
from session import NOT_SURE

from bayesnet import Diagnosis
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent, within_sentence
from bayesnet.knowledge.schema import Question

SHOWN_REASONS = 4


def show() -> None:
    """The page. Containers come first, so that results can stand above the questions they depend on."""
    unknown = session.take_from_url()
    st.title(session.model().knowledge.ask, anchor=False)
    results, questions = st.columns([6, 5], gap="large")
    with questions:
        ask_all()
    session.share()
    with results:
        if unknown:
            st.warning("Part of the link was ignored: " + "; ".join(unknown) + ".")
        show_results(session.diagnosis())


def ask_all() -> None:
    """Warning signs first, then every question by section, each starting at "Not sure"."""
    knowledge = session.model().knowledge
    st.subheader("Your answers", anchor="answers")
    st.button("Clear all", on_click=session.clear)
    st.markdown("**Warning signs.** Tick any that apply; they count whatever else you answer.")
    for flag in knowledge.red_flags.values():
        up = st.checkbox(flag.ask, value=session.answers().get(flag.id) == "yes", key=session.key(flag.id))
        session.remember(flag.id, "yes" if up else None)
        if up:
            level = knowledge.levels[flag.level]
            st.error(f"**{level.label}.** {level.says}")
    for section in dict.fromkeys(question.section for question in knowledge.questions.values()):
        st.markdown(f"##### {section}")
        for question in knowledge.questions.values():
            if question.section == section:
                ask(question)


def ask(question: Question) -> None:
    """One question with all its answers in sight; what each answer means is in its help."""
    labels = {NOT_SURE: "Not sure"} | {state.id: state.label for state in question.states}
    meanings = "\n".join(f"- **{state.label}**: {state.means}" for state in question.states if state.means)
    answer = st.segmented_control(
        question.ask,
        list(labels),
        default=session.answers().get(question.id, NOT_SURE),
        required=True,
        format_func=labels.__getitem__,
        help=f"{question.help}\n\n{meanings}",
        key=session.key(question.id),
    )
    session.remember(question.id, answer)


def show_results(diagnosis: Diagnosis) -> None:
    """Banner, headline and bars; then why, and what to do."""
    show_banner(diagnosis)
    show_headline(diagnosis)
    made = session.model().knowledge.provenance
    if made and made.simulated:
        st.warning(
            f"{session.model().knowledge.numbers_from} Simulated cases are made up: these bars say nothing of people."
        )
    rows = charts.cause_rows(diagnosis)
    st.vega_lite_chart(charts.cause_chart(rows, session.theme()), width="stretch", alt=charts.in_text(rows))
    st.markdown(
        "Several causes can be at work at once: the bars need not add up to 100%. A thin line is the plausible range."
    )
    show_next(diagnosis)
    show_reasons(diagnosis)
    show_advice(diagnosis)
    show_numbers(diagnosis)
    saving.show_saving()
    show_link()


def show_banner(diagnosis: Diagnosis) -> None:
    """The level in words, and every red flag that brought it."""
    advice = diagnosis.advice
    if not session.answers():
        st.info("Tick a warning sign if one applies, and answer what you know. Advice follows what you say.")
        return
    lines = [f"**{advice.level.label}.** {advice.level.says}"]
    lines += [f"{flag.label}: {flag.says}" for flag in diagnosis.red_flags]
    rank = session.model().knowledge.level_ranks[advice.level.id]
    draw = (st.info, st.warning, st.error)[min(rank, 2)]
    draw("\n\n".join(lines))
    if session.rose_to(rank):
        # On a phone the banner may be out of sight above the question that was just answered.
        st.toast(lines[0])


def show_headline(diagnosis: Diagnosis) -> None:
    """The likeliest cause in words, number and range."""
    first = diagnosis.beliefs[0]
    if not diagnosis.answers:
        group = next(iter(diagnosis.groups.values()))
        labels = session.model().knowledge.labels
        together = f" ({', '.join(labels[cause].lower() for cause in group.causes)})" if len(group.causes) > 1 else ""
        st.subheader("No question answered yet", anchor=False)
        st.markdown(
            f"Before any answer {group.label.lower()}{together} leads: {in_words_and_percent(group.triggered)}. "
            "[Answer what you know](#answers), and watch the bars move."
        )
    elif diagnosis.unexplained > first.triggered:
        st.subheader("No known cause stands out", anchor=False)
        st.markdown(
            f"Unexplained: {in_words_and_percent(diagnosis.unexplained)}. What you answered speaks "
            "against all of them. [Change your answers](#answers)"
        )
    else:
        st.subheader(f"{first.label}: {in_words(first.triggered)}", anchor=False)
        st.markdown(
            f"{in_percent(first.triggered)}, plausibly {in_range(first.interval)}. [Change your answers](#answers)"
        )


def show_next(diagnosis: Diagnosis) -> None:
    """The question most worth asking, what each answer would lead to, and a button for each; or that enough is known."""
    levels = session.model().knowledge.levels
    if not session.answers() or (diagnosis.red_flags and diagnosis.advice.level.id == list(levels)[-1]):
        return
    questions = diagnosis.next_questions()
    worth = [question for question in questions if question.changes_advice]
    with st.container(border=True):
        if not worth:
            st.markdown("**Enough is known.** No open question would change the advice. Warning signs always count.")
            return
        first, labels = worth[0], session.model().knowledge.labels
        st.markdown(f"**Next: {first.ask}**")
        for column, outcome in zip(st.columns(len(first.outcomes)), first.outcomes, strict=True):
            column.button(
                outcome.label,
                key=session.key(f"next:{first.question}:{outcome.answer}"),
                on_click=session.answer,
                args=(first.question, outcome.answer),
                width="stretch",
            )
        led = "; ".join(
            f"if {outcome.label.lower()}, {within_sentence(labels[outcome.first])} leads"
            + (
                f" and the advice becomes “{levels[outcome.level].label}”"
                if outcome.level != diagnosis.advice.level.id
                else ""
            )
            + (
                " and what to do changes"
                if outcome.changes_advice and outcome.level == diagnosis.advice.level.id
                else ""
            )
            for outcome in first.outcomes
        )
        st.markdown(f"{led[:1].upper()}{led[1:]}. Not sure? Leave it.")


def show_reasons(diagnosis: Diagnosis) -> None:
    """What speaks for and against the likeliest cause, what fits badly, and what would change the result."""
    first = diagnosis.beliefs[0]
    st.subheader(f"Why {within_sentence(first.label)}?" if diagnosis.answers else "Why?", anchor=False)
    if not diagnosis.answers:
        st.write("Answer a question, and what it speaks for and against will stand here.")
        return
    why = diagnosis.explain(first.cause)
    st.markdown(
        f"Before any answer {in_words_and_percent(why.prior)}, now {in_words_and_percent(why.posterior)}. Below, each "
        "answer's share of that shift. Odds of 1 to 4 mean 2 in 10."
    )
    sentences = " ".join(f"{weight.sentence}." for weight in why.weights)
    st.vega_lite_chart(charts.weight_chart(why, session.theme()), width="stretch", alt=sentences)
    odd = diagnosis.conflict()
    if odd.worth_saying:
        st.warning(odd.says)
    with st.expander("What else would matter"):
        lines = [f"- {finding.says}" for finding in why.open[:SHOWN_REASONS]]
        lines += [f"- {flip.says}" for flip in diagnosis.flips()[:SHOWN_REASONS]]
        st.markdown("\n".join(lines) or "Nothing that is open would matter much.")


def show_advice(diagnosis: Diagnosis) -> None:
    """What to do, the most urgent first, and what is better left for now."""
    st.subheader("What to do", anchor=False)
    for item in diagnosis.advice:
        with st.container(border=True):
            because = f" Because of {item.because}." if item.because else ""
            st.markdown(f"**{item.title}**  \n{item.level.label}.{because}")
            st.markdown("\n".join(f"- {line}" for line in item.do))
            if item.caution:
                st.markdown(f"*{item.caution}*")
    for because, titles in diagnosis.advice.not_now.items():
        st.markdown(f"**Not now**, because {because}\n" + "\n".join(f"- {title}" for title in titles))
    knowledge = session.model().knowledge
    st.markdown(" ".join((knowledge.numbers_from, knowledge.disclaimer, "[About](/about) says more.")).strip())


def show_numbers(diagnosis: Diagnosis) -> None:
    """Everything the bars say, as a table, with the ranges and with what is merely present."""
    with st.expander("The numbers in full"):
        lines = ["| Cause | triggered it | plausibly | before | present at all |", "|---|---|---|---|---|"]
        lines += [
            f"| {belief.label} | {in_words_and_percent(belief.triggered)} | {in_range(belief.interval)} | "
            f"{in_percent(belief.prior)} | {in_percent(belief.present)} |"
            for belief in diagnosis.beliefs
        ]
        lines += [
            f"| *{group.label}, taken together* | {in_words_and_percent(group.triggered)} | "
            f"{in_range(group.interval)} | {in_percent(group.prior)} | |"
            for group in diagnosis.groups.values()
            if len(group.causes) > 1
        ]
        st.markdown("\n".join(lines))
        st.markdown(
            f"Unexplained by any of these: {in_words_and_percent(diagnosis.unexplained)}. "
            "The plausible range is a 90% credible interval; it is wide where numbers are guesses."
        )


def show_link() -> None:
    """The address that restores these answers, and what sending it gives away."""
    if session.answers():
        with st.expander("A link to these answers"):
            st.code((st.context.url or "").split("?")[0] + session.query(), language=None, wrap_lines=True)
            st.markdown(
                "The link holds your answers, which are about your health. It stays in this browser's history, and whoever "
                "gets it can read them."
            )


show()
