"""The chapter of ``letters``: the best networks, their latent space, new letters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.experiments.letters.plan import letters_drawn
from latentlab.files.tables import read_csv, read_json
from latentlab.pages.parts import (
    Chapter,
    Figure,
    Group,
    Table,
    count,
    interval,
    listing,
    made,
    number,
    percent,
    rank,
    shown_rows,
    small_figure,
    stated,
)


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/letters."""
    section, folder = settings["letters"], results / "letters"
    summary = read_csv(folder / "tables" / "summary.csv")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    metrics = read_json(folder / "metrics.json")
    cells = letters_drawn(section)
    groups = tuple(
        _group(
            folder / "figures" / cell, _runs(summary, of).iloc[0], _runs(replicates, of), section
        )
        for cell, of in cells.items()
    )
    overview = Group("", "", _overview(folder / "figures", summary, metrics))
    shown = _runs(summary, _shown(metrics, summary)).iloc[0]
    return Chapter(
        id="letters",
        number="1.a",
        title="Letters",
        question="How few numbers can 32 letters pass through, and what lies between them?",
        answer=_answer(metrics, replicates),
        details=tuple(
            sentence
            for sentence in (
                _front(metrics),
                _control(metrics),
                _between(shown),
                *(_against_published(row) for _, row in summary.iterrows()),
            )
            if sentence
        ),
        cover=next(g for g in groups if g.title == _title(shown)).figures[1],
        groups=(overview, *groups),
        table=_table(summary),
        made=made("letters", section, ("train", "evaluate", "tabulate", "plot", "draw")),
    )


def _runs(table: pd.DataFrame, factors: Mapping[str, Any]) -> pd.DataFrame:
    same = (table["font"] == factors["font"]) & (table["network"] == factors["network"])
    return table[same]


def _title(row: Any) -> str:
    return f"{row['network']}, {row['font']}"


def _shown(metrics: Mapping[str, Any], summary: pd.DataFrame) -> dict[str, str]:
    """Font and network of the cell that stands for all: the yardstick's first."""
    for font, entry in metrics.items():
        if isinstance(entry, Mapping) and {"network", "share_of_starts"} <= set(entry):
            return {"font": "all" if font == "all_fonts" else font, "network": entry["network"]}
    first = summary.iloc[0]
    return {"font": first["font"], "network": first["network"]}


# --- sentences -----------------------------------------------------------------------------------


def _answer(metrics: Mapping[str, Any], replicates: pd.DataFrame) -> str:
    kinds = (
        ("through 2 numbers", metrics),
        ("through a single number", metrics.get("one_dimensional", {})),
        ("by Powell alone, through 2 numbers", metrics.get("powell_only", {})),
        ("by a hybrid, through 2 numbers", metrics.get("hybrid", {})),
    )
    parts = []
    for words, entries in kinds:
        met = [
            f"{_font(font)} ({_starts(entry, font, replicates)})"
            for font, entry in entries.items()
            if isinstance(entry, Mapping) and "max_wrong_pixels" in entry
        ]
        if met:
            parts.append(f"{words}: {listing(met)}")
    text = "; ".join(parts)
    return f"Wrong pixels of the worst letter in the best start, {text}."


def _font(name: str) -> str:
    return "all fonts at once" if name == "all_fonts" else name


def _starts(entry: Mapping[str, Any], font: str, replicates: pd.DataFrame) -> str:
    cell = {"font": "all" if font == "all_fonts" else font, "network": entry["network"]}
    starts = len(_runs(replicates, cell))
    return (
        f"{entry['max_wrong_pixels']}, from {round(entry['share_of_starts'] * starts)} of"
        f" {count(starts, 'start')} of {entry['network']}"
    )


def _front(metrics: Mapping[str, Any]) -> str:
    found = [
        f"{entry['weights']} weights on {_font(font)} ({entry['network']}, from"
        f" {percent(entry['share_of_starts'])} of its starts)"
        for font, entry in metrics["front"].items()
        if "weights" in entry
    ]
    if not found:
        return "None of the small networks returns every letter without a wrong pixel."
    sure = [
        f"{entry['sure']['weights']} on {_font(font)}"
        for font, entry in metrics["front"].items()
        if "sure" in entry
    ]
    text = f"The smallest networks without a wrong pixel have {listing(found)}"
    return f"{text}; from every start, {listing(sure)}." if sure else f"{text}."


def _control(metrics: Mapping[str, Any]) -> str:
    if not metrics["linear"]:
        return ""
    found = [
        f"on {_font(font)} error {number(e['autoencoder_error'], 4)} (PCA"
        f" {number(e['pca_error'], 4)}) and {number(e['autoencoder_wrong_pixels'], 2)} wrong"
        f" pixels a letter (PCA {number(e['pca_wrong_pixels'], 2)})"
        for font, e in metrics["linear"].items()
    ]
    return f"Without non-linearity the network is no better than PCA: {listing(found)}."


def _between(row: Any) -> str:
    return (
        f"Generating letters is difficult: of a grid around the codes of {_title(row)},"
        f" {percent(row['known'])} decodes to a letter of the font, give or take a pixel,"
        f" {stated(_percent(row, 'new'), 'new', 2)} % to something new that looks drawn, and"
        f" {percent(row['blur'])} to blur. Letters that look alike lie closer together: the rank"
        f" correlation of both distances is {stated(row, 'distance_correlation', 2)}."
    )


def _percent(row: Any, measure: str) -> dict[str, float]:
    return {key: 100 * row[key] for key in (measure, f"{measure}_low", f"{measure}_high")}


def _against_published(row: Any) -> str:
    if not math.isfinite(row["published_error"]):
        return ""
    return (
        f"{_title(row)}: the published error, {number(row['published_error'])} after"
        f" {number(row['published_epochs'], 1)} epochs, is reached by"
        f" {rank(row['published_rank'], row['replicates'])} starts; our best ends at"
        f" {number(row['best_error'])}, and the median start stops after"
        f" {number(row['epochs'], 2)} epochs."
    )


# --- figures -------------------------------------------------------------------------------------


def _overview(
    folder: Path, summary: pd.DataFrame, metrics: Mapping[str, Any]
) -> tuple[Figure, ...]:
    shares = listing([f"{_title(row)} {percent(row['new'])}" for _, row in summary.iterrows()])
    return (
        small_figure(
            folder / "letter_errors",
            "Mean wrong pixels of every letter, a strip a network, a panel a font.",
            "Mean wrong pixels of every letter over all starts: empty where no start errs.",
        ),
        small_figure(
            folder / "front",
            f"Wrong pixels of the worst letter by the number of weights. {_front(metrics)}",
            "Every dot is one start of a network; the smallest without a wrong pixel is named.",
        ),
        small_figure(
            folder / "latent_spaces",
            f"For each network the rank correlation of distances in the latent space with those of"
            f" the letters, and what a grid decodes to. New letters: {shares}.",
            "Left: do letters that look alike lie close together? Right: what a fine grid around"
            " the codes decodes to: a known letter, something new in one piece and far from"
            " blur, or blur.",
        ),
    )


def _group(folder: Path, row: Any, runs: pd.DataFrame, section: Mapping[str, Any]) -> Group:
    network, best = section["networks"][row["network"]], runs.loc[runs["error"].idxmin()]
    name = _title(row)
    shape = "-".join(map(str, network["architecture"]))
    low, high = section["grid"]["published_window"]
    apart, near = (section["new_letters"][f"{kind}_distance"] for kind in ("new", "known"))
    pictures = [
        small_figure(
            folder / "reconstructions",
            f"The letters of {row['font']} above what {row['network']} makes of them:"
            f" {percent(best.exact)} without a wrong pixel, {percent(best.within_one_pixel)} with"
            f" at most one, {best.max_wrong_pixels} wrong pixels in the worst letter.",
            f"Every letter, the network's output in gray, and the output above"
            f" {section['threshold']:g}; wrong pixels in orange.",
        ),
        small_figure(
            folder / "regions",
            f"The latent space of {name} by the letter that is nearest to what is decoded, with all"
            " letters at their codes.",
            "Each letter at its code, the plane by the letter nearest to what is decoded there; in"
            " full color where that is the letter, give or take one pixel.",
        ),
        small_figure(
            folder / "paths",
            f"Straight lines between the codes of some letters of {name}, decoded.",
            "What lies on the straight way from one letter to another.",
        ),
        small_figure(
            folder / "new_letters",
            f"The best new letters of {name} above the letters nearest to them:"
            f" {percent(row['new'])} of the grid decodes to something new.",
            f"New: at least {apart} pixels from every letter, in one piece, no output near the"
            f" threshold. Mean of the starts: {percent(row['new'])} of the grid, and"
            f" {percent(row['known'])} within {count(near, 'pixel')} of a letter of the font.",
        ),
    ]
    if math.isfinite(row["published_error"]):
        pictures += [
            small_figure(
                folder / "learning_curve",
                f"Error by epoch of {count(len(runs), 'start')} of {name}: median"
                f" {number(row['error'])} at the end, best {number(best.error)}.",
                "Every start, their median with quartiles, and the best one. A start ends where"
                " its error falls by less than the tolerance in one epoch.",
            ),
            small_figure(
                folder / "latent_plane_published_window",
                f"A grid over the latent plane of {name}, decoded, in the window from {low:g} to"
                f" {high:g} on both axes.",
                f"The latent plane decoded in the window of the original study, {low:g} to"
                f" {high:g}. On blue ground: a letter of the font, give or take one pixel.",
            ),
        ]
    text = f"{shape}; {_activations(network)}; {network['optimizer']}."
    return Group(name, text, tuple(pictures), folded=True)


def _activations(network: Mapping[str, Any]) -> str:
    """The activations of a network in words."""
    return (
        f"encoder {network['encoder']}, latent layer {network['latent']}, decoder"
        f" {network['decoder']}, output {network['output']}"
    )


def _table(summary: pd.DataFrame) -> Table:
    shown, note = shown_rows(summary)
    rows = tuple(
        (
            _title(row),
            interval(row, "error"),
            number(row["best_error"]),
            number(row["published_error"]),
            rank(row["published_rank"], row["replicates"]),
            interval(row, "epochs", 2),
            number(row["published_epochs"], 1),
            percent(row["within_one_pixel"]),
            number(row["best_max_wrong_pixels"], 1),
            interval(row, "distance_correlation", 2),
            percent(row["new"]),
        )
        for row in shown
    )
    columns = (
        "network, font", "final error", "best start", "published error", "starts as good",
        "epochs", "published epochs", "letters within 1 pixel", "worst letter",
        "distances kept", "new letters",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        rows,
        "Medians with 95 % intervals; letters within 1 pixel, distances kept (rank correlation of"
        " distances in the latent space with those of the letters) and new letters (share of the"
        " grid): means of the starts. Starts as good: those that end at most at the published"
        " error. Worst letter: its wrong pixels in the start that does best in this." + note,
    )
