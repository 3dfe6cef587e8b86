"""The chapter of ``architectures``: which of them learns the letters best?"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from latentlab.aliases import Fields
from latentlab.experiments.architectures.tables import READINGS, low_level
from latentlab.files.tables import read_csv
from latentlab.measures.statistics import between_share
from latentlab.pages.parts import (
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
    starts,
)
from latentlab.words.names import CHAPTERS
from latentlab.words.texts import Text, Words, data_text, plural, sentences, text


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/architectures."""
    section, folder = settings["architectures"], results / "architectures"
    table = read_csv(folder / "tables" / "summary.csv").sort_values("error", kind="stable")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    factorial = read_csv(folder / "tables" / "factorial.csv")
    effects = read_csv(folder / "tables" / "factorial_effects.csv")
    encoder = section["encoders"][0]  # the one the answer is about
    summary = table[table["encoder"] == encoder]
    runs = replicates[replicates["encoder"] == encoder]
    details = (
        _best(summary),
        _factor(effects),
        _published(summary, runs),
        *_readings(table, section["encoders"]),
    )
    return Chapter(
        id="architectures",
        number="1.a",
        title=CHAPTERS["architectures"],
        question=text("Which network learns the letters best, and how much of that is luck?"),
        answer=_answer(summary, runs),
        details=tuple(filter(None, details)),
        groups=_groups(folder / "figures", summary, low_level(factorial), section),
        table=_table(table),
        made=made(
            "architectures",
            section,
            ("train", "evaluate", "tabulate", "plot"),
            trainings=len(replicates) + len(factorial),
            data=section["font"],
        ),
    )


def _label(encoder: str) -> Words:
    return data_text(READINGS[encoder]) if encoder in READINGS else encoder


def _answer(summary: pd.DataFrame, runs: pd.DataFrame) -> Text:
    """What decides more of the error: the start or the architecture."""
    # of logarithms: errors of different networks are compared by their ratio
    errors = np.log(runs["error"]).groupby(runs["network"])
    share = between_share([group for _, group in errors])
    if not math.isfinite(share):
        return text(
            "{network} ends at the lowest median error.", network=summary["network"].iloc[0]
        )
    if share < 0.5:
        return text(
            "Among these networks luck decides more than the architecture: the start explains"
            " {luck} of the variance of the errors, the architecture {choice}.",
            luck=percent(1 - share),
            choice=percent(share),
        )
    return text(
        "The architecture decides more than luck: it explains {choice} of the variance of the"
        " errors, the start {luck}.",
        luck=percent(1 - share),
        choice=percent(share),
    )


def _best(summary: pd.DataFrame) -> Text | None:
    if len(summary) == 1:
        return None
    best, worst = summary.iloc[0], summary.iloc[-1]
    return text(
        "{network} ends at the lowest median error, {worst} at the highest.",
        network=best.network,
        worst=worst.network,
    )


_UNITS = {
    "depth": text("hidden layers in the encoder"),
    "latent": text("latent units"),
    "hidden": text("units a hidden layer"),
}


def _factor(effects: pd.DataFrame) -> Text | None:
    """Which factor of the factorial lowers the error most when it is doubled.

    A doubling, since the factors go over unlike ranges: from their lowest value to their highest,
    by the exponent that makes it one.
    """
    steps = []
    for factor in _UNITS:
        values = effects[effects["factor"] == factor].sort_values("value")
        low, high = values.iloc[0], values.iloc[-1]
        if low["value"] != high["value"]:
            doublings = math.log2(high["value"] / low["value"])
            ratio = high["error_ratio"] ** (1 / doublings)
            steps.append((ratio, factor, low["value"], high["value"]))
    if not steps:
        return None
    ratio, factor, least, most = min(steps)
    if ratio >= 1:
        return text("In a full factorial of depth, width and code, none of them lowers the error.")
    return text(
        "In a full factorial the {units} matter most: for each doubling, from {least} to {most} and"
        " with the other factors averaged over, the error becomes {ratio} times as large.",
        units=_UNITS[factor],
        least=f"{least:g}",
        most=f"{most:g}",
        ratio=number(ratio, 2),
    )


def _published(summary: pd.DataFrame, replicates: pd.DataFrame) -> Text:
    rows = summary[summary["published_error"].notna()]
    if rows.empty:
        return text("For these networks the original study gives no figure.")
    errors = replicates.groupby("network")["error"]
    low, high = errors.min(), errors.max()
    typical = [
        r.network
        for r in rows.itertuples()
        if low[r.network] <= r.published_error <= high[r.network]
    ]
    return text(
        "{some} of {all} published errors lie within what our starts reach.",
        some=len(typical),
        all=len(rows),
    )


def _readings(summary: pd.DataFrame, encoders: list[str]) -> tuple[Text, ...]:
    """What another reading of the encoder changes, against the first."""
    wide = summary.pivot(index="network", columns="encoder", values="error")
    return tuple(
        plural(
            "{reading}, from the same starts: the median error is larger for {worse} of {n}"
            " network.",
            "{reading}, from the same starts: the median error is larger for {worse} of {n}"
            " networks.",
            len(wide),
            reading=_label(encoder),
            worse=int((wide[encoder] > wide[encoders[0]]).sum()),
        )
        for encoder in encoders[1:]
    )


def _groups(folder: Path, summary: pd.DataFrame, level: str, section: Fields) -> tuple[Group, ...]:
    medians = listing([f"{r.network} {number(r.error, 2)}" for r in summary.itertuples()])
    first = _label(section["encoders"][0])
    final = figure(
        folder / "final_errors",
        text("Final error of each start, a row a network. Medians: {medians}.", medians=medians),
        text(
            "Final errors: every dot is one of {starts}, the same for both readings of the"
            " encoder; diamonds are the published single runs.",
            starts=starts(section["replicates"]),
        ),
        "replicates",
    )
    curves = figure(
        folder / "learning_curves",
        text("Error by epoch, a panel a network: {reading}.", reading=first),
        text(
            "Error while learning. An epoch is one iteration of {optimizer}; a start that stopped"
            " keeps its last error.",
            optimizer=section["optimizer"].capitalize(),
        ),
        "learning_curves",
    )
    wrong = figure(
        folder / "wrong_pixels",
        text("Wrong pixels a letter, and shares of letters reproduced, a row a network."),
        text("Wrong pixels. The course's yardstick is at most one in every letter."),
        "replicates",
    )
    return (
        Group("", "", (final,)),
        Group(text("Depth or width"), "", (_factorial_figure(folder, level, section),)),
        Group(
            text("While learning, and in pixels"),
            "",
            (curves, wrong),
            folded=True,
            explorer="in=learn",
        ),
    )


def _factorial_figure(folder: Path, level: str, section: Fields) -> Figure:
    return figure(
        folder / "factorial",
        text(
            "Final error and epochs to an error of {level}, by code, depth and width.", level=level
        ),
        text(
            "Medians of {starts} each; bars: quartiles. No mark: half of the starts do not get to"
            " {level}.",
            starts=starts(section["factorial"]["replicates"]),
            level=level,
        ),
        "factorial",
    )


def _table(summary: pd.DataFrame) -> Table:
    shown, note = shown_rows(summary)
    rows = tuple(
        (
            str(row["network"]),
            _label(row["encoder"]),
            interval(row, "error"),
            number(row["best_error"]),
            number(row["published_error"]),
            rank(row["published_rank"], row["replicates"]),
            interval(row, "epochs", 2),
            number(row["published_epochs"], 2),
            number(row["best_max_wrong_pixels"], 1),
        )
        for row in shown
    )
    encoder = text("encoder")
    columns = (
        text("network"),
        encoder,
        text("final error"),
        text("best start"),
        text("published error"),
        text("starts as good"),
        text("epochs"),
        text("published epochs"),
        text("worst letter"),
    )
    explained = text(
        "Medians with 95 % intervals. Starts as good: those that end at most at the published"
        " error. Worst letter: its wrong pixels in the start that does best in this. As the"
        " published code ran it: where the first unit of a layer is off, it truncates the others"
        " to integers."
    )
    return Table(
        text("Obtained against published"),
        columns,
        rows,
        sentences(explained, note),
        prose=(encoder,),
    )
