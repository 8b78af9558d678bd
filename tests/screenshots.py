"""The README's pictures: `python tests/screenshots.py` starts a dashboard of its own, answers, and writes them anew."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.load import dashboard
from browser import CHROMIUM, FLAGS, LAPTOP, OPENING, PHONE
from playwright.sync_api import expect, sync_playwright

OUT = Path(__file__).parents[1] / "dashboard" / "screenshots"
CASE = "/?warning_signs=none&posture=flexed&back_tired_first=yes&felt_tear=no"
PICTURES = (("phone_light", PHONE, "light"), ("laptop_dark", LAPTOP, "dark"))


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, dashboard(Path(folder)) as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, size, scheme in PICTURES:
            page = browser.new_page(viewport=size, base_url=address, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(CASE)
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=OPENING)
            expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
            page.wait_for_timeout(1500)
            page.screenshot(path=OUT / f"{name}.png")
            print(OUT / f"{name}.png")


if __name__ == "__main__":
    main()
