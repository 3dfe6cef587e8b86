"""How good generated images are, against real ones: near them, and as varied as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from latentlab.aliases import Array, Numbers
from latentlab.data.images import Images
from latentlab.measures.samples import (
    Features,
    frechet_distance,
    nearest_distances,
    principal_features,
    squared_distances,
)
from latentlab.models.image_model import scaled_single

RELATIVE = ("precision", "recall", "density", "coverage")
"""Measures that are also given relative to those of real images."""


def compared(samples: int, images: Images) -> int:
    """How many generated images are compared with as many real ones: fewer where there are."""
    return min(samples, len(images.test_images), len(images.train_images))


def neighborhood_measures(real: Array, generated: Array, neighbors: int) -> dict[str, float]:
    """Four measures of generated features (m, d) against real ones (n, d), by name.

    A real image reaches as far as its ``neighbors``-th nearest real one.
    precision : share of generated images within the reach of some real one; recall: the same
        with the roles exchanged (Kynkaanniemi et al. 2019)
    density : real images within whose reach a generated one lies, on average, as a multiple of
        ``neighbors``; coverage: share of real images with a generated one within their reach
        (Naeem et al. 2020, equations 3 and 4). Of two samples of one distribution, of n each,
        density is 1 on average and coverage close to 1 - 2^-neighbors
    Precision can be had with one good image again and again; coverage cannot.
    """
    reach, own = _reach(real, neighbors), _reach(generated, neighbors)
    covered, recalled = np.zeros((2, len(real)), bool)
    precise, near, at = 0, 0, 0
    for distances in squared_distances(generated, real):
        within = distances <= reach
        precise += int(within.any(axis=1).sum())
        near += int(within.sum())
        covered |= within.any(axis=0)
        rows = slice(at, at + len(distances))
        recalled |= (distances <= own[rows, None]).any(axis=0)
        at = rows.stop
    return {
        "precision": precise / len(generated),
        "recall": float(recalled.mean()),
        "density": near / (neighbors * len(generated)),
        "coverage": float(covered.mean()),
    }


def _reach(points: Array, neighbors: int) -> Numbers:
    """Squared distance (n,) of each of the points (n, d) to its ``neighbors``-th nearest other."""
    reach = [  # the nearest of all is the point itself
        np.partition(chunk, neighbors, axis=1)[:, neighbors]
        for chunk in squared_distances(points, points)
    ]
    return np.concatenate(reach)


@dataclass(frozen=True, eq=False)
class Survey:
    """What is the same of an image set for every model that is trained on it.

    features : the feature space, that of the training images
    nearest : distance in pixels (tests,) of each test image to the nearest training image
    """

    features: Features
    nearest: Array

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays for a file, shapes as there."""
        parts = {name: np.asarray(value) for name, value in vars(self.features).items()}
        return {**parts, "nearest": self.nearest}


def survey_of(arrays: Mapping[str, np.ndarray]) -> Survey:
    """The survey of which these are the ``arrays``, shapes as there."""
    mean, axes, variances, explained, nearest = (
        arrays[name] for name in ("mean", "axes", "variances", "explained", "nearest")
    )
    return Survey(Features(mean, axes, variances, float(explained)), nearest)


def survey(images: Images, components: int) -> Survey:
    """The survey of an image set, with so many components of the feature space."""
    train, test = scaled_single(images.train_images), scaled_single(images.test_images)
    return Survey(principal_features(train, components), nearest_distances(test, train))


@dataclass(frozen=True, eq=False)
class Reference:
    """What generated images are compared with; images are (n, pixels), (m, pixels) of training.

    features : the feature space, that of the training images
    held_out : test images
    held_out_nearest : (n,) distance of each to the nearest training image
    real : training images, as many: what could at best be generated
    train : all training images
    neighbors : that make a neighborhood
    """

    features: Features
    held_out: Numbers
    held_out_nearest: Array
    real: Numbers
    train: Numbers
    neighbors: int


def reference(
    train: Numbers,
    test: Numbers,
    surveyed: Survey,
    n: int,
    neighbors: int,
    rng: np.random.Generator,
) -> Reference:
    """Random test images and training images (n, pixels) of all (..., pixels) that are surveyed."""
    chosen = rng.permutation(len(test))[:n]
    real = train[rng.permutation(len(train))[:n]]
    nearest = surveyed.nearest[chosen]
    return Reference(surveyed.features, test[chosen], nearest, real, train, neighbors)


def quality(generated: Numbers, against: Reference) -> dict[str, float]:
    """All measures of generated images (n, pixels), by name.

    Those of ``neighborhood_measures`` and frechet: against test images in the feature space;
    real_* of training images in their place; relative_* of the former as a share of the latter
    nearest_training, real_nearest_training : median distance in pixels of generated images, of
        test images, to the nearest training image
    compared : how many were compared with as many real ones; the Frechet distance depends on it
    """
    held_out = against.features(against.held_out)
    result: dict[str, float] = {"compared": float(len(generated))}
    for prefix, images in (("", generated), ("real_", against.real)):
        features = against.features(images)
        measured = neighborhood_measures(held_out, features, against.neighbors)
        measured["frechet"] = frechet_distance(held_out, features)
        result |= {f"{prefix}{name}": value for name, value in measured.items()}
    for name in RELATIVE:
        if result[f"real_{name}"] > 0:
            result[f"relative_{name}"] = result[name] / result[f"real_{name}"]
    nearest = nearest_distances(generated, against.train)
    result["nearest_training"] = float(np.median(nearest))
    result["real_nearest_training"] = float(np.median(against.held_out_nearest))
    return result
