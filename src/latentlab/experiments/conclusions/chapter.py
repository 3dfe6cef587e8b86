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
    CLAIMS,
    CONTRADICTED,
    FIGURE,
    INCONCLUSIVE,
    OURS,
    SUPPORTED,
    UNTESTABLE,
    VERDICTS,
    variant_of,
)
from latentlab.files.tables import read_csv
from latentlab.pages.parts import NONE, Chapter, Group, Table, figure, listing, made, number
from latentlab.pages.texts import (
    Text,
    Words,
    capital,
    data_text,
    joined,
    plural,
    recognized,
    sentences,
    text,
    without_stop,
)

SIGNS = {SUPPORTED: "\N{CHECK MARK}", CONTRADICTED: "\N{MULTIPLICATION X}", INCONCLUSIVE: "?",
         UNTESTABLE: NONE}  # fmt: skip
LABELS = {
    SUPPORTED: text("supported"),
    CONTRADICTED: text("contradicted"),
    INCONCLUSIVE: text("inconclusive"),
    UNTESTABLE: text("not testable"),
}
"""What the page calls the verdicts, and below the variants."""
_VARIANTS = {AS_MEANT: text("as meant"), AS_RUN: text("as run")}
EFFECTS = {
    "trend": text("mean rank correlation"),
    "dominance": text("Cliff's delta"),
    "difference": text("difference of means"),
    "level": text("median"),
    "correlation": text("rank correlation"),
}
"""What the effect of a test is."""
TESTS = {
    "trend": text("Page's trend test"),
    "dominance": text("Mann-Whitney test"),
    "difference": text("Mann-Whitney test"),
    "level": text("quantile test of the median"),
    "correlation": text("permutation test"),
}
REASONS = (
    "fewer than {runs} runs",
    "a trend needs 3 levels, {levels} are there",
    "a correlation needs 3 sets that differ",
    "no run with {column} {value} in {table}",
    "no runs with {column} both {one} and {other}",
    "no column {column} in {table}",
    "no value of {measure} in {table}",
    "no block has all levels of {factor}",
    "{table} of {experiment} is not there",
)
"""Why a claim has no verdict or an uncertain one, as the table of the findings says it."""


@dataclass(frozen=True)
class Verdict:
    """One claim on the first screen: the verdict, why in a sentence, the chapter it rests on.

    verdict : its name, whatever the language; label : in words
    """

    claim: Text
    verdict: str
    label: Text
    sign: str
    why: Text
    chapter: str


def board(results: Path) -> list[Verdict]:
    """The verdicts on all claims, in the order of the claims."""
    findings, observed = findings_of(results)
    return [
        Verdict(
            claim=_told(row),
            verdict=row.verdict,
            label=LABELS[row.verdict],
            sign=SIGNS[row.verdict],
            why=sentences(_why(row, observed), *_beside_sentences(row, findings)),
            chapter=row.experiment or "conclusions",
        )
        for row in findings[findings["kind"].isin(CLAIMS)].itertuples()
    ]


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/conclusions."""
    section, folder = settings["conclusions"], results / "conclusions" / "figures"
    findings, observed = findings_of(results)
    claims, figures = (findings[findings["kind"].isin(kinds)] for kinds in (CLAIMS, [FIGURE]))
    forest = figure(
        folder / "claims",
        sentences(text("Effect on each claim with its 95 % interval."), _by_verdict(claims)),
        text(
            "An effect of 1 is for the claim without exception, 0 is none, below 0 is against it."
            " Gray: effects too small to count, fixed before the tests were run."
        ),
    )
    published = figure(
        folder / "published_figures",
        sentences(
            text(
                "Each published figure by its distance from our runs, in half-widths of their 95 %"
                " interval."
            ),
            _by_verdict(figures),
        ),
        text(
            "Filled: the functions as the authors meant them; open: as their code ran them. Within"
            " the gray band lie 95 % of single runs of ours."
        ),
    )
    return Chapter(
        id="conclusions",
        number="",
        title=text("Conclusions"),
        question=text("Which claims of the original hold, and which of its figures?"),
        answer=_answer(findings),
        details=tuple(filter(None, (_rules(section, findings), _readings(claims)))),
        cover=forest,
        groups=(Group("", "", (forest,)), Group(text("Published figures"), "", (published,))),
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


def _answer(findings: pd.DataFrame) -> Text:
    claims, ours = (findings[findings["kind"] == kind] for kind in CLAIMS)
    figures = findings[(findings["kind"] == FIGURE) & (findings["reason"] == "")]
    return sentences(
        plural(
            "Of {n} claim of the original, {verdicts}.",
            "Of {n} claims of the original, {verdicts}.",
            len(claims),
            verdicts=_verdicts(claims),
        ),
        text("Readings of one claim count separately.")
        if (claims["variant"] == AS_RUN).any()
        else None,
        plural(
            "Of {n} claim of ours, {verdicts}.",
            "Of {n} claims of ours, {verdicts}.",
            len(ours),
            verdicts=_verdicts(ours),
        )
        if len(ours)
        else None,
        _compared(figures["verdict"]) if len(figures) else None,
    )


def _verdicts(claims: pd.DataFrame) -> Text:
    return listing([_counted(verdict, n) for verdict, n in _counts(claims).items()])


def _counted(verdict: str, n: int) -> Text:
    return {
        SUPPORTED: plural("{n} is supported", "{n} are supported", n),
        CONTRADICTED: plural("{n} is contradicted", "{n} are contradicted", n),
        INCONCLUSIVE: plural("{n} is inconclusive", "{n} are inconclusive", n),
        UNTESTABLE: plural("{n} is not testable", "{n} are not testable", n),
    }[verdict]


def _compared(verdicts: Sequence[str]) -> Text:
    """What came of the comparisons of published figures with enough runs of ours."""
    return plural(
        "In {held} of {n} comparison with our runs a published figure lies where 95 % of single"
        " runs do.",
        "In {held} of {n} comparisons with our runs a published figure lies where 95 % of single"
        " runs do.",
        len(verdicts),
        held=sum(verdict == SUPPORTED for verdict in verdicts),
    )


def _by_verdict(rows: pd.DataFrame) -> Text:
    """The claims or figures of every verdict, each text once."""
    groups = []
    for verdict in VERDICTS:
        of = rows[rows["verdict"] == verdict].drop_duplicates("text")
        if len(of):
            texts = joined("; ", [without_stop(_told(row)) for row in of.itertuples()])
            groups.append(capital(LABELS[verdict]) + ": " + texts + ".")
    return sentences(*groups)


def _told(row: Any) -> Text:
    """A claim, and if it is ours; of a published figure what it is of, the measure, the figure."""
    if row.kind == OURS:
        return text("{claim} (ours).", claim=without_stop(data_text(row.text)))
    measure = row.measure.replace("_", " ")
    what, found, figure_ = row.text.rpartition(f": {measure} ")
    if row.kind != FIGURE or not found:
        return data_text(row.text)
    return f"{what}: " + data_text(measure) + f" {figure_}"


def _rules(section: Mapping[str, Any], findings: pd.DataFrame) -> Text:
    return plural(
        "A claim is supported when the 95 % interval of its effect lies above the smallest effect"
        " that counts and p, after Holm's correction over all {tests} tests, is below {alpha};"
        " contradicted when the whole interval lies below that effect; else inconclusive, as always"
        " with fewer than {n} run. A published figure is supported where 95 % of single runs of"
        " ours lie.",
        "A claim is supported when the 95 % interval of its effect lies above the smallest effect"
        " that counts and p, after Holm's correction over all {tests} tests, is below {alpha};"
        " contradicted when the whole interval lies below that effect; else inconclusive, as always"
        " with fewer than {n} runs. A published figure is supported where 95 % of single runs of"
        " ours lie.",
        section["min_replicates"],
        tests=int(findings["p"].notna().sum()),
        alpha=f"{section['alpha']:g}",
    )


def _readings(claims: pd.DataFrame) -> Text | None:
    """Which claims were tested as the published code ran its functions, and if that matters."""
    tested = claims[claims["verdict"] != UNTESTABLE]
    as_run = tested[tested["variant"] == AS_RUN].set_index("claim")["verdict"]
    both, meant_only = [], []
    for row in tested[tested["variant"] == AS_MEANT].itertuples():
        claim = without_stop(_told(row))
        other = as_run.get(variant_of(row.claim, AS_RUN))
        if other is None:
            meant_only.append("“" + claim + "”")
        elif other == row.verdict:
            both.append(text("“{claim}” (the same verdict)", claim=claim))
        else:
            both.append(text("“{claim}” (another verdict)", claim=claim))
    readings = [
        words
        for texts, words in (
            (
                both,
                text("as meant and as the published code ran it: {claims}", claims=listing(both)),
            ),
            (meant_only, text("as meant only: {claims}", claims=listing(meant_only))),
        )
        if texts
    ]
    if not readings:
        return None
    return text("Tested with ReLU or noise {readings}.", readings=joined("; ", readings))


def _why(row: Any, observed: pd.DataFrame) -> Text:
    reason = recognized(row.reason, REASONS)
    if row.verdict == UNTESTABLE:
        return capital(reason) + "."
    shows = capital(data_text(row.shows)) + ": "
    seen = "" if row.test == "level" else _seen(row, observed) + "; "
    why = "; " + reason if row.verdict == INCONCLUSIVE and row.reason else ""
    return shows + seen + _effect(row) + why + "."


def _beside(row: Any, findings: pd.DataFrame) -> pd.DataFrame:
    """The measures beside a claim that could be had."""
    own = (findings["kind"] == BESIDE) & findings["claim"].str.startswith(f"{row.claim}-")
    return findings[own & (findings["text"] == row.text) & findings["effect"].notna()]


def _beside_sentences(row: Any, findings: pd.DataFrame) -> list[Text]:
    return [
        _named_beside(other.shows) + ": " + _effect(other) + "."
        for other in _beside(row, findings).itertuples()
    ]


def _named_beside(shows: str) -> Text:
    return text("Beside it, {measure}", measure=data_text(shows))


def _seen(row: Any, observed: pd.DataFrame) -> Text:
    """The numbers behind a claim: "0.94 (1), 0.86 (2)" by levels, "0.4 to 0.7" of a range."""
    own = observed[observed["claim"] == row.claim]
    values = [_value(value) for value in own["value"]]
    if row.test in ("level", "correlation") and len(values) == 2:
        return text("{low} to {high}", low=values[0], high=values[1])
    if row.test in ("level", "correlation"):
        return joined(", ", values)
    # a name has no blank: what has one is words
    names = [data_text(name) if " " in name else name for name in own["name"].astype(str)]
    named = zip(names, values, strict=True)
    return joined(", ", [joined("", (value, " (", name, ")")) for name, value in named])


def _value(value: float) -> Words:
    return text("never") if math.isinf(value) else number(value)


def _effect(row: Any) -> Words:
    """The effect with its interval; of a level it is the number itself."""
    if row.test == "level":
        return _interval(row)
    return text("effect {interval}", interval=_interval(row))


def _interval(row: Any) -> str:
    text = number(row.effect, 2)
    if math.isfinite(row.effect_low):
        text += f" [{number(row.effect_low, 2)}, {number(row.effect_high, 2)}]"
    return text


def _p(p: float) -> str:
    return NONE if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _claims_table(findings: pd.DataFrame, observed: pd.DataFrame) -> Table:
    rows: list[tuple[Words, ...]] = []
    for row in findings[findings["kind"].isin(CLAIMS)].itertuples():
        tested = row.verdict != UNTESTABLE
        rows.append(
            (
                _told(row),
                _signed(row.verdict),
                _interval(row) if tested else NONE,
                number(row.relevant, 2) if tested else NONE,
                _p(row.p_holm),
                str(row.runs) if tested else NONE,
                _seen(row, observed) if tested else recognized(row.reason, REASONS),
            )
        )
        rows += [
            (
                _named_beside(other.shows), NONE, _interval(other), NONE, NONE,
                str(other.runs), _seen(other, observed),
            )
            for other in _beside(row, findings).itertuples()
        ]  # fmt: skip
    verdict, seen = text("verdict"), text("observed")
    columns = (
        text("claim"),
        verdict,
        text("effect"),
        text("counts from"),
        "p (Holm)",
        "n",
        seen,
    )
    return Table(
        text("The claims and what came out"),
        columns,
        tuple(rows),
        text(
            "Effects with 95 % intervals, positive where the claim is right. n: independent runs,"
            " of two groups those of the smaller one; of sets of letters, the sets. Observed:"
            " medians (where means differ: means), or the smallest and largest value."
        ),
        prose=(verdict, seen),
    )


def _signed(verdict: str) -> Text:
    return f"{SIGNS[verdict]} " + LABELS[verdict]


def _tests_table(claims: pd.DataFrame) -> Table:
    rows = tuple(
        (
            _told(row),
            data_text(row.hypothesis),
            data_text(row.measure.replace("_", " ")) + " (" + data_text(row.experiment) + ")",
            TESTS[row.test],
            EFFECTS[row.test],
        )
        for row in claims[claims["test"] != ""].itertuples()
    )
    columns = (
        text("claim"),
        text("hypothesis"),
        text("measure"),
        text("test"),
        text("effect"),
    )
    return Table(text("How each claim was tested"), columns, rows, prose=columns[1:], folded=True)


def published_table(figures: pd.DataFrame, observed: pd.DataFrame) -> Table:
    """Obtained against published: each figure of the original among our runs.

    figures : the rows of the findings that are figures; observed : what the tests rest on
    """
    rows: list[tuple[Words, ...]] = []
    for row in figures.itertuples():
        own = observed[observed["claim"] == row.claim].set_index("name")["value"]
        known = "median" in own
        rows.append(
            (
                _told(row) + " (" + _VARIANTS.get(row.variant, row.variant) + ")",
                data_text(row.experiment),
                number(own["median"]) if known else NONE,
                text(
                    "{low} to {high}",
                    low=number(own["single_run_low"]),
                    high=number(own["single_run_high"]),
                )
                if known
                else NONE,
                number(row.effect, 2) if known else NONE,
                _p(row.p_holm),
                str(row.runs) if known else NONE,
                _signed(row.verdict),
                recognized(row.reason, REASONS) if row.reason else "",
            )
        )
    experiment, verdict, why_not = text("experiment"), text("verdict"), text("why not")
    columns = (
        text("published figure"),
        experiment,
        text("our median"),
        text("95 % of single runs"),
        text("distance"),
        "p (Holm)",
        "n",
        verdict,
        why_not,
    )
    return Table(
        text("Published figures among our runs"),
        columns,
        tuple(rows),
        text(
            "Distance: from the mean of our logarithms, in half-widths of the interval; within -1"
            " and 1 a single run of ours may give the figure."
        ),
        prose=(experiment, verdict, why_not),
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
        ours = claim.get("of") == "ours"
        found = metrics.get("ours" if ours else "claims", {}).get(name)
        if found is None:
            continue
        verdict = found["verdict"]
        told = claim["claim"].rstrip(".") + " (ours)." if ours else claim["claim"]
        lines.append(_readme_row(told, found, f"{SIGNS[verdict]} {verdict}"))
        lines += [
            _readme_row(str(_named_beside(other["shows"])), measured, NONE)
            for key, other in claim.get("beside", {}).items()
            if "effect" in (measured := metrics.get("beside", {}).get(f"{name}-{key}", {}))
        ]
    figures = [found for found in metrics["figures"].values() if "reason" not in found]
    return "\n".join([*lines, "", str(_compared([found["verdict"] for found in figures]))])


def _readme_row(text: str, found: Mapping[str, Any], verdict: str) -> str:
    effect = number(found["effect"], 2) if "effect" in found else NONE
    if "effect_low" in found:
        effect += f" [{number(found['effect_low'], 2)}, {number(found['effect_high'], 2)}]"
    return f"| {text} | {effect} | {found['runs'] or NONE} | {verdict} |"
