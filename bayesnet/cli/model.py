"""`bayesnet model check|show|export`: what a model holds."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bayesnet.cli.arguments import JsonOption, ModelOption, complain, in_use, print_json
from bayesnet.diagnosis.model import load
from bayesnet.errors import BadModel
from bayesnet.inference.exchange import FORMATS, export

app = typer.Typer(help="Check, show and export a model.")


@app.command("check")
def model_check(
    path: Annotated[Path | None, typer.Argument(help="A model's folder; the shipped model by default.")] = None,
) -> None:
    """Read a model's files and list everything that is wrong with them."""
    try:
        knowledge = load(path).knowledge
    except BadModel as error:
        for problem in error.problems:
            complain(problem)
        sys.exit(2)
    numbers = sum(len(table.rows) for table in knowledge.tables.values())
    print(
        f"{knowledge.path}: good. {knowledge.title}, version {knowledge.version}: {len(knowledge.questions)} questions, "
        f"{len(knowledge.causes)} causes, {len(knowledge.red_flags)} red flags, {numbers} rows of numbers, "
        f"{len(knowledge.sources)} sources."
    )


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
