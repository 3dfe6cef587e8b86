"""The report in a real browser: opens from disk, silent, complete, at every width, in print."""

import itertools
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

# each of them once; all their combinations are slow
FAST = {(360, "light", "es"), (768, "dark", "en"), (1024, "light", "en"), (1440, "dark", "es")}


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        pytest.param(*look, marks=() if look in FAST else pytest.mark.slow)
        for look in itertools.product([360, 768, 1024, 1440], ["light", "dark"], ["en", "es"])
    ],
)
def test_every_width_scheme_and_language(look_at, pages, width, scheme, language):
    page = look_at(f"{pages}/index.html?lang={language}", f"report-{language}", width, scheme)
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("width", [360, 768, 1024, 1440])
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


@pytest.mark.parametrize("width", [360, 768, 1024, 1440])
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_first_screen_has_a_picture_and_the_way_to_the_explorer(visit, pages, width, language):
    viewport = {"width": width, "height": 900}
    page = visit(f"{pages}/index.html?lang={language}", viewport=viewport)
    boxes = [page.locator(place).first.bounding_box() for place in (".picture img", ".explore")]
    for box in boxes:
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 900


def test_every_link_of_the_page_leads_somewhere(visit, pages):
    page = visit(f"{pages}/index.html")
    links = page.evaluate("[...document.links].map(link => link.getAttribute('href'))")
    ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map(part => part.id)"))
    assert {link[1:] for link in links if link[0] == "#"} <= ids
    folder = Path(unquote(urlsplit(pages).path))
    files = {link for link in links if link[0] != "#"}
    assert len(files) > 30
    assert [link for link in files if not (folder / urlsplit(link).path).exists()] == []


def test_nothing_is_cut_on_a_wide_screen_and_what_is_cut_on_a_narrow_one_is_hinted_at(visit, pages):
    cut = """() => [...document.querySelectorAll(".table, .picture")]
      .filter(part => part.scrollWidth > part.clientWidth + 1)
      .map(part => Number(getComputedStyle(part, "::after").opacity))"""
    for width in (1440, 360):
        page = visit(f"{pages}/index.html", viewport={"width": width, "height": 900})
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        page.wait_for_function(f"() => ({cut})().every(hint => hint > 0.5)")
        assert (width < 1000) == (len(page.evaluate(cut)) > 5)


def test_in_print_the_page_is_an_article(visit, pages, tmp_path):
    page = visit(f"{pages}/index.html")
    page.emulate_media(media="print")
    for part in ("nav", ".sources", ".made", "details"):
        assert not any(found.is_visible() for found in page.locator(part).all())
    for part in ("h1", "#found", "figcaption", "#references", ".cite"):
        assert page.locator(part).first.is_visible()
    printed = page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert 5 < len(re.findall(rb"/Type /Page\b", printed)) <= 30


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_table_is_wider_than_a_printed_page(visit, pages, language):
    page = visit(f"{pages}/index.html?lang={language}", viewport={"width": 680, "height": 900})
    page.emulate_media(media="print")
    wide = """() => [...document.querySelectorAll(".table")]
      .filter(part => part.offsetWidth && part.scrollWidth > part.clientWidth + 1)
      .map(part => part.querySelector("caption").textContent)"""
    assert page.evaluate(wide) == []
