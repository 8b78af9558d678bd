"""Diagnosis with causal Bayesian networks: answers in; causes, reasons and advice out.

>>> import bayesnet
>>> d = bayesnet.load().diagnose({"sweating": "heavy", "felt_tear": "yes"})
>>> d.beliefs[0].label
'Muscle strain'
"""

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
    BadEvidence,
    BadFile,
    BadModel,
    BadNetwork,
    BayesnetError,
    ImpossibleCases,
    ImpossibleEvidence,
    MissingExtra,
    TooLarge,
    UnknownName,
    UnknownState,
    UnknownVariable,
)
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.network import Family, Network

__all__ = [
    "Advice",
    "AdviceItem",
    "BadEvidence",
    "BadFile",
    "BadModel",
    "BadNetwork",
    "BayesnetError",
    "Belief",
    "Conflict",
    "Diagnosis",
    "DiagnosticModel",
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
    "TooLarge",
    "UnknownName",
    "UnknownState",
    "UnknownVariable",
    "Weight",
    "WhatIf",
    "load",
]
__version__ = "0.1.0"
