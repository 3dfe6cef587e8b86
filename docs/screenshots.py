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
        for name, address in (("report", "index.html"), ("explorer", "explorer.html#in=letters")):
            page.goto(f"{(ROOT / 'results/report').as_uri()}/{address}")
            page.wait_for_timeout(2000)  # the plane's ground is painted coarse, then fine
            page.screenshot(path=ROOT / f"docs/images/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
