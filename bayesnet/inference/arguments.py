"""What callers may ask for: arguments checked at the border, and a small cache for what was found out about them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from bayesnet.errors import BadEvidence, BadNetwork
from bayesnet.inference.network import ROW_TOLERANCE, Array, Network

K = TypeVar("K")
V = TypeVar("V")

KEPT = 64
"""How many things are kept in a cache before it starts anew."""


def keep(cache: dict[K, V], key: K, value: V) -> None:
    """Stores a value; a full cache starts anew."""
    if len(cache) >= KEPT:
        cache.clear()
    cache[key] = value


def checked_variables(variables: Iterable[str]) -> tuple[str, ...]:
    """The variables asked for. Raises BadEvidence for a single name, whose letters would be taken for names."""
    if isinstance(variables, str | bytes) or not isinstance(variables, Iterable):
        raise BadEvidence(f"variables must be a list of names, not {variables!r}")
    return tuple(variables)


def check_errors(errors: str) -> None:
    """Raises BadEvidence unless it is "raise" or "null"."""
    if errors not in ("raise", "null"):
        raise BadEvidence(f'errors must be "raise" or "null", not {errors!r}')


def in_bytes(size: float) -> str:
    """A size in the unit that fits."""
    for unit, least in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= least:
            return f"{size / least:,.1f} {unit}"
    return f"{size:,.0f} bytes"


def checked_draws(network: Network, tables: Mapping[str, Array]) -> int:
    """How many draws there are. Raises BadNetwork for tables that are missing, misshapen or none."""
    for variable, family in network.families.items():
        table = tables.get(variable)
        if table is None or table.shape[:-1] != family.table.shape:
            raise BadNetwork(f"the draws of {variable!r} must be an array of shape {(*family.table.shape, 'draws')}")
        if not (table.min() >= 0 and np.abs(table.sum(axis=0) - 1).max() <= ROW_TOLERANCE):
            raise BadNetwork(f"a draw of {variable!r} is no table of probabilities; every row must sum to 1")
    lengths = {table.shape[-1] for table in tables.values()} - {1}
    if len(lengths) > 1:
        raise BadNetwork(f"tables with {' and '.join(map(str, sorted(lengths)))} draws; all need as many, or 1")
    return max(lengths, default=1)


def checked_weights(weights: Sequence[float] | Array | None, n: int) -> Array:
    """One weight for each of n cases: an array (n,), all 1 where none are given. Raises BadEvidence for what is no weight."""
    try:
        found = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadEvidence(f"weights must be numbers, not {weights!r}") from None
    if found.shape != (n,):
        raise BadEvidence(f"weights of shape {found.shape} for {n} cases: one weight per case is needed")
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise BadEvidence("a weight is negative or not finite; a finite number of at least 0 is needed")
    return found
