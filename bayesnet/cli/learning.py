"""`bayesnet simulate`, `tune` and `evaluate`: many cases, and what the numbers learn from them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bayesnet.cli.arguments import DatabaseOption, ElicitedOption, JsonOption, complain, print_json
from bayesnet.cli.engines import AddressOption, Engine, JobsOption, OnErrorOption, OptionalEngine
from bayesnet.diagnosis.model import DiagnosticModel, load

app = typer.Typer()

CasesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[IN]...", help="Files (.csv, .csv.gz, .parquet), folders, globs or URIs; by default the case store."
    ),
]
AllSessions = Annotated[
    bool, typer.Option("--all-sessions", help="Every session was logged, quiet ones too, not just what happened.")
]
Strength = Annotated[
    float, typer.Option(min=0, help="Times the strength of what was known: below 1 it fades, 0 forgets it.")
]
Folds = Annotated[int, typer.Option(min=2, help="How many times a part of the cases is held out.")]


@app.command()
def simulate(
    n: Annotated[int, typer.Option("-n", min=0, help="How many cases.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cases.")] = 0,
    missing: Annotated[float, typer.Option(min=0, max=1, help="The share of answers left out.")] = 0.0,
    labelled: Annotated[
        float, typer.Option(min=0, max=1, help="The share of cases that say what they turned out to be.")
    ] = 1.0,
    quiet: Annotated[bool, typer.Option("--quiet-sessions", help="Sessions in which nothing happened, too.")] = False,
    redraw: Annotated[
        bool, typer.Option("--redraw", help="From another truth: every number drawn anew from its distribution.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv, .csv.gz or .parquet file.")] = Path(
        "simulated_cases.csv"
    ),
    model: ElicitedOption = None,
) -> None:
    """Make up cases from a model. They say that they are simulated."""
    from bayesnet.learning.cases.files import write_cases
    from bayesnet.learning.simulation import redrawn
    from bayesnet.learning.simulation import simulate as simulated

    loaded = load(model)
    truth = redrawn(loaded, seed) if redraw else loaded
    write_cases(simulated(truth, n, seed, missing, labelled, quiet), output, loaded.knowledge)
    print(f"wrote {n:,} simulated cases to {output}")


@app.command()
def tune(
    paths: CasesArgument = None,
    all_sessions: AllSessions = False,
    strength: Strength = 1.0,
    starts: Annotated[int, typer.Option(min=1, max=100, help="From how many starts to learn.")] = 3,
    iterations: Annotated[int, typer.Option(min=1, help="At most so many iterations each.")] = 1000,
    evaluated: Annotated[bool, typer.Option("--evaluate/--no-evaluate", help="Score it on held-out cases.")] = True,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A new folder for the tuned model.")] = None,
    engine: OptionalEngine = None,
    address: AddressOption = None,
    jobs: JobsOption = None,
    on_error: OnErrorOption = "stop",
    database: DatabaseOption = None,
    model: ElicitedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sharpen a model's numbers with cases. The result is kept as a version that can be compared and adopted.

    Ctrl-C ends the learning and keeps what was reached. Files of any number and size are counted by an engine. Cases of
    the store are always learned from the numbers of the shipped model (or --model), all of them; to add new ones to a
    tuned model, give it as --model with a file of just these.
    """
    from bayesnet.learning.model_files import check_new
    from bayesnet.learning.store import CaseStore
    from bayesnet.learning.tuning import tune as learn
    from bayesnet.learning.versions import tuned_version
    from bayesnet.report.learning import print_tuned, shown_progress, tuned_values

    if output is not None:
        check_new(output)
    loaded = load(model)
    patterns = _patterns(loaded, paths, database, Engine(engine, address, jobs, on_error))
    with shown_progress("learning", iterations) as step:
        tuned = learn(loaded, patterns, not all_sessions, strength, starts=starts, iterations=iterations, watch=step)
    evaluated = evaluated and _scored(tuned)
    kept = ""
    if tuned.model is not loaded and output is None:
        with CaseStore(database) as store:
            version = tuned_version(tuned, evaluated)
            store.add_version(version)
            kept = version.version
    if output is not None:
        tuned.save(output, scores=evaluated)
    print_json(tuned_values(tuned, kept, evaluated)) if as_json else print_tuned(tuned, kept, output, evaluated)


def _scored(tuned: Any) -> bool:
    """Scores a tuned model on held-out cases; False where Ctrl-C ended that, and what was learned is kept without."""
    from bayesnet.learning.evaluation import FOLDS
    from bayesnet.report.learning import shown_progress

    try:
        with shown_progress("scoring it on held-out cases", FOLDS) as step:
            tuned.score(step)
    except KeyboardInterrupt:
        complain("scoring was interrupted; what was learned is kept without scores")
        return False
    return True


@app.command()
def evaluate(
    paths: CasesArgument = None,
    all_sessions: AllSessions = False,
    strength: Strength = 1.0,
    folds: Folds = 5,
    engine: OptionalEngine = None,
    address: AddressOption = None,
    jobs: JobsOption = None,
    on_error: OnErrorOption = "stop",
    database: DatabaseOption = None,
    model: ElicitedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Is tuning with these cases worth it? Before against tuned, on cases that tuning did not see."""
    from bayesnet.learning.evaluation import evaluate as score
    from bayesnet.report.learning import evaluation_values, print_evaluation, shown_progress

    loaded = load(model)
    patterns = _patterns(loaded, paths, database, Engine(engine, address, jobs, on_error))
    with shown_progress("folds", folds) as step:
        found = score(loaded, patterns, not all_sessions, strength, folds=folds, watch=step)
    print_json(evaluation_values(found)) if as_json else print_evaluation(found)


def _patterns(model: DiagnosticModel, paths: list[str] | None, database: str | None, engine: Engine) -> Any:
    """The cases of files or of the store, as distinct patterns.

    A single file is read with care, and the same case_id twice is one case, unless an engine is asked for.
    """
    from bayesnet.learning.given import as_patterns
    from bayesnet.learning.store import CaseStore

    if not paths:
        engine.refuse()
        with CaseStore(database) as store:
            return as_patterns(model.knowledge, store)
    if engine.is_default and len(paths) == 1 and Path(paths[0]).is_file():
        return as_patterns(model.knowledge, paths[0])
    from bayesnet.learning.scale import count_cases
    from bayesnet.report.scale import shown_parts

    with engine.opened() as run, shown_parts("counting") as watch:
        return count_cases(paths, run, model, on_error=engine.on_error, watch=watch)
