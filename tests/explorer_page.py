"""A small explorer page with networks of random weights: all kinds of models, no training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from latentlab.data.fonts import Font, font_named, read_fonts
from latentlab.data.images import Images
from latentlab.models import image_model
from latentlab.models.network import Network
from latentlab.pages import explorer
from latentlab.pages.sources import SCRIPTS
from latentlab.words import catalogs

ROOT = Path(__file__).parents[1]
FONTS = read_fonts(ROOT / "data/fonts/font.h")
PARTS = ROOT / "workflow/report"
SPANISH = catalogs.read_language(PARTS / "spanish.yaml")


def settings(cell: str, architecture: list[int], **changes: Any) -> dict[str, Any]:
    network = {"architecture": architecture, "encoder": "tanh", "latent": "linear",
               "decoder": "tanh", "output": "sigmoid", "beta": 1.0, "biases": True}  # fmt: skip
    network.update({key: changes.pop(key) for key in list(changes) if key in network})
    return {"cell": cell, "network": network, "name": cell.split("/")[-1], "threshold": 0.5,
            "optimizer": "adam", **changes}  # fmt: skip


def weights(knobs: dict[str, Any], seed: int, scale: float = 0.8) -> np.ndarray:
    n = Network(**knobs["network"]).n_weights
    return np.random.default_rng(seed).normal(0, scale, n)


def letter_model(cell: str, font: str, architecture: list[int], seed: int = 0, **changes: Any):
    knobs = settings(cell, architecture, **changes)
    return explorer.letter_model(knobs, font_named(FONTS, font), weights(knobs, seed), 3, 0.25)


def denoiser(cell: str, letters: str, architecture: list[int], seed: int = 0, **changes: Any):
    knobs = settings(
        cell, architecture, font="font2", encoder="relu", decoder="sigmoid", biases=False,
        beta=0.8, noise={"kind": "bit_flip", "probability": 0.1, "range": 0.5}, **changes,
    )  # fmt: skip
    subset: Font = FONTS["font2"].subset(letters)
    return explorer.denoiser(knobs, subset, weights(knobs, seed), 1, 0.5)


def model_settings(**changes: Any) -> image_model.Settings:
    knobs = {"model": "vae", "encoder_layers": (16,), "decoder_layers": (16,), "latent_units": 2,
             "activation": "relu", "initial_weights": "glorot", "variance": "free",
             "input_dropout": 0.0, "optimizer": "adam", "beta_2": 0.999,
             "learning_rate": 0.001, "schedule": "constant", "kl_weight": 1.0, "kl_warmup": 0,
             "epochs": 1, "batch_size": 100}  # fmt: skip
    return image_model.Settings(**{**knobs, **changes})


def model_weights(knobs: image_model.Settings, pixels: int, seed: int) -> image_model.Weights:
    """Of a size that keeps signals at about 1, as training does."""
    rng = np.random.default_rng(seed)
    heads = ["mean", "log_variance"] if knobs.variational else ["mean"]
    shapes, before = {}, pixels
    for i, units in enumerate(knobs.encoder_layers):
        shapes[f"encoder/dense_{i}"], before = (before, units), units
    shapes |= {f"encoder/{head}": (before, knobs.latent_units) for head in heads}
    before = knobs.latent_units
    layers = image_model.decoder_layers(knobs)
    small = pixels // image_model.reduction(knobs.decoder_layers) ** 2
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        if (seen := layer.convolution) is not None:
            shapes[layer.name] = (seen.kernel, seen.kernel, layer.units, seen.filters)
            continue
        units = layer.units or pixels
        if after is not None and after.convolution is not None:
            units = small * after.convolution.filters
        shapes[layer.name], before = (before, units), units
    result = {}
    for name, shape in shapes.items():
        n_in, n_out = (shape[-1], shape[-2]) if len(shape) == 4 else shape
        kernel = rng.normal(0, 1.5 / np.sqrt(n_in), shape)
        result[f"{name}/kernel"] = kernel.astype(np.float32)
        result[f"{name}/bias"] = rng.normal(0, 0.3, n_out).astype(np.float32)
    return result


CONVOLUTIONS = {
    "none": {},
    "one": {"decoder_layers": (5, {"filters": 3, "kernel": 2, "stride": 2})},
    "two": {
        "decoder_layers": (
            {"filters": 4, "kernel": 4, "stride": 2},
            {"filters": 3, "kernel": 6, "stride": 2},
        )
    },
    "not smaller": {
        "decoder_layers": (
            6,
            {"filters": 2, "kernel": 4, "stride": 2},
            {"filters": 3, "kernel": 3, "stride": 1},
        )
    },
}
"""Decoders with transposed convolutions, by name, as knobs of a model."""


def random_images(n: int, side: int, seed: int = 0) -> Images:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (n, side, side)).astype(np.uint8)
    labels = (np.arange(n) % 10).astype(np.uint8)
    return Images(pictures, labels, pictures, labels)


def image_set(name: str, models: dict[str, image_model.Settings], side: int = 8, n: int = 60):
    data = random_images(n, side)
    shown = explorer.image_set(name, [f"class {i}" for i in range(10)], data)
    for seed, (label, knobs) in enumerate(models.items()):
        w = model_weights(knobs, side * side, seed)
        shown["models"].append(explorer.image_autoencoder(label, knobs, w, data))
    return shown


def recipe(name: str, architecture: list[int], **changes: Any) -> dict[str, Any]:
    training = {"optimizer": "adam", "loss": "cross-entropy", "learning_rate": 0.02,
                "schedule": "cosine", "max_epochs": 4000}  # fmt: skip
    shape = settings("letters/font2/x", architecture, **changes)["network"]
    return {"group": "letters", "name": name, "fonts": ["font2"], "network": shape,
            "threshold": 0.5, "training": training}  # fmt: skip


RELU = {"encoder": "relu", "decoder": "sigmoid", "beta": 0.8, "biases": False}


def learning() -> list[dict[str, Any]]:
    """A network that learns all letters in seconds; one of the original's, by Powell."""
    powell = recipe("35-6-2", [35, 6, 2, 6, 35], **RELU)
    powell["training"] = {"optimizer": "powell", "max_epochs": 100, "xtol": 0.01, "ftol": 0.01}
    powell["group"] = "architectures"
    return explorer.recipes([recipe("two-numbers", [35, 25, 15, 2, 15, 25, 35]), powell])


def races() -> list[dict[str, Any]]:
    """All optimizers of the page on a small network, with knobs as the study tunes them."""
    shape = settings("letters/font2/x", [35, 6, 2, 6, 35], **RELU)["network"]
    stages = {
        "powell": {"optimizer": "powell", "xtol": None, "ftol": 1e-4},
        "adam": {"optimizer": "adam", "learning_rate": None, "schedule": "cosine"},
        "rmsprop": {"optimizer": "rmsprop", "learning_rate": None, "schedule": "constant"},
        "backpropagation": {"optimizer": "backpropagation", "learning_rate": None,
                            "schedule": "constant", "momentum": 0.8, "shuffle_seed": 0},
    }  # fmt: skip
    tuned = [
        {"network": "35-6-2", "optimizer": name, "loss": "squared-error", "xtol": 0.01,
         "learning_rate": 0.01}
        for name in stages
    ]  # fmt: skip
    race = {"name": "35-6-2", "font": "font2", "network": shape, "threshold": 0.5,
            "evaluations": 3000, "entrants": [
                {"name": name, "loss": "squared-error", "stage": stage}
                for name, stage in stages.items()
            ]}  # fmt: skip
    return explorer.races([race], tuned)


def content() -> dict[str, Any]:
    """Planes, a line, a plane in five dimensions; two denoisers; two image sets."""
    models = {
        "published": model_settings(),
        "improved": model_settings(
            encoder_layers=(24, 16), decoder_layers=(16, 24), activation="gelu", latent_units=3
        ),
        "autoencoder": model_settings(model="autoencoder", kl_weight=0.0),
    }
    return {
        "letters": [
            letter_model("letters/font2/plane", "font2", [35, 9, 2, 9, 35], 1),
            letter_model("letters/font1/line", "font1", [35, 9, 1, 9, 35], 2),
            letter_model("letters/all/space", "all", [35, 9, 5, 9, 35], 3, encoder="linear"),
        ],
        "denoising": [
            denoiser("denoising/font2/a", "XHIR", [35, 12, 5, 12, 35], 4),
            denoiser("denoising/font2/b", "all", [35, 6, 35], 5),
        ],
        "vae": [
            image_set("digits", models),
            image_set("line_set", {"narrow": model_settings(latent_units=1, activation="silu")}),
        ],
        "fonts": {name: explorer.alphabet(FONTS[name]) for name in ("font1", "font2")},
        "learning": learning(),
        "races": races(),
    }


def sources() -> explorer.Sources:
    """The page's own files."""
    names = ("explorer.html.j2", "style.css", "explorer.css", "language.js", *SCRIPTS)
    template, style, own_style, language, *scripts = (
        (PARTS / name).read_text(encoding="utf-8") for name in names
    )
    return explorer.Sources(template, [style, own_style], "\n".join(scripts), language)


def render(shown: dict[str, Any]) -> str:
    return explorer.render(shown, sources(), [SPANISH])
