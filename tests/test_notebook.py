"""Results show themselves in a notebook: complete, and with nothing unescaped."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_explanation import LITTLE

import bayesnet
from bayesnet import DiagnosticModel

BALANCED = {"table", "caption", "tr", "td", "th", "div", "p", "small"}


class Reader(HTMLParser):
    """Collects the tags and texts, and notes what was not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        assert tag in BALANCED
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_diagnosis_shows_every_cause_with_a_bar(model: DiagnosticModel) -> None:
    d = model.diagnose({"felt_tear": "yes", "muscle_breakdown": "yes"})
    shown = Reader(d._repr_html_())
    assert shown.open == []
    text = " ".join(shown.texts)
    for belief in d.beliefs:
        assert belief.label in text
    assert "Emergency" in text
    assert "Red flag: " in text
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", d._repr_html_())]
    assert widths == pytest.approx([b.triggered * 100 for b in d.beliefs] + [d.unexplained * 100], abs=0.05)


def test_an_explanation_shows_every_answer(model: DiagnosticModel) -> None:
    why = model.diagnose({"felt_tear": "yes", "sweating": "heavy"}).explain("muscle_strain")
    shown = Reader(why._repr_html_())
    assert shown.open == []
    assert {w.label for w in why.weights} <= set(shown.texts)


def test_labels_of_a_foreign_model_are_shown_as_text(tmp_path: Path) -> None:
    for name, text in LITTLE.items():
        hostile = text.replace('label = "Bulb"', "label = \"<script>alert('x')</script>\"").replace(
            'label = "Warm"', 'label = "<img src=x onerror=alert(1)>"'
        )
        (tmp_path / name).write_text(hostile, encoding="utf-8")
    d = bayesnet.load(tmp_path).diagnose({"warm": "yes"})
    for html in (d._repr_html_(), d.explain("bulb")._repr_html_()):
        assert "<script" not in html
        assert "<img" not in html
        assert Reader(html).open == []
