"""Ctrl-C: before the first job one line, no trace of what was imported; later every job's end."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import Any

import psutil


def _end(*_: Any) -> None:
    raise SystemExit("interrupted")


def in_one_line() -> None:
    """From now on Ctrl-C ends this process with a line, until ``as_usual``.

    Where it is ignored, as in the background, it stays so.
    """
    _replace(signal.default_int_handler, _end)


def as_usual() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt again."""
    _replace(_end, signal.default_int_handler)


def of_jobs_too() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, and ends what this process has started.

    A terminal tells the jobs as well. But one that was just being started heard nothing, as did one
    whose libraries lost the exception; Snakemake waits for both until they are done.
    """
    _replace(_end, _interrupt)


def _interrupt(*_: Any) -> None:
    if _ending.is_set():
        _end_children()  # who asks twice does not wait, nor may this process
    else:
        _ending.set()
        threading.Thread(target=_end_children_in_time, daemon=True).start()
    raise KeyboardInterrupt


_ending = threading.Event()
_told: set[psutil.Process] = set()
"""Who was asked to end, also those whose parent has ended since."""


def _end_children_in_time() -> None:
    while True:
        time.sleep(1)  # whoever heard it has time for its last words
        _end_children()


def _end_children() -> None:
    """Ask all to end; who was asked before and goes on is killed."""
    for child in {*_told, *psutil.Process().children(recursive=True)}:
        with contextlib.suppress(psutil.Error):
            child.kill() if child in _told else child.terminate()
        _told.add(child)


def _replace(before: Any, after: Any) -> None:
    # no other thread may set it, and none hears it
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGINT) is before:
        signal.signal(signal.SIGINT, after)
