"""Ctrl-C before the first job: one line, and no trace of whatever was imported just then."""

from __future__ import annotations

import signal
import threading
from typing import Any


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


def _replace(before: Any, after: Any) -> None:
    # no other thread may set it, and none hears it
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGINT) is before:
        signal.signal(signal.SIGINT, after)
