"""What no single line of a model file can show: unknown names, missing and double rows, cycles, loose ends.

Every problem is collected, so that one look at the message mends the whole file.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import product
from math import prod

import numpy as np

from bayesnet.errors import BadModel
from bayesnet.inference.network import ROW_TOLERANCE
from bayesnet.knowledge.check_rules import RuleChecker
from bayesnet.knowledge.numbers import Elicited, NumberTable, combinations_of, falling, row_is_below, row_order
from bayesnet.knowledge.order import is_circular, order_of, upper_sets
from bayesnet.knowledge.problems import Problems
from bayesnet.knowledge.rules import AdviceFile
from bayesnet.knowledge.schema import (
    BINARY,
    NO,
    WARNING_SIGNS,
    YES,
    Gate,
    Link,
    ModelFile,
    Range,
    Row,
    SourcesFile,
    Table,
    VignettesFile,
    ids,
)

LARGEST_TABLE = 100_000
"""Rows of one table: nobody elicits more, and a hostile file could ask for any number."""


def check(
    model: ModelFile, advice: AdviceFile, sources: SourcesFile, vignettes: VignettesFile
) -> dict[str, NumberTable]:
    """The number tables of a model whose files agree with each other. Raises BadModel with every problem found."""
    checker = _ModelChecker(model, sources)
    checker.names(advice)
    checker.questions()
    tables = checker.tables()
    checker.headings_and_links()
    rules = RuleChecker(model, advice, vignettes, sources)
    rules.check()
    if checker.found or rules.found:
        raise BadModel([*checker.found, *rules.found])
    _refuse_cycles(tables)
    return tables


class _ModelChecker(Problems):
    """Looks at model.toml and the names in sources.toml; every method at one kind."""

    def __init__(self, model: ModelFile, sources: SourcesFile) -> None:
        super().__init__(sources)
        self.model = model
        self.states: dict[str, tuple[str, ...]] = {q.id: ids(q.states) for q in model.question}
        self.states |= {cause.id: BINARY for cause in model.cause}
        self.outcome_id = model.outcome.id

    def names(self, advice: AdviceFile) -> None:
        model = self.model
        flags = ids(advice.red_flag)
        named = (*ids(model.question), *ids(model.cause), self.outcome_id, *flags)
        self.unique("model.toml", "variable", named)
        if WARNING_SIGNS in named:
            self.say("model.toml", f"variable {WARNING_SIGNS!r}", "is a name of the program's own; choose another")
        self.unique("model.toml", "heading", ids(model.heading))
        for heading in ids(model.heading):
            if heading in named and heading not in ids(model.cause):
                self.say(
                    "model.toml",
                    f"heading {heading!r}",
                    "is the id of something else; a heading may share a cause's only",
                )
        self.unique("advice.toml", "level", ids(advice.level))
        self.unique("advice.toml", "advice", ids(advice.advice))
        self.unique("sources.toml", "source", ids(self.sources))
        for question in model.question:
            self.unique("model.toml", f"question {question.id!r}, state", ids(question.states))
        self._renamed(flags)

    def _renamed(self, flags: tuple[str, ...]) -> None:
        self.unique("model.toml", "renamed", (old.was for old in self.model.renamed))
        today = {**{q.id: self.states[q.id] for q in self.model.question}, **dict.fromkeys(flags, BINARY)}
        for old in self.model.renamed:
            item = f"renamed {old.was!r}"
            if old.was in today and old.now not in (old.was, None):
                self.say(
                    "model.toml", item, f"is still asked, so its answers are its own; `now` can only be {old.was!r}"
                )
            if old.now is None:
                if old.states:
                    self.say(
                        "model.toml", item, "names states and no `now`; where `now` is left out, answers are dropped"
                    )
            elif self.known("model.toml", f"{item}, now", "question or red flag", old.now, today):
                for state, now in old.states.items():
                    for target in now:
                        self.known("model.toml", f"{item}, {state}", "state", target, today[old.now])

    def questions(self) -> None:
        """Orders of states, states that others hide, and questions that stand in for others."""
        names = ids(self.model.question)
        for question in self.model.question:
            item = f"question {question.id!r}"
            for state_id in question.habit.never if question.habit is not None else ():
                self.known("model.toml", f"{item}, habit, never", "state", state_id, self.states[question.id])
            self.chains(f"{item}, worse", question.worse, self.states[question.id])
            instead = question.only_if_skipped
            if instead is not None and self.known("model.toml", f"{item}, only_if_skipped", "question", instead, names):
                other = next(q for q in self.model.question if q.id == instead)
                if instead == question.id or other.only_if_skipped is not None:
                    self.say("model.toml", item, f"only_if_skipped: {instead!r} must itself be asked in any case")
            for state in question.states:
                for other_id, hiding in state.hidden_by.items():
                    place = f"{item}, state {state.id!r}, hidden_by"
                    if other_id == question.id:
                        self.say("model.toml", place, f"{other_id!r} cannot hide a state of its own")
                    elif self.known("model.toml", place, "question", other_id, names):
                        for given in hiding:
                            self.known("model.toml", f"{place} {other_id}", "state", given, self.states[other_id])

    def chains(self, item: str, chains: tuple[tuple[str, ...], ...], states: tuple[str, ...]) -> bool:
        """Whether these chains make an order of the states."""
        before = len(self.found)
        for chain in chains:
            if len(chain) < 2:
                self.say("model.toml", item, f"{list(chain)} is no order; a chain needs two states or more")
            for state in chain:
                self.known("model.toml", item, "state", state, states)
        if len(self.found) == before and is_circular(order_of(states, chains)):
            self.say("model.toml", item, "goes in a circle: a state stands below itself; the chains must agree")
        return len(self.found) == before

    def tables(self) -> dict[str, NumberTable]:
        found: dict[str, NumberTable] = {}
        for kind, variables in (("question", self.model.question), ("cause", self.model.cause)):
            for variable in variables:
                item = f"{kind} {variable.id!r}"
                if (variable.table is None) == (variable.gate is None):
                    self.say("model.toml", item, "needs either a table or a gate, and not both")
                elif variable.table is not None:
                    self._add(found, variable.id, f"{item}, table", variable.table, self.states[variable.id])
                elif variable.gate is not None:
                    self._gate(found, variable.id, item, variable.gate)
        self._gate(found, self.outcome_id, f"outcome {self.outcome_id!r}", self.model.outcome.gate)
        return found

    def _gate(self, found: dict[str, NumberTable], variable: str, item: str, gate: Gate) -> None:
        if self.states.get(variable, BINARY) != BINARY:
            self.say("model.toml", item, f"a gate needs the states no, yes, not {', '.join(self.states[variable])}")
        self.unique("model.toml", f"{item}, link", (*ids(gate.links), "leak"))
        self._add(found, f"{variable}/leak", f"{item}, leak", Table(rows=(gate.leak,)), BINARY)
        for link in gate.links:
            if not link.id or link.cause is not None:
                self.say(
                    "model.toml",
                    f"{item}, link {link.cause or link.id!r}",
                    "needs id, parents and rows, or cause and p",
                )
                continue
            self._add(found, f"{variable}/{link.id}", f"{item}, link {link.id!r}", link, BINARY)

    def _add(self, found: dict[str, NumberTable], name: str, item: str, table: Table, states: tuple[str, ...]) -> None:
        before = len(self.found)
        for parent in table.parents:
            self.known("model.toml", item, "parent", parent, self.states)
        self.unique("model.toml", f"{item}, parent", table.parents)
        cells = prod(len(self.states.get(parent, ())) for parent in table.parents)
        if cells > LARGEST_TABLE:
            self.say(
                "model.toml", item, f"its parents have {cells:,} combinations; at most {LARGEST_TABLE:,} are allowed"
            )
        if len(self.found) == before:
            made = self._number_table(name, item, table, states)
            if len(self.found) == before:
                found[name] = made
                self._rises(item, made, table.off if isinstance(table, Link) else ())

    def _number_table(self, name: str, item: str, table: Table, states: tuple[str, ...]) -> NumberTable:
        off = table.off if isinstance(table, Link) else ()
        for given in (*(row.given for row in table.rows), *off):
            self._given(item, given, table.parents)
        rows = [self._row(item, row, table, states) for row in table.rows]
        values = np.zeros((len(states), *(len(self.states[parent]) for parent in table.parents)))
        strength = np.full(values.shape[1:], np.inf)
        for combination in combinations_of(table.parents, self.states):
            at = dict(zip(table.parents, combination, strict=True))
            matches = [row for row in rows if all(at.get(k) == v for k, v in row.given)]
            offs = [given for given in off if all(at.get(k) == v for k, v in given.items())]
            index = tuple(self.states[parent].index(state) for parent, state in at.items())
            where = ", ".join(f"{k} = {v}" for k, v in at.items()) or "this table"
            if len(matches) + bool(offs) != 1:
                problem = "no row for" if not matches else "more than one row for"
                self.say("model.toml", item, f"{problem} {where}; exactly one is needed")
            elif offs:
                values[(0, *index)] = 1.0
            else:
                column: tuple[int | slice, ...] = (slice(None), *index)
                values[column] = [matches[0].p.get(state, 0.0) for state in states]
                strength[index] = matches[0].strength
        values.flags.writeable = strength.flags.writeable = False
        return NumberTable(name, states, table.parents, values, strength, tuple(rows), table.rises)

    def _rises(self, item: str, table: NumberTable, off: tuple[dict[str, str], ...]) -> None:
        """The order of a table's numbers: that it is one, that it can be kept to, and that the numbers keep to it."""
        item = f"{item}, rises"
        if table.rises and table.states != BINARY:
            self.say("model.toml", item, f"an order is of yes against no, not of {', '.join(table.states)}")
            return
        for parent, chains in table.rises.items():
            if not (
                self.known("model.toml", item, "parent", parent, table.parents)
                and self.chains(f"{item} {parent}", chains, self.states[parent])
            ):
                return
        if not table.rises:
            return
        order = row_order(table, self.states)
        if is_circular(order):
            self.say(
                "model.toml", item, "two rows stand above each other, as each leaves out a parent; name all parents"
            )
            return
        try:
            upper_sets(order)
        except ValueError as error:
            self.say("model.toml", item, f"too intricate: {error}; name fewer or longer chains")
        for row, given in product(table.rows, off):
            if row.p[YES] > 0 and row_is_below(row.given, tuple(given.items()), table, self.states):
                where = ", ".join(f"{parent} = {state}" for parent, state in given.items())
                self.say("model.toml", item, f"{_where(row)} has {row.p[YES]:g}, and {where} is off, which is less")
        for low, high in falling(table, self.states):
            self.say("model.toml", item, f"{_where(low)} has {low.p[YES]:g}, and {_where(high)} less: {high.p[YES]:g}")

    def _given(self, item: str, given: Mapping[str, str], parents: tuple[str, ...]) -> None:
        for parent, state in given.items():
            if self.known("model.toml", f"{item}, given", "parent", parent, parents):
                self.known("model.toml", f"{item}, given {parent}", "state", state, self.states[parent])

    def _row(self, item: str, row: Row, table: Table, states: tuple[str, ...]) -> Elicited:
        where = ", ".join(f"{k} = {v}" for k, v in row.given.items())
        item = f"{item}, row {where}" if where else item
        p = row.p if isinstance(row.p, dict) else {NO: 1 - row.p, YES: row.p}
        if set(p) != set(states):
            self.say("model.toml", item, f"p names {', '.join(p)}; the states are {', '.join(states)}")
        elif not all(0 <= value <= 1 for value in p.values()):
            given = row.p if isinstance(row.p, float) else ", ".join(f"{k} = {v}" for k, v in p.items())
            self.say("model.toml", item, f"p is {given}; a probability must lie from 0 to 1")
        elif abs(sum(p.values()) - 1) > ROW_TOLERANCE:
            self.say("model.toml", item, f"the probabilities sum to {sum(p.values()):.9g}; they must sum to 1")
        return self._described(item, row, table, p, self._ranges(item, row, p))

    def _ranges(self, item: str, row: Row, p: Mapping[str, float]) -> dict[str, Range]:
        ranges = row.range if isinstance(row.range, dict) else {} if row.range is None else {YES: row.range}
        for state, (low, high) in ranges.items():
            if self.known("model.toml", f"{item}, range", "state", state, p) and not 0 <= low <= p[state] <= high <= 1:
                self.say(
                    "model.toml", item, f"range [{low}, {high}] of {state!r} must lie from 0 to 1 and hold {p[state]}"
                )
        return dict(ranges)

    def _described(
        self, item: str, row: Row, table: Table, p: Mapping[str, float], ranges: Mapping[str, Range]
    ) -> Elicited:
        strength = row.strength if row.strength is not None else table.strength
        basis = row.basis or table.basis
        sources = row.sources if row.sources is not None else table.sources
        if strength is None:
            self.say("model.toml", item, "has no strength; every number needs one (an equivalent sample size)")
        if basis is None:
            self.say("model.toml", item, "has no basis. Allowed: read, derived, guess, learned")
        if not sources:
            self.say("model.toml", item, "has no sources; every number needs one")
        self.cited("model.toml", item, sources)
        given = tuple(row.given.items())
        return Elicited(given, p, ranges, strength or 1.0, basis or "guess", sources)

    def headings_and_links(self) -> None:
        causes = ids(self.model.cause)
        under = [cause for heading in self.model.heading for cause in heading.causes]
        for heading in self.model.heading:
            for cause in heading.causes:
                self.known("model.toml", f"heading {heading.id!r}", "cause", cause, causes)
        self.unique("model.toml", "cause under a heading", under)
        outcome = f"outcome {self.outcome_id!r}"
        linked = ids(self.model.outcome.gate.links)
        for cause in causes:
            if cause not in under:
                self.say("model.toml", f"cause {cause!r}", "stands under no heading")
            if cause not in linked:
                self.say("model.toml", outcome, f"has no link for cause {cause!r}")
        for link in self.model.outcome.gate.links:
            if self.known("model.toml", outcome, "link", link.id, causes) and link.parents != (link.id,):
                self.say("model.toml", f"{outcome}, link {link.id!r}", f"its one parent must be {link.id!r}")


def _where(row: Elicited) -> str:
    return ", ".join(f"{parent} = {state}" for parent, state in row.given) or "this table"


def _refuse_cycles(tables: Mapping[str, NumberTable]) -> None:
    graph: dict[str, set[str]] = {}
    for table in tables.values():
        graph.setdefault(table.variable, set()).update(table.parents)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise BadModel([f"model.toml: the arcs form a cycle: {' -> '.join(error.args[1])}"]) from None
