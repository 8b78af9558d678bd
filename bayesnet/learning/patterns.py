"""Cases -> the distinct patterns that the network sees, each with how many cases showed it.

Answers are hard evidence. What a case turned out to be is evidence on the nodes "this cause triggered it": a likelihood, as
sure as the one who said so (certainty c: c against 1 - c).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from bayesnet.errors import UnknownName
from bayesnet.inference.evidence import Column, Evidence, Ids, encode
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import heading_node, link_node
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import NO, YES
from bayesnet.learning.cases.cells import CAUSE_SEPARATOR

CHUNK = 1024
"""Distinct patterns that the engine passes at a time; what it finds out about them is kept for the next pass."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct cases and their weights (n_distinct,). `first` is the position in the table where each stands first.

    `simulated` and `labelled` say how many cases were made up, and how many say what they turned out to be. `left_out`
    counts what the store has that the model does not know, {"question=state": cases}. `names` and `row_word` are what
    messages call the rows of the table; numbers from 1 by default.
    """

    evidence: Evidence
    weights: Array
    first: Ids
    simulated: float = 0.0
    labelled: float = 0.0
    left_out: Mapping[str, int] = field(default_factory=dict)
    names: Sequence[object] | None = None
    row_word: str = "case"

    @property
    def cases(self) -> float:
        """How many cases there are, counts included."""
        return float(self.weights.sum())

    @cached_property
    def chunks(self) -> tuple[tuple[Evidence, Array], ...]:
        """The patterns in runs of at most CHUNK with their weights; like ones stand together, so that they share work."""
        return tuple((part, self.weights[rows]) for rows, part in self.evidence.parts(CHUNK))

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 over the patterns and their weights, whatever the order of the cases."""
        seen = hashlib.sha256()
        for line in sorted(self._lines()):
            seen.update(line)
        return seen.hexdigest()

    @property
    def source(self) -> str:
        """The id under which a model cites these cases."""
        return f"cases_{self.data_hash[:8]}"

    def _lines(self) -> Iterator[bytes]:
        """A canonical line per pattern."""
        names = sorted((*self.evidence.fixed, *self.evidence.columns))
        texts: dict[str, list[str]] = {}
        for name in self.evidence.columns:
            texts[name] = [json.dumps(vector.tolist()) for vector in self.evidence.columns[name].vectors]
        for row, weight in enumerate(self.weights.tolist()):
            cells = []
            for name in names:
                column = self.evidence.columns.get(name)
                said = f"={self.evidence.fixed[name]}" if column is None else texts[name][column.codes[row]]
                cells.append(f"{name}{said}")
            yield f"{' '.join(cells)} x {weight!r}\n".encode()

    def name_of(self, pattern: int) -> str:
        """What the first case of a pattern is called: 'line 17'."""
        first = int(self.first[pattern])
        return f"{self.row_word} {first + 1 if self.names is None else self.names[first]}"

    def weight_of(self, variable: str, state: int) -> float:
        """How many cases observed this state of a variable."""
        if variable in self.evidence.fixed:
            return self.cases if self.evidence.fixed[variable] == state else 0.0
        if variable not in self.evidence.columns:
            return 0.0
        column = self.evidence.columns[variable]
        hard = np.count_nonzero(column.vectors, axis=1) == 1
        return float(self.weights[(hard & (column.vectors[:, state] > 0))[column.codes]].sum())

    def reweighted(self, weights: Array) -> "Patterns":
        """The same with other weights (n_distinct,), those of weight 0 left out."""
        rows = np.flatnonzero(weights)
        return Patterns(self.evidence.rows(rows), weights[rows], self.first[rows])

    def subset(self, n: int, seed: int) -> "Patterns":
        """About n patterns drawn by weight, each standing for the same share of all cases: for large sums, estimated."""
        if len(self.weights) <= n:
            return self
        chosen = np.random.default_rng(seed).choice(len(self.weights), n, p=self.weights / self.cases)
        rows, times = np.unique(chosen, return_counts=True)
        weights = np.asarray(times * (self.cases / n), dtype=np.float64)
        return Patterns(self.evidence.rows(rows), weights, self.first[rows])


def patterns_of(knowledge: Knowledge, table: pd.DataFrame) -> Patterns:
    """The distinct patterns of a case table (see `cases.case_columns`); cases of count 0 are left out."""
    table = table.loc[table["count"] > 0]
    asked = table[[*knowledge.questions, knowledge.outcome.id]].reset_index(drop=True)
    evidence = encode(knowledge.states, asked)
    columns = {**evidence.columns, **_label_columns(knowledge, table)}
    every = Evidence(evidence.n, evidence.fixed, columns)
    distinct, ids = every.distinct()
    first = np.full(distinct.n, len(ids), dtype=np.intp)
    np.minimum.at(first, ids, np.arange(len(ids)))
    counts = table["count"].to_numpy(dtype=np.float64)
    weights = np.bincount(ids, counts, distinct.n).astype(np.float64)
    simulated = counts[(table["origin"] == "simulated").to_numpy()].sum() if "origin" in table else 0.0
    labelled = counts[((table["triggered"] != "") | (table["ruled_out"] != "")).to_numpy()].sum()
    return Patterns(distinct, weights, first, float(simulated), float(labelled))


def label_nodes(knowledge: Knowledge) -> dict[str, str]:
    """What a label may name -> the node that says it triggered the outcome. A cause comes before a heading of the same id."""
    headings = {heading: heading_node(knowledge, heading) for heading in knowledge.headings}
    return headings | {cause: link_node(knowledge.outcome.id, cause) for cause in knowledge.causes}


def _label_columns(knowledge: Knowledge, table: pd.DataFrame) -> dict[str, Column]:
    """Per labelled node the likelihood of what was said about it: vectors (no label, then each label and certainty)."""
    nodes = label_nodes(knowledge)
    said, names = pd.factorize(pd.MultiIndex.from_frame(table[["triggered", "ruled_out", "certainty"]]))
    vectors: dict[str, Array] = {}
    for code, (triggered, ruled_out, certainty) in enumerate(names):
        for text, state in ((triggered, YES), (ruled_out, NO)):
            for name in split_labels(text):
                if name not in nodes:
                    raise UnknownName("cause or heading", name, nodes)
                found = vectors.setdefault(nodes[name], np.ones((len(names), 2)))
                found[code] *= [1 - certainty, certainty] if state == YES else [certainty, 1 - certainty]
    return {node: _compact(said, found) for node, found in vectors.items()}


def split_labels(text: str) -> list[str]:
    """The ids in "a;b"."""
    return [name.strip() for name in text.split(CAUSE_SEPARATOR) if name.strip()]


def _compact(codes: Ids, vectors: Array) -> Column:
    """The same column with each distinct vector once."""
    distinct, ids = np.unique(vectors, axis=0, return_inverse=True)
    return Column(ids.ravel()[codes].astype(np.intp), distinct)
