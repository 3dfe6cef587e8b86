"""Tests of hypotheses: arrays in, a finding out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from latentlab.measures.statistics import CONFIDENCE, median

Array = NDArray[np.float64]


Strata = Sequence[tuple[Array, Array]]


class NotTestableError(Exception):
    """The runs that a claim needs are not there; the message says what is missing."""


@dataclass(frozen=True)
class Finding:
    """What a test found.

    effect, low, high : size of the effect and its 95 % interval (NaN: too few runs for one)
    p : two-sided, before any correction
    runs : independent observations (of two groups: those of the smaller one)
    observed : the numbers behind it, by name
    """

    effect: float
    low: float
    high: float
    p: float
    runs: int
    observed: Mapping[str, float]


def trend(blocks: Array, levels: Sequence[float], sign: int, resamples: int, rng: Any) -> Finding:
    """Does a measure rise (sign 1) or fall (-1) along ordered levels?

    blocks : (blocks, levels), a value of the measure each; +inf is the largest
    Page's test for ordered alternatives (Page 1963, J. Am. Stat. Assoc. 58: 216), whose L is, but
    for scale, the effect: the mean over blocks of Spearman's rank correlation with the levels,
    ties unbroken. Its interval: bootstrap over blocks. Raises NotTestableError below 3 levels.
    """
    if len(levels) < 3:
        raise NotTestableError(f"a trend needs 3 levels, {len(levels)} are there")
    ranks = stats.rankdata(blocks, axis=1)
    order = sign * (np.arange(len(levels)) - (len(levels) - 1) / 2)
    scale = len(levels) ** 3 - len(levels)
    rho = 12.0 * (ranks - ranks.mean(axis=1, keepdims=True)) @ order / scale
    p = [
        stats.page_trend_test(ranks, ranked=True, predicted_ranks=predicted).pvalue
        for predicted in (order.argsort() + 1, (-order).argsort() + 1)
    ]
    low, high = _bootstrap((rho,), lambda x, axis: x.mean(axis), resamples, rng)
    middle = np.median(blocks, axis=0)
    observed = {f"{level:g}": float(value) for level, value in zip(levels, middle, strict=True)}
    effect = float(rho.mean())
    return Finding(effect, *_unsaturated(low, high, len(rho)), _twice(min(p)), len(rho), observed)


def dominance(strata: Strata, sign: int, resamples: int, rng: Any) -> Finding:
    """Are the first groups' values larger (sign 1) or smaller (-1) than the second ones'?

    strata : pairs of samples; only values of one stratum are compared with each other
    Effect: Cliff's delta, the chance that a run of the first group lies above one of the second
    minus the chance that it lies below (Cliff 1993, Psychol. Bull. 114: 494), mean of the strata;
    interval: bootstrap within groups. Test: Mann and Whitney's, exact in small samples; of several
    strata the one-sided p combined by Stouffer's method, weighted by the root of their runs.
    """

    def delta(*samples: Array, axis: int = -1) -> Array:
        pairs = zip(samples[::2], samples[1::2], strict=True)
        signs = [np.sign(x[..., :, None] - y[..., None, :]).mean((-2, -1)) for x, y in pairs]
        return np.asarray(sign * np.mean(signs, axis=0))

    samples = [sample for pair in strata for sample in pair]
    runs, p = _rank_test(strata)
    low, high = _unsaturated(*_bootstrap(samples, delta, resamples, rng), runs)
    return Finding(float(delta(*samples)), low, high, p, runs, _centers(strata, np.median))


def difference(strata: Strata, sign: int, resamples: int, rng: Any) -> Finding:
    """The same question where the size of a difference matters: of means, in the measure's unit.

    The effect is the mean over strata of the difference of means; test as in ``dominance``.
    """

    def shift(*samples: Array, axis: int = -1) -> Array:
        pairs = zip(samples[::2], samples[1::2], strict=True)
        return np.asarray(sign * np.mean([x.mean(axis) - y.mean(axis) for x, y in pairs], axis=0))

    samples = [sample for pair in strata for sample in pair]
    runs, p = _rank_test(strata)
    low, high = _bootstrap(samples, shift, resamples, rng)
    return Finding(float(shift(*samples)), low, high, p, runs, _centers(strata, np.mean))


def level(values: Array, bound: float) -> Finding:
    """Is the median of values (replicates,) above a bound?

    Effect: the median, with the interval and the p of the quantile test against the bound, both
    distribution-free (Conover 1999, Practical Nonparametric Statistics, 3.2).
    """
    estimate = median(values)
    p = float(stats.quantile_test(values, q=bound, p=0.5).pvalue)
    observed = {"smallest": float(values.min()), "largest": float(values.max())}
    return Finding(*estimate, p, len(values), observed)


def correlation(x: Array, y: Array, strata: Array, sign: int, resamples: int, rng: Any) -> Finding:
    """Do two measures of the same units rise together (sign 1) or one against the other (-1)?

    x, y, strata : (units,); both measures are replaced by their ranks among the units of the same
        stratum, as shares of these, so that differences between strata do not count
    Effect: Spearman's rank correlation; test: permutation of the pairings; interval: bootstrap of
    the units, across strata. Raises NotTestableError where fewer than 3 units differ, or none
    within its stratum.
    """
    shares = pd.DataFrame({"x": x, "y": y}).groupby(strata).rank(pct=True)
    a, b = shares.to_numpy().T
    if len(x) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        raise NotTestableError("a correlation needs 3 sets that differ")

    def rho(a: Array, b: Array, axis: int = -1) -> Array:
        a, b = (stats.zscore(stats.rankdata(v, axis=axis), axis=axis) for v in (a, b))
        return np.asarray(sign * (a * b).mean(axis))

    p = stats.permutation_test(
        (a,), lambda values, axis: rho(values, np.broadcast_to(b, values.shape), axis),
        permutation_type="pairings", n_resamples=resamples, vectorized=True, rng=rng,
    ).pvalue  # fmt: skip
    low, high = _bootstrap((a, b), rho, resamples, rng, paired=True)
    observed = {"smallest": float(y.min()), "largest": float(y.max())}
    return Finding(float(rho(a, b)), low, high, float(p), len(x), observed)


def reported(values: Array, published: float) -> Finding:
    """Is a published figure what a single run of ours, of values (replicates,), may give?

    Student's prediction interval of one more run, on the logarithm of the values (Geisser 1993,
    Predictive Inference, 2.1). Effect: how far off the figure is from our mean, in half-widths of
    the 95 % interval: within -1 and 1 it is compatible, positive above. p: that of a single run
    to be as far off.
    """
    logs = np.log(np.maximum(values, 1e-300))
    freedom, center = len(logs) - 1, float(logs.mean())
    off = math.log(max(published, 1e-300)) - center
    if freedom < 1:
        return Finding(math.nan, math.nan, math.nan, math.nan, len(logs), {"published": published})
    spread = float(logs.std(ddof=1)) * math.sqrt(1 + 1 / len(logs))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * spread
    if spread < 1e-12 * max(1.0, abs(center)):  # all runs alike
        half, effect, p = 0.0, *((0.0, 1.0) if abs(off) < 1e-9 else (math.copysign(9, off), 0.0))
    else:
        effect, p = off / half, 2 * float(stats.t.sf(abs(off) / spread, freedom))
    observed = {
        "median": float(np.median(values)),
        "single_run_low": math.exp(center - half),
        "single_run_high": math.exp(center + half),
        "published": published,
    }
    return Finding(effect, math.nan, math.nan, p, len(logs), observed)


def _bootstrap(
    samples: Sequence[Array],
    statistic: Callable[..., Array],
    resamples: int,
    rng: Any,
    paired: bool = False,
) -> tuple[float, float]:
    """Percentile interval; NaN where a sample has a single value."""
    if min(map(len, samples)) < 2:
        return math.nan, math.nan
    found = stats.bootstrap(
        samples, statistic, n_resamples=resamples, batch=200, vectorized=True, paired=paired,
        confidence_level=CONFIDENCE, method="percentile", rng=rng,
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


def _unsaturated(low: float, high: float, runs: int) -> tuple[float, float]:
    """An interval of an effect in [-1, 1] that does not claim to know a certainty.

    Where all runs agree every resample does as well, and the bootstrap's interval has no width.
    Then the exact interval of a share (Clopper and Pearson 1934) that was 1 in so many runs.
    """
    if low == high and abs(low) == 1.0:
        bound = 2 * stats.binomtest(runs, runs).proportion_ci(CONFIDENCE).low - 1
        return (float(bound), 1.0) if low > 0 else (-1.0, -float(bound))
    return low, high


def _rank_test(strata: Strata) -> tuple[int, float]:
    """Runs of the smaller groups, and Mann and Whitney's two-sided p, combined over strata."""
    runs = [min(len(x), len(y)) for x, y in strata]
    p = [
        stats.combine_pvalues(
            [_clipped(stats.mannwhitneyu(x, y, alternative=way).pvalue) for x, y in strata],
            method="stouffer",
            weights=np.sqrt(runs),
        ).pvalue
        for way in ("less", "greater")
    ]
    return sum(runs), _twice(min(p))


def _centers(strata: Strata, center: Any) -> dict[str, float]:
    first, second = (np.mean([center(pair[i]) for pair in strata]) for i in (0, 1))
    return {"first": float(first), "second": float(second)}


def _twice(p: float) -> float:
    return float(min(1.0, 2.0 * p))


def _clipped(p: float) -> float:
    """A p that Stouffer's method can take: never exactly 1, as ties and exact tests give."""
    return float(min(max(p, 1e-300), 1 - 1e-12))
