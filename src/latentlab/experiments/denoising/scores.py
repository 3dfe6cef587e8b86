"""How good denoisers' answers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from latentlab.aliases import Array, Fields
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


def own_fresh_set(
    letters: Array, settings: Fields, noise: Fields, replicate: int, *letters_of: str
) -> tuple[Array, Array]:
    """A replicate's own fresh noise: inputs and targets (fresh_draws * letters, pixels).

    With draws of its own for each, the spread of replicates holds that of the draws; with the same
    for all no interval would. Networks are compared on the same: it is not named in the seed.
    """
    own = (*letters_of, str(replicate))
    return fresh_set(letters, settings["fresh_draws"], noise, settings["seed"], *own)


def drawn_scores(
    inputs: Array, outputs: Array, targets: Array, drawn_above: float
) -> dict[str, float]:
    """Answers (samples, pixels) as the original drew letters: black above ``drawn_above``.

    within_one_pixel_drawn : share of them with at most one wrong pixel
    nothing_within_one_pixel_drawn : of the noisy letters themselves, what doing nothing returns
    """
    shares = {}
    for name, answers in (("", outputs), ("nothing_", inputs)):
        scores = letter_scores(wrong_pixels(answers, targets, drawn_above))
        shares[f"{name}within_one_pixel_drawn"] = float(scores["within_one_pixel"])
    return shares


def score_cell(
    weights: Array, letters: Array, settings: Mapping[str, Any], *letters_of: str
) -> pd.DataFrame:
    """Scores of a cell's replicates, weights (replicates, n_weights), on both kinds of noise.

    One row a replicate and condition: "training" (its own noisy copies), "fresh"; with
    ``drawn_scores``.
    """
    network, noise = Network(**settings["network"]), settings["noise"]
    rows = []
    for replicate, w in enumerate(weights):
        sets = {
            "training": last_training_set(letters, settings, replicate),
            "fresh": own_fresh_set(letters, settings, noise, replicate, *letters_of),
        }
        for condition, (inputs, targets) in sets.items():
            outputs = forward(network, w, inputs)
            scores = answer_scores(outputs, targets, letters, settings["threshold"])
            scores |= drawn_scores(inputs, outputs, targets, settings["drawn_above"])
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
    One row a noise (test_kind, test_probability, test_range) and replicate, which has draws of
    its own.
    """
    rows = []
    for noise in tests:
        named = {f"test_{key}": value for key, value in noise.items()}
        for replicate, w in enumerate(weights):
            samples = own_fresh_set(letters, settings, noise, replicate, *letters_of)
            scores = scores_of(w, samples, letters, settings)
            rows.append({**named, "replicate": replicate, **scores})
    return pd.DataFrame(rows)
