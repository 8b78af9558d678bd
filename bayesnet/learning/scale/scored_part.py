"""The scores of one part: a Parquet file, and in its footer what became of the rows, so that a run can be resumed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.errors import BadFile
from bayesnet.inference.evidence import Ids
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.parquet import WORDS, arrow_schema, as_arrow, words
from bayesnet.learning.cases.skips import Skipped
from bayesnet.learning.cases.table import columns_to_score
from bayesnet.learning.cases.whole_file import written_whole
from bayesnet.learning.scale.parts import Part, Tally
from bayesnet.learning.scale.scores import Scores

FOOTER = b"bayesnet"
FILE, ROW = "file", "row"
UNEXPLAINED, FIRST_CAUSE, ADVICE_LEVEL = "unexplained", "first_cause", "advice_level"


@dataclass(frozen=True)
class Origin:
    """What a part was made from: some row groups of a file as it was then, or all of it, and a model (its fingerprint)."""

    file: str
    size: int
    modified: int
    groups: tuple[int, int] | None
    model: str


@dataclass(frozen=True)
class ScoredPart:
    """What became of a part: its `rows` were scored, `quiet` ones of these without a cause to look for, or `skipped`.

    `digest` is the SHA-256 of the probabilities, `answered` the questions that anybody answered.
    """

    number: int
    origin: Origin
    rows: int = 0
    quiet: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    digest: str = sha256().hexdigest()
    answered: tuple[str, ...] = ()

    @property
    def tally(self) -> Tally:
        """What became of the rows."""
        return Tally(self.rows, self.skipped)


def origin_of(part: Part, model: str) -> Origin:
    """What a part is made from."""
    source, rows = part.source, part.rows
    groups = (rows.groups.start, rows.groups.stop) if rows else None
    return Origin(source.name, source.size, source.modified, groups, model)


def scored_schema(knowledge: Knowledge) -> pa.Schema:
    """The columns of scored cases. Raises BadFile where the model's own names are among those that are added."""
    fields = [
        pa.field(FILE, WORDS),
        pa.field(ROW, pa.int64()),
        *arrow_schema(columns_to_score(knowledge)),
        *(pa.field(name, pa.float32()) for name in (*knowledge.causes, UNEXPLAINED)),
        pa.field(FIRST_CAUSE, WORDS),
        pa.field(ADVICE_LEVEL, WORDS),
    ]
    names = [one.name for one in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadFile(f"cannot write scores: the model {knowledge.id} and the scores both have a column {twice[0]!r}")
    return pa.schema(fields)


def part_path(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / f"part-{number:06}.parquet"


class PartWriter:
    """Writes tables of scores one after the other, and what became of the part in the end."""

    def __init__(self, writer: pq.ParquetWriter, model: DiagnosticModel, file: str) -> None:
        self._writer, self._knowledge, self._file = writer, model.knowledge, file
        self._digest = sha256()

    def write(self, table: pd.DataFrame, rows: Ids, scores: Scores) -> None:
        """One more checked table, with the numbers of its rows (n,), as a row group."""
        knowledge, quiet = self._knowledge, scores.quiet
        probabilities = scores.probabilities.T.astype(np.float32)
        columns = [
            words(np.zeros(len(table)), [self._file]),
            pa.array(rows, pa.int64()),
            *as_arrow(table, columns_to_score(knowledge)).columns,
            *(pa.array(p, mask=quiet) for p in probabilities),
            words(scores.first, knowledge.causes),
            words(scores.levels, knowledge.levels),
        ]
        self._writer.write_table(pa.table(columns, scored_schema(knowledge)))
        self._digest.update(np.ascontiguousarray(probabilities.T).tobytes())

    def finish(self, part: ScoredPart) -> ScoredPart:
        """The part with its digest; it is noted in the footer."""
        done = replace(part, digest=self._digest.hexdigest())
        self._writer.add_key_value_metadata({FOOTER: msgspec.json.encode(done)})
        return done


@contextmanager
def part_file(path: Path, model: DiagnosticModel, file: str) -> Iterator[PartWriter]:
    """Where the scores of a part of a `file` are written to, whole or not at all. Raises BadFile."""
    schema = scored_schema(model.knowledge)
    few = [one.name for one in schema if one.type == WORDS]
    numbers = [one.name for one in schema if one.name == ROW or one.type == pa.float32()]
    options = {"compression": "zstd", "use_dictionary": few, "write_statistics": numbers}
    with written_whole(path) as beside, pq.ParquetWriter(beside, schema, **options) as writer:
        yield PartWriter(writer, model, file)


def scored_already(path: Path) -> ScoredPart:
    """What the footer of a part says. Raises BadFile for another program's file."""
    try:
        footer = (pq.read_metadata(path).metadata or {})[FOOTER]
        return msgspec.json.decode(footer, type=ScoredPart)
    except (OSError, pa.ArrowException, KeyError, msgspec.MsgspecError):
        raise BadFile(f"{path}: not a part of scores; choose a new folder") from None
