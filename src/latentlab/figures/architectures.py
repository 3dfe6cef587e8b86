"""Figures of 1.a: which of the architectures learns the letters best?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latentlab.figures import style

Published = Mapping[str, Mapping[str, float]]

_COLUMNS = 3


def _ranked(replicates: pd.DataFrame) -> list[str]:
    """Networks by their median final error, the lowest first."""
    return list(replicates.groupby("network", sort=True)["error"].median().sort_values().index)


def _looks(table: pd.DataFrame) -> dict[str, style.Look]:
    return style.looks(list(table["network"].unique()))


def learning_curves(curves: pd.DataFrame, published: Published) -> Figure:
    """Error by epoch, a panel a network: its median and quartiles among the other medians.

    curves : columns network, epoch, error (median), lower_quartile, upper_quartile
    published : error and epochs by network
    """
    looks = _looks(curves)
    rows = -(-len(looks) // _COLUMNS)
    figure = style.canvas(0.9 + 2.2 * rows, title="Error while learning, by architecture")
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, (name, look) in zip(panels, looks.items(), strict=False):
        for other, curve in curves.groupby("network", sort=True):
            if other != name:
                axes.plot(curve["epoch"], curve["error"], color=style.FAINT, linewidth=1)
        own = curves[curves["network"] == name]
        style.band(
            axes, own["epoch"], own["lower_quartile"], own["error"], own["upper_quartile"], look
        )
        axes.set_title(name, fontweight="bold")
        if name in published:
            epochs, error = published[name]["epochs"], published[name]["error"]
            style.diamond(axes, epochs, error, f"{error:g}")
        style.log_axis(axes.yaxis)
    for axes in panels[len(looks) :]:
        axes.axis("off")
    for axes in panels[max(0, len(looks) - _COLUMNS) : len(looks)]:
        axes.set_xlabel("epoch")
        axes.tick_params(labelbottom=True)
    for axes in panels[::_COLUMNS]:
        axes.set_ylabel("error a letter")
    figure.legend(
        handles=[
            Line2D([], [], color=style.INK, label="median of all starts, band: quartiles"),
            Line2D([], [], color=style.FAINT, linewidth=1.5, label="the other networks"),
            *_published_handle(published, looks),
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _published_handle(published: Published, names: Mapping[str, object]) -> list[Line2D]:
    if not set(published) & set(names):
        return []
    mark: dict[str, Any] = {"marker": "D", "markersize": 6, "linestyle": "none"}
    return [Line2D([], [], color=style.PUBLISHED, label="published, a single run", **mark)]


def final_errors(replicates: pd.DataFrame, published: Published) -> Figure:
    """Final error of every start, a row a network, the best median on top.

    replicates : columns network, error
    """
    looks, names = _looks(replicates), _ranked(replicates)
    figure = style.canvas(1.3 + 0.5 * len(names), title="Final error of every start")
    axes = figure.subplots()
    for row, name in enumerate(names):
        errors = replicates.loc[replicates["network"] == name, "error"].to_numpy()
        low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75])
        look = looks[name]
        axes.barh(row, high - low, left=low, height=0.62, color=look.color, alpha=0.18, linewidth=0)
        axes.scatter(
            errors, row + 0.26 * style.spread(len(errors)), s=16, marker=look.marker,
            color=look.color, alpha=0.65, linewidths=0,
        )  # fmt: skip
        axes.plot([middle, middle], [row - 0.34, row + 0.34], color=look.color, linewidth=2.6)
        if name in published:
            error = published[name]["error"]
            style.diamond(axes, error, row, f"{error:g}")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("final error a letter (half the squared distance, 35 pixels summed)")
    style.log_axis(axes.xaxis)
    figure.legend(
        handles=[
            Line2D([], [], color=style.MUTED, marker="o", linestyle="none", label="one start"),
            Line2D([], [], color=style.MUTED, linewidth=2.6, label="median (bar: quartiles)"),
            *_published_handle(published, looks),
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def wrong_pixels(replicates: pd.DataFrame) -> Figure:
    """Wrong pixels a letter in every start, and how many letters come out right.

    replicates : columns network, error, mean_wrong_pixels, exact, within_one_pixel
    """
    looks, names = _looks(replicates), _ranked(replicates)
    title = "Wrong pixels of the 35, and letters reproduced"
    figure = style.canvas(1.35 + 0.5 * len(names), title=title)
    left, right = figure.subplots(1, 2, sharey=True)
    for row, name in enumerate(names):
        runs = replicates[replicates["network"] == name]
        wrong, look = runs["mean_wrong_pixels"].to_numpy(), looks[name]
        left.scatter(
            wrong, row + 0.24 * style.spread(len(wrong)), s=16, marker=look.marker,
            color=look.color, alpha=0.65, linewidths=0,
        )  # fmt: skip
        middle = np.median(wrong)
        left.plot([middle, middle], [row - 0.34, row + 0.34], color=look.color, linewidth=2.6)
        _letter_shares(right, row, runs["exact"].mean(), runs["within_one_pixel"].mean())
    left.set_yticks(range(len(names)), names)
    left.set_ylim(len(names) - 0.5, -0.5)
    left.set_xlim(left=min(0.0, left.get_xlim()[0]))
    left.set_xlabel("wrong pixels a letter (mean)")
    left.set_title("every start, line: median")
    right.set_xlim(0, 100)
    right.set_xlabel("share of letters (%), mean of starts")
    for axes in (left, right):
        axes.grid(axis="y", visible=False)
    right.tick_params(axis="y", length=0)
    right.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, handlelength=1.1,
        columnspacing=1.0, handletextpad=0.5, borderaxespad=0.1, fontsize=9,
    )  # fmt: skip
    return figure


def _letter_shares(axes: Axes, row: int, exact: float, within_one: float) -> None:
    parts = [
        ("exact", exact, "#2b4a63"),
        ("1 wrong", within_one - exact, "#7fa3bf"),
        ("more", 1.0 - within_one, "#e3e6ea"),
    ]
    left = 0.0
    for label, share, color in parts:
        axes.barh(
            row, 100 * share, left=left, height=0.62, color=color, linewidth=0,
            label=label if row == 0 else None,
        )  # fmt: skip
        if share > 0.08:
            axes.text(
                left + 50 * share, row, f"{100 * share:.0f}", ha="center", va="center",
                fontsize=9, color="white" if label == "exact" else style.INK,
            )  # fmt: skip
        left += 100 * share
