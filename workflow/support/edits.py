"""Files that are edited and put back while a run is at work: what read them is computed again.

What a job reads is recorded as it stood when the run began. An edit that stays is seen by that; one
that is undone (``git stash`` and ``pop``) leaves no trace but the time of the change.
"""

from __future__ import annotations

import json
import os
import shlex
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from support.by_content import file_digest, known_digest
from support.code_digest import local_modules
from support.internals import RECORDS
from support.records import record_files

SECONDS = 1.0
"""Between two looks at the files."""

Windows = Mapping[Path, tuple[float, float]]
"""From when to when (seconds since 1970) a file may have had another content."""


def _changed(path: Path) -> int | None:
    """When a file was written, moved here or given other rights; None where there is none."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return None


class Watch(threading.Thread):
    """Notes when files change, from now until ``end``."""

    def __init__(self, files: Iterable[Path], seconds: float = SECONDS) -> None:
        super().__init__(daemon=True)
        self._seconds = seconds
        self._over = threading.Event()
        self._looked = time.time()
        self._changed = {path: _changed(path) for path in files}
        self._digests = {path: known_digest(str(path)) for path in self._changed}
        self._seen: dict[Path, list[float]] = {}  # the look before, then each that saw a change

    def run(self) -> None:
        """Look at the files from time to time."""
        took = 0.0
        while not self._over.wait(max(self._seconds, 50 * took)):  # of 100,000 files seldom
            self._look()
            took = time.time() - self._looked

    def _look(self) -> None:
        now = time.time()
        for path, before in self._changed.items():
            changed = _changed(path)
            if changed != before:
                self._changed[path] = changed
                self._seen.setdefault(path, [self._looked]).append(now)
        self._looked = now

    def end(self) -> Windows:
        """Of files that were edited and are as before, or were edited again; the others aside."""
        self._over.set()
        if self.is_alive():
            self.join()
        self._look()
        return {
            path: (times[0], times[-1])
            for path, times in self._seen.items()
            if len(times) > 2 or file_digest(path) == self._digests[path]
        }


def forget(
    windows: Windows, folders: tuple[Path, ...], records: Path = RECORDS
) -> list[tuple[Path, int]]:
    """Remove the records of outputs whose jobs of this run may have read another content.

    A result without a record is computed again. Before ``records.normalize``, which takes the
    times of jobs.

    folders : of the project's own modules, that of the scripts first
    Returns files with how many outputs each has cost their records.
    """
    found: dict[Path, int] = {}
    for path in record_files(records) if windows else ():
        try:
            record = json.loads(path.read_bytes())
            begun, ended = record["starttime"], record["endtime"]
        except (ValueError, KeyError, TypeError):
            continue
        if not ended:  # of an earlier run
            continue
        for file, (first, last) in windows.items():
            if begun <= last and first <= ended and _may_have_read(record, file, folders):
                path.unlink()
                found[file] = found.get(file, 0) + 1
                break
    return list(found.items())


def _may_have_read(record: Mapping[str, Any], file: Path, folders: tuple[Path, ...]) -> bool:
    """Whether a file is an input of a job, on its command line, or of the code that it runs."""
    command = record.get("shellcmd") or ""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    known = [Path(os.path.abspath(word)) for word in (*record.get("input", ()), *words)]
    path, homes = Path(os.path.abspath(file)), tuple(folder.absolute() for folder in folders)
    scripts = [word for word in known if word.suffix == ".py" and word.is_relative_to(homes[0])]
    if path in known:
        return True
    if path.suffix != ".py":  # data beside the code is anybody's
        return bool(scripts) and any(path.is_relative_to(home) for home in homes)
    return any(path in local_modules(script, homes) for script in scripts if script.is_file())
