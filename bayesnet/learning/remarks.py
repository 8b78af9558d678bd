"""What to mind about a tuned model, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from bayesnet.diagnosis.words import how_many
from bayesnet.learning.em import Fit, Problem

FEW = 100
"""Fewer cases than this say little; the elicited numbers decide."""
FAR = 0.1
"""A number that few cases moved by more than this has moved far."""
APART = 0.02
"""Two starts disagree where a number ends farther apart than this."""


@dataclass(frozen=True)
class Start:
    """Where EM ended from one start: the log-posterior, and how far its numbers lie from those of the best at most."""

    log_posterior: float
    apart: float


@dataclass(frozen=True, eq=False)
class Search:
    """`best` is where EM ended; `starts` where it did from each start, the best first, on a sample if that found the way."""

    best: Fit
    starts: tuple[Fit, ...]


def remarks(task: Problem, found: Search, ends: Sequence[Start]) -> list[str]:
    """Every remark: on the cases, then on the learning; `ends` with the best one first."""
    patterns, best, fits, said = task.patterns, found.best, found.starts, []
    if patterns.cases < FEW:
        far = float(abs(best.values - task.parameters.values).max())
        moved = "the numbers hardly move, and what the experts said decides"
        if far > FAR:
            moved = f"too few to rely on, although a number moved by {far:.2f}; like cases say less than they seem to"
        said.append(f"Only {how_many(int(patterns.cases), 'case')}: {moved}.")
    if patterns.simulated:
        share = "All" if patterns.simulated >= patterns.cases else f"{patterns.simulated:,.0f} of {patterns.cases:,.0f}"
        said.append(f"{share} cases are simulated: the numbers then describe the simulation, not people.")
    if patterns.left_out:
        listed = ", ".join(f"{name} ({n:,})" for name, n in patterns.left_out.items())
        said.append(f"Left out, as the model does not know it, or asks it otherwise today: {listed}.")
    if patterns.skipped:
        first = f", first {patterns.skipped.listed[0]}" if patterns.skipped.listed else ""
        said.append(f"Left out, as they cannot be taken: {patterns.skipped}{first}.")
    if not patterns.labelled:
        said.append("No case says what it turned out to be: causes are told apart by their signs alone.")
    if best.stopped:
        said.append(
            f"Stopped after {len(best.history)} iterations, before the numbers stood still; what was reached is kept."
        )
    elif any(fit.stopped for fit in fits):
        said.append(f"Stopped during start {len(fits)}; the best of the starts until then is kept.")
    elif not best.converged:
        said.append(f"Not converged after {len(best.history)} iterations; more would move the numbers on.")
    apart = max((end.apart for end in ends), default=0.0)
    if apart > APART:
        worse = max(ends[0].log_posterior - end.log_posterior for end in ends)
        said.append(
            f"The {len(ends)} starts disagree: numbers end up to {apart:.2f} apart, and the log-posterior up to "
            f"{worse:.2f} nats lower. The cases do not settle them; the best is kept."
        )
    return said
