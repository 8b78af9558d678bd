"""What the experts know: the content of a model's folder, checked and in one piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from bayesnet.inference.network import Array
from bayesnet.knowledge.numbers import Elicited, Numbers, NumberTable, row_order
from bayesnet.knowledge.order import Order, isotonic
from bayesnet.knowledge.rules import AdviceRule, Level, Line, RedFlag
from bayesnet.knowledge.schema import (
    BINARY,
    NONE_OF_THEM,
    WARNING_SIGNS,
    YES,
    Cause,
    Heading,
    Interview,
    Outcome,
    Provenance,
    Question,
    Renamed,
    Source,
    State,
    Vignette,
    ids,
)

BY_HAND = "edited by hand"
"""How numbers were made that somebody typed: Provenance.method."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """One domain: questions, causes, an outcome, the numbers that join them, advice and sources.

    Everything maps ids to items, in the order of the files; `levels` run from the lowest to the highest. `ask` is what a
    user wants to know. `files` are the texts that it was read from, {file name: text}.
    """

    id: str
    title: str
    ask: str
    version: str
    population: str
    limits: tuple[str, ...]
    disclaimer: str
    questions: Mapping[str, Question]
    causes: Mapping[str, Cause]
    outcome: Outcome
    headings: Mapping[str, Heading]
    tables: Mapping[str, NumberTable]
    levels: Mapping[str, Level]
    red_flags: Mapping[str, RedFlag]
    advice: Mapping[str, AdviceRule]
    sources: Mapping[str, Source]
    vignettes: tuple[Vignette, ...]
    path: Path
    files: Mapping[str, str]
    interview: Interview | None = None
    renamed: tuple[Renamed, ...] = ()
    provenance: Provenance | None = None

    @property
    def version_name(self) -> str:
        """What these numbers are called: the version that learning or editing gave them, else that of the file."""
        return self.provenance.version if self.provenance else f"{self.id} {self.version}"

    @property
    def numbers_from(self) -> str:
        """Where the numbers come from, in a sentence, for every screen that shows a result; empty for the experts' own."""
        made = self.provenance
        if made is None:
            return ""
        if not made.cases:
            return f"Numbers: {made.method} on {made.made_at[:10]}."
        simulated = f", {made.simulated:,} of them simulated" if made.simulated else ""
        edited = f" and {BY_HAND}" if made.method == BY_HAND else ""
        cases = "1 case" if made.cases == 1 else f"{made.cases:,} cases"
        return f"Numbers: learned from {cases}{simulated}{edited}, on {made.made_at[:10]}."

    @cached_property
    def states(self) -> Mapping[str, tuple[str, ...]]:
        """The states of every question, cause and the outcome, in that order."""
        questions = {question.id: ids(question.states) for question in self.questions.values()}
        return {**questions, **dict.fromkeys((*self.causes, self.outcome.id), BINARY)}

    @cached_property
    def allowed_answers(self) -> Mapping[str, tuple[str, ...]]:
        """The states of everything that can be answered: questions, then red flags, then "none of them"."""
        questions = {question: self.states[question] for question in self.questions}
        none = {WARNING_SIGNS: (NONE_OF_THEM,)} if self.red_flags else {}
        return {**questions, **dict.fromkeys(self.red_flags, BINARY), **none}

    @cached_property
    def habits(self) -> Mapping[str, Question]:
        """The questions about what people can decide to do otherwise."""
        return {name: question for name, question in self.questions.items() if question.habit is not None}

    @cached_property
    def advisable(self) -> tuple[tuple[str, State], ...]:
        """(habit, state) of every habit, but for states that nobody is told to choose."""
        habits = ((name, question, question.habit) for name, question in self.questions.items() if question.habit)
        return tuple((name, s) for name, question, habit in habits for s in question.states if s.id not in habit.never)

    @cached_property
    def lines_with_conditions(self) -> tuple[tuple[AdviceRule, Line], ...]:
        """The lines of advice that are not always said, each with its item."""
        return tuple((rule, line) for rule in self.advice.values() for line in rule.do if isinstance(line, Line))

    @cached_property
    def lasting(self) -> frozenset[str]:
        """The causes and answers that are the same next time."""
        variables: tuple[Cause | Question, ...] = (*self.causes.values(), *self.questions.values())
        return frozenset(variable.id for variable in variables if variable.lasting)

    @cached_property
    def level_ranks(self) -> Mapping[str, int]:
        """How urgent each level is: 0 is the lowest."""
        return {level: rank for rank, level in enumerate(self.levels)}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The label of every question, cause and the outcome, by id."""
        variables: tuple[Question | Cause | Outcome, ...]
        variables = (*self.questions.values(), *self.causes.values(), self.outcome)
        return {variable.id: variable.label for variable in variables}

    @cached_property
    def arcs(self) -> tuple[tuple[str, str], ...]:
        """(parent, child) between questions, causes and the outcome, in the order of the files."""
        arcs = ((parent, table.variable) for table in self.tables.values() for parent in table.parents)
        return tuple(dict.fromkeys(arcs))

    def tables_of(self, variable: str) -> tuple[NumberTable, ...]:
        """The tables of a variable's numbers: one, or one per link of its gate and one for the leak."""
        return tuple(table for table in self.tables.values() if table.variable == variable)

    def cells(self, table: NumberTable, row: Elicited) -> tuple[int | slice, ...]:
        """Where a row stands in its table, an index for each parent; a parent that it leaves out stands for all its states."""
        given = dict(row.given)
        return tuple(self.states[p].index(given[p]) if p in given else slice(None) for p in table.parents)

    def number_label(self, table: NumberTable, row: Elicited, state: str) -> str:
        """What a number says, for a reader who knows no ids: 'Muscle strain, by Sets to failure (To failure yes)'."""
        part = table.id.partition("/")[2]
        what = self.labels[table.variable]
        if part == "leak":
            what += ", with no known cause"
        elif part:
            what += f", by {self.labels.get(part, part.replace('_', ' '))}"
        given = ", ".join(f"{self.labels[parent]} {self.state_label(parent, of).lower()}" for parent, of in row.given)
        of_state = "" if table.states == BINARY else f" {self.state_label(table.variable, state).lower()}"
        return f"{what}{of_state}" + (f" ({given})" if given else "")

    def state_label(self, variable: str, state: str) -> str:
        """What people call a state; its id for a variable that is no question."""
        question = self.questions.get(variable)
        return next((s.label for s in question.states if s.id == state), state) if question else state

    def with_rows(self, rows: Mapping[str, Sequence[Elicited]]) -> "Knowledge":
        """The same with other numbers: {table id: its rows, as many and for the same parent states as now}."""
        tables = dict(self.tables)
        for name, new in rows.items():
            table = self.tables[name]
            values, strength = table.values.copy(), table.strength.copy()
            for row in new:
                at = self.cells(table, row)
                p = np.array([row.p[state] for state in table.states])
                values[(slice(None), *at)] = p.reshape(-1, *(1,) * (values[(slice(None), *at)].ndim - 1))
                strength[at] = row.strength
            values.flags.writeable = strength.flags.writeable = False
            tables[name] = replace(table, values=values, strength=strength, rows=tuple(new))
        return replace(self, tables=tables)

    def elicited(self) -> Numbers:
        """The numbers as they stand: {table id: values (n_states, *parent states, 1)}."""
        return {name: table.values[..., None] for name, table in self.tables.items()}

    def draw(self, n: int, seed: int) -> Numbers:
        """n draws of all numbers from their Dirichlet distributions: {table id: (n_states, *parent states, n)}.

        Where a table's numbers are not to fall along its parents' states, no draw does.
        """
        rng = np.random.default_rng(seed)
        drawn = {name: self._tied(table, table.draw(n, rng)) for name, table in self.tables.items()}
        return {name: self._ordered(self.tables[name], values) for name, values in drawn.items()}

    def _ordered(self, table: NumberTable, drawn: Array) -> Array:
        """The draws with every P(yes) in the table's order."""
        if not table.rises:
            return drawn
        yes = table.states.index(YES)
        places = [self.cells(table, row) for row in table.rows]
        one_each = [tuple(0 if isinstance(at, slice) else at for at in place) for place in places]
        values = np.array([drawn[(yes, *at)] for at in one_each])
        weights = np.array([row.strength for row in table.rows])
        for place, p in zip(places, isotonic(values, weights, self.row_order(table)), strict=True):
            drawn[(yes, *place)], drawn[(1 - yes, *place)] = p, 1 - p
        return drawn

    def row_order(self, table: NumberTable) -> Order:
        """Which rows of a table must not exceed which: (n_rows, n_rows)."""
        return row_order(table, self.states)

    def _tied(self, table: NumberTable, drawn: Array) -> Array:
        """A row that stands for several states of a parent is one number, and so one draw."""
        for row in table.rows:
            if len(row.given) < len(table.parents):
                at = (slice(None), *self.cells(table, row))
                block = drawn[at]
                one = block.reshape(len(block), -1, block.shape[-1])[:, :1]
                drawn[at] = one.reshape(len(block), *(1,) * (block.ndim - 2), block.shape[-1])
        return drawn
