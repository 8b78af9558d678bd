"""Small networks of every shape, and the slow truth: enumeration of the full joint, independent of the engine."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayesnet import Family, Network

Array = NDArray[np.float64]
Answers = dict[str, str | dict[str, float] | None]
Arcs = Sequence[tuple[str, str]]


def random_network(sizes: Mapping[str, int], arcs: Arcs, seed: int) -> Network:
    """A network of this shape with random tables; the states of v are v0, v1, ..."""
    rng = np.random.default_rng(seed)
    states = {variable: tuple(f"{variable}{i}" for i in range(size)) for variable, size in sizes.items()}
    families = {}
    for variable, size in sizes.items():
        parents = tuple(parent for parent, child in arcs if child == variable)
        rows = rng.dirichlet(np.ones(size), size=tuple(sizes[parent] for parent in parents))
        families[variable] = Family(parents, np.moveaxis(rows, -1, 0))
    return Network(states, families)


def random_dag(seed: int, n: int = 7) -> Network:
    """Arcs from earlier to later in a shuffled order, at most three parents each; two to four states."""
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(n)]
    order = rng.permutation(names).tolist()
    arcs = []
    for i, child in enumerate(order):
        count = int(rng.integers(0, min(i, 3) + 1))
        arcs += [(str(parent), child) for parent in rng.choice(order[:i], size=count, replace=False)] if count else []
    return random_network({name: int(rng.integers(2, 5)) for name in names}, arcs, seed)


def random_deep_network(seed: int, n: int = 60) -> Network:
    """Each variable with one or two parents among the eight before it: more cliques than pass between two rescalings."""
    rng = np.random.default_rng(seed)
    sizes = {f"v{i}": int(rng.integers(2, 4)) for i in range(n)}
    arcs = []
    for i in range(1, n):
        nearby = rng.integers(max(0, i - 8), i, size=rng.integers(1, 3))
        arcs += [(f"v{parent}", f"v{i}") for parent in sorted({*nearby.tolist()})]
    return random_network(sizes, arcs, seed)


def _sizes(names: str, *counts: int) -> dict[str, int]:
    return dict(zip(names, counts, strict=True))


NETWORKS: dict[str, Network] = {
    "chain": random_network(_sizes("abcdef", 2, 3, 4, 2, 3, 2), list(pairwise("abcdef")), 1),
    "fork": random_network(_sizes("abcdef", 3, 2, 3, 4, 2, 2), [("a", child) for child in "bcdef"], 2),
    "collider": random_network(_sizes("abcde", 2, 3, 2, 4, 3), [(parent, "e") for parent in "dbca"], 3),
    "tree": random_network(_sizes("abcdefg", 2, 3, 2, 2, 4, 3, 2), list(zip("aabbcc", "bcdefg", strict=True)), 4),
    "loopy": random_network(
        _sizes("abcdefg", 2, 2, 3, 3, 2, 4, 2), list(zip("aabcddefba", "bcddeffgge", strict=True)), 5
    ),
    "disconnected": random_network(_sizes("abcdef", 2, 3, 2, 4, 2, 3), [("b", "a"), ("c", "d"), ("e", "d")], 6),
    "one_state_node": random_network(_sizes("abcde", 2, 1, 3, 1, 2), list(zip("aabbd", "bccde", strict=True)), 7),
    "random_dag_1": random_dag(11),
    "random_dag_2": random_dag(12),
    "random_dag_3": random_dag(13),
}


def full_joint(network: Network) -> Array:
    """P(all variables): an axis per variable, in the network's order."""
    number = {variable: i for i, variable in enumerate(network.variables)}
    operands: list[object] = []
    for variable, family in network.families.items():
        operands += [family.table, [number[name] for name in (variable, *family.parents)]]
    joint: Array = np.einsum(*operands, list(number.values()))
    return joint


def likelihoods_of(network: Network, answers: Answers) -> dict[str, Array]:
    """{variable: P(what was observed | state)} of the answers that were given."""
    found = {}
    for variable, answer in answers.items():
        if answer is not None:
            soft = answer if isinstance(answer, dict) else {answer: 1.0}
            found[variable] = np.array([soft.get(state, 0.0) for state in network.states[variable]])
    return found


def observed_joint(network: Network, likelihoods: Mapping[str, Array]) -> Array:
    """P(all variables, evidence)."""
    joint = full_joint(network)
    for variable, vector in likelihoods.items():
        axis = network.variables.index(variable)
        joint = joint * vector.reshape([-1 if i == axis else 1 for i in range(joint.ndim)])
    return joint


def brute_force(network: Network, likelihoods: Mapping[str, Array]) -> tuple[dict[str, Array], float]:
    """({variable: P(variable | evidence)}, P(evidence))."""
    joint = observed_joint(network, likelihoods)
    total = float(joint.sum())
    marginals = {}
    for axis, variable in enumerate(network.variables):
        marginals[variable] = joint.sum(axis=tuple(i for i in range(joint.ndim) if i != axis)) / total
    return marginals, total


def brute_force_family(network: Network, variable: str, likelihoods: Mapping[str, Array]) -> Array:
    """P(variable, parents | evidence), axis 0 the variable, axis i + 1 parents[i]."""
    joint = observed_joint(network, likelihoods)
    axes = list(range(joint.ndim))
    kept = [network.variables.index(name) for name in (variable, *network.families[variable].parents)]
    counts: Array = np.einsum(joint, axes, kept) / joint.sum()
    return counts


def random_answers(states: Mapping[str, Sequence[str]], rng: np.random.Generator, observed: float = 0.5) -> Answers:
    """Each variable is answered with probability `observed`: half of the answers hard, half soft."""
    answers: Answers = {}
    for variable, names in states.items():
        if rng.random() >= observed:
            continue
        if rng.random() < 0.5:
            answers[variable] = str(rng.choice(names))
        else:
            named = rng.permutation(names)[: rng.integers(1, len(names) + 1)]
            answers[variable] = {str(state): float(rng.uniform(0.05, 3)) for state in named}
    return answers


def random_cases(network: Network, n: int, seed: int) -> list[Answers]:
    """n partial evidence sets; the first one is empty."""
    rng = np.random.default_rng(seed)
    return [{}, *(random_answers(network.states, rng) for _ in range(n - 1))]
