"""The next session: a twin network that shares what lasts with the episode that was diagnosed (Balke & Pearl 1994).

Habits carry over, known or not, and so do lasting causes; everything else is drawn anew. Each habit of the next session
has a switch: "keep", or a state that it is set to. Setting it is an intervention: it says nothing about the habit so far.
"""

from __future__ import annotations

import numpy as np

from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Array, Network, ancestors
from bayesnet.knowledge.gates import DrawnFamily, expand
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Numbers

KEEP = "keep"


def next_node(node: str) -> str:
    """The twin of a node in the next session."""
    return f"{node}__next"


def switch_node(habit: str) -> str:
    """The node that says what a habit is set to for the next session."""
    return f"{habit}__switch"


def twin_tree(knowledge: Knowledge) -> JunctionTree:
    """Exact inference over the episode and the next session together. Raises TooLarge for a model too dense for it."""
    states, families = twin_families(knowledge, knowledge.elicited())
    return JunctionTree(Network(states, {variable: family.at(0) for variable, family in families.items()}))


def twin_tables(knowledge: Knowledge, numbers: Numbers) -> dict[str, Array]:
    """The twin network's tables under these numbers, the same in both sessions."""
    return {variable: family.table for variable, family in twin_families(knowledge, numbers)[1].items()}


def twin_families(knowledge: Knowledge, numbers: Numbers) -> tuple[dict[str, tuple[str, ...]], dict[str, DrawnFamily]]:
    """States and families of the twin network."""
    states, families = expand(knowledge, numbers)
    copied = ancestors(families, [knowledge.outcome.id]) | set(knowledge.habits)
    twin = {v: next_node(v) for v in families if v in copied and v not in knowledge.lasting}
    all_states, all_families = dict(states), dict(families)
    for variable, node in twin.items():
        all_states[node] = states[variable]
        if variable in knowledge.habits:
            switch = switch_node(variable)
            all_states[switch] = (KEEP, *states[variable])
            all_families[switch] = DrawnFamily(
                (), np.full((len(states[variable]) + 1, 1), 1 / (len(states[variable]) + 1))
            )
            all_families[node] = DrawnFamily((variable, switch), _switched(len(states[variable])))
        else:
            family = families[variable]
            all_families[node] = DrawnFamily(tuple(twin.get(p, p) for p in family.parents), family.table)
    return all_states, all_families


def _switched(n: int) -> Array:
    """P(habit next | habit so far, switch): what it was, or what it is set to."""
    table = np.zeros((n, n, n + 1, 1))
    for before in range(n):
        table[before, before, 0] = 1
        for to in range(n):
            table[to, before, to + 1] = 1
    return table
