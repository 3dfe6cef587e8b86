"""The page in several languages, and what changes between two pages."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import jinja2
from markupsafe import Markup, escape

from latentlab.aliases import Fields
from latentlab.words.texts import ENGLISH, Language, Text, fluent

_UNTRANSLATED = frozenset({"code", "pre", "script", "style"})
_ATTRIBUTES = ("alt", "aria-label")
_BLANKS = re.compile(r"[ \t\r\n\f]+")


class Verbatim(Markup):
    """What stands in a page as it is: a style sheet, a script, data."""


def page(frame: Fields, template: str, others: Sequence[Language]) -> str:
    """The page in English, with the texts of other languages in its place ``translations``."""
    english = page_in(ENGLISH, frame, template)
    texts = {
        language.code: {
            "name": language.name,
            "texts": translations(english, page_in(language, frame, template)),
        }
        for language in others
    }
    # "<" is written as JSON may, so that no text can end the element it stands in
    data = json.dumps(texts, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return page_in(ENGLISH, frame, template, Verbatim(data) if texts else "")


def page_in(language: Language, frame: Fields, template: str, data: str = "") -> str:
    """The page in one language.

    Its texts are finished as they are shown; the template's own go through ``_``, as a catalog
    has them, tags included, blanks in a row as one; what goes into their places is escaped.
    """

    def finish(value: object) -> object:
        if isinstance(value, Text):
            value = value.in_language(language)
            if not isinstance(value, Verbatim):
                value = fluent(value, language.code)
        if isinstance(value, str) and not isinstance(value, Verbatim):
            # a number and its sign stay on one line
            return escape(value).replace(" %", "\N{NO-BREAK SPACE}%")
        return value

    def message(text: str, **places: object) -> Markup:
        filled = {name: finish(value) for name, value in places.items()}
        said = Markup(language.form(" ".join(text.split()))).format(**filled)
        return Markup(fluent(said, language.code))

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finish,
    )
    environment.globals["_"] = message
    page = environment.from_string(template).render(**frame, translations=data)
    return page.rstrip() + "\n"


def translations(english: str, other: str) -> dict[str, str | list[str]]:
    """What the texts of a page are in another language: of one template, so text by text.

    Only of those that differ, blanks in a row as one. Where an English text is not everywhere the
    same in the other language, a list in the order of the page: first texts, then attributes.
    Raises ValueError for pages of other elements.
    """
    texts: dict[str, list[str]] = {}
    for text, translated in zip(_texts(english), _texts(other), strict=True):
        texts.setdefault(text, []).append(translated)
    return {
        text: choices[0] if len(set(choices)) == 1 else choices
        for text, choices in texts.items()
        if set(choices) != {text}
    }


def _texts(page: str) -> list[str]:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return [_BLANKS.sub(" ", text) for text in (*reader.texts, *reader.attributes)]


class _Reader(HTMLParser):
    """Collects the texts of a page: what stands in it, and what is read out for a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self._depth = 0  # of elements that are not prose

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth += tag in _UNTRANSLATED
        values = dict(attrs)
        self.attributes += [values[name] or "" for name in _ATTRIBUTES if name in values]

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in _UNTRANSLATED

    def handle_data(self, data: str) -> None:
        if not self._depth and data.strip():
            self.texts.append(data)
