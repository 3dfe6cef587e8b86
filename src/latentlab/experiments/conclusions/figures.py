"""Figures of the verdicts: effects on all claims, published figures among our single runs."""

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
from latentlab.experiments.conclusions.tables import (
    CLAIMS,
    CONTRADICTED,
    INCONCLUSIVE,
    OURS,
    SUPPORTED,
    UNTESTABLE,
)

# told apart by shape and filling too, for a gray print
MARKS: Mapping[str, dict[str, Any]] = {
    SUPPORTED: {"marker": "o", "color": style.ACCENT, "markerfacecolor": style.ACCENT},
    CONTRADICTED: {"marker": "X", "color": style.WARNING, "markerfacecolor": style.WARNING},
    INCONCLUSIVE: {"marker": "o", "color": style.MUTED, "markerfacecolor": style.PAPER},
}
_BAND = "#ececef"
_FAR = 3.0  # half-widths: what lies farther off is drawn at the edge


def claims(findings: pd.DataFrame) -> Figure:
    """Effect on every claim with its interval, beside the region in which it does not count.

    findings : as ``conclusions.conclude`` gives them
    """
    rows = findings[findings["kind"].isin(CLAIMS)]
    ours = np.where(rows["kind"] == OURS, " (ours)", "")
    figure = style.canvas(1.5 + 0.62 * len(rows), width=9.0, title="What the claims come to")
    axes = figure.subplots()
    for y, row in enumerate(rows.itertuples()):
        _effect(axes, y, row)
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [textwrap.fill(text, 38) for text in rows["text"] + ours])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-1.06, 1.06)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "against the claim   \N{LEFTWARDS ARROW}   effect   \N{RIGHTWARDS ARROW}   for it"
    )
    handles = [*_verdicts(rows), Patch(color=_BAND, label="too small to count")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _effect(axes: Axes, y: float, row: Any) -> None:
    where = axes.get_yaxis_transform()
    if row.verdict == UNTESTABLE:
        axes.text(0, y, "not testable", ha="center", va="center", color=style.MUTED,
                  path_effects=style.halo(4))  # fmt: skip
        return
    left = 0.0 if row.test == "level" else -row.relevant
    axes.barh(y, row.relevant - left, left=left, height=0.8, color=_BAND, linewidth=0)
    mark = MARKS[row.verdict]
    low, value, high = np.clip((row.effect_low, row.effect, row.effect_high), -1.04, 1.04)
    axes.plot([low, high], [y, y], color=mark["color"], linewidth=2.2, solid_capstyle="butt")
    axes.plot([value], [y], markersize=8.5, markeredgewidth=1.6, clip_on=False, zorder=5, **mark)
    p = "p < 0.001" if row.p_holm < 0.001 else f"p = {row.p_holm:.3f}"
    axes.text(1.015, y, f"n = {row.runs}\n{p}", transform=where, va="center", fontsize=8.5,
              color=style.MUTED, linespacing=1.35)  # fmt: skip


def _verdicts(rows: pd.DataFrame) -> list[Line2D]:
    return [
        Line2D([], [], linestyle="none", markersize=8, markeredgewidth=1.6, label=verdict, **mark)
        for verdict, mark in MARKS.items()
        if (rows["verdict"] == verdict).any()
    ]


def published_figures(findings: pd.DataFrame, observed: pd.DataFrame) -> Figure:
    """Every published figure among what single runs of ours give, in half-widths of 95 % of them.

    observed : columns claim, name ("median", ...), value
    """
    known = (findings["kind"] == "figure") & findings["effect"].notna()
    rows = findings[known]
    names = list(dict.fromkeys(zip(rows["experiment"], rows["text"], strict=True)))
    medians = observed[observed["name"] == "median"].set_index("claim")["value"]
    title = "Published figures among single runs of ours"
    figure = style.canvas(1.7 + 0.3 * max(1, len(names)), width=9.0, title=title)
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=_BAND, linewidth=0)
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    variants = list(dict.fromkeys(rows["variant"]))
    for row in rows.itertuples():
        y = names.index((row.experiment, row.text))
        second = variants.index(row.variant) == 1
        x = min(_FAR, max(-_FAR, row.effect))
        mark = {**MARKS[row.verdict], "markersize": 7, "markeredgewidth": 1.5}
        if abs(row.effect) > _FAR:
            mark["marker"] = ">" if row.effect > 0 else "<"
        mark["markerfacecolor"] = style.PAPER if second else mark["color"]
        axes.plot([x], [y + 0.18 * (2 * second - 1) * (len(variants) > 1)], clip_on=False,
                  zorder=5, **mark)  # fmt: skip
        if not second and row.claim in medians:
            axes.text(1.01, y, f"ours {_short(medians[row.claim])}", va="center", fontsize=8.5,
                      color=style.MUTED, transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_yticks(range(len(names)), [text for _, text in names])
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.set_xlim(-_FAR - 0.1, _FAR + 0.1)
    for y in range(1, len(names)):
        if names[y][0] != names[y - 1][0]:
            axes.axhline(y - 0.5, color=style.FAINT, linewidth=0.8)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "published below ours   \N{LEFTWARDS ARROW}   distance"
        "   \N{RIGHTWARDS ARROW}   published above ours"
    )
    handles = [
        *_variants(variants),
        *[
            Line2D([], [], linestyle="none", markersize=7, label=verdict,
                   **{**MARKS[verdict], "markerfacecolor": MARKS[verdict]["color"]})
            for verdict in (INCONCLUSIVE, CONTRADICTED) if (rows["verdict"] == verdict).any()
        ],
        Patch(color=_BAND, label="95 % of single runs"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _variants(variants: list[str]) -> list[Line2D]:
    return [
        Line2D([], [], marker="o", linestyle="none", color=style.ACCENT, markersize=8,
               markerfacecolor=style.PAPER if i else style.ACCENT, label=variant)
        for i, variant in enumerate(variants)
    ]  # fmt: skip


def _short(value: float) -> str:
    return f"{value:.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"  # never 1e+03
