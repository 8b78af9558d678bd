"""What a case is, written down once, from the model; and any table held against it: the case table, or every problem.

The case table is a DataFrame with the columns of `case_columns` in their order, without gaps except for open questions. Its
`attrs` note the version of the model.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet.errors import BadCases
from bayesnet.inference.evidence import distinct
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import BINARY, YES, ids
from bayesnet.learning.cases import cells
from bayesnet.learning.cases.cells import CAUSE_SEPARATOR, LARGEST_COUNT, LONGEST_ID, Cells, short
from bayesnet.learning.cases.renaming import column_today, states_today
from bayesnet.learning.cases.repeats import Earlier, settle_repeats

Kind = Literal["id", "given_id", "time", "word", "choice", "answer", "causes", "certainty", "count"]
Table = pd.DataFrame | Sequence[Mapping[str, Any]]

CASE_ID, RECORDED_AT, ORIGIN = "case_id", "recorded_at", "origin"
TRIGGERED, RULED_OUT, CERTAINTY, COUNT = "triggered", "ruled_out", "certainty", "count"
ORIGINS = ("dashboard", "import", "simulated")
MODEL_VERSION = "model_version"
"""Where a case table notes, in its `attrs`, which version of the model it was held against."""
NAMED_COLUMNS = 20
"""At most so many unknown columns are named: a table with thousands is another table."""


@dataclass(frozen=True)
class Column:
    """A column of the case table: what it means, what it takes, and what an empty cell stands for, in words.

    `earlier`: words that it took in an earlier version of the model, and what has become of each.
    """

    name: str
    kind: Kind
    means: str
    takes: str
    empty: str
    allowed: tuple[str, ...] = ()
    earlier: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadValue:
    """A cell, or with column "" a whole row, that cannot be taken. `row` is its line, number or index label."""

    row: object
    column: str
    value: object
    why: str
    row_word: str = "row"

    @property
    def says(self) -> str:
        """`line 17, column sweating: 'hevy' is not allowed; did you mean 'heavy'? Allowed: ...`, on one line."""
        place = f"{self.row_word} {self.row}" + (f", column {self.column}" if self.column else "")
        shown = repr(short(self.value)) if isinstance(self.value, str) else short(self.value)
        return f"{place}: {shown} {self.why}" if self.column else f"{place}: {self.why}"


@dataclass(frozen=True, eq=False)
class CheckedCases:
    """A table that was held against the model: the cases to take, and all that is wrong with the others.

    `good` is the case table of the good rows, numbered from 0. `bad_rows` are the rows that were not taken: positions
    from 0 in a table, lines (CSV) or rows from 1 (Parquet) in a file; `positions` are those of the good rows, and `rows`
    what messages call them. `repeated` counts rows left out because the very same case was there before.
    """

    good: pd.DataFrame
    bad: tuple[BadValue, ...]
    bad_rows: tuple[int, ...]
    rows: NDArray[Any]
    positions: NDArray[np.int64]
    repeated: int = 0

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """Every problem in words."""
        return tuple(bad.says for bad in self.bad)

    def table(self) -> pd.DataFrame:
        """The case table. Raises BadCases, with every problem, unless all rows are good."""
        if self.bad:
            raise BadCases(self.problems)
        return self.good


def case_columns(knowledge: Knowledge) -> tuple[Column, ...]:
    """The columns of a model's case table, in order: the one place that says what a case is."""
    label = knowledge.outcome.label
    causes = tuple(dict.fromkeys((*knowledge.causes, *knowledge.headings)))
    named = f'{", ".join(causes)}, separated by "{CAUSE_SEPARATOR}" (or empty)'
    answers = (
        Column(
            name=q.id,
            kind="answer",
            means=q.ask,
            takes=f"{', '.join(ids(q.states))} (or empty)",
            empty="unanswered",
            allowed=ids(q.states),
            earlier=states_today(knowledge, q.id),
        )
        for q in knowledge.questions.values()
    )
    return (
        Column(CASE_ID, "id", "A name nobody else uses", _ID_TAKES, "a random one"),
        Column(RECORDED_AT, "time", "When the case was written down", _TIME_TAKES, "when it is stored"),
        Column(ORIGIN, "word", "Where the case comes from", f"{', '.join(ORIGINS)} (or empty)", "import", ORIGINS),
        Column(knowledge.outcome.id, "word", f"Did it happen: {label}", f"{', '.join(BINARY)} (or empty)", YES, BINARY),
        *answers,
        Column(TRIGGERED, "causes", "What turned out to have triggered it", named, "not known", causes),
        Column(RULED_OUT, "causes", "What turned out not to have triggered it", named, "nothing", causes),
        Column(CERTAINTY, "certainty", "How sure that is: 1 = a clinician is sure, 0.5 = a guess", _SURE_TAKES, "1"),
        Column(COUNT, "count", "How many cases like this one", _COUNT_TAKES, "1"),
    )


def columns_to_score(knowledge: Knowledge) -> tuple[Column, ...]:
    """The columns of a table that is scored: those of cases, ids only where they are given, and the red flags.

    Its words are categories, which are written to a file sooner.
    """
    label = "A warning sign that no probability outvotes: "
    flags = (
        Column(flag.id, "choice", label + flag.label, f"{', '.join(BINARY)} (or empty)", "not asked", BINARY)
        for flag in knowledge.red_flags.values()
    )
    case_id, *others = case_columns(knowledge)
    choices = (replace(column, kind="choice") if column.kind == "word" else column for column in others)
    return replace(case_id, kind="given_id", empty="none"), *choices, *flags


_ID_TAKES = f"any text of 1 to {LONGEST_ID} characters without NUL (or empty)"
_TIME_TAKES = "a time from 1900 until tomorrow, such as 2026-05-01T18:30:00+00:00 (UTC without an offset; or empty)"
_SURE_TAKES = "a number above 0 and up to 1 (or empty)"
_COUNT_TAKES = f"a whole number from 0 to {LARGEST_COUNT:,} (or empty)"


def check_cases(
    knowledge: Knowledge, raw: Table, first_line: int | Sequence[int] | None = None, row_word: str = "row"
) -> CheckedCases:
    """Holds a table of cases against the model: all bad cells of all rows, and the case table of the good rows.

    Rows are named by the table's index, or from `first_line` on, or by the lines given one by one. A case_id that comes
    twice with the same content is one case; the later of two with other content is bad. Raises BadCases where nothing
    can be taken: no table, an unknown column, a column that comes twice.
    """
    checked = check_rows(knowledge, raw, first_line, row_word)
    doubled = checked.good.loc[checked.good[CASE_ID].duplicated(), CASE_ID]
    return without_repeats(checked, set(doubled), {}, row_word)


def cases_table(
    knowledge: Knowledge, raw: Table, first_line: int | Sequence[int] | None = None, row_word: str = "row"
) -> pd.DataFrame:
    """The case table of a caller's table. Raises BadCases with every problem."""
    return check_cases(knowledge, raw, first_line, row_word).table()


def row_numbers(raw: Table, first_line: int | Sequence[int] | None) -> NDArray[Any]:
    """What the rows of a table are called in messages."""
    if first_line is None:
        return raw.index.to_numpy() if isinstance(raw, pd.DataFrame) else np.arange(len(raw))
    return np.arange(len(raw)) + first_line if isinstance(first_line, int) else np.array(first_line, dtype=np.int64)


def check_rows(
    knowledge: Knowledge,
    raw: Table,
    first_line: int | Sequence[int] | None = None,
    row_word: str = "row",
    now: datetime | None = None,
    columns: Sequence[Column] | None = None,
) -> CheckedCases:
    """Like `check_cases`, each row for itself: case_ids may come twice. `now` stands for times that are not given.

    `columns` are those to take, with those of `case_columns` among them; these alone by default.
    """
    frame = _as_frame(raw)
    columns = case_columns(knowledge) if columns is None else columns
    check_names(knowledge, list(frame.columns), columns)
    names = row_numbers(raw, first_line)
    now = now or datetime.now(UTC)
    table: dict[str, Any] = {}
    wrong: list[tuple[int, int, object, str]] = []
    for place, column in enumerate(columns):
        given = frame[column.name] if column.name in frame.columns else pd.Series(np.full(len(frame), None, object))
        found = column_cells(column, given, now)
        table[column.name] = found.values
        wrong.extend((position, place, value, why) for position, value, why in found.wrong)
    checked = pd.DataFrame(table)
    checked.attrs[MODEL_VERSION] = knowledge.version
    places = {column.name: place for place, column in enumerate(columns)}
    related = {places[name] for name in (knowledge.outcome.id, TRIGGERED, RULED_OUT)}
    readable = np.ones(len(frame), dtype=bool)
    readable[[position for position, place, *_ in wrong if place in related]] = False
    at_odds = _at_odds(knowledge, checked, readable)
    wrong.extend((position, places[TRIGGERED], value, why) for position, value, why in at_odds)
    wrong.sort(key=lambda item: item[:2])
    bad = tuple(BadValue(names[at], columns[place].name, value, why, row_word) for at, place, value, why in wrong)
    bad_rows = tuple(dict.fromkeys(position for position, *_ in wrong))
    sound = np.ones(len(frame), dtype=bool)
    sound[list(bad_rows)] = False
    good = checked if sound.all() else checked[sound].reset_index(drop=True)
    return CheckedCases(good, bad, bad_rows, names[sound], np.flatnonzero(sound))


def column_cells(column: Column, given: pd.Series, now: datetime) -> Cells:
    """The values of one column of the case table, and what is wrong in it."""
    takes = column.takes
    kinds: dict[Kind, Callable[[], Cells]] = {
        "id": lambda: cells.case_ids(given, takes, cells.random_ids),
        "given_id": lambda: cells.case_ids(given, takes, lambda n: [""] * n),
        "time": lambda: cells.times(given, now, takes),
        "word": lambda: cells.texts(given, cells.one_of(column.allowed, takes), column.empty),
        "choice": lambda: cells.states(given, column.allowed, takes, column.empty),
        "answer": lambda: cells.states(given, column.allowed, takes, earlier=column.earlier),
        "causes": lambda: cells.texts(given, cells.causes(column.allowed, takes), ""),
        "certainty": lambda: cells.numbers(given, cells.certainty(takes), 1.0, float),
        "count": lambda: cells.numbers(given, cells.whole_count(takes), 1, np.int64),
    }
    return kinds[column.kind]()


def without_repeats(checked: CheckedCases, candidates: Iterable[str], earlier: Earlier, row_word: str) -> CheckedCases:
    """Leaves out cases that were there before; the same case_id with other content is bad.

    `candidates` are the ids that may come more than once; `earlier` is what was read of them before, and is added to.
    """
    doubles, clashes = settle_repeats(checked.good, checked.rows, candidates, earlier, row_word)
    if not doubles and not clashes:
        return checked
    new = tuple(BadValue(checked.rows[at], CASE_ID, name, why, row_word) for at, name, why in clashes)
    clashing = [at for at, _, _ in clashes]
    stay = np.ones(len(checked.good), dtype=bool)
    stay[[*doubles, *clashing]] = False
    return CheckedCases(
        good=checked.good[stay].reset_index(drop=True),
        bad=(*checked.bad, *new),
        bad_rows=tuple(sorted({*checked.bad_rows, *checked.positions[clashing].tolist()})),
        rows=checked.rows[stay],
        positions=checked.positions[stay],
        repeated=checked.repeated + len(doubles),
    )


def _as_frame(raw: Table) -> pd.DataFrame:
    """Any table as a DataFrame numbered from 0; cells of mappings as they are."""
    if isinstance(raw, pd.DataFrame):
        return raw.reset_index(drop=True)
    if isinstance(raw, str | bytes | Mapping) or not isinstance(raw, Sequence):
        raise BadCases([f"cases must be a DataFrame or a list of mappings, not {short(raw)}"])
    for number, row in enumerate(raw):
        if not isinstance(row, Mapping):
            raise BadCases([f"row {number}: a case must be a mapping of column to value, not {short(row)}"])
    names = dict.fromkeys(name for row in raw for name in row)
    columns = {}
    for name in names:
        values = np.empty(len(raw), dtype=object)
        for number, row in enumerate(raw):
            values[number] = row.get(name)
        columns[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns, index=range(len(raw)))


def check_names(knowledge: Knowledge, names: Sequence[object], columns: Sequence[Column]) -> None:
    """Raises BadCases for names that are none of the columns, or that come twice: then nothing can be taken."""
    allowed = [column.name for column in columns]
    unknown = [name for name in dict.fromkeys(names) if name not in allowed]
    problems = [_unknown_column(knowledge, name, allowed) for name in unknown[:NAMED_COLUMNS]]
    if len(unknown) > NAMED_COLUMNS:
        problems.append(f"{len(unknown) - NAMED_COLUMNS:,} more unknown columns; this is no table of cases")
    twice = [name for name, times in Counter(names).items() if times > 1 and name in allowed]
    problems.extend(f"column {name!r} comes more than once; which one holds the answers?" for name in twice)
    if problems:
        raise BadCases(problems)


def _unknown_column(knowledge: Knowledge, name: object, allowed: Sequence[str]) -> str:
    if renamed := column_today(knowledge, name, allowed):
        return renamed
    if name in knowledge.red_flags:
        return f"column {name!r} is a red flag: red flags are rules, nothing is learned from them; leave it out"
    if name in knowledge.causes or name in knowledge.headings:
        return f"column {name!r} is a cause: write its id into the column {TRIGGERED} or {RULED_OUT}"
    if name == "" or (isinstance(name, str) and name.startswith(("Unnamed:", "__index_level_"))):
        return f"unknown column {name!r}: the row numbers of a table? Write it without them (pandas: index=False)"
    return f"unknown column {short(name)!r}{cells.hint(name, allowed)}{', '.join(allowed)}"


def _at_odds(knowledge: Knowledge, table: pd.DataFrame, readable: NDArray[np.bool_]) -> list[tuple[int, object, str]]:
    """(position, triggered, why) of the rows whose outcome, triggered and ruled_out cannot all hold."""
    outcome = knowledge.outcome.id
    named = np.flatnonzero(readable & (table[TRIGGERED] != "").to_numpy())
    said = [pd.factorize(table[name].iloc[named]) for name in (outcome, TRIGGERED, RULED_OUT)]
    alike, first = distinct([(codes.astype(np.intp), len(values)) for codes, values in said], len(named))
    told = zip(*(values[codes[first]] for codes, values in said), strict=True)
    whys = [_why_at_odds(knowledge, *one) for one in told]
    odd = np.flatnonzero(np.array([bool(why) for why in whys], dtype=bool)[alike])
    return [(int(named[at]), table[TRIGGERED].iloc[named[at]], whys[alike[at]]) for at in odd]


def _why_at_odds(knowledge: Knowledge, happened: str, triggered: str, ruled_out: str) -> str:
    if happened != YES:
        return f"cannot have triggered what did not happen: {knowledge.outcome.id} is {happened!r}"
    out = {cause for name in ruled_out.split(CAUSE_SEPARATOR) for cause in _mechanisms(knowledge, name)}
    for name in triggered.split(CAUSE_SEPARATOR):
        if out.issuperset(_mechanisms(knowledge, name)):
            return f"names {name!r}, which {RULED_OUT} rules out: {ruled_out!r}"
    return ""


def _mechanisms(knowledge: Knowledge, name: str) -> tuple[str, ...]:
    """A cause itself, or the causes of a heading; where both have the id, the cause is meant."""
    if name in knowledge.causes or not name:
        return (name,)
    return knowledge.headings[name].causes
