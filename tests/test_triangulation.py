"""The clique tree has the properties that make propagation on it exact."""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import NETWORKS, random_dag, random_network

from bayesnet import Network
from bayesnet.inference import triangulation
from bayesnet.inference.triangulation import CliqueTree, tree_in_order


def clique_tree(network: Network) -> CliqueTree:
    return triangulation.clique_tree(network.variables, *scopes_and_sizes(network))


def scopes_and_sizes(network: Network) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    scopes = {variable: (variable, *family.parents) for variable, family in network.families.items()}
    return scopes, {variable: len(states) for variable, states in network.states.items()}


shapes = [pytest.param(network, id=shape) for shape, network in NETWORKS.items()]
each_network = pytest.mark.parametrize("network", shapes)


def check_parents_come_first(tree: CliqueTree) -> None:
    for position, clique in enumerate(tree.cliques):
        assert (clique.parent is None) == (position == 0)
        assert clique.parent is None or clique.parent < position


def check_separators_are_what_two_cliques_share(tree: CliqueTree) -> None:
    for clique in tree.cliques:
        shared = set() if clique.parent is None else set(clique.variables) & set(tree.cliques[clique.parent].variables)
        assert set(clique.separator) == shared


def check_running_intersection(tree: CliqueTree, network: Network) -> None:
    """The cliques that hold a variable are joined: all but one of them have a parent that holds it too."""
    for variable in network.variables:
        holding = [clique for clique in tree.cliques if variable in clique.variables]
        assert len([clique for clique in holding if variable not in clique.separator]) == 1


def check_every_family_has_a_home(tree: CliqueTree, network: Network) -> None:
    for variable, family in network.families.items():
        assert {variable, *family.parents} <= set(tree.cliques[tree.home[variable]].variables)
        assert variable in tree.cliques[tree.smallest[variable]].variables


def check_order(tree: CliqueTree) -> None:
    """Every clique in the order of elimination, what it does not share with its parent first."""
    position = {variable: i for i, variable in enumerate(tree.order)}
    for clique in tree.cliques:
        assert list(clique.variables) == sorted(clique.variables, key=position.__getitem__)
        assert clique.variables[len(clique.summed) :] == clique.separator
        assert clique.summed == tuple(range(len(clique.summed)))


def check_positions(tree: CliqueTree, network: Network) -> None:
    def cells(i: int) -> int:
        return prod(len(network.states[variable]) for variable in tree.cliques[i].variables)

    for variable in network.variables:
        holding = [i for i, clique in enumerate(tree.cliques) if variable in clique.variables]
        assert [i for i, _ in tree.axes[variable]] == holding
        assert all(tree.cliques[i].variables[axis] == variable for i, axis in tree.axes[variable])
        assert tree.top[variable] == holding[0]
        assert cells(tree.smallest[variable]) == min(cells(i) for i in holding)
    assert tree.size == sum(cells(i) for i in range(len(tree.cliques)))


def check_all(network: Network) -> None:
    tree = clique_tree(network)
    check_parents_come_first(tree)
    check_separators_are_what_two_cliques_share(tree)
    check_running_intersection(tree, network)
    check_every_family_has_a_home(tree, network)
    check_order(tree)
    check_positions(tree, network)


@each_network
def test_every_parent_stands_before_its_children(network: Network) -> None:
    check_parents_come_first(clique_tree(network))


@each_network
def test_a_separator_is_what_two_cliques_share(network: Network) -> None:
    check_separators_are_what_two_cliques_share(clique_tree(network))


@each_network
def test_the_cliques_of_a_variable_are_joined(network: Network) -> None:
    check_running_intersection(clique_tree(network), network)


@each_network
def test_every_family_has_a_home(network: Network) -> None:
    check_every_family_has_a_home(clique_tree(network), network)


@each_network
def test_cliques_are_in_the_order_of_elimination_what_is_summed_first(network: Network) -> None:
    check_order(clique_tree(network))


@each_network
def test_every_variable_is_found_where_the_tree_says(network: Network) -> None:
    check_positions(clique_tree(network), network)


@each_network
def test_joined_cliques_cost_no_more_than_a_step_each(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    joined = clique_tree(network)
    monkeypatch.setattr(triangulation, "STEP", 0)
    apart = tree_in_order(joined.order, *scopes_and_sizes(network))
    assert apart.size <= joined.size <= apart.size + 16 * len(network.variables)


@each_network
def test_min_fill_adds_no_edge_where_none_is_needed(network: Network) -> None:
    """A chordal graph stays as it is: eliminating along its own min-fill order joins nobody."""
    tree = clique_tree(network)
    chordal = triangulation.moral_graph(network.variables, {str(i): c.variables for i, c in enumerate(tree.cliques)})
    for variable in triangulation.greedy_order(chordal, triangulation.fill_in):
        assert triangulation.missing_edges(chordal, variable) == []
        for neighbour in chordal.pop(variable):
            chordal[neighbour].discard(variable)


@st.composite
def dags(draw: st.DrawFn) -> Network:
    """Any DAG of up to nine nodes: arcs run from earlier to later names of a shuffled order."""
    order = draw(st.permutations([f"v{i}" for i in range(draw(st.integers(1, 9)))]))
    arcs = [
        (parent, child)
        for i, child in enumerate(order)
        for parent in draw(st.lists(st.sampled_from(order[:i]), unique=True, max_size=3) if i else st.just([]))
    ]
    return random_network({name: draw(st.integers(1, 3)) for name in sorted(order)}, arcs, seed=0)


@settings(deadline=None, max_examples=150)
@given(network=dags())
def test_any_dag_gets_a_proper_clique_tree(network: Network) -> None:
    check_all(network)


def test_a_large_random_dag_gets_a_proper_clique_tree() -> None:
    check_all(random_dag(seed=20, n=40))


def test_the_shipped_tree_is_proper(model) -> None:
    check_all(model.tree.network)


def test_the_same_network_gives_the_same_tree() -> None:
    assert clique_tree(random_dag(21)) == clique_tree(random_dag(21))
