"""What every way of training a letter network returns, and the one door to all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentlab.network import Array, Network


@dataclass(frozen=True)
class Training:
    """One finished training.

    weights : (n_weights,) the weights found
    errors : (epochs + 1,) the loss before training and after every epoch
    evaluations : (epochs + 1,) loss evaluations spent so far (a gradient counts as one)
    status : "converged", "max_epochs", "max_evaluations" or "diverged"
    """

    weights: Array
    errors: Array
    evaluations: np.ndarray
    status: str

    @property
    def epochs(self) -> int:
        """Epochs run (for Powell: iterations)."""
        return len(self.errors) - 1


__all__ = ["Network", "Training"]
