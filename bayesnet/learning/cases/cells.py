"""One column of cells as somebody wrote them -> the values of the case table, and which cells cannot be taken and why.

Distinct values are checked once: a column is codes into a short list of values, -1 where a cell is empty.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from numbers import Real
from os import urandom
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bayesnet.errors import nearest

LONGEST_ID = 200
"""Characters of a case_id."""
LARGEST_COUNT = 10**12
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)
"""How far from now a time may lie in the future: clocks and time zones differ, more is a mistake."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HINTS = 1000
"""How many unknown values of a column get a did-you-mean: beyond that it is the wrong column, and hints take long."""
NO_TIME = int(np.datetime64("NaT", "us").astype(np.int64))
CAUSE_SEPARATOR = ";"

Codes = NDArray[np.intp]
Parse = Callable[[Any], Any]


class Refused(Exception):
    """A cell that cannot be taken; its text says why, to stand behind the value."""


@dataclass(frozen=True)
class Cells:
    """The values of a column, one per row, and (position, value, why) of the cells that cannot be taken."""

    values: Any
    wrong: Sequence[tuple[int, object, str]]


def distinct(given: pd.Series) -> tuple[Codes, list[Any]]:
    """A column as codes into its distinct values; -1 = empty: "", None, NaN, NA or NaT."""
    if isinstance(given.dtype, pd.CategoricalDtype):
        codes, values = given.cat.codes.to_numpy().astype(np.intp), list(given.cat.categories)
    elif given.dtype == object and pd.api.types.infer_dtype(given, skipna=True) not in ("string", "empty"):
        codes, values = _distinct_of_any_type(given)
    else:
        try:
            codes, unique = pd.factorize(given)
            values = list(unique)
        except (TypeError, NotImplementedError, pa.ArrowException):
            codes, values = _distinct_of_any_type(given.astype(object))
    empty = [code for code, value in enumerate(values) if isinstance(value, str) and not value]
    return (np.where(np.isin(codes, empty), -1, codes) if empty else codes), values


def _distinct_of_any_type(given: pd.Series) -> tuple[Codes, list[Any]]:
    """Told apart by type as well, since True == 1 == 1.0; what cannot be hashed is a value of its own."""
    seen: dict[object, int] = {}
    values: list[Any] = []
    codes = np.full(len(given), -1, dtype=np.intp)
    missing = given.isna().to_numpy()
    for position, value in enumerate(given):
        if missing[position]:
            continue
        key: object = (type(value), value)
        try:
            known = seen.setdefault(key, len(values))
        except TypeError:
            known = len(values)
        if known == len(values):
            values.append(value)
        codes[position] = known
    return codes, values


def look_up(given: pd.Series, parse: Parse, empty: object) -> tuple[Codes, list[Any], list[tuple[int, object, str]]]:
    """Codes into the parsed values, whose last is that of an empty cell (so that code -1 finds it), and what is wrong."""
    codes, values = distinct(given)
    parsed: list[Any] = []
    whys: list[str | None] = []
    for value in values:
        try:
            parsed.append(parse(value))
            whys.append(None)
        except Refused as refused:
            parsed.append(empty)
            whys.append(str(refused))
    bad = np.array([*(why is not None for why in whys), False], dtype=bool)
    wrong = [(int(at), values[codes[at]], str(whys[codes[at]])) for at in np.flatnonzero(bad[codes])]
    return codes, [*parsed, empty], wrong


def texts(given: pd.Series, parse: Parse, empty: str) -> Cells:
    """A column of words, as str."""
    codes, parsed, wrong = look_up(given, parse, empty)
    return Cells(pd.array(parsed, dtype="str").take(codes), wrong)


def states(
    given: pd.Series, allowed: Sequence[str], takes: str, empty: str = "", earlier: Mapping[str, str] | None = None
) -> Cells:
    """A question's answers, as a category of all its states in order; an empty cell is `empty`, or stays unanswered."""
    parse = one_of(allowed, takes, earlier)
    missing = allowed.index(empty) if empty in allowed else -1
    codes, parsed, wrong = look_up(given, lambda value: allowed.index(parse(value)), missing)
    chosen = np.array(parsed, dtype=np.int64)[codes]
    return Cells(pd.Categorical.from_codes(chosen, dtype=pd.CategoricalDtype(list(allowed))), wrong)


def numbers(given: pd.Series, parse: Parse, empty: float, dtype: type) -> Cells:
    """A column of numbers."""
    codes, parsed, wrong = look_up(given, parse, empty)
    return Cells(np.array(parsed, dtype=dtype)[codes], wrong)


def one_of(allowed: Sequence[str], takes: str, earlier: Mapping[str, str] | None = None) -> Parse:
    """Takes exactly the allowed words; `earlier` says what has become of others that once were."""
    hints = count()

    def parse(value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        if earlier and isinstance(value, str) and value in earlier:
            raise Refused(f"is not allowed; {earlier[value]}. Allowed: {takes}")
        if next(hints) >= HINTS:
            raise Refused(f"is not allowed. Allowed: {takes}")
        raise Refused(f"is not allowed{hint(value, allowed)}{takes}")

    return parse


def hint(value: object, allowed: Sequence[str]) -> str:
    """'; did you mean ...? Allowed: ' or '. Allowed: ', whatever the case and the spaces around of what was given."""
    given = short(value, LONGEST_ID).strip().lower()
    return nearest(given, allowed).partition("Allowed: ")[0] + "Allowed: "


def causes(order: Sequence[str], takes: str) -> Parse:
    """Takes ids separated by ";", gives them in the model's order, each once."""
    hints = count()

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            raise Refused(f"is not text. Allowed: {takes}")
        named = {part.strip() for part in value.split(CAUSE_SEPARATOR)} - {""}
        unknown = sorted(named.difference(order))
        if unknown:
            listed = ", ".join(repr(short(name)) for name in unknown[:5])
            help_ = hint(unknown[0], order) if next(hints) < HINTS else ". Allowed: "
            raise Refused(f"names what is no cause of this model: {listed}{help_}{takes}")
        return CAUSE_SEPARATOR.join(name for name in order if name in named)

    return parse


def certainty(takes: str) -> Parse:
    """Takes a number in (0, 1]."""

    def parse(value: Any) -> float:
        number = _number(value, takes)
        if not 0 < number <= 1:
            raise Refused(f"is not allowed. Allowed: {takes}")
        return number

    return parse


def whole_count(takes: str) -> Parse:
    """Takes a whole number from 0 to LARGEST_COUNT."""

    def parse(value: Any) -> int:
        number = _number(value, takes)
        if not 0 <= number <= LARGEST_COUNT or number != int(number):
            raise Refused(f"is not allowed. Allowed: {takes}")
        return int(number)

    return parse


def _number(value: Any, takes: str) -> float:
    if isinstance(value, str) and "," in value:
        raise Refused(f"is not a number; decimals are written with a point, as in 0.5. Allowed: {takes}")
    is_number = isinstance(value, Real | Decimal) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and "_" not in value):
        raise Refused(f"is not a number. Allowed: {takes}")
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise Refused(f"is not a number. Allowed: {takes}") from None


def case_ids(given: pd.Series, takes: str, new_ids: Callable[[int], list[str]]) -> Cells:
    """Ids of cases; empty cells get `new_ids`."""
    if _is_arrow_text(given):
        wrong: list[tuple[int, object, str]]
        ids = pd.Series(given.array).astype("str")
        odd = (ids.str.len() > LONGEST_ID) | ids.str.contains("\0", regex=False, na=False)
        wrong = [(int(at), ids[at], f"is not allowed. Allowed: {takes}") for at in np.flatnonzero(odd)]
    else:
        codes, parsed, wrong = look_up(given, lambda value: _case_id(value, takes), "")
        ids = pd.Series(pd.array(parsed, dtype="str").take(codes))
    missing = np.flatnonzero(ids.isna() | (ids == ""))
    if len(missing):
        ids.iloc[missing] = pd.Index(new_ids(len(missing)))
    return Cells(ids.array, wrong)


def _is_arrow_text(given: pd.Series) -> bool:
    """Whether a column is text for certain, whole columns of which can be looked at at once."""
    return isinstance(given.dtype, pd.StringDtype) and given.dtype.storage == "pyarrow"


def _case_id(value: Any, takes: str) -> str:
    if isinstance(value, Real) and not isinstance(value, bool) and abs(value) < 2**63 and value % 1 == 0:  # type: ignore[operator]
        value = str(int(value))  # type: ignore[call-overload] # floats too: pandas' type of whole numbers with a gap
    if not isinstance(value, str) or len(value) > LONGEST_ID or "\0" in value or not is_unicode(value):
        raise Refused(f"is not allowed. Allowed: {takes}")
    return value


def is_unicode(text: str) -> bool:
    """Whether a text can be written at all: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def random_ids(n: int) -> list[str]:
    """n random ids: the hexadecimal digits of version 4 UUIDs, which say nothing about anyone."""
    octets = np.frombuffer(urandom(16 * n), dtype=np.uint8).reshape(n, 16).copy()
    octets[:, 6] = octets[:, 6] & 0x0F | 0x40
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    digits = octets.tobytes().hex()
    return [digits[at : at + 32] for at in range(0, 32 * n, 32)]


def times(given: pd.Series, now: datetime, takes: str) -> Cells:
    """Points in time, in UTC to the microsecond; an empty cell is no time (NaT). Without a time zone, it is taken as UTC."""
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        return _typed_times(given, now, takes)
    if _is_arrow_text(given):
        for zone in ("UTC", None):
            try:
                parsed = pc.cast(pa.array(given.replace("", None).array), pa.timestamp("us", zone))
                return _typed_times(pd.Series(parsed.to_pandas().array), now, takes)
            except pa.ArrowInvalid:
                continue  # other ways of ISO 8601, mixed ones, or no time at all: value by value
    codes, parsed_, wrong = look_up(given, lambda value: _time(value, now, takes), NO_TIME)
    return Cells(_as_times(np.array(parsed_, dtype=np.int64)[codes]), wrong)


def _typed_times(given: pd.Series, now: datetime, takes: str) -> Cells:
    utc = given.dt.tz_localize("UTC") if given.dt.tz is None else given.dt.tz_convert("UTC")
    utc = utc.reset_index(drop=True)
    # By year first: a time far out of reach does not fit into microseconds.
    far = utc.dt.year.lt(EARLIEST.year) | utc.dt.year.gt((now + AHEAD).year)
    near = utc.mask(far).dt.as_unit("us").astype("datetime64[us, UTC]")
    far |= near.gt(now + AHEAD)
    wrong = [(int(at), str(utc[at]), f"is not allowed. Allowed: {takes}") for at in np.flatnonzero(far)]
    return Cells(near.array, wrong)


def _as_times(microseconds: NDArray[np.int64]) -> Any:
    return pd.Series(microseconds.view("datetime64[us]")).dt.tz_localize("UTC").array


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _time(value: Any, now: datetime, takes: str) -> int:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif isinstance(value, np.datetime64):
            value = pd.Timestamp(value)
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if not isinstance(value, datetime):
            raise Refused(f"is not a time. Allowed: {takes}")
        if isinstance(value, pd.Timestamp):
            value = value.to_pydatetime(warn=False)
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"is not a time. Allowed: {takes}") from None
    if not EARLIEST <= value <= now + AHEAD:
        raise Refused(f"is not allowed. Allowed: {takes}")
    return _microseconds(value)


def short(value: object, longest: int = 80) -> str:
    """A value as text that fits into a message, on one line unless it is text itself."""
    if isinstance(value, str):
        text = value
    else:
        try:
            text = " ".join(repr(value).split())
        except ValueError:  # an integer of more digits than Python writes
            text = f"a huge {type(value).__name__}"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
