"""The chapter of ``architectures``: which of them learns the letters best?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.experiments.architectures.tables import READINGS, low_level
from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
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
    shown_rows,
    stated,
)


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/architectures."""
    section, folder = settings["architectures"], results / "architectures"
    every = read_csv(folder / "tables" / "summary.csv").sort_values("error", kind="stable")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    factorial = read_csv(folder / "tables" / "factorial.csv")
    effects = read_csv(folder / "tables" / "factorial_effects.csv")
    encoder = section["encoders"][0]  # the one the answer is about
    summary = every[every["encoder"] == encoder]
    runs = replicates[replicates["encoder"] == encoder]
    figures = _figures(folder / "figures", summary, section)
    return Chapter(
        id="architectures",
        number="1.a",
        title="Architectures",
        question=f"Which of {count(len(summary), 'architecture')} learns the"
        f" {section['font']} letters best, how much of that is luck, and is it depth or width?",
        answer=f"{_answer(summary)} {_depth_or_width(effects)}",
        details=(
            _luck(summary, runs),
            _published(summary, runs),
            *_readings(every, section["encoders"]),
            _sooner(effects, low_level(factorial)),
        ),
        cover=figures[0],
        groups=(
            Group("", "", figures),
            Group("Depth or width", "", (_factorial_figure(folder, effects, factorial, section),)),
        ),
        table=_table(every),
        made=made("architectures", section, ("train", "evaluate", "tabulate", "plot")),
    )


def _called(encoder: str) -> str:
    return READINGS.get(encoder, encoder)


def _answer(summary: pd.DataFrame) -> str:
    best, worst = summary.iloc[0], summary.iloc[-1]
    text = f"{best.network} ends at the lowest median error, {stated(best, 'error')}"
    if len(summary) > 1:
        text += f"; {worst.network} at the highest, {number(worst.error / best.error, 2)} times it"
    return f"{text}."


def _most(effects: pd.DataFrame, factor: str) -> Any:
    """The row of a factor's largest value."""
    return effects[effects["factor"] == factor].sort_values("value").iloc[-1]


def _least(effects: pd.DataFrame, factor: str) -> Any:
    return effects[effects["factor"] == factor].sort_values("value").iloc[0]


_NAMES = {
    "depth": ("hidden layer in the encoder", "hidden layers in the encoder"),
    "latent": ("latent unit", "latent units"),
    "hidden": ("unit a hidden layer", "units a hidden layer"),
}


def _step(effects: pd.DataFrame, factor: str) -> str:
    """What a factor does to the error, from its lowest value to its highest."""
    low, high = _least(effects, factor), _most(effects, factor)
    units = _NAMES[factor][1]
    ratio = stated(high, "error_ratio", 2)
    return f"{ratio} times as large from {low.value} to {high.value} {units}"


def _depth_or_width(effects: pd.DataFrame) -> str:
    changed = [
        _step(effects, factor)
        for factor in _NAMES
        if _least(effects, factor).value != _most(effects, factor).value
    ]
    if not changed:
        return ""
    return (
        "In a full factorial, each factor with the others averaged over, the error becomes"
        f" {'; '.join(changed)}."
    )


def _sooner(effects: pd.DataFrame, level: str) -> str:
    """What the latent width does to the epochs until a low error."""
    rows = effects[effects["factor"] == "latent"].sort_values("value")
    parts = []
    for row in rows.to_dict("records"):
        units = count(int(row["value"]), *_NAMES["latent"])
        reached = percent(row[f"reached_{level}"])
        epochs = row[f"epochs_to_{level}"]
        few = math.isnan(epochs)
        when = "too few for a median" if few else f"median {number(epochs, 2)} epochs"
        parts.append(f"{reached} with {units} ({when})")
    return f"An error of {level} is reached, of all starts in the factorial, by {listing(parts)}."


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


def _readings(every: pd.DataFrame, encoders: list[str]) -> tuple[str, ...]:
    """What another reading of the encoder changes, against the first."""
    wide = every.pivot(index="network", columns="encoder", values="error")
    texts = []
    for encoder in encoders[1:]:
        ratios = (wide[encoder] / wide[encoders[0]]).sort_values()
        worse = int((ratios > 1).sum())
        texts.append(
            f"{_called(encoder)}, against {_called(encoders[0])}, from the same starts: the median"
            f" error is {number(ratios.iloc[0], 2)} ({ratios.index[0]}) to"
            f" {number(ratios.iloc[-1], 2)} ({ratios.index[-1]}) times as large, larger for"
            f" {worse} of {count(len(ratios), 'network')}."
        )
    return tuple(texts)


def _figures(folder: Path, summary: pd.DataFrame, section: Mapping[str, Any]) -> tuple[Any, ...]:
    medians = listing([f"{r.network} {number(r.error)}" for r in summary.itertuples()])
    pixels = listing(
        [f"{r.network} {number(r.mean_wrong_pixels, 2)}" for r in summary.itertuples()]
    )
    starts = count(section["replicates"], "start")
    first, level = section["encoders"][0], f"{min(section['error_levels']):g}"
    reached = listing(
        [f"{row['network']} {percent(row[f'reached_{level}'])}"
         for row in summary.to_dict("records")]
    )  # fmt: skip
    return (
        figure(
            folder / "final_errors",
            f"Final error of each start, a row a network. Medians, {_called(first)}: {medians}.",
            f"Every dot is one of {starts}, drawn at random from uniform(-1, 1), the same for both"
            " readings of the encoder; diamonds are the published single runs. The error scale is"
            " logarithmic.",
        ),
        figure(
            folder / "learning_curves",
            f"Error by epoch, a panel a network. Final medians, {_called(first)}: {medians}.",
            f"An epoch is one iteration of {section['optimizer']}, {section['max_epochs']} at most;"
            " a start that stopped keeps its last error.",
        ),
        figure(
            folder / "wrong_pixels",
            f"Wrong pixels a letter and shares of letters reproduced. Mean wrong pixels: {pixels}.",
            f"A pixel is on above {section['threshold']:g}. The yardstick of the course is at most"
            " one wrong pixel in every letter.",
        ),
        figure(
            folder / "error_levels",
            f"The epoch at which each start first has an error of a level. Of the starts, {level}"
            f" is reached by: {reached}.",
            "A start that stops above a level has no dot there; it counts as later than all that"
            " get there.",
        ),
    )


def _factorial_figure(
    folder: Path, effects: pd.DataFrame, factorial: pd.DataFrame, section: Mapping[str, Any]
) -> Any:
    level = low_level(factorial)
    starts = count(section["factorial"]["replicates"], "start")
    return figure(
        folder / "figures" / "factorial",
        f"Final error and epochs to an error of {level} by latent width, depth and hidden width."
        f" {_depth_or_width(effects)} {_sooner(effects, level)}",
        f"Medians of {starts} each, bars: quartiles. A start that does not get to {level} counts as"
        " later than all that do: no mark where half do not.",
    )


def _table(summary: pd.DataFrame) -> Table:
    shown, note = shown_rows(summary)
    rows = tuple(
        (
            str(row["network"]),
            _called(row["encoder"]),
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
    columns = (
        "network", "encoder", "final error", "best start", "published error", "starts as good",
        "epochs", "published epochs", "worst letter",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        rows,
        "Medians with 95 % intervals. Starts as good: those that end at most at the published"
        " error. Worst letter: wrong pixels of the worst letter in the start that does best in"
        " this. As the published code ran it: where the first unit of a layer is off, it truncates"
        " the other units to integers." + note,
    )
