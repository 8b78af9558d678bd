"""Cases drawn from a network: ancestral sampling, with those kept that agree with what is given (Henrion 1988)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayesnet.errors import ImpossibleEvidence
from bayesnet.inference.evidence import Ids, one_case
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Network

BATCH = 65_536
"""Cases drawn at a time."""


def sample(network: Network, n: int, seed: int, given: Mapping[str, str] | None = None) -> dict[str, Ids]:
    """n complete cases, {variable: the position of its state in each case}: arrays (n,); the same for the same seed.

    Raises ImpossibleEvidence where what is given cannot be, and what JunctionTree raises for names and sizes.
    """
    fixed, chance = one_case(network, given or {}).fixed, 1.0
    if given:
        chance = float(np.exp(JunctionTree(network).log_evidence([given])[0]))
        if chance <= 0:
            raise ImpossibleEvidence(dict(given))
    rng, kept, found = np.random.default_rng(seed), 0, list[dict[str, Ids]]()
    while kept < n:
        batch = _drawn(network, min(BATCH, int((n - kept) / chance * 1.1) + 64), rng)
        agrees = np.ones(len(next(iter(batch.values()))), dtype=bool)
        for variable, state in fixed.items():
            agrees &= batch[variable] == state
        found.append({variable: states[agrees] for variable, states in batch.items()})
        kept += int(agrees.sum())
    if not found:
        return {variable: np.zeros(0, dtype=np.intp) for variable in network.variables}
    return {variable: np.concatenate([part[variable] for part in found])[:n] for variable in network.variables}


def _drawn(network: Network, n: int, rng: np.random.Generator) -> dict[str, Ids]:
    """n cases, each variable after its parents."""
    states: dict[str, Ids] = {}
    for variable in network.topological_order:
        family = network.families[variable]
        at: tuple[Any, ...] = (slice(None), *(states[parent] for parent in family.parents))
        rows = family.table[at]
        steps = np.cumsum(np.broadcast_to(rows.reshape(len(family.table), -1), (len(family.table), n)), axis=0)
        # The last step may be rounded to just below 1.
        states[variable] = np.minimum((rng.random(n) > steps).sum(axis=0), len(family.table) - 1)
    return states
