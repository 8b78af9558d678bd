"""The rule engine says what the rules say, read slowly and one by one (`slow_rules`), and keeps its promises along the way."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from slow_rules import Situation, SlowRules

from bayesnet import DiagnosticModel, load
from bayesnet.diagnosis.advice import advise
from bayesnet.diagnosis.answers import CheckedAnswers, check_answers
from bayesnet.diagnosis.rules import Findings, Rules
from bayesnet.shipped import shipped

HERE = Path(__file__).parent
LAWFUL = {"shipped": shipped("data") / "squat_cramp", "another domain": HERE / "other_domain"}
FOLDERS = {**LAWFUL, "first edition": HERE / "first_edition"}
STRICTER = "two levels that leave no room"
SITUATIONS = 1000


@dataclass(frozen=True)
class Side:
    """One folder, read by the package and read slowly."""

    model: DiagnosticModel
    slow: SlowRules

    def findings(self, cases: list[Situation]) -> Findings:
        triggered = {name: np.array([case.triggered[name] for case in cases]) for name in self.model.reader.rule_nodes}
        unexplained = np.array([case.unexplained for case in cases])
        return self.model.reader.findings([self.checked(case) for case in cases], triggered, unexplained)

    def checked(self, case: Situation) -> CheckedAnswers:
        return check_answers(self.model.knowledge, {**case.answers, **dict.fromkeys(case.flags, "yes")})


@pytest.fixture(scope="module")
def side_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Side]:
    stricter = stricter_than_another_domain(tmp_path_factory.mktemp("model") / "stricter")
    folders = {**FOLDERS, STRICTER: stricter}
    sides = {name: Side(load(folder), SlowRules(folder)) for name, folder in folders.items()}
    return sides.__getitem__


def stricter_than_another_domain(folder: Path) -> Path:
    """Another domain, whose lower level leaves no room for self-help either, and whose highest has an item of its own."""
    shutil.copytree(LAWFUL["another domain"], folder)
    advice = folder / "advice.toml"
    text = advice.read_text(encoding="utf-8")
    says = 'says = "Have somebody look at it within days."\n'
    assert says in text
    text = text.replace(says, f'{says}withholds_below = "a mechanic should look first"\n')
    item = {"id": "get_off", "title": "Get off", "level": "stop_riding", "when": [{"flags": ["crack"]}]}
    text += tomlkit.dumps({"advice": [{**item, "do": ["Get off."], "sources": ["manual"]}]})
    advice.write_text(text, encoding="utf-8")
    return folder


each_folder = pytest.mark.parametrize("folder", [*FOLDERS, STRICTER])
each_lawful_folder = pytest.mark.parametrize("folder", [*LAWFUL, STRICTER])


def random_answer(states: list[str], rng: np.random.Generator) -> Any:
    """A state, or {state: weight} whose weights often tie."""
    if rng.random() < 0.6:
        return str(rng.choice(states))
    named = rng.permutation(states)[: rng.integers(1, len(states) + 1)]
    return {str(state): float(rng.choice([0.3, 1.0, 1.0])) for state in named}


def random_p(slow: SlowRules, rng: np.random.Generator) -> float:
    """Any probability; now and then one that a rule names, or the next lower float."""
    named, any_other = slow.thresholds[rng.integers(len(slow.thresholds))], rng.random()
    return (any_other, any_other**4, named, float(np.nextafter(named, 0)))[rng.integers(4)]


def random_case(slow: SlowRules, rng: np.random.Generator) -> Situation:
    """Often few answers, no sign and one likely cause: where much is answered, nearly everything is withheld."""
    few = rng.integers(0, 4) if rng.random() < 0.7 else rng.integers(0, len(slow.questions) + 1)
    asked = rng.permutation(list(slow.questions))[: int(few)]
    answers = {str(question): random_answer(slow.states(str(question)), rng) for question in asked}
    up = rng.choice([0.0, 0.0, 0.15])
    flags = frozenset(flag for flag in slow.flags if rng.random() < up)
    case = with_random_numbers(slow, Situation(answers, flags, {}, 0.0), rng)
    return aimed(slow, case, rng) if rng.random() < 0.5 else case


def aimed(slow: SlowRules, case: Situation, rng: np.random.Generator) -> Situation:
    """The case with the answers and probabilities that some condition of some item wants."""
    rules = [rule for rule in slow.advice.values() if "when" in rule]
    rule = rules[rng.integers(len(rules))]
    condition = rule["when"][rng.integers(len(rule["when"]))]
    answers = {question: str(rng.choice(states)) for question, states in condition.get("answers", {}).items()}
    wanted = condition.get("triggered", {})
    likely = wanted if isinstance(wanted, dict) else {rule.get("cause", ""): wanted}
    numbers = {name: p + (1 - p) * rng.random() for name, p in likely.items()}
    return replace(case, answers={**case.answers, **answers}, triggered={**case.triggered, **numbers})


def with_random_numbers(slow: SlowRules, case: Situation, rng: np.random.Generator) -> Situation:
    numbers = {name: random_p(slow, rng) for name in (*slow.causes, *slow.headings)}
    if rng.random() < 0.5:
        likely = str(rng.choice(slow.causes))
        numbers |= {name: 0.1 * p for name, p in numbers.items() if name != likely}
    return replace(case, triggered=numbers, unexplained=random_p(slow, rng))


def random_cases(slow: SlowRules, seed: int, n: int = SITUATIONS) -> list[Situation]:
    rng = np.random.default_rng(seed)
    return [random_case(slow, rng) for _ in range(n)]


# ---- the same as the slow reading


@each_folder
def test_level_and_what_holds_and_is_shown_are_what_the_rules_say(side_of: Callable[[str], Side], folder: str) -> None:
    side = side_of(folder)
    slow, cases = side.slow, random_cases(side.slow, seed=1)
    rules = Rules(side.model.knowledge, side.findings(cases))
    assert np.broadcast_to(rules.level(), len(cases)).tolist() == [slow.level(case) for case in cases]
    for name, rule in slow.advice.items():
        held, shown = (np.broadcast_to(where, len(cases)) for where in (rules.holds(name), rules.shown(name)))
        expected = [slow.shown(rule, case) for case in cases]
        assert held.tolist() == [slow.holds(rule, case) for case in cases], name
        assert shown.tolist() == expected, name
        # Where the stricter level leaves no room, an item for a sign of that level never is.
        assert any(expected) or (folder, name) == (STRICTER, "walk_home"), (
            f"{name} is never shown: these cases prove nothing of it"
        )
        if rule.get("withhold"):
            assert any(held & ~shown), f"{name} is never withheld: these cases prove nothing of it"


@each_folder
def test_advice_in_words_is_what_the_rules_say(side_of: Callable[[str], Side], folder: str) -> None:
    side = side_of(folder)
    slow = side.slow
    for case in random_cases(slow, seed=2, n=300):
        advice = advise(side.model.knowledge, side.findings([case]), all_asked=False)
        level = slow.levels[slow.level(case)]
        says, label = (level.get(f"{key}_unasked") or level[key] for key in ("says", "label"))
        said = (level["id"], label, f"{level.get('do_first', '')} {says}".strip())
        assert (advice.level.id, advice.level.label, advice.level.says) == said
        shown = [rule for rule in slow.advice.values() if slow.shown(rule, case)]
        shown.sort(key=lambda rule: (not rule.get("heads", False), -slow.rank(rule["level"])))
        assert [item.id for item in advice] == [rule["id"] for rule in shown]
        assert [list(item.do) for item in advice] == [slow.lines(rule, case) for rule in shown]
        held = [rule for rule in slow.advice.values() if slow.holds(rule, case) and rule not in shown]
        expected = [(rule["id"], slow.why_not(rule, case)) for rule in held]
        assert [(item.id, item.because) for item in advice.withheld] == expected


@each_folder
def test_a_diagnosis_advises_what_the_rules_say_of_its_own_probabilities(
    side_of: Callable[[str], Side], folder: str
) -> None:
    side = side_of(folder)
    slow = side.slow
    for case in random_cases(slow, seed=3, n=200):
        diagnosis = side.model.diagnose({**case.answers, **dict.fromkeys(case.flags, "yes")})
        numbers = {name: group.triggered for name, group in diagnosis.groups.items()}
        numbers |= {belief.cause: belief.triggered for belief in diagnosis.beliefs}
        own = replace(case, triggered=numbers, unexplained=diagnosis.unexplained)
        shown = {name for name, rule in slow.advice.items() if slow.shown(rule, own)}
        held = {name for name, rule in slow.advice.items() if slow.holds(rule, own)}
        assert side.model.knowledge.level_ranks[diagnosis.advice.level.id] == slow.level(own)
        assert {item.id for item in diagnosis.advice} == shown
        assert {item.id for item in diagnosis.advice.withheld} == held - shown


# ---- what must hold whatever the answers


@each_lawful_folder
def test_no_conflicting_pair_is_shown(side_of: Callable[[str], Side], folder: str) -> None:
    side = side_of(folder)
    cases = random_cases(side.slow, seed=4, n=3000)
    rules = Rules(side.model.knowledge, side.findings(cases))
    assert side.slow.conflicts()
    for one, other in map(sorted, side.slow.conflicts()):
        assert not np.any(rules.shown(one) & rules.shown(other)), (one, other)


def worse(slow: SlowRules, question: str, answer: Any) -> list[str]:
    """The answers that the file calls worse than this one."""
    chains = [chain for chain in slow.questions[question].get("worse", ()) if answer in chain]
    return [state for chain in chains for state in chain[chain.index(answer) + 1 :]]


def random_step(slow: SlowRules, case: Situation, rng: np.random.Generator) -> Situation:
    """One question more, one answer worse, or one warning sign more; the probabilities are any others."""
    questions, flags = [q for q in slow.questions if q not in case.answers], sorted({*slow.flags} - case.flags)
    worsened = {q: states for q, answer in case.answers.items() if (states := worse(slow, q, answer))}
    kind = rng.choice(["further", "further", "worse", "worse", "worse", "flag"])
    if kind == "flag" and flags and rng.random() < 0.3:
        case = replace(case, flags=case.flags | {str(rng.choice(flags))})
    elif kind == "worse" and worsened:
        question = str(rng.choice(sorted(worsened)))
        case = replace(case, answers={**case.answers, question: str(rng.choice(worsened[question]))})
    elif questions:
        question = str(rng.choice(questions))
        case = replace(case, answers={**case.answers, question: random_answer(slow.states(question), rng)})
    return with_random_numbers(slow, case, rng)


def random_chains(slow: SlowRules, seed: int, n: int, steps: int) -> list[list[Situation]]:
    rng = np.random.default_rng(seed)
    chains = []
    for _ in range(n):
        chain = [with_random_numbers(slow, Situation({}, frozenset(), {}, 0.0), rng)]
        for _ in range(steps):
            chain.append(random_step(slow, chain[-1], rng))
        chains.append(chain)
    return chains


@each_lawful_folder
def test_the_level_never_falls_with_a_worse_or_further_answer_or_a_further_flag(
    side_of: Callable[[str], Side], folder: str
) -> None:
    side = side_of(folder)
    chains = random_chains(side.slow, seed=5, n=120, steps=25)
    rules = Rules(side.model.knowledge, side.findings([case for chain in chains for case in chain]))
    levels = np.broadcast_to(rules.level(), len(chains) * 26).reshape(len(chains), 26)
    assert (np.diff(levels, axis=1) >= 0).all()
    assert {*levels.ravel().tolist()} == {*range(len(side.slow.levels))}
    assert (np.diff(levels, axis=1) > 0).sum() > len(chains)  # there is something to fall from


@each_lawful_folder
def test_nor_does_it_fall_in_diagnoses(side_of: Callable[[str], Side], folder: str) -> None:
    side = side_of(folder)
    for chain in random_chains(side.slow, seed=6, n=15, steps=20):
        diagnoses = [side.model.diagnose({**case.answers, **dict.fromkeys(case.flags, "yes")}) for case in chain]
        ranks = [side.model.knowledge.level_ranks[diagnosis.advice.level.id] for diagnosis in diagnoses]
        assert ranks == sorted(ranks)
