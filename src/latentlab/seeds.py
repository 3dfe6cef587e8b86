"""Random generators that depend on what is computed, never on when or in which order."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *identity: str | int) -> np.random.Generator:
    """A generator for one purpose, from the global seed and the purpose's identity.

    The identity (experiment, cell, replicate, use) is hashed into the spawn key of
    ``numpy.random.SeedSequence``, so that adding or removing cells changes no other cell.
    """
    digest = hashlib.sha256("\0".join(map(str, identity)).encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def integer(seed: int, *identity: str | int) -> int:
    """A seed in [0, 2**31) for libraries that take an integer; see ``generator``."""
    return int(generator(seed, *identity).integers(2**31))
