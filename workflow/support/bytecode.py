"""Compiled modules that Python checks by the content of their source, not by its time.

Python takes a compiled module for that of a source with the same second of change and the same
size. An edit that keeps both, as a restored file may, would run the old code under the digest of
the new one.
"""

from __future__ import annotations

import importlib.util
import py_compile
from collections.abc import Iterable
from pathlib import Path

_CHECKED_HASH = 0b11  # the flags of such a file, behind its magic number (PEP 552)


def _is_checked(compiled: Path) -> bool:
    try:
        with compiled.open("rb") as stream:
            head = stream.read(8)
    except OSError:
        return False
    return head == importlib.util.MAGIC_NUMBER + _CHECKED_HASH.to_bytes(4, "little")


def check_by_content(folders: Iterable[Path]) -> None:
    """Compile every module below the folders so; those that are need no more: Python renews them.

    Where nothing can be written, or a module has an error, all stays as it is.
    """
    for source in (path for folder in folders for path in folder.rglob("*.py")):
        if not _is_checked(Path(importlib.util.cache_from_source(str(source)))):
            try:
                mode = py_compile.PycInvalidationMode.CHECKED_HASH
                py_compile.compile(str(source), doraise=True, invalidation_mode=mode)
            except (OSError, py_compile.PyCompileError):
                pass
