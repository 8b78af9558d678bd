"""Doubt: how far the elicited numbers leave a posterior open.

Each number is a Dirichlet distribution, its strength the equivalent sample size. Models are drawn from them, the case
is diagnosed under every draw at once, and the interval holds the middle 90 % of what comes out. The draws are not weighed
by how well they predict the case: one case says next to nothing about the numbers.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from bayesnet.inference.evidence import Answers
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import expand
from bayesnet.knowledge.knowledge import Knowledge

DRAWS = 400
SEED = 20200222
COVERAGE = 0.90

Interval = tuple[float, float]


def drawn_tables(knowledge: Knowledge, draws: int = DRAWS, seed: int = SEED) -> Mapping[str, Array]:
    """The network's tables under draws of all numbers: {variable: (n_states, *parent states, draws)}."""
    _, families = expand(knowledge, knowledge.draw(draws, seed))
    return {variable: family.table for variable, family in families.items()}


def intervals(
    tree: JunctionTree, tables: Mapping[str, Array], evidence: Answers, nodes: Iterable[str]
) -> dict[str, Interval]:
    """The 90 % credible interval of P(yes) of each yes/no node, given the evidence."""
    tail = (1 - COVERAGE) / 2
    drawn = tree.posteriors_under(tables, evidence, nodes)
    return {node: _span(np.quantile(p[:, 1], [tail, 1 - tail])) for node, p in drawn.items()}


def _span(bounds: Array) -> Interval:
    return float(bounds[0]), float(bounds[1])
