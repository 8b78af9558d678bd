"""What the experts know: the content of a model's folder, checked and in one piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bayesnet.knowledge.numbers import Numbers, NumberTable
from bayesnet.knowledge.schema import (
    BINARY,
    AdviceRule,
    Cause,
    Heading,
    Level,
    Outcome,
    Question,
    RedFlag,
    Source,
    Vignette,
    ids,
)


@dataclass(frozen=True, eq=False)
class Knowledge:
    """One domain: questions, causes, an outcome, the numbers that join them, advice and sources.

    Everything maps ids to items, in the order of the files; `levels` run from the lowest to the highest. `ask` is what a
    user wants to know.
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

    @cached_property
    def allowed_answers(self) -> Mapping[str, tuple[str, ...]]:
        """The states of everything that can be answered: questions, then red flags."""
        questions = {question.id: ids(question.states) for question in self.questions.values()}
        return {**questions, **dict.fromkeys(self.red_flags, BINARY)}

    @cached_property
    def habits(self) -> Mapping[str, Question]:
        """The questions about what people can decide to do otherwise."""
        return {name: question for name, question in self.questions.items() if question.habit is not None}

    @cached_property
    def lasting(self) -> frozenset[str]:
        """The causes that are still there next time."""
        return frozenset(name for name, cause in self.causes.items() if cause.lasting)

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

    def elicited(self) -> Numbers:
        """The numbers as they stand: {table id: values (n_states, *parent states, 1)}."""
        return {name: table.values[..., None] for name, table in self.tables.items()}

    def draw(self, n: int, seed: int) -> Numbers:
        """n draws of all numbers from their Dirichlet distributions: {table id: (n_states, *parent states, n)}."""
        rng = np.random.default_rng(seed)
        return {name: table.draw(n, rng) for name, table in self.tables.items()}
