"""What a user answered, checked once and split: evidence for the network, red flags for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from bayesnet.diagnosis.rules import Mask
from bayesnet.errors import BadEvidence, UnknownVariable
from bayesnet.inference.evidence import Answer, Evidence, encode, is_missing, likelihood
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.renamed import answer_of_today, today_of
from bayesnet.knowledge.schema import BINARY, NONE_OF_THEM, WARNING_SIGNS, YES, State

Signs = Literal["not asked", "partly answered", "none", "present"]
"""What is known of the warning signs. "none" means that each of them was answered with no."""


@dataclass(frozen=True)
class CheckedAnswers:
    """`given` holds what was answered, unanswered questions left out; `red_flags` the ids answered with yes, `asked_flags`
    those answered at all.
    """

    given: Mapping[str, Answer]
    red_flags: tuple[str, ...]
    asked_flags: tuple[str, ...] = ()

    def with_red_flag(self, flag: str) -> CheckedAnswers:
        """The same with one more red flag up."""
        return replace(self, red_flags=(*self.red_flags, flag), asked_flags=(*self.asked_flags, flag))

    def with_answer(self, question: str, state: State) -> CheckedAnswers:
        """The same with one more question answered, or answered otherwise."""
        return replace(self, given={**self.given, question: state.id})

    def all_asked(self, knowledge: Knowledge) -> bool:
        """Whether every warning sign was answered."""
        return len(self.asked_flags) == len(knowledge.red_flags)

    def signs(self, knowledge: Knowledge) -> Signs:
        """What is known of the warning signs."""
        if self.red_flags:
            return "present"
        if self.all_asked(knowledge):
            return "none"
        return "partly answered" if self.asked_flags else "not asked"


def check_answers(knowledge: Knowledge, answers: Mapping[str, Any]) -> CheckedAnswers:
    """Raises UnknownVariable, UnknownState or BadEvidence for an answer that is none.

    Names and states of earlier versions are taken for what they are called today (`renamed` in the model file).
    """
    if hasattr(answers, "to_dict"):
        answers = answers.to_dict()  # a row of a pandas table
    if not isinstance(answers, Mapping):
        raise BadEvidence(f"answers must be {{question: answer}}, not {type(answers).__name__}")
    given: dict[str, Answer] = {}
    asked: dict[str, bool] = {}
    none_of_them = False
    for earlier, raw in answers.items():
        name, answer = answer_of_today(knowledge, earlier, raw)
        if name not in knowledge.allowed_answers:
            raise UnknownVariable("question", name, knowledge.allowed_answers, _what_it_is(knowledge, name))
        if is_missing(answer):
            continue
        likelihood(name, knowledge.allowed_answers[name], answer)
        if name == WARNING_SIGNS:
            none_of_them = True
        elif name in knowledge.red_flags:  # two signs of an earlier version may be one of today: up if either is
            asked[name] = asked.get(name, False) or bool(could_be(answer, BINARY)[BINARY.index(YES)])
        elif name in given:
            raise BadEvidence(f"{name!r} is answered twice, once by the name that it had before; give it once")
        else:
            # A copy in plain numbers: what was diagnosed must not change with the caller's dict.
            given[name] = {s: float(v) for s, v in answer.items()} if isinstance(answer, Mapping) else answer
    up = tuple(flag for flag in knowledge.red_flags if asked.get(flag))
    if none_of_them and up:
        raise BadEvidence(f"{WARNING_SIGNS} = {NONE_OF_THEM} contradicts {up[0]} = {YES}; give one of them")
    return CheckedAnswers(given, up, tuple(knowledge.red_flags) if none_of_them else tuple(asked))


def could_be(answer: Answer, states: tuple[str, ...]) -> Mask:
    """Which states count as answered, (n_states,): that which was named, or those that a soft answer finds likeliest.

    Where advice is at stake, a tie is a yes.
    """
    vector = likelihood("", states, answer)
    return np.asarray(vector == vector.max())


def check_table(knowledge: Knowledge, cases: Any) -> Evidence:
    """Many cases, a column per question: what the network is told of them, with the outcome happened in all.

    A column for a red flag is checked and left out: the network does not know it. Errors as in `check_answers`, naming the row.
    """
    try:
        evidence = encode(knowledge.allowed_answers, cases)
    except UnknownVariable as error:
        where = _what_it_is(knowledge, str(error.given))
        raise UnknownVariable("question", error.given, knowledge.allowed_answers, where) from None
    outcome = {knowledge.outcome.id: BINARY.index(YES)}
    fixed = {name: at for name, at in evidence.fixed.items() if name in knowledge.questions}
    columns = {name: column for name, column in evidence.columns.items() if name in knowledge.questions}
    return Evidence(evidence.n, fixed | outcome, columns, evidence.labels)


def _what_it_is(knowledge: Knowledge, name: str) -> str:
    if name in knowledge.causes:
        return "(a cause, which is inferred and cannot be answered)"
    today = today_of(knowledge, name)
    if today is not None:
        return f"(it is called {today!r} since version {knowledge.version})"
    return "(every diagnosis already takes it as given)" if name == knowledge.outcome.id else ""
