"""Texts in several languages: a message is translated first, and filled afterwards.

A chapter writes messages with named places, such as "{network} ends at {error}.", and says what
stands in the places. They become words when the language is known: the message is looked up in
the catalog of that language, then numbers and names go into its places. So no name of a network
or of a data set is part of what has to be translated.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """A language of the page.

    code : as in the attribute ``lang``
    name : in the language itself
    plural : an expression in n as gettext has it, for example "n != 1": the number of the form
    texts : by message its text in this language, or a list of its forms
    missing : collects the messages that were asked for and have no text: they stay English
    """

    code: str
    name: str
    plural: str
    texts: Mapping[str, str | list[str]]
    missing: set[str] | None = None

    def form(self, message: str, many: str = "", n: int = 1) -> str:
        """The text of a message, its places still open; of one with ``many``, the form for n."""
        translation = self.texts.get(message)
        if translation is None:
            if self.missing is not None:
                self.missing.add(message)
            return many if many and n != 1 else message
        return (
            translation
            if isinstance(translation, str)
            else translation[gettext.c2py(self.plural)(n)]
        )


ENGLISH = Language("en", "English", "n != 1", {})
"""The language of the messages themselves, which needs no catalog."""


def in_language(name: str, language: Language) -> str:
    """The name of a file in a language, without suffix: its code stands after it."""
    return name if language is ENGLISH else f"{name}.{language.code}"


_SOUNDS = {
    "es": (
        (r"\b(?-i:y) (?=h?[ií](?![aeoáéó]))", "e "),  # "X e Y" has the letter Y
        (r"\b(?-i:o) (?=h?[oó])", "u "),
        (r"\b(d)e el\b", r"\1el"),
        (r"\b(a) el\b", r"\1l"),
    ),
}
"""Of languages, by code: what is said otherwise before certain sounds (Real Academia, y and o)."""


def fluent(text: str, code: str) -> str:
    """A finished text as it is said: "padre e hijo", whatever went into its places."""
    for pattern, other in _SOUNDS.get(code, ()):
        text = re.sub(pattern, other, text, flags=re.IGNORECASE)
    return text


class Text:
    """Words that are made when their language is known; ``str`` makes them in English."""

    def __init__(self, say: Callable[[Language], str]) -> None:
        self._say = say

    def in_language(self, language: Language) -> str:
        """The words in a language."""
        return self._say(language)

    def __str__(self) -> str:
        return self._say(ENGLISH)

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"

    def __add__(self, other: Words) -> Text:
        return joined("", (self, other))

    def __radd__(self, other: str) -> Text:
        return joined("", (other, self))

    def __format__(self, spec: str) -> str:
        raise TypeError("a Text in an f-string would stay English: give it a place in a message")


Words = str | Text
"""What a page shows: a Text, or a number or name, which is the same in every language."""


def said(words: object, language: Language) -> str:
    """Words in a language; whatever is no Text as it is."""
    return words.in_language(language) if isinstance(words, Text) else str(words)


def text(message: str, /, **places: object) -> Text:
    """A message of the catalogs, with what stands in its places."""
    return plural(message, "", 1, **places) if places else Text(lambda to: to.form(message))


def plural(one: str, many: str, n: int, /, **places: object) -> Text:
    """A message that depends on a number: ``one`` for 1, else ``many``; {n} is the number."""

    def say(language: Language) -> str:
        filled = {name: said(words, language) for name, words in places.items()}
        return language.form(one, many, n).format(**{"n": n, **filled})

    return Text(say)


def data_text(sentence: str) -> Text:
    """A sentence that stands in a file of data, without places: a message if a catalog has it."""
    return text(sentence)


def recognized(sentence: str, messages: Iterable[str]) -> Text:
    """The message that a sentence in a table of results was made of, with what was filled in."""
    for message in messages:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(message))
        if match := re.fullmatch(pattern, sentence):
            return text(message, **match.groupdict())
    return data_text(sentence)


def joined(separator: str, parts: Iterable[Words]) -> Text:
    """Words one after the other, with the same characters between them."""
    words = tuple(parts)
    return Text(lambda language: separator.join(said(part, language) for part in words))


def sentences(*parts: Words | None) -> Text:
    """A paragraph of the sentences that are there."""
    return joined(" ", [part for part in parts if part])


def changed(words: Words, change: Callable[[str], str]) -> Text:
    """Words that are changed once they are made: another case, no full stop."""
    return Text(lambda language: change(said(words, language)))


def capital(words: Words) -> Text:
    """The words with a capital at the beginning."""
    return changed(words, lambda text_: text_[:1].upper() + text_[1:])


def without_stop(words: Words) -> Text:
    """The words without the full stop at the end."""
    return changed(words, lambda text_: text_.rstrip("."))
