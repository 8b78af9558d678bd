"""The printed page says what the diagnosis says, and shows foreign text as text."""

import datetime as dt
import shutil
from html import unescape
from pathlib import Path

import pytest

from bayesnet import DiagnosticModel, load
from bayesnet.diagnosis.words import in_percent, in_range, in_words
from bayesnet.report.sheet import printed, sheet
from bayesnet.shipped import shipped

AT = dt.datetime(2026, 11, 25, 18, 30, tzinfo=dt.UTC)
ANSWERS = {"felt_tear": "yes", "posture": "flexed", "muscle_breakdown": "yes"}


def test_it_holds_answers_causes_reasons_advice_and_version(model: DiagnosticModel) -> None:
    diagnosis = model.diagnose(ANSWERS)
    text = unescape(sheet(model, diagnosis, AT))
    assert "2026-11-25 18:30" in text
    for belief in diagnosis.beliefs:
        row = f"<td>{belief.label}</td><td>{in_words(belief.triggered)}</td><td>{in_percent(belief.triggered)}</td>"
        assert row in text
        assert f"<td>{in_range(belief.interval)}</td>" in text
    for said in (
        "Felt a tear: Yes",
        "Posture: Rounded",
        "Warning sign: Brown urine, or severe pain",
        f"</b> {model.knowledge.levels['emergency'].do_first}",
        "These numbers leave out the warning sign",
        diagnosis.advice.level.says,
        diagnosis.red_flags[0].says,
    ):
        assert said in text
    assert diagnosis.explain(diagnosis.beliefs[0].cause).weights[0].sentence in text
    assert model.knowledge.version_name in text
    assert model.knowledge.disclaimer in text


@pytest.mark.parametrize("signs", [{}, {"illness_signs": "yes"}, {"muscle_breakdown": "yes"}], ids=",".join)
def test_no_advice_stands_without_what_to_beware_of(model: DiagnosticModel, signs: dict[str, str]) -> None:
    """For every question's states, one at a time, beside no warning sign, a grave one, and one that leaves no room for more."""
    cautions = 0
    for question in model.knowledge.questions.values():
        for state in question.states:
            diagnosis = model.diagnose({question.id: state.id, **signs})
            text = unescape(sheet(model, diagnosis, AT))
            for item in printed(diagnosis.advice):
                assert item.title in text
                assert item.caution in text
                cautions += bool(item.caution)
    assert (cautions > 0) is ("muscle_breakdown" not in signs)


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ({}, "Warning signs: not answered"),
        ({"illness_signs": "no"}, "Warning signs: not all of them answered"),
        ({"warning_signs": "none"}, "Warning signs: none of them applies"),
    ],
    ids=["not asked", "partly", "none"],
)
def test_it_says_what_is_known_of_the_warning_signs(model: DiagnosticModel, signs: dict[str, str], said: str) -> None:
    diagnosis = model.diagnose({"felt_tear": "yes", **signs})
    text = unescape(sheet(model, diagnosis, AT))
    assert said in text
    assert diagnosis.advice.level.says in text


def test_what_is_withheld_is_told_with_its_reason(model: DiagnosticModel) -> None:
    diagnosis = model.diagnose({"felt_tear": "yes", "illness_signs": "yes"})
    text = unescape(sheet(model, diagnosis, AT))
    assert diagnosis.advice.withheld
    for item in diagnosis.advice.withheld:
        assert item.title in text
        assert f"because {item.because}" in text
    assert "Not now" not in sheet(model, model.diagnose({"felt_tear": "yes", "muscle_breakdown": "yes"}), AT)


def test_what_is_left_out_is_told(model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    diagnosis = model.diagnose({"felt_tear": "yes"})
    assert "The dashboard shows" not in sheet(model, diagnosis, AT)
    monkeypatch.setattr("bayesnet.report.sheet.THINGS_TO_DO", 1)
    assert f"The dashboard shows {len(diagnosis.advice.items) - len(printed(diagnosis.advice))} more." in sheet(
        model, diagnosis, AT
    )


def test_labels_of_a_foreign_model_are_text(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped("data") / "squat_cramp", tmp_path / "model"))
    path = folder / "model.toml"
    path.write_text(path.read_text().replace('label = "Muscle strain"', 'label = "<script>alert(1)</script>"', 1))
    model = load(folder)
    text = sheet(model, model.diagnose(ANSWERS), AT)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("answers", [{}, {"felt_tear": {"yes": 0.7, "no": 0.3}}])
def test_nothing_answered_and_half_an_answer_are_told(model: DiagnosticModel, answers: dict[str, object]) -> None:
    text = unescape(sheet(model, model.diagnose(answers), AT))
    assert "NaN" not in text
    assert all(model.in_words(name, answer) in text for name, answer in answers.items())  # type: ignore[arg-type]
