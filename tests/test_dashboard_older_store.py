"""The dashboard over a case store of the first edition: the shipped model answers, and what cases lost is said."""

import re
from pathlib import Path

import pytest
from browser import LAPTOP, OPENING, click, open_check
from playwright.sync_api import Page, expect
from stores import first_edition

from bayesnet import CaseStore

pytestmark = pytest.mark.browser
MISFIT = "was made under version 1.0 of squat_cramp, and the program has 2.0: its numbers do not fit."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the dashboard is started, with the store of a program with version 1.0 of the model."""
    made = tmp_path_factory.mktemp("elsewhere")
    first_edition(f"sqlite:///{made}/cases.db").close()
    return made


def test_a_case_shows_what_still_exists_and_what_it_lost(page: Page) -> None:
    page.set_viewport_size(LAPTOP)
    page.goto("/cases")
    expect(page.get_by_text("49 cases")).to_be_visible(timeout=OPENING)
    expect(page.get_by_text("Not shown, as the model does not know it, or asks it otherwise today:")).to_be_visible()
    field = page.get_by_role("textbox", name="Number")
    field.fill("all yes")
    field.press("Enter")
    expect(page.get_by_text("How it eased: Not easing")).to_be_visible()
    expect(page.get_by_text("exertional_ache=yes (1), tingling_weakness=yes (1).")).to_be_visible()


def test_a_version_of_before_does_not_answer_is_not_adopted_and_is_rolled_back(page: Page, folder: Path) -> None:
    open_check(page, "/?felt_tear=yes")
    said = page.get_by_text("The version in use cannot answer. Numbers: what the experts said.")
    expect(said).to_contain_text(MISFIT)
    page.set_viewport_size(LAPTOP)
    page.goto("/tuning")
    expect(page.get_by_text("saved. Learning starts from")).to_be_visible(timeout=OPENING)
    click(page.get_by_role("radio", name="Versions"))
    expect(page.get_by_text(MISFIT)).to_have_count(2)
    expect(page.get_by_text(re.compile("Grown from squat_cramp 1.0"))).to_be_visible()
    expect(page.get_by_role("button", name="Adopt this version")).to_have_count(0)
    expect(page.get_by_text("differ in more than their numbers")).to_be_visible()
    click(page.get_by_role("button", name="Roll back"))
    expect(said).to_have_count(0)
    with CaseStore(folder / "cases.db") as store:
        assert store.adopted_name("squat_cramp") is None
