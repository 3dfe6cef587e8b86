"""Point estimates with 95 % intervals; the statistics themselves are scipy.stats'."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A value and the bounds of its interval, NaN where there are too few observations."""

    value: float
    low: float
    high: float


def median(values: ArrayLike) -> Estimate:
    """Median with a distribution-free 95 % interval from order statistics.

    scipy.stats.quantile_test; Conover, Practical Nonparametric Statistics (1999), 3.2.
    Needs 6 observations; below that the bounds are NaN.
    """
    x = np.asarray(values, dtype=np.float64)
    interval = stats.quantile_test(x, p=0.5).confidence_interval(CONFIDENCE)
    return Estimate(float(np.median(x)), float(interval.low), float(interval.high))


def censored_median(values: ArrayLike) -> Estimate:
    """The same where NaN stands for a value that is too large to be known.

    Such values count as infinite; a value or bound that comes out infinite is NaN.
    """
    x = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        estimate = median(np.where(np.isnan(x), np.inf, x))
    return Estimate(*(v if np.isfinite(v) else np.nan for v in estimate))


def mean(values: ArrayLike) -> Estimate:
    """Mean with Student's 95 % interval. Needs 2 observations; below, NaN bounds."""
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return Estimate(float(np.mean(x)), np.nan, np.nan)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(x) - 1) * stats.sem(x)
    center = float(np.mean(x))
    return Estimate(center, float(center - half), float(center + half))


def geometric_mean(values: ArrayLike) -> Estimate:
    """Geometric mean with the interval of ``mean`` on logarithms, of sizes that differ by factors.

    Of values from 0; with a 0 among them it is 0, without bounds.
    """
    x = np.asarray(values, dtype=np.float64)
    if np.any(x == 0):
        return Estimate(0.0, np.nan, np.nan)
    return Estimate(*np.exp(mean(np.log(x))).tolist())


def share(values: ArrayLike) -> Estimate:
    """Mean of values in [0, 1] with Student's 95 % interval, cut at 0 and 1."""
    return _inside(0.0, 1.0, mean(values))


def size(values: ArrayLike) -> Estimate:
    """Mean of values from 0 with Student's 95 % interval, cut at 0."""
    return _inside(0.0, np.inf, mean(values))


def correlation(values: ArrayLike) -> Estimate:
    """Mean of values in [-1, 1] with Student's 95 % interval, cut at both ends."""
    return _inside(-1.0, 1.0, mean(values))


def _inside(least: float, most: float, estimate: Estimate) -> Estimate:
    """An estimate whose interval ends where the measure does; NaN stays NaN."""
    low, high = np.clip(estimate[1:], least, most).tolist()
    return Estimate(estimate.value, low, high)


def proportion(values: ArrayLike) -> Estimate:
    """Share of yes among yes and no (or 1 and 0), with Clopper and Pearson's 95 % interval."""
    x = np.asarray(values, dtype=bool)
    interval = stats.binomtest(int(x.sum()), len(x)).proportion_ci(CONFIDENCE, method="exact")
    return Estimate(float(x.mean()), float(interval.low), float(interval.high))


def between_share(groups: Sequence[ArrayLike]) -> float:
    """Share of a variance that lies between groups: the intraclass correlation ICC(1), from 0 to 1.

    What a group's mean owes to chance is taken off: (MSB - MSW) / (MSB + (n - 1) MSW), n values a
    group, or what Searle, Variance Components (1992), 3.6 puts in its place where groups differ
    in size. NaN without two groups, or where no group has two values.
    """
    values = [np.asarray(group, np.float64) for group in groups]
    sizes = np.array([len(group) for group in values])
    total, many = sizes.sum(), len(sizes)
    if many < 2 or total == many:
        return math.nan
    means = np.array([group.mean() for group in values])
    center = np.concatenate(values).mean()
    within = float(sum(((g - g.mean()) ** 2).sum() for g in values) / (total - many))
    between = float((sizes * (means - center) ** 2).sum() / (many - 1))
    size = float((total - (sizes**2).sum() / total) / (many - 1))
    if between + within == 0.0:
        return math.nan
    component = max(0.0, (between - within) / size)
    return component / (component + within)


def rank_share(values: ArrayLike, published: float) -> float:
    """Share of the values at most as large as a published figure: its rank among them."""
    return float(np.mean(np.asarray(values) <= published))


def rank_correlation(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Spearman's rank correlation with a 95 % interval on Fisher's scale.

    The standard error of atanh(r) is sqrt((1 + r^2 / 2) / (n - 3)): Bonett and Wright,
    Psychometrika 65 (2000), 23. Needs 4 pairs for an interval, 2 and some spread for a value.
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(a) < 2 or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return Estimate(np.nan, np.nan, np.nan)
    r = float(stats.spearmanr(a, b).statistic)
    if len(a) < 4 or abs(r) >= 1.0:
        return Estimate(r, np.nan, np.nan)
    half = stats.norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt((1 + r**2 / 2) / (len(a) - 3))
    low, high = np.tanh(np.arctanh(r) + np.array([-half, half]))
    return Estimate(r, float(low), float(high))
