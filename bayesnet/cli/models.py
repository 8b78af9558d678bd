"""`bayesnet models list|diff|adopt|rollback`: versions of the numbers, and which of them is in use."""

from pathlib import Path
from typing import Annotated

import typer

from bayesnet.cli.arguments import DatabaseOption, ElicitedOption, JsonOption, print_json
from bayesnet.diagnosis.model import DiagnosticModel, load
from bayesnet.errors import BadEvidence

app = typer.Typer(help="Versions of a model's numbers: list, compare, adopt and roll back.")


@app.command("list")
def list_versions(database: DatabaseOption = None, model: ElicitedOption = None, as_json: JsonOption = False) -> None:
    """Every version with its parent, its cases and its scores, the newest first, and which one is in use."""
    from bayesnet.learning.store import CaseStore
    from bayesnet.report.learning import print_versions, version_values

    name = load(model).knowledge.id
    with CaseStore(database) as store:
        versions, adopted = store.versions(name), store.adopted(name)
    in_use = adopted.version if adopted else "shipped"
    print_json(version_values(versions, in_use)) if as_json else print_versions(versions, in_use)


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

    with CaseStore(database) as store:
        now = store.rollback(load(model).knowledge.id)
    print(f"{now.version if now else 'the shipped model'} is in use")


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
