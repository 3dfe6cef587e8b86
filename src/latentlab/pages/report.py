"""One page of everything: results, settings and a template in, HTML out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from latentlab.aliases import Fields, Json
from latentlab.experiments.architectures import chapter as architectures
from latentlab.experiments.conclusions import chapter as conclusions
from latentlab.experiments.denoising import chapter as denoising
from latentlab.experiments.letters import chapter as letters
from latentlab.experiments.optimizers import chapter as optimizers
from latentlab.experiments.vae import chapter as vae
from latentlab.pages.languages import page
from latentlab.pages.parts import listing
from latentlab.pages.texts import Language

CHAPTERS = (conclusions, architectures, optimizers, letters, denoising, vae)
PACKAGES = ("numpy", "scipy", "numba", "jax", "keras", "pandas", "matplotlib", "snakemake", "dvc")
"""What decides results, of the packages that the lock pins; the page names their versions."""


def context(
    results: Path,
    settings: Fields,
    digests: Mapping[str, str] | None = None,
    lock: str = "",
) -> Json:
    """What the template shows: chapters written from the results, and the study's frame.

    settings : the study's parameters, with the image sets that this run used
    digests : of the code of every rule, by its name
    lock : the text of requirements.lock
    """
    missing = vae.missing_datasets(settings)
    chapters = [module.chapter(results, settings) for module in CHAPTERS]
    return {
        "chapters": chapters,
        "titles": {chapter.id: chapter.title for chapter in chapters},
        "verdicts": conclusions.board(results),
        "digests": dict(digests or {}),
        "packages": versions(lock),
        "seed": settings["seed"],
        "datasets": listing(settings["vae"]["datasets"]),
        "missing": listing(missing) if missing else "",
    }


def versions(lock: str) -> dict[str, str]:
    """The versions that the lock pins, of ``PACKAGES``."""
    pins = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", lock, re.M))
    return {name: pins[name] for name in PACKAGES if name in pins}


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
    return page(frame, template, languages)
