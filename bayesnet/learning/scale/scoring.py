"""Any number of cases -> their scores: a task per part writes a file, and a manifest beside says what they are."""

from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.errors import BadCases, BadEvidence, BadFile
from bayesnet.inference.evidence import Ids
from bayesnet.learning.cases.skips import LISTED, Skip, Skipped, all_skipped
from bayesnet.learning.cases.source import Source
from bayesnet.learning.cases.table import columns_to_score
from bayesnet.learning.scale.engines import Run, running
from bayesnet.learning.scale.folder import Manifest, finish, prepare, sweep
from bayesnet.learning.scale.parts import OnError, Part, Tally, cases_of, check_policy, given_up, parts_of
from bayesnet.learning.scale.places import Paths, sources
from bayesnet.learning.scale.progress import Watch, watched
from bayesnet.learning.scale.scored_part import PartWriter, ScoredPart, origin_of, part_file, part_path, scored_schema
from bayesnet.learning.scale.scores import scores_of, why_impossible
from bayesnet.learning.scale.shipping import fingerprint, one_thread, packed, unpacked


def score_cases(
    model: DiagnosticModel,
    paths: Paths,
    out: str | Path,
    run: Run = map,
    *,
    on_error: OnError = "stop",
    resume: bool = False,
    filesystem: Any = None,
    watch: Watch | None = None,
) -> Manifest:
    """Scores all cases of some files into the folder `out`: a Parquet file per part, and `manifest.json`, which it returns.

    Each row has `file` and `row`, where it comes from, the columns of a case and the red flags, which may stand in the files
    and raise the level of advice; and behind them P(triggered) of every cause and `unexplained` (float32), `first_cause`, the
    likeliest, and `advice_level`. These are null for a session in which nothing happened.

    `paths`, `run`, `on_error`, `filesystem` and `watch` are as in `count_cases`; all tasks must see the folder `out`. With
    `resume`, the parts that are there already stay, unless their file has changed. An interrupt (Ctrl-C) leaves whole parts.

    Raises BadFile and BadCases, naming file and row; BadFile also for a folder that holds something else.
    """
    check_policy(on_error)
    folder, knowledge = Path(out).resolve(), model.knowledge
    scored_schema(knowledge)
    found = sources(paths, filesystem)
    _apart(folder, found)
    parts, unread = parts_of(found, on_error)
    mark = fingerprint(knowledge)
    done = prepare(folder, [origin_of(part, mark) for part in parts], resume)
    task = partial(score_part, packed(knowledge), mark, str(folder), on_error)
    try:
        with running(run, task, [part for part in parts if part.number not in done]) as results:
            every = chain((done[number] for number in sorted(done)), results)
            scored = {part.number: part for part in watched(every, parts, watch)}
    finally:
        sweep(folder)
    return finish(folder, knowledge, found, scored, unread)


def score_part(sent: bytes, mark: str, folder: str, on_error: OnError, part: Part) -> ScoredPart:
    """The scores of a part, written to its file in the folder: the task that engines run."""
    model, path, tally = unpacked(sent), part_path(Path(folder), part.number), Tally()
    try:
        with one_thread(), part_file(path, model, part.source.name) as writer:
            quiet, answered = _write(model, part, on_error, tally, writer)
            return writer.finish(
                ScoredPart(part.number, origin_of(part, mark), tally.rows, quiet, tally.skipped, "", tuple(answered))
            )
    except (BadFile, BadCases) as error:
        if on_error == "stop":
            raise
        path.unlink(missing_ok=True)
        lost = given_up(part, error)
        return ScoredPart(part.number, origin_of(part, mark), lost.rows, 0, lost.skipped)


def _write(
    model: DiagnosticModel, part: Part, on_error: OnError, tally: Tally, writer: PartWriter
) -> tuple[int, dict[str, None]]:
    """Scores all batches of a part; how many were quiet, and the questions that anybody answered."""
    quiet, answered = 0, dict[str, None]()
    for checked in cases_of(part, model.knowledge, columns_to_score(model.knowledge), on_error, tally):
        table, rows = checked.good, checked.rows.astype(np.int64)
        scores = scores_of(model, table)
        if not scores.possible.all():
            bad = np.flatnonzero(~scores.possible)
            tally.skipped = all_skipped([tally.skipped, _impossible(model, part.source, table, rows, bad, on_error)])
            keep = np.flatnonzero(scores.possible)
            table, rows, scores = table.iloc[keep], rows[keep], scores.rows(keep)
        quiet += int(scores.quiet.sum())
        answered.update((question, None) for question in model.knowledge.questions if table[question].notna().any())
        writer.write(table, rows, scores)
    return quiet, answered


def _impossible(
    model: DiagnosticModel, source: Source, table: pd.DataFrame, rows: Ids, bad: Ids, on_error: OnError
) -> Skipped:
    """Cases that cannot be under the model, as skips. Raises BadCases to stop."""
    listed = tuple(
        Skip(source.name, int(rows[at]), f"{source.row_word} {rows[at]}: {why_impossible(model, table.iloc[at])}")
        for at in bad[:LISTED].tolist()
    )
    if on_error == "stop":
        raise BadCases([skip.why for skip in listed])
    return Skipped(len(bad), listed)


def _apart(folder: Path, found: list[Source]) -> None:
    """Raises BadEvidence where scores would be written among the files that are read."""
    for source in found:
        if source.filesystem is None and folder in Path(source.path).resolve().parents:
            raise BadEvidence(f"the scores cannot go to {folder}: {source.name}, which is read, lies in it")
