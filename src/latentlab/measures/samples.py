"""Images that models generate, against real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from latentlab.aliases import Array
from latentlab.models import image_model
from latentlab.models.image_model import Settings, Weights


def squared_distances(a: Array, b: Array) -> Iterator[Array]:
    """Squared Euclidean distances (rows, m) of a (n, d) to b (m, d), some rows at a time."""
    rows = max(1, 2**23 // len(b))  # 64 MB at a time
    square_b = (b**2).sum(axis=1)
    for at in range(0, len(a), rows):
        part = a[at : at + rows]
        distances = (part**2).sum(axis=1)[:, None] + square_b - 2.0 * (part @ b.T)
        yield np.maximum(distances, 0.0)  # rounding can leave a zero just below


def nearest_distances(a: Array, b: Array) -> Array:
    """Euclidean distance (n,) of each row of a (n, d) to the nearest row of b (m, d).

    In float32, at half the price: of distances between images five digits are enough
    (an image and its copy are 0.02 apart, not 0).
    """
    pairs = squared_distances(a.astype(np.float32), b.astype(np.float32))
    nearest = [chunk.min(axis=1) for chunk in pairs]
    distances: Array = np.sqrt(np.concatenate(nearest), dtype=np.float64)
    return distances


def frechet_distance(a: Array, b: Array) -> float:
    """Frechet distance between the normal distributions fitted to a (n, d) and b (m, d).

    ||mean_a - mean_b||^2 + tr(A + B - 2 (A B)^(1/2)) (Dowson and Landau 1982), the squared
    2-Wasserstein distance, reported as in Heusel et al. 2017. Depends on n: compare equal n.
    """
    return _frechet(a.mean(axis=0), covariance(a), b.mean(axis=0), covariance(b))


def prior_frechet_distance(codes: Array) -> float:
    """Frechet distance of the normal distribution fitted to codes (n, latent) from N(0, 1)."""
    latent = codes.shape[1]
    return _frechet(codes.mean(axis=0), covariance(codes), np.zeros(latent), np.eye(latent))


def covariance(a: Array) -> Array:
    """Covariance (d, d) of the columns of a (n, d)."""
    return np.atleast_2d(np.cov(a, rowvar=False))


def _frechet(mean_a: Array, cov_a: Array, mean_b: Array, cov_b: Array) -> float:
    # the trace of (A B)^(1/2) is that of (A^(1/2) B A^(1/2))^(1/2), which is symmetric
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum()
    distance = np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a) + np.trace(cov_b) - 2.0 * cross
    return max(0.0, float(distance))


@dataclass(frozen=True, eq=False)
class Features:
    """The fixed feature space: the leading principal components of the training images.

    It needs no download and is the same for every model of a data set; distances in it are
    those between images, without their finest detail. (Inception features, the usual choice,
    are trained on color photographs.)

    mean : (pixels,)
    axes : (pixels, components), orthonormal
    explained : share of the training images' variance in the components
    """

    mean: Array
    axes: Array
    explained: float

    def __call__(self, images: Array) -> Array:
        """Coordinates (n, components) of images (n, pixels)."""
        coordinates: Array = (images - self.mean) @ self.axes
        return coordinates


def principal_features(images: Array, components: int) -> Features:
    """The feature space of training images (n, pixels); at most ``pixels`` components."""
    values, vectors = np.linalg.eigh(covariance(images))
    leading = slice(None, -components - 1, -1)
    explained = float(values[leading].sum() / values.sum())
    return Features(images.mean(axis=0), np.ascontiguousarray(vectors[:, leading]), explained)


def precision_recall(real: Array, generated: Array, neighbors: int) -> tuple[float, float]:
    """Share of generated images that look real, share of real images that can be generated.

    Precision: generated features (m, d) that lie within the distance of some real one to its
    ``neighbors``-th nearest real one; recall: the same with the roles exchanged (Kynkaanniemi
    et al. 2019, there with 3 neighbors). Depends on n: compare equal n. Mean images from a
    two-dimensional latent space are smooth and lie on a thin sheet: smooth raises precision,
    above that of real images even, thin keeps neighborhoods small and with them recall.
    """
    return _covered(generated, real, neighbors), _covered(real, generated, neighbors)


def _covered(points: Array, support: Array, neighbors: int) -> float:
    """Share of points within the neighborhood of some point of the support."""
    radii = [  # the nearest of all is the point itself
        np.partition(chunk, neighbors, axis=1)[:, neighbors]
        for chunk in squared_distances(support, support)
    ]
    limits = np.concatenate(radii)
    hits = [(chunk <= limits).any(axis=1) for chunk in squared_distances(points, support)]
    return float(np.mean(np.concatenate(hits)))


def prior_samples(settings: Settings, weights: Weights, n: int, rng: np.random.Generator) -> Array:
    """Images (n, pixels) decoded from the prior N(0, 1): the decoder's mean gray levels."""
    return image_model.decode(settings, weights, rng.standard_normal((n, settings.latent_units)))


def fitted_samples(
    settings: Settings, weights: Weights, codes: Array, n: int, rng: np.random.Generator
) -> Array:
    """Images (n, pixels) decoded from the normal distribution fitted to codes (m, latent).

    The way to sample an autoencoder, which has no prior (Ghosh et al. 2020, there "ex-post
    density estimation" with one component).
    """
    draws = rng.multivariate_normal(codes.mean(axis=0), covariance(codes), n, method="eigh")
    return image_model.decode(settings, weights, draws)
