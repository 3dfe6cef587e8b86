"""Labels of points where nothing else is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentlab.aliases import Numbers
from latentlab.drawing import style

_ARROW = {"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.6, "shrinkA": 5, "shrinkB": 1}


def place_labels(
    figure: Figure, axes: Axes, points: Numbers, texts: Sequence[str], size: float
) -> None:
    """Text beside each of points (n, 2) where nothing else is, further away where it is full."""
    at = axes.transData.transform(points)
    unit = figure.dpi / 72.0  # a point in pixels
    extents = unit * np.array([[3.0 + 0.72 * size * len(text), 1.2 * size] for text in texts])
    places: Numbers = np.empty((0, 2))
    for index, text in enumerate(texts):
        place = _free_place(at, index, extents, places, unit)
        places = np.vstack([places, place])
        offset = (place - at[index]) / unit
        far = np.hypot(*offset) > 1.3 * size
        font: style.Options = {"ha": "center", "va": "center", "fontweight": "bold"}
        font |= {"fontsize": size, "path_effects": style.halo(2.0), "annotation_clip": False}
        arrow = _ARROW if far else None
        style.note(axes, text, points[index], offset, arrowprops=arrow, zorder=4, **font)


def _free_place(at: Numbers, index: int, extents: Numbers, places: Numbers, unit: float) -> Numbers:
    """The nearest place (2,) around point ``index`` that touches no point and no label.

    at : (n, 2) all points; extents : (n, 2) of all labels; places : (index, 2) of those placed
    """
    place: Numbers
    best: Numbers
    best, least = at[index], np.inf
    first = extents[index, 1] / 2 + 4 * unit
    distances = (extents[: len(places)] + extents[index]) / 2
    for radius in first + np.arange(0.0, 100.0, 3.0) * unit:
        for angle in np.pi / 8 * np.array([2, 6, 10, 14, 0, 4, 8, 12, 1, 3, 5, 7, 9, 11, 13, 15]):
            # on an ellipse: a long label must start beyond its point
            reach = radius + np.array([(extents[index, 0] - extents[index, 1]) / 2, 0.0])
            place = at[index] + reach * np.array([np.cos(angle), np.sin(angle)])
            dots = np.abs(at - place) < extents[index] / 2 + 3 * unit
            labels = np.abs(places - place) < distances
            hits = int(dots.all(axis=1).sum()) + 2 * int(labels.all(axis=1).sum())
            if not hits:
                return place
            if hits < least:
                best, least = place, float(hits)
    return best
