"""Every error a user can meet. Each message names the item, what was given and what is allowed."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class BayesnetError(Exception):
    """Base of every error this package raises on purpose; its text is one readable line."""


def nearest(given: object, allowed: Iterable[object]) -> str:
    """The tail of a message about an unknown name: the nearest right one, if any is near, and all that is allowed."""
    names = [str(name) for name in allowed]
    close = get_close_matches(str(given), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"{hint} Allowed: {', '.join(names)}"


class UnknownName(BayesnetError):
    """A name that does not exist where it was used.

    Attributes: `kind` (what was looked for, such as "question"), `given`, `allowed` (in declared order).
    """

    def __init__(self, kind: str, given: object, allowed: Iterable[str], where: str = "") -> None:
        self.kind, self.given, self.allowed, self.where = kind, given, tuple(allowed), where
        place = f" {where}" if where else ""
        super().__init__(f"unknown {kind} {given!r}{place}{nearest(given, self.allowed)}")

    def __reduce__(self) -> tuple[type["UnknownName"], tuple[str, object, tuple[str, ...], str]]:
        return type(self), (self.kind, self.given, self.allowed, self.where)


class UnknownVariable(UnknownName):
    """An answer to a question, or a request for a variable, that the model does not have."""


class UnknownState(UnknownName):
    """An answer that is not one of the states of its question."""


class BadEvidence(BayesnetError):
    """An answer of a shape or value that is not an answer, such as a negative likelihood."""


class ImpossibleEvidence(BayesnetError):
    """Answers that cannot all be true under the model.

    Attributes: `answers`, the smallest contradictory set, as {variable: answer given}; `row`, the case's row in a table
    (its index label, or its number from 0), None for a single case.
    """

    def __init__(self, answers: dict[str, object], row: object = None) -> None:
        self.answers, self.row = answers, row
        listed = " and ".join(f"{variable} = {answer}" for variable, answer in answers.items())
        if len(answers) == 1:
            text = f"impossible answer: the model gives {listed} a probability of zero"
        else:
            text = f"contradictory answers: {listed} cannot all hold in this model"
        super().__init__(text if row is None else f"row {row}: {text}")

    def __reduce__(self) -> tuple[type["ImpossibleEvidence"], tuple[dict[str, object], object]]:
        return type(self), (self.answers, self.row)


class ImpossibleCases(UserWarning):
    """Some cases of a batch cannot be, and were left without a result as asked (`errors="null"`)."""


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

    def __reduce__(self) -> tuple[type["BadModel"], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class MissingExtra(BayesnetError):
    """An optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.what, self.extra = what, extra
        super().__init__(f"{what} needs the optional part {extra!r}; from a clone: pip install '.[{extra}]'")

    def __reduce__(self) -> tuple[type["MissingExtra"], tuple[str, str]]:
        return type(self), (self.what, self.extra)


class BadPort(BayesnetError):
    """A port that the dashboard cannot listen on."""


class NotProtected(BayesnetError):
    """The dashboard is to be reached from other machines, and no password keeps strangers from the saved cases."""


class BadFile(BayesnetError):
    """A file that cannot be read or written, or is of a format that is not known."""


class BadCases(BayesnetError):
    """A table of cases that cannot be taken as it stands.

    Attribute `problems`: every problem found, each naming row, column, what was given and what is allowed.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        others = len(self.problems) - 1
        super().__init__(self.problems[0] + (f" (and {others} more)" if others else ""))

    def __reduce__(self) -> tuple[type["BadCases"], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class StoreError(BayesnetError):
    """The case store cannot be used: down, locked, read-only, of a newer schema. Never names a password."""


class TracesLeft(StoreError):
    """Cases are deleted, but their traces are still in the file; deleting them again removes those."""


class NotBetter(BayesnetError):
    """A tuned model that held-out cases do not show to be better, and so is not adopted unless forced."""


class EngineError(BayesnetError):
    """What should run many tasks cannot: unknown, not answering, unfit, or it lost its workers. Never names a password."""
