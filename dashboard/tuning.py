"""Tuning: learn from the saved cases, review every version before and after, adopt, roll back; or edit numbers by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import charts_learning
import editing
import jobs
import pandas as pd
import session
import streamlit as st
import tables
from drawing import draw

from bayesnet import BadModel, BayesnetError, DiagnosticModel, StoreError
from bayesnet.diagnosis.words import how_many, in_range
from bayesnet.learning import versions
from bayesnet.learning.differences import NumberChange, differences
from bayesnet.learning.evaluation import MEANINGS
from bayesnet.learning.store import ModelVersion

MOVED_MOST = 10
LEARN, REVIEW, EDIT = "Learn from cases", "Versions", "Edit by hand"
VIEW, VERSION, BEFORE = "tuning:view", "tuning:version", "tuning:before"
"""What a session keeps of this page: the view, the version under review, and the one it is compared with."""
EXPERTS = "What the experts said"
FADING = {"As it is": 1.0, "Half": 0.5, "A tenth": 0.1}


@st.cache_resource(show_spinner=False)
def all_jobs() -> jobs.Jobs:
    """The learning that runs on this server."""
    return jobs.Jobs()


def show() -> None:
    """The page: three views, one at a time."""
    st.title("Tuning the numbers", anchor=False)
    if session.store_problem():
        st.error(f"Versions cannot be read at the moment. {session.store_problem()}")
        return
    in_use = session.model().knowledge
    st.markdown(in_use.numbers_from or "Numbers: what the experts said.")
    views = {LEARN: show_learning, REVIEW: show_versions, EDIT: show_editing}
    view, key = st.session_state.setdefault(VIEW, LEARN), session.widget(VIEW)
    st.segmented_control(
        "What do you want to do?",
        list(views),
        default=view,
        required=True,
        key=key,
        on_change=session.keep,
        args=(key,),
    )
    views[view]()


# ---- learning


def show_learning() -> None:
    """How many cases there are, a button, and what comes of it."""
    knowledge = session.shipped().knowledge
    counts = session.store().count(knowledge.id)
    total, simulated = sum(counts.values()), counts.get("simulated", 0)
    st.markdown(
        f"**{how_many(total, 'case')}** saved. Learning starts from what the experts said and takes all of them; each "
        "number weighs as much as its strength, so a few cases hardly move it."
    )
    if simulated:
        st.warning(f"{simulated:,} of them are simulated: made up, not people.")
    every = st.checkbox(
        "Every session was logged, quiet ones too", help="Otherwise only sessions in which it happened."
    )
    weight = st.segmented_control(
        "How much should what the experts said weigh?", list(FADING), default="As it is", required=True
    )
    running = all_jobs().running
    if st.button("Learn", type="primary", disabled=not total or running):
        all_jobs().start(session.shipped(), session.store(), not every, FADING[weight or "As it is"])
        st.rerun()
    job = all_jobs().last
    if running:
        show_progress()
    elif job is not None:
        show_result(job)


@st.fragment(run_every=1.0)
def show_progress() -> None:
    """What the learning is at; the page stays usable meanwhile. It asks no store, as nobody catches what fails here."""
    job = all_jobs().last
    if job is None or job.done:
        st.rerun()  # the whole page, with the result in the place of this
        return
    gained = "" if job.log_posterior is None else f" Log-posterior {job.log_posterior:,.1f} nats."
    at = {jobs.LEARNING: f", iteration {job.iteration}", jobs.SCORING: f", part {job.fold}" if job.fold else ""}
    st.info(f"At work: {job.phase}{at.get(job.phase, '')}.{gained} You may use other pages meanwhile.")
    if job.phase == jobs.SCORING:
        if st.button("Keep it without scores", disabled=job.skip, help="It then counts as not shown to be better."):
            job.skip = True
    elif st.button("Stop and keep what was reached", disabled=job.stop):
        job.stop = True


def show_result(job: jobs.Job) -> None:
    """What came of the learning."""
    if job.problem:
        st.error(f"Nothing was learned. {job.problem}")
        return
    for remark in job.remarks:
        st.warning(remark)
    if job.version:
        st.success(f"Kept as version {job.version}.")
        st.markdown("Review it below, and adopt it if it convinces you.")
        show_version(session.store().version(job.version), key="learned")
    if len(job.history) > 1:
        with st.expander("How the learning went"):
            st.markdown("The log-posterior of every iteration, in nats: it never falls, and stands still at the end.")
            said = charts_learning.history_in_text(job.history)
            draw(charts_learning.history_chart(job.history, session.theme()), said)


# ---- versions


def show_versions() -> None:
    """Every version, the chosen one before and after, adopt and roll back."""
    store, model = session.store(), session.shipped().knowledge.id
    found = store.versions(model)
    in_use = store.adopted_name(model)
    if st.button("Roll back to what was in use before"):
        try:
            store.rollback(model)
            st.rerun()
        except StoreError as error:
            st.info(str(error))
    if not found:
        st.markdown("There is no version yet but what the experts said. Learn from cases, or edit by hand.")
        return
    names = {version.version: described(version) for version in found}
    st.markdown(f"In use: **{names.get(in_use or '', EXPERTS)}**.")
    chosen = choose("Version", names, VERSION)
    others = {versions.SHIPPED: EXPERTS} | {name: said for name, said in names.items() if name != chosen}
    before = choose("Compare its numbers with", others, BEFORE)
    show_version(next(version for version in found if version.version == chosen), "review", before)


def choose(label: str, names: Mapping[str, str], kept: str) -> str:
    """One of these versions, the first to begin with; the choice is kept in the session under a name."""
    if st.session_state.get(kept) not in names:
        session.put(kept, next(iter(names)))
    chosen, key = str(st.session_state[kept]), session.widget(kept)
    st.selectbox(
        label,
        list(names),
        list(names).index(chosen),
        format_func=names.__getitem__,
        key=key,
        on_change=session.keep,
        args=(key,),
    )
    return chosen


def described(version: ModelVersion) -> str:
    """A version in a line, which never changes: a browser sends what it shows back, and must be understood."""
    cases = version.summary.get("cases", 0)
    how = how_many(cases, "case") if cases else str(version.summary.get("method", ""))
    return f"{version.version}, {how}"


def show_version(version: ModelVersion, key: str, before: str = versions.SHIPPED) -> None:
    """What a version says of itself, its scores, its numbers and those of another one, and a button to adopt it."""
    try:
        knowledge = versions.model_of(version).knowledge
    except BadModel as error:
        st.error(f"This version cannot be read. {error}")
        return
    st.markdown(f"{knowledge.numbers_from} Grown from {version.parent}.")
    if key == "review":
        for remark in version.summary.get("remarks", ()):
            st.warning(remark)
    show_adopting(version, key)
    show_scores(version.summary.get("evaluation"))
    try:
        other = versions.model_named(session.store(), session.shipped(), before).knowledge
        name = "what the experts said" if before == versions.SHIPPED else f"version {before}"
        show_numbers(differences(other, knowledge), key, name)
    except BadModel as error:
        st.error(str(error))


def show_adopting(version: ModelVersion, key: str) -> None:
    """The verdict, and the way into use: with a second thought where it is not shown to be better."""
    store, model = session.store(), session.shipped()
    if problem := versions.misfit(version.version, versions.made_under(version), model.knowledge):
        st.warning(session.as_text(problem))
        return
    if store.adopted_name(model.knowledge.id) == version.version:
        st.success("This version is in use.")
        return
    why_not = versions.not_better(version.summary)
    force = False
    if why_not:
        st.warning(f"Not shown to be better: {why_not}.")
        force = st.checkbox("Adopt it all the same", key=f"force:{key}:{version.version}")
    elif version.summary.get("reason"):
        st.success(f"Better on held-out cases: {version.summary['reason']}.")
    if st.button("Adopt this version", key=f"adopt:{key}", disabled=bool(why_not) and not force):
        versions.adopt(store, model, version.version, force)
        st.rerun()


def show_scores(evaluation: dict[str, Any] | None) -> None:
    """Before against tuned on held-out cases, and how far predictions came true."""
    if not evaluation:
        return
    st.header("On cases it did not learn from", anchor=False)
    scores = (evaluation["scores"][name] for name in MEANINGS if name in evaluation["scores"])
    rows = [
        (
            score["means"],
            f"{score['before']['value']:.3f}",
            f"{score['tuned']['value']:.3f}",
            f"{score['gain']['value']:+.3f}",
            f"{score['gain']['low']:+.3f} to {score['gain']['high']:+.3f}",
        )
        for score in scores
    ]
    tables.show("Scores on held-out cases", ("Score", "before", "after", "better by", "plausibly"), rows)
    curves = evaluation["reliability"]
    if curves:
        st.markdown("How often what was predicted came true; the closer to the dashed line, the better.")
        said = charts_learning.reliability_in_text(curves)
        draw(charts_learning.reliability_chart(curves, session.theme()), said)


def show_numbers(numbers: Sequence[NumberChange], key: str, other: str) -> None:
    """The numbers that moved most as a chart, all of them as a table."""
    moved = sorted((n for n in numbers if n.has_changed), key=lambda n: -abs(n.change))
    st.header("Every number, before and after", anchor=False)
    if not moved:
        st.markdown(f"No number differs from {other}.")
        return
    most = moved[:MOVED_MOST]
    st.markdown(f"{len(moved)} of {len(numbers)} numbers differ from {other}; those that moved most:")
    said = charts_learning.numbers_in_text(most)
    draw(charts_learning.numbers_chart(most, session.theme()), said)
    with st.expander("All numbers"):
        st.dataframe(as_table(numbers), hide_index=True, key=f"numbers:{key}", alt="Every number before and after")


def as_table(numbers: Sequence[NumberChange]) -> pd.DataFrame:
    """Every number with its interval and the cases behind it."""
    return pd.DataFrame(
        {
            "number": [n.label for n in numbers],
            "before": [charts_learning.in_tenths(n.before) for n in numbers],
            "plausibly before": [in_range(n.interval_before) for n in numbers],
            "after": [charts_learning.in_tenths(n.after) for n in numbers],
            "plausibly after": [in_range(n.interval_after) for n in numbers],
            "cases behind it": [round(n.cases) for n in numbers],
        }
    )


# ---- by hand


def show_editing() -> None:
    """The numbers of one variable, each to be typed over, checked as they are."""
    model = session.model()
    names = model.knowledge.labels
    st.markdown("Numbers of the version in use. What you type is checked at once, and kept only when you say so.")
    chosen = st.selectbox("The numbers of", list(names), format_func=names.__getitem__)
    asked = [ask_numbers(one, model.knowledge.version_name) for one in editing.distributions(model.knowledge, chosen)]
    edits = [edit for edit in asked if edit is not None]
    if not edits:
        return
    try:
        changed = versions.edited(model, edits)
    except BadModel as error:
        for problem in error.problems:
            st.error(problem)
        return
    show_effect(model, changed)
    if st.button("Keep as a version", type="primary"):
        keep_version(changed)
        st.rerun()


def ask_numbers(one: editing.Distribution, version: str) -> versions.Edit | None:
    """A field per probability and one for the strength of a distribution; what was changed."""
    key = f"edit:{version}:{one.id}"
    percent = {}
    with st.container(border=True):
        fields = st.columns(len(one.labels) + 1, vertical_alignment="bottom")
        for field, (state, label) in zip(fields, one.labels.items(), strict=False):
            percent[state] = field.number_input(
                f"{label}, in %",
                0.0,
                100.0,
                one.percent(state),
                step=1.0,
                format="%g",
                help=one.range_of(state) or None,
                key=f"{key}:{state}",
            )
        strength = fields[-1].number_input(
            "Strength",
            0.001,
            value=float(one.row.strength),
            step=1.0,
            format="%g",
            help="For how many cases these numbers stand when they are tuned (an equivalent sample size)",
            key=f"{key}:strength",
        )
        cited = session.model().knowledge.sources
        st.markdown("; ".join(f"{one.row.basis.capitalize()}: {cited[name].cite}" for name in one.row.sources))
    return one.edit(percent, strength)


def keep_version(changed: DiagnosticModel) -> None:
    """Keeps an edited model, and goes on to its review."""
    version = versions.edited_version(changed)
    session.store().add_version(version)
    session.put(VIEW, REVIEW)
    session.put(VERSION, version.version)


def show_effect(model: DiagnosticModel, changed: DiagnosticModel) -> None:
    """What the case at hand would look like."""
    try:
        before, after = (one.diagnose(session.answers()) for one in (model, changed))
    except BayesnetError as error:
        st.error(str(error))
        return
    in_tenths = charts_learning.in_tenths
    rows = [
        (belief.label, in_tenths(belief.triggered), in_tenths(after[belief.cause].triggered))
        for belief in before.beliefs
    ]
    tables.show("The case at hand", ("Cause, in the case at hand", "now", "with these numbers"), rows)


show()
