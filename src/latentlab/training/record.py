"""What every training of a letter network returns, and how it is kept while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.aliases import Array

Progress = Callable[[int, float], None]
"""Called after every recorded epoch with its number, from 1, and the error."""

GRADIENT_COST = 3
"""Loss evaluations that a gradient (with its loss) counts as.

Products of matrices are the cost: a forward pass takes one a layer, the backward pass two of the
same size, for the layer's weights and for its inputs (the first layer can leave out the latter).
In line with the bound of 3 to 4 for reverse accumulation in general (Griewank and Walther 2008,
"Evaluating Derivatives", the cheap gradient principle).
"""


@dataclass(frozen=True)
class Training:
    """One finished training.

    weights : (n_weights,) the weights found
    errors : (records,) the study's error before training and after every recorded epoch
    evaluations : (records,) loss evaluations spent so far; a gradient counts as
        ``GRADIENT_COST``
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
