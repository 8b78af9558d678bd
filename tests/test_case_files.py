"""Cases come back from a file as they were written; of a bad file every bad line is named and every good row kept."""

import csv
import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayesnet.errors import BadCases, BadFile
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.load import load_knowledge
from bayesnet.learning.cases import csv_reader
from bayesnet.learning.cases.files import read_batches, read_cases, write_bad_rows, write_cases
from bayesnet.learning.cases.spreadsheet import neutralised, restored
from bayesnet.learning.cases.table import CheckedCases, case_columns, cases_table

ENDINGS = (".csv", ".parquet", ".csv.gz")
every_ending = pytest.mark.parametrize("ending", ENDINGS)
TRICKY = [
    'a"b',
    '"',
    '""',
    "a,b",
    "a;b",
    "a\nb",
    "a\r\nb",
    "a\rb",
    "\n",
    "é",
    "日本",
    "=1+1",
    "'=1",
    "''@x",
    "-",
    "+",
    "\t",
    " a ",
    "NA",
    "'",
    "#",
    "\\",
    "None",
    "nan",
    "\u2028",
    "\x1f",
    "👍",
]
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
free_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200)
ids = st.lists(st.one_of(st.sampled_from(TRICKY), free_text), max_size=8, unique=True)


KNOWN = load_knowledge()


@pytest.fixture
def known() -> Knowledge:
    return KNOWN


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read a few bytes at a time, so that every record lies across blocks somewhere."""
    monkeypatch.setattr(csv_reader, "BLOCK", 400)


def tables(known: Knowledge, names: Sequence[str], seed: int) -> pd.DataFrame:
    """A case table with these ids and random cells; some columns without any answer."""
    rng = np.random.default_rng(seed)
    n = len(names)
    cells: dict[str, Any] = {"case_id": pd.Series(list(names), dtype="str")}
    start = np.datetime64("2020-01-01T00:00:00.000000")
    cells["recorded_at"] = pd.Series(start + rng.integers(0, 10**14, n)).dt.tz_localize("UTC")
    cells["origin"] = rng.choice(["dashboard", "import", "simulated"], n)
    for question in known.questions.values():
        n_states = len(question.states)
        codes = rng.integers(-1, n_states, n) if rng.random() < 0.8 else np.full(n, -1)
        cells[question.id] = pd.Categorical.from_codes(codes, [state.id for state in question.states])
    cells["triggered"] = rng.choice(["", "dehydration", "dehydration;poor_form"], n)
    cells["ruled_out"] = rng.choice(["", "muscle_strain"], n)
    cells["certainty"] = 1 - rng.random(n)
    cells["count"] = rng.integers(0, 10**12, n)
    return cases_table(known, pd.DataFrame(cells))


def written(folder: Path, text: str | bytes, name: str = "cases.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(folder: Path, known: Knowledge, text: str | bytes, name: str = "cases.csv") -> CheckedCases:
    """A file's cases, read whole and in batches, which must agree."""
    path = written(folder, text, name)
    whole = read_cases(path, known)
    parts = list(read_batches(path, known, 25))
    assert sorted(text for part in parts for text in part.problems) == sorted(whole.problems)
    assert [row for part in parts for row in part.rows] == whole.rows.tolist()
    assert sum(part.repeated for part in parts) == whole.repeated
    return whole


def refusal(path: Path, known: Knowledge, **limits: int) -> str:
    """What is said of a file of which nothing can be taken; in batches, before there is any."""
    with pytest.raises((BadFile, BadCases)) as refused:
        read_cases(path, known, **limits)
    with pytest.raises(type(refused.value)):
        next(read_batches(path, known, 3, **limits))
    return str(refused.value)


# ---- there and back


@every_ending
@quick
@given(names=ids, seed=st.integers(0, 10**6))
def test_cases_come_back_as_they_were_written(tmp_path: Path, ending: str, names: list[str], seed: int) -> None:
    table = tables(KNOWN, names, seed)
    path = tmp_path / f"cases{ending}"
    write_cases(table, path, KNOWN)
    found = read_cases(path, KNOWN)
    assert found.bad == ()
    pd.testing.assert_frame_equal(found.good, table)


@pytest.mark.usefixtures("small_blocks")
@quick
@given(names=ids, seed=st.integers(0, 10**6))
def test_cases_come_back_whatever_the_blocks_they_are_read_in(tmp_path: Path, names: list[str], seed: int) -> None:
    table = tables(KNOWN, names, seed)
    write_cases(table, tmp_path / "cases.csv", KNOWN)
    pd.testing.assert_frame_equal(read_cases(tmp_path / "cases.csv", KNOWN).table(), table)


@every_ending
def test_batches_are_the_same_cases(known: Knowledge, tmp_path: Path, ending: str) -> None:
    table = tables(known, [f"case {number}" for number in range(100)], 1)
    parts: Iterator[pd.DataFrame] = (table.iloc[start : start + 30] for start in range(0, 100, 30))
    write_cases(parts, tmp_path / f"cases{ending}", known)
    found = [part.table() for part in read_batches(tmp_path / f"cases{ending}", known, 7)]
    assert max(map(len, found)) == 7
    pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), table)


@every_ending
def test_no_cases_come_back_as_no_cases(known: Knowledge, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"none{ending}"
    for nothing in (cases_table(known, []), []):
        write_cases(nothing, path, known)
        pd.testing.assert_frame_equal(read_cases(path, known).table(), cases_table(known, []))
        assert [len(part.good) for part in read_batches(path, known)] == [0]


def plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({name: "str" for name in table.columns if name not in ("recorded_at", "certainty", "count")})


def test_pandas_reads_the_csv_file_identically(known: Knowledge, tmp_path: Path) -> None:
    names = [name for name in TRICKY if neutralised(pa.array([name])).to_pylist() == [name]]
    table = tables(known, names, 2)
    write_cases(table, tmp_path / "cases.csv", known)
    text = {name: "str" for name in table.columns if name not in ("recorded_at", "certainty", "count")}
    opened = pd.read_csv(
        tmp_path / "cases.csv",
        keep_default_na=False,
        na_values=[""],
        dtype=text,
        parse_dates=["recorded_at"],
    )
    opened = opened.fillna({"triggered": "", "ruled_out": ""})
    pd.testing.assert_frame_equal(opened, plain(table), check_dtype=False, check_exact=False)


def test_pyarrow_reads_the_parquet_file_identically(known: Knowledge, tmp_path: Path) -> None:
    table = tables(known, TRICKY, 3)
    write_cases(table, tmp_path / "cases.parquet", known)
    opened = pq.read_table(tmp_path / "cases.parquet")
    assert opened.schema.field("recorded_at").type == pa.timestamp("us", "UTC")
    assert opened.schema.field("count").type == pa.int64()
    assert opened.schema.field("certainty").type == pa.float64()
    assert pa.types.is_dictionary(opened.schema.field("sweating").type)
    pd.testing.assert_frame_equal(plain(opened.to_pandas()), plain(table), check_dtype=False)


# ---- spreadsheets


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_neutralised_text_comes_back(texts: list[str]) -> None:
    safe = neutralised(pa.array(texts, pa.string()))
    assert restored(safe).to_pylist() == texts
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for text in safe.to_pylist())


@pytest.mark.parametrize("formula", ['=cmd|"/c calc"!A1', "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1"])
def test_a_spreadsheet_runs_no_cell(known: Knowledge, tmp_path: Path, formula: str) -> None:
    write_cases(tables(known, [formula, f"'{formula}"], 4), tmp_path / "cases.csv", known)
    with (tmp_path / "cases.csv").open(newline="", encoding="utf-8") as stream:
        cells = [row[0] for row in csv.reader(stream)]
    assert cells == ["case_id", f"'{formula}", f"''{formula}"]


# ---- lines


def test_a_bad_value_is_named_by_its_line(known: Knowledge, tmp_path: Path) -> None:
    found = read(tmp_path, known, 'case_id,sweating\n"a\nb",heavy\n\nc,hevy\n,,\nd,light\n')
    assert found.problems[0].startswith("line 5, column sweating: 'hevy' is not allowed; did you mean 'heavy'?")
    assert found.bad_rows == (5, 6)
    assert found.good["case_id"].tolist() == ["a\nb", "d"]
    assert found.rows.tolist() == [2, 7]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_ways_of_writing_csv_are_read(
    known: Knowledge, tmp_path: Path, quoting: Any, end: str, separator: str, mark: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting)
    rows = [
        ["case_id", "triggered", "heat"],
        ["a", "dehydration;poor_form", ""],
        ['b\n"', "", "temperate"],
        ["c", "", "x"],
    ]
    writer.writerows(rows)
    found = read(tmp_path, known, mark + stream.getvalue())
    assert found.good["case_id"].tolist() == ["a", 'b\n"']
    assert found.good["triggered"].tolist() == ["dehydration;poor_form", ""]
    assert found.bad_rows == (5,)


def test_a_german_spreadsheet_keeps_its_decimal_commas(known: Knowledge, tmp_path: Path) -> None:
    assert read(tmp_path, known, "heat;certainty\ntemperate;0,75\n").good["certainty"].tolist() == [0.75]
    assert read(tmp_path, known, 'heat,certainty\ntemperate,"0,75"\n').bad_rows == (2,)


@pytest.mark.parametrize("blocks", [1000, csv_reader.BLOCK])
@pytest.mark.parametrize(
    "line",
    ['bad,"light', '"bad,light', 'bad,"lig"ht', '"bad"x,light', "bad", "bad,light,more", ',"', '"bad"x"y",light'],
)
def test_a_broken_line_spoils_itself_only(
    known: Knowledge, tmp_path: Path, line: str, blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK", blocks)
    good = [f'"{number}",light' for number in range(100)]
    found = read(tmp_path, known, "\n".join(["case_id,sweating", *good[:40], line, *good[40:]]) + "\n")
    assert found.bad_rows == (42,)
    assert found.problems[0].startswith("line 42: ")
    assert found.good["case_id"].tolist() == [str(number) for number in range(100)]


def test_a_quote_never_closed_is_said(known: Knowledge, tmp_path: Path) -> None:
    found = read(tmp_path, known, 'case_id,sweating\na,"light\nb,heavy\n')
    assert found.problems == ("line 2: a quote is opened and never closed on this line",)
    assert found.good["case_id"].tolist() == ["b"]


def test_too_many_and_too_few_fields_are_counted(known: Knowledge, tmp_path: Path) -> None:
    found = read(tmp_path, known, "case_id,sweating\na\nb,light,x\nc,heavy\n")
    assert found.problems == (
        "line 2: 1 fields, but line 1 names 2 columns",
        "line 3: 3 fields, but line 1 names 2 columns",
    )


@every_ending
def test_an_id_used_for_two_cases_names_both_lines_even_far_apart(
    known: Knowledge, tmp_path: Path, ending: str
) -> None:
    table = pd.concat([tables(known, [f"{n}" for n in range(40)], 5), tables(known, ["3", "41"], 6)], ignore_index=True)
    table = pd.concat([table, table.iloc[[7]]], ignore_index=True)
    write_cases(table, tmp_path / f"cases{ending}", known)
    found = read(tmp_path, known, (tmp_path / f"cases{ending}").read_bytes(), f"again{ending}")
    word, first, second = ("row", 4, 41) if ending == ".parquet" else ("line", 5, 42)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{word} {second}, column case_id: '3' was used before, in {word} {first},")
    assert found.repeated == 1
    assert len(found.good) == 41


# ---- what is no file of cases


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", "heat\ntemperate\n")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
        (zipped(), "zip archive"),
        (gzip.compress(b"heat\n"), ".csv.gz"),
        (json.dumps([{"heat": "temperate"}]).encode(), "JSON"),
        (b"  {}", "JSON"),
        (b"<html></html>", "web page"),
        ("heat\ntemperate\n".encode("utf-16"), "UTF-16"),
        ("heat\ntemperate\n".encode("utf-16-le"), "a NUL (byte 2, line 1)"),
        ("case_id\nb\ncafé\n".encode("latin-1"), "byte 14 (0xE9), line 3; save it as UTF-8"),
        (b"case_id\nok\na\0b\n", "a NUL (byte 13, line 3)"),
        (b"sweatin\nheavy\n", "unknown column 'sweatin'; did you mean 'sweating'?"),
        (b"heat,heat\n", "more than once"),
        (b"heat|sweating\n", "unknown column"),
        (b",heat\n1,temperate\n", "index=False"),
        (b'"heat\ntemperate\n', "line 1"),
        (",".join(f"c{n}" for n in range(100_000)).encode(), "unknown column 'c0'"),
        (b"x" * (csv_reader.LONGEST_LINE + csv_reader.BLOCK), "too long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_csv_table_is_refused(known: Knowledge, tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refusal(written(tmp_path, content), known)


def test_bad_text_at_the_far_end_is_named_by_byte_and_line(known: Knowledge, tmp_path: Path) -> None:
    content = b"case_id\n" + b"".join(b"%0150d\n" % n for n in range(60_000)) + b"\xe9\n"
    text = refusal(written(tmp_path, content), known)
    assert f"byte {len(content) - 1:,} (0xE9), line 60,002" in text


@pytest.mark.parametrize("content", [b"", b"PAR1", b"heat\ntemperate\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet_file_is_refused(known: Knowledge, tmp_path: Path, content: bytes) -> None:
    assert "cases.parquet" in refusal(written(tmp_path, content, "cases.parquet"), known)


def test_a_damaged_parquet_file_is_refused(known: Knowledge, tmp_path: Path) -> None:
    write_cases(tables(known, [f"{n}" for n in range(500)], 7), tmp_path / "whole.parquet", known)
    whole = (tmp_path / "whole.parquet").read_bytes()
    assert "damaged" in refusal(written(tmp_path, whole[:-20], "cases.parquet"), known)
    hole = whole[:200] + bytes(1000) + whole[1200:]
    assert "damaged" in refusal(written(tmp_path, hole, "cases.parquet"), known)


def test_a_damaged_compressed_file_is_refused(known: Knowledge, tmp_path: Path) -> None:
    packed = gzip.compress(b"case_id\n" + os.urandom(5000).hex().encode() + b"\n")
    assert "cannot read" in refusal(written(tmp_path, packed[:-500], "cases.csv.gz"), known)
    assert "cannot read" in refusal(written(tmp_path, b"heat\n", "cases.csv.gz"), known)


def test_what_is_not_there_or_no_file_is_refused(known: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    assert "No such file" in refusal(tmp_path / "none.csv", known)
    assert "it is a folder" in refusal(tmp_path / "folder.csv", known)
    assert "it is not a file" in refusal(tmp_path / "pipe.csv", known)
    assert "Allowed: .csv, .csv.gz, .parquet" in refusal(written(tmp_path, "heat\n", "cases.xlsx"), known)
    assert "cannot read" in refusal(Path("a\0b.csv"), known)


@every_ending
def test_a_file_of_five_gigabytes_is_refused_unread(known: Knowledge, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"huge{ending}"
    with path.open("wb") as stream:
        stream.truncate(5_000_000_000)
    assert "5,000,000,000 bytes, more than the 4,000,000,000 allowed" in refusal(path, known)


def test_a_compressed_file_counts_unpacked(known: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK", 1000)
    path = written(tmp_path, gzip.compress(b"case_id\n" + b"\n" * 100_000), "bomb.csv.gz")
    assert "unpacked" in refusal(path, known, largest=50_000)


# ---- Parquet of other makers


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str
)
def test_any_text_column_of_parquet_is_taken(known: Knowledge, tmp_path: Path, kind: pa.DataType) -> None:
    column = pa.array(["heavy", "", None]).cast(pa.string())
    column = column.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else column.cast(kind)
    pq.write_table(pa.table({"sweating": column, "heat": pa.nulls(3)}), tmp_path / "cases.parquet")
    assert read_cases(tmp_path / "cases.parquet", known).table()["sweating"].isna().tolist() == [False, True, True]


def test_other_types_in_parquet_are_bad_values_not_crashes(known: Knowledge, tmp_path: Path) -> None:
    odd: dict[str, pa.Array] = {
        "heat": pa.array([1, None]),
        "sweating": pa.array([[1], None]),
        "posture": pa.array([{"a": 1}, None]),
        "rest_time": pa.array([b"x", None]),
        "recorded_at": pa.array([9_000_000_000_000, None]).cast(pa.timestamp("s")),
        "felt_tear": pa.array([True, None]),
    }
    pq.write_table(pa.table(odd), tmp_path / "cases.parquet")
    found = read_cases(tmp_path / "cases.parquet", known)
    assert {bad.column for bad in found.bad} == set(odd)
    assert found.bad_rows == (1,)
    assert found.problems[0].startswith("row 1, column ")


def test_numbers_and_times_of_other_widths_in_parquet_are_taken(known: Knowledge, tmp_path: Path) -> None:
    table = pa.table(
        {
            "case_id": pa.array([1, 2]),
            "count": pa.array([3, None], pa.int8()),
            "certainty": pa.array([0.5, None], pa.float32()),
            "recorded_at": pa.array([1_700_000_000, None]).cast(pa.timestamp("ns")),
        }
    )
    pq.write_table(table, tmp_path / "cases.parquet")
    found = read_cases(tmp_path / "cases.parquet", known).table()
    assert found["case_id"].tolist() == ["1", "2"]
    assert found["count"].tolist() == [3, 1]
    assert found["certainty"].tolist() == [0.5, 1.0]
    assert found["recorded_at"][0].year == 1970


def test_unknown_columns_of_parquet_are_refused(known: Knowledge, tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array([1])] * 2, names=["heat", "heat"]), tmp_path / "twice.parquet")
    assert "more than once" in refusal(tmp_path / "twice.parquet", known)
    pd.DataFrame({"heat": ["temperate"]}, index=[5]).to_parquet(tmp_path / "index.parquet")
    assert "index=False" in refusal(tmp_path / "index.parquet", known)


# ---- writing


@every_ending
def test_a_file_is_written_whole_or_not_at_all(known: Knowledge, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"cases{ending}"
    table = tables(known, ["a"], 8)
    write_cases(table, path, known)
    before = path.read_bytes()

    def interrupted() -> Iterator[pd.DataFrame]:
        yield table
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_cases(interrupted(), path, known)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_only_files_are_replaced(known: Knowledge, tmp_path: Path) -> None:
    table = cases_table(known, [])
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("folder.csv", "pipe.csv", "none/cases.csv", "cases.xlsx", ""):
        with pytest.raises(BadFile):
            write_cases(table, tmp_path / name if name else "", known)
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_cases(table, tmp_path / "link.csv", known)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").is_file()


# ---- the rows that were not taken


@pytest.mark.parametrize("blocks", [40, csv_reader.BLOCK])
def test_bad_rows_are_kept_as_they_stand(
    known: Knowledge, tmp_path: Path, blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK", blocks)
    bad = ['"x ""y""\nz",hevy', 'q,"light', "a,b,c", "'=e,HEAVY"]
    path = written(tmp_path, "\r\n".join(["case_id,sweating", "1,light", bad[0], bad[1], "2,heavy", bad[2], bad[3]]))
    found = read_cases(path, known)
    assert found.good["case_id"].tolist() == ["1", "2"]
    write_bad_rows(tmp_path / "bad.csv", path, found, known)
    text = (tmp_path / "bad.csv").read_bytes().decode()
    assert text.startswith("problem,case_id,sweating\r\n")
    for row in bad:
        assert f'",{row}' in text
    assert text.count('"line ') == 4
    assert "2,heavy" not in text


@every_ending
def test_mended_bad_rows_can_be_read_as_they_are(known: Knowledge, tmp_path: Path, ending: str) -> None:
    table = tables(known, ["a", "b", "c"], 9)
    table["origin"] = ["import", "nowhere", "import"]
    write_cases(table, tmp_path / f"cases{ending}", known)
    found = read_cases(tmp_path / f"cases{ending}", known)
    write_bad_rows(tmp_path / f"bad{ending}", tmp_path / f"cases{ending}", found.bad, known)
    again = read_cases(tmp_path / f"bad{ending}", known)
    assert [bad.column for bad in again.bad] == ["origin"]
    if ending == ".csv":
        mended = (tmp_path / "bad.csv").read_text(encoding="utf-8").replace("Z,nowhere,", "Z,import,")
        found = read_cases(written(tmp_path, mended, "mended.csv"), known)
        assert found.good["case_id"].tolist() == ["b"]


def test_bad_rows_stay_in_their_format(known: Knowledge, tmp_path: Path) -> None:
    path = written(tmp_path, "heat\nx\n")
    with pytest.raises(BadFile, match="format"):
        write_bad_rows(tmp_path / "bad.parquet", path, read_cases(path, known), known)


def test_the_columns_say_what_the_files_hold(known: Knowledge, tmp_path: Path) -> None:
    write_cases([], tmp_path / "cases.csv", known)
    header = (tmp_path / "cases.csv").read_text(encoding="utf-8").strip()
    assert header == ",".join(column.name for column in case_columns(known))
