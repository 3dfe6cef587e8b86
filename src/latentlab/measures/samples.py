"""Images that models generate, against real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from latentlab.aliases import Array, Numbers
from latentlab.models import image_model
from latentlab.models.image_model import Settings, Weights


def squared_distances(a: Numbers, b: Numbers) -> Iterator[Numbers]:
    """Squared Euclidean distances (rows, m) of a (n, d) to b (m, d), some rows at a time."""
    rows = max(1, 2**23 // len(b))  # 64 MB at a time
    square_b = (b**2).sum(axis=1)
    for at in range(0, len(a), rows):
        part = a[at : at + rows]
        distances = part @ b.T
        distances *= -2
        distances += square_b
        distances += (part**2).sum(axis=1)[:, None]
        yield np.maximum(distances, 0, out=distances)  # rounding can leave a zero just below


def nearest_distances(a: Numbers, b: Numbers) -> Array:
    """Euclidean distance (n,) of each row of a (n, d) to the nearest row of b (m, d).

    In float32, at half the price: of distances between images five digits are enough
    (an image and its copy are 0.02 apart, not 0).
    """
    a, b = a.astype(np.float32, copy=False), b.astype(np.float32, copy=False)
    # |a - b|^2 is |a|^2 - 2 (a . b - |b|^2 / 2): the first is the same for all b
    largest = np.full(len(a), -np.inf, np.float32)
    for at in range(0, len(b), 1000):
        part = b[at : at + 1000]
        half = 0.5 * np.einsum("ij,ij->i", part, part)
        for rows in range(0, len(a), 1000):  # some megabytes at a time
            products = a[rows : rows + 1000] @ part.T
            products -= half
            own = largest[rows : rows + 1000]
            np.maximum(own, products.max(axis=1), out=own)
    squares = np.einsum("ij,ij->i", a, a) - 2 * largest
    return np.asarray(np.sqrt(np.maximum(squares, 0), dtype=np.float64))


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


def covariance(a: Numbers) -> Array:
    """Covariance (d, d) of the columns of a (n, d); products are made in the precision of a."""
    centered = a - a.mean(axis=0, dtype=np.float64).astype(a.dtype)
    return np.asarray((centered.T @ centered).astype(np.float64) / (len(a) - 1))


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
    axes : (pixels, components), orthonormal, that of the largest variance first
    variances : (components,) of the training images
    explained : share of the training images' variance in the components
    """

    mean: Array
    axes: Array
    variances: Array
    explained: float

    def __call__(self, images: Numbers) -> Array:
        """Coordinates (n, components) of images (n, pixels)."""
        axes = self.axes.astype(images.dtype)
        coordinates = images @ axes - self.mean.astype(images.dtype) @ axes
        return np.asarray(coordinates, np.float64)


def principal_features(images: Numbers, components: int) -> Features:
    """The feature space of training images (n, pixels); at most ``pixels`` components."""
    matrix = covariance(images)
    pixels = len(matrix)
    leading = (max(0, pixels - components), pixels - 1)
    values, vectors = eigh(matrix, subset_by_index=leading)
    mean, axes = images.mean(axis=0, dtype=np.float64), np.ascontiguousarray(vectors[:, ::-1])
    total = float(matrix.trace())
    explained = float(values.sum()) / total if total else 1.0
    return Features(mean, axes, values[::-1].clip(0), explained)


def prior_samples(settings: Settings, weights: Weights, n: int, rng: np.random.Generator) -> Array:
    """Images (n, pixels) decoded from the prior N(0, 1): the decoder's mean gray levels."""
    return image_model.decode(settings, weights, rng.standard_normal((n, settings.latent_units)))


def fitted_samples(
    settings: Settings, weights: Weights, codes: Numbers, n: int, rng: np.random.Generator
) -> Array:
    """Images (n, pixels) decoded from the normal distribution fitted to codes (m, latent).

    The way to sample an autoencoder, which has no prior (Ghosh et al. 2020, there "ex-post
    density estimation" with one component).
    """
    draws = rng.multivariate_normal(codes.mean(axis=0), covariance(codes), n, method="eigh")
    return image_model.decode(settings, weights, draws)
