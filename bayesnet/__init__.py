"""Diagnosis with causal Bayesian networks: answers in; causes, reasons and advice out.

>>> import bayesnet
>>> d = bayesnet.load().diagnose({"sweating": "heavy", "felt_tear": "yes"})
>>> d.beliefs[0].label
'Muscle strain'
"""

from bayesnet.diagnosis.advice import Advice, AdviceItem
from bayesnet.diagnosis.diagnosis import Belief, Diagnosis, GroupBelief
from bayesnet.diagnosis.explanation import Explanation, Weight
from bayesnet.diagnosis.model import DiagnosticModel, load
from bayesnet.errors import (
    BadEvidence,
    BadFile,
    BadModel,
    BadNetwork,
    BayesnetError,
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
    "Diagnosis",
    "DiagnosticModel",
    "Explanation",
    "Family",
    "GroupBelief",
    "ImpossibleEvidence",
    "JunctionTree",
    "MissingExtra",
    "Network",
    "TooLarge",
    "UnknownName",
    "UnknownState",
    "UnknownVariable",
    "Weight",
    "load",
]
__version__ = "0.1.0"
