"""The two ways a pass may count: with numbers as they are, or with their logarithms where those leave the range of floats."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bayesnet.inference.network import Array

WIDE = 4096
"""From this many numbers on, axes are summed one after the other, outermost first: numpy is slow on scattered ones."""


@dataclass(frozen=True)
class Arithmetic:
    """How a pass multiplies, sums and divides, and how plain numbers enter and leave it. There are two, told by identity."""

    name: str
    times: np.ufunc
    add: np.ufunc
    over: Callable[[Array, Array], Array]
    enter: Callable[[Array], Array]
    leave: Callable[[Array], Array]
    log: Callable[[Array], Array]

    def __reduce__(self) -> str:
        return self.name

    def product(self, table: Array, factor: Array) -> Array:
        """Their product, in the place of a large `table` that this pass has made itself: what it was given is read-only."""
        if table.size < WIDE or not table.flags.writeable:
            return self.times(table, factor)  # type: ignore[no-any-return]
        shape = np.broadcast_shapes(table.shape, factor.shape)
        return self.times(table, factor, out=table if shape == table.shape else None)  # type: ignore[no-any-return]

    def total(self, values: Array, axes: tuple[int, ...]) -> Array:
        """The sum over these axes."""
        if not axes:
            return values
        if values.size < WIDE:
            summed: Array = self.add.reduce(values, axis=axes)
            return summed
        for gone, axis in enumerate(axes):
            values = self.add.reduce(values, axis=axis - gone)
        return values


def _ratio(numerator: Array, denominator: Array) -> Array:
    if not denominator.all():
        denominator = denominator + (denominator == 0)  # where it is 0, so is the numerator
    ratio: Array = numerator / denominator
    return ratio


def _difference(numerator: Array, denominator: Array) -> Array:
    return np.asarray(numerator - np.where(np.isneginf(denominator), 0.0, denominator))


def normalised(logarithms: Array) -> Array:
    """The logarithms of numbers that sum to 1 in each column."""
    every = tuple(range(logarithms.ndim - 1))
    return _difference(logarithms, np.asarray(np.logaddexp.reduce(logarithms, axis=every)))


def _exp(values: Array) -> Array:
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(values))


PLAIN = Arithmetic("PLAIN", np.multiply, np.add, _ratio, np.asarray, np.asarray, np.log)
LOGARITHMS = Arithmetic("LOGARITHMS", np.add, np.logaddexp, _difference, np.log, _exp, np.asarray)
