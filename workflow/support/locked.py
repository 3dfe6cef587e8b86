"""Whether the packages that run are those of ``requirements.lock``, which the digests cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

_PIN = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*(.*?))?\s*\\?$", re.MULTILINE
)
_SHOWN = 3


def entries(lock: Path) -> list[tuple[str, str, str]]:
    """Name, version and marker, empty where there is none, of each package of a lock file."""
    return _PIN.findall(lock.read_text(encoding="utf-8"))


def pins(lock: Path) -> Iterator[tuple[str, str]]:
    """Name and version of each package that a lock file has for this machine and Python."""
    for name, version, marker in entries(lock):
        if marker:
            from packaging.markers import Marker  # here: most pins have none

            if not Marker(marker).evaluate():
                continue
        yield name, version


def refusal(lock: Path) -> str | None:
    """The line where packages have other versions than in the lock, or there is none; else None.

    What it computes would be recorded as results of the lock. What is not installed at all is
    left to the step that needs it.
    """
    if not lock.is_file():
        return f"{lock}: not there: which packages compute is part of what results are made of"
    differences: dict[str, str] = {}
    for package in metadata.distributions():
        if name := package.metadata["Name"]:
            differences.setdefault(re.sub(r"[-_.]+", "-", name).lower(), package.version)
    other = [
        f"{name} {differences[name]} (not {version})"
        for name, version in pins(lock)
        if name in differences and differences[name] != version
    ]
    if not other:
        return None
    text = ", ".join(other[:_SHOWN]) + (", ..." if len(other) > _SHOWN else "")
    return (
        f"{len(other)} installed packages are not those of requirements.lock: {text};"
        " install them: pip install --require-hashes -r requirements.lock"
    )
