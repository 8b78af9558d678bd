"""Charts say what the diagnosis says: words, number and bar."""

import sys

import pytest

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.words import in_percent, in_words
from bayesnet.shipped import shipped


@pytest.fixture(scope="module")
def charts():
    sys.path.insert(0, str(shipped("dashboard")))
    import charts

    yield charts
    sys.path.remove(str(shipped("dashboard")))


def test_bars_are_the_diagnosis(charts, model: DiagnosticModel) -> None:
    diagnosis = model.diagnose({"felt_tear": "yes"})
    spec = charts.cause_chart(charts.cause_bars(model.knowledge, diagnosis))
    bars = {(row["cause"], row["when"]): row["p"] for row in spec["data"]["values"]}
    for belief in diagnosis.beliefs:
        assert bars[belief.label, "now"] == belief.triggered
        assert bars[belief.label, "before any answer"] == belief.prior
    assert bars["Unexplained", "now"] == diagnosis.unexplained
    assert len(bars) == 2 * (len(diagnosis.beliefs) + 1)


def test_every_bar_is_named_in_words_and_number(charts, model: DiagnosticModel) -> None:
    diagnosis = model.diagnose({"felt_tear": "yes"})
    rows = charts.cause_bars(model.knowledge, diagnosis)
    label = charts.cause_chart(rows)["encoding"]["y"]["axis"]["labelExpr"]
    for belief in diagnosis.beliefs:
        said = in_words(belief.triggered)
        assert f'"{belief.label}" ? ["{belief.label}", "{said} · {in_percent(belief.triggered)}"]' in label
        assert f"{belief.label}: {said}, {in_percent(belief.triggered)}" in charts.in_text(rows)


def test_a_long_name_is_broken_into_lines_and_its_row_is_higher(charts) -> None:
    long = "Hurts most when bending (Nerve compression no, Muscle strain yes)"
    labels = {"Posture neutral": "60% → 52%", long: "45% → 29%"}
    assert charts.lines_of("Posture neutral", labels) == ["Posture neutral", "60% → 52%"]
    lines = charts.lines_of(long, labels)
    assert " ".join(lines) == f"{long} 45% → 29%"
    assert len(lines) == 3
    assert max(map(len, lines)) <= charts.LINE
    assert charts.rows_height(labels) == 2 * (charts.ROW_HEIGHT + charts.LINE_HEIGHT)
    assert charts.rows_height({"Posture neutral": "60%"}) == charts.ROW_HEIGHT
    assert charts.labelled_axis("number", labels, "#111111")["axis"]["labelOffset"] == -charts.LINE_HEIGHT


def test_the_text_colour_follows_the_theme(charts, model: DiagnosticModel) -> None:
    rows = charts.cause_bars(model.knowledge, model.diagnose({}))
    light, dark = (
        charts.cause_chart(rows, theme)["encoding"]["y"]["axis"]["labelColor"] for theme in ("light", "dark")
    )
    assert (light, dark) == ("#111111", "#fafafa")


def test_the_drawn_network_has_every_arc_and_marks_what_was_answered(charts, model: DiagnosticModel) -> None:
    drawn = charts.network_chart(model.knowledge, model.diagnose({"felt_tear": "yes"}))
    for arc in (("heat", "sweating"), ("posture", "nerve_compression"), ("muscle_strain", "felt_tear")):
        assert arc in model.knowledge.arcs
    assert ("rep_scheme", "vascular_condition") not in model.knowledge.arcs
    for parent, child in model.knowledge.arcs:
        assert f'"{parent}" -> "{child}";' in drawn
    assert '"felt_tear" [label="Felt a tear\\nYes" fillcolor="#0a4fd6"' in drawn
    assert '"heat" [label="Heat" fillcolor="#eef1f6"' in drawn


def test_labels_cannot_break_out_of_the_drawing(charts) -> None:
    assert (
        charts._node("a", 'x" shape="egg\n\\', False) == '"a" [label="x\\" shape=\\"egg\\n\\\\" fillcolor="#eef1f6"];'
    )
