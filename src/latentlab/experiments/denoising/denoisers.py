"""Training denoisers.

Settings of a denoiser are plain mappings, as its plan makes them: seed, cell, network, noise (kind,
probability, range), copies, redraw, training, replicates.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from latentlab.aliases import Array, Fields
from latentlab.experiments.denoising.sets import training_set
from latentlab.models.network import Network
from latentlab.training import optimizers
from latentlab.training.record import Training
from latentlab.training.replicates import replicates_of, train_replicates


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
        run=_trainer(settings["redraw"]),
    )


REDRAWN = "latentlab.training.redrawn"
"""Loaded where noise is drawn anew: it learns by gradients, whatever fixed copies learn by."""


def _trainer(redraw: bool) -> Callable[..., Training]:
    if not redraw:
        return optimizers.train
    trainer: Callable[..., Training] = importlib.import_module(REDRAWN).train_redrawn
    return trainer


def unused_by_denoisers(settings: Fields) -> frozenset[str]:
    """The modules that a training of denoisers with these settings never loads.

    Of optimizers those that ``optimizers.unused_modules`` says; ``REDRAWN`` where every ``redraw``
    in the settings is false.
    """
    redraws = set(_values(settings, "redraw"))
    unused = optimizers.unused_modules(settings)
    return unused | {REDRAWN} if redraws == {False} else unused


def _values(settings: object, key: str) -> Iterator[Any]:
    """Every value of that key in nested settings."""
    if isinstance(settings, dict):
        if key in settings:
            yield settings[key]
        settings = list(settings.values())
    if isinstance(settings, (list, tuple)):
        for item in settings:
            yield from _values(item, key)
