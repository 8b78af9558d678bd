"""Tuning: the elicited numbers of a model, sharpened by cases.

A tuned model is a new model; the old one stays as it is. It can be tuned again with new cases alone, since its strengths
carry what the earlier ones said; a `strength` below 1 lets what was known before fade.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.inference.network import Array
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import ROUNDING
from bayesnet.knowledge.schema import Provenance, Source
from bayesnet.learning.differences import NumberChange, differences
from bayesnet.learning.em import Fit, Problem, Watch, fit
from bayesnet.learning.given import as_patterns
from bayesnet.learning.information import LEAST, strengths
from bayesnet.learning.model_files import save_model
from bayesnet.learning.parameters import Parameters, parameters_of
from bayesnet.learning.patterns import Patterns
from bayesnet.learning.refusals import check_options, refuse, refuse_twice
from bayesnet.learning.remarks import Search, Start, remarks

if TYPE_CHECKING:
    from bayesnet.learning.evaluation import Evaluation, Score
    from bayesnet.learning.evaluation import Watch as FoldWatch

UNKNOWN_STRENGTHS = "Interrupted before it was found how sure the numbers are: their strengths are the old ones."
UNCHANGED = "There are no cases: the model is unchanged."
SEED = 20200222
ITERATIONS = 1000
TOLERANCE = 1e-3
"""Nats: an iteration that gains less is the last. A nat is far less than what the cases leave open."""
STILL = 1e-6
"""A number that moved by less, and is no better known, has not moved."""
MANY = 100_000
"""Beyond so many distinct patterns a sample of that many finds the way from each start."""
BETTER_KNOWN = 1e-3
"""The share by which a strength must have grown to be more than rounding."""


@dataclass(frozen=True)
class Tuned:
    """A model whose numbers learned from cases.

    `history` is the log-posterior (nats) of every iteration and never falls; `converged` says that it stood still at the end.
    `starts` are the ends of all starts, the kept one first. `patterns`, `ascertained` and `strength` are what it was tuned
    with. `remarks` say in words what to mind.
    """

    model: DiagnosticModel
    parent: DiagnosticModel
    history: tuple[float, ...]
    converged: bool
    starts: tuple[Start, ...]
    patterns: Patterns
    ascertained: bool
    strength: float
    remarks: tuple[str, ...]

    @cached_property
    def numbers(self) -> tuple[NumberChange, ...]:
        """Every number before and after."""
        return differences(self.parent.knowledge, self.model.knowledge)

    @cached_property
    def evaluation(self) -> "Evaluation | None":
        """Whether tuning is worth it, judged on cases that it did not see (see `evaluate`); None for too few cases."""
        from bayesnet.learning.evaluation import FOLDS, evaluate

        if self.patterns.cases < FOLDS:
            return None
        return evaluate(self.parent, self.patterns, self.ascertained, self.strength)

    def score(self, watch: "FoldWatch") -> None:
        """Makes the evaluation now, telling `watch` of every fold; what `watch` raises ends it, and nothing is kept of it."""
        from bayesnet.learning.evaluation import FOLDS, evaluate

        if self.patterns.cases >= FOLDS:
            self.__dict__["evaluation"] = evaluate(
                self.parent, self.patterns, self.ascertained, self.strength, watch=watch
            )

    @property
    def scores(self) -> Mapping[str, "Score"]:
        """The scores of the evaluation, which takes a few times as long as tuning when first asked for."""
        return self.evaluation.scores if self.evaluation else {}

    def with_scores(self) -> DiagnosticModel:
        """The tuned model with its scores in its provenance."""
        knowledge = self.model.knowledge
        if knowledge.provenance is None or self.evaluation is None:
            return self.model
        provenance = msgspec.structs.replace(knowledge.provenance, scores=self.evaluation.in_words())
        return DiagnosticModel(replace(knowledge, provenance=provenance))

    def save(self, path: str | Path, scores: bool = True) -> Path:
        """Writes the tuned model, with its scores unless told otherwise, as a folder of readable model files.

        Whole or not at all. Raises BadFile, also where the folder holds something already.
        """
        return save_model((self.with_scores() if scores else self.model).knowledge, path)


def tune(
    model: DiagnosticModel,
    cases: Any,
    ascertained: bool = True,
    strength: float = 1.0,
    *,
    starts: int = 3,
    iterations: int = ITERATIONS,
    tolerance: float = TOLERANCE,
    accelerate: bool = True,
    watch: Watch | None = None,
) -> Tuned:
    """The model with numbers learned from cases: maximum a posteriori EM, gaps, hidden causes and unsure labels included.

    `cases` is a table (DataFrame or list of {column: value}; the columns of `cases.case_columns`, all optional), the path of
    a CSV or Parquet file, or a CaseStore. `ascertained` says that only cramps were logged, as they come; False
    that every session was, quiet ones too. Each number enters with `strength` x its own strength: 0 forgets
    what was known, below 1 lets it fade. EM runs from the model's numbers and `starts` - 1 drawn ones, each until an
    iteration gains less than `tolerance` nats; of more than 100,000 distinct cases, over a sample of them first.
    `watch(iteration, log_posterior)` is called after each; True from it, or Ctrl-C, ends the learning there and keeps what
    was reached.

    Raises BadCases for rows that are none, impossible cases and quiet sessions where `ascertained`.
    """
    check_options(strength, starts, iterations, tolerance)
    patterns = as_patterns(model.knowledge, cases)
    if not patterns.cases and strength == 1:
        return Tuned(model, model, (), True, (), patterns, ascertained, strength, (UNCHANGED,))
    refuse_twice(model.knowledge, patterns, strength)
    refuse(model, patterns, ascertained)
    task = _problem(model, patterns, ascertained, strength)
    found = _search(
        task, starts, partial(fit, iterations=iterations, tolerance=tolerance, accelerate=accelerate, watch=watch)
    )
    return _tuned(model, task, found, strength)


def tuned_values(model: DiagnosticModel, patterns: Patterns, ascertained: bool, strength: float) -> DiagnosticModel:
    """The model with learned numbers and its old strengths, from one start: enough to predict with."""
    task = _problem(model, patterns, ascertained, strength)
    found = fit(task, task.parameters.values, ITERATIONS, TOLERANCE)
    every = np.ones(len(task.parameters.rows), dtype=bool)
    rows = task.parameters.with_values(found.values, task.parameters.strength, every)
    return DiagnosticModel(model.knowledge.with_rows(rows))


def _problem(model: DiagnosticModel, patterns: Patterns, ascertained: bool, strength: float) -> Problem:
    """The task of learning: the prior is the model's own numbers, times `strength`."""
    parameters = parameters_of(model.knowledge)
    alpha = strength * parameters.strength[parameters.row_of] * parameters.values
    return Problem(parameters, model.tree, patterns, alpha, ascertained)


def _search(task: Problem, starts: int, learn: Callable[[Problem, Array], Fit]) -> Search:
    """EM from the model's own numbers, then from drawn ones.

    Beyond MANY patterns a sample of them finds the way, and all patterns are gone over only from where it led.
    """
    parameters = task.parameters
    sample = task.over(task.patterns.subset(MANY, SEED)) if task.patterns.n > MANY else task
    drawn = parameters.knowledge.draw(max(1, starts - 1), SEED)
    begins = [parameters.values]
    for draw in range(starts - 1):
        values = parameters.read({name: values[..., draw] for name, values in drawn.items()})
        values = np.where(parameters.values > 0, np.maximum(values, np.finfo(float).tiny), 0.0)
        begins.append(parameters.normalised(values))
    fits: list[Fit] = []
    for begin in begins:
        fits.append(learn(sample, begin))
        if fits[-1].stopped:
            break
    fits.sort(key=lambda found: -(found.history[-1] if found.history else -np.inf))
    interrupted = any(found.stopped for found in fits)
    return Search(fits[0] if sample is task or interrupted else learn(task, fits[0].values), tuple(fits))


def _tuned(model: DiagnosticModel, task: Problem, found: Search, strength: float) -> Tuned:
    best, parameters = found.best, task.parameters
    ends = tuple(
        Start(f.history[-1], float(np.abs(f.values - found.starts[0].values).max()))
        for f in found.starts
        if f.history and (f is found.starts[0] or not f.stopped)
    )
    faded = np.maximum(strength * parameters.strength, LEAST)
    interrupted: tuple[str, ...] = ()
    try:
        known = strengths(task, best.values)
    except KeyboardInterrupt:
        known, interrupted = faded, (UNKNOWN_STRENGTHS,)
    learned = np.maximum(known > faded * (1 + BETTER_KNOWN), _moved(parameters, best.values))
    known = np.where(learned, known, faded)
    # Rows that stay as they were stand beside rows that moved; where these two do not keep the order, both move.
    values = parameters.in_order(np.where(learned[parameters.row_of], best.values, parameters.values), known)
    learned |= np.asarray(parameters.row_sums(np.abs(values - parameters.values)) > ROUNDING)
    knowledge = _with_numbers(task, values, known, learned)
    return Tuned(
        model=DiagnosticModel(knowledge),
        parent=model,
        history=best.history,
        converged=best.converged,
        starts=ends,
        patterns=task.patterns,
        ascertained=task.ascertained,
        strength=strength,
        remarks=(*remarks(task, found, ends), *interrupted),
    )


def _moved(parameters: Parameters, values: Array) -> NDArray[np.bool_]:
    """Which rows have moved: (n_rows,)."""
    return np.asarray(parameters.row_sums(np.abs(values - parameters.values)) > STILL)


def _with_numbers(task: Problem, values: Array, known: Array, learned: NDArray[np.bool_]) -> Knowledge:
    """The knowledge with what was learned in it, and where that comes from."""
    knowledge, patterns, parameters = task.parameters.knowledge, task.patterns, task.parameters
    now = datetime.now(UTC)
    digest = patterns.data_hash
    source = patterns.source
    own = hashlib.sha256(digest.encode() + values.tobytes() + known.tobytes()).hexdigest()
    made_up = f", {patterns.simulated:,.0f} of them simulated" if patterns.simulated else ""
    provenance = Provenance(
        version=f"{now:%Y%m%d-%H%M%S}-{own[:8]}",
        parent=knowledge.version_name,
        made_at=now.isoformat(timespec="seconds"),
        method="maximum a posteriori EM, " + ("given the outcome" if task.ascertained else "all sessions logged"),
        cases=round(patterns.cases),
        simulated=round(patterns.simulated),
        data_hash=digest,
    )
    cited = Source(
        id=source,
        cite=f"{patterns.cases:,.0f} collected cases{made_up}, learned from on {now:%Y-%m-%d}",
        read="full",
        says=f"SHA-256 of the distinct cases: {digest}",
    )
    rows = parameters.with_values(values, known, learned, source)
    sources = {**knowledge.sources, source: cited} if learned.any() else knowledge.sources
    return replace(knowledge.with_rows(rows), provenance=provenance, sources=sources)
