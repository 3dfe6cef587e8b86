"""What of an image's evidence lower bound is lost to the shape of q(z|x), and what to the encoder.

The bound is below log p(x) by the divergence of q(z|x) from the posterior p(z|x). The best normal
distribution of an image leaves the *approximation gap*, the encoder's one loses the *amortization
gap* more (Cremer, Li and Duvenaud 2018, "Inference Suboptimality in Variational Autoencoders").
The best one, its units independent as the encoder's are, is sought image by image: by Newton's
steps on the bound (Opper and Archambeau 2009, "The Variational Gaussian Approximation Revisited"),
whose derivatives are expectations under q of log p(x|z) p(z) times polynomials.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from latentlab.aliases import Array, Numbers
from latentlab.measures.likelihood import AT_ONCE, cross_entropy, softplus_sum
from latentlab.measures.quadrature import Decoder

Normal = tuple[Array, Array]
"""Means and log-variances of the codes of images, (n, 2) each."""

_STEP = 0.05  # of the lattice on which the most probable code is sought
_REACH = (
    4.5  # of it from the origin, along each axis: one in 70,000 codes of the prior is further off
)
_WIDTH = -6.0  # log-variance at first there: a deviation of 0.05
_STEPS = 20
_DAMPING = 0.5  # share of Newton's step that is taken
_AXIS = ((-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6))
"""Nodes and weights of Gauss and Hermite: exact for polynomials of degree 5."""

_PAIRS = list(itertools.product(_AXIS, repeat=2))
_NODES = np.array([[a, b] for (a, _), (b, _) in _PAIRS])
_MASS = np.array([a * b for (_, a), (_, b) in _PAIRS])


def best_normal(decoder: Decoder, x: Numbers, mean: Numbers, log_variance: Numbers) -> Normal:
    """Normal distributions, units independent, of the largest bounds found for images (n, pixels).

    mean, log_variance : (n, 2), what the encoder says. Newton's steps begin there, and at the most
        probable code of a lattice of the plane; of all that was met each image keeps the best.
    """
    x = x.astype(np.float32, copy=False)
    encoded = mean.astype(np.float64), log_variance.astype(np.float64)
    tops = _most_probable(decoder, x)
    bounds, *first = _climbed(decoder, x, *encoded)
    others, *second = _climbed(decoder, x, tops, np.full(tops.shape, _WIDTH))
    better = (others > bounds)[:, None]
    means, log_variances = (np.where(better, b, a) for a, b in zip(first, second, strict=True))
    return means, log_variances


def bound(decoder: Decoder, x: Numbers, q: Normal, draws: int, rng: np.random.Generator) -> Array:
    """The evidence lower bound (n,) in nats of images x (n, pixels) with their normal q.

    draws : codes an image, from q
    """
    mean, log_variance = q
    total = np.zeros(len(x))
    for _ in range(draws):
        z = mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape)
        total += _heights(decoder, x, z[:, None])[:, 0]
    return total / draws + _entropy(log_variance)


def _entropy(log_variance: Array) -> Array:
    """Of normal distributions of 2 units, (n,) in nats."""
    return np.asarray(0.5 * log_variance.sum(axis=1) + 1 + math.log(2 * math.pi))


def _heights(decoder: Decoder, x: Numbers, z: Array) -> Array:
    """log p(x|z) p(z), (n, k), of images (n, pixels) at k codes each, (n, k, 2)."""
    heights = -0.5 * (z**2).sum(axis=-1) - math.log(2 * math.pi)
    size = max(1, AT_ONCE // z.shape[1])
    for at in range(0, len(x), size):
        few, codes = x[at : at + size, None], z[at : at + size]
        log_odds = decoder(codes.reshape(-1, 2).astype(np.float32))
        heights[at : at + size] -= cross_entropy(few, log_odds.reshape(*codes.shape[:2], -1))
    return np.asarray(heights)


def _most_probable(decoder: Decoder, x: Numbers) -> Array:
    """The code (n, 2) of a lattice at which p(x|z) p(z) of each image is largest."""
    side = np.linspace(-_REACH, _REACH, round(2 * _REACH / _STEP) + 1, dtype=np.float32)
    codes = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    best, tops = np.full(len(x), -np.inf, np.float32), np.zeros((len(x), 2))
    for at in range(0, len(codes), AT_ONCE):
        few = codes[at : at + AT_ONCE]
        log_odds = decoder(few)
        heights = x @ log_odds.T
        heights -= softplus_sum(log_odds) + np.float32(0.5) * (few**2).sum(axis=1)
        place, height = heights.argmax(axis=1), heights.max(axis=1)
        higher = height > best
        best[higher], tops[higher] = height[higher], few[place[higher]]
    return tops


def _climbed(
    decoder: Decoder, x: Numbers, mean: Array, log_variance: Array
) -> tuple[Array, Array, Array]:
    """The largest bound (n,) on the way of Newton's steps, and where it was met.

    With f = log p(x|z) p(z) and z = mean + deviation u, u standard normal, the gradient of E f is
    E f u / deviation (Bonnet), and E f'' is E f (u^2 - 1) / variance (Price); the best variance is
    -1 / E f''. Half of a step is taken, of one that changes a precision by a factor of 4 at most; a
    mean moves by 2 deviations at most. A posterior a hundred times as long as wide, and oblique,
    may need more steps: then the bound found is too low.
    """
    precision = np.exp(-log_variance)
    best, kept = np.full(len(x), -np.inf), (mean.copy(), log_variance.copy())
    for _ in range(_STEPS):
        deviation = precision**-0.5
        f = _heights(decoder, x, mean[:, None] + deviation[:, None] * _NODES)
        average = f @ _MASS
        reached = average + _entropy(-np.log(precision))
        higher = reached > best
        best[higher] = reached[higher]
        kept[0][higher], kept[1][higher] = mean[higher], -np.log(precision[higher])
        f = (f - average[:, None]) * _MASS
        gradient, curvature = f @ _NODES / deviation, f @ (_NODES**2 - 1) * precision
        newton = np.clip(-curvature, precision / 4, precision * 4)
        precision = (1 - _DAMPING) * precision + _DAMPING * newton
        step = _DAMPING * gradient / precision
        mean = mean + np.clip(step, -2 * deviation, 2 * deviation)
    return best, *kept
