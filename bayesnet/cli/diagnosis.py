"""The shell: `bayesnet diagnose sweating=heavy felt_tear=yes` and its companions.

Bad input ends with exit code 2 and one line on standard error; nobody sees a traceback.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping
from importlib.metadata import version as package_version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from bayesnet.diagnosis.model import load
from bayesnet.errors import BadEvidence, BadModel, BadPort, BayesnetError, MissingExtra
from bayesnet.inference.exchange import FORMATS, export
from bayesnet.shipped import shipped

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
model_app = typer.Typer(help="Check, show and export a model.")
app.add_typer(model_app, name="model")

ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="PATH", help="A model's folder; the shipped model by default.")
]
Answers = Annotated[
    list[str] | None, typer.Argument(metavar="QUESTION=ANSWER...", help="One each; weighted: QUESTION=a:0.5,b:1.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def main() -> None:
    """The entry point: runs the command line and turns every expected error into one line and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        _complain(f"{error.format_message()} (`bayesnet --help` lists what there is)")
        sys.exit(2)
    except BayesnetError as error:
        _complain(str(error))
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except UnicodeEncodeError as error:
        _complain(f"this terminal cannot show {error.object[error.start]!r}; set PYTHONIOENCODING=utf-8")
        sys.exit(2)
    except BrokenPipeError:
        # The reader (head, less) has gone; point standard output at nothing so that Python does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    print("bayesnet:", " ".join(message.split()), file=sys.stderr)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Diagnosis with a Bayesian network: causes, reasons and advice."""
    if version:
        print(f"bayesnet {package_version('bayesnet')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def diagnose(
    answers: Answers = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """What triggered it: causes ranked, reasons in brief, and advice.

    `bayesnet model show` lists the questions and their answers. What is left out counts as not known.
    """
    loaded = load(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    if as_json:
        _print_json(diagnosis.to_dict())
    else:
        from bayesnet.report.cases import print_diagnosis

        print_diagnosis(loaded, diagnosis)


@app.command()
def explain(
    answers: Answers = None,
    cause: Annotated[str | None, typer.Option(help="The cause to explain; the likeliest by default.")] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why: what every answer weighs for and against a cause, what fits badly, and what would change the result."""
    from bayesnet.report.reasons import explanation_values, print_explanation

    loaded = load(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    chosen = diagnosis[cause].cause if cause else diagnosis.beliefs[0].cause
    _print_json(explanation_values(diagnosis, chosen)) if as_json else print_explanation(loaded, diagnosis, chosen)


@app.command("next")
def next_question(answers: Answers = None, model: ModelOption = None, as_json: JsonOption = False) -> None:
    """What to ask next: the open questions, ranked by how likely their answer changes the advice, for what they cost."""
    from bayesnet.report.reasons import next_values, print_next

    loaded = load(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    _print_json(next_values(diagnosis)) if as_json else print_next(loaded, diagnosis)


@app.command("fixes")
def list_fixes(
    answers: Answers = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="HABIT=STATE", help="What if just this changed? May be repeated."),
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """What to change: habits ranked by how much they lower the probability of the next one."""
    from bayesnet.report.reasons import (
        NO_HABIT,
        fixes_values,
        print_first_things,
        print_fixes,
        print_what_if,
        what_if_values,
    )

    loaded = load(model)
    given = parse_answers(answers or [])
    changed = loaded.what_if(given, parse_answers(change)) if change else None
    if as_json:
        _print_json(fixes_values(loaded.fixes(given)) if changed is None else what_if_values(changed))
        return
    print_first_things(loaded, loaded.diagnose(given), NO_HABIT)
    if changed is None:
        print_fixes(loaded, loaded.fixes(given))
    else:
        print_what_if(loaded, changed)


@app.command()
def sensitivity(
    answers: Answers = None,
    cause: Annotated[str | None, typer.Option(help="The cause in question; the likeliest by default.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many numbers to show.")] = 12,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where data would help most: the numbers of the model that leave this result most in doubt."""
    from bayesnet.report.reasons import print_sensitivity, sensitivity_values

    loaded = load(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    found = diagnosis.sensitivity(cause or diagnosis.beliefs[0].cause)
    _print_json(sensitivity_values(found)) if as_json else print_sensitivity(loaded, found, top)


@app.command()
def interview(answers: Answers = None, model: ModelOption = None) -> None:
    """Ask the best next question again and again, until no answer can change the advice."""
    from bayesnet.report.interview import interview as run

    run(load(model), parse_answers(answers or []))


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen, on this machine only.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    model: ModelOption = None,
) -> None:
    """Open the dashboard in a browser. It listens on this machine only (127.0.0.1)."""
    load(model)
    if find_spec("streamlit") is None:
        raise MissingExtra("the dashboard", "dashboard")
    _check_free(port)
    os.environ.pop("BAYESNET_MODEL", None)
    if model is not None:
        os.environ["BAYESNET_MODEL"] = str(model.resolve())
    from streamlit.web import cli

    # Flags win over the environment and over a user's own Streamlit settings.
    settings = {
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": not browser,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
    }
    flags = [f"--{name}={str(value).lower()}" for name, value in settings.items()]
    sys.argv = ["streamlit", "run", str(shipped("dashboard") / "app.py"), *flags]
    cli.main()


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BadPort(f"cannot listen on port {port} ({error.strerror}); choose another with --port") from None


@model_app.command("check")
def model_check(
    path: Annotated[Path | None, typer.Argument(help="A model's folder; the shipped model by default.")] = None,
) -> None:
    """Read a model's files and list everything that is wrong with them."""
    try:
        knowledge = load(path).knowledge
    except BadModel as error:
        for problem in error.problems:
            _complain(problem)
        sys.exit(2)
    numbers = sum(len(table.rows) for table in knowledge.tables.values())
    print(
        f"{knowledge.path}: good. {knowledge.title}, version {knowledge.version}: {len(knowledge.questions)} questions, "
        f"{len(knowledge.causes)} causes, {len(knowledge.red_flags)} red flags, {numbers} rows of numbers, "
        f"{len(knowledge.sources)} sources."
    )


@model_app.command("show")
def model_show(
    variable: Annotated[str | None, typer.Argument(help="A question, cause or outcome: its numbers in full.")] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """The questions with their answers and the causes; or the numbers of one of them, with sources."""
    from bayesnet.report.models import numbers_of, overview, print_numbers, print_overview

    knowledge = load(model).knowledge
    if as_json:
        _print_json(overview(knowledge) if variable is None else numbers_of(knowledge, variable))
    elif variable is None:
        print_overview(knowledge)
    else:
        print_numbers(knowledge, variable)


@model_app.command("export")
def model_export(
    format: Annotated[str, typer.Option("--format", "-f", help=", ".join(FORMATS))],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; MODEL.FORMAT by default.")] = None,
    model: ModelOption = None,
) -> None:
    """Write the network in an exchange format that other programs read."""
    loaded = load(model)
    path = output or Path(f"{loaded.knowledge.id}.{format}")
    export(loaded.tree.network, path, format)
    print(f"wrote {path}")


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


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
