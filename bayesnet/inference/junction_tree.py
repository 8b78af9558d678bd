"""Numbers: exact inference by one collect-and-distribute pass over a clique tree, many cases at once.

The method is Hugin propagation (Lauritzen & Spiegelhalter 1988; Jensen, Lauritzen & Olesen 1990). Every array carries
the case on its last axis, of length 1 where all cases share the numbers; the other axes are variables in the network's
order. So a message meets a clique by a reshape alone. Each message is scaled by its sum, whose logarithms add up to
log P(evidence): networks of a thousand nodes do not underflow. 0/0 counts as 0.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bayesnet.errors import BadEvidence, ImpossibleEvidence, TooLarge
from bayesnet.inference.contradiction import smallest_contradiction
from bayesnet.inference.evidence import Answers, Likelihoods, as_rows, encode
from bayesnet.inference.exchange import as_network
from bayesnet.inference.network import Array, Network
from bayesnet.inference.triangulation import Clique, clique_tree

Tables = Mapping[str, Array]
"""Per variable P(variable | parents) with one more axis at the end: a draw of the parameters per case."""

LARGEST_TREE = 2**27
"""Numbers in all clique tables together (8 bytes each, so 1 GiB): a larger tree is refused."""

CHUNK = 1024
"""Cases per pass: enough to amortise numpy's overhead, few enough to stay in the cache."""


class JunctionTree:
    """Exact posteriors of a discrete Bayesian network.

    `network` is ours or any pgmpy DiscreteBayesianNetwork. An answer is a state, {state: likelihood} or None; cases are
    a DataFrame with a column per variable, or a list of {variable: answer}.

    Raises BadNetwork for a network that is none, and TooLarge, before anything is allocated, for one whose clique tables
    would hold more than LARGEST_TREE numbers. Every method raises UnknownVariable or UnknownState for names the network
    lacks, BadEvidence for likelihoods that are none, and ImpossibleEvidence where the answers contradict each other.
    """

    def __init__(self, network: Any) -> None:
        self.network: Network = as_network(network)
        self._tree = clique_tree(self.network)
        if self._tree.size > LARGEST_TREE:
            size, limit = self._tree.size * 8 / 2**30, LARGEST_TREE * 8 / 2**30
            raise TooLarge(
                f"exact inference in this network needs tables of {size:,.1f} GiB; the limit is {limit:,.1f} GiB"
            )
        self._position = {variable: i for i, variable in enumerate(self.network.variables)}
        self._potentials = self._products(
            {variable: family.table[..., None] for variable, family in self.network.families.items()}
        )

    def posterior(self, evidence: Answers, variables: Iterable[str] | None = None) -> dict[str, Array]:
        """{variable: P(variable | evidence)} of one case: arrays (n_states,) in the network's state order."""
        found = self.posteriors([evidence], variables)
        return {variable: array[0] for variable, array in found.items()}

    def posteriors(self, cases: Any, variables: Iterable[str] | None = None) -> dict[str, Array]:
        """{variable: P(variable | case)} of many cases: arrays (n_cases, n_states)."""
        rows = as_rows(cases)
        wanted = self._wanted(variables)
        found = {variable: np.empty((len(rows), len(self.network.states[variable]))) for variable in wanted}
        for part, calibrated in self._passes(rows):
            self._refuse_impossible(rows[part], calibrated.log_evidence)
            for variable in wanted:
                found[variable][part] = calibrated.marginal(variable).T
        return found

    def log_evidence(self, cases: Any) -> Array:
        """ln P(case), an array (n_cases,); -inf for a case that cannot be."""
        rows = as_rows(cases)
        found = np.empty(len(rows))
        for part, calibrated in self._passes(rows):
            found[part] = calibrated.log_evidence
        return found

    def family_counts(self, cases: Any, weights: Sequence[float] | Array | None = None) -> dict[str, Array]:
        """{variable: expected counts (n_states, *parent states)} over the cases, parents in the family's order.

        `weights` (n_cases,) count each case so many times. The E-step of EM (Lauritzen 1995).
        """
        rows = as_rows(cases)
        weights = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)
        if weights.shape != (len(rows),):
            raise BadEvidence(f"weights of shape {weights.shape} for {len(rows)} cases: one weight per case is needed")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise BadEvidence("a weight is negative or not finite; a finite number of at least 0 is needed")
        counts = {variable: np.zeros(family.table.shape) for variable, family in self.network.families.items()}
        for part, calibrated in self._passes(rows):
            self._refuse_impossible(rows[part], calibrated.log_evidence)
            for variable in counts:
                counts[variable] += calibrated.family(variable) @ weights[part]
        return counts

    def posteriors_under(self, tables: Tables, evidence: Answers, variables: Iterable[str]) -> dict[str, Array]:
        """{variable: arrays (n_draws, n_states)}: one case under many draws of the network's parameters.

        `tables` holds for each variable its table (n_states, *parent states, n_draws); the last axis may be 1.
        """
        draws = max(table.shape[-1] for table in tables.values())
        potentials = self._products(tables)
        calibrated = self._calibrate(encode(self.network, [evidence]), draws, potentials)
        if np.isneginf(calibrated.log_evidence).any():
            raise ImpossibleEvidence(smallest_contradiction(evidence, self.log_evidence))
        return {variable: calibrated.marginal(variable).T for variable in self._wanted(variables)}

    def _passes(self, rows: Sequence[Answers]) -> Iterator[tuple[slice, "Calibrated"]]:
        """The rows in chunks: which they are, and what a pass over them gives."""
        for start in range(0, len(rows), CHUNK):
            part = slice(start, min(start + CHUNK, len(rows)))
            yield part, self._calibrate(encode(self.network, rows[part]), part.stop - start)

    def _wanted(self, variables: Iterable[str] | None) -> tuple[str, ...]:
        if variables is None:
            return self.network.variables
        wanted = tuple(variables)
        for variable in wanted:
            self.network.check_variable(variable)
        return wanted

    def _refuse_impossible(self, cases: Sequence[Answers], log_evidence: Array) -> None:
        impossible = np.flatnonzero(np.isneginf(log_evidence))
        if len(impossible):
            raise ImpossibleEvidence(smallest_contradiction(cases[impossible[0]], self.log_evidence))

    def _products(self, tables: Tables) -> list[Array]:
        """Each clique's potential: the product of the families that live in it."""
        potentials: list[Array] = [np.ones((1,) * (len(clique.variables) + 1)) for clique in self._tree.cliques]
        for variable, table in tables.items():
            home = self._tree.home[variable]
            family = (variable, *self.network.families[variable].parents)
            potentials[home] = potentials[home] * self._aligned(table, family, self._tree.cliques[home])
        return potentials

    def _aligned(self, table: Array, axes: Sequence[str], clique: Clique) -> Array:
        """`table` (one axis per variable of `axes`, then the case) with the axes of `clique`, absent ones of length 1."""
        order = sorted(range(len(axes)), key=lambda i: self._position[axes[i]])
        lengths = dict(zip(axes, table.shape, strict=False))
        shape = [lengths.get(variable, 1) for variable in clique.variables]
        return table.transpose(*order, len(axes)).reshape(*shape, table.shape[-1])

    def _calibrate(self, likelihoods: Likelihoods, n_cases: int, potentials: list[Array] | None = None) -> "Calibrated":
        """The whole pass: evidence in, messages to the root and back, every clique's belief out.

        Where a number leaves the range of floats on the way, the pass is made again in logarithms, which is slower: what
        underflows beside a larger number may be what counts in the end.
        """
        potentials = self._potentials if potentials is None else potentials
        try:
            with np.errstate(under="raise", over="raise"):
                return self._pass(likelihoods, n_cases, potentials)
        except FloatingPointError:
            return self._pass_in_logarithms(likelihoods, n_cases, potentials)

    def _pass(self, likelihoods: Likelihoods, n_cases: int, potentials: list[Array]) -> "Calibrated":
        cliques = self._tree.cliques
        beliefs = list(potentials)
        log_evidence = np.zeros(n_cases)
        for variable, vector in likelihoods.items():
            home = self._tree.smallest[variable]
            scaled, largest = _scaled(vector)
            log_evidence += np.log(largest)
            beliefs[home] = beliefs[home] * self._aligned(scaled, (variable,), cliques[home])

        messages: dict[int, Array] = {}
        for i in reversed(range(len(cliques))):
            clique = cliques[i]
            messages[i] = _sum_to(beliefs[i], clique, clique.separator)
            scale = messages[i].sum(axis=tuple(range(len(clique.separator))))
            with np.errstate(divide="ignore"):
                log_evidence += np.log(scale)
            messages[i] = _ratio(messages[i], scale)
            beliefs[i] = _ratio(beliefs[i], scale)
            if clique.parent is not None:
                parent = cliques[clique.parent]
                product = beliefs[clique.parent] * self._aligned(messages[i], clique.separator, parent)
                beliefs[clique.parent], largest = _scaled(product)
                log_evidence += np.log(largest)

        for i, clique in enumerate(cliques):
            if clique.parent is not None:
                parent = cliques[clique.parent]
                news = _ratio(_sum_to(beliefs[clique.parent], parent, clique.separator), messages[i])
                beliefs[i] = beliefs[i] * self._aligned(news, clique.separator, clique)
        return Calibrated(self, beliefs, log_evidence)

    def _pass_in_logarithms(self, likelihoods: Likelihoods, n_cases: int, potentials: list[Array]) -> "Calibrated":
        cliques = self._tree.cliques
        beliefs = [_log(potential) for potential in potentials]
        for variable, vector in likelihoods.items():
            home = self._tree.smallest[variable]
            beliefs[home] = beliefs[home] + self._aligned(_log(vector), (variable,), cliques[home])

        messages: dict[int, Array] = {}
        for i in reversed(range(len(cliques))):
            clique = cliques[i]
            messages[i] = _log_sum_to(beliefs[i], clique, clique.separator)
            if clique.parent is not None:
                aligned = self._aligned(messages[i], clique.separator, cliques[clique.parent])
                beliefs[clique.parent] = beliefs[clique.parent] + aligned

        for i, clique in enumerate(cliques):
            if clique.parent is not None:
                news = _log_sum_to(beliefs[clique.parent], cliques[clique.parent], clique.separator)
                known = np.where(np.isneginf(messages[i]), 0.0, messages[i])
                beliefs[i] = beliefs[i] + self._aligned(news - known, clique.separator, clique)
        log_evidence = np.broadcast_to(messages[0], (n_cases,))
        with np.errstate(under="ignore"):
            return Calibrated(self, [np.exp(belief - _peak(belief, ())) for belief in beliefs], log_evidence)


class Calibrated:
    """The beliefs P(clique | case) after a pass, and what can be read off them."""

    def __init__(self, tree: JunctionTree, beliefs: list[Array], log_evidence: Array) -> None:
        self._network, self._tree = tree.network, tree._tree
        self._beliefs = beliefs
        self.log_evidence = log_evidence

    def marginal(self, variable: str) -> Array:
        """P(variable | case), an array (n_states, n_cases)."""
        return self._joint((variable,), self._tree.smallest[variable])

    def family(self, variable: str) -> Array:
        """P(variable, parents | case), an array (n_states, *parent states, n_cases), parents in the family's order."""
        return self._joint((variable, *self._network.families[variable].parents), self._tree.home[variable])

    def _joint(self, variables: tuple[str, ...], home: int) -> Array:
        clique = self._tree.cliques[home]
        kept = tuple(v for v in clique.variables if v in variables)
        joint = _sum_to(self._beliefs[home], clique, kept)
        shape = tuple(len(self._network.states[v]) for v in kept)
        joint = np.broadcast_to(joint, (*shape, len(self.log_evidence)))
        joint = _ratio(joint, joint.sum(axis=tuple(range(len(kept)))))
        return joint.transpose(*(kept.index(v) for v in variables), len(kept))


def _sum_to(belief: Array, clique: Clique, kept: Sequence[str]) -> Array:
    axes = tuple(i for i, v in enumerate(clique.variables) if v not in kept)
    return np.asarray(belief.sum(axis=axes))


def _ratio(numerator: Array, denominator: Array) -> Array:
    """numerator / denominator, with 0/0 = 0."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator != 0)


def _log(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _peak(belief: Array, kept_axes: Sequence[int]) -> Array:
    """The largest entry over the axes that are not kept (nor the last), 0 where all are -inf; axes stay, of length 1."""
    axes = tuple(i for i in range(belief.ndim - 1) if i not in kept_axes)
    largest = belief.max(axis=axes, keepdims=True)
    return np.where(np.isneginf(largest), 0.0, largest)


def _log_sum_to(belief: Array, clique: Clique, kept: Sequence[str]) -> Array:
    """ln of what `_sum_to` gives, from logarithms."""
    kept_axes = [i for i, v in enumerate(clique.variables) if v in kept]
    peak = _peak(belief, kept_axes)
    with np.errstate(under="ignore"):
        total = _log(_sum_to(np.exp(belief - peak), clique, kept))
    return total + peak.reshape(total.shape)


def _scaled(belief: Array) -> tuple[Array, Array]:
    """`belief` with its largest entry brought to 1 in every case, and what it was (1 where all is zero)."""
    largest = belief.max(axis=tuple(range(belief.ndim - 1)))
    largest = np.where(largest == 0, 1.0, largest)
    return belief / largest, largest
