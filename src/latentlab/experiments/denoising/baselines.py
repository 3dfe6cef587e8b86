"""What a denoiser must beat, and what none can: from doing nothing to the best decision.

A baseline takes noisy inputs (samples, pixels), the letters of the set (letters, pixels), the
threshold above which a pixel is on, and examples: noisy letters and their clean ones (both
(examples, pixels)) to learn from. It returns its answers (samples, pixels).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from latentlab.aliases import Array, Fields
from latentlab.experiments.denoising.scores import answer_scores
from latentlab.experiments.denoising.sets import fresh_set, noise_identity, noisy
from latentlab.measures.metrics import hamming, nearest_letter
from latentlab.seeds import generator

Examples = tuple[Array, Array]
Baseline = Callable[[Array, Array, float, Examples], Array]

SWEEPS = 100  # of a Hopfield network, at most: it settles after a few


def do_nothing(inputs: Array, letters: Array, threshold: float, examples: Examples) -> Array:
    """The noisy letter itself, (samples, pixels), as it came."""
    return inputs


def nearest(inputs: Array, letters: Array, threshold: float, examples: Examples) -> Array:
    """The letter at the smallest Hamming distance, ties to the first; (samples, pixels).

    For bit flips with a probability below one half this is the maximum-likelihood decoder: a
    letter at distance d has the likelihood p^d (1 - p)^(35 - d), whatever p is.
    """
    answers: Array = letters[nearest_letter(inputs, letters, threshold)]
    return answers


def best_decision(inputs: Array, letters: Array, threshold: float, examples: Examples) -> Array:
    """The pattern (samples, pixels) that is most likely within one pixel of the true letter.

    No answer to independent bit flips scores higher in that measure, in the mean over draws. The
    letters are equally likely beforehand, a pixel is flipped as often as in the examples, and all
    patterns within a pixel of some letter are tried: one between two letters may be the best bet.
    """
    known = letters > threshold
    seen, clean = (example > threshold for example in examples)
    flipped = np.clip(np.mean(seen != clean), 1e-9, 0.5)
    likelihood = (flipped / (1.0 - flipped)) ** hamming(inputs > threshold, known)
    one_off = known[:, None] ^ np.eye(known.shape[1], dtype=bool)
    patterns = np.concatenate([known, one_off.reshape(-1, known.shape[1])])  # ties to a letter
    within = hamming(patterns, known) <= 1
    answers: Array = patterns[np.argmax(likelihood @ within.T, axis=1)].astype(np.float64)
    return answers


def hopfield(inputs: Array, letters: Array, threshold: float, examples: Examples) -> Array:
    """Where a Hopfield network that stores the letters settles, started at the noisy letter.

    Pixels are -1 and 1, the weights the sum of the letters' outer products with a diagonal of 0
    (Hopfield, Proc. Natl. Acad. Sci. 79 (1982), 2554); pixels are updated one after the other,
    in order, and keep their value where the field is 0, until none changes. Noisy letters and
    answers are (samples, pixels).
    """
    stored = np.where(letters > threshold, 1.0, -1.0)
    weights = stored.T @ stored
    np.fill_diagonal(weights, 0.0)
    state = np.where(inputs > threshold, 1.0, -1.0)
    for _ in range(SWEEPS):
        previous = state.copy()
        for pixel in range(state.shape[1]):
            field = state @ weights[pixel]
            state[:, pixel] = np.where(field == 0.0, state[:, pixel], np.sign(field))
        if np.array_equal(state, previous):
            break
    answers: Array = (state + 1.0) / 2.0
    return answers


def linear(inputs: Array, letters: Array, threshold: float, examples: Examples) -> Array:
    """Answers (samples, pixels) of the affine map with the least squared error on the examples."""
    noisy_letters, clean = (np.asarray(a, np.float64) for a in examples)
    design = np.hstack([noisy_letters, np.ones((len(noisy_letters), 1))])
    weights, *_ = np.linalg.lstsq(design, clean, rcond=1e-8)
    answers: Array = np.hstack([inputs, np.ones((len(inputs), 1))]) @ weights
    return answers


BASELINES: dict[str, Baseline] = {
    "do_nothing": do_nothing,
    "nearest_letter": nearest,
    "best_decision": best_decision,
    "hopfield": hopfield,
    "linear": linear,
}


def score_baselines(
    letters: Array,
    tests: Sequence[Fields],
    settings: Fields,
    *letters_of: str,
) -> pd.DataFrame:
    """Scores of every baseline on every noise, all on the same draws, which no denoiser has.

    letters : (letters, pixels), without noise
    settings : seed, fresh_draws, threshold, linear_copies (of each letter, to learn from)
    """
    seed, threshold = settings["seed"], settings["threshold"]
    clean = np.tile(letters, (settings["linear_copies"], 1))
    rows = []
    for noise in tests:
        inputs, targets = fresh_set(letters, settings["fresh_draws"], noise, seed, *letters_of)
        rng = generator(seed, "denoising", "linear", *letters_of, *noise_identity(noise))
        examples = noisy(clean, noise, rng), clean
        for name, baseline in BASELINES.items():
            answers = baseline(inputs, letters, threshold, examples)
            scores = answer_scores(answers, targets, letters, threshold)
            rows.append({"baseline": name, **noise, **scores})
    return pd.DataFrame(rows)
