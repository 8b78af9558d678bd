"""Diagnosis with causal Bayesian networks: answers in; causes, reasons and advice out.

>>> import bayesnet
>>> d = bayesnet.load().diagnose({"sweating": "heavy", "felt_tear": "yes"})
>>> d.beliefs[0].label
'Muscle strain'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bayesnet.diagnosis.advice import Advice, AdviceItem
from bayesnet.diagnosis.conflict import Conflict
from bayesnet.diagnosis.diagnosis import Belief, Diagnosis, GroupBelief
from bayesnet.diagnosis.explanation import Explanation, Weight
from bayesnet.diagnosis.fixes import Fix, Fixes, WhatIf
from bayesnet.diagnosis.flips import Flip
from bayesnet.diagnosis.model import DiagnosticModel, load
from bayesnet.diagnosis.questions import NextQuestion, NextQuestions
from bayesnet.diagnosis.sensitivity import OneWay, Sensitivity
from bayesnet.errors import (
    BadCases,
    BadEvidence,
    BadFile,
    BadModel,
    BadNetwork,
    BayesnetError,
    EngineError,
    ImpossibleCases,
    ImpossibleEvidence,
    MissingExtra,
    StoreError,
    TooLarge,
    UnknownName,
    UnknownState,
    UnknownVariable,
)
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Family, Network

if TYPE_CHECKING:
    from bayesnet.learning.evaluation import Evaluation, evaluate
    from bayesnet.learning.scale import count_cases, score_cases
    from bayesnet.learning.simulation import simulate
    from bayesnet.learning.store import CaseStore
    from bayesnet.learning.tuning import Tuned, tune

LEARNING = {
    "CaseStore": "store",
    "Evaluation": "evaluation",
    "Tuned": "tuning",
    "count_cases": "scale",
    "evaluate": "evaluation",
    "score_cases": "scale",
    "simulate": "simulation",
    "tune": "tuning",
}
"""What learns from cases, and where in bayesnet.learning it is: imported when first used, as it needs pandas and more."""

__all__ = [
    "Advice",
    "AdviceItem",
    "BadCases",
    "BadEvidence",
    "BadFile",
    "BadModel",
    "BadNetwork",
    "BayesnetError",
    "Belief",
    "CaseStore",
    "Conflict",
    "Diagnosis",
    "DiagnosticModel",
    "EngineError",
    "Evaluation",
    "Explanation",
    "Family",
    "Fix",
    "Fixes",
    "Flip",
    "GroupBelief",
    "ImpossibleCases",
    "ImpossibleEvidence",
    "JunctionTree",
    "MissingExtra",
    "Network",
    "NextQuestion",
    "NextQuestions",
    "OneWay",
    "Sensitivity",
    "StoreError",
    "TooLarge",
    "Tuned",
    "UnknownName",
    "UnknownState",
    "UnknownVariable",
    "Weight",
    "WhatIf",
    "count_cases",
    "evaluate",
    "load",
    "score_cases",
    "simulate",
    "tune",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in LEARNING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"bayesnet.learning.{LEARNING[name]}"), name)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"bayesnet.{name} ({error.name})", "learn") from None
