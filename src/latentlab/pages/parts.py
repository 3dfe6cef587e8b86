"""What a chapter is made of: sentences, figures, a table, how it was made."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from latentlab import shown
from latentlab.aliases import Fields, Json
from latentlab.pages.languages import Verbatim
from latentlab.words.texts import Text, Words, data_text, in_language, joined, plural, text


@dataclass(frozen=True)
class Figure:
    """A figure of the page.

    path : below the results' folder, without suffix, in English
    source : the picture itself, as a data URI, in each language
    width : of the picture, in pixels of the page at 100 %, the same in all
    alt : what it shows, in words and numbers, for those who cannot see it
    table : of its experiment, the one with the numbers that it draws, or ""
    """

    path: Path
    source: Words
    width: int
    alt: Words
    caption: Words
    table: str = ""


@dataclass(frozen=True)
class Table:
    """Obtained against published: a row's first cell names it.

    prose : columns of words, which may wrap; the others are numbers
    """

    caption: Words
    columns: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    note: Words = ""
    prose: tuple[Words, ...] = ()
    folded: bool = False


def shown_rows(summary: pd.DataFrame) -> tuple[list[Json], Text | None]:
    """As many rows as a page has place for, evenly spaced, and a note where that is not all."""
    rows = shown.spaced(range(len(summary)), shown.ROWS)
    left_out = text(
        "{shown} of {total} rows; the others stand in the tables below results.",
        shown=len(rows),
        total=len(summary),
    )
    return summary.iloc[rows].to_dict("records"), left_out if len(rows) < len(summary) else None


def markdown(table: Table) -> str:
    """The rows of a table in Markdown, without caption and note."""
    rows = [table.columns, ("---",) * len(table.columns), *table.rows]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


@dataclass(frozen=True)
class Group:
    """Figures that belong together, under a heading of their own (none: "").

    explorer : what of the explorer belongs to them, as its address has it after "#"; none: ""
    """

    title: Words
    text: Words
    figures: tuple[Figure, ...]
    folded: bool = False
    explorer: str = ""


@dataclass(frozen=True)
class Made:
    """How a chapter was made: what another reader needs to make it again.

    trainings : that are reported; data : on what
    """

    rules: tuple[str, ...]
    command: str
    parameters: str
    results: tuple[str, ...]
    trainings: int
    data: Words


@dataclass(frozen=True)
class Chapter:
    """One experiment: question, answer, evidence.

    answer : a sentence, with at most two numbers; the tables have the others
    findings : what the report says of it first, the answer if nothing else
    """

    id: str
    number: str
    title: Words
    question: Words
    answer: Words
    details: tuple[Words, ...]
    groups: tuple[Group, ...]
    table: Table
    made: Made
    more: tuple[Table, ...] = ()
    findings: tuple[Words, ...] = ()


# --- figures ----------------------------------------------------------------------------


def figure(path: Path, alt: Words, caption: Words, table: str = "") -> Figure:
    """The figure at ``path`` (without suffix) in a data URI, which needs no file.

    table : of the same experiment, with the numbers that it draws; none for letters and images
    """
    with Image.open(f"{path}.png") as png:
        width = png.width // 2
    source = Text(lambda language: embedded(path.with_name(in_language(path.name, language))))
    return Figure(path, source, width, alt, caption, table)


def embedded(path: Path) -> Verbatim:
    """A picture in a data URI: its PNG in few colors, or its SVG where that takes fewer bytes."""
    svg = Path(f"{path}.svg").read_bytes()
    vector = "data:image/svg+xml," + quote(svg, safe=" !$'()*+,-./;=?@_~")
    with Image.open(f"{path}.png") as png:
        pixels = few_colors(png.convert("RGB"))
    webp = io.BytesIO()
    pixels.save(webp, "WEBP", lossless=True, quality=100, method=4)
    raster = "data:image/webp;base64," + base64.b64encode(webp.getvalue()).decode("ascii")
    return Verbatim(min(vector, raster, key=len))


_MOST, _MORE = 16, 24


def few_colors(picture: Image.Image) -> Image.Image:
    """An RGB picture in at most 40 of its colors: a third of the bytes, and no line changes its.

    The 16 of most pixels stay as they are, ground and grid among them. Then that color is kept, 24
    times, which is farthest from those kept, where many pixels count a little more than few: its
    squared distance times the eighth root of their number. (Colors of Pillow's MEDIANCUT lie where
    many pixels are, and thin lines of two colors become lines of one; of its MAXCOVERAGE a faint
    gray band may become a blue one.)
    """
    colored = picture.getcolors(picture.width * picture.height) or []
    counted = sorted(colored, key=lambda entry: (-entry[0], entry[1]))
    colors = np.array([color for _, color in counted])
    weights = np.sqrt(np.sqrt(np.sqrt([float(n) for n, _ in counted])))  # a power is a C library's
    palette: list[int] = []
    nearest, least = np.zeros(len(colors), np.uint8), np.full(len(colors), np.inf)
    for place in range(min(_MOST + _MORE, len(colors))):
        kept = place if place < _MOST else int((least * weights).argmax())
        distance = ((colors - colors[kept]) ** 2).sum(axis=1)
        nearest[distance < least] = place
        least = np.minimum(least, distance)
        palette += colors[kept].tolist()
    places = np.zeros(2**24, np.uint8)  # of every color: that of the nearest in the palette
    places[colors @ np.array([1, 2**8, 2**16])] = nearest
    numbers = np.asarray(picture.convert("RGBA")).view("<u4")[..., 0] & 0xFFFFFF
    few = Image.fromarray(places[numbers])
    few.putpalette(palette)
    return few.convert("RGB")


NONE = "\N{EN DASH}"

# --- words and numbers --------------------------------------------------------------------


def number(value: float, digits: int = 3) -> str:
    """A figure with so many significant digits: 0.127, 153, 2.80e-42; a dash for none."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e6:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        return f"{value:.{places}f}"
    return f"{value:.{digits - 1}e}"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage; one that is nearly all or nothing stays so."""
    if not math.isfinite(share):
        return NONE
    rounded = f"{100 * share:.0f}"
    if (rounded == "100" and share < 1) or (rounded == "0" and share > 0):
        rounded = f"{100 * share:.1f}"
        rounded = {"100.0": "> 99.9", "0.0": "< 0.1"}.get(rounded, rounded)
    return f"{rounded} %"


def interval(row: Fields, measure: str, digits: int = 3) -> str:
    """A measure with its 95 % interval, where there is one and it is one: "0.25 [0.18, 0.34]"."""
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    text = number(row[measure], digits)
    if math.isfinite(low) and math.isfinite(high) and low < high:
        text += f" [{number(low, digits)}, {number(high, digits)}]"
    return text


def stated(row: Fields, measure: str, digits: int = 3) -> Words:
    """The same in a sentence: "0.25 (95 % interval 0.18 to 0.34)"."""
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    value = number(row[measure], digits)
    if not (math.isfinite(low) and math.isfinite(high)):
        return value
    return text(
        "{value} (95 % interval {low} to {high})",
        value=value,
        low=number(low, digits),
        high=number(high, digits),
    )


def starts(n: int) -> Text:
    """ "1 start", "30 starts"."""
    return plural("{n} start", "{n} starts", n)


def listing(items: Sequence[Words]) -> Text:
    """ "a, b and c"; of very many the first ones "and 952 more"."""
    items = list(items)
    if (more := len(items) - shown.CELLS) > 0:
        items = [*items[: shown.CELLS], text("{number} more", number=more)]
    if len(items) < 2:
        return joined("", items)
    return text("{items} and {last}", items=joined(", ", items[:-1]), last=items[-1])


def loss_name(loss: str) -> Text:
    """ "squared error", "cross entropy"."""
    return data_text(loss.replace("-", " "))


def trained(optimizer: Words, loss: str) -> Text:
    """By which optimizer, on which loss."""
    match loss:
        case "squared-error":
            return text("{optimizer} on the squared error", optimizer=optimizer)
        case "cross-entropy":
            return text("{optimizer} on the cross entropy", optimizer=optimizer)
    return text("{optimizer} on the {loss}", optimizer=optimizer, loss=loss_name(loss))


def rank(share: float, replicates: int) -> Words:
    """How many starts did at least as well as a published figure, of how many."""
    if not math.isfinite(share):
        return NONE
    return text("{some} of {all}", some=round(share * replicates), all=replicates)


# --- how it was made --------------------------------------------------------------------


def made(
    experiment: str,
    section: Fields,
    verbs: Sequence[str],
    tables: Sequence[str] = ("summary", "replicates"),
    trainings: int = 0,
    data: Words = "",
) -> Made:
    """The rules, command, parameters and results of an experiment.

    verbs : the first words of its rules' names, in the order in which they run
    trainings, data : as of ``Made``
    """
    return Made(
        rules=tuple(f"{verb}_{experiment}" for verb in verbs),
        command=f"snakemake --cores all {experiment}",
        parameters=_beginning(
            yaml.safe_dump(
                {experiment: dict(section)}, allow_unicode=True, default_flow_style=None, width=76
            )
        ),
        results=(
            f"results/{experiment}/metrics.json",
            *[f"results/{experiment}/tables/{table}.csv" for table in tables],
        ),
        trainings=trainings,
        data=data,
    )


def _beginning(text: str) -> str:
    """As many of a text's lines as a page has place for, and a line where that is not all."""
    lines = text.splitlines(keepends=True)
    more = len(lines) - shown.ROWS
    return "".join(lines[: shown.ROWS]) + (
        f"# {more} more lines: params.yaml\n" if more > 0 else ""
    )
