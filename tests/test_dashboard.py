"""The dashboard in a real browser: what a lifter sees and does."""

import math
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import load
import pytest
from browser import LAPTOP, OPENING, PHONE, answer, at_rest, chart_says, click, open_check, tick
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.questions import NextQuestion
from bayesnet.diagnosis.words import in_percent, in_range, in_words
from bayesnet.shipped import shipped

pytestmark = pytest.mark.browser
URINE = "Brown urine"
"""How the label of a warning sign begins: muscle_breakdown."""


def headline(model: DiagnosticModel, answers: dict[str, str]) -> str:
    first = model.diagnose(answers).beliefs[0]
    return f"{first.label}: {in_words(first.triggered)}"


def test_a_fresh_page_shows_every_cause_at_its_prior(page: Page, model: DiagnosticModel) -> None:
    open_check(page)
    diagnosis = model.diagnose({})
    for belief in diagnosis.beliefs:
        chart_says(page, belief.label, f"{in_words(belief.prior)} · {in_percent(belief.prior)}")
    expect(page.get_by_role("heading", name="No question answered yet")).to_be_visible()
    expect(
        page.get_by_text("Before any answer blood supply and local fatigue leads, that is local fatigue")
    ).to_be_visible()
    expect(page.get_by_role("radio", name="Not sure", checked=True)).to_have_count(len(model.knowledge.questions))
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_an_answer_moves_the_bars_the_headline_the_reasons_and_the_advice(page: Page, model: DiagnosticModel) -> None:
    open_check(page)
    answer(page, "Was there one moment when it went", "Yes")
    first = model.diagnose({"felt_tear": "yes"}).beliefs[0]
    said = f"{first.label}: {in_words(first.triggered)}"
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    chart_says(page, f"{in_words(first.triggered)} · {in_percent(first.triggered)}")
    why = page.locator("[data-testid=stVegaLiteChart] svg").nth(1)
    (weight,) = model.diagnose({"felt_tear": "yes"}).explain(first.cause).weights
    expect(why).to_contain_text("Felt a tear: Yes")
    expect(why).to_contain_text(weight.sentence.removeprefix("Felt a tear: Yes: "))
    expect(page.get_by_text("Rest the strained muscle")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?felt_tear=yes$"))


def test_a_link_restores_answers_and_posterior(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?posture=flexed&tingling_weakness=tingling")
    expect(
        page.get_by_role("heading", name=headline(model, {"posture": "flexed", "tingling_weakness": "tingling"}))
    ).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Book an appointment")).to_be_visible()
    posture = page.get_by_role("radiogroup", name="How does your back look")
    expect(posture.get_by_role("radio", name="Rounded")).to_be_checked()


class Line:
    """A page's connection to its server, that can be cut: it is told that a run began, and then nothing until it is mended."""

    def __init__(self, page: Page) -> None:
        self.page, self.connections = page, 0
        self.arrive: float = math.inf
        self.lost: list[float] = []
        page.route_web_socket("**/_stcore/stream", self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        server.on_message(lambda message: self._pass_on(message, browser))
        self.ends = (browser, server)
        self.connections += 1

    def _pass_on(self, message: str | bytes, browser: WebSocketRoute) -> None:
        if self.arrive > 0:
            self.arrive -= 1
            browser.send(message)
        else:
            self.lost.append(time.monotonic())

    @contextmanager
    def cut(self) -> Iterator[None]:
        """What is done within reaches the server, and what the server says to it is lost."""
        self.arrive, self.lost = 2, []
        yield
        self._wait_for(lambda: bool(self.lost) and time.monotonic() - self.lost[-1] > 1.5)  # all has been said
        before = self.connections
        self.arrive = math.inf
        for end in self.ends:
            end.close(code=3000, reason="cut off")
        self._wait_for(lambda: self.connections > before)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=OPENING)
        self.page.wait_for_timeout(500)
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def _wait_for(self, happened: Callable[[], bool]) -> None:
        for _ in range(300):
            if happened():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("not within half a minute")


def test_what_a_broken_connection_lost_is_shown_all_the_same(page: Page, model: DiagnosticModel) -> None:
    """On a phone in a cellar. The server does not say twice what it said in vain: the page must not depend on it."""
    line, questions = Line(page), len(model.knowledge.questions)
    tear = page.get_by_role("radiogroup", name="Was there one moment when it went").last
    with line.cut():
        page.goto("/?felt_tear=yes&muscle_breakdown=yes")
    expect(page.get_by_role("heading", name="Muscle strain: about")).to_be_visible()
    expect(tear.get_by_role("radio", name="Yes")).to_be_checked()
    expect(page.get_by_role("radio", name="Not sure", checked=True)).to_have_count(questions - 1)
    expect(page.get_by_role("checkbox", name=URINE)).to_be_checked()

    with line.cut():
        click(page.get_by_role("button", name="Undo Felt a tear: Yes"))
    expect(page.get_by_role("button", name="Undo Felt a tear: Yes")).to_have_count(0)
    expect(page.get_by_role("radio", name="Not sure", checked=True)).to_have_count(questions)
    expect(page.get_by_role("checkbox", name=URINE)).to_be_checked()
    expect(page).to_have_url(re.compile(r"\?muscle_breakdown=yes$"))


def test_a_browser_that_was_cut_off_reports_no_old_answer(page: Page, model: DiagnosticModel) -> None:
    """What it shows when it comes back is older than what the server holds."""
    line, first = Line(page), worth(model, {"felt_tear": "yes"})[0]
    asked_next = page.get_by_role("radiogroup", name=re.compile("^Next: "))
    open_check(page, "/?felt_tear=yes")
    expect(asked_next).to_have_accessible_name(re.compile(re.escape(first.ask)))
    with line.cut():  # in the list of all questions, what is asked next too
        answer(page, first.ask, first.outcomes[0].label)
    expect(page.get_by_role("button", name=f"Undo {first.label}: {first.outcomes[0].label}")).to_be_visible()

    click(asked_next.get_by_role("radio").nth(1))
    expect(page.get_by_text("Noted.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo ")).to_have_count(3)
    with line.cut():
        click(page.get_by_role("button", name="Next question"))
    expect(page.get_by_text("Noted.")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo ")).to_have_count(3)

    with line.cut():
        click(page.get_by_role("button", name="Clear all"))
    expect(page.get_by_role("heading", name="No question answered yet")).to_be_visible()
    expect(page.get_by_role("button", name="Undo ")).to_have_count(0)


def test_unknown_answers_in_a_link_are_told_and_ignored(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?felt_tear=yes&heat=lukewarm&shoes=red&%3Cscript%3Ealert(1)%3C/script%3E=x")
    told = page.get_by_role("alert").filter(has_text="Part of the link was ignored")
    for part in ("lukewarm", "temperate, hot_humid", "shoes", "<script>"):
        expect(told).to_contain_text(part)
    expect(page.get_by_role("heading", name=headline(model, {"felt_tear": "yes"}))).to_be_visible()


def test_a_warning_sign_raises_the_alert_whatever_the_bars_say(page: Page) -> None:
    open_check(page)
    tick(page, URINE)
    alert = page.get_by_role("alert").filter(has_text="Emergency.").first
    expect(alert).to_be_visible()
    expect(alert).to_contain_text(URINE)
    chart = page.locator("[data-testid=stVegaLiteChart]").first.bounding_box()
    box = alert.bounding_box()
    assert chart is not None
    assert box is not None
    assert box["y"] < chart["y"]
    expect(page.get_by_text("Not now").first).to_be_visible()


def test_a_warning_sign_comes_first_in_what_to_do(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?muscle_breakdown=yes")
    first = page.get_by_role("heading", name="What to do").locator("xpath=following::*[@data-testid='stMarkdown'][1]")
    expect(first).to_contain_text(URINE)
    expect(first).to_contain_text(model.knowledge.levels["emergency"].do_first)
    expect(page.get_by_text("So far you said:")).to_be_visible()


def test_an_emergency_stands_before_everything(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?shoes=red&felt_tear=yes&cauda_equina=yes")
    alerts = page.get_by_role("alert")
    sign = model.knowledge.red_flags["cauda_equina"]
    expect(alerts.first).to_contain_text(f"Emergency. {sign.label}: {sign.says}")
    expect(alerts.first).to_contain_text(model.knowledge.levels["emergency"].do_first)
    expect(alerts.nth(1)).to_contain_text("Part of the link was ignored")
    expect(page.get_by_role("radiogroup", name=re.compile("^Next: "))).to_have_count(0)


def test_a_weak_leg_heads_the_page_whatever_cause_leads(page: Page, model: DiagnosticModel) -> None:
    answers = {"tingling_weakness": "weakness", "felt_tear": "yes", "leg_pain": "none", "easing": "days"}
    diagnosis = model.diagnose(answers)
    assert diagnosis.beliefs[0].cause == "muscle_strain"
    assert diagnosis.advice.head is not None
    open_check(page, f"/?{'&'.join(f'{name}={state}' for name, state in answers.items())}")
    after_banner = page.get_by_role("alert").first.locator("xpath=following::*[@data-testid='stMarkdown'][1]")
    expect(after_banner).to_contain_text(diagnosis.advice.head.title)
    for line in diagnosis.advice.head.do:
        expect(after_banner).to_contain_text(line)


def test_the_banner_leads_to_the_warning_signs_and_none_of_these_answers_them(
    page: Page, model: DiagnosticModel
) -> None:
    lowest = next(iter(model.knowledge.levels.values()))
    open_check(page)
    banner = page.get_by_test_id("stAlert").first
    expect(banner).to_contain_text(lowest.says_unasked)
    click(banner.get_by_role("link", name="Answer the warning signs"))
    expect(page.get_by_role("heading", name="Warning signs")).to_be_in_viewport()
    expect(page.get_by_test_id("stCheckbox").first).to_be_in_viewport()
    click(page.get_by_role("button", name="None of these", exact=True))
    expect(page.get_by_text("Noted: none of these.")).to_be_visible()
    expect(banner).to_contain_text(lowest.says)
    expect(page).to_have_url(re.compile(r"\?warning_signs=none"))
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Noted: none of these.")).to_be_visible(timeout=OPENING)
    click(page.get_by_role("button", name="Undo none of these"))
    expect(banner).to_contain_text(lowest.says_unasked)
    expect(page.get_by_role("button", name="None of these", exact=True)).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_every_answer_is_in_sight(page: Page, size: dict[str, int]) -> None:
    """None is cut off at the edge of a phone, or of the column."""
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    open_check(page, "/?felt_tear=yes")
    groups = page.get_by_role("radiogroup")
    for at in range(groups.count()):
        assert groups.nth(at).evaluate("e => e.scrollWidth - e.clientWidth") <= 0, groups.nth(at).inner_text()


CUT_OFF = """() => [...document.querySelectorAll("[data-testid=stVegaLiteChart] svg")].flatMap(svg => {
    const edge = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")].filter(one => one.textContent);
    const boxes = texts.map(one => [one.textContent, one.getBoundingClientRect()]);
    const out = boxes.filter(([, b]) => b.left < edge.left - 1 || b.right > edge.right + 1 || b.bottom > edge.bottom + 1);
    const over = boxes.filter(([, b], i) => boxes.some(([, c], j) => j > i && b.left < c.right - 1 && c.left < b.right - 1
        && b.top < c.bottom - 3 && c.top < b.bottom - 3));
    return [...out, ...over].map(([text]) => text).concat(texts.map(t => t.textContent).filter(t => t.includes("…")));
})"""


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_no_label_of_a_chart_is_cut_off_or_covers_another(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    answers = "felt_tear=yes&leg_pain=below_knee&tingling_weakness=no&earlier_back_pain=disc&load_change=more"
    open_check(page, f"/?{answers}&sweating=heavy&water_intake=low")
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg")).to_have_count(2)
    assert page.evaluate(CUT_OFF) == []
    page.goto("/network")
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg")).to_have_count(1, timeout=OPENING)
    assert page.evaluate(CUT_OFF) == []


def test_the_page_says_what_calls_for_a_doctor_and_what_is_still_open(page: Page) -> None:
    open_check(page, "/?felt_tear=yes")
    expect(page.get_by_text("What you left open could make the advice more urgent.")).to_be_visible()
    open_check(page, "/?felt_tear=yes&tingling_weakness=tingling")
    expect(page.get_by_role("alert").first).to_contain_text("Book an appointment.")
    expect(page.get_by_role("alert").first).to_contain_text("Because of tingling or weakness: tingling or numb")


def test_a_graver_level_is_told_where_the_answer_was_given(page: Page) -> None:
    open_check(page)
    answer(page, "Is one leg or foot numb", "Weak")
    told = page.get_by_role("alert").filter(has_text="Be seen today.")
    expect(told).to_have_count(2)
    expect(told.last).to_be_in_viewport()
    click(page.get_by_text("The numbers in full"))
    expect(page.get_by_role("table")).to_be_visible()
    at_rest(page)
    expect(told).to_have_count(2)  # looking at something takes no warning away


def test_one_answer_can_be_cleared_at_once(page: Page) -> None:
    open_check(page)
    answer(page, "Was there one moment when it went", "Yes")
    expect(page.get_by_role("heading", name="Muscle strain: about")).to_be_visible()
    click(page.get_by_role("button", name="Clear all"))
    expect(page.get_by_role("heading", name="No question answered yet")).to_be_visible()


def test_clear_all_forgets_every_answer(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?felt_tear=yes&muscle_breakdown=yes")
    click(page.get_by_role("button", name="Pin this case"))
    expect(page.get_by_text("Pinned:")).to_be_visible()
    click(page.get_by_role("button", name="Clear all"))
    expect(page.get_by_role("heading", name="No question answered yet")).to_be_visible()
    expect(page.get_by_text("Pinned:")).to_have_count(0)
    expect(page.get_by_role("alert").filter(has_text=URINE)).to_have_count(0)
    expect(page.get_by_role("radio", name="Not sure", checked=True)).to_have_count(len(model.knowledge.questions))
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/$"))


def test_answers_that_contradict_each_other_can_be_undone_and_warning_signs_count(
    browser: Browser, tmp_path: Path, model: DiagnosticModel
) -> None:
    """Only numbers of exactly 0 let answers contradict each other: in a model of one's own."""
    folder = Path(shutil.copytree(shipped("data") / "squat_cramp", tmp_path / "model"))
    numbers = (folder / "model.toml").read_text(encoding="utf-8")
    sure = "{ temperate = 1.0, hot_humid = 0.0 }, range = { hot_humid = [0.0, 0.4] }"
    changed = numbers.replace("{ temperate = 0.80, hot_humid = 0.20 }, range = { hot_humid = [0.08, 0.40] }", sure)
    assert changed != numbers
    (folder / "model.toml").write_text(changed, encoding="utf-8")
    with load.dashboard(tmp_path, "--model", str(folder)) as (address, _):
        page = browser.new_page(viewport=PHONE, base_url=address)
        page.goto("/?heat=hot_humid&muscle_breakdown=yes")
        expect(page.get_by_text("These answers cannot be diagnosed.")).to_be_visible(timeout=OPENING)
        expect(page.get_by_role("alert").filter(has_text=URINE)).to_contain_text(
            model.knowledge.levels["emergency"].do_first
        )
        click(page.get_by_role("button", name="Undo Heat"))
        expect(page.get_by_text("These answers cannot be diagnosed.")).to_have_count(0)
        expect(page.get_by_text("Emergency.").first).to_be_visible()
        page.close()


def test_answers_survive_a_visit_to_another_page(page: Page, model: DiagnosticModel) -> None:
    page.set_viewport_size(LAPTOP)
    open_check(page, "/?felt_tear=yes")
    click(page.get_by_role("link", name="Network"))
    expect(page.get_by_role("heading", level=1, name="How the causes hang together")).to_be_visible()
    expect(page.locator("[data-testid=stGraphVizChart] svg")).to_contain_text("Muscle strain")
    click(page.get_by_role("link", name="Check"))
    expect(page.get_by_role("heading", name=headline(model, {"felt_tear": "yes"}))).to_be_visible()
    expect(page).to_have_url(re.compile("felt_tear=yes"))


def test_the_network_page_gives_a_number_with_strength_and_source(page: Page) -> None:
    page.set_viewport_size(LAPTOP)
    page.goto("/network")
    expect(page.get_by_role("cell", name="expert_guess").first).to_be_visible(timeout=OPENING)
    expect(page.get_by_role("columnheader", name="strength")).to_be_visible()


def test_the_about_page_says_what_it_is_not_and_lists_the_sources(page: Page, model: DiagnosticModel) -> None:
    page.goto("/about")
    expect(page.get_by_text("This is not a diagnosis by a clinician.")).to_be_visible(timeout=OPENING)
    click(page.get_by_text(f"All {len(model.knowledge.sources)} sources"))
    expect(page.get_by_text("Journal of Athletic Training").first).to_be_visible()


def test_the_next_question_is_answered_where_it_is_asked_and_stays_until_the_next(
    page: Page, model: DiagnosticModel
) -> None:
    open_check(page, "/?felt_tear=yes")
    first = worth(model, {"felt_tear": "yes"})[0]
    card = page.get_by_role("radiogroup", name=f"Next: {first.ask}")
    expect(card).to_be_visible()
    expect(page.get_by_text("the advice becomes").first).to_be_visible()
    chosen = first.outcomes[0]
    click(card.get_by_role("radio", name=chosen.label, exact=True))
    expect(page).to_have_url(re.compile(f"{first.question}={chosen.answer}"))
    expect(page.get_by_text("Noted.")).to_be_visible()
    listed = page.get_by_role("radiogroup", name=first.ask).last
    expect(listed.get_by_role("radio", name=chosen.label, exact=True)).to_be_checked()
    click(page.get_by_role("button", name="Next question"))
    expect(card).to_have_count(0)
    then = worth(model, {"felt_tear": "yes", first.question: chosen.answer})
    expect(page.get_by_role("radiogroup", name=f"Next: {then[0].ask}")).to_be_visible()
    click(page.get_by_role("button", name="Next question"))  # left open
    expect(page.get_by_role("radiogroup", name=f"Next: {then[1].ask}")).to_be_visible()
    answer(page, first.ask, "Not sure")
    expect(page.get_by_role("radiogroup", name=f"Next: {first.ask}")).to_be_visible()


def worth(model: DiagnosticModel, answers: dict[str, str], *skipped: str) -> list[NextQuestion]:
    """What is asked next, and then: the open questions but for the warning signs, which stand in their own place."""
    found = model.diagnose(answers).next_questions(skipped)
    return [question for question in found if not question.is_red_flag and question.question not in skipped]


def test_every_answer_can_be_undone(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?felt_tear=yes&muscle_breakdown=yes")
    click(page.get_by_role("button", name=f"Undo {URINE}"))
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    expect(page.get_by_role("alert").filter(has_text="Emergency.")).to_have_count(0)
    click(page.get_by_role("button", name="Undo Felt a tear: Yes"))
    expect(page.get_by_role("heading", name="No question answered yet")).to_be_visible()
    expect(page.get_by_role("radio", name="Not sure", checked=True)).to_have_count(len(model.knowledge.questions))


def test_a_pinned_case_stands_beside_the_changed_one(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?felt_tear=yes")
    click(page.get_by_role("button", name="Pin this case"))
    expect(page.get_by_text("Outlined: in the pinned case")).to_be_visible()
    answer(page, "Was there one moment when it went", "No")
    answer(page, "How does your back look", "Rounded")
    expect(page.get_by_text("Changed since: Felt a tear: No; Posture: Rounded.")).to_be_visible()
    before, now = model.diagnose({"felt_tear": "yes"}), model.diagnose({"felt_tear": "no", "posture": "flexed"})
    said = page.locator("[data-testid=stVegaLiteChart]").first
    for belief in now.beliefs:
        pinned = in_percent(before[belief.cause].triggered)
        expect(said).to_have_attribute(
            "aria-label", re.compile(f"{re.escape(belief.label)}:[^;]*in the pinned case: {pinned}")
        )
    click(page.get_by_role("button", name="Back to the pinned case"))
    expect(page.get_by_role("heading", name=headline(model, {"felt_tear": "yes"}))).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?felt_tear=yes$"))
    click(page.get_by_role("button", name="Unpin"))
    expect(page.get_by_text("Outlined: before any answer")).to_be_visible()


def test_a_report_is_downloaded_and_prints_on_one_page(page: Page, browser: Browser) -> None:
    open_check(page, "/?felt_tear=yes&posture=flexed&muscle_breakdown=yes")
    click(page.get_by_text("A report to print"))
    with page.expect_download() as download:
        click(page.get_by_role("button", name="Download the report"))
    sheet = browser.new_page()
    sheet.set_content(Path(download.value.path()).read_text(encoding="utf-8"))
    for said in ("Emergency.", URINE, "Felt a tear: Yes", "Muscle strain", "about", "plausibly", "squat_cramp"):
        expect(sheet.get_by_text(said).first).to_be_visible()
    assert len(re.findall(rb"/Type\s*/Page[^s]", sheet.pdf(prefer_css_page_size=True))) == 1
    sheet.close()


def test_it_says_when_enough_is_known(page: Page, model: DiagnosticModel) -> None:
    answers = {"warning_signs": "none"}
    while not (found := model.diagnose(answers).next_questions()).stop:
        answers[found[0].question] = max(found[0].outcomes, key=lambda outcome: outcome.probability).answer
    assert len(found) > 0
    open_check(page, f"/?{'&'.join(f'{name}={state}' for name, state in answers.items())}")
    expect(page.get_by_text("Enough is known")).to_be_visible()
    expect(page.get_by_role("radiogroup", name=re.compile("^Next: "))).to_have_count(0)


def test_it_says_when_all_is_answered_and_when_only_the_warning_signs_are_not(
    page: Page, model: DiagnosticModel
) -> None:
    states = model.tree.network.states
    every = "&".join(f"{question}={states[question][0]}" for question in model.knowledge.questions)
    open_check(page, f"/?{every}&warning_signs=none")
    expect(page.get_by_text("Everything is answered.")).to_be_visible()
    open_check(page, f"/?{every}")
    expect(page.get_by_text("No further question but the warning signs.")).to_be_visible()


def test_answers_at_odds_are_named(page: Page) -> None:
    open_check(page, "/?heat=hot_humid&sweating=light")
    expect(page.get_by_role("alert").filter(has_text="is rarely seen with the other answers")).to_be_visible()


def test_what_would_change_the_result_is_there_to_open(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?felt_tear=yes")
    click(page.get_by_text("What else would matter"))
    expect(page.get_by_text(model.diagnose({"felt_tear": "yes"}).flips()[0].says)).to_be_visible()


def test_the_numbers_and_the_link_are_there_to_open(page: Page, model: DiagnosticModel) -> None:
    open_check(page, "/?felt_tear=yes")
    expect(page.get_by_role("table")).to_have_count(0)
    click(page.get_by_text("The numbers in full"))
    click(page.get_by_text("Copy a link to these answers"))
    for answers in ({"felt_tear": "yes"}, {"felt_tear": "yes", "posture": "flexed"}):
        if "posture" in answers:  # both follow
            answer(page, "How does your back look", "Rounded")
        first = model.diagnose(answers).beliefs[0]
        row = page.get_by_role("row").filter(has_text=first.label).first
        expect(row).to_contain_text(in_range(first.interval))
        link = "?" + "&".join(f"{name}={state}" for name, state in answers.items())
        expect(page.get_by_test_id("stCode")).to_contain_text(link)


def test_a_changed_habit_shows_the_next_session_before_and_after(page: Page, model: DiagnosticModel) -> None:
    page.set_viewport_size(LAPTOP)
    open_check(page, "/?posture=flexed&sweating=heavy")
    click(page.get_by_role("link", name="What if"))
    expect(page.get_by_role("heading", level=1, name="What if you changed a habit?")).to_be_visible()
    answers = {"posture": "flexed", "sweating": "heavy"}
    for fix in model.fixes(answers):
        expect(page.get_by_text(f"{fix.label}: {fix.to_label}", exact=True)).to_be_visible()
    click(page.get_by_role("radiogroup", name="Posture").get_by_role("radio", name="Neutral"))
    result = model.what_if(answers, {"posture": "neutral"})
    expect(page.get_by_text(f"{model.knowledge.outcome.label}, next time: {result.says}; ")).to_be_visible()
    for p in (result.before, result.after):
        expect(page.get_by_text(f"{in_words(p)} ({in_percent(p)})").first).to_be_visible()


def test_no_habit_stands_before_a_warning(page: Page) -> None:
    page.set_viewport_size(LAPTOP)
    open_check(page, "/?posture=flexed&tingling_weakness=tingling")
    click(page.get_by_role("link", name="What if"))
    expect(page.get_by_role("alert").filter(has_text="No habit makes up for that.")).to_be_visible()


def test_the_network_page_shows_how_much_a_number_drives_this_case(page: Page, model: DiagnosticModel) -> None:
    page.set_viewport_size(LAPTOP)
    open_check(page, "/?felt_tear=yes")
    click(page.get_by_role("link", name="Network"))
    page.get_by_role("combobox", name="Show the numbers of").fill("Felt a")  # far from the one that is chosen
    click(page.get_by_role("option", name="Felt a tear"))
    numbers = model.diagnose({"felt_tear": "yes"}).sensitivity("muscle_strain")
    first = next(number for number in numbers if number.table.startswith("felt_tear/"))
    expect(page.locator("[data-testid=stVegaLiteChart] svg").first).to_contain_text(
        first.label.removeprefix("Felt a tear, ")
    )


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_banner_headline_and_bars_fit_above_the_fold(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    open_check(page, "/?posture=flexed&tingling_weakness=tingling")
    expect(page.get_by_role("heading", level=1)).to_have_css("font-size", "24px")  # the page's own style has arrived
    for part in (
        page.get_by_role("alert").filter(has_text="Book an appointment"),
        page.get_by_role("heading", level=2).first,
        page.locator("[data-testid=stVegaLiteChart] svg").first,
    ):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_warning_sign_is_never_cut_short(page: Page, model: DiagnosticModel, size: dict[str, int]) -> None:
    """All that it asks is in sight beside its box: nothing is folded away."""
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    open_check(page)
    for flag in model.knowledge.red_flags.values():
        text = page.get_by_test_id("stCheckbox").get_by_text(flag.question)
        expect(text).to_be_visible()
        assert text.evaluate("e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]") == [0, 0], flag.id


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks into Linux's /proc")
def test_the_server_listens_on_this_machine_only(address: str) -> None:
    port = f"{int(address.rsplit(':', 1)[1]):04X}"
    sockets = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    listening = {fields[1] for fields in sockets if fields[3] == "0A" and fields[1].endswith(f":{port}")}
    assert listening == {f"0100007F:{port}"}
