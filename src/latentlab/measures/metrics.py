"""Measures of how well letters are reproduced."""

from __future__ import annotations

import numpy as np
import pandas as pd

from latentlab.aliases import Array
from latentlab.models.network import Network, forward


def wrong_pixels(outputs: Array, targets: Array, threshold: float) -> np.ndarray:
    """Wrong pixels of each letter, (..., letters) integers, for arrays (..., letters, pixels).

    A pixel is on when the output is above the threshold, strictly: a sigmoid whose inputs are all
    0 gives exactly 0.5.
    """
    wrong: np.ndarray = np.sum((outputs > threshold) != (targets > threshold), axis=-1)
    return wrong


def letter_scores(wrong: np.ndarray) -> dict[str, np.ndarray]:
    """Summaries over the letters (last axis) of counts of wrong pixels (..., letters).

    max_wrong_pixels and mean_wrong_pixels of a letter; exact and within_one_pixel, the
    share of letters with none and with at most one.
    """
    return {
        "max_wrong_pixels": wrong.max(axis=-1),
        "mean_wrong_pixels": wrong.mean(axis=-1),
        "exact": (wrong == 0).mean(axis=-1),
        "within_one_pixel": (wrong <= 1).mean(axis=-1),
    }


def hamming(patterns: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Pixels that differ, (..., letters) integers.

    patterns (..., pixels) and letters (letters, pixels) are booleans.
    """
    a, b = patterns.astype(np.float64), letters.astype(np.float64)
    # as a product of matrices, and exact: small whole numbers
    distance = a.sum(axis=-1)[..., None] + b.sum(axis=-1) - 2.0 * (a @ b.T)
    return np.asarray(distance, np.int64)


def nearest_letter(outputs: Array, letters: Array, threshold: float) -> np.ndarray:
    """Index of the letter nearest in Hamming distance to each thresholded output.

    outputs (..., pixels), letters (letters, pixels); ties go to the first letter.
    """
    nearest: np.ndarray = np.argmin(hamming(outputs > threshold, letters > threshold), axis=-1)
    return nearest


def reconstruction_scores(
    network: Network, weights: Array, letters: Array, threshold: float
) -> pd.DataFrame:
    """Letter scores of every replicate: one row each, for weights (replicates, n_weights).

    letters (letters, pixels) are both input and target.
    """
    outputs = np.stack([forward(network, w, letters) for w in weights])
    scores = letter_scores(wrong_pixels(outputs, letters, threshold))
    return pd.DataFrame({"replicate": np.arange(len(weights)), **scores})
