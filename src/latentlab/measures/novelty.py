"""What lies between the letters: decoded patterns classed as known letters, new ones, or blur.

A number for "generating letters is difficult": the share of a grid over the latent plane that
decodes to something which looks like a letter, yet is none of those learned. And the letters one
by one: the wrong pixels of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import ndimage

from latentlab.aliases import Array
from latentlab.data.fonts import COLUMNS, ROWS
from latentlab.measures import latent
from latentlab.measures.metrics import hamming, wrong_pixels
from latentlab.models.network import Network, decode, encode, forward

KINDS = ("known", "new", "blur")


@dataclass(frozen=True)
class Rules:
    """When a decoded pattern counts as known and when as new.

    known_distance : at most so many pixels from a training letter is *known*
    new_distance : at least so many pixels from every training letter may be *new*
    margin : what is new has every output at least this far from the threshold
    """

    known_distance: int
    new_distance: int
    margin: float


@dataclass(frozen=True)
class NewLetter:
    """A new pattern.

    outputs : (pixels,) of its most stable point
    stability : there, the distance of the output nearest to the threshold
    distance : pixels that differ from the nearest training letter, whose index is ``nearest``
    points : grid points that decode to it and are new
    """

    outputs: Array
    stability: float
    distance: int
    nearest: int
    points: int


def connected(patterns: np.ndarray) -> np.ndarray:
    """Which of booleans (n, pixels) are one stroke, as (n,) booleans.

    The pixels that are on touch one another, by sides or corners; a pattern without any is none.
    """
    pictures = patterns.reshape(-1, ROWS, COLUMNS)
    touching = np.zeros((3, 3, 3))
    touching[1] = 1  # within a picture, never from one to the next
    pieces, _ = ndimage.label(pictures, structure=touching)
    flat = pieces.reshape(len(pictures), -1)
    # every piece has a number of its own: one piece, where the lowest is the highest
    first = np.where(flat > 0, flat, np.iinfo(flat.dtype).max).min(axis=1)
    return np.asarray(first == flat.max(axis=1))


def classify(outputs: Array, letters: Array, threshold: float, rules: Rules) -> np.ndarray:
    """The kind of each of outputs (n, pixels), (n,) places in ``KINDS``.

    letters (letters, pixels) are those the network has learned.
    """
    on = outputs > threshold
    distance = hamming(on, letters > threshold).min(axis=1)
    stable = stability(outputs, threshold) >= rules.margin
    new = (distance >= rules.new_distance) & stable & connected(on)
    return np.where(distance <= rules.known_distance, 0, np.where(new, 1, 2))


def control_outputs(
    letters: Array, others: Array, n: int, rng: np.random.Generator
) -> dict[str, Array]:
    """Outputs of which it is known what they are, (outputs, pixels) each, by name.

    random_gray : n pictures of gray levels, none a letter; random_pixels : of black and white,
    as many black as the letters (letters, pixels) have on the whole; other_fonts : the letters of
    other fonts (others, pixels), which may well be new ones
    """
    pixels = letters.shape[1]
    found = {
        "random_gray": rng.random((n, pixels)),
        "random_pixels": (rng.random((n, pixels)) < letters.mean()).astype(np.float64),
    }
    return found | ({"other_fonts": others} if len(others) else {})


def stability(outputs: Array, threshold: float) -> Array:
    """How far the output nearest to the threshold is from it, (n,) for outputs (n, pixels)."""
    nearest: Array = np.abs(outputs - threshold).min(axis=1)
    return nearest


def shares(kinds: np.ndarray) -> dict[str, float]:
    """Share of each of ``KINDS`` in places (n,)."""
    return {name: float(np.mean(kinds == place)) for place, name in enumerate(KINDS)}


def new_letters(outputs: Array, letters: Array, threshold: float, rules: Rules) -> list[NewLetter]:
    """The distinct new patterns among outputs (n, pixels), the most convincing first.

    Ranked by stability to two decimals, then by distance from the nearest letter, then by how
    much of the grid they take.
    """
    places = np.flatnonzero(classify(outputs, letters, threshold, rules) == KINDS.index("new"))
    if not len(places):
        return []
    steady = stability(outputs[places], threshold)
    on = outputs[places] > threshold
    patterns, pattern_of, points = np.unique(on, axis=0, return_inverse=True, return_counts=True)
    distance = hamming(patterns, letters > threshold)
    new = []
    for index in range(len(patterns)):
        at = np.flatnonzero(pattern_of.ravel() == index)
        best = at[steady[at].argmax()]
        new.append(
            NewLetter(
                outputs[places[best]],
                float(steady[best]),
                int(distance[index].min()),
                int(distance[index].argmin()),
                int(points[index]),
            )
        )
    return sorted(new, key=lambda n: (-round(n.stability, 2), -n.distance, -n.points))


def decoded_window(
    network: Network, weights: Array, codes: Array, side: int
) -> tuple[Array, latent.Window, latent.Plane]:
    """Outputs (rows, columns, pixels) of side x side points of the window around some codes.

    codes : (n, latent units)
    On one row where the latent space is a line. The window and its plane come with them.
    """
    plane = latent.principal_plane(codes)
    window = latent.fitting_window(plane.project(codes))
    grid = latent.line_grid(window, plane, side)
    return latent.decode_grid(partial(decode, network, weights), plane, grid), window, plane


def latent_scores(
    network: Network, weights: Array, letters: Array, threshold: float, side: int, rules: Rules
) -> pd.DataFrame:
    """How every replicate's latent space is laid out, for weights (replicates, n_weights).

    Columns replicate, distance_correlation (see ``latent``), and the share of a grid of side x
    side points around the codes that decodes to each of ``KINDS``. letters : (letters, pixels)
    """
    rows = []
    for replicate, w in enumerate(weights):
        codes = encode(network, w, letters)
        outputs, _, _ = decoded_window(network, w, codes, side)
        kinds = classify(outputs.reshape(side * side, -1), letters, threshold, rules)
        correlation = latent.distance_correlation(codes, letters)
        rows.append({"replicate": replicate, "distance_correlation": correlation, **shares(kinds)})
    return pd.DataFrame(rows)


def letter_errors(
    network: Network, weights: Array, letters: Array, threshold: float, characters: Sequence[str]
) -> pd.DataFrame:
    """Wrong pixels of every letter, for weights (replicates, n_weights).

    letters : (letters, pixels), of the names ``characters``
    Columns replicate, letter, wrong_pixels.
    """
    wrong = wrong_pixels(
        np.stack([forward(network, w, letters) for w in weights]), letters, threshold
    )
    replicates, count = wrong.shape
    return pd.DataFrame(
        {
            "replicate": np.repeat(np.arange(replicates), count),
            "letter": list(characters) * replicates,
            "wrong_pixels": wrong.ravel(),
        }
    )
