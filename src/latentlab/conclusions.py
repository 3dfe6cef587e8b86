"""Which claims of the original hold: tests on tables of runs, effect sizes, verdicts.

A claim is data (``data/claims.yaml``): which runs, which measure, which test. A test is a pure
function of arrays that returns a ``Finding``. All effects lie on one scale where it can be had,
from -1 to 1, positive where the claim is right; the tests and intervals are scipy.stats'.

Decided per claim, by rules of the parameters: *supported* when Holm's p is below alpha and the
interval lies wholly above the smallest relevant effect; *contradicted* when the interval lies
wholly below it; *inconclusive* otherwise, and always with fewer runs than asked for; *not
testable* for opinions, and where the runs it needs are missing. Other measures of a claim may
stand beside its verdict, which they do not decide.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from latentlab import seeds
from latentlab.cells import slug
from latentlab.statistics import CONFIDENCE, median
from latentlab.tables import read_csv

Array = NDArray[np.float64]
Strata = Sequence[tuple[Array, Array]]
Claim = Mapping[str, Any]

SUPPORTED, CONTRADICTED, INCONCLUSIVE, UNTESTABLE = VERDICTS = (
    "supported", "contradicted", "inconclusive", "not testable",
)  # fmt: skip
CLAIM, FIGURE, BESIDE = "claim", "figure", "beside"
"""Kinds of findings: on a claim, on a published figure, on another measure of a claim."""
AS_MEANT, AS_RUN = "as meant", "as run"
"""Variants: functions as the authors meant them, and as their code ran them where that differs."""


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


# --- tests: arrays in, a finding out ---------------------------------------------------------


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


# --- from a claim and the tables to a finding ------------------------------------------------


def columns(claim: Claim) -> list[str]:
    """The columns of its table that a claim needs: all that is asked of the other experiments."""
    names = {
        node.id for node in ast.walk(ast.parse(claim["measure"])) if isinstance(node, ast.Name)
    }
    names |= set(claim.get("where", {})) | set(claim.get("groups", {}))
    names |= {name for key in ("blocks", "unit", "strata") for name in claim.get(key, [])}
    return sorted(names | ({claim["along"]} if "along" in claim else set()))


def selected(table: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """The rows that a claim is about, with its measure in the column ``value``.

    Raises NotTestableError where columns or rows are missing.
    """
    name = f"results/{claim['experiment']}/tables/{claim['table']}.csv"
    missing = [column for column in columns(claim) if column not in table]
    if missing:
        raise NotTestableError(f"no column {', '.join(missing)} in {name}")
    for column, wanted in claim.get("where", {}).items():
        table = table[_texts(table[column]) == _text(wanted)]
        if table.empty:
            raise NotTestableError(f"no run with {column} {wanted} in {name}")
    values = table.eval(claim["measure"]).astype(float)
    if claim.get("never"):
        values = values.fillna(math.inf)
    table = table.assign(value=values)
    table = table[table["value"].notna()]
    if table.empty:
        raise NotTestableError(f"no value of {claim['measure']} in {name}")
    return table


def _text(value: Any) -> str:
    return slug("p", value) if isinstance(value, float) else str(value)


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(_text)


def find(table: pd.DataFrame, claim: Claim, relevant: float, resamples: int, rng: Any) -> Finding:
    """Test a claim on its table. Raises NotTestableError where runs are missing.

    relevant : from which effect on the claim counts; ``level`` tests against it
    """
    rows, sign = selected(table, claim), -1 if claim.get("expect") == "less" else 1
    match claim["test"]:
        case "level":
            return level(rows["value"].to_numpy(), relevant)
        case "trend":
            wide = rows.pivot_table(
                index=claim["blocks"], columns=claim["along"], values="value", aggfunc="mean"
            ).dropna()
            if wide.empty:
                raise NotTestableError(f"no block has all levels of {claim['along']}")
            return trend(wide.to_numpy(), list(wide.columns), sign, resamples, rng)
        case "correlation":
            units = rows.groupby(claim["unit"])[[claim["along"], "value"]].mean()
            strata = units.groupby(claim["strata"]).ngroup()
            x, y = units.to_numpy().T
            return correlation(x, y, strata.to_numpy(), sign, resamples, rng)
        case test:
            function = {"dominance": dominance, "difference": difference}[test]
            found = function(_strata(rows, claim), sign, resamples, rng)
            ((_, names),) = claim["groups"].items()
            named = zip(map(str, names), found.observed.values(), strict=True)
            return replace(found, observed=dict(named))


def _strata(rows: pd.DataFrame, claim: Claim) -> Strata:
    """Values of the two groups in every stratum that has both."""
    ((column, names),) = claim["groups"].items()
    texts = _texts(rows[column])
    strata: list[tuple[Array, Array]] = []
    by = claim.get("strata", [])
    for _, stratum in rows.groupby(by) if by else [((), rows)]:
        first, second = (
            stratum.loc[texts[stratum.index] == _text(name), "value"].to_numpy() for name in names
        )
        if len(first) and len(second):
            strata.append((first, second))
    if not strata:
        raise NotTestableError(f"no runs with {column} both {names[0]} and {names[1]}")
    return strata


def variant_of(name: str, variant: str) -> str:
    """The name of a claim or figure in a variant: "powell-as-run"."""
    return "-".join([name, *variant.split()])


def beside_claims(claims: Mapping[str, Claim]) -> dict[str, Claim]:
    """An entry for every measure ``beside`` a claim: the claim with what it has of its own."""
    return {
        f"{name}-{key}": {**claim, "hypothesis": "", **own, "kind": BESIDE}
        for name, claim in claims.items()
        for key, own in claim.get("beside", {}).items()
    }


def reported_claims(
    templates: Mapping[str, Claim], published: Mapping[str, Any]
) -> dict[str, Claim]:
    """A claim for every figure of ``data/published.yaml``, in every variant of its template."""
    claims: dict[str, Claim] = {}
    for experiment, template in templates.items():
        for keys, figures in _leaves(published.get(experiment, {}), len(template["by"])):
            for measure in (m for m in template["measures"] if m in figures):
                for variant, columns in template["variants"].items():
                    where = {**template.get("where", {}), **columns}
                    where |= dict(zip(template["by"], keys, strict=True))
                    name = variant_of("-".join([experiment, *keys, measure]), variant)
                    claims[name] = {
                        "kind": FIGURE,
                        "claim": f"{_label(keys)}: {_words(measure)} {figures[measure]:g}",
                        "hypothesis": f"A single run of ours, {variant}, may give this figure.",
                        "experiment": experiment, "table": template["table"], "where": where,
                        "measure": measure, "test": "reported", "variant": variant,
                        "published": float(figures[measure]),
                    }  # fmt: skip
    return claims


def _words(column: str) -> str:
    return column.replace("_", " ")


def _label(keys: Sequence[str]) -> str:
    """ "font2, exceptional"; a probability's slug as "p = 0.1"."""
    return ", ".join(re.sub(r"^p-(\d)(\d+?)0?$", r"p = \1.\2", key) for key in keys)


def _leaves(tree: Mapping[str, Any], depth: int) -> list[tuple[tuple[str, ...], Any]]:
    if depth == 0:
        return [((), tree)]
    return [
        ((str(key), *keys), leaf)
        for key, branch in tree.items()
        for keys, leaf in _leaves(branch, depth - 1)
    ]


# --- verdicts --------------------------------------------------------------------------------


def holm(p: Array) -> Array:
    """Holm's step-down correction of p (claims,); NaN stays NaN.

    Holm 1979, Scand. J. Stat. 6: 65.
    """
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def verdict(finding: Finding, p_holm: float, relevant: float, rules: Mapping[str, Any]) -> str:
    """The verdict on a claim; the rules stand at the top of this module."""
    if finding.runs < rules["min_replicates"] or math.isnan(finding.low):
        return INCONCLUSIVE
    if p_holm < rules["alpha"] and finding.low > relevant:
        return SUPPORTED
    return CONTRADICTED if finding.high < relevant else INCONCLUSIVE


def reported_verdict(finding: Finding, p_holm: float, rules: Mapping[str, Any]) -> str:
    """The verdict on a published figure: supported when it lies where single runs of ours do.

    Contradicted when Holm's p is below alpha. Outside, but not by enough for that: inconclusive.
    """
    if finding.runs < rules["min_replicates"] or math.isnan(finding.effect):
        return INCONCLUSIVE
    if abs(finding.effect) <= 1:
        return SUPPORTED
    return CONTRADICTED if p_holm < rules["alpha"] else INCONCLUSIVE


FINDINGS = [
    "claim", "kind", "experiment", "text", "hypothesis", "measure", "shows", "test", "variant",
    "runs", "effect", "effect_low", "effect_high", "relevant", "p", "p_holm", "verdict", "reason",
    "published", "median", "single_run_low", "single_run_high",
]  # fmt: skip
_AMONG_RUNS = FINDINGS[-4:]
"""Of a published figure: itself, our median, and the interval that holds 95 % of single runs."""
_NOTHING = Finding(math.nan, math.nan, math.nan, math.nan, 0, {})


def conclude(
    results: Path, claims: Mapping[str, Any], published: Mapping[str, Any], rules: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All findings, and the numbers observed for each.

    claims : the content of data/claims.yaml; published : of data/published.yaml
    rules : seed, alpha, min_replicates, resamples, relevant (by claim)
    Findings have a row a claim, a measure beside one (it has the claim's text, no p, no verdict)
    and a published figure.
    """
    entries: dict[str, Claim] = {
        **claims["claims"],
        **beside_claims(claims["claims"]),
        **reported_claims(claims["reported"], published),
    }
    findings, reasons = [], []
    for name, claim in entries.items():
        finding, reason = _finding(results, name, claim, rules)
        findings.append(finding)
        reasons.append(reason)
    adjusted = holm(np.array([finding.p for finding in findings], np.float64))

    rows, observed = [], []
    for (name, claim), found, p, reason in zip(
        entries.items(), findings, adjusted, reasons, strict=True
    ):
        kind = claim.get("kind", CLAIM)
        relevant = rules["relevant"].get(name, math.nan)
        if kind == BESIDE:
            outcome = ""
        elif reason:
            outcome = UNTESTABLE
        elif kind == FIGURE:
            outcome = reported_verdict(found, p, rules)
        else:
            outcome = verdict(found, p, relevant, rules)
        if outcome == INCONCLUSIVE and found.runs < rules["min_replicates"]:
            reason = f"fewer than {rules['min_replicates']} runs"
        values = [
            name, kind, claim.get("experiment", ""), claim["claim"], claim.get("hypothesis", ""),
            claim.get("measure", ""), claim.get("shows", ""), claim.get("test", ""),
            claim.get("variant", ""), found.runs, found.effect, found.low, found.high, relevant,
            found.p, p, outcome, reason,
            *[found.observed.get(key, math.nan) for key in _AMONG_RUNS],
        ]  # fmt: skip
        rows.append(dict(zip(FINDINGS, values, strict=True)))
        observed += [{"claim": name, "name": k, "value": v} for k, v in found.observed.items()]
    return pd.DataFrame(rows), pd.DataFrame(observed, columns=["claim", "name", "value"])


def _finding(
    results: Path, name: str, claim: Claim, rules: Mapping[str, Any]
) -> tuple[Finding, str]:
    """The finding on a claim, or nothing and the reason why it cannot be tested."""
    if "untestable" in claim:
        return _NOTHING, str(claim["untestable"])
    rng = seeds.generator(rules["seed"], "conclusions", name)
    try:
        table = read_csv(results / claim["experiment"] / "tables" / f"{claim['table']}.csv")
        if claim["test"] == "reported":
            return reported(selected(table, claim)["value"].to_numpy(), claim["published"]), ""
        if claim.get("kind") == BESIDE:  # decides nothing: no part in Holm's correction
            found = find(table, claim, math.nan, rules["resamples"], rng)
            return replace(found, p=math.nan), ""
        return find(table, claim, rules["relevant"][name], rules["resamples"], rng), ""
    except FileNotFoundError as error:
        return _NOTHING, f"{Path(error.filename).name} of {claim['experiment']} is not there"
    except NotTestableError as error:
        return _NOTHING, str(error)


def metrics(findings: pd.DataFrame) -> dict[str, Any]:
    """How many claims and figures got which verdict, and every finding by kind and name."""
    names = {CLAIM: "claims", FIGURE: "figures", BESIDE: "beside"}
    tree: dict[str, Any] = {**{name: {} for name in names.values()}, "counts": {}}
    for kind in (CLAIM, FIGURE):
        counts = findings.loc[findings["kind"] == kind, "verdict"].value_counts()
        tree["counts"][names[kind]] = {
            verdict.replace(" ", "_"): int(counts.get(verdict, 0)) for verdict in VERDICTS
        }
    kept = [
        "runs", "effect", "effect_low", "effect_high", "p_holm", "verdict", "reason", *_AMONG_RUNS,
    ]  # fmt: skip
    for row in findings.to_dict("records"):
        values = {key: row[key] for key in kept if not pd.isna(row[key]) and row[key] != ""}
        tree[names[row["kind"]]][row["claim"]] = values
    return tree
