"""Numbers: one pass of messages over a clique tree, for many columns at once.

Hugin propagation (Lauritzen & Spiegelhalter 1988; Jensen, Lauritzen & Olesen 1990): evidence is absorbed into the cliques;
`collect` sums each down to its separator and multiplies the sum into its parent, up to the root; `distribute` goes back
and turns every clique into its posterior. 0/0 counts as 0.

The last axis of every array is the column: a case, a pattern of answers that cases share, or a draw of the parameters;
where its length is 1, all columns agree. The pass runs on plain numbers, and on their logarithms where those leave the
range of floats: what underflows beside a larger number may be what counts in the end.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from bayesnet.inference.arithmetic import LOGARITHMS, PLAIN, Arithmetic, normalised
from bayesnet.inference.evidence import Evidence, Ids, distinct
from bayesnet.inference.network import Array
from bayesnet.inference.triangulation import CliqueTree


@dataclass(frozen=True)
class Sharing:
    """Cases with the same answers at and below a clique share a column there.

    Per clique `rows` says which column each case has, `above` which one each column of the parent has, `first` a case
    for each column. A clique that is not in `rows` has one column for all, or one for each. `cells` numbers the cells of a
    separator's table by the columns here, one for each cell by the columns of the parent, for sums over them.
    """

    rows: dict[int, Ids] = field(default_factory=dict)
    above: dict[int, Ids] = field(default_factory=dict)
    first: dict[int, Ids] = field(default_factory=dict)
    cells: dict[int, Ids] = field(default_factory=dict)

    def summed(self, i: int, news: Array, n: int) -> Array:
        """`news`, over the columns of the parent, summed into the `n` columns of clique i."""
        if n == 1:
            return np.add.reduce(news, axis=-1, keepdims=True)
        at = self.above.get(i)
        if at is None:
            return news
        if news.shape[-1] == 1:
            news = np.broadcast_to(news, (*news.shape[:-1], len(at)))
        size = news.size // len(at)
        if i not in self.cells:
            self.cells[i] = (at + np.arange(0, n * size, n)[:, None]).ravel()
        return _binned(self.cells[i], news.ravel(), n * size).reshape(*news.shape[:-1], n)


@dataclass(frozen=True)
class Posterior:
    """What a pass gives: the `cliques` that were wanted, as P(clique | case), and ln P(case) of each case.

    In a pass with weights a clique holds P(clique | case) summed over the cases that share a column, times the weights.
    """

    cliques: Mapping[int, Array]
    log_evidence: Array


@dataclass(frozen=True)
class CliqueTables:
    """What each clique holds before any evidence, as plain numbers or as logarithms: read-only arrays."""

    cliques: Sequence[Array]
    arithmetic: Arithmetic


def clique_tables(tree: CliqueTree, tables: Mapping[str, Array], conditional: bool) -> CliqueTables:
    """Each clique as the product of the families that live in it; an axis that none of them has is of length 1.

    With `conditional` each becomes P(residual | separator), the root P(root): a clique without evidence at or below it
    would then send ones, and need not send at all.
    """
    try:
        with np.errstate(under="raise", over="raise"):
            return _clique_tables(tree, tables, conditional, PLAIN)
    except FloatingPointError:
        with np.errstate(divide="ignore"):
            return _clique_tables(tree, tables, conditional, LOGARITHMS)


def _clique_tables(tree: CliqueTree, tables: Mapping[str, Array], conditional: bool, by: Arithmetic) -> CliqueTables:
    one = by.enter(np.ones(()))
    found = [np.broadcast_to(one, (1,) * (len(clique.variables) + 1)) for clique in tree.cliques]
    for child, way in tree.ways.items():
        home = tree.home.get(child, 0)
        found[home] = by.product(found[home], by.enter(tables[child].transpose(way.order)[way.spread]))
    for i in range(len(found) - 1, 0, -1) if conditional else ():
        clique = tree.cliques[i]
        message = by.total(found[i], clique.summed)
        found[i] = by.over(found[i], message[clique.into_clique])
        found[clique.above] = by.product(found[clique.above], message[clique.into_parent])
    for table in found:
        table.flags.writeable = False
    return CliqueTables(found, by)


def propagate(
    tree: CliqueTree,
    tables: CliqueTables,
    evidence: Evidence,
    wanted: Sequence[int],
    senders: Sequence[int],
    weights: Array | None = None,
) -> Posterior:
    """One pass, with the `senders` towards the root and the `wanted` cliques back from it.

    Both are positions with the root first and every parent before its children, `wanted` empty where only ln P(case) is
    asked; a clique that does not send must be P(residual | separator) without evidence. `weights` (n_cases,) ask for sums
    over the cases.
    """
    if tables.arithmetic is PLAIN:
        with suppress(FloatingPointError), np.errstate(under="raise", over="raise", divide="ignore"):
            return _pass(tree, tables.cliques, evidence, wanted, senders, weights, PLAIN, evidence.n // 2)
        with np.errstate(divide="ignore"):
            tables = CliqueTables([LOGARITHMS.enter(clique) for clique in tables.cliques], LOGARITHMS)
    with np.errstate(divide="ignore"):
        return _pass(tree, tables.cliques, evidence, wanted, senders, weights, LOGARITHMS, 0)


def _pass(
    tree: CliqueTree,
    tables: Sequence[Array],
    evidence: Evidence,
    wanted: Sequence[int],
    senders: Sequence[int],
    weights: Array | None,
    arithmetic: Arithmetic,
    shared_up_to: int,
) -> Posterior:
    sharing, likelihoods = _prepared(tree, evidence, senders, shared_up_to, arithmetic)
    cliques = _absorb(tree, tables, evidence.fixed, likelihoods, arithmetic)
    cliques, messages, log_evidence = _collect(tree, cliques, senders, sharing, arithmetic)
    of_cases = _taken(log_evidence, sharing.rows.get(0))
    if not wanted:
        return Posterior({}, of_cases)
    if weights is None:
        beliefs = _distribute(tree, cliques, messages, wanted, sharing, arithmetic)
        if arithmetic is LOGARITHMS:  # of large numbers the last digits are lost; a sum of 1 gives them back
            beliefs = {i: normalised(belief) for i, belief in beliefs.items()}
    else:
        beliefs = _distribute_sums(tree, cliques, messages, wanted, sharing, weights, arithmetic)
    return Posterior({i: arithmetic.leave(belief) for i, belief in beliefs.items()}, of_cases)


def _prepared(
    tree: CliqueTree, evidence: Evidence, senders: Sequence[int], up_to: int, arithmetic: Arithmetic
) -> tuple[Sharing, dict[int, Array]]:
    """What a pass needs of the evidence, kept with it for the next pass over the same tree: EM makes many."""
    known = evidence.known.get(arithmetic is PLAIN)
    if known is None or known[0] is not tree:
        sharing = _share(tree, evidence, senders, up_to)
        known = tree, (sharing, _likelihoods(tree, evidence, sharing, arithmetic))
        evidence.known[arithmetic is PLAIN] = known
    found: tuple[Sharing, dict[int, Array]] = known[1]
    return found


def _share(tree: CliqueTree, evidence: Evidence, senders: Sequence[int], up_to: int) -> Sharing:
    """`up_to`: how many columns a clique may have before each case gets its own."""
    sharing = Sharing()
    if evidence.n == 1 or not evidence.columns:
        return sharing
    keys: dict[int, list[tuple[Ids, int]]] = {}
    for variable, column in evidence.columns.items():
        keys.setdefault(tree.smallest[variable], []).append(column.key)
    for i in reversed(senders):
        if i not in keys:
            continue
        ids, sharing.first[i] = distinct(keys[i], evidence.n)
        if len(sharing.first[i]) > up_to:
            ids = sharing.first[i] = np.arange(evidence.n)
        else:
            sharing.rows[i] = ids
        if i > 0:
            keys.setdefault(tree.cliques[i].above, []).append((ids, len(sharing.first[i])))
    for i, rows in sharing.rows.items():
        if i > 0:
            sharing.above[i] = rows[sharing.first[tree.cliques[i].above]]
    return sharing


def _likelihoods(tree: CliqueTree, evidence: Evidence, sharing: Sharing, arithmetic: Arithmetic) -> dict[int, Array]:
    """Per clique the product of the likelihood vectors that it absorbs, spread over its axes."""
    found: dict[int, Array] = {}
    for variable, column in evidence.columns.items():
        i = tree.smallest[variable]
        codes = column.codes[sharing.first[i]] if i in sharing.first else column.codes
        spread = tuple(slice(None) if other == variable else None for other in tree.cliques[i].variables)
        vectors = arithmetic.enter(column.vectors[codes].T[spread])
        found[i] = arithmetic.times(found[i], vectors) if i in found else vectors
    return found


def _absorb(
    tree: CliqueTree,
    tables: Sequence[Array],
    fixed: Mapping[str, int],
    likelihoods: Mapping[int, Array],
    arithmetic: Arithmetic,
) -> list[Array]:
    """The cliques with the evidence in them. An observed axis is cut to its state, a view of length 1."""
    cliques = list(tables)
    cuts: dict[int, list[slice]] = {}
    for variable, state in fixed.items():
        for i, axis in tree.axes[variable]:
            if tables[i].shape[axis] > 1:
                if i not in cuts:
                    cuts[i] = [slice(None)] * len(tree.cliques[i].variables)
                cuts[i][axis] = slice(state, state + 1)
    for i, cut in cuts.items():
        cliques[i] = cliques[i][tuple(cut)]
    for i, likelihood in likelihoods.items():
        cliques[i] = arithmetic.product(cliques[i], likelihood)
    return cliques


def _collect(
    tree: CliqueTree, cliques: list[Array], senders: Sequence[int], sharing: Sharing, arithmetic: Arithmetic
) -> tuple[list[Array], dict[int, Array], Array]:
    """The cliques with all evidence from below, what each sent, and ln P(evidence) per column of the root."""
    messages: dict[int, Array] = {}
    scales: dict[int, Array] = {}
    for i in reversed(senders[1:]):
        clique = tree.cliques[i]
        message = messages[i] = arithmetic.total(cliques[i], clique.summed)
        at = sharing.above.get(i)
        if clique.rescales:
            scale = arithmetic.total(message, tuple(range(len(clique.separator))))
            message = arithmetic.over(message, scale)
            scales[i] = scales.get(i, 0.0) + arithmetic.log(scale)
        if i in scales:
            scales[clique.above] = scales.get(clique.above, 0.0) + _taken(scales[i], at)
        cliques[clique.above] = arithmetic.product(cliques[clique.above], _taken(message, at)[clique.into_parent])
    messages[0] = arithmetic.total(cliques[0], tree.cliques[0].summed)
    return cliques, messages, scales.get(0, 0.0) + arithmetic.log(messages[0])


def _distribute(
    tree: CliqueTree,
    cliques: Sequence[Array],
    messages: Mapping[int, Array],
    wanted: Sequence[int],
    sharing: Sharing,
    arithmetic: Arithmetic,
) -> dict[int, Array]:
    """P(clique | case), a column per case."""
    found = {0: _taken(arithmetic.over(cliques[0], messages[0]), sharing.rows.get(0))}
    for i in wanted[1:]:
        clique, rows = tree.cliques[i], sharing.rows.get(i)
        news = arithmetic.total(found[clique.above], clique.summed_above)
        if i in messages:
            news = arithmetic.over(news, _taken(messages[i], rows))
        found[i] = arithmetic.product(_taken(cliques[i], rows), news[clique.into_clique])
    return found


def _distribute_sums(
    tree: CliqueTree,
    cliques: Sequence[Array],
    messages: Mapping[int, Array],
    wanted: Sequence[int],
    sharing: Sharing,
    weights: Array,
    arithmetic: Arithmetic,
) -> dict[int, Array]:
    """The same, times the weights, summed over the cases that share a column: no more columns than on the way up.

    Exact, as a clique's posterior is linear in what it hears from its parent.
    """
    rows, n = sharing.rows.get(0), cliques[0].shape[-1]
    if n == 1 or rows is not None:
        weights = _binned(np.zeros(len(weights), dtype=np.intp) if rows is None else rows, weights, n)
    found = {0: arithmetic.times(arithmetic.over(cliques[0], messages[0]), arithmetic.enter(weights))}
    for i in wanted[1:]:
        clique = tree.cliques[i]
        news = arithmetic.total(found[clique.above], clique.summed_above)
        if arithmetic is PLAIN:
            news = sharing.summed(i, news, cliques[i].shape[-1])
        if i in messages:
            news = arithmetic.over(news, messages[i])
        found[i] = arithmetic.product(cliques[i], news[clique.into_clique])
    return found


def _taken(values: Array, at: Ids | None) -> Array:
    """The columns `at` of `values`; one column stands for all, and broadcasts."""
    return values if at is None or values.shape[-1] == 1 else values.take(at, axis=-1)


def _binned(ids: Ids, values: Array, n: int) -> Array:
    """The values summed into n bins."""
    return np.bincount(ids, values, n).astype(np.float64, copy=False)
