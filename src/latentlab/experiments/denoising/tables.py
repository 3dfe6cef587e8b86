"""The tables and metrics of ``denoising``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from latentlab.aliases import Fields
from latentlab.data.fonts import LETTERS
from latentlab.experiments.denoising.measures import DRAWN, MEASURES
from latentlab.experiments.gathering import by, nested, set_interval, summarize
from latentlab.experiments.knobs import slug
from latentlab.measures import statistics

FAMILY = ["font", "subset", "network"]
"""What denoisers that differ by the noise they learned alone have in common."""

NOISE = ["kind", "probability", "range"]

DENOISER = [*FAMILY, *NOISE]
"""What names a denoiser: the factors of its cell."""

TESTED = [f"test_{key}" for key in NOISE]

_PUBLISHED_KINDS = ("uniform", "uniform_as_run", "salt_and_pepper")
"""The published noise as meant, as its code ran it, and as its slide names it."""


def noise_summary(scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each noise that a denoiser was tested on, with intervals over replicates."""
    return summary_of(scores, TESTED)


def summary_of(scores: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The measures that the scores have, in their order, with intervals over replicates."""
    known = MEASURES | DRAWN
    estimators = {name: known[name].estimator for name in scores if name in known}
    summary = summarize(scores, keys, **estimators)
    for name in estimators:
        if bounds := known[name].bounds:
            ends = [f"{name}_low", f"{name}_high"]
            summary[ends] = summary[ends].clip(*bounds)
    return summary


def denoising_summary(
    replicates: pd.DataFrame, published: Mapping[str, Mapping[str, Mapping[str, Fields]]]
) -> pd.DataFrame:
    """Denoisers by cell and condition ("training" or "fresh" noise), with intervals.

    published : training errors by subset, network and slug of the probability
    """
    summary = summary_of(replicates, [*DENOISER, "noise"])
    summary["published_error"] = [
        published.get(row.subset, {})
        .get(row.network, {})
        .get(slug("p", row.probability), {})
        .get("error", np.nan)
        if row.noise == "training" and row.kind in _PUBLISHED_KINDS
        else np.nan
        for row in summary.itertuples()
    ]
    return summary


def share_of_draws(shares: ArrayLike, answers: ArrayLike) -> statistics.Estimate:
    """Share of good answers to all noises together, with Wilson's 95 % interval over the draws.

    shares, answers : of each noise the share of its answers that are good, and how many these are
    scipy.stats.binomtest; Wilson, J. Am. Stat. Assoc. 22 (1927), 209. The interval is for other
    draws of the noise on the same letters, of a linear map with the same examples; it says nothing
    of other letters. Draws are independent, but one letter is harder than another: as all are
    drawn as often, that only makes the interval wider than it need be.
    """
    good, total = (int(np.rint(n).sum()) for n in (np.multiply(shares, answers), answers))
    test = stats.binomtest(good, total)
    interval = test.proportion_ci(statistics.CONFIDENCE, method="wilson")
    return statistics.Estimate(test.statistic, float(interval.low), float(interval.high))


def answers_scored(section: Mapping[str, Any], subset: str) -> int:
    """How many answers a score on one fresh noise is of: every draw of every letter."""
    entry = section["subsets"][subset]
    count = entry.get("all", LETTERS) if entry["letters"] == "all" else len(entry["letters"])
    return int(section["fresh_draws"]) * int(count)


def baseline_summary(baselines: pd.DataFrame, section: Mapping[str, Any]) -> pd.DataFrame:
    """The baselines' scores, their shares with intervals over the draws of noise."""
    summary = baselines.copy()
    answers = [answers_scored(section, subset) for subset in summary["subset"]]
    for measure in _measured("share"):
        estimates = [share_of_draws(*of) for of in zip(summary[measure], answers, strict=True)]
        set_interval(summary, measure, estimates)
    return summary


def nearest_denoisers(matrix: pd.DataFrame) -> pd.DataFrame:
    """Of every noise tested, the family's denoiser that learned the nearest one; a row each.

    matrix : a row a denoiser and noise tested. Nearest is first who learned the kind, then the
        least distance of ranges, then that of probabilities, of equal ones the first row.
    """
    away = [
        *((matrix[key] - matrix[f"test_{key}"]).abs().round(9) for key in ("probability", "range")),
        matrix["kind"] != matrix["test_kind"],
    ]  # the last decides first
    nearest = matrix.iloc[np.lexsort(away)].drop_duplicates([*FAMILY, *TESTED])
    return nearest.sort_index()


def noise_metrics(matrix: pd.DataFrame) -> dict[str, Any]:
    """How many letters come back, by family (as its cells are named) and noise tested.

    Of the family's denoisers, ``nearest_denoisers``; ``learned`` is its noise. The range is a
    level of its own only where several are tested.
    """
    tests = nearest_denoisers(matrix)
    shown = _slugged(tests[TESTED].set_axis(NOISE, axis=1)).assign(
        family=["/".join(names) for names in tests[FAMILY].to_numpy()],
        learned=["/".join(noise) for noise in _slugged(tests)[NOISE].to_numpy()],
    )
    columns = _with_bounds("exact", "within_one_pixel")
    shown[columns] = tests[columns]
    if shown["range"].nunique() == 1:
        shown = shown.drop(columns="range")
    keys = [key for key in ("family", "kind", "range", "probability") if key in shown]
    return nested(shown, keys)


def denoising_correlations(orthogonality: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of resistance with similarity over subsets of the most common size.

    orthogonality : a row a font, network, subset and replicate. One row a font, network, kind of
    similarity and measure; "nearest_" measures say what the letters themselves allow. Subsets of
    a font share letters: the intervals allow for it.
    """
    each = ["font", "network", "size", "subset", "letters"]
    numbers = ["similarity", "similarity_centered", "within_one_pixel", "right_letter"]
    numbers += ["nearest_within_one_pixel", "nearest_right_letter"]
    subsets = orthogonality.groupby(each, sort=False)[numbers].mean().reset_index()
    size = subsets["size"].mode()[0]
    subsets = subsets[subsets["size"] == size]
    rows = []
    for (font, network), table in by(subsets, ["font", "network"]):
        letters = [frozenset(str(of)) for of in table["letters"]]
        for measure in numbers[2:]:
            for kind in numbers[:2]:
                estimate = statistics.rank_correlation(table[kind], table[measure], letters)
                rows.append(
                    {
                        "font": font,
                        "network": network,
                        "similarity": kind,
                        "measure": measure,
                        "size": size,
                        "subsets": len(table),
                        "correlation": estimate.value,
                        "correlation_low": estimate.low,
                        "correlation_high": estimate.high,
                    }
                )
    return pd.DataFrame(rows)


def denoising_metrics(
    summary: pd.DataFrame,
    matrix: pd.DataFrame,
    baselines: pd.DataFrame,
    variations: pd.DataFrame,
    correlations: pd.DataFrame,
) -> dict[str, Any]:
    """Metrics by subset, font, kind of noise and probability, all on fresh noise.

    The network and the range are levels of their own only where a subset has several. Measures on
    the copies learned from begin with ``training_``; ``baselines`` holds theirs on other draws.
    Beside the subsets stand ``tested``, ``variations`` and ``orthogonality``.

    baselines : as ``baseline_summary`` gives them
    """
    tree: dict[str, Any] = {}
    scored = [*_measured("mean"), *_with_bounds(*_measured("share"))]
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
            scores = {name: row[name] for name in scored}
            node.setdefault("baselines", {})[row["baseline"]] = scores
    tree["tested"] = noise_metrics(matrix)
    tree["variations"] = nested(summary_of(variations, ["knob", "value"]), ["knob", "value"])
    keys = ["font", "network", "measure", "similarity"]
    tree["orthogonality"] = nested(correlations.drop(columns="size"), keys)
    return tree


def _measured(estimator: str) -> list[str]:
    return [name for name, measure in MEASURES.items() if measure.estimator == estimator]


def _with_bounds(*measures: str) -> list[str]:
    """The columns of measures and of the ends of their intervals."""
    return [f"{measure}{end}" for measure in measures for end in ("", "_low", "_high")]


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
