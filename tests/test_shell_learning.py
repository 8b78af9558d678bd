"""Cases, tuning and versions in the shell: one process per command, as a coach meets them."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from stores import first_edition
from test_shell import BAYESNET, ENVIRONMENT

from bayesnet import DiagnosticModel, load
from bayesnet.learning.place import VARIABLE
from bayesnet.shipped import shipped

SAMPLE = shipped("data") / "squat_cramp" / "sample_cases.csv"


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


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


def test_the_sample_file_is_what_its_command_makes(bayesnet, tmp_path: Path) -> None:
    options = ("-n", "1000", "--seed", "1", "--missing", "0.3", "--labelled", "0.4", "--redraw")
    said(bayesnet("simulate", *options, "-o", "again.csv"))
    assert (tmp_path / "again.csv").read_bytes() == SAMPLE.read_bytes()


def test_simulated_cases_come_as_parquet_too(bayesnet, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    said(bayesnet("simulate", "-n", "20", "-o", "simulated.parquet"))
    assert pq.read_table(tmp_path / "simulated.parquet").num_rows == 20


def test_from_import_to_adopted_and_back(bayesnet, model: DiagnosticModel) -> None:
    """The whole way: what the shell answers changes with the adopted version, and returns."""
    before = json.loads(said(bayesnet("diagnose", "felt_tear=yes", "--json")))
    assert "1,000 new cases, 0 known already" in said(bayesnet("cases", "import", SAMPLE))
    assert "0 new cases, 1,000 known already" in said(bayesnet("cases", "import", SAMPLE))
    assert json.loads(said(bayesnet("cases", "count", "--json"))) == {"simulated": 1000}
    tuned = json.loads(said(bayesnet("tune", "--starts", "1", "--json")))
    assert tuned["evaluation"]["better"]
    assert tuned["numbers"][0]["label"] == "Felt a tear, with no known cause"
    version = tuned["version"]
    assert version in said(bayesnet("models", "list"))
    assert "Heat hot and humid" in said(bayesnet("models", "diff", version))
    assert json.loads(said(bayesnet("diagnose", "felt_tear=yes", "--json"))) == before
    said(bayesnet("models", "adopt", version))
    after = json.loads(said(bayesnet("diagnose", "felt_tear=yes", "--json")))
    assert after["model"] == version
    assert after["causes"] != before["causes"]
    assert "learned from 1,000 cases, 1,000 of them simulated" in " ".join(said(bayesnet("diagnose")).split())
    assert "the shipped model is in use" in said(bayesnet("models", "rollback"))
    assert json.loads(said(bayesnet("diagnose", "felt_tear=yes", "--json"))) == before
    assert "nothing to roll back" in refused(bayesnet("models", "rollback"))


def test_tuning_from_a_file_into_a_folder_needs_no_store(bayesnet, tmp_path: Path) -> None:
    printed = said(bayesnet("tune", SAMPLE, "--starts", "1", "--no-evaluate", "-o", "tuned"))
    assert "All cases are simulated" in printed
    assert load(tmp_path / "tuned").knowledge.provenance.cases == 1000
    assert not (tmp_path / "cases.db").exists()
    assert "Muscle strain" in said(bayesnet("diagnose", "felt_tear=yes", "--model", "tuned"))
    assert "No number differs." not in said(bayesnet("models", "diff", "tuned"))
    assert "already; tune its parent" in refused(bayesnet("tune", SAMPLE, "--model", "tuned", "-o", "twice"))


def test_what_is_not_better_is_refused_and_can_be_forced(bayesnet) -> None:
    said(bayesnet("simulate", "-n", "40", "--missing", "0.5", "-o", "few.csv"))
    version = json.loads(said(bayesnet("tune", "few.csv", "--starts", "1", "--json")))["version"]
    assert "--force" in refused(bayesnet("models", "adopt", version))
    assert f"{version} is in use" in said(bayesnet("models", "adopt", version, "--force"))


def test_evaluate_says_before_tuned_and_a_verdict(bayesnet) -> None:
    printed = said(bayesnet("evaluate", SAMPLE, "--folds", "2"))
    for text in ("log_score", "brier", "top_2", "calibration", "Better: log score +"):
        assert text in printed
    found = json.loads(said(bayesnet("evaluate", SAMPLE, "--folds", "2", "--json")))
    assert found["scores"]["log_score"]["gain"]["low"] > 0


def test_bad_rows_are_all_named_and_nothing_is_stored_or_the_rest(bayesnet, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("heat,count\nhot,1\nhot_humid,1\ntemperate,-1\n", encoding="utf-8")
    complained = refused(bayesnet("cases", "import", "log.csv"))
    assert "line 2, column heat: 'hot' is not allowed" in complained
    assert "line 4, column count: '-1' is not allowed" in complained
    assert "2 bad rows, nothing is stored" in complained
    assert "0 cases" in said(bayesnet("cases", "count"))
    done = bayesnet("cases", "import", "log.csv", "--skip-bad")
    assert "1 new cases" in said(done)
    assert "2 bad rows are left out" in done.stderr
    kept = (tmp_path / "log.bad.csv").read_text(encoding="utf-8").splitlines()
    assert len(kept) == 3
    assert kept[1].endswith(",hot,1")


def test_a_case_is_labelled_exported_and_deleted_by_its_number(bayesnet, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("case_id,heat\none,hot_humid\ntwo,temperate\n", encoding="utf-8")
    said(bayesnet("cases", "import", "log.csv"))
    said(
        bayesnet(
            "cases", "label", "one", "--triggered", "dehydration", "--ruled-out", "poor_form", "--certainty", "0.8"
        )
    )
    said(bayesnet("cases", "export", "mine.csv", "--case", "one"))
    _, row = (tmp_path / "mine.csv").read_text(encoding="utf-8").splitlines()
    assert row.startswith("one,")
    assert row.endswith(",dehydration,poor_form,0.8,1")
    assert "did you mean 'dehydration'" in refused(bayesnet("cases", "label", "one", "--triggered", "dehydraton"))
    assert "no case 'three'" in refused(bayesnet("cases", "delete", "one", "three"))
    assert "deleted 1 cases" in said(bayesnet("cases", "delete", "one"))
    assert "deleted 1 cases" in said(bayesnet("cases", "delete", "--all", "--yes"))
    assert "not both" in refused(bayesnet("cases", "delete"))


def test_export_then_import_into_an_empty_store_gives_the_same_store(bayesnet, tmp_path: Path) -> None:
    said(bayesnet("cases", "import", SAMPLE))
    for name in ("all.csv", "all.parquet"):
        said(bayesnet("cases", "export", name))
        other = {VARIABLE: str(tmp_path / f"{name}.db")}
        said(bayesnet("cases", "import", name, **other))
        said(bayesnet("cases", "export", f"again.{name}", **other))
        assert (tmp_path / f"again.{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_a_store_that_cannot_be_read_leaves_the_shipped_model_answering(bayesnet, tmp_path: Path) -> None:
    (tmp_path / "cases.db").write_text("this is no database, whatever its name says", encoding="utf-8")
    done = bayesnet("diagnose", "felt_tear=yes")
    assert "Muscle strain" in said(done)
    assert "the shipped model answers" in done.stderr
    assert "cases.db" in refused(bayesnet("cases", "count"))


def test_a_store_of_the_first_edition_is_read_on_and_its_version_does_not_answer(bayesnet, tmp_path: Path) -> None:
    """The model has changed: what cases lost is said, and numbers of before are used only from their folder."""
    first_edition(f"sqlite:///{tmp_path}/cases.db").close()
    done = bayesnet("diagnose", "felt_tear=yes", "--json")
    assert json.loads(said(done))["model"] == "squat_cramp 2.0"
    (line,) = done.stderr.splitlines()
    (version,) = json.loads(said(bayesnet("models", "list", "--json")))
    name = version["version"]
    assert (version["model_version"], version["in_use"]) == ("1.0", True)
    assert line.startswith(
        f"bayesnet: the shipped model answers, as the adopted one cannot: {name} was made under version 1.0"
    )
    assert bayesnet("models", "list").stderr == done.stderr

    assert "No number differs" in said(bayesnet("models", "diff", name, "--before", name))
    assert "squat_cramp 2.0 and squat_cramp 1.0 differ in more than" in refused(bayesnet("models", "diff", name))
    for force in ((), ("--force",)):
        (line,) = refused(bayesnet("models", "adopt", name, *force)).splitlines()
        assert "its numbers do not fit" in line
    assert "wrote old; use it with --model" in said(bayesnet("models", "export", name, "-o", "old"))
    assert "exists already" in refused(bayesnet("models", "export", name, "-o", "old"))
    assert "unknown model version" in refused(bayesnet("models", "export", name[:-1], "-o", "other"))
    assert {path.name for path in tmp_path.iterdir()} == {"cases.db", "old"}
    assert json.loads(said(bayesnet("diagnose", "pain_persists=yes", "--json", "--model", "old")))["model"] == name
    (tmp_path / "log.csv").write_text("pain_persists\nyes\n", encoding="utf-8")
    said(bayesnet("tune", "log.csv", "--model", "old", "--starts", "1", "--no-evaluate", "-o", "again"))
    assert load(tmp_path / "again").knowledge.version == "1.0"
    said(bayesnet("models", "export", "shipped", "-o", "shipped"))
    assert load(tmp_path / "shipped").knowledge.files == load().knowledge.files
    assert bayesnet("models", "rollback").stdout == "the shipped model is in use\n"
    assert bayesnet("diagnose", "felt_tear=yes").stderr == ""

    assert "'pain_persists' is called 'easing' since 2.0: yes = lasting, no = minutes or days" in refused(
        bayesnet("cases", "import", "log.csv")
    )
    done = bayesnet("cases", "export", "one.csv", "--case", "all yes")
    assert said(done) == "wrote 1 cases to one.csv\n"
    assert "asks it otherwise today: tingling_weakness=yes, of 1 case\n" in done.stderr
    done = bayesnet("cases", "export", "all.csv")
    assert said(done) == "wrote 40 cases to all.csv\n"
    assert "tingling_weakness=yes, of" in done.stderr
    assert "0 new cases, 40 known already" in said(bayesnet("cases", "import", "all.csv"))


def test_a_password_never_shows(bayesnet) -> None:
    url = "postgresql://coach:s3cret@127.0.0.1:1/cases"
    for arguments in (("cases", "count"), ("models", "list"), ("tune",), ("diagnose", "felt_tear=yes")):
        done = bayesnet(*arguments, **{VARIABLE: url})
        assert "s3cret" not in done.stdout + done.stderr
        assert "127.0.0.1" in done.stderr


def test_a_model_of_another_domain_has_cases_of_its_own(bayesnet, tmp_path: Path) -> None:
    other = shutil.copytree(Path(__file__).parent / "other_domain", tmp_path / "other")
    said(bayesnet("simulate", "-n", "30", "--model", other, "-o", "other.csv"))
    said(bayesnet("cases", "import", "other.csv", "--model", other))
    assert json.loads(said(bayesnet("cases", "count", "--json", "--model", other))) == {"simulated": 30}
    assert json.loads(said(bayesnet("cases", "count", "--json"))) == {}
    assert "unknown column" in refused(bayesnet("cases", "import", "other.csv"))


def test_columns_lists_what_a_file_may_hold(bayesnet, model: DiagnosticModel) -> None:
    listed = json.loads(said(bayesnet("cases", "columns", "--json")))
    assert set(model.knowledge.questions) < set(listed)
    assert "temperate, hot_humid" in listed["heat"]["takes"]


def test_ctrl_c_ends_the_learning_and_keeps_what_was_reached(bayesnet, tmp_path: Path) -> None:
    said(bayesnet("simulate", "-n", "1000", "--missing", "0.3", "--redraw", "-o", "many.csv"))
    env = {**ENVIRONMENT, VARIABLE: str(tmp_path / "cases.db")}
    command = [BAYESNET, "tune", "many.csv", "--no-evaluate", "--json", "--starts", "100"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    work = psutil.Process(running.pid)
    while work.cpu_times().user < 5:  # seconds of work, however slow the machine: it is learning by then
        time.sleep(0.1)
    os.kill(running.pid, signal.SIGINT)
    out, complained = running.communicate(timeout=60)
    assert running.returncode == 0, complained
    tuned = json.loads(out)
    assert any("Stopped " in remark for remark in tuned["remarks"])
    assert json.loads(said(bayesnet("models", "list", "--json")))[0]["version"] == tuned["version"]
