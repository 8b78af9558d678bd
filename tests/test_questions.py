"""The next question: its value is what its answers change, its information the mutual information, and its answers average
to what is believed now.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shipped_truth import ShippedTruth

from bayesnet import DiagnosticModel
from bayesnet.diagnosis import questions as module
from bayesnet.knowledge.schema import Interview

CASES: list[dict[str, Any]] = [
    {},
    {"sweating": "heavy", "felt_tear": "yes"},
    {"posture": {"flexed": 1.0, "extended": 0.4}, "tingling_weakness": "tingling", "rep_scheme": "low"},
]
OF_THE_FIRST_EDITION: list[dict[str, Any]] = [*CASES[:2], {**CASES[2], "tingling_weakness": "yes"}]

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
    instead = {q.id for q in model.knowledge.questions.values() if q.only_if_skipped}
    assert {q.question for q in questions} == set(model.knowledge.questions) - set(answers) - instead
    for question in questions:
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
def test_a_question_is_worth_what_its_answers_change(model: DiagnosticModel, answers: dict[str, Any]) -> None:
    d, worth = model.diagnose(answers), model.knowledge.interview
    assert worth is not None
    for question in d.next_questions():
        for outcome in question.outcomes if not question.is_red_flag else ():
            after = model.diagnose({**answers, question.question: outcome.answer})
            changed = worth.level * (after.advice.level.id != d.advice.level.id)
            changed += worth.first * (after.beliefs[0].cause != d.beliefs[0].cause)
            changed += worth.tip * ({item.id for item in after.advice} != {item.id for item in d.advice})
            assert outcome.value == pytest.approx(changed, abs=1e-12)
        mean = sum((outcome.probability or 0) * outcome.value for outcome in question.outcomes)
        assert question.value == pytest.approx(mean, abs=1e-12)


def check_ranking(model: DiagnosticModel, answers: dict[str, Any]) -> None:
    """By value for cost, but a question that may hide an answer of another stands before that one; the cost is the file's,
    and the chance to change the advice that of the answers that do.
    """
    questions = [q for q in model.diagnose(answers).next_questions() if not q.is_red_flag]
    ranked = sorted(questions, key=lambda q: (-q.value / q.cost, -q.information / q.cost))
    expected = [question.question for question in ranked]
    for question in ranked:
        for other in {o for s in model.knowledge.questions[question.question].states for o in s.hidden_by}:
            if other in expected and expected.index(other) > expected.index(question.question):
                expected.remove(other)
                expected.insert(expected.index(question.question), other)
    assert [question.question for question in questions] == expected
    for question in questions:
        assert question.cost == model.knowledge.questions[question.question].cost
        changing = sum(o.probability for o in question.outcomes if o.changes_advice)
        assert question.changes_advice == pytest.approx(changing, abs=1e-12)


@on_each
def test_questions_are_ranked_by_value_for_their_cost(model: DiagnosticModel, answers: dict[str, Any]) -> None:
    check_ranking(model, answers)


@pytest.mark.parametrize("answers", OF_THE_FIRST_EDITION, ids=lambda answers: ",".join(answers) or "nothing")
def test_without_weights_a_question_is_worth_its_chance_to_change_the_advice(
    first_edition: DiagnosticModel, answers: dict[str, Any]
) -> None:
    check_ranking(first_edition, answers)
    for question in first_edition.diagnose(answers).next_questions():
        assert question.value == pytest.approx(question.changes_advice or 0, abs=1e-12)
        assert all(o.value == o.changes_advice for o in question.outcomes if o.probability is not None)


@pytest.mark.parametrize("what", ["level", "first", "tip"])
def test_turning_a_weight_turns_the_values(model: DiagnosticModel, what: str) -> None:
    """With one weight alone, only what it is about is worth anything."""
    alone = Interview(**(dict.fromkeys(["level", "first", "tip"], 0.0) | {what: 3.0}), stop=0.5)
    answers = CASES[1]
    now = model.diagnose(answers)
    seen = set()
    for question in DiagnosticModel(replace(model.knowledge, interview=alone)).diagnose(answers).next_questions():
        for outcome in question.outcomes if not question.is_red_flag else ():
            then = model.diagnose({**answers, question.question: outcome.answer})
            changed = {
                "level": then.advice.level.id != now.advice.level.id,
                "first": then.beliefs[0].cause != now.beliefs[0].cause,
                "tip": {item.id for item in then.advice} != {item.id for item in now.advice},
            }
            assert outcome.value == 3.0 * changed[what]
            seen.add(changed[what])
    assert seen == {False, True}


def test_a_question_that_may_hide_an_answer_of_another_comes_before_it(model: DiagnosticModel) -> None:
    def order(skipped: tuple[str, ...]) -> tuple[int, int]:
        asked = [q.question for q in model.diagnose({}).next_questions(skipped)]
        return asked.index("time_since"), asked.index("easing")

    hiding, hidden = (
        next(q for q in model.diagnose({}).next_questions() if q.question == name) for name in ("time_since", "easing")
    )
    assert hiding.value / hiding.cost < hidden.value / hidden.cost
    assert order(())[0] == order(())[1] - 1
    assert order(("time_since",))[0] > order(("time_since",))[1]


def test_a_question_that_stands_in_for_another_is_asked_where_that_was_skipped(model: DiagnosticModel) -> None:
    def asked(answers: dict[str, Any], skipped: tuple[str, ...]) -> set[str]:
        return {q.question for q in model.diagnose(answers).next_questions(skipped)}

    assert model.knowledge.questions["heat"].only_if_skipped == "sweating"
    assert "heat" not in asked({}, ())
    assert "heat" not in asked({}, ("posture",))
    assert "heat" in asked({}, ("sweating", "posture"))
    assert "heat" not in asked({"sweating": "heavy"}, ("sweating",))
    assert "heat" not in asked({"heat": "temperate"}, ("sweating",))


def test_an_answer_that_makes_no_sense_beside_another_is_not_offered(model: DiagnosticModel) -> None:
    def easing(answers: dict[str, Any]) -> Any:
        (found,) = (q for q in model.diagnose(answers).next_questions() if q.question == "easing")
        return found

    whole, some = easing({"time_since": "days"}), easing({"time_since": "today"})
    assert [o.answer for o in whole.outcomes] == ["minutes", "days", "lasting"]
    assert [o.answer for o in some.outcomes] == ["minutes", "days"]
    # Those that are offered share the probability as they do without it, time since then being no sign of anything.
    offered = [o.probability for o in whole.outcomes[:2]]
    assert [o.probability for o in some.outcomes] == pytest.approx([p / sum(offered) for p in offered], abs=1e-12)
    assert sum(o.probability for o in some.outcomes) == pytest.approx(1, abs=1e-12)


def test_red_flags_come_first_until_they_are_answered(model: DiagnosticModel) -> None:
    questions = model.diagnose({"felt_tear": "yes"}).next_questions()
    flags = list(model.knowledge.red_flags)
    assert [q.question for q in questions][: len(flags)] == flags
    assert all(q.is_red_flag and q.changes_advice is None for q in questions.ranked[: len(flags)])
    assert [o.changes_advice for o in questions[0].outcomes] == [False, True]
    assert "warning signs" in questions.says
    asked = model.diagnose({"felt_tear": "yes", **dict.fromkeys(flags, "no")}).next_questions()
    assert not any(q.is_red_flag for q in asked)


STOPS: list[dict[str, Any]] = [
    {},
    {"felt_tear": "yes"},
    {"felt_tear": "no", "sweating": "light", "posture": "neutral"},
    {
        "tingling_weakness": "weakness",
        "posture": "flexed",
        "easing": "lasting",
        "felt_tear": "yes",
        "time_since": "weeks",
    },
    {"exertional_ache": "yes", "felt_tear": "yes", "easing": "lasting", "leg_pain": "below_knee", "locked_up": "yes"},
]


def test_everything_answered_is_told(model: DiagnosticModel, first_edition: DiagnosticModel) -> None:
    for edition in (model, first_edition):
        every = {q: states[0] for q, states in edition.knowledge.allowed_answers.items()}
        done = edition.diagnose(every).next_questions()
        assert (done.stop, len(done), done.says) == (True, 0, "Everything is answered.")


def test_it_says_stop_when_enough_is_answered_and_no_question_is_worth_asking(model: DiagnosticModel) -> None:
    worth = model.knowledge.interview
    assert worth is not None
    stopped = []
    for answers in STOPS:
        questions = model.diagnose({**answers, "warning_signs": "none"}).next_questions()
        expected = len(answers) >= worth.at_least and all(q.value < worth.stop for q in questions)
        assert questions.stop == (expected or all(q.value == 0 for q in questions))
        assert questions.stop == ("Enough is known" in questions.says)
        stopped.append(questions.stop)
        assert not model.diagnose(answers).next_questions().stop  # warning signs come first, whatever the rest is worth
    assert {*stopped} == {False, True}


def test_without_weights_it_says_stop_when_no_answer_can_change_the_advice(first_edition: DiagnosticModel) -> None:
    flags = dict.fromkeys(first_edition.knowledge.red_flags, "no")
    for answers in (
        {},
        {"felt_tear": "yes"},
        {"tingling_weakness": "yes", "posture": "flexed", "pain_persists": "yes"},
    ):
        questions = first_edition.diagnose({**answers, **flags}).next_questions()
        assert questions.stop == all(q.changes_advice == 0 for q in questions)
        assert questions.stop == ("Enough is known" in questions.says)


def test_an_answer_that_cannot_come_leads_nowhere(model: DiagnosticModel) -> None:
    for question in model.diagnose({"felt_tear": "yes"}).next_questions():
        assert all(o.probability is None or o.probability > module.NEVER for o in question.outcomes)


def test_a_question_told_by_the_others_has_no_information() -> None:
    assert module._entropy(np.array([1.0, 0.0])) == 0
    assert module._entropy(np.array([0.5, 0.25, 0.25])) == pytest.approx(1.5)
