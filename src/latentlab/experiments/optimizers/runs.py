"""Optimizers at equal cost: stages that share a budget, learning rates tuned, costs counted.

A cost is counted in evaluations of the loss over all samples, a gradient as
``gradient.GRADIENT_COST`` of them, times the multiply-adds of one: no clock decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from latentlab.aliases import Array, Fields, Json
from latentlab.models.network import Network
from latentlab.training.replicates import GRADIENT_COST, Training, replicates_of, train_replicates


def multiply_adds(network: Network, samples: int) -> int:
    """Multiply-adds of one evaluation of the loss: each weight once a sample."""
    return network.n_weights * samples


def staged(
    stages: Sequence[Fields],
    *,
    evaluations: int,
    loss: str,
    record_every: int,
    learning_rate: float | None = None,
) -> Json:
    """Options of ``training.train`` under which the stages share the evaluations equally.

    stages : of each its optimizer and options; a learning rate, where one needs it, is given
    record_every : evaluations between two recorded errors
    """
    part = evaluations // len(stages)
    descent = {
        "max_epochs": (part - 1) // GRADIENT_COST,
        "learning_rate": learning_rate,
        "loss": loss,
        "record_every": record_every // GRADIENT_COST,
    }
    # as many epochs as evaluations: never the limit
    limited = {"max_epochs": part, "max_evaluations": part}
    budgets: dict[str, Json] = {
        "powell": {**limited, "record_every": record_every},
        "lbfgs": {**limited, "record_every": record_every // GRADIENT_COST, "loss": loss},
    }
    return {
        "optimizer": "stages",
        "stages": [{**stage, **budgets.get(stage["optimizer"], descent)} for stage in stages],
    }


def _trainings(
    settings: Fields,
    letters: Array,
    starts: Sequence[int],
    cell: str,
    options: Fields,
    log: Callable[[str], None],
) -> dict[int, Training]:
    return train_replicates(
        Network(**settings["network"]),
        lambda replicate: (letters, letters),
        replicates=starts,
        seed=settings["seed"],
        cell=cell,
        options=options,
        log=log,
    )


def tune(settings: Fields, letters: Array, log: Callable[[str], None]) -> pd.DataFrame:
    """One row a loss, learning rate and start: the error it came to, the evaluations spent.

    letters are (letters, pixels). The starts are none of those that ``train`` uses. A trial that
    diverged has no error.
    """
    rows = []
    for loss in settings["losses"]:
        for rate in settings["learning_rates"]:
            log(f"{loss}, learning rate {rate:g}")
            options = staged(
                settings["stages"],
                evaluations=settings["evaluations"],
                loss=loss,
                record_every=settings["evaluations"],
                learning_rate=rate,
            )
            cell = f"{settings['starts_of']}/tuning"
            starts = range(settings["starts"])
            trials = _trainings(settings, letters, starts, cell, options, log)
            rows += [
                {
                    "loss": loss,
                    "learning_rate": rate,
                    "start": start,
                    "error": np.nan if trial.status == "diverged" else trial.errors[-1],
                    "evaluations": int(trial.evaluations[-1]),
                }
                for start, trial in trials.items()
            ]
    return pd.DataFrame(rows)


def chosen_rates(tuning: pd.DataFrame) -> dict[str, float]:
    """For each loss the learning rate with the lowest median error, of equal ones the lowest.

    A trial that diverged counts as infinitely bad.
    """
    errors = tuning.assign(error=tuning["error"].fillna(np.inf))
    medians = errors.groupby(["loss", "learning_rate"], sort=True)["error"].median()
    return {str(loss): float(group[loss].idxmin()) for loss, group in medians.groupby(level=0)}


def train(
    settings: Fields,
    letters: Array,
    rates: Mapping[str, float],
    log: Callable[[str], None],
) -> dict[str, dict[int, Training]]:
    """The trainings of one optimizer and network on letters (letters, pixels), by loss.

    rates : learning rate by loss
    """
    return {
        loss: _trainings(
            settings,
            letters,
            replicates_of(settings),
            settings["starts_of"],
            staged(
                settings["stages"],
                evaluations=settings["evaluations"],
                loss=loss,
                record_every=settings["record_every"],
                learning_rate=rates.get(loss),
            ),
            lambda line, loss=loss: log(f"{loss}, {line}"),  # type: ignore[misc]
        )
        for loss in settings["losses"]
    }


def with_operations(table: pd.DataFrame, network: Network, samples: int) -> pd.DataFrame:
    """A table that counts evaluations, with what they cost as one more column."""
    return table.assign(operations=table["evaluations"] * multiply_adds(network, samples))
