"""The parser of C headers: the three fonts as published, other shapes, and refusals."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.data.fonts import FontError, character_name, parse_fonts, read_fonts

FONT_H = Path(__file__).parents[3] / "data/fonts/font.h"


def header(rows, name="font", size="[32][7]", kind="unsigned char"):
    return f"{kind} {name}{size} = {{\n" + ",\n".join(rows) + "\n};\n"


def row(values):
    return "{" + ", ".join(map(str, values)) + "}"


BLANK = [row([0] * 7)] * 32


def test_the_three_fonts():
    fonts = read_fonts(FONT_H)
    assert list(fonts) == ["font1", "font2", "font3"]
    assert "".join(fonts["font1"].characters) == "".join(map(chr, range(0x20, 0x40)))
    assert "".join(fonts["font2"].characters) == "".join(map(chr, range(0x40, 0x60)))
    assert "".join(fonts["font3"].characters) == "".join(map(chr, range(0x60, 0x80)))
    assert all(font.pixels.shape == (32, 35) for font in fonts.values())
    # rows of A, code 0x41: 04 0a 11 11 1f 11 11
    a = fonts["font2"].subset("A").pixels[0].reshape(7, 5)
    drawn = ["..#..", ".#.#.", "#...#", "#...#", "#####", "#...#", "#...#"]
    assert ["".join(".#"[int(p)] for p in r) for r in a] == drawn


@given(st.lists(st.lists(st.integers(0, 31), min_size=7, max_size=7), min_size=32, max_size=32))
def test_what_is_written_is_read(values):
    text = header(
        [row([hex(v) if i % 2 else v for v in r]) for i, r in enumerate(values)],
        name="mine",
        size="[][7]",
        kind="static const uint8_t",
    )
    font = parse_fonts("#ifndef X\n#define X\n/* a { } comment */\n" + text + "#endif\n")["mine"]
    expected = [[v >> b & 1 for v in r for b in (4, 3, 2, 1, 0)] for r in values]
    assert np.array_equal(font.pixels, expected)


def test_trailing_commas_and_comments_are_c():
    rows = [r[:-1] + ",}" for r in BLANK]
    text = header(rows).replace("\n};", ",\n}; // end")
    assert parse_fonts(text)["font"].pixels.sum() == 0


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "no font found"),
        (header([*BLANK[:31], row([0] * 6)]), 33, "a row of font has 6 bytes, 7 are needed"),
        (header([*BLANK[:31], row([0] * 8)]), 33, "a row of font has 8 bytes, 7 are needed"),
        (header([row([0] * 6 + ["0x20"]), *BLANK[1:]]), 2, "0x20 does not fit in 5 bits"),
        (header([row([0] * 6 + ["017"]), *BLANK[1:]]), 2, "017 is octal in C, decimal or hexadec"),
        (header([row([0] * 6 + ["-1"]), *BLANK[1:]]), 2, "'-' is not part of an array"),
        (header([row([0] * 6 + ["x"]), *BLANK[1:]]), 2, "a number expected"),
        (header([row([0] * 6 + ["1u"]), *BLANK[1:]]), 2, "'1' is not part of an array"),
        (header([row([0] * 6 + ["9" * 5000]), *BLANK[1:]]), 2, "is no byte"),
        (header(BLANK[:31]), 1, "font has the size 32, 31 is there"),
        (header([*BLANK, BLANK[0]]), 1, "font has the size 32, 33 is there"),
        (header(BLANK, size="[32][8]"), 1, "font has the size 8, 7 is there"),
        (header(BLANK, size="[32]"), 1, "font has rows, but not two sizes"),
        (header(BLANK) + header(BLANK), 35, "a second font named font"),
        (header(BLANK)[:-4], 33, "expected"),
        ("/* no end", 1, "a comment without an end"),
        ("double x[32][7] = {};", 1, "a declaration such as"),
        ("unsigned char font;", 1, "'[' expected"),
    ],
)
def test_refusals_name_line_and_reason(text, line, reason):
    with pytest.raises(FontError) as error:
        parse_fonts(text, "my.h")
    assert reason in str(error.value)
    assert str(error.value).startswith(f"my.h:{line}: " if line else "my.h: ")


@given(st.text(alphabet="{}[],;=/*0x1f \n#\\unsigned char font2", max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(FontError):
        assert parse_fonts(text)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FontError, match="No such file"):
        read_fonts(tmp_path / "none.h")
    (tmp_path / "binary.h").write_bytes("char a[]".encode("utf-16"))
    with pytest.raises(FontError, match="not text"):
        read_fonts(tmp_path / "binary.h")
    (tmp_path / "large.h").write_bytes(b" " * (2 << 20))
    with pytest.raises(FontError, match="at most"):
        read_fonts(tmp_path / "large.h")


def test_subsets():
    font = read_fonts(FONT_H)["font2"]
    assert font.subset("XHIR").characters == ("X", "H", "I", "R")
    assert font.subset("all") is font
    with pytest.raises(FontError, match="font2 has no letter 'a'"):
        font.subset("Xa")


def test_blanks_have_names():
    assert [character_name(c) for c in " A\x7f"] == ["space", "A", "delete"]


def test_a_comment_may_be_in_an_old_encoding(tmp_path):
    text = header([*BLANK[:31], row([1] * 7) + " // 5c \u00a5"])
    (tmp_path / "a.h").write_bytes(text.encode("latin-1"))
    assert read_fonts(tmp_path / "a.h")["font"].pixels.sum() == 7
    (tmp_path / "a.h").write_bytes(text.replace("// 5c", "").encode("latin-1"))
    with pytest.raises(FontError, match="'\u00a5' is not part of an array"):
        read_fonts(tmp_path / "a.h")
