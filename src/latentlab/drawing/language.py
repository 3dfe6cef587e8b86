"""The words of figures, in the language in which they are drawn.

A figure is drawn once for each language: its words may need other room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from matplotlib.figure import Figure

from latentlab.drawing import style
from latentlab.words import catalogs
from latentlab.words.texts import (
    ENGLISH,
    Language,
    Words,
    fluent,
    in_language,
    plural,
    said,
    text,
)

_language: ContextVar[Language] = ContextVar("language", default=ENGLISH)


@contextmanager
def drawn_in(language: Language) -> Iterator[None]:
    """The language of the words in what is drawn inside."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def say(words: Words) -> str:
    """Words in the language of the figure; a name stays as it is."""
    if isinstance(words, str):
        return words
    language = _language.get()
    return fluent(said(words, language), language.code)


def tell(message: str, /, **places: object) -> str:
    """A message of the catalogs, with what stands in its places, in the language of the figure."""
    return say(text(message, **places))


def count(one: str, many: str, n: int, /, **places: object) -> str:
    """The same of a message that depends on a number, {n}: ``one`` for 1, else ``many``."""
    return say(plural(one, many, n, **places))


def remark(drawn: int, total: int) -> str:
    """What a title says where not all are drawn: " (48 of 10000)"; nothing else."""
    return f" ({tell('{some} of {all}', some=drawn, all=total)})" if drawn < total else ""


def save_all(
    draw: Callable[[], Iterable[tuple[str, Figure]]], folder: Path, *files: Path
) -> list[str]:
    """Save the figures that ``draw`` yields, by name, in English and in each catalog's language.

    Another language's files have its code in their names: front.png, front.es.png.
    files : the catalogs. Returns a line for each message that one lacks.
    """
    others = [catalogs.read_language(path) for path in files]
    for language in (ENGLISH, *others):
        with drawn_in(language):
            for name, figure in draw():
                style.save(figure, folder / in_language(name, language))
    return [line for language in others for line in catalogs.lacking(language)]
