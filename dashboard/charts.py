"""Values -> charts. Nothing here knows Streamlit: every function returns a chart, and the pages draw it."""

from typing import Any

from bayesnet.diagnosis.diagnosis import Diagnosis
from bayesnet.diagnosis.words import in_percent, in_words, in_words_and_percent
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Question

NOW, BEFORE = "#2f74e0", "#7a7a7a"
"""Both have a contrast of at least 3:1 on the light and on the dark background."""
INK = {"light": "#111111", "dark": "#fafafa"}
"""The colour of text by theme; Streamlit's own grey labels are too faint."""
ROW_HEIGHT, AROUND = 38, 70
"""Pixels: per cause, and for the legend and the axis."""

Rows = list[tuple[str, float, float]]


def cause_rows(diagnosis: Diagnosis) -> Rows:
    """(label, now, before) per cause, the likeliest first, and what is left unexplained at the end."""
    rows = [(belief.label, belief.triggered, belief.prior) for belief in diagnosis.beliefs]
    return [*rows, ("Unexplained", diagnosis.unexplained, diagnosis.unexplained_prior)]


def in_text(rows: Rows) -> str:
    """The chart in a sentence, for those who hear it."""
    said = [
        f"{label}: {in_words(now)}, {in_percent(now)} (before: {in_percent(before)})" for label, now, before in rows
    ]
    return "Probability that each cause triggered it. " + "; ".join(said) + "."


def cause_chart(rows: Rows, theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: per cause a bar for now and one for before, named in words and percent at its left."""
    ink = INK[theme]
    labels = {label: f"{in_words(now)} · {in_percent(now)}" for label, now, _ in rows}
    values = [
        {"cause": label, "when": when, "p": p}
        for label, now, before in rows
        for when, p in (("now", now), ("before any answer", before))
    ]
    second_line = " : ".join(f"datum.value === {label!r} ? {text!r}" for label, text in labels.items())
    return {
        "data": {"values": values},
        "height": ROW_HEIGHT * len(rows) + AROUND,
        "mark": {"type": "bar", "height": {"band": 0.9}},
        "encoding": {
            "y": {
                "field": "cause",
                "type": "nominal",
                "sort": list(labels),
                "title": None,
                "axis": {
                    "labelExpr": f"[datum.value, {second_line} : '']",
                    "labelLimit": 190,
                    "labelOverlap": False,
                    "labelColor": ink,
                    "labelFontSize": 12,
                    "labelLineHeight": 14,
                    "ticks": False,
                    "domain": False,
                },
                "scale": {"paddingInner": 0.3},
            },
            "yOffset": {"field": "when", "sort": ["now", "before any answer"]},
            "x": {
                "field": "p",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "title": None,
                "axis": {"format": ".0%", "tickCount": 3, "labelFontSize": 11, "labelColor": ink},
            },
            "tooltip": [
                {"field": "cause", "title": "cause"},
                {"field": "when", "title": "when"},
                {"field": "p", "title": "triggered it", "format": ".0%"},
            ],
            "color": {
                "field": "when",
                "type": "nominal",
                "scale": {"domain": ["now", "before any answer"], "range": [NOW, BEFORE]},
                "legend": {"orient": "top", "title": None, "labelFontSize": 12, "labelColor": ink, "offset": 4},
            },
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
    for belief in diagnosis.beliefs:
        text = f"{belief.label}\n{in_words_and_percent(belief.triggered)}"
        lines.append(_node(belief.cause, text, False, "#dbe8ff"))
    lines.append(_node(knowledge.outcome.id, knowledge.outcome.label, True))
    lines += [f'"{parent}" -> "{child}";' for parent, child in knowledge.arcs]
    return "\n".join([*lines, "}"])


def _question_label(question: Question, diagnosis: Diagnosis) -> str:
    answer = diagnosis.answers.get(question.id)
    labels = {state.id: state.label for state in question.states}
    return f"{question.label}\n{labels[answer]}" if isinstance(answer, str) else question.label


def _node(name: str, text: str, given: bool, fill: str = "#eef1f6") -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    look = 'fillcolor="#0a4fd6" fontcolor="#ffffff"' if given else f'fillcolor="{fill}"'
    return f'"{name}" [label="{escaped}" {look}];'
