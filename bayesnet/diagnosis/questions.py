"""What to ask next: the open question likeliest to change the advice, for what it costs to answer.

A question is worth the probability that its answer changes what is advised (the value of information of Howard 1966, each
change of advice worth the same), divided by its cost; among equals the mutual information of its answer and the causes
decides, I(C; T | e) = H(C | e) - sum over t of P(t | e) H(C | e, t) (Lindley 1956). Red flags have no probability: they
stand first, whatever the rest is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bayesnet.diagnosis.advice import Advice, Findings, advise
from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.words import in_percent
from bayesnet.inference.network import Array
from bayesnet.knowledge.schema import NO, YES, State

MOST_CAUSES = 10
"""The information is about so many causes jointly, the likeliest; 2 to that power are 1,024 joint states."""
NEVER = 1e-9
"""An answer less likely than this is taken as one that will not come."""


@dataclass(frozen=True)
class Outcome:
    """What one possible answer would lead to. `probability` is P(answer | what is known), None for a red flag.

    `first` is the cause that would be likeliest, `triggered` its probability, `level` the id of the advice level.
    """

    answer: str
    label: str
    probability: float | None
    first: str
    triggered: float
    level: str
    changes_advice: bool


@dataclass(frozen=True)
class NextQuestion:
    """An open question. `changes_advice` is the probability that its answer changes the advice, None for a red flag;
    `information` is in bits, `cost` as the model has it.
    """

    question: str
    label: str
    ask: str
    changes_advice: float | None
    information: float
    cost: float
    outcomes: tuple[Outcome, ...]

    @property
    def is_red_flag(self) -> bool:
        """Whether this is a rule beside the network, which no probability can outvote."""
        return self.changes_advice is None


@dataclass(frozen=True)
class NextQuestions:
    """The open questions, the most worth asking first. `stop`: no answer can change the advice; `says` puts it in words."""

    ranked: tuple[NextQuestion, ...]
    stop: bool
    says: str

    def __iter__(self) -> Iterator[NextQuestion]:
        return iter(self.ranked)

    def __len__(self) -> int:
        return len(self.ranked)

    def __getitem__(self, place: int) -> NextQuestion:
        return self.ranked[place]


def next_questions(case: Case) -> NextQuestions:
    """Every open question with what it is worth: all possible answers to all of them in one batch."""
    knowledge = case.reader.knowledge
    asked = [(question, state) for question in case.open_questions for state in knowledge.questions[question].states]
    versions = case.with_each([(question, state.id) for question, state in asked])
    logs = case.reader.log_likelihoods(versions)
    with np.errstate(under="ignore"):
        chances = np.exp(logs - logs[0])
    can_be = np.flatnonzero(chances > NEVER)
    triggered, unexplained = case.reader.triggered(versions.rows(can_be))
    likeliest = sorted(triggered, key=lambda cause: -triggered[cause][0])[:MOST_CAUSES]
    causes = [cause for cause in triggered if cause in likeliest]  # in declared order: tables are kept by it
    entropies = [_entropy(joint) for joint in case.reader.joint(versions.rows(can_be), causes)]
    beliefs = [{cause: float(p[place]) for cause, p in triggered.items()} for place in range(len(can_be))]
    now = advice_of(case, beliefs[0], float(unexplained[0]))

    found: dict[str, list[tuple[Outcome, float]]] = {question: [] for question in case.open_questions}
    for place, i in enumerate(can_be[1:], start=1):
        question, state = asked[i - 1]
        then = case.answering({**case.given, question: state.id})
        advice = advice_of(then, beliefs[place], float(unexplained[place]))
        outcome = _outcome(state, float(chances[i]), beliefs[place], advice, now)
        found[question].append((outcome, entropies[place]))
    questions = [_question(case, question, outcomes, entropies[0]) for question, outcomes in found.items()]
    return _ranked(_red_flags(case, beliefs[0], float(unexplained[0]), now), questions)


def _ranked(flags: list[NextQuestion], questions: list[NextQuestion]) -> NextQuestions:
    """Red flags first, then by value for cost; and what to do, in words."""
    ranked = sorted(questions, key=lambda q: (-(q.changes_advice or 0.0) / q.cost, -q.information / q.cost))
    open_ones = (*flags, *ranked)
    stop = not any(outcome.changes_advice for question in open_ones for outcome in question.outcomes)
    if not open_ones:
        says = "Everything is answered."
    elif stop:
        says = "Enough is known: no open answer would change the advice."
    elif flags:
        says = "First the warning signs: they count whatever else is true."
    else:
        says = f"{ranked[0].ask} The answer has a chance of {in_percent(ranked[0].changes_advice or 0.0)} to change the advice."
    return NextQuestions(open_ones, stop, says)


def advice_of(case: Case, triggered: Mapping[str, float], unexplained: float) -> Advice:
    """What is advised when the causes have these probabilities."""
    return advise(Findings(case.reader.knowledge, case.answers, triggered, unexplained))


def _outcome(state: State, chance: float | None, beliefs: Mapping[str, float], advice: Advice, now: Advice) -> Outcome:
    first = max(beliefs, key=beliefs.__getitem__)
    changes = advice.gist != now.gist
    return Outcome(state.id, state.label, chance, first, beliefs[first], advice.level.id, changes)


def _question(case: Case, question: str, outcomes: list[tuple[Outcome, float]], entropy: float) -> NextQuestion:
    """`outcomes` with the entropy of the causes that each would leave; `entropy` is what there is now."""
    asked = case.reader.knowledge.questions[question]
    left = sum((o.probability or 0.0) * entropy_left for o, entropy_left in outcomes)
    return NextQuestion(
        question=question,
        label=asked.label,
        ask=asked.ask,
        changes_advice=min(1.0, sum(o.probability or 0.0 for o, _ in outcomes if o.changes_advice)),
        information=max(0.0, entropy - left),
        cost=asked.cost,
        outcomes=tuple(outcome for outcome, _ in outcomes),
    )


def _red_flags(case: Case, beliefs: Mapping[str, float], unexplained: float, now: Advice) -> list[NextQuestion]:
    found = []
    for flag in case.reader.knowledge.red_flags.values():
        if flag.id not in case.answers.asked_flags:
            then = replace(case, answers=case.answers.with_red_flag(flag.id))
            up = _outcome(State(id=YES, label="Yes"), None, beliefs, advice_of(then, beliefs, unexplained), now)
            down = _outcome(State(id=NO, label="No"), None, beliefs, now, now)
            # A red flag is told even where the level is as high already.
            outcomes = (down, replace(up, changes_advice=True))
            found.append(NextQuestion(flag.id, flag.label, flag.ask, None, 0.0, 1.0, outcomes))
    return found


def _entropy(p: Array) -> float:
    """In bits."""
    some = p[p > 0]
    return float(-(some * np.log2(some)).sum())
