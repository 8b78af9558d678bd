"""One case, diagnosed: what is believed, what speaks for it, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

from bayesnet.diagnosis.advice import Advice
from bayesnet.diagnosis.answers import Signs
from bayesnet.diagnosis.conflict import Conflict, conflict
from bayesnet.diagnosis.explanation import Explanation, explain
from bayesnet.diagnosis.flips import Flip, flips
from bayesnet.diagnosis.html import bar_table
from bayesnet.diagnosis.questions import NextQuestions, next_questions
from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.sensitivity import Sensitivity, sensitivity
from bayesnet.diagnosis.uncertainty import Doubt, Interval, doubt
from bayesnet.diagnosis.words import in_range, in_words_and_percent
from bayesnet.errors import UnknownName
from bayesnet.inference.evidence import Answer
from bayesnet.knowledge.rules import RedFlag


class Doubts:
    """The doubt about a case, drawn when first asked for."""

    def __init__(self, case: Case) -> None:
        self._case = case

    @cached_property
    def drawn(self) -> Doubt:
        """One pass under all draws of the numbers."""
        return doubt(self._case)


@dataclass(frozen=True)
class Belief:
    """What is believed of one cause, as probabilities.

    `triggered`: it set off the outcome, given the answers. `present`: it is there at all, given the answers.
    `prior`: it set off the outcome, with nothing answered.
    """

    cause: str
    label: str
    triggered: float
    present: float
    prior: float
    _node: str = field(repr=False, compare=False)
    _doubts: Doubts = field(repr=False, compare=False)

    @property
    def interval(self) -> Interval:
        """(low, high): 90 % credible interval of `triggered`, from the strengths of the model's numbers."""
        return self._doubts.drawn.intervals[self._node]

    @property
    def ranks_first(self) -> float:
        """The probability that this cause truly is the likeliest, as far as the model's numbers are in doubt."""
        return self._doubts.drawn.ranks_first[self.cause]


@dataclass(frozen=True)
class GroupBelief:
    """What is believed of a heading: that any cause under it triggered the outcome."""

    heading: str
    label: str
    causes: tuple[str, ...]
    triggered: float
    prior: float
    _node: str = field(repr=False, compare=False)
    _doubts: Doubts = field(repr=False, compare=False)

    @property
    def interval(self) -> Interval:
        """(low, high): 90 % credible interval of `triggered`, from the strengths of the model's numbers."""
        return self._doubts.drawn.intervals[self._node]


@dataclass(frozen=True)
class Diagnosis:
    """The result for one case. `d["muscle_strain"]` is the belief in one cause.

    `beliefs` and `groups` run from the likeliest down (`triggered`). `unexplained` is the probability that no known
    cause triggered the outcome; `unexplained_prior` the same with nothing answered. `log_evidence` is
    ln P(answers and outcome). `answers` holds what was answered, unanswered questions left out. `warning_signs` says what is
    known of the red flags: "not asked", "partly answered", "none" (each was answered with no) or "present".
    """

    answers: Mapping[str, Answer]
    beliefs: tuple[Belief, ...]
    groups: Mapping[str, GroupBelief]
    unexplained: float
    unexplained_prior: float
    red_flags: tuple[RedFlag, ...]
    warning_signs: Signs
    advice: Advice
    log_evidence: float
    _case: Case = field(repr=False, compare=False)

    @property
    def is_emergency(self) -> bool:
        """Whether a red flag brings the highest level: nothing more is asked or argued then."""
        ranks = self._case.reader.knowledge.level_ranks
        return any(ranks[flag.level] == len(ranks) - 1 > 0 for flag in self.red_flags)

    def label_of(self, level: str) -> str:
        """What a level is called for this case: otherwise while a warning sign is unanswered."""
        return self._case.level_label(level)

    @property
    def leaves_out(self) -> str:
        """What has to be said beside the probabilities where a red flag is up; empty where none is."""
        return "These numbers leave out the warning sign: no probability makes up for it." if self.red_flags else ""

    @property
    def asked_signs(self) -> tuple[str, ...]:
        """The ids of the red flags that were answered, with yes or no."""
        return self._case.answers.asked_flags

    def __getitem__(self, cause: str) -> Belief:
        for belief in self.beliefs:
            if belief.cause == cause:
                return belief
        raise UnknownName("cause", cause, (belief.cause for belief in self.beliefs))

    def explain(self, cause: str) -> Explanation:
        """How much each answer speaks for or against a cause having triggered the outcome.

        Raises UnknownName for a cause the model does not have.
        """
        known, kept = self[cause].cause, self._explained
        if known not in kept:
            kept[known] = explain(self._case, known)
        return kept[known]

    @cached_property
    def _explained(self) -> dict[str, Explanation]:
        """What was explained already: a page and its report ask the same."""
        return {}

    def next_questions(self, skipped: Collection[str] = ()) -> NextQuestions:
        """The open questions, the most worth asking first; `.stop` when enough is known.

        `skipped` are questions and red flags that were asked and left open: flags are not asked again, and some questions
        stand in for others, and are asked only then.
        """
        return next_questions(self._case, skipped)

    def sensitivity(self, cause: str) -> Sensitivity:
        """How the probability of a cause depends on each number of the model. Raises UnknownName."""
        return sensitivity(self._case, self[cause].cause)

    def conflict(self) -> Conflict:
        """Whether the answers fit together, and which one stands out."""
        return conflict(self._case)

    def flips(self) -> tuple[Flip, ...]:
        """The smallest changes of the answers after which another cause leads or the level of advice differs."""
        return flips(self._case)

    def _repr_html_(self) -> str:
        level = self.advice.level
        rows = [
            (b.label, b.triggered, f"{in_words_and_percent(b.triggered)}, plausibly {in_range(b.interval)}")
            for b in self.beliefs
        ]
        rows.append(("Unexplained", self.unexplained, in_words_and_percent(self.unexplained)))
        flags = "".join(f" Red flag: {flag.label}." for flag in self.red_flags)
        caption = f"{level.label}. {level.says}{flags}"
        return bar_table(caption, ("cause", "triggered it", ""), rows, self._case.reader.knowledge.disclaimer)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain JSON values."""
        return {
            "model": self._case.reader.knowledge.version_name,
            "answers": {name: dict(a) if isinstance(a, Mapping) else a for name, a in self.answers.items()},
            "causes": {
                b.cause: {
                    "label": b.label,
                    "triggered": b.triggered,
                    "present": b.present,
                    "prior": b.prior,
                    "interval": list(b.interval),
                }
                for b in self.beliefs
            },
            "groups": {
                g.heading: {
                    "label": g.label,
                    "causes": list(g.causes),
                    "triggered": g.triggered,
                    "prior": g.prior,
                    "interval": list(g.interval),
                }
                for g in self.groups.values()
            },
            "unexplained": self.unexplained,
            "advice": _advice_dict(self.advice),
            "warning_signs": self.warning_signs,
            "red_flags": [
                {"id": flag.id, "label": flag.label, "level": flag.level, "says": flag.says} for flag in self.red_flags
            ],
            "log_evidence": self.log_evidence if isfinite(self.log_evidence) else None,
        }


def _advice_dict(advice: Advice) -> dict[str, Any]:
    return {
        "level": advice.level.id,
        "says": advice.level.says,
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "level": item.level.id,
                "do": list(item.do),
                "caution": item.caution,
                "because": item.because,
                "cause": item.cause,
                "sources": list(item.sources),
                "heads": item.heads,
            }
            for item in advice.items
        ],
        "withheld": [{"id": w.id, "title": w.title, "because": w.because} for w in advice.withheld],
    }
