"""Letters that networks answer with, wrong pixels marked."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from latentlab.aliases import Numbers
from latentlab.drawing import pixels, style
from latentlab.drawing.language import tell


def wrong_legend(axes: Axes, x: float, y: float) -> None:
    """What the marks of ``marked_letters`` mean, on one line from x, y on."""
    pixels.squares(axes, np.array([x]), np.array([y - 0.5]), style.WARNING)
    _hollow(axes, np.array([x + 25.0]), np.array([y - 0.5]))
    options: style.Options = {"va": "center", "fontsize": 9, "color": style.MUTED}
    axes.text(x + 1.8, y, tell("on, but should be off"), **options)
    axes.text(x + 26.8, y, tell("off, but should be on"), **options)


def _hollow(axes: Axes, x: Numbers, y: Numbers) -> None:
    pixels.squares(
        axes, x, y, "none", side=0.74, edgecolor=style.WARNING, linewidth=1.3, joinstyle="miter"
    )


def marked_letters(
    axes: Axes, targets: Numbers, outputs: Numbers, threshold: float, x: Numbers, y: float
) -> None:
    """Thresholded outputs (n, pixels) with their top left at x (n,), y; wrong pixels marked."""
    corners = np.stack([x, np.full(len(x), y)], -1)
    on, target = outputs > threshold, targets > 0.5
    pixels.letters(axes, (on & target).astype(float), corners)
    cell_x, cell_y = pixels.cells(corners)
    extra, missing = on & ~target, ~on & target
    pixels.squares(axes, cell_x[extra], cell_y[extra], style.WARNING)
    _hollow(axes, cell_x[missing], cell_y[missing])
