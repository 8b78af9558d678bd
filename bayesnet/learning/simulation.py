"""Made-up cases, drawn from a model: for trying things out and for checking that tuning finds a truth that is known.

They say so themselves: their column `origin` is "simulated".
"""

import uuid
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.errors import BadEvidence
from bayesnet.inference.sampling import sample
from bayesnet.knowledge.gates import link_node
from bayesnet.knowledge.schema import YES
from bayesnet.learning.cases.cells import CAUSE_SEPARATOR
from bayesnet.learning.cases.table import cases_table
from bayesnet.learning.parameters import parameters_of

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
"""Simulated cases are a second apart from here on."""


def simulate(
    model: DiagnosticModel,
    n: int,
    seed: int = 0,
    missing: float = 0.0,
    labelled: float = 1.0,
    quiet: bool = False,
) -> pd.DataFrame:
    """n cases drawn from the model, as a case table; the same for the same seed.

    Each answer is missing with probability `missing`; a case says what it turned out to be, every cause triggered or ruled
    out, with probability `labelled`. With `quiet`, sessions without the outcome are among them, as often as the model has it.
    """
    for name, share in (("missing", missing), ("labelled", labelled)):
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise BadEvidence(f"{name} must lie from 0 to 1, not {share!r}")
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise BadEvidence(f"n must be a whole number of at least 0, not {n!r}")
    knowledge, outcome = model.knowledge, model.knowledge.outcome.id
    drawn = sample(model.tree.network, n, seed, None if quiet else {outcome: YES})
    rng = np.random.default_rng([seed, 1])
    columns: dict[str, object] = {
        "case_id": [uuid.UUID(bytes=rng.bytes(16), version=4).hex for _ in range(n)],
        "recorded_at": pd.date_range(FIRST, periods=n, freq="s").map(lambda time: time.isoformat()).astype(object),
        "origin": ["simulated"] * n,
        outcome: np.array(knowledge.states[outcome], dtype=object)[drawn[outcome]],
    }
    for question in knowledge.questions:
        answers = np.array(knowledge.states[question], dtype=object)[drawn[question]]
        answers[rng.random(n) < missing] = ""
        columns[question] = answers
    told = (rng.random(n) < labelled).tolist()
    fired = {cause: drawn[link_node(outcome, cause)].tolist() for cause in knowledge.causes}
    for column, state in (("triggered", 1), ("ruled_out", 0)):
        columns[column] = [
            CAUSE_SEPARATOR.join(cause for cause, of in fired.items() if of[row] == state) if told[row] else ""
            for row in range(n)
        ]
    return cases_table(knowledge, pd.DataFrame(columns))


def redrawn(model: DiagnosticModel, seed: int) -> DiagnosticModel:
    """The model with every number drawn anew from its distribution: a truth that the elicited numbers could have meant."""
    knowledge, parameters = model.knowledge, parameters_of(model.knowledge)
    drawn = parameters.read({name: values[..., 0] for name, values in knowledge.draw(1, seed).items()})
    every = np.ones(len(parameters.rows), dtype=bool)
    return DiagnosticModel(knowledge.with_rows(parameters.with_values(drawn, parameters.strength, every)))
