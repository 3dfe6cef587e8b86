"""Fonts in the forms that people have: C headers of any layout, letters drawn as text, sheets.

No step imports this module: a run reads the file once, at its start, and steps read what is
stored. So what is read here in a new way computes nothing anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.data import pictures
from latentlab.data.fonts import (
    COLUMNS,
    FIRST_CODE,
    OURS,
    ROWS,
    Font,
    FontError,
    Layout,
    parse_fonts,
    read_text,
)
from latentlab.data.images import DataError

_NAMES = {"space": " ", "delete": "\x7f"}


def read_font_file(path: str | Path, layout: Layout = OURS) -> dict[str, Font]:
    """All fonts of a file, by name, of at least two letters each; the form is its suffix's.

    ``.txt`` : letters drawn with # and ., see ``drawn_fonts``
    of a picture : a sheet of letters, see ``sheet_font``
    any other : a C header
    Raises FontError, which names the file and the reason.
    """
    path = Path(path)
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise FontError(
            f"{path}: allowed: a C header (.h, .c, .cpp, .ino), letters drawn as text (.txt), a"
            " sheet of letters (.png)"
        )
    if unused := sorted(_given(layout) - _KNOBS[form]):
        raise FontError(f"{path}: data.font_layout.{unused[0]}: not of {form}; leave it out")
    if form == "a sheet":
        fonts = {path.stem: sheet_font(path, layout)}
    elif form == "a text":
        fonts = drawn_fonts(read_text(path), str(path))
    else:
        fonts = parse_fonts(read_text(path), str(path), layout)
    fonts = _chosen(fonts, layout.letters, path) if layout.letters else fonts
    for font in fonts.values():
        _check(font, path)
    return fonts


def fonts_of(data: Mapping[str, Any], root: Path) -> dict[str, Font]:
    """The fonts of the file that a section ``data`` of the parameters names, below a folder.

    Raises FontError.
    """
    return read_font_file(root / data["fonts"], Layout(**data.get("font_layout", {})))


def is_read_by_steps(data: Mapping[str, Any]) -> bool:
    """Whether ``fonts.read_fonts`` reads that file as it is: a header laid out like ``font.h``."""
    form = _FORMS.get(Path(data["fonts"]).suffix.lower())
    return form == "a C header" and not data.get("font_layout")


_FORMS = {
    **dict.fromkeys(pictures.SUFFIXES, "a sheet"),
    ".txt": "a text",
    **dict.fromkeys((".h", ".hpp", ".c", ".cc", ".cpp", ".ino", ".inc"), "a C header"),
}
_KNOBS = {
    "a sheet": {"first", "letters", "gap", "ink"},
    "a text": {"letters"},
    "a C header": {"bytes", "first_bit", "first", "letters"},
}


def _given(layout: Layout) -> set[str]:
    """The knobs of a layout that are not as in ours."""
    return {knob for knob, value in asdict(layout).items() if value != asdict(OURS)[knob]}


def _chosen(fonts: dict[str, Font], letters: str, path: Path) -> dict[str, Font]:
    """Of each font the letters that are used; a font without any is none."""
    there = {c for font in fonts.values() for c in font.characters}
    if missing := [c for c in letters if c not in there]:
        raise FontError(f"{path}: data.font_layout.letters: no letter {missing[0]!r} there")
    return {
        name: font.subset("".join(c for c in font.characters if c in letters))
        for name, font in fonts.items()
        if not set(letters).isdisjoint(font.characters)
    }


def _check(font: Font, path: Path) -> None:
    characters = font.characters
    if font.name == "all" or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}", font.name):
        raise FontError(
            f"{path}: a font named {font.name!r}, allowed: at most 40 letters without accents,"
            " digits, _ and -, and not all (which is the letters of all fonts)"
        )
    if len(characters) < 2:
        raise FontError(f"{path}: {font.name} has {len(characters)} letters, two are needed")
    if twice := [c for c in characters if characters.count(c) > 1]:
        raise FontError(f"{path}: {font.name} has the letter {twice[0]!r} twice")
    for character in characters:
        if not (character.isprintable() or character in _NAMES.values()):
            raise FontError(
                f"{path}: {font.name}: the character {ord(character):#04x} cannot be shown; in"
                " data.font_layout say the first one (first), or which are used (letters)"
            )


def drawn_fonts(text: str, where: str) -> dict[str, Font]:
    """Letters drawn as text: a line with the character, then 7 lines of 5 of # (ink) and . (none).

    A blank is written ``space``. A line ``[name]`` begins a font; without one the file's name is
    the font's. Empty lines are passed over. Raises FontError with the line.
    """
    lines = [
        (number, unicodedata.normalize("NFC", line.strip()))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    drawn: dict[str, dict[str, list[str]]] = {}
    font: dict[str, list[str]] = {}
    rows: list[str] | None = None
    for number, line in lines:
        if rows is not None and len(rows) < ROWS:
            if len(line) != COLUMNS or set(line) - set("#."):
                raise FontError(
                    f"{where}:{number}: row {len(rows) + 1} of a letter: {line!r} found, 5 of # and"
                    " . expected, 7 rows a letter"
                )
            rows.append(line)
        elif line.startswith("[") and line.endswith("]") and len(line) > 2:
            font = drawn.setdefault(line[1:-1].strip(), {})
        else:
            character = _NAMES.get(line, line)
            if len(character) != 1:
                raise FontError(
                    f"{where}:{number}: a line with one character (or space) expected before the 7"
                    f" rows of a letter, {line!r} found"
                )
            font = font if drawn else drawn.setdefault(Path(where).stem, {})
            if character in font:
                raise FontError(f"{where}:{number}: the letter {character!r} twice in a font")
            rows = font.setdefault(character, [])
    if rows is not None and len(rows) < ROWS:
        raise FontError(f"{where}: ends within a letter, 7 rows are needed")
    if not drawn:
        raise FontError(f"{where}: no font found")
    return {
        name: Font(name, tuple(letters), _ink(list(letters.values())))
        for name, letters in drawn.items()
    }


def _ink(letters: list[list[str]]) -> np.ndarray:
    return np.array(
        [[float(mark == "#") for row in rows for mark in row] for rows in letters]
    ).reshape(len(letters), ROWS * COLUMNS)


def sheet_font(path: Path, layout: Layout) -> Font:
    """The letters of a picture, cells of 5 x 7 pixels from the left, row by row; named like it.

    Between the cells there are ``layout.gap`` pixels. What is darker than half is ink, or lighter.
    There are as many letters as ``layout.letters``, or as the last one drawn from ``layout.first``.
    Raises FontError.
    """
    try:
        pixels = pictures.read_picture(path)
    except (DataError, FileNotFoundError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise FontError(f"{path}: {reason if path.exists() else 'no such file'}") from None
    if smooth := int(((pixels > 63) & (pixels < 192)).sum()):
        raise FontError(
            f"{path}: {smooth} pixels are neither dark nor light; draw without smoothing, in PNG"
        )
    gap = layout.gap
    down, across = (
        (n + gap) / (k + gap) for n, k in zip(pixels.shape, (ROWS, COLUMNS), strict=True)
    )
    if down % 1 or across % 1:
        raise FontError(
            f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels (width, height) are no rows of"
            f" letters of 5 x 7 with gaps of {gap}; say data.font_layout: {{gap: 1}}, or make it so"
        )
    ink = pixels < 128 if layout.ink == "dark" else pixels >= 128
    if ink.mean() > 0.5:
        other = "light" if layout.ink == "dark" else "dark"
        raise FontError(
            f"{path}: more than half of it would be ink; say data.font_layout: {{ink: {other}}}"
        )
    cells = [
        ink[y : y + ROWS, x : x + COLUMNS]
        for y in range(0, pixels.shape[0], ROWS + gap)
        for x in range(0, pixels.shape[1], COLUMNS + gap)
    ]
    drawn = max((place for place, cell in enumerate(cells, start=1) if cell.any()), default=0)
    first = ord(layout.first or chr(FIRST_CODE))
    letters = layout.letters or "".join(map(chr, range(first, first + drawn)))
    if not drawn <= len(letters) <= len(cells):
        raise FontError(
            f"{path}: {drawn} letters drawn in {len(cells)} cells, {len(letters)} in"
            " data.font_layout.letters"
        )
    stacked = np.array(cells[: len(letters)], np.float64)
    return Font(path.stem, tuple(letters), stacked.reshape(len(letters), ROWS * COLUMNS))
