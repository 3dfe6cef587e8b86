"""Draw all models on one image set: loss, codes, decoded plane, what they make of images.

Shown is the first start of each model; the loss is the mean of all starts.
"""

import math
from functools import partial

import step

import numpy as np

from latentlab import seeds
from latentlab.data import images
from latentlab.drawing.language import save_all, tell
from latentlab.experiments.vae import figures
from latentlab.files.arrays import load_npz
from latentlab.files.tables import read_csv
from latentlab.files.yaml import read_yaml
from latentlab.measures import latent
from latentlab.measures.latent_codes import densest_region
from latentlab.models import image_model
from latentlab.models.image_cost import multiply_adds
from latentlab.words.names import IMAGE_MODELS, IMAGE_SETS, called
from latentlab.words.texts import joined, text


class Model:
    """One trained model: its settings and weights, under the name that figures give it."""

    def __init__(self, name, settings, weights, pixels):
        self.settings = image_model.Settings(**settings)
        self.multiply_adds = multiply_adds(self.settings, weights, pixels)  # an image an epoch
        self.decode = partial(image_model.decode, self.settings, weights)
        self.encode = lambda x: image_model.encode(self.settings, weights, x)[0]
        kind = "VAE" if self.settings.variational else text("autoencoder")
        unnamed = kind if name == str(kind) else joined(", ", (kind, name))
        self.label = IMAGE_MODELS.get(name, unnamed)


def draw(settings, data, models, curves, published):
    """Yield name and figure; models by name."""
    labels = {name: m.label for name, m in models.items()}
    dataset = called(IMAGE_SETS, settings["dataset"])
    costs = {name: m.multiply_adds * len(data.train_images) for name, m in models.items()}
    yield "loss_curves", figures.loss_curves(curves, dataset, labels, costs, published)

    x = image_model.scaled(data.test_images)
    codes = {name: model.encode(x) for name, model in models.items()}
    points = {
        labels[name]: latent.coordinate_plane(c.shape[1]).project(c) for name, c in codes.items()
    }
    classes, names = np.asarray(data.test_labels), settings["classes"]
    regions = {label: densest_region(p, cells=256) for label, p in points.items()}
    yield "latent_codes", figures.latent_codes(points, classes, names, dataset, regions)

    pictures, windows = {}, {}
    for name, model in models.items():
        grid, windows[model.label] = latent.plane_grid(
            codes[name], settings["manifold"], model.settings.variational
        )
        plane = latent.coordinate_plane(model.settings.latent_units)
        decoded = latent.decode_grid(model.decode, plane, grid)
        pictures[model.label] = decoded.reshape(*grid.shape[:2], *data.size)
    yield "manifolds", figures.manifolds(pictures, windows, dataset)

    chosen = figures.shown_images(classes, settings["drawn"])
    rows = {text("original"): x[chosen].reshape(-1, *data.size)}
    for model in models.values():
        rows[model.label] = model.decode(model.encode(x[chosen])).reshape(-1, *data.size)
    title = tell("Test images of {dataset} and what returns", dataset=dataset)
    yield "reconstructions", figures.rows(rows, title)

    rows = {}
    for model in models.values():
        # a generator each: models with as many latent units decode the same draws
        rng = seeds.generator(settings["seed"], "vae", settings["dataset"], "samples")
        z = rng.standard_normal((settings["drawn"], model.settings.latent_units))
        label = model.label
        if not model.settings.variational:
            label = text("{model}\n(no prior of its own)", model=label)
        rows[label] = model.decode(z).reshape(-1, *data.size)
    title = tell("Decoded from draws of N(0, 1): {dataset}", dataset=dataset)
    yield "samples", figures.rows(rows, title)


def main(argv):
    args = step.arguments(
        __doc__, argv, "images", "results", "curves", "published", "spanish", "figures"
    )
    settings, dataset = args.settings, args.settings["dataset"]
    cells = args.results / "cells" / dataset
    data = images.load(args.images)
    models = {
        name: Model(name, model, load_npz(cells / name / "0" / "weights.npz"), math.prod(data.size))
        for name, model in settings["models"].items()
    }
    curves = read_csv(args.curves)
    figures_of = read_yaml(args.published).get("vae", {}).get(dataset, {})
    published = next((figures_of[m]["test_loss"] for m in models if m in figures_of), None)

    curves = curves[curves["dataset"] == dataset]
    drawn = partial(draw, settings, data, models, curves, published)
    for line in save_all(drawn, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
