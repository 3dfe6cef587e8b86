"""Figures of 1.b: how well are letters cleaned of noise, fresh noise included?"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from latentlab import shown
from latentlab.aliases import Numbers
from latentlab.data.fonts import COLUMNS, ROWS
from latentlab.drawing import pixels, style
from latentlab.drawing.answers import marked_letters, wrong_legend
from latentlab.drawing.language import remark, say, tell
from latentlab.experiments.denoising.measures import MEASURES
from latentlab.experiments.denoising.tables import nearest_denoisers, summary_of
from latentlab.words.names import BLANKS, DENOISERS, SUBSETS, called
from latentlab.words.texts import Words, data_text, text

_SERIES = 3  # kinds of noise of which scores are drawn: the tables have all
DRAWN_LETTERS = 8  # of a larger subset the first ones are drawn
DRAWN_COPIES = 8
KINDS: Mapping[str, Words] = {
    "uniform": text("uniform noise, as meant"),
    "uniform_as_run": text("uniform noise, as run"),
    "salt_and_pepper": text("salt and pepper"),
    "bit_flip": text("bit flips"),
    "gaussian": text("Gaussian noise"),
    "masking": text("masking"),
}
"""What figures call kinds of noise: shorter than the page does."""
_CONDITIONS = {
    "training": style.Look(style.MUTED, "o", (0, (4, 1.5))),
    "fresh": style.Look(style.WARNING, "s", "-"),
}
_DENOISER = _CONDITIONS["fresh"]
_BASELINES = {
    "nearest_letter": (text("nearest letter"), style.Look("#0072b2", "o", (0, (5, 1.5)))),
    "best_decision": (text("best decision"), style.Look("#e69f00", "P", (0, (3, 1, 1, 1)))),
    "linear": (text("best linear map"), style.Look("#009e73", "^", (0, (1.2, 1.2)))),
    "hopfield": (text("Hopfield network"), style.Look("#cc79a7", "D", (0, (6, 1.5, 1.2, 1.5)))),
    "do_nothing": (text("do nothing"), style.Look(style.MUTED, "X", (0, (1, 2)))),
}
_NETWORKS = style.LOOKS[1], style.LOOKS[2], style.LOOKS[3], style.LOOKS[4]
_STEP_X, _STEP_Y = COLUMNS + 1.6, ROWS + 1.2
_PROBABILITY = text("probability that a pixel is hit")
_NONE_TESTED = text("no noise that was learned is tested")


def _letters(subset: str) -> Words:
    return SUBSETS.get(subset, text("letters {name}", name=subset))


def _noise(kind: str) -> str:
    return say(called(KINDS, kind))


def _sized(kind: str, range_: float) -> str:
    """A kind of noise in words, with its range where it has one."""
    match kind:
        case "uniform" | "uniform_as_run":
            return f"{_noise(kind)}, " + tell("up to {size}", size=f"{range_:g}")
        case "gaussian":
            return f"{_noise(kind)}, " + tell("deviation {size}", size=f"{range_:g}")
    return _noise(kind)


def _label(measure: str) -> str:
    """Of the panel of a measure."""
    return say(data_text(MEASURES[measure].label))


# ------------------------------------------------------------------ tables drawn


def scores(summary: pd.DataFrame) -> Figure:
    """Error and right answers by noise probability, training copies against fresh noise.

    summary : of one network and subset, a row for each cell and condition (column ``noise``),
        measures with _low, _high
    """
    every = list(summary.groupby(["font", "kind", "range"], sort=False))
    series = every[:_SERIES]
    network, subset = summary["network"].iloc[0], summary["subset"].iloc[0]
    title = tell(
        "Noise of the training and fresh noise: {network}, {letters}",
        network=called(DENOISERS, network),
        letters=_letters(subset),
    )
    title += remark(len(series), len(every))
    measures = [name for name, measure in MEASURES.items() if measure.label]
    figure = style.canvas(1.0 + 2.4 * len(series), width=3.0 * len(measures), title=title)
    grid = figure.subplots(len(series), len(measures), squeeze=False)
    for row, (values, table) in zip(grid, series, strict=True):
        for axes, measure in zip(row, measures, strict=True):
            for condition, look in _CONDITIONS.items():
                _line(axes, table[table["noise"] == condition], "probability", measure, look)
            axes.set_ylabel(_label(measure))
            axes.set_xticks(sorted(table["probability"].unique()))
            axes.margins(x=0.12)
            if measure == "error":
                for point in table[table["published_error"].notna()].itertuples():
                    style.diamond(axes, point.probability, point.published_error)
            _value_axis(axes, measure)
        font, kind, range_ = values
        row[0].set_title(f"{font}, {_sized(kind, range_)}")
    for axes in grid[-1]:
        axes.set_xlabel(say(_PROBABILITY))
    marks = [
        _mark(_CONDITIONS["training"], tell("noise of the training")),
        _mark(_CONDITIONS["fresh"], tell("noise never seen")),
    ]
    if summary["published_error"].notna().any():
        marks.append(
            Line2D([], [], marker="D", color=style.PUBLISHED, linestyle="none",
                   label=tell("published (learned copies)"))
        )  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=3)
    return figure


def _value_axis(axes: Axes, measure: str) -> None:
    """The scale of a measure: all that it may be, or, without bounds, a logarithmic one."""
    if bounds := MEASURES[measure].bounds:
        low, high = (_factor(measure) * bound for bound in bounds)
        margin = 0.03 * (high - low)
        axes.set_ylim(low - margin, high + margin)
    else:
        style.log_axis(axes.yaxis)


def _factor(measure: str) -> float:
    return 100.0 if MEASURES[measure].percent else 1.0


def _mark(look: style.Look, label: str) -> Line2D:
    return Line2D(
        [], [], color=look.color, linestyle=look.line, marker=look.marker, label=label
    )  # fmt: skip


def _line(
    axes: Axes, table: pd.DataFrame, x: str, measure: str, look: style.Look, **options: Any
) -> None:
    """A measure along a column, with the intervals of its points where it has any."""
    table = table.sort_values(x)
    factor, logarithmic = _factor(measure), MEASURES[measure].bounds is None
    at, middle = table[x].to_numpy(), factor * table[measure].to_numpy()
    if logarithmic:
        middle = style.positive(middle)
    axes.plot(
        at, middle, color=look.color, linestyle=look.line, marker=look.marker,
        **{"markersize": 6, **options},
    )  # fmt: skip
    if f"{measure}_low" in table:
        low, high = (factor * table[f"{measure}_{bound}"].to_numpy() for bound in ("low", "high"))
        if logarithmic:
            low, high = style.positive(low), style.positive(high)
        axes.vlines(at, low, high, color=look.color, linewidth=1.4, alpha=0.7)


def with_own_noise(matrix: pd.DataFrame) -> pd.DataFrame:
    """Of the denoisers that learned the nearest noise, the tests on their own kind and range.

    matrix : as for ``nearest_denoisers``
    """
    tests = nearest_denoisers(matrix)
    return tests[(tests["kind"] == tests["test_kind"]) & (tests["range"] == tests["test_range"])]


def baselines(matrix: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Letters with at most one wrong pixel, by probability: a network's denoisers and baselines.

    matrix : tests of one network and subset; compared : scores of the baselines, all subsets.
    At each probability stands the denoiser that learned the nearest one, filled where it is the
    same.
    """
    tests = with_own_noise(matrix)
    network, subset = matrix["network"].iloc[0], matrix["subset"].iloc[0]
    every = list(tests.groupby(["font", "kind", "range"], sort=False))
    series = shown.spaced(every, shown.PANELS)
    columns = max(1, min(3, len(series)))
    rows = max(1, -(-len(series) // columns))
    title = tell(
        "Against simpler ways: {network}, {letters}, fresh noise",
        network=called(DENOISERS, network),
        letters=_letters(subset),
    )
    title += remark(len(series), len(every))
    figure = style.canvas(1.0 + 2.7 * rows, width=9.0, title=title)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(series) :]:
        axes.axis("off")
    if not series:
        figure.text(0.5, 0.5, say(_NONE_TESTED), ha="center")
    for axes, ((font, kind, range_), table) in zip(grid.flat, series, strict=False):
        for name, (_, look) in _BASELINES.items():
            chosen = compared[
                (compared["subset"] == subset) & (compared["font"] == font)
                & (compared["kind"] == kind) & (compared["range"] == range_)
                & (compared["baseline"] == name)
            ]  # fmt: skip
            _line(axes, chosen, "probability", "within_one_pixel", look, linewidth=1.4,
                  markersize=4.5)  # fmt: skip
        _line(axes, table, "test_probability", "within_one_pixel", _DENOISER,
              markerfacecolor=style.PAPER)  # fmt: skip
        same = table[table["probability"] == table["test_probability"]]
        _line(axes, same, "test_probability", "within_one_pixel", _DENOISER, linewidth=0)
        axes.set_title(f"{font}, {_noise(kind)}")
        axes.set_ylim(-3, 103)
        axes.set_xlabel(say(_PROBABILITY))
    for axes in grid[:, 0]:
        axes.set_ylabel(_label("within_one_pixel"))
    marks = [_mark(_DENOISER, tell("denoiser (hollow: learned another p)"))]
    marks += [_mark(look, say(label)) for label, look in _BASELINES.values()]
    figure.legend(handles=marks, loc="outside lower center", ncols=3)
    return figure


def transfer(matrix: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Heat map: kind of noise learned (rows) against kind tested (columns), and two baselines.

    Shares are means over all probabilities, of what was learned and of what is tested; of ranges
    only those that were learned are tested.
    matrix : tests of one network and subset; compared : scores of the baselines, all subsets
    """
    subset, network = matrix["subset"].iloc[0], matrix["network"].iloc[0]
    title = tell(
        "At most 1 wrong pixel (%): {network}, {letters}",
        network=called(DENOISERS, network),
        letters=_letters(subset),
    )
    matrix = matrix[matrix["range"] == matrix["test_range"]]
    if matrix.empty:
        figure = style.canvas(1.5, title=title)
        figure.text(0.5, 0.4, say(_NONE_TESTED), ha="center")
        return figure
    compared = compared[compared["range"].isin(matrix["range"])]
    every = list(matrix.groupby(["font", "kind"], sort=False))
    rows = shown.spaced(every, shown.CELLS)
    tested = list(dict.fromkeys(matrix["test_kind"]))
    fonts = list(dict.fromkeys(font for (font, _), _ in rows))
    names, values = [], []
    for (font, kind), tests in rows:
        values.append(_by_kind(tests, "test_kind", tested))
        names.append(", ".join([font] * (len(fonts) > 1) + [_noise(kind)]))
    own = [(row, tested.index(k)) for row, ((_, k), _) in enumerate(rows) if k in tested]
    for font in fonts:
        of_font = compared[(compared["subset"] == subset) & (compared["font"] == font)]
        for name in ("nearest_letter", "do_nothing"):
            of = of_font[of_font["baseline"] == name]
            values.append(_by_kind(of, "kind", tested))
            names.append(", ".join([font] * (len(fonts) > 1) + [say(_BASELINES[name][0])]))
    high, left, top = 0.34, 2.2, 1.05
    width, height = style.WIDTH, top + high * len(names) + 0.15
    figure = Figure(figsize=(width, height), facecolor=style.PAPER)
    box = (left / width, 0.15 / height, 1 - (left + 0.15) / width, high * len(names) / height)
    axes = figure.add_axes(box)
    style.heading(figure, title + remark(len(rows), len(every)))
    table = 100.0 * np.array(values)
    axes.imshow(table, cmap="Blues", vmin=0, vmax=100, aspect="auto", interpolation="none")
    _percentages(axes, table, own)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_yticks(range(len(names)), names)
    axes.axhline(len(rows) - 0.5, color=style.INK, linewidth=1.2)
    kinds = [textwrap.fill(_noise(kind), 15) for kind in tested]
    axes.set_xticks(range(len(tested)), kinds, fontsize=7.5)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.tick_params(axis="y", labelsize=8.5)
    return figure


def _by_kind(tests: pd.DataFrame, column: str, kinds: Sequence[str]) -> list[float]:
    """The mean share within one pixel by kind of noise; NaN for one that is not tested."""
    means = tests.groupby(column)["within_one_pixel"].mean()
    return [float(means.get(kind, np.nan)) for kind in kinds]


def _percentages(axes: Axes, table: Numbers, framed: Sequence[tuple[int, int]]) -> None:
    """The numbers of a heat map (rows, columns), and frames around some of its places."""
    for (y, x), value in np.ndenumerate(table):
        if np.isfinite(value):
            color = style.PAPER if value > 60 else style.INK
            axes.text(x, y, f"{value:.0f}", ha="center", va="center", fontsize=9, color=color)
    for y, x in framed:
        corner = (x - 0.48, y - 0.46)
        axes.add_patch(
            Rectangle(corner, 0.96, 0.92, fill=False, edgecolor=style.WARNING, linewidth=1.6)
        )


def variations(table: pd.DataFrame, compared: pd.DataFrame, base: Mapping[str, Any]) -> Figure:
    """Fixed copies, fewer and more, against redrawn noise; and the latent width.

    table : columns knob ("redrawn", "copies", "latent"), value, replicate and the measures
    base : ``denoising.variations`` of the parameters
    """
    noise = base["noise"]
    title = tell(
        "What helps: {network}, {font}, {letters}, {noise}, p = {p}",
        network=called(DENOISERS, base["network"]),
        font=base["font"],
        letters=_letters(base["subset"]),
        noise=called(KINDS, noise["kind"]),
        p=f"{noise['probability']:g}",
    )
    figure = style.canvas(3.8, width=9.0, title=title)
    panels = figure.subplots(1, 2, sharey=True)
    means = summary_of(table, ["knob", "value"])
    measures = {
        "within_one_pixel": (tell("at most 1 wrong pixel"), style.LOOKS[1]),
        "right_letter": (tell("right letter"), style.LOOKS[0]),
    }
    nearest = compared[
        (compared["baseline"] == "nearest_letter") & (compared["subset"] == base["subset"])
        & (compared["font"] == base["font"]) & (compared["kind"] == noise["kind"])
        & (compared["probability"] == noise["probability"])
        & (compared["range"] == noise["range"])
    ]  # fmt: skip
    redrawn = means[means["knob"] == "redrawn"].iloc[0]
    for axes, knob in zip(panels, ("copies", "latent"), strict=True):
        of = means[means["knob"] == knob]
        for measure, (_, look) in measures.items():
            _line(axes, of, "value", measure, look)
            if knob == "copies":
                axes.axhline(100 * redrawn[measure], color=look.color, linewidth=1.2,
                             linestyle=(0, (4, 2)))  # fmt: skip
        for row in nearest.itertuples():
            axes.axhline(100 * row.within_one_pixel, color=style.INK, linewidth=1.1,
                         linestyle=(0, (1.5, 1.5)))  # fmt: skip
        axes.set_xscale("log")
        axes.set_xticks(list(of["value"]), [f"{v}" for v in of["value"]])
        axes.minorticks_off()
        axes.set_ylim(-3, 103)
    panels[0].set_xlabel(tell("fixed noisy copies of each letter"))
    panels[1].set_xlabel(tell("units of the latent layer, noise redrawn"))
    panels[0].set_ylabel(tell("letters, fresh noise (%)"))
    marks = [_mark(look, label) for label, look in measures.values()]
    marks.append(
        Line2D([], [], color=style.MUTED, linewidth=1.2, linestyle=(0, (4, 2)),
               label=tell("noise redrawn every epoch"))
    )  # fmt: skip
    if len(nearest):
        marks.append(
            Line2D([], [], color=style.INK, linewidth=1.1, linestyle=(0, (1.5, 1.5)),
                   label=tell("nearest letter, at most 1 wrong pixel"))
        )  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=2)
    return figure


_SHORT = {"published": text("published"), "redrawn": text("redrawn")}  # networks above a panel
_RELATED = ["within_one_pixel", "right_letter", "nearest_within_one_pixel", "nearest_right_letter"]


def _of_subsets(table: pd.DataFrame) -> pd.DataFrame:
    """Means over the replicates of every font, network and subset."""
    keys = ["font", "network", "size", "subset"]
    return table.groupby(keys, sort=False)[["similarity", *_RELATED]].mean().reset_index()


def orthogonality(
    table: pd.DataFrame, correlations: pd.DataFrame, published: Collection[str] = ()
) -> Figure:
    """Right letters on fresh noise against the letters' similarity, a point a subset.

    table : a row a font, network, subset and replicate; correlations : Spearman's, by font,
        network, similarity and measure; published : the subsets that the original shows
    """
    points = _of_subsets(table)
    size = correlations["size"].iloc[0]
    points = points[points["size"] == size]
    fonts, networks = points["font"].unique(), points["network"].unique()
    title = tell(
        "Do similar letters resist noise less? Subsets of {size} letters, fresh noise", size=size
    )
    figure = style.canvas(0.9 + 2.7 * len(networks), width=9.0, title=title)
    grid = figure.subplots(len(networks), len(fonts), squeeze=False, sharex="col", sharey="row")
    for row, network in zip(grid, networks, strict=True):
        for axes, font in zip(row, fonts, strict=True):
            of = points[(points["font"] == font) & (points["network"] == network)]
            axes.plot(of["similarity"], 100 * of["nearest_right_letter"], "o", color=style.MUTED,
                      markerfacecolor="none", markersize=4)  # fmt: skip
            axes.plot(of["similarity"], 100 * of["right_letter"], "o", color=_DENOISER.color,
                      markersize=5, alpha=0.8)  # fmt: skip
            for mark in of[of["subset"].isin(published)].itertuples():
                style.diamond(axes, mark.similarity, 100 * mark.right_letter)
            found = correlations[
                (correlations["font"] == font) & (correlations["network"] == network)
                & (correlations["similarity"] == "similarity")
                & (correlations["measure"] == "right_letter")
            ].iloc[0]  # fmt: skip
            title = tell(
                "{font}, {network}: rank correlation {correlation}",
                font=font,
                network=called(_SHORT, network),
                correlation=_correlation(found),
            )
            axes.set_title(title, fontsize=9)
    for axes in grid[-1]:
        axes.set_xlabel(tell("mean absolute cosine"))
    for axes in grid[:, 0]:
        axes.set_ylabel(_label("right_letter"))
    marks = [
        Line2D([], [], color=_DENOISER.color, marker="o", linestyle="none",
               label=tell("denoiser")),
        Line2D([], [], color=style.MUTED, marker="o", markerfacecolor="none", linestyle="none",
               label=tell("nearest letter, same noise")),
    ]  # fmt: skip
    if points["subset"].isin(published).any():
        marks.append(Line2D([], [], color=style.PUBLISHED, marker="D", linestyle="none",
                            label=tell("denoiser of the published letters")))  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=3)
    return figure


def _correlation(row: Any) -> str:
    middle = f"{row['correlation']:.2f}".replace("-", "\N{MINUS SIGN}")
    if not np.isfinite(row["correlation_low"]):
        return middle
    low, high = (
        f"{row[f'correlation_{b}']:.2f}".replace("-", "\N{MINUS SIGN}") for b in ("low", "high")
    )
    return f"{middle}\n[{low}, {high}]"


def subset_sizes(table: pd.DataFrame) -> Figure:
    """Answers by the number of letters to tell apart: networks against the nearest letter."""
    points = _of_subsets(table)
    fonts, networks = list(points["font"].unique()), list(points["network"].unique())
    title = tell("The more letters, the harder: subsets by size, fresh noise")
    figure = style.canvas(3.6, width=9.0, title=title)
    panels = figure.subplots(1, len(fonts), squeeze=False, sharey=True)[0]
    for axes, font in zip(panels, fonts, strict=True):
        of = points[points["font"] == font]
        nearest = of.drop_duplicates("subset").groupby("size")["nearest_within_one_pixel"].mean()
        look = _BASELINES["nearest_letter"][1]
        axes.plot(nearest.index, 100 * nearest, color=look.color, linestyle=look.line,
                  marker=look.marker, markersize=5)  # fmt: skip
        for network, look in zip(networks, itertools.cycle(_NETWORKS)):
            own = of[of["network"] == network]
            means = own.groupby("size")["within_one_pixel"].mean()
            axes.plot(own["size"], 100 * own["within_one_pixel"], look.marker, color=look.color,
                      alpha=0.25, markersize=3)  # fmt: skip
            axes.plot(means.index, 100 * means, color=look.color, linestyle=look.line,
                      marker=look.marker, markersize=6)  # fmt: skip
        sizes = sorted(of["size"].unique())
        axes.set_xscale("log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set_ylim(-3, 103)
        axes.set_title(font)
        axes.set_xlabel(tell("letters in the set"))
    panels[0].set_ylabel(_label("within_one_pixel"))
    marks = [_mark(_BASELINES["nearest_letter"][1], tell("nearest letter"))]
    marks += [
        _mark(look, say(called(DENOISERS, name)))
        for name, look in zip(networks, itertools.cycle(_NETWORKS))
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=4)
    return figure


# ------------------------------------------------------------------ letters drawn


def kinds(
    letter: Numbers, pictures: Mapping[str, Numbers], probabilities: Sequence[float]
) -> Figure:
    """One letter (pixels,) with every kind of noise, pictures (probabilities, pixels) by kind."""
    left = 13.5
    figure, axes = pixels.sheet(
        left + _STEP_X * (len(probabilities) + 1), _STEP_Y * len(pictures) + 2.6,
        tell("Kinds of noise: the same pixels are hit in each"),
    )  # fmt: skip
    x = left + _STEP_X * np.arange(len(probabilities) + 1)
    labels = [tell("clean"), *(f"p = {p:g}" for p in probabilities)]
    pixels.labels(axes, x + COLUMNS / 2, 1.0, labels, fontsize=8.5, color=style.MUTED)
    for row, (kind, noisy) in enumerate(pictures.items()):
        y = 2.4 + _STEP_Y * row
        axes.text(0, y + ROWS / 2, _noise(kind).replace(", ", ",\n"), va="center", fontsize=9)
        shown = np.concatenate([letter[None], noisy])
        pixels.letters(axes, shown, np.stack([x, np.full(len(x), y)], -1))
    return figure


def training_set(
    letters: Numbers, copies: Sequence[Numbers], answers: Sequence[Numbers], titles: Sequence[str],
    characters: Sequence[str], above: float, title: str,
) -> Figure:  # fmt: skip
    """The clean targets, their noisy copies, in gray and as the original drew them, the answers.

    letters : (letters, pixels); copies, answers : for each of ``titles`` (copies, letters, pixels),
        of which the first ``DRAWN_COPIES`` are drawn
    above : the gray from which on the original drew a pixel black
    """
    shown = letters[:DRAWN_LETTERS]
    names = [say(called(BLANKS, character)) for character in characters[:DRAWN_LETTERS]]
    there = max(len(noisy) for noisy in copies)
    count = min(there, DRAWN_COPIES)
    room = max(1.0, count / 5)  # many copies are small ones, and words stay as large
    words = max(map(len, names)) > 1  # a blank has a name
    left, gap, top = (8.4 if words else 4.6) * room, 2.4 * room, 2.6
    block, high = max(count * _STEP_X, 27.0), len(shown) * _STEP_Y + 3.6
    first = left + _STEP_X * room + gap
    width = first + 3 * block + 2 * gap
    figure, axes = pixels.sheet(width, len(copies) * high, title)
    for band, (noisy, made, name) in enumerate(zip(copies, answers, titles, strict=True)):
        rows = band * high + top + _STEP_Y * np.arange(len(shown))
        pixels.labels(axes, np.full(len(shown), left - (4.2 if words else 2.8) * room),
                      rows + ROWS / 2, names, fontsize=9 if words else 11,
                      fontweight="bold")  # fmt: skip
        noisy, made = (values[:count, : len(shown)] for values in (noisy, made))
        blocks = [
            (tell("target"), left, shown[None]),
            (tell("copies, {noise}", noise=name) + remark(count, there), first, noisy),
            (
                tell("black above {gray}", gray=f"{above:g}"),
                first + block + gap,
                (noisy > above).astype(float),
            ),
            (tell("its answers"), first + 2 * (block + gap), made),
        ]
        for label, x, values in blocks:
            axes.text(x, rows[0] - 1.2, label, va="center", fontsize=9, color=style.MUTED)
            for column, letters_of in enumerate(values):
                xs = np.full(len(shown), x + column * _STEP_X)
                pixels.letters(axes, letters_of, np.stack([xs, rows], -1))
    return figure


def fresh_answers(
    inputs: Numbers, outputs: Numbers, targets: Numbers, titles: Sequence[str], threshold: float,
    above: float, title: str,
) -> Figure:  # fmt: skip
    """Strips of noise never learned: the input, the answer and the truth under each other.

    A single strip, or two side by side.
    inputs, outputs, targets : (strips, samples, pixels); titles : one a strip
    above : the gray from which on the original drew a pixel black
    """
    strips, samples, _ = inputs.shape
    names = (
        tell("input"),
        f"> {above:g}",
        tell("answer"),
        f"> {threshold:g}",
        tell("truth"),
    )
    left, height, side = 11.5, len(names) * _STEP_Y + 3.4, samples * _STEP_X + 2.0
    columns = min(2, strips)
    bands = -(-strips // columns)
    figure, axes = pixels.sheet(left + columns * side, bands * height + 1.2, title)
    for strip in range(strips):
        band, column = divmod(strip, columns)
        x = left + column * side + _STEP_X * np.arange(samples)
        rows = band * height + 2.4 + _STEP_Y * np.arange(len(names))
        axes.text(x[0], rows[0] - 1.3, titles[strip], va="center", fontsize=10, fontweight="bold")
        noisy, answer, truth = inputs[strip], outputs[strip], targets[strip]
        shown = {0: noisy, 1: (noisy > above).astype(float), 2: answer, 4: truth}
        for row, values in shown.items():
            pixels.letters(axes, values, np.stack([x, np.full(samples, rows[row])], -1))
        marked_letters(axes, truth, answer, threshold, x, rows[3])
        for y, name in zip(rows, names, strict=True):
            axes.text(0, y + ROWS / 2, name, va="center", fontsize=9)
    wrong_legend(axes, left, bands * height + 0.4)
    return figure
