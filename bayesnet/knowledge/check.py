"""What no single line of a model file can show: unknown names, missing and double rows, cycles, loose ends.

Every problem is collected, so that one look at the message mends the whole file.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import Any

import numpy as np

from bayesnet.errors import BadModel, nearest
from bayesnet.inference.network import ROW_TOLERANCE
from bayesnet.knowledge.numbers import Elicited, NumberTable, combinations_of
from bayesnet.knowledge.schema import (
    BINARY,
    NO,
    YES,
    AdviceFile,
    Gate,
    Link,
    ModelFile,
    Range,
    Row,
    Source,
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
    checker = _Checker(model, advice, sources)
    checker.names()
    tables = checker.tables()
    checker.headings_and_links()
    checker.advice_rules()
    checker.vignettes(vignettes)
    if checker.problems:
        raise BadModel(checker.problems)
    _refuse_cycles(tables)
    return tables


class _Checker:
    """Collects problems; every method looks at one kind."""

    def __init__(self, model: ModelFile, advice: AdviceFile, sources: SourcesFile) -> None:
        self.model, self.advice = model, advice
        self.sources: dict[str, Source] = {source.id: source for source in sources.source}
        self.source_ids = ids(sources.source)
        self.states: dict[str, tuple[str, ...]] = {q.id: ids(q.states) for q in model.question}
        self.states |= {cause.id: BINARY for cause in model.cause}
        self.outcome_id = model.outcome.id
        self.problems: list[str] = []

    def say(self, file: str, item: str, problem: str) -> None:
        self.problems.append(f"{file}: {item}: {problem}")

    def known(self, file: str, item: str, kind: str, given: str, allowed: Iterable[str]) -> bool:
        names = tuple(allowed)
        if given in names:
            return True
        self.say(file, item, f"unknown {kind} {given!r}{nearest(given, names)}")
        return False

    def unique(self, file: str, kind: str, names: Iterable[str]) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                self.say(file, f"{kind} {name!r}", "stands there twice; every id must be unique")
            seen.add(name)

    def names(self) -> None:
        model, advice = self.model, self.advice
        flags = ids(advice.red_flag)
        self.unique("model.toml", "variable", (*ids(model.question), *ids(model.cause), self.outcome_id, *flags))
        self.unique("model.toml", "heading", ids(model.heading))
        self.unique("advice.toml", "level", ids(advice.level))
        self.unique("advice.toml", "advice", ids(advice.advice))
        self.unique("sources.toml", "source", self.source_ids)
        for question in model.question:
            self.unique("model.toml", f"question {question.id!r}, state", ids(question.states))

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
        before = len(self.problems)
        for parent in table.parents:
            self.known("model.toml", item, "parent", parent, self.states)
        self.unique("model.toml", f"{item}, parent", table.parents)
        cells = prod(len(self.states.get(parent, ())) for parent in table.parents)
        if cells > LARGEST_TABLE:
            self.say(
                "model.toml", item, f"its parents have {cells:,} combinations; at most {LARGEST_TABLE:,} are allowed"
            )
        if len(self.problems) == before:
            made = self._number_table(name, item, table, states)
            if len(self.problems) == before:
                found[name] = made

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
        return NumberTable(name, states, table.parents, values, strength, tuple(rows))

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
        self._cited("model.toml", item, sources)
        given = tuple(row.given.items())
        return Elicited(given, p, ranges, strength or 1.0, basis or "guess", sources)

    def _cited(self, file: str, item: str, sources: Iterable[str]) -> None:
        for source in sources:
            if self.known(file, item, "source", source, self.source_ids) and self.sources[source].read == "not_read":
                self.say(file, item, f"source {source!r} was not read, so nothing may rest on it")

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

    def advice_rules(self) -> None:
        levels, rules = ids(self.advice.level), ids(self.advice.advice)
        for flag in self.advice.red_flag:
            item = f"red_flag {flag.id!r}"
            self.known("advice.toml", item, "level", flag.level, levels)
            self._cited("advice.toml", item, flag.sources)
        for rule in self.advice.advice:
            item = f"advice {rule.id!r}"
            self.known("advice.toml", item, "level", rule.level, levels)
            self._cited("advice.toml", item, rule.sources)
            if rule.cause is not None:
                self.known("advice.toml", item, "cause", rule.cause, ids(self.model.cause))
            if rule.always == bool(rule.when):
                self.say("advice.toml", item, "needs either always = true or a `when`, and not both")
            for condition in rule.when:
                self._condition(item, rule.cause, condition)
            for other in rule.withhold.advice if rule.withhold else ():
                self.known("advice.toml", f"{item}, withhold", "advice", other, rules)
            if rule.withhold and rule.withhold.level is not None:
                self.known("advice.toml", f"{item}, withhold", "level", rule.withhold.level, levels)

    def _condition(self, item: str, cause: str | None, condition: Any) -> None:
        if condition.triggered is None and not condition.answers:
            self.say("advice.toml", item, "a condition of `when` must name `triggered` or `answers`")
        if cause is None and (condition.triggered is not None or condition.others_below is not None):
            self.say("advice.toml", item, "`triggered` and `others_below` need a `cause`")
        for question, states in condition.answers.items():
            for state in states:
                self._answer("advice.toml", f"{item}, answers", question, state)

    def _answer(self, file: str, item: str, question: str, state: str) -> None:
        if self.known(file, item, "question", question, ids(self.model.question)):
            self.known(file, f"{item}, {question}", "state", state, self.states[question])

    def vignettes(self, vignettes: VignettesFile) -> None:
        self.unique("vignettes.toml", "vignette", ids(vignettes.vignette))
        for vignette in vignettes.vignette:
            item = f"vignette {vignette.id!r}"
            self._cited("vignettes.toml", item, (vignette.source,))
            for question, state in vignette.answers.items():
                self._answer("vignettes.toml", item, question, state)
            for kind, given, allowed in (
                ("cause", vignette.first, ids(self.model.cause)),
                ("heading", vignette.first_heading, ids(self.model.heading)),
                ("level", vignette.level, ids(self.advice.level)),
            ):
                if given is not None:
                    self.known("vignettes.toml", item, kind, given, allowed)


def _refuse_cycles(tables: Mapping[str, NumberTable]) -> None:
    graph: dict[str, set[str]] = {}
    for table in tables.values():
        graph.setdefault(table.variable, set()).update(table.parents)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise BadModel([f"model.toml: the arcs form a cycle: {' -> '.join(error.args[1])}"]) from None
