"""Denoising letters: the noisy training sets, and answers scored on noise never trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from latentlab.metrics import letter_scores, nearest_letter, wrong_pixels
from latentlab.network import Array, Network, forward, squared_error
from latentlab.noise import NOISES
from latentlab.seeds import generator


def noisy(letters: Array, noise: Mapping[str, Any], rng: np.random.Generator) -> Array:
    """Letters (samples, pixels) with noise of the given kind, probability and range."""
    return NOISES[noise["kind"]](letters, noise["probability"], noise["range"], rng)


def training_set(
    letters: Array, copies: int, noise: Mapping[str, Any], seed: int, cell: str, replicate: int
) -> tuple[Array, Array]:
    """Noisy inputs and clean targets (copies * letters, pixels) of one replicate."""
    targets = np.tile(letters, (copies, 1))
    return noisy(targets, noise, generator(seed, cell, replicate, "copies")), targets


def fresh_set(
    letters: Array, draws: int, noise: Mapping[str, Any], seed: int, cell: str
) -> tuple[Array, Array]:
    """Noisy inputs and clean targets (draws * letters, pixels) that no training has seen.

    The same for all replicates of a cell: they differ by their training alone.
    """
    targets = np.tile(letters, (draws, 1))
    return noisy(targets, noise, generator(seed, cell, "fresh")), targets


def answer_scores(
    network: Network,
    weights: Array,
    inputs: Array,
    targets: Array,
    letters: Array,
    threshold: float,
) -> dict[str, float]:
    """How well one network, weights (n_weights,), answers noisy inputs (samples, pixels).

    error : the training loss on these samples
    mean_wrong_pixels, exact, within_one_pixel : see ``metrics.letter_scores``
    right_letter : share of answers whose nearest letter of the set is the true one
    """
    outputs = forward(network, weights, inputs)
    scores = letter_scores(wrong_pixels(outputs, targets, threshold))
    right = nearest_letter(outputs, letters, threshold) == nearest_letter(targets, letters, 0.5)
    return {
        "error": squared_error(outputs, targets),
        "mean_wrong_pixels": float(scores["mean_wrong_pixels"]),
        "exact": float(scores["exact"]),
        "within_one_pixel": float(scores["within_one_pixel"]),
        "right_letter": float(right.mean()),
    }


def score_cell(weights: Array, letters: Array, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Scores of a cell's replicates, weights (replicates, n_weights), on both kinds of noise.

    One row a replicate and condition: "training" (its own noisy copies), "fresh".
    """
    network = Network(**settings["network"])
    noise, seed, cell = settings["noise"], settings["seed"], settings["cell"]
    fresh = fresh_set(letters, settings["fresh_draws"], noise, seed, cell)
    rows = []
    for replicate, w in enumerate(weights):
        sets = {
            "training": training_set(letters, settings["copies"], noise, seed, cell, replicate),
            "fresh": fresh,
        }
        for condition, (inputs, targets) in sets.items():
            scores = answer_scores(network, w, inputs, targets, letters, settings["threshold"])
            rows.append({"replicate": replicate, "noise": condition, **scores})
    return pd.DataFrame(rows)
