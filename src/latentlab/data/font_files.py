"""Fonts in the forms that people have: C headers of any layout, letters drawn as text, sheets.

No step imports this module: a run reads the file once, at its start, and steps read what is
stored. So what is read here in a new way computes nothing anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.data import headers, pictures
from latentlab.data.fonts import (
    COLUMNS,
    FIRST_CODE,
    MAX_CODE,
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
            f"{path}: allowed: a C header (.h, .c, .cpp, .ino) of arrays alone, letters drawn as"
            " text (.txt), a sheet of letters (.png)"
        )
    if unused := sorted(_given(layout) - _KNOBS[form]):
        raise FontError(f"{path}: data.font_layout.{unused[0]}: not of {form}; leave it out")
    if form == "a sheet":
        fonts = {path.stem: sheet_font(path, layout)}
    elif form == "a text":
        fonts = drawn_fonts(_text(path), str(path))
    else:
        text = _text(path)
        _check_header(text, str(path), layout)
        fonts = parse_fonts(text, str(path), layout)
    fonts = _chosen(fonts, layout.letters, path) if layout.letters else fonts
    for font in fonts.values():
        _check(font, path)
    return fonts


def _text(path: Path) -> str:
    """The text of a file. Raises FontError, with the way out."""
    try:
        return read_text(path)
    except FontError as error:
        way_out = "; save it as UTF-8" * ("not text in UTF-8" in str(error))
        raise FontError(f"{error}{way_out}") from None


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
    if beyond := [c for c in characters if ord(c) > MAX_CODE]:
        raise FontError(
            f"{path}: {font.name}: characters beyond {MAX_CODE:#x}, such as {ord(beyond[0]):#x};"
            " draw it under another one, or begin with another (first)"
        )
    if twice := [c for c in characters if characters.count(c) > 1]:
        raise FontError(f"{path}: {font.name} has the letter {twice[0]!r} twice")
    blank = [c for c, pixels in zip(characters, font.pixels, strict=True) if not pixels.any()]
    if unseen := [c for c in blank if not (c.isspace() or c == _NAMES["delete"])]:
        more = f" and {len(unseen) - 1} more" * (len(unseen) > 1)
        raise FontError(
            f"{path}: {font.name}: the letter {unseen[0]!r}{more} without a pixel, which only a"
            " blank may be; draw it, or say in data.font_layout which letters are used (letters)"
        )
    if len(blank) == len(characters):
        raise FontError(f"{path}: {font.name}: all its letters are blank")
    for character in characters:
        if not (character.isprintable() or character in _NAMES.values()):
            raise FontError(
                f"{path}: {font.name}: the character {ord(character):#04x} cannot be shown; in"
                " data.font_layout say the first one (first), or which are used (letters)"
            )


_PART = re.compile(
    r"(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<directive>^[ \t]*\#(?:[^\\\n]|\\.|\\\n)*)"
    r"|(?P<suffixed>\b(?:0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)(?:[uU][lLzZ]{0,2}|[lLzZ]{1,2}[uU]?)\b)"
    r"|(?P<other>\w+|'(?:[^'\\\n]|\\.)'|[^\s\w])"
    r"|(?P<blank>\s)",
    re.MULTILINE,
)
_CHOOSING = ("if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", "else")
_ADDING = ("include", "include_next", "import", "embed")


def _check_header(text: str, where: str, layout: Layout) -> None:
    """Refuse of a C header what its parser would pass over. Raises FontError.

    It passes over lines of the preprocessor, which may choose among the letters of an array, or
    bring some; and it takes the bytes of an array without inner braces by their number alone.
    """
    depth, line, at = 0, 1, 0
    constant: list[bool] = []  # of the open #if: whether it needs no compiler to be decided
    while match := _PART.match(text, at):
        part, kind = match.group(), match.lastgroup
        if kind == "directive":
            word, rest = _directive(part)
            if depth > 0 and word in (*_CHOOSING, *_ADDING):
                raise FontError(
                    f"{where}:{line}: #{word} inside an array: which letters count is for the"
                    " preprocessor to say; write those that count, without it"
                )
            if word in ("elifdef", "elifndef"):
                raise FontError(f"{where}:{line}: #{word} is not read; keep the text that counts")
            if word in ("if", "ifdef", "ifndef"):
                names = set(re.findall(r"\b[A-Za-z_]\w*", rest))
                constant.append(word == "if" and names <= {"true", "false"})
            elif word == "endif" and constant:
                constant.pop()
        elif kind == "suffixed":
            raise FontError(
                f"{where}:{line}: {part} has a suffix, which is not read; write"
                f" {part.rstrip('uUlLzZ')}"
            )
        elif part == '"':
            break  # the parser says what is wrong with it
        elif re.fullmatch(r"'\\[^abfnrtv0-7\\'\"]'", part):
            raise FontError(f"{where}:{line}: {part} is no character; write its number")
        elif kind == "other":
            depth += (part == "{") - (part == "}")
            if any(constant):
                raise FontError(
                    f"{where}:{line}: an array in a text that the preprocessor chooses; keep the"
                    " one that counts"
                )
        line += part.count("\n")
        at = match.end()
    try:
        arrays = headers.parse_arrays(text, where)
    except FontError as error:
        # what a compiler takes besides arrays: functions, namespaces, structures, macros
        is_other = re.search(r"is not part of an array|expected", str(error))
        raise FontError(f"{error}{_ALONE * bool(is_other)}") from None
    for array in arrays:
        if array.flat:
            _check_lines(array, where, layout)
            _check_columns(array, where, layout)
            _check_table(array, arrays, where, layout)


_ALONE = "; keep the arrays alone in the file, as in: const uint8_t name[][7] = {{0x04, ...}, ...};"


def _check_columns(array: headers.ByteArray, where: str, layout: Layout) -> None:
    """Refuse bytes that are no rows of 5 pixels, and may be columns of 7."""
    values = [value for row in array.rows for value, _ in row.values]
    every = 0
    for value in values:
        every |= value
    fits = any(every & ~(0b11111 << low) == 0 for low in range(4))  # rows from another bit
    if layout.bytes == "columns" or fits or every > 127 or len(values) % COLUMNS:
        return
    without = ", and leave out first_bit" * (layout.first_bit is not None)
    raise FontError(
        f"{where}:{array.line}: {array.name} has bytes of 7 bits, a row of a letter has 5; if they"
        f" are columns, 5 a letter, say bytes: columns in data.font_layout{without}"
    )


def _check_table(
    array: headers.ByteArray, arrays: list[headers.ByteArray], where: str, layout: Layout
) -> None:
    """Refuse numbers without braces that are no letters, such as the widths beside a font."""
    values = [value for row in array.rows for value, _ in row.values]
    size = layout.byte_count
    letters = [tuple(values[at : at + size]) for at in range(0, len(values), size)]
    others = [other.name for other in arrays if other.name != array.name]
    rows = [other.name for other in arrays if not other.flat]
    is_table = bool(others) and all(1 <= value <= 8 for value in values)
    alike = len(letters) > 1 and Counter(letters).most_common(1)[0][1] * 2 > len(letters)
    if layout.letters and not is_table and not rows:
        return  # of the letters that are not used many may be alike
    reason = "letters that are mostly alike" if alike else "small numbers alone"
    if rows:
        reason = f"no braces around its letters, unlike {rows[0]}"
    if rows or is_table or alike:
        found = f" (there is {', '.join(others)})" * bool(others)
        raise FontError(
            f"{where}:{array.line}: {array.name} has {reason}, as a table of widths has: no font;"
            f" take it out of the file{found}"
        )


def _directive(text: str) -> tuple[str, str]:
    """The word of a line of the preprocessor, and what follows, without comments."""
    bare = re.sub(r"//.*|/\*.*?\*/", " ", text.replace("\\\n", " "), flags=re.DOTALL)
    word, _, rest = bare.strip().lstrip("# \t").partition(" ")
    cut = re.match(r"\w*", word)
    name = cut.group() if cut else ""
    return name, word[len(name) :] + rest


def _check_lines(array: headers.ByteArray, where: str, layout: Layout) -> None:
    """Refuse bytes that stand in lines of another number than a letter has, alike all through."""
    counts = Counter(line for row in array.rows for _, line in row.values)
    needed, sizes = layout.byte_count, set(counts.values())
    if len(counts) < 2 or len(sizes) > 1:
        return
    (count,) = sizes
    if count % needed and needed % count:
        hint = ""
        if count == ROWS + COLUMNS - needed:
            hint = {
                "rows": "; of columns, say data.font_layout: {bytes: columns}",
                "columns": "; of rows, leave out bytes in data.font_layout",
            }[layout.bytes]
        raise FontError(
            f"{where}:{min(counts)}: {array.name} has {count} bytes in each line, a letter has"
            f" {needed}{hint or '; write a letter a line, or all in one line if they are such'}"
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
    ground = 255 if layout.ink == "dark" else 0  # where a sheet is transparent
    try:
        pixels = pictures.read_picture(path, ground=ground)
        smooth = int(((pixels > 63) & (pixels < 192)).sum())
        colored = pictures.colored_count(path, ground) if smooth else 0
    except (DataError, FileNotFoundError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise FontError(f"{path}: {reason if path.exists() else 'no such file'}") from None
    if 2 * colored > smooth:
        raise FontError(
            f"{path}: {colored} pixels have a color; make ink black or dark gray, and its ground"
            " white or light gray (or the other way around, with ink: light)"
        )
    if smooth:
        raise FontError(
            f"{path}: {smooth} pixels are neither dark nor light; draw without smoothing, in PNG"
        )
    gap = layout.gap
    ink = pixels < 128 if layout.ink == "dark" else pixels >= 128
    if not ink.any() or ink.all():
        raise FontError(
            f"{path}: no letters can be told from their ground; draw them dark on light, or light"
            " on dark and say data.font_layout: {ink: light}"
        )
    _check_cells(ink, gap, path)
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
    if cells[0].any() and not (layout.letters or layout.first):
        raise FontError(
            f"{path}: the first letter would be the blank, and has ink; say which letters these are"
            ' in data.font_layout, {letters: "AEIOU"}, or which is the first, {first: "A"}'
        )
    first = ord(layout.first or chr(FIRST_CODE))
    if first + drawn - 1 > MAX_CODE:
        raise FontError(
            f"{path}: {drawn} letters from {first:#x} on: characters beyond {MAX_CODE:#x}; begin"
            " with another one (first)"
        )
    letters = layout.letters or "".join(map(chr, range(first, first + drawn)))
    if not drawn <= len(letters) <= len(cells):
        raise FontError(
            f"{path}: {drawn} letters drawn in {len(cells)} cells, {len(letters)} in"
            " data.font_layout.letters"
        )
    stacked = np.array(cells[: len(letters)], np.float64)
    return Font(path.stem, tuple(letters), stacked.reshape(len(letters), ROWS * COLUMNS))


def _check_cells(ink: np.ndarray, gap: int, path: Path) -> None:
    """Refuse a sheet that is no rows of letters, or is of another scale or gap than said."""
    height, width = ink.shape
    down, across = (_scale(part, size) for part, size in ((ink, ROWS), (ink.T, COLUMNS)))
    if down > 1 or across > 1:
        times = f"{across}" if down == across else f"{across} x {down} (width, height)"
        raise FontError(
            f"{path}: is {times} times as large: its pixels are alike in blocks; make it"
            f" {width // across} x {height // down} pixels, without smoothing"
        )
    others = [other for other in range(17) if other != gap and _fits(ink, other)]
    if _fits(ink, gap):
        seen = 0 if gap else max(_seen_gap(ink, ROWS), _seen_gap(ink.T, COLUMNS))
        if not seen:
            return
        wrong = f"no letters side by side: blank lines as of gaps of {seen} pixels between them"
        others = [other for other in others if other == seen]
    elif _fits(ink, gap, blank=False):
        wrong = f"there is ink in the gaps of {gap} between the letters"
    else:
        wrong = (
            f"{width} x {height} pixels (width, height) are no rows of letters of 5 x 7 with gaps"
            f" of {gap}"
        )
    way_out = "cut off what is around the letters, and say how many pixels are between them (gap)"
    if others:
        way_out = f"say data.font_layout: {{gap: {others[0]}}}, if it is so"
    raise FontError(f"{path}: {wrong}; {way_out}")


def _scale(ink: np.ndarray, size: int) -> int:
    """How many rows of pixels are alike all through, side by side; ``size`` are of a letter."""
    height = len(ink)
    for times in range(height // size, 1, -1):
        if height % times == 0 and (ink == np.repeat(ink[::times], times, axis=0)).all():
            return times
    return 1


def _fits(ink: np.ndarray, gap: int, blank: bool = True) -> bool:
    """Whether a sheet is whole letters with such gaps, and, if asked, without ink in them."""
    for part, size in ((ink, ROWS), (ink.T, COLUMNS)):
        if (len(part) + gap) % (size + gap):
            return False
        if blank and part[np.arange(len(part)) % (size + gap) >= size].any():
            return False
    return True


def _seen_gap(ink: np.ndarray, size: int) -> int:
    """The gap in which rows have no ink, at three places at least; 0 where there is none."""
    drawn: np.ndarray = np.any(ink, axis=1)
    end = int(np.flatnonzero(drawn)[-1])
    places = np.arange(len(ink))
    for gap in range(1, size):
        pitch = size + gap
        for before in range(gap + 1):
            is_gap = (places - before) % pitch >= size
            between = is_gap & (places > before) & (places < end)
            rest = (len(ink) - before) % pitch
            is_whole = rest == 0 or rest >= size
            if is_whole and between.sum() >= 3 * gap and not drawn[is_gap].any():
                return gap
    return 0
