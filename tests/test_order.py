"""Orders that a model declares: kept by every draw and by tuning, and the nearest numbers that keep them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize
from sklearn.isotonic import IsotonicRegression

import bayesnet
from bayesnet import BadModel, DiagnosticModel
from bayesnet.knowledge.numbers import falling
from bayesnet.knowledge.order import Order, is_circular, isotonic, order_of, upper_sets
from bayesnet.learning.em import Problem
from bayesnet.learning.given import as_patterns
from bayesnet.learning.parameters import parameters_of
from bayesnet.learning.versions import Edit, edited


def grid(first: Order, second: Order) -> Order:
    """The order of all pairs: no part of the higher stands lower."""
    n = len(first) * len(second)
    return (first[:, None, :, None] & second[None, :, None, :]).reshape(n, n)


CHAIN = order_of("abc", ["abc"])
FORK = order_of("abcd", ["abc", "ad"])
ORDERS = {"chain": CHAIN, "fork": FORK, "grid": grid(CHAIN, CHAIN), "forks": grid(order_of("abc", ["ab", "ac"]), FORK)}
each_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


def keeps(values: np.ndarray, order: Order) -> bool:
    return not (values[:, None] > values[None, :] + 1e-12)[order].any()


@each_order
def test_upper_sets_are_those_that_enumeration_finds(order: Order) -> None:
    n = len(order)
    every = (np.array(bits, dtype=bool) for bits in product((False, True), repeat=n))
    closed = {tuple(some) for some in every if not (some[:, None] & order & ~some[None, :]).any()}
    assert {tuple(some) for some in upper_sets(order)} == closed
    assert len(upper_sets(order)) == len(closed)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 8))
def test_along_a_chain_it_is_scikit_learns_isotonic_regression(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.random(n), rng.uniform(0.1, 5, n)
    names = "abcdefgh"[:n]
    expected = IsotonicRegression().fit(range(n), values, sample_weight=weights).predict(range(n))
    assert isotonic(values, weights, order_of(names, [names])) == pytest.approx(expected, abs=1e-12)


@each_order
def test_on_any_order_it_is_the_solution_of_the_quadratic_programme(order: Order) -> None:
    rng = np.random.default_rng(7)
    low, high = np.nonzero(order & ~np.eye(len(order), dtype=bool))
    differences = np.zeros((len(low), len(order)))
    differences[np.arange(len(low)), low], differences[np.arange(len(low)), high] = -1, 1
    for _ in range(5):
        values, weights = rng.random(len(order)), rng.uniform(0.5, 3, len(order))
        found = isotonic(values, weights, order)
        assert keeps(found, order)
        programme = minimize(
            lambda x, v=values, w=weights: (w * (x - v) ** 2).sum(),
            np.full(len(order), values.mean()),
            constraints=[LinearConstraint(differences, 0, np.inf)],
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 1000},
        )
        assert found == pytest.approx(programme.x, abs=1e-5)


@each_order
def test_what_keeps_the_order_stays_as_it_is_and_columns_do_not_mix(order: Order) -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.random((len(order), 6)), rng.uniform(0.5, 3, len(order))
    values[:, 0] = 0.25
    found = isotonic(values, weights, order)
    assert (found[:, 0] == 0.25).all()
    for column in range(6):
        assert found[:, column] == pytest.approx(isotonic(values[:, column], weights, order), abs=1e-12)
    assert isotonic(found, weights, order) == pytest.approx(found, abs=1e-12)


def test_a_circle_is_no_order() -> None:
    assert not is_circular(order_of("abc", ["abc", "ac"]))
    assert is_circular(order_of("abc", ["abc", "ca"]))


# ---- the shipped model


def ordered_tables(model: DiagnosticModel) -> list[str]:
    return [name for name, table in model.knowledge.tables.items() if table.rises]


def test_the_shipped_model_declares_orders_and_keeps_them(model: DiagnosticModel) -> None:
    assert {"dehydration/sweat", "dehydration/salts", "vascular_condition"} <= {*ordered_tables(model)}
    assert not any(list(falling(table, model.knowledge.states)) for table in model.knowledge.tables.values())


def test_more_sweat_is_never_less_dehydration_in_any_draw(model: DiagnosticModel) -> None:
    sweat = model.knowledge.draw(400, seed=1)["dehydration/sweat"][1]  # sweating, water_intake, draw
    assert (np.diff(sweat, axis=0) >= -1e-12).all()
    low, moderate, adequate, excess = sweat.transpose(1, 0, 2)
    assert (low >= moderate - 1e-12).all()
    assert (moderate >= adequate - 1e-12).all()
    assert (adequate >= excess - 1e-12).all()


def test_no_draw_breaks_an_order_and_every_row_stays_a_distribution(model: DiagnosticModel) -> None:
    knowledge, drawn = model.knowledge, model.knowledge.draw(200, seed=2)
    for name in ordered_tables(model):
        table = knowledge.tables[name]
        places = [tuple(0 if isinstance(at, slice) else at for at in knowledge.cells(table, row)) for row in table.rows]
        assert keeps(np.array([drawn[name][(1, *at)] for at in places]), knowledge.row_order(table)), name
        assert drawn[name].sum(axis=0) == pytest.approx(1, abs=1e-12)
        assert (drawn[name] >= 0).all()


def test_without_the_orders_draws_would_break_them(model: DiagnosticModel) -> None:
    tables = {name: replace(table, rises={}) for name, table in model.knowledge.tables.items()}
    free = replace(model.knowledge, tables=tables).draw(200, seed=2)
    table = model.knowledge.tables["inadequate_blood_supply/reps_rest"]
    places = [model.knowledge.cells(table, row) for row in table.rows]
    assert not keeps(np.array([free[table.id][(1, *at)] for at in places]), model.knowledge.row_order(table))


def cases_against_the_order(model: DiagnosticModel) -> list[dict[str, str | int]]:
    """Cases that say that heavy sweat is harmless and light sweat is not."""
    dry = {"sweating": "light", "water_intake": "low", "electrolyte_intake": "adequate", "heat": "temperate"}
    wet = dry | {"sweating": "heavy"}
    other = {"triggered": "muscle_strain", "ruled_out": "dehydration", "count": 400}
    return [{**dry, "triggered": "dehydration", "count": 400}, {**wet, **other}]


def test_tuning_keeps_the_orders_against_the_cases(model: DiagnosticModel) -> None:
    tuned = bayesnet.tune(model, cases_against_the_order(model), starts=1)
    knowledge = tuned.model.knowledge
    table = knowledge.tables["dehydration/sweat"]
    assert not any(list(falling(other, knowledge.states)) for other in knowledge.tables.values())
    assert table.values[1, 0, 0] > 3 * model.knowledge.tables["dehydration/sweat"].values[1, 0, 0]
    history = np.array(tuned.history)
    assert (np.diff(history) > -1e-7 * np.abs(history[1:])).all()


def test_a_tuned_model_with_orders_can_be_saved_and_loaded(model: DiagnosticModel, tmp_path) -> None:
    tuned = bayesnet.tune(model, cases_against_the_order(model), starts=1, iterations=5)
    tuned.save(tmp_path / "tuned", scores=False)
    assert bayesnet.load(tmp_path / "tuned").knowledge.tables["dehydration/sweat"].rises


def test_the_m_step_is_the_likeliest_that_keeps_the_order(model: DiagnosticModel) -> None:
    """No ordered step nearby has a higher expected complete-data log-posterior."""
    parameters = parameters_of(model.knowledge)
    alpha = parameters.strength[parameters.row_of] * parameters.values
    patterns = as_patterns(model.knowledge, cases_against_the_order(model))
    task = Problem(parameters, model.tree, patterns, alpha, True)
    completed = alpha + task.expected(parameters.values)[0]
    after, _ = task.step(parameters.values)

    def likely(values: np.ndarray) -> float:
        some = completed > 0
        return float(completed[some] @ np.log(np.maximum(values[some], 1e-300)))

    assert likely(after) >= likely(parameters.values)
    rng = np.random.default_rng(5)
    for name in ordered_tables(model):
        rows = [i for i, (table, _) in enumerate(parameters.rows) if table.id == name]
        for _ in range(40):
            moved = after.copy()
            for row in rows:
                moved[parameters.blocks[row]] *= np.exp(rng.normal(0, 0.02, 2))
            other = parameters.in_order(parameters.normalised(moved), parameters.strength)
            assert likely(other) <= likely(after) + 1e-9, name


def test_a_number_typed_by_hand_must_keep_the_order(model: DiagnosticModel) -> None:
    given = (("sweating", "heavy"), ("water_intake", "low"))
    with pytest.raises(BadModel) as refused:
        edited(model, [Edit("dehydration/sweat", given, {"yes": 0.001}, 20)])
    assert "must not fall" in str(refused.value)
