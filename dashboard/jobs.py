"""Learning in the background: one at a time for all sessions, watched and stopped from any of them. Knows no page."""

import threading
import time
from dataclasses import dataclass, field

from bayesnet import BayesnetError, CaseStore, DiagnosticModel, StoreError
from bayesnet.learning.given import as_patterns
from bayesnet.learning.store import ModelVersion
from bayesnet.learning.tuning import Tuned, tune
from bayesnet.learning.versions import tuned_version

LEARNING, SCORING = "learning", "scoring on held-out cases"
TRIES, PAUSE = 20, 1.0
"""How often, and after how many seconds, a store is asked to keep what was learned."""


class _Stopped(Exception):
    """Scoring is ended."""


@dataclass
class Job:
    """One learning: what it is at, and in the end the version it made or what went wrong."""

    phase: str = "reading the cases"
    iteration: int = 0
    log_posterior: float | None = None
    fold: str = ""
    stop: bool = False
    skip: bool = False
    version: str = ""
    remarks: tuple[str, ...] = ()
    problem: str = ""
    done: bool = False
    history: list[float] = field(default_factory=list)

    def watch(self, iteration: int, log_posterior: float) -> bool:
        """After every iteration; True ends it, and what was reached is kept."""
        self.phase, self.iteration, self.log_posterior = LEARNING, iteration, log_posterior
        return self.stop

    def watch_fold(self, fold: int, folds: int) -> None:
        """Before every fold of the scoring; ends it where that is wished."""
        if self.skip:
            raise _Stopped
        self.fold = f"{fold} of {folds}"


class Jobs:
    """The learning that runs, or ran last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    @property
    def running(self) -> bool:
        """Whether one runs now."""
        return self.last is not None and not self.last.done

    def start(self, model: DiagnosticModel, store: CaseStore, ascertained: bool, strength: float) -> bool:
        """Starts learning from the cases of the store, unless one runs already."""
        with self._lock:
            if self.running:
                return False
            job = self.last = Job()
        work = threading.Thread(target=_run, args=(job, model, store, ascertained, strength), daemon=True)
        work.start()
        return True


def _run(job: Job, model: DiagnosticModel, store: CaseStore, ascertained: bool, strength: float) -> None:
    try:
        tuned = tune(model, as_patterns(model.knowledge, store), ascertained, strength, watch=job.watch)
        job.history, job.remarks = list(tuned.history), tuned.remarks
        if tuned.model is not model:
            _keep(job, store, tuned)
    except BayesnetError as error:
        job.problem = str(error)
    except Exception as error:
        # Whatever it is must end the job in sight of those who wait for it; the log has the rest.
        job.problem = f"learning failed unexpectedly ({type(error).__name__})"
        raise
    finally:
        job.done = True


def _keep(job: Job, store: CaseStore, tuned: Tuned) -> None:
    job.phase, scored = SCORING, True
    try:
        tuned.score(job.watch_fold)
    except _Stopped:
        scored = False
    version = tuned_version(tuned, scored)
    _add(store, version)
    job.version = version.version


def _add(store: CaseStore, version: ModelVersion) -> None:
    """Stores a version; it took long to make, so a store that is busy or away for a moment is asked again."""
    for _ in range(TRIES - 1):
        try:
            store.add_version(version)
            return
        except StoreError:
            time.sleep(PAUSE)
    store.add_version(version)
