"""Training letter networks: what every optimizer returns, and the one door to all of them."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from latentlab.aliases import Array, Fields
from latentlab.models.network import Network, initial_weights
from latentlab.seeds import generator

Progress = Callable[[int, float], None]
"""Called after every recorded epoch with its number, from 1, and the error."""

OPTIMIZERS = {
    "powell": ("latentlab.training.powell", "train"),
    "scipy-powell": ("latentlab.training.powell", "train_scipy"),
    "backpropagation": ("latentlab.training.gradient", "train_backpropagation"),
    "adam": ("latentlab.training.gradient", "train_adam"),
    "rmsprop": ("latentlab.training.gradient", "train_rmsprop"),
    "lbfgs": ("latentlab.training.gradient", "train_lbfgs"),
    "stages": ("latentlab.training.gradient", "train_stages"),
}
"""Module and function of each optimizer: loaded when used, so that a job pays for its own only."""


@dataclass(frozen=True)
class Training:
    """One finished training.

    weights : (n_weights,) the weights found
    errors : (records,) the study's error before training and after every recorded epoch
    evaluations : (records,) loss evaluations spent so far; what a gradient counts as stands in
        ``gradient``
    status : "converged", "max_epochs", "max_evaluations" or "diverged"
    record_epochs : (records,) the epoch of each error, the first 0, with a fraction inside an
        iteration of Powell
    """

    weights: Array
    errors: Array
    evaluations: np.ndarray
    status: str
    record_epochs: np.ndarray

    @property
    def epochs(self) -> int:
        """Whole epochs run (for Powell: iterations)."""
        return int(self.record_epochs[-1])


class Record:
    """What a training has come to, record by record; the last finite state is what counts.

    weights : (n_weights,) at the start; error : the study's, there
    """

    def __init__(self, weights: Array, error: float, progress: Progress | None) -> None:
        self.weights = np.array(weights)
        self.errors, self.evaluations = [float(error)], [1]
        self.epochs: list[float] = [0]
        self.diverged = not _finite(weights, error)
        self._progress = progress

    def add(self, epoch: int, weights: Array, error: float, evaluations: int) -> bool:
        """Take the weights (n_weights,) at the end of an epoch, and report it.

        evaluations : of the loss, so far
        Returns whether all is finite still.
        """
        finite = self.add_part(epoch, weights, error, evaluations)
        if finite and self._progress is not None:
            self._progress(epoch, float(error))
        return finite

    def add_part(self, epoch: float, weights: Array, error: float, evaluations: int) -> bool:
        """The same with weights (n_weights,) inside an epoch; it is not reported."""
        self.diverged = not _finite(weights, error)
        if not self.diverged:
            self.weights = np.array(weights)
            self.errors.append(float(error))
            self.evaluations.append(evaluations)
            self.epochs.append(epoch)
        return not self.diverged

    def training(self, status: str) -> Training:
        """The training as it stands, with that status unless it diverged."""
        return Training(
            self.weights,
            np.array(self.errors),
            np.array(self.evaluations),
            "diverged" if self.diverged else status,
            np.array(self.epochs),
        )


def _finite(weights: Array, error: float) -> bool:
    return math.isfinite(error) and bool(np.isfinite(weights).all())


def train(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    optimizer: str,
    progress: Progress | None = None,
    **options: Any,
) -> Training:
    """Train with the optimizer of that name, from flat weights (n_weights,).

    inputs and targets are (samples, units); the options are the optimizer's own.
    """
    module, function = OPTIMIZERS[optimizer]
    run = getattr(importlib.import_module(module), function)
    training: Training = run(network, inputs, targets, start, progress=progress, **options)
    return training


def replicates_of(settings: Fields) -> range:
    """The replicates that a job trains: all of a cell, or its part of them.

    settings : replicates, and part, where there is one: (k, n) is the k-th, from 0, of n parts of
        equal size, or nearly
    """
    k, n = settings.get("part", (0, 1))
    return range(settings["replicates"] * k // n, settings["replicates"] * (k + 1) // n)


def train_replicates(
    network: Network,
    samples: Callable[[int], tuple[Any, Array]],
    *,
    replicates: Sequence[int],
    seed: int,
    cell: str,
    options: Fields,
    log: Callable[[str], None] = lambda line: None,
    run: Callable[..., Training] = train,
) -> dict[int, Training]:
    """Independent trainings of one cell, by replicate.

    samples gives inputs and targets (samples, units) of a replicate, as ``run`` takes them; start
    weights depend on the seed, the cell and the replicate alone. A line a replicate goes to
    ``log``, and one a minute from a long one.
    """
    trainings = {}
    for number, replicate in enumerate(replicates, start=1):
        inputs, targets = samples(replicate)
        start = initial_weights(network, generator(seed, cell, replicate, "start"))
        name = f"replicate {number} of {len(replicates)}"
        progress = _now_and_then(log, name)
        training = run(network, inputs, targets, start, progress=progress, **options)
        trainings[replicate] = training
        log(
            f"{name}: {training.status} after {training.epochs} epochs,"
            f" error {training.errors[-1]:.6g}"
        )
    return trainings


def _now_and_then(log: Callable[[str], None], name: str, seconds: float = 60.0) -> Progress:
    """A progress callback that logs the epoch and the error, at most once in so many seconds."""
    last = time.monotonic()

    def progress(epoch: int, error: float) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            log(f"{name}: epoch {epoch}, error {error:.6g}")

    return progress


def weights_of(trainings: Mapping[int, Training]) -> Array:
    """Weights (replicates, n_weights) of a cell's trainings."""
    return np.stack([training.weights for training in trainings.values()])


def history_table(trainings: Mapping[int, Training]) -> pd.DataFrame:
    """Error and evaluations by replicate and epoch."""
    return pd.concat(
        pd.DataFrame(
            {
                "replicate": replicate,
                "epoch": training.record_epochs,
                "error": training.errors,
                "evaluations": training.evaluations,
            }
        )
        for replicate, training in trainings.items()
    )


def runs_table(trainings: Mapping[int, Training]) -> pd.DataFrame:
    """One row a replicate: epochs, evaluations, final error, status."""
    return pd.DataFrame(
        [
            {
                "replicate": replicate,
                "epochs": training.epochs,
                "evaluations": int(training.evaluations[-1]),
                "error": training.errors[-1],
                "status": training.status,
            }
            for replicate, training in trainings.items()
        ]
    )


def labeled(column: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables one under the other, with their names as first column."""
    parts = [
        pd.concat([pd.Series(name, table.index, name=column), table], axis=1)
        for name, table in tables.items()
    ]
    return pd.concat(parts, ignore_index=True)


GRADIENT_COST = 3
"""Loss evaluations that a gradient (with its loss) counts as.

Products of matrices are the cost: a forward pass takes one a layer, the backward pass two of the
same size, for the layer's weights and for its inputs (the first layer can leave out the latter).
In line with the bound of 3 to 4 for reverse accumulation in general (Griewank and Walther 2008,
"Evaluating Derivatives", the cheap gradient principle).
"""
