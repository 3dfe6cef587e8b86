"""Denoising letters: noisy training sets, denoisers, answers scored on noise never trained on.

Settings of a denoiser are plain mappings, as ``cells.cells`` makes them: seed, cell, network,
noise (kind, probability, range), copies, redraw, training, replicates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from latentlab import gradient, similarity
from latentlab.fonts import Font
from latentlab.metrics import letter_scores, nearest_letter, wrong_pixels
from latentlab.network import Array, Network, forward, squared_error
from latentlab.noise import NOISES
from latentlab.seeds import generator
from latentlab.training import Training, replicates_of, train, train_replicates

# ------------------------------------------------------------------ sets of noisy letters


def noisy(letters: Array, noise: Mapping[str, Any], rng: np.random.Generator) -> Array:
    """Letters (samples, pixels) with noise of the given kind, probability and range."""
    return NOISES[noise["kind"]](letters, noise["probability"], noise["range"], rng)


def training_set(
    letters: Array, settings: Mapping[str, Any], replicate: int, epoch: int | None = None
) -> tuple[Array, Array]:
    """Noisy inputs and clean targets (copies * letters, pixels) of one replicate.

    epoch : the one whose noise it is, where it is drawn anew for each; else None
    """
    targets = np.tile(letters, (settings["copies"], 1))
    drawn = () if epoch is None else (epoch,)
    rng = generator(settings["seed"], settings["cell"], replicate, "copies", *drawn)
    return noisy(targets, settings["noise"], rng), targets


def last_training_set(
    letters: Array, settings: Mapping[str, Any], replicate: int
) -> tuple[Array, Array]:
    """What a replicate learned from last, as ``training_set`` gives it for its last epoch.

    (copies * letters, pixels) each; the copies are those of every epoch where none is redrawn. Of
    a training that diverged, the last epoch is the one that it would have ended with.
    """
    last = settings["training"]["max_epochs"] - 1 if settings["redraw"] else None
    return training_set(letters, settings, replicate, last)


def noise_identity(noise: Mapping[str, Any]) -> tuple[str, str, str]:
    """What random numbers for a noise derive from, whatever the order of its keys."""
    return noise["kind"], str(noise["probability"]), str(noise["range"])


def fresh_set(
    letters: Array, draws: int, noise: Mapping[str, Any], seed: int, *letters_of: str
) -> tuple[Array, Array]:
    """Noisy inputs and clean targets (draws * letters, pixels) that no training has seen.

    letters_of : what the letters are, such as font and subset. All denoisers and baselines of
    these letters are tested on the same draws: they differ by their answers alone.
    """
    targets = np.tile(letters, (draws, 1))
    rng = generator(seed, "denoising", "fresh", *letters_of, *noise_identity(noise))
    return noisy(targets, noise, rng), targets


def kinds_drawn(letter: Array, tests: Mapping[str, Any], seed: int) -> dict[str, Array]:
    """One letter (pixels,) with every kind of noise: by kind (probabilities, pixels).

    tests : kinds, probabilities, ranges, of which the last is drawn. The same pixels are hit in
    every kind, so that what sets the kinds apart is all that differs.
    """
    return {
        kind: np.stack(
            [
                NOISES[kind](letter[None], p, tests["ranges"][-1], generator(seed, "kinds"))[0]
                for p in tests["probabilities"]
            ]
        )
        for kind in tests["kinds"]
    }


# ------------------------------------------------------------------ training


def train_denoisers(
    letters: Array, settings: Mapping[str, Any], log: Callable[[str], None] = lambda line: None
) -> dict[int, Training]:
    """A denoiser of letters (letters, pixels), by replicate, each from its own start.

    With ``redraw`` every epoch has noise of its own, else all learn from the same copies.
    """

    def samples(replicate: int) -> tuple[Any, Array]:
        if not settings["redraw"]:
            return training_set(letters, settings, replicate)
        targets = np.tile(letters, (settings["copies"], 1))
        return lambda epoch: training_set(letters, settings, replicate, epoch)[0], targets

    return train_replicates(
        Network(**settings["network"]),
        samples,
        replicates=replicates_of(settings),
        seed=settings["seed"],
        cell=settings["cell"],
        options=settings["training"],
        log=log,
        run=gradient.train_redrawn if settings["redraw"] else train,
    )


# ------------------------------------------------------------------ scores


def answer_scores(
    outputs: Array, targets: Array, letters: Array, threshold: float
) -> dict[str, float]:
    """How good answers (samples, pixels) to noisy letters are, by the names in ``MEASURES``.

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


# ------------------------------------------------------------------ what resistance depends on


def _trained_and_scored(
    letters: Array, settings: Mapping[str, Any], *letters_of: str
) -> list[dict[str, Any]]:
    """Replicates of a denoiser trained here and scored on fresh noise of its kind, a row each."""
    fresh = fresh_set(
        letters, settings["fresh_draws"], settings["noise"], settings["seed"], *letters_of
    )
    return [
        {"replicate": replicate, **scores_of(training.weights, fresh, letters, settings)}
        for replicate, training in train_denoisers(letters, settings).items()
    ]


def vary(
    letters: Array, settings: Mapping[str, Any], log: Callable[[str], None] = lambda line: None
) -> pd.DataFrame:
    """One knob of a denoiser of letters (letters, pixels) moved: fixed copies, latent width.

    settings : those of the denoiser, whose noise is redrawn, with font, subset, and the lists
        ``vary_copies`` and ``vary_latent``
    Columns knob ("redrawn": the denoiser as it is; "copies", "latent"), value, replicate and the
    measures on fresh noise.
    """
    units = list(settings["network"]["architecture"])
    middle = len(units) // 2
    cases: list[tuple[str, int, dict[str, Any]]] = [("redrawn", settings["copies"], {})]
    for copies in settings["vary_copies"]:
        cases.append(("copies", copies, {"copies": copies, "redraw": False}))
    for latent in settings["vary_latent"]:
        shape = [*units[:middle], latent, *units[middle + 1 :]]
        network = {**settings["network"], "architecture": shape}
        cases.append(("latent", latent, {"network": network}))
    rows = []
    for knob, value, changes in cases:
        cell = f"{settings['cell']}/{knob}/{value}"
        case = {**settings, **changes, "cell": cell}
        for row in _trained_and_scored(letters, case, settings["font"], settings["subset"]):
            rows.append({"knob": knob, "value": value, **row})
        log(f"{knob} {value}: {len(rows)} trainings done")
    return pd.DataFrame(rows)


def relate(
    font: Font, settings: Mapping[str, Any], log: Callable[[str], None] = lambda line: None
) -> pd.DataFrame:
    """Resistance of denoisers of many subsets of a font, with how similar their letters are.

    settings : seed, cell, noise, subsets (mappings of size and count), marked (letters by subset,
        added to the sample), networks (settings of denoisers by name), fresh_draws, threshold
    One row a network, subset and replicate; "nearest_" columns are the scores of the nearest
    letter in Hamming distance on the same noise, what the letters themselves allow.
    """
    rng = generator(settings["seed"], settings["cell"], "subsets")
    subsets = dict(settings["marked"])
    for wanted in settings["subsets"]:
        size, count = wanted["size"], wanted["count"]
        sample = similarity.stratified_subsets(font.pixels, size, count, rng)
        for number, chosen in enumerate(sample):
            subsets[f"{size}-{number}"] = "".join(font.characters[i] for i in chosen)
    rows = []
    for name, characters in subsets.items():
        letters = font.subset(characters).pixels
        known = {
            "font": font.name,
            "subset": name,
            "letters": characters,
            "size": len(letters),
            **similarity.similarities(letters),
            **_nearest_scores(letters, settings, font.name, name),
        }
        for network, own in settings["networks"].items():
            cell = f"{settings['cell']}/{network}/{name}"
            case = {**settings, **own, "cell": cell}
            for row in _trained_and_scored(letters, case, font.name, name):
                rows.append({"network": network, **known, **row})
        log(f"{name}: {characters}")
    return pd.DataFrame(rows)


def _nearest_scores(
    letters: Array, settings: Mapping[str, Any], *letters_of: str
) -> dict[str, Any]:
    inputs, targets = fresh_set(
        letters, settings["fresh_draws"], settings["noise"], settings["seed"], *letters_of
    )
    threshold = settings["threshold"]
    answers = letters[nearest_letter(inputs, letters, threshold)]
    scores = answer_scores(answers, targets, letters, threshold)
    return {f"nearest_{m}": scores[m] for m in ("within_one_pixel", "right_letter")}
