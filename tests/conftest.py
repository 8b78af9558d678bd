"""Fixtures that every test may use."""

import os
import signal
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from shipped_truth import ShippedTruth

import bayesnet
from bayesnet.learning.place import VARIABLE

# No test, and no process that it starts, touches the case store of whoever runs it. Test modules copy the environment
# when they are imported, so this is said before.
_OWN = tempfile.TemporaryDirectory(prefix="bayesnet-tests-")
os.environ["XDG_DATA_HOME"] = _OWN.name
os.environ.pop(VARIABLE, None)

# Whoever is started in the background is deaf to Ctrl-C, and so is all that it starts; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["browser", "engines"]


@pytest.fixture(scope="session")
def model() -> bayesnet.DiagnosticModel:
    """The shipped model."""
    return bayesnet.load()


@pytest.fixture(scope="session")
def first_edition() -> bayesnet.DiagnosticModel:
    """The model as it was shipped first: smaller, and its causes take it apart."""
    return bayesnet.load(Path(__file__).parent / "first_edition")


@pytest.fixture(scope="session")
def truth(model: bayesnet.DiagnosticModel) -> ShippedTruth:
    """The shipped model's posteriors by enumeration."""
    return ShippedTruth(model.knowledge)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Notes a measured figure, to be printed when all tests have run."""
    return lambda name, value: record_property("figure", f"{name}: {value}")


BLANK = """() => document.body.outerHTML.slice(0, 2000) + "\\n" + JSON.stringify(performance.getEntriesByType("resource").map(
    e => [Math.round(e.startTime), Math.round(e.responseEnd), e.name]).slice(-20))"""
"""What a page without text holds, and the last 20 resources that it loaded, each with its start and end in ms."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a test of a page fails, what stood on the page is told with it."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None and not page.is_closed():
        text = page.locator("body").inner_text()[:2000]
        report.sections.append((f"the page at {page.url}", text or page.evaluate(BLANK)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    figures = [value for report in reports for name, value in report.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(figures))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those with a browser first: they take longest, and several processes are then done at about the same time."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
