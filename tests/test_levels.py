"""How urgent the advice is for many cases at once: what diagnosing each of them says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesnet import DiagnosticModel, load
from bayesnet.diagnosis.levels import ManyFindings, levels
from bayesnet.learning.cases.table import check_rows, columns_to_score
from bayesnet.learning.scale.scores import scores_of

KNOWLEDGE = load().knowledge
ANSWERS = {question.id: [state.id for state in question.states] for question in KNOWLEDGE.questions.values()}
FLAGS = {flag: ["no", "yes"] for flag in KNOWLEDGE.red_flags}
CASES = st.fixed_dictionaries({}, optional={name: st.sampled_from(of) for name, of in (ANSWERS | FLAGS).items()})


def checked(cases: list[dict[str, str]]) -> pd.DataFrame:
    found = check_rows(KNOWLEDGE, cases, columns=columns_to_score(KNOWLEDGE))
    assert not found.bad
    return found.good


@settings(deadline=None, max_examples=60)
@given(st.lists(CASES, min_size=1, max_size=20))
def test_scores_are_what_diagnosing_each_case_says(model: DiagnosticModel, cases: list[dict[str, str]]) -> None:
    scores = scores_of(model, checked(cases))
    for row, case in enumerate(cases):
        diagnosis = model.diagnose(case)
        triggered = {belief.cause: belief.triggered for belief in diagnosis.beliefs}
        np.testing.assert_allclose(
            scores.probabilities[row, :-1], [triggered[cause] for cause in KNOWLEDGE.causes], atol=1e-12
        )
        assert scores.probabilities[row, -1] == pytest.approx(diagnosis.unexplained, abs=1e-12)
        first = list(KNOWLEDGE.causes)[scores.first[row]]
        assert triggered[first] == pytest.approx(diagnosis.beliefs[0].triggered, abs=1e-12)
        assert list(KNOWLEDGE.levels)[scores.levels[row]] == diagnosis.advice.level.id


def test_every_level_comes_up(model: DiagnosticModel) -> None:
    """The property above would say little if the cases it draws all had one level."""
    rng = np.random.default_rng(4)
    cases = [{q: str(rng.choice(of)) for q, of in (ANSWERS | FLAGS).items() if rng.random() < 0.5} for _ in range(400)]
    assert {*scores_of(model, checked(cases)).levels.tolist()} == {*range(len(KNOWLEDGE.levels))}


@pytest.mark.parametrize("flag", list(KNOWLEDGE.red_flags))
def test_a_red_flag_is_never_outvoted(model: DiagnosticModel, flag: str) -> None:
    rank = KNOWLEDGE.level_ranks[KNOWLEDGE.red_flags[flag].level]
    rng = np.random.default_rng(1)
    cases = [
        {q: str(rng.choice(of)) for q, of in ANSWERS.items() if rng.random() < 0.7} | {flag: "yes"} for _ in range(100)
    ]
    assert (scores_of(model, checked(cases)).levels >= rank).all()


def test_a_quiet_session_has_no_scores(model: DiagnosticModel) -> None:
    outcome = KNOWLEDGE.outcome.id
    scores = scores_of(model, checked([{outcome: "no", "sweating": "heavy"}, {outcome: "yes", "sweating": "heavy"}]))
    assert np.isnan(scores.probabilities[0]).all()
    assert (scores.first[0], scores.levels[0]) == (-1, -1)
    assert scores.quiet.tolist() == [True, False]
    assert not np.isnan(scores.probabilities[1]).any()


def test_no_case_has_no_level() -> None:
    none = np.zeros(0)
    findings = ManyFindings(0, {}, {}, dict.fromkeys(KNOWLEDGE.causes, none), none)
    assert levels(KNOWLEDGE, findings).shape == (0,)
