"""Kinds of noise on letters, each a seeded function of the clean pixels.

Every function takes pixels (samples, units) of 0.0 and 1.0, the probability that a pixel
is hit, the range (the size of a hit, where the kind has one) and a generator, and returns
a new array of the same shape. Random numbers are drawn in a fixed order: first which
pixels are hit, then by how much.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latentlab.network import Array

Noise = Callable[[Array, float, float, np.random.Generator], Array]


def uniform(pixels: Array, probability: float, range_: float, rng: np.random.Generator) -> Array:
    """The original study's noise as meant: a hit moves a pixel toward the other color.

    uniform(0, range) is added to a 0 and subtracted from a 1.
    """
    hit = rng.random(pixels.shape) < probability
    size = rng.uniform(0.0, range_, pixels.shape)
    return np.where(hit, np.where(pixels > 0.5, pixels - size, pixels + size), pixels)


NOISES: dict[str, Noise] = {"uniform": uniform}
"""The kinds by the name they have in ``denoising.kinds``."""
