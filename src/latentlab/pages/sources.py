"""Whether the pages' sources can be used: the steps that write the pages come last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2

from latentlab import StudyError
from latentlab.files.yaml import read_yaml
from latentlab.words import catalogs

TEMPLATES = ("index.html.j2", "explorer.html.j2")
SCRIPTS = ("training.js", "learning.js", "explorer.js")
"""The explorer's, in the order in which they stand in the page."""
INLINED = ("style.css", "explorer.css", "report.js", "language.js", *SCRIPTS)
CATALOGS = {"spanish.yaml": "es"}
"""By file the code of its language, which rules have in the names of what they write."""


def errors(folder: Path) -> Iterator[str]:
    """A line for each source of the pages, all in one folder, that cannot be used."""
    for name in (*TEMPLATES, *INLINED):
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            yield f"{folder / name}: not text in UTF-8"
            continue
        if name in INLINED and "</" in text:
            yield f"{folder / name}: has the characters </, which would end its element"
        if name in TEMPLATES:
            try:
                jinja2.Environment().parse(text)
            except jinja2.TemplateSyntaxError as error:
                yield f"{folder / name}: line {error.lineno}: {error.message}"
    for name, code in CATALOGS.items():
        try:
            catalog = read_yaml(folder / name)
        except StudyError as error:
            yield str(error)
            continue
        found = list(catalogs.errors(catalog))
        if not found and catalog["code"] != code:
            found = [f"code: {catalog['code']!r} given, {code!r} expected"]
        yield from (f"{folder / name}: {line}" for line in found)
