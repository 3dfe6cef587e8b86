"""Figures of 2: a variational autoencoder on images, against a plain one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentlab.aliases import Array, Numbers
from latentlab.drawing import pixels, style
from latentlab.drawing.language import say, tell
from latentlab.measures.latent import Window
from latentlab.measures.latent_codes import Region
from latentlab.words.names import CLASSES, called
from latentlab.words.texts import Words, text

_TERMS = {
    "loss": text("loss"),
    "reconstruction": text("reconstruction"),
    "kl": text("KL divergence"),
}
_CLASSES = (  # Okabe and Ito's colors and three between; names are written beside them
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7",
    "#56b4e9", "#8c6d1f", "#5c5c66", "#7a3b9a", "#94b817",
)  # fmt: skip
_DASHED: style.Options = {"linestyle": (0, (2, 1.2))}
_WIDE = 9.5  # inches: two manifolds of 15 images of 28 pixels side by side


def shown_images(labels: np.ndarray, count: int) -> np.ndarray:
    """Array (count,) of images to show: the first of each class, then the second, ..."""
    ranks = np.zeros(len(labels), int)
    for label in np.unique(labels):
        of_class = labels == label
        ranks[of_class] = np.arange(of_class.sum())
    return np.lexsort((labels, ranks))[:count]


def loss_curves(
    curves: pd.DataFrame,
    dataset: Words,
    labels: Mapping[str, Words],
    costs: Mapping[str, int],
    published: float | None = None,
) -> Figure:
    """Each term of the loss by epoch, the loss by what it cost too, of every model.

    On training and test images.

    curves : columns model, epoch, and every term, plain (training) and with test_
    labels : how each model is called
    costs : multiply-adds of an epoch of each
    published : the original's test loss
    """
    terms = [term for term in _TERMS if curves.get(term, pd.Series()).notna().any()]
    curves = curves.assign(cost=curves["epoch"] * curves["model"].map(costs) / 1e9)
    panels = [(term, "epoch") for term in terms]
    panels.insert(1, ("loss", "cost"))
    title = tell("Loss on {dataset}, nats an image", dataset=dataset)
    figure = style.canvas(3.7, width=_WIDE, title=title)
    looks = style.looks(list(labels))
    axis_names = {"epoch": tell("epoch"), "cost": tell("billions of operations")}
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (term, across) in zip(drawn, panels, strict=True):
        for model, look in looks.items():
            curve = curves[curves["model"] == model]
            axes.plot(curve[across], curve[term], color=look.color, linewidth=1.2, **_DASHED)
            axes.plot(curve[across], curve[f"test_{term}"], color=look.color)
            _mark_end(axes, curve, across, f"test_{term}", look)
        axes.set_title(say(_TERMS[term]))
        axes.set_xlabel(axis_names[across])
        marked = published if term == "loss" else None
        _settled_limits(axes, curves, term, marked)
        if marked is not None:
            axes.axhline(marked, color=style.PUBLISHED, linewidth=1.1, linestyle=(0, (1.5, 1.5)))
            edge: style.Options = {"xycoords": ("axes fraction", "data"), "ha": "right"}
            value = tell("published {loss}", loss=f"{marked:g}")
            style.note(axes, value, (0.99, marked), (0, 4), fontsize=9, **edge)
    drawn[0].set_ylabel(tell("nats an image"))
    style.legend(
        figure,
        4,
        *[style.key(say(labels[name]), x.color, marker=x.marker) for name, x in looks.items()],
        style.key(tell("test images"), style.MUTED),
        style.key(tell("training images"), style.MUTED, **_DASHED),
    )
    return figure


def _mark_end(axes: Axes, curve: pd.DataFrame, across: str, column: str, look: style.Look) -> None:
    """The model's marker at the last epoch: tells lines apart in a gray print."""
    if len(curve):
        last = curve.iloc[-1]
        axes.plot(last[across], last[column], color=look.color, marker=look.marker, markersize=6)


def _settled_limits(axes: Axes, curves: pd.DataFrame, term: str, marked: float | None) -> None:
    """Leave out of sight the first epochs, whose loss is so high that the rest looks flat."""
    later = curves[curves["epoch"] > max(1, curves["epoch"].max() * 0.05)]
    values = [*later[term].dropna(), *later[f"test_{term}"].dropna()]
    if marked is not None:
        values.append(marked)
    if values:
        room = 0.06 * (max(values) - min(values) or 1.0)
        axes.set_ylim(min(values) - room, max(values) + room)


def latent_codes(
    codes: Mapping[Words, Array],
    classes: Array,
    names: Sequence[str],
    dataset: Words,
    regions: Mapping[Words, Region | None],
) -> Figure:
    """Codes of the test images, a panel a model, colored and named by class.

    codes : (n, 2) by the model's label; classes : (n,) numbers of the names
    regions : the smallest region that holds 95 % of the codes, by label

    The same circle is in every panel, a scale: both axes of a panel have one, each panel its own.
    """
    title = tell("Codes of the test images of {dataset}", dataset=dataset)
    figure, panels = _planes(len(codes), title)
    # a digit or a letter is the same in every language
    names = [say(called(CLASSES, name)) for name in names]
    tints = [tuple(pixels.shaded(0.55, "white", color)) for color in _CLASSES]
    colors = [tints[c % len(tints)] for c in classes]
    size = 12 if len(classes) < 2000 else 2.2
    for axes, (label, points) in zip(panels, codes.items(), strict=False):
        # no soft edges, no transparency: few colors, and a file a fifth as large
        x, y = points.T
        axes.scatter(x, y, s=size, c=colors, linewidths=0, rasterized=True, antialiased=False)
        _prior_circle(axes)
        region = regions.get(label)
        if region:
            _border(axes, region, style.INK, 1.4)
        axes.set_aspect("equal", adjustable="datalim")
        _name_classes(axes, points, classes, names)
        axes.set_title(_with_area(label, region))
    style.legend(
        figure,
        2,
        style.key(tell("smallest region with 95 %"), linewidth=1.4),
        style.key(tell("the same circle in all: two deviations of the prior"), **_PRIOR),
    )
    return figure


def _with_area(label: Words, region: Region | None) -> str:
    if region is None:
        return say(label)
    area = f"{region.area:.0f}" if region.area >= 100 else f"{region.area:.3g}"
    return tell("{model}: 95 % within {area} square units", model=label, area=area)


def _planes(count: int, title: str) -> tuple[Figure, list[Axes]]:
    """A figure with axes for ``count`` latent planes, two side by side."""
    rows = -(-count // 2)
    figure = style.canvas(4.8 * rows + 0.6, width=_WIDE, title=title)
    panels: list[Axes] = [*figure.subplots(rows, min(2, count), squeeze=False).ravel()]
    for axes in panels:
        axes.set_xlabel(tell("latent unit 1"))
        axes.set_ylabel(tell("latent unit 2"))
        axes.grid(visible=False)
    for axes in panels[count:]:
        axes.axis("off")
    return figure, panels


def _border(axes: Axes, region: Region, color: str, width: float) -> None:
    x, y = region.points[..., 0], region.points[..., 1]
    axes.contour(x, y, region.density, [region.level], colors=[color], linewidths=[width])


_PRIOR: style.Options = {"linewidth": 1, "linestyle": (0, (4, 3))}


def _prior_circle(axes: Axes) -> None:
    """Two standard deviations of the prior: what a VAE's codes are drawn to."""
    angle = np.linspace(0, 2 * np.pi, 100)
    axes.plot(2 * np.cos(angle), 2 * np.sin(angle), color=style.INK, **_PRIOR)


def _name_classes(axes: Axes, points: Array, classes: Array, names: Sequence[str]) -> None:
    """Each class's name at the median of its codes, moved apart where names would overlap."""
    centers = {c: np.median(points[classes == c], axis=0) for c in np.unique(classes)}
    _robust_limits(axes, points)
    for c, place in _separate(axes, centers, names).items():
        # darker than its points, so that a gray print shows it too
        color = tuple(pixels.shaded(0.35, _CLASSES[c % len(_CLASSES)], style.INK))
        font: style.Options = {"color": color, "fontsize": 11, "fontweight": "bold", "zorder": 8}
        halo = style.halo(3.5)
        name = _plain(names[c])
        axes.text(place[0], place[1], name, ha="center", va="center", path_effects=halo, **font)


def _plain(text: str) -> str:
    """A user's text as Matplotlib is to draw it: its dollars are no formulas."""
    return text.replace("$", r"\$")


def _robust_limits(axes: Axes, points: Array) -> None:
    """Limits that hold all but a few far codes, which would press the rest together."""
    low, high = np.quantile(points, [0.003, 0.997], axis=0)
    pad = 0.08 * np.maximum(high - low, 1e-9)
    axes.set_xlim(low[0] - pad[0], high[0] + pad[0])
    axes.set_ylim(low[1] - pad[1], high[1] + pad[1])


def _separate(axes: Axes, centers: Mapping[int, Array], names: Sequence[str]) -> dict[int, Array]:
    """The places (2,) nearest to the centers at which the names do not overlap."""
    sides = np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())])
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    steps = np.concatenate([radius * circle for radius in np.arange(0.0, 0.5, 0.01)])
    placed: dict[int, Array] = {}
    for c, center in centers.items():
        places = center + steps * sides
        free = np.ones(len(places), bool)
        for other, at in placed.items():
            room = np.array([0.014 * (len(names[c]) + len(names[other]) + 1), 0.05])
            free &= (np.abs(places - at) >= room * sides).any(axis=1)
        placed[c] = places[np.argmax(free)]
    return placed


def manifolds(
    pictures: Mapping[Words, Array], windows: Mapping[Words, Window | None], dataset: Words
) -> Figure:
    """What the decoders make of a grid of their latent plane, a panel a model.

    pictures : (rows, columns, height, width) in [0, 1] by the model's label
    windows : the window of the grid; None for the normal quantiles 0.05 to 0.95
    """
    tiled = [_tiled(grid, gap=1) for grid in pictures.values()]
    title = tell("The latent plane of {dataset}, decoded", dataset=dataset)
    figure, panels = _two_columns(tiled, title)
    for axes, picture, label in zip(panels, tiled, pictures, strict=True):
        _picture(axes, picture)
        axes.set_title(say(label))
        axes.set_xlabel(_window_text(windows[label], len(pictures[label])), fontsize=9, loc="left")
    return figure


def _two_columns(pictures: Sequence[Numbers], title: str) -> tuple[Figure, list[Axes]]:
    """A figure with axes for pictures (height, width, 3), two side by side, title and label each.

    A pixel of a picture takes a whole number of pixels of the page, as in ``pixels.frame``.
    """
    left, right, top, above, below = 0.1875, 0.125, 0.4, 0.35, 0.55
    columns, rows = min(2, len(pictures)), -(-len(pictures) // 2)
    high, wide = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    room = ((_WIDE - right) / 2 - left) * style.CSS_DPI
    cell = min(4, max(1, int(room / wide))) / style.CSS_DPI
    width = columns * (wide * cell + left) + right
    height = top + rows * (above + high * cell + below)
    figure = Figure(figsize=(width, height), facecolor=style.PAPER)
    panels = []
    for index in range(len(pictures)):
        row, column = divmod(index, 2)
        x = left + column * (wide * cell + left)
        y = height - top - row * (above + high * cell + below) - above - high * cell
        place = (x / width, y / height, wide * cell / width, high * cell / height)
        axes = figure.add_axes(place)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        panels.append(axes)
    style.heading(figure, title)
    return figure, panels


def _window_text(window: Window | None, rows: int) -> str:
    """What a manifold shows; one row of images is that of a single latent unit."""
    if window is None and rows > 1:
        return tell("both units at the normal quantiles 0.05 to 0.95")
    if window is None:
        return tell("the unit at the normal quantiles 0.05 to 0.95")
    x0, x1, y0, y1 = (f"{end:.3g}" for side in window for end in side)
    if rows > 1:
        return tell(
            "unit 1 from {x0} to {x1}, unit 2 from {y0} to {y1}:\n"
            "the middle 90 % of its test codes",
            x0=x0,
            x1=x1,
            y0=y0,
            y1=y1,
        )
    return tell("unit 1 from {x0} to {x1}:\nthe middle 90 % of its test codes", x0=x0, x1=x1)


def _tiled(grid: Array, gap: int) -> Numbers:
    """Images (rows, columns, height, width) in [0, 1] as one picture, dark on white."""
    return pixels.tiles(pixels.shaded(grid, "white", "black"), gap, "#e4e4ea")


def _picture(axes: Axes, picture: Numbers) -> None:
    axes.imshow(picture, interpolation="none", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])


def rows(pictures: Mapping[Words, Array], title: str) -> Figure:
    """Rows of images under each other, each with its label.

    pictures : (n, height, width) in [0, 1] by label
    """
    grid = np.stack(list(pictures.values()))
    count, _, height, _ = grid.shape
    picture = _tiled(grid, gap=1)
    figure, (axes,) = pixels.frame([picture], title, left=1.75, bottom=0.2, width=_WIDE, largest=2)
    _picture(axes, picture)
    labels = [_plain(say(label)) for label in pictures]
    axes.set_yticks([1 + (i + 0.5) * (height + 1) for i in range(count)], labels)
    axes.tick_params(axis="y", length=0, labelsize=9.5)
    return figure
