"""Cases in every form in which they are handed over -> patterns."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bayesnet.errors import BadCases
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.files import read_batches
from bayesnet.learning.cases.source import local_source
from bayesnet.learning.cases.table import cases_table
from bayesnet.learning.coding import coding_of
from bayesnet.learning.counts import Sum, counted
from bayesnet.learning.patterns import Patterns, as_patterns_of, patterns_of
from bayesnet.learning.store import CaseStore, left_out


def as_patterns(knowledge: Knowledge, cases: Any) -> Patterns:
    """A table (DataFrame or list), the path of a file, or a case store, as distinct patterns. Raises BadCases and BadFile."""
    if isinstance(cases, Patterns):
        return cases
    if isinstance(cases, str | Path):
        return _of_file(knowledge, cases)
    if isinstance(cases, CaseStore):
        made = knowledge.provenance
        if made and made.cases:
            raise BadCases(
                [
                    f"{made.version} has learned already, and the store does not say from which of its cases"
                    f": start from the shipped model, or give the new cases as a file"
                ]
            )
        table, simulated = cases.patterns(knowledge), cases.count(knowledge.id).get("simulated", 0)
        found = patterns_of(knowledge, table)
        return replace(found, simulated=float(simulated), left_out=left_out(table))
    return patterns_of(knowledge, cases_table(knowledge, cases))


def _of_file(knowledge: Knowledge, path: str | Path) -> Patterns:
    """The patterns of a file, read a batch at a time. Raises BadCases with all that is wrong in it."""
    coding, problems = coding_of(knowledge), list[str]()
    total = Sum(coding)
    for checked in read_batches(path, knowledge):
        problems.extend(checked.problems)
        if not problems:
            total.add(counted(coding, checked.good, checked.rows))
    if problems:
        raise BadCases(problems)
    return as_patterns_of(coding, total.counts(), in_file(local_source(path).row_word))


def in_file(row_word: str) -> Callable[[int], str]:
    """What the rows of a file are called: line 17."""
    return lambda row: f"{row_word} {row}"
