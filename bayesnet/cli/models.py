"""`bayesnet models list|diff|export|adopt|rollback`: versions of the numbers, and which of them is in use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayesnet.cli.arguments import DatabaseOption, ElicitedOption, JsonOption, complain_of_adopted, print_json
from bayesnet.diagnosis.model import DiagnosticModel, load
from bayesnet.errors import BadEvidence

if TYPE_CHECKING:
    from bayesnet.learning.store import ModelVersion

app = typer.Typer(help="Versions of a model's numbers: list, compare, export, adopt and roll back.")


@app.command("list")
def list_versions(database: DatabaseOption = None, model: ElicitedOption = None, as_json: JsonOption = False) -> None:
    """Every version with its parent, its cases and its scores, the newest first, and which one is in use."""
    from bayesnet.learning.store import CaseStore
    from bayesnet.learning.versions import made_under
    from bayesnet.report.learning import print_versions, version_values

    shipped = load(model)
    with CaseStore(database) as store:
        versions, adopted = store.versions(shipped.knowledge.id), store.adopted(shipped.knowledge.id)
    in_use = adopted.version if adopted else "shipped"
    under = {"shipped": shipped.knowledge.version} | {each.version: made_under(each) for each in versions}
    print_json(version_values(versions, in_use, under)) if as_json else print_versions(versions, in_use, under)
    _complain_of_misfit(shipped, adopted)


@app.command("diff")
def diff(
    after: Annotated[str, typer.Argument(help='A version, "shipped", or a folder.')],
    before: Annotated[
        str, typer.Option("--before", help='What to compare with: a version, "shipped", or a folder.')
    ] = "shipped",
    every: Annotated[bool, typer.Option("--all", help="Numbers that are the same, too.")] = False,
    database: DatabaseOption = None,
    model: ElicitedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Number by number: before, after, how sure, and how many cases are behind it."""
    from bayesnet.learning.differences import differences
    from bayesnet.report.learning import difference_values, print_differences

    shipped = load(model)
    sides = [_named(shipped, name, database).knowledge for name in (before, after)]
    found = [number for number in differences(*sides) if every or number.has_changed]
    print_json(difference_values(found)) if as_json else print_differences(found)


@app.command("export")
def export_version(
    version: Annotated[str, typer.Argument(help='A version of `bayesnet models list`, or "shipped".')],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for its files.")],
    database: DatabaseOption = None,
    model: ElicitedOption = None,
) -> None:
    """Write a version as a folder of model files, whole or not at all; --model FOLDER uses it."""
    from bayesnet.learning.model_files import save_model

    folder = save_model(_named(load(model), version, database).knowledge, output)
    print(f"wrote {folder}; use it with --model")


@app.command("adopt")
def adopt(
    version: Annotated[str, typer.Argument(help='A version of `bayesnet models list`, or "shipped".')],
    force: Annotated[bool, typer.Option("--force", help="Even if it was not shown to be better.")] = False,
    database: DatabaseOption = None,
    model: ElicitedOption = None,
) -> None:
    """Use this version from now on, in the shell and the dashboard."""
    from bayesnet.learning.store import CaseStore
    from bayesnet.learning.versions import adopt as put_into_use

    with CaseStore(database) as store:
        put_into_use(store, load(model), version, force)
    print(f"{version} is in use; `bayesnet models rollback` goes back")


@app.command("rollback")
def rollback(database: DatabaseOption = None, model: ElicitedOption = None) -> None:
    """Go back to what was in use before."""
    from bayesnet.learning.store import CaseStore

    shipped = load(model)
    with CaseStore(database) as store:
        now = store.rollback(shipped.knowledge.id)
    print(f"{now.version if now else 'the shipped model'} is in use")
    _complain_of_misfit(shipped, now)


def _complain_of_misfit(shipped: DiagnosticModel, adopted: "ModelVersion | None") -> None:
    """Says so where the version in use was made under another version of the model, so that the shipped model answers."""
    from bayesnet.learning.versions import made_under, misfit

    problem = adopted and misfit(adopted.version, made_under(adopted), shipped.knowledge)
    if problem:
        complain_of_adopted(problem)


def _named(shipped: DiagnosticModel, name: str, database: str | None) -> DiagnosticModel:
    """The model that a name stands for: "shipped", a folder, or a version in the store."""
    from bayesnet.learning.store import CaseStore
    from bayesnet.learning.versions import SHIPPED, model_named

    if not name.strip():
        raise BadEvidence('name a version, a folder, or "shipped"')
    if name == SHIPPED:
        return shipped
    if Path(name).is_dir():
        return load(name)
    with CaseStore(database) as store:
        return model_named(store, shipped, name)
