"""Answers -> likelihood vectors. Hard, soft and missing answers are one thing from here on.

A likelihood vector holds P(what was observed | state) for each state of a variable, up to a common factor ("nothing
else considered": Pearl's virtual evidence, 1988). A hard answer is a vector with a single 1; no answer is no vector.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesnet.errors import BadEvidence, UnknownState, UnknownVariable
from bayesnet.inference.network import Array, Network

Answer = str | Mapping[str, float] | None
"""A state, {state: likelihood} (states not named have likelihood 0), or None for unanswered."""

Answers = Mapping[str, Answer]
Ids = NDArray[np.intp]


def is_missing(answer: object) -> bool:
    """None, "", NaN and pandas' NA all say that a question was not answered."""
    if isinstance(answer, str):
        return answer == ""
    if isinstance(answer, Real):
        return answer != answer
    # pandas is not imported for the sake of its own missing values.
    return answer is None or type(answer).__name__ in ("NAType", "NaTType")


def likelihood(variable: str, states: Sequence[str], answer: Any) -> Array:
    """The likelihood vector (n_states,) of one answer, in the order of `states`.

    Raises UnknownState, or BadEvidence for a likelihood that is negative, not finite, or all zero.
    """
    return np.array(_likelihoods(variable, states, answer))


def _likelihoods(variable: str, states: Sequence[str], answer: Any) -> list[float]:
    if isinstance(answer, float) and answer.is_integer():
        whole: Any = int(answer)  # pandas turns whole numbers into floats where one of them is missing
        answer = whole if whole in states else answer
    if isinstance(answer, bool | float) or not isinstance(answer, Hashable | Mapping):
        raise BadEvidence(f"answer {answer!r} to {variable!r}: a state, {{state: likelihood}} or None is needed")
    soft = answer if isinstance(answer, Mapping) else {answer: 1.0}
    found = [0.0] * len(states)
    for state, value in soft.items():
        if state not in states:
            raise UnknownState("state", state, states, f"of {variable!r}")
        found[states.index(state)] = _checked_likelihood(variable, str(state), value)
    if not any(found):
        raise BadEvidence(f"every likelihood of {variable!r} is zero; at least one state must be possible")
    return found


def _checked_likelihood(variable: str, state: str, value: Any) -> float:
    if type(value) is float or (isinstance(value, Real) and not isinstance(value, bool | np.bool_)):
        with suppress(OverflowError):
            number = float(value)
            if number >= 0 and isfinite(number):
                return number
    raise BadEvidence(f"likelihood {value!r} of {variable} = {state}: a finite number of at least 0 is needed")


ONE = np.zeros(1, dtype=np.intp)
"""The codes of a single case."""


def hard_vectors(n_states: int) -> Array:
    """The likelihood vectors of no answer, then of each state: (n_states + 1, n_states)."""
    return np.vstack([np.ones(n_states), np.eye(n_states)])


@dataclass(frozen=True)
class Column:
    """The answers of many cases to one question: `vectors` (n_distinct, n_states) and which of them each case gave."""

    codes: Ids
    vectors: Array

    @property
    def key(self) -> tuple[Ids, int]:
        """The codes, and the number below which they lie."""
        return self.codes, len(self.vectors)


@dataclass(frozen=True)
class Evidence:
    """What is known of `n` cases: `fixed`, the position of a state that all of them observed, and what they do not
    share or are not sure of, a column per variable. `labels` name the cases in errors, a number from 0 where it is None.
    """

    n: int
    fixed: Mapping[str, int]
    columns: Mapping[str, Column]
    labels: Any = None
    known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was found out about these cases and serves every pass over them, as in the iterations of EM."""

    def label(self, row: int) -> Any:
        """What a case is called: its label in the index of a table, else its number from 0."""
        return row if self.labels is None else self.labels[row]

    def answers(self, row: int, states: Mapping[str, Sequence[str]]) -> dict[str, Answer]:
        """One case as {variable: answer}."""
        found: dict[str, Answer] = {variable: states[variable][at] for variable, at in self.fixed.items()}
        for variable, column in self.columns.items():
            vector = column.vectors[column.codes[row]]
            if np.count_nonzero(vector) == 1:
                found[variable] = states[variable][int(vector.argmax())]
            elif (vector != 1).any():
                found[variable] = {state: float(p) for state, p in zip(states[variable], vector, strict=True)}
        return found

    def rows(self, chosen: Ids) -> "Evidence":
        """Some of the cases."""
        columns = {variable: Column(column.codes[chosen], column.vectors) for variable, column in self.columns.items()}
        return Evidence(len(chosen), self.fixed, columns, None if self.labels is None else self.labels[chosen])

    def case(self, row: int) -> "Evidence":
        """One of the cases by itself: what it is sure of is fixed."""
        fixed, columns = dict(self.fixed), dict[str, Column]()
        for variable, column in self.columns.items():
            vector = column.vectors[column.codes[row]]
            _place(variable, Column(ONE, vector[None]), fixed, columns)
        return Evidence(1, fixed, columns)

    def distinct(self) -> tuple["Evidence", Ids]:
        """The distinct cases, and which of them each case is."""
        if "distinct" not in self.known:
            ids, first = distinct([column.key for column in self.columns.values()], self.n)
            self.known["distinct"] = self.rows(first), ids
        found: tuple[Evidence, Ids] = self.known["distinct"]
        return found

    def parts(self, size: int) -> Iterator[tuple[slice, "Evidence"]]:
        """The cases in runs of at most `size`, and where each run stands."""
        if self.n <= size:
            yield slice(0, self.n), self
            return
        for start in range(0, self.n, size):
            run = slice(start, min(start + size, self.n))
            yield run, self.rows(np.arange(run.start, run.stop))


def one_case(network: Network, answers: Answers) -> Evidence:
    """The evidence of a single case. Raises UnknownVariable, UnknownState or BadEvidence."""
    if not isinstance(answers, Mapping):
        raise BadEvidence(f"a case must be {{variable: answer}}, not {answers!r}")
    fixed: dict[str, int] = {}
    columns: dict[str, Column] = {}
    for variable, answer in answers.items():
        network.check_variable(variable)
        states = network.states[variable]
        if type(answer) is str and answer in states:
            fixed[variable] = states.index(answer)
        elif not is_missing(answer):
            _place(variable, Column(ONE, np.array([_likelihoods(variable, states, answer)])), fixed, columns)
    return Evidence(1, fixed, columns)


def _place(variable: str, column: Column, fixed: dict[str, int], columns: dict[str, Column]) -> None:
    """A column in which all cases observed one and the same state is fixed evidence; one that says nothing is none."""
    if len(column.codes) and (column.codes is ONE or (column.codes == column.codes[0]).all()):
        vector = column.vectors[column.codes[0]].tolist()
        if all(value == 1 for value in vector):
            return
        if vector.count(1.0) == 1 and vector.count(0.0) == len(vector) - 1:
            fixed[variable] = vector.index(1.0)
            return
    columns[variable] = column


def distinct(keys: Sequence[tuple[Ids, int]], n: int) -> tuple[Ids, Ids]:
    """Which distinct combination of keys each of `n` rows has, and a row where each of them stands.

    A key is an array (n,) of integers and the number below which they all lie.
    """
    ids, radix = np.zeros(n, dtype=np.intp), 1
    for codes, size in keys:
        if radix * size > 2**62:
            ids, first = _compressed(ids, radix)
            radix = len(first)
        ids, radix = ids * size + codes, radix * size
    return _compressed(ids, radix)


def _compressed(ids: Ids, radix: int) -> tuple[Ids, Ids]:
    if radix > 4 * len(ids) + 1024:
        _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        return inverse, first
    # Few possible keys: a table of them is faster than a sort.
    last = np.full(radix, -1, dtype=np.intp)
    last[ids] = np.arange(len(ids))
    found = np.flatnonzero(last >= 0)
    number = np.empty(radix, dtype=np.intp)
    number[found] = np.arange(len(found))
    return number[ids], last[found]


def encode(states: Mapping[str, Sequence[str]], cases: Any) -> Evidence:
    """Many cases about the variables of `states`, a column at a time.

    `cases` is a pandas DataFrame with a column per variable, any sequence of {variable: answer}, or encoded already.
    Raises UnknownVariable for any other variable; UnknownState and BadEvidence, naming the row, for answers.
    """
    if isinstance(cases, Evidence):
        return cases
    n, answers = _by_variable(cases)
    fixed: dict[str, int] = {}
    columns: dict[str, Column] = {}
    for variable, given in answers.items():
        if variable not in states:
            raise UnknownVariable("variable", variable, states)
        _place(variable, _column(variable, states[variable], given), fixed, columns)
    return Evidence(n, fixed, columns, getattr(cases, "index", None) if hasattr(cases, "iloc") else None)


def _by_variable(cases: Any) -> tuple[int, Mapping[str, Any]]:
    """How many cases there are, and each variable's answers: a pandas Series, or a list with None where unanswered."""
    if hasattr(cases, "columns") and hasattr(cases, "items"):
        twice = cases.columns[cases.columns.duplicated()]
        if len(twice):
            raise BadEvidence(f"the column {twice[0]!r} stands there twice; one column per variable is needed")
        return len(cases), dict(cases.items())
    if isinstance(cases, Mapping | str | bytes) or not isinstance(cases, Iterable):
        given = type(cases).__name__
        raise BadEvidence(
            f"cases must be a table with a column per variable, or a list of {{variable: answer}}, not {given}"
        )
    rows = list(cases)
    answers: dict[str, list[Any]] = {}
    for number, case in enumerate(rows):
        if not isinstance(case, Mapping):
            raise BadEvidence(f"row {number}: a case must be {{variable: answer}}, not {case!r}")
        for variable, answer in case.items():
            if variable not in answers:
                answers[variable] = [None] * len(rows)
            answers[variable][number] = answer
    return len(rows), answers


def _column(variable: str, states: Sequence[str], answers: Any) -> Column:
    codes, labels = _factorized(answers)
    vectors = [np.ones(len(states))]
    for code, label in enumerate(labels):
        try:
            vectors.append(vectors[0] if is_missing(label) else likelihood(variable, states, label))
        except UnknownState:
            where = f"of {variable!r} in row {_row_of(answers, codes, code)}"
            raise UnknownState("state", label, states, where) from None
        except BadEvidence as error:
            raise BadEvidence(f"row {_row_of(answers, codes, code)}: {error}") from None
    return Column(codes + 1, np.array(vectors))


def _factorized(answers: Any) -> tuple[Ids, Sequence[Any]]:
    """Which distinct answer each row has (-1: none at all), and the distinct answers."""
    if hasattr(answers, "cat"):
        # A filtered table keeps categories that no row has any more. Code -1 is no answer.
        codes, categories = np.asarray(answers.cat.codes, dtype=np.intp), answers.cat.categories
        used = np.flatnonzero(np.bincount(codes + 1, minlength=len(categories) + 1)[1:])
        number = np.full(len(categories) + 1, -1, dtype=np.intp)
        number[used] = np.arange(len(used))
        return number[codes], [categories[code] for code in used]
    if hasattr(answers, "factorize"):
        # A column that holds {state: likelihood} somewhere cannot be factorized, as a dict has no hash.
        with suppress(TypeError):
            codes, labels = answers.factorize()
            return codes.astype(np.intp), list(labels)
    seen: dict[Any, int] = {}
    labels = []
    codes = np.empty(len(answers), dtype=np.intp)
    for row, answer in enumerate(answers):
        key = (type(answer), tuple(answer.items()) if isinstance(answer, Mapping) else answer)
        try:
            code = seen.setdefault(key, len(seen))
        except TypeError:
            raise BadEvidence(
                f"row {row}: {answer!r} is no answer; a state, {{state: likelihood}} or None is"
            ) from None
        if code == len(labels):
            labels.append(answer)
        codes[row] = code
    return codes, labels


def _row_of(answers: Any, codes: Ids, code: int) -> Any:
    """The label of the first row with this code: a table's own index, else its number from 0."""
    row = int(np.argmax(codes == code))
    return answers.index[row] if hasattr(answers, "iloc") else row
