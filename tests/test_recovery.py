"""Does tuning find a truth that is known? The shipped model with every number drawn anew, and simulated cramps from it."""

import numpy as np
import pytest

from bayesnet import DiagnosticModel
from bayesnet.learning.intervals import intervals
from bayesnet.learning.parameters import parameters_of
from bayesnet.learning.patterns import Patterns, patterns_of
from bayesnet.learning.simulation import redrawn, simulate
from bayesnet.learning.tuning import Tuned, tune, tuned_values

TRUTH = 19
CASES, MISSING, LABELLED = 20_000, 0.3, 0.4
DOUBLED, TENFOLD = 2.0, 10.0
"""A number is well observed where the cases make it so much stronger than what was known before."""


@pytest.fixture(scope="module")
def truth(model: DiagnosticModel) -> DiagnosticModel:
    return redrawn(model, TRUTH)


@pytest.fixture(scope="module")
def cases(truth: DiagnosticModel) -> Patterns:
    return patterns_of(truth.knowledge, simulate(truth, CASES, 1, MISSING, LABELLED))


@pytest.fixture(scope="module")
def tuned(model: DiagnosticModel, cases: Patterns) -> Tuned:
    return tune(model, cases, starts=1)


@pytest.fixture(scope="module")
def held_out(truth: DiagnosticModel) -> Patterns:
    return patterns_of(truth.knowledge, simulate(truth, 10_000, 2, MISSING, LABELLED))


def log_score(model: DiagnosticModel, cases: Patterns) -> float:
    """The mean of ln P(answers and labels | cramp)."""
    whole = cases.weights @ model.tree.log_evidence(cases.evidence) / cases.cases
    return float(whole - np.log(model.tree.posterior({}, ["cramp"])["cramp"][1]))


def well_observed(tuned: Tuned, grown: float) -> np.ndarray:
    return np.array([n.strength_after >= grown * n.strength_before for n in tuned.numbers])


def values(model: DiagnosticModel, tuned: Tuned) -> np.ndarray:
    """What a model holds of each of the tuned numbers."""
    rows = {(t.id, row.given): row for t in model.knowledge.tables.values() for row in t.rows}
    return np.array([rows[n.table, n.given].p[n.state] for n in tuned.numbers])


def test_held_out_cases_are_predicted_as_the_truth_would(
    model: DiagnosticModel, truth: DiagnosticModel, tuned: Tuned, held_out: Patterns
) -> None:
    best = log_score(truth, held_out)
    assert log_score(tuned.model, held_out) == pytest.approx(best, rel=0.02)
    assert log_score(model, held_out) < best * 1.02


def test_nine_in_ten_well_observed_numbers_come_nearer_to_the_truth(
    model: DiagnosticModel, truth: DiagnosticModel, tuned: Tuned
) -> None:
    seen, true = well_observed(tuned, TENFOLD), values(truth, tuned)
    nearer = np.abs(values(tuned.model, tuned) - true) < np.abs(values(model, tuned) - true)
    assert seen.sum() > 50
    assert nearer[seen].mean() >= 0.9


def test_cramps_alone_do_not_teach_that_cramps_and_jumps_in_load_are_common(
    model: DiagnosticModel, truth: DiagnosticModel, tuned: Tuned, cases: Patterns
) -> None:
    plain = tuned_values(model, cases, ascertained=False, strength=1.0)
    for variable in ("cramp", "load_change"):
        true, elicited, naive, learned = (
            float(one.tree.posterior({}, [variable])[variable][1]) for one in (truth, model, plain, tuned.model)
        )
        assert abs(naive - true) > abs(elicited - true)
        assert abs(learned - true) < abs(elicited - true) / 2


def test_nine_in_ten_intervals_hold_the_truth(model: DiagnosticModel) -> None:
    """90 % intervals of well-observed numbers, over 16 truths drawn from the model, each with its own cases."""
    parameters = parameters_of(model.knowledge)
    held: list[np.ndarray] = []
    for seed in range(100, 116):
        true = redrawn(model, seed)
        tuned = tune(model, simulate(true, 700, seed, MISSING, LABELLED), starts=1)
        p, strength = (np.array([getattr(n, name) for n in tuned.numbers]) for name in ("after", "strength_after"))
        low, high = intervals(p, strength)
        t = values(true, tuned)
        held.append(((low <= t) & (t <= high))[well_observed(tuned, DOUBLED)])
    assert len(parameters.rows) == 140
    assert 0.85 <= np.concatenate(held).mean() <= 0.95
