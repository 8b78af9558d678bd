"""What if a habit changed: the twin network says what adding up over habits and lasting causes says."""

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import bayesnet
from bayesnet import DiagnosticModel, Family, JunctionTree, Network, UnknownName, UnknownState
from bayesnet.diagnosis.words import from_to, in_points
from bayesnet.knowledge.schema import ids

CASES: list[dict[str, Any]] = [
    {},
    {"sweating": "heavy", "posture": "flexed", "water_intake": "low"},
    {
        "tingling_weakness": "tingling",
        "exertional_ache": "yes",
        "rep_scheme": "high",
        "rest_time": {"short": 1.0, "moderate": 0.5},
    },
]
on_each = pytest.mark.parametrize("answers", CASES, ids=lambda answers: ",".join(answers) or "nothing")


@pytest.fixture(scope="module")
def rows(model: DiagnosticModel) -> list[dict[str, str]]:
    """Every combination of habits, lasting causes and lasting answers."""
    carried = [*model.knowledge.habits, *sorted(model.knowledge.lasting)]
    states = model.tree.network.states
    return [dict(zip(carried, chosen, strict=True)) for chosen in product(*(states[v] for v in carried))]


@pytest.fixture(scope="module")
def session(model: DiagnosticModel) -> JunctionTree:
    """A session whose lasting causes are there or not whatever else is true: where they come from is long ago."""
    network, lasting = model.tree.network, model.knowledge.lasting
    even = {v: Family((), np.full(len(states), 1 / len(states))) for v, states in network.states.items()}
    families = {v: even[v] if v in lasting else family for v, family in network.families.items()}
    return JunctionTree(Network(network.states, families))


def weights_of(model: DiagnosticModel, rows: list[dict[str, str]], answers: dict[str, Any]) -> Any:
    """P(row | episode)."""
    soft = {q: a for q, a in answers.items() if q in model.knowledge.habits or q in model.knowledge.lasting}
    rest = {**{q: a for q, a in answers.items() if q not in soft}, "cramp": "yes"}
    weights = np.exp(model.tree.log_evidence([{**row, **rest} for row in rows])) * [
        prod(a.get(row[q], 0.0) if isinstance(a, dict) else float(row[q] == a) for q, a in soft.items()) for row in rows
    ]
    return weights / weights.sum()


@pytest.fixture(scope="module")
def enumerated(
    model: DiagnosticModel, session: JunctionTree, rows: list[dict[str, str]]
) -> Callable[[dict[str, Any], dict[str, str]], tuple[float, dict[str, float]]]:
    """Sum over habits h and lasting causes l of P(h, l | episode) P(cramp | h as changed, l), and the same per cause.

    Habits are roots, so that setting them is the same as knowing them.
    """
    nodes = model.reader.triggers
    thens: dict[str, Any] = {}
    weights: dict[str, Any] = {}

    def found(answers: dict[str, Any], changes: dict[str, str]) -> tuple[float, dict[str, float]]:
        if str(changes) not in thens:
            thens[str(changes)] = session.posteriors([{**row, **changes} for row in rows], [*nodes.values(), "cramp"])
        if str(answers) not in weights:
            weights[str(answers)] = weights_of(model, rows, answers)
        yes = {node: float(weights[str(answers)] @ p[:, 1]) for node, p in thens[str(changes)].items()}
        return yes["cramp"], {cause: yes[node] for cause, node in nodes.items()}

    return found


@on_each
@pytest.mark.parametrize(
    "changes", [{}, {"posture": "neutral"}, {"water_intake": "adequate", "rest_time": "long"}], ids=str
)
def test_what_if_equals_enumeration(
    model: DiagnosticModel, enumerated: Any, answers: dict[str, Any], changes: dict[str, str]
) -> None:
    found = model.what_if(answers, changes)
    before, before_by_cause = enumerated(answers, {})
    after, after_by_cause = enumerated(answers, changes)
    assert (found.before, found.after) == pytest.approx((before, after), abs=1e-12)
    assert found.lowered == pytest.approx(before - after, abs=1e-12)
    for cause, (now, then) in found.causes.items():
        assert (now, then) == pytest.approx((before_by_cause[cause], after_by_cause[cause]), abs=1e-12)


@on_each
def test_a_habit_that_is_already_so_changes_nothing(model: DiagnosticModel, answers: dict[str, Any]) -> None:
    for habit, question in model.knowledge.habits.items():
        for state in ids(question.states):
            found = model.what_if({**answers, habit: state}, {habit: state})
            assert found.after == pytest.approx(found.before, abs=1e-12)
            assert found.interval == pytest.approx((0, 0), abs=1e-12)


def test_what_lasts_carries_over_and_what_does_not_is_drawn_anew(model: DiagnosticModel) -> None:
    plain = model.what_if({}, {}).causes
    sign = model.what_if({"exertional_ache": "yes"}, {}).causes
    assert sign["vascular_condition"][0] > 10 * plain["vascular_condition"][0]
    # A strain heals: felt or not, the next session's is as likely as the habits make it.
    known = {"posture": "neutral", "load_change": "usual", "trained_to_failure": "no", "earlier_back_pain": "none"}
    felt, unfelt = (model.what_if({"felt_tear": a, **known}, {}).causes for a in ("yes", "no"))
    assert felt["muscle_strain"][0] == pytest.approx(unfelt["muscle_strain"][0], abs=1e-12)


@pytest.mark.parametrize("habit", ["heat", "sweating", "felt_tear", "dehydration"])
def test_what_nobody_can_decide_to_change_is_refused(model: DiagnosticModel, habit: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown habit '{habit}' .*not a habit.*Allowed: load_change"):
        model.what_if({}, {habit: "yes"})


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"postur": "neutral"}, UnknownName, "did you mean 'posture'"),
        ({"posture": "nuetral"}, UnknownState, "did you mean 'neutral'"),
        ({"posture": None}, UnknownState, "of 'posture'"),
        ({"posture": {"neutral": 1}}, UnknownState, "of 'posture'"),
        (["posture"], bayesnet.BadEvidence, "changes must be"),
    ],
)
def test_a_change_that_is_none_is_refused(
    model: DiagnosticModel, changes: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        model.what_if({}, changes)


@on_each
def test_fixes_are_the_best_change_of_each_habit_ranked(model: DiagnosticModel, answers: dict[str, Any]) -> None:
    fixes = model.fixes(answers)
    assert len(fixes) > 0
    lowered = [fix.lowered for fix in fixes]
    assert lowered == sorted(lowered, reverse=True)
    assert min(lowered) > 0
    for fix in fixes:
        question = model.knowledge.habits[fix.habit]
        for state in {*ids(question.states)} - {*question.habit.never}:
            other = model.what_if(answers, {fix.habit: state})
            assert fix.after <= other.after + 1e-12
            assert fix.before == pytest.approx(other.before, abs=1e-12) == fixes.before
        assert fix.effort == question.habit.effort
        assert fix.label in fix.sentence
    skipped = set(model.knowledge.habits) - {fix.habit for fix in fixes}
    for habit in skipped:
        question = model.knowledge.habits[habit]
        for state in {*ids(question.states)} - {*question.habit.never}:
            assert model.what_if(answers, {habit: state}).lowered <= 1e-6


def test_what_nobody_is_told_to_choose_is_no_fix_however_much_it_helps(model: DiagnosticModel) -> None:
    knowledge, answers = model.knowledge, {"water_intake": "low", "sweating": "heavy", "electrolyte_intake": "adequate"}
    assert "excess" in knowledge.habits["water_intake"].habit.never
    assert model.what_if(answers, {"water_intake": "excess"}).after < model.what_if(answers, {}).after
    (water,) = (fix for fix in model.fixes(answers) if fix.habit == "water_intake")
    assert water.to != "excess"
    question = knowledge.questions["water_intake"]
    allowed = msgspec.structs.replace(question, habit=msgspec.structs.replace(question.habit, never=()))
    free = DiagnosticModel(replace(knowledge, questions={**knowledge.questions, "water_intake": allowed}))
    (water,) = (fix for fix in free.fixes(answers) if fix.habit == "water_intake")
    assert water.to == "excess"


def test_intervals_of_a_fix_hold_it_and_do_not_waver(model: DiagnosticModel) -> None:
    one, other = model.fixes(CASES[1]), model.fixes(CASES[1])
    for fix, again in zip(one, other, strict=True):
        low, high = fix.interval
        assert low <= fix.lowered <= high
        assert fix.interval == again.interval


def test_a_model_without_habits_has_no_fixes(tmp_path: Any) -> None:
    from test_explanation import LITTLE

    for name, text in LITTLE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    model = bayesnet.load(tmp_path)
    assert len(model.fixes({"warm": "yes"})) == 0
    assert model.what_if({}, {}).before == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (0.31, 0.19, "from about 3 in 10 sessions to about 2 in 10"),
        (0.19, 0.17, "from about 19 in 100 sessions to about 17 in 100"),
        (0.188, 0.1852, "from about 188 in 1,000 sessions to about 185 in 1,000"),
        (0.1514, 0.1484, "from about 151 in 1,000 sessions to about 148 in 1,000"),
        (0.2, 0.2, "stays at about 2 in 10 sessions"),
        (0.004, 0.002, "from about 4 in 1,000 sessions to about 2 in 1,000"),
    ],
)
def test_frequencies_share_a_denominator_that_shows_the_difference(before: float, after: float, says: str) -> None:
    assert from_to(before, after) == says


@pytest.mark.parametrize(
    ("change", "interval", "says"),
    [
        (0.082, (0.02, 0.163), "8.2 points lower (plausibly 2.0 to 16.3)"),
        (-0.072, (-0.142, -0.019), "7.2 points higher (plausibly 1.9 to 14.2)"),
        (0.003, (0.0001, 0.008), "0.3 points lower (plausibly less than 0.1 to 0.8)"),
        (0.0, (0.0, 0.0), "no change"),
    ],
)
def test_a_change_in_points_says_its_direction(change: float, interval: tuple[float, float], says: str) -> None:
    assert in_points(change, interval) == says


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (0.3, 0.0003, "from about 3 in 10 sessions to less than 1 in 1,000"),
        (0.0004, 0.02, "from less than 1 in 1,000 sessions to about 2 in 100"),
        (0.96, 0.9, "from about 96 in 100 sessions to about 90 in 100"),
        (0.999, 0.95, "from about 999 in 1,000 sessions to about 950 in 1,000"),
        (0.0312, 0.0306, "hardly changes: about 3 in 100 sessions"),
    ],
)
def test_frequencies_at_the_ends_claim_no_certainty(before: float, after: float, says: str) -> None:
    assert from_to(before, after) == says


def test_a_what_if_travels_between_processes(model: DiagnosticModel) -> None:
    result = model.what_if(CASES[1], {"posture": "neutral"})
    travelled = pickle.loads(pickle.dumps(result))
    assert travelled.interval == pytest.approx(result.interval, abs=1e-12)


def test_a_habit_that_leads_to_nothing_changes_nothing(tmp_path: Path) -> None:
    """A habit on a finding: it may be changed, and that does not matter."""
    folder = shutil.copytree(Path(__file__).parent / "other_domain", tmp_path / "model")
    file = folder / "model.toml"
    text = file.read_text(encoding="utf-8")
    start = text.index('id = "only_when_stopping"')
    at = text.index("states = ", start)
    file.write_text(text[:at] + 'habit = { effort = "small" }\n' + text[at:], encoding="utf-8")
    model = bayesnet.load(folder)
    assert "only_when_stopping" in model.knowledge.habits
    state = model.knowledge.habits["only_when_stopping"].states[0].id
    result = model.what_if({}, {"only_when_stopping": state})
    assert result.after == pytest.approx(result.before, abs=1e-12)
    assert "only_when_stopping" not in [fix.habit for fix in model.fixes({})]
