"""A discrete Bayesian network as plain numbers: variables with named states, one family table each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bayesnet.errors import BadNetwork, UnknownVariable

Array = NDArray[np.float64]

ROW_TOLERANCE = 1e-6
"""How far a row may be off 1 and still be normalised; farther off is an error."""

LARGEST_COUNT = 1e300
"""Sums of larger counts would leave the range of floats."""


class HasParents(Protocol):
    """A family of any kind."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The variables that it is conditioned on."""


@dataclass(frozen=True, eq=False)
class Family:
    """P(child | parents). Axis 0 of `table` is the child, axis i + 1 is parents[i]."""

    parents: tuple[str, ...]
    table: Array


@dataclass(frozen=True, eq=False)
class Network:
    """An immutable discrete Bayesian network.

    `states` maps each variable to its state names; `families` maps each variable to P(variable | parents).
    The order of both is the declared one and is kept everywhere. Tables are checked, normalised and made read-only.

    Raises BadNetwork, naming the variable, for a missing or misshapen table, an unknown parent, numbers outside
    [0, 1], rows off 1 by more than ROW_TOLERANCE, and cycles.
    """

    states: Mapping[str, tuple[str, ...]]
    families: Mapping[str, Family]

    def __post_init__(self) -> None:
        if not isinstance(self.states, Mapping) or not isinstance(self.families, Mapping):
            raise BadNetwork("a network needs {variable: its states} and {variable: its Family}")
        states = {variable: _states(variable, names) for variable, names in self.states.items()}
        if not states:
            raise BadNetwork("a network needs at least one variable")
        for variable in self.families:
            if variable not in states:
                raise BadNetwork(f"{variable!r} has a table but no states")
        families = {variable: _checked_family(variable, states, self.families) for variable in states}
        object.__setattr__(self, "states", MappingProxyType(states))
        object.__setattr__(self, "families", MappingProxyType(families))
        _ = self.topological_order

    def __reduce__(self) -> tuple[type["Network"], tuple[dict[str, tuple[str, ...]], dict[str, Family]]]:
        """Pickled as its parts, for worker processes."""
        return Network, (dict(self.states), dict(self.families))

    def with_tables(self, tables: Mapping[str, Array]) -> "Network":
        """The same variables, states and arcs with other numbers. Raises BadNetwork as the constructor does."""
        try:
            arrays = [np.array(tables[variable], dtype=np.float64) for variable in self.families]
        except (KeyError, TypeError, ValueError):
            arrays = []
        if [array.shape for array in arrays] != [family.table.shape for family in self.families.values()]:
            return self._built(tables)
        with np.errstate(invalid="ignore", over="ignore"):
            sums = [np.add.reduce(array, axis=0) for array in arrays]
            off = np.abs(np.concatenate([total.ravel() for total in sums]) - 1).max()
        if not (off <= ROW_TOLERANCE and min(array.min() for array in arrays) >= 0):  # NaN fails either
            return self._built(tables)
        return self._with(array / total for array, total in zip(arrays, sums, strict=True))

    def fitted(self, counts: Mapping[str, Array]) -> "Network":
        """The M-step of EM: tables in proportion to `counts`, shaped as they; a row without any count stays as it is.

        Raises BadNetwork for counts that are negative, not finite or of another shape.
        """
        for variable, family in self.families.items():
            if variable not in counts or np.shape(counts[variable]) != family.table.shape:
                raise BadNetwork(f"the counts of {variable!r} must be an array of shape {family.table.shape}")
        found = [np.asarray(counts[variable], dtype=np.float64) for variable in self.families]
        every = np.concatenate([array.ravel() for array in found])
        if not (every.min() >= 0 and every.max() < LARGEST_COUNT):  # NaN fails either
            bad = next(
                v for v, n in zip(self.families, found, strict=True) if not ((n < LARGEST_COUNT) & (n >= 0)).all()
            )
            raise BadNetwork(
                f"the counts of {bad!r} hold a number that is negative, not finite or beyond {LARGEST_COUNT:g}"
            )
        tables = []
        for array, family in zip(found, self.families.values(), strict=True):
            totals = np.add.reduce(array, axis=0)
            tables.append(np.divide(array, totals, out=family.table.copy(), where=totals > 0))
        return self._with(tables)

    def _with(self, tables: Iterable[Array]) -> "Network":
        """With these tables, known to be good."""
        families = {}
        for (variable, family), table in zip(self.families.items(), tables, strict=True):
            table.flags.writeable = False
            families[variable] = Family(family.parents, table)
        made = object.__new__(Network)
        made.__dict__.update(self.__dict__, families=MappingProxyType(families))
        return made

    def _built(self, tables: Mapping[str, Array]) -> "Network":
        """With these tables, checked one by one: an error says which is wrong."""
        given = {v: Family(family.parents, tables[v]) for v, family in self.families.items() if v in tables}
        return Network(self.states, given)

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable, in declared order."""
        return tuple(self.states)

    @cached_property
    def topological_order(self) -> tuple[str, ...]:
        """Every variable after its parents. Raises BadNetwork for a cycle."""
        graph = {variable: family.parents for variable, family in self.families.items()}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise BadNetwork(f"the arcs form a cycle: {' -> '.join(error.args[1])}") from None

    def ancestors(self, variables: Iterable[str]) -> frozenset[str]:
        """These variables and all that an arc leads to them from, however far."""
        return ancestors(self.families, variables)

    def check_variable(self, variable: str) -> None:
        """Raises UnknownVariable, with the nearest name, unless the network has this variable."""
        if variable not in self.states:
            raise UnknownVariable("variable", variable, self.states)


def ancestors(families: Mapping[str, HasParents], variables: Iterable[str]) -> frozenset[str]:
    """These variables and all that an arc leads to them from, however far."""
    found: set[str] = set()
    waiting = list(variables)
    while waiting:
        variable = waiting.pop()
        if variable not in found:
            found.add(variable)
            waiting.extend(families[variable].parents)
    return frozenset(found)


def _states(variable: str, names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise BadNetwork(f"the states of {variable!r} must be a list of names, not {names!r}")
    found = tuple(names)
    if not found:
        raise BadNetwork(f"{variable!r} has no states; at least one is needed")
    if len(set(found)) < len(found):
        raise BadNetwork(f"{variable!r} has a state twice: {', '.join(map(str, found))}")
    for name in found:
        if name is None or name == "" or name != name or isinstance(name, bool):
            raise BadNetwork(f"{variable!r} has a state {name!r}, which as an answer would mean something else")
    return found


def _checked_family(variable: str, states: Mapping[str, tuple[str, ...]], families: Mapping[str, Family]) -> Family:
    if variable not in families:
        raise BadNetwork(f"{variable!r} has no table")
    family = families[variable]
    if not isinstance(family, Family) or isinstance(family.parents, str) or not isinstance(family.parents, Iterable):
        raise BadNetwork(f"the table of {variable!r} must be a Family(parents, table) with a list of parents")
    parents = tuple(family.parents)
    for parent in parents:
        if parent not in states:
            raise BadNetwork(f"{variable!r} has an unknown parent {parent!r}; variables: {', '.join(states)}")
    if len({variable, *parents}) < len(parents) + 1:
        raise BadNetwork(f"{variable!r} names itself or a parent twice: {', '.join(parents)}")
    shape = tuple(len(states[name]) for name in (variable, *parents))
    try:
        table = np.array(family.table, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadNetwork(f"the table of {variable!r} is not an array of numbers") from None
    if table.shape != shape:
        raise BadNetwork(f"the table of {variable!r} has shape {table.shape}; its states and parents need {shape}")
    return Family(parents, _normalised(variable, parents, states, table))


def _normalised(variable: str, parents: tuple[str, ...], states: Mapping[str, tuple[str, ...]], table: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        sums = table.sum(axis=0)
        off = np.abs(sums - 1)
    if not (table.min() >= 0 and off.max() <= ROW_TOLERANCE):  # NaN fails either
        bad = np.argwhere(~(np.isfinite(table) & (table >= 0)))
        if len(bad):
            raise BadNetwork(
                f"the table of {variable!r} holds {table[tuple(bad[0])]:g}, a number that is negative or not finite"
            )
        worst = np.unravel_index(off.argmax(), off.shape)
        given = ", ".join(f"{parent} = {states[parent][i]}" for parent, i in zip(parents, worst, strict=True))
        where = f" given {given}" if given else ""
        raise BadNetwork(f"a row of the table of {variable!r}{where} sums to {sums[worst]:.9g}; it must sum to 1")
    table /= sums
    table.flags.writeable = False
    return table
