"""Files that are edited while a run is at work: what may have read the edit is computed again.

What a job reads is recorded as it stood when the run began. An edit that stays is seen by that; one
that is undone, then or later (``git stash`` and ``pop``), leaves no trace but the time of a change.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from support.by_content import file_digest
from support.code_digest import is_code, local_modules, same_code
from support.internals import RECORDS, output_of
from support.records import record_files

SECONDS = 1.0
"""Between two looks at the files."""

Windows = Mapping[Path, tuple[float, float]]
"""From when to when (seconds since 1970) a file may have had another content."""


def _state(path: Path) -> tuple[int, ...]:
    """What is another after a file was written, moved here, linked or given other rights."""
    try:
        there, link = path.stat(), path.lstat()
    except OSError:
        return ()
    return there.st_ino, there.st_ctime_ns, link.st_ctime_ns


def _content(path: Path) -> bytes | None:
    """A module as it is, of another file the digest; None where there is none."""
    try:
        return path.read_bytes() if path.suffix == ".py" else file_digest(path).encode() or None
    except FileNotFoundError:
        return None
    except OSError:
        return b"cannot be read"


class Watch(threading.Thread):
    """Notes when files change: from now on at ``end``, once started from time to time.

    folders : of code; what is added to them, and folders that are moved away and back, count too
    """

    def __init__(self, folders: Iterable[Path], seconds: float = SECONDS) -> None:
        super().__init__(daemon=True)
        self._seconds = seconds
        self._over = threading.Event()
        self._looked = time.time()
        self._here = Path.cwd()  # whoever leads the process elsewhere for a moment edits nothing
        self._states: dict[Path, tuple[int, ...]] = {}
        self._contents: dict[Path, bytes | None] = {}
        self._folders: dict[Path, tuple[int, int]] = {}  # changed, of that its entries
        self._seen: dict[Path, list[float]] = {}  # the look before, then each that saw a change
        for folder in folders:
            self.add(self._files_in(folder))

    def add(self, files: Iterable[Path]) -> None:
        """Watch these files too."""
        for path in files:
            if path not in self._states:
                self._states[path] = _state(path)
                self._contents[path] = _content(path)

    def _files_in(self, folder: Path) -> Iterator[Path]:
        """The files of code below a folder; from now on it and those in it are known."""
        try:
            status = folder.stat()
            entries = sorted(folder.iterdir())
        except OSError:
            return
        self._folders[folder] = status.st_ctime_ns, status.st_mtime_ns
        for path in entries:
            if path.is_dir():
                if path.name != "__pycache__" and not path.name.startswith("."):
                    yield from self._files_in(path)
            elif is_code(path):
                yield path

    def run(self) -> None:
        """Look at the files from time to time."""
        took = 0.0
        while not self._over.wait(max(self._seconds, 20 * took)):  # of 100,000 files seldom
            began = time.time()
            self._look()
            took = time.time() - began

    def _look(self) -> None:
        began = time.time()
        changed = set()
        for folder, (moved, filled) in list(self._folders.items()):
            try:
                status = (self._here / folder).stat()
            except OSError:
                continue  # its files are gone too
            if status.st_mtime_ns != filled:
                for path in self._files_in(folder):
                    if path not in self._states:
                        self._states[path], self._contents[path] = (), None  # as it was before
            elif status.st_ctime_ns != moved:  # not of an entry: of itself, with all below
                changed |= {path for path in self._states if path.is_relative_to(folder)}
            self._folders[folder] = status.st_ctime_ns, status.st_mtime_ns
        for path, before in self._states.items():
            state = _state(self._here / path)
            if state != before:
                self._states[path] = state
                changed.add(path)
        now = time.time()
        for path in changed:
            self._seen.setdefault(path, [self._looked]).append(now)
        self._looked = began

    def end(self) -> Windows:
        """Of files that were edited; without an end where what stands there is another still."""
        self._over.set()
        if self.is_alive():
            self.join()
        self._look()
        return {
            path: (times[0], times[-1] if self._is_as_before(path) else math.inf)
            for path, times in self._seen.items()
        }

    def _is_as_before(self, path: Path) -> bool:
        before, now = self._contents[path], _content(path)
        if before is None or now is None or path.suffix != ".py":
            return before == now
        return same_code(before, now)

    def is_new(self, path: Path) -> bool:
        """Whether a file was not there when the watch began."""
        return self._contents[path] is None


def forget(
    windows: Windows,
    folders: Iterable[Path],
    new: Iterable[Path] = (),
    records: Path = RECORDS,
) -> list[tuple[Path, int]]:
    """Remove the records of outputs whose jobs of this run may have read another content.

    A result without a record is computed again. Of one that is no longer there (a part that was
    joined) go the records of what was made from it. Before ``records.normalize``, which takes the
    times of jobs.

    folders : of the project's own modules, that of the scripts first
    new : of the files those that were not there before: any import may have found them
    Returns files with how many outputs each has cost their records.
    """
    if not windows:
        return []
    homes, new = tuple(Path(os.path.abspath(folder)) for folder in folders), set(new)
    inputs: dict[Path, set[str]] = {}
    lost: dict[str, Path] = {}  # outputs by the file that cost them
    for path in record_files(records):
        try:
            record = json.loads(path.read_bytes())
            begun, ended = record["starttime"], record["endtime"]
        except (ValueError, KeyError, TypeError):
            continue
        inputs[path] = {os.path.normpath(name) for name in record.get("input") or ()}
        if not ended:  # of an earlier run
            continue
        in_time = [f for f, (first, last) in windows.items() if begun <= last and first <= ended]
        named = _named(record) if in_time else set()
        for file in in_time:
            if _may_have_read(named, file, homes, file in new):
                lost[os.path.normpath(output_of(path, records))] = file
                path.unlink()
                del inputs[path]
                break
    found = dict.fromkeys(lost.values(), 0)
    for file in lost.values():
        found[file] += 1
    while gone := {name: file for name, file in lost.items() if not os.path.lexists(name)}:
        lost = {}
        for path, names in list(inputs.items()):
            for name in names & gone.keys():
                lost[os.path.normpath(output_of(path, records))] = gone[name]
                path.unlink()
                del inputs[path]
                found[gone[name]] += 1
                break
    return list(found.items())


def _named(record: Mapping[str, Any]) -> set[Path]:
    """The inputs of a job, and whatever stands on its command line, as paths."""
    command = record.get("shellcmd") or ""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    return {Path(os.path.abspath(word)) for word in (*(record.get("input") or ()), *words)}


def _may_have_read(named: set[Path], file: Path, homes: tuple[Path, ...], is_new: bool) -> bool:
    """Whether a job that names these files may have read another: itself, or by what it runs."""
    path = Path(os.path.abspath(file))
    if path in named:
        return True
    scripts = [word for word in named if word.suffix == ".py" and word.is_relative_to(homes[0])]
    if is_new or path.suffix != ".py":  # data beside the code is anybody's
        return bool(scripts) and any(path.is_relative_to(home) for home in homes)
    return any(path in _modules(script, homes) for script in scripts)


@cache
def _modules(script: Path, homes: tuple[Path, ...]) -> frozenset[Path]:
    try:
        return frozenset(local_modules(script, homes))
    except (OSError, SyntaxError):  # what it imports is not known
        return frozenset()
