"""The chapter of ``architectures``: which of them learns the letters best?"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.aliases import Fields
from latentlab.experiments.architectures.tables import READINGS, low_level
from latentlab.files.tables import read_csv
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
    stated,
)
from latentlab.pages.texts import Text, Words, data_text, joined, plural, sentences, text


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
    figures = _figures(folder / "figures", summary, section)
    return Chapter(
        id="architectures",
        number="1.a",
        title=text("Architectures"),
        question=plural(
            "Which of {n} architecture learns the {font} letters best, how much of that is luck,"
            " and is it depth or width?",
            "Which of {n} architectures learns the {font} letters best, how much of that is luck,"
            " and is it depth or width?",
            len(summary),
            font=section["font"],
        ),
        answer=sentences(_answer(summary), _depth_or_width(effects)),
        details=(
            _luck(summary, runs),
            _published(summary, runs),
            *_readings(table, section["encoders"]),
            _sooner(effects, low_level(factorial)),
        ),
        cover=figures[0],
        groups=(
            Group("", "", figures),
            Group(
                text("Depth or width"),
                "",
                (_factorial_figure(folder, effects, factorial, section),),
            ),
        ),
        table=_table(table),
        made=made("architectures", section, ("train", "evaluate", "tabulate", "plot")),
    )


def _label(encoder: str) -> Words:
    return data_text(READINGS[encoder]) if encoder in READINGS else encoder


def _answer(summary: pd.DataFrame) -> Text:
    best, worst = summary.iloc[0], summary.iloc[-1]
    error = stated(best, "error")
    if len(summary) == 1:
        return text(
            "{network} ends at the lowest median error, {error}.", network=best.network, error=error
        )
    return text(
        "{network} ends at the lowest median error, {error}; {worst} at the highest, {ratio} times"
        " it.",
        network=best.network,
        error=error,
        worst=worst.network,
        ratio=number(worst.error / best.error, 2),
    )


def _highest(effects: pd.DataFrame, factor: str) -> Any:
    """The row of a factor's largest value."""
    return effects[effects["factor"] == factor].sort_values("value").iloc[-1]


def _lowest(effects: pd.DataFrame, factor: str) -> Any:
    return effects[effects["factor"] == factor].sort_values("value").iloc[0]


_UNITS = {
    "depth": text("hidden layers in the encoder"),
    "latent": text("latent units"),
    "hidden": text("units a hidden layer"),
}


def _step(effects: pd.DataFrame, factor: str) -> Text:
    """What a factor does to the error, from its lowest value to its highest."""
    low, high = _lowest(effects, factor), _highest(effects, factor)
    return text(
        "{ratio} times as large from {low} to {high} {units}",
        ratio=stated(high, "error_ratio", 2),
        low=low.value,
        high=high.value,
        units=_UNITS[factor],
    )


def _depth_or_width(effects: pd.DataFrame) -> Text | None:
    steps = [
        _step(effects, factor)
        for factor in _UNITS
        if _lowest(effects, factor).value != _highest(effects, factor).value
    ]
    if not steps:
        return None
    return text(
        "In a full factorial, each factor with the others averaged over, the error becomes"
        " {steps}.",
        steps=joined("; ", steps),
    )


def _sooner(effects: pd.DataFrame, level: str) -> Text:
    """What the latent width does to the epochs until a low error."""
    rows = effects[effects["factor"] == "latent"].sort_values("value")
    parts = []
    for row in rows.to_dict("records"):
        units, epochs = int(row["value"]), row[f"epochs_to_{level}"]
        share = percent(row[f"reached_{level}"])
        parts.append(
            plural(
                "{share} with {n} latent unit (too few for a median)",
                "{share} with {n} latent units (too few for a median)",
                units,
                share=share,
            )
            if math.isnan(epochs)
            else plural(
                "{share} with {n} latent unit (median {epochs} epochs)",
                "{share} with {n} latent units (median {epochs} epochs)",
                units,
                share=share,
                epochs=number(epochs, 2),
            )
        )
    return text(
        "An error of {level} is reached, of all starts in the factorial, by {shares}.",
        level=level,
        shares=listing(parts),
    )


def _luck(summary: pd.DataFrame, replicates: pd.DataFrame) -> Text:
    best = summary.iloc[0]
    errors = replicates.loc[replicates["network"] == best.network, "error"]
    return plural(
        "The start decides much: the {n} start of {network} alone end between {low} and {high}. On"
        " average {within} of its letters come back with at most one wrong pixel, {exact} with"
        " none.",
        "The start decides much: the {n} starts of {network} alone end between {low} and {high}. On"
        " average {within} of its letters come back with at most one wrong pixel, {exact} with"
        " none.",
        len(errors),
        network=best.network,
        low=number(errors.min()),
        high=number(errors.max()),
        within=percent(best.within_one_pixel),
        exact=percent(best.exact),
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
    lucky = [r.network for r in rows.itertuples() if r.published_rank <= 0.1]
    return sentences(
        text(
            "{some} of {all} published errors lie within what our starts reach.",
            some=len(typical),
            all=len(rows),
        ),
        plural(
            "That of {networks} is reached by at most one start in ten.",
            "Those of {networks} are reached by at most one start in ten.",
            len(lucky),
            networks=listing(lucky),
        )
        if lucky
        else None,
    )


def _readings(summary: pd.DataFrame, encoders: list[str]) -> tuple[Text, ...]:
    """What another reading of the encoder changes, against the first."""
    wide = summary.pivot(index="network", columns="encoder", values="error")
    texts = []
    for encoder in encoders[1:]:
        ratios = (wide[encoder] / wide[encoders[0]]).sort_values()
        texts.append(
            plural(
                "{reading}, against {first}, from the same starts: the median error is {least}"
                " ({least_network}) to {most} ({most_network}) times as large, larger for {worse}"
                " of {n} network.",
                "{reading}, against {first}, from the same starts: the median error is {least}"
                " ({least_network}) to {most} ({most_network}) times as large, larger for {worse}"
                " of {n} networks.",
                len(ratios),
                reading=_label(encoder),
                first=_label(encoders[0]),
                least=number(ratios.iloc[0], 2),
                least_network=ratios.index[0],
                most=number(ratios.iloc[-1], 2),
                most_network=ratios.index[-1],
                worse=int((ratios > 1).sum()),
            )
        )
    return tuple(texts)


def _figures(folder: Path, summary: pd.DataFrame, section: Fields) -> tuple[Figure, ...]:
    return *_error_figures(folder, summary, section), *_letter_figures(folder, summary, section)


def _error_figures(folder: Path, summary: pd.DataFrame, section: Fields) -> tuple[Figure, ...]:
    medians = listing([f"{r.network} {number(r.error)}" for r in summary.itertuples()])
    first = _label(section["encoders"][0])
    return (
        figure(
            folder / "final_errors",
            text(
                "Final error of each start, a row a network. Medians, {reading}: {medians}.",
                reading=first,
                medians=medians,
            ),
            text(
                "Every dot is one of {starts}, drawn at random from uniform(-1, 1), the same for"
                " both readings of the encoder; diamonds are the published single runs. The error"
                " scale is logarithmic.",
                starts=starts(section["replicates"]),
            ),
        ),
        figure(
            folder / "learning_curves",
            text(
                "Error by epoch, a panel a network. Final medians, {reading}: {medians}.",
                reading=first,
                medians=medians,
            ),
            text(
                "An epoch is one iteration of {optimizer}, {epochs} at most; a start that stopped"
                " keeps its last error.",
                optimizer=section["optimizer"],
                epochs=section["max_epochs"],
            ),
        ),
    )


def _letter_figures(folder: Path, summary: pd.DataFrame, section: Fields) -> tuple[Figure, ...]:
    pixels = listing(
        [f"{r.network} {number(r.mean_wrong_pixels, 2)}" for r in summary.itertuples()]
    )
    level = f"{min(section['error_levels']):g}"
    shares = zip(summary["network"], summary[f"reached_{level}"], strict=True)
    reached = listing([f"{network} {percent(share)}" for network, share in shares])
    return (
        figure(
            folder / "wrong_pixels",
            text(
                "Wrong pixels a letter and shares of letters reproduced. Mean wrong pixels:"
                " {pixels}.",
                pixels=pixels,
            ),
            text(
                "A pixel is on above {threshold}. The yardstick of the course is at most one wrong"
                " pixel in every letter.",
                threshold=f"{section['threshold']:g}",
            ),
        ),
        figure(
            folder / "error_levels",
            text(
                "The epoch at which each start first has an error of a level. Of the starts,"
                " {level} is reached by: {shares}.",
                level=level,
                shares=reached,
            ),
            text(
                "A start that stops above a level has no dot there; it counts as later than all"
                " that get there."
            ),
        ),
    )


def _factorial_figure(
    folder: Path, effects: pd.DataFrame, factorial: pd.DataFrame, section: Fields
) -> Figure:
    level = low_level(factorial)
    return figure(
        folder / "figures" / "factorial",
        sentences(
            text(
                "Final error and epochs to an error of {level} by latent width, depth and hidden"
                " width.",
                level=level,
            ),
            _depth_or_width(effects),
            _sooner(effects, level),
        ),
        text(
            "Medians of {starts} each, bars: quartiles. A start that does not get to {level} counts"
            " as later than all that do: no mark where half do not.",
            starts=starts(section["factorial"]["replicates"]),
            level=level,
        ),
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
    columns = (
        text("network"),
        text("encoder"),
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
        " error. Worst letter: wrong pixels of the worst letter in the start that does best in"
        " this. As the published code ran it: where the first unit of a layer is off, it truncates"
        " the other units to integers."
    )
    return Table(text("Obtained against published"), columns, rows, sentences(explained, note))
