"""Text that would be code somewhere, in every place of a model file and of the store: shown as the text that it is."""

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import load
import pytest
from browser import LAPTOP, OPENING, click
from playwright.sync_api import Browser, Page, Route, expect

from bayesnet import BadModel, CaseStore
from bayesnet import load as load_model
from bayesnet.learning.cases.files import write_cases
from bayesnet.learning.cases.table import cases_table
from bayesnet.shipped import shipped

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=http://stranger.example/a.png onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE cases; --",
    "{{7*7}}",
)
PICTURES = (
    "![x](http://stranger.example/b.png)",
    "[x] (http://stranger.example)",
    "![x][a]",
    "[a]: http://stranger.example/c.png",
)
PAGES = ("/?heat=hot_humid&felt_tear=yes", "/what_if", "/network", "/cases", "/overview", "/tuning", "/about")


def hostile_model(folder: Path) -> Path:
    """The shipped model with hostile text behind every label, question, title and word of advice."""
    for path in Path(shutil.copytree(shipped("data") / "squat_cramp", folder)).glob("*.toml"):
        text, at = path.read_text(encoding="utf-8"), iter(range(10**6))

        def spoiled(match: re.Match[str], at: Iterator[int] = at) -> str:
            return f'{match[1]}"{match[2]} {HOSTILE[next(at) % len(HOSTILE)]}"'

        keys = (
            "label|label_unasked|ask|help|title|says|says_unasked|do_first|because|cite|means|plain|caution|population"
        )
        begins = rf"\b(?:{keys}|disclaimer|section) = |^  "  # or a line of several
        text = re.sub(rf'(?m)({begins})"((?:[^"\\\n]|\\.)*)"', spoiled, text)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    model = load_model(hostile_model(folder / "model"))
    assert any(HOSTILE[0] in label for label in model.knowledge.labels.values())
    assert all(
        any(text in sign for text in HOSTILE) for flag in model.knowledge.red_flags.values() for sign in flag.signs
    )
    cases = [{"case_id": text, "felt_tear": "yes", "triggered": "muscle_strain"} for text in (*HOSTILE, *PICTURES)]
    with CaseStore(folder / "cases.db") as store:
        store.add(cases_table(model.knowledge, cases), model.knowledge.id)
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that counts who is asked for something, and every dialog."""
    context = browser.new_context(viewport=LAPTOP)
    opened, strangers = context.new_page(), list[str]()

    def guard(route: Route) -> None:
        strangers.append(route.request.url)
        route.abort()

    context.route("**/*stranger.example/**", guard)
    opened.on("dialog", lambda dialog: strangers.append(f"dialog {dialog.message}"))
    yield opened
    context.close()
    assert strangers == []


@pytest.mark.browser
def test_every_page_shows_it_as_text(page: Page, home: Path) -> None:
    with load.dashboard(home, "--model", str(home / "model")) as (address, _):
        for path in PAGES:
            page.goto(f"{address}{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=OPENING)
            expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
            if path == PAGES[0]:
                for box in ("What else would matter", "The numbers in full", "Save this case", "Copy a link"):
                    click(page.get_by_text(box))
                expect(page.get_by_role("table")).to_be_visible()
            page.wait_for_timeout(1500)
            main = page.get_by_test_id("stMain")
            assert main.locator("script, img[src*=stranger], iframe").count() == 0, path
            assert "has encountered an error" not in main.inner_text(), path
            if path not in ("/cases", "/tuning"):
                shown = main.inner_text()
                assert any(text in shown for text in HOSTILE), path
    with CaseStore(home / "cases.db") as store:
        assert store.rows("squat_cramp") == len(HOSTILE) + len(PICTURES)


def test_an_export_has_it_as_text(home: Path) -> None:
    model = load_model(home / "model")
    with CaseStore(home / "cases.db") as store:
        write_cases(store.batches(model.knowledge), home / "out.csv", model.knowledge)
    with (home / "out.csv").open(newline="", encoding="utf-8") as lines:
        ids = {row["case_id"] for row in csv.DictReader(lines)}
    assert ids == {f"'{text}" if text[0] == "=" else text for text in (*HOSTILE, *PICTURES)}


@pytest.mark.parametrize("text", PICTURES)
def test_a_model_with_links_or_pictures_is_refused(tmp_path: Path, text: str) -> None:
    path = Path(shutil.copytree(shipped("data") / "squat_cramp", tmp_path / "model")) / "model.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('label = "Heat"', f'label = "Heat {text}"', 1), encoding="utf-8"
    )
    with pytest.raises(BadModel, match="takes for a link or a picture"):
        load_model(path.parent)
