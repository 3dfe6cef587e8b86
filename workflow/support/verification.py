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
committed 95 % interval. Figures without an interval (the best start, counts) are not judged."""


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
    made = outputs(now)
    return sorted(p for p in before if p in after and before[p] != after[p] and p not in made)


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


@dataclass(frozen=True)
class Difference:
    """A metric that is not what is committed: None where it is missing on one side."""

    metric: str
    committed: float | None
    now: float | None
    agrees: bool | None  # None: not judged

    @property
    def share(self) -> float:
        """The relative difference; infinite where one side is missing."""
        if self.committed is None or self.now is None:
            return math.inf
        largest = max(abs(self.committed), abs(self.now))
        return abs(self.committed - self.now) / largest if largest else 0.0


def numbers(content: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of nested metrics, by its dotted path."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from numbers(value, f"{path}.{key}" if path else str(key))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield path, float(content)


def compare(committed: Any, now: Any) -> list[Difference]:
    """The metrics that differ, in the order of the committed ones."""
    before, after = dict(numbers(committed)), dict(numbers(now))
    found = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        interval = before.get(f"{name}_low"), before.get(f"{name}_high")
        difference = Difference(name, old, new, False)
        if old is not None and new is not None:
            agrees: bool | None = None
            if interval[0] is not None and interval[1] is not None:
                agrees = difference.share <= TOLERANCE or interval[0] <= new <= interval[1]
            difference = Difference(name, old, new, agrees)
        found.append(difference)
    return found


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
