"""Values -> charts of what was learned: numbers before and after, and how far predictions came true. No Streamlit here."""

from collections.abc import Mapping, Sequence
from typing import Any

from charts import AROUND, labelled_axis, rows_height
from colours import GREY, INK, NOW

from bayesnet.diagnosis.words import in_percent, in_range
from bayesnet.learning.differences import NumberChange

SIDES = ("before", "after")


def numbers_in_text(numbers: Sequence[NumberChange]) -> str:
    """The chart of numbers in a sentence."""
    said = [
        f"{n.label}: {in_percent(n.before)}, plausibly {in_range(n.interval_before)}, before; {in_percent(n.after)}, "
        f"plausibly {in_range(n.interval_after)}, after"
        for n in numbers
    ]
    return "Numbers before and after. " + "; ".join(said) + "."


def numbers_chart(numbers: Sequence[NumberChange], theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: per number a point with its 90 % interval before, and one after."""
    ink = INK[theme]
    labels = {n.label: f"{in_percent(n.before)} → {in_percent(n.after)}" for n in numbers}
    values = [
        {"number": n.label, "when": when, "p": p, "low": span[0], "high": span[1]}
        for n in numbers
        for when, p, span in zip(SIDES, (n.before, n.after), (n.interval_before, n.interval_after), strict=True)
    ]
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": None}
    axis = {"format": ".0%", "tickCount": 3, "labelFontSize": 11, "labelColor": ink}
    return {
        "data": {"values": values},
        "height": rows_height(labels) + AROUND,
        "encoding": {
            "y": labelled_axis("number", labels, ink),
            "yOffset": {"field": "when", "sort": list(SIDES)},
            "color": _sides(SIDES, ink, "vertical"),  # on a phone the labels leave the plot less than one row of it
            "tooltip": [
                {"field": "number"},
                {"field": "when"},
                *({"field": name, "format": ".1%"} for name in ("p", "low", "high")),
            ],
        },
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2.5},
                "encoding": {"x": {"field": "low", "axis": axis, **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": {"field": "p", **x}},
            },
        ],
    }


def in_tenths(p: float) -> str:
    """'12.3%'; '<0.1%' and '>99.9%' at the ends, unless it is 0 or 1 by definition."""
    if 0 < p < 0.001:
        return "<0.1%"
    if 0.999 < p < 1:
        return ">99.9%"
    return f"{p:.1%}"


def history_in_text(history: Sequence[float]) -> str:
    """The course of a learning in a sentence."""
    return f"The log-posterior rose from {history[0]:,.1f} to {history[-1]:,.1f} nats in {len(history)} iterations."


def history_chart(history: Sequence[float], theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: the log-posterior by iteration."""
    ink = INK[theme]
    axis = {"labelColor": ink, "titleColor": ink, "tickCount": 4}
    iteration = {"field": "iteration", "type": "quantitative", "axis": axis}
    y = {"field": "nats", "type": "quantitative", "axis": axis, "scale": {"zero": False}}
    return {
        "data": {"values": [{"iteration": i, "nats": value} for i, value in enumerate(history, 1)]},
        "height": 180,
        "mark": {"type": "line", "color": NOW, "point": {"size": 30, "color": NOW}},
        "encoding": {"x": iteration, "y": y},
    }


def reliability_in_text(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """The reliability diagram in a sentence per model."""
    said = []
    for name, curve in curves.items():
        pairs = zip(curve["predicted"], curve["observed"], strict=True)
        said.append(f"{name}: " + ", ".join(f"{in_percent(p)} came true in {in_percent(o)}" for p, o in pairs))
    return "Predicted probabilities and how often they came true. " + ". ".join(said) + "."


def reliability_chart(curves: Mapping[str, Mapping[str, Sequence[float]]], theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: predicted probability against the share that came true; the diagonal is perfect."""
    ink = INK[theme]
    names = {"before": "before", "tuned": "after"}
    values = [
        {"when": names[name], "predicted": p, "observed": o}
        for name, curve in curves.items()
        for p, o in zip(curve["predicted"], curve["observed"], strict=True)
    ]
    axis = {"format": ".0%", "tickCount": 3, "labelColor": ink, "titleColor": ink}
    x = {"field": "predicted", "type": "quantitative", "title": "predicted", "axis": axis, "scale": {"domain": [0, 1]}}
    y = {"field": "observed", "type": "quantitative", "title": "came true", "axis": axis, "scale": {"domain": [0, 1]}}
    color = _sides(SIDES, ink)
    line = {
        "mark": {"type": "line", "point": {"size": 50, "filled": True}},
        "encoding": {"x": x, "y": y, "color": color},
    }
    diagonal = {
        "data": {"values": [{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": ink, "strokeWidth": 1},
        "encoding": {"x": x, "y": y},
    }
    return {"data": {"values": values}, "height": 260, "layer": [diagonal, line]}


def _sides(names: Sequence[str], ink: str, direction: str = "horizontal") -> dict[str, Any]:
    return {
        "field": "when",
        "type": "nominal",
        "scale": {"domain": list(names), "range": [GREY, NOW]},
        "legend": {
            "orient": "top",
            "direction": direction,
            "title": None,
            "labelFontSize": 12,
            "labelColor": ink,
            "offset": 4,
        },
    }
