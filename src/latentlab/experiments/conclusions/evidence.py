"""Tests of hypotheses: arrays in, a finding out.

Every test asks one question: on which side of the smallest effect that counts is the effect? An
effect is positive where the claim is right; of ``level`` and ``mean`` it is the measure itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from latentlab.aliases import Array
from latentlab.measures.statistics import CONFIDENCE, correlation_of_sets, fisher, median

Strata = Sequence[tuple[Array, Array]]
"""Two samples each, that are compared with each other alone."""

Estimate = tuple[float, float, float, float]
"""Effect, the ends of its interval, p."""


class NotTestableError(Exception):
    """The runs that a claim needs are not there; the message says what is missing."""


@dataclass(frozen=True)
class Finding:
    """What a test found.

    effect, low, high : size of the effect and its 95 % interval (NaN: too few runs for one)
    p : two-sided, of an effect that is just the smallest that counts; before any correction
    runs : independent observations (of groups: those of the smallest)
    observed : the numbers behind it, by name
    """

    effect: float
    low: float
    high: float
    p: float
    runs: int
    observed: Mapping[str, float]


@dataclass(frozen=True)
class Draws:
    """How numbers are drawn for a test.

    bound : the smallest effect that counts; resamples : how many times
    """

    bound: float
    resamples: int
    rng: np.random.Generator


# --- order -------------------------------------------------------------------------------------


def _delta(x: Array, y: Array) -> float:
    """Cliff's delta of x (n,) over y (m,)."""
    a, b = x[:, None], y[None, :]  # not the sign of a difference: two may be infinite
    return float(np.mean(a > b) - np.mean(a < b))


def _shift_of(delta: float, levels: int) -> float:
    """The step between levels of normal runs at which the mean delta of their pairs is as given."""
    steps = np.array([j - i for i, j in itertools.combinations(range(levels), 2)])

    def excess(step: float) -> float:
        return float(np.mean(2 * special.ndtr(step * steps / math.sqrt(2)) - 1)) - delta

    return float(optimize.brentq(excess, -9.0, 9.0))


def _share_above(x: np.ndarray, y: np.ndarray) -> Array:
    """Of each column, the share of pairs of x (n, columns) and y (m, columns) with x above y."""
    above = np.zeros(x.shape[1], np.int32)
    for row in y:
        above += np.sum(x > row, axis=0, dtype=np.int32)
    return np.asarray(above / (len(x) * len(y)))


class _Ordered:
    """What effects so many runs show, by the true one: normal runs, each level a step further.

    Effects are of ranks alone, so the runs may as well be any monotone function of these.
    sizes : of each block the number of runs at every level
    Half of the runs mirror the other half, so that neither direction has a better chance.
    """

    def __init__(self, sizes: Sequence[Sequence[int]], draws: Draws) -> None:
        def drawn(n: int) -> np.ndarray:
            shape = n, (draws.resamples + 1) // 2
            # drawn as float64: float32's draws hang on the system's log1p
            half = draws.rng.standard_normal(shape).astype(np.float32)
            return np.concatenate([half, -half], axis=1)

        self.blocks = [[drawn(n) for n in block] for block in sizes]
        self.levels = len(sizes[0])

    def effects(self, delta: float) -> Array:
        """Effects (resamples,) where the true one is delta."""
        step = np.float32(_shift_of(delta, self.levels))
        found = [
            _share_above(block[j] + (j - i) * step, block[i])
            for block in self.blocks
            for i, j in itertools.combinations(range(self.levels), 2)
        ]
        return 2 * np.asarray(np.mean(found, axis=0)) - 1

    def tails(self, effect: float, delta: float) -> tuple[float, float]:
        """The chances of an effect at least, and at most, as large where the true one is delta."""
        found = self.effects(delta)
        counts = np.array([np.sum(found >= effect - 1e-9), np.sum(found <= effect + 1e-9)])
        above, below = (1 + counts) / (1 + len(found))
        return float(above), float(below)

    def end(self, effect: float, upper: bool) -> float:
        """An end of the interval: the effect at which what was seen is just as far out as counts.

        Bisection: the chance of a large effect grows with the true one.
        """
        inside, outside = effect, 0.999 if upper else -0.999
        if abs(effect) >= 0.999:
            inside = math.copysign(0.999, effect)
        if (inside == outside) or self.tails(effect, outside)[upper] > (1 - CONFIDENCE) / 2:
            return math.copysign(1.0, outside)
        for _ in range(10):
            middle = (inside + outside) / 2
            if self.tails(effect, middle)[upper] > (1 - CONFIDENCE) / 2:
                inside = middle
            else:
                outside = middle
        return outside


def _in_order(blocks: Sequence[Sequence[Array]], sign: int, draws: Draws) -> Estimate:
    """Mean over blocks and pairs of their levels of Cliff's delta of the later over the earlier.

    p and interval: what is seen against what runs of such an order show (``_Ordered``), the
    interval by inverting the test. A bootstrap of 6 runs gives an interval that is too narrow, and
    p of a hundredth where nearly all pairs agree, whatever the chance of that.
    """
    levels = len(blocks[0])
    effect = sign * float(
        np.mean([_delta(block[j], block[i])
                 for block in blocks for i, j in itertools.combinations(range(levels), 2)])
    )  # fmt: skip
    such = _Ordered([list(map(len, block)) for block in blocks], draws)
    p = _twice(min(such.tails(effect, draws.bound)))
    return effect, such.end(effect, upper=False), such.end(effect, upper=True), p


def trend(blocks: Sequence[Sequence[Array]], levels: Sequence[float], sign: int, draws: Draws
          ) -> Finding:  # fmt: skip
    """Does a measure rise (sign 1) or fall (-1) along ordered levels?

    blocks : of each block the values at every level, (runs,) each; +inf is the largest
    Effect: the chance that of two runs of a block at different levels the one at the higher level
    has the larger value, minus the chance that it has the smaller: Cliff's delta, mean over all
    pairs of levels and over blocks (Jonckheere 1954, Biometrika 41: 133, counts such pairs). Runs
    of different levels have nothing in common, so each is compared with every other.
    Raises NotTestableError below 3 levels.
    """
    if len(levels) < 3:
        raise NotTestableError(f"a trend needs 3 levels, {len(levels)} are there")
    runs = sum(min(map(len, block)) for block in blocks)
    of_level = [np.concatenate([block[i] for block in blocks]) for i in range(len(levels))]
    observed = {
        f"{level:g}": float(np.median(values))
        for level, values in zip(levels, of_level, strict=True)
    }
    return _found(_in_order(blocks, sign, draws), runs, observed)


def dominance(strata: Strata, sign: int, draws: Draws) -> Finding:
    """Are the first groups' values larger (sign 1) or smaller (-1) than the second ones'?

    Effect: Cliff's delta, the chance that a run of the first group lies above one of the second
    minus the chance that it lies below (Cliff 1993, Psychol. Bull. 114: 494), mean of the strata.
    """
    found = _in_order([(second, first) for first, second in strata], sign, draws)
    return _found(found, _runs(strata), _centers(strata, np.median))


def pairs(strata: Strata, sign: int, draws: Draws) -> Finding:
    """The same where runs come in pairs, of one start: first[i] and second[i] have it in common.

    Effect: the share of pairs in which the first is larger, minus the share in which it is
    smaller. p and interval: the sign test and Clopper and Pearson's interval (1934, Biometrika 26:
    404); both hold where the chance differs between strata (Hoeffding 1956, Ann. Math. Stat. 27:
    713). A tie is half a pair on each side.
    """
    first, second = (np.concatenate([pair[i] for pair in strata]) for i in (0, 1))
    signs = sign * ((first > second).astype(float) - (first < second))
    n, right = len(signs), float(np.sum(1 + signs)) / 2
    at_least, at_most = math.floor(right), math.ceil(right)
    share = (1 + draws.bound) / 2
    p = _twice(
        min(stats.binomtest(at_least, n, share, "greater").pvalue,
            stats.binomtest(at_most, n, share, "less").pvalue)
    )  # fmt: skip
    low = stats.binomtest(at_least, n).proportion_ci(CONFIDENCE).low
    high = stats.binomtest(at_most, n).proportion_ci(CONFIDENCE).high
    estimate = (float(signs.mean()), float(2 * low - 1), float(2 * high - 1), p)
    return _found(estimate, n, _centers(strata, np.median))


# --- size --------------------------------------------------------------------------------------


def difference(strata: Strata, sign: int, draws: Draws) -> Finding:
    """Is a difference of means as large as counts? In the measure's unit.

    Effect: the mean over strata of the difference of means, of the first group from the second.
    Student's t with the degrees of freedom of Welch (1947, Biometrika 34: 28) over all groups; of
    shares, from 0 to 1, the interval ends at -1 and 1. NaN where a group has a single value.
    """
    effect, low, high, p = _welch(strata, sign, draws.bound)
    if all(np.min(x) >= 0 and np.max(x) <= 1 for pair in strata for x in pair):
        low, high = max(low, -1.0), min(high, 1.0)
    return _found((effect, low, high, p), _runs(strata), _centers(strata, np.mean))


def ratio(strata: Strata, sign: int, draws: Draws) -> Finding:
    """By which share are the first groups' values larger (sign 1) or smaller (-1)?

    Of what is positive and has any scale. Effect: the ratio of geometric means less 1, times the
    sign; mean over strata on logarithms. Test and interval: those of ``difference``, of logarithms.
    """
    logs = [(_logarithms(x), _logarithms(y)) for x, y in strata]
    estimate = _welch(logs, 1, math.log1p(sign * draws.bound))
    effect, *ends = (sign * math.expm1(difference) for difference in estimate[:3])
    geometric = _centers(strata, lambda x: math.exp(np.mean(_logarithms(x))))
    return _found((effect, min(ends), max(ends), estimate[3]), _runs(strata), geometric)


def _welch(strata: Strata, sign: int, bound: float) -> Estimate:
    """The mean of differences of means, and p of one that is ``bound``.

    Without an interval where no group varies: of their spread nothing is known.
    """
    groups = [group for pair in strata for group in pair]
    effect = float(np.mean([sign * (np.mean(x) - np.mean(y)) for x, y in strata]))
    if min(map(len, groups)) < 2:
        return effect, math.nan, math.nan, math.nan
    parts = np.array([np.var(x, ddof=1) / len(x) for x in groups]) / len(strata) ** 2
    spread = float(np.sum(parts))
    if spread < 1e-24:
        return effect, math.nan, math.nan, math.nan
    below = sum(part**2 / (len(x) - 1) for part, x in zip(parts, groups, strict=True))
    half, p = _student(effect - bound, math.sqrt(spread), spread**2 / max(below, 1e-48))
    return effect, effect - half, effect + half, p


def _logarithms(values: Array) -> Array:
    return np.asarray(np.log(np.maximum(values, 1e-12)))


def _runs(strata: Strata) -> int:
    return sum(min(len(x), len(y)) for x, y in strata)


def mean(values: Array, draws: Draws) -> Finding:
    """Is the mean of values (runs,) above the bound?

    Student's t: unlike the quantile test of ``level`` it can tell with 6 runs, for it takes them to
    be about normal. Of shares the interval ends at 0 and 1. NaN where there is a single value.
    """
    effect, low, high, p = float(np.mean(values)), math.nan, math.nan, math.nan
    if len(values) > 1:
        error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
        half, p = _student(effect - draws.bound, error, len(values) - 1)
        low, high = effect - half, effect + half
    if np.min(values) >= 0 and np.max(values) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    observed = {"smallest": float(np.min(values)), "largest": float(np.max(values))}
    return _found((effect, low, high, p), len(values), observed)


def _student(distance: float, error: float, freedom: float) -> tuple[float, float]:
    """Half the width of an interval, and the two-sided p of a distance, by Student's t."""
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return half, float(2 * stats.t.sf(abs(distance) / max(error, 1e-12), freedom))


def level(strata: Sequence[Array], draws: Draws) -> Finding:
    """Is the median of values above the bound?

    strata : the values (runs,) of each, of one or more
    Effect: the median, with the interval and the p of the quantile test against the bound, both
    distribution-free (Conover 1999, Practical Nonparametric Statistics, 3.2). Of several strata,
    networks say, the mean of their medians: they are no sample of one distribution; interval:
    bootstrap within each.
    """
    values = np.concatenate(strata)
    observed = {"smallest": float(values.min()), "largest": float(values.max())}
    if len(strata) == 1:
        p = float(stats.quantile_test(values, q=draws.bound, p=0.5).pvalue)
        return _found((*median(values), p), len(values), observed)

    def middle(*samples: Array, axis: int) -> Array:
        return np.asarray(np.mean([np.median(sample, axis) for sample in samples], axis=0))

    effect = float(middle(*strata, axis=-1))
    if min(map(len, strata)) < 2:
        return _found((effect, math.nan, math.nan, math.nan), len(values), observed)
    drawn = stats.bootstrap(
        strata, middle, n_resamples=draws.resamples, batch=200, vectorized=True,
        confidence_level=CONFIDENCE, method="percentile", rng=draws.rng,
    )  # fmt: skip
    low, high = drawn.confidence_interval
    sides = drawn.bootstrap_distribution
    beyond = min(np.sum(sides <= draws.bound), np.sum(sides >= draws.bound))
    p = _twice(float((1 + beyond) / (1 + draws.resamples)))
    return _found(
        (float(middle(*strata, axis=-1)), float(low), float(high), p), len(values), observed
    )


# --- several numbers of a run ------------------------------------------------------------------


def correlation(
    x: Array, y: Array, members: Sequence[frozenset[str]], strata: Array, sign: int, draws: Draws
) -> Finding:
    """Do two measures of the same sets rise together (sign 1) or one against the other (-1)?

    x, y, strata : (sets,); both measures are replaced by their ranks among the sets of the same
        stratum, as shares of these, so that differences between strata do not count
    members : what each set is made of, named so that strata share nothing
    Effect: Spearman's rank correlation, with Student's interval on Fisher's scale. Sets share
    members, so they are not independent: ``statistics.correlation_of_sets`` allows for it.
    Raises NotTestableError where fewer than 3 sets differ, or none within its stratum.
    """
    shares = pd.DataFrame({"x": x, "y": y}).groupby(strata).rank(pct=True)
    if len(x) < 3 or np.any(np.ptp(shares.to_numpy(), axis=0) == 0):
        raise NotTestableError("a correlation needs 3 sets that differ")
    rho, error, count = correlation_of_sets(shares["x"], shares["y"], members)
    observed = {"smallest": float(y.min()), "largest": float(y.max())}
    whole = sign * fisher(rho)
    half, p = _student(whole - fisher(draws.bound), error, count - 1)
    effect, low, high = np.tanh([whole, whole - half, whole + half]).tolist()
    return _found((effect, low, high, p), count, observed)


def _jackknife_error(left_out: Array) -> float:
    """Standard error of an estimate of n units from its n values with one left out each.

    Efron and Tibshirani 1993, 11.5.
    """
    n = len(left_out)
    return math.sqrt((n - 1) / n * float(np.sum((left_out - left_out.mean()) ** 2)))


def slope(
    values: Array, along: Array, given: Array, units: Array, sign: int, draws: Draws
) -> Finding:
    """By which factor does a measure rise (sign 1) or fall (-1) with a step of ``along``?

    values, along : (runs,); given : (runs, k), positive, what is held equal; units : (runs,),
        those that are one: runs of one network
    Least squares of log(value) on ``along`` and the logarithms of ``given``. Effect: the share by
    which the measure changes with a step, exp(coefficient) - 1. The standard error of the
    coefficient is the jackknife's over units, each left out with all its runs.
    Raises NotTestableError where units are too few or alike.
    """
    logs = _logarithms(values)
    design = np.column_stack([along, np.log(given), np.ones(len(values))])
    labels = np.unique(units)

    def coefficient(kept: np.ndarray) -> float:
        found, _, rank, _ = np.linalg.lstsq(design[kept], logs[kept], rcond=None)
        if rank < design.shape[1]:
            raise NotTestableError("a slope needs more networks that differ")
        return float(found[0])

    whole = coefficient(np.ones(len(values), bool))
    spread = _jackknife_error(np.array([coefficient(units != label) for label in labels]))
    distance = whole - math.log1p(sign * draws.bound)
    half, p = _student(distance, spread, len(labels) - design.shape[1])
    ends = [sign * math.expm1(whole + side) for side in (0.0, -half, half)]
    medians = {f"{at:g}": float(np.median(values[along == at])) for at in np.unique(along)}
    return _found((ends[0], min(ends[1:]), max(ends[1:]), p), len(labels), medians)


def _found(estimate: Estimate, runs: int, observed: Mapping[str, float]) -> Finding:
    return Finding(*estimate, runs, observed)


def _centers(strata: Strata, center: Any) -> dict[str, float]:
    first, second = (np.mean([center(pair[i]) for pair in strata]) for i in (0, 1))
    return {"first": float(first), "second": float(second)}


def _twice(p: float) -> float:
    return float(min(1.0, 2.0 * p))


# --- published figures -------------------------------------------------------------------------


def reported(values: Array, published: float) -> Finding:
    """Is a published figure what a single run of ours, of values (replicates,), may give?

    By ranks, whatever the distribution: of n runs and one more of the same kind, each place among
    them is as likely as any other. p: the chance of a place as far out, twice the rank from the
    nearer end over n + 1. Effect: the figure's place, from -1 (below all runs) to 1 (above all).
    """
    n = len(values)
    below, above = int(np.sum(values < published)), int(np.sum(values > published))
    ties = n - below - above
    outside = min(below, above) + ties
    observed = {
        "median": float(np.median(values)),
        "single_run_low": float(values.min()),
        "single_run_high": float(values.max()),
        "published": published,
    }
    p = _twice((outside + 1) / (n + 1))
    return Finding((below - above) / n, math.nan, math.nan, p, n, observed)


# --- single runs -------------------------------------------------------------------------------


def chance_of_order(groups: Sequence[Sequence[Array]]) -> float:
    """The chance that one run of each comes out in an order: all of a group below all of the next.

    groups : of each group the values of its members, (runs,) each; +inf is the largest. Runs are
        drawn from them, each as likely as any other, independently of each other
    Equal values are in no order. Exact: with C_m(b) the share of m's values up to b, a group lies
    between a and b with the chance prod_m (C_m(b) - C_m(a)); F(b), the chance that all groups so
    far are in order and none above b, gives that of one more as the sum over a of its step at a
    times that product.
    """
    points = np.unique(np.concatenate([values for group in groups for values in group]))
    steps = np.array([1.0, *np.zeros(len(points))])  # of F, at -inf and at each point: no group
    for group in groups:
        shares = np.array([np.searchsorted(np.sort(values), points, "right") / len(values)
                           for values in group])  # fmt: skip
        shares = np.concatenate([np.zeros((len(group), 1)), shares], axis=1)
        between = np.prod(np.maximum(shares[:, :, None] - shares[:, None, :], 0.0), axis=0)
        steps = np.diff(between @ steps, prepend=0.0)  # rows: b, columns: a
    return round(float(np.sum(steps)), 12)
