"""The tables and metrics of ``denoising``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from latentlab import statistics
from latentlab.cells import slug
from latentlab.gather.common import by, nested, summarize

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


def noise_summary(scores: pd.DataFrame) -> pd.DataFrame:
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
    for (font, network), table in by(subsets, ["font", "network"]):
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
    for subset, table in by(_slugged(summary), ["subset"]):
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
