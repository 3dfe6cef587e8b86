"""A real headless Chromium; tests that need one are skipped where there is none."""

import re
import shutil
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
SCREENSHOTS = Path(__file__).parent / "screenshots"
READER = {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light", "locale": "en-US"}


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pages(finished):
    """The address of the folder with the pages that the workflow made."""
    return (finished / "results/report").as_uri()


@pytest.fixture
def visit(browser):
    """Open an address; pages are silent to the end and ask for nothing, or the test fails."""
    contexts, complaints, requests = [], [], []

    def opened(address, **options):
        context = browser.new_context(**{**READER, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text))
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("request", lambda r: requests.append(r.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def look_at(visit):
    """Open an address at a width and in a color scheme, keep a picture, judge what is common."""

    def opened(address, name, width, scheme):
        page = visit(address, viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 3 * 90) == (scheme == "dark")
        return page

    return opened
