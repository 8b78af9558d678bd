"""Overview: what a coach sees of all saved cases: likeliest causes, how they change over time, what most could change."""

from collections.abc import Sequence

import charts_overview
import numpy as np
import pandas as pd
import saving
import session
import streamlit as st
import tables
from drawing import draw

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.common_fixes import CommonFix
from bayesnet.diagnosis.words import how_many, in_percent, in_words, in_words_and_percent, points
from bayesnet.knowledge.schema import YES
from bayesnet.learning.scale.scores import Scores, scores_of

NEWEST = 1000
"""So many cases are looked at; `bayesnet score` takes any number."""
SHOWN = 200
_SCORES, _FIXES = "overview:scores", "overview:fixes"
"""What was made of the cases shown, kept in the session."""
EVER = "Ever"
SINCE = {EVER: None, "3 months": 91, "30 days": 30, "7 days": 7}


def show() -> None:
    """The page."""
    st.title("Overview of the saved cases", anchor=False)
    if session.store_problem():
        st.error(f"The cases cannot be read at the moment. {session.store_problem()}")
        return
    model = session.model()
    table = session.store().table(model.knowledge, newest=NEWEST)
    table = table[table[model.knowledge.outcome.id] == YES].reset_index(drop=True)
    if table.empty:
        st.markdown(
            f"There is no case of {model.knowledge.outcome.label.lower()} among the newest {NEWEST:,}. Save one on the page "
            "Check, or import a file on the page Cases."
        )
        return
    if (table["origin"] == "simulated").any():
        st.warning("Simulated cases are among them: made up, not people.")
    scores = scored(model, table)
    if not scores.possible.all():
        left_out = int((~scores.possible).sum())
        st.warning(f"Left out, because they contradict the numbers in use: {how_many(left_out, 'case')}.")
    chosen = np.flatnonzero(show_filters(model, table, scores) & scores.possible)
    st.markdown(
        f"**{how_many(len(chosen), 'case')}**, of the newest {NEWEST:,} at most. What each most likely was is by the "
        "numbers in use; several causes can be at work at once."
    )
    if len(chosen):
        table, scores = table.iloc[chosen].reset_index(drop=True), scores.rows(chosen)
        show_mix(model, table, scores)
        of = (model, tuple(table["case_id"]))
        show_fixes(session.made(_FIXES, of, lambda: model.common_fixes(answers_of(model, table))))
        show_cases(model, table, scores)


def scored(model: DiagnosticModel, table: pd.DataFrame) -> Scores:
    """The scores of the cases as they are stored, which is without warning signs; kept until cases or numbers change."""
    unknown = dict.fromkeys(model.knowledge.red_flags, "")
    of = (model, tuple(table["case_id"]))
    return session.made(_SCORES, of, lambda: scores_of(model, table.assign(**unknown)))


def show_filters(model: DiagnosticModel, table: pd.DataFrame, scores: Scores) -> np.ndarray:
    """Controls; which cases they let through."""
    knowledge = model.knowledge
    causes = list(knowledge.causes)
    left, middle, right = st.columns(3)
    wanted = left.multiselect(
        "Likeliest cause", causes, format_func=knowledge.labels.__getitem__, key="overview:causes"
    )
    since = middle.segmented_control("Since", list(SINCE), default=EVER, required=True, key="overview:since")
    origins = sorted(table["origin"].unique())
    of = right.multiselect("Origin", origins, key="overview:origins", help="Where the cases came from")
    chosen = np.ones(len(table), dtype=bool)
    if wanted:
        chosen &= np.isin(scores.first, [causes.index(cause) for cause in wanted])
    if days := SINCE[since or EVER]:
        chosen &= (table["recorded_at"] >= pd.Timestamp.now("UTC") - pd.Timedelta(days=days)).to_numpy()
    if of:
        chosen &= table["origin"].isin(of).to_numpy()
    return chosen


def show_mix(model: DiagnosticModel, table: pd.DataFrame, scores: Scores) -> None:
    """How often each cause was the likeliest, week by week."""
    st.header("Likeliest causes over time", anchor=False)
    mix = charts_overview.mix_of(model.knowledge, table["recorded_at"], scores.first)
    said = charts_overview.mix_in_text(mix)
    draw(charts_overview.mix_chart(model.knowledge, mix, session.theme()), said)


def show_fixes(fixes: Sequence[CommonFix]) -> None:
    """What most of them could change."""
    st.header("What most of them could change", anchor=False)
    if not fixes:
        st.markdown("No change of a single habit lowers the next session's risk.")
        return
    rows = [
        (
            f"{fix.label}: {fix.to_label}",
            f"{fix.helps:,} of {fix.cases:,}",
            f"{points(fix.lowered)} points lower",
            fix.effort,
        )
        for fix in fixes
    ]
    headers = ("Change", "helps", "risk of the next session, on average over all", "effort")
    tables.show("Habits by how much a change helps on average", headers, rows)


def show_cases(model: DiagnosticModel, table: pd.DataFrame, scores: Scores) -> None:
    """A row per case, the newest first."""
    st.header("Case by case", anchor=False)
    knowledge = model.knowledge
    levels = [level.said(all_asked=False) for level in knowledge.levels.values()]
    labels = [knowledge.labels[cause] for cause in knowledge.causes]
    p = scores.probabilities[np.arange(len(table)), scores.first]
    rows = [
        (
            table["recorded_at"].iloc[at].strftime("%Y-%m-%d"),
            f"{labels[scores.first[at]]}: {in_words(p[at])} ({in_percent(p[at])})",
            in_words_and_percent(scores.probabilities[at, -1]),
            levels[scores.levels[at]].label,
            saving.labels_in_words(knowledge, table["triggered"].iloc[at]),
            table["case_id"].iloc[at][:8],
        )
        for at in reversed(range(len(table)))
    ]
    st.markdown("The advice is by the answers alone: warning signs are never saved.")
    with st.container(height=420):
        headers = ("When", "likeliest cause", "unexplained", "advice", "turned out to be", "number begins with")
        tables.show("The cases, one a row", headers, rows[:SHOWN])
    if len(rows) > SHOWN:
        st.markdown(f"The newest {SHOWN} are listed; an export (page Cases) and `bayesnet score` hold all.")


def answers_of(model: DiagnosticModel, table: pd.DataFrame) -> list[dict[str, str]]:
    """The answers of each case."""
    rows = table[list(model.knowledge.questions)].astype(object).to_dict("records")
    return [{str(name): state for name, state in row.items() if isinstance(state, str) and state} for row in rows]


show()
