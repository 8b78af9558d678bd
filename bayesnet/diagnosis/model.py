"""The model that answers: knowledge, its network, and exact inference over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Literal

from bayesnet.diagnosis.advice import Findings, advise
from bayesnet.diagnosis.answers import CheckedAnswers, check_answers, check_table
from bayesnet.diagnosis.diagnosis import Belief, Diagnosis, GroupBelief
from bayesnet.diagnosis.explanation import Explanation, explain
from bayesnet.diagnosis.uncertainty import Interval, drawn_tables, intervals
from bayesnet.errors import MissingExtra
from bayesnet.inference.evidence import Answer
from bayesnet.inference.exchange import to_pgmpy
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.lookup import Lookup
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import any_node, heading_node, link_node, network_of
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.load import load_knowledge
from bayesnet.knowledge.schema import NO, YES

Spans = Callable[[], dict[str, Interval]]
"""The intervals of one case by node, drawn when first asked for."""


def load(path: str | Path | None = None) -> DiagnosticModel:
    """The shipped model, or the one in the folder `path` (model.toml, advice.toml, sources.toml).

    Raises BadModel, naming file, item, what was given and what is allowed.
    """
    return DiagnosticModel(load_knowledge(path))


class DiagnosticModel:
    """A domain's knowledge that can diagnose a case. Immutable, and safe to share between threads."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def __repr__(self) -> str:
        return f"<DiagnosticModel {self.knowledge.id} {self.knowledge.version}>"

    @cached_property
    def tree(self) -> JunctionTree:
        """Exact inference over the model's network."""
        return JunctionTree(network_of(self.knowledge))

    @cached_property
    def engine(self) -> Lookup:
        """The same inference, from tables where the causes part the questions."""
        return Lookup(self.tree, self.knowledge.causes, self.knowledge.questions, {self.knowledge.outcome.id: YES})

    @cached_property
    def network(self) -> Any:
        """The model as a pgmpy DiscreteBayesianNetwork. Raises MissingExtra where pgmpy is not installed."""
        return to_pgmpy(self.tree.network)

    def diagnose(self, answers: Mapping[str, Any]) -> Diagnosis:
        """What triggered the outcome, given some answers.

        `answers` maps a question or red flag to one of its states, to {state: likelihood}, or to None for unanswered;
        what is left out is unanswered too. Raises UnknownVariable, UnknownState, BadEvidence, or ImpossibleEvidence
        with the smallest contradictory set.
        """
        checked = check_answers(self.knowledge, answers)
        evidence = checked.evidence(self.knowledge)
        posterior, log_evidence = self.engine.posterior_and_log_evidence(evidence, self._shown)
        no_cause = float(posterior[self._any][0])
        triggered = {cause: float(posterior[node][1]) for cause, node in self._triggers.items()}
        spans = cache(lambda: intervals(self.tree, self._drawn, evidence, self._read))
        findings = Findings(self.knowledge, checked, triggered, no_cause)
        return Diagnosis(
            answers=checked.given,
            beliefs=self._beliefs(posterior, spans),
            groups=self._groups(posterior, spans),
            unexplained=no_cause,
            unexplained_prior=float(self._prior[self._any][0]),
            red_flags=tuple(self.knowledge.red_flags[flag] for flag in checked.red_flags),
            advice=advise(findings),
            log_evidence=log_evidence,
            _explain=partial(self._explanation, checked),
        )

    def posteriors(self, cases: Any, errors: Literal["raise", "null"] = "raise") -> Any:
        """P(triggered) of every cause for many cases: a pandas DataFrame on the index of `cases`.

        `cases` is a DataFrame with a column per question (None, NaN or "" where unanswered), or a list of answers as in
        `diagnose`. The columns are the causes in declared order, then `unexplained`. Raises as `diagnose` does, naming
        the row; with `errors="null"` contradictory cases become NaN and an ImpossibleCases warning counts them. Raises
        MissingExtra where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtra("posteriors of a table", "tables") from None
        evidence = check_table(self.knowledge, cases)
        read = dict.fromkeys(self._triggers.values(), YES) | {self._any: NO}
        found = self.engine.probabilities(evidence, read, errors)
        return pd.DataFrame(
            dict(zip((*self._triggers, "unexplained"), found.values(), strict=True)), index=evidence.labels
        )

    def in_words(self, question: str, answer: Answer) -> str:
        """An answer with the labels a user sees: 'Sweating: Heavy'; a soft one names its states with their weights."""
        asked = self.knowledge.questions[question]
        labels = {state.id: state.label for state in asked.states}
        if isinstance(answer, Mapping):
            said = ", ".join(f"{labels[state]} {float(value):g}" for state, value in answer.items())
        else:
            said = labels[str(answer)]
        return f"{asked.label}: {said}"

    # What is read off the network, by node.

    @cached_property
    def _triggers(self) -> dict[str, str]:
        return {cause: link_node(self.knowledge.outcome.id, cause) for cause in self.knowledge.causes}

    @cached_property
    def _headings(self) -> dict[str, str]:
        return {heading: heading_node(self.knowledge, heading) for heading in self.knowledge.headings}

    @cached_property
    def _any(self) -> str:
        return any_node(self.knowledge.outcome.id)

    @cached_property
    def _read(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._triggers.values(), *self._headings.values())))

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        return (*self._read, *self.knowledge.causes, self._any)

    @cached_property
    def _prior(self) -> dict[str, Array]:
        return self.engine.posterior({self.knowledge.outcome.id: YES}, self._shown)

    @cached_property
    def _drawn(self) -> Mapping[str, Array]:
        return drawn_tables(self.knowledge)

    def _beliefs(self, posterior: Mapping[str, Array], spans: Spans) -> tuple[Belief, ...]:
        beliefs = [
            Belief(
                cause=cause,
                label=self.knowledge.causes[cause].label,
                triggered=float(posterior[node][1]),
                present=float(posterior[cause][1]),
                prior=float(self._prior[node][1]),
                _interval=partial(_pick, spans, node),
            )
            for cause, node in self._triggers.items()
        ]
        return tuple(sorted(beliefs, key=lambda belief: -belief.triggered))

    def _groups(self, posterior: Mapping[str, Array], spans: Spans) -> dict[str, GroupBelief]:
        groups = [
            GroupBelief(
                heading=heading,
                label=self.knowledge.headings[heading].label,
                causes=self.knowledge.headings[heading].causes,
                triggered=float(posterior[node][1]),
                prior=float(self._prior[node][1]),
                _interval=partial(_pick, spans, node),
            )
            for heading, node in self._headings.items()
        ]
        return {group.heading: group for group in sorted(groups, key=lambda group: -group.triggered)}

    def _explanation(self, checked: CheckedAnswers, cause: str) -> Explanation:
        labels = {question: self.in_words(question, answer) for question, answer in checked.given.items()}
        always: dict[str, Answer] = {self.knowledge.outcome.id: YES}
        return explain(self.engine, self._triggers[cause], cause, checked.given, always, labels)


def _pick(spans: Spans, node: str) -> Interval:
    return spans()[node]
