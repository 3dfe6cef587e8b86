"""Arrays on disk: ``.npz`` files whose bytes depend on their content alone.

``numpy.savez`` writes arrays in the caller's order, so two equal results may differ in bytes. Here
names are sorted, and dates are fixed whatever NumPy does. Every file is written under a temporary
name and renamed, so that a reader never sees half of one.
"""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from latentlab import StudyError

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file can hold
_LIMIT = 4 * 2**30  # bytes; far above any result or data set of this study
DAMAGED = (
    ValueError,
    SyntaxError,  # the header of an array is a Python literal
    tokenize.TokenError,
    OSError,
    EOFError,
    MemoryError,
    OverflowError,  # more elements than 64 bits count
    NotImplementedError,  # a compression unknown to zipfile
    RuntimeError,  # an encrypted entry
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block succeeds.

    The name holds the process id, so that two processes never share one; missing folders are
    made. When the block raises, the temporary file is removed and ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_npz(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays (...) as an uncompressed ``.npz`` that ``numpy.load`` reads.

    Names may hold slashes ('encoder/dense_0/kernel'). Equal arrays give equal bytes.
    Raises ValueError for an array of Python objects.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", _DATE)
            entry.create_system = 3  # Unix wherever it is written
            entry.external_attr = 0o644 << 16
            array = np.asarray(arrays[name], order="C")
            entry.file_size = array.nbytes  # ZIP64 only beyond 2 GiB: Python before
            # 3.11.4 writes other bytes for it
            with archive.open(entry, "w") as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def load_npz(path: str | Path, limit: int = _LIMIT) -> dict[str, np.ndarray]:
    """All arrays (...) of an ``.npz`` file by name; nothing in it is ever unpickled.

    limit : bytes that the arrays may take once unpacked
    Raises FileNotFoundError, or StudyError, a ValueError, with the file and the reason when it is
    no ``.npz``, is damaged, holds Python objects or is too large.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > limit:
            raise ValueError(f"{size} bytes unpacked, at most {limit} are read")
        with np.load(path, allow_pickle=False) as stored:
            return {name: _array(stored[name]) for name in stored.files}
    except FileNotFoundError:
        raise
    except DAMAGED as error:
        raise StudyError(f"{path}: not a readable .npz file: {error}") from error


def _array(value: object) -> np.ndarray:
    # an entry that is no .npy file comes back from NumPy as raw bytes
    if not isinstance(value, np.ndarray):
        raise ValueError("an entry is no array")
    return value
