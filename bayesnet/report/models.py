"""A model as text and as plain values: its questions, causes and numbers."""

from typing import Any

from rich.console import Console
from rich.markup import escape

from bayesnet.errors import UnknownVariable
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import NONE_OF_THEM, WARNING_SIGNS
from bayesnet.report.tables import plain_table


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
        "red_flags": {f.id: {"ask": f.question, "level": f.level} for f in knowledge.red_flags.values()},
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
        out.print(f"[bold red]{flag.id}[/]  {escape(flag.question)} [dim](no, yes)[/]")
    if knowledge.red_flags:
        out.print(f"[bold red]{WARNING_SIGNS}[/]  [dim]({NONE_OF_THEM}: no to all of these)[/]")
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
    table = plain_table("given", "probability", "plausible", "strength", "basis")
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
