"""One diagnosis as text for a terminal, drawn with rich."""

from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bayesnet.diagnosis.advice import AdviceItem
from bayesnet.diagnosis.diagnosis import Diagnosis
from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.words import in_percent, in_range, in_words, in_words_and_percent, within_sentence
from bayesnet.knowledge.schema import NONE_OF_THEM, WARNING_SIGNS

SHOWN_REASONS = 3
LEVEL_STYLES = ("green", "yellow", "red", "bold red")


def print_diagnosis(model: DiagnosticModel, diagnosis: Diagnosis, console: Console | None = None) -> None:
    """The level, red flags, what heads the page, the ranked causes with bars, reasons in brief for the first, the advice."""
    out = console or Console(highlight=False)
    rank = model.knowledge.level_ranks[diagnosis.advice.level.id]
    style = LEVEL_STYLES[min(rank, len(LEVEL_STYLES) - 1)]
    level = diagnosis.advice.level
    signs = [f"[bold red]Red flag:[/] {escape(flag.label)}. {escape(flag.says)}\n" for flag in diagnosis.red_flags]
    apart = "\n" if signs else " "  # what a sign calls for stands before what its level says
    out.print(f"[{style}]{escape(level.label)}.[/]{apart}{''.join(signs)}{escape(level.says)}")
    print_unasked(model, diagnosis, out)
    if not diagnosis.answers and not diagnosis.red_flags:
        out.print("No question is answered yet: this is the starting point. `bayesnet model show` lists the questions.")
    out.print()
    if diagnosis.advice.head is not None:
        _print_item(model, diagnosis.advice.head, out)
        out.print()
    if diagnosis.is_emergency:  # no cause is to be argued then; --json has it all
        for item in diagnosis.advice:
            _print_item(model, item, out)
    else:
        if diagnosis.leaves_out:
            out.print(f"[dim]{diagnosis.leaves_out}[/]")
        out.print(_causes(diagnosis))
        out.print(f"Unexplained by any of these: {in_words_and_percent(diagnosis.unexplained)}\n")
        _print_reasons(diagnosis, out)
        _print_advice(model, diagnosis, out)
    out.print(f"\n[dim]{escape(' '.join((model.knowledge.numbers_from, model.knowledge.disclaimer)).strip())}[/]")


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
    for weight in (*why.speaks_for[:SHOWN_REASONS], *why.speaks_against[:SHOWN_REASONS]):
        out.print(f"  {escape(weight.sentence)}")
    if not why.speaks_for and not why.speaks_against:
        out.print("  No single answer matters much; it leads as it did before.")
    odd = diagnosis.conflict()
    if odd.worth_saying:
        out.print(f"[yellow]{escape(odd.says)}[/]")
    out.print()


def _print_advice(model: DiagnosticModel, diagnosis: Diagnosis, out: Console) -> None:
    for item in diagnosis.advice:
        if item is not diagnosis.advice.head:
            _print_item(model, item, out)
    for because, titles in diagnosis.advice.not_now.items():
        out.print(f"[dim]Not now, because {escape(because)}: {escape('; '.join(titles))}[/]")


def _print_item(model: DiagnosticModel, item: AdviceItem, out: Console) -> None:
    """An item with its lines; the level is named where it is not the lowest."""
    because = f" [dim]({escape(item.because)})[/]" if item.because else ""
    level = f" [dim]\\[{escape(item.level.label)}][/]" if model.knowledge.level_ranks[item.level.id] > 0 else ""
    out.print(f"[bold]{escape(item.title)}[/]{level}{because}")
    for line in item.do:
        out.print(f"  - {escape(line)}")
    if item.caution:
        out.print(f"  ! {escape(item.caution)}")


def print_unasked(model: DiagnosticModel, diagnosis: Diagnosis, out: Console) -> None:
    """Which warning signs were not answered, and how they are; in an emergency none is asked any more."""
    still = [flag for flag in model.knowledge.red_flags.values() if flag.id not in diagnosis.asked_signs]
    if not still or diagnosis.is_emergency:
        return
    if diagnosis.warning_signs == "not asked":
        out.print(
            f"[bold red]Warning signs[/], not yet answered. `bayesnet interview` asks them in full; "
            f"{WARNING_SIGNS}={NONE_OF_THEM} says that none applies."
        )
    else:
        out.print("[bold red]Warning signs[/] that are not yet answered:")
    for flag in still:
        out.print(f"  {flag.id}: {escape(flag.label)}")
