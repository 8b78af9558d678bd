"""What a model says of cases from their answers alone, and how well what they turned out to be bears it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.inference.evidence import Evidence
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import heading_node
from bayesnet.knowledge.schema import YES
from bayesnet.learning.labels import label_nodes
from bayesnet.learning.patterns import Patterns

AT_ONCE = 2**16
"""Patterns that are predicted at a time."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of each case. `scores` {name: (n_cases,)}, NaN where a case has no label of that kind.

    `possible` (n_cases,) says which cases can be under the model at all; nothing else is said of the others.
    `triggered` (n_cases, n_causes) is P(triggered | answers), `came_true` the same of 1 and 0, NaN where it is not known.
    """

    scores: Mapping[str, Array]
    possible: NDArray[np.bool_]
    triggered: Array
    came_true: Array

    def rows(self, chosen: Any) -> "Predictions":
        """Some of the cases."""
        scores = {name: values[chosen] for name, values in self.scores.items()}
        return Predictions(scores, self.possible[chosen], self.triggered[chosen], self.came_true[chosen])


def joined(parts: list[Predictions]) -> Predictions:
    scores = {name: np.concatenate([part.scores[name] for part in parts]) for name in parts[0].scores}
    rest = (np.concatenate([getattr(part, name) for part in parts]) for name in ("possible", "triggered", "came_true"))
    return Predictions(scores, *rest)


def predicted(model: DiagnosticModel, patterns: Patterns, ascertained: bool) -> Predictions:
    """Predictions from the answers alone, and how well the labels bear them out."""
    return joined([_predicted(model, part, ascertained) for _, part in patterns.parts(AT_ONCE)])


def _predicted(model: DiagnosticModel, evidence: Evidence, ascertained: bool) -> Predictions:
    knowledge = model.knowledge
    nodes = set(label_nodes(knowledge).values())
    answers = {name: column for name, column in evidence.columns.items() if name not in nodes}
    asked = Evidence(evidence.n, evidence.fixed, answers)
    whole, alone = model.tree.log_evidence(evidence), model.tree.log_evidence(asked)
    possible = ~np.isneginf(whole)
    p = _triggered(model, asked, possible)
    told = np.stack([_told(evidence, node) for node in model.reader.triggers.values()], axis=1)
    labelled = ~np.isnan(np.stack([_told(evidence, node) for node in nodes], axis=1)).all(axis=1)
    off = np.log(model.tree.posterior({}, [knowledge.outcome.id])[knowledge.outcome.id][1]) if ascertained else 0.0
    scores = {
        "log_score": whole - off,
        "label_score": np.subtract(whole, alone, out=np.full(evidence.n, np.nan), where=labelled & possible),
        "brier": _brier(p, told),
        **_hits(model, evidence, p, told),
    }
    came_true = np.where(np.isnan(told), np.nan, (told > 0.5).astype(np.float64))
    scores = {name: np.where(possible, values, np.nan) for name, values in scores.items()}
    return Predictions(scores, possible, p, np.where(possible[:, None], came_true, np.nan))


def _triggered(model: DiagnosticModel, asked: Evidence, possible: NDArray[np.bool_]) -> Array:
    """P(triggered) of each cause for the possible cases, 0 for the others: (n_cases, n_causes)."""
    nodes = dict.fromkeys(model.reader.triggers.values(), YES)
    found = np.zeros((asked.n, len(nodes)))
    if possible.any():
        columns = model.engine.probabilities(asked.rows(np.flatnonzero(possible)), nodes).values()
        found[possible] = np.stack(list(columns), axis=1)
    return found


def _told(evidence: Evidence, node: str) -> Array:
    """How sure a label is that a node is "yes": (n_cases,), NaN where nothing was said."""
    if node not in evidence.columns:
        return np.full(evidence.n, np.nan)
    column = evidence.columns[node]
    no, yes = column.vectors.T
    return np.where(no == yes, np.nan, yes / (no + yes))[column.codes]


def _brier(p: Array, told: Array) -> Array:
    """The expected squared error over the labelled causes of each case: (n_cases,)."""
    errors = told * (1 - p) ** 2 + (1 - told) * p**2
    n = (~np.isnan(told)).sum(axis=1)
    return np.where(n > 0, np.nansum(errors, axis=1) / np.maximum(n, 1), np.nan)


def _hits(model: DiagnosticModel, evidence: Evidence, p: Array, told: Array) -> dict[str, Array]:
    """Whether a cause that triggered it is the likeliest, or among the two likeliest; NaN where none is known to have."""
    causes = list(model.knowledge.causes)
    truly = told > 0.5
    for heading in model.knowledge.headings.values():
        under = np.flatnonzero(_told(evidence, heading_node(model.knowledge, heading.id)) > 0.5)
        truly[np.ix_(under, np.array([causes.index(cause) for cause in heading.causes]))] = True
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(truly, order, axis=1)
    named = truly.any(axis=1)
    return {f"top_{k}": np.where(named, ranked[:, :k].any(axis=1), np.nan) for k in (1, 2)}
