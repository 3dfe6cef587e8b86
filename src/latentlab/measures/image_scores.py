"""All measures of one trained image model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from latentlab import StudyError, seeds
from latentlab.aliases import Array, Bytes
from latentlab.data.images import Images
from latentlab.measures import likelihood
from latentlab.measures.latent_codes import (
    active_units,
    code_area,
    empty_share,
    label_accuracy,
    prior_discrepancy,
    sample_codes,
)
from latentlab.measures.likelihood import binarized, negative_log_likelihood
from latentlab.measures.samples import (
    covariance,
    fitted_samples,
    frechet_distance,
    nearest_distances,
    precision_recall,
    principal_features,
    prior_frechet_distance,
    prior_samples,
)
from latentlab.models import image_model
from latentlab.models.image_model import Settings, Weights

MAX_PIXELS = 2**14
"""Of an image: the covariance of all pairs of its pixels takes 2 GiB then."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    samples : generated images, and real ones to compare them with (fewer where there are fewer)
    components : of the feature space
    neighbors : of precision and recall
    label_neighbors : of the label accuracy
    likelihood_images : test images, the first ones, that get an importance-sampled likelihood
    likelihood_samples : codes per image for it
    """

    samples: int
    components: int
    neighbors: int
    label_neighbors: int
    likelihood_images: int
    likelihood_samples: int


def refusals(effort: Effort, images: Images) -> list[str]:
    """Why models of these images cannot be measured so: parameter, given, allowed; a line each.

    Known before a model is trained.
    """
    n, train = _compared(effort, images), len(images.train_images)
    pixels = math.prod(images.size)
    lines = []
    if effort.neighbors >= n:
        lines.append(
            f"vae.measures.neighbors: {effort.neighbors} given, allowed: less than {n}, the images"
            " that are compared"
        )
    if effort.label_neighbors > train:
        lines.append(
            f"vae.measures.label_neighbors: {effort.label_neighbors} given, allowed: at most"
            f" {train}, the training images"
        )
    if pixels > MAX_PIXELS:
        height, width = images.size
        lines.append(
            f"vae.datasets: images of {height} x {width} pixels given, allowed: at most"
            f" {MAX_PIXELS} pixels an image, for the feature space"
        )
    return lines


def _compared(effort: Effort, images: Images) -> int:
    """How many generated images are compared with as many real ones."""
    return min(effort.samples, len(images.test_images), len(images.train_images))


def measures(
    settings: Settings, weights: Weights, images: Images, effort: Effort, seed: int
) -> dict[str, float]:
    """All measures of one trained model on test data, by name.

    test_* : ``likelihood.evaluate`` on gray levels; binarized_* : on binarized test images
    nll, binarized_nll, and *_standard_error of each, over images : importance-sampled
    active_units, code_area, code_deviation_largest and _smallest (along the principal axes), of
        the test images' mean codes; empty_share, prior_mmd2, prior_frechet : of one sampled code
        per test image
    label_accuracy : test codes by training codes (means)
    frechet, precision, recall : samples against test images in the feature space; real_* :
        training images instead of samples, the floor; nearest_training, real_nearest_training :
        median distance in pixels of samples, of test images, to the nearest training image
    What has no meaning for a model is left out: KL and likelihood of an autoencoder, areas where
    the codes are not in a plane. Every use of chance has draws of its own, from the seed.
    Raises StudyError with the ``refusals``.
    """
    if lines := refusals(effort, images):
        raise StudyError("\n".join(lines))
    n = _compared(effort, images)
    rng = seeds.generator(seed, "samples")
    scores = likelihood.evaluate(
        settings, weights, images.test_images, seed=seeds.integer(seed, "codes")
    )
    result = {f"test_{name}": value for name, value in scores.items()}
    if settings.variational:
        result |= _likelihood(settings, weights, images.test_images, effort, seed)
    train_x, test_x = (
        image_model.scaled(images.train_images),
        image_model.scaled(images.test_images),
    )
    train_mean, _ = image_model.encode(settings, weights, train_x)
    mean, log_variance = image_model.encode(settings, weights, test_x)
    result |= _spread(mean, sample_codes(mean, log_variance, rng))
    result["label_accuracy"] = label_accuracy(
        train_mean, images.train_labels, mean, images.test_labels, effort.label_neighbors
    )
    if settings.variational:
        samples = prior_samples(settings, weights, n, rng)
    else:
        samples = fitted_samples(settings, weights, train_mean, n, rng)
    held_out = test_x[rng.permutation(len(test_x))[:n]]
    real = train_x[rng.permutation(len(train_x))[:n]]
    features = principal_features(train_x, effort.components)
    result["features_explained"] = features.explained
    for prefix, compared in (("", samples), ("real_", real)):
        a, b = features(held_out), features(compared)
        precision, recall = precision_recall(a, b, effort.neighbors)
        result |= {
            f"{prefix}frechet": frechet_distance(a, b),
            f"{prefix}precision": precision,
            f"{prefix}recall": recall,
        }
    for prefix, compared in (("", samples), ("real_", held_out)):
        distances = nearest_distances(compared, train_x)
        result[f"{prefix}nearest_training"] = float(np.median(distances))
    return result


def _likelihood(
    settings: Settings, weights: Weights, images: Bytes, effort: Effort, seed: int
) -> dict[str, float]:
    binary = binarized(images, seeds.integer(seed, "binarized"))
    scores = likelihood.evaluate(
        settings, weights, binary, seed=seeds.integer(seed, "binarized_codes")
    )
    result = {f"binarized_{name}": value for name, value in scores.items()}
    for name, tested in (("nll", images), ("binarized_nll", binary)):
        tested = tested[: effort.likelihood_images]
        nats = negative_log_likelihood(
            settings, weights, tested, effort.likelihood_samples, seeds.integer(seed, name)
        )
        result[name] = float(nats.mean())
        result[f"{name}_standard_error"] = float(nats.std(ddof=1) / math.sqrt(len(nats)))
    return result


def _spread(means: Array, sampled: Array) -> dict[str, float]:
    deviations = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance(means)), 0.0))
    result = {
        "active_units": float(active_units(means)),
        "code_deviation_largest": float(deviations[-1]),
        "code_deviation_smallest": float(deviations[0]),
        "prior_mmd2": prior_discrepancy(sampled),
        "prior_frechet": prior_frechet_distance(sampled),
    }
    if means.shape[1] == 2:
        result["code_area"] = code_area(means)
        result["empty_share"] = empty_share(sampled)
    return result
