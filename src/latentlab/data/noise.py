"""Kinds of noise on letters, each a seeded function of the clean pixels.

Every function takes pixels (samples, units) of 0.0 and 1.0, the probability that a pixel
is hit, the range (the size of a hit, where the kind has one) and a generator, and returns
a new array of the same shape. Random numbers are drawn in a fixed order: first which
pixels are hit, then by how much.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latentlab.aliases import Array

Noise = Callable[[Array, float, float, np.random.Generator], Array]


def uniform(pixels: Array, probability: float, range_: float, rng: np.random.Generator) -> Array:
    """The original study's noise as meant: hit pixels (...) move toward the other color.

    uniform(0, range) is added to a 0 and subtracted from a 1.
    """
    hit = rng.random(pixels.shape) < probability
    size = rng.uniform(0.0, range_, pixels.shape)
    return np.where(hit, np.where(pixels > 0.5, pixels - size, pixels + size), pixels)


def uniform_as_run(
    pixels: Array, probability: float, range_: float, rng: np.random.Generator
) -> Array:
    """The original study's noise as its published code ran it: mostly erosion.

    Its letters are integers and ``numpy.vectorize`` takes the result's type from the first
    pixel: unless that one is hit, the noisy letter is cut to integers, so that a 1 minus
    anything becomes 0 and a 0 stays 0. Pixels are (..., pixels): a row is one letter.
    """
    noisy = uniform(pixels, probability, range_, rng)
    first_hit = noisy[..., :1] != pixels[..., :1]
    return np.where(first_hit, noisy, np.trunc(noisy))


def salt_and_pepper(
    pixels: Array, probability: float, range_: float, rng: np.random.Generator
) -> Array:
    """Pixels (...) of which each hit one becomes 0 or 1, as likely; the range has no part in it.

    Gonzalez and Woods, Digital Image Processing (2018), 5.2.
    """
    hit = rng.random(pixels.shape) < probability
    salt = rng.random(pixels.shape) < 0.5
    return np.where(hit, salt.astype(np.float64), pixels)


def bit_flip(pixels: Array, probability: float, range_: float, rng: np.random.Generator) -> Array:
    """Pixels (...) of which each hit one takes the other color: the binary symmetric channel."""
    hit = rng.random(pixels.shape) < probability
    return np.where(hit, 1.0 - pixels, pixels)


def gaussian(pixels: Array, probability: float, range_: float, rng: np.random.Generator) -> Array:
    """Pixels (...) with normal numbers of standard deviation ``range`` added to those hit."""
    hit = rng.random(pixels.shape) < probability
    size = rng.normal(0.0, range_, pixels.shape)
    return np.where(hit, pixels + size, pixels)


def masking(pixels: Array, probability: float, range_: float, rng: np.random.Generator) -> Array:
    """Pixels (...) of which each hit one becomes 0: Vincent et al., JMLR 11 (2010), 3.3."""
    hit = rng.random(pixels.shape) < probability
    return np.where(hit, 0.0, pixels)


NOISES: dict[str, Noise] = {
    "uniform": uniform,
    "uniform_as_run": uniform_as_run,
    "salt_and_pepper": salt_and_pepper,
    "bit_flip": bit_flip,
    "gaussian": gaussian,
    "masking": masking,
}
"""The kinds by the name they have in ``denoising.kinds``."""
