"""A case store that a program with version 1.0 of the model made, opened by this one: nothing is lost unsaid."""

import itertools
import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select
from stores import ENGINES, empty_database, first_edition, random_cases
from test_case_store import grouped, in_any_order
from test_case_store_faults import CUT_SHORT, engine_of, execute, in_processes, tables, told

import bayesnet
from bayesnet import BadCases, BadModel, DiagnosticModel, tune
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Renamed
from bayesnet.learning.cases.files import read_cases, write_cases
from bayesnet.learning.cases.table import cases_table
from bayesnet.learning.differences import differences
from bayesnet.learning.given import as_patterns
from bayesnet.learning.model_files import save_model
from bayesnet.learning.store import Added, CaseStore, left_out, schema
from bayesnet.learning.versions import (
    Edit,
    adopt,
    adopted_model,
    edited,
    edited_version,
    made_under,
    model_named,
    model_of,
)

LOST = {"tingling_weakness=yes", "pain_persists=no", "exertional_ache=yes", "exertional_ache=no"}
"""What version 2.0 has no single state for."""
NOT_LEARNED = LOST | {"tingling_weakness=no", "pain_persists=yes"}
"""And what of the same questions is left, which would be no fair sample."""
RENAMED = {"pain_persists=yes": "easing=lasting"}

Case = dict[str, object]


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from empty_database(request.param, tmp_path)


@pytest.fixture
def made(url: str) -> list[Case]:
    """The cases as the old program stored them; `url` then holds its store."""
    with closing(first_edition(url)) as old:
        old.row_factory = sqlite3.Row
        rows = [dict(row) for row in old.execute("SELECT * FROM cases ORDER BY recorded_at, case_id")]
    return [{**row, "answers": {f"{q}={s}" for q, s in json.loads(row["answers"]).items()}} for row in rows]


@pytest.fixture
def store(url: str, made: list[Case]) -> Iterator[CaseStore]:
    """The old program's store, opened by this one."""
    with CaseStore(url) as opened:
        yield opened


@pytest.fixture
def k(model: DiagnosticModel) -> Knowledge:
    return model.knowledge


def answers_of(row: "pd.Series[object]", k: Knowledge) -> set[str]:
    return {f"{name}={row[name]}" for name in k.questions if isinstance(row[name], str)}


def lost(made: list[Case], names: set[str]) -> dict[str, int]:
    """How many cases lose each of these answers."""
    counts: Counter[str] = Counter()
    for case in made:
        counts.update(dict.fromkeys(case["answers"] & names, case["count"]))
    return dict(sorted(counts.items()))


def columns(store: CaseStore) -> dict[str, str]:
    """{case_id: the version under which it is kept}"""
    asked = select(schema.cases.c.case_id, schema.cases.c.model_version)
    return dict(store._database.read(lambda connection: connection.execute(asked).all()))


# ---- cases


def test_every_case_is_there_with_what_still_exists(store: CaseStore, k: Knowledge, made: list[Case]) -> None:
    found = store.table(k)
    assert len(made) == 40
    assert {name for case in made for name in case["answers"]} >= LOST | set(RENAMED)
    for (_, row), case in zip(found.iterrows(), made, strict=True):
        assert answers_of(row, k) == {RENAMED.get(name, name) for name in case["answers"] - LOST}
        kept = (row["case_id"], row["origin"], row["cramp"], row["triggered"], row["ruled_out"], row["certainty"])
        assert kept == tuple(
            case[name] for name in ("case_id", "origin", "outcome", "triggered", "ruled_out", "certainty")
        )
        assert (row["count"], row["recorded_at"].value // 1000) == (case["count"], case["recorded_at"])
    assert store.count(k.id) == {"dashboard": 1, "import": 18, "simulated": 30}


def test_what_is_lost_is_told(store: CaseStore, k: Knowledge, made: list[Case]) -> None:
    assert left_out(store.table(k)) == lost(made, LOST)
    assert left_out(store.table(k, ["all yes"])) == {"exertional_ache=yes": 1, "tingling_weakness=yes": 1}
    assert left_out(store.table(k, ["reps alone"])) == {}
    every: Counter[str] = Counter()
    for batch in store.batches(k, 7):
        every.update(left_out(batch))
    assert every == lost(made, LOST)


def test_nothing_is_learned_from_what_is_left_of_a_question(store: CaseStore, k: Knowledge, made: list[Case]) -> None:
    """Of tingling, "yes" became two states and is lost: were "no" kept, it would look as if no leg ever tingled."""
    patterns = store.patterns(k)
    assert left_out(patterns) == lost(made, NOT_LEARNED)
    for question in ("tingling_weakness", "easing", "exertional_ache", "leg_pain"):
        assert patterns[question].isna().all()
    assert as_patterns(k, store).left_out == lost(made, NOT_LEARNED)
    without = store.table(k)
    without[["tingling_weakness", "easing"]] = None
    assert in_any_order(patterns) == in_any_order(grouped(without.astype(patterns.dtypes[list(k.questions)])))


def test_patterns_that_became_equal_are_one(store: CaseStore, k: Knowledge) -> None:
    """Five cases differ only in what is lost, and one logged today is like them."""
    store.add(cases_table(k, [{"case_id": "today", "rep_scheme": "moderate"}]), k)
    patterns = store.patterns(k)
    answered = patterns[list(k.questions)].notna().sum(axis=1)
    alone = patterns[(patterns["rep_scheme"] == "moderate") & (answered == 1)]
    assert alone[alone["triggered"] == ""]["count"].tolist() == [1 + 4 + 5 + 1 + 2 + 1]


def test_a_question_of_today_is_learned_from_with_its_whole_answers(store: CaseStore, k: Knowledge) -> None:
    answers = [{"tingling_weakness": state, "exertional_ache": "yes"} for state in ("no", "tingling", "weakness")]
    store.add(cases_table(k, answers), k)
    patterns = store.patterns(k)
    assert patterns["tingling_weakness"].value_counts().to_dict() == {"no": 1, "tingling": 1, "weakness": 1}
    assert (patterns["exertional_ache"] == "yes").sum() == 3


def test_tuning_says_what_it_leaves_out(store: CaseStore, model: DiagnosticModel, made: list[Case]) -> None:
    tuned = tune(model, store, ascertained=False, starts=1, iterations=2)
    (said,) = [remark for remark in tuned.remarks if remark.startswith("Left out")]
    for name, n in lost(made, NOT_LEARNED).items():
        assert f"{name} ({n})" in said


def test_states_that_became_one_are_one_pattern_though_nothing_is_lost(store: CaseStore, k: Knowledge) -> None:
    fewer = Renamed(before="3.0", was="rep_scheme", now="rep_scheme", states={"moderate": ("high",), "low": ("high",)})
    later = replace(k, version="3.0", renamed=(*k.renamed, fewer))
    for name, reps in (("a", "low"), ("b", "high")):
        store.add(cases_table(k, [{"case_id": name, "rep_scheme": reps, "heat": "hot_humid"}]), k)
    patterns = store.patterns(later)
    assert set(patterns["rep_scheme"].dropna()) == {"high"}
    answered = patterns[list(k.questions)].notna().sum(axis=1)
    assert patterns[(patterns["heat"] == "hot_humid") & (answered == 2)]["count"].tolist() == [2]


# ---- the version that is noted


def test_new_cases_note_their_version_and_old_ones_none(store: CaseStore, k: Knowledge, made: list[Case]) -> None:
    first = bayesnet.load(Path(__file__).parent / "first_edition").knowledge
    row = [{"exertional_ache": "yes"}]
    store.add(cases_table(k, row).assign(case_id="today"), k)
    store.add(cases_table(k, row).assign(case_id="by its id"), k.id)
    store.add(cases_table(first, row).assign(case_id="of the first edition"), k)
    store.add(plain(k, "by hand"), k)
    store.add(plain(k, "by hand, by its id"), k.id)
    store.add(store.table(k, ["today"]).assign(case_id="copied"), k.id)
    assert columns(store) == dict.fromkeys((case["case_id"] for case in made), "") | {
        "today": "2.0",
        "by its id": "2.0",
        "of the first edition": "1.0",
        "by hand": "2.0",
        "by hand, by its id": "",
        "copied": "2.0",
    }
    assert left_out(store.table(k, ["today", "by its id", "copied"])) == {}
    assert left_out(store.table(k, ["of the first edition"])) == {"exertional_ache=yes": 1}


def plain(k: Knowledge, name: str) -> pd.DataFrame:
    """A case table that notes no version, as one made by hand."""
    table = random_cases(k, 1).assign(case_id=name)
    table.attrs.clear()
    return table


def test_a_program_of_the_schema_before_goes_on_writing(url: str, store: CaseStore, k: Knowledge) -> None:
    names = ", ".join(f'"{column.name}"' for column in schema.cases.columns if column.name != "model_version")
    values = """'late', 'squat_cramp', 0, 'import', 'yes', '{"pain_persists":"yes"}', '', '', 1, 1"""
    execute(url, f"INSERT INTO cases ({names}) VALUES ({values})")
    assert columns(store)["late"] == ""
    assert store.table(k, ["late"])["easing"].tolist() == ["lasting"]


def test_a_case_that_was_exported_and_is_read_again_is_the_same_case(
    store: CaseStore, k: Knowledge, tmp_path: Path, made: list[Case]
) -> None:
    write_cases(store.batches(k), tmp_path / "all.csv", k)
    again = read_cases(tmp_path / "all.csv", k).table()
    assert store.add(again, k) == Added(new=0, known=40)
    assert set(columns(store).values()) == {""}
    for name, other, said in (
        ("lasting", {"easing": "days"}, "easing is lasting, given days"),
        ("easing", {"easing": "days"}, "easing is unanswered, given days"),
        ("all no", {"count": 2}, "count is 3, given 2"),
    ):
        changed = cases_table(k, [{**again.set_index("case_id").loc[name].dropna(), "case_id": name, **other}])
        with pytest.raises(BadCases, match=said):
            store.add(changed, k)


def test_a_model_may_be_older_than_a_case(store: CaseStore, k: Knowledge) -> None:
    """A model of version 1.0, from a folder, knows nothing of what came later, and says so."""
    first = bayesnet.load(Path(__file__).parent / "first_edition").knowledge
    store.add(cases_table(k, [{"case_id": "new", "easing": "lasting", "felt_tear": "yes"}]), k)
    assert left_out(store.table(first)) == {"easing=lasting": 1}
    assert store.table(first, ["all yes"])["pain_persists"].tolist() == ["yes"]
    assert as_patterns(first, store).cases == 50


# ---- versions


def test_a_version_of_before_is_listed_and_compared(store: CaseStore, model: DiagnosticModel) -> None:
    (version,) = store.versions("squat_cramp")
    assert made_under(version) == "1.0"
    old = model_of(version)
    assert old.knowledge.provenance.cases == 200
    dehydrated = Edit("cramp/dehydration", (("dehydration", "yes"),), {"yes": 0.3}, 25)
    changed = edited_version(edited(old, [dehydrated]))
    store.add_version(changed)
    assert made_under(changed) == "1.0"
    found = [n for n in differences(old.knowledge, model_of(store.version(changed.version)).knowledge) if n.has_changed]
    assert [(n.table, n.after) for n in found] == [("cramp/dehydration", 0.3)]
    with pytest.raises(BadModel, match=r"squat_cramp 1\.0 and squat_cramp 2\.0 differ in more than their numbers"):
        differences(old.knowledge, model.knowledge)


def test_it_is_exported_as_a_folder_that_answers_and_learns(
    store: CaseStore, model: DiagnosticModel, tmp_path: Path
) -> None:
    (version,) = store.versions("squat_cramp")
    folder = save_model(model_named(store, model, version.version).knowledge, tmp_path / "old")
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == version.files
    old = bayesnet.load(folder)
    assert (
        old.diagnose({"pain_persists": "yes"}).beliefs == model_of(version).diagnose({"pain_persists": "yes"}).beliefs
    )
    again = tune(old, [{"pain_persists": "yes", "triggered": "muscle_strain"}], starts=1, iterations=2)
    assert again.model.knowledge.version == "1.0"
    assert again.model.knowledge.provenance.parent == version.version


def test_a_file_that_no_model_has_is_not_written(store: CaseStore, model: DiagnosticModel, tmp_path: Path) -> None:
    (version,) = store.versions("squat_cramp")
    strange = replace(version, version="strange", files={**version.files, "../../beside": "x"})
    with pytest.raises(bayesnet.BadFile, match="is no file of a model"):
        save_model(model_of(strange).knowledge, tmp_path / "a" / "b")
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize("force", [False, True])
def test_it_is_not_put_into_use_and_one_line_says_why(store: CaseStore, model: DiagnosticModel, force: bool) -> None:
    (version,) = store.versions("squat_cramp")
    store.adopt("squat_cramp", None)
    said = (
        f"{version.version} was made under version 1.0 of squat_cramp, and the program has 2.0: its numbers do not fit. "
        f"`bayesnet models export {version.version} -o FOLDER` writes a folder that --model FOLDER still uses"
    )
    assert told(lambda: adopt(store, model, version.version, force), kind=BadModel) == said
    assert store.adopted_name("squat_cramp") is None


def test_in_use_already_it_does_not_answer_and_is_rolled_back(store: CaseStore, model: DiagnosticModel) -> None:
    (version,) = store.versions("squat_cramp")
    assert store.adopted_name("squat_cramp") == version.version
    told(lambda: adopted_model(store, model), kind=BadModel, about="was made under version 1.0")
    assert store.rollback("squat_cramp") is None
    assert adopted_model(store, model) is model


def test_a_version_of_today_takes_its_place(store: CaseStore, model: DiagnosticModel) -> None:
    dehydrated = Edit("cramp/dehydration", (("dehydration", "yes"),), {"yes": 0.3}, 25)
    version = edited_version(edited(model, [dehydrated]))
    store.add_version(version)
    adopt(store, model, version.version)
    assert adopted_model(store, model).knowledge.provenance.version == version.version
    assert store.rollback("squat_cramp").version != version.version


@pytest.mark.parametrize("text", ["", "version = ", "[question]\nversion = '1.0'\n", "a = " + "[" * 5000])
def test_a_version_whose_files_are_damaged_names_no_model(store: CaseStore, text: str) -> None:
    (version,) = store.versions("squat_cramp")
    assert made_under(replace(version, files={"model.toml": text})) == ""
    assert made_under(replace(version, files={})) == ""


# ---- the migration


def revision(url: str) -> str:
    engine = engine_of(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT version_num FROM {schema.VERSION_TABLE}").scalar_one()
    engine.dispose()
    return str(found)


def test_the_tables_become_those_that_the_code_uses(url: str, store: CaseStore) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert revision(url) == schema.HEAD
    engine = engine_of(url)
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata) == []
    engine.dispose()


def test_killed_at_any_moment_it_leaves_the_store_as_it_was(url: str, k: Knowledge, made: list[Case]) -> None:
    def killed_after(statements: int) -> bool:
        done = subprocess.run([sys.executable, "-c", CUT_SHORT, url, str(statements)], check=False)
        assert done.returncode in {0, -signal.SIGKILL}
        assert revision(url) == ("0001" if done.returncode else schema.HEAD)
        return done.returncode != 0

    kills = list(itertools.takewhile(killed_after, itertools.count()))
    assert len(kills) >= 2  # at the new column, and at noting the revision; then it was left to finish
    with CaseStore(url) as store:
        assert store.rows(k.id) == 40
        assert set(columns(store).values()) == {""}


def test_a_step_that_fails_leaves_the_store_as_it_was(
    url: str, k: Knowledge, made: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    add = op.add_column

    def fail(*arguments: object) -> None:
        add(*arguments)
        op.execute("SELECT nonsense")

    monkeypatch.setattr(op, "add_column", fail)
    told(lambda: CaseStore(url), about="nonsense")
    assert revision(url) == "0001"
    monkeypatch.undo()
    with CaseStore(url) as store:
        assert store.rows(k.id) == 40


def test_many_processes_upgrade_it_at_once(url: str, k: Knowledge, made: list[Case]) -> None:
    def start(number: int) -> None:
        with CaseStore(url) as store:
            store.add(random_cases(k, 1, seed=number), k)

    assert in_processes(6, start) == [0] * 6
    with CaseStore(url) as store:
        assert store.rows(k.id) == 46
        assert Counter(columns(store).values()) == {"": 40, "2.0": 6}


def test_a_store_of_a_newer_program_is_refused_and_left_alone(url: str, store: CaseStore) -> None:
    before = tables(url)
    execute(url, f"UPDATE {schema.VERSION_TABLE} SET version_num = '0999'")
    assert "schema 0999; this one knows 0002" in told(lambda: CaseStore(url), about="written by a newer bayesnet")
    assert tables(url) == before


def test_what_was_not_renamed_is_read_as_before(store: CaseStore, k: Knowledge) -> None:
    """Without the list of what was renamed, only what is unknown goes."""
    bare = replace(k, renamed=())
    assert set(left_out(store.table(bare))) == {"pain_persists=no", "pain_persists=yes", "tingling_weakness=yes"}
