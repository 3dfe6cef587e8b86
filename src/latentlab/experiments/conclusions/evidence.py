"""Tests of hypotheses: arrays in, a finding out.

Every test asks one question: on which side of the smallest effect that counts is the effect? An
effect is positive where the claim is right; of ``level`` it is the measure itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from latentlab.aliases import Array
from latentlab.measures.statistics import CONFIDENCE, median

Strata = Sequence[tuple[Array, Array]]
"""Two samples each, that are compared with each other alone."""


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
    """How intervals are drawn.

    bound : the smallest effect that counts; resamples : of a bootstrap
    """

    bound: float
    resamples: int
    rng: np.random.Generator

    def finding(
        self, samples: Sequence[Array], statistic: Callable[..., Array], paired: bool = False
    ) -> tuple[float, float, float, float]:
        """Effect, interval and p of a statistic of independent samples; by a bootstrap of each.

        statistic : (samples (..., n), axis) -> effects (...)
        The percentile interval, and the p that belongs to it: twice the share of the resamples on
        the far side of the bound (Efron and Tibshirani 1993, 13.3 and 15.4). NaN where a sample
        has a single value.
        """
        effect = float(statistic(*samples, axis=-1))
        if min(map(len, samples)) < 2:
            return effect, math.nan, math.nan, math.nan
        drawn = stats.bootstrap(
            samples, statistic, n_resamples=self.resamples, batch=200, vectorized=True,
            paired=paired, confidence_level=CONFIDENCE, method="percentile", rng=self.rng,
        )  # fmt: skip
        low, high = (float(bound) for bound in drawn.confidence_interval)
        sides = drawn.bootstrap_distribution
        beyond = min(np.sum(sides <= self.bound), np.sum(sides >= self.bound))
        return effect, low, high, _twice((1 + beyond) / (1 + self.resamples))

    def share(self, samples: Sequence[Array], statistic: Callable[..., Array], runs: int, **how: Any
              ) -> tuple[float, float, float, float]:  # fmt: skip
        """The same of an effect from -1 to 1, which is not to claim that it knows a certainty.

        Where all runs agree every resample does as well, and the bootstrap's interval has no width.
        Then the exact interval of a share (Clopper and Pearson 1934) that was 1 in so many runs.
        """
        effect, low, high, p = self.finding(samples, statistic, **how)
        if low == high and abs(low) == 1.0:
            known = stats.binomtest(runs, runs).proportion_ci(CONFIDENCE).low
            bound = 2 * float(known) - 1
            low, high = (bound, 1.0) if low > 0 else (-1.0, -bound)
            agreeing = (1 + math.copysign(self.bound, effect * self.bound)) / 2
            p = _twice(agreeing**runs)
        return effect, low, high, p


def _delta(x: Array, y: Array) -> Array:
    """Cliff's delta (...) of x (..., n) over y (..., m)."""
    a, b = x[..., :, None], y[..., None, :]
    above, below = a > b, a < b  # not the sign of a difference: two may be infinite
    return np.asarray(above.mean((-2, -1)) - below.mean((-2, -1)))


def trend(blocks: Sequence[Sequence[Array]], levels: Sequence[float], sign: int, draws: Draws
          ) -> Finding:  # fmt: skip
    """Does a measure rise (sign 1) or fall (-1) along ordered levels?

    blocks : of each block the values at every level, (runs,) each; +inf is the largest
    Effect: the chance that of two runs of a block at different levels the one at the higher level
    has the larger value, minus the chance that it has the smaller: Cliff's delta, mean over all
    pairs of levels and over blocks (Jonckheere 1954 counts such pairs; Somers 1962). Runs of
    different levels have nothing in common, so each is compared with every other; interval:
    bootstrap of the runs of every level. Raises NotTestableError below 3 levels.
    """
    if len(levels) < 3:
        raise NotTestableError(f"a trend needs 3 levels, {len(levels)} are there")
    pairs = list(itertools.combinations(range(len(levels)), 2))

    def effect(*samples: Array, axis: int) -> Array:
        of_block = [samples[at : at + len(levels)] for at in range(0, len(samples), len(levels))]
        deltas = [_delta(block[j], block[i]) for block in of_block for i, j in pairs]
        return np.asarray(sign * np.mean(deltas, axis=0))

    samples = [values for block in blocks for values in block]
    runs = sum(min(map(len, block)) for block in blocks)
    of_level = [np.concatenate([block[i] for block in blocks]) for i in range(len(levels))]
    observed = {
        f"{level:g}": float(np.median(values))
        for level, values in zip(levels, of_level, strict=True)
    }
    return _found(draws.share(samples, effect, runs), runs, observed)


def dominance(strata: Strata, sign: int, draws: Draws) -> Finding:
    """Are the first groups' values larger (sign 1) or smaller (-1) than the second ones'?

    Effect: Cliff's delta, the chance that a run of the first group lies above one of the second
    minus the chance that it lies below (Cliff 1993, Psychol. Bull. 114: 494), mean of the strata;
    interval: bootstrap within groups.
    """

    def delta(*samples: Array, axis: int) -> Array:
        pairs = zip(samples[::2], samples[1::2], strict=True)
        return np.asarray(sign * np.mean([_delta(x, y) for x, y in pairs], axis=0))

    samples = [sample for pair in strata for sample in pair]
    runs = sum(min(len(x), len(y)) for x, y in strata)
    return _found(draws.share(samples, delta, runs), runs, _centers(strata, np.median))


def pairs(strata: Strata, sign: int, draws: Draws) -> Finding:
    """The same where runs come in pairs, of one start: first[i] and second[i] have it in common.

    Effect: the share of pairs in which the first is larger, minus the share in which it is
    smaller, mean of the strata; interval: bootstrap of the pairs.
    """

    def majority(*signs: Array, axis: int) -> Array:
        return np.asarray(sign * np.mean([values.mean(axis) for values in signs], axis=0))

    signs = [np.sign(x - y) for x, y in strata]
    runs = sum(map(len, signs))
    return _found(draws.share(signs, majority, runs), runs, _centers(strata, np.median))


def difference(strata: Strata, sign: int, draws: Draws) -> Finding:
    """Is a difference of means as large as counts? In the measure's unit.

    Effect: the mean over strata of the difference of means, of the first group from the second.
    """

    def shift(*samples: Array, axis: int) -> Array:
        pairs = zip(samples[::2], samples[1::2], strict=True)
        return np.asarray(sign * np.mean([x.mean(axis) - y.mean(axis) for x, y in pairs], axis=0))

    samples = [sample for pair in strata for sample in pair]
    runs = sum(min(len(x), len(y)) for x, y in strata)
    return _found(draws.finding(samples, shift), runs, _centers(strata, np.mean))


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

    return _found(draws.finding(strata, middle), len(values), observed)


def correlation(
    x: Array, y: Array, members: Sequence[frozenset[str]], strata: Array, sign: int, draws: Draws
) -> Finding:
    """Do two measures of the same sets rise together (sign 1) or one against the other (-1)?

    x, y, strata : (sets,); both measures are replaced by their ranks among the sets of the same
        stratum, as shares of these, so that differences between strata do not count
    members : what each set is made of, named so that strata share nothing
    Effect: Spearman's rank correlation. Sets share members, so they are not independent: its
    standard error is the jackknife's over members, each left out with all sets that hold it
    on Fisher's scale, with Student's interval.
    Raises NotTestableError where fewer than 3 sets differ, or none within its stratum.
    """
    shares = pd.DataFrame({"x": x, "y": y}).groupby(strata).rank(pct=True)
    a, b = shares.to_numpy().T
    if len(x) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        raise NotTestableError("a correlation needs 3 sets that differ")

    def scaled(kept: np.ndarray) -> float:
        rho = sign * stats.spearmanr(a[kept], b[kept]).statistic
        return float(np.arctanh(np.clip(rho, -1 + 1e-9, 1 - 1e-9)))

    whole = scaled(np.ones(len(x), bool))
    names = sorted(set().union(*members))
    left_out = [scaled(np.array([name not in of for of in members])) for name in names]
    spread = _jackknife_error(np.array(left_out))
    observed = {"smallest": float(y.min()), "largest": float(y.max())}
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(names) - 1) * spread
    p = 2 * stats.t.sf(abs(whole - math.atanh(draws.bound)) / max(spread, 1e-12), len(names) - 1)
    effect, low, high = map(float, np.tanh([whole, whole - half, whole + half]))
    return _found((effect, low, high, float(p)), len(names), observed)


def _jackknife_error(left_out: Array) -> float:
    """Standard error of an estimate of n units from its n values with one left out each.

    Efron and Tibshirani 1993, 11.5; of units that are drawn in sets, Arvesen 1969, Ann. Math.
    Stat. 40: 2076.
    """
    n = len(left_out)
    return math.sqrt((n - 1) / n * float(np.sum((left_out - left_out.mean()) ** 2)))


def slope(
    values: Array, along: Array, given: Array, units: Array, sign: int, draws: Draws
) -> Finding:
    """By which factor does a measure rise (sign 1) or fall (-1) with a step of ``along``?

    values, along : (runs,); given : (runs, k), positive, what is held equal; units : (runs,),
        those that are drawn again together: runs of one network
    Least squares of log(value) on ``along`` and the logarithms of ``given``. Effect: the share by
    which the measure changes with a step, exp(coefficient) - 1; interval: bootstrap of the units.
    """
    logs = np.log(np.maximum(values, 1e-12))
    design = np.column_stack([along, np.log(given), np.ones(len(values))])
    labels, of_unit = np.unique(units, return_inverse=True)
    rows = [np.flatnonzero(of_unit == unit) for unit in range(len(labels))]

    def change(drawn: Array, axis: int) -> Array:
        if drawn.ndim > 1:
            return np.array([change(one, -1) for one in drawn])
        kept = np.concatenate([rows[int(unit)] for unit in drawn])
        coefficient = np.linalg.lstsq(design[kept], logs[kept], rcond=None)[0][0]
        return np.asarray(sign * math.expm1(coefficient))

    found = draws.finding((np.arange(len(labels), dtype=float),), change)
    medians = {f"{at:g}": float(np.median(values[along == at])) for at in np.unique(along)}
    return _found(found, len(labels), medians)


def _found(
    estimate: tuple[float, float, float, float], runs: int, observed: Mapping[str, float]
) -> Finding:
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
