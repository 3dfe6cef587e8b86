"""Image data sets: unsigned bytes of any one image size, and the form in which jobs share them.

A file that cannot be used, and data that cannot be obtained, raise ``DataError`` with its name and
the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from latentlab import StudyError
from latentlab.aliases import Bytes
from latentlab.files import arrays


class DataError(StudyError):
    """A data set that was obtained but is not the one asked for, or was not obtained."""


@dataclass(frozen=True, eq=False)
class Images:
    """A labeled image set.

    train_images, test_images : uint8 (n, height, width), 0 to 255
    train_labels, test_labels : uint8 (n,)
    """

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes

    def __post_init__(self) -> None:
        """Raise ValueError naming the array whose type or shape does not fit."""
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            _check(f"{part}_images", images, "(n, height, width)", images.ndim == 3)
            _check(f"{part}_labels", labels, f"({len(images)},)", labels.shape == images.shape[:1])
        height, width = self.train_images.shape[1:]
        fits = self.test_images.shape[1:] == (height, width)
        _check("test_images", self.test_images, f"(n, {height}, {width})", fits)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image in pixels."""
        height, width = self.train_images.shape[1:]
        return height, width


def _check(name: str, array: np.ndarray, shape: str, fits: bool) -> None:
    if array.dtype != np.uint8 or not fits or array.size == 0:
        raise DataError(f"{name}: uint8 {shape} expected, {array.dtype} {array.shape} found")


def assembled(source: Path, parts: Mapping[str, np.ndarray]) -> Images:
    """The image set of the arrays in ``parts``, shapes as there.

    Raises DataError, naming the source, where they do not fit.
    """
    try:
        return Images(**parts)
    except ValueError as error:
        raise DataError(f"{source}: {error}") from error


FIELDS = tuple(field.name for field in fields(Images))
"""The names of the four arrays."""


def save(images: Images, folder: str | Path) -> None:
    """Write the four arrays as uncompressed ``.npy`` files, which ``load`` maps into memory."""
    for name in FIELDS:
        with arrays.replacing(Path(folder) / f"{name}.npy") as path, path.open("wb") as stream:
            np.save(stream, np.ascontiguousarray(getattr(images, name)), allow_pickle=False)


def load(folder: str | Path) -> Images:
    """The image set that ``save`` wrote, mapped into memory: nothing is read before it is used.

    Raises FileNotFoundError, or DataError with file or folder and reason.
    """
    folder = Path(folder)
    parts = {}
    for name in FIELDS:
        path = folder / f"{name}.npy"
        try:
            parts[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise
        except arrays.DAMAGED as error:
            raise DataError(f"{path}: not a readable .npy file: {error}") from error
    return assembled(folder, parts)
