"""Letters drawn as squares with crisp edges, and pictures tiled into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from latentlab.aliases import Integers, Numbers
from latentlab.data.fonts import COLUMNS, ROWS
from latentlab.drawing.style import CSS_DPI, INK, PAPER, WIDTH, heading

GROUND = "#f0f0f2"  # of a letter: its pixels that are off
_LEVELS = 8  # of gray: more cannot be told apart, and every level is a path of its own
_SHADES = 24  # between two colors of a picture: 32 take a seventh more bytes
_SQUARE = 0.92  # of a cell: the rest is the line between pixels


def sheet(
    columns: float, rows: float, title: str = "", width: float = WIDTH, largest: float = 0.16
) -> tuple[Figure, Axes]:
    """A figure whose axes count in pixels of letters: (0, 0) top left, y downwards.

    columns, rows : extent of what is drawn, in cells
    largest : side of a cell in inches; smaller where the width demands it
    """
    margin, top = 0.15, 0.5 if title else 0.15
    cell = min(largest, (width - 2 * margin) / columns)
    height = rows * cell + top + margin
    figure = Figure(figsize=(width, height), facecolor=PAPER)
    box = (margin / width, margin / height, columns * cell / width, rows * cell / height)
    axes = figure.add_axes(box, xlim=(0, columns), ylim=(rows, 0))
    axes.axis("off")
    heading(figure, title)
    return figure, axes


def frame(
    pictures: Sequence[Numbers],
    title: str,
    *,
    left: float = 0.1875,
    top: float = 0.5,
    bottom: float = 0.6,
    width: float = WIDTH,
    largest: int = 8,
) -> tuple[Figure, list[Axes]]:
    """A figure with pictures (height, width, 3) side by side, each on axes of its own.

    A pixel of a picture takes a whole number of pixels of the page, at most ``largest``: all
    come out equally large.

    left, top, bottom : inches beside each picture, above and below, for labels
    width : inches; where the pictures need less or more, the figure is as wide as they are
    """
    right = 0.125
    room = (width - right) / len(pictures) - left
    wide = max(picture.shape[1] for picture in pictures)
    high = max(picture.shape[0] for picture in pictures)
    cell = min(largest, max(1, int(room * CSS_DPI / wide))) / CSS_DPI
    width = len(pictures) * (wide * cell + left) + right
    height = high * cell + top + bottom
    figure = Figure(figsize=(width, height), facecolor=PAPER)
    panels = []
    for index, picture in enumerate(pictures):
        x = left + index * (wide * cell + left)
        size = picture.shape[1] * cell / width, picture.shape[0] * cell / height
        y = 1 - top / height - size[1]
        axes = figure.add_axes((x / width, y, *size))
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        panels.append(axes)
    heading(figure, title)
    return figure, panels


def squares(
    axes: Axes, x: Numbers, y: Numbers, color: Any, side: float = _SQUARE, **options: Any
) -> None:
    """Squares centered in the cells whose top left corners are x, y (n,): one path in all."""
    if not len(x):
        return
    low, high = (1 - side) / 2, (1 + side) / 2
    corners = np.array([[low, low], [high, low], [high, high], [low, high], [low, low]])
    vertices = np.stack([x, y], axis=-1)[:, None] + corners
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(x)
    path = Path(vertices.reshape(-1, 2), codes)
    axes.add_patch(PathPatch(path, **{"facecolor": color, "linewidth": 0, **options}))


def cells(corners: Numbers) -> tuple[Numbers, Numbers]:
    """x and y (n, pixels) of the cells of letters whose top left corners are (n, 2)."""
    columns, rows = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    return corners[:, :1] + columns.ravel(), corners[:, 1:] + rows.ravel()


def letters(
    axes: Axes,
    pixels: Numbers,
    corners: Numbers,
    color: str = INK,
    grounds: Sequence[str | None] | None = None,
) -> None:
    """Letters (n, pixels) of [0, 1], gray between, with their top left corners at (n, 2).

    grounds : what lies below each letter, ``GROUND`` where there is none
    """
    for corner, ground in zip(corners, grounds or [None] * len(corners), strict=True):
        axes.add_patch(
            Rectangle(tuple(corner), COLUMNS, ROWS, facecolor=ground or GROUND, linewidth=0)
        )
    x, y = cells(corners)
    level = np.rint(np.clip(pixels, 0, 1) * _LEVELS)
    for value in range(1, _LEVELS + 1):
        of_level = level == value
        squares(axes, x[of_level], y[of_level], tuple(shaded(value / _LEVELS, GROUND, color)))


def tiles(pictures: Numbers, gap: int, ground: str = PAPER) -> Numbers:
    """One picture (height, width, 3) of colors in [0, 1] from a grid of pictures.

    pictures : (rows, columns, height, width, 3)
    gap : pixels between pictures and around them, of the color ``ground``
    """
    rows, columns, height, width, _ = pictures.shape
    picture = np.ones((rows * (height + gap) + gap, columns * (width + gap) + gap, 3))
    picture *= np.array(to_rgb(ground))
    for i in range(rows):
        for j in range(columns):
            y, x = gap + i * (height + gap), gap + j * (width + gap)
            picture[y : y + height, x : x + width] = pictures[i, j]
    return picture


def shaded(pixels: Numbers | float, off: Numbers | str, on: str = INK) -> Numbers:
    """Colors (..., 3) between ``off`` and ``on`` for pixels (...) of [0, 1].

    off : a color, or colors (..., 3)
    """
    low = np.array(to_rgb(off)) if isinstance(off, str) else off
    # few levels: the eye sees no more, and files stay small
    share = np.rint(np.clip(np.asarray(pixels), 0, 1) * _SHADES)[..., None] / _SHADES
    return np.asarray((1 - share) * low + share * np.array(to_rgb(on)))


def labels(
    axes: Axes, x: Numbers, y: float | Numbers | Integers, texts: Sequence[str], **options: Any
) -> None:
    """Texts centered at x, y (texts,) of the axes; one y may serve all."""
    ys = np.broadcast_to(y, np.shape(x))
    for at_x, at_y, text in zip(x, ys, texts, strict=True):
        axes.text(at_x, at_y, text, **{"ha": "center", "va": "center", **options})
