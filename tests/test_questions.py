"""The next question: its information is the mutual information, its answers average to what is believed now."""

from typing import Any

import numpy as np
import pytest
from shipped_truth import ShippedTruth

from bayesnet import DiagnosticModel
from bayesnet.diagnosis import questions as module

CASES: list[dict[str, Any]] = [
    {},
    {"sweating": "heavy", "felt_tear": "yes"},
    {"posture": {"flexed": 1.0, "extended": 0.4}, "tingling_weakness": "yes", "rep_scheme": "low"},
]
on_each = pytest.mark.parametrize("answers", CASES, ids=lambda answers: ",".join(answers) or "nothing")


def entropy(p: Any) -> float:
    p = np.asarray(p).ravel()
    p = p[p > 0] / p.sum()
    return float(-(p * np.log2(p)).sum())


@on_each
def test_information_equals_mutual_information_by_enumeration(
    model: DiagnosticModel, truth: ShippedTruth, answers: dict[str, Any]
) -> None:
    now = truth.triggers(answers)
    questions = [q for q in model.diagnose(answers).next_questions() if not q.is_red_flag]
    assert {q.question for q in questions} == set(model.knowledge.questions) - set(answers)
    for question in questions[:6]:
        left = 0.0
        for state in model.knowledge.allowed_answers[question.question]:
            then = truth.triggers({**answers, question.question: state})
            left += then.sum() / now.sum() * entropy(then)
        assert question.information == pytest.approx(entropy(now) - left, abs=1e-10)


@on_each
def test_the_expected_posterior_over_the_answers_is_the_posterior(
    model: DiagnosticModel, answers: dict[str, Any]
) -> None:
    d = model.diagnose(answers)
    for question in d.next_questions():
        if not question.is_red_flag:
            chances = [outcome.probability for outcome in question.outcomes]
            assert sum(chances) == pytest.approx(1, abs=1e-12)
            then = [model.diagnose({**answers, question.question: o.answer}) for o in question.outcomes]
            for belief in d.beliefs:
                mean = sum(p * t[belief.cause].triggered for p, t in zip(chances, then, strict=True))
                assert mean == pytest.approx(belief.triggered, abs=1e-12)
            for outcome, after in zip(question.outcomes, then, strict=True):
                assert outcome.first == after.beliefs[0].cause
                assert outcome.triggered == pytest.approx(after.beliefs[0].triggered, abs=1e-12)
                assert outcome.level == after.advice.level.id
                assert outcome.changes_advice == (after.advice.gist != d.advice.gist)


@on_each
def test_questions_are_ranked_by_the_chance_to_change_the_advice_for_their_cost(
    model: DiagnosticModel, answers: dict[str, Any]
) -> None:
    questions = [q for q in model.diagnose(answers).next_questions() if not q.is_red_flag]
    keys = [(-q.changes_advice / q.cost, -q.information / q.cost) for q in questions]
    assert keys == sorted(keys)
    for question in questions:
        assert question.cost == model.knowledge.questions[question.question].cost
        changing = sum(o.probability for o in question.outcomes if o.changes_advice)
        assert question.changes_advice == pytest.approx(changing, abs=1e-12)


def test_red_flags_come_first_until_they_are_answered(model: DiagnosticModel) -> None:
    questions = model.diagnose({"felt_tear": "yes"}).next_questions()
    flags = list(model.knowledge.red_flags)
    assert [q.question for q in questions][: len(flags)] == flags
    assert all(q.is_red_flag and q.changes_advice is None for q in questions.ranked[: len(flags)])
    assert [o.changes_advice for o in questions[0].outcomes] == [False, True]
    assert "warning signs" in questions.says
    asked = model.diagnose({"felt_tear": "yes", **dict.fromkeys(flags, "no")}).next_questions()
    assert not any(q.is_red_flag for q in asked)


def test_it_says_stop_when_no_answer_can_change_the_advice(model: DiagnosticModel) -> None:
    flags = dict.fromkeys(model.knowledge.red_flags, "no")
    every = {q: states[0] for q, states in model.knowledge.allowed_answers.items()}
    done = model.diagnose(every).next_questions()
    assert (done.stop, len(done), done.says) == (True, 0, "Everything is answered.")
    for answers in (
        {},
        {"felt_tear": "yes"},
        {"tingling_weakness": "yes", "posture": "flexed", "pain_persists": "yes"},
    ):
        questions = model.diagnose({**answers, **flags}).next_questions()
        assert questions.stop == all(q.changes_advice == 0 for q in questions)
        assert questions.stop == ("Enough is known" in questions.says)


def test_an_answer_that_cannot_come_leads_nowhere(model: DiagnosticModel) -> None:
    for question in model.diagnose({"felt_tear": "yes"}).next_questions():
        assert all(o.probability is None or o.probability > module.NEVER for o in question.outcomes)


def test_a_question_told_by_the_others_has_no_information() -> None:
    assert module._entropy(np.array([1.0, 0.0])) == 0
    assert module._entropy(np.array([0.5, 0.25, 0.25])) == pytest.approx(1.5)
