"""Ranges and strengths say the same, and rare numbers are not drawn as nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.model import load
from bayesnet.knowledge.elicitation import (
    MEDIAN_WITHIN,
    TOO_LITTLE,
    collapsed,
    fitted_strength,
    median_of,
    share_in_range,
    shares,
)

FIRST_EDITION = Path(__file__).parent / "first_edition"


def fit(p: float, low: float, high: float) -> float:
    return fitted_strength({"no": 1 - p, "yes": p}, {"yes": (low, high)})


def test_a_uniform_distribution_has_its_middle_nine_tenths_in_the_range() -> None:
    assert share_in_range(0.5, 2.0, (0.05, 0.95)) == pytest.approx(0.9, abs=1e-12)
    assert fit(0.5, 0.05, 0.95) == pytest.approx(2, rel=0.01)


def test_a_narrow_range_is_the_normal_approximation() -> None:
    """Of mean .4 and standard deviation .01: strength p (1 - p) / sd^2 - 1."""
    half = 1.6449 * 0.01
    assert fit(0.4, 0.4 - half, 0.4 + half) == pytest.approx(0.24 / 0.01**2 - 1, rel=0.01)


@settings(deadline=None, max_examples=60)
@given(p=st.floats(0.001, 0.5), below=st.floats(1.5, 4), above=st.floats(1.5, 4))
def test_the_fitted_strength_holds_nine_tenths_in_the_range(p: float, below: float, above: float) -> None:
    low, high = p / below, min(0.99, p * above)
    strength = fit(p, low, high)
    assert share_in_range(p, strength, (low, high)) == pytest.approx(0.9, abs=0.01)
    drawn = np.random.default_rng(1).beta(p * strength, (1 - p) * strength, 40_000)
    assert ((drawn > low) & (drawn < high)).mean() == pytest.approx(0.9, abs=0.015)


def test_a_wider_range_is_a_weaker_number() -> None:
    strengths = [fit(0.1, 0.1 / width, 0.1 * width) for width in (1.2, 1.5, 2, 3)]
    assert strengths == sorted(strengths, reverse=True)


def test_of_several_ranges_in_a_row_the_strength_is_between() -> None:
    p, ranges = {"a": 0.2, "b": 0.3, "c": 0.5}, {"a": (0.1, 0.3), "b": (0.25, 0.35)}
    alone = [fitted_strength(p, {state: span}) for state, span in ranges.items()]
    assert min(alone) < fitted_strength(p, ranges) < max(alone)


# ---- the shipped model


def test_every_strength_of_the_shipped_model_fits_its_range(
    model: DiagnosticModel, figure: Callable[[str, object], None]
) -> None:
    found = list(shares(model.knowledge))
    assert len(found) > 100
    for each in found:
        assert each.row.strength == pytest.approx(each.fitted, rel=0.06), (each.table.id, each.row.given)
        assert each.share >= TOO_LITTLE, (each.table.id, each.row.given, each.state)
    several = {id(each.row) for each in found if len(each.row.ranges) > 1}
    alone = [each.share for each in found if id(each.row) not in several]
    assert min(alone) >= 0.88
    assert max(alone) <= 0.92
    figure(
        "share of a number's distribution in its range",
        f"{min(e.share for e in found):.0%} to {max(e.share for e in found):.0%}",
    )


def test_no_rare_number_of_the_shipped_model_is_drawn_as_nothing(model: DiagnosticModel) -> None:
    """By the closed form, and by the draws themselves: the median lies within a factor of three of what is stated."""
    assert list(collapsed(model.knowledge)) == []
    drawn = model.knowledge.draw(2000, seed=11)
    rare = 0
    for table in model.knowledge.tables.values():
        for row in table.rows:
            for state, p in row.p.items():
                if 0 < p < 0.02 and not table.rises:
                    at = model.knowledge.cells(table, row)
                    sample = drawn[table.id][(table.states.index(state), *at)]
                    median = float(np.median(sample.reshape(-1, sample.shape[-1])[0]))
                    assert p / MEDIAN_WITHIN < median < p * MEDIAN_WITHIN, (table.id, row.given)
                    rare += 1
    assert rare > 5


def test_a_rare_number_with_half_its_inverse_as_strength_keeps_its_median() -> None:
    """The rule in the docs: for a small p a Beta(1/2, b) is half a chi-square of one degree, of median .4549 of its mean."""
    for p in (0.0003, 0.001, 0.01):
        median = median_of(p, 0.5 / p)
        assert median == pytest.approx(0.4549 * p, rel=0.02)
        assert median > p / MEDIAN_WITHIN
        assert median_of(p, 0.1 / p) < p / MEDIAN_WITHIN


def test_model_check_prints_the_share_of_every_range(model: DiagnosticModel) -> None:
    code = "import sys; from bayesnet.cli import main; sys.argv = ['bayesnet', 'model', 'check']; main()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    lines = [line for line in run.stdout.splitlines() if "% in " in line]
    assert len(lines) == len(list(shares(model.knowledge)))
    assert any("90% in 0.0003 to 0.003" in line and "Vascular condition" in line for line in lines)
    assert "2,764,800 of answers for the level" in run.stdout


def test_ranges_that_their_strength_contradicts_are_told(model: DiagnosticModel) -> None:
    """The first edition wrote strengths beside ranges without holding one against the other."""
    from bayesnet.report.model_check import warnings_of

    warnings = warnings_of(load(FIRST_EDITION).knowledge)
    assert any("its range holds" in line and "fits best" in line for line in warnings)
    assert any("give it a range, or a strength of at least" in line for line in warnings)
    assert all("no one strength fits" in line for line in warnings_of(model.knowledge))


def test_without_scipy_model_check_still_checks_the_laws(tmp_path: Path) -> None:
    """The core is installed without it; what it would have told is named in one line."""
    (tmp_path / "scipy").mkdir()
    (tmp_path / "scipy" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'scipy'\", name='scipy')"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from bayesnet.cli import main; "
    code += "sys.argv = ['bayesnet', 'model', 'check']; main()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "no contradiction" in run.stdout
    assert "needs the optional part 'learn'" in run.stderr
