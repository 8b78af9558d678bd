"""Every error a user can meet. Each message names the item, what was given and what is allowed."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class BayesnetError(Exception):
    """Base of every error this package raises on purpose; its text is one readable line."""


class UnknownName(BayesnetError):
    """A name that does not exist where it was used.

    Attributes: `kind` (what was looked for, such as "question"), `given`, `allowed` (in declared order).
    """

    def __init__(self, kind: str, given: object, allowed: Iterable[str], where: str = "") -> None:
        self.kind, self.given, self.allowed = kind, given, tuple(allowed)
        close = get_close_matches(str(given), self.allowed, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        place = f" {where}" if where else ""
        super().__init__(f"unknown {kind} {given!r}{place}{hint} Allowed: {', '.join(self.allowed)}")


class UnknownVariable(UnknownName):
    """An answer to a question, or a request for a variable, that the model does not have."""


class UnknownState(UnknownName):
    """An answer that is not one of the states of its question."""


class BadEvidence(BayesnetError):
    """An answer of a shape or value that is not an answer, such as a negative likelihood."""


class ImpossibleEvidence(BayesnetError):
    """Answers that cannot all be true under the model.

    Attribute `answers`: the smallest contradictory set, as {variable: answer given}.
    """

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers
        listed = " and ".join(f"{variable} = {answer}" for variable, answer in answers.items())
        if len(answers) == 1:
            text = f"impossible answer: the model gives {listed} a probability of zero"
        else:
            text = f"contradictory answers: {listed} cannot all hold in this model"
        super().__init__(text)


class BadNetwork(BayesnetError):
    """A network that is not one: a cycle, a missing table, rows that do not sum to 1."""


class TooLarge(BayesnetError):
    """Work that would need more memory than allowed, found out before anything is allocated."""


class BadModel(BayesnetError):
    """A model file that is damaged or foreign.

    Attribute `problems`: every problem found, each naming file, item, what was given and what is allowed.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        others = len(self.problems) - 1
        more = f" (and {others} more; `bayesnet model check` lists them)" if others else ""
        super().__init__(self.problems[0] + more)


class MissingExtra(BayesnetError):
    """An optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'bayesnet[{extra}]'")


class BadFile(BayesnetError):
    """A file that cannot be read or written, or is of a format that is not known."""
