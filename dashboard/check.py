"""Check: answers in; causes, reasons and advice out. On a phone the results stand first, the questions below them.

What lies in a closed box is neither worked out nor sent until someone opens it.
"""

import time
from datetime import datetime

import asking
import charts
import comparing
import saving
import session
import streamlit as st
import tables
from drawing import draw

from bayesnet import BayesnetError, Diagnosis, ImpossibleEvidence
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent, within_sentence
from bayesnet.report.sheet import sheet

SHOWN_REASONS = 4
BARS_FIRST = 0.02
"""Seconds between the bars and the rest, which is there so much later. Streamlit 1.67 draws together what arrives within 10
ms: with the pause Chromium painted the bars sooner by a quarter, in test_1 of tests/test_what_must_hold.py."""


def show() -> None:
    """The page. What was clicked is among the answers before it is drawn, so the results come first, and soonest."""
    unknown = session.take_from_url()
    st.title(session.model().knowledge.ask, anchor=False)
    rose = _level_rose()
    session.share()
    results, questions = st.columns([6, 5], gap="large")
    try:
        with results:
            if unknown:
                st.warning("Part of the link was ignored: " + "; ".join(unknown) + ".")
            show_results(session.diagnosis())
    except ImpossibleEvidence as error:
        with results:
            show_contradiction(error)
    finally:  # whatever cannot be shown, the answers can be changed
        with questions:
            asking.ask_all(rose)


def _level_rose() -> bool:
    """Whether the last answer made the advice graver. Answers that contradict each other are told among the results."""
    try:
        level = session.diagnosis().advice.level.id
    except BayesnetError:
        return False
    return session.rose_to(session.model().knowledge.level_ranks[level])


def show_results(diagnosis: Diagnosis) -> None:
    """Banner, headline and bars; then why, and what to do."""
    show_banner(diagnosis)
    show_headline(diagnosis)
    provenance = session.model().knowledge.provenance
    if provenance and provenance.simulated:
        st.warning(
            f"{session.model().knowledge.numbers_from} Simulated cases are made up: these bars say nothing of people."
        )
    show_bars(diagnosis)
    time.sleep(BARS_FIRST)
    asking.ask_next(diagnosis)
    asking.show_answered()
    comparing.show_pin()
    show_reasons(diagnosis)
    show_advice(diagnosis)
    show_numbers(diagnosis)
    show_report(diagnosis)
    saving.show_saving()
    show_link()


def show_contradiction(error: ImpossibleEvidence) -> None:
    """Answers that cannot all be true; warning signs count all the same."""
    flags = session.model().knowledge.red_flags
    for name in session.answers():
        if name in flags:
            st.error(f"**{flags[name].label}.** {flags[name].says}")
    st.error(f"These answers cannot be diagnosed. {error}")
    asking.show_answered()


def show_bars(diagnosis: Diagnosis) -> None:
    """Every cause in words, number and bar, beside the pinned case or the prior."""
    pinned = comparing.pinned()
    compared = charts.PRIOR if pinned is None else "in the pinned case"
    bars = charts.cause_bars(session.model().knowledge, diagnosis, pinned)
    chart = charts.cause_chart(bars, session.theme(), compared)
    draw(chart, charts.in_text(bars, compared))
    st.markdown(
        f"Filled: now, with its plausible range as a line. Outlined: {compared}. Several causes can be at work at once, so the "
        "bars need not add up to 100%."
    )


def show_banner(diagnosis: Diagnosis) -> None:
    """The level in words, and every red flag that brought it."""
    advice, ranks = diagnosis.advice, session.model().knowledge.level_ranks
    rank = ranks[advice.level.id]
    if not session.answers():
        st.info("Tick a warning sign if one applies, and answer what you know. Advice follows what you say.")
        return
    lines = [f"**{advice.level.label}.** {advice.level.says}"]
    lines += [f"{flag.label}: {flag.says}" for flag in diagnosis.red_flags]
    if rank > 0 and not diagnosis.red_flags:
        lines += [f"Because of {item.because}." for item in advice if item.level == advice.level and item.because]
    if rank == 0 and any(ranks[led.level] > 0 for found in asking.worth_asking(diagnosis) for led in found.outcomes):
        lines.append("What you left open could change that: see the next question.")
    say = (st.info, st.warning, st.error)[min(rank, 2)]
    say("\n\n".join(lines))


def show_headline(diagnosis: Diagnosis) -> None:
    """The likeliest cause in words, number and range."""
    first = diagnosis.beliefs[0]
    if not diagnosis.answers:
        group = next(iter(diagnosis.groups.values()))
        labels = session.model().knowledge.labels
        together = f" ({', '.join(labels[cause].lower() for cause in group.causes)})" if len(group.causes) > 1 else ""
        st.header("No question answered yet", anchor=False)
        st.markdown(
            f"Before any answer {group.label.lower()}{together} leads: {in_words_and_percent(group.triggered)}. "
            "[Answer what you know](#answers), and watch the bars move."
        )
    elif diagnosis.unexplained > first.triggered:
        st.header("No known cause stands out", anchor=False)
        st.markdown(
            f"Unexplained: {in_words_and_percent(diagnosis.unexplained)}, more than by any one cause. "
            "[Change your answers](#answers)"
        )
    else:
        st.header(f"{first.label}: {in_words(first.triggered)}", anchor=False)
        st.markdown(
            f"{in_percent(first.triggered)}, plausibly {in_range(first.interval)}. [Change your answers](#answers)"
        )


def show_reasons(diagnosis: Diagnosis) -> None:
    """What speaks for and against the likeliest cause, what fits badly, and what would change the result."""
    first = diagnosis.beliefs[0]
    st.header(f"Why {within_sentence(first.label)}?" if diagnosis.answers else "Why?", anchor=False)
    if not diagnosis.answers:
        st.write("Answer a question, and what it speaks for and against will stand here.")
        return
    why = diagnosis.explain(first.cause)
    st.markdown(
        f"Before any answer {in_words_and_percent(why.prior)}, now {in_words_and_percent(why.posterior)}. Below, each "
        "answer's share of that shift. Odds of 1 to 4 mean 2 in 10."
    )
    sentences = " ".join(f"{weight.sentence}." for weight in why.weights)
    if why.weights:  # a warning sign alone weighs nothing
        draw(charts.weight_chart(why, session.theme()), sentences)
    odd = diagnosis.conflict()
    if odd.worth_saying:
        st.warning(odd.says)
    with st.expander("What else would matter", key="what_else", on_change="rerun") as what_else:
        if what_else.open:
            lines = [f"- {finding.says}" for finding in why.open[:SHOWN_REASONS]]
            lines += [f"- {flip.says}" for flip in diagnosis.flips()[:SHOWN_REASONS]]
            st.markdown("\n".join(lines) or "Nothing that is open would matter much.")


def show_advice(diagnosis: Diagnosis) -> None:
    """What to do, the most urgent first, and what is better left for now."""
    st.header("What to do", anchor=False)
    knowledge = session.model().knowledge
    for flag in diagnosis.red_flags:
        with st.container(border=True):
            level = knowledge.levels[flag.level]
            st.markdown(f"**{flag.label}**  \n{level.label}.\n\n- {level.says}\n- {flag.says}")
    for item in diagnosis.advice:
        because = f" Because of {item.because}." if item.because else ""
        lines = [f"**{item.title}**  \n{item.level.label}.{because}", "\n".join(f"- {line}" for line in item.do)]
        with st.container(border=True):
            st.markdown("\n\n".join([*lines, f"*{item.caution}*"] if item.caution else lines))
    for because, titles in diagnosis.advice.not_now.items():
        st.markdown(f"**Not now**, because {because}\n" + "\n".join(f"- {title}" for title in titles))
    st.markdown(" ".join((knowledge.numbers_from, knowledge.disclaimer, "[About](/about) says more.")).strip())


def show_numbers(diagnosis: Diagnosis) -> None:
    """Everything the bars say, as a table, with the ranges and with what is merely present."""
    with st.expander("The numbers in full", key="numbers", on_change="rerun") as numbers:
        if not numbers.open:
            return
        rows = [
            (
                belief.label,
                in_words_and_percent(belief.triggered),
                in_range(belief.interval),
                in_percent(belief.prior),
                in_percent(belief.present),
            )
            for belief in diagnosis.beliefs
        ]
        rows += [
            (
                f"{group.label}, taken together",
                in_words_and_percent(group.triggered),
                in_range(group.interval),
                in_percent(group.prior),
                "",
            )
            for group in diagnosis.groups.values()
            if len(group.causes) > 1
        ]
        tables.show("Every cause", ("Cause", "triggered it", "plausibly", "before", "present at all"), rows)
        st.markdown(
            f"Unexplained by any of these: {in_words_and_percent(diagnosis.unexplained)}. "
            "The plausible range is a 90% credible interval; it is wide where numbers are guesses."
        )


def show_report(diagnosis: Diagnosis) -> None:
    """All of this on one page, to print or to take along.

    It is made with the page, once per diagnosis: one that is made when it is asked for is gone if a rerun comes between.
    """
    if session.answers():
        report = session.made_of_answers(
            session.REPORT, lambda: sheet(session.model(), diagnosis, datetime.now().astimezone())
        )
        st.download_button(
            "Download a report to print", report, "report.html", "text/html", on_click="ignore", key="report_button"
        )


def show_link() -> None:
    """The address that restores these answers, and what sending it gives away."""
    if not session.answers():
        return
    with st.expander("Copy a link to these answers", key="link", on_change="rerun") as link:
        if link.open:
            st.code((st.context.url or "").split("?")[0] + session.query(), language=None, wrap_lines=True)
            st.markdown(
                "The link holds your answers, which are about your health. It stays in this browser's history, and whoever "
                "gets it can read them."
            )


show()
