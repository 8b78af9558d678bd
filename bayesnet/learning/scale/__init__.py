"""Any number of cases: counted and scored by a small task per part of a file, run by whatever engine is there."""

from bayesnet.learning.scale.counting import count_cases
from bayesnet.learning.scale.scoring import score_cases

__all__ = ["count_cases", "score_cases"]
