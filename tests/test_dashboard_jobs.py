"""Learning in the background: one at a time, stopped without loss, and what goes wrong is said."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bayesnet import CaseStore, DiagnosticModel, StoreError, simulate
from bayesnet.learning.versions import not_better
from bayesnet.shipped import shipped


@pytest.fixture(scope="module")
def jobs():
    sys.path.insert(0, str(shipped("dashboard")))
    import jobs

    yield jobs
    sys.path.remove(str(shipped("dashboard")))


@pytest.fixture
def store(tmp_path: Path, model: DiagnosticModel) -> Iterator[CaseStore]:
    with CaseStore(tmp_path / "cases.db") as opened:
        opened.add(simulate(model, 300, 1, 0.3, 0.4), "squat_cramp")
        yield opened


def finished(all_jobs):
    for _ in range(600):
        if not all_jobs.running:
            return all_jobs.last
        time.sleep(0.1)
    raise AssertionError("the learning does not end")


def test_what_was_learned_is_kept_with_its_scores(jobs, store: CaseStore, model: DiagnosticModel) -> None:
    one = jobs.Jobs()
    assert one.start(model, store, True, 1.0)
    job = finished(one)
    assert job.problem == ""
    assert job.fold == "5 of 5"
    assert "evaluation" in store.version(job.version).summary
    assert job.history == sorted(job.history)


def test_one_at_a_time_and_stopped_without_loss(jobs, store: CaseStore, model: DiagnosticModel) -> None:
    one = jobs.Jobs()
    assert one.start(model, store, True, 1.0)
    assert not one.start(model, store, True, 1.0)
    one.last.stop = one.last.skip = True
    job = finished(one)
    summary = store.version(job.version).summary
    assert "evaluation" not in summary
    assert not_better(summary) == "it was not evaluated on held-out cases"
    assert any(remark.startswith("Stopped") for remark in job.remarks)
    assert one.start(model, store, True, 1.0)
    one.last.stop = one.last.skip = True
    finished(one)


def test_cases_that_cannot_be_learned_from_are_said(jobs, store: CaseStore, model: DiagnosticModel) -> None:
    store.add(simulate(model, 50, 2, quiet=True), "squat_cramp")
    one = jobs.Jobs()
    one.start(model, store, True, 1.0)
    job = finished(one)
    assert "cramp" in job.problem
    assert store.versions("squat_cramp") == ()


def test_a_store_that_is_busy_for_a_moment_loses_nothing(
    jobs, store: CaseStore, model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAUSE", 0.01)
    keep, busy = store.add_version, iter([True, True])

    def sometimes(version) -> None:
        if next(busy, False):
            raise StoreError("it is locked by another program")
        keep(version)

    monkeypatch.setattr(store, "add_version", sometimes)
    one = jobs.Jobs()
    one.start(model, store, True, 1.0)
    one.last.stop = one.last.skip = True
    job = finished(one)
    assert job.problem == ""
    assert store.version(job.version).version == job.version


def test_a_store_that_stays_away_is_said(
    jobs, store: CaseStore, model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAUSE", 0.0)

    def never(version) -> None:
        raise StoreError("it is away")

    monkeypatch.setattr(store, "add_version", never)
    one = jobs.Jobs()
    one.start(model, store, True, 1.0)
    one.last.stop = one.last.skip = True
    job = finished(one)
    assert job.problem == "it is away"
