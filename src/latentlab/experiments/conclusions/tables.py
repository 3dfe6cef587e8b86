"""From claims and the tables of all experiments to findings and verdicts."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from latentlab import seeds
from latentlab.experiments.conclusions.evidence import (
    Array,
    Finding,
    NotTestableError,
    Strata,
    correlation,
    difference,
    dominance,
    level,
    reported,
    trend,
)
from latentlab.experiments.knobs import slug
from latentlab.files.tables import read_csv

Claim = Mapping[str, Any]


SUPPORTED, CONTRADICTED, INCONCLUSIVE, UNTESTABLE = VERDICTS = (
    "supported", "contradicted", "inconclusive", "not testable",
)  # fmt: skip


CLAIM, OURS, FIGURE, BESIDE = "claim", "ours", "figure", "beside"
"""Kinds of findings: on a claim of the original, on one of ours, on a published figure, on another
measure of a claim."""
CLAIMS = (CLAIM, OURS)


AS_MEANT, AS_RUN = "as meant", "as run"
"""Variants: functions as the authors meant them, and as their code ran them where that differs."""


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


def find(table: pd.DataFrame, claim: Claim, resamples: int, rng: Any) -> Finding:
    """Test a claim on its table. Raises NotTestableError where runs are missing."""
    rows, sign = selected(table, claim), -1 if claim.get("expect") == "less" else 1
    match claim["test"]:
        case "level":
            return level(rows["value"].to_numpy(), claim["counts_from"])
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
            _, groups = _groups(claim)
            named = zip(groups, found.observed.values(), strict=True)
            return replace(found, observed=dict(named))


def _groups(claim: Claim) -> tuple[str, dict[str, Any]]:
    """The column of the two groups, and their values by what they are called."""
    ((column, groups),) = claim["groups"].items()
    return column, groups if isinstance(groups, dict) else {str(name): name for name in groups}


def _strata(rows: pd.DataFrame, claim: Claim) -> Strata:
    """Values of the two groups in every stratum that has both."""
    column, groups = _groups(claim)
    texts = _texts(rows[column])
    strata: list[tuple[Array, Array]] = []
    by = claim.get("strata", [])
    for _, stratum in rows.groupby(by) if by else [((), rows)]:
        first, second = (
            stratum.loc[texts[stratum.index] == _text(value), "value"].to_numpy()
            for value in groups.values()
        )
        if len(first) and len(second):
            strata.append((first, second))
    if not strata:
        one, other = groups
        raise NotTestableError(f"no runs with {column} both {one} and {other}")
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
    """ "font2, exceptional"; a probability's slug as "p = 0.1", and no name twice."""
    words = [re.sub(r"^p-(\d)(\d+?)0?$", r"p = \1.\2", key) for key in dict.fromkeys(keys)]
    return ", ".join(words)


def _leaves(tree: Mapping[str, Any], depth: int) -> list[tuple[tuple[str, ...], Any]]:
    if depth == 0:
        return [((), tree)]
    return [
        ((str(key), *keys), leaf)
        for key, branch in tree.items()
        for keys, leaf in _leaves(branch, depth - 1)
    ]


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
    rules : seed, alpha, min_replicates, resamples
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
        kind = claim.get("kind") or (OURS if claim.get("of") == "ours" else CLAIM)
        relevant = math.nan if kind == BESIDE else claim.get("counts_from", math.nan)
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
            return replace(find(table, claim, rules["resamples"], rng), p=math.nan), ""
        return find(table, claim, rules["resamples"], rng), ""
    except FileNotFoundError as error:
        return _NOTHING, f"{Path(error.filename).name} of {claim['experiment']} is not there"
    except NotTestableError as error:
        return _NOTHING, str(error)


def metrics(findings: pd.DataFrame) -> dict[str, Any]:
    """How many claims and figures got which verdict, and every finding by kind and name."""
    names = {CLAIM: "claims", FIGURE: "figures", BESIDE: "beside"}
    if (findings["kind"] == OURS).any():
        names[OURS] = "ours"
    tree: dict[str, Any] = {**{name: {} for name in names.values()}, "counts": {}}
    for kind in (kind for kind in names if kind != BESIDE):
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
