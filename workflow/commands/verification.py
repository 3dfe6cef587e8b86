"""Compare a study computed again with the committed one: bytes, then metrics within a tolerance.

What is committed stands in ``dvc.lock``, a digest an output, and in the metrics, which git holds.
Where a digest differs, the committed files are looked up in DVC's cache, if they are there.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOLERANCE = 0.01
"""A median or mean agrees when it is within this share of the committed one, or inside its
committed 95 % interval. Figures without an interval (the best start, counts) are not judged.
Texts, verdicts say, agree when they are equal."""


# ---------------------------------------------------------------- bytes


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def manifest(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder, by path; temporary files aside."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".tmp")
    return {path.relative_to(folder).as_posix(): _md5(path) for path in sorted(files)}


def digest(path: Path) -> str:
    """What ``dvc.lock`` has for this file or folder; "" where there is none."""
    if path.is_dir():
        entries = [{"md5": md5, "relpath": name} for name, md5 in sorted(manifest(path).items())]
        text = json.dumps(entries, sort_keys=True)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"
    return _md5(path) if path.exists() else ""


def outputs(lock: Mapping[str, Any]) -> dict[str, str]:
    """Digest of every output of every stage, by path, from the content of a ``dvc.lock``."""
    return {
        out["path"]: out["md5"]
        for stage in lock["stages"].values()
        for out in stage.get("outs", [])
    }


def changed_inputs(committed: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Dependencies that ``dvc.lock`` has with another digest: it is not of the committed code."""

    def inputs(lock: Mapping[str, Any]) -> dict[str, str]:
        stages = lock["stages"].values()
        return {dep["path"]: dep["md5"] for stage in stages for dep in stage.get("deps", [])}

    before, after = inputs(committed), inputs(now)
    products = outputs(now)
    return sorted(p for p in before if p in after and before[p] != after[p] and p not in products)


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Files of a folder that differ, that are new or that are gone, with which of these."""
    lines = []
    for name in sorted({*before, *after}):
        if name not in after:
            lines.append(f"{name} (missing)")
        elif name not in before:
            lines.append(f"{name} (new)")
        elif before[name] != after[name]:
            lines.append(name)
    return lines


def cached_manifest(cache: Path, md5: str) -> dict[str, str] | None:
    """The committed content of a folder, from DVC's cache; None where it is not there."""
    path = cache / "files" / "md5" / md5[:2] / md5[2:]
    if not path.is_file():
        return None
    return {entry["relpath"]: entry["md5"] for entry in json.loads(path.read_text())}


# ---------------------------------------------------------------- metrics


Leaf = float | str


@dataclass(frozen=True)
class Difference:
    """A metric that is not what is committed: None where it is missing on one side.

    low, high : its committed interval, where it has one
    """

    metric: str
    committed: Leaf | None
    now: Leaf | None
    low: Leaf | None = None
    high: Leaf | None = None

    @property
    def share(self) -> float:
        """The relative difference of two numbers; infinite of anything else."""
        if not (isinstance(self.committed, float) and isinstance(self.now, float)):
            return math.inf
        largest = max(abs(self.committed), abs(self.now))
        return abs(self.committed - self.now) / largest if largest else 0.0

    @property
    def agrees(self) -> bool | None:
        """Whether the two agree within the tolerance; None: numbers that are not judged."""
        if not (isinstance(self.committed, float) and isinstance(self.now, float)):
            return False
        if not (isinstance(self.low, float) and isinstance(self.high, float)):
            return None
        return self.share <= TOLERANCE or self.low <= self.now <= self.high

    def row(self) -> tuple[str, ...]:
        """Its cells in a table: committed, now, relative difference, agrees."""
        share = "-" if math.isinf(self.share) else f"{self.share:.2g}"
        agrees = {None: "not judged", True: "yes", False: "NO"}[self.agrees]
        return _leaf_text(self.committed), _leaf_text(self.now), share, agrees


def _leaf_text(leaf: Leaf | None) -> str:
    if leaf is None:
        return "missing"
    return leaf if isinstance(leaf, str) else f"{leaf:.6g}"


def leaves(content: Any, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every number and text of nested metrics, by its dotted path; anything else as JSON."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield path, float(content)
    else:
        yield path, content if isinstance(content, str) else json.dumps(content, sort_keys=True)


def compare(committed: Any, now: Any) -> list[Difference]:
    """The metrics that differ, in the order of the committed ones."""
    before, after = dict(leaves(committed)), dict(leaves(now))
    return [
        Difference(
            name,
            before.get(name),
            after.get(name),
            before.get(f"{name}_low"),
            before.get(f"{name}_high"),
        )
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


# ---------------------------------------------------------------- report


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    lines.insert(1, ["-" * width for width in widths])
    cells = (
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    )
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)
