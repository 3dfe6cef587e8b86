"""The cells of ``vae``, and what each of their steps depends on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from latentlab.experiments.knobs import Factors, Params, Settings, pick, without


def vae_factors(section: Mapping[str, Any]) -> Factors:
    """``{dataset}/{model}/{replicate}``"""
    return {
        f"{dataset}/{name}/{replicate}": {"dataset": dataset, "model": name, "replicate": replicate}
        for dataset, (name, model) in itertools.product(
            section["datasets"], section["models"].items()
        )
        for replicate in range(model["replicates"][dataset])
    }


def models_of(section: Mapping[str, Any], dataset: str) -> dict[str, dict[str, Any]]:
    """The models that are trained on an image set, by name, in the form in which they are."""
    return {
        name: image_model_of(section, name)
        for name, model in section["models"].items()
        if model["replicates"][dataset]
    }


def image_model_of(section: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A model of ``vae.models`` in the form in which it is trained."""
    return without(section["models"][name], "replicates")


def vae_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    model = image_model_of(section, factors["model"])
    return {
        "train": {"model": model},
        "evaluate": {"model": model, **pick(section, "measures")},
    }


def vae_drawn(params: Params, dataset: str) -> dict[str, Any]:
    """What the figures of an image set show, of the first replicate of each of its models."""
    section = params["vae"]
    return {
        "seed": params["seed"],
        "dataset": dataset,
        "classes": params["data"]["images"][dataset]["classes"],
        "models": models_of(section, dataset),
        **pick(section, "manifold", "drawn"),
    }
