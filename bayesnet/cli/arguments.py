"""What the commands share: their options, answers as text, the model in use, and how they complain."""

import json
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from bayesnet.diagnosis.model import DiagnosticModel, load
from bayesnet.errors import BadEvidence, BadModel, MissingExtra, StoreError
from bayesnet.learning.place import VARIABLE, is_there

ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="PATH", help="A model's folder; by default the adopted version or the shipped one."
    ),
]
ElicitedOption = Annotated[
    Path | None, typer.Option("--model", metavar="PATH", help="The model to start from; the shipped one by default.")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help=f"The case store: a path or URL; by default {VARIABLE} or your own file."
    ),
]
Answers = Annotated[
    list[str] | None, typer.Argument(metavar="QUESTION=ANSWER...", help="One each; weighted: QUESTION=a:0.5,b:1.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def in_use(path: Path | None) -> DiagnosticModel:
    """The model in the folder `path`; by default the adopted version of the shipped one, if a case store has any.

    Where the store cannot be asked, the shipped model answers and a line says so.
    """
    shipped = load(path)
    if path is not None or find_spec("sqlalchemy") is None or not is_there():
        return shipped
    from bayesnet.learning.store import CaseStore
    from bayesnet.learning.versions import adopted_model

    try:
        with CaseStore(timeout=2.0) as store:
            return adopted_model(store, shipped)
    except (StoreError, BadModel, MissingExtra) as error:
        complain_of_adopted(error)
        return shipped


def complain_of_adopted(problem: object) -> None:
    """One line that says why the version in use does not answer."""
    complain(f"the shipped model answers, as the adopted one cannot: {problem}")


def complain(message: str) -> None:
    """One line on standard error."""
    print("bayesnet:", " ".join(message.split()), file=sys.stderr)


def parse_answers(texts: list[str]) -> dict[str, Any]:
    """`["felt_tear=yes", "sweating=moderate:0.5,heavy:1"]` as answers.

    Raises BadEvidence for text that is not QUESTION=ANSWER, or a question answered twice.
    """
    answers: dict[str, Any] = {}
    for text in texts:
        question, equals, answer = text.partition("=")
        question = question.strip()
        if not equals or not question:
            raise BadEvidence(f"{text!r} is not an answer. Write QUESTION=ANSWER, such as {text or 'QUESTION'}=yes")
        if not answer.strip():
            raise BadEvidence(f"{text!r} has no answer. Leave the question out, or write {question}=ANSWER")
        if question in answers:
            raise BadEvidence(f"{question!r} is answered twice; give it once, or weighted: {question}=a:0.5,b:1")
        answers[question] = _soft(question, answer) if ":" in answer else answer.strip()
    return answers


def _soft(question: str, answer: str) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for part in answer.split(","):
        state, colon, weight = (piece.strip() for piece in part.partition(":"))
        if not colon or state in weights:
            raise BadEvidence(f"{question}={answer}: each state once with its weight, such as {question}=a:0.5,b:1")
        try:
            weights[state] = float(weight)
        except ValueError:
            raise BadEvidence(f"{question}={answer}: the weight {weight!r} of {state!r} is not a number") from None
    return weights


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
