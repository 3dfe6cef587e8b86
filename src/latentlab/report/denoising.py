"""The chapter of ``denoising``: how well are letters cleaned of noise?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.params import denoising_factors
from latentlab.report.parts import (
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
)
from latentlab.statistics import rank_share
from latentlab.tables import read_csv

KEYS = ["font", "network", "kind", "probability", "range", "subset"]


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/denoising."""
    section, folder = settings["denoising"], results / "denoising"
    summary = read_csv(folder / "tables" / "summary.csv")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    learned, fresh = (
        summary[summary["noise"] == name].set_index(KEYS) for name in ("training", "fresh")
    )
    scores = _scores(folder / "figures", fresh, section)
    cells = tuple(
        _group(folder / "figures" / cell, factors, fresh.loc[_key(factors)], section)
        for cell, factors in denoising_factors(section).items()
    )
    return Chapter(
        id="denoising",
        number="1.b",
        title="Denoising",
        question="How well are letters cleaned of noise, of noise never seen included?",
        answer=_answer(fresh),
        details=tuple(filter(None, [_learned(learned, fresh), _sensitivity(fresh)])),
        cover=scores,
        groups=(Group("", "", (scores,)), *cells),
        table=_table(learned, fresh, replicates),
        made=made("denoising", section, ("train", "evaluate", "tabulate", "plot", "draw")),
    )


def _key(factors: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(factors[key] for key in KEYS)


def _noise(factors: Mapping[str, Any]) -> str:
    return f"{factors['kind']} noise, p = {factors['probability']:g}, up to {factors['range']:g}"


def _extremes(fresh: pd.DataFrame) -> tuple[pd.Series, pd.Series, float, float]:
    """Mean scores at the lowest and the highest probability, and these."""
    numbers = fresh.reset_index()
    by = numbers.groupby("probability")[["right_letter", "within_one_pixel", "exact"]].mean()
    return by.iloc[0], by.iloc[-1], float(by.index[0]), float(by.index[-1])


def _answer(fresh: pd.DataFrame) -> str:
    low, high, p, q = _extremes(fresh)
    text = (
        f"Where noise never seen hits a pixel with p = {p:g}, {percent(low.right_letter)} of the"
        f" letters are taken for the right one and {percent(low.exact)} come back without a wrong"
        " pixel"
    )
    if q > p:
        text += f"; with p = {q:g} it is {percent(high.right_letter)} and {percent(high.exact)}"
    return f"{text}."


def _learned(learned: pd.DataFrame, fresh: pd.DataFrame) -> str:
    """What the published measure, the error on the learned copies, does not tell."""
    errors = f"{number(learned['error'].min(), 2)} to {number(learned['error'].max(), 2)}"
    new = f"{number(fresh['error'].min(), 2)} to {number(fresh['error'].max(), 2)}"
    text = (
        f"On the noisy copies they learned, the median error is {errors}; on fresh noise of the"
        f" same kind it is {new}."
    )
    if fresh["error"].min() > 10 * learned["error"].max():
        text += (
            " The first, which the original reported, says how well the copies were memorized, not"
            " how well noise is removed."
        )
    return text


def _sensitivity(fresh: pd.DataFrame) -> str:
    low, high, p, q = _extremes(fresh)
    if q <= p:
        return ""
    change = 100 * (high.within_one_pixel - low.within_one_pixel)
    word = "falls" if change < 0 else "rises"
    return (
        f"From p = {p:g} to {q:g} the share of fresh letters with at most one wrong pixel {word}"
        f" by {abs(change):.0f} points, to {percent(high.within_one_pixel)}."
    )


def _scores(folder: Path, fresh: pd.DataFrame, section: Mapping[str, Any]) -> Figure:
    by = fresh.reset_index().groupby("probability")["right_letter"].mean()
    shares = listing([f"{percent(share)} at p = {p:g}" for p, share in by.items()])
    return figure(
        folder / "scores",
        "Error, right letters and letters with at most one wrong pixel by noise probability, for"
        f" learned copies and for fresh noise. Right letters on fresh noise: {shares}.",
        f"Fresh noise: {section['fresh_draws']} draws that no training saw. Bars: 95 % intervals"
        f" over {count(section['replicates'], 'start')}.",
    )


def _group(folder: Path, factors: Mapping[str, Any], row: Any, section: Mapping[str, Any]) -> Group:
    noise = _noise(factors)
    letters = section["subsets"][factors["subset"]]["letters"]
    figures = (
        figure(
            folder / "fresh_answers",
            f"Letters with fresh {noise}, the answers and the true letters. On average"
            f" {percent(row['right_letter'])} of the answers are the right letter.",
            "From top to bottom: the noisy input, as it is and black above 0.35, as the original"
            f" drew it; the answer, as it is and above {section['threshold']:g}; the truth.",
        ),
        figure(
            folder / "training_set",
            f"The clean letters ({letters}) and"
            f" {count(section['copies'], 'noisy copy', 'noisy copies')} of each, with {noise}.",
            "The targets and what the network learned them from.",
        ),
    )
    of = "all letters" if letters == "all" else letters
    name = f"{of} of {factors['font']}, network {factors['network']}: {noise}"
    return Group(name, "", figures, folded=True)


def _table(learned: pd.DataFrame, fresh: pd.DataFrame, replicates: pd.DataFrame) -> Table:
    runs = replicates[replicates["noise"] == "training"].groupby(KEYS)["error"]
    rows = []
    for key, row in learned.iterrows():
        factors, published = dict(zip(KEYS, key, strict=True)), row["published_error"]
        errors = runs.get_group(key)
        share = rank_share(errors, published) if math.isfinite(published) else math.nan
        rows.append(
            (
                f"{factors['font']}, {factors['subset']}, {_noise(factors)}",
                interval(row, "error"),
                number(published),
                rank(share, len(errors)),
                interval(fresh.loc[key], "error"),
                percent(fresh.loc[key, "right_letter"]),
                percent(fresh.loc[key, "within_one_pixel"]),
            )
        )
    columns = (
        "letters and noise", "error, learned copies", "published error",
        "starts as good", "error, fresh noise", "right letter", "within 1 pixel",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        tuple(rows),
        "Errors: medians with 95 % intervals. Right letter and within 1 pixel: means on fresh"
        " noise. Starts as good: those that end at most at the published error.",
    )
