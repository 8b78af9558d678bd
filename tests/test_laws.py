"""The laws of safe advice hold over every combination that the rules can tell apart, and a broken one is found."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import msgspec
import pytest

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.laws import Laws, check_laws, conflicting_pairs
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.rules import Condition, RedFlag, Withhold


def changed(knowledge: Knowledge, advice: str, **fields: Any) -> Knowledge:
    """The knowledge with one item of advice written otherwise."""
    rule = msgspec.structs.replace(knowledge.advice[advice], **fields)
    return replace(knowledge, advice={**knowledge.advice, advice: rule})


@pytest.fixture(scope="module")
def laws(model: DiagnosticModel) -> Laws:
    return check_laws(model.knowledge)


def test_the_shipped_advice_keeps_every_law(laws: Laws, figure: Callable[[str, object], None]) -> None:
    assert laws.broken == ()
    looked = "; ".join(f"{count:,} {what}" for what, count in laws.combinations.items())
    figure("combinations that the rules of advice read, without a contradiction", looked)


def test_every_set_of_answers_that_bears_on_the_level_is_looked_at(laws: Laws) -> None:
    """Eleven questions with 2, 2, 2, 3, 3, 3, 3, 3, 3, 4 and 4 states, and each may be open."""
    assert laws.combinations["of answers for the level"] == 3**3 * 4**6 * 5**2 == 2_764_800


def test_what_a_person_cannot_follow_together_is_declared(model: DiagnosticModel) -> None:
    pairs = {frozenset(pair) for pair in conflicting_pairs(model.knowledge)}
    for one, others in {
        "ease_it": ("nerve_urgent", "nerve_check", "rest_the_strain", "watch_the_leg", "known_disc"),
        "return_light": ("nerve_urgent", "nerve_check", "young_back", "older_back", "lasting_pain", "vascular_check"),
        "harmless_pump": ("nerve_urgent", "nerve_check", "vascular_check", "young_back", "older_back", "lasting_pain"),
        "rehydrate": ("drink_less",),
        "stop_and_breathe": ("next_days",),
    }.items():
        assert {frozenset((one, other)) for other in others} <= pairs


@pytest.mark.parametrize(
    ("advice", "beside"), [("ease_it", "rest_the_strain"), ("rehydrate", "drink_less"), ("return_light", "young_back")]
)
def test_a_conflict_that_nothing_withholds_is_found(model: DiagnosticModel, advice: str, beside: str) -> None:
    broken = check_laws(changed(model.knowledge, advice, withhold=())).broken
    assert any(f"'{advice}'" in line and f"'{beside}'" in line and "both are shown" in line for line in broken)


def test_one_forgotten_reason_is_found_with_an_example(model: DiagnosticModel) -> None:
    rule = model.knowledge.advice["harmless_pump"]
    (withhold,) = rule.withholds
    kept = tuple(name for name in withhold.advice if name != "vascular_check")
    forgotten = msgspec.structs.replace(withhold, advice=kept)
    (line,) = check_laws(changed(model.knowledge, "harmless_pump", withhold=forgotten)).broken
    assert line.startswith("advice.toml: advice ")
    assert "exertional_ache = yes" in line
    assert "easing = minutes" in line


def test_answers_that_tie_count_as_all_of_them(model: DiagnosticModel) -> None:
    """Rounded and hollow at once, as a soft answer may have it, would bring both corrections."""
    knowledge = model.knowledge
    for advice in ("untuck", "unarch"):
        first, _ = knowledge.advice[advice].withholds
        knowledge = changed(knowledge, advice, withhold=first)
    (line,) = check_laws(knowledge).broken
    assert "posture = flexed or extended" in line


def test_a_probability_above_the_lowest_level_is_found(model: DiagnosticModel) -> None:
    when = (Condition(triggered={"nerve_compression": 0.2}),)
    broken = check_laws(changed(model.knowledge, "nerve_check", when=when)).broken
    assert any("'nerve_check'" in line and "answers and red flags only" in line for line in broken)


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (Condition(answers={"leg_pain": ("buttock_thigh",)}), "from buttock_thigh to below_knee the level falls"),
        (Condition(unanswered=("leg_pain",)), "from unanswered to none the level falls"),
    ],
)
def test_a_worse_or_further_answer_that_lowers_the_level_is_found(
    model: DiagnosticModel, when: Condition, says: str
) -> None:
    broken = check_laws(changed(model.knowledge, "vascular_check", when=(when,))).broken
    assert any("question 'leg_pain'" in line and says in line for line in broken)


def test_an_emergency_that_names_nothing_to_do_first_is_found(model: DiagnosticModel) -> None:
    levels = dict(model.knowledge.levels)
    levels["emergency"] = msgspec.structs.replace(levels["emergency"], do_first="")
    (line,) = check_laws(replace(model.knowledge, levels=levels)).broken
    assert "level 'emergency'" in line
    assert "do_first" in line


def test_words_for_signs_that_were_not_asked_are_needed(model: DiagnosticModel) -> None:
    levels = dict(model.knowledge.levels)
    levels["self_care"] = msgspec.structs.replace(levels["self_care"], says_unasked="")
    (line,) = check_laws(replace(model.knowledge, levels=levels)).broken
    assert "says_unasked" in line


def test_no_self_care_stands_beside_a_flag_that_withholds_it(model: DiagnosticModel) -> None:
    """Two flags at a time, with all that an answer can bring: a rule that a flag withholds is never shown."""
    answers = {"easing": "minutes", "water_intake": "excess", "load_change": "more", "back_tired_first": "yes"}
    withheld = {
        rule.id for rule in model.knowledge.advice.values() if any(withhold.red_flags for withhold in rule.withholds)
    }
    for flags in combinations(model.knowledge.red_flags, 2):
        advice = model.diagnose({**answers, **dict.fromkeys(flags, "yes")}).advice
        assert withheld.isdisjoint(item.id for item in advice)
        emergency = any(model.knowledge.red_flags[flag].level == "emergency" for flag in flags)
        assert advice.level.id == ("emergency" if emergency else "clinician_now")
        assert bool(advice.items) is not emergency


def test_a_rule_about_a_flag_is_looked_at_with_and_without_it(model: DiagnosticModel) -> None:
    """A flag that a condition names is told apart from the others of its level."""
    knowledge = model.knowledge
    flag = RedFlag(
        id="cold_leg", label="Cold leg", ask="Cold?", level="self_care", says="See to it.", sources=("article",)
    )
    knowledge = replace(knowledge, red_flags={**knowledge.red_flags, "cold_leg": flag})
    knowledge = changed(
        knowledge,
        "keep_moving",
        always=False,
        when=(Condition(flags=("cold_leg",)),),
        withhold=Withhold(answers={"posture": ("neutral",)}, because="it is so"),
        conflicts=("ease_it",),
    )

    def beside_moving(withhold: Withhold) -> list[str]:
        broken = check_laws(changed(knowledge, "ease_it", withhold=withhold)).broken
        return [line for line in broken if "'keep_moving'" in line and "'ease_it'" in line]

    assert beside_moving(Withhold(red_flags=True, because="so")) == []
    (line,) = beside_moving(Withhold(level="emergency", because="so"))
    assert "cold_leg = yes" in line
