"""The tables and metrics of ``architectures``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from latentlab.aliases import Array, Fields
from latentlab.experiments.gathering import (
    letter_summary,
    levels_summary,
    set_interval,
    summarize,
)
from latentlab.measures import statistics
from latentlab.models.network import squared_error

READINGS = {"relu": "ReLU as meant", "relu_as_run": "ReLU as the published code ran it"}
"""What figures and report call an encoder's activation; others by their names."""

FACTORIAL = ["depth", "latent", "hidden"]
"""What a row of the factorial's table is about: hidden layers, latent units, units of a layer."""


SHAPE = ["depth", "latent", "weights"]
"""What is told of a network's size: hidden layers of the encoder, latent units, all weights."""


def with_shapes(
    table: pd.DataFrame, architectures: Mapping[str, Sequence[int]], biases: bool
) -> pd.DataFrame:
    """A table of runs with the columns of ``SHAPE``, as far as it has not got them.

    table : column network, a key of ``architectures`` (units of every layer)
    """
    shapes = {
        name: (
            len(units) // 2 - 1,
            units[len(units) // 2],
            sum((a + biases) * b for a, b in itertools.pairwise(units)),
        )
        for name, units in architectures.items()
    }
    columns = zip(*table["network"].map(shapes), strict=True)
    found = dict(zip(SHAPE, columns, strict=True))
    return table.assign(**{name: values for name, values in found.items() if name not in table})


def controls(letters: Array) -> pd.DataFrame:
    """Answers of which it is known what their error says: columns answer, error.

    letters : (letters, pixels). constant : the mean of all letters, the best answer that is the
    same for each; perfect : every letter itself.
    """
    answers = {"constant": np.broadcast_to(letters.mean(axis=0), letters.shape), "perfect": letters}
    errors = {name: squared_error(answer, letters) for name, answer in answers.items()}
    return pd.DataFrame({"answer": list(errors), "error": list(errors.values())})


def epochs_by_level(replicates: pd.DataFrame) -> pd.DataFrame:
    """The epochs of runs to each error level, one below the other; NaN where it is not reached.

    Known of it: a lower error is never reached sooner. So it is a control of what counts epochs.
    replicates : columns of ``FACTORIAL``, replicate, epochs_to_<level>
    Columns: those of ``FACTORIAL``, replicate, level, epochs_to_level.
    """
    prefix = "epochs_to_"
    columns = [name for name in replicates if name.startswith(prefix)]
    table = replicates.melt([*FACTORIAL, "replicate"], columns, "level", "epochs_to_level")
    return table.assign(level=table["level"].str.removeprefix(prefix).astype(float))


def architectures_summary(
    replicates: pd.DataFrame, published: Fields, levels: Sequence[float]
) -> pd.DataFrame:
    """``letter_summary`` by network and encoder, with epochs to error levels.

    published : error and epochs by network, which stand beside every reading of its encoder
    """
    keys = ["network", "encoder"]
    figures = {
        name: dict.fromkeys(replicates["encoder"].unique(), figure)
        for name, figure in published.items()
    }
    summary = letter_summary(replicates, keys, figures)
    return summary.merge(levels_summary(replicates, keys, "epochs", levels), on=keys)


def low_level(replicates: pd.DataFrame) -> str:
    """The lowest error level that at least half of all runs reach (the highest if none is)."""
    columns = [name for name in replicates if name.startswith("epochs_to_")]
    levels = sorted(float(name.removeprefix("epochs_to_")) for name in columns)
    reached = [x for x in levels if replicates[f"epochs_to_{x:g}"].notna().mean() >= 0.5]
    return f"{(reached or levels[-1:])[0]:g}"


def factorial_effects(replicates: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """What each factor does, the others averaged over: one row a factor and value.

    error : median; error_ratio : to the factor's lowest value, the geometric mean over pairs of
    runs that agree in the other factors and the replicate, with Student's interval of the
    logarithms; then the epochs to error levels.
    replicates : columns of ``FACTORIAL``, replicate, error, epochs_to_<level>
    """
    tables = []
    for factor in FACTORIAL:
        others = [name for name in (*FACTORIAL, "replicate") if name != factor]
        errors = replicates.pivot(index=others, columns=factor, values="error")
        logs = np.log(errors)
        table = summarize(replicates, [factor], error="median")
        lowest = logs.columns.min()
        ratios = [
            np.exp(statistics.mean(logs[value] - logs[lowest]))
            if value != lowest
            else (1.0, np.nan, np.nan)
            for value in table[factor]
        ]
        set_interval(table, "error_ratio", [statistics.Estimate(*map(float, r)) for r in ratios])
        table = table.merge(levels_summary(replicates, [factor], "epochs", levels), on=factor)
        tables.append(table.rename(columns={factor: "value"}).assign(factor=factor))
    effects = pd.concat(tables, ignore_index=True).sort_values(
        "value", kind="stable", ignore_index=True
    )
    order = effects["factor"].map({name: i for i, name in enumerate(FACTORIAL)})
    effects = effects.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    return effects[["factor", "value", *[c for c in effects if c not in ("factor", "value")]]]
