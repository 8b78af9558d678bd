"""Structure: from a network's arcs to a tree of cliques, before any number is touched.

Moral graph -> elimination order -> cliques -> tree with the running intersection property
(Lauritzen & Spiegelhalter 1988; the tree as a maximum spanning tree over separators, Jensen & Jensen 1994).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import prod

from bayesnet.inference.network import Network

Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Clique:
    """A node of the tree. Its variables stand in the network's order, and so do those of its separator.

    `parent` is the position of the next clique towards the root (None at the root); `separator` is what the two share.
    """

    variables: tuple[str, ...]
    parent: int | None
    separator: tuple[str, ...]


@dataclass(frozen=True)
class CliqueTree:
    """Cliques with every parent before its children, so that backwards is towards the root.

    `home[v]` is the position of a clique that holds v and all its parents; `smallest[v]` of the smallest with v.
    `size` is how many numbers the tables of all cliques hold: the cost, known before anything is allocated.
    """

    cliques: tuple[Clique, ...]
    home: dict[str, int]
    smallest: dict[str, int]
    size: int


def clique_tree(network: Network) -> CliqueTree:
    """The cheaper of the min-fill and the weighted min-fill clique tree, by total table size."""
    sizes = {variable: len(states) for variable, states in network.states.items()}
    graph = moral_graph(network)
    candidates = [
        elimination_cliques(graph, fill_in),
        elimination_cliques(graph, lambda g, v: weighted_fill_in(g, v, sizes)),
    ]
    cliques = min(candidates, key=lambda found: total_size(found, sizes))
    return _rooted_tree(network, cliques, sizes)


def total_size(cliques: Iterable[Iterable[str]], sizes: dict[str, int]) -> int:
    """How many numbers the tables of these cliques hold."""
    return sum(prod(sizes[variable] for variable in clique) for clique in cliques)


def moral_graph(network: Network) -> Graph:
    """The undirected graph in which every family is fully joined."""
    graph: Graph = {variable: set() for variable in network.variables}
    for variable, family in network.families.items():
        _join((variable, *family.parents), graph)
    return graph


def _join(variables: Iterable[str], graph: Graph) -> None:
    for a, b in combinations(variables, 2):
        graph[a].add(b)
        graph[b].add(a)


def missing_edges(graph: Graph, variable: str) -> list[tuple[str, str]]:
    """The pairs of neighbours that eliminating `variable` would have to join."""
    return [(a, b) for a, b in combinations(graph[variable], 2) if b not in graph[a]]


def fill_in(graph: Graph, variable: str) -> float:
    """Min-fill: the number of edges that eliminating `variable` adds."""
    return len(missing_edges(graph, variable))


def weighted_fill_in(graph: Graph, variable: str, sizes: dict[str, int]) -> float:
    """Weighted min-fill: the same, each edge weighed by the product of its ends' state counts (Kjaerulff 1990)."""
    return sum(sizes[a] * sizes[b] for a, b in missing_edges(graph, variable))


def elimination_cliques(graph: Graph, cost: Callable[[Graph, str], float]) -> list[frozenset[str]]:
    """The maximal cliques left by eliminating, again and again, the variable of least cost."""
    graph = {variable: set(neighbours) for variable, neighbours in graph.items()}
    costs = {variable: cost(graph, variable) for variable in graph}
    stale: set[str] = set()
    found: list[frozenset[str]] = []
    while graph:
        # A variable that costs nothing goes on costing nothing, so stale costs can wait until none such is left.
        variable = min((v for v in graph if v not in stale), key=lambda v: (costs[v], len(graph[v])), default=None)
        if variable is None or (costs[variable] > 0 and stale):
            costs.update({v: cost(graph, v) for v in stale})
            stale.clear()
            continue
        neighbours = graph[variable]
        touched = set(neighbours)
        for a, b in missing_edges(graph, variable):
            _join((a, b), graph)
            touched |= graph[a] & graph[b]
        clique = frozenset(neighbours | {variable})
        if not any(clique <= other for other in found):
            found.append(clique)
        for neighbour in neighbours:
            graph[neighbour].discard(variable)
        del graph[variable]
        stale |= touched - {variable}
    return found


def _rooted_tree(network: Network, cliques: list[frozenset[str]], sizes: dict[str, int]) -> CliqueTree:
    """Prim's maximum spanning tree over separator sizes, rooted at the largest clique.

    Parts of the network that no arc joins meet in an empty separator, so that the tree is always one.
    """
    position = {variable: i for i, variable in enumerate(network.variables)}

    def ordered(variables: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(variables, key=position.__getitem__))

    def weight(clique: frozenset[str]) -> int:
        return prod(sizes[v] for v in clique)

    waiting = sorted(cliques, key=lambda clique: -weight(clique))
    placed = [waiting.pop(0)]
    tree = [Clique(ordered(placed[0]), None, ())]
    best = [(clique, 0) for clique in waiting]
    while best:
        found = max(range(len(best)), key=lambda i: len(best[i][0] & placed[best[i][1]]))
        clique, parent = best.pop(found)
        tree.append(Clique(ordered(clique), parent, ordered(clique & placed[parent])))
        placed.append(clique)
        newest = len(placed) - 1
        best = [(c, newest if len(c & clique) > len(c & placed[p]) else p) for c, p in best]

    by_size = sorted(range(len(placed)), key=lambda i: weight(placed[i]))
    home = {
        variable: next(i for i in by_size if placed[i].issuperset((variable, *family.parents)))
        for variable, family in network.families.items()
    }
    smallest = {variable: next(i for i in by_size if variable in placed[i]) for variable in network.variables}
    return CliqueTree(tuple(tree), home, smallest, total_size(cliques, sizes))
