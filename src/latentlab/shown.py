"""Of many, what figures and pages show: the tables hold all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

CELLS = 48
"""At most so many cells have figures, places in a page, rows in a figure: what a person looks at.

A page of more would be a hundred megabytes, and a picture higher than PNG and WebP allow.
"""
PANELS = 12
"""At most so many panels or strips of letters in a figure."""
ROWS = 400
"""At most so many rows of a table in a page."""


def spaced(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly spaced, in order; the first and the last among them.

    Raises ValueError for fewer than 2 of more.
    """
    if len(items) <= most:
        return list(items)
    if most < 2:
        raise ValueError(f"{most} given, allowed: at least 2, the first and the last")
    last = len(items) - 1
    return [items[round(i * last / (most - 1))] for i in range(most)]
