"""Fixtures of the browser tests: a dashboard of their own, and Chromium to look at it with; required where CI is set."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from bayesnet.learning.place import VARIABLE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
expect.set_options(timeout=20_000)  # a loaded machine is slow, and that is no failure
OPENING = 90_000
"""Milliseconds until a page is there: Streamlit's browser side gives a server that is silent 15 s, and then tries anew."""
PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the dashboard is started: a directory not the project's, which is its home too, with its case store."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A dashboard started by a new user, in an environment that would expose it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("bayesnet"), "dashboard", "--port", str(port), "--no-browser"]
    with (folder / "log").open("w") as log:
        environment = {**os.environ, "HOME": str(folder), "STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}
        environment[VARIABLE] = str(folder / "cases.db")
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(300):
            if _answers(f"http://127.0.0.1:{port}/_stcore/health"):
                break
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        assert "Traceback" not in (folder / "log").read_text()
    finally:
        server.terminate()
        server.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        lacking = "no Chromium on this machine: apt-get install chromium"
        pytest.fail(lacking) if os.environ.get("CI") else pytest.skip(lacking)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A phone-sized page, which asks nothing of another machine: by FLAGS none is found, and here trying counts."""
    context = browser.new_context(viewport=PHONE, base_url=address)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context.new_page()
    context.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def open_check(page: Page, path: str = "/") -> None:
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=OPENING)
    expect(page.locator("[data-testid=stVegaLiteChart] svg").first).to_be_visible(timeout=OPENING)
    at_rest(page)


def at_rest(page: Page) -> None:
    """Waits until what the page shows is all of it, and nothing of what was there before."""
    page.wait_for_timeout(100)  # until the browser has said what it was told
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(100)


def click(control: Locator, timeout: float | None = None) -> None:
    """Clicks on a page at rest, as people do: a click whose button is drawn anew between down and up is none."""
    control.wait_for(timeout=timeout)
    at_rest(control.page)
    control.click(timeout=timeout)


def answer(page: Page, question: str, choice: str) -> None:
    """Answers in the list of all questions, which stands behind the one that is asked next."""
    click(page.get_by_role("radiogroup", name=question).last.get_by_role("radio", name=choice, exact=True))


def tick(page: Page, sign: str) -> None:
    """Ticks the box of a warning sign, or unticks it, by its label."""
    click(page.get_by_test_id("stCheckbox").filter(has_text=sign).get_by_text(sign))


def agree(page: Page) -> None:
    """Consents to saving, by the keyboard: a click could miss what is still moving while it opens."""
    click(page.get_by_text("Save this case"))
    box = page.get_by_role("checkbox", name="I agree that these answers are kept")
    box.press("Space")
    expect(box).to_be_checked()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()
    at_rest(page)


def chart_says(page: Page, *lines: str) -> None:
    chart = page.locator("[data-testid=stVegaLiteChart] svg").first
    for line in lines:
        expect(chart).to_contain_text(line)
