"""How sure a tuned number is: the observed information against second differences of the log-posterior."""

import numpy as np
import pytest
from random_models import random_model

from bayesnet import DiagnosticModel
from bayesnet.learning.em import Problem, fit
from bayesnet.learning.information import Free, _covariance, _free, _observed, strengths
from bayesnet.learning.parameters import parameters_of
from bayesnet.learning.patterns import patterns_of
from bayesnet.learning.simulation import redrawn, simulate


def fitted(model: DiagnosticModel, seed: int, ascertained: bool, missing: float = 0.3) -> tuple[Problem, np.ndarray]:
    cases = simulate(redrawn(model, seed), 200, seed, missing, 0.5, quiet=not ascertained)
    parameters = parameters_of(model.knowledge)
    alpha = parameters.strength[parameters.row_of] * parameters.values
    task = Problem(parameters, model.tree, patterns_of(model.knowledge, cases), alpha, ascertained)
    return task, fit(task, parameters.values, 2000, 1e-10).values


def log_posterior(task: Problem, values: np.ndarray) -> float:
    return task.expected(values)[1] + task.log_prior(values)


def moved(free: Free, by: dict[int, float]) -> np.ndarray:
    values = free.values.copy()
    for j, step in by.items():
        values[free.at[j]] *= np.exp(step)
    return free.parameters.normalised(values)


@pytest.mark.parametrize("ascertained", [True, False], ids=["cramps_only", "all_sessions"])
def test_the_information_is_minus_the_curvature_of_the_log_posterior(ascertained: bool) -> None:
    task, values = fitted(random_model(2), 2, ascertained)
    completed = task.parameters.row_sums(task.alpha + task.expected(values)[0])
    free = _free(task.parameters, values, completed)
    information = _observed(task, free, completed, None)
    h, n = 1e-2, len(free.at)
    for i in range(n):
        for j in range(i, n):
            corners = [
                a * b * log_posterior(task, moved(free, {i: a * h, j: b * h} if i != j else {i: (a + b) * h}))
                for a in (1, -1)
                for b in (1, -1)
            ]
            curvature = sum(corners) / (4 * h * h)
            assert information[i, j] == pytest.approx(-curvature, rel=2e-3, abs=2e-2)


def test_more_gaps_are_less_information() -> None:
    model = random_model(6)
    grown = []
    for missing in (0.0, 0.5, 0.9):
        task, values = fitted(model, 6, True, missing)
        grown.append(strengths(task, values).sum())
    assert grown[0] > grown[1] > grown[2]


def test_no_number_is_ever_less_known_than_before() -> None:
    for seed in range(6):
        task, values = fitted(random_model(seed), seed, seed % 2 == 0, 0.7)
        known = strengths(task, values)
        assert (known >= task.parameters.row_sums(task.alpha) * (1 - 1e-5)).all()


def test_a_direction_of_which_the_cases_say_less_than_nothing_keeps_its_prior() -> None:
    prior, observed = np.diag([4.0, 9.0]), np.diag([3.0, 18.0])
    np.testing.assert_allclose(_covariance(observed, prior), np.diag([1 / 4, 1 / 18]))


def test_unseen_sessions_are_no_evidence() -> None:
    """The completed data of cramps alone are mostly unseen sessions; none of them may count as known."""
    task, values = fitted(random_model(3), 3, True, 0.0)
    completed = task.parameters.row_sums(task.alpha + task.expected(values)[0])
    known = strengths(task, values)
    roots = [i for i, (table, _) in enumerate(task.parameters.rows) if table.id in ("r0", "r1")]
    assert (completed[roots] > 1.2 * known[roots]).all()
    assert (known[roots] <= task.parameters.strength[roots] + task.patterns.cases * 1.01).all()
