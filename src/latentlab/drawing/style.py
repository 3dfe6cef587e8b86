"""One look for all figures, and files whose bytes depend on the figure alone.

Nothing of a reader's own Matplotlib configuration has an influence. Series differ by color
(after Okabe and Ito's palette, safe for color-blind readers), by marker and by line style, so that
a gray print tells them apart too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.patheffects as effects
import numpy as np
from matplotlib import ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.transforms import Bbox

from latentlab.aliases import Numbers
from latentlab.files import png
from latentlab.files.arrays import replacing

Options = dict[str, Any]
"""Keyword arguments of Matplotlib."""
Place = tuple[float, float] | Numbers
"""x and y."""

INK, MUTED, FAINT, PAPER = "#1b1b1e", "#6a6a70", "#d5d5da", "#ffffff"
PUBLISHED = "#1b1b1e"  # published figures are black diamonds everywhere
ACCENT, WARNING = "#0072b2", "#d55e00"
WIDTH = 7.5  # inches: 720 pixels of a page at 100 %, where 10 points read well
CSS_DPI = 96  # a page's pixels an inch: at 100 % an SVG's pictures lie on whole pixels
PNG_DPI = 2 * CSS_DPI  # so they do in the PNG

matplotlib.rcdefaults()  # one may have been read before, or lie beside the list of fonts
matplotlib.rcParams.update(
    {
        "axes.axisbelow": True,
        "axes.edgecolor": MUTED,
        "axes.grid": True,
        "axes.labelcolor": INK,
        "axes.labelsize": 10,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 10.5,
        "figure.titleweight": "bold",
        "font.family": "DejaVu Sans",  # ships inside Matplotlib
        "font.size": 10,
        "grid.color": "#ececef",
        "grid.linewidth": 0.8,
        "legend.fontsize": 9.5,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "svg.fonttype": "path",  # the same look everywhere, no font needed
        "svg.hashsalt": "latentlab",  # ids from the content, not from a random number
        "text.color": INK,
        "xtick.color": MUTED,
        "xtick.labelcolor": INK,
        "xtick.labelsize": 9,
        "ytick.color": MUTED,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 9,
    }
)


@dataclass(frozen=True)
class Look:
    """How one series is drawn in every figure that shows it."""

    color: str
    marker: str
    line: Any


LOOKS = (
    Look("#0072b2", "o", "-"),
    Look("#d55e00", "s", (0, (5, 1.5))),
    Look("#009e73", "^", (0, (1.2, 1.2))),
    Look("#cc79a7", "D", (0, (6, 1.5, 1.2, 1.5))),
    Look("#d08f00", "v", (0, (3, 1))),
    Look("#3d9fd6", "P", (0, (8, 2))),
    Look("#5c5c66", "X", (0, (1, 2))),
)


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each name, by its place in the study's own order."""
    return {name: LOOKS[i % len(LOOKS)] for i, name in enumerate(names)}


class _Layout(ConstrainedLayoutEngine):
    """Constrained layout whose places are the same in every run.

    Its solver adds in the order of addresses in memory, so last digits are of chance; Matplotlib
    makes names in an SVG of them. Rounded are shares of the figure, to less than a pixel's 1000th,
    and to a grid with no decimal fraction on it or halfway: places often are one.
    """

    def execute(self, fig: Figure) -> None:
        super().execute(fig)
        for axes in fig.axes:
            places = np.asarray(axes.get_position(original=True).extents)
            rounded = np.floor(places * 1e7 + 1 / np.pi) / 1e7
            axes.set_position(Bbox.from_extents(*rounded), which="original")
            axes.set_in_layout(True)  # which a place set by hand ends


def canvas(height: float, width: float = WIDTH, title: str = "") -> Figure:
    """An empty figure, inches wide and high, with a title at its top left.

    A title that would be small in one line has two, and the figure is higher by one.
    """
    if title_size(title, width) < _SMALL and "\n" not in title:
        title, height = _broken(title), height + 0.2
    layout = _Layout(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)
    figure = Figure(figsize=(width, height), layout=layout, facecolor=PAPER)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=title_size(title, width))
    return figure


_TITLE, _SMALL = 12.0, 10.5  # points


def _broken(title: str) -> str:
    """A title in two lines, of lengths as near to each other as its words allow."""
    words = title.split(" ")
    ways = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return "\n".join(min(ways, key=lambda way: max(map(len, way)), default=(title,)))


def title_size(title: str, width: float) -> float:
    """The size in points at which a bold title fits a figure of so many inches."""
    if not title.strip():
        return _TITLE
    bold = FontProperties(family=matplotlib.rcParams["font.family"], weight="bold")
    lines = [TextPath((0, 0), line, _TITLE, prop=bold) for line in title.splitlines() if line]
    # inches: what stands free at its sides; and letters in pixels are up to 5 % wider (hinting)
    room = 0.95 * 72 * (width - 0.3)
    return min(_TITLE, _TITLE * room / max(line.get_extents().width for line in lines))


def heading(figure: Figure, title: str) -> None:
    """A title at the top left of a figure whose axes are placed by hand."""
    width, height = figure.get_size_inches()
    font: Options = {"fontsize": title_size(title, float(width)), "fontweight": "bold"}
    figure.text(0.15 / width, 1 - 0.14 / height, title, ha="left", va="top", **font)


def subtitle(axes: Axes, text: str) -> None:
    """What is said of the whole, above the axes."""
    axes.set_title(text, fontsize=9.5, color=MUTED)


def key(label: str, color: str = INK, **options: Any) -> Line2D:
    """A legend's entry for a line of this color."""
    return Line2D([], [], color=color, label=label, **options)


def dot_key(label: str, color: str = INK, **options: Any) -> Line2D:
    """A legend's entry for dots of this color, or for another ``marker``."""
    return key(label, color, **{"marker": "o", "linestyle": "none", **options})


def look_key(label: str, look: Look) -> Line2D:
    """A legend's entry for a series."""
    return key(label, look.color, linestyle=look.line, marker=look.marker)


def legend(figure: Figure, columns: int, *keys: Artist) -> None:
    """The legend of a figure, below its panels."""
    figure.legend(handles=keys, loc="outside lower center", ncols=columns)


def note(axes: Axes, text: str, place: Place, shift: Place, **options: Any) -> None:
    """A text beside a place, away from it by a shift in points."""
    axes.annotate(text, tuple(place), xytext=tuple(shift), textcoords="offset points", **options)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as ``path`` + .svg and + .png: equal figures give equal bytes."""
    svg = StringIO()
    # what is rasterized inside an SVG (clouds of points) need not be as fine as a PNG
    metadata = {"Date": None, "Creator": None}
    figure.savefig(svg, format="svg", dpi=CSS_DPI, metadata=metadata)
    with replacing(f"{path}.svg") as temporary:
        temporary.write_text(_round_paths(svg.getvalue()), encoding="utf-8", newline="\n")
    with replacing(f"{path}.png") as temporary:
        figure.savefig(temporary, format="png", dpi=PNG_DPI, metadata={"Software": None})


png.pin()  # of both formats: an SVG holds pictures


def _round_paths(svg: str) -> str:
    """An SVG whose paths have coordinates to a hundredth of a point: a third smaller."""
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path.group()), svg)


def positive(values: Numbers) -> Numbers:
    """Values (...) for a logarithmic axis: a 0 is drawn at 1e-250, where doubles nearly end."""
    return np.maximum(np.asarray(values, np.float64), 1e-250)


def _decimal(value: float, _: object = None) -> str:
    """0.2 or 1000 as they are, what is smaller or larger as a power of ten."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    return f"{value:g}" if -4 < exponent < 5 else _power(value)


def _power(value: float, _: object = None) -> str:
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    times = "" if abs(factor - 1) < 1e-6 else rf"{factor:g}\cdot"
    return rf"${times}10^{{{exponent}}}$"


def log_axis(axis: Any) -> None:
    """A logarithmic axis with labels one can read: 0.2, 0.5, 1 where the span is short."""
    axes = axis.axes
    set_scale = axes.set_xscale if axis.axis_name == "x" else axes.set_yscale
    set_scale("log")
    low, high = axis.get_view_interval()
    decades = np.log10(high) - np.log10(low)
    subs = (1.0, 2.0, 5.0) if decades < 2.2 else (1.0, 3.0) if decades < 3.2 else (1.0,)
    axis.set_major_locator(ticker.LogLocator(subs=subs, numticks=8))
    axis.set_major_formatter(ticker.FuncFormatter(_decimal if decades < 7 else _power))
    axis.set_minor_formatter(ticker.NullFormatter())


def band(
    axes: Axes, x: Numbers, low: Numbers, middle: Numbers, high: Numbers, look: Look, **options: Any
) -> None:
    """A median line with the band between the quartiles, all (points,)."""
    axes.fill_between(x, low, high, color=look.color, alpha=0.2, linewidth=0)
    axes.plot(x, middle, color=look.color, linestyle=look.line, **options)


def diamond(axes: Axes, x: float, y: float, text: str = "") -> None:
    """The mark of a published figure, with its value."""
    mark: Options = {"marker": "D", "markersize": 7, "markeredgecolor": PAPER, "linestyle": "none"}
    axes.plot(x, y, color=PUBLISHED, zorder=6, clip_on=False, **mark)
    font: Options = {"ha": "center", "fontsize": 8.5, "color": PUBLISHED, "path_effects": halo()}
    note(axes, text, (x, y), (0, 7), zorder=7, **font)


def halo(width: float = 2.5) -> list[effects.AbstractPathEffect]:
    """A light rim that keeps text readable on top of marks."""
    return [effects.withStroke(linewidth=width, foreground=PAPER)]


def spread(count: int) -> Numbers:
    """Offsets (count,) in [-1, 1] that part points of equal value, the same in every run.

    The golden ratio's multiples: neighbors lie far apart, and no random number is needed.
    """
    return 2.0 * ((np.arange(count) * 0.6180339887498949) % 1.0) - 1.0


def strip(
    axes: Axes, values: Numbers, y: float, height: float, look: Look, hollow: bool, total: int = 0
) -> None:
    """Values (values,) as dots along y, their median as a bar; hollow: of another condition.

    total : where more values than there are count, the others as larger than any
    """
    face, edge = ("none", 0.8) if hollow else (look.color, 0)
    dots: Options = {"facecolor": face, "edgecolor": look.color, "linewidths": edge, "alpha": 0.7}
    places = y + 0.35 * height * spread(len(values))
    axes.scatter(values, places, s=14, marker=look.marker, **dots)
    missing = max(0, total - len(values))
    if len(values) > missing:
        middle = np.median(np.concatenate([values, np.full(missing, np.inf)]))
        bar = [y - 0.46 * height, y + 0.46 * height]
        axes.plot([middle, middle], bar, color=look.color, linewidth=2.6, solid_capstyle="butt")
