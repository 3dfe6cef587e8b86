"""Point estimates with 95 % intervals; the statistics themselves are scipy.stats'."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from latentlab.aliases import Array

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


def rank_correlation(x: ArrayLike, y: ArrayLike, members: Sequence[Collection[str]]) -> Estimate:
    """Spearman's rank correlation of sets with a 95 % interval, Student's on Fisher's scale.

    x, y : (sets,); members : what each set is made of
    The interval is for other members; sets may share some (``correlation_of_sets``). Needs 4 sets
    for an interval, 2 and some spread for a value.
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(a) < 2 or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return Estimate(np.nan, np.nan, np.nan)
    r, error, count = correlation_of_sets(a, b, members)
    if len(a) < 4 or abs(r) >= _ALL_BUT_ONE:
        return Estimate(round(r, 8), np.nan, np.nan)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * error
    low, high = np.tanh(fisher(r) + np.array([-half, half]))
    return Estimate(r, float(low), float(high))


def fisher(r: float) -> float:
    """A correlation, between -1 and 1, on Fisher's scale: its inverse hyperbolic tangent.

    By logarithms: the last bits of a C library's own atanh hang on its version (glibc 2.43).
    Raises ValueError for -1 and 1, which have no place there.
    """
    return 0.5 * (math.log1p(r) - math.log1p(-r))


_ALL_BUT_ONE = 1 - 1e-9
"""The largest correlation that Fisher's scale is asked for: 1 has no place on it."""


def correlation_of_sets(
    x: ArrayLike, y: ArrayLike, members: Sequence[Collection[str]]
) -> tuple[float, float, int]:
    """Spearman's rank correlation of sets, its error on Fisher's scale, how many members there are.

    x, y : (sets,), neither of one value alone; members : what each set is made of
    Sets that share members are not independent. The variance is that of ``_shared_variance``, of
    what each set adds to the correlation (its influence, Devlin and others 1975, Biometrika 62:
    531). The degrees of freedom are the members less one.
    """
    ranks = stats.rankdata([np.asarray(x), np.asarray(y)], axis=1)
    a, b = ((of - of.mean()) / of.std() for of in ranks)
    rho = float(np.clip(np.mean(a * b), -_ALL_BUT_ONE, _ALL_BUT_ONE))
    influence = (a * b - rho * (a**2 + b**2) / 2) / len(a)
    names = sorted(set().union(*members))
    within = np.array([[name in of for name in names] for of in members], float)
    error = math.sqrt(_shared_variance(influence, within)) / (1 - rho**2)
    return rho, error, len(names)


def _shared_variance(influence: Array, within: Array) -> float:
    """Variance of a sum over sets that share members, of what each adds (sets,).

    within : (sets, members), 1 where a set holds a member
    The jackknife that leaves out one member with all its sets (Arvesen 1969, Ann. Math. Stat. 40:
    2076) has the squared sums over the sets of each. That has two sets' product once for each
    member they share, and a set's own square once for each of its m members. Its own noise should
    count once; we count it twice, for with few members once is too little (benchmarks/claims.py).
    """
    of_members = influence @ within
    own = np.maximum(within.sum(axis=1) - 2, 0) * influence**2
    return float(max(np.sum(of_members**2) - np.sum(own), np.sum(influence**2)))
