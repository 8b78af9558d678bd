"""The laws of safe advice hold over every combination that the rules can tell apart, and a broken one is found."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.laws import Laws, check_laws, conflicting_pairs
from bayesnet.diagnosis.model import load
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.rules import AdviceRule, Condition, RedFlag, Withhold
from bayesnet.knowledge.schema import State


def changed(knowledge: Knowledge, advice: str, **fields: Any) -> Knowledge:
    """The knowledge with one item of advice written otherwise."""
    rule = msgspec.structs.replace(knowledge.advice[advice], **fields)
    return replace(knowledge, advice={**knowledge.advice, advice: rule})


@pytest.fixture(scope="module")
def bicycle() -> Knowledge:
    return load(Path(__file__).parent / "other_domain").knowledge


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
        (Condition(unanswered=("leg_pain",)), "from not answered to none the level falls"),
    ],
)
def test_a_worse_or_further_answer_that_lowers_the_level_is_found(
    model: DiagnosticModel, when: Condition, says: str
) -> None:
    broken = check_laws(changed(model.knowledge, "vascular_check", when=(when,))).broken
    assert any("question 'leg_pain'" in line and says in line for line in broken)


def two_items(bicycle: Knowledge, first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]) -> Knowledge:
    """Another domain with only three items of advice: a and b conflict, c stands by."""
    rules = {}
    for name, fields in {"a": {**first, "conflicts": ("b",)}, "b": second, "c": third}.items():
        base = {"id": name, "title": name, "level": "at_home", "do": ("Do.",), "sources": ("manual",)}
        rules[name] = msgspec.convert({**base, **fields}, AdviceRule)
    return replace(bicycle, advice=rules)


def both_shown(knowledge: Knowledge) -> list[str]:
    return [line for line in check_laws(knowledge).broken if "both are shown" in line]


def test_a_question_and_a_probability_of_one_name_are_told_apart(bicycle: Knowledge) -> None:
    """A heading that is called as a question is: what is unanswered says nothing of how likely it is."""
    always = {"always": True}
    likely, unanswered = {"when": [{"triggered": {"since": 0.1}}]}, {"when": [{"unanswered": ["since"]}]}
    today, by_c = {"when": [{"answers": {"since": ["today"]}}]}, {"withhold": {"advice": ["c"], "because": "so"}}
    assert len(both_shown(two_items(bicycle, {**likely, **by_c}, always, unanswered))) == 1
    assert len(both_shown(two_items(bicycle, {**today, **by_c}, always, likely))) == 1


def test_what_is_always_withheld_is_shown_beside_nothing(bicycle: Knowledge) -> None:
    withhold = {"advice": ["b"], "answers": {"since": ["today"]}, "because": "so"}
    always = {"always": True}
    assert both_shown(two_items(bicycle, {"always": True, "withhold": withhold}, always, always)) == []


def test_an_answer_called_as_an_open_question_hides_nothing(model: DiagnosticModel) -> None:
    """A state may be called "unanswered"; the open question is something else."""
    questions = dict(model.knowledge.questions)
    asked = questions["locked_up"]
    states = tuple(msgspec.structs.replace(s, id=i) for s, i in zip(asked.states, ("unanswered", "bad"), strict=True))
    questions["locked_up"] = msgspec.structs.replace(asked, states=states, worse=(("unanswered", "bad"),))
    when = (Condition(answers={"locked_up": ("unanswered",)}),)
    graver = msgspec.structs.replace(model.knowledge.advice["vascular_check"], when=when)
    broken = check_laws(replace(model.knowledge, questions=questions, advice={graver.id: graver})).broken
    assert any("from unanswered to bad the level falls" in line for line in broken)


def test_items_that_withhold_each_other_in_a_row_are_checked_at_once(bicycle: Knowledge) -> None:
    """The first that matches wins, forty times over: each is withheld by all before it."""
    rules = {}
    for i in range(40):
        fields: dict[str, Any] = {"id": f"item_{i}", "title": "x", "level": "at_home", "do": ("Do.",)}
        fields |= {"sources": ("manual",), "when": [{"answers": {"since": ["today"]}}]}
        fields |= {"conflicts": ["item_0"] if i == 39 else []}
        if i:
            fields["withhold"] = {"shown": [f"item_{j}" for j in range(i)], "because": "so"}
        rules[f"item_{i}"] = msgspec.convert(fields, AdviceRule)
    assert both_shown(replace(bicycle, advice=rules)) == []


def test_more_than_can_be_looked_at_is_refused_and_not_sampled(bicycle: Knowledge) -> None:
    states = tuple(State(id=f"s{i}", label=f"S{i}") for i in range(16))
    asked = msgspec.structs.replace(bicycle.questions["since"], states=states, worse=())
    when = {"when": [{"answers": {"since": [state.id]}} for state in states]}
    wide = replace(bicycle, questions={**bicycle.questions, "since": asked})
    broken = check_laws(two_items(wide, when, when, {"always": True})).broken
    (line,) = (line for line in broken if "cannot be checked" in line)
    assert line.startswith("advice.toml: advice 'a' and 'b'")


def test_an_example_names_an_answer_that_is_no(bicycle: Knowledge) -> None:
    no = {"when": [{"answers": {"getting_worse": ["no"]}}]}
    (line,) = both_shown(two_items(bicycle, no, {"always": True}, {"always": True}))
    assert line.endswith("as for getting_worse = no")


def test_a_level_that_leaves_no_room_is_part_of_what_is_looked_at(bicycle: Knowledge) -> None:
    """The level of b leaves no room for a: they never meet; without that they would."""
    crack = {"when": [{"flags": ["crack"]}], "level": "stop_riding"}
    apart = two_items(bicycle, {"always": True}, crack, {"always": True})
    assert both_shown(apart) == []
    levels = {name: msgspec.structs.replace(level, withholds_below="") for name, level in apart.levels.items()}
    assert len(both_shown(replace(apart, levels=levels))) == 1


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
        id="cold_leg", label="Cold leg", ask="Cold?", level="clinician_now", says="See to it.", sources=("article",)
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
