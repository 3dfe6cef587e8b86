"""Optimizers at equal cost: stages that share a budget, knobs tuned at it, costs counted.

A cost is counted in evaluations of the loss over all samples, a gradient as
``record.GRADIENT_COST`` of them, times the multiply-adds of one: no clock decides.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from latentlab.aliases import Array, Fields, Json
from latentlab.models.network import Network
from latentlab.training.record import GRADIENT_COST, Training
from latentlab.training.replicates import replicates_of, train_replicates


def multiply_adds(network: Network, samples: int) -> int:
    """Multiply-adds of one evaluation of the loss: each weight once a sample."""
    return network.n_weights * samples


def staged(stages: Sequence[Fields], *, evaluations: int, loss: str, record_every: int) -> Json:
    """Options of ``optimizers.train`` under which the stages share the evaluations equally.

    stages : of each its optimizer and options
    record_every : evaluations between two recorded errors
    """
    part = evaluations // len(stages)
    descent = {
        "max_epochs": (part - 1) // GRADIENT_COST,
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


def tried(stages: Sequence[Fields]) -> list[Json]:
    """Every combination of the knobs that are lists, in the lists' order; {} where none is."""
    lists = {
        knob: values
        for stage in stages
        for knob, values in stage.items()
        if isinstance(values, list)
    }
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def with_knobs(stages: Sequence[Fields], knobs: Fields) -> list[Json]:
    """The stages with these values in place of lists, or of None."""
    return [
        {
            knob: knobs.get(knob, value) if value is None or isinstance(value, list) else value
            for knob, value in stage.items()
        }
        for stage in stages
    ]


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
    """One row a loss, combination of knobs and start: the error it came to, the evaluations spent.

    letters are (letters, pixels). A trial has the whole budget: a rate that is best for a sixth of
    it need not be best for all of it. The starts are none of those that ``train`` uses. A trial
    that diverged has no error.
    """
    rows = []
    for loss in settings["losses"]:
        for knobs in tried(settings["stages"]):
            log(f"{loss}, {', '.join(f'{knob} {value}' for knob, value in knobs.items())}")
            options = staged(
                with_knobs(settings["stages"], knobs),
                evaluations=settings["evaluations"],
                loss=loss,
                record_every=settings["evaluations"],
            )
            cell = f"{settings['starts_of']}/tuning"
            starts = range(settings["starts"])
            trials = _trainings(settings, letters, starts, cell, options, log)
            rows += [
                {
                    "loss": loss,
                    **knobs,
                    "start": start,
                    "error": np.nan if trial.status == "diverged" else trial.errors[-1],
                    "evaluations": int(trial.evaluations[-1]),
                }
                for start, trial in trials.items()
            ]
    return pd.DataFrame(rows)


MEASURED = ("loss", "start", "error", "evaluations", "operations")
"""Columns of trials; the others are what was tried."""


def medians(trials: pd.DataFrame) -> pd.DataFrame:
    """Median error of each loss and combination of knobs, sorted; infinite where half diverged."""
    knobs = [name for name in trials if name not in MEASURED]
    errors = trials.assign(error=trials["error"].fillna(np.inf))
    return errors.groupby(["loss", *knobs], sort=True)["error"].median().reset_index()


def chosen_knobs(trials: pd.DataFrame) -> dict[str, Json]:
    """For each loss the combination with the lowest median error, of equal ones the first.

    A trial that diverged counts as infinitely bad.
    """
    best = {}
    for loss, rows in medians(trials).groupby("loss", sort=False):
        row = rows.loc[[rows["error"].idxmin()]].drop(columns=["loss", "error"])
        best[str(loss)] = row.to_dict("records")[0]
    return best


def is_inside(trials: pd.DataFrame, knobs: Fields) -> bool | None:
    """Whether each number that was chosen lies between others that were tried, none at an edge.

    trials : of one loss; knobs : what was chosen of them
    None where no number was tuned.
    """
    numbers = [knob for knob, value in knobs.items() if not isinstance(value, str)]
    if not numbers:
        return None
    return all(trials[knob].min() < knobs[knob] < trials[knob].max() for knob in numbers)


def train(
    settings: Fields,
    letters: Array,
    knobs: Mapping[str, Fields],
    log: Callable[[str], None],
) -> dict[str, dict[int, Training]]:
    """The trainings of one optimizer and network on letters (letters, pixels), by loss.

    knobs : by loss what was chosen of the trials, where there are any
    """
    return {
        loss: _trainings(
            settings,
            letters,
            replicates_of(settings),
            settings["starts_of"],
            staged(
                with_knobs(settings["stages"], knobs.get(loss, {})),
                evaluations=settings["evaluations"],
                loss=loss,
                record_every=settings["record_every"],
            ),
            lambda line, loss=loss: log(f"{loss}, {line}"),  # type: ignore[misc]
        )
        for loss in settings["losses"]
    }


SHOWN_KNOBS = ("learning_rate", "schedule", "xtol", "ftol")
"""Knobs that tables name: what may be tuned."""


def used_knobs(stages: Sequence[Fields], knobs: Fields) -> Json:
    """Of the knobs that tables name those of the last stage that has them; None for none."""
    used = {knob: value for stage in with_knobs(stages, knobs) for knob, value in stage.items()}
    return {knob: used.get(knob) for knob in SHOWN_KNOBS}


def with_operations(table: pd.DataFrame, network: Network, samples: int) -> pd.DataFrame:
    """A table that counts evaluations, with what they cost as one more column."""
    return table.assign(operations=table["evaluations"] * multiply_adds(network, samples))
