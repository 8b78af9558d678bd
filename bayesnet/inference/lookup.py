"""Posteriors by looking up tables, for a network that falls apart once a few `core` variables are known.

Given the core, the questions fall into parts that tell nothing of each other (cutset conditioning: Pearl 1988), so

    P(target, answers) = sum over the core of P(target, core) x product over the parts of P(answers | core)

and a part has so few patterns of answers that P(answers | core) is found for all of them beforehand, by the junction tree.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import log, prod
from typing import Any, Literal

import numpy as np

from bayesnet.errors import UnknownState
from bayesnet.inference.arguments import check_errors, checked_variables, keep
from bayesnet.inference.evidence import Answers, Column, Evidence, Ids, distinct, encode, hard_vectors, one_case
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Array, Network
from bayesnet.inference.triangulation import moral_graph

LARGEST_CORE = 2**10
LARGEST_PART = 2**18
"""Joint states of the core, and numbers in the table of a part spread over the core: beyond them there is no lookup."""

GROUPED = 2**20
"""For batches, parts are multiplied together into tables of at most so many numbers."""

CHUNK = 2048
"""Distinct cases that are looked up at a time."""
SMALLEST = 1e-250
"""A case less likely than this is left to the tree, which can tell underflow from impossibility."""


@dataclass(frozen=True)
class Part:
    """P(answers | core) of questions that belong together.

    `table` has an axis per question (position 0: unanswered, then its states), then one per core variable, of length 1
    where the part does not depend on it.
    """

    questions: tuple[str, ...]
    table: Array

    def of(self, case: Evidence) -> Array:
        """The likelihood of one case, an array over the core."""
        found = self.table
        for question in self.questions:
            if question in case.columns:
                states = found[1:]
                found = (case.columns[question].vectors[0] @ states.reshape(len(states), -1)).reshape(states.shape[1:])
            else:
                found = found[case.fixed.get(question, -1) + 1]
        return found


class Lookup:
    """A junction tree that answers from tables where it can: the same questions, the same results, sooner.

    `core` are the variables that take the network apart, `questions` those that may be observed, and `given` is observed
    in every case. Whatever does not fit is left to the `tree`: other evidence, soft evidence in a batch, variables that
    hang together with a question, a core or a part that is too large.
    """

    def __init__(
        self, tree: JunctionTree, core: Iterable[str], questions: Iterable[str], given: Mapping[str, str]
    ) -> None:
        self.tree, self.network = tree, tree.network
        self._core, self._questions = tuple(core), tuple(questions)
        for variable in (*self._core, *self._questions):
            self.network.check_variable(variable)
        self._given = one_case(self.network, given).fixed
        self._tables: dict[tuple[str, ...], tuple[Array, list[int]]] = {}
        self._joints: dict[tuple[str, ...], Array] = {}

    def posterior(self, evidence: Answers, variables: Iterable[str] | None = None) -> dict[str, Array]:
        """As JunctionTree.posterior."""
        return self.posterior_and_log_evidence(evidence, variables)[0]

    def posterior_and_log_evidence(
        self, evidence: Answers, variables: Iterable[str] | None = None
    ) -> tuple[dict[str, Array], float]:
        """As JunctionTree.posterior_and_log_evidence."""
        wanted = self.network.variables if variables is None else checked_variables(variables)
        case = one_case(self.network, evidence)
        if self._covers(case, wanted):
            table, ends = self._target_table(wanted)
            with suppress(FloatingPointError), np.errstate(under="raise", over="raise"):
                likelihood = np.ones(self._shape(self._core))
                for part in self._parts:
                    likelihood = likelihood * part.of(case)
                found = likelihood.reshape(-1) @ table
                if found[-1] > SMALLEST:
                    posterior = found / found[-1]
                    split = {variable: posterior[ends[i] : ends[i + 1]] for i, variable in enumerate(wanted)}
                    return split, log(found[-1])
        return self.tree.posterior_and_log_evidence(evidence, wanted)

    def posteriors(
        self, cases: Any, variables: Iterable[str] | None = None, errors: Literal["raise", "null"] = "raise"
    ) -> dict[str, Array]:
        """As JunctionTree.posteriors."""
        wanted = self.network.variables if variables is None else checked_variables(variables)
        for variable in wanted:
            self.network.check_variable(variable)
        asked = {variable: self.network.states[variable] for variable in wanted}
        return self._read(encode(self.network.states, cases), asked, errors)

    def probabilities(
        self, cases: Any, states: Mapping[str, str], errors: Literal["raise", "null"] = "raise"
    ) -> dict[str, Array]:
        """{variable: P(variable = its state in `states` | case)}: arrays (n_cases,). Errors as in `posteriors`."""
        for variable, state in states.items():
            self.network.check_variable(variable)
            if state not in self.network.states[variable]:
                raise UnknownState("state", state, self.network.states[variable], f"of {variable!r}")
        asked = {variable: (state,) for variable, state in states.items()}
        found = self._read(encode(self.network.states, cases), asked, errors)
        return {variable: array[:, 0] for variable, array in found.items()}

    def joint(self, cases: Any, variables: Sequence[str]) -> Array:
        """As JunctionTree.joint."""
        wanted = checked_variables(variables)
        for variable in wanted:
            self.network.check_variable(variable)
        evidence = encode(self.network.states, cases)
        shape = self._shape(wanted)
        apart = {*self._core, *self._given}.isdisjoint(wanted) and len(set(wanted)) == len(wanted)
        keys = self._keys(evidence, wanted) if apart and prod(shape) <= LARGEST_CORE else None
        if keys is not None:
            found, ids = self._looked_up(keys, evidence.n, self._joint_table(wanted))
            totals = found.sum(axis=1, keepdims=True)
            if totals.min() > SMALLEST:
                return np.asarray((found / totals)[ids].reshape(evidence.n, *shape))
        return self.tree.joint(evidence, wanted)

    def log_evidence(self, cases: Any) -> Array:
        """As JunctionTree.log_evidence."""
        evidence = encode(self.network.states, cases)
        keys = self._keys(evidence, ())
        if keys is not None:
            found, ids = self._looked_up(keys, evidence.n, self._target_table(())[0])
            if len(found) and found.min() > SMALLEST:
                return np.asarray(np.log(found[:, 0])[ids])
        return self.tree.log_evidence(evidence)

    def _read(
        self, evidence: Evidence, asked: Mapping[str, Sequence[str]], errors: Literal["raise", "null"]
    ) -> dict[str, Array]:
        """{variable: P(each of the asked states | case)}: arrays (n_cases, n_asked)."""
        check_errors(errors)
        for variable in asked:
            self.network.check_variable(variable)
        picks = {v: [self.network.states[v].index(state) for state in states] for v, states in asked.items()}
        keys = self._keys(evidence, tuple(asked))
        if keys is not None:
            table, ends = self._target_table(tuple(asked))
            columns = [ends[i] + pick for i, found in enumerate(picks.values()) for pick in found]
            joint, ids = self._looked_up(keys, evidence.n, table[:, [*columns, -1]])
            if len(joint) and joint[:, -1].min() > SMALLEST:
                probabilities = (joint[:, :-1] / joint[:, -1:])[ids]
                stops = np.cumsum([len(found) for found in picks.values()], dtype=int)
                return {v: probabilities[:, stop - len(picks[v]) : stop] for v, stop in zip(asked, stops, strict=True)}
        full = self.tree.posteriors(evidence, asked, errors)
        return {variable: array[:, picks[variable]] for variable, array in full.items()}

    def _keys(self, evidence: Evidence, wanted: tuple[str, ...]) -> list[tuple[Ids, int]] | None:
        """Per group of parts the row of its table that each case has; None for what no table covers, and soft evidence."""
        if not self._covers(evidence, wanted):
            return None
        positions: dict[str, Ids | int] = {variable: at + 1 for variable, at in evidence.fixed.items()}
        for variable, column in evidence.columns.items():
            hard = column.vectors.argmax(axis=1) + 1
            hard[(column.vectors == 1).all(axis=1)] = 0
            if (column.vectors[np.arange(len(hard)), hard - 1] != 1)[hard > 0].any() or (
                np.count_nonzero(column.vectors, axis=1)[hard > 0] > 1
            ).any():
                return None
            positions[variable] = hard[column.codes]
        keys = []
        for questions, table in self._groups:
            key = np.zeros(evidence.n, dtype=np.intp)
            for question in questions:
                key *= len(self.network.states[question]) + 1
                key += positions.get(question, 0)
            keys.append((key, len(table)))
        return keys

    def _looked_up(self, keys: list[tuple[Ids, int]], n: int, table: Array) -> tuple[Array, Ids]:
        """The rows of likelihood x `table` for the distinct cases, and which of them each case is."""
        ids, first = distinct(keys, n)
        found = np.empty((len(first), table.shape[1]))
        table = np.ascontiguousarray(table)
        for start in range(0, len(first), CHUNK):
            part = first[start : start + CHUNK]
            likelihood = np.ones((1, len(table)))
            for (key, _), (_, group) in zip(keys, self._groups, strict=True):
                likelihood = likelihood * group.take(key[part], axis=0)
            found[start : start + CHUNK] = likelihood @ table
        return found, ids

    # ---- tables, each made when first needed

    def _shape(self, variables: Iterable[str]) -> tuple[int, ...]:
        return tuple(len(self.network.states[variable]) for variable in variables)

    def _covers(self, evidence: Evidence, wanted: tuple[str, ...]) -> bool:
        if self._split is None:
            return False
        observable = {*self._given, *(question for questions, _ in self._split for question in questions)}
        return (
            observable.issuperset((*evidence.fixed, *evidence.columns))
            and self._given.items() <= evidence.fixed.items()
            and self._readable.issuperset(wanted)
        )

    @cached_property
    def _components(self) -> list[tuple[set[str], tuple[str, ...]]]:
        return _components(self.network, self._core)

    @cached_property
    def _split(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]] | None:
        """Per part its questions and the core variables it touches; None where there is no lookup."""
        roles = [*self._core, *self._questions, *self._given]
        if len(set(roles)) < len(roles) or prod(self._shape(self._core)) > LARGEST_CORE:
            return None
        split = []
        for inside, near in self._components:
            questions = tuple(question for question in self._questions if question in inside)
            if questions:
                cells = prod(size + 1 for size in self._shape(questions)) * prod(self._shape(self._core))
                if cells > LARGEST_PART or not inside.isdisjoint(self._given):
                    return None
                split.append((questions, near))
        return split

    @cached_property
    def _readable(self) -> set[str]:
        """What may be asked for: the core, and all that hangs together with no question."""
        free = [inside for inside, _ in self._components if inside.isdisjoint(self._questions)]
        return set(self._core).union(*free)

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        return tuple(self._part(questions, near) for questions, near in self._split or ())

    def _part(self, questions: tuple[str, ...], near: tuple[str, ...]) -> Part:
        """P(answers | core) = P(answers, near) / P(near), where `near` is the part of the core that touches them."""
        patterns = tuple(size + 1 for size in self._shape(questions))
        places = np.indices((*patterns, *self._shape(near))).reshape(len(questions) + len(near), -1)
        columns = {}
        for variable, codes in zip((*questions, *near), places, strict=True):
            size = len(self.network.states[variable])
            columns[variable] = Column(codes, np.eye(size) if variable in near else hard_vectors(size))
        joint = self.tree.log_evidence(Evidence(places.shape[1], {}, columns)).reshape(prod(patterns), -1)
        unanswered = np.where(np.isneginf(joint[0]), 0.0, joint[0])
        with np.errstate(under="ignore"):
            table = np.exp(joint - unanswered)
        spread = tuple(len(self.network.states[v]) if v in near else 1 for v in self._core)
        return Part(questions, table.reshape(*patterns, *spread))

    @cached_property
    def _groups(self) -> list[tuple[tuple[str, ...], Array]]:
        """The parts multiplied together as far as GROUPED allows: questions, and a table (patterns, core)."""
        core = self._shape(self._core)
        groups: list[tuple[tuple[str, ...], Array]] = []
        for part in sorted(self._parts, key=lambda part: -part.table.size):
            patterns = part.table.shape[: len(part.questions)]
            table = np.broadcast_to(part.table, (*patterns, *core)).reshape(prod(patterns), -1)
            for i, (questions, grouped) in enumerate(groups):
                if len(grouped) * table.size <= GROUPED:
                    product = grouped[:, None] * table
                    groups[i] = ((*questions, *part.questions), product.reshape(-1, table.shape[1]))
                    break
            else:
                groups.append((part.questions, table))
        return groups

    def _target_table(self, wanted: tuple[str, ...]) -> tuple[Array, list[int]]:
        """P(target, given, core), a row per joint state of the core, a column per state of each wanted variable and one for
        P(given, core); and where the columns of each variable end.
        """
        known = self._tables.get(wanted)
        if known is not None:
            return known
        shape = self._shape(self._core)
        places = np.indices(shape).reshape(len(shape), prod(shape))
        columns = {v: Column(at, np.eye(size)) for v, at, size in zip(self._core, places, shape, strict=True)}
        every = Evidence(prod(shape), self._given, columns)
        joint = np.exp(self.tree.log_evidence(every))
        possible = np.flatnonzero(joint)
        table = np.zeros((len(joint), sum(self._shape(wanted)) + 1))
        if wanted:
            posteriors = self.tree.posteriors(every.rows(possible), wanted)
            table[possible, :-1] = np.hstack([posteriors[v] for v in wanted]) * joint[possible, None]
        table[:, -1] = joint
        made = table, [0, *np.cumsum(self._shape(wanted)).tolist()]
        keep(self._tables, wanted, made)
        return made

    def _joint_table(self, wanted: tuple[str, ...]) -> Array:
        """P(wanted, given, core): a row per joint state of the core, a column per joint state of the wanted variables."""
        known = self._joints.get(wanted)
        if known is None:
            variables = tuple(dict.fromkeys((*self._core, *wanted)))
            shape = self._shape(variables)
            places = np.indices(shape).reshape(len(shape), prod(shape))
            columns = {v: Column(at, np.eye(n)) for v, at, n in zip(variables, places, shape, strict=True)}
            logs = self.tree.log_evidence(Evidence(prod(shape), self._given, columns))
            known = np.exp(logs).reshape(prod(self._shape(self._core)), -1)
            keep(self._joints, wanted, known)
        return known


def _components(network: Network, core: Sequence[str]) -> list[tuple[set[str], tuple[str, ...]]]:
    """What the moral graph falls into without the core, and the core variables that each piece touches."""
    graph = moral_graph(network.variables, {v: (v, *family.parents) for v, family in network.families.items()})
    left = [variable for variable in network.variables if variable not in core]
    found = []
    while left:
        inside, waiting, near = {left[0]}, [left[0]], set()
        while waiting:
            for other in graph[waiting.pop()] - inside:
                if other in core:
                    near.add(other)
                else:
                    inside.add(other)
                    waiting.append(other)
        left = [variable for variable in left if variable not in inside]
        found.append((inside, tuple(variable for variable in core if variable in near)))
    return found
