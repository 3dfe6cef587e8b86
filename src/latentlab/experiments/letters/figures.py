"""Figures of 1.a, one named network: its learning, its letters, its latent plane; and all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from latentlab import shown
from latentlab.aliases import Array, Booleans, Integers, Numbers
from latentlab.data.fonts import COLUMNS, LETTERS, ROWS, Font, character_name
from latentlab.drawing import pixels, style
from latentlab.drawing.answers import marked_letters, wrong_legend
from latentlab.drawing.language import count, remark, say, tell
from latentlab.drawing.placing import place_labels
from latentlab.experiments.gathering import carried_forward
from latentlab.glyphs import left_to_right
from latentlab.measures.latent import Plane, Window
from latentlab.measures.metrics import nearest_letter, wrong_pixels
from latentlab.measures.novelty import NewLetter
from latentlab.words.names import BLANKS, called
from latentlab.words.texts import Text, Words, capital, data_text, plural, text

_LOOK = style.LOOKS[0]
_BEST: style.Options = {"color": style.WARNING, "linewidth": 2, "linestyle": (0, (5, 1.5))}
_DOTS: style.Options = {"color": _LOOK.color, "markeredgewidth": 0}
_PER_BAND = 16  # letters side by side
_QUARTERS = 5  # starts from which on quartiles say something
_KNOWN = "#cfe3f5"  # ground of a decoded letter that the font has


def learning_curve(history: pd.DataFrame, name: Words, published: float | None = None) -> Figure:
    """Error by epoch: every start, median and quartiles of 5 or more, and the best start.

    history : columns replicate, epoch, error
    published : the original's final error
    """
    runs = [run for _, run in history.groupby("replicate", sort=True)]
    errors = carried_forward(history)
    best = runs[int(errors.iloc[:, -1].argmin())]
    low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
    title = count(
        "Error while learning: {network}, {n} start",
        "Error while learning: {network}, {n} starts",
        len(runs),
        network=name,
    )
    figure = style.canvas(3.8, title=title)
    axes = figure.subplots()
    faint = min(1.0, 100 / len(runs))  # of many starts each is fainter
    ends: style.Options = {"alpha": 0.5 * math.sqrt(faint), "markersize": 2.5}
    for run in runs:
        axes.plot(run["epoch"], run["error"], color=_LOOK.color, alpha=0.25 * faint, linewidth=0.8)
        last = run.iloc[-1]
        axes.plot(last["epoch"], last["error"], "o", color=_LOOK.color, **ends)
    if len(runs) >= _QUARTERS:
        style.band(axes, errors.columns, low, middle, high, _LOOK, linewidth=2.4)
    axes.plot(best["epoch"], best["error"], **_BEST)
    end = best["error"].iloc[-1]
    font = {"color": style.WARNING, "va": "center", "fontweight": "bold"}
    style.note(axes, f"{end:.3g}", (best["epoch"].iloc[-1], end), (5, 0), **font)
    if published is not None:
        axes.axhline(published, color=style.PUBLISHED, linewidth=1.2, linestyle=(0, (1.5, 1.5)))
        edge = {"xycoords": ("axes fraction", "data"), "fontsize": 9.5}
        told = tell("published {value}", value=f"{published:.3g}")
        style.note(axes, told, (0, published), (4, 4), **edge)
    axes.set_xlabel(tell("epoch"))
    axes.set_ylabel(tell("error a letter"))
    axes.set_xlim(left=0)
    style.log_axis(axes.yaxis)
    middle_key = style.key(tell("median, band: quartiles"), _LOOK.color, linewidth=2.4)
    style.legend(
        figure,
        3,
        style.key(tell("one start"), _LOOK.color, alpha=0.4, linewidth=1),
        *[middle_key] * (len(runs) >= _QUARTERS),
        style.key(tell("best start"), **_BEST),
    )
    return figure


# --- what an autoencoder is ----------------------------------------------------------------------


def autoencoder(
    letter: Array, output: Array, code: Array, units: Sequence[int], name: str, threshold: float
) -> Figure:
    """A letter's way through a network: pixels, encoder, code, decoder, pixels.

    letter, output : (pixels,); code : (latent units,); units : of every layer
    """
    figure, axes = pixels.sheet(62, 13, largest=0.16)
    middle = 6.5
    top = middle - ROWS / 2
    drawn = letter, output, (output > threshold).astype(float)
    corners = np.array([[1.0, top], [49.0, top], [57.0, top]])
    pixels.letters(axes, np.stack(drawn), corners)
    latent = len(units) // 2
    for x, title, part, high, low in (
        (10.0, tell("encoder"), units[1:latent], 7.0, 3.0),
        (34.0, tell("decoder"), units[latent + 1 : -1], 3.0, 7.0),
    ):
        corner = [(x, middle - high / 2), (x + 10, middle - low / 2)]
        corner += [(x + 10, middle + low / 2), (x, middle + high / 2)]
        axes.add_patch(Polygon(corner, facecolor=_KNOWN, edgecolor=style.ACCENT))
        layers = f" {_ARROW} ".join(map(str, part)) or tell("no hidden layer")
        axes.text(x + 5, middle, layers, ha="center", va="center", fontsize=9)
        axes.text(x + 5, 1.2, title, ha="center", fontsize=10, fontweight="bold")
    numbers = [f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in code]
    lines = "\n".join([*numbers[:4], *(["..."] if len(numbers) > 4 else [])])
    font: style.Options = {"ha": "center", "va": "center", "fontweight": "bold"}
    axes.text(27, middle, lines, fontsize=12, color=style.ACCENT, linespacing=1.5, **font)
    titles = (
        tell("letter {letter}", letter=_named(name)),
        count("{n} number", "{n} numbers", len(code)),
        tell("output"),
        tell("above {threshold}", threshold=f"{threshold:g}"),
    )
    for x, title in zip((3.5, 27, 51.5, 59.5), titles, strict=True):
        axes.text(x, 1.2, title, ha="center", fontsize=10, fontweight="bold")
    below: style.Options = {"ha": "center", "fontsize": 9, "color": style.MUTED}
    wrong = int(wrong_pixels(output[None], letter[None], threshold)[0])
    axes.text(3.5, 12.2, count("{n} pixel", "{n} pixels", len(letter)), **below)
    axes.text(59.5, 12.2, count("{n} wrong", "{n} wrong", wrong), **below)
    for x in (7.0, 21.0, 31.0, 45.0):
        axes.annotate("", (x + 2, middle), (x, middle), arrowprops={"arrowstyle": "->"})
    return figure


_ARROW = "\N{RIGHTWARDS ARROW}"


def _named(character: str) -> str:
    """A letter by its name, which of a blank is a word."""
    return say(called(BLANKS, character))


def alphabet(fonts: Sequence[Font]) -> Figure:
    """The letters of fonts, of each as many as one font has, each below its name."""
    step_x, step_y, head = COLUMNS + 2.0, ROWS + 3.4, 4.6
    shown_ = [font.pixels[:LETTERS] for font in fonts]
    heights = [head + step_y * -(-len(letters) // _PER_BAND) for letters in shown_]
    figure, axes = pixels.sheet(_PER_BAND * step_x, sum(heights))
    for font, letters, top in zip(fonts, shown_, np.cumsum([0, *heights]), strict=False):
        title = tell("The letters of {font}", font=font.name)
        size = style.title_size(title, style.WIDTH)
        axes.text(0.0, top + 1.2, title, va="center", fontsize=size, fontweight="bold")
        band, place = np.divmod(np.arange(len(letters)), _PER_BAND)
        corners = np.stack([1 + step_x * place, top + head + 1.0 + step_y * band], axis=-1)
        pixels.letters(axes, letters, corners)
        for (x, y), character in zip(corners, font.characters, strict=False):
            look: style.Options = {"ha": "center", "va": "center", "fontsize": 9}
            name = _named(character_name(character))
            axes.text(x + COLUMNS / 2, y - 1.1, name, color=style.MUTED, **look)
    return figure


def plainest(patterns: Sequence[NewLetter]) -> NewLetter | None:
    """Of new letters that of the largest part of the plane, None where there is none.

    It looks like a letter sooner than one that lies between many others.
    """
    return max(patterns, key=lambda pattern: pattern.points, default=None)


def new_letter(
    pattern: NewLetter | None, neighbors: Sequence[tuple[str, Array, int]], threshold: float
) -> Figure:
    """A letter that is in no font, between the letters of the font that are nearest to it.

    neighbors : of each its name, its pixels (pixels,) and the pixels in which the new one differs
    """
    figure, axes = pixels.sheet(44, 11.5, largest=0.16)
    if pattern is None:
        axes.text(22, 6, tell("no new letter"), ha="center", color=style.MUTED)
        return figure
    on = (pattern.outputs > threshold).astype(float)
    names = [_named(neighbor) for neighbor, *_ in neighbors]
    drawn = [(tell("new: {name}", name="-".join(names)), on, style.WARNING, "")]
    for name, (_, values, apart) in zip(names, neighbors, strict=True):
        told = count("{n} pixel apart", "{n} pixels apart", apart)
        drawn.append((name, values, style.INK, told))
    for x, (title, values, color, below) in zip((5.0, 19.0, 33.0), drawn, strict=False):
        pixels.letters(axes, values[None], np.array([[x, 2.4]]), color)
        center: style.Options = {"ha": "center", "va": "center"}
        axes.text(x + 2.5, 1.0, title, fontsize=10, fontweight="bold", color=color, **center)
        axes.text(x + 2.5, 10.6, below, fontsize=9, color=style.MUTED, **center)
    return figure


# --- one network ---------------------------------------------------------------------------------


def best_of(starts: int) -> Text:
    """Which start is shown, for titles: of so many the best."""
    if starts == 1:
        return text("its only start")
    return plural("best of {n} start", "best of {n} starts", starts)


def reconstructions(
    letters: Array,
    outputs: Array,
    characters: Sequence[str],
    threshold: float,
    name: Words,
    start: Words,
) -> Figure:
    """Every letter over what the network makes of it, in gray and thresholded.

    letters, outputs : (letters, pixels)
    start : which start it is, for the title
    """
    wrong = wrong_pixels(outputs, letters, threshold)
    per_band = min(_PER_BAND, len(letters))
    bands = -(-len(letters) // per_band)
    step_x, step_y, left = COLUMNS + 1.6, ROWS + 1.2, 10.5
    height = 3 * step_y + 4.0
    title = plural(
        "{network}, {start}: {exact} of {n} letter without a wrong pixel",
        "{network}, {start}: {exact} of {n} letters without a wrong pixel",
        len(wrong),
        network=name,
        start=start,
        exact=int(np.sum(wrong == 0)),
    )
    size = left + per_band * step_x, bands * height + 1.4
    figure, axes = pixels.sheet(*size, say(capital(title)))
    labels = tell("letter"), tell("output"), tell("above {threshold}", threshold=f"{threshold:g}")
    for band in range(bands):
        part = slice(band * per_band, (band + 1) * per_band)
        x = left + step_x * np.arange(len(letters[part]))
        top = band * height + 2.2
        rows = top + step_y * np.arange(3)
        center = x + COLUMNS / 2
        names = [_named(character) for character in characters[part]]
        pixels.labels(axes, center, top - 1.2, names, fontsize=9, color=style.MUTED)
        for y, values in ((rows[0], letters[part]), (rows[1], outputs[part])):
            pixels.letters(axes, values, np.stack([x, np.full(len(x), y)], -1))
        marked_letters(axes, letters[part], outputs[part], threshold, x, rows[2])
        for y, label in zip(rows, labels, strict=True):
            axes.text(0, y + ROWS / 2, label, va="center", fontsize=9)
        bad = np.flatnonzero(wrong[part])
        font = {"fontsize": 9, "color": style.WARNING, "fontweight": "bold"}
        counts = [str(n) for n in wrong[part][bad]]
        pixels.labels(axes, center[bad], rows[2] + ROWS + 1.1, counts, **font)
    wrong_legend(axes, left, bands * height + 0.6)
    return figure


def _plane_axes(axes: Axes, plane: Plane) -> None:
    axes.set_xlabel(say(data_text(plane.names[0])))
    if len(plane.basis) > 1:
        axes.set_ylabel(say(data_text(plane.names[1])))
    else:  # one latent unit: a line has no second axis
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)


def latent_plane(
    decoded: Array, window: Window, plane: Plane, letters: Array, threshold: float, which: Words
) -> Figure:
    """What the decoder makes of a grid of points of the latent plane.

    decoded : (rows, columns, pixels), the first row at the top of the window
    letters : (letters, pixels) of the font; tiles within one pixel of one have a blue ground
    """
    rows, columns, _ = decoded.shape
    known = _is_known(decoded, letters, threshold)
    ground = np.where(known[..., None], to_rgb(_KNOWN), to_rgb(pixels.GROUND))
    glyphs = decoded.reshape(rows, columns, ROWS, COLUMNS)
    picture = pixels.tiles(pixels.shaded(glyphs, ground[:, :, None, None]), gap=1)
    title = tell("Latent plane: {network}", network=which)
    figure, (axes,) = pixels.frame([picture], title, left=0.75, bottom=0.78)
    axes.imshow(picture, extent=_extent(window, rows, columns), aspect="auto", interpolation="none")
    axes.set_xlabel(say(data_text(plane.names[0])))
    if rows > 1:
        axes.set_ylabel(say(data_text(plane.names[1])))
    else:
        axes.set_yticks([])
    told = tell(
        "blue ground: a letter of the font, give or take one pixel ({share} %)",
        share=f"{100 * known.mean():.0f}",
    )
    figure.text(0.99, 0.012, told, ha="right", fontsize=9, color=style.MUTED)
    return figure


def _is_known(decoded: Array, letters: Array, threshold: float) -> Booleans:
    """Which of decoded (rows, columns, pixels) differ from a letter by at most one pixel."""
    nearest = letters[nearest_letter(decoded, letters, threshold)]
    return wrong_pixels(decoded, nearest, threshold) <= 1


def _extent(window: Window, rows: int, columns: int) -> tuple[float, float, float, float]:
    """The edges of a picture whose tiles are centered on the points of the window's grid."""
    (x0, x1), (y0, y1) = window
    half_x = (x1 - x0) / max(1, columns - 1) / 2
    half_y = (y1 - y0) / max(1, rows - 1) / 2
    return x0 - half_x, x1 + half_x, y0 - half_y, y1 + half_y


# --- what lies between the letters ---------------------------------------------------------------

_REGIONS = ("#9ecae9", "#ffbf86", "#98d8a8", "#f2b0d0", "#e6d36f", "#b9b3e3", "#c9c9c9", "#7fc7bd")


def regions(
    decoded: Array,
    window: Window,
    points: Array,
    plane: Plane,
    letters: Array,
    characters: Sequence[str],
    threshold: float,
    which: Words,
    lowest: float = -np.inf,
) -> Figure:
    """The latent plane by the letter nearest to what is decoded there, with all codes.

    decoded : (rows, columns, pixels) of a fine grid over the window
    points : (letters, 2) coordinates of the codes
    lowest : that a latent unit may be; what is below is not drawn
    """
    rows, columns, _ = decoded.shape
    nearest = nearest_letter(decoded, letters, threshold)
    known = _is_known(decoded, letters, threshold)
    line, crowded = rows == 1, len(points) > 40
    # more regions than that cannot be told apart by color: their borders tell them
    fills = np.array([to_rgb(c) for c in ([_KNOWN] if crowded else _REGIONS)])
    colors = fills[_map_colors(nearest, len(letters))[nearest] % len(fills)]
    colors = np.where(known[..., None], colors, 1 - 0.4 * (1 - colors))
    picture = _outlined(colors, nearest)
    title = tell("Regions by nearest letter: {network}", network=which)
    figure = style.canvas(2.6 if line else 7.4 if crowded else 6.2, title=title)
    axes = figure.subplots()
    axes.grid(visible=False)
    extent = _extent(window, rows, columns)
    axes.imshow(picture, extent=extent, aspect="auto", interpolation="none")
    axes.plot(*points.T, "o", color=style.INK, markersize=3)
    if np.isfinite(lowest):
        axes.set_xlim(left=lowest)
        axes.set_ylim(*axes.get_ylim() if line else (lowest, None))
    _plane_axes(axes, plane)
    told = count(
        "{some} of {n} letter has a region; full color: the letter, give or take one pixel"
        " ({share} %)",
        "{some} of {n} letters have a region; full color: the letter, give or take one pixel"
        " ({share} %)",
        len(letters),
        some=len(np.unique(nearest)),
        share=f"{100 * known.mean():.0f}",
    )
    style.subtitle(axes, told)
    figure.draw_without_rendering()
    names = [_named(character) for character in characters]
    place_labels(figure, axes, points, names, 8.5 if crowded or line else 10)
    return figure


def _map_colors(nearest: Integers, letters: int) -> Integers:
    """A color's index for each letter, as on a map: regions that touch differ.

    nearest : (rows, columns) index of the letter of each cell
    """
    touching: list[set[int]] = [set() for _ in range(letters)]
    for a, b in ((nearest[1:], nearest[:-1]), (nearest[:, 1:], nearest[:, :-1])):
        for i, j in np.unique(np.stack([a.ravel(), b.ravel()], -1)[(a != b).ravel()], axis=0):
            touching[i].add(int(j))
            touching[j].add(int(i))
    colors = np.full(letters, -1)
    for letter in sorted(range(letters), key=lambda one: (-len(touching[one]), one)):
        neighbor_colors = {int(colors[other]) for other in touching[letter]}
        free = [c for c in range(len(_REGIONS)) if c not in neighbor_colors]
        # through the palette, so that a map of few neighbors is not of two colors
        colors[letter] = min(
            free or range(len(_REGIONS)), key=lambda c: (c - letter) % len(_REGIONS)
        )
    return colors


def _outlined(colors: Array, nearest: Integers, scale: int = 4) -> Numbers:
    """Cells (rows, columns, 3) enlarged, with a line where the nearest letter changes."""
    rows = 1 if len(nearest) == 1 else scale  # a line needs no height
    fine = np.kron(nearest, np.ones((rows, scale), int))
    picture = np.kron(colors, np.ones((rows, scale, 1)))
    edge = np.zeros(fine.shape, bool)
    edge[1:] |= fine[1:] != fine[:-1]
    edge[:, 1:] |= fine[:, 1:] != fine[:, :-1]
    picture[edge] = 0.45 * picture[edge]
    return picture


def paths(
    pairs: Sequence[str], decoded: Sequence[Array], letters: Array, threshold: float, which: Words
) -> Figure:
    """Straight lines from letter to letter in the latent space, decoded and thresholded.

    decoded : for each pair (points, pixels); on blue ground: within one pixel of a letter
    """
    points = len(decoded[0])
    step_x, step_y = COLUMNS + 1.4, ROWS + 1.0
    wide, high = points * step_x + 8.0, 2 * step_y + 3.0
    bands = -(-len(pairs) // 2)
    title = tell("From letter to letter: {network}", network=which)
    figure, axes = pixels.sheet(2 * wide + 2.0, bands * high + 1.6, title, largest=0.09)
    for index, (pair, outputs) in enumerate(zip(pairs, decoded, strict=True)):
        x0, y0 = (index // bands) * (wide + 2.0), (index % bands) * high + 0.6
        x = x0 + 8.0 + step_x * np.arange(points)
        way = left_to_right(f"{pair[0]}{_ARROW}{pair[1]}")
        axes.text(x0, y0 + step_y, way, fontsize=9, fontweight="bold", va="center")
        known = _is_known(outputs[None], letters, threshold)[0]
        for row, values in enumerate((outputs, (outputs > threshold).astype(float))):
            corners = np.stack([x, np.full(points, y0 + row * step_y)], -1)
            pixels.letters(axes, values, corners, grounds=[_KNOWN if k else None for k in known])
    told = tell(
        "above: the outputs; below: above {threshold}. Blue ground: a letter of the font, give or"
        " take one pixel",
        threshold=f"{threshold:g}",
    )
    axes.text(0, bands * high + 1.2, told, fontsize=8.5, color=style.MUTED, va="bottom")
    return figure


def new_letters(
    patterns: Sequence[NewLetter], most: int, points: int, letters: Array, which: Words
) -> Figure:
    """The best new letters above the letters of the font that are nearest to them.

    patterns : all that are new, the best first, of a grid of so many points; ``most`` are drawn
    letters : (letters, pixels), those of the font
    """
    shown = list(patterns[:most])
    share = 100 * sum(n.points for n in patterns) / points
    title = tell("New letters: {network}", network=which)
    per_band = 12
    bands = max(1, -(-len(shown) // per_band))
    step_x, step_y, left = COLUMNS + 2.4, ROWS + 1.2, 11.5
    high = 2 * step_y + 3.6
    figure, axes = pixels.sheet(left + per_band * step_x, bands * high + 1.6, title)
    told = count(
        "{n} new pattern on {share} % of the grid",
        "{n} new patterns on {share} % of the grid",
        len(patterns),
        share=f"{share:.1f}",
    )
    if patterns:
        told = tell("{patterns}; the first are those furthest from blur", patterns=told)
    axes.text(0, bands * high + 1.0, told, fontsize=9, color=style.MUTED, va="center")
    for band in range(bands):
        part = shown[band * per_band : (band + 1) * per_band]
        if not part:
            none = tell("none: whatever is decoded is a letter of the font, or blur")
            axes.text(left, 4.0, none)
            break
        x = left + step_x * np.arange(len(part))
        rows = band * high + 0.4 + step_y * np.arange(2)
        outputs, near = np.stack([n.outputs for n in part]), letters[[n.nearest for n in part]]
        pixels.letters(axes, outputs, np.stack([x, np.full(len(part), rows[0])], -1))
        pixels.letters(axes, near, np.stack([x, np.full(len(part), rows[1])], -1))
        for y, label in zip(rows, (tell("new"), tell("nearest")), strict=True):
            axes.text(0, y + ROWS / 2, label, va="center", fontsize=9)
        y = rows[1] + ROWS + 1.3
        axes.text(0, y, tell("pixels apart"), va="center", fontsize=9, color=style.MUTED)
        pixels.labels(
            axes, x + COLUMNS / 2, y, [str(n.distance) for n in part], fontsize=9, color=style.MUTED
        )
    return figure


# --- all networks beside one another -------------------------------------------------------------


def front(table: pd.DataFrame) -> Figure:
    """Wrong pixels of the worst letter by the number of weights, a panel a font.

    table : columns font, network, weights, max_wrong_pixels, mean_wrong_pixels, a row a start
    """
    fonts = list(dict.fromkeys(table["font"]))
    figure = style.canvas(4.4, title=tell("How small a network still returns every letter?"))
    panels = figure.subplots(1, len(fonts), sharey=True, sharex=True, squeeze=False)[0]
    for axes, font in zip(panels, fonts, strict=True):
        of_font = table[table["font"] == font]
        sizes = of_font.groupby("weights")["max_wrong_pixels"]
        for weights, values in sizes:
            shift = 1 + 0.022 * style.spread(len(values))
            axes.plot(weights * shift, np.sort(values), "o", alpha=0.45, markersize=4, **_DOTS)
        median, best = sizes.median(), sizes.min()
        axes.plot(median.index, median, color=_LOOK.color, linewidth=2)
        axes.plot(best.index, best, **_BEST, marker="s", markersize=4)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(ticker.FixedLocator([300, 500, 1000, 2000]))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
        axes.yaxis.set_major_locator(ticker.MultipleLocator(2))
        axes.yaxis.set_major_formatter(
            ticker.FuncFormatter(lambda v, _: f"{v:g}" if v >= 0 else "")
        )
        axes.set_title(say(called(_FONTS, font)))
        exact = best[best == 0]
        if len(exact):
            font = {"fontsize": 9, "color": style.WARNING, "fontweight": "bold"}
            outside = {"ha": "center", "path_effects": style.halo(), "annotation_clip": False}
            smallest = int(exact.index[0])
            told = count("{n} weight", "{n} weights", smallest)
            style.note(axes, told, (smallest, 0), (0, -16), **font, **outside)
    panels[0].set_ylabel(tell("wrong pixels of the worst letter"))
    panels[0].set_ylim(bottom=-1.9)
    panels[len(fonts) // 2].set_xlabel(tell("weights, biases included"))
    style.legend(
        figure,
        3,
        style.dot_key(tell("one start"), _LOOK.color, alpha=0.5, markersize=4),
        style.key(tell("median start"), _LOOK.color, linewidth=2),
        style.key(tell("best start"), **_BEST, marker="s", markersize=4),
    )
    return figure


def letter_errors(table: pd.DataFrame) -> Figure:
    """Mean wrong pixels of every letter, a strip a network, a panel a font.

    table : columns font, network, letter, mean_wrong_pixels
    """
    cells = list(dict.fromkeys(zip(table["font"], table["network"], strict=True)))
    drawn = shown.spaced(cells, shown.CELLS)
    title = tell("Which letters are hard? Wrong pixels, mean of all starts")
    title += remark(len(drawn), len(cells))
    table = table[pd.MultiIndex.from_frame(table[["font", "network"]]).isin(drawn)]
    fonts = sorted(table["font"].unique(), key=lambda font: (font == "all", font))
    strips = {font: _strips(table[table["font"] == font]) for font in fonts}
    counts = [len(s) for parts in strips.values() for s in parts]
    figure = style.canvas(0.9 + 0.27 * sum(counts) + 0.42 * len(counts), title=title)
    panels = figure.subplots(
        len(counts), 1, squeeze=False, gridspec_kw={"height_ratios": [c + 0.2 for c in counts]}
    )[:, 0]
    scale = PowerNorm(0.5, 0, max(1.0, float(table["mean_wrong_pixels"].max())))
    places = [("" if i else font, s) for font in fonts for i, s in enumerate(strips[font])]
    for axes, (font, strip) in zip(panels, places, strict=True):
        picture = axes.imshow(strip, cmap=_HEAT, norm=scale, aspect="auto", interpolation="none")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_xticks(range(strip.shape[1]), [say(called(_SHORT, c)) for c in strip], fontsize=8)
        networks = [say(called(_NETWORKS, network)) for network in strip.index]
        axes.set_yticks(range(len(strip)), networks, fontsize=8.5)
        axes.tick_params(length=0, pad=2)
        axes.set_title(say(called(_FONTS, font)), fontsize=9.5)
        for (row, column), value in np.ndenumerate(strip.to_numpy()):
            if value > 0:
                mean = f"{value:.0f}" if value >= 9.5 else f"{value:.1f}".lstrip("0")
                color = style.PAPER if scale(value) > 0.55 else style.INK
                axes.text(column, row, mean, ha="center", va="center", fontsize=6, color=color)
    bar = figure.colorbar(picture, ax=list(panels), aspect=50, pad=0.01, fraction=0.02)
    bar.outline.set_visible(False)
    return figure


_HEAT = LinearSegmentedColormap.from_list("heat", ["#f4f4f4", "#fdd3a8", style.WARNING, "#5a1e00"])
_SHORT: Mapping[str, Text] = {"space": text("sp"), "delete": text("de")}
_FONTS: Mapping[str, Text] = {"all": text("all fonts")}
_NETWORKS: Mapping[str, Text] = {
    "exceptional": text("exceptional"),
    "relu-latent": text("relu-latent"),
    "relu-latent-1000": text("relu-latent-1000"),
    "linear": text("linear"),
    "two-numbers": text("two-numbers"),
    "all-letters": text("all-letters"),
    "one-number": text("one-number"),
    "hybrid": text("hybrid"),
    "powell-alone": text("powell-alone"),
}
"""The study's networks in rows, which have no room for what people call them."""


def _strips(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Networks (rows) by letters (columns), of one font: cut where there are many letters."""
    letters = list(dict.fromkeys(table["letter"]))
    networks = list(dict.fromkeys(table["network"]))
    matrix = table.pivot(index="network", columns="letter", values="mean_wrong_pixels")
    matrix = matrix.loc[networks, letters]
    return [matrix.iloc[:, first : first + LETTERS] for first in range(0, len(letters), LETTERS)]


def latent_spaces(summary: pd.DataFrame, replicates: pd.DataFrame) -> Figure:
    """How latent spaces are laid out: distances kept, and what the space between decodes to.

    summary : a row a network and font: distance_correlation, known, new, blur, with intervals
    replicates : distance_correlation of every start
    """
    rows = min(len(summary), shown.CELLS)
    title = tell("What lies between the letters?") + remark(rows, len(summary))
    summary = summary.iloc[shown.spaced(range(len(summary)), rows)]
    figure = style.canvas(1.7 + 0.27 * rows, title=title)
    left, right = figure.subplots(1, 2, sharey=True)
    y = np.arange(rows)
    for place, row in enumerate(summary.to_dict("records")):
        cell = (replicates["font"] == row["font"]) & (replicates["network"] == row["network"])
        values = replicates.loc[cell, "distance_correlation"]
        heights = place + 0.22 * style.spread(len(values))
        left.plot(values, heights, "o", alpha=0.35, markersize=3.5, **_DOTS)
        low, high = row["distance_correlation_low"], row["distance_correlation_high"]
        left.plot([low, high], [place, place], color=style.WARNING, linewidth=2.5)
        left.plot(row["distance_correlation"], place, "s", color=style.WARNING, markersize=4.5)
    left.axvline(0, color=style.FAINT, linewidth=1, zorder=0)
    left.set_xlabel(tell("Spearman's rank correlation\nof latent and pixel distances"))
    start = np.zeros(rows)
    for kind, (label, color) in _KINDS.items():
        share = 100 * summary[kind].to_numpy()
        right.barh(y, share, left=start, color=color, height=0.72, label=say(label))
        font = {"fontsize": 8, "color": style.INK if kind != "new" else style.PAPER}
        wide = np.flatnonzero(share >= 4)
        texts = [f"{value:.0f}" for value in share[wide]]
        pixels.labels(right, start[wide] + share[wide] / 2, wide, texts, **font)
        start = start + share
    right.set_xlim(0, 100)
    right.set_xlabel(tell("share of a grid around the codes, %"))
    right.grid(visible=False)
    names = zip(summary["network"], summary["font"], strict=True)
    left.set_yticks(y, [_row_name(*name) for name in names])
    left.set_ylim(rows - 0.4, -0.6)
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
    left.grid(visible=False, axis="y")
    above: style.Options = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)}
    right.legend(ncols=3, handlelength=1.0, **above)
    square: style.Options = {"marker": "s", "markersize": 4.5, "linewidth": 2.5}
    keys = [
        style.dot_key(tell("one start"), _LOOK.color, alpha=0.5, markersize=4),
        style.key(tell("mean, 95 %"), style.WARNING, **square),
    ]
    left.legend(handles=keys, ncols=2, columnspacing=1.0, **above)
    return figure


_KINDS = {
    "known": (text("known"), _KNOWN),
    "new": (text("new"), style.ACCENT),
    "blur": (text("blur"), "#e4e4e6"),
}


def _row_name(network: str, font: str) -> str:
    name = called(_NETWORKS, network)
    return tell("{network}, all", network=name) if font == "all" else f"{say(name)}, {font}"
