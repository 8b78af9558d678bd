"""What a diagnosis promises, whatever the answers."""

import copy
import json
from dataclasses import replace
from math import isfinite, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesnet
from bayesnet import BadEvidence, DiagnosticModel, UnknownName, UnknownState, UnknownVariable
from bayesnet.diagnosis.model import load
from bayesnet.knowledge.schema import NONE_OF_THEM, WARNING_SIGNS

KNOWLEDGE = load().knowledge
STATES = {question.id: [state.id for state in question.states] for question in KNOWLEDGE.questions.values()}
FLAGS = {flag: ["no", "yes"] for flag in KNOWLEDGE.red_flags}
ANSWERED = [
    {},
    {"sweating": "heavy"},
    {"sweating": "heavy", "water_intake": "low", "felt_tear": "yes"},
    {"posture": {"flexed": 1.0, "extended": 0.3}, "tingling_weakness": "tingling"},
    {question: states[0] for question, states in STATES.items()},
    {question: states[-1] for question, states in STATES.items()},
]

hard_answers = st.fixed_dictionaries({}, optional={q: st.sampled_from(s) for q, s in (STATES | FLAGS).items()})
weights = st.floats(1e-6, 1e6)
any_answers = st.fixed_dictionaries(
    {},
    optional={
        q: st.sampled_from(s) | st.dictionaries(st.sampled_from(s), weights, min_size=1)
        for q, s in (STATES | FLAGS).items()
    },
)
many = settings(deadline=None, max_examples=60)
on_each = pytest.mark.parametrize("answers", ANSWERED, ids=lambda answers: ",".join(answers)[:40] or "nothing")


def numbers(diagnosis: bayesnet.Diagnosis) -> dict[str, tuple[float, float]]:
    return {belief.cause: (belief.triggered, belief.present) for belief in diagnosis.beliefs}


def assert_same(one: bayesnet.Diagnosis, other: bayesnet.Diagnosis) -> None:
    first, second = numbers(one), numbers(other)
    assert first.keys() == second.keys()
    for cause in first:
        assert first[cause] == pytest.approx(second[cause], abs=1e-12)
    assert one.advice.level == other.advice.level
    assert {item.id for item in one.advice} == {item.id for item in other.advice}


# Beliefs


@on_each
def test_beliefs_run_from_the_likeliest_down(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    triggered = [belief.triggered for belief in diagnosis.beliefs]
    grouped = [group.triggered for group in diagnosis.groups.values()]
    assert triggered == sorted(triggered, reverse=True)
    assert grouped == sorted(grouped, reverse=True)


@on_each
def test_every_cause_and_heading_is_there_once(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    assert sorted(belief.cause for belief in diagnosis.beliefs) == sorted(KNOWLEDGE.causes)
    assert {name: group.heading for name, group in diagnosis.groups.items()} == {
        name: name for name in KNOWLEDGE.headings
    }


@on_each
def test_the_prior_is_what_an_empty_diagnosis_says(model: DiagnosticModel, answers) -> None:
    diagnosis, empty = model.diagnose(answers), model.diagnose({})
    for belief in diagnosis.beliefs:
        assert belief.prior == pytest.approx(empty[belief.cause].triggered, abs=1e-12)
    for name, group in diagnosis.groups.items():
        assert group.prior == pytest.approx(empty.groups[name].triggered, abs=1e-12)
    assert diagnosis.unexplained_prior == pytest.approx(empty.unexplained, abs=1e-12)


@on_each
def test_a_group_lies_between_the_largest_and_the_sum_of_its_causes(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    for group in diagnosis.groups.values():
        parts = [diagnosis[cause].triggered for cause in group.causes]
        assert max(parts) - 1e-12 <= group.triggered <= sum(parts) + 1e-12


@on_each
def test_a_heading_of_one_cause_equals_its_cause(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    alone = [group for group in diagnosis.groups.values() if len(group.causes) == 1]
    assert alone
    for group in alone:
        belief = diagnosis[group.causes[0]]
        assert (group.triggered, group.prior, group.interval) == (belief.triggered, belief.prior, belief.interval)


@on_each
def test_what_is_unexplained_is_what_no_cause_triggered(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    known = model.tree.posterior({**answers, "cramp": "yes"}, ["any__of__cramp"])["any__of__cramp"]
    assert diagnosis.unexplained + known[1] == pytest.approx(1, abs=1e-12)
    assert known[1] >= max(belief.triggered for belief in diagnosis.beliefs) - 1e-12


@on_each
def test_only_what_is_present_can_have_triggered(model: DiagnosticModel, answers) -> None:
    assert all(belief.triggered <= belief.present + 1e-12 for belief in model.diagnose(answers).beliefs)


@on_each
def test_triggered_and_present_are_read_off_the_network(model: DiagnosticModel, answers) -> None:
    posterior = model.tree.posterior({**answers, "cramp": "yes"})
    for cause, (triggered, present) in numbers(model.diagnose(answers)).items():
        assert triggered == pytest.approx(posterior[f"{cause}__cramp"][1], abs=1e-12)
        assert present == pytest.approx(posterior[cause][1], abs=1e-12)


# Answers


@pytest.mark.parametrize("unanswered", [None, "", nan], ids=["None", "empty", "nan"])
@pytest.mark.parametrize("question", ["heat", "tingling_weakness", "cauda_equina"])
def test_no_answer_is_the_same_as_leaving_it_out(model: DiagnosticModel, question: str, unanswered) -> None:
    with_it = model.diagnose({question: unanswered, "felt_tear": "yes"})
    without = model.diagnose({"felt_tear": "yes"})
    assert_same(with_it, without)
    assert with_it.answers == without.answers
    assert with_it.log_evidence == without.log_evidence


def test_unanswered_is_not_no(model: DiagnosticModel) -> None:
    silent, no = model.diagnose({}), model.diagnose({"tingling_weakness": "no"})
    assert silent["nerve_compression"].triggered > 1.5 * no["nerve_compression"].triggered


@pytest.mark.parametrize("question", STATES)
def test_a_soft_answer_with_one_state_is_a_hard_one(model: DiagnosticModel, question: str) -> None:
    for state in STATES[question]:
        soft = model.diagnose({question: {state: 0.3}})
        assert_same(soft, model.diagnose({question: state}))


@pytest.mark.parametrize("question", STATES)
def test_a_soft_answer_that_favours_nothing_says_nothing(model: DiagnosticModel, question: str) -> None:
    soft = model.diagnose({question: dict.fromkeys(STATES[question], 0.7)})
    assert numbers(soft)["dehydration"] == pytest.approx(numbers(model.diagnose({}))["dehydration"], abs=1e-12)


@pytest.mark.parametrize("factor", [1e-250, 1e-100, 1e-9, 0.5, 3, 1e9, 1e100, 1e250])
@pytest.mark.parametrize("count", [1, 2, 4, len(STATES)])
def test_a_common_factor_of_all_likelihoods_says_nothing(model: DiagnosticModel, count: int, factor: float) -> None:
    plain = {
        question: {state: i + 0.5 for i, state in enumerate(STATES[question])} for question in list(STATES)[:count]
    }
    scaled = {question: {state: factor * value for state, value in soft.items()} for question, soft in plain.items()}
    assert_same(model.diagnose(scaled), model.diagnose(plain))


def test_a_soft_answer_lies_between_the_hard_ones(model: DiagnosticModel) -> None:
    def strain(answer) -> float:
        return model.diagnose({"felt_tear": answer})["muscle_strain"].triggered

    assert strain("no") < strain({"no": 1.0, "yes": 0.3}) < strain({"no": 0.3, "yes": 1.0}) < strain("yes")


@many
@given(hard_answers)
def test_any_hard_answers_give_probabilities(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    found = [value for pair in numbers(diagnosis).values() for value in pair]
    found += [group.triggered for group in diagnosis.groups.values()] + [diagnosis.unexplained]
    assert all(0 <= value <= 1 for value in found)
    assert isfinite(diagnosis.log_evidence)


@many
@given(any_answers, st.randoms())
def test_the_order_of_answers_does_not_matter(model: DiagnosticModel, answers, random) -> None:
    shuffled = list(answers.items())
    random.shuffle(shuffled)
    one, other = model.diagnose(answers), model.diagnose(dict(shuffled))
    assert_same(one, other)
    assert one.log_evidence == pytest.approx(other.log_evidence, abs=1e-9)
    assert [item.id for item in one.advice] == [item.id for item in other.advice]


@many
@given(any_answers)
def test_diagnosing_leaves_the_answers_as_they_were(model: DiagnosticModel, answers) -> None:
    before = copy.deepcopy(answers)
    model.diagnose(answers)
    assert answers == before
    assert list(answers) == list(before)


def test_a_diagnosis_does_not_change_with_the_answers_it_was_made_from(model: DiagnosticModel) -> None:
    soft = {"yes": 1.0, "no": 0.1}
    diagnosis, unharmed = model.diagnose({"felt_tear": soft}), model.diagnose({"felt_tear": dict(soft)})
    soft["yes"] = 0.0
    assert diagnosis.answers == unharmed.answers
    assert diagnosis["muscle_strain"].interval == unharmed["muscle_strain"].interval
    assert diagnosis.explain("muscle_strain").weights == unharmed.explain("muscle_strain").weights


# Warning signs

FIRST_SIGN, *OTHER_SIGNS = FLAGS


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ({}, "not asked"),
        ({"felt_tear": "yes", FIRST_SIGN: None, WARNING_SIGNS: None}, "not asked"),
        ({FIRST_SIGN: "no"}, "partly answered"),
        (dict.fromkeys(OTHER_SIGNS, "no"), "partly answered"),
        (dict.fromkeys(FLAGS, "no"), "none"),
        ({WARNING_SIGNS: NONE_OF_THEM}, "none"),
        ({WARNING_SIGNS: NONE_OF_THEM, FIRST_SIGN: "no"}, "none"),
        ({FIRST_SIGN: "yes"}, "present"),
        (dict.fromkeys(OTHER_SIGNS, "no") | {FIRST_SIGN: "yes"}, "present"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_not_asked_is_told_apart_from_none(model: DiagnosticModel, answers, known: str) -> None:
    diagnosis = model.diagnose(answers)
    assert diagnosis.warning_signs == diagnosis.to_dict()["warning_signs"] == known
    assert bool(diagnosis.red_flags) is (known == "present")


def test_none_of_them_says_no_to_each(model: DiagnosticModel) -> None:
    at_once, each = model.diagnose({WARNING_SIGNS: NONE_OF_THEM}), model.diagnose(dict.fromkeys(FLAGS, "no"))
    assert at_once.to_dict() == each.to_dict()
    assert at_once.asked_signs == each.asked_signs == tuple(FLAGS)


@pytest.mark.parametrize("answer", ["yes", {"yes": 1.0, "no": 1.0}], ids=["yes", "perhaps"])
def test_none_of_them_and_a_sign_contradict_each_other(model: DiagnosticModel, answer) -> None:
    with pytest.raises(BadEvidence, match=f"{WARNING_SIGNS} = none contradicts {FIRST_SIGN} = yes"):
        model.diagnose({WARNING_SIGNS: NONE_OF_THEM, FIRST_SIGN: answer})


def test_signs_that_are_not_none_of_them_are_refused(model: DiagnosticModel) -> None:
    with pytest.raises(UnknownState, match=f"'{WARNING_SIGNS}'.*Allowed: none"):
        model.diagnose({WARNING_SIGNS: "some"})


# Names of the first edition

OF_THEN = {
    "a state that is now two": ({"tingling_weakness": "yes"}, {"tingling_weakness": {"tingling": 1, "weakness": 1}}),
    "another name": ({"pain_persists": "yes"}, {"easing": "lasting"}),
    "another name, two states": ({"pain_persists": "no"}, {"easing": {"minutes": 1, "days": 1}}),
    "a soft answer": (
        {"tingling_weakness": {"yes": 0.5, "no": 0.1}},
        {"tingling_weakness": {"tingling": 0.5, "weakness": 0.5, "no": 0.1}},
    ),
    "a sign": ({"dark_urine": "yes"}, {"muscle_breakdown": "yes"}),
    "a sign that was no": ({"dark_urine": "no"}, {}),
    "one of two signs": ({"dark_urine": "no", "worsening_hard_back": "yes"}, {"muscle_breakdown": "yes"}),
    "no answer": ({"pain_persists": None, "dark_urine": ""}, {}),
}


@pytest.mark.parametrize(("then", "now"), OF_THEN.values(), ids=OF_THEN)
def test_answers_of_the_first_edition_are_taken_for_what_they_are_today(model: DiagnosticModel, then, now) -> None:
    assert model.diagnose(then).to_dict() == model.diagnose(now).to_dict()


def test_one_question_by_two_names_is_refused(model: DiagnosticModel) -> None:
    with pytest.raises(BadEvidence, match="'easing' is answered twice"):
        model.diagnose({"easing": "days", "pain_persists": "yes"})


# Refusals


def test_a_cause_that_is_none_is_refused_with_the_nearest_name(model: DiagnosticModel) -> None:
    diagnosis = model.diagnose({})
    with pytest.raises(UnknownName, match=r"unknown cause 'nope'.*Allowed: .*dehydration"):
        diagnosis["nope"]
    with pytest.raises(UnknownName, match="did you mean 'dehydration'"):
        diagnosis["dehidration"]
    with pytest.raises(UnknownName, match="did you mean 'muscle_strain'"):
        diagnosis.explain("muscle_strains")


def test_a_question_that_is_none_is_refused_with_the_nearest_name(model: DiagnosticModel) -> None:
    with pytest.raises(
        UnknownVariable, match=r"unknown question 'nope'.*Allowed: felt_tear, .*risk_history, warning_signs"
    ) as caught:
        model.diagnose({"nope": 1})
    assert (caught.value.kind, caught.value.given) == ("question", "nope")
    assert caught.value.allowed == (*KNOWLEDGE.questions, *KNOWLEDGE.red_flags, WARNING_SIGNS)
    with pytest.raises(UnknownVariable, match="did you mean 'sweating'"):
        model.diagnose({"sweeting": "heavy"})
    with pytest.raises(UnknownVariable, match="did you mean 'muscle_breakdown'"):
        model.diagnose({"musclebreakdown": "yes"})


@pytest.mark.parametrize(
    ("question", "state", "near"), [("sweating", "hevy", "heavy"), ("cauda_equina", "yess", "yes")]
)
def test_a_state_that_is_none_is_refused_with_the_nearest_name(model, question: str, state: str, near: str) -> None:
    for answer in (state, {state: 1.0}):
        with pytest.raises(UnknownState, match=f"unknown state '{state}' of '{question}'; did you mean '{near}'"):
            model.diagnose({question: answer})


@pytest.mark.parametrize("cause", KNOWLEDGE.causes)
def test_answering_a_cause_is_refused_as_such(model: DiagnosticModel, cause: str) -> None:
    with pytest.raises(UnknownVariable, match=f"'{cause}' .*a cause, which is inferred and cannot be answered"):
        model.diagnose({cause: "yes"})


@pytest.mark.parametrize("answer", ["yes", "no", None])
def test_answering_the_outcome_is_refused_as_such(model: DiagnosticModel, answer) -> None:
    with pytest.raises(UnknownVariable, match=r"'cramp' .*every diagnosis already takes it as given"):
        model.diagnose({"cramp": answer})


NO_LIKELIHOODS = {
    "negative": {"yes": -0.1, "no": 1.0},
    "all zero": {"yes": 0.0, "no": 0},
    "empty": {},
    "nan": {"yes": nan},
    "inf": {"yes": float("inf")},
    "bool": {"yes": True},
    "numpy bool": {"yes": np.True_},
    "text": {"yes": "often"},
    "text that looks like a number": {"yes": "0.5"},
    "bytes": {"yes": b"1"},
    "None": {"yes": None},
    "list": {"yes": [1.0]},
    "complex": {"yes": 1j},
    "too large for a float": {"yes": 10**400},
    "a bare number": 0.5,
    "a bare bool": True,
    "a bare list": ["yes"],
    "a bare array": np.array([0.5, 0.5]),
}


@pytest.mark.parametrize("answer", NO_LIKELIHOODS.values(), ids=NO_LIKELIHOODS)
@pytest.mark.parametrize("question", ["felt_tear", "cauda_equina"])
def test_what_is_no_likelihood_is_refused(model: DiagnosticModel, question: str, answer) -> None:
    with pytest.raises(BadEvidence, match=question) as caught:
        model.diagnose({question: answer})
    assert "\n" not in str(caught.value)


# Intervals


@on_each
def test_an_interval_runs_from_low_to_high_within_0_and_1(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    for belief in (*diagnosis.beliefs, *diagnosis.groups.values()):
        low, high = belief.interval
        assert 0 <= low < high <= 1
        assert high - low > 1e-4


def test_intervals_are_the_same_every_time(model: DiagnosticModel) -> None:
    one, other = model.diagnose(ANSWERED[2]), bayesnet.load().diagnose(ANSWERED[2])
    assert [belief.interval for belief in one.beliefs] == [belief.interval for belief in other.beliefs]


def test_stronger_numbers_give_narrower_intervals(model: DiagnosticModel) -> None:
    tables = {name: replace(table, strength=table.strength * 100) for name, table in KNOWLEDGE.tables.items()}
    certain = DiagnosticModel(replace(KNOWLEDGE, tables=tables))
    for answers in ANSWERED:
        loose, tight = model.diagnose(answers), certain.diagnose(answers)
        for belief in loose.beliefs:
            low, high = tight[belief.cause].interval
            assert tight[belief.cause].triggered == pytest.approx(belief.triggered, abs=1e-12)
            assert high - low < (belief.interval[1] - belief.interval[0]) / 3
            assert low - 0.02 < belief.triggered < high + 0.02


# to_dict


@on_each
def test_to_dict_is_json_of_the_promised_shape(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "muscle_breakdown": "yes"})
    told = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert {"causes", "groups", "unexplained", "advice", "red_flags"} <= told.keys()
    assert list(told["causes"]) == [belief.cause for belief in diagnosis.beliefs]
    for cause, entry in told["causes"].items():
        belief = diagnosis[cause]
        expected = (belief.triggered, belief.present, belief.prior, list(belief.interval))
        assert tuple(entry[key] for key in ("triggered", "present", "prior", "interval")) == expected
    assert told["groups"].keys() == KNOWLEDGE.headings.keys()
    assert told["unexplained"] == diagnosis.unexplained
    assert told["advice"]["level"] == "emergency"
    assert [item["id"] for item in told["advice"]["items"]] == [item.id for item in diagnosis.advice]
    assert [flag["id"] for flag in told["red_flags"]] == ["muscle_breakdown"]
    assert told["answers"] == diagnosis.answers


@pytest.mark.parametrize("number", [np.float64, np.float32, np.int64], ids=lambda number: number.__name__)
def test_to_dict_is_json_whatever_numbers_were_answered(model: DiagnosticModel, number) -> None:
    diagnosis = model.diagnose({"felt_tear": {"yes": number(1), "no": number(0)}})
    assert json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))["answers"] == {"felt_tear": {"yes": 1, "no": 0}}
