"""`bayesnet score`: what the model says of any number of cases."""

from pathlib import Path
from typing import Annotated

import typer

from bayesnet.cli.arguments import JsonOption, ModelOption, complain, in_use, print_json
from bayesnet.cli.engines import AddressOption, Engine, EngineOption, JobsOption, OnErrorOption

app = typer.Typer()


@app.command()
def score(
    paths: Annotated[
        list[str], typer.Argument(metavar="IN...", help="Files (.csv, .csv.gz, .parquet), folders, globs or URIs.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder for the scores, new or empty.")],
    engine: EngineOption = "local",
    address: AddressOption = None,
    jobs: JobsOption = None,
    on_error: OnErrorOption = "stop",
    resume: Annotated[
        bool, typer.Option("--resume", help="Do only what an interrupted run into the same folder left undone.")
    ] = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score any number of cases: P(triggered) of each cause, the first cause and the level of advice, as Parquet.

    A manifest.json beside the scores says what they were made from. Ctrl-C leaves whole parts, and --resume goes on.
    """
    from bayesnet.learning.scale import score_cases
    from bayesnet.report.scale import manifest_values, print_manifest, shown_parts

    asked, loaded = Engine(engine, address, jobs, on_error), in_use(model)
    try:
        with asked.opened() as run, shown_parts("scoring") as watch:
            made = score_cases(loaded, paths, output, run, on_error=asked.on_error, resume=resume, watch=watch)
    except KeyboardInterrupt:
        complain(f"interrupted; the parts in {output} are whole, and --resume goes on from them")
        raise typer.Exit(130) from None
    if made.skips and as_json:
        complain(f"rows left out: {made.skipped:,}, files: {made.unread:,}; {output}/manifest.json says why")
    print_json(manifest_values(made)) if as_json else print_manifest(made, output)
    if made.skips and not made.scored:
        complain("nothing was scored")
        raise typer.Exit(1)
