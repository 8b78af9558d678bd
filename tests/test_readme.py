"""What the README shows runs, as it stands there."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import bayesnet
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.place import VARIABLE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).with_name("bayesnet")


def blocks(language: str, how: str = "tested") -> list[str]:
    """The blocks of a language marked as tested, in their order."""
    return re.findall(rf"<!-- {how} -->\n```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_of_the_readme_runs_and_prints_what_it_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks("python")), "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("Muscle strain 0.53\n")


@pytest.mark.parametrize("block", blocks("sh"), ids=["one_case", "many_cases", "any_number"])
def test_the_shell_lines_of_the_readme_run_one_after_the_other(block: str, tmp_path: Path) -> None:
    environment = {**os.environ, VARIABLE: str(tmp_path / "cases.db")}
    for line in block.splitlines():
        words = shlex.split(line)
        assert words[0] == "bayesnet"
        done = subprocess.run(
            [PROGRAM, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), line
        assert done.stdout, line


def test_the_script_of_the_readme_runs(tmp_path: Path, model: bayesnet.DiagnosticModel) -> None:
    write_cases(bayesnet.simulate(model, 500, 1), tmp_path / "simulated_2025.parquet", model.knowledge)
    (script,) = blocks("python", "tested as a script")
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+ distinct of 500.0 -\d+\.\d+\n[0-9a-f]{64}\n", done.stdout)
    assert done.stderr == ""


def test_ci_finds_the_readmes_test_command_and_only_that() -> None:
    found = re.findall(r"^python3 -m venv .*pytest$", README, re.MULTILINE)
    assert len(found) == 1


def test_every_command_is_in_the_readme_or_the_changelog() -> None:
    known = README + (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    helped = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^│ (\w+) ", helped, re.MULTILINE)
    assert {"diagnose", "dashboard", "model"} <= set(commands)
    assert [command for command in commands if f"bayesnet {command}" not in known] == []


def test_the_package_docstring_is_true() -> None:
    outcome = doctest.testmod(bayesnet)
    assert outcome.attempted > 0
    assert outcome.failed == 0
