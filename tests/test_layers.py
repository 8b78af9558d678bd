"""The architecture as a test: imports run one way, one wall per dependency, functions that fit in the head."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bayesnet

PACKAGE = Path(bayesnet.__file__).parent
MODULES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
LAYERS = ("errors", "inference", "knowledge", "diagnosis", "learning", "report", "cli")
BESIDE = {"shipped": "errors"}
LONGEST_FUNCTION, LONGEST_MODULE = 60, 350

every_module = pytest.mark.parametrize("name", sorted(MODULES))


def layer(module: str) -> int | None:
    """The place of a module in LAYERS; None for the package itself, whose __init__ only names what is public."""
    part = module.removesuffix(".__init__").split(".")[1:2]
    return LAYERS.index(BESIDE.get(part[0], part[0])) if part and part != ["__init__"] else None


def imports(path: Path, module: str) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever it does so (in functions and under TYPE_CHECKING too), with its line."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*start, *([node.module] if node.module else [])])
            # `from bayesnet import cli` imports a module, not a name of the package.
            yield from (
                (f"{origin}.{a.name}" if f"{origin}.{a.name}" in MODULES else origin, node.lineno) for a in node.names
            )


def root(module: str) -> str:
    return module.split(".")[0]


@every_module
def test_every_module_has_a_layer(name: str) -> None:
    assert name == "bayesnet.__init__" or layer(name) is not None


@every_module
def test_imports_run_one_way(name: str) -> None:
    own = layer(name)
    ours = [(target, line) for target, line in imports(MODULES[name], name) if root(target) == "bayesnet"]
    if own is None:
        return
    for target, line in ours:
        found = layer(target)
        assert found is not None, f"{name}:{line} imports the package itself, which imports everything"
        assert found <= own, f"{name}:{line} imports {target}, which stands above it"


def test_the_package_itself_stays_below_the_screens() -> None:
    for target, line in imports(MODULES["bayesnet.__init__"], "bayesnet.__init__"):
        found = layer(target) if root(target) == "bayesnet" else 0
        assert found is not None, f"line {line}"
        assert found < LAYERS.index("report"), f"line {line}"


def test_only_the_wall_imports_pgmpy() -> None:
    importers = {name for name, path in MODULES.items() if "pgmpy" in {root(t) for t, _ in imports(path, name)}}
    assert importers == {"bayesnet.inference.exchange"}


@pytest.mark.parametrize(
    ("library", "wall"),
    [
        ("sqlalchemy", "bayesnet.learning.store"),
        ("alembic", "bayesnet.learning.store"),
        ("pyarrow", "bayesnet.learning.cases bayesnet.learning.scale"),
        ("distributed", "bayesnet.learning.scale.clusters"),
        ("pyspark", "bayesnet.learning.scale.clusters"),
        ("sklearn", "bayesnet.learning.evaluation"),
        ("tomlkit", "bayesnet.learning.model_files"),
        ("platformdirs", "bayesnet.learning.place"),
    ],
)
def test_one_wall_per_library(library: str, wall: str) -> None:
    """Only some folder or module, or two, may import it."""
    importers = {name for name, path in MODULES.items() if library in {root(t) for t, _ in imports(path, name)}}
    assert importers
    inside = [name for name in importers for of in wall.split() if name == of or name.startswith(f"{of}.")]
    assert {*inside} == importers


def test_only_the_dashboard_command_imports_streamlit() -> None:
    importers = {name for name, path in MODULES.items() if "streamlit" in {root(t) for t, _ in imports(path, name)}}
    name = "bayesnet.cli.diagnosis"
    assert importers <= {name}
    lines = {line for target, line in imports(MODULES[name], name) if root(target) == "streamlit"}
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    command = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "dashboard")
    assert command.end_lineno is not None
    assert lines <= set(range(command.lineno, command.end_lineno + 1))


@pytest.mark.parametrize("absent", ["pgmpy", "streamlit", "pandas", "typer", "rich", "scipy", "sqlalchemy"])
def test_importing_the_package_leaves_what_it_does_not_need_alone(absent: str, import_times: str) -> None:
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in import_times.splitlines()}
    assert "numpy" in loaded
    assert absent not in loaded


@pytest.fixture(scope="module")
def import_times() -> str:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import bayesnet"], capture_output=True, text=True, check=True
    )
    return run.stderr


@every_module
def test_functions_fit_in_the_head(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, f"{name}.{node.name}"


@every_module
def test_modules_fit_in_the_head(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
