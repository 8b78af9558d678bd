"""A Network is checked once, when it is made; every refusal names the variable."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from bayesnet import BadNetwork, BayesnetError, Family, JunctionTree, Network, UnknownVariable

States = dict[str, Sequence[str]]
Families = dict[str, Family]


def parts() -> tuple[States, Families]:
    """rain -> wet."""
    states: States = {"rain": ("no", "yes"), "wet": ("dry", "damp", "soaked")}
    wet = np.array([[0.9, 0.1], [0.08, 0.3], [0.02, 0.6]])
    return states, {"rain": Family((), np.array([0.7, 0.3])), "wet": Family(("rain",), wet)}


def refusal(states: States, families: Families) -> str:
    with pytest.raises(BadNetwork) as caught:
        Network(states, families)
    return str(caught.value)


def with_table(variable: str, table: object) -> str:
    states, families = parts()
    families[variable] = Family(families[variable].parents, table)  # type: ignore[arg-type]
    return refusal(states, families)


def test_a_sound_network_is_accepted() -> None:
    network = Network(*parts())
    assert network.variables == ("rain", "wet")
    assert network.topological_order == ("rain", "wet")


def test_an_unknown_parent_is_refused() -> None:
    states, families = parts()
    families["wet"] = Family(("rian",), families["wet"].table)
    message = refusal(states, families)
    assert "'wet'" in message
    assert "'rian'" in message
    assert "rain" in message


def test_a_missing_table_is_refused() -> None:
    states, families = parts()
    del families["wet"]
    assert "'wet' has no table" in refusal(states, families)


def test_a_table_without_states_is_refused() -> None:
    states, families = parts()
    del states["wet"]
    assert "'wet'" in refusal(states, families)


def test_a_table_of_another_shape_is_refused() -> None:
    message = with_table("wet", np.full((2, 3), 0.5))
    assert "'wet'" in message
    assert "(2, 3)" in message
    assert "(3, 2)" in message


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_a_number_that_is_no_probability_is_refused(bad: float) -> None:
    assert "'rain'" in with_table("rain", np.array([bad, 1 - bad]))


@pytest.mark.parametrize("table", [["a", "b"], [[0.5], [0.2, 0.3]], None], ids=["words", "ragged", "None"])
def test_a_table_that_is_not_one_of_numbers_is_refused(table: object) -> None:
    assert "'rain'" in with_table("rain", table)


@pytest.mark.parametrize("off", [1e-3, -1e-3, 1e-5])
def test_a_row_that_does_not_sum_to_one_is_refused(off: float) -> None:
    message = with_table("rain", np.array([0.7, 0.3 + off]))
    assert "'rain'" in message
    assert f"{1 + off:.9g}" in message


def test_a_row_that_is_off_by_a_rounding_is_normalised() -> None:
    states, families = parts()
    families["rain"] = Family((), np.array([0.7, 0.3 + 1e-9]))
    table = Network(states, families).families["rain"].table
    assert table.sum() == pytest.approx(1, abs=1e-15)
    assert table[0] < 0.7


def test_a_cycle_is_refused_with_its_arcs() -> None:
    square = np.full((2, 2), 0.5)
    arcs = {"a": "c", "b": "a", "c": "b"}
    message = refusal(dict.fromkeys(arcs, ("x", "y")), {v: Family((p,), square) for v, p in arcs.items()})
    assert "cycle" in message
    # The message follows the arcs, from parent to child.
    path = message.split(": ")[1].split(" -> ")
    assert path[0] == path[-1]
    assert all(arcs[child] == parent for parent, child in pairwise(path))


def test_a_variable_that_is_its_own_parent_is_refused() -> None:
    assert "'a'" in refusal({"a": ("x", "y")}, {"a": Family(("a",), np.full((2, 2), 0.5))})


def test_a_parent_named_twice_is_refused() -> None:
    states, families = parts()
    families["wet"] = Family(("rain", "rain"), np.full((3, 2, 2), 1 / 3))
    assert "'wet'" in refusal(states, families)


def test_a_variable_without_states_is_refused() -> None:
    states, families = parts()
    states["wet"] = ()
    assert "'wet' has no states" in refusal(states, families)


def test_a_state_named_twice_is_refused() -> None:
    states, families = parts()
    states["wet"] = ("dry", "damp", "dry")
    message = refusal(states, families)
    assert "'wet'" in message
    assert "dry" in message


def test_tables_are_read_only() -> None:
    table = Network(*parts()).families["wet"].table
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 0.5


def test_a_table_changed_afterwards_does_not_change_the_network() -> None:
    states, families = parts()
    mine = np.array([0.7, 0.3])
    families["rain"] = Family((), mine)
    network = Network(states, families)
    mine[:] = [0.1, 0.9]
    assert network.families["rain"].table.tolist() == [0.7, 0.3]


def test_states_and_families_cannot_be_replaced() -> None:
    network = Network(*parts())
    with pytest.raises(TypeError):
        network.states["rain"] = ("x",)  # type: ignore[index]
    with pytest.raises(AttributeError):
        network.states = {}  # type: ignore[misc]


def test_an_unknown_variable_comes_with_the_nearest_name() -> None:
    tree = JunctionTree(Network(*parts()))
    with pytest.raises(UnknownVariable, match="did you mean 'rain'"):
        tree.posterior({"rian": "yes"})
    with pytest.raises(UnknownVariable, match="did you mean 'wet'"):
        tree.posterior({}, ["wett"])


def test_a_network_without_variables_is_refused_or_answers_nothing() -> None:
    try:
        found = JunctionTree(Network({}, {})).posterior({})
    except BayesnetError:
        return
    assert found == {}


def test_something_else_than_a_network_is_refused() -> None:
    with pytest.raises(BadNetwork, match="'dict'"):
        JunctionTree({"a": 1})
