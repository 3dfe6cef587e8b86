"""What people call what the findings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latentlab.words.names import (
    DENOISERS,
    IMAGE_MODELS,
    IMAGE_SETS,
    LETTER_NETWORKS,
    OPTIMIZERS,
    called,
)
from latentlab.words.texts import Text, Words, data_text, joined

NAMES: Mapping[str, Mapping[str, Words]] = {
    "optimizers": OPTIMIZERS,
    "letters": LETTER_NETWORKS,
    "denoising": DENOISERS,
    "vae": {**IMAGE_SETS, **IMAGE_MODELS},
}
"""What the rows of an experiment's tables are called."""


def figure_told(row: Any) -> Text:
    """Of a published figure what it is of, the measure, the figure.

    row : of the findings; its text is "font2, exceptional: error 0.127"
    """
    measure = row.measure.replace("_", " ")
    what, found, figure = row.text.rpartition(f": {measure} ")
    if not found:
        return data_text(row.text)
    of = [called(NAMES.get(row.experiment, {}), part) for part in what.split(", ")]
    return joined(", ", of) + ": " + data_text(measure) + f" {figure}"
