"""Cases in every form in which they are handed over -> patterns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bayesnet.errors import BadCases
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.files import read_cases, row_word
from bayesnet.learning.cases.table import cases_table
from bayesnet.learning.patterns import Patterns, patterns_of
from bayesnet.learning.store import CaseStore, left_out


def as_patterns(knowledge: Knowledge, cases: Any) -> Patterns:
    """A table (DataFrame or list), the path of a file, or a case store, as distinct patterns. Raises BadCases and BadFile."""
    if isinstance(cases, Patterns):
        return cases
    if isinstance(cases, str | Path):
        checked = read_cases(cases, knowledge)
        return replace(
            patterns_of(knowledge, checked.table()), names=checked.rows.tolist(), row_word=row_word(Path(cases))
        )
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
