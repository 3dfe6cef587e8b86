"""The chapter of ``denoising``: how well are letters cleaned of noise, to what, and why?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

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
    count,
    figure,
    interval,
    listing,
    made,
    number,
    percent,
    rank,
    shown_rows,
)

_KINDS = {
    "uniform": "uniform noise as meant",
    "uniform_as_run": "uniform noise as the published code ran it",
    "salt_and_pepper": "salt and pepper",
    "bit_flip": "bit flips",
    "gaussian": "Gaussian noise",
    "masking": "masking",
}
_SIMILAR = ("similarity", "right_letter")  # of the correlations, those that sentences tell


@dataclass(frozen=True)
class _Results:
    """The tables of the experiment; learned and fresh are the summary's two conditions."""

    section: Mapping[str, Any]
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
        known = self.section["networks"]
        return "published" if "published" in known else next(iter(known))

    def baseline(self, name: str, *rows: Mapping[str, Any]) -> Estimate:
        """Share within one pixel of a baseline on the letters and noises of denoisers, together.

        With its interval over the draws; NaN where one of them is not tested.
        """
        wanted = pd.DataFrame(rows)[["font", "subset", *NOISE]].drop_duplicates()
        found = wanted.merge(self.baselines[self.baselines["baseline"] == name])
        if len(found) < len(wanted):
            return Estimate(math.nan, math.nan, math.nan)
        answers = [answers_scored(self.section, subset) for subset in found["subset"]]
        return share_of_draws(found["within_one_pixel"], answers)


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/denoising."""
    section, folder = settings["denoising"], results / "denoising"
    names = ("replicates", "matrix", "baselines", "variations", "correlations")
    tables = {name: read_csv(folder / "tables" / f"{name}.csv") for name in names}
    summary = read_csv(folder / "tables" / "summary.csv")
    learned, fresh = (summary[summary["noise"] == name] for name in ("training", "fresh"))
    found = _Results(section, learned, fresh, **tables)
    plots = _plots(folder / "figures", found)
    sentences = (
        _learned, _as_run, _sensitivity, _transfer, _redrawn, _copies, _latent, _orthogonality,
    )  # fmt: skip
    return Chapter(
        id="denoising",
        number="1.b",
        title="Denoising",
        question="How well are letters cleaned of noise never seen, of what noise, and why?",
        answer=_answer(found),
        details=tuple(filter(None, (sentence(found) for sentence in sentences))),
        cover=plots[_cover(section)],
        groups=(*_groups(plots), *_cells(folder / "figures", found)),
        table=_table(found),
        made=made(
            "denoising",
            section,
            ("train", "evaluate", "compare", "vary", "relate", "tabulate", "plot", "draw"),
        ),
    )


def _noise(row: Any) -> str:
    size = {"uniform": "up to", "uniform_as_run": "up to", "gaussian": "deviation"}
    text = f"{_kind(row)}, p = {row['probability']:g}"
    return f"{text}, {size[row['kind']]} {row['range']:g}" if row["kind"] in size else text


def _kind(row: Any) -> str:
    return _KINDS.get(row["kind"], str(row["kind"]))


def _letters(section: Mapping[str, Any], subset: str) -> str:
    letters = section["subsets"][subset]["letters"]
    return "all letters" if letters == "all" else letters


# ------------------------------------------------------------------ sentences


def _first_kind(found: _Results) -> pd.DataFrame:
    """Fresh scores of the published network on the first kind of noise, by probability."""
    own = found.fresh[found.fresh["network"] == found.network]
    own = own[own["kind"] == found.section["networks"][found.network]["kinds"][0]]
    measures = ["right_letter", "within_one_pixel", "exact"]
    return own.groupby(["kind", "probability"])[measures].mean().reset_index()


def _answer(found: _Results) -> str:
    own = _first_kind(found)
    low, high = own.iloc[0], own.iloc[-1]
    p, q = low["probability"], high["probability"]
    text = (
        f"The {found.network} network, on {_kind(low)} that it never saw, takes"
        f" {percent(low.right_letter)} of the letters for the right one with p = {p:g} and returns"
        f" {percent(low.exact)} without a wrong pixel"
    )
    if q > p:
        text += f"; with p = {q:g} it is {percent(high.right_letter)} and {percent(high.exact)}"
    hard = _hard(found)
    return f"{text}. {hard}" if hard else f"{text}."


def _learned(found: _Results) -> str:
    """What the published measure, the error on the learned copies, does not tell."""
    learned, fresh = (t[t["network"] == found.network] for t in (found.learned, found.fresh))
    errors = f"{number(learned['error'].min(), 2)} to {number(learned['error'].max(), 2)}"
    new = f"{number(fresh['error'].min(), 2)} to {number(fresh['error'].max(), 2)}"
    text = (
        f"On the noisy copies it learned, the {found.network} network's median error is {errors};"
        f" on fresh noise of the same kind it is {new}."
    )
    if fresh["error"].min() > 10 * learned["error"].max():
        text += (
            " The first, which the original reported, says how well the copies were memorized, not"
            " how well noise is removed."
        )
    return text


def _as_run(found: _Results) -> str:
    """The noise as meant against the noise that the published code made."""
    own = found.fresh[found.fresh["network"] == found.network]
    meant, run = (own[own["kind"] == kind] for kind in ("uniform", "uniform_as_run"))
    if meant.empty or run.empty:
        return ""
    nothing, erased = (
        found.baseline("do_nothing", *table.to_dict("records")) for table in (meant, run)
    )
    text = (
        "Averaged over the probabilities,"
        f" {percent(meant['within_one_pixel'].mean())} of the letters come back with at most one"
        f" wrong pixel where the noise is uniform as meant, and"
        f" {percent(run['within_one_pixel'].mean())} where it is as the published code ran it,"
        " mostly erosion."
    )
    if math.isfinite(nothing.value + erased.value):
        text += (
            f" Of the noisy letters themselves {percent(nothing.value)} and"
            f" {percent(erased.value)} are that good"
        )
        if nothing.value >= 1.0:
            text += ": noise up to 0.5 never carries a pixel over the threshold"
        text += "."
    return text


def _sensitivity(found: _Results) -> str:
    own = found.fresh[found.fresh["network"] == found.network]
    changes = []
    for kind, table in own.groupby("kind", sort=False):
        by = table.groupby("probability")["within_one_pixel"].mean()
        if len(by) > 1:
            change = 100 * (by.iloc[-1] - by.iloc[0])
            word = "falls" if change < 0 else "rises"
            changes.append(f"{word} by {abs(change):.0f} points with {_KINDS.get(kind, kind)}")
            first, last = by.index[0], by.index[-1]
    if not changes:
        return ""
    return (
        f"From p = {first:g} to {last:g} the share of fresh letters with at most one wrong pixel"
        f" {listing(changes)}."
    )


def _transfer(found: _Results) -> str:
    own = found.matrix[found.matrix["network"] == found.network]
    kind = own["kind"] == own["test_kind"]
    same = kind & (own["probability"] == own["test_probability"])
    shares = {
        "on the noise it learned": own[same]["within_one_pixel"].mean(),
        "on other probabilities of that kind": own[kind & ~same]["within_one_pixel"].mean(),
        "on other kinds": own[~kind]["within_one_pixel"].mean(),
    }
    told = [f"{percent(v)} {where}" for where, v in shares.items() if math.isfinite(v)]
    if len(told) < 2:
        return ""
    return (
        f"A denoiser of the {found.network} network brings back, with at most one wrong pixel,"
        f" {listing(told)}."
    )


def _redrawn(found: _Results) -> str:
    """Fixed copies and redrawn noise in two networks; ``_copies`` has them in a single one."""
    networks, one = found.section["networks"], found.network
    keys = ["font", "subset", *NOISE]
    own = found.fresh[found.fresh["network"] == one].set_index(keys)
    for name, network in networks.items():
        other = found.fresh[found.fresh["network"] == name].set_index(keys)
        both = own.index.intersection(other.index)
        if name != one and network["redraw"] and len(both):
            fixed, redrawn = (t.loc[both, "within_one_pixel"].mean() for t in (own, other))
            text = (
                f"Network {name}, with noise redrawn every epoch, brings back {percent(redrawn)}"
                f" with at most one wrong pixel, network {one}, with"
                f" {count(networks[one]['copies'], 'fixed copy', 'fixed copies')},"
                f" {percent(fixed)}, averaged over the {count(len(both), 'noise')} that both"
                " learned."
            )
            trainings = _trained(networks[one]), _trained(network)
            if trainings[0] != trainings[1]:
                text += (
                    " That is not the work of redrawing alone, for they are trained differently:"
                    f" {one} by {trainings[0]}, {name} by {trainings[1]}. What redrawing alone"
                    f" does is told next: network {found.section['variations']['network']} on fixed"
                    " copies and on redrawn noise, trained alike."
                )
            return text
    return ""


def _trained(network: Mapping[str, Any]) -> str:
    loss = network.get("loss", "squared-error")  # Powell knows no other
    epochs = count(network["max_epochs"], "epoch")
    return f"{network['optimizer']} on the {loss.replace('-', ' ')} for at most {epochs}"


def _hard(found: _Results) -> str:
    """All letters of a font, beside the best there is for bit flips."""
    section = found.section
    whole = [name for name, chosen in section["subsets"].items() if chosen["letters"] == "all"]
    rows = found.fresh[found.fresh["subset"].isin(whole)].to_dict("records")
    tested = (r for r in rows if math.isfinite(found.baseline("nearest_letter", r).value))
    first = next(tested, None)
    if first is None:
        return ""
    alike = [r for r in rows if all(r[k] == first[k] for k in ("network", "kind", "probability"))]
    rows = [r for r in alike if math.isfinite(found.baseline("nearest_letter", r).value)]
    best = [found.baseline("nearest_letter", row) for row in rows]
    told = [
        f"{_percent1(row['within_one_pixel'])} on {row['font']}, where the nearest letter in"
        f" Hamming distance reaches {_percent1(nearest.value)}"
        for row, nearest in zip(rows, best, strict=True)
    ]
    gap = max(b.value - row["within_one_pixel"] for row, b in zip(rows, best, strict=True))
    end = (
        f" It stays within {100 * gap:.1f} points of that decoder on every font."
        if gap > 0 and len(rows) > 1
        else ""
    )
    return (
        f"Of all letters of a font with {_kind(first)}, p = {first['probability']:g}, the network"
        f" {first['network']} brings back, with at most one wrong pixel, {listing(told)}.{end}"
    )


def _percent1(share: float) -> str:
    """A share with a decimal, for differences of a point or two."""
    return f"{100 * share:.1f} %" if math.isfinite(share) else NONE


def _bracketed(share: Estimate) -> str:
    """A share with its interval: "34 % [33 %, 36 %]"; a dash for none."""
    if not math.isfinite(share.value):
        return NONE
    return f"{percent(share.value)} [{percent(share.low)}, {percent(share.high)}]"


def _copies(found: _Results) -> str:
    by = found.variations.groupby(["knob", "value"])["within_one_pixel"].mean()
    copies, redrawn = by["copies"], by["redrawn"].iloc[0]
    vary = found.section["variations"]
    return (
        f"Fixed copies, {vary['font']}, network {vary['network']} after"
        f" {count(vary['max_epochs'], 'step')}: {count(int(copies.index[0]), 'copy', 'copies')} of"
        f" each letter give {percent(copies.iloc[0])} with at most one wrong pixel,"
        f" {copies.index[-1]} give {percent(copies.iloc[-1])}, noise redrawn every epoch"
        f" {percent(redrawn)}."
    )


def _latent(found: _Results) -> str:
    by = found.variations[found.variations["knob"] == "latent"]
    means = by.groupby("value")["within_one_pixel"].mean()
    told = [f"{percent(share)} with {count(int(n), 'unit')}" for n, share in means.items()]
    return f"The width of the latent layer decides: {listing(told)} there."


def _orthogonality(found: _Results) -> str:
    table = found.correlations
    chosen = table[(table["similarity"] == _SIMILAR[0]) & (table["measure"] == _SIMILAR[1])]
    chosen = chosen[chosen["correlation"].notna()]
    if chosen.empty:
        return ""
    told = [
        f"{_signed(row['correlation'])} ({row['font']}, {row['network']}, 95 % interval"
        f" {_signed(row['correlation_low'])} to {_signed(row['correlation_high'])})"
        for row in chosen.to_dict("records")
    ]
    surely = int((chosen["correlation_high"] < 0).sum())
    verdict = (
        "that similar letters resist less is borne out"
        if surely == len(chosen)
        else "that similar letters resist less is not borne out"
        if surely == 0
        else f"that similar letters resist less is borne out in {surely} of {len(chosen)} cases"
    )
    return (
        f"Over subsets of {chosen['size'].iloc[0]} letters, the rank"
        " correlation of right answers on fresh noise with the letters' mean absolute cosine is"
        f" {listing(told)}: {verdict}."
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else NONE


# ------------------------------------------------------------------ figures


def _cover(section: Mapping[str, Any]) -> str:
    """The figure of the denoiser of all letters against simpler ways, if there is one."""
    found = [name for name in denoising_plots(section) if name.startswith("baselines/")]
    hard = [
        f"baselines/{subset}-{network}"
        for subset, chosen in section["subsets"].items()
        for network in section["networks"]
        if chosen["letters"] == "all"
    ]
    return next((name for name in hard if name in found), found[0])


def _plots(folder: Path, found: _Results) -> dict[str, Figure]:
    section = found.section
    fresh = (
        f"Fresh noise: {count(section['fresh_draws'], 'draw')} of every letter that no training"
        " saw."
    )
    told: dict[str, tuple[str, str]] = {
        "kinds": (
            f"A letter with {listing([_KINDS.get(k, k) for k in section['tests']['kinds']])}, from"
            " weak to strong.",
            "The same pixels are hit in every kind. Salt and pepper on black and white letters is"
            " bit flips of half the probability.",
        ),
        "variations": (
            f"{_copies(found)} {_latent(found)}",
            f"{fresh} Bars: 95 % intervals over the replicates.",
        ),
        "orthogonality": (
            _orthogonality(found) or "Right letters against the similarity of the letters.",
            f"Each point is a subset, the mean of {section['orthogonality']['replicates']}"
            " denoisers; hollow points are what the nearest letter reaches on the same noise, which"
            " the letters themselves decide. In brackets: 95 % intervals.",
        ),
        "subset_sizes": (
            "Letters with at most one wrong pixel by the number of letters to tell apart.",
            "Small points are single subsets.",
        ),
    }
    for name in denoising_plots(section):
        if "/" not in name:
            continue
        figure_, pair = name.split("/")
        own = found.fresh[(found.fresh["subset"] + "-" + found.fresh["network"]) == pair]
        by = own.groupby("probability")[["right_letter", "within_one_pixel"]].mean()
        right = listing([f"{percent(v)} at p = {p:g}" for p, v in by["right_letter"].items()])
        within = listing([f"{percent(v)} at p = {p:g}" for p, v in by["within_one_pixel"].items()])
        told[name] = {
            "scores": (
                "Error, right letters and letters with at most one wrong pixel by noise"
                " probability, for learned copies and for fresh noise. Right letters on fresh"
                f" noise: {right}.",
                f"{fresh} Bars: 95 % intervals over the replicates.",
            ),
            "baselines": (
                "Letters with at most one wrong pixel by noise probability, for the denoisers and"
                f" for simpler ways. Denoisers: {within}.",
                f"{fresh} The nearest letter in Hamming distance is the most likely one for bit"
                " flips. The best linear map is computed from noisy copies of the same noise.",
            ),
            "transfer": (
                "Heat map of letters with at most one wrong pixel: the noise learned in rows, the"
                f" noise tested in columns. On the noise learned: {within}.",
                "Framed: tested on the noise that was learned. Below the line: the nearest letter"
                " in Hamming distance, and the noisy letter as it is.",
            ),
        }[figure_]
    return {name: figure(folder / name, *told[name]) for name in denoising_plots(section)}


def _groups(plots: Mapping[str, Figure]) -> tuple[Group, ...]:
    def of(*names: str) -> tuple[Figure, ...]:
        return tuple(f for name, f in plots.items() if name.split("/")[0] in names)

    return (
        Group("", "", of("baselines")),
        Group("Kinds of noise", "", of("kinds"), folded=True),
        Group("Learned copies and fresh noise", "", of("scores"), folded=True),
        Group("Learned on one noise, tested on another", "", of("transfer"), folded=True),
        Group("Fixed copies, redrawn noise, latent width", "", of("variations"), folded=True),
        Group("Similar letters", "", of("orthogonality", "subset_sizes"), folded=True),
    )


def _cells(folder: Path, found: _Results) -> tuple[Group, ...]:
    """The letters themselves, a group for each network, letters and kind of noise."""
    section, groups = found.section, []
    for family, factors in denoising_families_drawn(section).items():
        network = section["networks"][factors["network"]]
        letters = _letters(section, factors["subset"])
        for kind in network["kinds"]:
            own = found.fresh[found.fresh["kind"] == kind]
            for key, value in factors.items():
                own = own[own[key] == value]
            right = listing(
                [f"{percent(r.right_letter)} at p = {r.probability:g}" for r in own.itertuples()]
            )
            copies = count(network["copies"], "noisy copy", "noisy copies")
            name = _KINDS.get(kind, kind)
            figures = (
                figure(
                    folder / family / kind / "fresh_answers",
                    f"Letters with fresh noise ({name}), the answers and the true letters."
                    f" Right letters: {right}.",
                    "From top to bottom: the noisy input, as it is and black above"
                    f" {section['drawn_above']:g}, as the original drew it; the answer, as it is"
                    f" and above {section['threshold']:g}; the truth.",
                ),
                figure(
                    folder / family / kind / "training_set",
                    f"The clean letters ({letters}) and {copies} of each ({name}).",
                    "The targets and what the network learned them from"
                    + (", in its last epoch." if network["redraw"] else "."),
                ),
            )
            title = f"{letters} of {factors['font']}, network {factors['network']}: {name}"
            groups.append(Group(title, "", figures, folded=True))
    return tuple(groups)


def _table(found: _Results) -> Table:
    runs = found.replicates[found.replicates["noise"] == "training"].groupby(DENOISER)["error"]
    fresh = found.fresh.set_index(DENOISER)
    rows = []
    shown, note = shown_rows(found.learned)
    for row in shown:
        key, published = tuple(row[name] for name in DENOISER), row["published_error"]
        errors, scores = runs.get_group(key), fresh.loc[key]
        share = rank_share(errors, published) if math.isfinite(published) else math.nan
        rows.append(
            (
                f"{row['network']}, {row['font']}, {_letters(found.section, row['subset'])}:"
                f" {_noise(row)}",
                interval(row, "error"),
                number(published),
                rank(share, len(errors)),
                interval(scores, "error"),
                percent(scores["right_letter"]),
                percent(scores["exact"]),
                percent(scores["within_one_pixel"]),
                _bracketed(found.baseline("nearest_letter", row)),
            )
        )
    columns = (
        "network, letters and noise", "error, learned copies", "published error",
        "starts as good", "error, fresh noise", "right letter", "exact", "within 1 pixel",
        "nearest letter, within 1",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        tuple(rows),
        "Errors: medians with 95 % intervals. Right letter, exact and within 1 pixel: means on"
        " fresh noise. Starts as good: those that end at most at the published error. Nearest"
        " letter: in Hamming distance, on the same noise, with 95 % intervals over its draws."
        + note,
    )
