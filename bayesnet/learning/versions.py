"""Versions of a model: kept in the case store, compared, adopted and rolled back.

What was tuned or edited by hand is a proposal until it is adopted; what is not shown to be better is adopted only on demand.
Every command asks which version is in use, so nothing that learning needs is imported here.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.errors import BadModel, NotBetter
from bayesnet.knowledge.knowledge import BY_HAND, Knowledge
from bayesnet.knowledge.load import knowledge_of
from bayesnet.knowledge.numbers import Elicited, falling
from bayesnet.knowledge.schema import BINARY, NO, YES, Basis, Provenance, Source
from bayesnet.learning.store import CaseStore, ModelVersion

if TYPE_CHECKING:
    from bayesnet.learning.evaluation import Evaluation
    from bayesnet.learning.tuning import Tuned

SHIPPED = "shipped"
"""What the model is called that comes with the program."""


def tuned_version(tuned: Tuned, scores: bool = True) -> ModelVersion:
    """A tuned model for the store, with its scores unless told otherwise: without them it is not adopted unforced."""
    model, evaluation = (tuned.with_scores(), tuned.evaluation) if scores else (tuned.model, None)
    if evaluation is not None and evaluation.better and not tuned.converged:
        why = "the learning ended before the numbers stood still, and what was scored is learning to the end"
        evaluation = replace(evaluation, better=False, reason=why)
    return _version(model.knowledge, evaluation, tuned.remarks)


def _version(knowledge: Knowledge, evaluation: Evaluation | None, remarks: Sequence[str]) -> ModelVersion:
    from bayesnet.learning.model_files import model_texts

    made = knowledge.provenance
    if made is None:
        raise BadModel(
            [f"{knowledge.id} {knowledge.version} was neither tuned nor edited; there is no version to keep"]
        )
    summary: dict[str, Any] = {**msgspec.to_builtins(made), "remarks": list(remarks)}
    if evaluation is not None:
        summary |= {"better": evaluation.better, "reason": evaluation.reason, "evaluation": asdict(evaluation)}
    return ModelVersion(
        version=made.version,
        model=knowledge.id,
        created_at=datetime.fromisoformat(made.made_at),
        parent=made.parent,
        files=model_texts(knowledge),
        summary=summary,
    )


def model_of(version: ModelVersion) -> DiagnosticModel:
    """The model of a stored version. Raises BadModel where its files are damaged."""
    return DiagnosticModel(knowledge_of(version.files, Path(version.version)))


def adopted_model(store: CaseStore, shipped: DiagnosticModel) -> DiagnosticModel:
    """The model in use: the adopted version, or the shipped one where none is."""
    version = store.adopted(shipped.knowledge.id)
    return shipped if version is None else renewed(model_of(version), shipped)


def renewed(model: DiagnosticModel, shipped: DiagnosticModel) -> DiagnosticModel:
    """The numbers of a version in the shipped model of today: its questions, advice and red flags are never older than that.

    Raises BadModel for numbers of another version of the model, and where the two differ in more than their numbers.
    """
    from bayesnet.learning.differences import differences

    made = model.knowledge
    if problem := misfit(made.version_name, made.version, shipped.knowledge):
        raise BadModel([problem])
    differences(shipped.knowledge, model.knowledge)
    rows = {name: table.rows for name, table in model.knowledge.tables.items()}
    knowledge = replace(
        shipped.knowledge.with_rows(rows),
        provenance=model.knowledge.provenance,
        sources={**model.knowledge.sources, **shipped.knowledge.sources},
    )
    return DiagnosticModel(knowledge)


def misfit(name: str, under: str, today: Knowledge) -> str:
    """Why a version is not used that was made under another one of the model (as `made_under` tells); empty where it may be."""
    if under in ("", today.version):
        return ""
    return (
        f"{name} was made under version {under} of {today.id}, and the program has {today.version}: its numbers do not fit. "
        f"`bayesnet models export {name} -o FOLDER` writes a folder that --model FOLDER still uses"
    )


def made_under(version: ModelVersion) -> str:
    """The version of the model under which a version was made, read from the head of its file; empty if that is damaged."""
    head = version.files.get("model.toml", "").partition("\n[")[0]
    try:
        return str(tomllib.loads(head).get("version", ""))
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""


def model_named(store: CaseStore, shipped: DiagnosticModel, name: str) -> DiagnosticModel:
    """The model of a version's id; "shipped" is the shipped one. Raises UnknownName."""
    return shipped if name == SHIPPED else model_of(store.version(name))


def adopt(store: CaseStore, shipped: DiagnosticModel, name: str, force: bool = False) -> DiagnosticModel:
    """Puts a version into use, "shipped" the shipped model, and gives it back.

    Raises NotBetter, unless forced, for a tuned version that was not shown to be better, UnknownName, and as `renewed`.
    """
    model = shipped.knowledge.id
    if name == SHIPPED:
        store.adopt(model, None)
        return shipped
    version = store.version(name)
    found = renewed(model_of(version), shipped)  # what cannot be read, or no longer fits, is not put into use
    why_not = not_better(version.summary)
    if why_not and not force:
        raise NotBetter(f"{name} is not adopted: {why_not}. To adopt it all the same, force it (--force)")
    store.adopt(model, name)
    return found


def not_better(summary: Mapping[str, Any]) -> str:
    """Why a version should not be adopted without a second thought; empty where nothing speaks against it."""
    if summary.get("method") == BY_HAND:
        return "it was edited by hand since it learned, and not evaluated since" if summary.get("cases") else ""
    if summary.get("better"):
        return ""
    return str(summary.get("reason") or "it was not evaluated on held-out cases")


# ---- by hand

EDITED = "edited_by_hand"
"""The source that a typed number cites."""


@dataclass(frozen=True)
class Edit:
    """New values for one row of a number table: its states' probabilities (a yes/no row may name just "yes") and strength."""

    table: str
    given: tuple[tuple[str, str], ...]
    p: Mapping[str, float]
    strength: float


def edited(model: DiagnosticModel, edits: Sequence[Edit], basis: Basis = "guess") -> DiagnosticModel:
    """The model with some rows written anew. Raises BadModel, naming each row, for what is no distribution or strength."""
    rows = {name: list(table.rows) for name, table in model.knowledge.tables.items()}
    problems = _take(model.knowledge, edits, rows, basis)
    if problems:
        raise BadModel(problems)
    from bayesnet.learning.model_files import model_texts

    knowledge = model.knowledge.with_rows(rows)
    if problems := [problem for name in rows for problem in _falls(knowledge, name)]:
        raise BadModel(problems)
    typed = Source(id=EDITED, cite="Typed in by whoever tends these numbers", read="none")
    knowledge = replace(knowledge, sources={**model.knowledge.sources, EDITED: typed})
    now = datetime.now(UTC)
    digest = hashlib.sha256(model_texts(knowledge)["model.toml"].encode()).hexdigest()
    before = model.knowledge.provenance
    made = Provenance(
        version=f"{now:%Y%m%d-%H%M%S}-{digest[:8]}",
        parent=model.knowledge.version_name,
        made_at=now.isoformat(timespec="seconds"),
        method=BY_HAND,
        cases=before.cases if before else 0,
        simulated=before.simulated if before else 0,
        data_hash=before.data_hash if before else "",
    )
    return DiagnosticModel(replace(knowledge, provenance=made))


def _take(knowledge: Knowledge, edits: Sequence[Edit], rows: dict[str, list[Elicited]], basis: Basis) -> list[str]:
    """Puts each edit into its row; what is wrong with the others, in words."""
    problems: list[str] = []
    for edit in edits:
        found = [i for i, row in enumerate(rows.get(edit.table, ())) if row.given == edit.given]
        if not found:
            problems.append(f"{edit.table}: there is no such row")
            continue
        row = rows[edit.table][found[0]]
        new = _edited_row(row, edit)
        problem = _wrong_with(knowledge, edit, new)
        if problem:
            problems.append(problem)
        elif (new.p, new.strength) != (row.p, row.strength):
            rows[edit.table][found[0]] = replace(new, ranges={}, basis=basis, sources=(EDITED,))
    return problems


def _falls(knowledge: Knowledge, name: str) -> Iterator[str]:
    """Where the numbers of a table break the order that the model declares, in words."""
    table = knowledge.tables[name]
    for low, high in falling(table, knowledge.states):
        first, second = (knowledge.number_label(table, row, YES) for row in (low, high))
        yield f"{second}: {high.p[YES]:g} is less than {low.p[YES]:g}, for {first}; along these answers it must not fall"


def edited_version(model: DiagnosticModel) -> ModelVersion:
    """An edited model for the store."""
    return _version(model.knowledge, None, ())


def _edited_row(row: Elicited, edit: Edit) -> Elicited:
    p = {**row.p, **edit.p}
    if set(p) == set(BINARY):
        p = {NO: 1 - p[YES], YES: p[YES]}
    return replace(row, p=p, strength=edit.strength)


def _wrong_with(knowledge: Knowledge, edit: Edit, row: Elicited) -> str:
    """What is wrong with an edited row, in words; empty where nothing is."""
    table = knowledge.tables[edit.table]
    label = knowledge.number_label(table, row, YES if YES in row.p else next(iter(row.p)))
    for state, p in row.p.items():
        if state not in table.states:
            return f"{label}: unknown state {state!r}. Allowed: {', '.join(table.states)}"
        if not 0 <= p <= 1:  # NaN fails either
            return f"{label}: {state} is {p:g}; a probability must lie from 0 to 1"
    total = sum(row.p.values())
    if abs(total - 1) > TOLERANCE:
        return f"{label}: the probabilities sum to {total:.6g}; they must sum to 1"
    if not 0 < row.strength <= MOST:
        return f"{label}: strength is {row.strength:g}; it must be above 0 and at most {MOST:g}"
    return ""


TOLERANCE = 1e-6
MOST = 1e9
"""The largest strength that a model file may name."""
