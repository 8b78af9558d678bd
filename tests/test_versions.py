"""Versions of the numbers: files that read as they were written, adopted only when better, and rolled back."""

import difflib
import tomllib
from dataclasses import replace

import pytest

import bayesnet
from bayesnet import BadFile, BadModel, DiagnosticModel, StoreError, UnknownName
from bayesnet.errors import NotBetter
from bayesnet.learning.differences import differences
from bayesnet.learning.model_files import model_texts, save_model
from bayesnet.learning.simulation import redrawn, simulate
from bayesnet.learning.store import CaseStore
from bayesnet.learning.tuning import Tuned, tune
from bayesnet.learning.versions import (
    BY_HAND,
    Edit,
    adopt,
    adopted_model,
    edited,
    edited_version,
    model_named,
    model_of,
    not_better,
    tuned_version,
)

HEAT = Edit("heat", (), {"temperate": 0.6, "hot_humid": 0.4}, 30)


@pytest.fixture(scope="module")
def tuned(model: DiagnosticModel) -> Tuned:
    return tune(model, simulate(redrawn(model, 1), 300, 1, 0.3, 0.4), starts=1)


@pytest.fixture(scope="module")
def worse(model: DiagnosticModel) -> Tuned:
    return tune(model, simulate(model, 60, 1, 0.3, 0.4), starts=1)


@pytest.fixture
def store(tmp_path) -> CaseStore:
    with CaseStore(tmp_path / "cases.db") as opened:
        yield opened


def same_numbers(a: DiagnosticModel, b: DiagnosticModel) -> bool:
    return all(
        (table.values == b.knowledge.tables[name].values).all()
        and (table.strength == b.knowledge.tables[name].strength).all()
        for name, table in a.knowledge.tables.items()
    )


# ---- files


def test_a_saved_model_reads_as_it_was_bit_for_bit(tuned: Tuned, tmp_path) -> None:
    read = bayesnet.load(tuned.save(tmp_path / "made" / "tuned"))
    assert same_numbers(read, tuned.model)
    made = read.knowledge.provenance
    assert made.cases == 300
    assert made.parent == "squat_cramp 2.0"
    assert len(made.data_hash) == 64
    assert read.diagnose({"felt_tear": "yes"}).beliefs == tuned.model.diagnose({"felt_tear": "yes"}).beliefs


def test_only_numbers_change_in_the_file_and_comments_stay(model: DiagnosticModel, tuned: Tuned) -> None:
    before, after = model.knowledge.files["model.toml"], model_texts(tuned.model.knowledge)["model.toml"]
    gone = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("- ")]
    assert all("p = " in line or "rows = " in line for line in gone)
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]
    assert ",  " not in after


def test_a_learned_number_names_its_cases_and_what_is_plausible_now(tuned: Tuned, tmp_path) -> None:
    raw = tomllib.loads((tuned.save(tmp_path / "m", scores=False) / "model.toml").read_text(encoding="utf-8"))
    (heat,) = [question for question in raw["question"] if question["id"] == "heat"]
    (row,) = heat["table"]["rows"]
    assert row["basis"] == "learned"
    assert row["sources"][-1] == f"cases_{raw['provenance']['data_hash'][:8]}"
    low, high = row["range"]["hot_humid"]
    assert 0 < low < row["p"]["hot_humid"] < high < 1
    assert "scores" not in raw["provenance"]


def test_a_tuned_model_can_be_tuned_and_saved_again(tuned: Tuned, tmp_path) -> None:
    again = tune(bayesnet.load(tuned.save(tmp_path / "one")), simulate(tuned.model, 150, 9, 0.3, 0.4), starts=1)
    read = bayesnet.load(again.save(tmp_path / "two", scores=False))
    assert same_numbers(read, again.model)
    assert read.knowledge.provenance.parent == tuned.model.knowledge.provenance.version
    learned = [name for name in read.knowledge.sources if name.startswith("cases_")]
    assert len(learned) == 2


def test_a_model_is_never_written_over_another(model: DiagnosticModel, tmp_path) -> None:
    save_model(model.knowledge, tmp_path / "a")
    before = (tmp_path / "a" / "model.toml").read_bytes()
    with pytest.raises(BadFile, match="exists already"):
        save_model(model.knowledge, tmp_path / "a")
    assert (tmp_path / "a" / "model.toml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_model_that_was_not_changed_is_written_as_it_was_read(model: DiagnosticModel) -> None:
    assert model_texts(model.knowledge) == model.knowledge.files


# ---- the same cases twice


def test_a_model_does_not_learn_twice_from_the_same_cases(tuned: Tuned) -> None:
    with pytest.raises(bayesnet.BadCases, match="learned from these 300 cases already"):
        tune(tuned.model, tuned.patterns)
    tune(tuned.model, tuned.patterns, strength=0.0, starts=1, iterations=2)


def test_nor_does_it_after_others_or_an_edit(tuned: Tuned, model: DiagnosticModel) -> None:
    """The chain of what it learned from is in its sources."""
    other = tune(tuned.model, simulate(model, 120, 7, 0.3, 0.4), starts=1, iterations=3)
    by_hand = edited(tuned.model, [HEAT])
    for again in (other.model, by_hand):
        with pytest.raises(bayesnet.BadCases, match="already"):
            tune(again, tuned.patterns)


def test_the_store_is_learned_from_only_by_who_has_not_learned_yet(store: CaseStore, tuned: Tuned) -> None:
    with pytest.raises(bayesnet.BadCases, match="start from the shipped model"):
        tune(tuned.model, store)


# ---- differences


def test_differences_name_before_after_and_the_cases_behind(model: DiagnosticModel, tuned: Tuned) -> None:
    found = {(n.table, n.state): n for n in differences(model.knowledge, tuned.model.knowledge)}
    heat = found["heat", "hot_humid"]
    assert heat.before == 0.2
    assert heat.after == tuned.model.knowledge.tables["heat"].rows[0].p["hot_humid"]
    assert heat.cases == heat.strength_after - 18
    assert heat.interval_after[1] - heat.interval_after[0] < heat.interval_before[1] - heat.interval_before[0]
    assert heat.label == "Heat hot and humid"


def test_models_of_another_structure_are_not_compared(model: DiagnosticModel) -> None:
    from random_models import random_model

    with pytest.raises(BadModel, match="more than their numbers"):
        differences(model.knowledge, random_model(0).knowledge)


# ---- adopting


def test_a_better_version_is_adopted_and_rolled_back(store: CaseStore, model: DiagnosticModel, tuned: Tuned) -> None:
    version = tuned_version(tuned)
    store.add_version(version)
    assert same_numbers(adopted_model(store, model), model)
    adopt(store, model, version.version)
    assert same_numbers(adopted_model(store, model), tuned.model)
    adopt(store, model, "shipped")
    assert same_numbers(adopted_model(store, model), model)
    store.rollback("squat_cramp")
    assert same_numbers(adopted_model(store, model), tuned.model)
    store.rollback("squat_cramp")
    assert same_numbers(adopted_model(store, model), model)
    with pytest.raises(StoreError, match="nothing to roll back"):
        store.rollback("squat_cramp")


def test_what_is_not_better_is_adopted_only_by_force(store: CaseStore, model: DiagnosticModel, worse: Tuned) -> None:
    assert not worse.evaluation.better
    version = tuned_version(worse)
    store.add_version(version)
    with pytest.raises(NotBetter, match=r"too few to show it.*--force"):
        adopt(store, model, version.version)
    assert store.adopted("squat_cramp") is None
    adopt(store, model, version.version, force=True)
    assert store.adopted("squat_cramp").version == version.version


def test_what_was_not_evaluated_is_adopted_only_by_force(
    store: CaseStore, model: DiagnosticModel, tuned: Tuned
) -> None:
    version = tuned_version(tuned, scores=False)
    store.add_version(version)
    with pytest.raises(NotBetter, match="was not evaluated"):
        adopt(store, model, version.version)


def test_unknown_versions_are_named_with_the_nearest(store: CaseStore, model: DiagnosticModel, tuned: Tuned) -> None:
    version = tuned_version(tuned)
    store.add_version(version)
    with pytest.raises(UnknownName, match=f"did you mean '{version.version}'"):
        model_named(store, model, version.version[:-1])
    assert model_named(store, model, "shipped") is model


# ---- by hand


def test_an_edited_number_is_kept_as_a_version_of_its_own(store: CaseStore, model: DiagnosticModel) -> None:
    changed = edited(model, [HEAT, Edit("cramp/dehydration", (("dehydration", "yes"),), {"yes": 0.2}, 25)])
    version = edited_version(changed)
    store.add_version(version)
    adopt(store, model, version.version)
    read = adopted_model(store, model)
    assert same_numbers(read, changed)
    assert read.knowledge.tables["heat"].rows[0].p == {"temperate": 0.6, "hot_humid": 0.4}
    assert read.knowledge.tables["cramp/dehydration"].rows[0].p["no"] == 0.8
    assert [n.table for n in differences(model.knowledge, read.knowledge) if n.has_changed] == [
        "heat",
        "heat",
        "cramp/dehydration",
    ]
    assert version.summary["method"] == BY_HAND
    assert same_numbers(model_of(version), changed)


def test_an_edit_that_changes_nothing_leaves_every_row_as_it_was(model: DiagnosticModel) -> None:
    row = model.knowledge.tables["heat"].rows[0]
    same = edited(model, [Edit("heat", (), dict(row.p), row.strength)])
    assert same.knowledge.tables["heat"].rows == model.knowledge.tables["heat"].rows


def test_an_edit_hides_neither_simulated_cases_nor_the_need_for_scores(tuned: Tuned) -> None:
    changed = edited(tuned.model, [HEAT])
    assert "300 of them simulated and edited by hand" in changed.knowledge.numbers_from
    assert changed.knowledge.tables["heat"].rows[0].sources == ("edited_by_hand",)
    assert "not evaluated since" in not_better(edited_version(changed).summary)


def test_an_adopted_version_has_the_red_flags_and_advice_of_today(
    store: CaseStore, model: DiagnosticModel, tuned: Tuned
) -> None:
    """A rule that a later release brings is not outvoted by numbers learned before it."""
    version = tuned_version(tuned)
    store.add_version(version)
    old = replace(version, files={**version.files, "advice.toml": without_a_red_flag(version.files["advice.toml"])})
    older = replace(old, version="older", summary={**old.summary, "version": "older"})
    store.add_version(older)
    adopt(store, model, "older")
    assert set(adopted_model(store, model).knowledge.red_flags) == set(model.knowledge.red_flags)
    assert same_numbers(adopted_model(store, model), tuned.model)


def without_a_red_flag(text: str) -> str:
    flags = text.split("[[red_flag]]")
    (gone,) = [flag for flag in flags if 'id = "chest_belly_faint"' in flag]
    return "[[red_flag]]".join(flag for flag in flags if flag is not gone)


def test_a_version_of_another_structure_is_not_put_into_use(
    store: CaseStore, model: DiagnosticModel, tuned: Tuned
) -> None:
    version = tuned_version(tuned)
    renamed = version.files["model.toml"].replace("hot_humid", "steaming")
    vignettes = version.files["vignettes.toml"].replace("hot_humid", "steaming")
    files = {**version.files, "model.toml": renamed, "vignettes.toml": vignettes}
    store.add_version(replace(version, files=files))
    with pytest.raises(BadModel, match="more than their numbers"):
        adopt(store, model, version.version)
    assert store.adopted("squat_cramp") is None


def test_what_was_stopped_is_not_better(model: DiagnosticModel) -> None:
    stopped = tune(model, simulate(redrawn(model, 1), 300, 1, 0.3, 0.4), starts=1, iterations=3)
    assert "before the numbers stood still" in not_better(tuned_version(stopped).summary)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (Edit("heat", (), {"temperate": 0.7}, 20), r"Heat temperate: the probabilities sum to 0.9;"),
        (Edit("heat", (), {"temperate": -0.1, "hot_humid": 1.1}, 20), "temperate is -0.1; a probability must lie"),
        (Edit("heat", (), {"temperate": float("nan"), "hot_humid": 1.0}, 20), "temperate is nan"),
        (Edit("heat", (), {"lukewarm": 0.0}, 20), "unknown state 'lukewarm'. Allowed: temperate, hot_humid"),
        (Edit("heat", (), {}, 0), "strength is 0; it must be above 0"),
        (Edit("heat", (), {}, float("inf")), "strength is inf"),
        (Edit("shoes", (), {}, 1), "shoes: there is no such row"),
    ],
    ids=["sum", "negative", "nan", "state", "strength", "endless", "table"],
)
def test_an_edit_that_is_no_distribution_is_refused_in_words(model: DiagnosticModel, edit: Edit, problem: str) -> None:
    with pytest.raises(BadModel, match=problem):
        edited(model, [edit])
