"""The tables and metrics of ``optimizers``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from latentlab.aliases import Json
from latentlab.experiments.gathering import by, levels_summary, summarize
from latentlab.experiments.optimizers.runs import SHOWN_KNOBS, is_inside

GRID = 60
"""Costs, evenly spaced on a logarithmic axis, at which optimizers are compared."""

KEYS = ["network", "loss", "optimizer"]
"""What a row of the tables of ``optimizers`` is about."""


def convergence(history: pd.DataFrame) -> pd.DataFrame:
    """Median error and quartiles over replicates at common costs, by network, loss, optimizer.

    history : columns of ``KEYS``, comparison, replicate, operations, error. At a cost a training
        has the last error recorded until then; one that stopped keeps its last, until the end of
        the budget of its comparison.
    """
    tables = []
    for (network, comparison), runs in by(history, ["network", "comparison"]):
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
                        "comparison": comparison,
                        "operations": grid,
                        "error": middle,
                        "lower_quartile": low,
                        "upper_quartile": high,
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def with_every_knob(trials: pd.DataFrame) -> pd.DataFrame:
    """Trials with a column for each knob that may be tuned, NaN where none of them has it."""
    return trials.reindex(columns=list(dict.fromkeys([*trials.columns, *SHOWN_KNOBS])))


def ends(history: pd.DataFrame, early: pd.DataFrame) -> pd.DataFrame:
    """The error of every training at its start, at its end, and early where that is known.

    For controls: at the end it is lower; in pairs of runs of one optimizer neither is.
    history : columns of ``KEYS``, replicate, operations, error
    early : of ``early_errors``
    Columns: those of ``KEYS``, replicate, pair (runs 0 and 1, 2 and 3, ...), runs (even, odd: by
    the replicate's number), moment (start, end, early), trained (optimizer and moment), error.
    """
    runs = by(history.sort_values("operations", kind="stable"), [*KEYS, "replicate"])["error"]
    both = pd.concat([runs.first(), runs.last()], keys=["start", "end"], names=["moment"])
    early = early.rename(columns={"early_error": "error"}).assign(moment="early")
    both = pd.concat([both.reset_index(), early], ignore_index=True)
    both["trained"] = both["optimizer"] + ", " + both["moment"]
    pair, odd = np.divmod(both["replicate"], 2)
    both = both.assign(pair=pair, runs=np.where(odd, "odd", "even"))
    return both[[*KEYS, "replicate", "pair", "runs", "moment", "trained", "error"]]


def early_errors(history: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """The last error of each replicate that was recorded until an epoch, as ``early_error``.

    history : columns of ``KEYS``, replicate, epoch, error, in the order of the training
    """
    until = history[history["epoch"] <= epochs]
    errors = until.groupby([*KEYS, "replicate"], sort=False)["error"].last()
    return errors.rename("early_error").reset_index()


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

    replicates : early_error is NaN where it does not matter
    tuning : columns of ``KEYS``, operations, and of what was tried; a row a trial
    ``inside``: of what was tuned, whether each chosen number lies inside those that were tried.
    """
    summary = summarize(
        replicates,
        KEYS,
        error="median",
        epochs="median",
        operations="median",
        mean_wrong_pixels="median",
        exact="median",
        within_one_pixel="median",
    ).merge(levels_summary(replicates, KEYS, "operations", levels), on=KEYS)
    early = replicates[replicates["early_error"].notna()]
    if early.empty:
        early = pd.DataFrame(columns=[*KEYS, *(f"early_error{x}" for x in ("", "_low", "_high"))])
    else:
        early = summarize(early, KEYS, early_error="median").drop(columns="replicates")
    summary = summary.merge(early, on=KEYS, how="left")
    first = by(replicates, KEYS)[["comparison", "budget", *SHOWN_KNOBS]].agg(lambda x: x.iloc[0])
    summary = summary.merge(first, left_on=KEYS, right_index=True)
    spent = by(tuning, KEYS)["operations"].sum().rename("tuning_operations")
    summary = summary.merge(spent, left_on=KEYS, right_index=True, how="left")
    summary = summary.fillna({"tuning_operations": 0.0})
    trials = dict(iter(by(tuning, KEYS)))
    summary["inside"] = pd.Series(
        [_inside(row, trials.get(tuple(row[key] for key in KEYS))) for row in _rows(summary)],
        summary.index,
        object,
    )
    return summary


def _rows(table: pd.DataFrame) -> list[Json]:
    rows: list[Json] = table.to_dict("records")
    return rows


def _inside(row: Json, trials: pd.DataFrame | None) -> bool | None:
    """``runs.is_inside`` of the knobs in a row that its trials tried."""
    if trials is None:
        return None
    knobs = {k: row[k] for k in SHOWN_KNOBS if k in trials and trials[k].notna().any()}
    return is_inside(trials, knobs)
