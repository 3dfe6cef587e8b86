"""Whether an image set allows what is asked for, and that what is let through is possible."""

import itertools
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import explorer_page
from image_sets import small_images
from latentlab.data import images
from latentlab.experiments.vae import suitability
from latentlab.measures import image_scores, sample_quality
from latentlab.models import image_model
from latentlab.pages import explorer

ROOT = Path(__file__).parents[3]


def params(classes=2, **measures):
    smallest = {
        "samples": 100, "components": 50, "neighbors": 1, "label_neighbors": 2,
        "likelihood_images": 2, "likelihood_samples": 2,
        "quadrature_window": 2.0, "quadrature_tolerance": 0.1,
    }  # fmt: skip
    names = [f"class {c}" for c in range(classes)]
    return {
        "vae": {"measures": {**smallest, **measures}, "models": {}},
        "data": {"images": {"own": {"classes": names}}},
    }


def test_every_line_names_the_parameter_and_the_set():
    data = small_images(train=4, test=3, classes=9, seed=1)
    highest = int(max(data.train_labels.max(), data.test_labels.max()))
    lines = suitability.refusals(params(highest, neighbors=3, label_neighbors=5), "own", data)
    assert [line.split(":")[0] for line in lines] == [
        "vae.measures.neighbors",
        "vae.measures.label_neighbors",
        "data.images.own.classes",
    ]
    assert all(line.endswith("(images of own)") and "allowed: " in line for line in lines)
    enough = params(highest + 1, neighbors=2, label_neighbors=4)
    assert suitability.refusals(enough, "own", data) == []


def test_convolutions_need_images_that_can_be_halved():
    model = asdict(
        explorer_page.model_settings(decoder_layers=(4, {"filters": 2, "kernel": 3, "stride": 3}))
    )
    asked = params(2)
    plain = asdict(explorer_page.model_settings())
    asked["vae"]["models"] = {
        name: {**knobs, "replicates": {"own": 1}}
        for name, knobs in (("plain", plain), ("mine", model))
    }
    (line,) = suitability.refusals(asked, "own", small_images(classes=2))
    assert line.startswith(
        "vae.models.mine.decoder_layers: convolutions given for images of 5 x 3 pixels"
    )
    assert line.endswith("a multiple of 3, or replicates.own: 0 (images of own)")
    asked["vae"]["models"]["mine"]["replicates"] = {"own": 0}
    assert suitability.refusals(asked, "own", small_images(classes=2)) == []


@pytest.mark.parametrize("part", ["train_labels", "test_labels"])
def test_labels_of_either_part_need_a_name(part):
    data = small_images(classes=2)
    getattr(data, part)[0] = 7
    (line,) = suitability.refusals(params(7), "own", data)
    assert line.startswith("data.images.own.classes: 7 names given, allowed: at least 8, for")


def random_weights(settings, pixels):
    rng = np.random.default_rng(0)
    inner = {
        "encoder": [pixels, *settings.encoder_layers],
        "decoder": [settings.latent_units, *settings.decoder_layers],
    }
    shapes = {
        f"{part}/dense_{i}": shape
        for part, units in inner.items()
        for i, shape in enumerate(itertools.pairwise(units))
    }
    for name in ("mean", "log_variance"):
        shapes[f"encoder/{name}"] = (settings.encoder_layers[-1], settings.latent_units)
    shapes["decoder/output"] = (settings.decoder_layers[-1], pixels)
    weights = {f"{name}/kernel": rng.normal(size=shape) for name, shape in shapes.items()}
    return weights | {f"{name}/bias": rng.normal(size=shape[1]) for name, shape in shapes.items()}


@pytest.mark.filterwarnings("ignore")  # there is little to be said of two black images
@pytest.mark.parametrize(
    ("train", "test", "size", "classes", "latent", "black"),
    [(2, 2, (1, 1), 1, 1, True), (2, 3, (2, 3), 2, 2, False), (3, 2, (1, 200), 3, 5, False)],
)
def test_what_is_let_through_is_measured_drawn_and_shown(
    monkeypatch, train, test, size, classes, latent, black
):
    """The smallest sets that are let through: no later step fails on them."""
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
    import plot_vae

    data = small_images(train=train, test=test, size=size, classes=classes)
    if black:
        blank = [np.zeros_like(x) for x in (data.train_images, data.test_images)]
        data = images.Images(blank[0], data.train_labels, blank[1], data.test_labels)
    asked = params(classes, label_neighbors=train)
    assert suitability.refusals(asked, "own", data) == []
    names = asked["data"]["images"]["own"]["classes"]
    models, shown = {}, explorer.image_set("own", names, data)
    for model in ("vae", "autoencoder"):
        settings = image_model.Settings(
            model, (4,), (4,), latent, "relu", "glorot", "free", 0.0, "adam", 0.999, 0.001,
            "constant",
            float(model == "vae"), 0, 1, 10,
        )  # fmt: skip
        weights = random_weights(settings, size[0] * size[1])
        effort = image_scores.Effort(**asked["vae"]["measures"])
        surveyed = sample_quality.survey(data, effort.components)
        assert image_scores.measures(settings, weights, data, surveyed, effort, seed=1)
        shown["models"].append(explorer.image_autoencoder(model, settings, weights, data))
        models[model] = plot_vae.Model(model, asdict(settings), weights, np.prod(data.size))
    assert explorer.json_in_script(shown)
    curves = pd.DataFrame(
        [
            {"dataset": "own", "model": name, "epoch": epoch, "loss": 1.0, "test_loss": 1.0}
            for name in models
            for epoch in (1, 2)
        ]
    )
    knobs = {"dataset": "own", "classes": names, "manifold": 2, "drawn": 3, "seed": 1}
    assert len(dict(plot_vae.draw(knobs, data, models, curves, None))) == 5
