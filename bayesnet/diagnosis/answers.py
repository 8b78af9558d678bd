"""What a user answered, checked once and split: evidence for the network, red flags for the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bayesnet.errors import BadEvidence, UnknownVariable
from bayesnet.inference.evidence import Answer, Answers, Evidence, encode, is_missing, likelihood
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import BINARY, YES


@dataclass(frozen=True)
class CheckedAnswers:
    """`given` holds what was answered, unanswered questions left out; `red_flags` the ids answered with yes, `asked_flags`
    those answered at all.
    """

    given: Mapping[str, Answer]
    red_flags: tuple[str, ...]
    asked_flags: tuple[str, ...] = ()

    def with_red_flag(self, flag: str) -> "CheckedAnswers":
        """The same with one more red flag up."""
        return replace(self, red_flags=(*self.red_flags, flag), asked_flags=(*self.asked_flags, flag))


def check_answers(knowledge: Knowledge, answers: Mapping[str, Any]) -> CheckedAnswers:
    """Raises UnknownVariable, UnknownState or BadEvidence for an answer that is none."""
    if hasattr(answers, "to_dict"):
        answers = answers.to_dict()  # a row of a pandas table
    if not isinstance(answers, Mapping):
        raise BadEvidence(f"answers must be {{question: answer}}, not {type(answers).__name__}")
    given: dict[str, Answer] = {}
    flags: dict[str, Answer] = {}
    for name, answer in answers.items():
        if name not in knowledge.allowed_answers:
            raise UnknownVariable("question", name, knowledge.allowed_answers, _what_it_is(knowledge, name))
        if not is_missing(answer):
            kept = flags if name in knowledge.red_flags else given
            likelihood(name, knowledge.allowed_answers[name], answer)
            # A copy in plain numbers: what was diagnosed must not change with the caller's dict.
            kept[name] = {s: float(v) for s, v in answer.items()} if isinstance(answer, Mapping) else answer
    up = tuple(flag for flag in knowledge.red_flags if holds(flags, flag, BINARY, (YES,)))
    return CheckedAnswers(given, up, tuple(flags))


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
    return "(every diagnosis already takes it as given)" if name == knowledge.outcome.id else ""


def holds(answers: Answers, question: str, states: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a question was answered with one of the `wanted` states.

    A soft answer counts when no other state is likelier: where advice is at stake, a tie is a yes.
    """
    answer = answers.get(question)
    if is_missing(answer):
        return False
    if isinstance(answer, str):
        return answer in wanted
    vector = likelihood(question, states, answer)
    return any(vector[states.index(state)] == vector.max() for state in wanted)
