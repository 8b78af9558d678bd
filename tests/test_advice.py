"""What to do: rules that no probability outvotes, and advice that follows the likely causes."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesnet import Diagnosis, DiagnosticModel
from bayesnet.diagnosis.model import load
from bayesnet.knowledge.rules import Condition
from bayesnet.knowledge.schema import NONE_OF_THEM, WARNING_SIGNS

KNOWLEDGE = load().knowledge
STATES = {question.id: [state.id for state in question.states] for question in KNOWLEDGE.questions.values()}
FLAGS = {flag: ["no", "yes"] for flag in KNOWLEDGE.red_flags}
EMERGENCIES = [flag.id for flag in KNOWLEDGE.red_flags.values() if flag.level == "emergency"]
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
RETURNS = {"return_light", "come_back_gradually"}
IN_DOUBT = {"nerve_check", "lasting_pain", "young_back", "older_back", "vascular_check", "nerve_urgent"}
"""What somebody else should look at before any way back."""
many = settings(deadline=None, max_examples=60)


def others(*without: str) -> st.SearchStrategy[dict[str, str]]:
    """Any hard answers to questions and red flags but these."""
    free = {q: states for q, states in (STATES | FLAGS).items() if q not in without}
    return st.fixed_dictionaries({}, optional={q: st.sampled_from(states) for q, states in free.items()})


def advised(diagnosis: Diagnosis) -> set[str]:
    return {item.id for item in diagnosis.advice}


def withheld(diagnosis: Diagnosis) -> set[str]:
    return {item.id for item in diagnosis.advice.withheld}


def held(diagnosis: Diagnosis) -> set[str]:
    """What holds, shown or withheld."""
    return advised(diagnosis) | withheld(diagnosis)


def is_emergency(diagnosis: Diagnosis) -> bool:
    return diagnosis.advice.level.id == "emergency"


def given_unless_seen_today(diagnosis: Diagnosis, advice: str) -> bool:
    """Whether an appointment is advised; or it is withheld, since one is to be seen today anyway."""
    seen_today = RANK[diagnosis.advice.level.id] >= RANK["clinician_now"]
    return advice in (withheld(diagnosis) if seen_today else advised(diagnosis))


# The nerve rule


@many
@given(others("posture", "tingling_weakness"), st.sampled_from(["flexed", "extended"]))
def test_bad_posture_with_tingling_always_brings_the_nerve_check(model, answers, posture: str) -> None:
    diagnosis = model.diagnose({**answers, "posture": posture, "tingling_weakness": "tingling"})
    assert given_unless_seen_today(diagnosis, "nerve_check")
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_soon"]
    assert "ease_it" in withheld(diagnosis)
    assert advised(diagnosis).isdisjoint(RETURNS)


def test_the_nerve_check_does_not_need_the_nerve_to_rank_first(model: DiagnosticModel) -> None:
    answers = {"posture": "extended", "tingling_weakness": "tingling", "easing": "minutes", "back_tired_first": "yes"}
    diagnosis = model.diagnose({**answers, "rep_scheme": "high", "rest_time": "short", "trained_to_failure": "yes"})
    assert diagnosis.beliefs[0].cause != "nerve_compression"
    assert diagnosis["nerve_compression"].triggered < 0.20
    assert "nerve_check" in advised(diagnosis)


@pytest.mark.parametrize("posture", ["flexed", "extended"])
def test_perhaps_tingling_counts_as_tingling(model: DiagnosticModel, posture: str) -> None:
    diagnosis = model.diagnose({"posture": posture, "tingling_weakness": {"tingling": 1, "no": 1}})
    assert diagnosis["nerve_compression"].triggered < 0.20
    (item,) = (item for item in diagnosis.advice if item.id == "nerve_check")
    assert "tingling or weakness: tingling or numb" in item.because


@pytest.mark.parametrize("posture", ["flexed", "extended"])
def test_hardly_tingling_does_not(model: DiagnosticModel, posture: str) -> None:
    diagnosis = model.diagnose({"posture": posture, "tingling_weakness": {"tingling": 0.4, "no": 1}})
    assert diagnosis["nerve_compression"].triggered < 0.20
    assert "nerve_check" not in held(diagnosis)


# Red flags


@pytest.mark.parametrize("flag", KNOWLEDGE.red_flags)
def test_a_red_flag_holds_whatever_else_is_answered(model: DiagnosticModel, flag: str) -> None:
    @many
    @given(others(flag))
    def holds(answers) -> None:
        diagnosis = model.diagnose({**answers, flag: "yes"})
        assert flag in {red_flag.id for red_flag in diagnosis.red_flags}
        assert diagnosis.warning_signs == "present"
        assert RANK[diagnosis.advice.level.id] >= RANK[KNOWLEDGE.red_flags[flag].level]
        assert "ease_it" in withheld(diagnosis)
        # No self-care beside it but to stop, not to drink more, and what to watch for.
        self_care = {item.id for item in diagnosis.advice if item.level.id == "self_care"}
        assert self_care <= {"stop_and_breathe", "drink_less", "safety_net"}

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
    diagnosis = model.diagnose({"cauda_equina": answer})
    assert [flag.id for flag in diagnosis.red_flags] == ["cauda_equina"]
    assert diagnosis.advice.level.id == "emergency"


@pytest.mark.parametrize("flag", KNOWLEDGE.red_flags)
def test_only_an_emergency_withholds_when_to_get_help(model: DiagnosticModel, flag: str) -> None:
    diagnosis = model.diagnose({flag: "yes"})
    assert ("safety_net" in withheld(diagnosis)) is is_emergency(diagnosis)
    assert ("safety_net" in advised(diagnosis)) is not is_emergency(diagnosis)


@pytest.mark.parametrize("flag", EMERGENCIES)
def test_an_emergency_leaves_nothing_but_itself(model: DiagnosticModel, flag: str) -> None:
    @many
    @given(others(flag))
    def holds(answers) -> None:
        diagnosis = model.diagnose({**answers, flag: "yes"})
        assert advised(diagnosis) == set()
        assert diagnosis.advice.level.says.startswith(KNOWLEDGE.levels["emergency"].do_first)
        assert {item.because for item in diagnosis.advice.withheld} == {"an emergency comes first"}

    holds()


# Levels in words


def test_that_nothing_is_amiss_is_not_said_while_a_warning_sign_is_open(model: DiagnosticModel) -> None:
    level, (first, *_) = KNOWLEDGE.levels["self_care"], FLAGS
    for answers in ({}, {"felt_tear": "no"}, {first: "no"}, {flag: "no" for flag in FLAGS if flag != first}):
        said = model.diagnose(answers).advice.level
        assert (said.label, said.says) == (level.label_unasked, level.says_unasked)
    for answers in ({WARNING_SIGNS: NONE_OF_THEM}, dict.fromkeys(FLAGS, "no")):
        said = model.diagnose({**answers, "felt_tear": "no"}).advice.level
        assert (said.label, said.says) == (level.label, level.says)


# All advice


@many
@given(others())
def test_advice_runs_from_the_most_urgent_down_and_the_level_is_the_highest(model: DiagnosticModel, answers) -> None:
    advice = model.diagnose(answers).advice
    order = [(not item.heads, -RANK[item.level.id]) for item in advice]
    assert order == sorted(order)
    assert [item for item in advice if item.heads] == ([advice.head] if advice.head else [])
    flags = [RANK[KNOWLEDGE.red_flags[flag].level] for flag in FLAGS if answers.get(flag) == "yes"]
    holding = [RANK[KNOWLEDGE.advice[item.id].level] for item in (*advice.items, *advice.withheld)]
    assert RANK[advice.level.id] == max(holding + flags)


def test_the_order_of_the_file_does_not_decide_what_comes_first() -> None:
    also = msgspec.structs.replace(KNOWLEDGE.advice["vascular_check"], withhold=())
    backwards = dict(reversed({**KNOWLEDGE.advice, also.id: also}.items()))
    model = DiagnosticModel(replace(KNOWLEDGE, advice=backwards))
    advice = model.diagnose({"tingling_weakness": "weakness", "exertional_ache": "yes"}).advice
    ranks = [RANK[item.level.id] for item in advice]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 3


def test_what_heads_the_page_comes_before_what_is_graver() -> None:
    """The one item that heads the page today is the gravest as well: another is made to."""
    heading = msgspec.structs.replace(KNOWLEDGE.advice["safety_net"], heads=True)
    model = DiagnosticModel(replace(KNOWLEDGE, advice={**KNOWLEDGE.advice, "safety_net": heading}))
    advice = model.diagnose({"exertional_ache": "yes"}).advice
    assert advice.head is not None
    assert [item.id for item in advice][:2] == ["safety_net", "vascular_check"]
    assert advice.level.id == "clinician_soon"


@many
@given(others())
def test_when_to_get_help_is_always_there_but_in_an_emergency(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    assert ("safety_net" in advised(diagnosis)) is not is_emergency(diagnosis)


@many
@given(others())
def test_stopping_and_breathing_is_there_within_the_first_day(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    over = answers.get("time_since") in ("days", "weeks") or answers.get("easing") == "lasting"
    assert ("stop_and_breathe" in advised(diagnosis)) is not (over or is_emergency(diagnosis))
    assert ("next_days" in held(diagnosis)) is over


@many
@given(others())
def test_what_is_always_advised_is_given_or_withheld_with_a_reason(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    assert advised(diagnosis).isdisjoint(withheld(diagnosis))
    always = {rule.id for rule in KNOWLEDGE.advice.values() if rule.always}
    assert always <= held(diagnosis)
    assert all(item.because and item.title for item in diagnosis.advice.withheld)


@many
@given(others())
def test_advice_says_what_brought_it(model: DiagnosticModel, answers) -> None:
    for item in model.diagnose(answers).advice:
        assert bool(item.because) is not KNOWLEDGE.advice[item.id].always


@many
@given(others())
def test_a_way_back_is_withheld_while_something_else_should_be_looked_at(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose(answers)
    if diagnosis.red_flags or not held(diagnosis).isdisjoint(IN_DOUBT):
        assert advised(diagnosis).isdisjoint(RETURNS)
    elif "watch_the_leg" not in held(diagnosis):
        assert len(advised(diagnosis) & RETURNS) == 1


@many
@given(others("felt_tear", "time_since", "easing"))
def test_the_starr_way_back_is_for_a_plain_fresh_strain_only(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "felt_tear": "yes", "time_since": "today"})
    assert ("return_light" in held(diagnosis)) is (diagnosis["muscle_strain"].triggered >= 0.5)
    if "return_light" in advised(diagnosis):
        leg = {"watch_the_leg", "thigh_pain", "known_disc", "joint_care"}
        assert held(diagnosis).isdisjoint(IN_DOUBT | leg)
        assert "come_back_gradually" not in advised(diagnosis)


# Thresholds

RAMPS = {
    # The advice, what else is answered, and an answer whose weight moves the cause across the threshold.
    "rest_the_strain": ({}, "felt_tear", "yes"),
    "joint_care": ({"locked_up": "yes"}, "hurts_most", "arching"),
    "rehydrate": ({"sweating": "heavy"}, "water_intake", "low"),
    "ease_the_volume": ({}, "rep_scheme", "high"),
    "short_of_failure": ({"trained_to_failure": "yes"}, "easing", "minutes"),
    "untuck": ({}, "posture", "flexed"),
    "unarch": ({}, "posture", "extended"),
    "return_light": ({}, "felt_tear", "yes"),
}


def threshold_of(advice: str) -> float:
    (threshold,) = {c.triggered for c in KNOWLEDGE.advice[advice].when if c.triggered is not None}
    assert isinstance(threshold, float)
    return threshold


@pytest.fixture(scope="module")
def by_threshold() -> DiagnosticModel:
    """The shipped model with every rule reduced to its threshold, so that no finding brings or withholds the advice."""
    rules = {}
    for name, rule in KNOWLEDGE.advice.items():
        thresholds = tuple(Condition(triggered=c.triggered) for c in rule.when if c.triggered is not None)
        rules[name] = msgspec.structs.replace(rule, when=thresholds or rule.when, withhold=())
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


@pytest.mark.parametrize(
    ("advice", "answers", "missing"),
    [
        ("ease_the_volume", {"easing": "minutes"}, ({"rep_scheme": "high"}, {"rest_time": "short"})),
        ("short_of_failure", {"easing": "minutes", "rep_scheme": "high"}, ({"trained_to_failure": "yes"},)),
        ("return_light", {"load_change": "more", "easing": "days", "locked_up": "yes"}, ({"felt_tear": "yes"},)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_likely_cause_does_not_do_where_a_finding_is_wanted_too(
    model: DiagnosticModel, advice: str, answers, missing
) -> None:
    cause = KNOWLEDGE.advice[advice].cause
    assert cause is not None
    assert advice not in held(model.diagnose(answers))
    for finding in missing:
        with_it = model.diagnose({**answers, **finding})
        assert with_it[cause].triggered >= threshold_of(advice)
        assert advice in held(with_it)


# Rules that a finding decides


@many
@given(others("tingling_weakness"))
def test_a_weak_leg_is_always_seen_today_at_the_latest(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "tingling_weakness": "weakness"})
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_now"]
    if not is_emergency(diagnosis):
        assert diagnosis.advice.head is not None
        assert diagnosis.advice.items[0].id == diagnosis.advice.head.id == "nerve_urgent"
    assert {"ease_it", "keep_moving"} <= withheld(diagnosis)
    assert advised(diagnosis).isdisjoint(RETURNS)


@many
@given(others("tingling_weakness"))
def test_tingling_is_never_without_advice_on_the_leg_or_something_graver(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "tingling_weakness": "tingling"})
    assert "watch_the_leg" in held(diagnosis)
    graver = RANK[diagnosis.advice.level.id] > RANK["self_care"]
    assert "watch_the_leg" in advised(diagnosis) or graver
    assert "ease_it" in withheld(diagnosis)
    assert "return_light" not in advised(diagnosis)


@many
@given(others("exertional_ache"))
def test_an_ache_that_rest_relieves_is_never_self_care(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "exertional_ache": "yes"})
    assert RANK[diagnosis.advice.level.id] >= RANK["clinician_soon"]
    assert given_unless_seen_today(diagnosis, "vascular_check")
    assert advised(diagnosis).isdisjoint(RETURNS)


@pytest.mark.parametrize(
    "beside", [{"felt_tear": "yes"}, {"locked_up": "yes"}, {"time_since": "weeks"}, {"age_band": "from_60"}], ids=str
)
def test_pain_that_lasts_brings_its_advice(model: DiagnosticModel, beside: dict[str, str]) -> None:
    @many
    @given(others("easing", *beside))
    def holds(answers) -> None:
        diagnosis = model.diagnose({**answers, **beside, "easing": "lasting"})
        assert given_unless_seen_today(diagnosis, "lasting_pain")
        assert "ease_it" in withheld(diagnosis)
        assert advised(diagnosis).isdisjoint(RETURNS)
        assert RANK[diagnosis.advice.level.id] >= RANK["clinician_soon"]
        since = {**answers, **beside}
        old_tear = since.get("time_since") == "weeks" and since.get("felt_tear") == "yes"
        assert ("lasting_pain" in held(model.diagnose({**since, "easing": "days"}))) is old_tear
        assert ("lasting_pain" in held(model.diagnose(since))) is old_tear

    holds()


@many
@given(others("water_intake"))
def test_nobody_who_drank_too_much_is_told_to_drink(model: DiagnosticModel, answers) -> None:
    diagnosis = model.diagnose({**answers, "water_intake": "excess"})
    assert "rehydrate" not in advised(diagnosis)
    assert "drink_less" in (withheld(diagnosis) if is_emergency(diagnosis) else advised(diagnosis))


# Rules of the first edition that speak of what no rule does today


def first_threshold(first_edition: DiagnosticModel) -> float:
    return next(c.triggered for c in first_edition.knowledge.advice["vascular_check"].when if c.triggered is not None)


def test_low_reps_with_all_else_unremarkable_bring_the_vascular_check(first_edition: DiagnosticModel) -> None:
    diagnosis = first_edition.diagnose(UNREMARKABLE)
    assert diagnosis["vascular_condition"].triggered < first_threshold(first_edition)
    assert "vascular_check" in advised(diagnosis)
    assert "return_light" in withheld(diagnosis)


def test_low_reps_alone_do_not(first_edition: DiagnosticModel) -> None:
    assert "vascular_check" not in advised(first_edition.diagnose({"rep_scheme": "low"}))


@pytest.mark.parametrize("reps", ["moderate", "high", None])
def test_other_reps_do_not(first_edition: DiagnosticModel, reps) -> None:
    assert "vascular_check" not in advised(first_edition.diagnose({**UNREMARKABLE, "rep_scheme": reps}))


def test_low_reps_do_not_while_another_cause_is_likely(first_edition: DiagnosticModel) -> None:
    diagnosis = first_edition.diagnose({**UNREMARKABLE, "posture": "flexed"})
    assert diagnosis["excess_flexion"].triggered >= 0.30
    assert "vascular_check" not in advised(diagnosis)


# What nothing explains


def test_low_reps_with_all_else_unremarkable_are_explained_by_nothing(model: DiagnosticModel) -> None:
    wanted = KNOWLEDGE.advice["not_explained"].when[0].unexplained
    assert wanted is not None
    answers = {**UNREMARKABLE, "load_change": "usual"}
    diagnosis = model.diagnose(answers)
    assert diagnosis.unexplained >= wanted
    assert "not_explained" in advised(diagnosis)
    assert "vascular_check" not in held(diagnosis)
    assert "not_explained" not in held(model.diagnose({**answers, "rep_scheme": None}))
    explained = model.diagnose({**answers, "posture": "flexed"})
    assert explained.unexplained < wanted
    assert "not_explained" not in held(explained)


# Reach

REACHING = [
    {},
    {**UNREMARKABLE, "load_change": "usual"},
    {"tingling_weakness": "weakness"},
    {"tingling_weakness": "tingling"},
    {"tingling_weakness": "tingling", "felt_tear": "yes"},
    {"exertional_ache": "yes"},
    {"easing": "lasting", "time_since": "weeks"},
    {"easing": "minutes"},
    {"easing": "days", "time_since": "days"},
    {"age_band": "under_18", "felt_tear": "yes"},
    {"age_band": "from_60", "felt_tear": "yes"},
    {"leg_pain": "buttock_thigh"},
    {"earlier_back_pain": "disc"},
    {"earlier_back_pain": "before"},
    {"water_intake": "excess"},
    {"load_change": "more"},
    {"back_tired_first": "yes"},
    {"trained_to_failure": "yes", "easing": "minutes"},
    {"rep_scheme": "high", "rest_time": "short"},
    *({flag: "yes"} for flag in FLAGS),
]


def test_everything_in_the_file_can_be_reached(model: DiagnosticModel) -> None:
    diagnoses = [*map(model.diagnose, REACHING), *(ramp(model, advice, 1.0) for advice in RAMPS)]
    assert {diagnosis.advice.level.id for diagnosis in diagnoses} == set(KNOWLEDGE.levels)
    assert {flag.id for diagnosis in diagnoses for flag in diagnosis.red_flags} == set(KNOWLEDGE.red_flags)
    assert set().union(*map(advised, diagnoses)) == set(KNOWLEDGE.advice)
    at_emergency = [model.diagnose({**d.answers, "muscle_breakdown": "yes"}) for d in diagnoses]
    assert set().union(*map(withheld, at_emergency)) == set(KNOWLEDGE.advice)


def test_levels_are_ordered_by_urgency() -> None:
    assert list(KNOWLEDGE.levels) == ["self_care", "clinician_soon", "clinician_now", "emergency"]
