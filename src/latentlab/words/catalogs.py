"""Catalogs of texts: a language in a file, checked."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latentlab.files.yaml import read_yaml
from latentlab.glyphs import drawable
from latentlab.words.texts import Language

KEYS = ("code", "name", "plural", "texts")
_CODE = re.compile(r"(?!en$)[a-z]{2,3}")


def language(catalog: Any) -> Language:
    """The language of a catalog in which ``errors`` finds none."""
    return Language(**catalog, missing=set())


def read_language(path: Path) -> Language:
    """The language of a catalog in a file. Raises StudyError for one that cannot be read."""
    return language(read_yaml(path))


def lacking(language: Language) -> list[str]:
    """A line for each message that was asked for and is not in its catalog."""
    return [f"not in {language.name}: {message}" for message in sorted(language.missing or ())]


def errors(catalog: Any) -> Iterator[str]:
    """What cannot be used of a catalog: a line each."""
    if not isinstance(catalog, dict) or sorted(catalog) != sorted(KEYS):
        yield f"a mapping with the keys {', '.join(KEYS)} expected"
        return
    for key in ("code", "name"):
        if not isinstance(catalog[key], str):
            yield f"{key}: {catalog[key]!r} given, a text expected"
    if isinstance(catalog["code"], str) and not _CODE.fullmatch(catalog["code"]):
        yield f"code: {catalog['code']!r} given, two or three letters expected, and not en"
    try:
        plural = gettext.c2py(catalog["plural"])
        chosen = {plural(n) for n in range(2000)}
        forms = 1 + max(chosen)
    except (TypeError, ValueError, ArithmeticError) as error:
        yield f"plural: {catalog['plural']!r} given, an expression in n expected: {error}"
        return
    if chosen != set(range(forms)):
        yield f"plural: {catalog['plural']!r} given, forms without a gap expected: {sorted(chosen)}"
        return
    if not isinstance(catalog["texts"], dict):
        yield "texts: a mapping of English messages to texts expected"
        return
    for message, translation in catalog["texts"].items():
        if reason := _error(message, translation, forms):
            yield f"{message!r}: {reason}"


def _error(message: Any, translation: Any, forms: int) -> str:
    texts = translation if isinstance(translation, list) else [translation]
    if not all(isinstance(text, str) for text in (message, *texts)):
        return "a text expected, and a text or a list of texts for it"
    if isinstance(translation, list) and len(translation) != forms:
        return f"{len(translation)} forms given, {forms} expected"
    for text in texts:
        if not drawable(" ".join(text.split())) or "$" in text:
            return f"{text!r} has a character that no figure can show"
        if places(text) != places(message):
            return f"{text!r} has other places"
        if _tags(text) != _tags(message):
            return f"{text!r} has other tags, or nothing between two of them"
    return ""


def places(message: str) -> list[str]:
    """The places of a message, in the order of the alphabet; another brace is one too."""
    return sorted(re.findall(r"{\w+}|[{}]", message))


def _tags(message: str) -> list[str | bool]:
    """The tags of a message, and whether there are words before, between and after them."""
    parts = re.split(r"(<[^>]*>?)", message)
    return [part if part.startswith("<") else bool(part.strip()) for part in parts]
