"""Charts of what was learned say what was learned."""

import sys

import pytest

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.words import in_percent, in_range
from bayesnet.learning.differences import NumberChange, differences
from bayesnet.learning.simulation import redrawn
from bayesnet.shipped import shipped


@pytest.fixture(scope="module")
def charts():
    sys.path.insert(0, str(shipped("dashboard")))
    import charts_learning

    yield charts_learning
    sys.path.remove(str(shipped("dashboard")))


@pytest.fixture(scope="module")
def numbers(model: DiagnosticModel) -> tuple[NumberChange, ...]:
    return differences(model.knowledge, redrawn(model, 1).knowledge)[:6]


def test_every_number_stands_there_before_and_after_with_its_interval(charts, numbers) -> None:
    values = charts.numbers_chart(numbers)["data"]["values"]
    drawn = {(v["number"], v["when"]): (v["p"], (v["low"], v["high"])) for v in values}
    for n in numbers:
        assert drawn[n.label, "before"] == (n.before, n.interval_before)
        assert drawn[n.label, "after"] == (n.after, n.interval_after)
    assert len(drawn) == 12


def test_the_chart_of_numbers_can_be_heard(charts, numbers) -> None:
    said = charts.numbers_in_text(numbers)
    for n in numbers:
        assert f"{n.label}: {in_percent(n.before)}, plausibly {in_range(n.interval_before)}, before" in said


def test_the_reliability_diagram_is_the_curves(charts) -> None:
    curves = {
        "before": {"predicted": [0.1, 0.6], "observed": [0.2, 0.5]},
        "tuned": {"predicted": [0.15], "observed": [0.15]},
    }
    spec = charts.reliability_chart(curves)
    assert spec["data"]["values"] == [
        {"when": "before", "predicted": 0.1, "observed": 0.2},
        {"when": "before", "predicted": 0.6, "observed": 0.5},
        {"when": "after", "predicted": 0.15, "observed": 0.15},
    ]
    assert "10% came true in 20%, 60% came true in 50%" in charts.reliability_in_text(curves)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_follows_the_theme(charts, numbers, theme: str) -> None:
    from charts import INK

    assert charts.numbers_chart(numbers, theme)["encoding"]["y"]["axis"]["labelColor"] == INK[theme]


def test_the_course_of_learning_is_every_iteration(charts) -> None:
    values = charts.history_chart([-12.5, -10.0, -9.5])["data"]["values"]
    assert [(v["iteration"], v["nats"]) for v in values] == [(1, -12.5), (2, -10.0), (3, -9.5)]
    assert "rose from -12.5 to -9.5 nats in 3 iterations" in charts.history_in_text([-12.5, -10.0, -9.5])


@pytest.mark.parametrize(
    ("p", "said"), [(0.0, "0.0%"), (3e-5, "<0.1%"), (0.0234, "2.3%"), (0.9996, ">99.9%"), (1.0, "100.0%")]
)
def test_a_number_that_is_not_certain_is_not_shown_as_certain(charts, p: float, said: str) -> None:
    assert charts.in_tenths(p) == said
