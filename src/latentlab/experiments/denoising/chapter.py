"""The chapter of ``denoising``: how well are letters cleaned of noise, to what, and why?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from latentlab.aliases import Fields
from latentlab.experiments.denoising.measures import MEASURES, Measure
from latentlab.experiments.denoising.plan import denoising_families_drawn, denoising_plots
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
    trained,
)
from latentlab.pages.texts import Text, Words, capital, data_text, plural, sentences, text

_KINDS = {
    "uniform": text("uniform noise as meant"),
    "uniform_as_run": text("uniform noise as the published code ran it"),
    "salt_and_pepper": text("salt and pepper"),
    "bit_flip": text("bit flips"),
    "gaussian": text("Gaussian noise"),
    "masking": text("masking"),
}
_SIMILAR = ("similarity", "right_letter")  # of the correlations, those that sentences tell


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
    correlations: pd.DataFrame

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
    names = ("replicates", "matrix", "baselines", "variations", "correlations")
    by_name = {name: read_csv(folder / "tables" / f"{name}.csv") for name in names}
    summary = read_csv(folder / "tables" / "summary.csv")
    learned, fresh = (summary[summary["noise"] == name] for name in ("training", "fresh"))
    tables = _Results(section, learned, fresh, **by_name)
    plots = _plots(folder / "figures", tables)
    parts = (_learned, _as_run, _sensitivity, _transfer, _redrawn, _copies, _latent, _orthogonality)
    return Chapter(
        id="denoising",
        number="1.b",
        title=text("Denoising"),
        question=text("How well are letters cleaned of noise never seen, of what noise, and why?"),
        answer=_answer(tables),
        details=tuple(filter(None, (tell(tables) for tell in parts))),
        cover=plots[_cover(section)],
        groups=(*_groups(plots), *_cells(folder / "figures", tables)),
        table=_table(tables),
        made=made(
            "denoising",
            section,
            ("train", "evaluate", "compare", "vary", "relate", "tabulate", "plot", "draw"),
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
    return text("all letters") if letters == "all" else letters


# ------------------------------------------------------------------ sentences


def _first_kind(results: _Results) -> pd.DataFrame:
    """Fresh scores of the published network on the first kind of noise, by probability."""
    scores = results.fresh[results.fresh["network"] == results.network]
    scores = scores[scores["kind"] == results.section["networks"][results.network]["kinds"][0]]
    measures = ["right_letter", "within_one_pixel", "exact"]
    return scores.groupby(["kind", "probability"])[measures].mean().reset_index()


def _answer(results: _Results) -> Text:
    scores = _first_kind(results)
    low, high = scores.iloc[0], scores.iloc[-1]
    weak = {
        "network": results.network,
        "noise": _kind(low["kind"]),
        "right": percent(low.right_letter),
        "p": f"{low['probability']:g}",
        "exact": percent(low.exact),
    }
    if high["probability"] == low["probability"]:
        answer = text(
            "The {network} network, on {noise} that it never saw, takes {right} of the letters for"
            " the right one with p = {p} and returns {exact} without a wrong pixel.",
            **weak,
        )
    else:
        answer = text(
            "The {network} network, on {noise} that it never saw, takes {right} of the letters for"
            " the right one with p = {p} and returns {exact} without a wrong pixel; with p ="
            " {high_p} it is {high_right} and {high_exact}.",
            high_p=f"{high['probability']:g}",
            high_right=percent(high.right_letter),
            high_exact=percent(high.exact),
            **weak,
        )
    return sentences(answer, _hard(results))


def _learned(results: _Results) -> Text:
    """What the published measure, the error on the learned copies, does not tell."""
    learned, fresh = (t[t["network"] == results.network] for t in (results.learned, results.fresh))
    errors = text(
        "On the noisy copies it learned, the {network} network's median error is {low} to {high};"
        " on fresh noise of the same kind it is {fresh_low} to {fresh_high}.",
        network=results.network,
        low=number(learned["error"].min(), 2),
        high=number(learned["error"].max(), 2),
        fresh_low=number(fresh["error"].min(), 2),
        fresh_high=number(fresh["error"].max(), 2),
    )
    if fresh["error"].min() <= 10 * learned["error"].max():
        return errors
    memorized = text(
        "The first, which the original reported, says how well the copies were memorized, not how"
        " well noise is removed."
    )
    return sentences(errors, memorized)


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
        "Averaged over the probabilities, {meant} of the letters come back with at most one wrong"
        " pixel where the noise is uniform as meant, and {run} where it is as the published code"
        " ran it, mostly erosion.",
        meant=percent(meant["within_one_pixel"].mean()),
        run=percent(run["within_one_pixel"].mean()),
    )
    if not math.isfinite(nothing.value + erased.value):
        return shares
    noisy = {"meant": percent(nothing.value), "run": percent(erased.value)}
    if nothing.value < 1.0:
        return sentences(
            shares,
            text("Of the noisy letters themselves {meant} and {run} are that good.", **noisy),
        )
    return sentences(
        shares,
        text(
            "Of the noisy letters themselves {meant} and {run} are that good: noise up to 0.5 never"
            " carries a pixel over the threshold.",
            **noisy,
        ),
    )


def _sensitivity(results: _Results) -> Text | None:
    fresh = results.fresh[results.fresh["network"] == results.network]
    changes = []
    for kind, table in fresh.groupby("kind", sort=False):
        shares = table.groupby("probability")["within_one_pixel"].mean()
        if len(shares) > 1:
            change = 100 * (shares.iloc[-1] - shares.iloc[0])
            points = {"points": f"{abs(change):.0f}", "noise": _kind(str(kind))}
            changes.append(
                text("falls by {points} points with {noise}", **points)
                if change < 0
                else text("rises by {points} points with {noise}", **points)
            )
            first, last = shares.index[0], shares.index[-1]
    if not changes:
        return None
    return text(
        "From p = {first} to {last} the share of fresh letters with at most one wrong pixel"
        " {changes}.",
        first=f"{first:g}",
        last=f"{last:g}",
        changes=listing(changes),
    )


def _transfer(results: _Results) -> Text | None:
    matrix = results.matrix[results.matrix["network"] == results.network]
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
        "A denoiser of the {network} network brings back, with at most one wrong pixel, {shares}.",
        network=results.network,
        shares=listing(shares),
    )


def _redrawn(results: _Results) -> Text | None:
    """Fixed copies and redrawn noise in two networks; ``_copies`` has them in a single one."""
    networks, one = results.section["networks"], results.network
    keys = ["font", "subset", *NOISE]
    first = results.fresh[results.fresh["network"] == one].set_index(keys)
    for name, network in networks.items():
        second = results.fresh[results.fresh["network"] == name].set_index(keys)
        common = first.index.intersection(second.index)
        if name != one and network["redraw"] and len(common):
            fixed, redrawn = (t.loc[common, "within_one_pixel"].mean() for t in (first, second))
            copies = plural("{n} fixed copy", "{n} fixed copies", networks[one]["copies"])
            return sentences(
                plural(
                    "Network {redrawn}, with noise redrawn every epoch, brings back {redrawn_share}"
                    " with at most one wrong pixel, network {fixed}, with {copies}, {fixed_share},"
                    " averaged over the {n} noise that both learned.",
                    "Network {redrawn}, with noise redrawn every epoch, brings back {redrawn_share}"
                    " with at most one wrong pixel, network {fixed}, with {copies}, {fixed_share},"
                    " averaged over the {n} noises that both learned.",
                    len(common),
                    redrawn=name,
                    redrawn_share=percent(redrawn),
                    fixed=one,
                    copies=copies,
                    fixed_share=percent(fixed),
                ),
                _trained_differently(results, name),
            )
    return None


def _trained_differently(results: _Results, name: str) -> Text | None:
    """That the two networks differ by more than redrawing, where they do."""
    networks, one = results.section["networks"], results.network
    if _training(networks[one]) == _training(networks[name]):
        return None
    return text(
        "That is not the work of redrawing alone, for they are trained differently: {fixed} by"
        " {fixed_training}, {redrawn} by {redrawn_training}. What redrawing alone does is told"
        " next: network {network} on fixed copies and on redrawn noise, trained alike.",
        fixed=one,
        fixed_training=_trained(*_training(networks[one])),
        redrawn=name,
        redrawn_training=_trained(*_training(networks[name])),
        network=results.section["variations"]["network"],
    )


def _training(network: Fields) -> tuple[str, str, int]:
    loss = network.get("loss", "squared-error")  # Powell knows no other
    return network["optimizer"], loss, network["max_epochs"]


def _trained(optimizer: str, loss: str, epochs: int) -> Text:
    return plural(
        "{training} for at most {n} epoch",
        "{training} for at most {n} epochs",
        epochs,
        training=trained(optimizer, loss),
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
    alike = [r for r in rows if all(r[k] == first[k] for k in ("network", "kind", "probability"))]
    rows = [r for r in alike if math.isfinite(results.baseline("best_decision", r).value)]
    best = [results.baseline("best_decision", row) for row in rows]
    shares = [
        text(
            "{share} on {font}, where the best decision reaches {best}",
            share=_percent1(row["within_one_pixel"]),
            font=row["font"],
            best=_percent1(ceiling.value),
        )
        for row, ceiling in zip(rows, best, strict=True)
    ]
    gap = max(b.value - row["within_one_pixel"] for row, b in zip(rows, best, strict=True))
    return sentences(
        text(
            "Of all letters of a font with {noise}, p = {p}, the network {network} brings back,"
            " with at most one wrong pixel, {shares}.",
            noise=_kind(first["kind"]),
            p=f"{first['probability']:g}",
            network=first["network"],
            shares=listing(shares),
        ),
        text(
            "It stays within {points} points of that decision on every font.",
            points=f"{100 * gap:.1f}",
        )
        if gap > 0 and len(rows) > 1
        else None,
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
    vary = results.section["variations"]
    return text(
        "Fixed copies, {font}, network {network} after {steps}: {few} of each letter give"
        " {few_share} with at most one wrong pixel, {many} give {many_share}, noise redrawn every"
        " epoch {redrawn}.",
        font=vary["font"],
        network=vary["network"],
        steps=plural("{n} step", "{n} steps", vary["max_epochs"]),
        few=plural("{n} copy", "{n} copies", int(copies.index[0])),
        few_share=percent(copies.iloc[0]),
        many=copies.index[-1],
        many_share=percent(copies.iloc[-1]),
        redrawn=percent(redrawn),
    )


def _latent(results: _Results) -> Text:
    runs = results.variations[results.variations["knob"] == "latent"]
    means = runs.groupby("value")["within_one_pixel"].mean()
    shares = [
        plural("{share} with {n} unit", "{share} with {n} units", int(n), share=percent(share))
        for n, share in means.items()
    ]
    return text("The width of the latent layer decides: {shares} there.", shares=listing(shares))


def _orthogonality(results: _Results) -> Text | None:
    table = results.correlations
    correlations = table[(table["similarity"] == _SIMILAR[0]) & (table["measure"] == _SIMILAR[1])]
    correlations = correlations[correlations["correlation"].notna()]
    if correlations.empty:
        return None
    texts = [
        text(
            "{correlation} ({font}, {network}, 95 % interval {low} to {high})",
            correlation=_signed(row["correlation"]),
            font=row["font"],
            network=row["network"],
            low=_signed(row["correlation_low"]),
            high=_signed(row["correlation_high"]),
        )
        for row in correlations.to_dict("records")
    ]
    surely = int((correlations["correlation_high"] < 0).sum())
    return text(
        "Over subsets of {size} letters, the rank correlation of right answers on fresh noise with"
        " the letters' mean absolute cosine is {correlations}: {verdict}.",
        size=correlations["size"].iloc[0],
        correlations=listing(texts),
        verdict=_borne_out(surely, len(correlations)),
    )


def _borne_out(some: int, every: int) -> Text:
    if some == every:
        return text("that similar letters resist less is borne out")
    if some == 0:
        return text("that similar letters resist less is not borne out")
    return text(
        "that similar letters resist less is borne out in {some} of {all} cases",
        some=some,
        all=every,
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else NONE


# ------------------------------------------------------------------ figures


def _cover(section: Fields) -> str:
    """The figure of the denoiser of all letters against simpler ways, if there is one."""
    plots = [name for name in denoising_plots(section) if name.startswith("baselines/")]
    candidates = [
        f"baselines/{subset}-{network}"
        for subset, letters in section["subsets"].items()
        for network in section["networks"]
        if letters["letters"] == "all"
    ]
    return next((name for name in candidates if name in plots), plots[0])


def _plots(folder: Path, results: _Results) -> dict[str, Figure]:
    section = results.section
    words: dict[str, tuple[Words, Words]] = {
        "kinds": (
            text(
                "A letter with {kinds}, from weak to strong.",
                kinds=listing([_kind(kind) for kind in section["tests"]["kinds"]]),
            ),
            text(
                "The same pixels are hit in every kind. Salt and pepper on black and white letters"
                " is bit flips of half the probability."
            ),
        ),
        "variations": (
            sentences(_copies(results), _latent(results)),
            sentences(_fresh_noise(section), text("Bars: 95 % intervals over the replicates.")),
        ),
        "orthogonality": (
            _orthogonality(results) or text("Right letters against the similarity of the letters."),
            text(
                "Each point is a subset, the mean of {replicates} denoisers; hollow points are what"
                " the nearest letter reaches on the same noise, which the letters themselves"
                " decide. In brackets: 95 % intervals.",
                replicates=section["orthogonality"]["replicates"],
            ),
        ),
        "subset_sizes": (
            text("Letters with at most one wrong pixel by the number of letters to tell apart."),
            text("Small points are single subsets."),
        ),
    }
    for name in denoising_plots(section):
        if "/" in name:
            kind, pair = name.split("/")
            words[name] = _words_of_plot(kind, pair, results)
    return {name: figure(folder / name, *words[name]) for name in denoising_plots(section)}


def _fresh_noise(section: Fields) -> Text:
    return plural(
        "Fresh noise: {n} draw of every letter that no training saw.",
        "Fresh noise: {n} draws of every letter that no training saw.",
        section["fresh_draws"],
    )


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
    fresh = _fresh_noise(results.section)
    match kind:
        case "scores":
            return (
                text(
                    "Error, right letters and letters with at most one wrong pixel by noise"
                    " probability, for learned copies and for fresh noise. Right letters on fresh"
                    " noise: {shares}.",
                    shares=_by_probability(means.index, means["right_letter"]),
                ),
                sentences(fresh, text("Bars: 95 % intervals over the replicates.")),
            )
        case "baselines":
            return (
                text(
                    "Letters with at most one wrong pixel by noise probability, for the denoisers"
                    " and for simpler ways. Denoisers: {shares}.",
                    shares=shares,
                ),
                sentences(
                    fresh,
                    text(
                        "The nearest letter in Hamming distance is the most likely one for bit"
                        " flips. The best linear map is computed from noisy copies of the same"
                        " noise."
                    ),
                ),
            )
    return (
        text(
            "Heat map of letters with at most one wrong pixel: the noise learned in rows, the noise"
            " tested in columns. On the noise learned: {shares}.",
            shares=shares,
        ),
        text(
            "Framed: tested on the noise that was learned. Below the line: the nearest letter in"
            " Hamming distance, and the noisy letter as it is."
        ),
    )


def _groups(plots: Mapping[str, Figure]) -> tuple[Group, ...]:
    def pick(*names: str) -> tuple[Figure, ...]:
        return tuple(f for name, f in plots.items() if name.split("/")[0] in names)

    return (
        Group("", "", pick("baselines")),
        Group(text("Kinds of noise"), "", pick("kinds"), folded=True),
        Group(text("Learned copies and fresh noise"), "", pick("scores"), folded=True),
        Group(text("Learned on one noise, tested on another"), "", pick("transfer"), folded=True),
        Group(
            text("Fixed copies, redrawn noise, latent width"), "", pick("variations"), folded=True
        ),
        Group(text("Similar letters"), "", pick("orthogonality", "subset_sizes"), folded=True),
    )


def _cells(folder: Path, results: _Results) -> tuple[Group, ...]:
    """The letters themselves, a group for each network, letters and kind of noise."""
    section, groups = results.section, []
    for family, factors in denoising_families_drawn(section).items():
        network = section["networks"][factors["network"]]
        letters = _letters(section, factors["subset"])
        for kind in network["kinds"]:
            scores = results.fresh[results.fresh["kind"] == kind]
            for key, value in factors.items():
                scores = scores[scores[key] == value]
            noise = _kind(kind)
            figures = (
                figure(
                    folder / family / kind / "fresh_answers",
                    text(
                        "Letters with fresh noise ({noise}), the answers and the true letters."
                        " Right letters: {shares}.",
                        noise=noise,
                        shares=_by_probability(scores["probability"], scores["right_letter"]),
                    ),
                    text(
                        "From top to bottom: the noisy input, as it is and black above {drawn}, as"
                        " the original drew it; the answer, as it is and above {threshold}; the"
                        " truth.",
                        drawn=f"{section['drawn_above']:g}",
                        threshold=f"{section['threshold']:g}",
                    ),
                ),
                figure(
                    folder / family / kind / "training_set",
                    plural(
                        "The clean letters ({letters}) and {n} noisy copy of each ({noise}).",
                        "The clean letters ({letters}) and {n} noisy copies of each ({noise}).",
                        network["copies"],
                        letters=letters,
                        noise=noise,
                    ),
                    text("The targets and what the network learned them from, in its last epoch.")
                    if network["redraw"]
                    else text("The targets and what the network learned them from."),
                ),
            )
            title = text(
                "{letters} of {font}, network {network}: {noise}",
                letters=letters,
                font=factors["font"],
                network=factors["network"],
                noise=noise,
            )
            groups.append(Group(title, "", figures, folded=True))
    return tuple(groups)


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
                f"{row['network']}, {row['font']}, "
                + (_letters(results.section, row["subset"]) + ": ")
                + _noise(row),
                interval(row, "error"),
                number(published),
                rank(share, len(errors)),
                interval(scores, "error"),
                *[_score(scores[name], measure) for name, measure in measures.items()],
                _bracketed(results.baseline("nearest_letter", row)),
            )
        )
    columns = (
        text("network, letters and noise"),
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
        " the same noise, with 95 % intervals over its draws.",
        measures=capital(listing(headings)),
    )
    return Table(
        text("Obtained against published"), columns, tuple(rows), sentences(explained, note)
    )
