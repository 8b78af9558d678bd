"""Scores on held-out cases: against sums written out by hand, scikit-learn, and what must hold of them."""

from math import log

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from bayesnet import BadCases, BadEvidence, DiagnosticModel
from bayesnet.learning.evaluation import MEANINGS, Evaluation, evaluate
from bayesnet.learning.patterns import patterns_of
from bayesnet.learning.predictions import predicted
from bayesnet.learning.simulation import redrawn, simulate
from bayesnet.learning.tuning import tune


@pytest.fixture(scope="module")
def cases(model: DiagnosticModel) -> pd.DataFrame:
    return simulate(redrawn(model, 1), 400, 1, 0.3, 0.4)


@pytest.fixture(scope="module")
def found(model: DiagnosticModel, cases: pd.DataFrame) -> Evaluation:
    return evaluate(model, cases)


def test_every_score_has_an_interval_around_it(found: Evaluation) -> None:
    assert set(found.scores) == set(MEANINGS)
    for score in found.scores.values():
        for estimate in (score.before, score.tuned):
            assert estimate.low < estimate.value < estimate.high or score.name == "calibration"
        assert score.gain.low <= score.gain.value <= score.gain.high


def test_learning_from_another_truth_is_better_and_from_ones_own_is_not_shown_to_be(
    model: DiagnosticModel, found: Evaluation
) -> None:
    assert found.better
    assert found.reason.startswith("log score +")
    own = evaluate(model, simulate(model, 400, 1, 0.3, 0.4))
    assert not own.better
    assert "log score" in own.reason


def test_scores_of_a_case_are_what_single_diagnoses_give(model: DiagnosticModel, cases: pd.DataFrame) -> None:
    some = cases[(cases["triggered"] != "")].head(5)
    patterns = patterns_of(model.knowledge, some)
    said = predicted(model, patterns, ascertained=True)
    outcome = model.tree.log_evidence([{"cramp": "yes"}])[0]
    for at, row in enumerate(some.iloc[patterns.first].to_dict("records")):
        answers = {q: row[q] for q in model.knowledge.questions if isinstance(row[q], str)}
        diagnosis = model.diagnose(answers)
        triggered = set(row["triggered"].split(";"))
        labels = {f"{c}__cramp": "yes" if c in triggered else "no" for c in model.knowledge.causes}
        together = model.tree.log_evidence([{**answers, **labels, "cramp": "yes"}])[0]
        assert said.scores["log_score"][at] == pytest.approx(together - outcome, abs=1e-9)
        assert said.scores["label_score"][at] == pytest.approx(together - diagnosis.log_evidence, abs=1e-9)
        truth = [belief.cause in triggered for belief in diagnosis.beliefs]
        p = [belief.triggered for belief in diagnosis.beliefs]
        assert said.scores["brier"][at] == pytest.approx(brier_score_loss(truth, p), abs=1e-9)
        assert said.scores["top_1"][at] == truth[0]
        assert said.scores["top_2"][at] == any(truth[:2])


def test_a_label_of_which_somebody_is_not_sure_counts_for_less(model: DiagnosticModel) -> None:
    row = {"felt_tear": "yes", "triggered": "muscle_strain"}
    sure, guess = (
        predicted(model, patterns_of(model.knowledge, table(model, {**row, "certainty": c})), True) for c in (1.0, 0.8)
    )
    p = model.diagnose({"felt_tear": "yes"})["muscle_strain"].triggered
    assert sure.scores["label_score"][0] == pytest.approx(log(p))
    assert guess.scores["label_score"][0] == pytest.approx(log(0.8 * p + 0.2 * (1 - p)))
    assert guess.scores["brier"][0] == pytest.approx(0.8 * (1 - p) ** 2 + 0.2 * p**2)


def table(model: DiagnosticModel, *rows: dict) -> pd.DataFrame:
    from bayesnet.learning.cases.table import cases_table

    return cases_table(model.knowledge, list(rows))


def test_a_heading_is_hit_by_any_cause_under_it(model: DiagnosticModel) -> None:
    (first,) = model.diagnose({"posture": "flexed", "back_tired_first": "yes"}).beliefs[:1]
    assert first.cause == "excess_flexion"
    row = {"posture": "flexed", "back_tired_first": "yes", "triggered": "poor_form"}
    said = predicted(model, patterns_of(model.knowledge, table(model, row)), True)
    assert said.scores["top_1"][0] == 1


def test_cases_without_labels_have_the_log_score_only(model: DiagnosticModel, cases: pd.DataFrame) -> None:
    silent = evaluate(model, cases.assign(triggered="", ruled_out=""), folds=2)
    assert set(silent.scores) == {"log_score"}
    assert silent.labelled == 0
    assert silent.reliability == {}


def test_predictions_that_are_worse_than_before_are_called_so(model: DiagnosticModel) -> None:
    """The truth itself, tuned with few cases and next to nothing to hold it."""
    weak = evaluate(model, simulate(model, 120, 5, 0.3, 1.0), folds=2, strength=0.02)
    assert not weak.better
    assert weak.reason.startswith("tuned predicts worse")
    assert weak.scores["log_score"].gain.high < 0


def test_a_tuned_model_that_rules_out_what_happens_is_not_better(model: DiagnosticModel) -> None:
    """Once seen, in a case that was held out: without a prior the others teach that it never is."""
    seen = table(model, *[{"heat": "temperate"}] * 30, {"heat": "hot_humid"})
    found = evaluate(model, seen, ascertained=False, strength=0.0, folds=2)
    assert not found.better
    assert found.reason == "the tuned numbers hold 1 held-out cases to be impossible"


def test_what_nobody_can_have_shown_is_refused_before_anything_is_learned(model: DiagnosticModel) -> None:
    with pytest.raises(BadCases, match="impossible"):
        evaluate(never_hot(model), table(model, *[{"heat": "hot_humid"}] * 10))


def never_hot(model: DiagnosticModel) -> DiagnosticModel:
    from bayesnet.learning.versions import Edit, edited

    return edited(model, [Edit("heat", (), {"temperate": 1.0, "hot_humid": 0.0}, 20)])


def test_the_same_seed_gives_the_same_evaluation(
    model: DiagnosticModel, cases: pd.DataFrame, found: Evaluation
) -> None:
    assert evaluate(model, cases) == found
    other = evaluate(model, cases, seed=1)
    assert other.scores["log_score"].gain.value == pytest.approx(found.scores["log_score"].gain.value, abs=0.1)
    assert other != found


def test_the_reliability_diagram_lies_near_the_diagonal_for_the_true_model(model: DiagnosticModel) -> None:
    found = evaluate(model, simulate(model, 2000, 8, 0.3, 1.0), folds=2)
    curve = found.reliability["before"]
    assert len(curve.predicted) == 10
    np.testing.assert_allclose(curve.predicted, curve.observed, atol=0.05)


def test_a_tuned_model_carries_its_scores_into_its_file(model: DiagnosticModel, cases: pd.DataFrame, tmp_path) -> None:
    tuned = tune(model, cases, starts=1)
    assert tuned.scores["log_score"].gain.value > 0
    from bayesnet import load

    read = load(tuned.save(tmp_path / "tuned")).knowledge.provenance
    assert read.scores["verdict"].startswith("better: ")
    assert read.scores["folds"] == "5, on 400 cases"


def test_few_like_cases_are_not_shown_to_be_better(model: DiagnosticModel) -> None:
    """They leave the bootstrap nothing to vary."""
    found = evaluate(model, table(model, *[{"sweating": "heavy", "felt_tear": "yes"}] * 5))
    assert not found.better
    assert found.reason.startswith("5 cases are too few to show it, at least 100 are needed")


def test_rounding_is_neither_better_nor_worse(model: DiagnosticModel) -> None:
    found = evaluate(model, table(model, *[{}] * 120), folds=2)
    assert not found.better
    assert found.reason.startswith("the cases do not show")


@pytest.mark.parametrize("strength", [-1, float("nan"), True])
def test_a_strength_that_is_none_is_refused(model: DiagnosticModel, cases: pd.DataFrame, strength: float) -> None:
    with pytest.raises(BadEvidence, match="strength must be a number"):
        evaluate(model, cases, strength=strength)


def test_counts_as_large_as_a_country_take_no_longer(model: DiagnosticModel) -> None:
    some = simulate(model, 50, 3, 0.3, 1.0)
    found = evaluate(model, some.assign(count=1_000_000), folds=2)
    assert found.cases == 50_000_000


def test_too_few_cases_and_folds_are_refused(model: DiagnosticModel, cases: pd.DataFrame) -> None:
    with pytest.raises(BadCases, match="3 cases are too few for 5 folds"):
        evaluate(model, cases[:3])
    with pytest.raises(BadEvidence, match="folds"):
        evaluate(model, cases, folds=1)
    assert tune(model, cases[:3], starts=1).evaluation is None


def test_very_many_cases_are_judged_by_some(model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bayesnet.learning.evaluation.ENOUGH", 300)
    cases = simulate(model, 2000, 3, missing=0.2)
    found = evaluate(model, cases, folds=2)
    assert (found.cases, found.drawn_from) == (300, 2000)
    assert found.in_words()["folds"] == "2, on 300 cases drawn from 2,000"
    assert evaluate(model, cases, folds=2).scores == found.scores
