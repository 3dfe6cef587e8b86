"""One page of everything: results, settings and a template in, HTML out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from latentlab.aliases import Fields, Json
from latentlab.experiments.architectures import chapter as architectures
from latentlab.experiments.conclusions import chapter as conclusions
from latentlab.experiments.denoising import chapter as denoising
from latentlab.experiments.letters import chapter as letters
from latentlab.experiments.optimizers import chapter as optimizers
from latentlab.experiments.vae import chapter as vae
from latentlab.pages.languages import translations
from latentlab.pages.names import IMAGE_SETS, called
from latentlab.pages.parts import Chapter, Figure, listing
from latentlab.pages.texts import ENGLISH, Language, Text

CHAPTERS = (conclusions, architectures, optimizers, letters, denoising, vae)
STRONGEST = ("denoising", "optimizers", "conclusions", "letters", "vae", "architectures")
"""The order of what was found: what says most first."""
PACKAGES = ("numpy", "scipy", "numba", "jax", "keras", "pandas", "matplotlib", "snakemake", "dvc")
"""What decides results, of the packages that the lock pins; the page names their versions."""


def context(
    results: Path,
    settings: Fields,
    digests: Mapping[str, str] | None = None,
    lock: str = "",
    citation: Fields | None = None,
) -> Json:
    """What the template shows: chapters written from the results, and the study's frame.

    settings : the study's parameters, with the image sets that this run used
    digests : of the code of every rule, by its name
    lock : the text of requirements.lock
    citation : the content of CITATION.cff
    """
    missing = vae.missing_datasets(settings)
    chapters = [module.chapter(results, settings) for module in CHAPTERS]
    by_id = {chapter.id: chapter for chapter in chapters}
    return {
        "introduction": letters.introduction(results),
        "chapters": chapters,
        "titles": {chapter.id: chapter.title for chapter in chapters},
        "findings": [
            (name, finding)
            for name in STRONGEST
            for finding in by_id[name].findings or (by_id[name].answer,)
        ],
        "verdicts": conclusions.board(results),
        "digests": dict(digests or {}),
        "packages": versions(lock),
        "citation": cited(citation) if citation else {},
        "results": results,
        "figures": {home(f, results) for chapter in chapters for f in figures_of(chapter)},
        "seed": settings["seed"],
        "datasets": listing([called(IMAGE_SETS, name) for name in settings["vae"]["datasets"]]),
        "missing": listing([called(IMAGE_SETS, name) for name in missing]) if missing else "",
    }


def figures_of(chapter: Chapter) -> Iterator[Figure]:
    """The figures of a chapter."""
    for group in chapter.groups:
        yield from group.figures


def home(figure: Figure, results: Path) -> str:
    """Where a figure's files lie, below the results and without suffix; its name on the page."""
    return figure.path.relative_to(results).as_posix()


def versions(lock: str) -> dict[str, str]:
    """The versions that the lock pins, of ``PACKAGES``."""
    pins = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", lock, re.M))
    return {name: pins[name] for name in PACKAGES if name in pins}


def cited(citation: Fields) -> Json:
    """How to cite this, from the content of a CITATION.cff: in words, and as BibTeX."""
    authors = [_author(author) for author in citation["authors"]]
    title, version = citation["title"], citation["version"]
    fields = {
        "author": " and ".join(f"{{{name}}}" for name in authors),
        "title": f"{{{title}}}",
        "version": version,
        "license": citation["license"],
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
    return {
        "words": f"{', '.join(authors)}: {title}, {version}.",
        "bibtex": "\n".join(["@software{latentlab,", *lines, "}"]),
    }


def _author(author: Fields) -> str:
    given, family = (author.get(f"{part}-names", "") for part in ("given", "family"))
    return author.get("name") or f"{given} {family}".strip()


def render(
    content: Fields,
    template: str,
    style: str,
    languages: Sequence[Language] = (),
    javascript: str = "",
) -> str:
    """The page: everything that comes from parameters or results is escaped.

    languages : others than English, whose texts travel with the page
    javascript : what changes the language of the page
    Raises ValueError for a style sheet or script that would end its element.
    """
    if "</" in style + javascript:
        raise ValueError("neither style sheet nor script may hold the characters </")
    frame = {**content, "style": Markup(style), "javascript": Markup(javascript)}
    others = {
        language.code: {
            "name": language.name,
            "texts": translations(
                page_in(ENGLISH, frame, template), page_in(language, frame, template)
            ),
        }
        for language in languages
    }
    # "<" is written as JSON may, so that no text can end the element it stands in
    data = json.dumps(others, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return page_in(ENGLISH, frame, template, Markup(data) if others else "")


def page_in(language: Language, frame: Fields, template: str, data: str = "") -> str:
    """The page in one language.

    Its texts are finished as they are shown; the template's own go through ``_``, as a catalog
    has them, tags included, blanks in a row as one; what goes into their places is escaped.
    """

    def finish(value: object) -> object:
        if isinstance(value, Text):
            value = value.in_language(language)
        if isinstance(value, str):
            # a number and its sign stay on one line
            return escape(value).replace(" %", "\N{NO-BREAK SPACE}%")
        return value

    def message(text: str, **places: object) -> Markup:
        filled = {name: finish(value) for name, value in places.items()}
        return Markup(language.form(" ".join(text.split()))).format(**filled)

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finish,
    )
    environment.globals["_"] = message
    environment.globals["home"] = home
    page = environment.from_string(template).render(**frame, translations=data)
    return page.rstrip() + "\n"
