"""Figures of 1.a, one named network: its learning, its letters, its latent plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latentlab.figures import pixels, style
from latentlab.figures.style import Array
from latentlab.fonts import COLUMNS, ROWS
from latentlab.gather import carried_forward
from latentlab.latent import Plane, Window
from latentlab.metrics import nearest_letter, wrong_pixels

_LOOK = style.LOOKS[0]
_BEST: dict[str, Any] = {"color": style.WARNING, "linewidth": 2, "linestyle": (0, (5, 1.5))}
_PER_BAND = 16  # letters side by side
_KNOWN = "#cfe3f5"  # ground of a decoded letter that the font has


def best_start(history: pd.DataFrame) -> tuple[int, str]:
    """The replicate with the lowest final error, and how titles call it.

    history : columns replicate, epoch, error
    """
    final = history.groupby("replicate", sort=True)["error"].last()
    name = f"best of {len(final)} starts" if len(final) > 1 else "its only start"
    return int(final.idxmin()), name


def learning_curve(history: pd.DataFrame, name: str, published: float | None = None) -> Figure:
    """Error by epoch: every start, median and quartiles, and the best start.

    history : columns replicate, epoch, error
    published : the original's final error
    """
    runs = [run for _, run in history.groupby("replicate", sort=True)]
    errors = carried_forward(history)
    best = runs[int(errors.iloc[:, -1].argmin())]
    low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
    figure = style.canvas(3.8, title=f"Error while learning: {name}, {_count(len(runs))}")
    axes = figure.subplots()
    for run in runs:
        axes.plot(run["epoch"], run["error"], color=_LOOK.color, alpha=0.25, linewidth=0.8)
        axes.plot(
            run["epoch"].iloc[-1], run["error"].iloc[-1], "o", color=_LOOK.color, alpha=0.5,
            markersize=2.5,
        )  # fmt: skip
    style.band(axes, errors.columns, low, middle, high, _LOOK, linewidth=2.4)
    axes.plot(best["epoch"], best["error"], **_BEST)
    end = best["error"].iloc[-1]
    axes.annotate(
        f"{end:.3g}", (best["epoch"].iloc[-1], end), xytext=(5, 0), textcoords="offset points",
        color=style.WARNING, va="center", fontweight="bold",
    )  # fmt: skip
    if published is not None:
        axes.axhline(published, color=style.PUBLISHED, linewidth=1.2, linestyle=(0, (1.5, 1.5)))
        axes.annotate(
            f"published {published:.3g}", (0, published), xycoords=("axes fraction", "data"),
            xytext=(4, 4), textcoords="offset points", fontsize=9.5,
        )  # fmt: skip
    axes.set_xlabel("epoch")
    axes.set_ylabel("error a letter")
    axes.set_xlim(left=0)
    style.log_axis(axes.yaxis)
    figure.legend(
        handles=[
            Line2D([], [], color=_LOOK.color, alpha=0.4, linewidth=1, label="one start"),
            Line2D([], [], color=_LOOK.color, linewidth=2.4, label="median, band: quartiles"),
            Line2D([], [], **_BEST, label="best start"),
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _count(starts: int) -> str:
    return "1 start" if starts == 1 else f"{starts} starts"


def reconstructions(
    letters: Array, outputs: Array, characters: Sequence[str], threshold: float, name: str,
    start: str,
) -> Figure:  # fmt: skip
    """Every letter over what the network makes of it, in gray and thresholded.

    letters, outputs : (letters, pixels)
    start : which start it is, for the title
    """
    wrong = wrong_pixels(outputs, letters, threshold)
    per_band = min(_PER_BAND, len(letters))
    bands = -(-len(letters) // per_band)
    step_x, step_y, left = COLUMNS + 1.6, ROWS + 1.2, 10.5
    height = 3 * step_y + 4.0
    title = f"{name}, {start}: {_exact(wrong)}"
    figure, axes = pixels.sheet(left + per_band * step_x, bands * height + 1.4, title)
    for band in range(bands):
        part = slice(band * per_band, (band + 1) * per_band)
        count = len(letters[part])
        x = left + step_x * np.arange(count)
        top = band * height + 2.2
        rows = top + step_y * np.arange(3)
        center = x + COLUMNS / 2
        pixels.labels(axes, center, top - 1.2, characters[part], fontsize=9, color=style.MUTED)
        for y, values in ((rows[0], letters[part]), (rows[1], outputs[part])):
            pixels.letters(axes, values, np.stack([x, np.full(count, y)], -1))
        marked_letters(axes, letters[part], outputs[part], threshold, x, rows[2])
        for y, text in zip(rows, ("letter", "output", f"above {threshold:g}"), strict=True):
            axes.text(0, y + ROWS / 2, text, va="center", fontsize=9)
        bad = np.flatnonzero(wrong[part])
        pixels.labels(
            axes, center[bad], rows[2] + ROWS + 1.1, [str(n) for n in wrong[part][bad]],
            fontsize=9, color=style.WARNING, fontweight="bold",
        )  # fmt: skip
    wrong_legend(axes, left, bands * height + 0.6)
    return figure


def _exact(wrong: Array) -> str:
    return f"{int(np.sum(wrong == 0))} of {len(wrong)} letters without a wrong pixel"


def wrong_legend(axes: Axes, x: float, y: float) -> None:
    """What the marks of ``marked_letters`` mean, on one line from x, y on."""
    pixels.squares(axes, np.array([x]), np.array([y - 0.5]), style.WARNING)
    _hollow(axes, np.array([x + 25.0]), np.array([y - 0.5]))
    options: dict[str, Any] = {"va": "center", "fontsize": 9, "color": style.MUTED}
    axes.text(x + 1.8, y, "on, but should be off", **options)
    axes.text(x + 26.8, y, "off, but should be on", **options)


def _hollow(axes: Axes, x: Array, y: Array) -> None:
    pixels.squares(
        axes, x, y, "none", side=0.74, edgecolor=style.WARNING, linewidth=1.3, joinstyle="miter"
    )


def marked_letters(
    axes: Axes, targets: Array, outputs: Array, threshold: float, x: Array, y: float
) -> None:
    """Thresholded outputs (n, pixels) with their top left at x (n,), y; wrong pixels marked."""
    corners = np.stack([x, np.full(len(x), y)], -1)
    on, target = outputs > threshold, targets > 0.5
    pixels.letters(axes, (on & target).astype(float), corners)
    cell_x, cell_y = pixels.cells(corners)
    extra, missing = on & ~target, ~on & target
    pixels.squares(axes, cell_x[extra], cell_y[extra], style.WARNING)
    _hollow(axes, cell_x[missing], cell_y[missing])


def latent_map(
    points: Array, plane: Plane, characters: Sequence[str], name: str, start: str
) -> Figure:
    """Where the letters lie in the latent plane, each with its character.

    points : (letters, 2) coordinates of the codes in the plane
    """
    figure = style.canvas(5.6, title=f"Latent map: {name}, {start}")
    axes = figure.subplots()
    axes.axhline(0, color=style.FAINT, linewidth=1, zorder=0)
    axes.axvline(0, color=style.FAINT, linewidth=1, zorder=0)
    axes.plot(*points.T, "o", color=_LOOK.color, markersize=5)
    axes.margins(0.07)
    axes.set_xlabel(plane.names[0])
    if np.ptp(points[:, 1]) > 0:
        axes.set_ylabel(plane.names[1])
    else:  # one latent unit: a line has no second axis
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    figure.draw_without_rendering()  # settles the layout, which decides where labels fit
    _place_labels(figure, axes, points, characters)
    return figure


def _place_labels(figure: Figure, axes: Axes, points: Array, texts: Sequence[str]) -> None:
    """Text beside each point where nothing else is, further away (on a line) where it is full."""
    at = axes.transData.transform(points)
    unit = figure.dpi / 72.0  # a point in pixels
    taken: list[Array] = []
    for index, text in enumerate(texts):
        place = _free_place(at, index, len(text), taken, unit)
        taken.append(place)
        offset = (place - at[index]) / unit
        far = np.hypot(*offset) > 14
        axes.annotate(
            text, points[index], xytext=offset, textcoords="offset points", ha="center",
            va="center", fontsize=11, fontweight="bold", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.6,
                        "shrinkA": 5, "shrinkB": 1} if far else None,
        )  # fmt: skip


def _free_place(at: Array, index: int, length: int, taken: list[Array], unit: float) -> Array:
    """The nearest place (2,) around point ``index`` that touches no point and no label."""
    place: Array
    best: Array
    wide, high = unit * (4.0 + 5.0 * length), unit * 13.0
    best, least = at[index], np.inf
    for radius in np.arange(10.0, 70.0, 3.0) * unit:
        for angle in np.pi / 8 * np.array([2, 6, 10, 14, 0, 4, 8, 12, 1, 3, 5, 7, 9, 11, 13, 15]):
            place = at[index] + radius * np.array([np.cos(angle), np.sin(angle)])
            dots = np.abs(at - place)
            hits = np.sum((dots[:, 0] < wide / 2 + 3 * unit) & (dots[:, 1] < high / 2 + 2 * unit))
            if taken:
                names = np.abs(np.array(taken) - place)
                hits += 2 * np.sum((names[:, 0] < wide) & (names[:, 1] < high))
            if not hits:
                return place
            if hits < least:
                best, least = place, hits
    return best


def latent_plane(
    decoded: Array, window: Window, plane: Plane, letters: Array, threshold: float, title: str
) -> Figure:
    """What the decoder makes of a grid of points of the latent plane.

    decoded : (rows, columns, pixels), the first row at the top of the window
    letters : (letters, pixels) of the font; tiles within one pixel of one have a blue ground
    """
    rows, columns, _ = decoded.shape
    known = _known(decoded, letters, threshold)
    ground = np.where(known[..., None], to_rgb(_KNOWN), to_rgb(pixels.GROUND))
    glyphs = decoded.reshape(rows, columns, ROWS, COLUMNS)
    picture = pixels.tiles(pixels.shaded(glyphs, ground[:, :, None, None]), gap=1)
    figure, (axes,) = pixels.frame([picture], title, left=0.75, bottom=0.78)
    axes.imshow(picture, extent=_extent(window, rows, columns), aspect="auto", interpolation="none")
    axes.set_xlabel(plane.names[0])
    if rows > 1:
        axes.set_ylabel(plane.names[1])
    else:
        axes.set_yticks([])
    share = 100 * known.mean()
    figure.text(
        0.99, 0.012, f"blue ground: a letter of the font, give or take one pixel ({share:.0f} %)",
        ha="right", fontsize=9, color=style.MUTED,
    )  # fmt: skip
    return figure


def _known(decoded: Array, letters: Array, threshold: float) -> np.ndarray:
    """Which of decoded (rows, columns, pixels) differ from a letter by at most one pixel."""
    nearest = letters[nearest_letter(decoded, letters, threshold)]
    return wrong_pixels(decoded, nearest, threshold) <= 1


def _extent(window: Window, rows: int, columns: int) -> tuple[float, float, float, float]:
    """The edges of a picture whose tiles are centered on the points of the window's grid."""
    (x0, x1), (y0, y1) = window
    half_x = (x1 - x0) / max(1, columns - 1) / 2
    half_y = (y1 - y0) / max(1, rows - 1) / 2
    return x0 - half_x, x1 + half_x, y0 - half_y, y1 + half_y
