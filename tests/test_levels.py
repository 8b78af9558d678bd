"""One case is a batch of one: the rules over many cases at once say what diagnosing each of them says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesnet import DiagnosticModel, load
from bayesnet.diagnosis.answers import check_answers
from bayesnet.diagnosis.rules import Findings, Rules
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.table import check_rows, columns_to_score
from bayesnet.learning.scale.scores import scores_of

HERE = Path(__file__).parent
MODELS = {
    "shipped": load(),
    "first edition": load(HERE / "first_edition"),
    "another domain": load(HERE / "other_domain"),
}
KNOWLEDGE = MODELS["shipped"].knowledge
ANSWERS = {question: KNOWLEDGE.states[question] for question in KNOWLEDGE.questions}
FLAGS = {flag: ["no", "yes"] for flag in KNOWLEDGE.red_flags}

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
many = settings(deadline=None, max_examples=60)


def hard_or_soft(knowledge: Knowledge, hard_only: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Answers to any questions and warning signs; a third of the soft ones tie."""

    def answer(states: tuple[str, ...]) -> st.SearchStrategy[Any]:
        weights = st.sampled_from([0.2, 1.0, 1.0])
        soft = st.dictionaries(st.sampled_from(states), weights, min_size=1)
        return st.sampled_from(states) if hard_only else st.sampled_from(states) | soft

    every = {q: knowledge.states[q] for q in knowledge.questions} | dict.fromkeys(knowledge.red_flags, ("no", "yes"))
    return st.fixed_dictionaries({}, optional={name: answer(states) for name, states in every.items()})


def checked(knowledge: Knowledge, cases: list[dict[str, Any]]) -> pd.DataFrame:
    found = check_rows(knowledge, cases, columns=columns_to_score(knowledge))
    assert not found.bad
    return found.good


@each_model
@many
@given(data=st.data())
def test_rules_over_a_batch_are_the_rules_case_by_case(model: DiagnosticModel, data: st.DataObject) -> None:
    knowledge, reader = model.knowledge, model.reader
    cases = data.draw(st.lists(hard_or_soft(knowledge), min_size=1, max_size=8))
    answers = [check_answers(knowledge, case) for case in cases]
    beliefs = reader.triggered(reader.versions([one.given for one in answers]))
    rules = Rules(knowledge, reader.findings(answers, *beliefs))
    levels = np.broadcast_to(rules.level(), len(cases))
    held = {rule: np.broadcast_to(rules.holds(rule), len(cases)) for rule in knowledge.advice}
    shown = {rule: np.broadcast_to(rules.shown(rule), len(cases)) for rule in knowledge.advice}
    for row, case in enumerate(cases):
        advice = model.diagnose(case).advice
        assert list(knowledge.levels)[levels[row]] == advice.level.id
        assert {rule for rule, where in shown.items() if where[row]} == {item.id for item in advice}
        withheld = {rule for rule, where in held.items() if where[row] and not shown[rule][row]}
        assert withheld == {item.id for item in advice.withheld}


@each_model
@many
@given(data=st.data())
def test_scores_are_what_diagnosing_each_case_says(model: DiagnosticModel, data: st.DataObject) -> None:
    knowledge = model.knowledge
    cases = data.draw(st.lists(hard_or_soft(knowledge, hard_only=True), min_size=1, max_size=20))
    scores = scores_of(model, checked(knowledge, cases))
    for row, case in enumerate(cases):
        diagnosis = model.diagnose(case)
        triggered = {belief.cause: belief.triggered for belief in diagnosis.beliefs}
        np.testing.assert_allclose(
            scores.probabilities[row, :-1], [triggered[cause] for cause in knowledge.causes], atol=1e-12
        )
        assert scores.probabilities[row, -1] == pytest.approx(diagnosis.unexplained, abs=1e-12)
        first = list(knowledge.causes)[scores.first[row]]
        assert triggered[first] == pytest.approx(diagnosis.beliefs[0].triggered, abs=1e-12)
        assert list(knowledge.levels)[scores.levels[row]] == diagnosis.advice.level.id


def test_every_level_comes_up(model: DiagnosticModel) -> None:
    """The properties above would say little if the cases they draw all had one level."""
    rng = np.random.default_rng(4)
    cases = [{q: str(rng.choice(of)) for q, of in (ANSWERS | FLAGS).items() if rng.random() < 0.3} for _ in range(400)]
    levels = scores_of(model, checked(KNOWLEDGE, cases)).levels
    assert {*levels.tolist()} == {*range(len(KNOWLEDGE.levels))}


@pytest.mark.parametrize("flag", list(KNOWLEDGE.red_flags))
def test_a_red_flag_is_never_outvoted(model: DiagnosticModel, flag: str) -> None:
    rank = KNOWLEDGE.level_ranks[KNOWLEDGE.red_flags[flag].level]
    rng = np.random.default_rng(1)
    cases = [
        {q: str(rng.choice(of)) for q, of in ANSWERS.items() if rng.random() < 0.7} | {flag: "yes"} for _ in range(100)
    ]
    assert (scores_of(model, checked(KNOWLEDGE, cases)).levels >= rank).all()


def test_a_quiet_session_has_no_scores(model: DiagnosticModel) -> None:
    outcome = KNOWLEDGE.outcome.id
    cases = [{outcome: "no", "sweating": "heavy"}, {outcome: "yes", "sweating": "heavy"}]
    scores = scores_of(model, checked(KNOWLEDGE, cases))
    assert np.isnan(scores.probabilities[0]).all()
    assert (scores.first[0], scores.levels[0]) == (-1, -1)
    assert scores.quiet.tolist() == [True, False]
    assert not np.isnan(scores.probabilities[1]).any()


@each_model
def test_no_case_has_no_level(model: DiagnosticModel) -> None:
    knowledge, none = model.knowledge, np.zeros(0)
    flags = dict.fromkeys(knowledge.red_flags, np.zeros(0, dtype=bool))
    findings = Findings({}, flags, dict.fromkeys(model.reader.rule_nodes, none), none, np.zeros(0, dtype=np.intp))
    assert Rules(knowledge, findings).level().shape == (0,)
    scores = scores_of(model, checked(knowledge, [{}])[:0])
    assert (scores.probabilities.shape, scores.levels.shape) == ((0, len(knowledge.causes) + 1), (0,))
