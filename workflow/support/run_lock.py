"""One run at a time, by a lock that dies with its process.

Snakemake's own lock outlives a killed run and must be removed by hand; the kernel's does
not. It is taken by the main process of every run, whether started by hand or by DVC.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []  # open as long as the process lives: closing would unlock


class RunningError(Exception):
    """Another run holds the lock."""


def take(path: Path) -> None:
    """Take the lock for the rest of this process's life. Raises RunningError when it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise RunningError(
            f"another run of this study is at work here (process {owner}): wait for it or stop it"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _held.append(file)
