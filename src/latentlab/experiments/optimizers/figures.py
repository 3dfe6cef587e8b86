"""Figures of 1.a: Powell against gradients, from the same starts, at the same cost."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from latentlab import shown
from latentlab.drawing import language, style
from latentlab.drawing.language import say, tell
from latentlab.experiments.optimizers.tables import with_every_knob
from latentlab.words.names import OPTIMIZERS, called
from latentlab.words.texts import Text, capital, data_text

_LOWEST = 1e-3  # error a letter at which outputs are within some hundredths of the pixels


def _looks(table: pd.DataFrame) -> dict[str, style.Look]:
    """A look for each optimizer: in the first comparison by its place.

    In others that of the one whose name its own begins with, "adam-long" that of "adam"; else by
    its place as well.
    """
    first, *rest = (
        style.looks(list(rows["optimizer"].unique()))
        for _, rows in table.groupby("comparison", sort=False)
    )
    looks = dict(first)
    for name, look in (item for others in rest for item in others.items()):
        like = [of for of in first if name.startswith(f"{of}-")]
        looks[name] = first[max(like, key=len)] if like else look
    return looks


def _paler(color: str) -> tuple[float, ...]:
    """A color halfway to the paper: for the second of two optimizers of one color."""
    pairs = zip(to_rgb(color), to_rgb(style.PAPER), strict=True)
    return tuple((own + paper) / 2 for own, paper in pairs)


def _called(name: str) -> str:
    return say(capital(called(OPTIMIZERS, name)))


def _loss(loss: str) -> Text:
    return data_text(loss.replace("-", " "))


def _networks(table: pd.DataFrame) -> tuple[list[str], str]:
    """As many networks as a figure has panels for, and a remark."""
    names = list(table["network"].unique())
    selection = shown.spaced(names, shown.PANELS)
    return selection, language.remark(len(selection), len(names))


def _legend(figure: Figure, looks: dict[str, style.Look]) -> None:
    keys = [
        style.key(_called(name), look.color, linestyle=look.line) for name, look in looks.items()
    ]
    style.legend(figure, 4, *keys)


def convergence(curves: pd.DataFrame) -> Figure:
    """Error by cost, a row a network, a column a loss: median and quartiles of the starts.

    curves : columns network, loss, optimizer, comparison, operations, error (median),
        lower_quartile, upper_quartile. What was trained on the squared error only (Powell) is
        drawn beside every loss. Of later comparisons only what costs more is drawn.
        Errors below ``_LOWEST`` are out of sight: one curve would take most of the figure.
    """
    ends = curves.groupby("comparison", sort=False)["operations"].max()
    curves = curves[curves["comparison"].isin([ends.index[0], *ends.index[ends > ends.iloc[0]]])]
    looks = _looks(curves)
    first = style.looks(
        list(curves.loc[curves["comparison"] == ends.index[0], "optimizer"].unique())
    )
    networks, remark = _networks(curves)
    losses = list(curves["loss"].unique())
    title = tell("Error by cost") + remark
    figure = style.canvas(0.9 + 2.9 * len(networks), width=9.0, title=title)
    panels = figure.subplots(len(networks), len(losses), sharex="row", sharey=True, squeeze=False)
    for row, network in zip(panels, networks, strict=True):
        for axes, loss in zip(row, losses, strict=True):
            for name, look in looks.items():
                runs = curves[(curves["network"] == network) & (curves["optimizer"] == name)]
                curve = runs[runs["loss"] == loss] if loss in set(runs["loss"]) else runs
                names = "lower_quartile", "error", "upper_quartile"
                low, middle, high = (curve[name] for name in names)
                style.band(axes, curve["operations"], low, middle, high, look)
            panel_title = tell("{network}, training by {loss}", network=network, loss=_loss(loss))
            axes.set_title(panel_title)
            style.log_axis(axes.xaxis)
            axes.set_ylim(bottom=max(_LOWEST, 0.8 * curves["lower_quartile"].min()))
            style.log_axis(axes.yaxis)
        row[0].set_ylabel(tell("error a letter"))
    for axes in panels[-1]:
        axes.set_xlabel(tell("operations (multiply-adds)"))
    _legend(figure, first)
    return figure


def error_by_rate(tuning: pd.DataFrame, replicates: pd.DataFrame) -> Figure:
    """Median error of the trials by learning rate, a row a network, a column a loss.

    tuning : columns network, loss, optimizer, learning_rate, schedule, error; a row a trial. A
        filled mark is a constant rate, a hollow one with a dotted line one that falls (cosine);
        a ring is around the best. Where most trials diverged there is no mark.
    replicates : columns optimizer, comparison: who has which color in all figures
    """
    looks, seen = _looks(replicates), set[str]()
    drawn: dict[str, style.Options] = {}
    for name, look in looks.items():
        again = look.color in seen  # with a larger budget
        seen.add(look.color)
        color = _paler(look.color) if again else look.color
        drawn[name] = {"color": color, "marker": look.marker, "markersize": 4 if again else 5.5}
    trials = with_every_knob(tuning)
    trials = trials[trials["learning_rate"].notna()]
    columns = ["network", "loss", "optimizer", "schedule", "learning_rate"]
    trials = trials.assign(error=trials["error"].fillna(np.inf))
    trials["schedule"] = trials["schedule"].astype(object).fillna("constant")
    medians = trials.groupby(columns, sort=False)["error"].median().reset_index()
    names = list(medians["optimizer"].unique())
    networks, remark = _networks(medians)
    losses = list(medians["loss"].unique())
    title = tell("Error by learning rate, at the whole budget") + remark
    figure = style.canvas(0.9 + 2.9 * max(1, len(networks)), width=9.0, title=title)
    if medians.empty:
        return figure
    panels = figure.subplots(len(networks), len(losses), sharex=True, squeeze=False)
    for row, network in zip(panels, networks, strict=True):
        for axes, loss in zip(row, losses, strict=True):
            panel = medians[(medians["network"] == network) & (medians["loss"] == loss)]
            for name, rates in panel.groupby("optimizer", sort=False):
                options = drawn[name]
                for schedule, line in rates.groupby("schedule", sort=False):
                    falls = schedule == "cosine"
                    line = line[np.isfinite(line["error"])].sort_values("learning_rate")
                    axes.plot(
                        line["learning_rate"],
                        line["error"],
                        linestyle=":" if falls else "-",
                        markerfacecolor="none" if falls else options["color"],
                        linewidth=1.3,
                        **options,
                    )
                best = rates.loc[rates["error"].idxmin()]
                axes.plot(
                    best["learning_rate"],
                    best["error"],
                    marker="o",
                    markersize=12,
                    markerfacecolor="none",
                    markeredgecolor=options["color"],
                )
            panel_title = tell("{network}, training by {loss}", network=network, loss=_loss(loss))
            axes.set_title(panel_title)
            style.log_axis(axes.xaxis)
            style.log_axis(axes.yaxis)
        row[0].set_ylabel(tell("error a letter"))
    for axes in panels[-1]:
        axes.set_xlabel(tell("learning rate"))
    marks = [style.key(_called(name), **drawn[name]) for name in names]
    hollow = {"marker": "o", "markerfacecolor": "none"}
    falling = style.key(tell("falls (cosine)"), style.MUTED, linestyle=":", **hollow)
    style.legend(figure, 3, *marks, falling)
    return figure


def final_errors(replicates: pd.DataFrame) -> Figure:
    """Error of every start at the end of its budget, a row an optimizer.

    replicates : columns network, loss, optimizer, comparison, error
    """
    looks = _looks(replicates)
    networks, remark = _networks(replicates)
    losses = list(replicates["loss"].unique())
    height = 0.8 / len(losses)
    title = tell("Error of every start at the end of its budget") + remark
    figure = style.canvas(1.3 + 0.5 * len(looks), width=9.0, title=title)
    panels = figure.subplots(1, len(networks), sharey=True, squeeze=False)[0]
    for axes, network in zip(panels, networks, strict=True):
        for row, (name, look) in enumerate(looks.items()):
            runs = replicates[
                (replicates["network"] == network) & (replicates["optimizer"] == name)
            ]
            for index, loss in enumerate(losses):
                errors = runs.loc[runs["loss"] == loss, "error"].to_numpy()
                y = row + (index - (len(losses) - 1) / 2) * height
                style.strip(axes, errors, y, height, look, index > 0)
        axes.set_title(network)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(tell("error a letter"))
        style.log_axis(axes.xaxis)
    panels[0].set_yticks(range(len(looks)), [textwrap.fill(_called(name), 26) for name in looks])
    panels[0].set_ylim(len(looks) - 0.5, -0.5)
    fillings = [style.MUTED, *["none"] * (len(losses) - 1)]
    labels = [tell("training by {loss}", loss=_loss(loss)) for loss in losses]
    dots = [
        style.dot_key(label, style.MUTED, markerfacecolor=filling)
        for label, filling in zip(labels, fillings, strict=True)
    ]
    style.legend(figure, 3, *dots, style.key(tell("median"), style.MUTED, linewidth=2.6))
    return figure
