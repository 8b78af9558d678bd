"""The shell as a user meets it: one process per command, exit codes, and what stands on either output."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bayesnet
from bayesnet import DiagnosticModel
from bayesnet.inference.exchange import FORMATS

BAYESNET = Path(sys.executable).with_name("bayesnet")
ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "default"}
ENVIRONMENT.pop("FORCE_COLOR", None)


def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BAYESNET, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        timeout=120,
        **options,
    )


def said(*arguments: str | Path) -> str:
    """The standard output of a command that succeeds and has nothing to complain of."""
    finished = run(*arguments)
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


def complaint(*arguments: str | Path, **options) -> str:
    """The one line of a command that refuses."""
    finished = run(*arguments, **options)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    (line,) = finished.stderr.splitlines()
    assert line.startswith("bayesnet: ")
    return line


@pytest.fixture
def copied(tmp_path: Path, model: DiagnosticModel) -> Path:
    """The shipped model's folder, free to be damaged."""
    return Path(shutil.copytree(model.knowledge.path, tmp_path / "copied"))


def damage(folder: Path, file: str, **replaced: str) -> None:
    """Replaces the first of each text in a model's file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


# diagnose


def test_diagnose_prints_every_cause_the_level_reasons_and_advice(model: DiagnosticModel) -> None:
    printed = said("diagnose", "sweating=heavy", "felt_tear=yes")
    diagnosis = model.diagnose({"sweating": "heavy", "felt_tear": "yes"})
    lines = printed.splitlines()
    (header,) = (line for line in lines if line.startswith("cause "))
    table = lines[lines.index(header) + 1 : lines.index(next(line for line in lines if line.startswith("Unexplained")))]
    labels = " ".join(line[: header.index("triggered it")].strip() for line in table)
    assert labels.split() == " ".join(belief.label for belief in diagnosis.beliefs).split()
    for text in (
        diagnosis.advice.level.label,
        "Why muscle strain?",
        "Felt a tear: Yes: speaks clearly for it",
        "90% range",
        "Unexplained",
    ):
        assert text in printed
    for item in diagnosis.advice:
        assert item.title in printed


def test_diagnose_without_answers_is_the_starting_point() -> None:
    assert "No question is answered yet" in said("diagnose")


def test_diagnose_names_the_warning_signs_that_are_open(model: DiagnosticModel) -> None:
    signs = list(model.knowledge.red_flags)
    level = model.knowledge.levels["self_care"]

    def listed(*answers: str) -> tuple[list[str], str]:
        printed = said("diagnose", "felt_tear=no", *answers)
        return [line.split(":")[0].strip() for line in printed.splitlines() if line.startswith("  ")], printed

    for answers, open_signs in (((), signs), ((f"{signs[0]}=no",), signs[1:])):
        named, printed = listed(*answers)
        assert [name for name in named if name in signs] == open_signs
        assert level.says_unasked in " ".join(printed.split())
    for answers in (("warning_signs=none",), tuple(f"{sign}=no" for sign in signs)):
        named, printed = listed(*answers)
        assert {*named}.isdisjoint(signs)
        assert level.says in " ".join(printed.split())


def test_diagnose_json_is_what_the_api_says(model: DiagnosticModel) -> None:
    told = json.loads(said("diagnose", "sweating=heavy", "felt_tear=yes", "--json"))
    assert told == json.loads(json.dumps(model.diagnose({"sweating": "heavy", "felt_tear": "yes"}).to_dict()))
    assert {"causes", "groups", "unexplained", "advice", "red_flags"} <= told.keys()
    for entry in told["causes"].values():
        assert {"triggered", "present", "prior", "interval"} <= entry.keys()


def test_soft_answers_are_those_of_the_api(model: DiagnosticModel) -> None:
    told = json.loads(said("diagnose", "sweating=moderate:0.5,heavy:1", "--json"))
    assert told == json.loads(json.dumps(model.diagnose({"sweating": {"moderate": 0.5, "heavy": 1.0}}).to_dict()))


def test_the_level_and_the_red_flag_stand_first() -> None:
    printed = " ".join(said("diagnose", "illness_signs=yes").split())
    assert printed.startswith("Be seen today. Red flag: Fever or ill")
    assert printed.index("Red flag: ") < printed.index("Phone your doctor ") < printed.index("triggered it")
    assert "Not now, because " in printed


def test_in_an_emergency_nothing_else_is_to_be_read(model: DiagnosticModel) -> None:
    printed = said("diagnose", "muscle_breakdown=yes", "felt_tear=yes")
    assert " ".join(printed.split()).startswith("Emergency. Red flag: Brown urine")
    assert "triggered it" not in printed
    assert "Not now" not in printed
    told = json.loads(said("diagnose", "muscle_breakdown=yes", "felt_tear=yes", "--json"))
    assert {cause["label"] for cause in told["causes"].values()} == {c.label for c in model.knowledge.causes.values()}
    assert told["advice"]["withheld"]


def test_answers_of_the_first_edition_are_understood() -> None:
    assert said("diagnose", "pain_persists=yes", "dark_urine=yes") == said(
        "diagnose", "easing=lasting", "muscle_breakdown=yes"
    )


def test_a_model_can_be_given_by_folder_or_file(copied: Path) -> None:
    shipped = said("diagnose", "heat=hot_humid", "--json")
    assert said("diagnose", "heat=hot_humid", "--json", "--model", copied) == shipped
    assert said("diagnose", "heat=hot_humid", "--json", "--model", copied / "model.toml") == shipped


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("diagnose sweeting=heavy", "unknown question 'sweeting'; did you mean 'sweating'?"),
        ("diagnose sweating=hevy", "unknown state 'hevy' of 'sweating'; did you mean 'heavy'?"),
        ("diagnose muscle_breakdown=perhaps", "unknown state 'perhaps' of 'muscle_breakdown'"),
        ("diagnose warning_signs=some", "unknown state 'some' of 'warning_signs'. Allowed: none"),
        ("diagnose warning_signs=none severe_trauma=yes", "warning_signs = none contradicts severe_trauma = yes"),
        ("diagnose dehydration=yes", "a cause, which is inferred and cannot be answered"),
        ("diagnose cramp=yes", "every diagnosis already takes it as given"),
        ("diagnose heat=temperate heat=hot_humid", "'heat' is answered twice"),
        ("diagnose heat", "'heat' is not an answer. Write QUESTION=ANSWER"),
        ("diagnose =yes", "'=yes' is not an answer"),
        ("diagnose heat=temperate:much", "the weight 'much' of 'temperate' is not a number"),
        ("diagnose heat=temperate:", "the weight '' of 'temperate' is not a number"),
        ("diagnose heat=temperate:-1", "likelihood -1.0 of heat = temperate"),
        ("diagnose heat=temperate:nan", "likelihood nan of heat = temperate"),
        ("diagnose heat=temperate:1e999", "likelihood inf of heat = temperate"),
        ("diagnose heat=temperate:0,hot_humid:0", "every likelihood of 'heat' is zero"),
        ("diagnose heat=temperate:1,temperate:1", "each state once with its weight"),
        ("diagnose heat=temperate:1,hot_humid", "each state once with its weight"),
        ("diagnose --model /no/such/model", "/no/such/model: no such folder"),
        ("diagnose --model /no/such/model --json", "/no/such/model: no such folder"),
        ("dashboard --model /no/such/model", "/no/such/model: no such folder"),
        ("model show --model /no/such/model", "/no/such/model: no such folder"),
        ("model show nope", "unknown variable 'nope'. Allowed: felt_tear"),
        ("model show sweeting --json", "did you mean 'sweating'?"),
        ("model export --format docx", "unknown format 'docx'. Allowed: bif"),
        ("diagnose 'heat=temperate:x\ny'", "is not a number"),
        ("diagnose 'heat\nheat=x'", "unknown question"),
        ("diagnose --model '/no/such\nmodel'", "no such folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: str, expected: str, tmp_path: Path) -> None:
    assert expected in complaint(*shlex.split(arguments), cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_model_is_refused_in_one_line(copied: Path) -> None:
    damage(copied, "model.toml", **{"[[question]]": "[[question"})
    assert "model.toml: not valid TOML" in complaint("diagnose", "--model", copied)


# model


def test_model_check_says_that_a_good_model_is_good(copied: Path) -> None:
    for printed in (said("model", "check"), said("model", "check", copied)):
        assert ": good. " in printed
        assert "20 questions, 8 causes, 7 red flags, 30 items of advice" in printed
        assert printed.endswith("0 warnings.\n")
        assert "no contradiction and no level that falls" in printed


def test_model_check_refuses_advice_that_breaks_a_law(copied: Path) -> None:
    damage(
        copied,
        "advice.toml",
        **{'withhold = { advice = ["drink_less"], red_flags = true,': "withhold = { red_flags = true,"},
    )
    finished = run("model", "check", copied)
    assert (finished.returncode, finished.stdout) == (2, "")
    (line,) = finished.stderr.splitlines()
    assert line.startswith("bayesnet: advice.toml: advice 'drink_less': conflicts with 'rehydrate', yet both are shown")


def test_model_check_lists_every_problem(copied: Path) -> None:
    damage(copied, "model.toml", **{'"gym_52"]': '"gim_52"]', "p = 0.14, range = [0.05, 0.30]": "p = 1.15"})
    damage(copied, "advice.toml", **{'cause = "joint_irritation"': 'cause = "joint_iritation"'})
    finished = run("model", "check", copied)
    assert (finished.returncode, finished.stdout) == (2, "")
    for expected in ("did you mean 'gym_52'", "a probability must lie from 0 to 1", "did you mean 'joint_irritation'"):
        assert sum(expected in line for line in finished.stderr.splitlines()) == 1
    assert "Traceback" not in finished.stderr
    assert "(and 2 more; `bayesnet model check` lists them)" in complaint("diagnose", "--model", copied)


@pytest.mark.parametrize("file", ["model.toml", "advice.toml", "sources.toml"])
def test_model_check_names_a_file_that_is_missing(copied: Path, file: str) -> None:
    (copied / file).unlink()
    finished = run("model", "check", copied)
    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f"bayesnet: {file}: cannot be read")


def test_model_check_refuses_what_is_no_folder() -> None:
    finished = run("model", "check", "/no/such/model")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("bayesnet: /no/such/model: no such folder")


def test_model_show_lists_questions_answers_causes_and_red_flags(model: DiagnosticModel) -> None:
    printed = said("model", "show")
    told = json.loads(said("model", "show", "--json"))
    knowledge = model.knowledge
    for name in (*knowledge.questions, *knowledge.causes):
        assert name in printed
    for key in ("questions", "causes", "red_flags", "headings"):
        assert list(told[key]) == list(getattr(knowledge, key))


def test_model_show_tells_every_number_of_a_variable(model: DiagnosticModel) -> None:
    rows = json.loads(said("model", "show", "sweating", "--json"))
    table = model.knowledge.tables["sweating"]
    assert [(row["given"], row["p"]) for row in rows] == [(dict(row.given), dict(row.p)) for row in table.rows]
    assert all({"range", "strength", "basis", "sources"} <= row.keys() for row in rows)
    assert "gym_52" in said("model", "show", "sweating")


@pytest.mark.parametrize("variable", ["dehydration", "cramp", "felt_tear", "vascular_condition"])
def test_model_show_knows_causes_findings_and_the_outcome(model: DiagnosticModel, variable: str) -> None:
    rows = json.loads(said("model", "show", variable, "--json"))
    assert len(rows) == sum(len(table.rows) for table in model.knowledge.tables_of(variable)) > 0


@pytest.mark.parametrize("format", FORMATS)
def test_model_export_writes_every_format(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{format}"
    finished = run("model", "export", "--format", format, "--output", path)
    assert finished.returncode == 0
    assert finished.stdout == f"wrote {path}\n"
    assert path.stat().st_size > 1000
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert finished.stderr == ""


def test_model_export_names_its_file_after_model_and_format(tmp_path: Path) -> None:
    finished = run("model", "export", "-f", "uai", cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (0, "wrote squat_cramp.uai\n")
    assert [file.name for file in tmp_path.iterdir()] == ["squat_cramp.uai"]


def test_model_export_refuses_a_folder_and_a_place_that_is_not_there(tmp_path: Path) -> None:
    assert "is not a file" in complaint("model", "export", "-f", "uai", "-o", tmp_path)
    assert "cannot write" in complaint("model", "export", "-f", "uai", "-o", tmp_path / "no" / "such.uai")


# Every command


COMMANDS = ["", "diagnose", "dashboard", "model", "model check", "model show", "model export"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    printed = said(*command.split(), "--help")
    assert "Usage: bayesnet" in printed
    assert max(map(len, printed.splitlines())) <= 80


PRINTING = [
    "diagnose",
    "diagnose sweating=heavy illness_signs=yes",
    "diagnose --json",
    "model show",
    "model show cramp",
    "model check",
]


@pytest.mark.parametrize("command", PRINTING)
def test_a_reader_that_leaves_early_sees_no_traceback(command: str) -> None:
    finished = subprocess.run(
        ["bash", "-c", f"{shlex.quote(str(BAYESNET))} {command} | head -1"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert finished.stderr == ""
    assert len(finished.stdout.splitlines()) == 1


@pytest.mark.parametrize("command", PRINTING)
def test_a_reader_that_has_left_already_sees_no_traceback(command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        finished = subprocess.run(
            [BAYESNET, *command.split()], stdout=writing, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, timeout=60
        )
    finally:
        os.close(writing)
    assert finished.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        "diagnose",
        "diagnose sweating=heavy felt_tear=yes muscle_breakdown=yes cauda_equina=yes",
        "diagnose sweating=heavy felt_tear=yes illness_signs=yes",
        "diagnose posture=flexed:1,extended:0.3 tingling_weakness=tingling easing=lasting rep_scheme=low",
        "model show",
        "model show sweating",
        "model show dehydration",
        "model show cramp",
    ],
)
def test_no_line_is_wider_than_the_terminal(command: str) -> None:
    lines = said(*command.split()).splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("\x1b" in line for line in lines)


def test_the_console_script_is_that_of_this_package() -> None:
    assert BAYESNET.exists()
    assert Path(bayesnet.__file__).is_file()


# reasons, next questions, fixes, sensitivity


def test_explain_weighs_every_answer_and_says_what_is_open(model: DiagnosticModel) -> None:
    printed = said("explain", "sweating=heavy", "felt_tear=yes")
    assert "Why muscle strain?" in printed
    for text in ("Felt a tear", "Sweating", "Not answered, and would matter", "would come first"):
        assert text in printed
    told = json.loads(said("explain", "sweating=heavy", "felt_tear=yes", "--cause", "dehydration", "--json"))
    why = model.diagnose({"sweating": "heavy", "felt_tear": "yes"}).explain("dehydration")
    assert told["cause"] == "dehydration"
    assert [w["shapley"] for w in told["weights"]] == pytest.approx([w.shapley for w in why.weights], abs=1e-12)
    assert {"conflict", "flips", "open", "prior", "posterior", "error"} <= told.keys()


def test_next_ranks_the_open_questions(model: DiagnosticModel) -> None:
    printed = said("next", "felt_tear=yes")
    assert "First the warning signs" in printed
    told = json.loads(said("next", "felt_tear=yes", "--json"))
    expected = model.diagnose({"felt_tear": "yes"}).next_questions()
    assert [q["question"] for q in told["questions"]] == [q.question for q in expected]
    assert told["stop"] is expected.stop


def test_fixes_are_ranked_and_one_can_be_asked_for(model: DiagnosticModel) -> None:
    assert "Posture: Neutral" in said("fixes", "posture=flexed")
    told = json.loads(said("fixes", "posture=flexed", "--json"))
    assert [f["habit"] for f in told["fixes"]] == [f.habit for f in model.fixes({"posture": "flexed"})]
    one = json.loads(said("fixes", "posture=flexed", "--change", "posture=neutral", "--json"))
    assert one["after"] == pytest.approx(model.what_if({"posture": "flexed"}, {"posture": "neutral"}).after, abs=1e-12)
    assert "with the change" in said("fixes", "posture=flexed", "--change", "posture=neutral")


def test_sensitivity_lists_where_data_would_help(model: DiagnosticModel) -> None:
    printed = said("sensitivity", "felt_tear=yes", "--top", "3")
    assert "Data would help most on" in printed
    told = json.loads(said("sensitivity", "felt_tear=yes", "--cause", "dehydration", "--json"))
    expected = model.diagnose({"felt_tear": "yes"}).sensitivity("dehydration")
    assert len(told["numbers"]) == len(expected.numbers)
    assert told["numbers"][0]["doubt"] == pytest.approx(expected.numbers[0].doubt, abs=1e-12)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["explain", "--cause", "muscle"], "unknown cause 'muscle'"),
        (["sensitivity", "--cause", "drhydration"], "did you mean 'dehydration'"),
        (["fixes", "--change", "heat=temperate"], "unknown habit 'heat'"),
        (["fixes", "--change", "posture=straight"], "unknown state 'straight' of 'posture'"),
        (["next", "felt_tear=maybe"], "unknown state 'maybe'"),
    ],
    ids=str,
)
def test_what_the_reasons_refuse_is_told_in_one_line(command: list[str], says: str) -> None:
    assert says in complaint(*command)


def test_the_interview_asks_until_no_answer_matters_and_diagnoses(model: DiagnosticModel) -> None:
    flags = "3, 99\nnone\n"  # a number that is none, then: no warning sign
    finished = run("interview", "felt_tear=yes", input=flags + "x\n1\n" + "1\n" * 15)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "write numbers from 1 to 7, or none" in finished.stdout
    assert "is none of these" in finished.stdout
    assert "Enough is known" in finished.stdout
    assert "Muscle strain" in finished.stdout
    assert "not yet answered" not in finished.stdout
    assert model.knowledge.disclaimer.split(".")[0] in finished.stdout
    assert 2 <= finished.stdout.count("A chance of") < len(model.knowledge.questions) - 1


def test_the_interview_reads_out_every_warning_sign_in_full(model: DiagnosticModel) -> None:
    printed = " ".join(run("interview", input="q\n").stdout.split())
    for flag in model.knowledge.red_flags.values():
        assert " ".join(flag.question.split()) in printed


@pytest.mark.parametrize("typed", ["", "?", "q"], ids=["nothing", "not sure", "enough"])
def test_warning_signs_that_were_skipped_stay_open(model: DiagnosticModel, typed: str) -> None:
    finished = run("interview", input=f"{typed}\nq\n")
    printed = " ".join(finished.stdout.split())
    assert model.knowledge.levels["self_care"].says_unasked in printed
    assert "Warning signs, not yet answered" in printed


@pytest.mark.parametrize(
    "typed", ["", "6\nq\n", "?\nq\n"], ids=["end of input", "a flag, then enough", "not sure, then enough"]
)
def test_the_interview_can_be_ended_early(typed: str) -> None:
    finished = run("interview", input=typed)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "triggered it" in finished.stdout
    assert ("Be seen today." in finished.stdout) == typed.startswith("6")


@pytest.mark.parametrize("more", [[], ["--change", "posture=neutral"]], ids=["fixes", "what if"])
def test_no_habit_stands_before_a_warning(model: DiagnosticModel, more: list[str]) -> None:
    told = " ".join(said("fixes", "posture=flexed", "muscle_breakdown=yes", *more).split())
    assert told.startswith("Emergency. ")
    assert told.index("Red flag: ") < told.index("sessions")
    assert model.knowledge.disclaimer.split(".")[0] in told
    assert "No habit makes up for that" in told
    assert "No habit" not in said("fixes", "posture=flexed", *more)


@pytest.mark.parametrize("command", ["explain", "next"])
def test_reasons_and_questions_tell_the_warning_first(command: str) -> None:
    told = said(command, "muscle_breakdown=yes")
    assert told.startswith("Emergency. ")
    assert "Red flag: " in "".join(told.splitlines()[:6])


def test_an_interview_ends_where_an_emergency_begins() -> None:
    finished = run("interview", input="3\n1\n1\n")
    assert "Emergency" in finished.stdout
    assert "A chance of" not in finished.stdout
    assert "triggered it" not in finished.stdout
    enough = run("interview", input="q\n")
    assert enough.stdout.count("A chance of") == 0
    assert run("interview", "foo=bar", input="").stdout.count("warning signs") == 0
