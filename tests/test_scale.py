"""Any number of files: what is read, what is skipped, and that the rows always add up. Engines have their own tests."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from random_models import random_model
from stores import random_cases

import bayesnet
from bayesnet import BadCases, BadEvidence, BadFile, DiagnosticModel, count_cases, score_cases, tune
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.patterns import Patterns
from bayesnet.learning.scale import parts as parts_module
from bayesnet.learning.scale.folder import Manifest
from bayesnet.learning.scale.parts import parts_of
from bayesnet.learning.scale.places import sources
from bayesnet.learning.scale.progress import Progress
from bayesnet.learning.simulation import simulate

KNOWLEDGE = bayesnet.load().knowledge
OUTCOME = KNOWLEDGE.outcome.id


@pytest.fixture(scope="module")
def cases(model: DiagnosticModel) -> pd.DataFrame:
    """2,000 simulated cases with gaps, some labels and quiet sessions."""
    return simulate(model, 2000, 6, missing=0.3, labelled=0.2, quiet=True)


@pytest.fixture
def folder(tmp_path: Path, cases: pd.DataFrame) -> Path:
    """The cases in files of both formats and several folders."""
    inside = tmp_path / "in"
    (inside / "2025" / "may").mkdir(parents=True)
    write_cases(cases.iloc[:500], inside / "simulated_a.csv", KNOWLEDGE)
    write_cases(cases.iloc[500:900], inside / "simulated_b.csv.gz", KNOWLEDGE)
    write_cases(cases.iloc[900:1700], inside / "2025" / "simulated_c.parquet", KNOWLEDGE)
    write_cases(cases.iloc[1700:], inside / "2025" / "may" / "simulated_d.PARQUET", KNOWLEDGE)
    return inside


def written(table: pd.DataFrame, path: Path) -> Path:
    """A plain CSV file of any columns."""
    table.to_csv(path, index=False)
    return path


def read_scores(out: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(out.glob("part-*.parquet"))], ignore_index=True)


def same_patterns(one: Patterns, other: Patterns) -> None:
    np.testing.assert_array_equal(one.keys, other.keys)
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.data_hash == other.data_hash
    assert (one.simulated, one.labelled) == (other.simulated, other.labelled)


def adds_up(made: Manifest) -> None:
    assert made.rows == made.scored + made.skipped
    assert made.rows == sum(one.rows or 0 for one in made.inputs)
    assert made.scored == sum(one.scored for one in made.inputs)
    assert made.skipped == sum(one.skipped for one in made.inputs)


# ---- where cases lie


def names(paths: Any, **options: Any) -> list[str]:
    return [Path(source.name).name for source in sources(paths, **options)]


ALL = ["simulated_d.PARQUET", "simulated_c.parquet", "simulated_a.csv", "simulated_b.csv.gz"]


def test_a_folder_is_all_files_of_cases_in_it(folder: Path) -> None:
    for other in ("notes.txt", ".hidden.csv", "_SUCCESS", "_temporary.parquet", "manifest.json"):
        (folder / other).write_text("x")
    (folder / "_delta_log").mkdir()
    (folder / "_delta_log" / "x.parquet").write_text("x")
    assert names(folder) == ALL
    assert names(f"{folder}/") == ALL
    assert names([folder, folder / "simulated_a.csv"]) == ALL  # each once


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("*.csv", ["simulated_a.csv"]),
        ("*", ["simulated_a.csv", "simulated_b.csv.gz"]),
        ("simulated_[ab].*", ["simulated_a.csv", "simulated_b.csv.gz"]),
        ("*/*.parquet", ["simulated_c.parquet"]),
        ("**/*.parquet", ["simulated_c.parquet"]),
        ("**", ALL),
        ("2025/**/*", ["simulated_d.PARQUET", "simulated_c.parquet"]),
        ("simulated_?.csv", ["simulated_a.csv"]),
    ],
)
def test_globs(folder: Path, glob: str, found: list[str]) -> None:
    assert names(f"{folder}/{glob}") == found


def test_a_name_with_wild_characters_is_a_name_if_it_exists(tmp_path: Path, cases: pd.DataFrame) -> None:
    write_cases(cases.iloc[:3], tmp_path / "a[1].csv", KNOWLEDGE)
    assert names(tmp_path / "a[1].csv") == ["a[1].csv"]


def test_a_file_of_many_names_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (found,) = sources(["./simulated_a.csv", "simulated_a.csv", str(folder / "simulated_a.csv"), "*_a.csv"])
    assert found.name == "simulated_a.csv"


def test_relative_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert names("*.csv") == ["simulated_a.csv"]
    assert names(".") == ALL
    assert names("2025") == ALL[:2]
    monkeypatch.chdir(folder / "2025")
    assert names("../*.csv") == ["simulated_a.csv"]


def test_uris(folder: Path) -> None:
    assert names(folder.as_uri()) == ALL
    assert names(f"{folder.as_uri()}/*.csv") == ["simulated_a.csv"]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere", "no such file or folder"),
        ("nowhere/*.csv", "no such file or folder"),
        ("*.xlsx", "no file of cases"),
        ("empty", "no file of cases"),
        ("notes.txt", "ending of the name must tell the format"),
        ("", "is no path"),
        (7, "is no path"),
        ("nosuch://bucket/x.csv", "cannot read nosuch://bucket/x.csv"),
        ("s3://key:secret@bucket/x.csv?region=", "cannot read s3://bucket"),
        ([], "no files are given"),
    ],
)
def test_nothing_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any, says: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(BadFile, match=says) as caught:
        sources(place)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


# ---- counting


def test_counting_many_files_is_counting_their_rows(
    model: DiagnosticModel, folder: Path, cases: pd.DataFrame, tmp_path: Path
) -> None:
    many = count_cases(folder)
    write_cases(cases, tmp_path / "simulated.parquet", KNOWLEDGE)
    same_patterns(many, count_cases(tmp_path / "simulated.parquet"))
    options = {"ascertained": False, "starts": 1, "iterations": 5}
    one_file, table = tune(model, tmp_path / "simulated.parquet", **options), tune(model, cases, **options)
    same_patterns(many, one_file.patterns)
    assert tune(model, many, **options).history == one_file.history == table.history
    assert (many.cases, many.simulated) == (2000, 2000)
    assert not many.skipped


def test_other_file_systems(folder: Path, cases: pd.DataFrame, tmp_path: Path, model: DiagnosticModel) -> None:
    """Whatever pyarrow can reach: here its own mock of an object store, which lives in memory."""
    store = fs._MockFileSystem()
    store.create_dir("bucket/cases")
    for source in sources(folder):
        with store.open_output_stream(f"bucket/cases/{Path(source.path).name}", compression=None) as stream:
            stream.write(Path(source.path).read_bytes())
    assert names("bucket/cases", filesystem=store) == sorted(ALL)
    assert names("bucket/*/*.csv*", filesystem=store) == ["simulated_a.csv", "simulated_b.csv.gz"]
    same_patterns(count_cases("bucket/cases", filesystem=store), count_cases(folder))
    here, there = tmp_path / "here", tmp_path / "there"
    one = score_cases(model, sorted(folder.rglob("*.*"), key=lambda path: path.name), here)
    other = score_cases(model, "bucket", there, filesystem=store)
    assert one.scored == other.scored == 2000
    columns = [*KNOWLEDGE.causes, "advice_level"]
    wanted, found = (read_scores(out).sort_values("case_id", ignore_index=True)[columns] for out in (here, there))
    pd.testing.assert_frame_equal(wanted, found)
    local = fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())
    same_patterns(count_cases("2025", filesystem=local), count_cases(folder / "2025"))


def test_a_large_file_is_split_by_its_row_groups(tmp_path: Path, cases: pd.DataFrame) -> None:
    path = tmp_path / "simulated.parquet"
    write_cases(cases, path, KNOWLEDGE)
    pq.write_table(pq.read_table(path), path, row_group_size=300)
    (source,) = sources(path)
    parts, _ = parts_of([source], rows=700)
    assert [(list(part.rows.groups), part.rows.first, part.n) for part in parts if part.rows] == [
        ([0, 1], 1, 600),
        ([2, 3], 601, 600),
        ([4, 5], 1201, 600),
        ([6], 1801, 200),
    ]
    assert sum(part.size for part in parts) == pytest.approx(source.size, abs=4)


def test_rows_of_split_files_keep_their_numbers(
    tmp_path: Path, cases: pd.DataFrame, model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module.parts_of, "__defaults__", ("stop", 500))
    path = tmp_path / "simulated.parquet"
    write_cases(cases, path, KNOWLEDGE)
    pq.write_table(pq.read_table(path), path, row_group_size=300)
    out = tmp_path / "out"
    assert score_cases(model, path, out).parts == 6
    found = read_scores(out)
    assert found["row"].tolist() == list(range(1, 2001))
    assert found["case_id"].tolist() == cases["case_id"].tolist()


def test_messages_name_file_and_row(folder: Path, model: DiagnosticModel) -> None:
    patterns = count_cases(folder)
    row = int(np.flatnonzero(patterns.first >> 40 == 2)[0])
    assert patterns.name_of(row).startswith(f"{folder}/simulated_a.csv, line ")
    with pytest.raises(BadCases, match="quiet ones too"):
        tune(model, patterns)


def test_no_more_is_held_in_memory_than_allowed(folder: Path) -> None:
    same_patterns(count_cases(folder, in_memory=100), count_cases(folder))


# ---- scoring


def test_scores_are_the_models(model: DiagnosticModel, folder: Path, cases: pd.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = score_cases(model, folder, out)
    adds_up(made)
    quiet = (cases[OUTCOME] == "no").sum()
    assert (made.rows, made.scored, made.quiet, made.skipped) == (2000, 2000, quiet, 0)
    found = read_scores(out).set_index("case_id")
    assert sorted(found.index) == sorted(cases["case_id"])
    happened = cases[cases[OUTCOME] == "yes"].set_index("case_id")
    wanted = model.posteriors(happened[list(KNOWLEDGE.questions)])
    names = [*KNOWLEDGE.causes, "unexplained"]
    np.testing.assert_allclose(found.loc[happened.index, names], wanted[names], atol=1e-6)
    assert found.loc[happened.index, "first_cause"].tolist() == wanted[list(KNOWLEDGE.causes)].idxmax(axis=1).tolist()
    still = found.loc[cases.loc[cases[OUTCOME] == "no", "case_id"]]
    assert still[[*names, "first_cause", "advice_level"]].isna().all().all()
    for question in KNOWLEDGE.questions:
        given = cases.set_index("case_id")[question]
        assert (
            found.loc[given.index, question].astype(object).fillna("").tolist()
            == given.astype(object).fillna("").tolist()
        )


def test_scores_are_typed(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    score_cases(model, folder, tmp_path / "out")
    schemas = [pq.read_schema(path) for path in sorted((tmp_path / "out").glob("*.parquet"))]
    assert all(schema.equals(schemas[0]) for schema in schemas)
    types = {field.name: field.type for field in schemas[0]}
    assert all(types[name] == pa.float32() for name in (*KNOWLEDGE.causes, "unexplained"))
    assert types["row"] == pa.int64()
    assert types["recorded_at"] == pa.timestamp("us", "UTC")
    assert all(
        pa.types.is_dictionary(types[name]) for name in ("file", "first_cause", "advice_level", *KNOWLEDGE.red_flags)
    )


def test_the_manifest_says_what_was_done(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    made = score_cases(model, folder, tmp_path / "out")
    found = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert found["model"]["version"] == KNOWLEDGE.version_name
    assert len(found["model"]["fingerprint"]) == len(found["checksum"]) == 64
    assert [Path(one["file"]).name for one in found["inputs"]] == ALL
    assert [one["rows"] for one in found["inputs"]] == [300, 800, 500, 400]
    assert [one["size"] for one in found["inputs"]] == [source.size for source in sources(folder)]
    assert found["rows"] == made.rows == 2000
    assert found["parts"] == 4
    again = score_cases(model, folder, tmp_path / "again")
    assert again.checksum == made.checksum


def test_the_checksum_is_of_the_probabilities(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    from hashlib import sha256

    made = score_cases(model, folder, tmp_path / "out")
    digests = []
    for path in sorted((tmp_path / "out").glob("part-*.parquet")):
        table = pd.read_parquet(path, columns=[*KNOWLEDGE.causes, "unexplained"])
        digests.append(sha256(table.to_numpy(dtype=np.float32).tobytes()).hexdigest())
    assert sha256("".join(digests).encode()).hexdigest() == made.checksum


def test_red_flags_raise_the_advice(model: DiagnosticModel, tmp_path: Path) -> None:
    flag = max(KNOWLEDGE.red_flags.values(), key=lambda flag: KNOWLEDGE.level_ranks[flag.level])
    table = pd.DataFrame({"case_id": ["a", "b"], "sweating": ["heavy", "heavy"], flag.id: ["yes", ""]})
    score_cases(model, written(table, tmp_path / "cases.csv"), tmp_path / "out")
    found = read_scores(tmp_path / "out").set_index("case_id")
    assert found.loc["a", "advice_level"] == flag.level
    assert found.loc["b", "advice_level"] != flag.level
    assert found[flag.id].astype(object).fillna("").tolist() == ["yes", ""]
    with pytest.raises(BadCases, match="red flags are rules, nothing is learned from them"):
        count_cases(tmp_path / "cases.csv")


def test_ids_are_only_where_they_were_given(model: DiagnosticModel, tmp_path: Path) -> None:
    table = pd.DataFrame({"case_id": ["a", "", "a"], "sweating": ["heavy", "light", ""]})
    score_cases(model, written(table, tmp_path / "cases.csv"), tmp_path / "out")
    found = read_scores(tmp_path / "out")
    assert found["case_id"].astype(object).where(found["case_id"].notna(), None).tolist() == ["a", None, "a"]
    assert found["recorded_at"].isna().all()


def test_files_without_rows(model: DiagnosticModel, tmp_path: Path, cases: pd.DataFrame) -> None:
    write_cases(cases.iloc[:0], tmp_path / "a.parquet", KNOWLEDGE)
    (tmp_path / "b.csv").write_text("sweating\n")
    made = score_cases(model, [tmp_path / "a.parquet", tmp_path / "b.csv"], tmp_path / "out")
    assert (made.rows, made.parts) == (0, 2)
    assert [one.rows for one in made.inputs] == [0, 0]
    assert count_cases(tmp_path / "a.parquet").cases == 0


# ---- what is wrong, and what becomes of it


def drifting(tmp_path: Path) -> Path:
    """Good rows, and in other files all that can be wrong with files, columns and rows."""
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.csv").write_text(
        "case_id,sweating,heat\n1,heavy,hot_humid\n2,hevy,hot_humid\n3,light,\n4,light,hot_humid,more\n"
    )
    (inside / "b.csv").write_text("case_id,sweeting\n1,heavy\n2,light\n\n3,light\n")
    (inside / "c.parquet").write_bytes(b"PAR1 and nothing else")
    (inside / "d.csv").write_bytes(b"case_id,sweating\n1,heavy\n2,\xff\n")
    (inside / "e.csv").write_text("")
    pq.write_table(pa.table({"case_id": [1, 2], "heat": pa.nulls(2)}), inside / "f.parquet")
    pq.write_table(pa.table({"case_id": ["1", "2", "3"], "mood": ["x", "y", "z"]}), inside / "g.parquet")
    pq.write_table(pa.table({"certainty": [0.5, 2.0, -1.0], "heat": [1, 2, 3]}), inside / "h.parquet")
    return inside


def test_skips_are_listed_and_the_rows_add_up(model: DiagnosticModel, tmp_path: Path) -> None:
    inside = drifting(tmp_path)
    made = score_cases(model, inside, tmp_path / "out", on_error="skip")
    adds_up(made)
    rows = {Path(one.file).name: (one.rows, one.scored, one.skipped) for one in made.inputs}
    assert rows == {
        "a.csv": (4, 2, 2),
        "b.csv": (3, 0, 3),
        "c.parquet": (None, 0, 0),
        "d.csv": (None, 0, 0),
        "e.csv": (None, 0, 0),
        "f.parquet": (2, 2, 0),
        "g.parquet": (3, 0, 3),
        "h.parquet": (3, 0, 3),
    }
    assert (made.rows, made.scored, made.skipped, made.unread) == (15, 4, 11, 3)
    assert len(read_scores(tmp_path / "out")) == 4
    why = {(Path(skip.file).name, skip.row): skip.why for skip in made.skips}
    assert "'hevy' is not allowed; did you mean 'heavy'?" in why["a.csv", 3]
    assert "4 fields, but line 1 names 3 columns" in why["a.csv", 5]
    assert "unknown column 'sweeting'" in why["b.csv", None]
    assert "not a Parquet file" in why["c.parquet", None]
    assert "not UTF-8 text" in why["d.csv", None]
    assert "is empty" in why["e.csv", None]
    assert "unknown column 'mood'" in why["g.parquet", None]
    assert "column heat" in why["h.parquet", 1]
    assert {row for name, row in why if name == "h.parquet"} == {1, 2, 3}
    (never,) = (one.never_answered for one in made.inputs if one.file.endswith("f.parquet"))
    assert {*never} == {*KNOWLEDGE.questions}
    listed = json.loads((tmp_path / "out" / "manifest.json").read_text())["skips"]
    assert [(skip["file"], skip["row"], skip["why"]) for skip in listed] == [(s.file, s.row, s.why) for s in made.skips]


def test_counting_skips_the_same(tmp_path: Path, model: DiagnosticModel) -> None:
    inside = drifting(tmp_path)
    patterns = count_cases(inside, on_error="skip")
    assert patterns.cases == 4
    assert (patterns.skipped.rows, patterns.skipped.unread) == (11, 3)
    assert str(patterns.skipped) == "11 rows and 3 files that cannot be read"
    remarks = tune(model, patterns, starts=1, iterations=2).remarks
    assert any(remark.startswith("Left out, as they cannot be taken: 11 rows and 3 files") for remark in remarks)


@pytest.mark.parametrize("name", ["a.csv", "b.csv", "c.parquet", "d.csv", "e.csv", "g.parquet", "h.parquet"])
def test_by_default_it_stops_and_says_where(tmp_path: Path, model: DiagnosticModel, name: str) -> None:
    bad = drifting(tmp_path) / name
    for work in (lambda: count_cases(bad), lambda: score_cases(model, bad, tmp_path / "out")):
        with pytest.raises((BadFile, BadCases)) as caught:
            work()
        assert name in str(caught.value)
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_a_damaged_row_group_costs_its_part_only(
    tmp_path: Path, model: DiagnosticModel, cases: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module.parts_of, "__defaults__", ("stop", 500))
    path = tmp_path / "simulated.parquet"
    write_cases(cases, path, KNOWLEDGE)
    pq.write_table(pq.read_table(path), path, row_group_size=500)
    column = pq.read_metadata(path).row_group(1).column(5)
    octets = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    octets[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(octets)
    made = score_cases(model, path, tmp_path / "out", on_error="skip")
    adds_up(made)
    assert (made.rows, made.scored, made.skipped, made.unread) == (2000, 1500, 500, 0)
    assert "damaged" in made.skips[0].why
    assert read_scores(tmp_path / "out")["row"].tolist() == [*range(1, 501), *range(1001, 2001)]


def test_cases_that_cannot_be_are_skipped(tmp_path: Path) -> None:
    model = impossible_model()
    table = pd.DataFrame({"case_id": ["a", "b", "c"], "f0": ["yes", "no", "yes"], "r0": ["s0", "s0", "s1"]})
    path = written(table, tmp_path / "cases.csv")
    with pytest.raises(BadCases, match=r"line 2: .*f0 = yes"):
        score_cases(model, path, tmp_path / "out")
    made = score_cases(model, path, tmp_path / "out2", on_error="skip")
    adds_up(made)
    assert (made.rows, made.scored, [skip.row for skip in made.skips]) == (3, 1, [2, 4])
    assert "f0 = yes" in made.skips[0].why
    assert read_scores(tmp_path / "out2")["case_id"].tolist() == ["b"]


def impossible_model() -> DiagnosticModel:
    """A model in which the finding f0 never shows."""
    from bayesnet.learning.parameters import parameters_of

    base = random_model(3)
    parameters = parameters_of(base.knowledge)
    values = parameters.values.copy()
    for block, (table, _) in zip(parameters.blocks, parameters.rows, strict=True):
        if table.id.startswith("f0"):
            values[block] = [1.0, 0.0]
    every = np.ones(len(parameters.rows), dtype=bool)
    return DiagnosticModel(base.knowledge.with_rows(parameters.with_values(values, parameters.strength, every)))


def test_policies_are_checked(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadEvidence, match="on_error must be 'stop' or 'skip', not 'ignore'"):
        count_cases(folder, on_error="ignore")
    with pytest.raises(BadEvidence, match="on_error must be"):
        score_cases(model, folder, tmp_path / "out", on_error="")


# ---- the folder of scores


def test_a_folder_that_holds_something_is_left_alone(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep me")
    with pytest.raises(BadFile, match="it holds something already"):
        score_cases(model, folder, out)
    with pytest.raises(BadFile, match=r"mine\.txt is no part of these scores"):
        score_cases(model, folder, out, resume=True)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("where", ["a file", "inside a file", "not allowed"])
def test_folders_that_cannot_be(model: DiagnosticModel, folder: Path, tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("x")
    out = {"a file": tmp_path / "file", "inside a file": tmp_path / "file" / "x", "not allowed": Path("/proc/x")}[where]
    with pytest.raises(BadFile, match="cannot write"):
        score_cases(model, folder, out)


def test_scores_do_not_go_among_what_is_read(model: DiagnosticModel, folder: Path) -> None:
    with pytest.raises(BadEvidence, match="which is read, lies in it"):
        score_cases(model, folder, folder)


class Interrupted(Exception):
    pass


def stopping_after(n: int) -> Callable[[Progress], None]:
    def watch(reached: Progress) -> None:
        if reached.parts == n:
            raise Interrupted

    return watch


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix == ".parquet"}


def test_resuming_does_only_what_is_missing(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    wanted = score_cases(model, folder, whole)
    with pytest.raises(Interrupted):
        score_cases(model, folder, out, watch=stopping_after(2))
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert sorted(before) == ["part-000000.parquet", "part-000001.parquet"]
    (out / ".part-000002.parquet.0123456789ab.tmp").write_text("what a killed task had begun")
    with pytest.raises(BadFile, match="resume"):
        score_cases(model, folder, out)
    asked: list[int] = []

    def run(function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        asked.extend(part.number for part in items)
        return map(function, items)

    made = score_cases(model, folder, out, run, resume=True)
    assert asked == [2, 3]
    assert contents(out) == contents(whole)
    assert (made.checksum, made.rows, made.inputs) == (wanted.checksum, wanted.rows, wanted.inputs)
    assert {path.name for path in out.iterdir()} == {path.name for path in whole.iterdir()}
    assert all((out / name).stat().st_mtime_ns == time for name, time in before.items())
    # And once more, though nothing is missing.
    assert score_cases(model, folder, out, run, resume=True).checksum == wanted.checksum
    assert asked == [2, 3]


def test_a_file_that_has_changed_is_scored_again(
    model: DiagnosticModel, folder: Path, tmp_path: Path, cases: pd.DataFrame
) -> None:
    out = tmp_path / "out"
    score_cases(model, folder, out)
    write_cases(cases.iloc[:10], folder / "simulated_a.csv", KNOWLEDGE)
    assert score_cases(model, folder, out, resume=True).rows == 1510
    assert len(read_scores(out)) == 1510


def test_resuming_with_something_else_is_refused(
    model: DiagnosticModel, folder: Path, tmp_path: Path, cases: pd.DataFrame
) -> None:
    out = tmp_path / "out"
    score_cases(model, folder, out)
    other = tune(model, cases, ascertained=False, starts=1, iterations=1).model
    with pytest.raises(BadFile, match="was scored by another model"):
        score_cases(other, folder, out, resume=True)
    others = [source.name for source in sources(folder)][1:]
    twin = written(cases, folder / "simulated_e.csv")
    with pytest.raises(BadFile, match="was scored from"):
        score_cases(model, [*others, twin], out, resume=True)
    with pytest.raises(BadFile, match="is no part of these scores"):
        score_cases(model, folder / "2025", out, resume=True)
    (out / "part-000001.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadFile, match="not a part of scores"):
        score_cases(model, folder, out, resume=True)


def test_progress_adds_up(model: DiagnosticModel, folder: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    made = score_cases(model, folder, tmp_path / "out", watch=seen.append)
    assert [reached.parts for reached in seen] == [0, 1, 2, 3, 4]
    assert seen[-1].rows == made.rows
    assert seen[-1].size == seen[-1].all_size == pytest.approx(sum(source.size for source in sources(folder)), abs=4)


KILLED = """
import os, signal, sys
from bayesnet.learning.scale import scored_part
import bayesnet
real, written = scored_part.PartWriter.write, []
def write(*arguments):
    real(*arguments)
    written.append(1)
    if len(written) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
scored_part.PartWriter.write = write
bayesnet.score_cases(bayesnet.load(), sys.argv[1], sys.argv[2])
"""


def test_after_sigkill_resume_gives_what_an_undisturbed_run_gives(
    model: DiagnosticModel, folder: Path, tmp_path: Path
) -> None:
    """Killed for good in the middle of a part, with its file half written."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    wanted = score_cases(model, folder, whole)
    killed = subprocess.run([sys.executable, "-c", KILLED, folder, out], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "manifest.json").exists()
    left = {path.name for path in out.iterdir()}
    assert any(name.endswith(".tmp") for name in left)
    assert contents(out).keys() < contents(whole).keys()
    made = score_cases(model, folder, out, resume=True)
    assert contents(out) == contents(whole)
    assert made.checksum == wanted.checksum
    assert not [path for path in out.iterdir() if path.name.endswith(".tmp")]


def test_many_labels_and_counts_are_scored_as_rows(model: DiagnosticModel, tmp_path: Path) -> None:
    table = random_cases(KNOWLEDGE, 200, 2)
    sound = (table["triggered"] == "") & (table["ruled_out"] == "")
    write_cases(table[sound], tmp_path / "cases.parquet", KNOWLEDGE)
    made = score_cases(model, tmp_path / "cases.parquet", tmp_path / "out")
    assert made.rows == sound.sum()
    assert count_cases(tmp_path / "cases.parquet").cases == table.loc[sound, "count"].sum()
