"""Training denoisers.

Settings of a denoiser are plain mappings, as its plan makes them: seed, cell, network, noise (kind,
probability, range), copies, redraw, training, replicates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from latentlab.aliases import Array, Fields
from latentlab.experiments.denoising.sets import training_set
from latentlab.models.network import Network
from latentlab.training.redrawn import train_redrawn
from latentlab.training.replicates import Training, replicates_of, train, train_replicates


def train_denoisers(
    letters: Array, settings: Fields, log: Callable[[str], None] = lambda line: None
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
        run=train_redrawn if settings["redraw"] else train,
    )
