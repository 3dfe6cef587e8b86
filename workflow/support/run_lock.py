"""Locks that die with their process: one run at a time, and one that compiles.

Snakemake's own lock outlives a killed run and must be removed by hand; the kernel's does
not. It is taken by the main process of every run, whether started by hand or by DVC.

Some file systems of clusters have no such locks. There the lock lies in the machine's own
temporary folder, under a name made of the path and the user: it keeps this user's processes on
this machine apart, and no others.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# of flock: ENOLCK by an NFS server without locks, ENOSYS by Lustre mounted without them
_NONE_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
TEMPORARY = Path("/tmp")
"""The machine's own folder; not what TMPDIR says: a scheduler gives every job another one."""

_locks: list[Lock] = []  # open as long as the process lives: closing would unlock


class LockError(Exception):
    """The lock cannot be had: the message is one clear line."""


class RunningError(LockError):
    """Another run holds the lock."""


class _NoLocksError(Exception):
    """The file system has no locks."""


@dataclass(frozen=True)
class Lock:
    """A lock that is held until its file is closed.

    file : open, locked
    doubt : one line where it does not hold on other machines; else None
    """

    file: IO[str]
    doubt: str | None


def acquire(path: Path, wait: bool) -> Lock:
    """Take the lock on a file, which is made unless it is there.

    wait : for another process that holds it; else RunningError with that process's number
    Raises LockError where the file cannot be made or locked.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Lock(_locked(path, wait), None)
    except _NoLocksError:
        pass
    except OSError as error:
        raise LockError(f"{path}: no lock can be had: {error.strerror}") from None
    stand_in = _stand_in(path)
    try:
        file = _locked(stand_in, wait)
    except _NoLocksError:
        raise LockError(f"{path}: no lock can be had, nor in {stand_in.parent}") from None
    except OSError as error:
        raise LockError(f"{stand_in}: no lock can be had: {error.strerror}") from None
    doubt = (
        f"the file system of {path} has no locks: runs on this machine are kept apart"
        f" ({stand_in}); do not start another one on another machine"
    )
    return Lock(file, doubt)


def _locked(path: Path, wait: bool) -> IO[str]:
    """The open file once its lock is held. Raises RunningError, _NoLocksError, OSError."""
    file = _open(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise RunningError(
            f"another run of this study is at work here (process {owner}): wait for it or stop it"
        ) from None
    except OSError as error:
        file.close()
        if error.errno in _NONE_HERE:
            raise _NoLocksError from None
        raise
    if file.writable():
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    return file


def _open(path: Path) -> IO[str]:
    """The file, made unless it is there; for reading where it is another user's."""
    # no link: where everybody may write, it could lead to any file
    flags = os.O_CREAT | os.O_NOFOLLOW
    try:
        return os.fdopen(os.open(path, flags | os.O_RDWR, 0o666), "r+")
    except PermissionError:
        if not path.is_file():
            raise
        return os.fdopen(os.open(path, os.O_NOFOLLOW | os.O_RDONLY), "r")


def _stand_in(path: Path) -> Path:
    """The file in the machine's temporary folder that stands for a path, for this user."""
    name = hashlib.sha256(f"{path.resolve()}\0{os.getuid()}".encode("utf-8", "surrogateescape"))
    there = os.access(TEMPORARY, os.W_OK | os.X_OK)
    folder = TEMPORARY if there else Path(tempfile.gettempdir())
    return folder / f"study-{name.hexdigest()[:32]}.lock"


def unwritable(*folders: Path) -> str | None:
    """One line where a folder cannot be made or written, as every run must; else None."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            return f"{folder.absolute()}: a run writes here, and cannot: {error.strerror}"
    return None


def take(path: Path) -> str | None:
    """Take the lock of a run for the rest of this process's life; its ``doubt``.

    Raises RunningError when another run holds it, LockError when it cannot be had.
    """
    lock = acquire(path, wait=False)
    _locks.append(lock)
    return lock.doubt
