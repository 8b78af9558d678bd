"""Scoring and counting any number of cases in the shell: one process per command, with all that may go wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from engines import dask_scheduler, needs, wait_for
from test_shell import BAYESNET, ENVIRONMENT
from test_shell_learning import refused, said

from bayesnet import DiagnosticModel, load
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.place import VARIABLE
from bayesnet.learning.simulation import simulate


@pytest.fixture
def bayesnet(tmp_path: Path):
    """Runs `bayesnet` in a folder of its own, with a case store of its own."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**ENVIRONMENT, VARIABLE: str(tmp_path / "cases.db"), **environment}
        done = subprocess.run(
            [BAYESNET, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def logs(tmp_path: Path, model: DiagnosticModel) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    cases = simulate(model, 900, 5, missing=0.3, labelled=0.2)
    write_cases(cases.iloc[:400], folder / "simulated_1.parquet", model.knowledge)
    write_cases(cases.iloc[400:], folder / "simulated_2.csv", model.knowledge)
    return folder


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_score_says_what_it_did(bayesnet, logs: Path, tmp_path: Path) -> None:
    out = said(bayesnet("score", "logs", "-o", "scores", "--jobs", "1"))
    found = manifest(tmp_path / "scores")
    assert "Scored 900 of 900 rows by squat_cramp" in out
    assert found["checksum"] in out
    assert found["rows"] == 900
    as_json = json.loads(said(bayesnet("score", "logs/*", "-o", "again", "--jobs", "2", "--json")))
    assert as_json["checksum"] == found["checksum"]


def test_engines_by_name(bayesnet, logs: Path, tmp_path: Path) -> None:
    needs("distributed")
    said(bayesnet("score", "logs", "-o", "here"))
    with dask_scheduler(tmp_path) as address:
        said(bayesnet("score", logs, "-o", tmp_path / "dask", "--engine", "dask", "--address", address))
        said(bayesnet("tune", logs, "-o", "tuned_dask", "--engine", "dask", "--address", address, *SHORT))
    said(bayesnet("tune", "logs", "-o", "tuned_here", "--engine", "local", *SHORT))
    assert manifest(tmp_path / "dask")["checksum"] == manifest(tmp_path / "here")["checksum"]
    one, other = (load(tmp_path / name).knowledge for name in ("tuned_dask", "tuned_here"))
    for name in one.tables:
        np.testing.assert_array_equal(one.tables[name].values, other.tables[name].values)


SHORT = ("--starts", "1", "--iterations", "3", "--no-evaluate")


def test_tune_takes_what_score_takes_and_learns_the_same_as_from_one_file(
    bayesnet, logs: Path, tmp_path: Path, model: DiagnosticModel
) -> None:
    write_cases(simulate(model, 900, 5, missing=0.3, labelled=0.2), tmp_path / "all.parquet", model.knowledge)
    found = [
        json.loads(said(bayesnet("tune", *places, "-o", f"tuned{number}", "--json", *SHORT)))
        for number, places in enumerate((["all.parquet"], ["logs"], ["logs/*.csv", "logs/simulated_1.parquet"]))
    ]
    assert found[0] == found[1] == found[2]
    assert found[0]["cases"] == 900


def test_evaluate_takes_folders_too(bayesnet, logs: Path) -> None:
    assert "On held-out cases (2 folds, 900 cases" in said(bayesnet("evaluate", "logs", "--folds", "2"))


def test_bad_rows_and_files(bayesnet, logs: Path, tmp_path: Path) -> None:
    (logs / "bad.csv").write_text("case_id,sweating\n1,heavy\n2,hevy\n")
    (logs / "worse.parquet").write_bytes(b"PAR1")
    assert "bad.csv: line 3, column sweating: 'hevy' is not allowed; did you mean 'heavy'?" in refused(
        bayesnet("score", "logs/*.csv", "-o", "s1")
    )
    assert "worse.parquet: not a Parquet file" in refused(bayesnet("score", "logs", "-o", "s2"))
    assert "bad.csv: line 3" in refused(bayesnet("tune", "logs/*.csv", *SHORT))
    done = bayesnet("score", "logs", "-o", "s3", "--on-error", "skip")
    assert "Scored 901 of 902 rows" in said(done)
    assert "bad.csv: line 3" in done.stdout
    assert "Left out: 1 row, and 1 file that cannot be read." in done.stdout
    tuned = said(bayesnet("tune", "logs", "--on-error", "skip", "-o", "tuned", *SHORT)).replace("\n", " ")
    assert "Left out, as they cannot be taken: 1 rows and 1 files that cannot be read" in tuned


def test_where_nothing_could_be_scored_the_shell_says_so(bayesnet, tmp_path: Path) -> None:
    (tmp_path / "worse.parquet").write_bytes(b"PAR1")
    done = bayesnet("score", "worse.parquet", "-o", "s4", "--on-error", "skip")
    assert done.returncode == 1
    assert "nothing was scored" in done.stderr


def test_tuning_refuses_a_folder_that_is_full_before_it_learns(bayesnet, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    started = time.monotonic()
    assert "full: it exists already" in refused(bayesnet("tune", "nowhere.csv", "-o", "full"))
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("score", "nowhere", "-o", "s"), "cannot read nowhere: there is no such file or folder"),
        (("score", "logs", "-o", "full"), "it holds something already"),
        (("score", "logs", "-o", "s", "--engine", "dusk"), "unknown engine 'dusk'; did you mean 'dask'?"),
        (("score", "logs", "-o", "s", "--on-error", "ignore"), "on_error must be 'stop' or 'skip', not 'ignore'"),
        (("score", "logs", "-o", "s", "--jobs", "0"), "jobs"),
        (("score", "logs", "-o", "s", "--address", "tcp://x:1"), "the engine 'local' has no address"),
        (("score", "logs", "-o", "logs"), "which is read, lies in it"),
        (("tune", "--engine", "local"), "the case store counts its cases itself"),
        (("tune", "nowhere/*.csv"), "cannot read nowhere/*.csv"),
    ],
)
def test_what_cannot_be_is_one_line(
    bayesnet, logs: Path, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    line = refused(bayesnet(*arguments))
    assert says in line
    assert line.count("\n") == 1
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_what_java_has_against_an_address_is_one_line(bayesnet, logs: Path) -> None:
    needs("pyspark")
    text = refused(bayesnet("score", "logs", "-o", "s", "--engine", "spark", "--address", "spark://nowhere"))
    assert text.endswith("SparkException: Invalid master URL: spark://nowhere\n")


def test_ctrl_c_leaves_whole_parts_and_resume_goes_on(bayesnet, tmp_path: Path, model: DiagnosticModel) -> None:
    many = tmp_path / "many"
    many.mkdir()
    cases = simulate(model, 20_000, 5, missing=0.3)
    for number in range(20):
        write_cases(
            cases.iloc[number * 1000 : (number + 1) * 1000], many / f"simulated_{number:02}.csv", model.knowledge
        )
    whole = said(bayesnet("score", "many", "-o", "whole", "--jobs", "2"))
    env = {**ENVIRONMENT, VARIABLE: str(tmp_path / "cases.db")}
    process = subprocess.Popen(
        [BAYESNET, "score", "many", "-o", "part", "--jobs", "2"],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: len(list((tmp_path / "part").glob("part-*.parquet"))) >= 2)
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert error == "bayesnet: interrupted; the parts in part are whole, and --resume goes on from them\n"
    left = sorted((tmp_path / "part").iterdir())
    assert [path.name for path in left if not path.name.startswith("part-")] == []
    assert len(left) < 20
    times = {path.name: path.stat().st_mtime_ns for path in left}
    time.sleep(0.05)
    again = said(bayesnet("score", "many", "-o", "part", "--jobs", "2", "--resume"))
    assert again.splitlines()[-1] == whole.splitlines()[-1]  # the checksum
    assert {name: (tmp_path / "part" / name).stat().st_mtime_ns for name in times} == times
    for path in (tmp_path / "whole").glob("*.parquet"):
        assert (tmp_path / "part" / path.name).read_bytes() == path.read_bytes()


def test_the_bar_shows_rows_and_their_rate(logs: Path, tmp_path: Path) -> None:
    """On a terminal, which this is told it is."""
    script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    run = [sys.executable, "-c", script, BAYESNET, "score", "logs", "-o", "s", "--jobs", "1"]
    done = subprocess.run(
        run,
        cwd=tmp_path,
        env=ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "900 rows, " in done.stdout
    assert "/s (part 2 of 2)" in done.stdout


def test_help_names_the_engines(bayesnet) -> None:
    text = said(bayesnet("score", "--help", COLUMNS="200"))
    assert "local (processes of this machine), dask or spark" in text
