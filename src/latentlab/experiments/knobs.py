"""What the plans of all experiments are made of.

A *cell* is one combination that an experiment fans out over, named by the path of its results
below ``results/<experiment>/cells/``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from latentlab.aliases import Fields, Json
from latentlab.data.fonts import COLUMNS, ROWS

Params = Json
Factors = dict[str, Json]
Settings = dict[str, Json]
PIXELS = ROWS * COLUMNS
ACTIVATIONS = ("encoder", "latent", "decoder", "output", "beta", "biases")


def slug(prefix: str, value: float) -> str:
    """A number of [0, 10) as a part of a path, without a dot: ("p", 0.1) gives "p-010"."""
    whole, decimals = f"{value:.6f}".split(".")
    return f"{prefix}-{whole}{decimals.rstrip('0').ljust(2, '0')}"


def pick(section: Fields, *keys: str) -> Json:
    """These knobs of a section."""
    return {key: section[key] for key in keys}


def without(section: Fields, *keys: str) -> Json:
    """The other knobs of a section."""
    return {key: value for key, value in section.items() if key not in keys}


class Experiment(NamedTuple):
    """What an experiment fans out over, and what the steps of each cell depend on.

    factors : of a section of the parameters, for every cell the values of its factors; the cell's
        name joins them in this order, numbers as a ``slug``
    settings : of a section and a cell's factors, the settings of each step that computes it
    """

    factors: Callable[[Fields], Factors]
    settings: Callable[[Fields, Fields], Settings]
