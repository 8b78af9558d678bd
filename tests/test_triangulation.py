"""The clique tree has the properties that make propagation on it exact."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import NETWORKS, random_dag, random_network

from bayesnet import Network
from bayesnet.inference.triangulation import CliqueTree, clique_tree

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


def check_order_and_maximality(tree: CliqueTree, network: Network) -> None:
    position = {variable: i for i, variable in enumerate(network.variables)}
    for clique in tree.cliques:
        assert list(clique.variables) == sorted(clique.variables, key=position.__getitem__)
        assert list(clique.separator) == sorted(clique.separator, key=position.__getitem__)
    sets = [frozenset(clique.variables) for clique in tree.cliques]
    assert not any(a < b or (a == b and i != j) for i, a in enumerate(sets) for j, b in enumerate(sets))


def check_all(network: Network) -> None:
    tree = clique_tree(network)
    check_parents_come_first(tree)
    check_separators_are_what_two_cliques_share(tree)
    check_running_intersection(tree, network)
    check_every_family_has_a_home(tree, network)
    check_order_and_maximality(tree, network)


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
def test_cliques_are_maximal_and_in_the_networks_order(network: Network) -> None:
    check_order_and_maximality(clique_tree(network), network)


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
