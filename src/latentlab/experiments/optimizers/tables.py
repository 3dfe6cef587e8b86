"""The tables and metrics of ``optimizers``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from latentlab.experiments.gathering import by, levels_summary, summarize

GRID = 80
"""Costs, evenly spaced on a logarithmic axis, at which optimizers are compared."""

KEYS = ["network", "loss", "optimizer"]
"""What a row of the tables of ``optimizers`` is about."""


def convergence(history: pd.DataFrame) -> pd.DataFrame:
    """Median error and quartiles over replicates at common costs, by network, loss, optimizer.

    history : columns of ``KEYS``, replicate, operations, error. At a cost a training has the
    last error recorded until then; one that stopped keeps its last.
    """
    tables = []
    for network, runs in history.groupby("network", sort=False):
        spent = runs["operations"]
        grid = np.geomspace(spent[spent > spent.min()].min(), spent.max(), GRID)
        for (loss, optimizer), cell in runs.groupby(["loss", "optimizer"], sort=False):
            errors = [
                run["error"].to_numpy()[np.searchsorted(run["operations"], grid, "right") - 1]
                for _, run in cell.groupby("replicate", sort=True)
            ]
            low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
            tables.append(
                pd.DataFrame(
                    {
                        "network": network,
                        "loss": loss,
                        "optimizer": optimizer,
                        "operations": grid,
                        "error": middle,
                        "lower_quartile": low,
                        "upper_quartile": high,
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def ends(history: pd.DataFrame) -> pd.DataFrame:
    """The error of every training at its start and at its end, as a control: it has fallen.

    history : columns of ``KEYS``, replicate, operations, error
    Columns: those of ``KEYS``, replicate, moment (start, end), error.
    """
    runs = by(history.sort_values("operations", kind="stable"), [*KEYS, "replicate"])["error"]
    both = pd.concat([runs.first(), runs.last()], keys=["start", "end"], names=["moment"])
    return both.reset_index()[[*KEYS, "replicate", "moment", "error"]]


def performance_profiles(costs: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """Share of problems that each optimizer solves within a factor of the least cost.

    Dolan and More (2002). A problem is to bring a network and start to an error level; its least
    cost is over all optimizers and losses. Steps of each line: columns level, loss, optimizer,
    factor, share, from factor 1 on.
    costs : columns of ``KEYS``, replicate, operations_to_<level> (NaN: not reached)
    """
    tables = []
    for level in levels:
        wide = costs.pivot(
            index=["network", "replicate"],
            columns=["loss", "optimizer"],
            values=f"operations_to_{level:g}",
        )
        solved = wide[wide.notna().any(axis=1)]
        factors = solved.div(solved.min(axis=1), axis=0)
        for loss, optimizer in costs[["loss", "optimizer"]].drop_duplicates().to_numpy():
            factors_of_runs = np.sort(factors[loss, optimizer].dropna().to_numpy())
            steps = np.unique(np.concatenate([[1.0], factors_of_runs]))
            tables.append(
                pd.DataFrame(
                    {
                        "level": level,
                        "loss": loss,
                        "optimizer": optimizer,
                        "factor": steps,
                        # of all problems: one that nobody solves counts for nobody
                        "share": np.searchsorted(factors_of_runs, steps, "right") / len(wide),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def optimizers_summary(
    replicates: pd.DataFrame, tuning: pd.DataFrame, levels: Sequence[float]
) -> pd.DataFrame:
    """Optimizers by network and loss: error, cost, wrong pixels, cost to error levels, tuning.

    tuning : columns of ``KEYS``, operations; a row a trial
    """
    summary = summarize(
        replicates,
        KEYS,
        error="median",
        operations="median",
        mean_wrong_pixels="median",
        exact="median",
        within_one_pixel="median",
    ).merge(levels_summary(replicates, KEYS, "operations", levels), on=KEYS)
    summary["learning_rate"] = [cell["learning_rate"].iloc[0] for _, cell in by(replicates, KEYS)]
    spent = by(tuning, KEYS)["operations"].sum().rename("tuning_operations")
    summary = summary.merge(spent, left_on=KEYS, right_index=True, how="left")
    return summary.fillna({"tuning_operations": 0.0})
