"""A diagnosis on one printed page: an HTML file that needs nothing else. Every text in it is escaped."""

from datetime import datetime
from html import escape

from bayesnet.diagnosis.advice import Advice, AdviceItem
from bayesnet.diagnosis.diagnosis import Diagnosis
from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent, within_sentence
from bayesnet.knowledge.rules import RedFlag

REASONS, THINGS_TO_DO = 6, 5
"""So many of each fit on the page beside all answers; the dashboard shows the rest."""

STYLE = """
@page { size: A4; margin: 11mm }
body { font: 9pt/1.28 system-ui, sans-serif; color: #111; background: #fff; max-width: 186mm; margin: auto }
h1 { font-size: 14pt; margin: 0 } h2 { font-size: 10.5pt; margin: 2.5mm 0 1mm } p, ul { margin: 0 0 1mm }
ul { padding-left: 5mm } table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .4mm 2mm .4mm 0 }
.level { border: 1.5pt solid #111; padding: 1.5mm 2mm; margin: 2mm 0 } .answers { columns: 2 }
.bar { position: relative; width: 45mm; height: 3mm; border: .5pt solid #767676 }
.bar b { position: absolute; top: 0; height: 3mm; background: #2f74e0 }
.bar i { position: absolute; top: 1.2mm; height: .6mm; background: #111 }
@media screen and (max-width: 600px) { body { margin: 2mm } .bar { width: 18mm } .answers { columns: 1 } }
* { print-color-adjust: exact; -webkit-print-color-adjust: exact }
"""


def sheet(model: DiagnosticModel, diagnosis: Diagnosis, at: datetime) -> str:
    """The page: answers, causes in words, number and bar, reasons, advice, what it is not, and which model said so."""
    knowledge, advice = model.knowledge, diagnosis.advice
    shown = printed(advice)
    parts = [
        f"<h1>{escape(knowledge.ask)}</h1>",
        f"<p>{at:%Y-%m-%d %H:%M %Z}</p>",
        _level(diagnosis),
        "<h2>What was answered</h2>",
        _list([*map(escape, _answers(model, diagnosis))] or ["No question"], "answers"),
        "<h2>How likely each cause triggered it</h2>",
        f"<p>{escape(diagnosis.leaves_out)}</p>" if diagnosis.leaves_out else "",
        _causes(diagnosis),
        _reasons(diagnosis),
        "<h2>What to do</h2>",
        _list([_sign(model, flag) for flag in diagnosis.red_flags] + [_item(item) for item in shown]),
        _more(len(advice.items) - len(shown)),
        *(
            f"<p><b>Not now:</b> {escape('; '.join(titles))}, because {escape(why)}</p>"
            for why, titles in advice.not_now.items()
            if not diagnosis.is_emergency
        ),
        "<h2>What this is not</h2>",
        f"<p>{escape(' '.join((knowledge.disclaimer, knowledge.population)))} Several causes can be at work at once, so the "
        "numbers need not add up to 100%. The line over a bar is its plausible range (a 90% credible interval).</p>",
        f"<p>Model {escape(knowledge.title)}, {escape(knowledge.version_name)}. {escape(knowledge.numbers_from)}</p>",
    ]
    title = f"<title>{escape(knowledge.ask)}</title>"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">{title}<style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def printed(advice: Advice) -> list[AdviceItem]:
    """The items that fit on the page: the most urgent ones, and what calls for help later."""
    nets = [item for item in advice if item.safety_net]
    return [item for item in advice if not item.safety_net][: max(1, THINGS_TO_DO - len(nets))] + nets


def _level(diagnosis: Diagnosis) -> str:
    level = diagnosis.advice.level
    flags = "".join(f"<br><b>{escape(flag.label)}:</b> {escape(flag.says)}" for flag in diagnosis.red_flags)
    return f'<p class="level"><b>{escape(level.label)}.</b> {escape(level.says)}{flags}</p>'


def _answers(model: DiagnosticModel, diagnosis: Diagnosis) -> list[str]:
    signs = [f"Warning sign: {flag.label}" for flag in diagnosis.red_flags]
    if len(diagnosis.asked_signs) < len(model.knowledge.red_flags) and not diagnosis.is_emergency:
        signs.append(f"Warning signs: {'not all of them' if diagnosis.asked_signs else 'not'} answered")
    elif diagnosis.warning_signs == "none" and model.knowledge.red_flags:
        signs.append("Warning signs: none of them applies")
    return signs + [model.in_words(*one) for one in diagnosis.answers.items()]


def _sign(model: DiagnosticModel, flag: RedFlag) -> str:
    """What a warning sign calls for."""
    level = model.knowledge.levels[flag.level]
    return f"<b>{escape(flag.label)}: {escape(level.label)}.</b> {escape(level.said(True).says)}"


def _item(item: AdviceItem) -> str:
    """A thing to do, never without what to beware of."""
    caution = f" <i>{escape(item.caution)}</i>" if item.caution else ""
    return f"<b>{escape(item.title)}.</b> {escape(' '.join(item.do))}{caution}"


def _more(left_out: int) -> str:
    return f"<p>The dashboard shows {left_out} more.</p>" if left_out > 0 else ""


def _causes(diagnosis: Diagnosis) -> str:
    rows = [(belief.label, belief.triggered, belief.interval) for belief in diagnosis.beliefs]
    lines = [
        f"<tr><td>{escape(label)}</td><td>{in_words(p)}</td><td>{escape(in_percent(p))}</td><td>{_bar(p, span)}</td>"
        f"<td>{escape(in_range(span))}</td></tr>"
        for label, p, span in rows
    ]
    p = diagnosis.unexplained
    lines.append(
        f"<tr><td>Unexplained</td><td>{in_words(p)}</td><td>{escape(in_percent(p))}</td><td>{_bar(p)}</td><td></td></tr>"
    )
    head = "<tr><th>Cause</th><th>in words</th><th>in numbers</th><th>0 to 100%</th><th>plausibly</th></tr>"
    return f"<table>{head}{''.join(lines)}</table>"


def _bar(p: float, span: tuple[float, float] | None = None) -> str:
    line = f'<i style="left:{span[0]:.1%};width:{span[1] - span[0]:.1%}"></i>' if span else ""
    return f'<div class="bar"><b style="width:{p:.1%}"></b>{line}</div>'


def _reasons(diagnosis: Diagnosis) -> str:
    first = diagnosis.beliefs[0]
    why = diagnosis.explain(first.cause)
    if not why.weights:
        return ""
    said = f"Before any answer {in_words_and_percent(why.prior)}, now {in_words_and_percent(why.posterior)}."
    reasons = _list([f"{escape(weight.sentence)}." for weight in why.weights[:REASONS]])
    left_out = _more(len(why.weights) - REASONS)
    return f"<h2>Why {escape(within_sentence(first.label))}?</h2><p>{escape(said)}</p>{reasons}{left_out}"


def _list(lines: list[str], look: str = "") -> str:
    return f'<ul class="{look}">{"".join(f"<li>{line}</li>" for line in lines)}</ul>'
