"""The report in English and in Spanish: the reader's own at first, the other at a button."""

import re

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


def test_the_button_translates_and_takes_back(visit, report):
    page = visit(report)
    button = page.locator("#language")
    english, seen = texts(page), page.locator("body").inner_text()
    button.click()
    assert language(page) == "es"
    assert "letras" in page.title()
    assert "letras" in page.locator("h1").text_content()
    assert (button.text_content(), button.get_attribute("lang")) == ("English", "en")
    assert page.get_by_text("Las palabras de las figuras están en inglés.").is_visible()
    button.click()
    assert not page.get_by_text("The words in the figures are English.").is_visible()
    assert language(page) == "en"
    assert (button.text_content(), button.get_attribute("lang")) == ("Español", "es")
    assert texts(page) == english
    assert page.locator("body").inner_text() == seen


def test_translations_keep_the_figures(visit, report):
    page = visit(report)
    english = texts(page)
    page.locator("#language").click()
    spanish = texts(page)
    assert list(map(figures, spanish)) == list(map(figures, english))
    pairs = zip(english, spanish, strict=True)
    assert sum(before != after and bool(figures(before)) for before, after in pairs) > 10


@pytest.mark.parametrize("works", [True, False])
def test_the_button_is_there_where_it_can_work(visit, report, works):
    page = visit(report, java_script_enabled=works)
    assert page.locator("#language").is_visible() == works
    assert (page.locator("#language").get_attribute("hidden") is None) == works
    assert language(page) == "en"


@pytest.mark.parametrize(("locale", "own"), [("es-AR", "es"), ("en-US", "en")])
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
    page.locator("#language").click()
    page.reload()
    assert language(page) == other
    page.goto(f"{report}?lang={own}")
    assert language(page) == own
