"""The tables and metrics of ``vae``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from latentlab import seeds
from latentlab.aliases import Json
from latentlab.experiments.gathering import by, nested, summarize
from latentlab.experiments.knobs import Factors
from latentlab.measures import statistics


def seeded(factors: Factors, seed: int) -> dict[str, Json]:
    """The cells' factors with ``seed``, the whole number that each cell's training is given.

    seed : the study's, from which with the cell's name it comes
    """
    return {
        cell: {**values, "seed": seeds.integer(seed, f"vae/{cell}", "train")}
        for cell, values in factors.items()
    }


def loss_curves(history: pd.DataFrame) -> pd.DataFrame:
    """Mean over replicates of every loss term, by data set, model and epoch."""
    keys = ["dataset", "model", "epoch"]
    return by(history.drop(columns="replicate"), keys).mean().reset_index()


_AREAS = ("code_area", "code_area_halved")
_SHARES = (
    "empty_share", "hole_share", "label_accuracy", "features_explained", "precision", "recall",
    "coverage", "coverage_fewer", "coverage_more", "exact_nll_border",
)  # fmt: skip
_SIGNED = ("elbo", "gap", "excess", "mmd2")
"""Ends of names of measures that may be below 0, if only by chance; the others are sizes."""


def estimator(measure: str) -> str:
    """The function of ``statistics`` for a measure of image models: its interval has its range."""
    if measure in _AREAS:
        return "geometric_mean"
    if measure.removeprefix("binarized_").removeprefix("real_") in _SHARES:
        return "share"
    return "mean" if measure.endswith(_SIGNED) else "size"


def vae_summary(
    replicates: pd.DataFrame, published: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> pd.DataFrame:
    """Models on image sets: every measure's mean and interval over replicates, and published.

    Of areas the geometric mean, as in the claim that compares them. No interval is wider than
    what a measure may be.

    replicates : columns dataset, model, replicate, seed and the measures of
        ``measures.image_scores``. Of a measure with a <measure>_standard_error over test images
        that becomes the interval <measure>_images_low to _images_high: what other test images
        could have given
    published : test losses by data set and model; published_rank is the share of our replicates
        with a test loss at most as large
    """
    keys = ["dataset", "model"]
    columns = [name for name in replicates if name not in (*keys, "replicate", "seed")]
    measures = [name for name in columns if not name.endswith("_standard_error")]
    summary = summarize(replicates, keys, **{m: estimator(m) for m in measures})
    for name in (name for name in columns if name not in measures):
        measure = name.removesuffix("_standard_error")
        half = norm.ppf((1 + statistics.CONFIDENCE) / 2) * by(replicates, keys)[name].mean()
        for side, bound in (("low", -half), ("high", half)):
            summary[f"{measure}_images_{side}"] = summary[measure] + bound.to_numpy()
    losses = [cell["test_loss"] for _, cell in by(replicates, keys)]
    figures = [
        published.get(row.dataset, {}).get(row.model, {}).get("test_loss", np.nan)
        for row in summary.itertuples()
    ]
    summary["published_test_loss"] = figures
    summary["published_rank"] = [
        np.nan if np.isnan(figure) else statistics.rank_share(runs, figure)
        for runs, figure in zip(losses, figures, strict=True)
    ]
    return summary


def code_areas(replicates: pd.DataFrame) -> pd.DataFrame:
    """Areas of codes of which it is known which are smaller: controls of what compares them.

    replicates : columns dataset, model, replicate, code_area, code_area_halved
    Columns: dataset, model, replicate, codes (own; halved: the same times a half), runs (even, odd:
    by their number, which means nothing), code_area.
    """
    keys = ["dataset", "model", "replicate"]
    measured = {"own": "code_area", "halved": "code_area_halved"}
    known = replicates.reindex(columns=[*keys, *measured.values()])  # none: no codes in a plane
    parts = [
        known[keys].assign(codes=name, code_area=known[column]) for name, column in measured.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(runs=np.where(table["replicate"] % 2 == 0, "even", "odd"))


def vae_metrics(summary: pd.DataFrame, controls: pd.DataFrame) -> Json:
    """By data set the measures of every model and, below "controls", of every control.

    summary : of ``vae_summary``; controls : columns dataset, control and the measures
    """
    metrics = nested(summary, ["dataset", "model"])
    for dataset, found in nested(controls, ["dataset", "control"]).items():
        metrics.setdefault(dataset, {})["controls"] = found
    return metrics
