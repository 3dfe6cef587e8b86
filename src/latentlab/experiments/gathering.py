"""What the tables of all experiments are made by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from latentlab.aliases import Fields, Json
from latentlab.experiments.knobs import Factors, slug
from latentlab.files.tables import read_csv
from latentlab.measures import statistics


def gather_cells(folder: str | Path, factors: Factors, *files: str) -> pd.DataFrame:
    """The tables of all cells, one under the other, with the cells' factors as first columns.

    folder : where the cells' folders are, by the names that ``factors`` has
    files : tables of a cell; several are joined on their common columns
    """
    result = None
    for file in files:  # all cells of a file at once: a table of its own for each costs more
        tables = [read_csv(Path(folder) / cell / file) for cell in factors]
        rows = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        names = pd.DataFrame(list(factors.values())).iloc[rows].reset_index(drop=True)
        table = pd.concat(tables, ignore_index=True).drop(columns=list(names), errors="ignore")
        table = pd.concat([names, table], axis=1)
        result = table if result is None else result.merge(table, validate="one_to_one")
    assert result is not None, "no file named"
    return result


def by(table: pd.DataFrame, keys: Sequence[str]) -> Any:
    """The table in groups of equal keys, in the order in which they come."""
    return table.groupby(list(keys), sort=False)


def carried_forward(history: pd.DataFrame) -> pd.DataFrame:
    """Errors by replicate (rows) and epoch (columns); a run that stopped keeps its last one.

    history : columns replicate, epoch, error, from one cell
    """
    return history.pivot(index="replicate", columns="epoch", values="error").ffill(axis=1)


def learning_curves(history: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Median error and quartiles over replicates, by the keys and the epoch.

    history : columns of the keys, replicate, epoch, error; stopped runs carry forward
    """
    curves = []
    for values, group in by(history, keys):
        errors = carried_forward(group)
        low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
        curves.append(
            pd.DataFrame(
                {
                    **dict(zip(keys, values, strict=True)),
                    "epoch": errors.columns,
                    "error": middle,
                    "lower_quartile": low,
                    "upper_quartile": high,
                }
            )
        )
    return pd.concat(curves, ignore_index=True)


def summarize(replicates: pd.DataFrame, keys: Sequence[str], **measures: str) -> pd.DataFrame:
    """One row for each value of the keys: replicates, and each measure with its interval.

    measures : column of ``replicates`` to its estimator, a function of ``statistics``
    """
    rows = []
    for values, group in by(replicates, keys):
        row = {**dict(zip(keys, values, strict=True)), "replicates": len(group)}
        for measure, estimator in measures.items():
            estimate = getattr(statistics, estimator)(group[measure])
            row |= {
                measure: estimate.value,
                f"{measure}_low": estimate.low,
                f"{measure}_high": estimate.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def set_interval(
    summary: pd.DataFrame, measure: str, estimates: Sequence[statistics.Estimate]
) -> None:
    """Put a measure and the ends of its interval into the table, an estimate a row."""
    for name, values in zip(("", "_low", "_high"), zip(*estimates, strict=True), strict=True):
        summary[f"{measure}{name}"] = values


def nested(summary: pd.DataFrame, keys: Sequence[str]) -> Json:
    """The rows of a summary as a tree of mappings: one level a key, then the measures known."""
    tree: Json = {}
    for row in summary.to_dict("records"):
        node = tree
        for key in keys:
            node = node.setdefault(str(row[key]), {})
        measures = {k: v for k, v in row.items() if k not in keys and not pd.isna(v)}
        # DVC takes a key "error" for a file it failed to read
        node.update(
            {
                k.replace("error", "mean_error") if k.startswith("error") else k: v
                for k, v in measures.items()
            }
        )
    return tree


def first_reached(
    history: pd.DataFrame, keys: Sequence[str], measure: str, levels: Sequence[float], name: str
) -> pd.DataFrame:
    """When the error of each replicate is first at most a level: columns <name>_to_<level>.

    history : columns of the keys, replicate, error and the measure ("epoch", "operations"), in
        the order of the training. NaN: not reached.
    """
    index = [*keys, "replicate"]
    runs = history[index].drop_duplicates().set_index(index)
    for level in levels:
        reached = history[history["error"] <= level].groupby(index, sort=False)[measure].first()
        runs[f"{name}_to_{level:g}"] = reached.reindex(runs.index)
    return runs.reset_index()


def levels_summary(
    replicates: pd.DataFrame, keys: Sequence[str], name: str, levels: Sequence[float]
) -> pd.DataFrame:
    """Per key and level: median of <name>_to_<level> and share of replicates that reach it.

    A replicate that does not reach a level counts as later than any that does.
    """
    columns = {f"{name}_to_{level:g}": f"reached_{level:g}" for level in levels}
    reached = replicates.assign(**{to: replicates[c].notna() for c, to in columns.items()})
    estimators = {
        **dict.fromkeys(columns, "censored_median"),
        **dict.fromkeys(columns.values(), "proportion"),
    }
    return summarize(reached, keys, **estimators).drop(columns="replicates")


def without_dots(metrics: object) -> object:
    """Metrics whose keys name error levels without a dot: "epochs_to_0.5" as "epochs_to-050"."""
    if not isinstance(metrics, dict):
        return metrics
    return {_dotless(key): without_dots(value) for key, value in metrics.items()}


def _dotless(key: str) -> str:
    return re.sub(r"(_to|reached)_([0-9.e+-]+)", lambda m: slug(m.group(1), float(m.group(2))), key)


def published_of(published: Fields, values: Sequence[str]) -> Mapping[str, float]:
    """The published figures of a row, below one level of mappings a key; empty without any."""
    figures: Fields = published
    for value in values:
        figures = figures.get(value, {})
    return figures


def letter_summary(
    replicates: pd.DataFrame, keys: Sequence[str], published: Fields
) -> pd.DataFrame:
    """Networks on letters: error, epochs and wrong pixels, with the published figures.

    published : one level of mappings a key; published_rank is the share of our replicates with an
        error at most as large as the published one
    """
    summary = summarize(
        replicates,
        keys,
        error="median",
        epochs="median",
        mean_wrong_pixels="size",
        exact="share",
        within_one_pixel="share",
    )
    groups = [group for _, group in by(replicates, keys)]
    figures = [published_of(published, values) for values, _ in by(replicates, keys)]
    summary["best_error"] = [group["error"].min() for group in groups]
    summary["best_max_wrong_pixels"] = [group["max_wrong_pixels"].min() for group in groups]
    for measure, most in (("starts_exact", 0), ("starts_within_one_pixel", 1)):
        shares = [statistics.proportion(group["max_wrong_pixels"] <= most) for group in groups]
        set_interval(summary, measure, shares)
    summary["published_error"] = [figure.get("error", np.nan) for figure in figures]
    summary["published_epochs"] = [figure.get("epochs", np.nan) for figure in figures]
    for told in ("iterations", "minutes"):
        if any(told in figure for figure in figures):
            summary[f"published_{told}"] = [figure.get(told, np.nan) for figure in figures]
    ranks = [
        statistics.proportion(group["error"] <= figure["error"])
        if "error" in figure
        else statistics.Estimate(np.nan, np.nan, np.nan)
        for group, figure in zip(groups, figures, strict=True)
    ]
    set_interval(summary, "published_rank", ranks)
    return summary


def best_start(history: pd.DataFrame) -> tuple[int, str]:
    """The replicate with the lowest final error, and how titles call it.

    history : columns replicate, epoch, error
    """
    final = history.groupby("replicate", sort=True)["error"].last()
    name = f"best of {len(final)} starts" if len(final) > 1 else "its only start"
    return int(final.idxmin()), name
