"""Exact posteriors of any discrete Bayesian network: what a question needs of the tree, and what is read off it."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bayesnet.errors import BadEvidence, BadNetwork, ImpossibleCases, ImpossibleEvidence, TooLarge
from bayesnet.inference.arguments import (
    check_errors,
    checked_draws,
    checked_variables,
    checked_weights,
    in_bytes,
    keep,
)
from bayesnet.inference.arithmetic import PLAIN
from bayesnet.inference.contradiction import smallest_contradiction
from bayesnet.inference.evidence import Answers, Column, Evidence, encode, one_case
from bayesnet.inference.exchange import as_network
from bayesnet.inference.network import Array, Network
from bayesnet.inference.propagation import Posterior, clique_tables, propagate
from bayesnet.inference.triangulation import CliqueTree, clique_tree, tree_in_order

Tables = Mapping[str, Array]
"""Per variable P(variable | parents) with one more axis at the end: a draw of the parameters per column."""

MEMORY = 2**30
"""Bytes for the tables of a tree, and once more for the arrays of a pass, unless told otherwise."""

CHUNK = 1024
"""Cases per pass, at most: enough to share what they have in common, few enough to stay near the cache."""

WORTH_A_TREE = 3000
"""Numbers per variable from which a set of observed variables earns a tree of its own: making one takes as long."""


class JunctionTree:
    """Exact posteriors of a discrete Bayesian network.

    `network` is ours or any pgmpy DiscreteBayesianNetwork. An answer is a state, {state: likelihood} or None; cases are
    a DataFrame with a column per variable, or a list of {variable: answer}. `memory` bounds, in bytes, the tables of the
    tree and once more the arrays of a pass, however many the cases are; the results come on top.

    Raises BadNetwork for a network that is none, and TooLarge, before anything is allocated, for one whose tables would
    not fit. Every method raises UnknownVariable or UnknownState for names the network lacks, BadEvidence for likelihoods
    that are none, and ImpossibleEvidence where answers contradict each other.
    """

    def __init__(self, network: Any, memory: float = MEMORY) -> None:
        self.network: Network = as_network(network)
        if isinstance(memory, bool) or not isinstance(memory, int | float) or not memory > 0:
            raise BadNetwork(f"memory must be a number of bytes above 0, not {memory!r}")
        self.memory = memory
        self._sizes = {variable: len(states) for variable, states in self.network.states.items()}
        self._scopes = {variable: (variable, *family.parents) for variable, family in self.network.families.items()}
        self._tree = clique_tree(self.network.variables, self._scopes, self._sizes)
        if self._tree.size * 8 > memory:
            needed, limit = in_bytes(self._tree.size * 8), in_bytes(memory)
            raise TooLarge(f"exact inference in this network needs tables of {needed}; the limit is {limit} (`memory`)")
        self._fill()
        self._positions: dict[tuple[tuple[str, ...], bool], list[int]] = {}
        self._own_trees: dict[tuple[frozenset[str], frozenset[str]], CliqueTree] = {}

    def with_tables(self, tables: Mapping[str, Array]) -> "JunctionTree":
        """The same structure over other numbers: {variable: P(variable | parents)} of all variables, as in the families.

        Raises BadNetwork for tables that are none.
        """
        return self._over(self.network.with_tables(tables))

    def fitted(self, counts: Mapping[str, Array]) -> "JunctionTree":
        """The same structure over numbers in proportion to `counts`, such as those of `family_counts`: the M-step of EM.

        A row without any count stays as it is. Raises BadNetwork for counts that are none.
        """
        return self._over(self.network.fitted(counts))

    def __reduce__(self) -> tuple[type["JunctionTree"], tuple[Network, float]]:
        """Pickled as its network: the tables of the cliques are made anew, and read-only again."""
        return JunctionTree, (self.network, self.memory)

    def _over(self, network: Network) -> "JunctionTree":
        made = object.__new__(JunctionTree)
        made.__dict__.update(self.__dict__, network=network)
        made._fill()
        return made

    def _fill(self) -> None:
        self._tables = {variable: family.table[..., None] for variable, family in self.network.families.items()}
        self._cliques = clique_tables(self._tree, self._tables, conditional=True)

    def posterior(self, evidence: Answers, variables: Iterable[str] | None = None) -> dict[str, Array]:
        """{variable: P(variable | evidence)} of one case: arrays (n_states,) in the network's state order."""
        return self.posterior_and_log_evidence(evidence, variables)[0]

    def posterior_and_log_evidence(
        self, evidence: Answers, variables: Iterable[str] | None = None
    ) -> tuple[dict[str, Array], float]:
        """What `posterior` gives, and ln P(evidence), from one pass."""
        case = one_case(self.network, evidence)
        wanted = self._wanted(variables)
        tree, found = self._one_pass(case, wanted)
        if found.log_evidence[0] == -np.inf:
            raise ImpossibleEvidence(smallest_contradiction(evidence, self.log_evidence))
        posterior = {variable: self._marginal(tree, found, case, variable)[:, 0] for variable in wanted}
        return posterior, float(found.log_evidence[0])

    def posteriors(
        self, cases: Any, variables: Iterable[str] | None = None, errors: Literal["raise", "null"] = "raise"
    ) -> dict[str, Array]:
        """{variable: P(variable | case)} of many cases: arrays (n_cases, n_states).

        A case that cannot be raises ImpossibleEvidence, naming its row; with `errors="null"` its rows are NaN, and an
        ImpossibleCases warning says how many they are.
        """
        check_errors(errors)
        given = encode(self.network.states, cases)
        evidence, ids = given.distinct()
        wanted = self._wanted(variables)
        found = {variable: np.empty((evidence.n, self._sizes[variable])) for variable in wanted}
        log_evidence = np.empty(evidence.n)
        for rows, tree, posterior, part in self._passes(evidence, wanted):
            log_evidence[rows] = posterior.log_evidence
            for variable in wanted:
                found[variable][rows] = self._marginal(tree, posterior, part, variable).T
        impossible = np.isneginf(log_evidence)
        if impossible.any():
            self._report(given, impossible[ids], errors)
            for array in found.values():
                array[impossible] = np.nan
        return {variable: array[ids] for variable, array in found.items()}

    def log_evidence(self, cases: Any) -> Array:
        """ln P(case), an array (n_cases,); -inf for a case that cannot be."""
        evidence, ids = encode(self.network.states, cases).distinct()
        found = np.empty(evidence.n)
        for rows, _, posterior, _ in self._passes(evidence, ()):
            found[rows] = posterior.log_evidence
        return found[ids]

    def family_counts(self, cases: Any, weights: Sequence[float] | Array | None = None) -> dict[str, Array]:
        """{variable: expected counts (n_states, *parent states)} over the cases, parents in the family's order.

        `weights` (n_cases,) count each case so many times; one of weight 0 is not looked at. The E-step of EM (Lauritzen 1995).
        """
        return self.family_counts_and_log_evidence(cases, weights)[0]

    def family_counts_and_log_evidence(
        self, cases: Any, weights: Sequence[float] | Array | None = None
    ) -> tuple[dict[str, Array], float]:
        """What `family_counts` gives, and the sum of the weights x ln P(case), from one pass."""
        given = encode(self.network.states, cases)
        weights = checked_weights(weights, given.n)
        if not weights.all():
            given, weights = given.rows(np.flatnonzero(weights)), weights[weights > 0]
        evidence, ids = given.distinct()
        weights = np.bincount(ids, weights, minlength=evidence.n).astype(np.float64)
        counts = {variable: np.zeros(family.table.shape) for variable, family in self.network.families.items()}
        log_evidence = 0.0
        for rows, _, posterior, part in self._passes(evidence, tuple(counts), weights) if given.n else ():
            impossible = np.isneginf(posterior.log_evidence)
            if impossible.any():
                self._report(given, np.isin(ids, np.arange(evidence.n)[rows][impossible]), "raise")
            log_evidence += float(weights[rows] @ np.broadcast_to(posterior.log_evidence, part.n))
            for variable, array in counts.items():
                self._add_family(array, posterior, part, variable)
        return counts, log_evidence

    def posteriors_under(self, tables: Tables, evidence: Answers, variables: Iterable[str]) -> dict[str, Array]:
        """{variable: arrays (n_draws, n_states)}: one case under many draws of the network's parameters.

        `tables` holds for each variable its table (n_states, *parent states, n_draws); the last axis may be 1.
        Raises ImpossibleEvidence where a draw gives the case a probability of zero.
        """
        found, log_evidence = self.under(tables, evidence, variables)
        if np.isneginf(log_evidence).any():
            raise ImpossibleEvidence(smallest_contradiction(evidence, self.log_evidence))
        return found

    def under(self, tables: Tables, evidence: Answers, variables: Iterable[str]) -> tuple[dict[str, Array], Array]:
        """What `posteriors_under` gives, and ln P(evidence) of each draw, -inf where the case cannot be: (n_draws,)."""
        case = one_case(self.network, evidence)
        wanted = self._wanted(variables)
        draws = checked_draws(self.network, tables)
        reached, everyone = self._reached(wanted), range(len(self._tree.cliques))
        found = {variable: np.empty((draws, self._sizes[variable])) for variable in wanted}
        log_evidence = np.empty(draws)
        step = max(1, int(self.memory / (32 * self._tree.size)))
        for start in range(0, draws, step):
            rows = slice(start, min(start + step, draws))
            part = {v: table[..., rows] if table.shape[-1] > 1 else table for v, table in tables.items()}
            cliques = clique_tables(self._tree, part, conditional=False)
            posterior = propagate(self._tree, cliques, case, reached, everyone)
            log_evidence[rows] = posterior.log_evidence
            for variable in wanted:
                found[variable][rows] = self._marginal(self._tree, posterior, case, variable).T
        return found, log_evidence

    def joint(self, cases: Any, variables: Sequence[str]) -> Array:
        """P(variables | case), jointly: an array (n_cases, *states of each variable), for a few variables.

        Raises ImpossibleEvidence as `posteriors` does. Every joint state is a case of its own.
        """
        wanted = self._wanted(variables)
        if len(set(wanted)) < len(wanted):
            raise BadEvidence(f"a variable stands twice in {', '.join(wanted)}")
        evidence = encode(self.network.states, cases)
        shape = tuple(self._sizes[variable] for variable in wanted)
        cells = prod(shape)
        places = np.indices(shape).reshape(len(shape), cells)
        every = evidence.rows(np.repeat(np.arange(evidence.n), cells))
        hidden = {
            v: Column(np.tile(at, evidence.n), np.eye(self._sizes[v])) for v, at in zip(wanted, places, strict=True)
        }
        clash = {*hidden} & {*every.columns, *every.fixed}
        if clash:
            raise BadEvidence(f"{', '.join(sorted(clash))} is observed; a joint posterior is of what is not")
        logs = self.log_evidence(Evidence(every.n, every.fixed, {**every.columns, **hidden})).reshape(evidence.n, cells)
        largest = logs.max(axis=1, keepdims=True)
        impossible = np.isneginf(largest[:, 0])
        if impossible.any():
            self._report(evidence, impossible, "raise")
        with np.errstate(under="ignore"):
            joint = np.exp(logs - largest)
        return np.asarray((joint / joint.sum(axis=1, keepdims=True)).reshape(evidence.n, *shape))

    def _one_pass(self, case: Evidence, wanted: tuple[str, ...]) -> tuple[CliqueTree, Posterior]:
        """One case, on the standing tree or, where that is dear, on a tree made for what is observed and asked."""
        reached, senders = self._reached(wanted), self._senders(case)
        dear = WORTH_A_TREE * len(self._sizes)
        if case.fixed and self._tree.size > dear:
            cost = [table.size for table in self._cliques.cliques]
            for variable in case.fixed:
                for i, _ in self._tree.axes[variable]:
                    cost[i] //= self._sizes[variable]
            if sum(cost[i] for i in {*reached, *senders}) > dear:
                return self._pass_on_own_tree(case, wanted)
        return self._tree, propagate(self._tree, self._cliques, case, reached, senders)

    def _pass_on_own_tree(self, case: Evidence, wanted: Sequence[str]) -> tuple[CliqueTree, Posterior]:
        """Observed variables cut out of every family, those that bear on nothing left out, and cliques formed anew."""
        relevant = self.network.ancestors({*wanted, *case.fixed, *case.columns})
        scopes = {child: tuple(v for v in self._scopes[child] if v not in case.fixed) for child in relevant}
        key = (frozenset(case.fixed), relevant)
        tree = self._own_trees.get(key)
        if tree is None:
            hidden = [variable for variable in self._tree.order if variable in relevant and variable not in case.fixed]
            tree = tree_in_order(hidden, scopes, self._sizes)
            if tree.size > WORTH_A_TREE * len(hidden):
                tree = min(tree, clique_tree(hidden, scopes, self._sizes), key=lambda tree: tree.size)
            keep(self._own_trees, key, tree)
        tables = {
            child: self._tables[child][tuple(case.fixed.get(v, slice(None)) for v in self._scopes[child])]
            for child in scopes
        }
        cliques = clique_tables(tree, tables, conditional=False)
        reached = _cliques_of(tree, [variable for variable in wanted if variable not in case.fixed])
        return tree, propagate(tree, cliques, Evidence(1, {}, case.columns), reached, range(len(tree.cliques)))

    def _passes(
        self, evidence: Evidence, wanted: tuple[str, ...], weights: Array | None = None
    ) -> Iterator[tuple[slice, CliqueTree, Posterior, Evidence]]:
        """The cases in parts that fit into the memory: which they are, and what a pass over which tree gives."""
        if weights is None and self._tree.size > WORTH_A_TREE * len(self._sizes):
            # What a case costs here is its arithmetic, and its own evidence cuts that down.
            for row in range(evidence.n):
                case = evidence.case(row)
                tree, posterior = self._one_pass(case, wanted)
                yield slice(row, row + 1), tree, posterior, case
            return
        reached, senders = self._reached(wanted, families=weights is not None), self._senders(evidence)
        per_case = 8 * sum(self._cliques.cliques[i].size for i in {*reached, *senders})
        step = max(1, min(CHUNK, int(self.memory / (4 * per_case))))
        for rows, part in evidence.parts(step):
            of_rows = None if weights is None else weights[rows]
            yield rows, self._tree, propagate(self._tree, self._cliques, part, reached, senders, of_rows), part

    def _reached(self, wanted: tuple[str, ...], families: bool = False) -> list[int]:
        """The cliques on the way back to these variables, or to their families."""
        found = self._positions.get((wanted, families))
        if found is None:
            found = _cliques_of(self._tree, wanted, families)
            keep(self._positions, (wanted, families), found)
        return found

    def _senders(self, evidence: Evidence) -> list[int]:
        tops = {self._tree.top[variable] for variable in evidence.fixed}
        return self._tree.towards_root(tops | {self._tree.smallest[variable] for variable in evidence.columns})

    # ---- reading off

    def _marginal(self, tree: CliqueTree, found: Posterior, evidence: Evidence, variable: str) -> Array:
        """P(variable | case), an array (n_states, n_cases)."""
        if variable in evidence.fixed:
            return np.eye(self._sizes[variable])[:, evidence.fixed[variable], None]
        return PLAIN.total(found.cliques[tree.smallest[variable]], tree.others[variable])

    def _add_family(self, counts: Array, found: Posterior, evidence: Evidence, variable: str) -> None:
        """Adds P(variable, parents | case), summed over the cases, to `counts`."""
        tree, scope = self._tree, self._scopes[variable]
        way = tree.ways[variable]
        joint = np.add.reduce(found.cliques[tree.home[variable]], axis=way.outside)
        if not evidence.fixed.keys().isdisjoint(scope):
            counts = counts[
                tuple(slice(f, f + 1) if (f := evidence.fixed.get(v)) is not None else slice(None) for v in scope)
            ]
        counts += joint.transpose(way.undo)

    def _wanted(self, variables: Iterable[str] | None) -> tuple[str, ...]:
        if variables is None:
            return self.network.variables
        wanted = checked_variables(variables)
        for variable in wanted:
            self.network.check_variable(variable)
        return wanted

    def _report(self, evidence: Evidence, impossible: NDArray[np.bool_], errors: str) -> None:
        """Raises ImpossibleEvidence for the first impossible case, or warns of how many there are."""
        rows = np.flatnonzero(impossible)
        if errors == "null":
            text = f"{len(rows)} of {len(impossible)} cases are impossible under the model: NaN"
            warnings.warn(text, ImpossibleCases, stacklevel=3)
            return
        answers = evidence.answers(rows[0], self.network.states)
        raise ImpossibleEvidence(smallest_contradiction(answers, self.log_evidence), evidence.label(rows[0]))


def _cliques_of(tree: CliqueTree, variables: Sequence[str], families: bool = False) -> list[int]:
    """The cliques to pass on the way back to these variables, or to their families; none for none."""
    place = tree.home if families else tree.smallest
    if not variables:
        return []
    return tree.towards_root({place[variable] for variable in variables})
