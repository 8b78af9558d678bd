"""One case in the shell: `bayesnet diagnose sweating=heavy felt_tear=yes` and its companions, and the dashboard."""

import os
import socket
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from bayesnet.cli.arguments import Answers, JsonOption, ModelOption, in_use, parse_answers, print_json
from bayesnet.diagnosis.model import load
from bayesnet.errors import BadPort, MissingExtra, NotProtected
from bayesnet.report.admin import PASSWORD, SHORTEST
from bayesnet.shipped import shipped

app = typer.Typer()
HOME = "127.0.0.1"


@app.command()
def diagnose(
    answers: Answers = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """What triggered it: causes ranked, reasons in brief, and advice.

    `bayesnet model show` lists the questions and their answers. What is left out counts as not known.
    """
    loaded = in_use(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    if as_json:
        print_json(diagnosis.to_dict())
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

    loaded = in_use(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    chosen = diagnosis[cause].cause if cause else diagnosis.beliefs[0].cause
    print_json(explanation_values(diagnosis, chosen)) if as_json else print_explanation(loaded, diagnosis, chosen)


@app.command("next")
def next_question(answers: Answers = None, model: ModelOption = None, as_json: JsonOption = False) -> None:
    """What to ask next: the open questions, ranked by how likely their answer changes the advice, for what they cost."""
    from bayesnet.report.reasons import next_values, print_next

    loaded = in_use(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    print_json(next_values(diagnosis)) if as_json else print_next(loaded, diagnosis)


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

    loaded = in_use(model)
    given = parse_answers(answers or [])
    changed = loaded.what_if(given, parse_answers(change)) if change else None
    if as_json:
        print_json(fixes_values(loaded.fixes(given)) if changed is None else what_if_values(changed))
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

    loaded = in_use(model)
    diagnosis = loaded.diagnose(parse_answers(answers or []))
    found = diagnosis.sensitivity(cause or diagnosis.beliefs[0].cause)
    print_json(sensitivity_values(found)) if as_json else print_sensitivity(loaded, found, top)


@app.command()
def interview(answers: Answers = None, model: ModelOption = None) -> None:
    """Ask the best next question again and again, until no answer can change the advice."""
    from bayesnet.report.interview import interview as run

    run(in_use(model), parse_answers(answers or []))


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 8501,
    address: Annotated[
        str, typer.Option(help=f"Where to listen: elsewhere than on this machine only with {PASSWORD} set.")
    ] = HOME,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    model: ModelOption = None,
) -> None:
    """Open the dashboard in a browser. It listens on this machine only (127.0.0.1), unless --address says otherwise."""
    load(model)
    if find_spec("streamlit") is None:
        raise MissingExtra("the dashboard", "dashboard")
    password = os.environ.get(PASSWORD, "")
    if (password or address != HOME) and len(password) < SHORTEST:
        raise NotProtected(
            f"to listen on {address}{' with a password' if address == HOME else ''}, "
            f"set {PASSWORD} to at least {SHORTEST} characters: it protects the pages that show saved "
            'cases or change numbers. "Beyond this machine" in the README says what else it takes'
        )
    _check_free(address, port)
    os.environ.pop("BAYESNET_MODEL", None)
    if model is not None:
        os.environ["BAYESNET_MODEL"] = str(model.resolve())
    # A click is the work of one processor, whatever is loaded later: threads for small products wait by spinning.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    # Python collects by itself; among all sessions after every rerun is too often. No flag: the option is not a public one.
    os.environ["STREAMLIT_RUNNER_POST_SCRIPT_GC"] = "false"
    from streamlit.web import cli

    # Flags win over the environment and over a user's own Streamlit settings.
    settings = {
        "server.address": address,
        "server.port": port,
        "server.headless": not browser,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
    }
    flags = [f"--{name}={str(value).lower()}" for name, value in settings.items()]
    sys.argv = ["streamlit", "run", str(shipped("dashboard") / "app.py"), *flags]
    cli.main()


def _check_free(address: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.bind((address, port))
    except OSError as error:
        raise BadPort(
            f"cannot listen on {address}, port {port} ({error.strerror}); choose another with --port or --address"
        ) from None
