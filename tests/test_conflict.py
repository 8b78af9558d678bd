"""Do the answers fit together, and what would change the result."""

from typing import Any

import numpy as np
import pytest

from bayesnet import DiagnosticModel
from bayesnet.knowledge.schema import ids

LIGHT = {
    "heat": "temperate",
    "sweating": "light",
    "water_intake": "adequate",
    "electrolyte_intake": "adequate",
    "rep_scheme": "low",
    "rest_time": "long",
    "trained_to_failure": "no",
    "posture": "neutral",
    "load_change": "usual",
    "earlier_back_pain": "none",
}
ONE_CASE = {"posture": "flexed", "tingling_weakness": "tingling", "felt_tear": "yes"}


def test_one_answer_is_in_no_conflict(model: DiagnosticModel) -> None:
    for question, states in model.reader.tree.network.states.items():
        if question in model.knowledge.questions:
            found = model.diagnose({question: states[-1]}).conflict()
            assert (found.value, found.odd, found.resolved_by, found.worth_saying) == (0, None, None, False)
    assert model.diagnose({}).conflict().says == "Too few answers to be at odds."


@pytest.mark.parametrize(
    "pair", [("heat", "posture"), ("water_intake", "rest_time"), ("rep_scheme", "electrolyte_intake")]
)
def test_two_independent_answers_are_in_no_conflict(model: DiagnosticModel, pair: tuple[str, str]) -> None:
    states = model.reader.tree.network.states
    for one in states[pair[0]]:
        for other in states[pair[1]]:
            found = model.diagnose({pair[0]: one, pair[1]: other}).conflict()
            assert found.value == pytest.approx(0, abs=1e-12)
            assert found.odd is None
            assert found.says == "The answers fit together."


def test_a_tear_with_everything_light_is_named_and_a_strain_would_explain_it(model: DiagnosticModel) -> None:
    found = model.diagnose({**LIGHT, "felt_tear": "yes"}).conflict()
    assert found.value > 0
    assert found.odd == "felt_tear"
    assert found.surprises[0].question == "felt_tear"
    assert found.resolved_by == "muscle_strain"
    assert "Felt a tear: Yes" in found.says
    assert "muscle strain" in found.says


def test_the_measure_equals_its_definition(model: DiagnosticModel) -> None:
    answers: dict[str, Any] = {**ONE_CASE, "sweating": {"light": 0.3, "heavy": 1.0}}
    apart = sum(model.tree.log_evidence([{q: a}])[0] for q, a in answers.items())
    found = model.diagnose(answers).conflict()
    assert found.value == pytest.approx(apart - model.tree.log_evidence([answers])[0], abs=1e-10)
    for surprise in found.surprises:
        rest = {q: a for q, a in answers.items() if q != surprise.question}
        joint, others = model.tree.log_evidence([answers, rest])
        alone = model.tree.log_evidence([{surprise.question: answers[surprise.question]}])[0]
        assert surprise.surprise == pytest.approx(alone + others - joint, abs=1e-10)
    values = [surprise.surprise for surprise in found.surprises]
    assert values == sorted(values, reverse=True)


def test_what_stands_out_much_is_worth_saying(model: DiagnosticModel) -> None:
    odd = model.diagnose({"sweating": "light", "heat": "hot_humid"}).conflict()
    assert odd.worth_saying
    assert odd.value == pytest.approx(float(np.log(0.34 / 0.10)), abs=1e-9)  # P(light) is .80 x .40 + .20 x .10
    assert not model.diagnose({"sweating": "heavy", "heat": "hot_humid"}).conflict().worth_saying


# ---- flips


@pytest.mark.parametrize(
    "answers", [ONE_CASE, {**LIGHT, "felt_tear": "yes"}, {"rep_scheme": "low", "easing": "lasting"}]
)
def test_every_flip_changes_what_it_says(model: DiagnosticModel, answers: dict[str, str]) -> None:
    now = model.diagnose(answers)
    found = now.flips()
    assert found
    for flip in found:
        then = model.diagnose({**answers, **flip.changes})
        assert then.beliefs[0].cause == flip.first
        assert then.advice.level.id == flip.level
        assert flip.changes_first == (then.beliefs[0].cause != now.beliefs[0].cause)
        assert flip.changes_level == (then.advice.level.id != now.advice.level.id)
        assert flip.changes_first or flip.changes_level
        assert flip.says.startswith("If ")


def test_no_flip_of_one_answer_is_missed(model: DiagnosticModel) -> None:
    now = model.diagnose(ONE_CASE)
    expected = set()
    for question, given in ONE_CASE.items():
        for state in (None, *ids(model.knowledge.questions[question].states)):
            then = model.diagnose({**ONE_CASE, question: state})
            same = (then.beliefs[0].cause, then.advice.level.id) == (now.beliefs[0].cause, now.advice.level.id)
            if state != given and not same:
                expected.add((question, state))
    assert {(q, s) for flip in now.flips() for q, s in flip.changes.items()} == expected


def test_nothing_answered_flips_nothing(model: DiagnosticModel) -> None:
    assert model.diagnose({}).flips() == ()


def test_a_red_flag_stays_up_in_every_flip(model: DiagnosticModel) -> None:
    found = model.diagnose({**ONE_CASE, "muscle_breakdown": "yes"}).flips()
    assert {flip.level for flip in found} <= {"emergency"}


def test_an_answer_that_stands_out_is_named_even_where_the_others_agree(model: DiagnosticModel) -> None:
    """The total is below 0, as the others go well together; one answer is four times rarer among them than alone."""
    answers = {"leg_pain": "below_knee", "tingling_weakness": "weakness", "easing": "minutes", "felt_tear": "yes"}
    found = model.diagnose(answers).conflict()
    assert found.value < 0
    assert found.odd == "easing"
    assert found.worth_saying
    assert "rarely seen" in found.says
    mild = model.diagnose({**LIGHT, "felt_tear": "yes"}).conflict()
    assert not mild.worth_saying
    assert mild.says.startswith("The answers fit together well enough")
