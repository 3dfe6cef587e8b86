"""From the results of single cells to an experiment's tables and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from latentlab import statistics
from latentlab.params import slug
from latentlab.tables import read_csv

Factors = Mapping[str, Mapping[str, Any]]


def gather_cells(folder: str | Path, factors: Factors, *files: str) -> pd.DataFrame:
    """The tables of all cells, one under the other, with the cells' factors as first columns.

    folder : where the cells' folders are, by the names that ``factors`` has
    files : tables of a cell; several are joined on their common columns
    """
    tables = []
    for cell, values in factors.items():
        first, *others = (read_csv(Path(folder) / cell / file) for file in files)
        for other in others:
            first = first.merge(other, validate="one_to_one")
        named = pd.DataFrame(values, index=first.index)
        tables.append(pd.concat([named, first.drop(columns=list(values), errors="ignore")], axis=1))
    return pd.concat(tables, ignore_index=True)


def _by(table: pd.DataFrame, keys: Sequence[str]) -> Any:
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
    for values, cell in _by(history, keys):
        errors = carried_forward(cell)
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
    for values, cell in _by(replicates, keys):
        row = {**dict(zip(keys, values, strict=True)), "replicates": len(cell)}
        for measure, estimator in measures.items():
            estimate = getattr(statistics, estimator)(cell[measure])
            row |= {
                measure: estimate.value,
                f"{measure}_low": estimate.low,
                f"{measure}_high": estimate.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _published(published: Mapping[str, Any], values: Sequence[str]) -> Mapping[str, float]:
    figures: Mapping[str, Any] = published
    for value in values:
        figures = figures.get(value, {})
    return figures


def letter_summary(
    replicates: pd.DataFrame, keys: Sequence[str], published: Mapping[str, Any]
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
        mean_wrong_pixels="mean",
        exact="share",
        within_one_pixel="share",
    )
    groups = [cell for _, cell in _by(replicates, keys)]
    figures = [_published(published, values) for values, _ in _by(replicates, keys)]
    summary["best_error"] = [cell["error"].min() for cell in groups]
    summary["best_max_wrong_pixels"] = [cell["max_wrong_pixels"].min() for cell in groups]
    for measure, most in (("starts_exact", 0), ("starts_within_one_pixel", 1)):
        summary[measure] = [(cell["max_wrong_pixels"] <= most).mean() for cell in groups]
    summary["published_error"] = [figure.get("error", np.nan) for figure in figures]
    summary["published_epochs"] = [figure.get("epochs", np.nan) for figure in figures]
    summary["published_rank"] = [
        statistics.rank_share(cell["error"], figure["error"]) if "error" in figure else np.nan
        for cell, figure in zip(groups, figures, strict=True)
    ]
    return summary


def nested(summary: pd.DataFrame, keys: Sequence[str]) -> dict[str, Any]:
    """The rows of a summary as a tree of mappings: one level a key, then the measures known."""
    tree: dict[str, Any] = {}
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


def letter_yardstick(
    replicates: pd.DataFrame, networks: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The course's yardstick, for each font ("all_fonts": all letters at once).

    At the top the best network with 2 latent units; below ``one_dimensional`` those with one,
    below ``powell_only`` those trained by Powell alone through 2. Each with its name, the wrong
    pixels of the worst letter in its best start, and the share of its starts that do as well.
    replicates : columns font, network, max_wrong_pixels
    networks : ``letters.networks`` of the parameters
    """
    found: dict[str, Any] = {}
    for (font, name), cell in _by(replicates, ["font", "network"]):
        network = networks[name]
        latent = network["architecture"][len(network["architecture"]) // 2]
        best = int(cell["max_wrong_pixels"].min())
        entry = {
            "network": name,
            "max_wrong_pixels": best,
            "share_of_starts": float((cell["max_wrong_pixels"] == best).mean()),
        }
        places = {1: [found.setdefault("one_dimensional", {})], 2: [found]}.get(latent, [])
        if latent == 2 and network["optimizer"] in ("powell", "scipy-powell"):
            places.append(found.setdefault("powell_only", {}))
        for place in places:
            known = place.get(all_fonts(font))
            if known is None or _better(entry, known):
                place[all_fonts(font)] = entry
    return found


def all_fonts(font: str) -> str:
    """The name of a font in metrics: "all" says more as "all_fonts"."""
    return "all_fonts" if font == "all" else font


def _better(entry: Mapping[str, Any], than: Mapping[str, Any]) -> bool:
    return (entry["max_wrong_pixels"], -entry["share_of_starts"]) < (
        than["max_wrong_pixels"],
        -than["share_of_starts"],
    )


DENOISING_MEASURES = {
    "error": "median",
    "mean_wrong_pixels": "mean",
    "exact": "share",
    "within_one_pixel": "share",
    "right_letter": "share",
}


def denoising_summary(
    replicates: pd.DataFrame, keys: Sequence[str], published: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Denoisers by cell and condition ("training" or "fresh" noise), with intervals.

    published : training errors by slug of the probability, for the published subset
    """
    summary = summarize(replicates, [*keys, "noise"], **DENOISING_MEASURES)
    summary["published_error"] = [
        published.get(slug("p", row.probability), {}).get("error", np.nan)
        if (row.subset, row.noise) == ("published", "training")
        else np.nan
        for row in summary.itertuples()
    ]
    return summary


def denoising_metrics(summary: pd.DataFrame) -> dict[str, Any]:
    """Metrics by subset, font, network, kind, range, probability and condition."""
    table = summary.assign(
        probability=[slug("p", value) for value in summary["probability"]],
        range=[slug("r", value) for value in summary["range"]],
    )
    return nested(table, ["subset", "font", "network", "kind", "range", "probability", "noise"])


def loss_curves(history: pd.DataFrame) -> pd.DataFrame:
    """Mean over replicates of every loss term, by data set, model and epoch."""
    keys = ["dataset", "model", "epoch"]
    return _by(history.drop(columns="replicate"), keys).mean().reset_index()


def vae_summary(
    replicates: pd.DataFrame, published: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Models on image sets: every measure's mean and interval over replicates, and published.

    replicates : columns dataset, model, replicate and the measures of ``latentlab.generation``.
        Of a measure with a <measure>_standard_error over test images that becomes the interval
        <measure>_images_low to _images_high: which other test images could have given
    published : test losses by data set, of the model "published"; published_rank is the share of
        our replicates with a test loss at most as large
    """
    keys = ["dataset", "model"]
    columns = [name for name in replicates if name not in (*keys, "replicate")]
    measures = [name for name in columns if not name.endswith("_standard_error")]
    summary = summarize(replicates, keys, **dict.fromkeys(measures, "mean"))
    for name in (name for name in columns if name not in measures):
        measure = name.removesuffix("_standard_error")
        half = norm.ppf((1 + statistics.CONFIDENCE) / 2) * _by(replicates, keys)[name].mean()
        for side, bound in (("low", -half), ("high", half)):
            summary[f"{measure}_images_{side}"] = summary[measure] + bound.to_numpy()
    losses = [cell["test_loss"] for _, cell in _by(replicates, keys)]
    known = [
        published.get(row.dataset, {}).get("test_loss", np.nan)
        if row.model == "published"
        else np.nan
        for row in summary.itertuples()
    ]
    summary["published_test_loss"] = known
    summary["published_rank"] = [
        np.nan if np.isnan(figure) else statistics.rank_share(found, figure)
        for found, figure in zip(losses, known, strict=True)
    ]
    return summary
