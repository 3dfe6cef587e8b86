"""The chapter of ``letters``, and what an autoencoder is, told by one of its letters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from latentlab.aliases import Fields
from latentlab.experiments.letters.plan import letters_illustrated
from latentlab.files.tables import read_csv, read_json
from latentlab.pages.parts import (
    Chapter,
    Figure,
    Group,
    Table,
    figure,
    interval,
    listing,
    made,
    number,
    percent,
    rank,
    shown_rows,
    starts,
)
from latentlab.words.names import ACTIVATIONS, CHAPTERS, LETTER_NETWORKS, OPTIMIZERS, called
from latentlab.words.texts import Text, Words, capital, plural, sentences, text


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/letters."""
    section, folder = settings["letters"], results / "letters"
    summary = read_csv(folder / "tables" / "summary.csv")
    replicates = read_csv(folder / "tables" / "replicates.csv")
    new = read_csv(folder / "tables" / "new_letters.csv")
    metrics = read_json(folder / "metrics.json")
    groups = [
        _group(
            folder / "figures" / cell,
            _runs(summary, factors).iloc[0],
            _best(_runs(replicates, factors).merge(_runs(new, factors), how="left")),
            section,
            folded=index > 0,
        )
        for index, (cell, factors) in enumerate(letters_illustrated(section).items())
    ]
    details = (
        _by_heart(),
        _one_number(metrics),
        _powell(metrics),
        _front(metrics),
        _control(metrics),
        _latent_space(summary.iloc[0]),
        *(_against_published(row) for _, row in summary.iterrows()),
        *(_in_minutes(row) for _, row in summary.iterrows()),
    )
    front, errors, spaces = _overview(folder / "figures", metrics)
    return Chapter(
        id="letters",
        number="1.a",
        title=CHAPTERS["letters"],
        question=text("How few numbers can 32 letters pass through, and what lies between them?"),
        answer=_answer(metrics),
        details=tuple(filter(None, details)),
        groups=(
            groups[0],
            Group(text("How small a network?"), "", (front,)),
            *groups[1:],
            Group(
                text("All networks beside one another"),
                "",
                (spaces, errors),
                folded=True,
                explorer="in=letters",
            ),
        ),
        table=_table(summary),
        made=made(
            "letters",
            section,
            ("train", "evaluate", "introduce", "tabulate", "plot", "draw"),
            trainings=int(summary["replicates"].sum()),
            data=listing(list(dict.fromkeys(map(_fonts, summary["font"])))),
        ),
    )


def _runs(table: pd.DataFrame, factors: Fields) -> pd.DataFrame:
    same = (table["font"] == factors["font"]) & (table["network"] == factors["network"])
    return table[same]


def _best(runs: pd.DataFrame) -> Fields:
    """The start that the figures show."""
    best: Fields = runs.loc[runs["error"].idxmin()].to_dict()
    return best


def _title(row: Fields) -> Text:
    return capital(called(LETTER_NETWORKS, row["network"])) + " (" + _fonts(row["font"]) + ")"


def _fonts(name: str) -> Words:
    return text("all fonts") if name in ("all", "all_fonts") else name


# --- what an autoencoder is ----------------------------------------------------------------------


@dataclass(frozen=True)
class Introduction:
    """What an autoencoder is, by a letter of the study: its way, its font, a letter that is new."""

    told: Text
    way: Figure
    font: Figure
    learned: Text
    new: Figure | None
    found: Text


def introduction(results: Path) -> Introduction:
    """The opening, from what ``introduce_letters`` found below ``results``/letters."""
    folder = results / "letters"
    facts = read_json(folder / "tables" / "introduction.json")
    letter, count = facts["letter"], facts["letters"]
    new = "-".join(facts["new"])
    if new:
        found = _found(facts["new"], facts["apart"])
    else:
        found = text("This network makes none: what it decodes are known letters and blurs.")
    returned = text(
        "This network returns {exact} of its {letters} letters without a wrong pixel.",
        exact=facts["exact"],
        letters=count,
    )
    if facts["exact"] < count:
        returned = sentences(
            returned, text("What other networks return stands in the chapter on letters.")
        )
    return Introduction(
        told=plural(
            "Here a letter, “{letter}”, goes through a network of the study: 35 pixels become {n}"
            " number, and that number 35 pixels again.",
            "Here a letter, “{letter}”, goes through a network of the study: 35 pixels become {n}"
            " numbers, and these numbers 35 pixels again.",
            facts["units"],
            letter=letter,
        ),
        way=figure(
            folder / "figures" / "autoencoder",
            plural(
                "The letter “{letter}”, the code that an encoder makes of it, and what a decoder"
                " makes of the code: {n} wrong pixel.",
                "The letter “{letter}”, the code that an encoder makes of it, and what a decoder"
                " makes of the code: {n} wrong pixels.",
                facts["wrong"],
                letter=letter,
            ),
            text("A letter's way through an autoencoder."),
        ),
        font=figure(
            folder / "figures" / "alphabet",
            text("Letters of the fonts, 7 rows of 5 pixels each: the data of this study."),
            text(
                "What it learned: the letters of {font}, the first here.",
                font=_fonts(facts["font"]),
            ),
        ),
        learned=returned,
        new=figure(
            folder / "figures" / "new_letter",
            text("The new letter beside the letters of the font that are nearest to it."),
            text("A new letter, and its neighbors in the font."),
        )
        if new
        else None,
        found=found,
    )


def _found(nearest: Sequence[str], apart: Sequence[int]) -> Text:
    """A new letter, by the letters nearest to it and the pixels in which it differs."""
    name, places = "-".join(nearest), {"pixels": apart[0], "nearest": nearest[0]}
    if len(apart) > 1 and apart[0] == apart[1]:
        return text(
            "Such letters lie between those that were learned. This one, call it “{name}”, stands"
            " in no font: it differs from “{nearest}” and from “{other}”, the nearest letters, in"
            " {pixels} pixels.",
            name=name,
            other=nearest[1],
            **places,
        )
    return text(
        "Such letters lie between those that were learned. This one, call it “{name}”, stands"
        " in no font: it differs from “{nearest}”, the nearest letter, in {pixels} pixels.",
        name=name,
        **places,
    )


# --- sentences -----------------------------------------------------------------------------------


def _entries(metrics: Fields) -> dict[str, Fields]:
    """Of metrics, those of fonts and all fonts: the best network of its kind on each."""
    return {
        font: entry
        for font, entry in metrics.items()
        if isinstance(entry, Mapping) and "max_wrong_pixels" in entry
    }


def _exact(entries: Mapping[str, Fields]) -> list[str]:
    return [font for font, entry in entries.items() if entry["max_wrong_pixels"] == 0]


def _answer(metrics: Fields) -> Text:
    entries = _entries(metrics)
    exact = _exact(entries)
    if not entries:
        return text("No network of this study has two latent units.")
    if len(exact) == len(entries) > 1 and "all_fonts" in exact:
        return text(
            "Two numbers are enough: through them all letters of each font, and even of all fonts"
            " at once, come back without one wrong pixel."
        )
    if exact:
        return text(
            "Two numbers are enough: through them all letters of {fonts} come back without one"
            " wrong pixel.",
            fonts=listing(list(map(_fonts, exact))),
        )
    font, entry = min(entries.items(), key=lambda item: item[1]["max_wrong_pixels"])
    return plural(
        "Two numbers were not enough: the best start leaves {n} wrong pixel in its worst letter of"
        " {font}.",
        "Two numbers were not enough: the best start leaves {n} wrong pixels in its worst letter of"
        " {font}.",
        entry["max_wrong_pixels"],
        font=_fonts(font),
    )


def _by_heart() -> Text:
    return text(
        "No letter is held back: a network learns these letters by heart. Its code says which"
        " letter it is, the decoder's weights how it looks."
    )


def _one_number(metrics: Fields) -> Text | None:
    exact = _exact(_entries(metrics.get("one_dimensional", {})))
    if not exact:
        return None
    return text(
        "Even through a single number the letters of {fonts} pass without a wrong pixel.",
        fonts=listing(list(map(_fonts, exact))),
    )


def _powell(metrics: Fields) -> Text | None:
    """What Powell alone comes to, on the font on which it does best."""
    entries = _entries(metrics.get("powell_only", {}))
    if not entries:
        return None
    font, entry = min(
        entries.items(), key=lambda item: (item[1]["max_wrong_pixels"], -item[1]["share_of_starts"])
    )
    if entry["max_wrong_pixels"] == 0:
        return text(
            "By Powell's method alone, {share} of the starts on {font} return every letter without"
            " a wrong pixel.",
            share=percent(entry["share_of_starts"]),
            font=_fonts(font),
        )
    return plural(
        "By Powell's method alone, {share} of the starts on {font} come down to {n} wrong pixel in"
        " the worst letter; none does better.",
        "By Powell's method alone, {share} of the starts on {font} come down to {n} wrong pixels in"
        " the worst letter; none does better.",
        entry["max_wrong_pixels"],
        share=percent(entry["share_of_starts"]),
        font=_fonts(font),
    )


def _front(metrics: Fields) -> Text:
    sizes = [
        (entry["weights"], font) for font, entry in metrics["front"].items() if "weights" in entry
    ]
    if not sizes:
        return text("None of the small networks returns every letter without a wrong pixel.")
    weights = min(sizes)[0]
    return text(
        "The smallest network without a wrong pixel has {weights} weights, on {font}.",
        weights=weights,
        font=listing([_fonts(font) for size, font in sizes if size == weights]),
    )


def _control(metrics: Fields) -> Text | None:
    if not metrics["linear"]:
        return None
    font, entry = next(iter(metrics["linear"].items()))
    return text(
        "A linear network errs in {pixels} pixels a letter of {font}, principal components in"
        " {pca}.",
        pixels=number(entry["autoencoder_wrong_pixels"], 2),
        font=_fonts(font),
        pca=number(entry["pca_wrong_pixels"], 2),
    )


def _latent_space(row: Fields) -> Text:
    return text(
        "On average over its starts, a grid around the codes of {network} decodes to letters of the"
        " font ({known}, give or take a pixel), to something new that looks drawn ({new}), and to"
        " blur.",
        network=called(LETTER_NETWORKS, row["network"]),
        known=percent(row["known"]),
        new=percent(row["new"]),
    )


def _against_published(row: Fields) -> Text | None:
    if not math.isfinite(row["published_error"]):
        return None
    return text(
        "The published error of {network}, {published}, is reached by {rank} starts.",
        network=called(LETTER_NETWORKS, row["network"]),
        published=number(row["published_error"]),
        rank=rank(row["published_rank"], row["replicates"]),
    )


_SECONDS = 0.011
"""Of the processor, that an iteration of Powell takes with [35,20,15,2,15,20,35]: first table of
docs/performance.md. A constant, for no result may hold a time."""


def _in_minutes(row: Fields) -> Text | None:
    iterations, minutes = (row.get(f"published_{x}", math.nan) for x in ("iterations", "minutes"))
    if not math.isfinite(iterations * minutes):
        return None
    return text(
        "The authors needed {minutes} minutes for {epochs} iterations of Powell on {network}."
        " Compiled, as many take about {seconds} seconds.",
        network=called(LETTER_NETWORKS, row["network"]),
        epochs=f"{iterations:g}",
        minutes=f"{minutes:g}",
        seconds=number(iterations * _SECONDS, 2),
    )


# --- figures -------------------------------------------------------------------------------------


def _overview(folder: Path, metrics: Fields) -> tuple[Figure, Figure, Figure]:
    return (
        figure(
            folder / "front",
            sentences(
                text("Wrong pixels of the worst letter by the number of weights."), _front(metrics)
            ),
            text("Size against errors. Every dot is one start of a network."),
            "front",
        ),
        figure(
            folder / "letter_errors",
            text("Mean wrong pixels of every letter, a strip a network, a panel a font."),
            text(
                "Which letters are hard? Empty where no start errs. sp: the space, de: the delete"
                " key."
            ),
            "letters",
        ),
        figure(
            folder / "latent_spaces",
            text(
                "For each network the rank correlation of distances in the latent space with those"
                " of the letters, and what a grid decodes to."
            ),
            text(
                "Left: do letters that look alike lie close together? Right: what a fine grid"
                " around the codes decodes to."
            ),
            "summary",
        ),
    )


def _group(folder: Path, row: Fields, best: Fields, section: Fields, folded: bool) -> Group:
    """The figures of a network that show something: no letters without errors, no empty frame.

    row : of the summary; best : the start that is drawn
    """
    pictures = []
    if math.isfinite(row["published_error"]):
        pictures.append(_learning_curve(folder, row, best))
    if best["max_wrong_pixels"] > 0:
        pictures.append(_reconstructions(folder, best, section))
    if math.isfinite(row["published_error"]):
        pictures.append(_plane(folder, row, section))
    pictures += [_regions(folder, row), _paths(folder, row)]
    if best["new"] > 0:
        pictures.append(_new_letters(folder, best, section))
    return Group(
        _title(row),
        _setting(section["networks"][row["network"]]),
        tuple(pictures),
        folded,
        f"in=letters&network={quote(row['font'])}/{quote(row['network'])}",
    )


def _learning_curve(folder: Path, row: Fields, best: Fields) -> Figure:
    return figure(
        folder / "learning_curve",
        text(
            "Error by epoch of {starts}: median {median} at the end, best {best}, published"
            " {published}.",
            starts=starts(row["replicates"]),
            median=number(row["error"]),
            best=number(best["error"]),
            published=number(row["published_error"]),
        ),
        text("Error while learning. The dotted line is the published error."),
        "learning_curves",
    )


def _reconstructions(folder: Path, best: Fields, section: Fields) -> Figure:
    return figure(
        folder / "reconstructions",
        text(
            "The letters above what the network makes of them: {worst} wrong pixels in the worst"
            " letter.",
            worst=int(best["max_wrong_pixels"]),
        ),
        text(
            "Every letter, the network's output, and the output above {threshold}, wrong pixels in"
            " orange.",
            threshold=f"{section['threshold']:g}",
        ),
        "letters",
    )


def _plane(folder: Path, row: Fields, section: Fields) -> Figure:
    low, high = section["grid"]["published_window"]
    if section["networks"][row["network"]]["latent"] == "relu":
        low = max(0, low)
    told = text(
        "A grid over the latent plane, decoded, from {low} to {high}.",
        low=f"{low:g}",
        high=f"{high:g}",
    )
    return figure(
        folder / "latent_plane",
        told,
        text(
            "The latent plane decoded, as the original drew it. Blue ground: a letter of the font,"
            " give or take one pixel. A ReLU code has no negative numbers."
        )
        if section["networks"][row["network"]]["latent"] == "relu"
        else text(
            "The latent plane decoded, as the original drew it. Blue ground: a letter of the font,"
            " give or take one pixel."
        ),
    )


def _regions(folder: Path, row: Fields) -> Figure:
    return figure(
        folder / "regions",
        text("The latent space by the letter nearest to what is decoded, letters at their codes."),
        text(
            "Each letter at its code. Lines part regions by the letter nearest to what is decoded"
            " there; in full color where that is the letter, give or take one pixel."
        ),
        "summary",
    )


def _paths(folder: Path, row: Fields) -> Figure:
    return figure(
        folder / "paths",
        text("Straight lines between the codes of some letters, decoded."),
        text("What lies on the straight way from one letter to another."),
    )


def _new_letters(folder: Path, best: Fields, section: Fields) -> Figure:
    return figure(
        folder / "new_letters",
        text(
            "The best new letters above the letters nearest to them: in this start {share} of the"
            " grid decodes to something new.",
            share=percent(best["new"]),
        ),
        text(
            "New letters: at least {apart} pixels from every letter, in one piece, no output near"
            " the threshold.",
            apart=section["new_letters"]["new_distance"],
        ),
        "new_letters",
    )


def _setting(network: Fields) -> Text:
    """The layers of a network, their activations and its optimizer."""
    return text(
        "{shape}; encoder {encoder}, latent layer {latent}, decoder {decoder}, output {output};"
        " {optimizer}.",
        shape="-".join(map(str, network["architecture"])),
        optimizer=called(OPTIMIZERS, network["optimizer"]),
        **{layer: called(ACTIVATIONS, network[layer]) for layer in _LAYERS},
    )


_LAYERS = ("encoder", "latent", "decoder", "output")


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
            percent(row["within_one_pixel"]),
            number(row["best_max_wrong_pixels"], 1),
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
        text("letters within 1 pixel"),
        text("worst letter"),
        text("new letters"),
    )
    explained = text(
        "Medians with 95 % intervals; letters within 1 pixel, and new letters (share of the grid):"
        " means of the starts. Starts as good: those that end at most at the published error. Worst"
        " letter: its wrong pixels in the start that does best in this."
    )
    return Table(text("Obtained against published"), columns, rows, sentences(explained, note))
