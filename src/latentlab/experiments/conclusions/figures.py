"""Figures of the verdicts: effects on all claims by every reading, published figures among runs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from latentlab.drawing import style
from latentlab.drawing.language import say, tell
from latentlab.experiments.conclusions.names import figure_told
from latentlab.experiments.conclusions.readings import SIZES
from latentlab.experiments.conclusions.tables import (
    CLAIMS,
    COMPATIBLE,
    CONTRADICTED,
    CONTROL,
    DEPENDS,
    INCONCLUSIVE,
    NOT_AS_IT_MUST,
    NOTHING,
    OURS,
    OUTSIDE,
    SUPPORTED,
    UNTESTABLE,
    depends_on,
)
from latentlab.words.texts import data_text, joined, text

# told apart by shape and filling too, for a gray print
MARKS: Mapping[str, dict[str, Any]] = {
    SUPPORTED: {"marker": "o", "color": style.ACCENT, "markerfacecolor": style.ACCENT},
    CONTRADICTED: {"marker": "X", "color": style.WARNING, "markerfacecolor": style.WARNING},
    INCONCLUSIVE: {"marker": "o", "color": style.MUTED, "markerfacecolor": style.PAPER},
}
_SAYS = {
    SUPPORTED: text("for the claim"),
    CONTRADICTED: text("against it"),
    INCONCLUSIVE: text("unclear"),
}
_CONTROL = {"marker": "d", "color": style.MUTED, "markerfacecolor": style.PAPER}
FIGURE_MARKS: Mapping[str, dict[str, Any]] = {
    COMPATIBLE: {"marker": "o", "color": style.ACCENT},
    OUTSIDE: {"marker": "X", "color": style.WARNING},
    NOTHING: {"marker": "o", "color": style.MUTED},
}
_BAND = "#ececef"
_ROW, _LINE, _CLAIM_ROW = 0.18, 0.13, 0.44  # inches: a row, each further line of it, a claim


def halves(findings: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The findings on the first claims and on the others, about as many rows each.

    A figure of all is higher than a page. Of a single claim the second half is empty.
    """
    rows = findings[findings["kind"] != "figure"]
    begins = np.flatnonzero(rows["kind"].isin(CLAIMS))
    cut = min(begins, key=lambda at: abs(2 * at - len(rows)), default=0) or len(rows)
    return rows.iloc[:cut], rows.iloc[cut:]


def claims(rows: pd.DataFrame) -> Figure:
    """A specification curve of claims: of each its own reading, the others, the controls below it.

    rows : findings, as ``tables.conclude`` gives them, not those on published figures
    (Simonsohn, Simmons and Nelson 2020, Nature Human Behaviour 4: 1208.)
    """
    labels = [_label(row) for row in rows.itertuples()]
    lines = np.array([label.count("\n") for label in labels])
    heights = np.where(rows["kind"].isin(CLAIMS), _CLAIM_ROW, _ROW + _LINE * lines)
    places = np.cumsum(heights) - heights / 2
    title = tell("What the claims come to, by every reading")
    if rows.empty:
        return style.canvas(0.6, width=9.0, title=title)
    figure = style.canvas(1.3 + float(heights.sum()), width=9.0, title=title)
    axes = figure.subplots()
    for y, row in zip(places, rows.itertuples(), strict=True):
        _effect(axes, y, row)
    for y in (places - heights / 2)[rows["kind"].isin(CLAIMS)][1:]:
        axes.axhline(y, color=style.FAINT, linewidth=0.8)
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set_yticks(places, labels)
    for label, kind in zip(axes.get_yticklabels(), rows["kind"], strict=True):
        of_claim = kind in CLAIMS
        label.set(fontsize=9.5 if of_claim else 8, color=style.INK if of_claim else style.MUTED)
    axes.set_ylim(float(heights.sum()), 0)
    axes.set_xlim(-1.06, 1.06)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        tell("against the claim   \N{LEFTWARDS ARROW}   effect   \N{RIGHTWARDS ARROW}   for it")
    )
    handles = [
        *(_handle(mark, say(_SAYS[said])) for said, mark in MARKS.items()),
        _handle(_CONTROL, tell("control")),
        Patch(color=_BAND, label=tell("too small to count")),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _handle(mark: Mapping[str, Any], label: str) -> Line2D:
    return Line2D([], [], linestyle="none", markersize=8, markeredgewidth=1.6, label=label, **mark)


def _label(row: Any) -> str:
    if row.kind in CLAIMS:
        return textwrap.fill(_told(row), 52)
    return textwrap.fill(_told_below(row), 74, max_lines=3, placeholder=" ...")


def _told(row: Any) -> str:
    """A claim, and if it is ours."""
    told = data_text(row.text)
    return tell("{claim} (ours)", claim=told) if row.kind == OURS else say(told)


def _told_below(row: Any) -> str:
    """A reading, or a control with what it must do."""
    told = data_text(row.text)
    if row.exploratory == "yes":
        return tell("{reading}, exploratory", reading=told)
    if row.kind != CONTROL:
        return say(told)
    # a blank where no line ends
    if row.must == "fail":
        return tell("{control}, must\N{NO-BREAK SPACE}fail", control=told)
    return tell("{control}, must\N{NO-BREAK SPACE}pass", control=told)


def _effect(axes: Axes, y: float, row: Any) -> None:
    where = axes.get_yaxis_transform()
    of_claim = row.kind in CLAIMS
    if of_claim:
        axes.text(1.015, y, textwrap.fill(_verdict(row), 24), transform=where, va="center",
                  fontsize=9, color=style.INK, linespacing=1.2)  # fmt: skip
    if row.says == UNTESTABLE:
        axes.text(0, y, tell("not testable"), ha="center", va="center", color=style.MUTED,
                  fontsize=8, path_effects=style.halo(4))  # fmt: skip
        return
    height = 0.8 * (_CLAIM_ROW if of_claim else _ROW)
    left = 0.0 if row.test in SIZES else -row.counts_from
    axes.barh(y, row.counts_from - left, left=left, height=height, color=_BAND, linewidth=0)
    mark = dict(_CONTROL if row.kind == CONTROL else MARKS[row.says])
    if row.says == NOT_AS_IT_MUST:
        mark["color"] = style.WARNING
    size = 8.5 if of_claim else 5.5
    low, value, high = np.clip((row.effect_low, row.effect, row.effect_high), -1.04, 1.04)
    axes.plot([low, high], [y, y], color=mark["color"], linewidth=size / 4, solid_capstyle="butt")
    axes.plot([value], [y], markersize=size, markeredgewidth=1.4, clip_on=False, zorder=5, **mark)


def _verdict(row: Any) -> str:
    """The verdict on a claim, and in what readings differ where it depends on that."""
    if row.verdict != DEPENDS:
        return say(data_text(row.verdict))
    differ = depends_on(row.reason)[0].removeprefix("on ").split(", ")
    return tell("depends on {what}", what=joined(", ", map(data_text, differ)))


def published_figures(findings: pd.DataFrame, observed: pd.DataFrame) -> Figure:
    """Every published figure by its place among single runs of ours: -1 below all, 1 above all.

    observed : columns claim, name ("median", ...), value
    """
    known = (findings["kind"] == "figure") & findings["effect"].notna()
    rows = findings[known]
    labels = {
        (row.experiment, row.text): textwrap.fill(say(figure_told(row)), 36)
        for row in rows.itertuples()
    }
    names = list(labels)
    medians = observed[observed["name"] == "median"].set_index("claim")["value"]
    title = tell("Published figures among single runs of ours")
    figure = style.canvas(1.7 + 0.32 * max(1, len(names)), width=9.0, title=title)
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=_BAND, linewidth=0)
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    variants = list(dict.fromkeys(rows["variant"]))
    for row in rows.itertuples():
        y = names.index((row.experiment, row.text))
        second = variants.index(row.variant) == 1
        mark = {**FIGURE_MARKS[row.verdict], "markersize": 7, "markeredgewidth": 1.5}
        mark["markerfacecolor"] = style.PAPER if second else mark["color"]
        at = y + 0.18 * (2 * second - 1) * (len(variants) > 1)
        axes.plot([row.effect], [at], clip_on=False, zorder=5, **mark)
        if not second and row.claim in medians:
            median = tell("ours {median}", median=_short(medians[row.claim]))
            axes.text(1.01, y, median, va="center", fontsize=8.5,
                      color=style.MUTED, transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_yticks(range(len(names)), labels.values(), fontsize=8.5)
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.set_xlim(-1.15, 1.15)
    for y in range(1, len(names)):
        if names[y][0] != names[y - 1][0]:
            axes.axhline(y - 0.5, color=style.FAINT, linewidth=0.8)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        tell(
            "below all runs of ours   \N{LEFTWARDS ARROW}   place of the published figure"
            "   \N{RIGHTWARDS ARROW}   above all"
        )
    )
    handles = [
        *_variants(variants),
        *(
            _handle(
                {**FIGURE_MARKS[word], "markerfacecolor": FIGURE_MARKS[word]["color"]},
                say(data_text(word)),
            )
            for word in (OUTSIDE, NOTHING)
            if (rows["verdict"] == word).any()
        ),
        Patch(color=_BAND, label=tell("between our runs")),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _variants(variants: list[str]) -> list[Line2D]:
    return [
        Line2D([], [], marker="o", linestyle="none", color=style.ACCENT, markersize=8,
               markerfacecolor=style.PAPER if i else style.ACCENT, label=say(data_text(variant)))
        for i, variant in enumerate(variants)
    ]  # fmt: skip


def _short(value: float) -> str:
    return f"{value:.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"  # never 1e+03
