"""Train candidate VAEs and say which explains held-out images best, at what cost.

    python search/search_vae.py [CANDIDATE ...] [--datasets NAME ...] [--starts N]

A candidate is an entry of candidates_vae.yaml: the form of an entry of ``vae.models`` in
params.yaml, without its replicates. Held out are the last 10,000 training images of a set (of a
small set its last sixth); the test images are never read: what is chosen here is scored on them
once, in the study, on other seeds. Seeds derive from the identity ("search", candidate, data set),
of a second start and those after it from its number too.
The image sets must have been obtained: snakemake --cores 1 data/images/mnist/train_images.npy.
A line of the table, and of the output, is a start of a candidate on a data set:

loss, reconstruction, kl : nats an image on the held-out images at the end, 10 codes an image
exact : negative log-likelihood of two latent units, by quadrature, nats an image on the first 5,000
    held-out images
training_loss : of the last epoch, on the training images
diverged : the epoch at whose end the loss was not finite, 0 for none
cpu_seconds : of the training, compilation included
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import pandas as pd
from ruamel.yaml import YAML

from latentlab import seeds
from latentlab.aliases import Bytes
from latentlab.data import images
from latentlab.measures import likelihood, quadrature
from latentlab.models import image_model
from latentlab.training import image_training

HELD_OUT = 10_000
EXACT = 5_000


def split(data: images.Images) -> images.Images:
    """The training images of a set alone, the last ones in the place of its test images."""
    at = len(data.train_images) - min(HELD_OUT, len(data.train_images) // 6)
    pixels, labels = data.train_images, data.train_labels
    return images.Images(pixels[:at], labels[:at], pixels[at:], labels[at:])


def exact(settings: image_model.Settings, weights: image_model.Weights, data: Bytes) -> float:
    """Mean negative log-likelihood in nats of images (n, height, width)."""
    x = image_model.scaled_single(data)
    means, _ = image_model.encode(settings, weights, x)
    found = quadrature.evidence(
        lambda z: image_model.logits(settings, weights, z), x, means, half=8.0, tolerance=0.2
    )
    return float(found.nats.mean())


def search(
    name: str,
    dataset: str,
    data: images.Images,
    candidate: Mapping[str, Any],
    seed: int,
    start: int,
) -> dict[str, Any]:
    """One line of the table, of a start counted from 0; data as ``split`` gives it."""
    settings = image_model.Settings(**candidate)
    row: dict[str, Any] = {
        "candidate": name, "dataset": dataset, "start": start, "epochs": settings.epochs
    }  # fmt: skip
    later = [start] if start else []  # the first has the seed of when there was one
    began = time.process_time()
    try:
        weights, history = image_training.train(
            settings, data, seeds.integer(seed, "search", name, dataset, *later)
        )
    except image_training.Diverged as error:
        return {**row, "diverged": error.epoch}
    seconds = round(time.process_time() - began)
    scores = likelihood.evaluate(settings, weights, data.test_images)
    terms = {key: round(scores[key], 2) for key in ("loss", "reconstruction", "kl")}
    if settings.variational and settings.latent_units == 2:
        terms["exact"] = round(exact(settings, weights, data.test_images[:EXACT]), 2)
    last = round(float(history["loss"][-1]), 2)
    return {**row, **terms, "training_loss": last, "diverged": 0, "cpu_seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", help="candidates to try; all without any")
    parser.add_argument("--datasets", nargs="+", default=["mnist", "fashion_mnist"])
    parser.add_argument("--starts", type=int, default=1)
    parser.add_argument("--candidates", type=Path, default=ROOT / "search" / "candidates_vae.yaml")
    parser.add_argument("--output", type=Path, default=ROOT / ".cache" / "search" / "vae.csv")
    args = parser.parse_args()

    yaml = YAML(typ="safe")
    seed = yaml.load(ROOT / "params.yaml")["seed"]
    candidates = yaml.load(args.candidates)
    if unknown := [name for name in args.names if name not in candidates]:
        parser.error(f"no candidate {unknown[0]!r} in {args.candidates}")

    args.output.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for dataset in args.datasets:
        data = split(images.load(ROOT / "data" / "images" / dataset))
        for name, start in itertools.product(args.names or candidates, range(args.starts)):
            row = search(name, dataset, data, candidates[name], seed, start)
            rows.append(row)
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            pd.DataFrame(rows).to_csv(args.output, index=False)


if __name__ == "__main__":
    main()
