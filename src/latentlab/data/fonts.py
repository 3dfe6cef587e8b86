"""Bitmap fonts, letters of 7 rows of 5 pixels: what the bytes of a C header's arrays mean.

What a step reads is a header of the layout of ``font.h``, or fonts that were read from another
file before (``font_files``) and stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentlab.aliases import Array
from latentlab.data import headers
from latentlab.data.headers import FontError as FontError

LETTERS, ROWS, COLUMNS = 32, 7, 5
FIRST_CODE = 0x20
MAX_CODE = 0xFFFF
MAX_BYTES = 1 << 20  # a font of this shape takes some 2 kB: anything larger is no font


@dataclass(frozen=True)
class Font:
    """One font, or some of its letters.

    name : the array's name in the header
    characters : one character a letter
    pixels : (letters, 35) 0.0 or 1.0, row by row from the top left
    """

    name: str
    characters: tuple[str, ...]
    pixels: Array

    def subset(self, letters: str) -> Font:
        """The letters asked for, in that order; "all" gives the font itself.

        Raises FontError when a letter is not in the font.
        """
        if letters == "all":
            return self
        missing = [c for c in letters if c not in self.characters]
        if missing:
            raise FontError(f"{self.name} has no letter {missing[0]!r}")
        rows = [self.characters.index(c) for c in letters]
        return Font(self.name, tuple(letters), self.pixels[rows])


def character_name(character: str) -> str:
    """How a character is written in tables and figures: blanks get a name."""
    return {" ": "space", "\x7f": "delete"}.get(character, character)


@dataclass(frozen=True)
class Layout:
    """How a file holds letters, where that does not say it itself; by default as ``font.h`` does.

    bytes : "rows", 7 a letter from the top, or "columns", 5 a letter from the left
    first_bit : of a row the bit of its left pixel, of a column that of its top one; the others
        follow towards the other end of the byte. None: 4 of rows, 0 of columns
    first : the first character; None: the blank, code 0x20
    letters : those that are used; "" for all
    gap : pixels between the letters of a sheet
    ink : what is a letter in a sheet, "dark" or "light"
    """

    bytes: str = "rows"
    first_bit: int | None = None
    first: str | None = None
    letters: str = ""
    gap: int = 0
    ink: str = "dark"

    @property
    def bits(self) -> range:
        """The bits of a byte, from the left or from the top."""
        pixels = COLUMNS if self.bytes == "rows" else ROWS
        first = {"rows": 4, "columns": 0}[self.bytes] if self.first_bit is None else self.first_bit
        step = 1 if first < 4 else -1
        return range(first, first + step * pixels, step)

    @property
    def byte_count(self) -> int:
        """Bytes a letter."""
        return ROWS if self.bytes == "rows" else COLUMNS


OURS = Layout()
"""That of ``font.h``."""


def parse_fonts(text: str, where: str = "font.h", layout: Layout = OURS) -> dict[str, Font]:
    """All fonts of a C header's text, one an array, by name, in the order of the file.

    The characters of an array follow on those of the one before it; designators of characters
    (``['A'] = {...}``) say them themselves.
    Raises FontError, which names ``where``, the line and the reason.
    """
    fonts: dict[str, Font] = {}
    code = ord(layout.first or chr(FIRST_CODE))
    for array in headers.parse_arrays(text, where):
        rows = _rows(array, where, layout)
        characters = _characters(array, len(rows), code, where, layout)
        code += len(rows)
        used = [i for i, c in enumerate(characters) if not layout.letters or c in layout.letters]
        if used:
            letters = [_values(rows[i], where, layout) for i in used]
            names = tuple(characters[i] for i in used)
            fonts[array.name] = Font(array.name, names, _pixels(letters, layout))
    if not fonts:
        of = f" with a letter of data.font_layout.letters, {layout.letters}" * bool(layout.letters)
        raise FontError(f"{where}: no font found{of}")
    return fonts


def _rows(array: headers.ByteArray, where: str, layout: Layout) -> list[headers.Row]:
    """The bytes of each letter of an array. Raises FontError."""
    needed, other = layout.byte_count, ROWS + COLUMNS - layout.byte_count
    hint = {
        "rows": "; of columns, say data.font_layout: {bytes: columns}",
        "columns": "; of rows, leave out bytes in data.font_layout",
    }[layout.bytes]
    rows = list(array.rows)
    if not rows:
        raise FontError(f"{where}:{array.line}: {array.name} is empty")
    if array.flat:
        values = rows[0].values
        if len(values) % needed:
            raise FontError(
                f"{where}:{array.line}: {array.name} has {len(values)} bytes, {needed} a letter"
                f" are needed{hint if len(values) % other == 0 else _ONLY}"
            )
        starts = range(0, len(values), needed)
        rows = [headers.Row(values[at : at + needed], values[at][1]) for at in starts]
    for row in rows:
        if (count := len(row.values)) != needed:
            raise FontError(
                f"{where}:{row.line}: a row of {array.name} has {count} bytes, {needed} are needed"
                f"{hint if count == other else _ONLY}"
            )
    _check_sizes(array, len(rows), where, layout)
    return rows


def _check_sizes(array: headers.ByteArray, letters: int, where: str, layout: Layout) -> None:
    """Refuse an array whose sizes are not those of its initializer: some of it is missing."""
    needed = layout.byte_count
    expected = (letters, needed) if len(array.sizes) == 2 else (letters * needed,)
    if not array.flat and len(array.sizes) != 2:
        raise FontError(f"{where}:{array.line}: {array.name} has rows, but not two sizes")
    if any(row.index is not None for row in array.rows):
        return  # only some places are given
    for size, there in zip(array.sizes, expected, strict=False):
        if size not in (None, there):
            raise FontError(
                f"{where}:{array.line}: {array.name} has the size {size}, {there} is there"
            )


def _values(row: headers.Row, where: str, layout: Layout) -> list[int]:
    """The bytes of a letter, of which no pixel would be cut. Raises FontError."""
    read = sum(1 << bit for bit in layout.bits)
    for value, line in row.values:
        if value & ~read:
            from_bit = f" from bit {layout.bits[0]}" * (layout != OURS)
            way_out = "; where the left pixel is bit 7, say data.font_layout: {first_bit: 7}"
            raise FontError(
                f"{where}:{line}: {value:#x} does not fit in {len(layout.bits)} bits{from_bit}"
                + way_out * (layout == OURS and value <= 255)
            )
    return [value for value, _ in row.values]


_ONLY = "; a letter is 7 rows of 5 pixels"


def _characters(
    array: headers.ByteArray, count: int, first: int, where: str, layout: Layout
) -> tuple[str, ...]:
    """The characters of an array's letters: by their designators, else one after the other."""
    codes: list[int] = []
    for row in array.rows if not array.flat else ():
        if isinstance(row.index, int) and row.index != len(codes) and layout.first is None:
            raise FontError(
                f"{where}:{row.line}: [{row.index}] in {array.name}: which character is [0]? Say"
                ' data.font_layout: {first: " "}, or "\\0" where places are codes'
            )
        if isinstance(row.index, str):
            codes.append(ord(row.index))
        elif row.index is not None:
            codes.append(first + row.index)
        else:
            codes.append(codes[-1] + 1 if codes else first)
    codes = codes or list(range(first, first + count))
    if max(codes) > MAX_CODE:
        raise FontError(f"{where}:{array.line}: {array.name}: characters beyond {MAX_CODE:#x}")
    return tuple(map(chr, codes))


def _pixels(letters: Sequence[Sequence[int]], layout: Layout) -> Array:
    """Pixels (letters, 35) of bytes (letters, 7 or 5)."""
    bits = np.array(letters)[:, :, None] >> np.array(layout.bits) & 1
    if layout.bytes == "columns":
        bits = bits.swapaxes(1, 2)
    pixels: Array = bits.reshape(len(letters), ROWS * COLUMNS).astype(np.float64)
    return pixels


def font_named(fonts: dict[str, Font], name: str) -> Font:
    """The font of that name; "all" is the letters of all fonts, one after the other."""
    if name != "all":
        return fonts[name]
    characters = tuple(c for font in fonts.values() for c in font.characters)
    return Font("all fonts", characters, np.concatenate([f.pixels for f in fonts.values()]))


def stored(fonts: Mapping[str, Font]) -> dict[str, dict[str, object]]:
    """Fonts as JSON has them, which ``read_fonts`` reads from a file."""
    return {
        name: {"characters": list(font.characters), "pixels": font.pixels.astype(int).tolist()}
        for name, font in fonts.items()
    }


def read_fonts(path: str | Path) -> dict[str, Font]:
    """All fonts, by name, of a C header of ``font.h``'s layout, or of what ``stored`` gives.

    Raises FontError.
    """
    path = Path(path)
    text = read_text(path)
    if path.suffix != ".json":
        return parse_fonts(text, str(path))
    return {
        name: Font(name, tuple(font["characters"]), np.array(font["pixels"], np.float64))
        for name, font in json.loads(text).items()
    }


def read_text(path: Path) -> str:
    """The text of a file of fonts. Raises FontError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FontError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise FontError(f"{path}: {len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data or path.suffix.lower() == ".txt":
            raise FontError(f"{path}: not text in UTF-8 (byte {error.start})") from None
        return data.decode("latin-1")  # of a header: in its comments, and refused elsewhere
