"""What most of many cases could change: the habits ranked by how much they lower the next session's risk on average."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from bayesnet.diagnosis.fixes import LOWERS, next_session
from bayesnet.diagnosis.reader import Case
from bayesnet.inference.network import Array

AT_ONCE = 200
"""Cases that are passed through the network together, each once per change."""


@dataclass(frozen=True)
class CommonFix:
    """One habit changed to one state by everybody. `lowered` is the mean fall of the risk over all `cases`, a case that has
    the habit already falling by nothing; `helps` counts the cases whose risk it lowers at all.
    """

    habit: str
    label: str
    to: str
    to_label: str
    effort: str
    cases: int
    helps: int
    lowered: float


def common_fixes(cases: Sequence[Case]) -> tuple[CommonFix, ...]:
    """The best change of each habit over all cases, the most helpful first; those that lower nothing are left out."""
    if not cases:
        return ()
    habits, options = cases[0].reader.knowledge.habits, cases[0].reader.knowledge.advisable
    changes = [{}, *({habit: state.id} for habit, state in options)]
    risks = np.concatenate([next_session(cases[at : at + AT_ONCE], changes) for at in range(0, len(cases), AT_ONCE)])
    lowered: Array = risks[:, :1] - risks[:, 1:]
    found = [
        CommonFix(
            habit,
            habits[habit].label,
            state.id,
            state.label,
            question.effort if (question := habits[habit].habit) else "",
            len(cases),
            int((lowered[:, at] > LOWERS).sum()),
            float(lowered[:, at].mean()),
        )
        for at, (habit, state) in enumerate(options)
    ]
    best = [max(group, key=lambda fix: fix.lowered) for _, group in groupby(found, key=lambda fix: fix.habit)]
    return tuple(sorted((fix for fix in best if fix.lowered > LOWERS), key=lambda fix: -fix.lowered))
