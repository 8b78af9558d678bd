"""The case store: what goes in comes out, once, on SQLite and on a real PostgreSQL server."""

import gc
import sqlite3
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from stores import ENGINES, empty_database, in_order, random_cases

from bayesnet import DiagnosticModel, UnknownName
from bayesnet.errors import BadCases, StoreError
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.store import Added, CaseStore, ModelVersion, database, left_out, schema, versions

WHEN = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from empty_database(request.param, tmp_path)


@pytest.fixture(scope="module", params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseStore]:
    for url in empty_database(request.param, tmp_path_factory.mktemp("store")):
        with CaseStore(url) as store:
            yield store


@pytest.fixture
def store(opened: CaseStore) -> Iterator[CaseStore]:
    """An empty store. Made once and emptied after each test, since PostgreSQL takes its time to make a database."""
    yield opened
    for table in (schema.adoptions, schema.cases, schema.model_versions):
        opened._database.write(lambda connection, table=table: connection.execute(delete(table)))


@pytest.fixture
def k(model: DiagnosticModel) -> Knowledge:
    return model.knowledge


def one(k: Knowledge, case_id: str = "a", **changes: object) -> pd.DataFrame:
    """A case table of one plain case, changed as asked."""
    case = random_cases(k, 1)
    states = {name: [state.id for state in question.states] for name, question in k.questions.items()}
    plain = {
        **dict.fromkeys(states),
        "triggered": "",
        "ruled_out": "",
        "certainty": 1.0,
        "count": 1,
        "origin": "import",
    }
    for name, value in {**plain, "cramp": "yes", "case_id": case_id, **changes}.items():
        case[name] = pd.Categorical([value], categories=states[name]) if name in states else [value]
    return case


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected)


# ---- cases in, cases out


def test_what_was_added_comes_back_the_oldest_first(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 200)
    assert store.add(cases, k.id) == Added(new=200, known=0)
    same(store.table(k), in_order(cases))
    assert left_out(store.table(k)) == {}


def test_an_empty_store_gives_empty_tables_of_the_same_columns(store: CaseStore, k: Knowledge) -> None:
    none = random_cases(k, 3)[:0]
    same(store.table(k), none)
    same(store.patterns(k), none.iloc[:, 3:])
    assert list(store.batches(k)) == []
    assert store.count(k.id) == {}
    assert store.rows(k.id) == 0
    assert store.add(none, k.id) == Added(0, 0)


def test_cases_outlive_the_program(url: str, k: Knowledge) -> None:
    with CaseStore(url) as store:
        store.add(random_cases(k, 5), k.id)
    with CaseStore(url) as store:
        same(store.table(k), in_order(random_cases(k, 5)))


@pytest.mark.parametrize("name", ["ö ü 漢 🏋", ' , "quoted"\n\'', "\\", "=1+1", "%s %(x)s :y ?", "x" * 200])
def test_any_text_is_an_id(store: CaseStore, k: Knowledge, name: str) -> None:
    store.add(one(k, name), k.id)
    assert store.table(k, case_ids=[name])["case_id"].tolist() == [name]
    store.label(name, ["dehydration"], [])
    assert store.delete([name]) == 1


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "\ud800", None, 7])
def test_what_cannot_be_an_id_is_refused(store: CaseStore, k: Knowledge, name: object) -> None:
    both = pd.concat([one(k, "good"), one(k).assign(case_id=pd.Series([name], dtype=object))])
    with pytest.raises(BadCases, match="1 to 200 characters"):
        store.add(both, k.id)
    assert store.rows(k.id) == 0


def test_what_is_no_case_table_is_refused(store: CaseStore) -> None:
    with pytest.raises(BadCases, match="not a case table: its columns are x"):
        store.add(pd.DataFrame({"x": [1]}), "m")


def test_times_keep_their_microseconds_and_come_back_as_utc(store: CaseStore, k: Knowledge) -> None:
    tokyo = WHEN.astimezone(timezone(timedelta(hours=9)))
    ancient = datetime(1901, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    store.add(one(k, "a", recorded_at=tokyo), k.id)
    store.add(one(k, "b", recorded_at=ancient), k.id)
    found = store.table(k)["recorded_at"]
    assert str(found.dtype) == "datetime64[us, UTC]"
    assert found.tolist() == [ancient, WHEN]


def test_a_case_without_a_time_is_recorded_now(store: CaseStore, k: Knowledge) -> None:
    undated = one(k, recorded_at=pd.NaT)
    before = datetime.now(UTC)
    assert store.add(undated, k.id) == Added(1, 0)
    (found,) = store.table(k)["recorded_at"]
    assert before <= found <= datetime.now(UTC)
    assert store.add(undated, k.id) == Added(0, 1)
    assert store.table(k)["recorded_at"].tolist() == [found]


def test_text_columns_do_as_well_as_categories(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 50)
    as_text = cases.astype(dict.fromkeys(k.questions, "str"))
    assert store.add(as_text, k.id) == Added(50, 0)
    assert store.add(cases, k.id) == Added(0, 50)


# ---- each once


def test_adding_again_changes_nothing(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 60)
    store.add(cases[:40], k.id)
    assert store.add(cases, k.id) == Added(new=20, known=40)
    assert store.add(cases.sample(frac=1, random_state=1), k.id) == Added(new=0, known=60)
    same(store.table(k), in_order(cases))


def test_a_row_twice_in_a_table_counts_once(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 3)
    assert store.add(pd.concat([cases, cases[1:]]), k.id) == Added(new=3, known=2)


def test_one_id_with_two_contents_in_a_table_is_refused(store: CaseStore, k: Knowledge) -> None:
    with pytest.raises(BadCases, match="count is 1, given 2"):
        store.add(pd.concat([one(k), one(k, count=2)]), k.id)
    assert store.rows(k.id) == 0


DIFFERENT = {
    "recorded_at": (WHEN, "recorded_at is 2023-11-22T07:09:21.687321"),
    "origin": ("dashboard", "origin is 'import', given 'dashboard'"),
    "cramp": ("no", "outcome is 'yes', given 'no'"),
    "sweating": ("heavy", "sweating is unanswered, given heavy"),
    "triggered": ("dehydration", "triggered is '', given 'dehydration'"),
    "ruled_out": ("dehydration", "ruled_out is '', given 'dehydration'"),
    "certainty": (0.5, r"certainty is 1\.0, given 0\.5"),
    "count": (0, "count is 1, given 0"),
}


@pytest.mark.parametrize("column", DIFFERENT)
def test_other_content_under_a_known_id_is_told_and_nothing_is_stored(
    store: CaseStore, k: Knowledge, column: str
) -> None:
    store.add(one(k, "known"), k.id)
    before = store.table(k)
    value, said = DIFFERENT[column]
    news = pd.concat([one(k, "a new one"), one(k, "known", **{column: value}), one(k, "zzz")])
    with pytest.raises(BadCases, match=f"case_id 'known' is there with other content: {said}"):
        store.add(news, k.id)
    same(store.table(k), before)


def test_every_conflict_is_listed_with_its_id(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 300)
    store.add(cases, k.id)
    with pytest.raises(BadCases) as told:
        store.add(cases.assign(count=cases["count"] + 1), k.id)
    assert len(told.value.problems) == 300
    assert all(any(name in problem for problem in told.value.problems) for name in cases["case_id"][:20])


def test_a_case_belongs_to_one_model(store: CaseStore, k: Knowledge) -> None:
    store.add(one(k), k.id)
    with pytest.raises(BadCases, match=f"model is '{k.id}', given 'other'"):
        store.add(one(k), "other")


def test_conflicts_are_found_across_batches(store: CaseStore, k: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bayesnet.learning.store.saving.BATCH", 7)
    cases = random_cases(k, 50)
    assert store.add(cases, k.id) == Added(50, 0)
    more = pd.concat([random_cases(k, 30, seed=2), cases.tail(1).assign(certainty=0.25)])
    with pytest.raises(BadCases, match="certainty"):
        store.add(more, k.id)
    same(store.table(k), in_order(cases))


# ---- choosing and counting


def test_some_and_the_newest_are_picked_from_all(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 80)
    store.add(cases, k.id)
    ordered = in_order(cases)
    same(store.table(k, newest=7), ordered.tail(7).reset_index(drop=True))
    assert len(store.table(k, newest=0)) == 0
    same(store.table(k, newest=1000), ordered)
    wanted = [*cases["case_id"][10:30], "no such case"]
    same(store.table(k, case_ids=wanted), in_order(cases[10:30]))
    same(store.table(k, case_ids=wanted, newest=3), in_order(cases[10:30]).tail(3).reset_index(drop=True))
    assert len(store.table(k, case_ids=[])) == 0


def test_more_ids_than_a_database_takes_parameters(store: CaseStore, k: Knowledge) -> None:
    store.add(one(k), k.id)
    many = ["a", *map(str, range(70_000))]
    assert len(store.table(k, case_ids=many)) == 1
    assert store.delete(many[:20_001]) == 1


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_batches_are_the_table_in_pieces(store: CaseStore, k: Knowledge, size: int) -> None:
    cases = random_cases(k, 40)
    cases["recorded_at"] = cases["recorded_at"].dt.floor("D")
    store.add(cases, k.id)
    batches = list(store.batches(k, size))
    assert all(0 < len(batch) <= size for batch in batches)
    same(pd.concat(batches, ignore_index=True), in_order(cases))


def test_others_may_write_between_batches(store: CaseStore, k: Knowledge) -> None:
    store.add(random_cases(k, 20), k.id)
    seen = 0
    for batch in store.batches(k, 5):
        seen += len(batch)
        store.add(one(k, f"meanwhile {seen}", recorded_at=datetime(2001, 1, 1, tzinfo=UTC)), k.id)
    assert seen == 20


def test_counts_are_weighted_and_rows_are_not(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 100)
    store.add(cases, k.id)
    assert store.count(k.id) == cases.groupby("origin")["count"].sum().to_dict()
    assert list(store.count(k.id)) == ["dashboard", "import", "simulated"]
    assert store.rows(k.id) == 100
    assert store.count("other") == {}


def test_models_do_not_see_each_others_cases(store: CaseStore, k: Knowledge) -> None:
    store.add(random_cases(k, 5), "other")
    store.add(one(k), k.id)
    assert len(store.table(k)) == len(store.patterns(k)) == sum(map(len, store.batches(k))) == 1
    assert store.delete_all("other") == 5
    assert store.rows(k.id) == 1


def grouped(cases: pd.DataFrame) -> pd.DataFrame:
    """The patterns of a table by pandas."""
    some = cases[cases["count"] > 0].iloc[:, 3:]
    keys = [name for name in some.columns if name != "count"]
    return some.groupby(keys, dropna=False, observed=True)["count"].sum().reset_index()


def in_any_order(patterns: pd.DataFrame) -> list[tuple[object, ...]]:
    return sorted(patterns.astype(object).fillna("").itertuples(index=False, name=None))


@pytest.mark.parametrize("seed", range(4))
def test_patterns_are_pandas_groups(store: CaseStore, k: Knowledge, seed: int) -> None:
    cases = random_cases(k, 700, seed, distinct=60)
    store.add(cases, k.id)
    found = store.patterns(k)
    assert in_any_order(found) == in_any_order(grouped(cases))
    assert list(found.columns) == list(cases.columns[3:])
    same(found[:0], cases.iloc[:0, 3:])


def test_patterns_come_in_the_same_order_from_both_engines(tmp_path: Path, k: Knowledge) -> None:
    found = []
    for engine in ENGINES:
        for url in empty_database(engine, tmp_path):
            with CaseStore(url) as store:
                store.add(random_cases(k, 300, distinct=80), k.id)
                found.append(store.patterns(k))
    same(*found)


def test_patterns_are_fetched_in_pieces(store: CaseStore, k: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = random_cases(k, 300, distinct=50)
    store.add(cases, k.id)
    whole = store.patterns(k)
    monkeypatch.setattr("bayesnet.learning.store.store.ROWS_AT_A_TIME", 7)
    same(store.patterns(k), whole)
    same(store.table(k), in_order(cases))


# ---- another model


def reduced(k: Knowledge) -> Knowledge:
    """The same model without the question `heat`, the answer heavy, the cause vascular_condition and its heading."""
    sweating = k.questions["sweating"]
    fewer = replace_struct(sweating, states=tuple(state for state in sweating.states if state.id != "heavy"))
    questions = {name: q for name, q in k.questions.items() if name != "heat"} | {"sweating": fewer}
    causes = {name: cause for name, cause in k.causes.items() if name != "vascular_condition"}
    return replace(k, questions=questions, causes=causes)


def replace_struct(item: object, **changes: object) -> object:
    import msgspec

    return msgspec.structs.replace(item, **changes)


def test_what_the_model_does_not_know_is_left_out_and_told(store: CaseStore, k: Knowledge) -> None:
    store.add(one(k, "a", heat="temperate", sweating="heavy", posture="flexed"), k.id)
    store.add(one(k, "b", heat="temperate", posture="flexed", count=3), k.id)
    store.add(one(k, "c", triggered="vascular_condition;muscle_strain", certainty=0.5), k.id)
    fewer = reduced(k)
    missing = {"heat=temperate": 4, "sweating=heavy": 1, "triggered=vascular_condition": 1}
    patterns = store.patterns(fewer)
    assert left_out(patterns) == left_out(store.table(fewer)) == missing
    assert "heat" not in patterns
    assert list(patterns["sweating"].cat.categories) == ["light", "moderate"]
    # The first two cases have become one pattern.
    assert sorted(
        zip(patterns["posture"].astype(object).fillna(""), patterns["triggered"], patterns["count"], strict=True)
    ) == [
        ("", "muscle_strain", 1),
        ("flexed", "", 4),
    ]
    assert [left_out(batch) for batch in store.batches(fewer, 1)].count({"triggered=vascular_condition": 1}) == 1
    assert left_out(store.patterns(k)) == {}
    assert store.table(k, case_ids=["a"])["sweating"].tolist() == ["heavy"]


def test_a_question_that_is_new_is_unanswered_in_old_cases(store: CaseStore, k: Knowledge) -> None:
    fewer = reduced(k)
    store.add(one(k).drop(columns="heat"), fewer.id)
    assert store.table(k)["heat"].isna().all()
    assert left_out(store.table(k)) == {}


# ---- labels, deletion


def test_a_label_takes_the_place_of_the_one_before(store: CaseStore, k: Knowledge) -> None:
    store.add(pd.concat([one(k, "a"), one(k, "b")]), k.id)
    store.label("a", ["dehydration", "muscle_strain"], ["poor_form"], 0.7)
    store.label("a", ["dehydration", "muscle_strain"], ["nerve_compression"], 0.8)
    first, second = store.table(k).iloc[:, -4:].itertuples(index=False, name=None)
    assert first == ("dehydration;muscle_strain", "nerve_compression", 0.8, 1)
    assert second == ("", "", 1.0, 1)


def test_a_label_for_an_unknown_case_is_refused(store: CaseStore) -> None:
    with pytest.raises(StoreError, match="has no case 'nobody'"):
        store.label("nobody", ["dehydration"], [])


def test_deleting_counts_what_there_was(store: CaseStore, k: Knowledge) -> None:
    cases = random_cases(k, 30)
    store.add(cases, k.id)
    assert store.delete([*cases["case_id"][:10], *cases["case_id"][:3], "no such case"]) == 10
    assert store.delete([]) == 0
    same(store.table(k), in_order(cases[10:]))
    assert store.delete_all(k.id) == 20
    assert store.rows(k.id) == 0


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_nothing_of_a_deleted_case_is_left_in_the_files(
    tmp_path: Path, k: Knowledge, journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAL_IS_SAFE_FROM", (3, 0, 0) if journal == "wal" else (99, 0, 0))
    store = CaseStore(tmp_path / "cases.db")
    cases = random_cases(k, 600)
    for start in range(0, 600, 50):
        store.add(cases[start : start + 50], k.id)
    with sqlite3.connect(tmp_path / "cases.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (journal,)
        gone = cases["case_id"].sample(200, random_state=1).tolist()
        assert all(in_files(tmp_path, name) for name in gone)
        assert store.delete(gone) == 200
        assert not any(in_files(tmp_path, name) for name in gone)
    connection.close()
    assert all(in_files(tmp_path, name) for name in store.table(k)["case_id"])


def test_copies_that_secure_delete_overlooks_are_removed_too(tmp_path: Path) -> None:
    path, random = tmp_path / "cases.db", Random(0)
    store = CaseStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA synchronous = OFF")
    other.execute("PRAGMA secure_delete = ON")
    names = [f"{random.getrandbits(128):032x}" for _ in range(2000)]
    for name in names:
        answers = "a" * random.randrange(5, 300)
        row = (name, "m", random.randrange(10**9), "import", "yes", answers, "", "", 1.0, 1, "1.0")
        other.execute("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    for name in random.sample(names, 700):
        other.execute("UPDATE cases SET answers = ? WHERE case_id = ?", ("b" * random.randrange(5, 400), name))
    gone = random.sample(names, 800)
    other.executemany("DELETE FROM cases WHERE case_id = ?", [(name,) for name in gone])
    other.close()
    assert any(in_files(tmp_path, name) for name in gone), "nothing is tested: SQLite has left no copy"
    assert store.delete(gone) == 0
    assert not any(in_files(tmp_path, name) for name in gone)


def in_files(folder: Path, name: str) -> bool:
    return any(name.encode() in path.read_bytes() for path in folder.iterdir())


def test_traces_that_could_not_be_removed_yet_are_told(tmp_path: Path, k: Knowledge) -> None:
    store = CaseStore(tmp_path / "cases.db", timeout=0.1)
    store.add(one(k, "secret"), k.id)
    # A reader that does not end lets others write into the log, but not clear it.
    reader = sqlite3.connect(tmp_path / "cases.db", isolation_level=None)
    reader.execute("PRAGMA journal_mode = WAL")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM cases").fetchall()
    with pytest.raises(StoreError, match="1 case is deleted, but traces are left"):
        store.delete(["secret"])
    with pytest.raises(StoreError, match=r"^traces of deleted cases are left"):
        store.delete(["secret"])
    assert store.rows(k.id) == 0
    reader.close()
    assert store.delete(["secret"]) == 0
    assert not in_files(tmp_path, "secret")


# ---- model versions


def version(name: str, age: int = 0, model: str = "m") -> ModelVersion:
    files = {"model.toml": f"id = '{name}'\n# ö \"quoted\" \\ 漢\n", "advice.toml": ""}
    return ModelVersion(name, model, WHEN - timedelta(days=age), "shipped", files, {"cases": 3, "score": [0.1, None]})


def test_a_version_comes_back_as_it_was(store: CaseStore) -> None:
    store.add_version(version("v1"))
    assert store.version("v1") == version("v1")
    assert store.version("v1").created_at.utcoffset() == timedelta(0)


def test_versions_come_newest_first_and_by_model(store: CaseStore) -> None:
    for name, age in (("b", 2), ("c", 1), ("a", 3)):
        store.add_version(version(name, age))
    store.add_version(version("x", model="other"))
    assert [found.version for found in store.versions("m")] == ["c", "b", "a"]
    assert store.versions("nobody") == ()


def test_a_version_is_never_overwritten(store: CaseStore) -> None:
    store.add_version(version("v1"))
    store.add_version(version("v1"))
    with pytest.raises(StoreError, match="another model version 'v1'"):
        store.add_version(version("v1", age=1))
    assert store.versions("m") == (version("v1"),)
    with pytest.raises(StoreError, match="time zone"):
        store.add_version(replace(version("v2"), created_at=datetime(2026, 1, 1)))


def test_an_unknown_version_is_named_with_what_there_is(store: CaseStore) -> None:
    store.add_version(version("v1"))
    for call in (store.version, lambda name: store.adopt("m", name)):
        with pytest.raises(UnknownName, match="unknown model version 'v2'"):
            call("v2")
    with pytest.raises(StoreError, match="is one of 'm', not of 'other'"):
        store.adopt("other", "v1")


def test_nothing_adopted_is_the_shipped_model(store: CaseStore) -> None:
    assert store.adopted("m") is None
    with pytest.raises(StoreError, match="nothing to roll back"):
        store.rollback("m")


def test_rolling_back_goes_further_back_and_never_forth(store: CaseStore) -> None:
    for name in "abc":
        store.add_version(version(name))
    store.adopt("m", "a")
    store.adopt("m", "b")
    assert store.rollback("m") == version("a")
    store.adopt("m", None)
    store.adopt("m", "c")
    assert store.rollback("m") is None
    assert store.rollback("m") == version("a")
    assert store.rollback("m") is None
    with pytest.raises(StoreError, match="nothing to roll back"):
        store.rollback("m")


NAMES = [None, "a", "b", "c"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(NAMES), st.just("back")), max_size=12))
def test_adoptions_are_a_stack(tmp_path_factory: pytest.TempPathFactory, steps: list[str | None]) -> None:
    store = CaseStore(tmp_path_factory.mktemp("stack") / "cases.db")
    for name in "abc":
        store.add_version(version(name))
    stack: list[str | None] = [None]
    for step in steps:
        if step == "back" and len(stack) == 1:
            with pytest.raises(StoreError):
                store.rollback("m")
        elif step == "back":
            stack.pop()
            found = store.rollback("m")
            assert (found and found.version) == stack[-1]
        else:
            store.adopt("m", step)
            stack += [step] if step != stack[-1] else []
        found = store.adopted("m")
        assert (found and found.version) == stack[-1]


def test_models_are_adopted_apart(store: CaseStore) -> None:
    store.add_version(version("a"))
    store.add_version(version("x", model="other"))
    store.adopt("m", "a")
    store.adopt("other", "x")
    assert store.rollback("m") is None
    assert store.adopted("other") == version("x", model="other")


# ---- where it is


def test_the_default_is_a_file_of_the_user_alone(tmp_path: Path, k: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAYESNET_DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with CaseStore() as store:
        path = tmp_path / "data" / "bayesnet" / "cases.db"
        assert store.where == str(path)
        store.add(one(k), k.id)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_environment_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAYESNET_DATABASE_URL", f"sqlite:///{tmp_path}/there.db")
    assert CaseStore().where == f"{tmp_path}/there.db"
    assert CaseStore(tmp_path / "given.db").where == f"{tmp_path}/given.db"


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "ö?#&.db", "cases"])
def test_any_file_name_will_do(tmp_path: Path, k: Knowledge, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with CaseStore(name) as store:
        assert store.where == str(tmp_path / name)
        store.add(one(k), k.id)
    assert [path.name for path in tmp_path.iterdir()] == [name]


# ---- many at once


def test_threads_share_a_store(store: CaseStore, k: Knowledge) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(8):
                store.add(one(k, f"{number} {turn}"), k.id)
                store.patterns(k)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.rows(k.id) == 48


def test_nothing_stays_open(store: CaseStore, k: Knowledge) -> None:
    store.add(random_cases(k, 20), k.id)
    next(store.batches(k, 3))
    store.patterns(k)
    store.close()
    gc.collect()  # an open connection would warn, and warnings are errors
    assert store.rows(k.id) == 20  # a closed store opens again when it is asked
    assert np.all(store.table(k)["count"] >= 0)


def test_a_clock_that_goes_backwards_changes_no_order(
    store: CaseStore, k: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was adopted last is in use, and rolled back first, whatever the time says."""
    moments = iter(range(10**15, 0, -(10**12)))
    monkeypatch.setattr(versions, "now", lambda: next(moments))
    for name in ("first", "second"):
        store.add_version(ModelVersion(name, k.id, datetime.now(UTC), "shipped", {"model.toml": "x"}, {}))
        store.adopt(k.id, name)
    assert store.adopted_name(k.id) == "second"
    store.rollback(k.id)
    assert store.adopted_name(k.id) == "first"
