"""The report in a real browser: opens from disk, silent, complete, at every width."""

import re
from pathlib import Path

import pytest

SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.fixture(params=[(360, "light"), (768, "dark"), (1440, "light")], ids=str)
def page(request, browser, finished):
    """The report at one width and color scheme, with what it asked for and complained of."""
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.requests, page.complaints = [], []
    page.on("request", lambda r: page.requests.append(r.url))
    page.on("console", lambda m: page.complaints.append(m.text))
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto((finished / "results/report/index.html").as_uri())
    page.screenshot(path=SCREENSHOTS / f"report-{width}-{scheme}.png", full_page=True)
    yield page
    page.close()


def test_the_report(page):
    remote = [url for url in page.requests if not url.startswith(("file:", "data:"))]
    assert remote == []
    assert page.complaints == []

    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0

    for chapter in ("architectures", "letters", "denoising", "vae"):
        assert page.locator(f"#{chapter}").count() == 1
    images = page.locator("img, svg[role=img]")
    assert images.count() >= 15
    for image in images.all():
        alt = image.get_attribute("alt") or image.get_attribute("aria-label") or ""
        assert len(alt) > 20 or image.get_attribute("aria-hidden") == "true"
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert page.evaluate(broken) == 0


def test_colors_follow_the_reader(page, request):
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor"
                               " + getComputedStyle(document.body).backgroundColor")  # fmt: skip
    numbers = [int(n) for n in re.findall(r"\d+", background)][-3:]
    dark = "dark" in request.node.name
    assert (sum(numbers) < 3 * 90) == dark
