"""Doubt: how far the elicited numbers leave a posterior open.

Each number is a Dirichlet distribution, its strength the equivalent sample size. Models are drawn from them, the case
is diagnosed under every draw at once, and the interval holds the middle 90 % of what comes out. The draws are not weighed
by how well they predict the case: one case says next to nothing about the numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bayesnet.diagnosis.reader import Case
from bayesnet.errors import ImpossibleEvidence
from bayesnet.inference.network import Array

COVERAGE = 0.90

Interval = tuple[float, float]


@dataclass(frozen=True)
class Doubt:
    """Per node its 90 % credible interval, and per cause the probability that it truly ranks first."""

    intervals: Mapping[str, Interval]
    ranks_first: Mapping[str, float]


def doubt(case: Case) -> Doubt:
    """The doubt about every cause and heading in this case: one pass under all draws."""
    reader = case.reader
    drawn, log_evidence = reader.tree.under(reader.drawn, case.evidence, reader.triggering)
    possible = log_evidence > -np.inf  # numbers drawn as 0 may rule the case out: such a model says nothing of it
    if not possible.any():
        raise ImpossibleEvidence(dict(case.given))
    triggered = {node: p[possible, 1] for node, p in drawn.items()}
    causes = np.array([triggered[node] for node in reader.triggers.values()])
    first = np.bincount(causes.argmax(axis=0), minlength=len(causes)) / causes.shape[1]
    return Doubt(
        dict(zip(triggered, spans(np.array(list(triggered.values()))), strict=True)),
        {cause: float(p) for cause, p in zip(reader.triggers, first, strict=True)},
    )


def spans(draws: Array) -> list[Interval]:
    """The middle 90 % of each row of draws (n_rows, n_draws)."""
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def span(draws: Array) -> Interval:
    """The middle 90 % of some draws (n_draws,)."""
    return spans(draws[np.newaxis])[0]
