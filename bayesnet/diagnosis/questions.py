"""What to ask next: the open question whose answer is worth most, for what it costs to answer.

A question is worth the expected value of what its answer changes (the value of information of Howard 1966). What a change is
worth stands in the model file (`interview`): of the level of advice, of the first cause, of an item of advice. Without it each
change of advice is worth 1. Among equals the mutual information of its answer and the causes decides, I(C; T | e) = H(C | e) -
sum over t of P(t | e) H(C | e, t) (Lindley 1956). Red flags have no probability: they stand first, whatever the rest is worth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayesnet.diagnosis.answers import CheckedAnswers
from bayesnet.diagnosis.reader import Case
from bayesnet.diagnosis.rules import Mask, Rules
from bayesnet.diagnosis.words import in_percent
from bayesnet.inference.evidence import Ids
from bayesnet.inference.network import Array
from bayesnet.knowledge.schema import NO, YES, Interview, State

MOST_CAUSES = 10
"""The information is about so many causes jointly, the likeliest; 2 to that power are 1,024 joint states."""
SELDOM = 0.01
"""A chance to change the advice that is less than this is not why a question is asked."""
NEVER = 1e-9
"""An answer less likely than this is taken as one that will not come."""


@dataclass(frozen=True)
class Outcome:
    """What one possible answer would lead to. `probability` is P(answer | what is known), None for a red flag.

    `first` is the cause that would be likeliest, `triggered` its probability, `level` the id of the advice level. `value` is
    what the change that it brings is worth.
    """

    answer: str
    label: str
    probability: float | None
    first: str
    triggered: float
    level: str
    changes_advice: bool
    value: float = 0.0


@dataclass(frozen=True)
class NextQuestion:
    """An open question. `changes_advice` is the probability that its answer changes the advice, None for a red flag;
    `information` is in bits, `cost` as the model has it. `value` is what its answer is worth in expectation; questions are
    ranked by value for cost.
    """

    question: str
    label: str
    ask: str
    changes_advice: float | None
    information: float
    cost: float
    outcomes: tuple[Outcome, ...]
    value: float = 0.0

    @property
    def is_red_flag(self) -> bool:
        """Whether this is a rule beside the network, which no probability can outvote."""
        return self.changes_advice is None


@dataclass(frozen=True)
class NextQuestions:
    """The open questions, the most worth asking first. `stop`: enough is known; `says` puts it in words."""

    ranked: tuple[NextQuestion, ...]
    stop: bool
    says: str

    def __iter__(self) -> Iterator[NextQuestion]:
        return iter(self.ranked)

    def __len__(self) -> int:
        return len(self.ranked)

    def __getitem__(self, place: int) -> NextQuestion:
        return self.ranked[place]


@dataclass(frozen=True, eq=False)
class Versions:
    """A case as it is (position 0) and with each further answer, each row what the rules make of it.

    `first` and `levels` (n,) are positions and ranks, `shown` (n_tips, n) which items and lines of advice are shown, and
    `triggered` {cause: (n,)}.
    """

    first: Ids
    levels: Ids
    shown: Mask
    triggered: Mapping[str, Array]

    @property
    def changes_advice(self) -> Mask:
        """Whether the level or what is shown differs from the case as it is: (n,)."""
        return np.asarray((self.levels != self.levels[0]) | self.changes_tips)

    @property
    def changes_tips(self) -> Mask:
        """Whether what is shown differs: (n,)."""
        return np.asarray((self.shown != self.shown[:, :1]).any(axis=0))

    def values(self, worth: Interview | None) -> Array:
        """What the changes are worth: (n,)."""
        if worth is None:
            return self.changes_advice.astype(np.float64)
        level, first = self.levels != self.levels[0], self.first != self.first[0]
        return np.asarray(worth.level * level + worth.first * first + worth.tip * self.changes_tips)


def versions_of(
    case: Case, answers: Sequence[CheckedAnswers], triggered: Mapping[str, Array], unexplained: Array
) -> Versions:
    """What the rules make of many versions of a case, whose beliefs are known: arrays (n,)."""
    knowledge = case.reader.knowledge
    findings = case.reader.findings(answers, triggered, unexplained)
    rules, n = Rules(knowledge, findings), len(answers)
    tips = [rules.shown(rule) for rule in knowledge.advice]
    tips += [
        rules.shown(rule.id) & rules.any_holds(line.when, rule.cause) for rule, line in knowledge.lines_with_conditions
    ]
    shown = np.array([np.broadcast_to(tip, n) for tip in tips])
    return Versions(findings.first, np.broadcast_to(rules.level(), n), shown, triggered)


def next_questions(case: Case, skipped: Collection[str] = ()) -> NextQuestions:
    """Every open question with what it is worth: all possible answers to all of them in one batch."""
    knowledge = case.reader.knowledge
    questions = [question for question in case.open_questions if _is_asked(case, question, skipped)]
    asked = [(question, state) for question in questions for state in offered_states(case, question)]
    versions = case.with_each([(question, state.id) for question, state in asked])
    logs = case.reader.log_likelihoods(versions)
    with np.errstate(under="ignore"):
        chances = np.exp(logs - logs[0])
    can_be = np.flatnonzero(chances > NEVER)
    triggered, unexplained = case.reader.triggered(versions.rows(can_be))
    likeliest = sorted(case.reader.triggers, key=lambda cause: -triggered[cause][0])[:MOST_CAUSES]
    joint, with_answers = case.reader.joint_with_answers(case.evidence, likeliest, questions)
    answers = [case.answers, *(case.answers.with_answer(*asked[i - 1]) for i in can_be[1:])]
    made = versions_of(case, answers, triggered, unexplained)
    values = made.values(knowledge.interview)

    found: dict[str, list[tuple[Outcome, float]]] = {question: [] for question in questions}
    for place, i in enumerate(can_be[1:], start=1):
        question, state = asked[i - 1]
        outcome = _outcome(case, made, place, state, float(chances[i]), float(values[place]))
        after = with_answers[question][:, knowledge.states[question].index(state.id)]
        found[question].append((outcome, _entropy(after)))
    ranked = [_question(case, question, outcomes, _entropy(joint)) for question, outcomes in found.items() if outcomes]
    ranked.sort(key=lambda q: (-q.value / q.cost, -q.information / q.cost))
    flags = _red_flags(case, triggered, unexplained, skipped)
    return _ranked(flags, _in_turn(case, ranked, skipped), knowledge.interview, len(case.given))


def _in_turn(case: Case, ranked: list[NextQuestion], skipped: Collection[str]) -> list[NextQuestion]:
    """Before a question, those that may hide one of its answers: when it happened before whether it still hurts."""
    of = {question.question: question for question in ranked}
    found: dict[str, NextQuestion] = {}
    for question in ranked:
        states = case.reader.knowledge.questions[question.question].states
        hiding = (other for state in states for other in state.hidden_by if other in of and other not in skipped)
        found |= {name: of[name] for name in (*hiding, question.question) if name not in found}
    return list(found.values())


def _is_asked(case: Case, question: str, skipped: Collection[str]) -> bool:
    """Whether a question is asked at all: one that stands in for another only where that was skipped."""
    instead = case.reader.knowledge.questions[question].only_if_skipped
    return instead is None or (instead in skipped and instead not in case.given)


def offered_states(case: Case, question: str) -> list[State]:
    """The answers to a question that make sense beside the others."""
    states = case.reader.knowledge.questions[question].states
    return [s for s in states if not any(case.given.get(other) in given for other, given in s.hidden_by.items())]


def _ranked(
    flags: list[NextQuestion], ranked: list[NextQuestion], worth: Interview | None, answered: int
) -> NextQuestions:
    """Red flags first, then the questions as they are ranked; and what to do, in words."""
    open_ones = (*flags, *ranked)
    if worth is None:
        stop = not any(outcome.changes_advice for question in open_ones for outcome in question.outcomes)
        enough = "Enough is known: no open answer would change the advice."
    else:
        most = max((question.value for question in ranked), default=0.0)
        stop = not flags and (most == 0 or (answered >= worth.at_least and most < worth.stop))
        enough = "Enough is known: hardly any open answer would change the advice or what comes first."
    if not open_ones:
        says = "Everything is answered."
    elif stop:
        says = enough
    elif flags:
        says = "First the warning signs: they count whatever else is true."
    else:
        says = f"{ranked[0].ask} {_may_change(ranked[0])}"
    return NextQuestions(open_ones, stop, says)


def _may_change(question: NextQuestion) -> str:
    """What an answer may change, in a sentence."""
    chance = question.changes_advice or 0.0
    if chance < SELDOM:
        return "The answer may change which cause comes first."
    return f"The answer has a chance of {in_percent(chance)} to change the advice."


def _outcome(
    case: Case,
    made: Versions,
    place: int,
    state: State,
    chance: float | None,
    value: float,
    changes: bool | None = None,
) -> Outcome:
    """What the version at this place comes to."""
    first = list(case.reader.triggers)[int(made.first[place])]
    level = list(case.reader.knowledge.levels)[int(made.levels[place])]
    changes = bool(made.changes_advice[place]) if changes is None else changes
    return Outcome(state.id, state.label, chance, first, float(made.triggered[first][place]), level, changes, value)


def _question(case: Case, question: str, outcomes: list[tuple[Outcome, float]], entropy: float) -> NextQuestion:
    """`outcomes` with the entropy of the causes that each would leave; `entropy` is what there is now.

    Where states are not offered, those that are share the probability.
    """
    asked = case.reader.knowledge.questions[question]
    total = sum(o.probability or 0.0 for o, _ in outcomes)
    if len(outcomes) < len(asked.states) and total > 0:
        outcomes = [(replace(o, probability=(o.probability or 0.0) / total), left) for o, left in outcomes]
    left = sum((o.probability or 0.0) * entropy_left for o, entropy_left in outcomes)
    return NextQuestion(
        question=question,
        label=asked.label,
        ask=asked.ask,
        changes_advice=min(1.0, sum(o.probability or 0.0 for o, _ in outcomes if o.changes_advice)),
        information=max(0.0, entropy - left),
        cost=asked.cost,
        outcomes=tuple(outcome for outcome, _ in outcomes),
        value=sum((o.probability or 0.0) * o.value for o, _ in outcomes),
    )


def _red_flags(
    case: Case, triggered: Mapping[str, Array], unexplained: Array, skipped: Collection[str]
) -> list[NextQuestion]:
    """The warning signs that were neither answered nor skipped, each with what it would lead to if it is up."""
    told = {*case.answers.asked_flags, *skipped}
    flags = [flag for flag in case.reader.knowledge.red_flags.values() if flag.id not in told]
    answers = [case.answers, *(case.answers.with_red_flag(flag.id) for flag in flags)]
    now = {name: np.repeat(p[:1], len(answers)) for name, p in triggered.items()}
    made = versions_of(case, answers, now, np.repeat(unexplained[:1], len(answers)))
    down = _outcome(case, made, 0, State(id=NO, label="No"), None, 0.0, False)
    found = []
    for place, flag in enumerate(flags, start=1):
        # A red flag is told even where the level is as high already.
        up = _outcome(case, made, place, State(id=YES, label="Yes"), None, 0.0, True)
        found.append(NextQuestion(flag.id, flag.label, flag.question, None, 0.0, 1.0, (down, up)))
    return found


def _entropy(p: Array) -> float:
    """In bits, of weights that need not sum to 1."""
    some = p[p > 0] / p.sum()
    return float(-(some * np.log2(some)).sum())
