"""What resistance to noise depends on: one knob moved, and many subsets of letters."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from latentlab.aliases import Array, Fields, Json
from latentlab.data.fonts import Font
from latentlab.experiments.denoising.denoisers import train_denoisers
from latentlab.experiments.denoising.scores import answer_scores, own_fresh_set, scores_of
from latentlab.measures import similarity
from latentlab.measures.metrics import nearest_letter
from latentlab.seeds import generator


def _trained_and_scored(letters: Array, settings: Fields, *letters_of: str) -> list[Json]:
    """Replicates of a denoiser trained here, each scored on its own fresh noise, a row each."""
    rows = []
    for replicate, training in train_denoisers(letters, settings).items():
        fresh = own_fresh_set(letters, settings, settings["noise"], replicate, *letters_of)
        scores = scores_of(training.weights, fresh, letters, settings)
        rows.append({"replicate": replicate, **scores})
    return rows


def vary(
    letters: Array, settings: Fields, log: Callable[[str], None] = lambda line: None
) -> pd.DataFrame:
    """One knob of a denoiser of letters (letters, pixels) moved: fixed copies, latent width.

    settings : those of the denoiser, whose noise is redrawn, with font, subset, and the lists
        ``vary_copies`` and ``vary_latent``
    Columns knob ("redrawn": the denoiser as it is; "copies", "latent"), value, replicate and the
    measures on fresh noise.
    """
    units = list(settings["network"]["architecture"])
    middle = len(units) // 2
    cases: list[tuple[str, int, Json]] = [("redrawn", settings["copies"], {})]
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
    font: Font, settings: Fields, log: Callable[[str], None] = lambda line: None
) -> pd.DataFrame:
    """Resistance of denoisers of many subsets of a font, with how similar their letters are.

    settings : seed, cell, noise, subsets (mappings of size and count), marked (letters by subset,
        added to the sample), networks (settings of denoisers by name), fresh_draws, threshold
    One row a network, subset and replicate; "nearest_" columns are the scores of the nearest
    letter in Hamming distance on the replicate's noise, what the letters themselves allow.
    """
    rng = generator(settings["seed"], settings["cell"], "subsets")
    subsets = dict(settings["marked"])
    for group in settings["subsets"]:
        size, count = group["size"], group["count"]
        sample = similarity.stratified_subsets(font.pixels, size, count, rng)
        for number, indices in enumerate(sample):
            subsets[f"{size}-{number}"] = "".join(font.characters[i] for i in indices)
    rows = []
    for name, characters in subsets.items():
        letters = font.subset(characters).pixels
        facts = {
            "font": font.name,
            "subset": name,
            "letters": characters,
            "size": len(letters),
            **similarity.similarities(letters),
        }
        for network, denoiser in settings["networks"].items():
            cell = f"{settings['cell']}/{network}/{name}"
            case = {**settings, **denoiser, "cell": cell}
            for row in _trained_and_scored(letters, case, font.name, name):
                own = _nearest_scores(letters, settings, row["replicate"], font.name, name)
                rows.append({"network": network, **facts, **own, **row})
        log(f"{name}: {characters}")
    return pd.DataFrame(rows)


def _nearest_scores(letters: Array, settings: Fields, replicate: int, *letters_of: str) -> Json:
    inputs, targets = own_fresh_set(letters, settings, settings["noise"], replicate, *letters_of)
    threshold = settings["threshold"]
    answers = letters[nearest_letter(inputs, letters, threshold)]
    scores = answer_scores(answers, targets, letters, threshold)
    return {f"nearest_{m}": scores[m] for m in ("within_one_pixel", "right_letter")}
