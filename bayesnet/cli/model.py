"""`bayesnet model check|show|export`: what a model holds."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bayesnet.cli.arguments import JsonOption, ModelOption, complain, in_use, print_json
from bayesnet.diagnosis.model import load
from bayesnet.diagnosis.words import how_many
from bayesnet.errors import BadModel, MissingExtra
from bayesnet.inference.exchange import FORMATS, export

app = typer.Typer(help="Check, show and export a model.")


@app.command("check")
def model_check(
    path: Annotated[Path | None, typer.Argument(help="A model's folder; the shipped model by default.")] = None,
) -> None:
    """Read a model's files, hold its advice to the laws of safety, and list everything that is wrong.

    Prints for every number with a range what share of its distribution lies there; a range is meant to hold 90 %.
    """
    from bayesnet.diagnosis.laws import check_laws
    from bayesnet.report.model_check import print_laws, print_shares, warnings_of

    try:
        knowledge = load(path).knowledge
    except BadModel as error:
        _end_with(error.problems)
    laws = check_laws(knowledge)
    if laws.broken:
        _end_with(laws.broken)
    try:
        warnings = warnings_of(knowledge)
        print_shares(knowledge)
    except MissingExtra as error:
        warnings = (str(error),)
    for warning in warnings:
        complain(warning)
    print_laws(laws)
    numbers = sum(len(table.rows) for table in knowledge.tables.values())
    print(
        f"{knowledge.path}: good. {knowledge.title}, version {knowledge.version}: {len(knowledge.questions)} questions, "
        f"{len(knowledge.causes)} causes, {len(knowledge.red_flags)} red flags, {len(knowledge.advice)} items of advice, "
        f"{numbers} rows of numbers, {len(knowledge.sources)} sources, {how_many(len(warnings), 'warning')}."
    )


def _end_with(problems: tuple[str, ...]) -> NoReturn:
    """Every problem in a line of its own, and exit code 2."""
    for problem in problems:
        complain(problem)
    sys.exit(2)


@app.command("show")
def model_show(
    variable: Annotated[str | None, typer.Argument(help="A question, cause or outcome: its numbers in full.")] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """The questions with their answers and the causes; or the numbers of one of them, with sources."""
    from bayesnet.report.models import numbers_of, overview, print_numbers, print_overview

    knowledge = in_use(model).knowledge
    if as_json:
        print_json(overview(knowledge) if variable is None else numbers_of(knowledge, variable))
    elif variable is None:
        print_overview(knowledge)
    else:
        print_numbers(knowledge, variable)


@app.command("export")
def model_export(
    format: Annotated[str, typer.Option("--format", "-f", help=", ".join(FORMATS))],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; MODEL.FORMAT by default.")] = None,
    model: ModelOption = None,
) -> None:
    """Write the network in an exchange format that other programs read."""
    loaded = in_use(model)
    path = output or Path(f"{loaded.knowledge.id}.{format}")
    export(loaded.tree.network, path, format)
    print(f"wrote {path}")
