"""The tables and metrics of ``letters``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from math import comb

import numpy as np
import pandas as pd

from latentlab import seeds
from latentlab.aliases import Array, Fields, Json
from latentlab.experiments.gathering import by, summarize
from latentlab.measures import novelty, statistics
from latentlab.measures.latent import principal_reconstruction
from latentlab.measures.metrics import wrong_pixels
from latentlab.measures.novelty import Rules
from latentlab.models.network import squared_error


def letter_yardstick(replicates: pd.DataFrame, networks: Mapping[str, Fields]) -> Json:
    """The course's yardstick, for each font ("all_fonts": all letters at once).

    At the top the best network with 2 latent units trained by one optimizer; below ``hybrid`` by
    several in turn, below ``powell_only`` by Powell alone; below ``one_dimensional`` those with
    one unit. Each with its name, the wrong pixels of the worst letter in its best start, the share
    of its starts that do as well, and that of those with at most one; by Powell alone also
    ``restarts``.
    replicates : columns font, network, max_wrong_pixels, evaluations
    networks : ``letters.networks`` of the parameters
    """
    yardstick: Json = {}
    for (font, name), runs in by(replicates, ["font", "network"]):
        network = networks[name]
        latent = network["architecture"][len(network["architecture"]) // 2]
        best = int(runs["max_wrong_pixels"].min())
        entry = {
            "network": name,
            "max_wrong_pixels": best,
            "share_of_starts": float((runs["max_wrong_pixels"] == best).mean()),
            "share_within_one_pixel": float((runs["max_wrong_pixels"] <= 1).mean()),
        }
        places = {1: [yardstick.setdefault("one_dimensional", {})], 2: [yardstick]}.get(latent, [])
        if latent == 2 and network["optimizer"] in ("powell", "scipy-powell"):
            places.append(yardstick.setdefault("powell_only", {}))
            entry = {**entry, "restarts": restarts(runs)}
        if latent == 2 and network["optimizer"] == "stages":
            places = [yardstick.setdefault("hybrid", {})]
        for place in places:
            best_entry = place.get(all_fonts(font))
            if best_entry is None or _better(entry, best_entry):
                place[all_fonts(font)] = entry
    return yardstick


SURE = 0.9
"""Share of tries, or of starts, that succeed where something is called sure."""


def restarts(runs: pd.DataFrame) -> Json:
    """How many starts it takes until one has no letter with more than one wrong pixel.

    ``starts``: so many that a share ``SURE`` of tries succeeds. A try draws that many of our runs,
    none twice: of n runs, s of which succeed, k fail together with probability
    C(n - s, k) / C(n, k). ``_low`` and ``_high``: for starts of which the ends of the interval of
    the share succeed. ``evaluations``: of the loss, of so many starts, on average. Empty where no
    run succeeds.
    runs : a row a start; columns max_wrong_pixels, evaluations
    """
    succeeds = (runs["max_wrong_pixels"] <= 1).to_numpy()
    n, failed = len(succeeds), int((~succeeds).sum())
    if failed == n:
        return {}
    ours = next(k for k in range(1, n + 1) if comb(n, k) - comb(failed, k) >= SURE * comb(n, k))
    share = statistics.proportion(succeeds)
    low, high = (_starts_of(chance) for chance in (share.high, share.low))
    return {
        "starts": ours,
        "starts_low": min(low, ours),
        "starts_high": max(high, ours),
        "evaluations": ours * float(runs["evaluations"].mean()),
    }


def _starts_of(chance: float) -> int:
    """Independent starts of which one succeeds in a share ``SURE`` of tries."""
    return 1 if chance >= SURE else math.ceil(math.log(1 - SURE) / math.log(1 - chance))


def latent_space_summary(replicates: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """How latent spaces are laid out, with intervals: see ``novelty.latent_scores``."""
    return summarize(
        replicates,
        keys,
        distance_correlation="correlation",
        known="share",
        new="share",
        blur="share",
    ).drop(columns="replicates")


CONTROL_PATTERNS = 2000
"""Random pictures of a control."""


def new_letter_controls(
    fonts: Mapping[str, Array], rules: Rules, threshold: float, seed: int
) -> pd.DataFrame:
    """What the rules make of outputs that are known: columns font, answer and ``novelty.KINDS``.

    fonts : the letters (letters, pixels) of each
    """
    rows = []
    for name, letters in fonts.items():
        rng = seeds.generator(seed, "letters", "controls", name)
        others = [other for font, other in fonts.items() if font != name]
        known = np.concatenate(others) if others else letters[:0]
        answers = novelty.control_outputs(letters, known, CONTROL_PATTERNS, rng)
        for answer, outputs in answers.items():
            kinds = novelty.classify(outputs, letters, threshold, rules)
            rows.append({"font": name, "answer": answer, **novelty.shares(kinds)})
    return pd.DataFrame(rows)


def letter_difficulty(errors: pd.DataFrame) -> pd.DataFrame:
    """By font, network and letter: mean wrong pixels, and share of starts without any.

    errors : columns font, network, replicate, letter, wrong_pixels
    """
    exact = errors.assign(exact=errors["wrong_pixels"] == 0)
    letters = by(exact, ["font", "network", "letter"])[["wrong_pixels", "exact"]].mean()
    return letters.rename(columns={"wrong_pixels": "mean_wrong_pixels"}).reset_index()


def front_metrics(front: pd.DataFrame) -> Json:
    """The smallest network without a wrong pixel, for each font that has one on the front.

    With its name, its weights and the share of its starts that make no error; ``sure`` is the
    smallest of which surely a share ``SURE`` of all starts makes none: the interval begins there.
    front : columns font, network, weights, max_wrong_pixels, a row a start
    """
    metrics: Json = {}
    for (font, name), runs in by(front.sort_values("weights", kind="stable"), ["font", "network"]):
        share = statistics.proportion((runs["max_wrong_pixels"] == 0).to_numpy())
        entry = {
            "network": name,
            "weights": int(runs["weights"].iloc[0]),
            "share_of_starts": share.value,
            "share_of_starts_low": share.low,
            "share_of_starts_high": share.high,
        }
        of_font = metrics.setdefault(all_fonts(font), {})
        if share.value > 0 and "network" not in of_font:
            of_font.update(entry)
        if share.low >= SURE and "sure" not in of_font:
            of_font["sure"] = entry
    return {font: entry for font, entry in metrics.items() if entry}


def linear_control(
    replicates: pd.DataFrame,
    networks: Mapping[str, Fields],
    letters_of: Callable[[str], Array],
    threshold: float,
) -> Json:
    """Linear networks against PCA with as many numbers, by font.

    Error and mean wrong pixels of a letter: of the network the start with the lowest error.
    replicates : columns font, network, error, mean_wrong_pixels
    letters_of : a font's name -> letters (letters, pixels)
    """
    control = {}
    for (font, name), runs in by(replicates, ["font", "network"]):
        network = networks[name]
        if {network[layer] for layer in ("encoder", "latent", "decoder", "output")} != {"linear"}:
            continue
        letters, best = letters_of(font), runs.loc[runs["error"].idxmin()]
        pca = principal_reconstruction(letters, min(network["architecture"]))
        control[all_fonts(font)] = {
            "network": name,
            "autoencoder_error": float(best["error"]),
            "autoencoder_wrong_pixels": float(best["mean_wrong_pixels"]),
            "pca_error": squared_error(pca, letters),
            "pca_wrong_pixels": float(wrong_pixels(pca, letters, threshold).mean()),
        }
    return control


def all_fonts(font: str) -> str:
    """The name of a font in metrics: "all" says more as "all_fonts"."""
    return "all_fonts" if font == "all" else font


def _better(entry: Fields, than: Fields) -> bool:
    return (entry["max_wrong_pixels"], -entry["share_of_starts"]) < (
        than["max_wrong_pixels"],
        -than["share_of_starts"],
    )
