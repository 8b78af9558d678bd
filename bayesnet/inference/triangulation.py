"""Structure: from families to a tree of cliques, before any number is touched.

Moral graph -> elimination order -> cliques -> tree with the running intersection property (Lauritzen & Spiegelhalter
1988). Every array over a clique has its variables in the order of elimination. So what a clique does not share with its
parent comes first, is summed over the leading axes, and a message meets any clique by a mere insertion of axes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations
from math import prod

Graph = dict[str, set[str]]
Priority = tuple[float, int, int]
Scopes = Mapping[str, tuple[str, ...]]
"""Per family, under the name of its child: the variables of its table."""

Index = tuple[slice | None, ...]
"""What to index an array with so that it gains an axis of length 1 for each variable it lacks."""

STEP = 16
"""What a clique of its own costs beside its numbers, in numbers: cliques are joined where that is cheaper."""

RESCALED = 8
"""Messages are rescaled once in so many cliques: networks of a thousand nodes do not underflow."""


@dataclass(frozen=True)
class Clique:
    """A node of the tree: `variables` in the order of elimination, of which the last ones are its `separator`.

    `parent` is the position of the next clique towards the root (None at the root); `separator` is what the two share.
    `summed` and `summed_above` are the axes outside the separator, here and in the parent; `into_parent` and `into_clique`
    spread a table over the separator to either. `rescales` marks the messages that are brought back to a sum of 1.
    """

    variables: tuple[str, ...]
    separator: tuple[str, ...]
    parent: int | None
    summed: tuple[int, ...]
    summed_above: tuple[int, ...]
    into_parent: Index
    into_clique: Index
    rescales: bool

    @property
    def above(self) -> int:
        """The parent's position; 0 at the root, which is nobody's child."""
        return 0 if self.parent is None else self.parent


@dataclass(frozen=True)
class Way:
    """From the table of a family, its last axis the column, into its home clique and back.

    Transposed by `order` and indexed by `spread` it meets the clique; the clique summed over `outside` (the column too) and
    transposed by `undo` has the family's axes again.
    """

    order: tuple[int, ...]
    spread: Index
    outside: tuple[int, ...]
    undo: tuple[int, ...]


@dataclass(frozen=True)
class CliqueTree:
    """Cliques with every parent before its children, so that backwards is towards the root.

    `order` is the order of elimination. `home[v]` is the position of the clique that holds the family of v, `top[v]` of
    the one nearest the root that holds v, `smallest[v]` of the smallest; `axes[v]` lists the cliques that hold v with the
    axis it has there, `others[v]` the other axes of the smallest; `ways[v]` leads from the table of v to its home and back.
    `size` is how many numbers the tables of all cliques hold: the cost, known before anything is allocated.
    """

    cliques: tuple[Clique, ...]
    order: tuple[str, ...]
    home: dict[str, int]
    top: dict[str, int]
    smallest: dict[str, int]
    axes: dict[str, list[tuple[int, int]]]
    others: dict[str, tuple[int, ...]]
    ways: dict[str, Way]
    size: int

    def towards_root(self, positions: Iterable[int]) -> list[int]:
        """These cliques and all between them and the root, the root included and first."""
        found = {0}
        for position in positions:
            at: int | None = position
            while at is not None and at not in found:
                found.add(at)
                at = self.cliques[at].parent
        return sorted(found)


def clique_tree(variables: Sequence[str], scopes: Scopes, sizes: Mapping[str, int]) -> CliqueTree:
    """The cheaper of the min-fill and the weighted min-fill clique tree, by total table size."""
    graph = moral_graph(variables, scopes)
    orders = [greedy_order(graph, fill_in), greedy_order(graph, lambda g, v: weighted_fill_in(g, v, sizes))]
    return min((tree_in_order(order, scopes, sizes) for order in orders), key=lambda tree: tree.size)


def tree_in_order(order: Sequence[str], scopes: Scopes, sizes: Mapping[str, int]) -> CliqueTree:
    """The clique tree that eliminating the variables in this order leaves.

    From the last variable back, each joins the clique of its earliest neighbour among those eliminated after it, where
    that costs no more than a clique of its own (relaxed supernodes: Ashcraft & Grimes 1989), else it starts a clique.
    """
    rank = {variable: i for i, variable in enumerate(order)}
    later = _later_neighbours(moral_graph(order, scopes), order)
    # Per clique its variables from the last eliminated to the first, its separator, and its position above.
    members: list[list[str]] = []
    separators: list[list[str]] = []
    above: list[int] = []
    cells: list[int] = []
    top: dict[str, int] = {}
    for variable in reversed(order):
        neighbours = sorted(later[variable], key=rank.__getitem__)
        parent = top[neighbours[0]] if neighbours else 0
        own = sizes[variable] * prod(sizes[other] for other in neighbours)
        if members and cells[parent] * sizes[variable] <= cells[parent] + own + STEP:
            top[variable] = parent
            members[parent].append(variable)
            cells[parent] *= sizes[variable]
        else:
            top[variable] = len(members)
            members.append([*reversed(neighbours), variable])
            separators.append(neighbours)
            above.append(parent)
            cells.append(own)
    if not members:
        members, separators, above, cells = [[]], [[]], [0], [1]

    variables = [tuple(reversed(found)) for found in members]
    rescales = _every(RESCALED, above)
    cliques = tuple(
        _clique(variables[i], tuple(separators[i]), above[i] if i else None, variables[above[i]], rescales[i])
        for i in range(len(members))
    )
    return _indexed(cliques, order, scopes, top, cells)


def _indexed(
    cliques: tuple[Clique, ...], order: Sequence[str], scopes: Scopes, top: dict[str, int], cells: Sequence[int]
) -> CliqueTree:
    """The cliques with all that says what is where."""
    rank = {variable: i for i, variable in enumerate(order)}
    home = {child: top[min(scope, key=rank.__getitem__)] for child, scope in scopes.items() if scope}
    ways = {child: _way(scope, cliques[home.get(child, 0)].variables, rank) for child, scope in scopes.items()}
    axes: dict[str, list[tuple[int, int]]] = {variable: [] for variable in order}
    for i, clique in enumerate(cliques):
        for axis, variable in enumerate(clique.variables):
            axes[variable].append((i, axis))
    smallest = {variable: min(found, key=lambda place: cells[place[0]])[0] for variable, found in axes.items()}
    others = {
        variable: tuple(axis for axis, other in enumerate(cliques[i].variables) if other != variable)
        for variable, i in smallest.items()
    }
    return CliqueTree(cliques, tuple(order), home, top, smallest, axes, others, ways, sum(cells))


def _way(scope: tuple[str, ...], variables: tuple[str, ...], rank: Mapping[str, int]) -> Way:
    order = sorted(range(len(scope)), key=lambda i: rank[scope[i]])
    spread = tuple(slice(None) if variable in scope else None for variable in variables)
    outside = tuple(axis for axis, variable in enumerate(variables) if variable not in scope)
    return Way(
        (*order, len(scope)), spread, (*outside, len(variables)), tuple(order.index(i) for i in range(len(scope)))
    )


def _clique(
    variables: tuple[str, ...],
    separator: tuple[str, ...],
    parent: int | None,
    above: tuple[str, ...],
    rescales: bool,
) -> Clique:
    shared = set(separator)

    def axes_outside(scope: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(i for i, variable in enumerate(scope) if variable not in shared)

    def spread(scope: tuple[str, ...]) -> Index:
        return tuple(slice(None) if variable in shared else None for variable in scope)

    return Clique(
        variables,
        separator,
        parent,
        summed=axes_outside(variables),
        summed_above=axes_outside(above),
        into_parent=spread(above),
        into_clique=spread(variables),
        rescales=rescales,
    )


def _every(count: int, above: Sequence[int]) -> list[bool]:
    """Marks cliques so that no more than about `count` meet below a mark before the next one."""
    unscaled = [1] * len(above)
    marks = [False] * len(above)
    for i in range(len(above) - 1, 0, -1):
        marks[i] = unscaled[i] >= count
        unscaled[above[i]] += 0 if marks[i] else unscaled[i]
    return marks


def moral_graph(variables: Iterable[str], scopes: Scopes) -> Graph:
    """The undirected graph in which every family is fully joined."""
    graph: Graph = {variable: set() for variable in variables}
    for scope in scopes.values():
        for variable in scope:
            graph[variable].update(scope)
    for variable, neighbours in graph.items():
        neighbours.discard(variable)
    return graph


def _later_neighbours(graph: Graph, order: Iterable[str]) -> Graph:
    """What each variable is joined to, fill-ins included, when it is eliminated. Consumes `graph`."""
    for variable in order:
        neighbours = graph[variable]
        for neighbour in neighbours:
            graph[neighbour] |= neighbours
            graph[neighbour] -= {variable, neighbour}
    return graph


def missing_edges(graph: Graph, variable: str) -> list[tuple[str, str]]:
    """The pairs of neighbours that eliminating `variable` would have to join."""
    return [(a, b) for a, b in combinations(graph[variable], 2) if b not in graph[a]]


def fill_in(graph: Graph, variable: str) -> float:
    """Min-fill: the number of edges that eliminating `variable` adds."""
    return len(missing_edges(graph, variable))


def weighted_fill_in(graph: Graph, variable: str, sizes: Mapping[str, int]) -> float:
    """Weighted min-fill: the same, each edge weighed by the product of its ends' state counts (Kjaerulff 1990)."""
    return sum(sizes[a] * sizes[b] for a, b in missing_edges(graph, variable))


def greedy_order(graph: Graph, cost: Callable[[Graph, str], float]) -> list[str]:
    """All variables, each the one of least cost among those left; ties go to fewer neighbours, then declared order."""
    graph = {variable: set(neighbours) for variable, neighbours in graph.items()}
    rank = {variable: i for i, variable in enumerate(graph)}
    current: dict[str, Priority] = {}
    queue: list[tuple[Priority, str]] = []
    stale = set(graph)
    order: list[str] = []
    while graph:
        while queue and current.get(queue[0][1]) != queue[0][0]:
            heappop(queue)
        # A variable that costs nothing goes on costing nothing, so stale costs can wait until none such is left.
        if stale and (not queue or queue[0][0][0] > 0):
            for variable in stale:
                current[variable] = (cost(graph, variable), len(graph[variable]), rank[variable])
                heappush(queue, (current[variable], variable))
            stale.clear()
            continue
        _, variable = heappop(queue)
        touched = set(graph[variable])
        for a, b in missing_edges(graph, variable):
            graph[a].add(b)
            graph[b].add(a)
            touched |= graph[a] & graph[b]
        for neighbour in graph.pop(variable):
            graph[neighbour].discard(variable)
        order.append(variable)
        stale |= touched - {variable}
        for other in (variable, *touched):
            current.pop(other, None)
    return order
