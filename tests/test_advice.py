"""What to do: rules that no probability outvotes, and advice that follows the likely causes."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesnet import Diagnosis, DiagnosticModel
from bayesnet.diagnosis.model import load
from bayesnet.knowledge.schema import Condition

KNOWLEDGE = load().knowledge
STATES = {question.id: [state.id for state in question.states] for question in KNOWLEDGE.questions.values()}
FLAGS = {flag: ["no", "yes"] for flag in KNOWLEDGE.red_flags}
RANK = {level: rank for rank, level in enumerate(KNOWLEDGE.levels)}
UNREMARKABLE = {
    "heat": "temperate",
    "sweating": "light",
    "water_intake": "adequate",
    "electrolyte_intake": "adequate",
    "rep_scheme": "low",
    "rest_time": "long",
    "trained_to_failure": "no",
    "posture": "neutral",
    "tingling_weakness": "no",
    "felt_tear": "no",
}
many = settings(deadline=None, max_examples=60)


def others(*without: str) -> st.SearchStrategy[dict[str, str]]:
    """Any hard answers to questions and red flags but these."""
    free = {q: states for q, states in (STATES | FLAGS).items() if q not in without}
    return st.fixed_dictionaries({}, optional={q: st.sampled_from(states) for q, states in free.items()})


def advised(diagnosis: Diagnosis) -> set[str]:
    return {item.id for item in diagnosis.advice}


def withheld(diagnosis: Diagnosis) -> set[str]:
    return {item.id for item in diagnosis.advice.withheld}


# The nerve rule


@many
@given(others("posture", "tingling_weakness"), st.sampled_from(["flexed", "extended"]))
def test_bad_posture_with_tingling_always_brings_the_nerve_check(model, answers, posture: str) -> None:
    diagnosis = model.diagnose({**answers, "posture": posture, "tingling_weakness": "yes"})
    assert "nerve_check" in advised(diagnosis)
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_now"]
    assert {"ease_it", "return_light"} <= withheld(diagnosis)


def test_the_nerve_check_does_not_need_the_nerve_to_rank_first(model: DiagnosticModel) -> None:
    answers = {"posture": "extended", "tingling_weakness": "yes", "pain_persists": "no", "back_tired_first": "yes"}
    diagnosis = model.diagnose({**answers, "rep_scheme": "high", "rest_time": "short", "trained_to_failure": "yes"})
    assert diagnosis.beliefs[0].cause != "nerve_compression"
    assert diagnosis["nerve_compression"].triggered < 0.20
    assert "nerve_check" in advised(diagnosis)


@pytest.mark.parametrize("posture", ["flexed", "extended"])
def test_perhaps_tingling_counts_as_tingling(model: DiagnosticModel, posture: str) -> None:
    diagnosis = model.diagnose({"posture": posture, "tingling_weakness": {"yes": 1, "no": 1}})
    assert diagnosis["nerve_compression"].triggered < 0.20
    (item,) = (item for item in diagnosis.advice if item.id == "nerve_check")
    assert "tingling or weakness: yes" in item.because


@pytest.mark.parametrize("posture", ["flexed", "extended"])
def test_hardly_tingling_does_not(model: DiagnosticModel, posture: str) -> None:
    diagnosis = model.diagnose({"posture": posture, "tingling_weakness": {"yes": 0.4, "no": 1}})
    assert diagnosis["nerve_compression"].triggered < 0.20
    assert "nerve_check" not in advised(diagnosis)


# Red flags


@pytest.mark.parametrize("flag", KNOWLEDGE.red_flags)
def test_a_red_flag_holds_whatever_else_is_answered(model: DiagnosticModel, flag: str) -> None:
    @many
    @given(others(flag))
    def holds(answers) -> None:
        diagnosis = model.diagnose({**answers, flag: "yes"})
        assert flag in {red_flag.id for red_flag in diagnosis.red_flags}
        assert RANK[diagnosis.advice.level.id] >= RANK[KNOWLEDGE.red_flags[flag].level]
        assert {"return_light", "ease_it"} <= withheld(diagnosis)
        assert {"return_light", "ease_it"}.isdisjoint(advised(diagnosis))
        assert "stop_and_breathe" in advised(diagnosis)

    holds()


@pytest.mark.parametrize("flag", KNOWLEDGE.red_flags)
def test_a_red_flag_changes_no_probability(model: DiagnosticModel, flag: str) -> None:
    with_it, without = model.diagnose({flag: "yes"}), model.diagnose({})
    assert [(b.cause, b.triggered) for b in with_it.beliefs] == [(b.cause, b.triggered) for b in without.beliefs]
    assert with_it.advice.level.id == KNOWLEDGE.red_flags[flag].level


@pytest.mark.parametrize("flag", KNOWLEDGE.red_flags)
@pytest.mark.parametrize("answer", ["no", None, "", {"yes": 0.4, "no": 1.0}])
def test_a_red_flag_that_is_not_up_does_nothing(model: DiagnosticModel, flag: str, answer) -> None:
    diagnosis = model.diagnose({flag: answer})
    assert diagnosis.red_flags == ()
    assert diagnosis.advice == model.diagnose({}).advice


@pytest.mark.parametrize("answer", ["yes", {"yes": 1.0}, {"yes": 1.0, "no": 1.0}, {"yes": 1e-6}])
def test_a_red_flag_that_may_be_up_is_up(model: DiagnosticModel, answer) -> None:
    diagnosis = model.diagnose({"both_legs_weak": answer})
    assert [flag.id for flag in diagnosis.red_flags] == ["both_legs_weak"]
    assert diagnosis.advice.level.id == "emergency"


@pytest.mark.parametrize("flag", KNOWLEDGE.red_flags)
def test_only_an_emergency_withholds_moving_about(model: DiagnosticModel, flag: str) -> None:
    emergency = KNOWLEDGE.red_flags[flag].level == "emergency"
    diagnosis = model.diagnose({flag: "yes"})
    assert ("keep_moving" in withheld(diagnosis)) is emergency
    assert ("keep_moving" in advised(diagnosis)) is not emergency


# All advice


@many
@given(others())
def test_advice_runs_from_the_most_urgent_down_and_the_level_is_the_highest(model: DiagnosticModel, answers) -> None:
    advice = model.diagnose(answers).advice
    ranks = [RANK[item.level.id] for item in advice]
    assert ranks == sorted(ranks, reverse=True)
    flags = [RANK[KNOWLEDGE.red_flags[flag].level] for flag in FLAGS if answers.get(flag) == "yes"]
    assert RANK[advice.level.id] == max(ranks + flags)


def test_the_order_of_the_file_does_not_decide_what_comes_first() -> None:
    backwards = dict(reversed(KNOWLEDGE.advice.items()))
    model = DiagnosticModel(replace(KNOWLEDGE, advice=backwards))
    advice = model.diagnose({"posture": "flexed", "tingling_weakness": "yes", "pain_persists": "yes"}).advice
    ranks = [RANK[item.level.id] for item in advice]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 3


@many
@given(others())
def test_stopping_and_breathing_is_always_there(model: DiagnosticModel, answers) -> None:
    assert "stop_and_breathe" in advised(model.diagnose(answers))


@many
@given(others())
def test_what_is_always_advised_is_given_or_withheld_with_a_reason(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    assert advised(diagnosis).isdisjoint(withheld(diagnosis))
    always = {rule.id for rule in KNOWLEDGE.advice.values() if rule.always}
    assert always <= advised(diagnosis) | withheld(diagnosis)
    assert all(item.because and item.title for item in diagnosis.advice.withheld)


@many
@given(others())
def test_advice_says_what_brought_it(model: DiagnosticModel, answers) -> None:
    for item in model.diagnose(answers).advice:
        assert bool(item.because) is not KNOWLEDGE.advice[item.id].always


@many
@given(others("rep_scheme"))
def test_the_way_back_is_withheld_while_a_nerve_or_the_circulation_is_in_doubt(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "rep_scheme": "low"})
    brought = advised(diagnosis) | withheld(diagnosis)
    in_doubt = not brought.isdisjoint({"nerve_check", "vascular_check", "lasting_pain"}) or bool(diagnosis.red_flags)
    assert ("return_light" in withheld(diagnosis)) is in_doubt


# Thresholds

RAMPS = {
    # The advice, what else is answered, and an answer whose weight moves the cause across the threshold.
    "rest_the_strain": ({}, "felt_tear", "yes"),
    "rehydrate": ({"sweating": "heavy"}, "water_intake", "low"),
    "ease_the_volume": ({"rest_time": "short"}, "rep_scheme", "high"),
    "untuck": ({}, "posture", "flexed"),
    "unarch": ({}, "posture", "extended"),
    "nerve_check": ({}, "tingling_weakness", "yes"),
    "vascular_check": ({}, "exertional_ache", "yes"),
}


def threshold_of(advice: str) -> float:
    (threshold,) = (c.triggered for c in KNOWLEDGE.advice[advice].when if c.triggered is not None)
    return threshold


@pytest.fixture(scope="module")
def by_threshold() -> DiagnosticModel:
    """The shipped model with every rule reduced to its threshold, so that no finding brings the advice first."""
    rules = {}
    for name, rule in KNOWLEDGE.advice.items():
        thresholds = tuple(Condition(triggered=c.triggered) for c in rule.when if c.triggered is not None)
        rules[name] = msgspec.structs.replace(rule, when=thresholds or rule.when)
    return DiagnosticModel(replace(KNOWLEDGE, advice=rules))


def ramp(model: DiagnosticModel, advice: str, weight: float) -> Diagnosis:
    """The answers of RAMPS, the moving one with this weight from 0 to 1."""
    answers, question, state = RAMPS[advice]
    soft = dict.fromkeys(STATES[question], 1 - weight) | {state: weight}
    return model.diagnose({**answers, question: soft})


def crossing(model: DiagnosticModel, advice: str) -> tuple[Diagnosis, Diagnosis]:
    """The diagnoses just below and just above the threshold, found by bisection."""
    cause, threshold = KNOWLEDGE.advice[advice].cause, threshold_of(advice)
    assert cause is not None
    low, high = 0.0, 1.0
    assert ramp(model, advice, low)[cause].triggered < threshold < ramp(model, advice, high)[cause].triggered
    while high - low > 1e-6:
        middle = (low + high) / 2
        below = ramp(model, advice, middle)[cause].triggered < threshold
        low, high = (middle, high) if below else (low, middle)
    return ramp(model, advice, low), ramp(model, advice, high)


def test_every_threshold_of_the_file_is_tried() -> None:
    rules = KNOWLEDGE.advice.values()
    assert set(RAMPS) == {rule.id for rule in rules if any(c.triggered is not None for c in rule.when)}


@pytest.mark.parametrize("advice", RAMPS)
def test_a_causes_advice_appears_at_its_threshold_and_not_below(by_threshold: DiagnosticModel, advice: str) -> None:
    below, above = crossing(by_threshold, advice)
    cause = KNOWLEDGE.advice[advice].cause
    assert cause is not None
    assert below[cause].triggered == pytest.approx(threshold_of(advice), abs=1e-4)
    assert above[cause].triggered == pytest.approx(threshold_of(advice), abs=1e-4)
    assert advice not in advised(below)
    assert advice in advised(above)


# Rules that a finding decides


@many
@given(others("tingling_weakness"))
def test_tingling_alone_is_never_self_care(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "tingling_weakness": "yes"})
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_now"]
    assert {"ease_it", "return_light"} <= withheld(diagnosis)


@many
@given(others("exertional_ache"))
def test_an_ache_that_rest_relieves_is_never_self_care(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "exertional_ache": "yes"})
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_soon"]
    assert "return_light" in withheld(diagnosis)


@many
@given(others("dark_urine"))
def test_an_emergency_leaves_nothing_but_to_stop_and_what_a_doctor_must_see_now(
    model: DiagnosticModel, answers
) -> None:
    diagnosis = model.diagnose({**answers, "dark_urine": "yes"})
    assert advised(diagnosis) <= {"stop_and_breathe", "nerve_check"}


@many
@given(others("pain_persists"))
def test_pain_that_persists_brings_its_advice(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "pain_persists": "yes"})
    emergency = diagnosis.advice.level.id == "emergency"
    assert "lasting_pain" in (withheld(diagnosis) if emergency else advised(diagnosis))
    assert {"ease_it", "return_light"} <= withheld(diagnosis)
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_soon"]
    assert "lasting_pain" not in advised(model.diagnose({**answers, "pain_persists": "no"}))
    assert "lasting_pain" not in advised(model.diagnose(answers))


def test_low_reps_with_all_else_unremarkable_bring_the_vascular_check(model: DiagnosticModel) -> None:
    diagnosis = model.diagnose(UNREMARKABLE)
    assert diagnosis["vascular_condition"].triggered < threshold_of("vascular_check")
    assert "vascular_check" in advised(diagnosis)
    assert "return_light" in withheld(diagnosis)


def test_low_reps_alone_do_not(model: DiagnosticModel) -> None:
    assert "vascular_check" not in advised(model.diagnose({"rep_scheme": "low"}))


@pytest.mark.parametrize("reps", ["moderate", "high", None])
def test_other_reps_do_not(model: DiagnosticModel, reps) -> None:
    assert "vascular_check" not in advised(model.diagnose({**UNREMARKABLE, "rep_scheme": reps}))


def test_low_reps_do_not_while_another_cause_is_likely(model: DiagnosticModel) -> None:
    diagnosis = model.diagnose({**UNREMARKABLE, "posture": "flexed"})
    assert diagnosis["excess_flexion"].triggered >= 0.30
    assert "vascular_check" not in advised(diagnosis)


# Reach


def reaching(model: DiagnosticModel) -> list[Diagnosis]:
    cases = [{}, UNREMARKABLE, {"pain_persists": "yes"}, *({flag: "yes"} for flag in FLAGS)]
    return [*(model.diagnose(case) for case in cases), *(ramp(model, advice, 1.0) for advice in RAMPS)]


def test_everything_in_the_file_can_be_reached(model: DiagnosticModel) -> None:
    diagnoses = reaching(model)
    assert {diagnosis.advice.level.id for diagnosis in diagnoses} == set(KNOWLEDGE.levels)
    assert {flag.id for diagnosis in diagnoses for flag in diagnosis.red_flags} == set(KNOWLEDGE.red_flags)
    assert set().union(*map(advised, diagnoses)) == set(KNOWLEDGE.advice)
    at_emergency = [model.diagnose({**d.answers, "dark_urine": "yes"}) for d in diagnoses]
    assert set().union(*map(withheld, at_emergency)) == {r.id for r in KNOWLEDGE.advice.values() if r.withhold}


def test_levels_are_ordered_by_urgency() -> None:
    assert list(KNOWLEDGE.levels) == ["self_care", "clinician_soon", "clinician_now", "emergency"]
