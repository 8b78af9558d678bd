"""A case as the network sees it <-> its key: a few whole numbers, the same for all cases that look alike.

The answers are the digits of a number in mixed radix, 0 where a question is unanswered; a further number starts where 63
bits are full. The last number stands for the label: a hash of it, so that tasks far apart give it the same one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet.inference.evidence import Column, Evidence, Ids, distinct, hard_vectors
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.table import CERTAINTY, RULED_OUT, TRIGGERED
from bayesnet.learning.labels import Label, label_nodes, label_of

Keys = NDArray[np.int64]
"""Keys of cases: (n_numbers, n_cases)."""
Labels = Mapping[int, Label]
"""What the last numbers of keys stand for; without a label, it is 0."""
FULL = 2**63


@dataclass(frozen=True)
class Coding:
    """How keys are made for a model: its questions and outcome with their states, and the nodes that labels speak of."""

    states: Mapping[str, tuple[str, ...]]
    outcome: str
    nodes: Mapping[str, str]

    @cached_property
    def digits(self) -> Mapping[str, tuple[int, int, int]]:
        """{variable: (number of the key, radix of what stands behind the digit, radix of the digit)}."""
        found: dict[str, tuple[int, int, int]] = {}
        number, behind = 0, 1
        for variable in reversed(tuple(self.states)):
            radix = len(self.states[variable]) + 1
            if behind * radix > FULL:
                number, behind = number + 1, 1
            found[variable] = number, behind, radix
            behind *= radix
        return {variable: found[variable] for variable in self.states}

    @property
    def size(self) -> int:
        """How many numbers a key has."""
        return max((number for number, *_ in self.digits.values()), default=0) + 2

    def keys(self, table: pd.DataFrame) -> tuple[Keys, dict[int, Label]]:
        """The keys of a case table (see `cases.case_columns`), and what their labels stand for."""
        keys = np.zeros((self.size, len(table)), dtype=np.int64)
        for variable, (number, behind, _) in self.digits.items():
            given = table[variable]
            if variable == self.outcome:
                given = given.astype(pd.CategoricalDtype(list(self.states[variable])))
            keys[number] += (given.cat.codes.to_numpy().astype(np.int64) + 1) * behind
        keys[-1], labels = self._label_keys(table)
        return keys, labels

    def _label_keys(self, table: pd.DataFrame) -> tuple[NDArray[np.int64], dict[int, Label]]:
        columns = [pd.factorize(table[name]) for name in (TRIGGERED, RULED_OUT, CERTAINTY)]
        said, first = distinct([(codes.astype(np.intp), len(values)) for codes, values in columns], len(table))
        told = zip(*(values[codes[first]].tolist() for codes, values in columns), strict=True)
        found = [label_of(self.nodes, *one) for one in told]
        hashes = [_hash(label) for label in found]
        labels = {key: label for key, label in zip(hashes, found, strict=True) if label}
        return np.array(hashes, dtype=np.int64)[said], labels

    def digit(self, keys: Keys, variable: str) -> Ids:
        """What each case answered: the position of the state + 1, 0 for nothing: (n_cases,)."""
        number, behind, radix = self.digits[variable]
        return np.asarray(keys[number] // behind % radix, dtype=np.intp)

    def ranges(self, keys: Keys) -> dict[str, tuple[int, int]]:
        """The least and the greatest digit of each variable."""
        digits = ((variable, self.digit(keys, variable)) for variable in self.states)
        return {variable: (int(found.min()), int(found.max())) for variable, found in digits}

    def evidence(self, keys: Keys, labels: Sequence["NodeLabels"], ranges: Mapping[str, tuple[int, int]]) -> Evidence:
        """What the network is told of cases, with `ranges` as from keys that include these."""
        fixed = {variable: low - 1 for variable, (low, high) in ranges.items() if low == high > 0}
        columns = {
            variable: Column(self.digit(keys, variable), hard_vectors(len(self.states[variable])))
            for variable, (low, high) in ranges.items()
            if low < high
        }
        columns.update((found.node, found.column(keys[-1])) for found in labels)
        return Evidence(keys.shape[1], fixed, columns)


@dataclass(frozen=True, eq=False)
class NodeLabels:
    """What all labels say of one node: `keys` (n_labels,) in order, and for each which of the `vectors` it is."""

    node: str
    keys: NDArray[np.int64]
    codes: Ids
    vectors: NDArray[np.float64]

    def column(self, keys: NDArray[np.int64]) -> Column:
        """The evidence on the node from the labels of cases (n_cases,)."""
        return Column(self.codes[np.searchsorted(self.keys, keys)], self.vectors)


def coding_of(knowledge: Knowledge) -> Coding:
    """The coding of a model's cases."""
    states = {name: knowledge.states[name] for name in (*knowledge.questions, knowledge.outcome.id)}
    return Coding(states, knowledge.outcome.id, label_nodes(knowledge))


def by_node(labels: Labels) -> list[NodeLabels]:
    """Labels, node by node."""
    order = sorted({0, *labels})
    said = {key: {node: (no, yes) for node, no, yes in labels.get(key, ())} for key in order}
    found = []
    for node in sorted({node for label in said.values() for node in label}):
        given = np.array([said[key].get(node, (1.0, 1.0)) for key in order])
        vectors, codes = np.unique(given, axis=0, return_inverse=True)
        found.append(NodeLabels(node, np.array(order, dtype=np.int64), codes.ravel().astype(np.intp), vectors))
    return found


def _hash(label: Label) -> int:
    """63 bits of BLAKE2b, the same everywhere; 0 for no label."""
    if not label:
        return 0
    digest = blake2b(json.dumps(label).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1
