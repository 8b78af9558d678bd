"""Values -> charts. Nothing here knows Streamlit: every function returns a chart, and the pages draw it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from colours import AGAINST, GREY, INK, NOW, of_causes

from bayesnet.diagnosis.diagnosis import Diagnosis
from bayesnet.diagnosis.explanation import Explanation
from bayesnet.diagnosis.sensitivity import OneWay
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Question

ROW_HEIGHT, LINE_HEIGHT, AROUND = 38, 14, 70
"""Pixels: per row of a chart with two lines of text, per line, and for the legend and the axis."""
LINE = 40
"""Characters of a line beside a bar: longer ones are broken, so that a phone has room for both."""
AXIS = 30
"""Pixels for the axis alone."""
PRIOR = "before any answer"


@dataclass(frozen=True)
class Bar:
    """A cause, or what none explains: its probability now with its interval, and the one it is compared with."""

    label: str
    colour: str
    now: float
    before: float
    interval: tuple[float, float] | None = None


def cause_bars(knowledge: Knowledge, diagnosis: Diagnosis, other: Diagnosis | None = None) -> list[Bar]:
    """A bar per cause, the likeliest first, and what is left unexplained at the end; beside `other`, or the prior."""
    colours = of_causes(knowledge.causes)
    bars = [
        Bar(
            belief.label,
            colours[belief.cause],
            belief.triggered,
            other[belief.cause].triggered if other else belief.prior,
            belief.interval,
        )
        for belief in diagnosis.beliefs
    ]
    before = other.unexplained if other else diagnosis.unexplained_prior
    return [*bars, Bar("Unexplained", GREY, diagnosis.unexplained, before)]


def in_text(bars: Sequence[Bar], compared: str = PRIOR) -> str:
    """The chart in a sentence, for those who hear it."""
    said = [
        f"{bar.label}: {in_words(bar.now)}, {in_percent(bar.now)}"
        + (f", plausibly {in_range(bar.interval)}" if bar.interval else "")
        + f" ({compared}: {in_percent(bar.before)})"
        for bar in bars
    ]
    return "Probability that each cause triggered it. " + "; ".join(said) + "."


def cause_chart(bars: Sequence[Bar], theme: str = "light", compared: str = PRIOR) -> dict[str, Any]:
    """A Vega-Lite chart: per cause a filled bar for now, its interval as a line, and an outlined bar for what was before."""
    ink = INK[theme]
    labels = {bar.label: f"{in_words(bar.now)} · {in_percent(bar.now)}" for bar in bars}
    values = [
        {"cause": bar.label, "when": when, "p": p, "low": span[0] if span else None, "high": span[1] if span else None}
        for bar in bars
        for when, p, span in (("now", bar.now, bar.interval), (compared, bar.before, None))
    ]
    x = {
        "field": "p",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "title": None,
        "axis": {"format": ".0%", "tickCount": 3, "labelFontSize": 11, "labelColor": ink},
    }
    tooltip = [
        {"field": "cause", "title": "cause"},
        {"field": "when", "title": "when"},
        {"field": "p", "title": "triggered it", "format": ".0%"},
        {"field": "low", "title": "plausibly from", "format": ".0%"},
        {"field": "high", "title": "to", "format": ".0%"},
    ]
    colour = {
        "field": "cause",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": [bar.label for bar in bars], "range": [bar.colour for bar in bars]},
    }
    before = {
        "transform": [{"filter": "datum.when !== 'now'"}],
        "mark": {"type": "bar", "height": {"band": 0.7}, "fillOpacity": 0, "stroke": GREY, "strokeWidth": 1.5},
        "encoding": {"x": x, "tooltip": tooltip},
    }
    now = {
        "transform": [{"filter": "datum.when === 'now'"}],
        "mark": {"type": "bar", "height": {"band": 0.9}},
        "encoding": {"x": x, "color": colour, "tooltip": tooltip},
    }
    spans = {
        "transform": [{"filter": "datum.when === 'now' && isValid(datum.low)"}],
        "mark": {"type": "rule", "strokeWidth": 1.5, "color": ink},
        "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
    }
    return {
        "data": {"values": values},
        "height": rows_height(labels) + AXIS,
        "encoding": {
            "y": labelled_axis("cause", labels, ink),
            "yOffset": {"field": "when", "sort": ["now", compared]},
        },
        "layer": [before, now, spans],
    }


def labelled_axis(field: str, labels: Mapping[str, str], ink: str) -> dict[str, Any]:
    """A vertical axis of names, each with its own words below it."""
    lines = " : ".join(f"datum.value === {_quoted(name)} ? {_quoted(lines_of(name, labels))}" for name in labels)
    return {
        "field": field,
        "type": "nominal",
        "sort": list(labels),
        "title": None,
        "axis": {
            "labelExpr": f"{lines} : datum.value",
            "labelLimit": 250,
            "labelOffset": -LINE_HEIGHT * (_most_lines(labels) - 1) / 2,  # Vega puts the first line in the middle
            "labelOverlap": False,
            "labelColor": ink,
            "labelFontSize": 12,
            "labelLineHeight": LINE_HEIGHT,
            "ticks": False,
            "domain": False,
        },
        "scale": {"paddingInner": 0.3},
    }


def lines_of(name: str, labels: Mapping[str, str]) -> list[str]:
    """What stands beside a bar: its name, then its words."""
    return [*wrap(name, LINE), *wrap(labels[name], LINE)]


def rows_height(labels: Mapping[str, str]) -> int:
    """Pixels for a row for each label, all as high as the highest."""
    return (ROW_HEIGHT + LINE_HEIGHT * (_most_lines(labels) - 2)) * len(labels)


def _most_lines(labels: Mapping[str, str]) -> int:
    return max((len(lines_of(name, labels)) for name in labels), default=2)


def _quoted(text: str | list[str]) -> str:
    """A string of Vega's expression language, or several."""
    return json.dumps(text, ensure_ascii=False)


def weight_chart(why: Explanation, theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: per answer a bar to the right where it speaks for the cause, to the left where against."""
    ink = INK[theme]
    labels = {w.label: w.says for w in why.weights}
    values = [
        {"answer": w.label, "weight": length, "side": "for" if w.shapley > 0 else "against"}
        for w, length in zip(why.weights, why.lengths, strict=True)
    ]
    return {
        "data": {"values": values},
        "height": rows_height(labels) + AROUND,
        "mark": {"type": "bar", "height": {"band": 0.6}},
        "encoding": {
            "y": labelled_axis("answer", labels, ink),
            "x": {
                "field": "weight",
                "type": "quantitative",
                "title": None,
                "scale": {"domain": [-1, 1]},
                "axis": {"labels": False, "ticks": False, "values": [0]},
            },
            "color": {
                "field": "side",
                "type": "nominal",
                "scale": {"domain": ["for", "against"], "range": [NOW, AGAINST]},
                "legend": {"orient": "top", "title": None, "labelFontSize": 12, "labelColor": ink, "offset": 4},
            },
        },
    }


def tornado_chart(numbers: Sequence[OneWay], theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: per number of the model how far the result would move if the number were a little off."""
    ink = INK[theme]
    labels = {n.label: f"{n.value:g}, strength {n.strength:g}" for n in numbers}
    values = [{"number": n.label, "low": min(n.swing), "high": max(n.swing)} for n in numbers]
    return {
        "data": {"values": values},
        "height": rows_height(labels) + AROUND,
        "mark": {"type": "bar", "height": {"band": 0.6}, "color": NOW, "minWidth": 2},
        "encoding": {
            "y": labelled_axis("number", labels, ink),
            "x": {
                "field": "low",
                "type": "quantitative",
                "title": None,
                "scale": {"domain": [0, 1]},
                "axis": {"format": ".0%", "tickCount": 3, "labelFontSize": 11, "labelColor": ink},
            },
            "x2": {"field": "high"},
            "tooltip": [
                {"field": "number", "title": "number"},
                {"field": "low", "title": "result from", "format": ".0%"},
                {"field": "high", "title": "to", "format": ".0%"},
            ],
        },
    }


def network_chart(knowledge: Knowledge, diagnosis: Diagnosis) -> str:
    """The network as a Graphviz drawing: what leads to a cause above, what it leads to below, answers marked."""
    lines = [
        "digraph {",
        'bgcolor="transparent"; rankdir="TB"; nodesep=0.15; ranksep=0.5;',
        'node [shape=box style="filled,rounded" fontname="sans-serif" fontsize=12 margin="0.1,0.05" '
        'fillcolor="#eef1f6" fontcolor="#111111" color="#7a7a7a"];',
        'edge [color="#7a7a7a" arrowsize=0.6];',
    ]
    lines += [
        _node(q.id, _question_label(q, diagnosis), q.id in diagnosis.answers) for q in knowledge.questions.values()
    ]
    colours = of_causes(knowledge.causes)
    for belief in diagnosis.beliefs:
        text = f"{belief.label}\n{in_words_and_percent(belief.triggered)}"
        lines.append(_node(belief.cause, text, False, colours[belief.cause]))
    lines.append(_node(knowledge.outcome.id, knowledge.outcome.label, True))
    lines += [f'"{parent}" -> "{child}";' for parent, child in knowledge.arcs]
    return "\n".join([*lines, "}"])


def _question_label(question: Question, diagnosis: Diagnosis) -> str:
    answer = diagnosis.answers.get(question.id)
    labels = {state.id: state.label for state in question.states}
    return f"{question.label}\n{labels[answer]}" if isinstance(answer, str) else question.label


def _node(name: str, text: str, given: bool, border: str = "") -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    look = 'fillcolor="#0a4fd6" fontcolor="#ffffff"' if given else 'fillcolor="#eef1f6"'
    if border:
        look += f' color="{border}" penwidth=4'
    return f'"{name}" [label="{escaped}" {look}];'
