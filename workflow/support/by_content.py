"""Files named by their content, and digests of files: what is compared instead of times."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

SETTINGS = Path(".cache/settings")


def canonical(value: Any) -> str:
    """JSON that is equal when, and only when, the value is, and its keys stand in the same order.

    Names are told in the order of the file of parameters. That of knobs is whatever reads them's,
    which gives them one. Snakemake compares a dict as a set of values: swapping two goes unnoticed.
    """
    return json.dumps(value, separators=(",", ":"))


def by_file(value: Any, folder: Path = SETTINGS) -> str:
    """The path of a file that holds the value as canonical JSON; it is made unless it is there.

    A command line has an end (128 KiB for what a shell is given), settings of many cells have
    none. The name is a digest of the content: another value has another path, which is all
    that Snakemake needs to compare, and nobody overwrites what a job at work will read.
    """
    text = canonical(value).encode()
    path = folder / f"{hashlib.sha256(text).hexdigest()[:32]}.json"
    if not path.is_file() or path.read_bytes() != text:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{path.name}.{os.getpid()}.tmp"
        temporary.write_bytes(text)
        temporary.replace(path)
    return path.as_posix()


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits; "" where there is none."""
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def text_digest(text: str) -> str:
    """Digest, 16 hexadecimal digits, of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _known_digest(path: str) -> str:
    return file_digest(path)


def files_digest(paths: Iterable[str]) -> str:
    """Digest, 16 hexadecimal digits, of the contents of files, in their order.

    Read once a process: what a run records is what stood there when it began, so that an edit
    while it is at work is seen afterwards.
    """
    return text_digest("".join(_known_digest(path) for path in paths))
