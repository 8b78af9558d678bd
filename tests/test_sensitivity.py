"""Each number's one-way function is the posterior recomputed, and its slope the central difference."""

from typing import Any

import numpy as np
import pytest

from bayesnet import DiagnosticModel, JunctionTree, Network, UnknownName
from bayesnet.diagnosis.sensitivity import OneWay
from bayesnet.knowledge.gates import expand

CASES: list[dict[str, Any]] = [
    {"sweating": "heavy", "felt_tear": "yes"},
    {"posture": {"flexed": 1.0, "extended": 0.4}, "tingling_weakness": "tingling", "rep_scheme": "low"},
]
on_each = pytest.mark.parametrize("answers", CASES, ids=lambda answers: ",".join(answers))


def recomputed(model: DiagnosticModel, number: OneWay, t: float, answers: dict[str, Any]) -> dict[str, float]:
    """P(triggered) of every cause in a model built anew with this number at t, the others of its row in proportion."""
    table = model.knowledge.tables[number.table]
    values, given, at = table.values.copy(), dict(number.given), table.states.index(number.state)
    states = model.tree.network.states
    for cell in np.ndindex(*values.shape[1:]):
        if all(states[p][i] == given.get(p, states[p][i]) for p, i in zip(table.parents, cell, strict=True)):
            row = values[(slice(None), *cell)] * (1 - t) / (1 - number.value)
            row[at] = t
            values[(slice(None), *cell)] = row
    numbers = {**model.knowledge.elicited(), number.table: values[..., None]}
    names, families = expand(model.knowledge, numbers)
    tree = JunctionTree(Network(names, {v: family.at(0) for v, family in families.items()}))
    nodes = model.reader.triggers
    found = tree.posterior({**answers, "cramp": "yes"}, nodes.values())
    return {cause: float(found[node][1]) for cause, node in nodes.items()}


@on_each
def test_each_function_equals_the_posterior_recomputed_at_five_values(model: DiagnosticModel, answers: Any) -> None:
    cause = model.diagnose(answers).beliefs[0].cause
    numbers = model.diagnose(answers).sensitivity(cause).numbers
    assert {n.table for n in numbers} == set(model.knowledge.tables)
    for number in numbers[:: max(1, len(numbers) // 30)]:
        for t in (0.02, 0.25, number.value, 0.6, 0.95):
            assert number.at(t) == pytest.approx(recomputed(model, number, t, answers)[cause], abs=1e-9)


@on_each
def test_the_derivative_equals_a_central_difference(model: DiagnosticModel, answers: Any) -> None:
    cause, step = model.diagnose(answers).beliefs[0].cause, 1e-5
    for number in model.diagnose(answers).sensitivity(cause).numbers[::7]:
        up, down = (recomputed(model, number, number.value + s, answers)[cause] for s in (step, -step))
        assert number.derivative == pytest.approx((up - down) / (2 * step), abs=1e-6)


@on_each
def test_where_it_says_another_cause_leads_two_lead_together(model: DiagnosticModel, answers: Any) -> None:
    d = model.diagnose(answers)
    flipping = [n for n in d.sensitivity(d.beliefs[0].cause) if n.flips_at is not None and 0 < n.flips_at < 1]
    assert flipping
    for number in flipping[:8]:
        at = sorted(recomputed(model, number, number.flips_at, answers).values())
        assert at[-1] == pytest.approx(at[-2], abs=1e-9)


def test_what_helps_most_is_slope_times_doubt(model: DiagnosticModel) -> None:
    found = model.diagnose({"felt_tear": "yes"}).sensitivity("muscle_strain")
    doubts = [number.doubt for number in found]
    assert doubts == sorted(doubts, reverse=True)
    for number in found:
        sd = (number.value * (1 - number.value) / (number.strength + 1)) ** 0.5
        assert number.doubt == pytest.approx(abs(number.derivative) * sd, abs=1e-12)
        assert number.at(number.value) == pytest.approx(found.triggered, abs=1e-9)
        low, high = number.swing
        assert min(low, high) - 1e-9 <= found.triggered <= max(low, high) + 1e-9


def test_an_unknown_cause_is_refused(model: DiagnosticModel) -> None:
    with pytest.raises(UnknownName, match="did you mean 'muscle_strain'"):
        model.diagnose({}).sensitivity("muscle_strian")


@pytest.mark.parametrize("answers", [{"heat": "hot_humid"}, {"posture": "flexed", "felt_tear": "yes"}], ids=str)
def test_a_flip_is_one_and_no_number_flips_where_nothing_can_be(model: DiagnosticModel, answers: Any) -> None:
    """Beyond the value another cause leads; where the evidence becomes impossible all meet at 0, which is no flip."""
    d = model.diagnose(answers)
    first = d.beliefs[0].cause
    flipping = [n for n in d.sensitivity(first) if n.flips_at is not None]
    assert flipping
    for number in flipping:
        beyond = number.flips_at + 1e-4 * np.sign(number.flips_at - number.value)
        if 0 < beyond < 1:
            then = recomputed(model, number, beyond, answers)
            assert max(then, key=then.__getitem__) != first
    assert not any(n.flips_at for n in d.sensitivity(first) if n.table == "heat" and "heat" in answers)


def test_at_the_end_where_the_evidence_cannot_be_the_limit_is_given(model: DiagnosticModel) -> None:
    found = model.diagnose({"heat": "hot_humid"}).sensitivity("dehydration")
    number = next(n for n in found if n.table == "heat" and n.state == "temperate")
    assert number.doubt == 0
    assert number.at(1.0) == pytest.approx(found.triggered, abs=1e-6)
    assert number.swing == pytest.approx((found.triggered, found.triggered), abs=1e-6)
