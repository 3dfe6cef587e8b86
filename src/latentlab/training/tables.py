"""Tables of finished trainings, by replicate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from latentlab.aliases import Array
from latentlab.training.record import Training


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
