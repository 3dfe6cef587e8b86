"""The report in a real browser: opens from disk, silent, complete, at every width."""

import pytest


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_width_scheme_and_language(look_at, pages, width, scheme, language):
    page = look_at(f"{pages}/index.html?lang={language}", f"report-{language}", width, scheme)
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_report(visit, pages, width):
    page = visit(f"{pages}/index.html", viewport={"width": width, "height": 900})
    for chapter in ("conclusions", "architectures", "optimizers", "letters", "denoising", "vae"):
        assert page.locator(f"#{chapter}").count() == 1
    for verdict in page.locator(".verdicts li").all():  # each leads to a chapter of the page
        target = verdict.locator("a").first.get_attribute("href")
        assert page.locator(target).count() == 1
    page.keyboard.press("Tab")  # the first stop of a keyboard is seen, and skips the contents
    skip = page.locator(".skip")
    assert skip.bounding_box()["x"] >= 0
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.locator("nav").bounding_box()["y"] == 0  # the contents stay in sight
    images = page.locator("img, svg[role=img]")
    assert images.count() >= 15
    for image in images.all():
        alt = image.get_attribute("alt") or image.get_attribute("aria-label") or ""
        assert len(alt) > 20 or image.get_attribute("aria-hidden") == "true"
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert page.evaluate(broken) == 0
