"""How alike letters are: cosines between them, and subsets of a font across their range."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from latentlab.aliases import Array

_CANDIDATES = 20000  # random subsets looked at where there are more


def cosines(letters: Array) -> Array:
    """Cosine of the angle between each two letters, (letters, letters) for (letters, pixels).

    NaN with a letter of all zeros, which has no direction.
    """
    norms = np.linalg.norm(letters, axis=-1)
    with np.errstate(invalid="ignore"):
        directions = letters / np.where(norms > 0.0, norms, np.nan)[:, None]
    cosine: Array = np.clip(directions @ directions.T, -1.0, 1.0)
    return cosine


def centered(letters: Array) -> Array:
    """Letters (letters, pixels), each less its own mean pixel: their cosines are correlations."""
    differences: Array = letters - letters.mean(axis=-1, keepdims=True)
    # a letter of one color has no direction left; its mean may be off by a rounding
    differences[np.ptp(letters, axis=-1) == 0.0] = 0.0
    return differences


def mean_absolute_cosine(cosine: Array, chosen: Sequence[int] | np.ndarray) -> Array:
    """Mean |cosine| over the pairs of each subset: (...,) for indices chosen (..., size).

    cosine : (letters, letters). Pairs with a letter that has no cosine are left out; NaN where
    none is left.
    """
    index = np.asarray(chosen)
    first, second = np.triu_indices(index.shape[-1], k=1)
    pairs = np.abs(cosine[index[..., first], index[..., second]])
    finite = np.isfinite(pairs)
    count = finite.sum(axis=-1)
    total = np.where(finite, pairs, 0.0).sum(axis=-1)
    mean: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def similarities(letters: Array) -> dict[str, float]:
    """Mean absolute cosine of a set of letters (letters, pixels), as they are and centered.

    left_out, left_out_centered : letters without a cosine: a blank, a letter of one color
    """
    indices = np.arange(len(letters))
    measures: dict[str, float] = {}
    for suffix, values in (("", letters), ("_centered", centered(letters))):
        measures[f"similarity{suffix}"] = float(mean_absolute_cosine(cosines(values), indices))
        measures[f"left_out{suffix}"] = int(np.sum(~values.any(axis=-1)))
    return measures


def stratified_subsets(
    letters: Array, size: int, count: int, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """At most ``count`` subsets of that size across the range of mean absolute cosine.

    letters are (letters, pixels), a subset the tuple of their numbers. Of all subsets, or of
    20,000 random ones where there are over 40,000, the range is cut into ``count`` equal parts,
    and one subset is drawn from every part that has any: the rare, most and least similar ones
    come as often as the many in between. Ordered by similarity.
    """
    candidates = _subsets(len(letters), size, rng)
    similar = mean_absolute_cosine(cosines(letters), candidates)
    finite = np.isfinite(similar)
    candidates, similar = candidates[finite], similar[finite]
    edges = np.linspace(similar.min(), similar.max(), count + 1)
    part = np.clip(np.searchsorted(edges, similar, side="right") - 1, 0, count - 1)
    sample = [rng.choice(np.flatnonzero(part == p)) for p in np.unique(part)]
    ordered = sorted(sample, key=lambda i: float(similar[i]))
    return [tuple(int(letter) for letter in candidates[i]) for i in ordered]


def _subsets(letters: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Index sets (subsets, size), each in rising order: all of them, or random ones."""
    if math.comb(letters, size) <= 2 * _CANDIDATES:
        return np.array(list(itertools.combinations(range(letters), size)))
    shuffled = rng.permuted(np.tile(np.arange(letters), (_CANDIDATES, 1)), axis=1)
    subsets: np.ndarray = np.sort(shuffled[:, :size], axis=1)
    return subsets
