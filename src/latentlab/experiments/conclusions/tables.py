"""From claims and the tables of all experiments to findings and verdicts.

A claim is read in several ways, each defensible: its own entry in data/claims.yaml, and the
``readings`` that differ from it in one thing. Each reading has a finding. The claim is

supported, contradicted    where its own reading says so and no other lies on the other side
depends on the reading     where one does, or where its own is unclear and another is not
inconclusive               where all are unclear
not testable               where no run answers it

A reading is for the claim where its effect is above the smallest that counts, against it where it
is below, and p, that of an effect just as large, is below alpha; of the claim's own entry after
Holm's correction over the claims. Else it is unclear. The rule is the same in both directions.
A claim whose ``controls`` do not come out as they must has no verdict: its measure is no good. A
control that cannot be computed takes nothing from it, and is told.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from latentlab import seeds
from latentlab.aliases import Array
from latentlab.experiments.conclusions import evidence
from latentlab.experiments.conclusions.evidence import Draws, Finding, NotTestableError, Strata
from latentlab.experiments.conclusions.readings import TESTS, asked
from latentlab.experiments.knobs import slug
from latentlab.files.tables import read_csv

Claim = Mapping[str, Any]


SUPPORTED, CONTRADICTED, DEPENDS, INCONCLUSIVE, UNTESTABLE = VERDICTS = (
    "supported", "contradicted", "depends on the reading", "inconclusive", "not testable",
)  # fmt: skip
COMPATIBLE, OUTSIDE, NOTHING = FIGURE_VERDICTS = ("compatible", "outside", "says nothing")
"""Of a published figure: among single runs of ours, outside of them, too few runs to tell."""

AS_IT_MUST, NOT_AS_IT_MUST = "as it must", "not as it must"
"""Of a control."""


CLAIM, OURS, READING, CONTROL, FIGURE = KINDS = ("claim", "ours", "reading", "control", "figure")
"""Kinds of findings: on a claim of the original, on one of ours, another reading of one, a control
of its measure, a published figure."""
CLAIMS = (CLAIM, OURS)


AS_MEANT, AS_RUN = "as meant", "as run"
"""Variants of figures: functions as the authors meant them, and as their code ran them."""


def columns(claim: Claim) -> list[str]:
    """The columns of its table that a claim needs: all that is asked of the other experiments."""
    nodes = list(ast.walk(ast.parse(claim["measure"])))
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in functions}
    names |= set(claim.get("where", {}))
    for key in {*TESTS.get(claim.get("test", ""), ()), "strata"}:
        asked_for = claim.get(key, [])
        names |= {asked_for} if isinstance(asked_for, str) else set(asked_for)
    return sorted(names)


def selected(table: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """The rows that a claim is about, with its measure in the column ``value``.

    Raises NotTestableError where columns or rows are missing.
    """
    name = f"results/{claim['experiment']}/tables/{claim['table']}.csv"
    missing = [column for column in columns(claim) if column not in table]
    if missing:
        names = list(map(str, table.columns))
        near = {n for column in missing for n in difflib.get_close_matches(column, names, 1)}
        like = f" (like it: {', '.join(sorted(near))})" if near else ""
        raise NotTestableError(f"no column {', '.join(missing)} in {name}{like}")
    for column, wanted in claim.get("where", {}).items():
        table = table[_texts(table[column]) == _text(wanted)]
        if table.empty:
            raise NotTestableError(f"no run with {column} {wanted} in {name}")
    try:
        values = table.eval(claim["measure"]).astype(float)
    except (TypeError, ValueError):
        raise NotTestableError(f"no numbers in {claim['measure']} of {name}") from None
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
    draws = Draws(claim["counts_from"], resamples, rng)
    match claim["test"]:
        case "level":
            by = claim.get("strata", [])
            parts = [part for _, part in rows.groupby(by)] if by else [rows]
            return evidence.level([part["value"].to_numpy() for part in parts], draws)
        case "mean":
            return evidence.mean(rows["value"].to_numpy(), draws)
        case "trend":
            return evidence.trend(*_blocks(rows, claim), sign, draws)
        case "slope":
            values, along = rows["value"].to_numpy(), _numbers(rows, [claim["along"]])[:, 0]
            units = rows.groupby(claim["unit"]).ngroup().to_numpy()
            given = _numbers(rows, claim["given"])
            return evidence.slope(values, along, given, units, sign, draws)
        case "correlation":
            by = list(dict.fromkeys([*claim["unit"], *claim["strata"], claim["members"]]))
            measured = list(dict.fromkeys({claim["along"], "value"} - set(by)))
            units = rows.groupby(by)[measured].mean().reset_index()
            strata = units.groupby(claim["strata"]).ngroup().to_numpy()
            members = [
                frozenset(f"{stratum} {member}" for member in str(of))
                for stratum, of in zip(strata, units[claim["members"]], strict=True)
            ]
            x, y = _numbers(units, [claim["along"]])[:, 0], units["value"].to_numpy()
            return evidence.correlation(x, y, members, strata, sign, draws)
        case test:
            functions = {
                "dominance": evidence.dominance,
                "pairs": evidence.pairs,
                "difference": evidence.difference,
                "ratio": evidence.ratio,
            }
            found = functions[test](_strata(rows, claim), sign, draws)
            _, groups = _groups(claim)
            named = zip(groups, found.observed.values(), strict=True)
            return replace(found, observed=dict(named))


def _numbers(rows: pd.DataFrame, names: list[str]) -> Array:
    """Columns (rows, names). Raises NotTestableError where one holds texts."""
    try:
        numbers: Array = rows[names].to_numpy(np.float64)
    except (TypeError, ValueError):
        raise NotTestableError(f"no numbers in {', '.join(names)}") from None
    return numbers


def _blocks(rows: pd.DataFrame, claim: Claim) -> tuple[list[list[Array]], list[float]]:
    """Of every block that has all levels the values at each, and the levels, in their order."""
    along = claim["along"]
    levels = sorted(rows[along].unique())
    blocks = []
    for _, block in rows.groupby(claim["blocks"]):
        values = [block.loc[block[along] == level, "value"].to_numpy() for level in levels]
        if all(map(len, values)):
            blocks.append(values)
    if not blocks:
        raise NotTestableError(f"no block has all levels of {along}")
    return blocks, levels


def _groups(claim: Claim) -> tuple[str, dict[str, Any]]:
    """The column of the two groups, and their values by what they are called."""
    ((column, groups),) = claim["groups"].items()
    return column, groups if isinstance(groups, dict) else {str(name): name for name in groups}


def _strata(rows: pd.DataFrame, claim: Claim) -> Strata:
    """Values of the two groups in every stratum that has both; of pairs in the order of starts."""
    column, groups = _groups(claim)
    texts = _texts(rows[column])
    start = claim.get("start", [])
    strata: list[tuple[Array, Array]] = []
    by = claim.get("strata", [])
    for _, stratum in rows.groupby(by) if by else [((), rows)]:
        first, second = (
            stratum.loc[texts[stratum.index] == _text(value), [*start, "value"]]
            for value in groups.values()
        )
        if start:
            for group in (first, second):
                if group.duplicated(start).any():
                    raise NotTestableError(f"several runs of one {', '.join(start)}")
            both = first.merge(second, on=start, suffixes=("_first", "_second"))
            first, second = both["value_first"], both["value_second"]
        else:
            first, second = first["value"], second["value"]
        if len(first) and len(second):
            strata.append((first.to_numpy(), second.to_numpy()))
    if not strata:
        one, other = groups
        raise NotTestableError(f"no runs with {column} both {one} and {other}")
    return strata


def variant_of(name: str, variant: str) -> str:
    """The name of a claim or figure in a variant: "powell-as-run"."""
    return "-".join([name, *variant.split()])


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


def verdict(finding: Finding, p: float, bound: float, rules: Mapping[str, Any]) -> str:
    """What one reading says, by its p: for the claim, against it, or nothing."""
    few = finding.runs < rules["min_replicates"]
    if few or math.isnan(finding.low) or not p < rules["alpha"] or finding.effect == bound:
        return INCONCLUSIVE
    return SUPPORTED if finding.effect > bound else CONTRADICTED


def verdict_of_all(rows: Sequence[Mapping[str, Any]], with_later: bool = False) -> tuple[str, str]:
    """The verdict on a claim, and why: on what it depends, or a control that its measure fails.

    rows : its findings, the claim's own first
    with_later : whether exploratory readings count as well, which they do not in a verdict
    A reading that is unclear agrees with what the claim's own says where its effect is on the same
    side of the smallest that counts. One of too few runs, or of none, says nothing; nor does an
    exploratory one, which was added when results had been seen.
    """
    if failed := [row["claim"] for row in rows if row["says"] == NOT_AS_IT_MUST]:
        return UNTESTABLE, f"the control {failed[0]} does not come out as it must"
    own = rows[0]
    others = [
        row
        for row in rows[1:]
        if row["kind"] == READING and not row["reason"] and (with_later or not row["exploratory"])
    ]
    clear = [row for row in (own, *others) if row["says"] in (SUPPORTED, CONTRADICTED)]
    if own["says"] == UNTESTABLE and not others:
        return UNTESTABLE, own["reason"]
    if not clear:
        return INCONCLUSIVE, own["reason"]
    if own not in clear:
        apart = clear
    else:
        apart = [row for row in others if _side(row) != own["says"]]
    if not apart:
        return own["says"], ""
    told = "on the " + ", the ".join(dict.fromkeys(row["differs"] for row in apart))
    return DEPENDS, told + (_OWN + own["reason"] if own["says"] == UNTESTABLE else "")


_OWN = "; its own reading: "


def depends_on(reason: str) -> tuple[str, str]:
    """Of the ``reason`` of such a verdict: in what readings differ, and why the claim's own fails.

    "on the measure, the noise"; the second is "" where its own reading has runs.
    """
    on, _, own = reason.partition(_OWN)
    return on, own


def _side(row: Mapping[str, Any]) -> str:
    """What a reading says, or would where it is unclear."""
    above = row["effect"] > row["counts_from"]
    return row["says"] if row["says"] != INCONCLUSIVE else SUPPORTED if above else CONTRADICTED


def reported_verdict(finding: Finding, rules: Mapping[str, Any]) -> str:
    """The word on a published figure, by its rank among our runs.

    Outside where at most a share alpha of our runs lies as far out, on either side, it counted
    among them. Fewer than 39 runs cannot say so for an alpha of 0.05: beyond all of them says
    nothing.
    """
    if math.isnan(finding.effect):
        return NOTHING
    if finding.p <= rules["alpha"]:
        return OUTSIDE
    return NOTHING if abs(finding.effect) == 1 else COMPATIBLE


FINDINGS = [
    "claim", "kind", "of", "exploratory", "differs", "must", "experiment", "text", "hypothesis",
    "measure", "shows", "test", "variant", "runs", "effect", "effect_low", "effect_high",
    "counts_from", "p", "p_holm", "says", "verdict", "reason", "with_later", "published", "median",
    "single_run_low", "single_run_high",
]  # fmt: skip
"""Columns of a finding.

claim : its name; of : the claim that it is a reading or a control of, or is itself
says : what it says alone; verdict : on a claim, on all its readings; on a published figure
with_later : on what the verdict would depend if exploratory readings counted, where it does not
"""


_AMONG_RUNS = FINDINGS[-4:]
"""Of a published figure: itself, our median, our smallest and our largest run."""


_NOTHING = Finding(math.nan, math.nan, math.nan, math.nan, 0, {})


def entries_of(claims: Mapping[str, Any], published: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All that is tested, each with its name, its kind and the claim that it is of."""
    entries: list[dict[str, Any]] = []
    for name, claim in claims["claims"].items():
        for path, entry in asked(claim).items():
            kind, _, own = path.partition(".")
            kind = {"": OURS if claim.get("of") == "ours" else CLAIM, "readings": READING,
                    "controls": CONTROL}[kind]  # fmt: skip
            told = {READING: "reading", CONTROL: "control"}.get(kind, "claim")
            whose = {"name": own or name, "kind": kind, "of": name, "text": entry[told]}
            later = "yes" if entry.get("exploratory") else ""
            entries.append({**entry, **whose, "exploratory": later})
    figures = reported_claims(claims["reported"], published)
    return entries + [
        {**figure, "name": name, "of": "", "text": figure["claim"]}
        for name, figure in figures.items()
    ]


def conclude(
    results: Path, claims: Mapping[str, Any], published: Mapping[str, Any], rules: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All findings, and the numbers observed for each.

    claims : the content of data/claims.yaml; published : of data/published.yaml
    rules : seed, alpha, min_replicates, resamples
    Findings have a row for each entry of ``entries_of``. That of a claim has the effect of its own
    reading and the verdict on all of them.
    """
    entries = entries_of(claims, published)
    found = [_finding(results, entry, rules) for entry in entries]
    own = [entry["kind"] in CLAIMS for entry in entries]
    p = holm(np.where(own, [finding.p for finding, _ in found], np.nan))
    says = [
        _says(entry, finding, reason, corrected, rules)
        for entry, (finding, reason), corrected in zip(entries, found, p, strict=True)
    ]
    rows, observed = [], []
    for entry, (finding, reason), corrected, said in zip(entries, found, p, says, strict=True):
        if said == INCONCLUSIVE and finding.runs < rules["min_replicates"]:
            reason = f"fewer than {rules['min_replicates']} runs"
        outcome = said if entry["kind"] == FIGURE else ""
        texts = {"says": said, "verdict": outcome, "reason": reason}
        rows.append(_row(entry, finding, corrected) | texts)
        of = {key: rows[-1][key] for key in ("claim", "kind", "of")}
        observed += [{**of, "name": k, "value": v} for k, v in finding.observed.items()]
    for row in rows:
        if row["kind"] in CLAIMS:
            of_claim = [other for other in rows if other["of"] == row["of"]]
            row["verdict"], row["reason"] = verdict_of_all(of_claim)
            other, why = verdict_of_all(of_claim, with_later=True)
            row["with_later"] = why if other == DEPENDS != row["verdict"] else ""
    return (
        pd.DataFrame(rows, columns=FINDINGS),
        pd.DataFrame(observed, columns=["claim", "kind", "of", "name", "value"]),
    )


def _says(
    entry: Mapping[str, Any], finding: Finding, reason: str, p_holm: float, rules: Mapping[str, Any]
) -> str:
    """What one entry says by itself; of a control whether it came out as it must."""
    if entry["kind"] == FIGURE:
        return reported_verdict(finding, rules)
    if reason:
        return UNTESTABLE
    if entry["kind"] == CONTROL:
        passes = finding.effect > entry["counts_from"]
        return AS_IT_MUST if passes == (entry["must"] == "pass") else NOT_AS_IT_MUST
    p = p_holm if entry["kind"] in CLAIMS else finding.p
    return verdict(finding, p, entry["counts_from"], rules)


def _row(entry: Mapping[str, Any], finding: Finding, p_holm: float) -> dict[str, Any]:
    # a group of a claim may be called "published" too
    seen = {**entry, **finding.observed} if entry["kind"] == FIGURE else {}
    return {
        **{key: entry.get(key, "") for key in FINDINGS},
        "claim": entry["name"], "runs": finding.runs, "effect": finding.effect,
        "effect_low": finding.low, "effect_high": finding.high,
        "counts_from": entry.get("counts_from", math.nan), "p": finding.p, "p_holm": p_holm,
        **{key: seen.get(key, math.nan) for key in _AMONG_RUNS},
    }  # fmt: skip


def _finding(
    results: Path, entry: Mapping[str, Any], rules: Mapping[str, Any]
) -> tuple[Finding, str]:
    """The finding on an entry, or nothing and the reason why it cannot be tested."""
    if "untestable" in entry:
        return _NOTHING, str(entry["untestable"])
    rng = seeds.generator(rules["seed"], "conclusions", entry["of"], entry["kind"], entry["name"])
    try:
        table = read_csv(results / entry["experiment"] / "tables" / f"{entry['table']}.csv")
        if entry["kind"] == FIGURE:
            values = selected(table, entry)["value"].to_numpy()
            return evidence.reported(values, entry["published"]), ""
        found = find(table, entry, rules["resamples"], rng)
        return (replace(found, p=math.nan), "") if entry["kind"] == CONTROL else (found, "")
    except FileNotFoundError as error:
        return _NOTHING, f"{Path(error.filename).name} of {entry['experiment']} is not there"
    except NotTestableError as error:
        return _NOTHING, str(error)


SINGLE_RUNS = ["name", "of", "text", "experiment", "measure", "runs", "chance", "reason"]
"""Columns of what single runs are worth.

of : whether it is the published order or a conclusion from it; runs : of the network, or what else
is compared, that has fewest; chance : that a single run of each comes out in the order
"""


def single_runs(results: Path, orders: Mapping[str, Any]) -> pd.DataFrame:
    """How likely single runs are to come out in an order: a row for each of the file's."""
    rows = []
    for name, entry in orders.items():
        runs, chance, reason = 0, math.nan, ""
        try:
            table = read_csv(results / entry["experiment"] / "tables" / f"{entry['table']}.csv")
            groups = _members(table, entry)
            runs = min(len(values) for group in groups for values in group)
            chance = evidence.chance_of_order(groups)
        except FileNotFoundError as error:
            reason = f"{Path(error.filename).name} of {entry['experiment']} is not there"
        except NotTestableError as error:
            reason = str(error)
        told = {"text": entry["says"], **{key: entry[key] for key in ("of", "experiment")}}
        found = {"measure": entry["measure"], "runs": runs, "chance": chance, "reason": reason}
        rows.append({"name": name, **told, **found})
    return pd.DataFrame(rows, columns=SINGLE_RUNS)


def _members(table: pd.DataFrame, entry: Mapping[str, Any]) -> list[list[Array]]:
    """Of every group of an order the values of its members."""
    column = entry["column"]
    rows = selected(table, entry)
    return [
        [selected(rows, {**entry, "where": {column: member}})["value"].to_numpy()
         for member in group]
        for group in entry["order"]
    ]  # fmt: skip


def single_metrics(singles: pd.DataFrame) -> dict[str, Any]:
    """By name what ``single_runs`` found."""
    rows = singles.to_dict("records")
    return {row["name"]: _leaves_of(row, "of", "runs", "chance", "reason") for row in rows}


def metrics(findings: pd.DataFrame) -> dict[str, Any]:
    """How many claims and figures got which verdict; every claim with its readings and controls."""
    tree: dict[str, Any] = {"counts": {}, "claims": {}, "figures": {}}
    claims, figures = (findings[findings["kind"].isin(kinds)] for kinds in (CLAIMS, [FIGURE]))
    for name, rows, verdicts in (
        *((f"claims_{kind}", claims[claims["kind"] == kind], VERDICTS) for kind in CLAIMS),
        ("figures", figures, FIGURE_VERDICTS),
    ):
        counts = rows["verdict"].value_counts()
        tree["counts"][name] = {
            verdict.replace(" ", "_"): int(counts.get(verdict, 0)) for verdict in verdicts
        }
    effect = ("runs", "effect", "effect_low", "effect_high", "says", "reason", "exploratory")
    for row in claims.to_dict("records"):
        of = findings[findings["of"] == row["claim"]]
        own = {**row, "reason": ""}
        readings = {row["claim"]: own} | {
            other["claim"]: other for other in of[of["kind"] == READING].to_dict("records")
        }
        controls = of[of["kind"] == CONTROL].to_dict("records")
        tree["claims"][row["claim"]] = {
            **_leaves_of(row, "verdict", "reason", "with_later", "p_holm"),
            "readings": {name: _leaves_of(found, *effect) for name, found in readings.items()},
            "controls": {
                found["claim"]: _leaves_of(found, "effect", "must", "says", "reason")
                for found in controls
            },
        }
    for row in figures.to_dict("records"):
        tree["figures"][row["claim"]] = _leaves_of(
            row, "experiment", "measure", "runs", "effect", "p", "verdict", "reason", *_AMONG_RUNS
        )
    return tree


def _leaves_of(row: Mapping[Any, Any], *keys: str) -> dict[str, Any]:
    return {key: row[key] for key in keys if not pd.isna(row[key]) and row[key] != ""}
