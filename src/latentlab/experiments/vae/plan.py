"""The cells of ``vae``, and what each of their steps depends on."""

from __future__ import annotations

import itertools

from latentlab.aliases import Fields, Json
from latentlab.experiments.knobs import Factors, Params, Settings, pick, without


def vae_factors(section: Fields) -> Factors:
    """``{dataset}/{model}/{replicate}``"""
    return {
        f"{dataset}/{name}/{replicate}": {"dataset": dataset, "model": name, "replicate": replicate}
        for dataset, (name, model) in itertools.product(
            section["datasets"], section["models"].items()
        )
        for replicate in range(model["replicates"][dataset])
    }


def models_of(section: Fields, dataset: str) -> dict[str, Json]:
    """The models that are trained on an image set, by name, in the form in which they are."""
    return {
        name: image_model_of(section, name)
        for name, model in section["models"].items()
        if model["replicates"][dataset]
    }


def image_model_of(section: Fields, name: str) -> Json:
    """A model of ``vae.models`` in the form in which it is trained."""
    return without(section["models"][name], "replicates")


def vae_settings(section: Fields, factors: Fields) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    model = image_model_of(section, factors["model"])
    return {
        "train": {"model": model},
        "evaluate": {"model": model, **pick(section, "measures")},
    }


def vae_survey(params: Params) -> Json:
    """What the survey of an image set depends on."""
    return pick(params["vae"]["measures"], "components")


def vae_controls(params: Params, dataset: str) -> Json:
    """What the controls of an image set depend on: what is measured, the models' latent units."""
    section = params["vae"]
    knobs = ("samples", "neighbors")
    return {
        "seed": params["seed"],
        "dataset": dataset,
        **pick(section["measures"], *knobs),
        "units": sorted({m["latent_units"] for m in models_of(section, dataset).values()}),
    }


def vae_drawn(params: Params, dataset: str) -> Json:
    """What the figures of an image set show, of the first replicate of each of its models."""
    section = params["vae"]
    return {
        "seed": params["seed"],
        "dataset": dataset,
        "classes": params["data"]["images"][dataset]["classes"],
        "models": models_of(section, dataset),
        **pick(section, "manifold", "drawn"),
    }
