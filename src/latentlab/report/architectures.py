"""The chapter of ``architectures``: which of them learns the letters best?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.report.parts import (
    Chapter,
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
    stated,
)
from latentlab.tables import read_csv


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/architectures."""
    section, folder = settings["architectures"], results / "architectures"
    summary = read_csv(folder / "tables" / "summary.csv").sort_values("error", kind="stable")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    figures = _figures(folder / "figures", summary, section)
    return Chapter(
        id="architectures",
        number="1.a",
        title="Architectures",
        question=f"Which of {count(len(summary), 'architecture')} learns the"
        f" {section['font']} letters best, and how much of that is luck?",
        answer=_answer(summary),
        details=(_luck(summary, replicates), _published(summary, replicates)),
        cover=figures[0],
        groups=(Group("", "", figures),),
        table=_table(summary),
        made=made("architectures", section, ("train", "evaluate", "tabulate", "plot")),
    )


def _answer(summary: pd.DataFrame) -> str:
    best, worst = summary.iloc[0], summary.iloc[-1]
    text = f"{best.network} ends at the lowest median error, {stated(best, 'error')}"
    if len(summary) > 1:
        text += f"; {worst.network} at the highest, {number(worst.error / best.error, 2)} times it"
    return f"{text}."


def _luck(summary: pd.DataFrame, replicates: pd.DataFrame) -> str:
    best = summary.iloc[0]
    errors = replicates.loc[replicates["network"] == best.network, "error"]
    return (
        f"The start decides much: the {count(len(errors), 'start')} of {best.network} alone end"
        f" between {number(errors.min())} and {number(errors.max())}. On average"
        f" {percent(best.within_one_pixel)} of its letters come back with at most one wrong pixel,"
        f" {percent(best.exact)} with none."
    )


def _published(summary: pd.DataFrame, replicates: pd.DataFrame) -> str:
    known = summary[summary["published_error"].notna()]
    if known.empty:
        return "For these networks the original study gives no figure."
    errors = replicates.groupby("network")["error"]
    low, high = errors.min(), errors.max()
    within = [
        r.network
        for r in known.itertuples()
        if low[r.network] <= r.published_error <= high[r.network]
    ]
    lucky = [r.network for r in known.itertuples() if r.published_rank <= 0.1]
    text = f"{len(within)} of {len(known)} published errors lie within what our starts reach."
    if lucky:
        verb = "That of {} is" if len(lucky) == 1 else "Those of {} are"
        text += f" {verb.format(listing(lucky))} reached by at most one start in ten."
    return text


def _figures(folder: Path, summary: pd.DataFrame, section: Mapping[str, Any]) -> tuple[Any, ...]:
    medians = listing([f"{r.network} {number(r.error)}" for r in summary.itertuples()])
    pixels = listing(
        [f"{r.network} {number(r.mean_wrong_pixels, 2)}" for r in summary.itertuples()]
    )
    starts = count(section["replicates"], "start")
    return (
        figure(
            folder / "final_errors",
            f"Final error of each start, a row a network. Medians: {medians}.",
            f"Every dot is one of {starts}, drawn at random from uniform(-1, 1); diamonds are the"
            " published single runs. The error scale is logarithmic.",
        ),
        figure(
            folder / "learning_curves",
            f"Error by epoch, a panel a network. Final medians: {medians}.",
            f"An epoch is one iteration of {section['optimizer']}, {section['max_epochs']} at most;"
            " a start that stopped keeps its last error.",
        ),
        figure(
            folder / "wrong_pixels",
            f"Wrong pixels a letter and shares of letters reproduced. Mean wrong pixels: {pixels}.",
            f"A pixel is on above {section['threshold']:g}. The yardstick of the course is at most"
            " one wrong pixel in every letter.",
        ),
    )


def _table(summary: pd.DataFrame) -> Table:
    rows = tuple(
        (
            str(row["network"]),
            interval(row, "error"),
            number(row["best_error"]),
            number(row["published_error"]),
            rank(row["published_rank"], row["replicates"]),
            interval(row, "epochs", 2),
            number(row["published_epochs"], 2),
            number(row["best_max_wrong_pixels"], 1),
        )
        for row in summary.to_dict("records")
    )
    columns = (
        "network", "final error", "best start", "published error", "starts as good",
        "epochs", "published epochs", "worst letter",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        rows,
        "Medians with 95 % intervals. Starts as good: those that end at most at the published"
        " error. Worst letter: wrong pixels of the worst letter in the start that does best in"
        " this.",
    )
