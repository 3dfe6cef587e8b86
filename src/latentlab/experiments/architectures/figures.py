"""Figures of 1.a: which of the architectures learns the letters best?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latentlab import shown
from latentlab.aliases import Numbers
from latentlab.drawing import language, style
from latentlab.drawing.language import count, say, tell
from latentlab.experiments.architectures.tables import READINGS, low_level
from latentlab.words.texts import data_text

Published = Mapping[str, Mapping[str, float]]

_COLUMNS = 3


def _encoders(table: pd.DataFrame) -> list[str]:
    return list(table["encoder"].unique())


def _ranked(replicates: pd.DataFrame) -> list[str]:
    """Networks by their median final error with the first encoder, the lowest first."""
    first = replicates[replicates["encoder"] == replicates["encoder"].iloc[0]]
    return list(first.groupby("network", sort=True)["error"].median().sort_values().index)


def _select(replicates: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The runs of as many networks as a figure has rows for, from best to worst; a remark."""
    names = _ranked(replicates)
    drawn = shown.spaced(names, shown.CELLS)
    remark = language.remark(len(drawn), len(names))
    return replicates[replicates["network"].isin(drawn)], remark


def _looks(table: pd.DataFrame) -> dict[str, style.Look]:
    return style.looks(list(table["network"].unique()))


def learning_curves(curves: pd.DataFrame, published: Published) -> Figure:
    """Error by epoch, a panel a network: its median and quartiles among the other medians.

    curves : columns network, encoder, epoch, error (median), lower_quartile, upper_quartile; of
        encoders after the first the median alone is drawn
    published : error and epochs by network
    """
    names = list(curves["network"].unique())
    networks = shown.spaced(names, shown.PANELS)
    remark = language.remark(len(networks), len(names))
    curves = curves[curves["network"].isin(networks)]
    looks, encoders = _looks(curves), _encoders(curves)
    rows = -(-len(looks) // _COLUMNS)
    title = tell("Error while learning, by architecture")
    figure = style.canvas(1.1 + 2.2 * rows, title=title + remark)
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    first = curves[curves["encoder"] == encoders[0]]
    for axes, (name, look) in zip(panels, looks.items(), strict=False):
        for other, curve in first.groupby("network", sort=True):
            if other != name:
                axes.plot(curve["epoch"], curve["error"], color=style.FAINT, linewidth=1)
        runs = first[first["network"] == name]
        low, middle, high = (runs[name] for name in ("lower_quartile", "error", "upper_quartile"))
        style.band(axes, runs["epoch"], low, middle, high, replace(look, line="-"))
        for encoder in encoders[1:]:
            run = curves[(curves["network"] == name) & (curves["encoder"] == encoder)]
            axes.plot(run["epoch"], run["error"], color=look.color, linestyle=(0, (3, 1.5)))
        axes.set_title(name, fontweight="bold")
        figures = published.get(name, {})
        if {"epochs", "error"} <= set(figures):
            style.diamond(axes, figures["epochs"], figures["error"], f"{figures['error']:g}")
        style.log_axis(axes.yaxis)
    for axes in panels[len(looks) :]:
        axes.axis("off")
    for axes in panels[max(0, len(looks) - _COLUMNS) : len(looks)]:
        axes.set_xlabel(tell("epoch"))
        axes.tick_params(labelbottom=True)
    for axes in panels[::_COLUMNS]:
        axes.set_ylabel(tell("error a letter"))
    style.legend(
        figure,
        2,
        style.key(tell("{reading}: median, band: quartiles", reading=_label(encoders[0]))),
        *[style.key(_label(encoder), linestyle=(0, (3, 1.5))) for encoder in encoders[1:]],
        style.key(tell("the other networks"), style.FAINT, linewidth=1.5),
        *_published_key(published, looks),
    )
    return figure


def _label(encoder: str) -> str:
    return say(data_text(READINGS[encoder])) if encoder in READINGS else encoder


def _published_key(published: Published, names: Mapping[str, object]) -> list[Line2D]:
    if not set(published) & set(names):
        return []
    label = tell("published, a single run")
    return [style.dot_key(label, style.PUBLISHED, marker="D", markersize=6)]


def _rows(replicates: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, str, float, float, bool]]:
    """The runs of each network and encoder, its network, its row, their height, whether hollow.

    The best network is on top; its encoders share the row, the first one above.
    """
    encoders = _encoders(replicates)
    height = 0.8 / len(encoders)
    for row, name in enumerate(_ranked(replicates)):
        for index, encoder in enumerate(encoders):
            chosen = (replicates["network"] == name) & (replicates["encoder"] == encoder)
            y = row + (index - (len(encoders) - 1) / 2) * height
            yield replicates[chosen], name, y, height, index > 0


def _row_axis(axes: Axes, replicates: pd.DataFrame) -> None:
    names = _ranked(replicates)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _marks(encoders: list[str]) -> list[Line2D]:
    """What filled and hollow dots are."""
    fillings = [style.MUTED, *["none"] * (len(encoders) - 1)]
    labels = [tell("{reading}, one start", reading=_label(encoder)) for encoder in encoders]
    return [
        style.dot_key(label, style.MUTED, markerfacecolor=filling)
        for label, filling in zip(labels, fillings, strict=True)
    ]


def _height(replicates: pd.DataFrame) -> float:
    return 1.45 + 0.42 * len(_ranked(replicates)) * max(1.0, 0.62 * len(_encoders(replicates)))


def final_errors(replicates: pd.DataFrame, published: Published) -> Figure:
    """Final error of every start, a row a network, the best median on top.

    replicates : columns network, encoder, error
    """
    replicates, remark = _select(replicates)
    looks = _looks(replicates)
    title = tell("Final error of every start") + remark
    figure = style.canvas(_height(replicates), title=title)
    axes = figure.subplots()
    for runs, name, y, height, hollow in _rows(replicates):
        style.strip(axes, runs["error"].to_numpy(), y, height, looks[name], hollow)
    for row, name in enumerate(_ranked(replicates)):
        error = published.get(name, {}).get("error")
        if error is not None:
            style.diamond(axes, error, row, f"{error:g}")
    _row_axis(axes, replicates)
    axes.set_xlabel(tell("final error a letter (half the squared distance, 35 pixels summed)"))
    style.log_axis(axes.xaxis)
    median = style.key(tell("median"), style.MUTED, linewidth=2.6)
    keys = *_marks(_encoders(replicates)), median, *_published_key(published, looks)
    style.legend(figure, 2, *keys)
    return figure


def wrong_pixels(replicates: pd.DataFrame) -> Figure:
    """Wrong pixels a letter in every start, and how many letters come out right.

    replicates : columns network, encoder, error, mean_wrong_pixels, exact, within_one_pixel
    """
    replicates, remark = _select(replicates)
    looks = _looks(replicates)
    title = tell("Wrong pixels of the 35, and letters reproduced")
    figure = style.canvas(_height(replicates), title=title + remark)
    left, right = figure.subplots(1, 2, sharey=True)
    for number, (runs, name, y, height, hollow) in enumerate(_rows(replicates)):
        style.strip(left, runs["mean_wrong_pixels"].to_numpy(), y, height, looks[name], hollow)
        shares = runs["exact"].mean(), runs["within_one_pixel"].mean()
        _letter_shares(right, y, 0.86 * height, *shares, label=number == 0)
    _row_axis(left, replicates)
    left.set_xlim(left=min(0.0, left.get_xlim()[0]))
    left.set_xlabel(tell("wrong pixels a letter (mean)"))
    left.set_title(tell("every start, bar: median"))
    right.set_xlim(0, 100)
    right.set_xlabel(tell("share of letters (%), mean of starts"))
    right.grid(axis="y", visible=False)
    right.tick_params(axis="y", length=0)
    close = {"handlelength": 1.1, "columnspacing": 1.0, "handletextpad": 0.5, "borderaxespad": 0.1}
    right.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, fontsize=9, **close)
    encoders = _encoders(replicates)
    if len(encoders) > 1:
        readings = ", ".join(map(_label, encoders))
        order = tell("in a row, from the top: {readings}", readings=readings)
        figure.supxlabel(order, x=0.01, ha="left", fontsize=9, color=style.MUTED)
    return figure


def _letter_shares(
    axes: Axes, y: float, height: float, exact: float, within_one: float, *, label: bool
) -> None:
    parts = [
        (tell("exact"), exact, "#2b4a63", "white"),
        (tell("1 wrong"), within_one - exact, "#7fa3bf", style.INK),
        (tell("more"), 1.0 - within_one, "#e3e6ea", style.INK),
    ]
    left = 0.0
    for name, share, color, ink in parts:
        bar: style.Options = {"height": height, "color": color, "linewidth": 0}
        axes.barh(y, 100 * share, left=left, label=name if label else None, **bar)
        if share > 0.08:
            percent: style.Options = {"ha": "center", "va": "center", "fontsize": 9, "color": ink}
            axes.text(left + 50 * share, y, f"{100 * share:.0f}", **percent)
        left += 100 * share


def factorial(replicates: pd.DataFrame) -> Figure:
    """Final error, and epochs to a low error, by latent width; a line a depth, a column a width.

    replicates : columns depth, latent, hidden, replicate, error, epochs_to_<level>
    """
    looks = style.looks([str(depth) for depth in sorted(replicates["depth"].unique())])
    widths = sorted(replicates["hidden"].unique())
    level = low_level(replicates)
    latents = sorted(replicates["latent"].unique())
    title = tell("Hidden layers of the encoder, their width, and the latent width")
    figure = style.canvas(6.0, title=title)
    panels = figure.subplots(2, len(widths), sharex=True, sharey="row", squeeze=False)
    for column, width in enumerate(widths):
        top, bottom = panels[:, column]
        for index, (depth, look) in enumerate(looks.items()):
            cell = replicates[(replicates["depth"] == int(depth)) & (replicates["hidden"] == width)]
            errors = cell.groupby("latent", sort=True)["error"].quantile([0.25, 0.5, 0.75])
            low, middle, high = errors.unstack().to_numpy().T
            place = np.arange(len(latents)) + 0.09 * (index - (len(looks) - 1) / 2)
            _whiskers(top, place, low, middle, high, look)
            epochs = cell.assign(value=cell[f"epochs_to_{level}"].fillna(np.inf))
            later = epochs.groupby("latent", sort=True)["value"].quantile(
                [0.25, 0.5, 0.75], interpolation="higher"
            )
            low, middle, high = later.replace(np.inf, np.nan).unstack().to_numpy().T
            _whiskers(bottom, place, low, middle, high, look)
        units = count("hidden layers of {n} unit", "hidden layers of {n} units", int(width))
        top.set_title(units)
        bottom.set_xlabel(tell("units of the latent layer"))
        bottom.set_xticks(range(len(latents)), [str(n) for n in latents])
    style.log_axis(panels[0, 0].yaxis)
    panels[0, 0].set_ylabel(tell("final error a letter"))
    panels[1, 0].set_ylabel(tell("epochs to an error of {level}", level=level))
    panels[1, 0].set_ylim(bottom=0)
    keys = [style.look_key(_layers(int(depth)), look) for depth, look in looks.items()]
    style.legend(figure, len(looks), *keys)
    return figure


def _layers(depth: int) -> str:
    return count("{n} hidden layer", "{n} hidden layers", depth)


def _whiskers(
    axes: Axes, x: Numbers, low: Numbers, middle: Numbers, high: Numbers, look: style.Look
) -> None:
    axes.plot(x, middle, color=look.color, marker=look.marker, linestyle=look.line, markersize=5)
    axes.vlines(x, low, high, color=look.color, alpha=0.5, linewidth=1.6)
