"""A model folder of the first edition still loads, and says what the code of its time said.

`first_edition.json` was written by that code: `PYTHONPATH=<a checkout of 3d20256> python tests/test_first_edition.py`.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import bayesnet
from bayesnet import Diagnosis, DiagnosticModel

HERE = Path(__file__).parent
FOLDER, PINNED = HERE / "first_edition", HERE / "first_edition.json"
EXACT = 1e-12
LIGHT = {
    "heat": "temperate",
    "sweating": "light",
    "water_intake": "adequate",
    "electrolyte_intake": "adequate",
    "rep_scheme": "low",
    "rest_time": "long",
    "trained_to_failure": "no",
    "posture": "neutral",
    "tingling_weakness": "no",
    "felt_tear": "no",
}
CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "hot_and_dry": {**LIGHT, "heat": "hot_humid", "sweating": "heavy", "water_intake": "low"},
    "high_reps": {**LIGHT, "rep_scheme": "high", "rest_time": "short", "trained_to_failure": "yes"},
    "a_tear": {**LIGHT, "rep_scheme": "moderate", "felt_tear": "yes"},
    "rounded_and_tingling": {"posture": "flexed", "tingling_weakness": "yes"},
    "arched_and_tired": {"posture": "extended", "back_tired_first": "yes"},
    "unremarkable_low_reps": LIGHT,
    "an_ache_that_rest_relieves": {"exertional_ache": "yes", "rep_scheme": "low"},
    "a_tear_that_lasts": {"felt_tear": "yes", "pain_persists": "yes", "sweating": "moderate"},
    "soft": {"posture": {"flexed": 1.0, "extended": 0.4}, "tingling_weakness": {"yes": 1, "no": 1}, "heat": None},
    "weight_loss_and_a_blow": {"felt_tear": "yes", "fever_or_weight_loss": "yes", "severe_trauma": "yes"},
    "dark_urine": {"rep_scheme": "high", "water_intake": "low", "dark_urine": "yes", "both_legs_weak": "no"},
    "all_signs_no": {
        "sweating": "heavy",
        "saddle_numbness_or_bladder_change": "no",
        "both_legs_weak": "no",
        "dark_urine": "no",
        "worsening_hard_back": "no",
        "severe_trauma": "no",
        "fever_or_weight_loss": "no",
        "cancer_or_steroids": "no",
    },
}


def told(diagnosis: Diagnosis) -> dict[str, Any]:
    """All that is compared: numbers first, then ids."""
    advice, questions = diagnosis.advice, diagnosis.next_questions()
    return {
        "numbers": {
            **{f"{b.cause} triggered": b.triggered for b in diagnosis.beliefs},
            **{f"{b.cause} present": b.present for b in diagnosis.beliefs},
            **{f"heading {name}": group.triggered for name, group in diagnosis.groups.items()},
            "unexplained": diagnosis.unexplained,
            "log evidence": diagnosis.log_evidence,
            **{f"{q.question} changes the advice": q.changes_advice for q in questions if not q.is_red_flag},
        },
        "beliefs": [belief.cause for belief in diagnosis.beliefs],
        "level": advice.level.id,
        "says": advice.level.says,
        "advice": [item.id for item in advice],
        "withheld": [[item.id, item.because] for item in advice.withheld],
        "red_flags": [flag.id for flag in diagnosis.red_flags],
        "next_questions": [question.question for question in questions],
        "changes": [
            [q.question, o.answer, o.first, o.level] for q in questions for o in q.outcomes if o.changes_advice
        ],
        "stop": [questions.stop, questions.says],
        "flips": [[dict(f.changes), f.first, f.level, f.changes_first, f.changes_level] for f in diagnosis.flips()],
    }


@pytest.fixture(scope="module")
def pinned() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PINNED.read_text(encoding="utf-8"))
    return found


def test_it_loads(first_edition: DiagnosticModel) -> None:
    knowledge = first_edition.knowledge
    assert (knowledge.id, knowledge.version) == ("squat_cramp", "1.0")
    assert (len(knowledge.questions), len(knowledge.causes), len(knowledge.red_flags)) == (13, 7, 7)
    assert knowledge.interview is None
    assert knowledge.renamed == ()


def test_every_case_is_pinned(pinned: dict[str, Any]) -> None:
    assert {*pinned} == {"note", *CASES}


@pytest.mark.parametrize("case", CASES)
def test_it_diagnoses_as_before(first_edition: DiagnosticModel, pinned: dict[str, Any], case: str) -> None:
    found, expected = told(first_edition.diagnose(CASES[case])), pinned[case]
    numbers, before = found.pop("numbers"), expected.pop("numbers")
    assert numbers == pytest.approx(before, abs=EXACT)
    assert json.loads(json.dumps(found)) == expected


@pytest.mark.parametrize("vignette", bayesnet.load(FOLDER).knowledge.vignettes, ids=lambda vignette: vignette.id)
def test_its_vignettes_hold(first_edition: DiagnosticModel, vignette: Any) -> None:
    diagnosis = first_edition.diagnose(vignette.answers)
    assert vignette.first in (None, diagnosis.beliefs[0].cause)
    assert vignette.first_heading in (None, next(iter(diagnosis.groups)))
    assert vignette.level in (None, diagnosis.advice.level.id)


def test_no_order_that_is_pinned_hangs_on_the_last_bit(first_edition: DiagnosticModel) -> None:
    for answers in CASES.values():
        ranked = [q for q in first_edition.diagnose(answers).next_questions() if not q.is_red_flag]
        for one, other in pairwise(ranked):
            keys = [(q.changes_advice / q.cost, q.information / q.cost) for q in (one, other)]
            assert max(abs(a - b) for a, b in zip(*keys, strict=True)) > 1e-9, (one.question, other.question)


if __name__ == "__main__":
    model = bayesnet.load(FOLDER)
    note = (
        "What the code of commit 3d20256 said of the cases of test_first_edition.py, with the folder beside this file."
    )
    lines = {"note": note, **{name: told(model.diagnose(answers)) for name, answers in CASES.items()}}
    written = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in lines.items())
    PINNED.write_text(f"{{\n{written}\n}}\n", encoding="utf-8")
