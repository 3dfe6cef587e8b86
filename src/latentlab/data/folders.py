"""A user's own images, and the files of MNIST's layout: IDX, NPZ, folders of PNG."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import math
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from latentlab.aliases import Bytes
from latentlab.data.images import FIELDS, DataError, Images, assembled
from latentlab.files import arrays

IDX_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
"""The four files of a data set in the layout of MNIST, by field of ``Images``."""


_MAX_BYTES = 2**30  # of one IDX file, decompressed; MNIST's largest has 47 MB


_MAX_INFLATION = 1032  # deflate cannot expand a byte into more


def read_idx(path: str | Path, dimensions: int, max_bytes: int = _MAX_BYTES) -> Bytes:
    """The unsigned bytes (dimensions, ...) of an IDX file, gzip or plain.

    The format: two zero bytes, the type (0x08), the number of dimensions, each dimension as a
    big-endian unsigned 32-bit number, then the data, row-major. The size is checked against
    ``max_bytes`` and against what the file can hold before anything is allocated or unpacked.
    Raises FileNotFoundError, or DataError with the file and the reason.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            size = os.fstat(raw.fileno()).st_size
            packed = raw.read(2) == b"\x1f\x8b"  # an IDX file begins with two zeros
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as stream:
                    limit = min(max_bytes, size * _MAX_INFLATION)
                    return _parse_idx(cast(BinaryIO, stream), dimensions, limit)
            return _parse_idx(raw, dimensions, min(max_bytes, size))
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: {error}") from error


def _parse_idx(stream: BinaryIO, dimensions: int, limit: int) -> Bytes:
    magic = stream.read(4)
    expected = bytes((0, 0, 8, dimensions))
    if magic != expected:
        raise ValueError(f"0x{expected.hex()} expected at its beginning, 0x{magic.hex()} found")
    header = stream.read(4 * dimensions)
    if len(header) != 4 * dimensions:
        raise ValueError("ends within its header")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    size = math.prod(shape)  # Python's integers: no overflow
    if size == 0 or size > limit:
        raise ValueError(f"its header claims {size} bytes {shape}, 1 to {limit} are possible")
    data = np.empty(size, np.uint8)
    count = _fill(stream, data)
    if count < size:
        raise ValueError(f"{size} bytes {shape} expected, {count} found")
    if stream.read(1):
        raise ValueError(f"more than the {size} bytes {shape} expected")
    return data.reshape(shape)


def _fill(stream: BinaryIO, data: Bytes) -> int:
    """Read into ``data`` until it is full or the stream ends; return the bytes read."""
    view, total = data.data, 0
    while total < len(view):
        count = stream.readinto(view[total : total + 2**20])  # type: ignore[attr-defined]
        if not count:
            break
        total += count
    return total


def load_idx_folder(folder: str | Path) -> Images:
    """The image set of a folder with the four files of ``IDX_FILES``, gzip or plain (no .gz).

    Raises FileNotFoundError naming a missing file, ValueError where one cannot be used.
    """
    folder = Path(folder)
    parts = {
        name: read_idx(path, dimensions=3 if "images" in name else 1)
        for name, path in _idx_files(folder).items()
    }
    return assembled(folder, parts)


def _idx_files(folder: Path) -> dict[str, Path]:
    """The four files that are read, by field of ``Images``."""
    return {name: _present(folder, file) for name, file in IDX_FILES.items()}


def _present(folder: Path, file: str) -> Path:
    for path in (folder / file, folder / file.removesuffix(".gz")):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{folder / file}: no such file, nor without .gz")


def load_npz(path: str | Path) -> Images:
    """A user's own image set: one ``.npz`` with the four arrays that ``Images`` names.

    Images are uint8; labels may have any integer type with values from 0 to 255.
    Raises FileNotFoundError, or StudyError (DataError where the file as such can be read) with the
    file and the reason.
    """
    path = Path(path)
    parts = arrays.load_npz(path)
    missing = [name for name in FIELDS if name not in parts]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}")
    return assembled(path, {name: _narrow(parts[name]) for name in FIELDS})


def load_folder(path: str | Path, classes: Sequence[str], test_every: int | None) -> Images:
    """A user's own image set, in whichever of these forms lies at ``path``.

    an ``.npz`` file : see ``load_npz``
    a folder with the four files of ``IDX_FILES`` : see ``load_idx_folder``
    a folder of PNG files : see ``load_png_folder``, for which the last two arguments are

    classes : names of the labels 0, 1, ...; every label must have one
    Raises FileNotFoundError, or DataError with the file and the reason.
    """
    path = Path(path)
    match _form(path):
        case "npz":
            images = load_npz(path)
        case "idx":
            images = load_idx_folder(path)
        case _:
            images = load_png_folder(path, classes, test_every)
    highest = int(max(images.train_labels.max(), images.test_labels.max()))
    if highest >= len(classes):
        raise DataError(f"{path}: has a label {highest}, but {len(classes)} class names are given")
    return images


def _form(path: Path) -> str:
    """What lies at a path: "npz", "idx" or "png". Raises FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.is_file():
        return "npz"
    names = [name for file in IDX_FILES.values() for name in (file, file.removesuffix(".gz"))]
    return "idx" if any((path / name).exists() for name in names) else "png"


def load_png_folder(
    folder: str | Path, classes: Sequence[str], test_every: int | None, max_bytes: int = _MAX_BYTES
) -> Images:
    """The image set of PNG files in one folder a class, named like the class.

    Either ``train/<class>/*.png`` and ``test/<class>/*.png``, or ``<class>/*.png``; then, in the
    order of the file names, every ``test_every``-th image of each class is a test image. Colors
    become gray (ITU-R 601), transparency is ignored, deeper than 8 bits is refused. All images
    have one size; the whole is checked against ``max_bytes`` before anything is decoded.
    Links are followed. What is hidden (its name begins with a dot) is passed over, as are files
    of other kinds; folders that are of no class are refused.
    Raises FileNotFoundError, or DataError with the file or folder and the reason.
    """
    folder = Path(folder)
    train, test = _png_parts(folder, classes, test_every)
    size = _png_size(train[0][0])
    total = (len(train) + len(test)) * math.prod(size)
    if total > max_bytes:
        raise DataError(f"{folder}: {total} pixels in all, {max_bytes} are possible")
    parts = {}
    for name, items in (("train", train), ("test", test)):
        pixels = np.empty((len(items), *size), np.uint8)
        for row, (file, _) in zip(pixels, items, strict=True):
            row[:] = _read_png(file, size)
        parts[f"{name}_images"] = pixels
        parts[f"{name}_labels"] = np.array([label for _, label in items], np.uint8)
    return assembled(folder, parts)


def _png_parts(
    folder: Path, classes: Sequence[str], test_every: int | None
) -> tuple[list[tuple[Path, int]], list[tuple[Path, int]]]:
    """The PNG files of the training and of the test images with their labels, in their order."""
    train: list[tuple[Path, int]] = []
    test: list[tuple[Path, int]] = []
    if (folder / "train").is_dir() and "train" not in classes:
        train, test = (_png_files(folder / part, classes) for part in ("train", "test"))
    elif test_every is None:
        raise DataError(f"{folder}: without train and test folders it needs test_every")
    else:
        for label, files in itertools.groupby(_png_files(folder, classes), lambda item: item[1]):
            for place, (file, _) in enumerate(files, start=1):
                (train if place % test_every else test).append((file, label))
    if not train or not test:
        raise DataError(f"{folder}: {len(train)} training and {len(test)} test images")
    return train, test


def _png_files(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """All PNG files of a folder with their labels, by class, then by name."""
    folders = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    # tools leave hidden folders and files where they work (.git, ._1.png of macOS): no images
    names = {path.name for path in folders if path.name in classes or not _hidden(path)}
    if missing := sorted(set(classes) - names):
        raise DataError(f"{folder}: a folder {missing[0]} is missing")
    if unknown := sorted(names - set(classes)):
        raise DataError(f"{folder}: a folder {unknown[0]} is not among the class names given")
    items = [
        (file, label)
        for label, name in enumerate(classes)
        for file in sorted((folder / name).iterdir())
        if file.suffix.lower() == ".png" and not _hidden(file)
    ]
    for file, _ in items:
        if not file.is_file():  # a folder, a link to nothing; a pipe would be waited for
            raise _unreadable(file)
    return items


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _unreadable(path: Path) -> DataError:
    return DataError(f"{path}: not a readable PNG file")


def _open_png(path: Path) -> Any:
    """A PNG file, its header read, its pixels not."""
    from PIL import Image  # here: only this source needs it

    try:
        return Image.open(path, formats=["PNG"])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path) from error


def _png_size(path: Path) -> tuple[int, int]:
    with _open_png(path) as image:
        return image.height, image.width


def _read_png(path: Path, size: tuple[int, int]) -> Bytes:
    with _open_png(path) as image:
        if (image.height, image.width) != size:
            raise DataError(
                f"{path}: {image.height} x {image.width} pixels (height, width), the first image"
                f" has {size[0]} x {size[1]}"
            )
        if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
            raise DataError(f"{path}: at most 8 bits a channel expected, mode {image.mode} found")
        try:
            return np.asarray(image.convert("L"))
        except (OSError, SyntaxError, ValueError, zlib.error) as error:
            raise DataError(f"{path}: not a readable PNG file: {error}") from error


def source_files(path: str | Path, classes: Sequence[str], test_every: int | None) -> list[Path]:
    """The files that ``load_folder`` reads, given the same arguments, in its order.

    Paths are seen through links as the reader sees them. Raises what it raises where it cannot
    tell which files to read.
    """
    return [file for _, file in _sources(Path(path), classes, test_every)]


def _sources(path: Path, classes: Sequence[str], test_every: int | None) -> list[tuple[str, Path]]:
    """The same with what each file is read as: "npz", a field of ``Images``, part and label."""
    match _form(path):
        case "npz":
            return [("npz", path)]
        case "idx":
            return list(_idx_files(path).items())
    parts = zip(("train", "test"), _png_parts(path, classes, test_every), strict=True)
    return [(f"{part} {label}", file) for part, items in parts for file, label in items]


def digest(path: str | Path, classes: Sequence[str], test_every: int | None) -> str:
    """SHA-256 over names and contents of the ``source_files``, and over what each is read as.

    By it a workflow notices that a user's own images have changed, whatever their times say and
    through whatever links they are found; no other file has an influence.
    Raises what ``load_folder`` raises where a file cannot be found or read.
    """
    path, total = Path(path), hashlib.sha256()
    for role, file in _sources(path, classes, test_every):
        # a name may be no text: its bytes as the file system has them
        total.update(role.encode() + b"\0" + os.fsencode(file.relative_to(path)) + b"\0")
        total.update(_content_digest(role, file))
    return total.hexdigest()


def _content_digest(role: str, file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        if role in ("npz", *IDX_FILES):
            raise
        raise _unreadable(file) from error


def _narrow(array: np.ndarray) -> np.ndarray:
    """Label-like integers as uint8 where that loses nothing; anything else as it is."""
    if array.ndim == 1 and array.dtype.kind in "iu" and np.all((array >= 0) & (array <= 255)):
        return array.astype(np.uint8)
    return array
