"""Answers in the names of the first edition, and what a person should never be told for them."""

from datetime import UTC, datetime
from typing import Any

import pytest

import bayesnet
from bayesnet import BadEvidence, BayesnetError, DiagnosticModel, UnknownState, UnknownVariable
from bayesnet.knowledge.schema import ids
from bayesnet.report.sheet import sheet


@pytest.mark.parametrize(
    ("answers", "flags"),
    [
        ({"dark_urine": {"yes": 1.0}, "worsening_hard_back": {"yes": 1.0}}, ["muscle_breakdown"]),
        ({"dark_urine": "no", "worsening_hard_back": "yes"}, ["muscle_breakdown"]),
        ({"dark_urine": "yes", "muscle_breakdown": "no"}, ["muscle_breakdown"]),
        ({"both_legs_weak": {"yes": 1, "no": 1}}, ["cauda_equina"]),
        ({"dark_urine": {"yes": 0.2, "no": 1.0}}, []),
        ({"dark_urine": {"no": 1.0}}, []),
        ({"saddle_numbness_or_bladder_change": "no"}, []),
    ],
)
def test_a_sign_of_then_raises_the_sign_of_today_and_never_clears_it(
    model: DiagnosticModel, answers: dict[str, Any], flags: list[str]
) -> None:
    d = model.diagnose(answers)
    assert [flag.id for flag in d.red_flags] == flags
    assert d.warning_signs == ("present" if flags else "not asked")


def test_a_state_that_became_two_counts_as_both(model: DiagnosticModel) -> None:
    d = model.diagnose({"tingling_weakness": "yes"})
    assert d.answers == {"tingling_weakness": {"tingling": 1.0, "weakness": 1.0}}
    assert d.advice.level.id == "clinician_now"
    assert model.diagnose({"pain_persists": "yes"}).answers == {"easing": "lasting"}
    assert model.diagnose({"pain_persists": "no"}).answers == {"easing": {"minutes": 1.0, "days": 1.0}}


@pytest.mark.parametrize(
    ("answers", "error", "says"),
    [
        ({"tingling_weakness": {"yes": 10**400}}, BadEvidence, "finite"),
        ({"tingling_weakness": {"yes": True}}, BadEvidence, "finite"),
        ({"tingling_weakness": {"yes": "much"}}, BadEvidence, "finite"),
        ({"tingling_weakness": {"yes": -1.0}}, BadEvidence, "finite"),
        ({"muscle_breakdown": "yes", "dark_urine": 5}, UnknownState, "5"),
        ({"dark_urine": {"perhaps": 1.0}}, UnknownState, "perhaps"),
        ({"pain_persists": "yes", "easing": "days"}, BadEvidence, "answered twice"),
    ],
)
def test_a_bad_answer_under_an_earlier_name_is_refused(
    model: DiagnosticModel, answers: dict[str, Any], error: type[BayesnetError], says: str
) -> None:
    with pytest.raises(error, match=says):
        model.diagnose(answers)


def test_a_table_with_an_earlier_name_is_told_todays(model: DiagnosticModel) -> None:
    with pytest.raises(UnknownVariable, match=r"called .easing. since version 2\.0"):
        model.posteriors([{"pain_persists": "yes"}])


# ---- the next session


def test_age_and_history_are_the_same_next_time(model: DiagnosticModel) -> None:
    """A fracture found before makes joint irritation likelier next time, too."""
    risks = [
        model.what_if({"earlier_back_pain": history}, {}).causes["joint_irritation"][0]
        for history in ("none", "before", "disc", "fracture")
    ]
    assert risks == sorted(risks)
    assert risks[-1] > 3 * risks[0]
    young, old = (
        model.what_if({"age_band": age}, {}).causes["vascular_condition"][0] for age in ("from_18", "from_60")
    )
    assert old > 10 * young


def test_nobody_is_told_to_drink_too_much(model: DiagnosticModel) -> None:
    """With salts enough, sweat is best replaced by too much water: a number, and no advice."""
    answers = {"sweating": "heavy", "electrolyte_intake": "adequate", "heat": "hot_humid"}
    for water in (None, *ids(model.knowledge.questions["water_intake"].states)):
        for fix in model.fixes({**answers, "water_intake": water}):
            assert (fix.habit, fix.to) != ("water_intake", "excess")
    assert model.what_if(answers | {"water_intake": "adequate"}, {"water_intake": "excess"}).lowered > 0
    for common in model.common_fixes([answers, answers | {"water_intake": "low"}]):
        assert (common.habit, common.to) != ("water_intake", "excess")


# ---- what is said


def test_no_flip_names_an_answer_that_is_not_offered(model: DiagnosticModel) -> None:
    for flip in model.diagnose({"time_since": "today", "easing": "days", "felt_tear": "no"}).flips():
        assert flip.changes.get("easing") != "lasting"


def test_a_question_that_only_changes_what_comes_first_says_so(model: DiagnosticModel) -> None:
    answers = {"posture": {"flexed": 1.0, "extended": 0.4}, "tingling_weakness": "tingling", "rep_scheme": "low"}
    says = model.diagnose({**answers, "warning_signs": "none"}).next_questions().says
    assert "<1%" not in says


def test_signs_that_were_skipped_are_not_asked_again_and_enough_may_be_known(model: DiagnosticModel) -> None:
    flags = list(model.knowledge.red_flags)
    answers = {q: s[0] for q, s in model.knowledge.allowed_answers.items() if q in model.knowledge.questions}
    asked = model.diagnose({**answers, "posture": None}).next_questions(flags)
    assert not any(question.is_red_flag for question in asked)
    assert asked.stop == (asked[0].value < model.knowledge.interview.stop)
    assert model.diagnose(answers).warning_signs == "not asked"


@pytest.mark.parametrize(
    "answers",
    [
        {
            "felt_tear": "yes",
            "load_change": "more",
            "easing": "days",
            "earlier_back_pain": "before",
            "posture": "flexed",
        },
        {"rep_scheme": "high", "rest_time": "short", "trained_to_failure": "yes", "back_tired_first": "yes"},
        {},
    ],
)
def test_a_report_never_leaves_out_what_calls_for_help_later(model: DiagnosticModel, answers: dict[str, str]) -> None:
    page = sheet(model, model.diagnose(answers), datetime(2026, 5, 1, tzinfo=UTC))
    assert "When to get help" in page
    assert page.count("Warning signs: not answered") == 1
    assert "doctor now" not in page or "not yet answered the warning signs" in page


def test_an_emergency_is_not_argued_with(model: DiagnosticModel) -> None:
    d = model.diagnose({"chest_belly_faint": "yes", "felt_tear": "yes"})
    assert d.is_emergency
    assert d.advice.items == ()
    page = sheet(model, d, datetime(2026, 5, 1, tzinfo=UTC))
    assert "Not now" not in page
    assert "leave out the warning sign" in page
    assert not bayesnet.load().diagnose({"illness_signs": "yes"}).is_emergency
