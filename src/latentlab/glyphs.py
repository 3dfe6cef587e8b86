"""What can be written in a figure: the characters that the figures' font has."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from latentlab import arithmetic


@cache
def _known() -> frozenset[int]:
    with arithmetic.apart():  # here: only names beyond ASCII need it
        import matplotlib
        from matplotlib.ft2font import FT2Font

    folder = Path(matplotlib.get_data_path()) / "fonts/ttf"
    plain, bold = (FT2Font(str(folder / f"{name}.ttf")).get_charmap() for name in _FILES)
    return frozenset(map(int, plain)) & frozenset(map(int, bold))


_FILES = ("DejaVuSans", "DejaVuSans-Bold")  # Matplotlib's own, as in ``style``


def drawable(text: str) -> bool:
    """Whether a figure can show all characters of a text: none is a box or a line's end."""
    return text.isprintable() and (text.isascii() or _known().issuperset(map(ord, text)))


def left_to_right(text: str) -> str:
    """A text that begins with a user's name, read from the left even where that is Hebrew."""
    is_turned = any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    return "\N{LEFT-TO-RIGHT MARK}" * is_turned + text
