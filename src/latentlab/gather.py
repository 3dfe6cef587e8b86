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
    joined = None
    for file in files:  # all cells of a file at once: a table of its own for each costs more
        tables = [read_csv(Path(folder) / cell / file) for cell in factors]
        rows = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        named = pd.DataFrame(list(factors.values())).iloc[rows].reset_index(drop=True)
        table = pd.concat(tables, ignore_index=True).drop(columns=list(named), errors="ignore")
        table = pd.concat([named, table], axis=1)
        joined = table if joined is None else joined.merge(table, validate="one_to_one")
    assert joined is not None, "no file named"
    return joined


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


DENOISER = ["font", "subset", "network", "kind", "probability", "range"]
"""What names a denoiser: the factors of its cell."""

TESTED = ["test_kind", "test_probability", "test_range"]

DENOISING_MEASURES = {
    "error": "median",
    "mean_wrong_pixels": "mean",
    "exact": "share",
    "within_one_pixel": "share",
    "right_letter": "share",
}

_PUBLISHED_KINDS = ("uniform", "uniform_as_run", "salt_and_pepper")
"""The published noise as meant, as its code ran it, and as its slide names it."""


def test_summary(scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each noise that a denoiser was tested on, with intervals over replicates."""
    return summarize(scores, TESTED, **DENOISING_MEASURES)


def denoising_summary(
    replicates: pd.DataFrame, published: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Denoisers by cell and condition ("training" or "fresh" noise), with intervals.

    published : training errors by slug of the probability, for the network "published"
    """
    summary = summarize(replicates, [*DENOISER, "noise"], **DENOISING_MEASURES)
    summary["published_error"] = [
        published.get(slug("p", row.probability), {}).get("error", np.nan)
        if (row.subset, row.network, row.noise) == ("published", "published", "training")
        and row.kind in _PUBLISHED_KINDS
        else np.nan
        for row in summary.itertuples()
    ]
    return summary


def denoising_correlations(orthogonality: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of resistance with similarity over subsets of the most common size.

    orthogonality : a row a font, network, subset and replicate. One row a font, network, kind of
    similarity and measure; "nearest_" measures say what the letters themselves allow.
    """
    each = ["font", "network", "size", "subset"]
    numbers = ["similarity", "similarity_centered", "within_one_pixel", "right_letter"]
    numbers += ["nearest_within_one_pixel", "nearest_right_letter"]
    subsets = orthogonality.groupby(each, sort=False)[numbers].mean().reset_index()
    subsets = subsets[subsets["size"] == subsets["size"].mode()[0]]
    rows = []
    for (font, network), table in _by(subsets, ["font", "network"]):
        for measure in numbers[2:]:
            for kind in numbers[:2]:
                estimate = statistics.rank_correlation(table[kind], table[measure])
                rows.append(
                    {
                        "font": font,
                        "network": network,
                        "similarity": kind,
                        "measure": measure,
                        "subsets": len(table),
                        "correlation": estimate.value,
                        "correlation_low": estimate.low,
                        "correlation_high": estimate.high,
                    }
                )
    return pd.DataFrame(rows)


def denoising_metrics(
    summary: pd.DataFrame,
    baselines: pd.DataFrame,
    variations: pd.DataFrame,
    correlations: pd.DataFrame,
) -> dict[str, Any]:
    """Metrics by subset, font, kind of noise and probability, all on fresh noise.

    The network and the range are levels of their own only where a subset has several. Measures on
    the copies learned from begin with ``training_``; ``baselines`` holds theirs on the same noise.
    Beside the subsets stand ``variations`` and ``orthogonality``.
    """
    tree: dict[str, Any] = {}
    for subset, table in _by(_slugged(summary), ["subset"]):
        levels = ["font", "network", "kind", "range", "probability"]
        single = [key for key in ("network", "range") if table[key].nunique() == 1]
        keys = [key for key in levels if key not in single]
        learned, fresh = (table[table["noise"] == noise] for noise in ("training", "fresh"))
        dropped = [*single, "noise", "subset"]
        tree[subset[0]] = nested(fresh.drop(columns=[*dropped, "published_error"]), keys)
        _merge(tree[subset[0]], nested(learned.drop(columns=dropped), keys), "training_")
        own = _slugged(baselines)
        own = own[own["subset"] == subset[0]]
        for row in own.merge(table[["font", "network", "kind", "range", "probability"]]
                             .drop_duplicates()).to_dict("records"):  # fmt: skip
            node = tree[subset[0]]
            for key in keys:
                node = node[row[key]]
            scores = {m: row[m] for m in DENOISING_MEASURES if m != "error"}
            node.setdefault("baselines", {})[row["baseline"]] = scores
    summed = summarize(variations, ["knob", "value"], **DENOISING_MEASURES)
    tree["variations"] = nested(summed, ["knob", "value"])
    keys = ["font", "network", "measure", "similarity"]
    tree["orthogonality"] = nested(correlations, keys)
    return tree


def _slugged(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its probability and range as parts of a path."""
    return table.assign(
        probability=[slug("p", value) for value in table["probability"]],
        range=[slug("r", value) for value in table["range"]],
    )


def _merge(tree: dict[str, Any], other: Mapping[str, Any], prefix: str) -> None:
    """Put the leaves of another tree of the same branches beside this one's, with a prefix."""
    for key, value in other.items():
        if isinstance(value, Mapping):
            _merge(tree[key], value, prefix)
        elif key == "published_error":
            tree[key] = value
        elif key != "replicates":
            tree[f"{prefix}{key}"] = value


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
