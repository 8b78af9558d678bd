"""The scores of a batch of cases: P(triggered) of each cause, the first cause and how urgent the advice is."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet.diagnosis.answers import check_table
from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.rules import Findings, Mask, Rules
from bayesnet.errors import ImpossibleCases, ImpossibleEvidence
from bayesnet.inference.evidence import Ids
from bayesnet.inference.network import Array
from bayesnet.knowledge.schema import NO, YES

NONE = -1
"""In the place of a cause or a level: in a quiet session there is nothing to find a cause of."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Of n cases: `probabilities` (n, n_causes + 1), P(triggered) of each cause and P(none did), NaN for a quiet session.

    `first` (n,) is the number of the likeliest cause, `levels` (n,) the rank of the level of advice, or NONE.
    """

    probabilities: Array
    first: Ids
    levels: Ids

    @property
    def quiet(self) -> NDArray[np.bool_]:
        """Which cases have nothing to find a cause of: (n,)."""
        return np.asarray(self.first == NONE)

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Which cases can be under the model: (n,)."""
        return self.quiet | ~np.isnan(self.probabilities[:, 0])

    def rows(self, chosen: Ids) -> "Scores":
        """Some of the cases."""
        return Scores(self.probabilities[chosen], self.first[chosen], self.levels[chosen])


def scores_of(model: DiagnosticModel, table: pd.DataFrame) -> Scores:
    """The scores of a checked table (see `table.columns_to_score`). Cases that cannot be have NaN, and no level to rely on."""
    knowledge, reader, n = model.knowledge, model.reader, len(table)
    happened = np.flatnonzero((table[knowledge.outcome.id] == YES).to_numpy())
    some = table if len(happened) == n else table.iloc[happened]
    nodes = dict.fromkeys(reader.rule_nodes.values(), YES) | {reader.any_cause: NO}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImpossibleCases)
        found = reader.engine.probabilities(check_table(knowledge, some[list(knowledge.questions)]), nodes, "null")
    triggered = {name: found[node] for name, node in reader.rule_nodes.items()}
    unexplained, first_of = found[reader.any_cause], reader.first(triggered)
    findings = Findings(
        answers={question: _answered(some[question]) for question in knowledge.questions},
        red_flags={flag: (some[flag] == YES).to_numpy() for flag in knowledge.red_flags},
        triggered=triggered,
        unexplained=unexplained,
        first=first_of,
    )
    probabilities = np.full((n, len(knowledge.causes) + 1), np.nan)
    probabilities[happened] = np.stack([*(triggered[cause] for cause in knowledge.causes), unexplained], axis=1)
    first, ranks = np.full(n, NONE, dtype=np.intp), np.full(n, NONE, dtype=np.intp)
    first[happened] = first_of
    ranks[happened] = Rules(knowledge, findings).level()
    return Scores(probabilities, first, ranks)


def _answered(column: pd.Series) -> Mask:
    """Which state each case named: (n_states, n), no state where it named none."""
    codes = column.cat.codes.to_numpy()
    return np.asarray(codes == np.arange(len(column.cat.categories))[:, None])


def why_impossible(model: DiagnosticModel, case: pd.Series) -> str:
    """Which answers of a case contradict each other."""
    try:
        model.diagnose({name: case[name] for name in model.knowledge.questions if isinstance(case[name], str)})
    except ImpossibleEvidence as error:
        return str(error)
    return "its answers are next to impossible under the model"
