"""The chapter of ``denoising``: how well are letters cleaned of noise, to what, and why?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from latentlab.aliases import Fields
from latentlab.experiments.denoising.measures import MEASURES, Measure
from latentlab.experiments.denoising.plan import denoising_letters, denoising_plots
from latentlab.experiments.denoising.tables import DENOISER, NOISE, answers_scored, share_of_draws
from latentlab.files.tables import read_csv
from latentlab.measures.statistics import Estimate, rank_share
from latentlab.pages.parts import (
    NONE,
    Chapter,
    Figure,
    Group,
    Table,
    figure,
    interval,
    listing,
    made,
    number,
    percent,
    rank,
    shown_rows,
)
from latentlab.words.names import CHAPTERS, DENOISERS, called
from latentlab.words.texts import Text, Words, capital, data_text, plural, sentences, text

_KINDS = {
    "uniform": text("uniform noise as meant"),
    "uniform_as_run": text("uniform noise as the published code ran it"),
    "salt_and_pepper": text("salt and pepper"),
    "bit_flip": text("bit flips"),
    "gaussian": text("Gaussian noise"),
    "masking": text("masking"),
}


@dataclass(frozen=True)
class _Results:
    """The tables of the experiment; learned and fresh are the summary's two conditions."""

    section: Fields
    learned: pd.DataFrame
    fresh: pd.DataFrame
    replicates: pd.DataFrame
    matrix: pd.DataFrame
    baselines: pd.DataFrame
    variations: pd.DataFrame

    @property
    def network(self) -> str:
        """The network that the published figures are compared with."""
        compared = self.learned.loc[self.learned["published_error"].notna(), "network"]
        return str(next(iter([*compared, *self.section["networks"]])))

    def baseline(self, name: str, *rows: Fields) -> Estimate:
        """Share within one pixel of a baseline on the letters and noises of denoisers, together.

        With its interval over the draws; NaN where one of them is not tested.
        """
        conditions = pd.DataFrame(rows)[["font", "subset", *NOISE]].drop_duplicates()
        scores = conditions.merge(self.baselines[self.baselines["baseline"] == name])
        if len(scores) < len(conditions):
            return Estimate(math.nan, math.nan, math.nan)
        answers = [answers_scored(self.section, subset) for subset in scores["subset"]]
        return share_of_draws(scores["within_one_pixel"], answers)


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/denoising."""
    section, folder = settings["denoising"], results / "denoising"
    names = ("replicates", "matrix", "baselines", "variations")
    by_name = {name: read_csv(folder / "tables" / f"{name}.csv") for name in names}
    summary = read_csv(folder / "tables" / "summary.csv")
    learned, fresh = (summary[summary["noise"] == name] for name in ("training", "fresh"))
    tables = _Results(section, learned, fresh, **by_name)
    plots = _plots(folder / "figures", tables)
    parts = (_as_run, _learned, _transfer, _hard, _copies, _latent)
    return Chapter(
        id="denoising",
        number="1.b",
        title=CHAPTERS["denoising"],
        question=text("How well are letters cleaned of noise that was never seen?"),
        answer=_answer(tables),
        details=tuple(filter(None, (part(tables) for part in parts))),
        groups=_groups(plots, *_cells(folder / "figures", tables)),
        table=_table(tables),
        made=made(
            "denoising",
            section,
            ("train", "evaluate", "compare", "vary", "relate", "tabulate", "plot", "draw"),
            trainings=int(learned["replicates"].sum()) + len(tables.variations),
            data=listing(list(dict.fromkeys(learned["font"]))),
        ),
    )


def _noise(row: Fields) -> Words:
    text_ = _kind(row["kind"]) + f", p = {row['probability']:g}"
    match row["kind"]:
        case "uniform" | "uniform_as_run":
            return text_ + ", " + text("up to {size}", size=f"{row['range']:g}")
        case "gaussian":
            return text_ + ", " + text("deviation {size}", size=f"{row['range']:g}")
    return text_


def _kind(kind: str) -> Words:
    return _KINDS.get(kind, kind)


def _letters(section: Fields, subset: str) -> Words:
    letters: str = section["subsets"][subset]["letters"]
    if letters == "all":
        return text("all letters")
    return text("the letters {letters}", letters=listing(letters)) if len(letters) < 9 else letters


# ------------------------------------------------------------------ sentences


def _answer(results: _Results) -> Text:
    """The published network beside doing nothing, on its first kind of noise."""
    scores = results.fresh[results.fresh["network"] == results.network]
    scores = scores[scores["kind"] == results.section["networks"][results.network]["kinds"][0]]
    share = scores["within_one_pixel"].mean()
    nothing = results.baseline("do_nothing", *scores.to_dict("records")).value
    shares = {
        "network": capital(called(DENOISERS, results.network)),
        "noise": _kind(scores["kind"].iloc[0]),
        "share": percent(share),
        "nothing": percent(nothing),
    }
    if not math.isfinite(nothing):
        return text(
            "{network} returns {share} of the letters with fresh noise ({noise}) with at most one"
            " wrong pixel.",
            **shares,
        )
    if share < nothing == 1.0:
        shares["network"] = called(DENOISERS, results.network)
        return text(
            "Where noise stays below the threshold, {network} is worse than doing nothing: of"
            " letters with fresh noise ({noise}) {share} have at most one wrong pixel after it,"
            " {nothing} before.",
            **shares,
        )
    if share < nothing:
        return text(
            "{network} is worse than doing nothing: of letters with fresh noise ({noise}) {share}"
            " have at most one wrong pixel after it, {nothing} before.",
            **shares,
        )
    return text(
        "{network} is no worse than doing nothing: of letters with fresh noise ({noise}) {share}"
        " have at most one wrong pixel after it, {nothing} before.",
        **shares,
    )


def _learned(results: _Results) -> Text:
    """What the published measure, the error on the learned copies, does not tell."""
    learned, fresh = (t[t["network"] == results.network] for t in (results.learned, results.fresh))
    errors = {
        "high": number(learned["error"].max(), 2),
        "fresh": number(fresh["error"].min(), 2),
    }
    if fresh["error"].min() <= 10 * learned["error"].max():
        return text(
            "On the noisy copies it learned its median error is at most {high}, on fresh noise at"
            " least {fresh}.",
            **errors,
        )
    return text(
        "On the noisy copies it learned its median error is at most {high}, on fresh noise at least"
        " {fresh}: the first, which the original reported, tells how well copies were memorized.",
        **errors,
    )


def _as_run(results: _Results) -> Text | None:
    """The noise as meant against the noise that the published code made."""
    fresh = results.fresh[results.fresh["network"] == results.network]
    meant, run = (fresh[fresh["kind"] == kind] for kind in ("uniform", "uniform_as_run"))
    if meant.empty or run.empty:
        return None
    nothing, erased = (
        results.baseline("do_nothing", *table.to_dict("records")) for table in (meant, run)
    )
    shares = text(
        "It returns {meant} of the letters with the noise as meant, and {run} with the noise that"
        " the published code ran, mostly erosion.",
        meant=percent(meant["within_one_pixel"].mean()),
        run=percent(run["within_one_pixel"].mean()),
    )
    if not math.isfinite(nothing.value + erased.value):
        return shares
    return sentences(
        shares,
        text(
            "Of the noisy letters themselves {meant} and {run} are that good.",
            meant=percent(nothing.value),
            run=percent(erased.value),
        ),
    )


def _transfer(results: _Results) -> Text | None:
    matrix = results.matrix[results.matrix["network"] == results.network]
    matrix = matrix[matrix["range"] == matrix["test_range"]]
    kind = matrix["kind"] == matrix["test_kind"]
    same = kind & (matrix["probability"] == matrix["test_probability"])
    learned, near, far = (
        matrix[rows]["within_one_pixel"].mean() for rows in (same, kind & ~same, ~kind)
    )
    shares = [
        words
        for share, words in (
            (learned, text("{share} on the noise it learned", share=percent(learned))),
            (near, text("{share} on other probabilities of that kind", share=percent(near))),
            (far, text("{share} on other kinds", share=percent(far))),
        )
        if math.isfinite(share)
    ]
    if len(shares) < 2:
        return None
    return text(
        "On average over all kinds that it learned it returns {shares}, with at most one wrong"
        " pixel.",
        shares=listing(shares),
    )


def _hard(results: _Results) -> Text | None:
    """All letters of a font, beside the best there is for bit flips."""
    section = results.section
    subsets = [name for name, subset in section["subsets"].items() if subset["letters"] == "all"]
    rows = results.fresh[results.fresh["subset"].isin(subsets)].to_dict("records")
    tested = (r for r in rows if math.isfinite(results.baseline("best_decision", r).value))
    first = next(tested, None)
    if first is None:
        return None
    best = results.baseline("best_decision", first)
    return text(
        "Of all letters of {font} with {noise}, {network} returns {share}; the best decision there"
        " is returns {best}.",
        font=first["font"],
        noise=_kind(first["kind"]),
        network=called(DENOISERS, first["network"]),
        share=_percent1(first["within_one_pixel"]),
        best=_percent1(best.value),
    )


def _percent1(share: float) -> str:
    """A share with a decimal, for differences of a point or two."""
    return f"{100 * share:.1f} %" if math.isfinite(share) else NONE


def _bracketed(share: Estimate) -> str:
    """A share with its interval: "34 % [33 %, 36 %]"; a dash for none."""
    if not math.isfinite(share.value):
        return NONE
    return f"{percent(share.value)} [{percent(share.low)}, {percent(share.high)}]"


def _copies(results: _Results) -> Text:
    shares = results.variations.groupby(["knob", "value"])["within_one_pixel"].mean()
    copies, redrawn = shares["copies"], shares["redrawn"].iloc[0]
    return plural(
        "A network that learned {n} fixed copy of each letter returns {share}, one whose noise was"
        " redrawn every epoch {redrawn}.",
        "A network that learned {n} fixed copies of each letter returns {share}, one whose noise"
        " was redrawn every epoch {redrawn}.",
        int(copies.index[-1]),
        share=percent(copies.iloc[-1]),
        redrawn=percent(redrawn),
    )


def _latent(results: _Results) -> Text:
    runs = results.variations[results.variations["knob"] == "latent"]
    means = runs.groupby("value")["within_one_pixel"].mean()
    return text(
        "A code of {least} units returns {few} of the letters, one of {most} {many}.",
        least=means.index[0],
        few=percent(means.iloc[0]),
        most=means.index[-1],
        many=percent(means.iloc[-1]),
    )


# ------------------------------------------------------------------ figures


def _plots(folder: Path, results: _Results) -> dict[str, Figure]:
    section = results.section
    words: dict[str, tuple[Words, Words]] = {
        "kinds": (
            text(
                "A letter with {kinds}, from weak to strong.",
                kinds=listing([_kind(kind) for kind in section["tests"]["kinds"]]),
            ),
            text("Kinds of noise. The same pixels are hit in every kind."),
        ),
        "variations": (
            sentences(_copies(results), _latent(results)),
            text("Fixed copies, redrawn noise, and the width of the code, on fresh noise."),
        ),
        "orthogonality": (
            text("Right letters against the similarity of the letters, a point a set of letters."),
            text(
                "Do similar letters resist less? Each point is a set of letters; hollow: what the"
                " nearest letter reaches on the same noise. In brackets: 95 % intervals, which"
                " allow for letters that sets share."
            ),
        ),
        "subset_sizes": (
            text("Letters with at most one wrong pixel by the number of letters to tell apart."),
            text("The more letters, the harder. Small points are single sets."),
        ),
    }
    for name in denoising_plots(section):
        if "/" in name:
            kind, pair = name.split("/")
            words[name] = _words_of_plot(kind, pair, results)
    return {
        name: figure(folder / name, *words[name], _TABLES.get(name.split("/")[0], ""))
        for name in denoising_plots(section)
    }


_TABLES = {
    "scores": "summary",
    "baselines": "baselines",
    "transfer": "matrix",
    "variations": "variations",
    "orthogonality": "orthogonality",
    "subset_sizes": "orthogonality",
}


def _by_probability(probabilities: Iterable[float], shares: Iterable[float]) -> Text:
    return listing(
        [
            text("{share} at p = {p}", share=percent(share), p=f"{p:g}")
            for p, share in zip(probabilities, shares, strict=True)
        ]
    )


def _words_of_plot(kind: str, pair: str, results: _Results) -> tuple[Words, Words]:
    """What a figure about a set of letters and a network shows, and its caption."""
    scores = results.fresh[(results.fresh["subset"] + "-" + results.fresh["network"]) == pair]
    means = scores.groupby("probability")[["right_letter", "within_one_pixel"]].mean()
    shares = _by_probability(means.index, means["within_one_pixel"])
    network = called(DENOISERS, str(scores["network"].iloc[0]))
    match kind:
        case "scores":
            return (
                text(
                    "Error, right letters and letters with at most one wrong pixel by noise"
                    " probability, on learned copies and on fresh noise. Fresh noise: {shares}.",
                    shares=shares,
                ),
                text(
                    "Noise of the training against fresh noise: {network}. Bars: 95 % intervals.",
                    network=network,
                ),
            )
        case "baselines":
            return (
                text(
                    "Letters with at most one wrong pixel by noise probability, for the denoisers"
                    " and for simpler ways. Denoisers: {shares}.",
                    shares=shares,
                ),
                text("Against simpler ways: {network}, on fresh noise.", network=network),
            )
    return (
        text(
            "Heat map of letters with at most one wrong pixel: the kind of noise learned in rows,"
            " the kind tested in columns."
        ),
        text(
            "Learned on one kind of noise, tested on another: {network}. Framed: the kind that was"
            " learned.",
            network=network,
        ),
    )


def _groups(
    plots: Mapping[str, Figure], letters: tuple[Group, ...], learned: tuple[Figure, ...]
) -> tuple[Group, ...]:
    """First what the original shows: the first network, its noise, its answers; then the others.

    letters : the groups of answers, the original's first; learned : what they were learned from
    """

    def pick(*names: str) -> tuple[Figure, ...]:
        return tuple(f for name, f in plots.items() if name.split("/")[0] in names)

    baselines, scores = pick("baselines"), pick("scores")
    groups = (
        Group("", "", (*baselines[:1], *scores[:1])),
        *letters,
        *(
            Group(title, "", figures, folded=True, explorer="in=denoiser")
            for title, figures in (
                (text("What they learned from"), learned),
                (text("The other networks"), (*baselines[1:], *scores[1:])),
                (text("Kinds of noise"), (*pick("kinds"), *pick("transfer"))),
                (text("Copies, redrawn noise, width of the code"), pick("variations")),
                (text("Similar letters"), pick("orthogonality", "subset_sizes")),
            )
        ),
    )
    return tuple(group for group in groups if group.figures)


def _cells(folder: Path, results: _Results) -> tuple[tuple[Group, ...], tuple[Figure, ...]]:
    """Letters: a group of answers for each network and noise, and all that was learned from."""
    section = results.section
    groups, learned = [], []
    for index, (cell, factors) in enumerate(denoising_letters(section).items()):
        network, noise = section["networks"][factors["network"]], _kind(factors["kind"])
        scores = results.fresh
        for key, value in factors.items():
            scores = scores[scores[key] == value]
        title = text(
            "{network}: {letters} of {font}, {noise}",
            network=capital(called(DENOISERS, factors["network"])),
            letters=_letters(section, factors["subset"]),
            font=factors["font"],
            noise=noise,
        )
        answers = figure(
            folder / cell / "fresh_answers",
            text(
                "Letters with fresh noise ({noise}), the answers and the true letters. Right"
                " letters: {shares}.",
                noise=noise,
                shares=_by_probability(scores["probability"], scores["right_letter"]),
            ),
            text(
                "Noise it never saw, as it is and black above {drawn}, as the original drew it; the"
                " answer of the start with the lowest error; the truth.",
                drawn=f"{section['drawn_above']:g}",
            ),
            "summary",
        )
        explorer = f"in=denoiser&denoiser={quote(cell)}"
        groups.append(Group(title, "", (answers,), folded=index > 0, explorer=explorer))
        learned.append(
            figure(
                folder / cell / "training_set",
                plural(
                    "The clean letters, {n} noisy copy of each ({noise}), and what the network"
                    " makes of it.",
                    "The clean letters, {n} noisy copies of each ({noise}), and what the network"
                    " makes of them.",
                    network["copies"],
                    noise=noise,
                ),
                title,
            )
        )
    return tuple(groups), tuple(learned)


def _score(value: float, measure: Measure) -> str:
    return percent(value) if measure.percent else number(value, measure.digits)


def _table(results: _Results) -> Table:
    runs = results.replicates[results.replicates["noise"] == "training"].groupby(DENOISER)["error"]
    fresh = results.fresh.set_index(DENOISER)
    measures = {name: measure for name, measure in MEASURES.items() if measure.heading}
    headings = [data_text(measure.heading) for measure in measures.values()]
    rows = []
    shown, note = shown_rows(results.learned)
    for row in shown:
        key, published = tuple(row[name] for name in DENOISER), row["published_error"]
        errors, scores = runs.get_group(key), fresh.loc[key]
        share = rank_share(errors, published) if math.isfinite(published) else math.nan
        rows.append(
            (
                capital(called(DENOISERS, row["network"])) + f", {row['font']}: " + _noise(row),
                interval(row, "error"),
                number(published),
                rank(share, len(errors)),
                interval(scores, "error"),
                *[_score(scores[name], measure) for name, measure in measures.items()],
                _bracketed(results.baseline("nearest_letter", row)),
            )
        )
    columns = (
        text("network, font and noise"),
        text("error, learned copies"),
        text("published error"),
        text("starts as good"),
        text("error, fresh noise"),
        *headings,
        text("nearest letter, within 1"),
    )
    explained = text(
        "Errors: medians with 95 % intervals. {measures}: means on fresh noise. Starts as good:"
        " those that end at most at the published error. Nearest letter: in Hamming distance, on"
        " other draws of that noise, with 95 % intervals over them.",
        measures=capital(listing(headings)),
    )
    return Table(
        text("Obtained against published"),
        columns,
        tuple(rows),
        sentences(explained, note),
        folded=True,
    )
