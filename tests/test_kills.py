"""SIGKILL at random moments of saving, importing, tuning, adopting and exporting: what was acknowledged is there, once.

Four kills a database; BAYESNET_KILLS=50 makes it fifty.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import ENGINES, empty_database

from bayesnet import CaseStore, DiagnosticModel
from bayesnet.learning.cases.files import read_cases
from bayesnet.learning.versions import model_of

KILLS = int(os.environ.get("BAYESNET_KILLS", "4"))
LONGEST = 1.5
"""Seconds for which a worker works at most before it is killed."""

WORK = """
import json, sys
from pathlib import Path
import numpy as np
from bayesnet import CaseStore, load, simulate, tune
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.versions import adopt, tuned_version

url, seed, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
model, rng = load(), np.random.default_rng(seed)
cases = [simulate(model, 300, seed * 1000 + at, 0.3, 0.4) for at in range(5)]
out = open(folder / f"acknowledged-{seed}", "a")

def acknowledge(kind, names):
    print(json.dumps([kind, names]), file=out, flush=True)

with CaseStore(url) as store:
    print("ready", flush=True)
    while True:
        what = rng.integers(5)
        some = simulate(model, 1 if what else 200, int(rng.integers(1 << 40)), 0.3, 0.4)
        if what < 2:  # one case, or an import of two hundred
            store.add(some, model.knowledge.id)
            acknowledge("cases", list(some["case_id"]))
        elif what == 2:
            version = tuned_version(tune(model, cases[rng.integers(5)], starts=1, iterations=1))
            store.add_version(version)
            acknowledge("version", version.version)
        elif what == 3 and (found := store.versions(model.knowledge.id)):
            name = found[int(rng.integers(len(found)))].version
            adopt(store, model, name, force=True)
            acknowledge("adopted", name)
        else:
            write_cases(store.batches(model.knowledge), folder / "export.csv", model.knowledge)
            acknowledge("export", "export.csv")
"""


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from empty_database(request.param, tmp_path)


def killed(url: str, seed: int, folder: Path) -> list[tuple[str, object]]:
    """Starts a worker, kills it at a random moment, and gives back what it had acknowledged."""
    command = [sys.executable, "-W", "ignore", "-c", WORK, url, str(seed), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        assert worker.stdout.readline() == "ready\n", worker.stderr.read()
        time.sleep(random.Random(seed).random() * LONGEST)
        assert worker.poll() is None, worker.stderr.read()
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)
    lines = (folder / f"acknowledged-{seed}").read_text().splitlines()
    return [(kind, said) for kind, said in map(json.loads, lines)]


def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(
    url: str, tmp_path: Path, model: DiagnosticModel
) -> None:
    knowledge = model.knowledge
    acknowledged: list[tuple[str, object]] = []
    for seed in range(KILLS):
        acknowledged += killed(url, seed, tmp_path)
        with CaseStore(url) as store:
            table = store.table(knowledge)
            assert table["case_id"].is_unique
            names = [name for kind, some in acknowledged if kind == "cases" for name in some]  # type: ignore[attr-defined]
            assert set(names) <= set(table["case_id"])
            assert store.rows(knowledge.id) == len(table)
            versions = {version.version: version for version in store.versions(knowledge.id)}
            for version in versions.values():
                assert model_of(version).diagnose({"felt_tear": "yes"}).beliefs
            assert {name for kind, name in acknowledged if kind == "version"} <= set(versions)
            adoptions = [name for kind, name in acknowledged if kind == "adopted"]
            in_use = store.adopted_name(knowledge.id)
            assert in_use in versions if adoptions else in_use is None or in_use in versions
        if url.startswith("sqlite") or "://" not in url:
            path = url.removeprefix("sqlite:///")
            with sqlite3.connect(path) as raw:
                assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            raw.close()
        if (tmp_path / "export.csv").exists():
            assert not read_cases(tmp_path / "export.csv", knowledge).bad
    assert {"cases"} <= {kind for kind, _ in acknowledged}
