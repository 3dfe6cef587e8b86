"""The report in English and in Spanish, a page each: the reader's own at first, then the other."""

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest


@pytest.fixture
def report(pages):
    return f"{pages}/index.html"


def language(page):
    return page.locator("html").get_attribute("lang")


def texts(page):
    """What the page says by element, its folded parts and what is read out too; its title first."""
    return page.evaluate("""() => {
      const prose = "h1, h2, h3, p, li, caption, th, td, figcaption, dt, dd";
      const all = (selector) => [...document.querySelectorAll(selector)];
      return [document.title, ...all(prose).map((element) => element.textContent),
              ...all("[alt]").map((element) => element.getAttribute("alt")),
              ...all("[aria-label]").map((element) => element.getAttribute("aria-label"))];
    }""")


def figures(text):
    """The numbers of a text; another language may have them in another order."""
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", text))


def other_language(page):
    page.locator("#language a").click()
    page.wait_for_load_state()


def pictures(page):
    """The embedded pictures of a page, and where their files lie."""
    return page.evaluate("""() => [...document.querySelectorAll("figure")].map((figure) => [
      figure.querySelector("img").src,
      ...[...figure.querySelectorAll("a[href^='../']")].map((link) => link.href)])""")


def test_a_link_leads_to_the_other_language_and_back(visit, report):
    page = visit(report)
    english, seen = texts(page), page.locator("body").inner_text()
    other_language(page)
    assert language(page) == "es"
    assert "letras" in page.title()
    assert "letras" in page.locator("h1").text_content()
    link = page.locator("#language a")
    assert (link.text_content(), link.get_attribute("lang")) == ("English", "en")
    other_language(page)
    assert language(page) == "en"
    link = page.locator("#language a")
    assert (link.text_content(), link.get_attribute("lang")) == ("Español", "es")
    assert texts(page) == english
    assert page.locator("body").inner_text() == seen


def test_translations_keep_the_figures(visit, report):
    page = visit(report)
    english = texts(page)
    other_language(page)
    spanish = texts(page)
    assert list(map(figures, spanish)) == list(map(figures, english))
    pairs = zip(english, spanish, strict=True)
    assert sum(before != after and bool(figures(before)) for before, after in pairs) > 10


def test_pictures_have_the_words_of_the_page(visit, report):
    page = visit(report)
    english = pictures(page)
    other_language(page)
    spanish = pictures(page)
    same = 0
    for (picture, *links), (own, *own_links) in zip(english, spanish, strict=True):
        same += picture == own
        tables = [link for link in links if link.endswith(".csv")]
        for kind in ("svg", "png"):
            (drawn,) = (link for link in links if link.endswith(f".{kind}"))
            tables.append(f"{drawn.removesuffix(kind)}es.{kind}")
        assert sorted(own_links) == sorted(tables)
        assert all(Path(unquote(urlsplit(link).path)).exists() for link in own_links)
    assert len(english) > 20
    assert same < 3  # letters alone have no words


SEEN = """([selector, n]) => document.querySelectorAll(selector)[n].getBoundingClientRect().top"""


@pytest.mark.parametrize(
    ("selector", "fold"),
    [("section.chapter figure", 5), (".verdicts li", 3), ("section.chapter > .table tr", 4),
     (".references li", 2), ("details figure", 6)],
)  # fmt: skip
def test_the_other_page_opens_where_the_reader_was(visit, report, selector, fold):
    page = visit(report, viewport={"width": 390, "height": 900})
    part = page.locator(selector).nth(fold)
    if selector.startswith("details"):
        part.evaluate("part => { part.closest('details').open = true; }")
    part.evaluate("part => part.scrollIntoView({behavior: 'instant'})")
    before = page.evaluate(SEEN, [selector, fold])
    other_language(page)
    assert language(page) == "es"
    assert abs(page.evaluate(SEEN, [selector, fold]) - before) < 60
    # what was closed is closed
    opened = page.locator("details[open]").count()
    assert opened == selector.startswith("details")


def test_an_address_with_a_place_keeps_it(visit, report):
    page = visit(report, locale="es-AR")
    place = page.locator("section.chapter figure").nth(5).get_attribute("id")
    page.goto(f"{report}?lang=ES#{place}")
    page.wait_for_url(f"**/index.es.html?lang=es#{place}")


def test_going_back_goes_back(visit, report):
    page = visit(report)
    other_language(page)
    page.go_back()
    page.wait_for_load_state()
    assert language(page) == "en"


@pytest.mark.parametrize("works", [True, False])
def test_the_link_needs_no_script(visit, report, works):
    page = visit(report, java_script_enabled=works)
    assert language(page) == "en"
    other_language(page)
    assert language(page) == "es"
    other_language(page)
    assert language(page) == "en"


def test_the_explorer_is_in_the_language_of_the_report_and_leads_back_to_it(visit, report):
    page = visit(report, locale="es-AR")
    other_language(page)  # to English, against the browser's
    for code in ("en", "es"):
        page.locator("nav .explore").click()
        page.wait_for_load_state()
        assert language(page) == code
        page.locator("#report").click()
        page.wait_for_load_state()
        assert language(page) == code
        other_language(page)


@pytest.mark.parametrize("locale", ["en-US", "es-AR"])
def test_the_explorer_leads_back_to_where_the_reader_was(visit, report, locale):
    page = visit(report, locale=locale)
    link = "details a[href^='explorer.html']"
    page.locator(link).nth(2).evaluate("""link => {
      link.closest('details').open = true;
      link.scrollIntoView({behavior: 'instant', block: 'center'});
    }""")
    before = page.evaluate(SEEN, [link, 2])
    page.locator(link).nth(2).click()
    page.wait_for_load_state()
    assert "explorer.html" in page.url
    page.locator("#report").click()
    page.wait_for_url("**/index.*")
    page.wait_for_load_state()
    assert language(page) == locale[:2]
    assert page.locator("details[open]").count() == 1
    assert abs(page.evaluate(SEEN, [link, 2]) - before) < 60


@pytest.mark.parametrize(("locale", "own"), [("es-AR", "es"), ("en-US", "en"), ("fr", "en")])
def test_the_page_opens_in_the_language_of_the_reader(visit, report, locale, own):
    assert language(visit(report, locale=locale)) == own


@pytest.mark.parametrize(("locale", "own", "other"), [("es-AR", "es", "en"), ("en-US", "en", "es")])
def test_the_address_goes_before_the_choice_and_that_before_the_browser(
    visit, report, locale, own, other
):
    page = visit(f"{report}?lang={other}", locale=locale)
    assert language(page) == other
    page.goto(report)  # an address that asks is no choice of the reader
    assert language(page) == own
    other_language(page)
    page.goto(report)
    assert language(page) == other
    page.goto(f"{report}?lang={own}")
    assert language(page) == own


def test_a_page_that_was_sent_without_the_other_opens(browser, pages, tmp_path):
    """In a browser that asks for Spanish too: nobody is led to a page that is not there."""
    source = Path(unquote(urlsplit(pages).path)) / "index.html"
    shutil.copy(source, tmp_path / "index.html")
    context = browser.new_context(locale="es-AR")
    page = context.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_timeout(500)
    assert (language(page), page.locator("h1").count()) == ("en", 1)
    context.close()


def test_who_opens_the_spanish_page_gets_it(visit, pages):
    page = visit(f"{pages}/index.es.html", locale="en-US")
    assert language(page) == "es"
    page.goto(f"{pages}/index.es.html?lang=en")
    assert language(page) == "en"
