"""Bitmap fonts, read from a C header: arrays of characters, each 7 rows of 5 bits.

A small parser of C initializers, on purpose: any file of the shape of ``font.h`` works
(other array names, comments, preprocessor lines, hexadecimal or decimal bytes), and a
malformed row is refused with its line and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentlab import StudyError
from latentlab.aliases import Array

LETTERS, ROWS, COLUMNS = 32, 7, 5
FIRST_CODE = 0x20
MAX_BYTES = 1 << 20  # a font of this shape takes some 2 kB: anything larger is no font


class FontError(StudyError):
    """A font file that cannot be read; the message names file, line and reason."""


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


_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\f\v]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|^[ \t]*\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|[0-9]+)(?![0-9a-zA-Z_])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<mark>[{}\[\],;=])",
    re.MULTILINE,
)
_TYPE_WORDS = {"static", "const", "extern", "unsigned", "signed", "char", "int", "short", "uint8_t"}


def _tokens(text: str, where: str) -> Iterator[tuple[str, str, int]]:
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "a comment without an end" if text.startswith("/*", at) else repr(text[at])
            raise FontError(f"{where}:{line}: {what} is not part of an array of bytes")
        kind = match.lastgroup or ""
        if kind in ("number", "word", "mark"):
            yield kind, match.group(), line
        line += match.group().count("\n")
        at = match.end()
    yield "end", "end of file", line


class _Parser:
    """Recursive descent over ``type name[32][7] = {{7 bytes}, ...};``, repeated."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self.tokens = _tokens(text, where)
        self.kind, self.text, self.line = next(self.tokens)

    def fail(self, reason: str, line: int | None = None) -> FontError:
        return FontError(f"{self.where}:{line or self.line}: {reason}")

    def take(self) -> str:
        text = self.text
        if self.kind != "end":
            self.kind, self.text, self.line = next(self.tokens)
        return text

    def expect(self, mark: str, context: str) -> None:
        if self.text != mark or self.kind != "mark":
            raise self.fail(f"{mark!r} expected {context}, {self.text!r} found")
        self.take()

    def number(self, context: str) -> int:
        if self.kind != "number":
            raise self.fail(f"a number expected {context}, {self.text!r} found")
        digits = self.take()
        if len(digits) > 8:
            raise self.fail(f"{digits[:8]}... is no byte")
        if digits[:2] in ("0x", "0X"):
            return int(digits, 16)
        if len(digits) > 1 and digits[0] == "0":
            raise self.fail(f"{digits} is octal in C, decimal or hexadecimal is needed")
        return int(digits)

    def size(self, name: str, allowed: int) -> None:
        self.expect("[", f"after the name {name}")
        if self.text != "]":
            line = self.line
            size = self.number(f"as a size of {name}")
            if size != allowed:
                raise self.fail(f"{name} has the size {size}, {allowed} is needed", line)
        self.expect("]", f"after a size of {name}")

    def row(self, name: str) -> list[int]:
        line = self.line
        self.expect("{", f"at the start of a row of {name}")
        values: list[int] = []
        while self.text != "}":
            at = self.line
            value = self.number(f"in a row of {name}")
            if value >= 1 << COLUMNS:
                raise self.fail(f"{value:#x} does not fit in {COLUMNS} bits", at)
            values.append(value)
            if self.text != "}":
                self.expect(",", f"between the bytes of a row of {name}")
        self.take()
        if len(values) != ROWS:
            raise self.fail(f"a row of {name} has {len(values)} bytes, {ROWS} are needed", line)
        return values

    def array(self) -> tuple[str, list[list[int]]]:
        words = []
        while self.kind == "word":
            words.append(self.take())
        if not words or not set(words[:-1]) <= _TYPE_WORDS or words[-1] in _TYPE_WORDS:
            text = " ".join(words) or self.text
            raise self.fail(f"a declaration such as 'unsigned char name' expected, {text!r} found")
        name = words[-1]
        line = self.line
        self.size(name, LETTERS)
        self.size(name, ROWS)
        self.expect("=", f"after {name}[{LETTERS}][{ROWS}]")
        self.expect("{", f"at the start of {name}")
        rows = []
        while self.text != "}":
            rows.append(self.row(name))
            if self.text != "}":
                self.expect(",", f"between the rows of {name}")
        self.take()
        self.expect(";", f"at the end of {name}")
        if len(rows) != LETTERS:
            raise self.fail(f"{name} has {len(rows)} letters, {LETTERS} are needed", line)
        return name, rows


def parse_fonts(text: str, where: str = "font.h") -> dict[str, Font]:
    """All fonts of a C header's text, by name, in the order of the file.

    The n-th array (from 0) holds the characters from code 0x20 + 32 n on.
    Raises FontError, which names ``where``, the line and the reason.
    """
    parser = _Parser(text, where)
    fonts: dict[str, Font] = {}
    while parser.kind != "end":
        line = parser.line
        name, rows = parser.array()
        if name in fonts:
            raise parser.fail(f"a second font named {name}", line)
        first = FIRST_CODE + LETTERS * len(fonts)
        bits = np.array(rows)[:, :, None] >> np.arange(COLUMNS)[::-1] & 1
        fonts[name] = Font(
            name=name,
            characters=tuple(chr(first + i) for i in range(LETTERS)),
            pixels=bits.reshape(LETTERS, ROWS * COLUMNS).astype(np.float64),
        )
    if not fonts:
        raise FontError(f"{where}: no font found")
    return fonts


def font_named(fonts: dict[str, Font], name: str) -> Font:
    """The font of that name; "all" is the letters of all fonts, one after the other."""
    if name != "all":
        return fonts[name]
    characters = tuple(c for font in fonts.values() for c in font.characters)
    return Font("all fonts", characters, np.concatenate([f.pixels for f in fonts.values()]))


def read_fonts(path: str | Path) -> dict[str, Font]:
    """All fonts of a C header file, by name. Raises FontError."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FontError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise FontError(f"{path}: {len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        return parse_fonts(data.decode(), str(path))
    except UnicodeDecodeError as error:
        raise FontError(f"{path}: not text in UTF-8 (byte {error.start})") from None
