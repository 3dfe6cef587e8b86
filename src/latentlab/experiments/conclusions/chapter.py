"""The chapter of ``conclusions``, and the verdicts of the first screen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.experiments.conclusions.tables import (
    AS_MEANT,
    AS_RUN,
    BESIDE,
    CLAIM,
    CONTRADICTED,
    FIGURE,
    INCONCLUSIVE,
    SUPPORTED,
    UNTESTABLE,
    VERDICTS,
    variant_of,
)
from latentlab.files.tables import read_csv
from latentlab.pages.parts import NONE, Chapter, Group, Table, count, figure, listing, made, number

SIGNS = {SUPPORTED: "\N{CHECK MARK}", CONTRADICTED: "\N{MULTIPLICATION X}", INCONCLUSIVE: "?",
         UNTESTABLE: NONE}  # fmt: skip
EFFECTS = {
    "trend": "mean rank correlation",
    "dominance": "Cliff's delta",
    "difference": "difference of means",
    "level": "median",
    "correlation": "rank correlation",
}
"""What the effect of a test is."""
TESTS = {
    "trend": "Page's trend test",
    "dominance": "Mann-Whitney test",
    "difference": "Mann-Whitney test",
    "level": "quantile test of the median",
    "correlation": "permutation test",
}
_BESIDE = "Beside it, "


@dataclass(frozen=True)
class Verdict:
    """One claim on the first screen: the verdict, why in a sentence, the chapter it rests on."""

    claim: str
    verdict: str
    sign: str
    why: str
    chapter: str


def board(results: Path) -> list[Verdict]:
    """The verdicts on all claims, in the order of the claims."""
    findings, observed = findings_of(results)
    return [
        Verdict(
            claim=row.text,
            verdict=row.verdict,
            sign=SIGNS[row.verdict],
            why=" ".join([_why(row, observed), *_beside_sentences(row, findings)]),
            chapter=row.experiment or "conclusions",
        )
        for row in findings[findings["kind"] == CLAIM].itertuples()
    ]


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/conclusions."""
    section, folder = settings["conclusions"], results / "conclusions" / "figures"
    findings, observed = findings_of(results)
    claims, figures = (findings[findings["kind"] == kind] for kind in (CLAIM, FIGURE))
    forest = figure(
        folder / "claims",
        f"Effect on each claim with its 95 % interval. {_by_verdict(claims)}",
        "An effect of 1 is for the claim without exception, 0 is none, below 0 is against it. Gray:"
        " effects too small to count, fixed in the parameters before the tests were run.",
    )
    published = figure(
        folder / "published_figures",
        "Each published figure by its distance from our runs, in half-widths of their 95 %"
        f" interval. {_by_verdict(figures)}",
        "Filled: the functions as the authors meant them; open: as their code ran them. Within the"
        " gray band lie 95 % of single runs of ours.",
    )
    return Chapter(
        id="conclusions",
        number="",
        title="Conclusions",
        question="Which claims of the original hold, and which of its figures?",
        answer=_answer(findings),
        details=tuple(filter(None, (_rules(section, findings), _readings(claims)))),
        cover=forest,
        groups=(Group("", "", (forest,)), Group("Published figures", "", (published,))),
        table=_claims_table(findings, observed),
        made=made("conclusions", section, ("test", "plot"), tables=("findings", "observed")),
        more=(_tests_table(claims), published_table(figures, observed)),
    )


def findings_of(results: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The findings, and what they rest on, below the folder of all results."""
    folder = results / "conclusions" / "tables"
    findings = read_csv(folder / "findings.csv")
    texts = ["text", "experiment", "hypothesis", "measure", "shows", "test", "variant", "reason"]
    findings[texts] = findings[texts].fillna("")
    return findings, read_csv(folder / "observed.csv")


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    found = rows["verdict"].value_counts()
    return {verdict: int(found[verdict]) for verdict in VERDICTS if verdict in found}


def _answer(findings: pd.DataFrame) -> str:
    claims = findings[findings["kind"] == CLAIM]
    counts = _counts(claims)
    told = listing([f"{n} {'is' if n == 1 else 'are'} {verdict}" for verdict, n in counts.items()])
    text = f"Of {count(len(claims), 'claim')} of the original, {told}."
    if (claims["variant"] == AS_RUN).any():
        text += " Readings of one claim count separately."
    figures = findings[(findings["kind"] == FIGURE) & (findings["reason"] == "")]
    if len(figures):
        text += f" {_compared(figures['verdict'])}"
    return text


def _compared(verdicts: Sequence[str]) -> str:
    """What came of the comparisons of published figures with enough runs of ours."""
    held = sum(verdict == SUPPORTED for verdict in verdicts)
    return (
        f"In {held} of {count(len(verdicts), 'comparison')} with our runs a published figure lies"
        " where 95 % of single runs do."
    )


def _by_verdict(rows: pd.DataFrame) -> str:
    groups = [
        f"{verdict.capitalize()}: {'; '.join(group['text'].str.rstrip('.').unique())}."
        for verdict in VERDICTS
        for group in [rows[rows["verdict"] == verdict]]
        if len(group)
    ]
    return " ".join(groups)


def _rules(section: Mapping[str, Any], findings: pd.DataFrame) -> str:
    tested = int(findings["p"].notna().sum())
    return (
        "A claim is supported when the 95 % interval of its effect lies above the smallest effect"
        f" that counts and p, after Holm's correction over all {tested} tests, is below"
        f" {section['alpha']:g}; contradicted when the whole interval lies below that effect; else"
        f" inconclusive, as always with fewer than {count(section['min_replicates'], 'run')}. A"
        " published figure is supported where 95 % of single runs of ours lie."
    )


def _readings(claims: pd.DataFrame) -> str:
    """Which claims were tested as the published code ran its functions, and if that matters."""
    tested = claims[claims["verdict"] != UNTESTABLE]
    as_run = tested[tested["variant"] == AS_RUN].set_index("claim")["verdict"]
    both, meant_only = [], []
    for row in tested[tested["variant"] == AS_MEANT].itertuples():
        text, other = f"“{row.text.rstrip('.')}”", as_run.get(variant_of(row.claim, AS_RUN))
        if other is None:
            meant_only.append(text)
        else:
            both.append(f"{text} ({'the same' if other == row.verdict else 'another'} verdict)")
    readings = {"as meant and as the published code ran it": both, "as meant only": meant_only}
    told = "; ".join(f"{reading}: {listing(texts)}" for reading, texts in readings.items() if texts)
    return f"Tested with ReLU or noise {told}." if told else ""


def _why(row: Any, observed: pd.DataFrame) -> str:
    if row.verdict == UNTESTABLE:
        return f"{row.reason[:1].upper()}{row.reason[1:]}."
    shows = f"{row.shows[:1].upper()}{row.shows[1:]}"
    if row.test == "level":
        text = f"{shows}: {_effect(row)}"
    else:
        text = f"{shows}: {_seen(row, observed)}; {_effect(row)}"
    if row.verdict == INCONCLUSIVE and row.reason:
        text += f"; {row.reason}"
    return f"{text}."


def _beside(row: Any, findings: pd.DataFrame) -> pd.DataFrame:
    """The measures beside a claim that could be had."""
    own = (findings["kind"] == BESIDE) & findings["claim"].str.startswith(f"{row.claim}-")
    return findings[own & (findings["text"] == row.text) & findings["effect"].notna()]


def _beside_sentences(row: Any, findings: pd.DataFrame) -> list[str]:
    return [
        f"{_BESIDE}{other.shows}: {_effect(other)}."
        for other in _beside(row, findings).itertuples()
    ]


def _seen(row: Any, observed: pd.DataFrame) -> str:
    """The numbers behind a claim: "0.94 (1), 0.86 (2)" by levels, "0.4 to 0.7" of a range."""
    own = observed[observed["claim"] == row.claim]
    names, values = own["name"].astype(str), [_value(value) for value in own["value"]]
    if row.test in ("level", "correlation"):
        return " to ".join(values)
    return ", ".join(f"{value} ({name})" for name, value in zip(names, values, strict=True))


def _value(value: float) -> str:
    return "never" if math.isinf(value) else number(value)


def _effect(row: Any) -> str:
    """The effect with its interval; of a level it is the number itself."""
    return _interval(row) if row.test == "level" else f"effect {_interval(row)}"


def _interval(row: Any) -> str:
    text = number(row.effect, 2)
    if math.isfinite(row.effect_low):
        text += f" [{number(row.effect_low, 2)}, {number(row.effect_high, 2)}]"
    return text


def _p(p: float) -> str:
    return NONE if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _claims_table(findings: pd.DataFrame, observed: pd.DataFrame) -> Table:
    rows = []
    for row in findings[findings["kind"] == CLAIM].itertuples():
        tested = row.verdict != UNTESTABLE
        rows.append(
            (
                row.text,
                f"{SIGNS[row.verdict]} {row.verdict}",
                _interval(row) if tested else NONE,
                number(row.relevant, 2) if tested else NONE,
                _p(row.p_holm),
                str(row.runs) if tested else NONE,
                _seen(row, observed) if tested else row.reason,
            )
        )
        rows += [
            (
                f"{_BESIDE}{other.shows}", NONE, _interval(other), NONE, NONE, str(other.runs),
                _seen(other, observed),
            )
            for other in _beside(row, findings).itertuples()
        ]  # fmt: skip
    columns = (
        "claim", "verdict", "effect", "counts from", "p (Holm)", "n", "observed",
    )  # fmt: skip
    return Table(
        "The claims and what came out",
        columns,
        tuple(rows),
        "Effects with 95 % intervals, positive where the claim is right. n: independent runs, of"
        " two groups those of the smaller one; of sets of letters, the sets. Observed: medians"
        " (where means differ: means), or the smallest and largest value.",
        prose=("verdict", "observed"),
    )


def _tests_table(claims: pd.DataFrame) -> Table:
    rows = tuple(
        (
            row.text,
            row.hypothesis,
            f"{row.measure.replace('_', ' ')} ({row.experiment})",
            TESTS[row.test],
            EFFECTS[row.test],
        )
        for row in claims[claims["test"] != ""].itertuples()
    )
    columns = ("claim", "hypothesis", "measure", "test", "effect")
    return Table("How each claim was tested", columns, rows, prose=columns[1:], folded=True)


def published_table(figures: pd.DataFrame, observed: pd.DataFrame) -> Table:
    """Obtained against published: each figure of the original among our runs.

    figures : the rows of the findings that are figures; observed : what the tests rest on
    """
    rows = []
    for row in figures.itertuples():
        own = observed[observed["claim"] == row.claim].set_index("name")["value"]
        known = "median" in own
        rows.append(
            (
                f"{row.text} ({row.variant})",
                row.experiment,
                number(own["median"]) if known else NONE,
                f"{number(own['single_run_low'])} to {number(own['single_run_high'])}"
                if known
                else NONE,
                number(row.effect, 2) if known else NONE,
                _p(row.p_holm),
                str(row.runs) if known else NONE,
                f"{SIGNS[row.verdict]} {row.verdict}",
                row.reason,
            )
        )
    columns = (
        "published figure", "experiment", "our median", "95 % of single runs", "distance",
        "p (Holm)", "n", "verdict", "why not",
    )  # fmt: skip
    return Table(
        "Published figures among our runs",
        columns,
        tuple(rows),
        "Distance: from the mean of our logarithms, in half-widths of the interval; within -1 and 1"
        " a single run of ours may give the figure.",
        prose=("experiment", "verdict", "why not"),
        folded=True,
    )


def readme(claims: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """The verdicts as a table in Markdown, for the README, from the committed metrics.

    claims : the content of data/claims.yaml; metrics : of results/conclusions/metrics.json
    """
    lines = [
        "| claim of the original | effect [95 % interval] | n | verdict |",
        "|---|---|---|---|",
    ]
    for name, claim in claims["claims"].items():
        found = metrics["claims"].get(name)
        if found is None:
            continue
        verdict = found["verdict"]
        lines.append(_readme_row(claim["claim"], found, f"{SIGNS[verdict]} {verdict}"))
        lines += [
            _readme_row(f"{_BESIDE}{other['shows']}", measured, NONE)
            for key, other in claim.get("beside", {}).items()
            if "effect" in (measured := metrics.get("beside", {}).get(f"{name}-{key}", {}))
        ]
    figures = [found for found in metrics["figures"].values() if "reason" not in found]
    return "\n".join([*lines, "", _compared([found["verdict"] for found in figures])])


def _readme_row(text: str, found: Mapping[str, Any], verdict: str) -> str:
    effect = number(found["effect"], 2) if "effect" in found else NONE
    if "effect_low" in found:
        effect += f" [{number(found['effect_low'], 2)}, {number(found['effect_high'], 2)}]"
    return f"| {text} | {effect} | {found['runs'] or NONE} | {verdict} |"
