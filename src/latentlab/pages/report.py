"""One page of everything: results, settings and a template in, HTML out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from latentlab.aliases import Fields, Json
from latentlab.experiments.architectures import chapter as architectures
from latentlab.experiments.conclusions import chapter as conclusions
from latentlab.experiments.denoising import chapter as denoising
from latentlab.experiments.letters import chapter as letters
from latentlab.experiments.optimizers import chapter as optimizers
from latentlab.experiments.vae import chapter as vae
from latentlab.pages.languages import Verbatim, page_in
from latentlab.pages.parts import Chapter, Figure, listing
from latentlab.words.names import IMAGE_SETS, called
from latentlab.words.texts import ENGLISH, Language, in_language

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
    javascript: str = "",
    language: Language = ENGLISH,
    others: Iterable[Language] = (),
) -> str:
    """The page in a language: everything that comes from parameters or results is escaped.

    javascript : what opens it in the language of the reader
    others : the languages in which it is there too, each on a page beside it
    Raises ValueError for a style sheet or script that would end its element.
    """
    if "</" in style + javascript:
        raise ValueError("neither style sheet nor script may hold the characters </")
    inlined = {"style": Verbatim(style), "javascript": Verbatim(javascript)}
    frame: Fields = {
        "language": language.code,
        "others": [
            {
                "code": other.code,
                "name": other.name,
                "page": page_name(other),
                "file": partial(in_language, language=other),
            }
            for other in others
        ],
        "home": home,
        "file": partial(in_language, language=language),
    }
    return page_in(language, {**content, **inlined, **frame}, template)


def page_name(language: Language) -> str:
    """The name of the report's file in a language: index.html, index.es.html."""
    return f"{in_language('index', language)}.html"
