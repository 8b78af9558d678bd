"""Any number of cases -> their distinct patterns: a task per part counts its keys, and the counts are added up."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bayesnet.diagnosis.model import DiagnosticModel, load
from bayesnet.errors import BadCases, BadFile
from bayesnet.learning.cases.skips import Skipped, all_skipped
from bayesnet.learning.cases.table import case_columns
from bayesnet.learning.coding import coding_of
from bayesnet.learning.counts import Counts, Sum, counted, nothing
from bayesnet.learning.patterns import Patterns, as_patterns_of
from bayesnet.learning.scale.engines import Run, running
from bayesnet.learning.scale.parts import OnError, Part, Tally, cases_of, check_policy, given_up, parts_of
from bayesnet.learning.scale.places import Paths, sources
from bayesnet.learning.scale.progress import Watch, watched
from bayesnet.learning.scale.shipping import one_thread, packed, unpacked
from bayesnet.learning.scale.spilling import IN_MEMORY, SpillingSum

ROW_BITS = 40
"""A row is known by the number of its file, and below that many bits its own."""


@dataclass(frozen=True, eq=False)
class PartCounts:
    """What counting a part gave."""

    number: int
    counts: Counts
    tally: Tally


def count_cases(
    paths: Paths,
    run: Run = map,
    model: DiagnosticModel | None = None,
    *,
    on_error: OnError = "stop",
    filesystem: Any = None,
    watch: Watch | None = None,
    in_memory: int = IN_MEMORY,
) -> Patterns:
    """The distinct patterns of all cases of some files, to be handed to `tune`: the same whatever runs the tasks.

    `paths`: files, folders, globs or URIs (see `places.sources`), in a pyarrow `filesystem` if one is given. `run` runs the
    tasks: `map` here and now, or what `engines` offers. `model` says what a case is; the shipped one by default. A bad row
    or file stops it (`on_error="stop"`) or is left out and listed in `skipped` ("skip"). `watch` hears of every part.
    At most `in_memory` distinct patterns, of some 100 bytes while they are added up, are held in memory; more go to
    temporary files. Ids are not compared, so a case that stands in two files counts twice.

    Raises BadFile and BadCases, naming file and row.
    """
    check_policy(on_error)
    knowledge = (model or load()).knowledge
    found = sources(paths, filesystem)
    parts, unread = parts_of(found, on_error)
    task = partial(count_part, packed(knowledge), on_error)
    skipped = {-1: Skipped(0, tuple(unread), len(unread))}
    coding = coding_of(knowledge)
    with SpillingSum(coding, in_memory) as total, running(run, task, parts) as results:
        for done in watched(results, parts, watch):
            total.add(done.counts)
            skipped[done.number] = done.tally.skipped
        counts = total.counts()
    patterns = as_patterns_of(coding, counts, Naming(found))
    return replace(patterns, skipped=all_skipped(skipped[number] for number in sorted(skipped)))


def count_part(sent: bytes, on_error: OnError, part: Part) -> PartCounts:
    """The counts of a part: the task that engines run."""
    knowledge, tally = unpacked(sent).knowledge, Tally()
    coding = coding_of(knowledge)
    total = Sum(coding)
    try:
        with one_thread():
            for checked in cases_of(part, knowledge, case_columns(knowledge), on_error, tally):
                total.add(counted(coding, checked.good, checked.rows + (part.file << ROW_BITS)))
    except (BadFile, BadCases) as error:
        if on_error == "stop":
            raise
        return PartCounts(part.number, nothing(coding), given_up(part, error))
    return PartCounts(part.number, total.counts(), tally)


@dataclass(frozen=True)
class Naming:
    """What messages call the rows of files: cases.csv, line 17."""

    files: list[Any]

    def __call__(self, row: int) -> str:
        source = self.files[row >> ROW_BITS]
        return f"{source.name}, {source.row_word} {row & (1 << ROW_BITS) - 1}"
