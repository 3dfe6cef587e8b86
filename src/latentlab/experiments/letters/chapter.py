"""The chapter of ``letters``: the best networks, their latent space, new letters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from latentlab.aliases import Fields
from latentlab.experiments.letters.plan import letters_drawn
from latentlab.files.tables import read_csv, read_json
from latentlab.pages.parts import (
    Chapter,
    Figure,
    Group,
    Table,
    interval,
    listing,
    made,
    number,
    percent,
    rank,
    shown_rows,
    small_figure,
    starts,
    stated,
)
from latentlab.pages.texts import Text, Words, joined, plural, sentences, text


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/letters."""
    section, folder = settings["letters"], results / "letters"
    summary = read_csv(folder / "tables" / "summary.csv")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    metrics = read_json(folder / "metrics.json")
    cells = letters_drawn(section)
    groups = {
        _key(factors): _group(
            folder / "figures" / cell,
            _runs(summary, factors).iloc[0],
            _runs(replicates, factors),
            section,
        )
        for cell, factors in cells.items()
    }
    overview = Group("", "", _overview(folder / "figures", summary, metrics))
    example = _runs(summary, _example(metrics, summary)).iloc[0]
    return Chapter(
        id="letters",
        number="1.a",
        title=text("Letters"),
        question=text("How few numbers can 32 letters pass through, and what lies between them?"),
        answer=_answer(metrics, replicates),
        details=tuple(
            sentence
            for sentence in (
                _front(metrics),
                _control(metrics),
                _latent_space(example),
                *(_against_published(row) for _, row in summary.iterrows()),
            )
            if sentence
        ),
        cover=groups[_key(example)].figures[1],
        groups=(overview, *groups.values()),
        table=_table(summary),
        made=made("letters", section, ("train", "evaluate", "tabulate", "plot", "draw")),
    )


def _runs(table: pd.DataFrame, factors: Fields) -> pd.DataFrame:
    same = (table["font"] == factors["font"]) & (table["network"] == factors["network"])
    return table[same]


def _key(row: Fields) -> tuple[str, str]:
    return row["network"], row["font"]


def _title(row: Fields) -> Text:
    return f"{row['network']}, " + _fonts(row["font"])


def _fonts(name: str) -> Text:
    return text("all") if name == "all" else joined("", [name])


def _example(metrics: Fields, summary: pd.DataFrame) -> dict[str, str]:
    """Font and network of the cell that stands for all: the yardstick's first."""
    for font, entry in metrics.items():
        if isinstance(entry, Mapping) and {"network", "share_of_starts"} <= set(entry):
            return {"font": "all" if font == "all_fonts" else font, "network": entry["network"]}
    first = summary.iloc[0]
    return {"font": first["font"], "network": first["network"]}


# --- sentences -----------------------------------------------------------------------------------


def _answer(metrics: Fields, replicates: pd.DataFrame) -> Text:
    kinds = (
        (text("through 2 numbers"), metrics),
        (text("through a single number"), metrics.get("one_dimensional", {})),
        (text("by Powell alone, through 2 numbers"), metrics.get("powell_only", {})),
        (text("by a hybrid, through 2 numbers"), metrics.get("hybrid", {})),
    )
    parts = []
    for words, entries in kinds:
        texts = [
            _best_start(entry, font, replicates)
            for font, entry in entries.items()
            if isinstance(entry, Mapping) and "max_wrong_pixels" in entry
        ]
        if texts:
            parts.append(words + ": " + listing(texts))
    return text(
        "Wrong pixels of the worst letter in the best start, {parts}.", parts=joined("; ", parts)
    )


def _font(name: str) -> Words:
    return text("all fonts at once") if name == "all_fonts" else name


def _best_start(entry: Fields, font: str, replicates: pd.DataFrame) -> Text:
    cell = {"font": "all" if font == "all_fonts" else font, "network": entry["network"]}
    total = len(_runs(replicates, cell))
    return text(
        "{font} ({pixels}, from {some} of {starts} of {network})",
        font=_font(font),
        pixels=entry["max_wrong_pixels"],
        some=round(entry["share_of_starts"] * total),
        starts=starts(total),
        network=entry["network"],
    )


def _front(metrics: Fields) -> Text:
    networks = [
        text(
            "{weights} weights on {font} ({network}, from {share} of its starts)",
            weights=entry["weights"],
            font=_font(font),
            network=entry["network"],
            share=percent(entry["share_of_starts"]),
        )
        for font, entry in metrics["front"].items()
        if "weights" in entry
    ]
    if not networks:
        return text("None of the small networks returns every letter without a wrong pixel.")
    sure = [
        text("{weights} on {font}", weights=entry["sure"]["weights"], font=_font(font))
        for font, entry in metrics["front"].items()
        if "sure" in entry
    ]
    if not sure:
        return text(
            "The smallest networks without a wrong pixel have {networks}.",
            networks=listing(networks),
        )
    return text(
        "The smallest networks without a wrong pixel have {networks}; from every start, {sure}.",
        networks=listing(networks),
        sure=listing(sure),
    )


def _control(metrics: Fields) -> Text | None:
    if not metrics["linear"]:
        return None
    errors = [
        text(
            "on {font} error {error} (PCA {pca_error}) and {pixels} wrong pixels a letter (PCA"
            " {pca_pixels})",
            font=_font(font),
            error=number(entry["autoencoder_error"], 4),
            pca_error=number(entry["pca_error"], 4),
            pixels=number(entry["autoencoder_wrong_pixels"], 2),
            pca_pixels=number(entry["pca_wrong_pixels"], 2),
        )
        for font, entry in metrics["linear"].items()
    ]
    return text(
        "Without non-linearity the network is no better than PCA: {errors}.", errors=listing(errors)
    )


def _latent_space(row: Fields) -> Text:
    return text(
        "Generating letters is difficult: of a grid around the codes of {network}, {known} decodes"
        " to a letter of the font, give or take a pixel, {new} to something new that looks drawn,"
        " and {blur} to blur. Letters that look alike lie closer together: the rank correlation of"
        " both distances is {correlation}.",
        network=_title(row),
        known=percent(row["known"]),
        new=_stated_percent(row, "new"),
        blur=percent(row["blur"]),
        correlation=stated(row, "distance_correlation", 2),
    )


def _stated_percent(row: Fields, measure: str) -> Words:
    value, low, high = (
        number(100 * row[key], 2) for key in (measure, f"{measure}_low", f"{measure}_high")
    )
    if not math.isfinite(row[f"{measure}_low"]):
        return f"{value} %"
    return text("{value} (95 % interval {low} to {high}) %", value=value, low=low, high=high)


def _against_published(row: Fields) -> Text | None:
    if not math.isfinite(row["published_error"]):
        return None
    return text(
        "{network}: the published error, {published} after {published_epochs} epochs, is reached by"
        " {rank} starts; our best ends at {best}, and the median start stops after {epochs}"
        " epochs.",
        network=_title(row),
        published=number(row["published_error"]),
        published_epochs=number(row["published_epochs"], 1),
        rank=rank(row["published_rank"], row["replicates"]),
        best=number(row["best_error"]),
        epochs=number(row["epochs"], 2),
    )


# --- figures -------------------------------------------------------------------------------------


def _overview(folder: Path, summary: pd.DataFrame, metrics: Fields) -> tuple[Figure, ...]:
    shares = listing([_title(row) + f" {percent(row['new'])}" for _, row in summary.iterrows()])
    return (
        small_figure(
            folder / "letter_errors",
            text("Mean wrong pixels of every letter, a strip a network, a panel a font."),
            text("Mean wrong pixels of every letter over all starts: empty where no start errs."),
        ),
        small_figure(
            folder / "front",
            sentences(
                text("Wrong pixels of the worst letter by the number of weights."), _front(metrics)
            ),
            text(
                "Every dot is one start of a network; the smallest without a wrong pixel is named."
            ),
        ),
        small_figure(
            folder / "latent_spaces",
            text(
                "For each network the rank correlation of distances in the latent space with those"
                " of the letters, and what a grid decodes to. New letters: {shares}.",
                shares=shares,
            ),
            text(
                "Left: do letters that look alike lie close together? Right: what a fine grid"
                " around the codes decodes to: a known letter, something new in one piece and far"
                " from blur, or blur."
            ),
        ),
    )


def _group(folder: Path, row: Fields, runs: pd.DataFrame, section: Fields) -> Group:
    pictures = *_letters(folder, row, runs, section), *_decoded(folder, row, section)
    if math.isfinite(row["published_error"]):
        pictures += _as_published(folder, row, runs, section)
    return Group(_title(row), _setting(section["networks"][row["network"]]), pictures, folded=True)


def _letters(folder: Path, row: Fields, runs: pd.DataFrame, section: Fields) -> tuple[Figure, ...]:
    """The figures of the letters themselves."""
    best = runs.loc[runs["error"].idxmin()]
    return (
        small_figure(
            folder / "reconstructions",
            text(
                "The letters of {font} above what {network} makes of them: {exact} without a wrong"
                " pixel, {within} with at most one, {worst} wrong pixels in the worst letter.",
                font=_fonts(row["font"]),
                network=row["network"],
                exact=percent(best.exact),
                within=percent(best.within_one_pixel),
                worst=best.max_wrong_pixels,
            ),
            text(
                "Every letter, the network's output in gray, and the output above {threshold};"
                " wrong pixels in orange.",
                threshold=f"{section['threshold']:g}",
            ),
        ),
    )


def _decoded(folder: Path, row: Fields, section: Fields) -> tuple[Figure, ...]:
    """The figures of what lies between the letters."""
    name = _title(row)
    far, near = (section["new_letters"][f"{kind}_distance"] for kind in ("new", "known"))
    return (
        small_figure(
            folder / "regions",
            text(
                "The latent space of {network} by the letter that is nearest to what is decoded,"
                " with all letters at their codes.",
                network=name,
            ),
            text(
                "Each letter at its code, the plane by the letter nearest to what is decoded there;"
                " in full color where that is the letter, give or take one pixel."
            ),
        ),
        small_figure(
            folder / "paths",
            text(
                "Straight lines between the codes of some letters of {network}, decoded.",
                network=name,
            ),
            text("What lies on the straight way from one letter to another."),
        ),
        small_figure(
            folder / "new_letters",
            text(
                "The best new letters of {network} above the letters nearest to them: {share} of"
                " the grid decodes to something new.",
                network=name,
                share=percent(row["new"]),
            ),
            plural(
                "New: at least {apart} pixels from every letter, in one piece, no output near the"
                " threshold. Mean of the starts: {new} of the grid, and {known} within {n} pixel of"
                " a letter of the font.",
                "New: at least {apart} pixels from every letter, in one piece, no output near the"
                " threshold. Mean of the starts: {new} of the grid, and {known} within {n} pixels"
                " of a letter of the font.",
                near,
                apart=far,
                new=percent(row["new"]),
                known=percent(row["known"]),
            ),
        ),
    )


def _as_published(
    folder: Path, row: Fields, runs: pd.DataFrame, section: Fields
) -> tuple[Figure, ...]:
    """The figures that the original has as well."""
    name, best = _title(row), runs.loc[runs["error"].idxmin()]
    low, high = (f"{bound:g}" for bound in section["grid"]["published_window"])
    return (
        small_figure(
            folder / "learning_curve",
            text(
                "Error by epoch of {starts} of {network}: median {median} at the end, best {best}.",
                starts=starts(len(runs)),
                network=name,
                median=number(row["error"]),
                best=number(best.error),
            ),
            text(
                "Every start, their median with quartiles, and the best one. A start ends where"
                " its error falls by less than the tolerance in one epoch."
            ),
        ),
        small_figure(
            folder / "latent_plane_published_window",
            text(
                "A grid over the latent plane of {network}, decoded, in the window from {low}"
                " to {high} on both axes.",
                network=name,
                low=low,
                high=high,
            ),
            text(
                "The latent plane decoded in the window of the original study, {low} to {high}."
                " On blue ground: a letter of the font, give or take one pixel.",
                low=low,
                high=high,
            ),
        ),
    )


def _setting(network: Fields) -> Text:
    """The layers of a network, their activations and its optimizer."""
    return text(
        "{shape}; encoder {encoder}, latent layer {latent}, decoder {decoder}, output {output};"
        " {optimizer}.",
        shape="-".join(map(str, network["architecture"])),
        optimizer=network["optimizer"],
        **{layer: _activation(network[layer]) for layer in _LAYERS},
    )


_LAYERS = ("encoder", "latent", "decoder", "output")


def _activation(name: str) -> Words:
    return {"sigmoid": text("sigmoid"), "linear": text("linear")}.get(name, name)


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
        text("network, font"),
        text("final error"),
        text("best start"),
        text("published error"),
        text("starts as good"),
        text("epochs"),
        text("published epochs"),
        text("letters within 1 pixel"),
        text("worst letter"),
        text("distances kept"),
        text("new letters"),
    )
    explained = text(
        "Medians with 95 % intervals; letters within 1 pixel, distances kept (rank correlation of"
        " distances in the latent space with those of the letters) and new letters (share of the"
        " grid): means of the starts. Starts as good: those that end at most at the published"
        " error. Worst letter: its wrong pixels in the start that does best in this."
    )
    return Table(text("Obtained against published"), columns, rows, sentences(explained, note))
