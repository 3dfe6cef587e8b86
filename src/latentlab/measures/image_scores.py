"""All measures of one trained image model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from latentlab import StudyError, seeds
from latentlab.aliases import Array, Bytes, Integers, Numbers
from latentlab.data.images import Images
from latentlab.measures import inference, likelihood
from latentlab.measures.latent_codes import (
    active_units,
    code_area,
    empty_share,
    hole_share,
    label_accuracy,
    prior_discrepancy,
    sample_codes,
)
from latentlab.measures.likelihood import binarized, importance_bound
from latentlab.measures.quadrature import Evidence, evidence
from latentlab.measures.sample_quality import (
    Reference,
    Survey,
    compared,
    quality,
    reference,
)
from latentlab.measures.sample_sizes import coverage_of, other_sizes
from latentlab.measures.samples import (
    covariance,
    fitted_samples,
    prior_frechet_distance,
    prior_samples,
)
from latentlab.models.image_model import Settings, Weights, encode, logits, scaled_single

MAX_PIXELS = 2**14
"""Of an image: the covariance of all pairs of its pixels takes 2 GiB then."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    samples : generated images, and real ones to compare them with (fewer where there are fewer)
    components : of the feature space, in the ``Survey``
    neighbors : of precision and recall
    label_neighbors : of the label accuracy
    likelihood_images : random test images that get an importance-sampled likelihood
    likelihood_samples : codes per image for it
    quadrature_window : how far the exact likelihood of two latent units looks from the origin of
        the plane, either way
    quadrature_tolerance : nats an image that half the step of its lattice may change
    """

    samples: int
    components: int
    neighbors: int
    label_neighbors: int
    likelihood_images: int
    likelihood_samples: int
    quadrature_window: float
    quadrature_tolerance: float


def refusals(effort: Effort, images: Images) -> list[str]:
    """Why models of these images cannot be measured so: parameter, given, allowed; a line each.

    Known before a model is trained.
    """
    n, train = compared(effort.samples, images), len(images.train_images)
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


def measures(
    settings: Settings,
    weights: Weights,
    images: Images,
    surveyed: Survey,
    effort: Effort,
    seed: int,
) -> dict[str, float]:
    """All measures of one trained model on test data that are ``surveyed``, by name.

    test_* : ``likelihood.Losses`` on gray levels; binarized_* : on binarized test images
    exact_nll, approximation_gap, nll_bound, binarized_exact_nll, ... : ``_likelihood``
    active_units, code_area (_halved: of the codes times a half, as a control),
        code_deviation_largest and _smallest (along the principal axes), of the test images' mean
        codes; empty_share, hole_share, prior_mmd2, prior_frechet : of one
        sampled code per test image
    label_accuracy : test codes by training codes (means)
    frechet, precision, recall, density, coverage, nearest_training, real_*, relative_* :
        ``sample_quality.quality`` of samples
    coverage_fewer, coverage_more, real_* of both : ``sample_sizes``, of other samples
    What has no meaning for a model is left out: KL and likelihood of an autoencoder, areas where
    the codes are not in a plane. Every use of chance has draws of its own, from the seed.
    Raises StudyError with the ``refusals``.
    """
    if lines := refusals(effort, images):
        raise StudyError("\n".join(lines))
    n = compared(effort.samples, images)
    rng = seeds.generator(seed, "samples")
    losses = likelihood.losses(
        settings, weights, images.test_images, seed=seeds.integer(seed, "codes")
    )
    scores = losses.means(settings.kl_weight)
    result = {f"test_{name}": value for name, value in scores.items()}
    if settings.variational:
        bound = losses.bound()
        result |= _likelihood(settings, weights, images.test_images, bound, effort, seed)
    train_x, test_x = scaled_single(images.train_images), scaled_single(images.test_images)
    train_mean, _ = encode(settings, weights, train_x)
    mean, log_variance = encode(settings, weights, test_x)
    sampled = sample_codes(mean, log_variance, rng)
    result |= _spread(mean.astype(np.float64), sampled.astype(np.float64))
    result["label_accuracy"] = label_accuracy(
        train_mean, images.train_labels, mean, images.test_labels, effort.label_neighbors
    )

    def compare(n: int, rng: np.random.Generator) -> tuple[Numbers, Reference]:
        if settings.variational:
            generated = prior_samples(settings, weights, n, rng)
        else:
            generated = fitted_samples(settings, weights, train_mean, n, rng)
        return generated, reference(train_x, test_x, surveyed, n, effort.neighbors, rng)

    generated, against = compare(n, rng)
    result["features_explained"] = against.features.explained
    result |= quality(generated, against)
    for size, count in other_sizes(n, effort.neighbors, images).items():
        draws = seeds.generator(seed, f"samples_{size}")
        result |= coverage_of(*compare(count, draws), size)
    return result


def _likelihood(
    settings: Settings,
    weights: Weights,
    images: Bytes,
    encoded: Array,
    effort: Effort,
    seed: int,
) -> dict[str, float]:
    """Likelihoods of a VAE, on gray levels and, named binarized_*, on binarized test images.

    exact_nll : of two latent units, by ``quadrature``, of all images; _change and _border, the
        largest of any image: what the last halving of the lattice changed, the share of the
        posterior at the border of the window
    approximation_gap, of two latent units and gray levels: by how much the bound of the best normal
        distribution of each image is below its exact figure, of random images; fitted_elbo, that
        bound for all images, as exact_nll and the gap say: their sum, negative; amortization_gap,
        by how much the encoder's is lower, which is -``encoded`` (images,)
    nll_bound : importance-sampled, of random images; _effective_samples, their median; _excess,
        of two latent units, by how much it is above the exact figure of the same images
    *_standard_error : of these means, over images
    """
    binary = binarized(images, seeds.integer(seed, "binarized"))
    scores = likelihood.evaluate(
        settings, weights, binary, seed=seeds.integer(seed, "binarized_codes")
    )
    result = {f"binarized_{name}": value for name, value in scores.items()}
    sets = {"": images, "binarized_": binary}
    exact = _exact(settings, weights, sets, effort) if settings.latent_units == 2 else {}
    order = seeds.generator(seed, "likelihood_images").permutation(len(images))
    chosen = np.sort(order[: effort.likelihood_images])
    for prefix, tested in sets.items():
        draws = seeds.integer(seed, f"{prefix}nll")
        bound = importance_bound(
            settings, weights, tested[chosen], effort.likelihood_samples, draws
        )
        name = f"{prefix}nll_bound"
        result |= _mean_of(name, bound.nats)
        result[f"{name}_effective_samples"] = float(np.median(bound.effective_samples))
        if prefix in exact:
            found, name = exact[prefix], f"{prefix}exact_nll"
            result |= _mean_of(name, found.nats)
            result[f"{name}_change"] = float(found.change.max())
            result[f"{name}_border"] = float(found.border.max())
            excess = bound.nats - found.nats[chosen]
            result[f"{prefix}nll_bound_excess"] = float(excess.mean())
    if exact:
        rng = seeds.generator(seed, "fitted")
        fitted = _fitted_nats(settings, weights, images[chosen], effort.likelihood_samples, rng)
        shape, above = fitted - exact[""].nats[chosen], encoded - exact[""].nats
        result |= _mean_of("approximation_gap", shape)
        result["fitted_elbo"] = -result["exact_nll"] - result["approximation_gap"]
        result |= _difference("amortization_gap", above, chosen, shape)
    return result


def _fitted_nats(
    settings: Settings, weights: Weights, images: Bytes, draws: int, rng: np.random.Generator
) -> Array:
    """The negative bound (n,) of images with the best normal distribution that each can have."""

    def decoder(codes: Numbers) -> Numbers:
        return logits(settings, weights, codes)

    x = scaled_single(images)
    mean, log_variance = encode(settings, weights, x)
    assert log_variance is not None  # a VAE has one
    q = inference.best_normal(decoder, x, mean, log_variance)
    return -inference.bound(decoder, x, q, draws, rng)


def _exact(
    settings: Settings, weights: Weights, sets: Mapping[str, Bytes], effort: Effort
) -> dict[str, Evidence]:
    """The exact likelihoods of as many images in each set: they share what is decoded."""
    x = np.concatenate([scaled_single(images) for images in sets.values()])
    found = evidence(
        lambda codes: logits(settings, weights, codes),
        x,
        encode(settings, weights, x)[0],
        effort.quadrature_window,
        effort.quadrature_tolerance,
    )
    parts = (np.split(values, len(sets)) for values in vars(found).values())
    return dict(zip(sets, map(Evidence, *parts), strict=True))


def _mean_of(name: str, nats: Array) -> dict[str, float]:
    error = float(nats.std(ddof=1)) / math.sqrt(len(nats))
    return {name: float(nats.mean()), f"{name}_standard_error": error}


def _difference(name: str, all_: Array, chosen: Integers, some: Array) -> dict[str, float]:
    """The mean of values (n,) less that of others (m,), known of the ``chosen`` images alone.

    The means of n and of m of these n images have the covariance of one pair, divided by n.
    """
    pair = np.cov(all_[chosen], some)
    variance = all_.var(ddof=1) / len(all_) + pair[1, 1] / len(some) - 2 * pair[0, 1] / len(all_)
    return {
        name: float(all_.mean() - some.mean()),
        f"{name}_standard_error": math.sqrt(max(float(variance), 0.0)),
    }


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
        result["code_area_halved"] = code_area(means / 2)  # a control: known to be a quarter
        result["empty_share"] = empty_share(sampled)
        result["hole_share"] = hole_share(sampled)
    return result
