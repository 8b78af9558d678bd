"""A CSV file -> its records, piece by piece, each known by the line an editor shows, and the lines that are no record.

Most of a file is read by pyarrow, whole blocks of lines at a time. A block in which a quote does not open and close within
a line and a field is read record by record instead, strictly: a quoted field may hold line breaks, and a quote that is
never closed spoils its own line only. Separated by comma, semicolon or tab: the line with the names tells.
"""

import csv
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from bayesnet.errors import BadFile
from bayesnet.learning.cases.source import Source

BLOCK = 8 * 2**20
"""Bytes that are read at a time."""
LONGEST_LINE = 4 * 2**20
"""Bytes. No line of cases is as long."""
LONGEST_RECORD = 250
"""Lines. A record spans more than one only where a case_id holds line breaks, and that has 200 characters."""
SEPARATORS = (",", ";", "\t")
BOM = b"\xef\xbb\xbf"
SIGNATURES = (
    (b"\xff\xfe", "is UTF-16 text, not UTF-8; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 text, not UTF-8; save it as UTF-8"),
    (b"\x89PNG", "is a picture, not a table"),
    (b"\xff\xd8\xff", "is a picture, not a table"),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet's own file, not CSV; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet's own file, not CSV; save the sheet as CSV"),
    (b"\x1f\x8b", "is compressed; name it .csv.gz"),
    (b"PAR1", "is a Parquet file; name it .parquet"),
    (b"%PDF", "is a PDF, not a table"),
    (b"{", "is JSON, not CSV"),
    (b"[", "is JSON, not CSV"),
    (b"<", "is a web page or XML, not CSV"),
)


@dataclass(frozen=True)
class Header:
    """What the first line says: the names of the columns, and what separates them."""

    names: tuple[str, ...]
    separator: str


@dataclass
class Piece:
    """Some records: their cells as text, the line each begins on, and (line, text, why) of what is no record."""

    cells: pd.DataFrame
    lines: NDArray[np.int64]
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    separator: str = ","


def read_pieces(
    source: Source,
    largest: int,
    check: Callable[[Sequence[str]], None],
    known: Sequence[str],
    only: Sequence[str] | None = None,
) -> Iterator[Piece]:
    """The records of a file; the first piece is empty and tells the columns. Raises BadFile.

    `check` is asked about the names of the columns first; of these, `known` tell the separator, and `only` names those to
    give, if not all. Empty lines, and lines of separators only, are no records.
    """
    header: Header | None = None
    rest = b""
    line = 1
    for block, is_last in blocks(source, largest):
        if header is None:
            header, block, line = read_header(source, block, known)
            check(header.names)
            nothing = pd.DataFrame({name: pd.Series(dtype="str") for name in header.names})
            yield Piece(nothing, np.empty(0, np.int64), separator=header.separator)
        block, rest = rest + block, b""
        if not block:
            continue
        if is_plain(block, header.separator):
            piece = _read_plain(block, line, header)
        else:
            piece, rest = _read_records(block, line, header, is_last)
        line += count_lines(block[: len(block) - len(rest)])
        cells = piece.cells if only is None else piece.cells.loc[:, piece.cells.columns.isin(only)]
        yield Piece(cells, piece.lines, piece.broken, header.separator)


def blocks(source: Source, largest: int) -> Iterator[tuple[bytes, bool]]:
    """A file's text in blocks of whole lines, with whether it is the last. Raises BadFile for what is no UTF-8 text."""
    offset, line, rest, last = 0, 1, b"", None
    with _opened(source) as stream:
        while chunk := _read(stream, source):
            if last is None and not rest:
                _check_signature(source, chunk)
            data = rest + chunk
            # Behind the last line break; a carriage return at the very end may be the first half of one.
            cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
            rest = data[cut:]
            if len(rest) > LONGEST_LINE:
                raise BadFile(
                    f"{source}: line {line + count_lines(data[:cut]):,} is too long; this is no table of cases"
                )
            if not cut:
                continue
            if last is not None:
                yield last, False
            last = data[:cut]
            _check_text(source, last, offset, line)
            offset, line = offset + cut, line + count_lines(last)
            if offset > largest:
                raise BadFile(f"{source}: larger than {largest:,} bytes unpacked; split it, or allow more")
    _check_text(source, rest, offset, line)
    if last is not None and rest:
        yield last, False
    if last is None and not rest.removeprefix(BOM).strip():
        raise BadFile(f"{source}: the file is empty; its first line must name the columns")
    yield rest or last or b"", True


def _opened(source: Source) -> IO[bytes]:
    try:
        return source.open_unpacked()
    except OSError as error:
        raise BadFile(f"cannot read {source}: {error.strerror or error}") from None


def _read(stream: IO[bytes], source: Source) -> bytes:
    try:
        return stream.read(BLOCK)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"cannot read {source}: {getattr(error, 'strerror', None) or error}") from None


def _check_signature(source: Source, start: bytes) -> None:
    """Raises BadFile for a file that begins as other kinds of file do."""
    for signature, what in SIGNATURES:
        if start.removeprefix(BOM).lstrip().startswith(signature):
            raise BadFile(f"{source}: {what}")


def _check_text(source: Source, block: bytes, offset: int, line: int) -> None:
    """Raises BadFile, naming byte and line, unless it is UTF-8 text without NUL."""
    at = block.find(b"\0")
    if at >= 0:
        where = f"byte {offset + at + 1:,}, line {line + count_lines(block[:at]):,}"
        raise BadFile(f"{source}: a NUL ({where}); this is no UTF-8 text. If it is a table, save it as UTF-8")
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line += count_lines(block[: error.start])
        where = f"byte {offset + error.start + 1:,} (0x{block[error.start]:02X}), line {line:,}"
        raise BadFile(f"{source}: not UTF-8 text at {where}; save it as UTF-8") from None


def count_lines(text: bytes) -> int:
    """Line breaks as editors count them: LF, CR LF or CR."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def read_header(source: Source, block: bytes, known: Sequence[str]) -> tuple[Header, bytes, int]:
    """The names in the first line, what is left of the block, and the line that begins with."""
    text = block.removeprefix(BOM)
    first = text.splitlines(keepends=True)[0] if b"\n" not in text else text[: text.index(b"\n") + 1]
    first = first.splitlines(keepends=True)[0]
    found = [Header(tuple(_fields(first.decode(), separator)), separator) for separator in SEPARATORS]
    best = max(found, key=lambda header: (len(set(header.names).intersection(known)), bool(header.names)))
    if not best.names and first.strip():
        raise BadFile(f"{source}: line 1, which names the columns, cannot be read; is a quote left open?")
    if not best.names:
        raise BadFile(f"{source}: line 1 is empty; it must name the columns")
    return best, text[len(first) :], 1 + count_lines(first)


def _fields(line: str, separator: str) -> list[str]:
    """The names in a line; none if it cannot be read with this separator."""
    if '"' not in line:
        return line.rstrip("\r\n").split(separator) if line.strip() else []
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return []


def is_plain(block: bytes, separator: str) -> bool:
    """Whether every quote of a block opens and closes a field within its line."""
    if b'"' not in block:
        return True
    cell = rf'(?:"(?:[^"]|"")*"|[^"{separator}]*)'
    lines = pa.array(block.splitlines(), pa.string())
    return bool(pc.all(pc.match_substring_regex(lines, rf"\A{cell}(?:{separator}{cell})*\z")).as_py())


def _read_plain(block: bytes, first_line: int, header: Header) -> Piece:
    """A block whose lines are its records."""
    names = header.names
    broken: list[tuple[int, str, str]] = []

    def note(row: pacsv.InvalidRow) -> str:
        broken.append((first_line + row.number - 1, row.text, wrong_width(row.actual_columns, row.expected_columns)))
        return "skip"

    numbered = [str(at) for at in range(len(names))]
    table = pacsv.read_csv(
        pa.BufferReader(block),
        pacsv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=numbered),
        pacsv.ParseOptions(delimiter=header.separator, ignore_empty_lines=False, invalid_row_handler=note),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(numbered, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )
    cells = table.rename_columns(list(names)).to_pandas()
    taken = np.ones(len(cells) + len(broken), dtype=bool)
    taken[[line - first_line for line, *_ in broken]] = False
    return _without_empty(Piece(cells, first_line + np.flatnonzero(taken), broken))


def _without_empty(piece: Piece) -> Piece:
    filled = np.flatnonzero(piece.cells.notna().to_numpy().any(axis=1))
    if len(filled) == len(piece.cells):
        return piece
    return Piece(piece.cells.iloc[filled].reset_index(drop=True), piece.lines[filled], piece.broken)


def _read_records(block: bytes, first_line: int, header: Header, is_last: bool) -> tuple[Piece, bytes]:
    """A block record by record, and the beginning of a record that goes on in the next block."""
    rows: list[list[str]] = []
    at_lines: list[int] = []
    broken: list[tuple[int, str, str]] = []
    lines = block.splitlines(keepends=True)
    texts = [line.decode() for line in lines]
    at = 0
    while at < len(texts):
        fields, taken, why = take_record(texts, at, header)
        if why and not is_last and len(texts) - at < LONGEST_RECORD and why == OPEN:
            break
        if why:
            broken.append((first_line + at, texts[at].rstrip("\r\n"), why))
        elif fields:
            rows.append(fields)
            at_lines.append(first_line + at)
        at += taken
    columns = zip(*rows, strict=True) if rows else ([] for _ in header.names)
    cells = pd.DataFrame({n: pd.array(list(c), dtype="str") for n, c in zip(header.names, columns, strict=True)})
    cells = cells.mask(cells == "")
    piece = Piece(cells, np.array(at_lines, dtype=np.int64), broken)
    return _without_empty(piece), b"".join(lines[at:])


OPEN = "a quote is opened and never closed on this line"


def take_record(lines: Sequence[str], at: int, header: Header) -> tuple[list[str], int, str]:
    """The fields of the record that begins with lines[at], how many lines it takes, and why it is none ("" if it is).

    Several lines are one record only where they fit together strictly; otherwise the first of them is broken, alone.
    """
    ahead = (lines[number] for number in range(at, min(at + LONGEST_RECORD, len(lines))))
    reader = csv.reader(ahead, delimiter=header.separator, strict=True)
    try:
        fields = next(reader)
    except csv.Error as error:
        return [], 1, OPEN if reader.line_num > 1 or "end of data" in str(error) else f"cannot be read: {error}"
    if not fields or len(fields) == len(header.names):
        return fields, reader.line_num, ""
    return [], 1, OPEN if reader.line_num > 1 else wrong_width(len(fields), len(header.names))


def wrong_width(given: int, expected: int) -> str:
    """What to say of a line with too many or too few fields."""
    return f"{given:,} fields, but line 1 names {expected:,} columns"


def records(source: Source, largest: int, known: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """(line, text as it stands in the file, separator) of the header, every record and every line that is none."""
    header: Header | None = None
    rest = b""
    line = 1
    for block, is_last in blocks(source, largest):
        if header is None:
            whole = block.removeprefix(BOM)
            header, block, line = read_header(source, block, known)
            yield 1, whole[: len(whole) - len(block)].decode(), header.separator
        texts = [text.decode() for text in (rest + block).splitlines(keepends=True)]
        rest, at = b"", 0
        while at < len(texts):
            _, taken, why = take_record(texts, at, header) if '"' in texts[at] else ([], 1, "")
            if why == OPEN and not is_last and len(texts) - at < LONGEST_RECORD:
                rest = "".join(texts[at:]).encode()
                break
            yield line, "".join(texts[at : at + taken]), header.separator
            at, line = at + taken, line + taken
