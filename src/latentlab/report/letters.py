"""The chapter of ``letters``: the best networks, their latent plane, new letters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.params import letters_factors
from latentlab.report.parts import (
    Chapter,
    Figure,
    Group,
    Table,
    count,
    figure,
    interval,
    made,
    number,
    percent,
    rank,
    stated,
)
from latentlab.tables import read_csv


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/letters."""
    section, folder = settings["letters"], results / "letters"
    summary = read_csv(folder / "tables" / "summary.csv")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    order = summary.sort_values("best_error", kind="stable")
    cells = letters_factors(section)
    groups = tuple(
        _group(
            folder / "figures" / cell, _runs(summary, of).iloc[0], _runs(replicates, of), section
        )
        for cell, of in cells.items()
    )
    best = order.iloc[0]
    cover = next(g for g in groups if g.title == _title(best)).figures[0]
    return Chapter(
        id="letters",
        number="1.a",
        title="Letters",
        question="How well do 32 letters pass through a latent plane, and what lies between them?",
        answer=_answer(best, _runs(replicates, best)),
        details=tuple(_against_published(row) for _, row in order.iterrows()),
        cover=cover,
        groups=groups,
        table=_table(summary),
        made=made("letters", section, ("train", "evaluate", "tabulate", "plot")),
    )


def _runs(table: pd.DataFrame, factors: Mapping[str, Any]) -> pd.DataFrame:
    same = (table["font"] == factors["font"]) & (table["network"] == factors["network"])
    return table[same]


def _title(row: Any) -> str:
    return f"{row['network']}, {row['font']}"


def _answer(row: Any, runs: pd.DataFrame) -> str:
    best = runs.loc[runs["error"].idxmin()]
    yardstick = (
        "which meets the yardstick of at most one wrong pixel"
        if best.max_wrong_pixels <= 1
        else f"while its worst letter has {count(int(best.max_wrong_pixels), 'wrong pixel')}"
    )
    return (
        f"The best of {count(len(runs), 'start')} of the network {row['network']} returns"
        f" {percent(best.exact)} of the {row['font']} letters without a wrong pixel and"
        f" {percent(best.within_one_pixel)} with at most one, {yardstick}; its error is"
        f" {number(best.error)}, the median of all starts {stated(row, 'error')}."
    )


def _against_published(row: Any) -> str:
    if not math.isfinite(row["published_error"]):
        return f"{_title(row)}: median error {stated(row, 'error')}; nothing was published."
    return (
        f"{_title(row)}: the published error, {number(row['published_error'])} after"
        f" {number(row['published_epochs'], 1)} epochs, is reached by"
        f" {rank(row['published_rank'], row['replicates'])} starts; our best ends at"
        f" {number(row['best_error'])}, and the median start stops after"
        f" {number(row['epochs'], 2)} epochs."
    )


def _group(folder: Path, row: Any, runs: pd.DataFrame, section: Mapping[str, Any]) -> Group:
    network, best = section["networks"][row["network"]], runs.loc[runs["error"].idxmin()]
    name = _title(row)
    shape = "-".join(map(str, network["architecture"]))
    low, high = section["grid"]["published_window"]
    pictures: tuple[Figure, ...] = (
        figure(
            folder / "reconstructions",
            f"The letters of {row['font']} above what {row['network']} makes of them:"
            f" {percent(best.exact)} without a wrong pixel, {percent(best.within_one_pixel)} with"
            f" at most one, {best.max_wrong_pixels} wrong pixels in the worst letter.",
            f"Every letter, the network's output in gray, and the output above"
            f" {section['threshold']:g}; wrong pixels in orange.",
        ),
        figure(
            folder / "learning_curve",
            f"Error by epoch of {count(len(runs), 'start')} of {name}: median"
            f" {number(row['error'])} at the end, best {number(best.error)}.",
            "Every start, their median with quartiles, and the best one. A start ends where its"
            " error falls by less than the tolerance in one epoch.",
        ),
        figure(
            folder / "latent_map",
            f"A map of the latent plane of {name} with all letters at their codes.",
            "Each letter at its code: letters close together look alike to the network.",
        ),
        figure(
            folder / "latent_plane",
            f"A grid of {section['grid']['points']} points a side over the codes of {name}, each"
            " decoded to a letter.",
            "What the decoder makes of a grid of points around the codes. On blue ground: a letter"
            " of the font, give or take one pixel; on gray: something new, or nothing.",
        ),
        figure(
            folder / "latent_plane_published_window",
            f"The same for {name} in the window from {low:g} to {high:g} on both axes.",
            f"The same in the window of the original study, {low:g} to {high:g}.",
        ),
    )
    return Group(name, f"{shape}; {activations(network)}.", pictures)


def activations(network: Mapping[str, Any]) -> str:
    """The activations of a network in words."""
    return (
        f"encoder {network['encoder']}, latent layer {network['latent']}, decoder"
        f" {network['decoder']}, output {network['output']}"
    )


def _table(summary: pd.DataFrame) -> Table:
    rows = tuple(
        (
            _title(row),
            interval(row, "error"),
            number(row["best_error"]),
            number(row["published_error"]),
            rank(row["published_rank"], row["replicates"]),
            interval(row, "epochs", 2),
            number(row["published_epochs"], 1),
            percent(row["within_one_pixel"]),
            number(row["best_max_wrong_pixels"], 1),
        )
        for row in summary.to_dict("records")
    )
    columns = (
        "network, font", "final error", "best start", "published error", "starts as good",
        "epochs", "published epochs", "letters within 1 pixel", "worst letter",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        rows,
        "Medians with 95 % intervals; letters within 1 pixel: mean of the starts. Starts as good:"
        " those that end at most at the published error. Worst letter: its wrong pixels in the"
        " start that does best in this.",
    )
