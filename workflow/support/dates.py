"""Files dated in the future, by a clock that was ahead or an archive that keeps dates.

Dates decide nothing here, but where an input is dated after the output, Snakemake runs the job to
its end and then deletes what it made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable


class FutureError(OSError):
    """A file dated in the future whose date cannot be set: one line."""


def set_to_now(paths: Iterable[str]) -> str | None:
    """Date files that lie in the future now; a line that says so, None where there are none.

    Paths that are not there are passed over. Raises FutureError.
    """
    now, files = time.time(), []
    for path in sorted(set(paths)):
        try:
            if os.stat(path).st_mtime <= now:
                continue
        except OSError:
            continue
        try:
            os.utime(path)
        except OSError as error:
            raise FutureError(
                f"{path}: dated in the future, and cannot be dated now ({error.strerror}): whatever"
                " is made from it would be taken for older; 'touch' it as its owner"
            ) from None
        files.append(path)
    if not files:
        return None
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return (
        f"{files[0]}{more} dated in the future: now dated today; no date decides what is computed"
    )
