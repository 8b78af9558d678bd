"""`bayesnet cases import|export|label|count|delete`: what was logged, and where it is kept."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bayesnet.cli.arguments import DatabaseOption, JsonOption, ModelOption, complain, print_json
from bayesnet.diagnosis.model import load
from bayesnet.diagnosis.words import how_many
from bayesnet.errors import BadCases, BadEvidence

app = typer.Typer(help="Collected cases: import, export, label, count and delete them.")


@app.command("import")
def import_cases(
    path: Annotated[Path, typer.Argument(help="A .csv, .csv.gz or .parquet file.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Store the good rows; write the bad ones to a file beside.")
    ] = False,
    database: DatabaseOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every row of a file and store its cases: all of them, or none if a single one is bad.

    The columns are those of `bayesnet cases columns`. A case that is stored already is left as it is.
    """
    from bayesnet.learning.cases.files import read_cases, write_bad_rows
    from bayesnet.learning.store import CaseStore
    from bayesnet.report.learning import print_bad_rows, shown_work

    knowledge = load(model).knowledge
    with shown_work(f"checking {path}"):
        checked = read_cases(path, knowledge)
    if checked.bad and not skip_bad:
        print_bad_rows(checked)
        raise BadCases([f"{path}: {len(checked.bad_rows):,} bad rows, nothing is stored; --skip-bad stores the others"])
    with CaseStore(database) as store, shown_work(f"storing {len(checked.good):,} cases"):
        added = store.add(checked.good, knowledge)
        where = store.where
    beside = path.with_name(f"{path.name.removesuffix('.gz').rsplit('.', 1)[0]}.bad{''.join(path.suffixes[-1:])}")
    if checked.bad:
        write_bad_rows(beside, path, checked, knowledge)
        complain(f"{len(checked.bad_rows):,} bad rows are left out; they are in {beside}, each with its problem")
    if as_json:
        print_json({"new": added.new, "known": added.known + checked.repeated, "bad": len(checked.bad_rows)})
    else:
        print(f"{added.new:,} new cases, {added.known + checked.repeated:,} known already, in {where}")


@app.command("export")
def export_cases(
    path: Annotated[Path, typer.Argument(help="A .csv, .csv.gz or .parquet file.")],
    case: Annotated[list[str] | None, typer.Option("--case", help="Only this case; may be repeated.")] = None,
    database: DatabaseOption = None,
    model: ModelOption = None,
) -> None:
    """Write all cases, or some, to a file that can be imported again."""
    from bayesnet.learning.cases.files import write_cases
    from bayesnet.learning.store import CaseStore, left_out
    from bayesnet.report.learning import shown_work

    knowledge = load(model).knowledge
    unknown: Counter[str] = Counter()
    with CaseStore(database) as store, shown_work(f"writing {path}"):
        if case:
            table = store.table(knowledge, case)
            missing = sorted(set(case) - set(table["case_id"]))
            if missing:
                raise BadCases([f"the case store {store.where} has no case {name!r}" for name in missing])
            write_cases(table, path, knowledge)
            unknown.update(left_out(table))
            print(f"wrote {len(table):,} cases to {path}")
        else:
            rows = store.rows(knowledge.id)
            write_cases(_noting(store.batches(knowledge), unknown) if rows else store.table(knowledge), path, knowledge)
            print(f"wrote {rows:,} cases to {path}")
    for name, n in unknown.items():
        complain(
            f"left out, as the model does not know it, or asks it otherwise today: {name}, of {how_many(n, 'case')}"
        )


def _noting(tables: Iterable[Any], missing: "Counter[str]") -> Iterator[Any]:
    """The same tables; what they lack is added up."""
    from bayesnet.learning.store import left_out

    for table in tables:
        missing.update(left_out(table))
        yield table


@app.command("columns")
def show_columns(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """What a file of cases may hold: every column, what it means and what it takes."""
    from bayesnet.learning.cases.table import case_columns
    from bayesnet.report.learning import print_columns

    columns = case_columns(load(model).knowledge)
    if as_json:
        print_json({c.name: {"means": c.means, "takes": c.takes, "empty": c.empty} for c in columns})
    else:
        print_columns(columns)


@app.command("label")
def label_case(
    case_id: Annotated[str, typer.Argument(help="The case.")],
    triggered: Annotated[
        list[str] | None, typer.Option(help="A cause or heading that triggered it; repeatable.")
    ] = None,
    ruled_out: Annotated[list[str] | None, typer.Option(help="One that did not; repeatable.")] = None,
    certainty: Annotated[float, typer.Option(help="1 = a clinician is sure ... 0.5 = a guess.")] = 1.0,
    database: DatabaseOption = None,
    model: ModelOption = None,
) -> None:
    """Note later what a case turned out to be."""
    from bayesnet.learning.cases.table import cases_table
    from bayesnet.learning.labels import split_labels
    from bayesnet.learning.store import CaseStore

    knowledge = load(model).knowledge
    said = {"triggered": ";".join(triggered or ()), "ruled_out": ";".join(ruled_out or ()), "certainty": certainty}
    (row,) = cases_table(knowledge, [said]).to_dict("records")
    with CaseStore(database) as store:
        store.label(case_id, split_labels(row["triggered"]), split_labels(row["ruled_out"]), float(row["certainty"]))
    print(f"noted for case {case_id}")


@app.command("count")
def count_cases(database: DatabaseOption = None, model: ModelOption = None, as_json: JsonOption = False) -> None:
    """How many cases are stored, by origin."""
    from bayesnet.learning.store import CaseStore

    knowledge = load(model).knowledge
    with CaseStore(database) as store:
        counts, where = store.count(knowledge.id), store.where
    if as_json:
        print_json(counts)
    else:
        listed = ", ".join(f"{n:,} {origin}" for origin, n in counts.items())
        print(f"{sum(counts.values()):,} cases in {where}" + (f": {listed}" if listed else ""))


@app.command("delete")
def delete_cases(
    case_ids: Annotated[list[str] | None, typer.Argument(metavar="CASE_ID...", help="The cases to delete.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Delete all cases of the model.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: DatabaseOption = None,
    model: ModelOption = None,
) -> None:
    """Delete cases for good. Numbers that were learned from them stay as they are."""
    from bayesnet.learning.store import CaseStore

    if bool(case_ids) == every:
        raise BadEvidence("name the cases to delete, or say --all, and not both")
    knowledge = load(model).knowledge
    with CaseStore(database) as store:
        if every and not yes:
            typer.confirm(f"Delete all {store.rows(knowledge.id):,} cases in {store.where}?", abort=True, err=True)
        if case_ids:
            missing = sorted(set(case_ids) - set(store.table(knowledge, case_ids)["case_id"]))
            if missing:
                raise BadCases(
                    [f"the case store {store.where} has no case {name!r}; nothing is deleted" for name in missing]
                )
        deleted = store.delete_all(knowledge.id) if every else store.delete(case_ids or [])
    print(f"deleted {deleted:,} cases")
