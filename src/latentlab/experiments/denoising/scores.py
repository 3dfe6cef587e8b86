"""How good denoisers' answers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from latentlab.aliases import Array
from latentlab.experiments.denoising.sets import fresh_set, last_training_set
from latentlab.measures.metrics import letter_scores, nearest_letter, wrong_pixels
from latentlab.models.network import Network, forward, squared_error


def answer_scores(
    outputs: Array, targets: Array, letters: Array, threshold: float
) -> dict[str, float]:
    """How good answers (samples, pixels) to noisy letters are, by the names of the measures.

    error : the study's loss on these samples
    mean_wrong_pixels, exact, within_one_pixel : see ``metrics.letter_scores``
    right_letter : share of answers whose nearest letter of the set is the true one
    """
    scores = letter_scores(wrong_pixels(outputs, targets, threshold))
    right = nearest_letter(outputs, letters, threshold) == nearest_letter(targets, letters, 0.5)
    return {
        "error": squared_error(outputs, targets),
        "mean_wrong_pixels": float(scores["mean_wrong_pixels"]),
        "exact": float(scores["exact"]),
        "within_one_pixel": float(scores["within_one_pixel"]),
        "right_letter": float(right.mean()),
    }


def scores_of(
    weights: Array, samples: tuple[Array, Array], letters: Array, settings: Mapping[str, Any]
) -> dict[str, float]:
    """``answer_scores`` of one network, weights (n_weights,), on noisy inputs and targets.

    settings : network, threshold
    """
    inputs, targets = samples
    outputs = forward(Network(**settings["network"]), weights, inputs)
    return answer_scores(outputs, targets, letters, settings["threshold"])


def score_cell(
    weights: Array, letters: Array, settings: Mapping[str, Any], *letters_of: str
) -> pd.DataFrame:
    """Scores of a cell's replicates, weights (replicates, n_weights), on both kinds of noise.

    One row a replicate and condition: "training" (its own noisy copies), "fresh".
    """
    draws, noise, seed = settings["fresh_draws"], settings["noise"], settings["seed"]
    fresh = fresh_set(letters, draws, noise, seed, *letters_of)
    rows = []
    for replicate, w in enumerate(weights):
        sets = {"training": last_training_set(letters, settings, replicate), "fresh": fresh}
        for condition, samples in sets.items():
            scores = scores_of(w, samples, letters, settings)
            rows.append({"replicate": replicate, "noise": condition, **scores})
    return pd.DataFrame(rows)


def score_tests(
    weights: Array,
    letters: Array,
    settings: Mapping[str, Any],
    tests: Sequence[Mapping[str, Any]],
    *letters_of: str,
) -> pd.DataFrame:
    """Scores of a cell's replicates on fresh noise of every kind in ``tests``.

    weights : (replicates, n_weights)
    One row a noise (test_kind, test_probability, test_range) and replicate.
    """
    rows = []
    for noise in tests:
        samples = fresh_set(letters, settings["fresh_draws"], noise, settings["seed"], *letters_of)
        named = {f"test_{key}": value for key, value in noise.items()}
        for replicate, w in enumerate(weights):
            scores = scores_of(w, samples, letters, settings)
            rows.append({**named, "replicate": replicate, **scores})
    return pd.DataFrame(rows)
