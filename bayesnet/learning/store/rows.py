"""The case table, a pandas DataFrame, to rows of the database and back.

The columns: case_id, recorded_at, origin, the outcome, one per question, triggered, ruled_out, certainty, count.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet.errors import BadCases
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.renamed import state_of_today
from bayesnet.knowledge.schema import ids
from bayesnet.learning.cases.table import MODEL_VERSION
from bayesnet.learning.store.json_text import TEXTS, read_json
from bayesnet.learning.store.leftovers import LEFT_OUT

FIRST, LAST = ("case_id", "recorded_at", "origin"), ("triggered", "ruled_out", "certainty", "count")
LONGEST_ID = 200

Row = dict[str, Any]


def order_of_ids(cases: pd.DataFrame) -> NDArray[np.intp]:
    """The numbers of the rows, ordered by id. Raises BadCases for what is no case table, and for ids that cannot be kept."""
    columns = [str(column) for column in cases.columns]
    if tuple(columns[:3]) != FIRST or tuple(columns[-4:]) != LAST or len(columns) <= len(FIRST) + len(LAST):
        raise BadCases([f"not a case table: its columns are {', '.join(columns)}"])
    problems = [f"case_id {name!r:.80}: expected a text of 1 to {LONGEST_ID} characters" for name in _bad_ids(cases)]
    if problems:
        raise BadCases(problems)
    return np.argsort(cases["case_id"].to_numpy(dtype=object), kind="stable")


def _bad_ids(cases: pd.DataFrame) -> Iterable[object]:
    return (name for name in cases["case_id"].tolist() if not _keepable(name))


def _keepable(name: object) -> bool:
    """Whether both engines can keep this id: PostgreSQL takes no NUL, and nobody half of a surrogate pair."""
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_ID:
        return False
    return "\0" not in name and (name.isascii() or not any("\ud800" <= each <= "\udfff" for each in name))


def to_rows(cases: pd.DataFrame, model: str, version: str) -> list[Row]:
    """One row of the table `cases` per case, logged under a version of a model. `recorded_at` is None where none was given."""
    times = pd.DatetimeIndex(pd.to_datetime(cases["recorded_at"], utc=True)).as_unit("us")
    columns = (
        cases["case_id"].tolist(),
        [None if moment == pd.NaT.value else moment for moment in times.asi8.tolist()],
        cases["origin"].tolist(),
        cases.iloc[:, len(FIRST)].tolist(),
        _answers(cases.iloc[:, len(FIRST) + 1 : -len(LAST)]),
        *(cases[name].tolist() for name in LAST),
    )
    names = ("case_id", "recorded_at", "origin", "outcome", "answers", *LAST)
    under = {"model": model, "model_version": version}
    return [{**under, **dict(zip(names, row, strict=True))} for row in zip(*columns, strict=True)]


def _answers(answers: pd.DataFrame) -> list[str]:
    """The canonical JSON of every row: answered questions only, sorted by name, no spaces."""
    pieces = [_pieces(str(name), column) for name, column in sorted(answers.items())]
    if not pieces:
        return ["{}"] * len(answers)
    return ["{" + ",".join(filter(None, row)) + "}" for row in zip(*pieces, strict=True)]


def _pieces(question: str, column: pd.Series) -> list[str]:
    """`"question":"state"` for every row, "" where unanswered."""
    states = column.array if isinstance(column.array, pd.Categorical) else pd.Categorical(column)
    texts = [f"{_json(question)}:{_json(str(state))}" for state in states.categories]
    # An unanswered one has the code -1, which is the last.
    found: list[str] = np.array([*texts, ""], dtype=object)[states.codes].tolist()
    return found


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


Place = tuple[int, int]
"""Where a state stands: the number of its question, and its own."""
Translation = Callable[[Knowledge, str, str, str], tuple[str, str] | None]
"""(model, question, state, version under which it was stored) -> what it is today; None where it is lost."""


class _Places(dict[tuple[str, str], Place | None]):
    """Where each answer (question, state) stands that was stored under one version, looked up once; None where it is lost."""

    def __init__(self, of_today: Callable[[str, str], tuple[str, str] | None], known: Mapping[tuple[str, str], Place]):
        super().__init__()
        self._of_today, self._known = of_today, known

    def __missing__(self, answer: tuple[str, str]) -> Place | None:
        today = self._of_today(*answer)
        self[answer] = None if today is None else self._known.get(today)
        return self[answer]


class Reader:
    """Rows of the database to tables in the terms of one model, whatever version of it they were stored under.

    `left_out` counts what the model does not know, in the words in which it is stored; `versions` are those met.
    """

    def __init__(self, knowledge: Knowledge, translation: Translation = state_of_today) -> None:
        self.knowledge = knowledge
        self.left_out: Counter[str] = Counter()
        self.versions: set[str] = set()
        self._translation = translation
        self._states = {name: ids(question.states) for name, question in knowledge.questions.items()}
        self._places = {
            (name, state): (column, code)
            for column, (name, states) in enumerate(self._states.items())
            for code, state in enumerate(states)
        }
        self._labels = {*knowledge.causes, *knowledge.headings}

    def cases(self, rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
        """The case table of rows (case_id, recorded_at, origin, outcome, answers, labels, certainty, version, count)."""
        names, moments, origins, *rest = _columns(rows, 10)
        first = {
            "case_id": pd.Series(names, dtype="str"),
            "recorded_at": pd.Series(np.array(moments, dtype="datetime64[us]")).dt.tz_localize("UTC"),
            "origin": pd.Series(origins, dtype="str"),
        }
        return pd.DataFrame({**first, **self._rest(rest)})

    def patterns(self, rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
        """The case table without its first three columns, of rows that begin with the outcome."""
        return pd.DataFrame(self._rest(_columns(rows, 7)))

    def joined(self, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """The tables that this reader made as one, with a note of what was left out."""
        table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        table.attrs |= {LEFT_OUT: dict(sorted(self.left_out.items())), MODEL_VERSION: self.knowledge.version}
        return table

    def _rest(self, columns: Sequence[Sequence[Any]]) -> dict[str, Any]:
        outcomes, answers, triggered, ruled_out, certainties, versions, counts = columns
        weights = np.array(counts, dtype=np.int64)
        codes = self._codes(answers, versions, weights)
        found: dict[str, Any] = {self.knowledge.outcome.id: pd.Series(outcomes, dtype="str")}
        for column, (question, states) in enumerate(self._states.items()):
            found[question] = pd.Categorical.from_codes(codes[:, column], categories=pd.Index(states))
        found["triggered"] = self._known_labels("triggered", triggered, weights)
        found["ruled_out"] = self._known_labels("ruled_out", ruled_out, weights)
        found["certainty"] = np.array(certainties, dtype=np.float64)
        found["count"] = weights
        return found

    def _codes(self, answers: Sequence[str], versions: Sequence[str], weights: NDArray[np.int64]) -> NDArray[np.int16]:
        """Which state each question has in each row, -1 where it is unanswered: (n_rows, n_questions)."""
        codes = np.empty((len(answers), len(self._states)), dtype=np.int16)
        index, distinct = pd.factorize(np.array(versions, dtype=object))
        texts = np.array(answers, dtype=object)
        for number, version in enumerate(distinct):
            rows = index == number
            codes[rows] = self._codes_under(version, texts[rows], weights[rows])
        return codes

    def _codes_under(self, version: str, texts: NDArray[Any], weights: NDArray[np.int64]) -> NDArray[np.int16]:
        """As `_codes`, of rows that were stored under one version."""
        self.versions.add(version)
        index, distinct = pd.factorize(texts)
        totals = _totals(index, len(distinct), weights)
        codes = np.full((len(distinct), len(self._states)), -1, dtype=np.int16)
        places = _Places(lambda name, state: self._translation(self.knowledge, name, state, version), self._places)
        for row, text in enumerate(distinct):
            for answer in read_json(TEXTS, text, "the answers of a case").items():
                place = places[answer]
                if place is None:
                    self.left_out["=".join(answer)] += totals[row]
                else:
                    codes[row, place[0]] = place[1]
        return codes[index]

    def _known_labels(self, column: str, labels: Sequence[str], weights: NDArray[np.int64]) -> pd.Series:
        index, distinct = pd.factorize(np.array(labels, dtype=object))
        totals = _totals(index, len(distinct), weights)
        known = []
        for row, text in enumerate(distinct):
            names = text.split(";") if text else []
            known.append(";".join(name for name in names if name in self._labels))
            for name in names:
                if name not in self._labels:
                    self.left_out[f"{column}={name}"] += totals[row]
        return pd.Series(np.array(known, dtype=object)[index], dtype="str")


def _totals(index: NDArray[np.intp], size: int, weights: NDArray[np.int64]) -> list[int]:
    """The summed weights of the rows of each distinct value."""
    totals = np.zeros(size, dtype=np.int64)
    np.add.at(totals, index, weights)
    return totals.tolist()


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def merged(patterns: pd.DataFrame) -> pd.DataFrame:
    """Patterns that have become equal, since something was left out of them or translated, as one."""
    keys = [column for column in patterns.columns if column != "count"]
    found = patterns.groupby(keys, dropna=False, observed=True, sort=False)["count"].sum().reset_index()
    found.attrs = dict(patterns.attrs)
    return found
