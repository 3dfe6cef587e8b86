"""The page in Spanish: its English sentences looked up in a catalog, figures left as they are.

There is one page and one template. What the page says is collected after it is written, and its
translations travel with it; the page's own script puts them in place. A sentence that the catalog
does not know stays English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

_INNER = r"[^\s()\[\],;:%/=<>“”→]"
_FIGURE = re.compile(rf"{_INNER}*\d(?:{_INNER}*[^\s()\[\],;:%/=<>“”→.])?")
"""Whatever holds a digit, without the punctuation around it: 0.127, font2, 35-18-2, 1e-05."""

_SENTENCES = re.compile(r"(?<=[.?]) ")
_UNTRANSLATED = frozenset({"code", "pre", "script", "style"})
ATTRIBUTES = ("alt", "aria-label")


def sentence_key(sentence: str) -> tuple[str, list[str]]:
    """A sentence with {} for each of its figures, and the figures."""
    return _FIGURE.sub("{}", sentence), _FIGURE.findall(sentence)


def translate(text: str, catalog: Mapping[str, str]) -> str:
    """A text of the page with every sentence that the catalog has in Spanish.

    catalog : from sentences in English to sentences in Spanish, with {} for figures in order, or
        {0}, {1} where the order is another one
    """
    sentences = []
    for sentence in _SENTENCES.split(text):
        key, figures = sentence_key(sentence)
        known = catalog.get(key)
        sentences.append(sentence if known is None else known.format(*figures))
    return " ".join(sentences)


def errors(catalog: Any) -> list[str]:
    """What ``translate`` could not use of a catalog: a line an entry."""
    if not isinstance(catalog, dict):
        return ["a mapping of English sentences to Spanish ones expected"]
    return [
        f"{str(key)!r}: {reason}" for key, text in catalog.items() if (reason := _error(key, text))
    ]


def _error(key: Any, text: Any) -> str:
    if not isinstance(key, str) or not isinstance(text, str):
        return "a text expected, and a text in Spanish"
    try:
        text.format(*("" for _ in range(key.count("{}"))))
    except (IndexError, KeyError, ValueError, AttributeError):
        return f"{text!r} has other places for figures"
    return ""


def unknown(texts: list[str], catalog: Mapping[str, str]) -> list[str]:
    """Sentences, as keys, that the catalog lacks; what has no two letters in a row needs none."""
    keys = {sentence_key(sentence)[0] for text in texts for sentence in _SENTENCES.split(text)}
    return sorted(key for key in keys if re.search(r"[^\W\d_]{2}", key) and key not in catalog)


def texts_of(page: str) -> list[str]:
    """Every text of the page that its reader sees or hears, once, white space as single blanks."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return sorted(reader.texts)


class _Reader(HTMLParser):
    """Collects the texts of a page: what stands in it, and what is read out for a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._depth = 0  # of elements that are not prose

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth += tag in _UNTRANSLATED
        for name, value in attrs:
            if name in ATTRIBUTES:
                self._add(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in _UNTRANSLATED

    def handle_data(self, data: str) -> None:
        if not self._depth:
            self._add(data)

    def _add(self, text: str) -> None:
        text = " ".join(text.split())
        if text:
            self.texts.add(text)
