"""The chapter of ``conclusions``, and the verdicts of the first screen."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.experiments.conclusions.names import NAMES, figure_told
from latentlab.experiments.conclusions.readings import SIZES
from latentlab.experiments.conclusions.tables import (
    AS_IT_MUST,
    AS_MEANT,
    AS_RUN,
    CLAIMS,
    COMPATIBLE,
    CONTRADICTED,
    CONTROL,
    DEPENDS,
    FIGURE,
    INCONCLUSIVE,
    NOT_AS_IT_MUST,
    NOTHING,
    OURS,
    OUTSIDE,
    READING,
    SUPPORTED,
    UNTESTABLE,
    VERDICTS,
    depends_on,
)
from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
    NONE,
    Chapter,
    Group,
    Table,
    figure,
    listing,
    made,
    number,
    percent,
)
from latentlab.words.names import CHAPTERS, called
from latentlab.words.texts import (
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

SIGNS = {
    SUPPORTED: "\N{CHECK MARK}",
    CONTRADICTED: "\N{MULTIPLICATION X}",
    DEPENDS: "\N{PLUS-MINUS SIGN}",
    INCONCLUSIVE: "?",
    UNTESTABLE: NONE,
}
LABELS = {
    SUPPORTED: text("supported"),
    CONTRADICTED: text("contradicted"),
    DEPENDS: text("depends on the reading"),
    INCONCLUSIVE: text("inconclusive"),
    UNTESTABLE: text("not testable"),
}
"""What the page calls the verdicts."""
SAYS = {
    SUPPORTED: text("for it"),
    CONTRADICTED: text("against it"),
    INCONCLUSIVE: text("unclear"),
    UNTESTABLE: text("not testable"),
    AS_IT_MUST: text("as it must"),
    NOT_AS_IT_MUST: text("not as it must"),
}
"""And what one reading or control says alone."""
_FIGURE_LABELS = {
    COMPATIBLE: text("compatible"),
    OUTSIDE: text("outside"),
    NOTHING: text("says nothing"),
}
_VARIANTS = {AS_MEANT: text("as meant"), AS_RUN: text("as run")}
EFFECTS = {
    "trend": text("Cliff's delta along the levels"),
    "slope": text("share by which it changes"),
    "dominance": text("Cliff's delta"),
    "pairs": text("majority of the pairs"),
    "difference": text("difference of means"),
    "ratio": text("share by which it differs"),
    "level": text("median"),
    "mean": text("mean"),
    "correlation": text("rank correlation"),
}
"""What the effect of a test is."""
TESTS = {
    "trend": text("order of runs against simulated order"),
    "slope": text("least squares, jackknife of the networks"),
    "dominance": text("order of runs against simulated order"),
    "pairs": text("sign test of the pairs"),
    "difference": text("Welch's t test"),
    "ratio": text("Welch's t test of logarithms"),
    "level": text("quantile test of the median"),
    "mean": text("Student's t test of the mean"),
    "correlation": text("Student's t test, sets that share letters"),
}
"""How its p and its interval are found."""
DEPENDS_ON = {
    "measure": text("the measure"),
    "network": text("the network"),
    "noise": text("the noise"),
    "letters": text("the letters"),
    "data": text("the data"),
    "code": text("the code"),
    "cost": text("the cost"),
    "weights": text("the weights"),
    "similarity": text("the similarity"),
    "loss": text("the loss"),
    "rate": text("the learning rate"),
}
"""In what readings differ, where the verdict depends on it."""
REASONS = (
    "fewer than {runs} runs",
    "a trend needs 3 levels, {levels} are there",
    "a correlation needs 3 sets that differ",
    "no run with {column} {value} in {table}",
    "no runs with {column} both {one} and {other}",
    "no column {column} in {table} (like it: {near})",
    "no column {column} in {table}",
    "no value of {measure} in {table}",
    "no numbers in {measure} of {table}",
    "no numbers in {measure}",
    "no block has all levels of {factor}",
    "{table} of {experiment} is not there",
    "a slope needs more networks that differ",
    "several runs of one {column}",
    "the control {name} does not come out as it must",
)
"""Why something cannot be tested or says nothing, as the table of the findings says it."""


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
    findings, _ = findings_of(results)
    return [
        Verdict(
            claim=_told(row),
            verdict=row.verdict,
            label=LABELS[row.verdict],
            sign=SIGNS[row.verdict],
            why=sentences(
                _why(row),
                _said_by(row, findings),
                _added(row, findings),
                _not_computed(row, findings),
            ),
            chapter=row.experiment or "conclusions",
        )
        for row in findings[findings["kind"].isin(CLAIMS)].itertuples()
    ]


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/conclusions."""
    section, folder = settings["conclusions"], results / "conclusions" / "figures"
    findings, observed = findings_of(results)
    claims, figures = (findings[findings["kind"].isin(kinds)] for kinds in (CLAIMS, [FIGURE]))
    singles = read_csv(results / "conclusions/tables/single_runs.csv")
    known = singles[singles["chance"].notna()]
    worth = _worth(known) if len(known) else None
    curves = [
        figure(
            folder / name,
            text("Effect on each claim with its 95 % interval, by every reading."),
            caption,
            "findings",
        )
        for name, caption in (
            (
                "claims",
                text(
                    "The claims, by every reading. An effect of 1 is for the claim without"
                    " exception, below 0 it is against it. In the gray it is too small to count."
                    " Diamonds: controls."
                ),
            ),
            ("claims_2", text("The other claims, drawn alike.")),
        )[: 1 + (len(claims) > 1)]
    ]
    published = figure(
        folder / "published_figures",
        sentences(text("Each published figure by its place among our runs."), _of_words(figures)),
        text(
            "Published figures among our runs. Filled: the functions as the authors meant them;"
            " open: as their code ran them."
        ),
        "observed",
    )
    return Chapter(
        id="conclusions",
        number="",
        title=text("Conclusions"),
        question=text("Which claims of the original hold, and which of its figures?"),
        answer=_answer(findings),
        details=tuple(
            filter(
                None,
                (
                    worth,
                    _compared(figures.to_dict("records")) if len(figures) else None,
                    _rules(),
                    _ours(claims),
                ),
            )
        ),
        groups=(
            Group("", "", tuple(curves)),
            Group(text("Published figures"), "", (published,), folded=True),
        ),
        table=_claims_table(findings, observed),
        made=made(
            "conclusions", section, ("test", "plot"), tables=("findings", "observed", "single_runs")
        ),
        more=(
            _tests_table(claims),
            published_table(figures, observed),
            *((singles_table(singles),) if len(singles) else ()),
        ),
        findings=(worth,) if worth else (),
    )


def findings_of(results: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The findings, and what they rest on, below the folder of all results."""
    folder = results / "conclusions" / "tables"
    findings = read_csv(folder / "findings.csv")
    texts = [
        "of", "text", "differs", "must", "experiment", "hypothesis", "measure", "shows", "test",
        "variant", "says", "verdict", "reason", "with_later",
    ]  # fmt: skip
    findings[texts] = findings[texts].fillna("")
    return findings, read_csv(folder / "observed.csv")


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    found = rows["verdict"].value_counts()
    return {verdict: int(found[verdict]) for verdict in VERDICTS if verdict in found}


def _answer(findings: pd.DataFrame) -> Text:
    """How many claims of the original are supported."""
    claims = findings[findings["kind"] == CLAIMS[0]]
    return plural(
        "{n} of {all} claims of the original is supported.",
        "{n} of {all} claims of the original are supported.",
        _counts(claims).get(SUPPORTED, 0),
        all=len(claims),
    )


def distinct(figures: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The word on every published figure, by its name: compatible where it is so in some variant.

    A figure is compared in several variants, which end its name: it counts once.
    """
    words: dict[str, str] = {}
    for row in figures:
        number_ = _figure_name(row)
        rank = [COMPATIBLE, NOTHING, OUTSIDE]
        words[number_] = min(words.get(number_, OUTSIDE), row["verdict"], key=rank.index)
    return words


def _figure_name(row: Mapping[str, Any]) -> str:
    """The name of a published figure, whatever the variant in which it is compared."""
    return re.sub("-as-(meant|run)$", "", row["claim"])


_TELL = 39  # runs, of which at most 5 of 100 lie as far out on either side as the outermost one


def _compared(figures: Sequence[Mapping[str, Any]]) -> Text:
    """What came of the comparisons of published figures with runs of ours."""
    words = list(distinct(figures).values())
    able = {_figure_name(row) for row in figures if row.get("runs", 0) >= _TELL}
    counts = plural(
        "Of {n} published figure, {among} where single runs of ours do, {outside} further out than"
        " 95 of 100 of them; of {unknown} our runs say nothing.",
        "Of {n} published figures, {among} where single runs of ours do, {outside} further out than"
        " 95 of 100 of them; of {unknown} our runs say nothing.",
        len(words),
        among=plural("{n} lies", "{n} lie", words.count(COMPATIBLE)),
        outside=str(words.count(OUTSIDE)),
        unknown=str(words.count(NOTHING)),
    )
    few = len(words) - len(able)
    return sentences(
        counts,
        plural(
            "Of {n} of them we have fewer than {runs} runs, too few to be further out.",
            "Of {n} of them we have fewer than {runs} runs, too few to be further out.",
            few,
            runs=str(_TELL),
        )
        if few
        else None,
    )


def _of_words(figures: pd.DataFrame) -> Text:
    """The published figures by the word on them."""
    return (
        joined(
            "; ",
            [
                joined("", (_FIGURE_LABELS[word], ": ", str(n)))
                for word, n in figures["verdict"].value_counts(sort=False).items()
            ],
        )
        + "."
    )


def _told(row: Any) -> Text:
    """A claim, and if it is ours; of a published figure what it is of, the measure, the figure."""
    if row.kind == OURS:
        return text("{claim} (ours).", claim=without_stop(data_text(row.text)))
    return figure_told(row) if row.kind == FIGURE else data_text(row.text)


def _rules() -> Text:
    """What a verdict is, in short."""
    return text(
        "Each claim is read in several ways, fixed beforehand in docs/protocol.md. It is supported"
        " or contradicted where its readings agree, and else depends on the reading."
    )


def _ours(claims: pd.DataFrame) -> Text | None:
    """How many claims are ours, which the first sentence does not count."""
    n = int((claims["kind"] == OURS).sum())
    if not n:
        return None
    return plural(
        "{n} claim is ours, and not counted with the original's.",
        "{n} claims are ours, and not counted with the original's.",
        n,
    )


ORDERS = {"order": text("published order"), "conclusion": text("published conclusion")}
"""What single runs may come out in."""


def _worth(singles: pd.DataFrame) -> Text:
    """What single runs are worth: the least likely of the orders that were published.

    Of orders of figures where there are some: a conclusion may have come from other settings.
    """
    orders = singles[(singles["of"] == "order") & singles["chance"].notna()]
    asked = singles if orders.empty else orders
    least = asked.loc[asked["chance"].idxmin()]
    found = {"says": data_text(least["text"]), "chance": percent(least["chance"])}
    if least["chance"] < _COIN:
        return text(
            "Single runs seldom repeat an order: of all ways to draw one run of ours each, {chance}"
            " come out as the original's: {says}.",
            **found,
        )
    return text(
        "Single runs agree with the original: of all ways to draw one run of ours each, {chance} or"
        " more come out as the original's: {says}.",
        **found,
    )


_COIN = 0.5  # chance below which a run is worth less than a toss


def singles_table(singles: pd.DataFrame) -> Table:
    """The chance that single runs of ours come out in a published order."""
    rows: list[tuple[Words, ...]] = [
        (
            data_text(row.text),
            ORDERS[row.of],
            data_text(row.measure.replace("_", " "))
            + " ("
            + called(CHAPTERS, row.experiment)
            + ")",
            number(row.chance, 3) if row.runs else recognized(row.reason, REASONS),
            str(row.runs) if row.runs else NONE,
        )
        for row in singles.itertuples()
    ]
    what, measure, chance = text("what it says"), text("measure"), text("chance")
    columns = (text("single runs"), what, measure, chance, "n")
    return Table(
        text("What single runs are worth"),
        columns,
        tuple(rows),
        text(
            "Chance: of all ways to draw one run of each from ours, the share that comes out so;"
            " equal values do not. n: runs of what has fewest."
        ),
        prose=(what, measure),
        folded=True,
    )


def _why(row: Any) -> Text | None:
    """Why a claim cannot be tested, or what its verdict depends on; else nothing."""
    if row.verdict == DEPENDS:
        on, own = depends_on(row.reason)
        depends = text("It depends on {what}.", what=_what_differs(on))
        return joined(" ", [depends, _not_tested(own)]) if own else depends
    if row.verdict in (UNTESTABLE, INCONCLUSIVE) and row.reason:
        return _not_tested(row.reason)
    return None


def _what_differs(on: str) -> Text:
    """Of "on the measure, the noise", as ``depends_on`` has it: these, in a list."""
    return listing([DEPENDS_ON[word] for word in on.removeprefix("on the ").split(", the ")])


def _not_tested(reason: str) -> Text:
    return capital(recognized(reason, REASONS)) + "."


def _said_by(row: Any, findings: pd.DataFrame) -> Text | None:
    """How many readings say what, where a claim has more than its own."""
    asked = findings["kind"].isin((*CLAIMS, READING)) & (findings["exploratory"] != "yes")
    own = findings[(findings["of"] == row.of) & asked]
    if len(own) < 2:
        return None
    return text("Of {n} readings: {said}.", n=str(len(own)), said=_counted(own))


def _counted(rows: pd.DataFrame) -> Text:
    """How many readings say what: "2 for it and 1 unclear"."""
    counts = rows["says"].value_counts()
    return listing([f"{counts[said]} " + words for said, words in SAYS.items() if said in counts])


def _added(row: Any, findings: pd.DataFrame) -> Text | None:
    """What the readings say that have no part in the verdict, since results had been seen."""
    later = findings[(findings["of"] == row.of) & (findings["exploratory"] == "yes")]
    if later.empty:
        return None
    told = plural(
        "Of {n} reading added later, which decides nothing: {said}.",
        "Of {n} readings added later, which decide nothing: {said}.",
        len(later),
        said=_counted(later),
    )
    if not row.with_later:
        return told
    what = _what_differs(depends_on(row.with_later)[0])
    return joined(" ", [told, text("If they counted, it would depend on {what}.", what=what)])


def _not_computed(row: Any, findings: pd.DataFrame) -> Text | None:
    """How many controls of a claim lack what they need, if any: that takes it no verdict."""
    controls = findings[(findings["of"] == row.of) & (findings["kind"] == CONTROL)]
    n = int((controls["says"] == UNTESTABLE).sum())
    if not n:
        return None
    return plural("{n} control could not be computed.", "{n} controls could not be computed.", n)


def _seen(row: Any, observed: pd.DataFrame) -> Text:
    """The numbers behind a claim: "0.94 (1), 0.86 (2)" by levels, "0.4 to 0.7" of a range."""
    own = observed[(observed["claim"] == row.claim) & (observed["of"].fillna("") == row.of)]
    values = [_value(value) for value in own["value"]]
    if row.test in (*SIZES, "correlation") and len(values) == 2:
        return text("{low} to {high}", low=values[0], high=values[1])
    if row.test in (*SIZES, "correlation"):
        return joined(", ", values)
    called_ = NAMES.get(row.experiment, {})
    # a name has no blank: what has one is words
    names = [
        data_text(name) if " " in name else called(called_, name)
        for name in own["name"].astype(str)
    ]
    named = zip(names, values, strict=True)
    return joined(", ", [joined("", (value, " (", name, ")")) for name, value in named])


def _value(value: float) -> Words:
    return text("never") if math.isinf(value) else number(value)


def _interval(row: Any) -> str:
    text = number(row.effect, 2)
    if math.isfinite(row.effect_low):
        text += f" [{number(row.effect_low, 2)}, {number(row.effect_high, 2)}]"
    return text


def _p(p: float) -> str:
    return NONE if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _claims_table(findings: pd.DataFrame, observed: pd.DataFrame) -> Table:
    rows: list[tuple[Words, ...]] = []
    for row in findings[findings["kind"] != FIGURE].itertuples():
        tested = row.says != UNTESTABLE
        of_claim = row.kind in CLAIMS
        rows.append(
            (
                _told(row) if of_claim else _told_below(row),
                _signed(row.verdict) if of_claim else NONE,
                SAYS[row.says],
                _interval(row) if tested else NONE,
                number(row.counts_from, 2) if tested else NONE,
                _p(row.p_holm if of_claim else row.p),
                str(row.runs) if tested else NONE,
                _seen(row, observed) if tested else recognized(row.reason, REASONS),
            )
        )
    verdict, says, seen = text("verdict"), text("says"), text("observed")
    columns = (
        text("claim"),
        verdict,
        says,
        text("effect"),
        text("counts from"),
        "p",
        "n",
        seen,
    )
    return Table(
        text("The claims and what came out"),
        columns,
        tuple(rows),
        text(
            "Below each claim its readings and its controls. Effects with 95 % intervals, positive"
            " where the claim is right. p: of a claim after Holm's correction. n: independent runs,"
            " of groups those of the smallest; of sets of letters, the letters. Observed: medians"
            " (where means differ: means), or the smallest and largest value."
        ),
        prose=(verdict, says, seen),
        folded=True,
    )


def _told_below(row: Any) -> Text:
    """A reading, or a control with what it must do."""
    if row.exploratory == "yes":
        return text("exploratory: {reading}", reading=data_text(row.text))
    if row.kind == READING:
        return text("read: {reading}", reading=data_text(row.text))
    if row.must == "fail":
        return text("control, must fail: {control}", control=data_text(row.text))
    return text("control, must pass: {control}", control=data_text(row.text))


def _signed(verdict: str) -> Text:
    return f"{SIGNS[verdict]} " + LABELS[verdict]


def _tests_table(claims: pd.DataFrame) -> Table:
    rows = tuple(
        (
            _told(row),
            data_text(row.hypothesis),
            data_text(row.shows) + " (" + called(CHAPTERS, row.experiment) + ")",
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
                called(CHAPTERS, row.experiment),
                number(own["median"]) if known else NONE,
                text(
                    "{low} to {high}",
                    low=number(own["single_run_low"]),
                    high=number(own["single_run_high"]),
                )
                if known
                else NONE,
                number(row.effect, 2) if known else NONE,
                _p(row.p),
                str(row.runs) if known else NONE,
                _FIGURE_LABELS[row.verdict],
                recognized(row.reason, REASONS) if row.reason else "",
            )
        )
    experiment, verdict, why_not = text("experiment"), text("verdict"), text("why not")
    columns: tuple[Words, ...] = (
        text("published figure"),
        experiment,
        text("our median"),
        text("all our runs"),
        text("place"),
        "p",
        "n",
        verdict,
        why_not,
    )
    if not figures["reason"].any():  # each could be compared
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return Table(
        text("Published figures among our runs"),
        columns,
        tuple(rows),
        text(
            "Place: the share of our runs below the figure, less the share above. p: the chance"
            " that a run of ours has a place as far out. The figure of a VAE is of others who ran"
            " the original's configuration: its slides show pictures only."
        ),
        prose=tuple(word for word in (experiment, verdict, why_not) if word in columns),
        folded=True,
    )


def readme(claims: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """The verdicts as a table in Markdown, for the README, from the committed metrics.

    claims : the content of data/claims.yaml; metrics : of results/conclusions/metrics.json
    """
    lines = [
        "| claim of the original | effect [95 % interval] | n | readings: for, against, unclear (added later) | verdict |",  # noqa: E501
        "|---|---|---|---|---|",
    ]
    for name, claim in claims["claims"].items():
        if (found := metrics["claims"].get(name)) is None:
            continue
        told = claim["claim"].rstrip(".") + " (ours)." * (claim.get("of") == "ours")
        told += "" if told.endswith(".") else "."
        lines.append(_readme_row(told, name, found))
    figures = [{**row, "claim": name} for name, row in metrics["figures"].items()]
    return "\n".join([*lines, "", str(_compared(figures))])


def _three(says: Sequence[str]) -> str:
    return ", ".join(str(says.count(word)) for word in (SUPPORTED, CONTRADICTED, INCONCLUSIVE))


def _readme_row(told: str, name: str, found: Mapping[str, Any]) -> str:
    readings, verdict = found["readings"], found["verdict"]
    own = readings[name]
    effect = number(own["effect"], 2) if "effect" in own else NONE
    if "effect_low" in own:
        effect += f" [{number(own['effect_low'], 2)}, {number(own['effect_high'], 2)}]"
    asked, later = (
        [reading["says"] for reading in readings.values() if ("exploratory" in reading) is added]
        for added in (False, True)
    )
    counts = NONE if set(asked) == {UNTESTABLE} else _three(asked)
    counts += f" ({_three(later)})" if later else ""
    told_verdict = f"depends {depends_on(found['reason'])[0]}" if verdict == DEPENDS else verdict
    if later_reason := found.get("with_later"):
        told_verdict += f" (with those added later: depends {depends_on(later_reason)[0]})"
    cells = (told, effect, own["runs"] or NONE, counts, f"{SIGNS[verdict]} {told_verdict}")
    return f"| {' | '.join(map(str, cells))} |"
