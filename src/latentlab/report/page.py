"""One page of everything: results, settings and a template in, HTML out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from latentlab.report import architectures, denoising, letters, optimizers, vae
from latentlab.report.parts import listing

CHAPTERS = (architectures, optimizers, letters, denoising, vae)


def context(results: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows: chapters written from the results, and the study's frame.

    settings : the study's parameters, with the image sets that this run used
    """
    missing = vae.missing_datasets(settings)
    return {
        "chapters": [module.chapter(results, settings) for module in CHAPTERS],
        "seed": settings["seed"],
        "datasets": listing(settings["vae"]["datasets"]),
        "missing": listing(missing) if missing else "",
    }


def render(content: Mapping[str, Any], template: str, style: str) -> str:
    """The page: everything that comes from parameters or results is escaped."""
    if "</" in style:
        raise ValueError("the style sheet may not hold the characters </")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(template).render(**content, style=Markup(style))
    return page.rstrip() + "\n"
