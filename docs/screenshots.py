"""Take the README's pictures of the report and the explorer: python docs/screenshots.py."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
VIEW = {"width": 1200, "height": 800}


def main():
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(
            viewport=VIEW, color_scheme="light", reduced_motion="reduce", locale="en-US"
        )
        folder = (ROOT / "results/report").as_uri()
        page.goto(f"{folder}/index.html")
        page.screenshot(path=ROOT / "docs/images/report.png")
        page.goto(f"{folder}/explorer.html#in=letters")
        # the plane's ground is painted coarse, then fine
        page.wait_for_function("() => explorer.rooms.letters.plane.back.width === 400")
        page.locator("#letters .stage").first.screenshot(path=ROOT / "docs/images/explorer.png")
        browser.close()


if __name__ == "__main__":
    main()
