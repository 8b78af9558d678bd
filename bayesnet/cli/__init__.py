"""The shell: `bayesnet diagnose sweating=heavy felt_tear=yes` and its companions.

Bad input ends with exit code 2 and one line on standard error; nobody sees a traceback.
"""

import os
import sys
from importlib.metadata import version as package_version
from typing import Annotated

import typer

from bayesnet.cli import cases, diagnosis, learning, model, models, score
from bayesnet.cli.arguments import complain
from bayesnet.errors import BayesnetError, MissingExtra

LEARN = ("pandas", "pyarrow", "scipy", "sklearn", "threadpoolctl", "sqlalchemy", "alembic", "platformdirs", "tomlkit")
"""What the extra `learn` brings."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.add_typer(diagnosis.app)
app.add_typer(model.app, name="model")
app.add_typer(cases.app, name="cases")
app.add_typer(learning.app)
app.add_typer(score.app)
app.add_typer(models.app, name="models")


def main() -> None:
    """The entry point: runs the command line and turns every expected error into one line and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        complain(f"{error.format_message()} (`bayesnet --help` lists what there is)")
        sys.exit(2)
    except BayesnetError as error:
        complain(str(error))
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in LEARN:
            raise
        complain(str(MissingExtra(f"this command ({error.name})", "learn")))
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except UnicodeEncodeError as error:
        complain(f"this terminal cannot show {error.object[error.start]!r}; set PYTHONIOENCODING=utf-8")
        sys.exit(2)
    except BrokenPipeError:
        # The reader (head, less) has gone; point standard output at nothing so that Python does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Diagnosis with a Bayesian network: causes, reasons and advice."""
    if version:
        print(f"bayesnet {package_version('bayesnet')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
