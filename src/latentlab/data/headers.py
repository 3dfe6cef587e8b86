"""Arrays of bytes in the text of a C header: what is written there, not yet what it means.

A small parser of C initializers, on purpose: comments, preprocessor lines, attributes (PROGMEM),
hexadecimal, decimal and binary bytes, rows in braces or none, designators. What decides between
two texts (``#else``, ``#if 0``) around an array is refused: which one counts, a compiler knows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from latentlab import StudyError


class FontError(StudyError):
    """A font file that cannot be read; the message names file, line and reason."""


@dataclass(frozen=True)
class Row:
    """Bytes in braces, or all of an array without inner braces.

    values : each with its line
    index : what a designator before it says: a position, or a character; None without one
    """

    values: tuple[tuple[int, int], ...]
    line: int
    index: int | str | None = None


@dataclass(frozen=True)
class ByteArray:
    """``type name[size][size] = {...};``

    sizes : as far as they are numbers, else None
    flat : whether there are no inner braces; then there is one row, or none
    """

    name: str
    line: int
    sizes: tuple[int | None, ...]
    rows: tuple[Row, ...]
    flat: bool


_TOKEN = re.compile(
    r"(?P<directive>^[ \t]*\#(?:[^\\\n]|\\.|\\\n)*)"
    r"|(?P<blank>[ \t\r\f\v\ufeff]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<newline>\n)"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|(?:0[bB]|B)[01]{1,8}|[0-9]+)(?![0-9a-zA-Z_]))"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<character>'(?:[^'\\\n]|\\.)')"
    r"|(?P<mark>[{}\[\],;=*])",
    re.MULTILINE,
)
_TYPE_WORDS = frozenset(
    ("static", "const", "constexpr", "extern", "volatile", "inline", "unsigned", "signed", "char",
     "int", "short", "uint8_t", "uint16_t", "u8", "uint8", "byte", "BYTE", "uchar", "UCHAR",
     "prog_uchar", "prog_uint8_t", "code", "__code", "rom")
)  # fmt: skip
_ATTRIBUTES = frozenset(
    ("PROGMEM", "__flash", "ICACHE_RODATA_ATTR", "ICACHE_FLASH_ATTR", "IRAM_ATTR", "DRAM_ATTR",
     "FLASHMEM", "PROGMEM_FAR", "__memx", "CODE", "FLASH")
)  # fmt: skip


def _tokens(text: str, where: str) -> Iterator[tuple[str, str, int]]:
    at, line = 0, 1
    blocks: list[list[bool]] = []  # of the open #if: is the text of one of two; are there tokens
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "a comment without an end" if text.startswith("/*", at) else repr(text[at])
            raise FontError(f"{where}:{line}: {what} is not part of an array of bytes")
        kind = match.lastgroup or ""
        if kind == "directive":
            _follow(match.group(), blocks, f"{where}:{line}")
        elif kind not in ("blank", "newline"):
            blocks[:] = [[chosen, True] for chosen, _ in blocks]
            if any(chosen for chosen, _ in blocks):
                raise _undecided(f"{where}:{line}")
            yield kind, match.group(), line
        line += match.group().count("\n")
        at = match.end()
    yield "end", "end of file", line


def _follow(directive: str, blocks: list[list[bool]], where: str) -> None:
    """Keep track of what a line of the preprocessor opens, turns and closes."""
    word, *rest = directive.strip().lstrip("# \t").split() or [""]
    if word in ("if", "ifdef", "ifndef"):
        blocks.append([word == "if" and rest in (["0"], ["1"]), False])
    elif word in ("else", "elif") and blocks:
        if blocks[-1][1]:
            raise _undecided(where)
        blocks[-1][0] = True
    elif word == "endif" and blocks:
        blocks.pop()


def _undecided(where: str) -> FontError:
    return FontError(
        f"{where}: an array in a text that the preprocessor chooses; keep the one that counts"
    )


class _Parser:
    """Recursive descent over ``type name[size] = {bytes or {bytes}, ...};``, repeated."""

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
        if len(digits) > 10:
            raise self.fail(f"{digits[:8]}... is no byte")
        if digits[:2] in ("0x", "0X"):
            return int(digits, 16)
        if "b" in digits.lower():  # 0b00100, or Arduino's B00100
            return int(digits.lower().partition("b")[2], 2)
        if digits[0] == "0" and digits.strip("0"):
            raise self.fail(f"{digits} is octal in C, decimal or hexadecimal is needed")
        return int(digits)

    def size(self, name: str) -> int | None:
        """A size, where it is a number or a product of numbers."""
        self.expect("[", f"after the name {name}")
        result: int | None = None
        if self.text != "]":
            result = 1
            while True:
                if self.kind == "word":  # a macro
                    self.take()
                    result = None
                else:
                    factor = self.number(f"as a size of {name}")
                    result = None if result is None else result * factor
                if self.text != "*":
                    break
                self.take()
        self.expect("]", f"after a size of {name}")
        return result

    def index(self, name: str) -> int | str | None:
        """The designator before a row, if there is one."""
        if self.text != "[" or self.kind != "mark":
            return None
        self.take()
        index: int | str
        if self.kind == "character":
            index = ast.literal_eval(self.take())
        else:
            index = self.number(f"as a place in {name}")
        self.expect("]", f"after a place in {name}")
        self.expect("=", f"after a place in {name}")
        return index

    def values(self, name: str, what: str) -> Row:
        """Bytes up to the brace that closes them."""
        line, values = self.line, []
        while self.text != "}":
            at = self.line
            values.append((self.number(f"in {what} of {name}"), at))
            if self.text != "}":
                self.expect(",", f"between the bytes of {what} of {name}")
        self.take()
        return Row(tuple(values), line)

    def declaration(self) -> str:
        """The words before an array's sizes; its name."""
        words = []
        while self.kind == "word":
            words.append(self.take())
        named = [word for word in words if word not in _ATTRIBUTES]
        if not named or not set(named[:-1]) <= _TYPE_WORDS or named[-1] in _TYPE_WORDS:
            text = " ".join(words) or self.text
            raise self.fail(f"a declaration such as 'unsigned char name' expected, {text!r} found")
        return named[-1]

    def array(self) -> ByteArray | None:
        """An array; None for one that is declared and defined elsewhere."""
        line = self.line
        name = self.declaration()
        sizes = [self.size(name)]
        while self.text == "[" and self.kind == "mark":
            sizes.append(self.size(name))
        while self.text in _ATTRIBUTES:
            self.take()
        if self.text == ";":
            self.take()
            return None
        self.expect("=", f"after {name}[...]")
        self.expect("{", f"at the start of {name}")
        flat = self.kind == "number"
        rows = [self.values(name, "a row")] if flat else list(self.rows(name))
        self.expect(";", f"at the end of {name}")
        return ByteArray(name, line, tuple(sizes), tuple(rows), flat)

    def rows(self, name: str) -> Iterator[Row]:
        while self.text != "}":
            line = self.line
            index = self.index(name)
            self.expect("{", f"at the start of a row of {name}")
            yield Row(self.values(name, "a row").values, line, index)
            if self.text != "}":
                self.expect(",", f"between the rows of {name}")
        self.take()


def parse_arrays(text: str, where: str) -> list[ByteArray]:
    """All arrays of bytes of a C header's text, in its order.

    Raises FontError, which names ``where``, the line and the reason.
    """
    parser = _Parser(text, where)
    arrays: list[ByteArray] = []
    while parser.kind != "end":
        line = parser.line
        if array := parser.array():
            if array.name in (other.name for other in arrays):
                raise parser.fail(f"a second font named {array.name}", line)
            arrays.append(array)
    return arrays
