"""The model that answers: knowledge, its network, and exact inference over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bayesnet.diagnosis.advice import advise
from bayesnet.diagnosis.answers import check_answers, check_table
from bayesnet.diagnosis.common_fixes import CommonFix, common_fixes
from bayesnet.diagnosis.diagnosis import Belief, Diagnosis, Doubts, GroupBelief
from bayesnet.diagnosis.fixes import Fixes, WhatIf, fixes, what_if
from bayesnet.diagnosis.reader import Case, Reader
from bayesnet.errors import MissingExtra
from bayesnet.inference.evidence import Answer
from bayesnet.inference.exchange import to_pgmpy
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.lookup import Lookup
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.load import load_knowledge
from bayesnet.knowledge.schema import NO, YES


def load(path: str | Path | None = None) -> DiagnosticModel:
    """The shipped model, or the one in the folder `path` (model.toml, advice.toml, sources.toml).

    Raises BadModel, naming file, item, what was given and what is allowed.
    """
    return DiagnosticModel(load_knowledge(path))


class DiagnosticModel:
    """A domain's knowledge that can diagnose a case. Immutable, and safe to share between threads."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.reader = Reader(knowledge)

    def __repr__(self) -> str:
        return f"<DiagnosticModel {self.knowledge.id} {self.knowledge.version}>"

    @property
    def tree(self) -> JunctionTree:
        """Exact inference over the model's network."""
        return self.reader.tree

    @property
    def engine(self) -> Lookup:
        """The same inference, from tables where the causes part the questions."""
        return self.reader.engine

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
        case = self._case(answers)
        reader = self.reader
        posterior, log_evidence = reader.engine.posterior_and_log_evidence(case.evidence, reader.shown)
        no_cause = float(posterior[reader.any_cause][0])
        triggered = {name: posterior[node][1:2] for name, node in reader.rule_nodes.items()}
        findings = reader.findings([case.answers], triggered, np.array([no_cause]))
        doubts = Doubts(case)
        return Diagnosis(
            answers=case.given,
            beliefs=self._beliefs(posterior, doubts),
            groups=self._groups(posterior, doubts),
            unexplained=no_cause,
            unexplained_prior=float(reader.prior[reader.any_cause][0]),
            red_flags=tuple(self.knowledge.red_flags[flag] for flag in case.answers.red_flags),
            warning_signs=case.answers.signs(self.knowledge),
            advice=advise(self.knowledge, findings, case.answers.all_asked(self.knowledge)),
            log_evidence=log_evidence,
            _case=case,
        )

    def what_if(self, answers: Mapping[str, Any], changes: Mapping[str, Any]) -> WhatIf:
        """The probability of the outcome in the next session, before and after habits change: {habit: state}.

        Habits and lasting causes carry over from this episode, as far as the answers tell; the rest is drawn anew. Raises
        UnknownName for what is no habit, UnknownState, and what `diagnose` raises.
        """
        return what_if(self._case(answers), changes)

    def fixes(self, answers: Mapping[str, Any]) -> Fixes:
        """The change of each habit that most lowers the probability of the outcome in the next session, best first.

        It knows nothing of red flags and levels of advice: see what `diagnose` says of the same answers first.
        """
        return fixes(self._case(answers))

    def common_fixes(self, cases: Iterable[Mapping[str, Any]]) -> tuple[CommonFix, ...]:
        """What most of many cases could change: `fixes` on average over the answers of all of them. Raises as `diagnose`."""
        return common_fixes([self._case(answers) for answers in cases])

    def posteriors(self, cases: Any, errors: Literal["raise", "null"] = "raise") -> Any:
        """P(triggered) of every cause for many cases: a pandas DataFrame on the index of `cases`.

        `cases` is a DataFrame with a column per question (None, NaN or "" where unanswered), or a list of answers as in
        `diagnose`. Red flags may stand among them: they are checked, and change no probability. The columns are the causes
        in declared order, then `unexplained`. Raises as `diagnose` does, naming the row; with `errors="null"`
        contradictory cases become NaN and an ImpossibleCases warning counts them. Raises
        MissingExtra where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtra("posteriors of a table", "tables") from None
        evidence = check_table(self.knowledge, cases)
        read = dict.fromkeys(self.reader.triggers.values(), YES) | {self.reader.any_cause: NO}
        found = self.engine.probabilities(evidence, read, errors)
        return pd.DataFrame(
            dict(zip((*self.reader.triggers, "unexplained"), found.values(), strict=True)), index=evidence.labels
        )

    def in_words(self, question: str, answer: Answer) -> str:
        """An answer with the labels a user sees: 'Sweating: Heavy'; a soft one names its states with their weights."""
        return self.reader.in_words(question, answer)

    def _case(self, answers: Mapping[str, Any]) -> Case:
        return Case(self.reader, check_answers(self.knowledge, answers))

    def _beliefs(self, posterior: Mapping[str, Array], doubts: Doubts) -> tuple[Belief, ...]:
        beliefs = [
            Belief(
                cause=cause,
                label=self.knowledge.causes[cause].label,
                triggered=float(posterior[node][1]),
                present=float(posterior[cause][1]),
                prior=float(self.reader.prior[node][1]),
                _node=node,
                _doubts=doubts,
            )
            for cause, node in self.reader.triggers.items()
        ]
        return tuple(sorted(beliefs, key=lambda belief: -belief.triggered))

    def _groups(self, posterior: Mapping[str, Array], doubts: Doubts) -> dict[str, GroupBelief]:
        groups = [
            GroupBelief(
                heading=heading,
                label=self.knowledge.headings[heading].label,
                causes=self.knowledge.headings[heading].causes,
                triggered=float(posterior[node][1]),
                prior=float(self.reader.prior[node][1]),
                _node=node,
                _doubts=doubts,
            )
            for heading, node in self.reader.headings.items()
        ]
        return {group.heading: group for group in sorted(groups, key=lambda group: -group.triggered)}
