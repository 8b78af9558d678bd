"""Diagnoses and models as text for a terminal, drawn with rich."""

from typing import Any

from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bayesnet.diagnosis.diagnosis import Diagnosis
from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent, within_sentence
from bayesnet.errors import UnknownVariable
from bayesnet.knowledge.knowledge import Knowledge

SHOWN_REASONS = 3
LEVEL_STYLES = ("green", "yellow", "red", "bold red")


def print_diagnosis(model: DiagnosticModel, diagnosis: Diagnosis, console: Console | None = None) -> None:
    """Red flags, the level, the ranked causes with bars, reasons in brief for the first, and the advice."""
    out = console or Console(highlight=False)
    rank = model.knowledge.level_ranks[diagnosis.advice.level.id]
    style = LEVEL_STYLES[min(rank, len(LEVEL_STYLES) - 1)]
    for flag in diagnosis.red_flags:
        out.print(f"[bold red]Red flag:[/] {escape(flag.label)}. {escape(flag.says)}")
    level = diagnosis.advice.level
    if diagnosis.answers or diagnosis.red_flags:
        out.print(f"[{style}]{escape(level.label)}.[/] {escape(level.says)}\n")
    else:
        out.print(
            "Nothing answered yet: this is the starting point. `bayesnet model show` lists what can be answered.\n"
        )
    out.print(_causes(diagnosis))
    out.print(f"Unexplained by any of these: {in_words_and_percent(diagnosis.unexplained)}\n")
    _print_reasons(diagnosis, out)
    _print_advice(diagnosis, out)
    out.print(f"\n[dim]{escape(model.knowledge.disclaimer)}[/]")


def _causes(diagnosis: Diagnosis) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header, justify in (("cause", "left"), ("triggered it", "left"), ("", "left"), ("now", "right")):
        table.add_column(header, justify=justify)  # type: ignore[arg-type]
    table.add_column("before", justify="right")
    table.add_column("90% range", justify="right")
    for belief in diagnosis.beliefs:
        table.add_row(
            escape(belief.label),
            in_words(belief.triggered),
            Bar(1.0, 0.0, belief.triggered, width=20),
            in_percent(belief.triggered),
            in_percent(belief.prior),
            in_range(belief.interval),
        )
    return table


def _print_reasons(diagnosis: Diagnosis, out: Console) -> None:
    first = diagnosis.beliefs[0]
    if not diagnosis.answers:
        return
    why = diagnosis.explain(first.cause)
    out.print(f"Why {escape(within_sentence(first.label))}?")
    for title, weights in (("for", why.speaks_for), ("against", why.speaks_against)):
        for weight in weights[:SHOWN_REASONS]:
            out.print(f"  {title}: {escape(weight.sentence)}")
    if not why.speaks_for and not why.speaks_against:
        out.print("  No single answer matters much; it leads as it did before.")
    out.print()


def _print_advice(diagnosis: Diagnosis, out: Console) -> None:
    for item in diagnosis.advice:
        because = f" [dim]({escape(item.because)})[/]" if item.because else ""
        out.print(f"[bold]{escape(item.title)}[/] [dim]\\[{escape(item.level.label)}][/]{because}")
        for line in item.do:
            out.print(f"  - {escape(line)}")
        if item.caution:
            out.print(f"  ! {escape(item.caution)}")
    for because, titles in diagnosis.advice.not_now.items():
        out.print(f"[dim]Not now, because {escape(because)}: {escape('; '.join(titles))}[/]")


def overview(knowledge: Knowledge) -> dict[str, Any]:
    """A model's questions, causes and red flags as plain JSON values."""
    return {
        "id": knowledge.id,
        "title": knowledge.title,
        "version": knowledge.version,
        "population": knowledge.population,
        "limits": list(knowledge.limits),
        "questions": {
            q.id: {
                "ask": q.ask,
                "help": q.help,
                "units": q.units,
                "states": {s.id: s.means or s.label for s in q.states},
            }
            for q in knowledge.questions.values()
        },
        "causes": {c.id: {"label": c.label, "plain": c.plain, "note": c.note} for c in knowledge.causes.values()},
        "headings": {h.id: list(h.causes) for h in knowledge.headings.values()},
        "red_flags": {f.id: {"ask": f.ask, "level": f.level} for f in knowledge.red_flags.values()},
    }


def print_overview(knowledge: Knowledge) -> None:
    """A model's questions, causes and red flags as tables."""
    out = Console(highlight=False)
    out.print(
        f"[bold]{escape(knowledge.title)}[/], version {escape(knowledge.version)}\n{escape(knowledge.population)}\n"
    )
    for question in knowledge.questions.values():
        out.print(f"[bold]{question.id}[/]  {escape(question.ask)}")
        for state in question.states:
            out.print(f"    {state.id:<10} {escape(state.means or state.label)}")
    for flag in knowledge.red_flags.values():
        out.print(f"[bold red]{flag.id}[/]  {escape(flag.ask)} [dim](no, yes)[/]")
    out.print()
    for cause in knowledge.causes.values():
        out.print(f"[bold]{cause.id}[/]: {escape(cause.plain)}")
    for limit in knowledge.limits:
        out.print(f"[dim]- {escape(limit)}[/]")


def numbers_of(knowledge: Knowledge, variable: str) -> list[dict[str, Any]]:
    """Every number behind a variable, row by row, as plain JSON values. Raises UnknownVariable."""
    known = (*knowledge.questions, *knowledge.causes, knowledge.outcome.id)
    if variable not in known:
        raise UnknownVariable("variable", variable, known)
    return [
        {
            "table": table.id,
            "given": dict(row.given),
            "p": dict(row.p),
            "range": {state: list(span) for state, span in row.ranges.items()},
            "strength": row.strength,
            "basis": row.basis,
            "sources": list(row.sources),
        }
        for table in knowledge.tables_of(variable)
        for row in table.rows
    ]


def print_numbers(knowledge: Knowledge, variable: str) -> None:
    """Every number behind a variable, row by row, and the sources named."""
    out = Console(highlight=False)
    rows = numbers_of(knowledge, variable)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("given", "probability", "plausible", "strength", "basis"):
        table.add_column(header, overflow="fold")
    part = ""
    for row in rows:
        if row["table"] != part:
            part = row["table"]
            table.add_row(f"[bold]{part}[/]")
        p = row["p"]
        table.add_row(
            "  " + (", ".join(f"{k}={v}" for k, v in row["given"].items()) or "always"),
            f"{p['yes']:g}" if set(p) == {"no", "yes"} else ", ".join(f"{k} {v:g}" for k, v in p.items()),
            ", ".join(f"{low:g} to {high:g}" for low, high in row["range"].values()),
            f"{row['strength']:g}",
            row["basis"],
        )
    out.print(table)
    cited = dict.fromkeys(source for row in rows for source in row["sources"])
    for source in (knowledge.sources[name] for name in cited):
        out.print(f"[dim]{source.id}: {escape(source.cite)} [{source.read}][/]")
