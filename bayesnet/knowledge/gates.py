"""Gates -> tables: from links and leaks to the families of an ordinary Bayesian network.

A gate whose table stays small is multiplied out (a noisy OR with leak: Pearl 1988, Henrion 1987). The outcome's gate is
taken apart instead: each link becomes a node, so that "this cause triggered it" is a plain marginal, and the links
are joined by a chain of ORs, two at a time, so that no table grows with their number (parent divorcing: Olesen et al.
1989). A finding with too many causes for one table is taken apart in the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from bayesnet.inference.network import Array, Family, Network
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Numbers
from bayesnet.knowledge.schema import BINARY, Gate

LARGEST_TABLE = 4096
"""A gate with more cells than this is taken apart rather than multiplied out."""

OR = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]])[..., None]
"""P(a or b | a, b): axes child, a, b, draw."""


@dataclass(frozen=True, eq=False)
class DrawnFamily:
    """P(child | parents) with a last axis of parameter draws: table (n_states, *parent states, n)."""

    parents: tuple[str, ...]
    table: Array

    def at(self, draw: int) -> Family:
        """The family of one draw."""
        return Family(self.parents, self.table[..., draw])


# Ids never hold "__", so these names meet no other.
def link_node(child: str, link: str) -> str:
    """The node that is "yes" when this link of a gate fired. For the outcome: the cause triggered it."""
    return f"{link}__{child}"


def any_node(child: str) -> str:
    """The node that is "yes" when any link of a gate fired."""
    return f"any__of__{child}"


def heading_node(knowledge: Knowledge, heading: str) -> str:
    """The node that is "yes" when any cause under a heading triggered the outcome."""
    causes = knowledge.headings[heading].causes
    outcome = knowledge.outcome.id
    return link_node(outcome, causes[0]) if len(causes) == 1 else f"{heading}__heading__{outcome}"


def network_of(knowledge: Knowledge) -> Network:
    """The network that a model's numbers stand for, gates expanded."""
    states, families = expand(knowledge, knowledge.elicited())
    return Network(states, {variable: family.at(0) for variable, family in families.items()})


def tables_of(knowledge: Knowledge, numbers: Numbers) -> dict[str, Array]:
    """The network's tables under these numbers: {variable: (n_states, *parent states, n)}."""
    return {variable: family.table for variable, family in expand(knowledge, numbers)[1].items()}


def expand(knowledge: Knowledge, numbers: Numbers) -> tuple[dict[str, tuple[str, ...]], dict[str, DrawnFamily]]:
    """The states and families of the network that these numbers stand for, in an order that keeps parents first."""
    states = knowledge.states
    families: dict[str, DrawnFamily] = {}
    for variable in (*knowledge.questions.values(), *knowledge.causes.values()):
        if variable.gate is None:
            families[variable.id] = DrawnFamily(knowledge.tables[variable.id].parents, numbers[variable.id])
        elif _stays_whole(variable.gate, states):
            families[variable.id] = _multiplied_out(variable.id, variable.gate, states, numbers)
        else:
            families.update(_taken_apart(variable.id, variable.gate, [], numbers))
    groups = [(heading_node(knowledge, h.id), h.causes) for h in knowledge.headings.values()]
    families.update(_taken_apart(knowledge.outcome.id, knowledge.outcome.gate, groups, numbers))
    return {name: states.get(name, BINARY) for name in families}, families


def number_counts(knowledge: Knowledge, numbers: Numbers, families: Mapping[str, Array]) -> dict[str, Array]:
    """The way back: expected counts of the network's families -> of the numbers that they were made from.

    `families` as JunctionTree.family_counts under these `numbers` (one draw). Returns {table id: (n_states, *parent
    states)}. Which links of a gate fired is not in the network where it was multiplied out; given the gate and its parents
    that has a closed form, so that EM learns links without nodes for them.
    """
    counts: dict[str, Array] = {}
    for variable in (*knowledge.questions.values(), *knowledge.causes.values()):
        if variable.gate is None:
            counts[variable.id] = families[variable.id]
        elif _stays_whole(variable.gate, knowledge.states):
            counts.update(_link_counts(variable.id, variable.gate, numbers, families[variable.id]))
        else:
            counts.update(_node_counts(variable.id, variable.gate, families))
    return counts | dict(_node_counts(knowledge.outcome.id, knowledge.outcome.gate, families))


def _link_counts(child: str, gate: Gate, numbers: Numbers, counts: Array) -> Iterator[tuple[str, Array]]:
    """P(link fired | child = yes, parents) = P(link fires | parents) / P(yes | parents); with child = no none did.

    The leak counts only where every link is silent, as it does in a gate that is taken apart.
    """
    parents = _parents(gate)
    no, yes = counts
    shape = no.shape
    fires = {link.id: _spread(numbers[f"{child}/{link.id}"], link.parents, parents)[..., 0] for link in gate.links}
    silent = np.ones(shape)
    for p in fires.values():
        silent = silent * p[0]
    leak = numbers[f"{child}/leak"][1, 0]
    any_yes = 1 - silent * (1 - leak)
    share = np.divide(yes, any_yes, out=np.zeros(shape), where=any_yes > 0)
    yield f"{child}/leak", np.array([no.sum(), (share * silent * leak).sum()])
    for link in gate.links:
        fired = share * fires[link.id][1]
        gone = tuple(axis for axis, parent in enumerate(parents) if parent not in link.parents)
        kept = tuple(parent for parent in parents if parent in link.parents)
        order = [kept.index(parent) for parent in link.parents]
        both = [part.sum(axis=gone).transpose(order) for part in (np.maximum(no + yes - fired, 0.0), fired)]
        yield f"{child}/{link.id}", np.stack(both)


def _node_counts(child: str, gate: Gate, families: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    for link in gate.links:
        yield f"{child}/{link.id}", families[link_node(child, link.id)]
    yield f"{child}/leak", families[child][:, 0]


def _stays_whole(gate: Gate, states: Mapping[str, Sequence[str]]) -> bool:
    """Whether a gate is multiplied out into one table."""
    return 2 * prod(len(states[parent]) for parent in _parents(gate)) <= LARGEST_TABLE


def _spread(table: Array, own: tuple[str, ...], parents: tuple[str, ...]) -> Array:
    """A link's table (2, *own parents, n) with an axis for every parent of the gate, of length 1 where it is not the link's."""
    order = sorted(range(len(own)), key=lambda i: parents.index(own[i]))
    sizes = dict(zip(own, table.shape[1:-1], strict=True))
    turned = table.transpose(0, *(i + 1 for i in order), table.ndim - 1)
    return turned.reshape(2, *(sizes.get(parent, 1) for parent in parents), -1)


def _parents(gate: Gate) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parent for link in gate.links for parent in link.parents))


def _multiplied_out(child: str, gate: Gate, states: Mapping[str, Sequence[str]], numbers: Numbers) -> DrawnFamily:
    """P(no) is the product of the probabilities that the leak and each link stay silent."""
    parents = _parents(gate)
    silent = numbers[f"{child}/leak"][0].reshape((1,) * len(parents) + (-1,))
    for link in gate.links:
        silent = silent * _spread(numbers[f"{child}/{link.id}"], link.parents, parents)[0]
    full = np.broadcast_to(silent, (*(len(states[parent]) for parent in parents), silent.shape[-1]))
    return DrawnFamily(parents, np.stack([full, 1 - full]))


def _taken_apart(
    child: str, gate: Gate, groups: Sequence[tuple[str, tuple[str, ...]]], numbers: Numbers
) -> Iterator[tuple[str, DrawnFamily]]:
    """A node per link, a node per group of links, a chain of ORs over them, and the leak at the end."""
    for link in gate.links:
        yield link_node(child, link.id), DrawnFamily(link.parents, numbers[f"{child}/{link.id}"])
    tops = []
    for name, members in groups or [(link_node(child, link.id), (link.id,)) for link in gate.links]:
        yield from _or_chain(name, [link_node(child, member) for member in members])
        tops.append(name)
    yield from _or_chain(any_node(child), tops)
    leak = numbers[f"{child}/leak"]
    fires = np.broadcast_to(np.array([[0.0], [1.0]]), leak.shape)
    yield child, DrawnFamily((any_node(child),), np.stack([leak, fires], axis=1))


def _or_chain(name: str, inputs: Sequence[str]) -> Iterator[tuple[str, DrawnFamily]]:
    """Nodes that end in `name` = the OR of all inputs; none where the one input is `name` itself."""
    if len(inputs) == 1:
        if inputs[0] != name:
            yield name, DrawnFamily((inputs[0],), np.eye(2)[..., None])
        return
    reached = inputs[0]
    for count, other in enumerate(inputs[1:], start=2):
        node = name if count == len(inputs) else f"{name}__{count}"
        yield node, DrawnFamily((reached, other), OR)
        reached = node
