"""Figures of 1.b: how well are letters cleaned of noise, fresh noise included?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latentlab.figures import pixels, style
from latentlab.figures.letters import marked_letters, wrong_legend
from latentlab.figures.style import Array
from latentlab.fonts import COLUMNS, ROWS

DRAWN_ABOVE = 0.35  # the original's drawings show a pixel black above this
DRAWN_LETTERS = 8  # of a larger subset the first ones are drawn
_CONDITIONS = {
    "training": style.Look(style.MUTED, "o", (0, (4, 1.5))),
    "fresh": style.Look(style.WARNING, "s", "-"),
}
_MEASURES = {
    "error": "error a letter (median)",
    "right_letter": "right letter (%)",
    "within_one_pixel": "at most 1 wrong pixel (%)",
}
_STEP_X, _STEP_Y = COLUMNS + 1.6, ROWS + 1.2


def scores(summary: pd.DataFrame) -> Figure:
    """Error and right answers by noise probability, training copies against fresh noise.

    summary : a row for each cell and condition (column ``noise``), measures with _low, _high
    """
    keys = ["font", "network", "kind", "range", "subset"]
    series = list(summary.groupby(keys, sort=False))
    height = 1.0 + 2.9 * len(series)
    figure = style.canvas(height, width=9.0, title="Denoising: learned copies and fresh noise")
    grid = figure.subplots(len(series), len(_MEASURES), squeeze=False)
    for row, (values, table) in zip(grid, series, strict=True):
        for axes, (measure, label) in zip(row, _MEASURES.items(), strict=True):
            for condition, look in _CONDITIONS.items():
                _score_line(axes, table[table["noise"] == condition], measure, look)
            axes.set_ylabel(label)
            axes.set_xlabel("probability that a pixel is hit")
            axes.set_xticks(sorted(table["probability"].unique()))
            axes.margins(x=0.12)
            if measure == "error":
                _error_axis(axes, table)
            else:
                axes.set_ylim(-3, 103)
        font, network, kind, range_, subset = values
        row[0].set_title(f"{font}, letters: {subset}, {network}, {kind} noise up to {range_:g}")
    marks = [
        Line2D([], [], color=look.color, linestyle=look.line, marker=look.marker, label=label)
        for look, label in zip(
            _CONDITIONS.values(), ("noisy copies it learned", "noise never seen"), strict=True
        )
    ]
    if summary["published_error"].notna().any():
        marks.append(
            Line2D([], [], marker="D", color=style.PUBLISHED, linestyle="none",
                   label="published (learned copies)")
        )  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=3)
    return figure


def _score_line(axes: Axes, table: pd.DataFrame, measure: str, look: style.Look) -> None:
    table = table.sort_values("probability")
    factor = 1.0 if measure == "error" else 100.0
    middle, low, high = (
        factor * table[column].to_numpy()
        for column in (measure, f"{measure}_low", f"{measure}_high")
    )
    if measure == "error":
        middle, low, high = map(style.positive, (middle, low, high))
    else:
        low, high = np.clip(low, 0, 100), np.clip(high, 0, 100)
    x = table["probability"].to_numpy()
    axes.plot(x, middle, color=look.color, linestyle=look.line, marker=look.marker, markersize=6)
    axes.vlines(x, low, high, color=look.color, linewidth=1.4, alpha=0.7)


def _error_axis(axes: Axes, table: pd.DataFrame) -> None:
    for row in table[table["published_error"].notna()].itertuples():
        style.diamond(axes, row.probability, row.published_error)
    style.log_axis(axes.yaxis)


def training_set(letters: Array, copies: Array, characters: Sequence[str], title: str) -> Figure:
    """The clean targets and their noisy copies, in gray and as the original drew them.

    letters : (letters, pixels); copies : (copies, letters, pixels)
    """
    shown = letters[:DRAWN_LETTERS]
    count = len(copies)
    left, gap = 3.0, 2.4
    block = count * _STEP_X
    figure, axes = pixels.sheet(
        left + _STEP_X + 2 * (block + gap), len(shown) * _STEP_Y + 2.4, title
    )
    rows = 2.4 + _STEP_Y * np.arange(len(shown))
    pixels.labels(axes, np.full(len(shown), 1.0), rows + ROWS / 2, characters[: len(shown)],
                  fontsize=11, fontweight="bold")  # fmt: skip
    blocks = {
        "target": (left, shown[None]),
        "noisy copies, as learned": (left + _STEP_X + gap, copies[:, : len(shown)]),
        f"the same, black above {DRAWN_ABOVE:g}": (
            left + _STEP_X + block + 2 * gap,
            (copies[:, : len(shown)] > DRAWN_ABOVE).astype(float),
        ),
    }
    for label, (x, values) in blocks.items():
        axes.text(x, 1.2, label, va="center", fontsize=9, color=style.MUTED)
        for column, letters_of in enumerate(values):
            xs = np.full(len(shown), x + column * _STEP_X)
            pixels.letters(axes, letters_of, np.stack([xs, rows], -1))
    return figure


def fresh_answers(
    inputs: Array, outputs: Array, targets: Array, threshold: float, title: str
) -> Figure:
    """Strips of noise never learned: the input, the answer and the truth under each other.

    inputs, outputs, targets : (strips, samples, pixels)
    """
    strips, samples, _ = inputs.shape
    names = (
        "input", f"above {DRAWN_ABOVE:g}", "answer", f"above {threshold:g}", "truth",
    )  # fmt: skip
    left, height = 10.5, len(names) * _STEP_Y + 1.8
    figure, axes = pixels.sheet(left + samples * _STEP_X, strips * height + 1.2, title)
    x = left + _STEP_X * np.arange(samples)
    for strip in range(strips):
        rows = strip * height + 0.4 + _STEP_Y * np.arange(len(names))
        noisy, answer, truth = inputs[strip], outputs[strip], targets[strip]
        shown = {0: noisy, 1: (noisy > DRAWN_ABOVE).astype(float), 2: answer, 4: truth}
        for row, values in shown.items():
            pixels.letters(axes, values, np.stack([x, np.full(samples, rows[row])], -1))
        marked_letters(axes, truth, answer, threshold, x, rows[3])
        for y, text in zip(rows, names, strict=True):
            axes.text(0, y + ROWS / 2, text, va="center", fontsize=9)
    wrong_legend(axes, left, strips * height + 0.4)
    return figure
