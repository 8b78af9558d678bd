"""Check: answers in; causes, reasons and advice out. On a phone the results stand first, the questions below them.

What lies in a closed box is neither worked out nor sent until someone opens it.
"""

import time
from collections.abc import Sequence
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
from bayesnet.diagnosis.advice import AdviceItem
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent, within_sentence
from bayesnet.knowledge.schema import YES
from bayesnet.report.sheet import sheet

SHOWN_REASONS = 4
SHARES_AT_ONCE = 10
"""Of so many answers the shares are worked out with the page; of more it takes longer with each, up to a second."""
BARS_FIRST = 0.02
"""Seconds at least between the bars and the rest, which is there so much later. Streamlit 1.67 draws together what arrives
within 10 ms: with the pause Chromium painted the bars sooner by a quarter, in test_1 of tests/test_what_must_hold.py."""


def show() -> None:
    """The page. What was clicked is among the answers before it is drawn, so the results come first, and soonest."""
    ignored = session.take_from_url()
    st.title(session.model().knowledge.ask, anchor=False)
    rose = _level_rose()
    session.share()
    results, questions = st.columns([6, 5], gap="large")
    try:
        with results:
            show_results(session.diagnosis(), ignored)
    except ImpossibleEvidence as error:
        with results:
            show_contradiction(error)
            show_ignored(ignored)
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


def show_results(diagnosis: Diagnosis, ignored: Sequence[str]) -> None:
    """Banner, headline and bars; then why, and what to do."""
    show_banner(diagnosis)
    if diagnosis.advice.head:
        show_item(diagnosis.advice.head)
    show_ignored(ignored)
    show_headline(diagnosis)
    provenance = session.model().knowledge.provenance
    if provenance and provenance.simulated:
        st.warning(
            f"{session.model().knowledge.numbers_from} Simulated cases are made up: these bars say nothing of people."
        )
    show_bars(diagnosis)
    drawn = time.monotonic()
    asking.look_ahead(diagnosis)
    time.sleep(max(0.0, drawn + BARS_FIRST - time.monotonic()))
    asking.ask_next(diagnosis)
    asking.show_answered()
    comparing.show_pin()
    show_reasons(diagnosis)
    show_advice(diagnosis)
    show_numbers(diagnosis)
    show_report(diagnosis)
    saving.show_saving()
    show_link()


def show_ignored(ignored: Sequence[str]) -> None:
    """What of the link is no answer, or may be several."""
    if ignored:
        st.warning("Part of the link was ignored or is in doubt: " + "; ".join(ignored) + ".")


def show_contradiction(error: ImpossibleEvidence) -> None:
    """Answers that cannot all be true; warning signs count all the same."""
    knowledge = session.model().knowledge
    ticked = [flag for flag in knowledge.red_flags.values() if session.answers().get(flag.id) == YES]
    for flag in sorted(ticked, key=lambda flag: -knowledge.level_ranks[flag.level]):
        level = knowledge.levels[flag.level]
        st.error(f"**{level.label}.** {flag.label}: {flag.says}\n\n{level.said(all_asked=True).says}")
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
    """The level in words, with what to do before all else; what brought it; and whether the warning signs are still open."""
    advice, rank = diagnosis.advice, session.model().knowledge.level_ranks[diagnosis.advice.level.id]
    signs = [f"{flag.label}: {flag.says}" for flag in diagnosis.red_flags]
    lines = [f"**{advice.level.label}.** {signs[0]}", *signs[1:], advice.level.says] if signs else []
    lines = lines or [f"**{advice.level.label}.** {advice.level.says}"]
    if rank > 0 and not diagnosis.red_flags:
        lines += [f"Because of {item.because}." for item in advice if item.level == advice.level and item.because]
    if diagnosis.warning_signs in ("not asked", "partly answered"):
        lines.append("[Answer the warning signs](#signs)")
    say = (st.info, st.warning, st.error)[min(rank, 2)]
    say("\n\n".join(lines))


def show_headline(diagnosis: Diagnosis) -> None:
    """The likeliest cause in words, number and range."""
    first = diagnosis.beliefs[0]
    if not diagnosis.answers:
        group = next(iter(diagnosis.groups.values()))
        labels = [within_sentence(session.model().knowledge.labels[cause]) for cause in group.causes]
        together = f", that is {' or '.join(labels)}" if len(labels) > 1 else ""
        st.header("No question answered yet", anchor=False)
        st.markdown(
            f"Before any answer {within_sentence(group.label)} leads{together}: {in_words_and_percent(group.triggered)}. "
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
    st.markdown(f"Before any answer {in_words_and_percent(first.prior)}, now {in_words_and_percent(first.triggered)}.")
    if len(diagnosis.answers) <= SHARES_AT_ONCE:
        show_shares(diagnosis)
    else:
        with st.expander("Each answer's share of that shift", key="shares", on_change="rerun") as shares:
            if shares.open:
                show_shares(diagnosis)
    odd = diagnosis.conflict()
    if odd.worth_saying:
        st.warning(odd.says)
    with st.expander("What else would matter", key="what_else", on_change="rerun") as what_else:
        if what_else.open:
            lines = [f"- {finding.says}" for finding in diagnosis.explain(first.cause).open[:SHOWN_REASONS]]
            lines += [f"- {flip.says}" for flip in diagnosis.flips()[:SHOWN_REASONS]]
            st.markdown("\n".join(lines) or "Nothing that is open would matter much.")


def show_shares(diagnosis: Diagnosis) -> None:
    """How much each answer speaks for or against the likeliest cause."""
    why = diagnosis.explain(diagnosis.beliefs[0].cause)
    st.markdown("Below, each answer's share of that shift. Odds of 1 to 4 mean 2 in 10.")
    draw(charts.weight_chart(why, session.theme()), " ".join(f"{weight.sentence}." for weight in why.weights))


def show_advice(diagnosis: Diagnosis) -> None:
    """What to do, the most urgent first, and what is better left for now."""
    st.header("What to do", anchor=False)
    knowledge = session.model().knowledge
    for flag in diagnosis.red_flags:
        with st.container(border=True):
            level = knowledge.levels[flag.level]
            st.markdown(f"**{flag.label}**  \n{level.label}.\n\n- {level.said(all_asked=True).says}\n- {flag.says}")
    for item in diagnosis.advice:
        show_item(item)
    for because, titles in diagnosis.advice.not_now.items():
        st.markdown(f"**Not now**, because {because}\n" + "\n".join(f"- {title}" for title in titles))
    st.markdown(" ".join((knowledge.numbers_from, knowledge.disclaimer, "[About](/about) says more.")).strip())


def show_item(item: AdviceItem) -> None:
    """One thing to do, with its level where that is not the lowest, what brought it and what to beware of."""
    level = f"{item.level.label}." if session.model().knowledge.level_ranks[item.level.id] > 0 else ""
    because = f"Because of {item.because}." if item.because else ""
    lines = [f"**{item.title}**  \n{level} {because}".strip(), "\n".join(f"- {line}" for line in item.do)]
    with st.container(border=True):
        st.markdown("\n\n".join([*lines, f"*{item.caution}*"] if item.caution else lines))


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

    It is made when its box is open, once per diagnosis: one that is made when it is clicked is gone if a rerun comes between.
    """
    if not session.answers():
        return
    with st.expander("A report to print", key="report_box", on_change="rerun") as box:
        if box.open:
            report = session.made_of_answers(
                session.REPORT, lambda: sheet(session.model(), diagnosis, datetime.now().astimezone())
            )
            st.download_button(
                "Download the report", report, "report.html", "text/html", on_click="ignore", key="report_button"
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
