"""Image data sets: download with known hashes, strict IDX parser, digits, decoded form.

Everywhere an image set is an ``Images``: unsigned bytes (0 black to 255 white) of any one image
size, split into training and test data. A file that cannot be used, and data that cannot be
obtained, raise ``DataError`` with its name and the reason.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import math
import os
import shutil
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

import numpy as np
import pooch
from numpy.typing import NDArray
from requests import exceptions as http
from urllib3.exceptions import NewConnectionError

from latentlab import StudyError, arrays

Bytes = NDArray[np.uint8]

IDX_FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
"""The four files of a data set in the layout of MNIST, by field of ``Images``."""

_MAX_BYTES = 2**30  # of one IDX file, decompressed; MNIST's largest has 47 MB
_MAX_INFLATION = 1032  # deflate cannot expand a byte into more
_CONNECT_SECONDS, _READ_SECONDS = 10, 30
_ATTEMPTS = 3  # per mirror, where a transfer breaks


class DataError(StudyError):
    """A data set that was obtained but is not the one asked for, or was not obtained."""


class Unreachable(DataError):
    """No mirror could be reached."""


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


# --- IDX files ---------------------------------------------------------------------------------


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
            held = os.fstat(raw.fileno()).st_size
            packed = raw.read(2) == b"\x1f\x8b"  # an IDX file begins with two zeros
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as stream:
                    limit = min(max_bytes, held * _MAX_INFLATION)
                    return _parse_idx(cast(BinaryIO, stream), dimensions, limit)
            return _parse_idx(raw, dimensions, min(max_bytes, held))
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
    found = _fill(stream, data)
    if found < size:
        raise ValueError(f"{size} bytes {shape} expected, {found} found")
    if stream.read(1):
        raise ValueError(f"more than the {size} bytes {shape} expected")
    return data.reshape(shape)


def _fill(stream: BinaryIO, data: Bytes) -> int:
    """Read into ``data`` until it is full or the stream ends; return the bytes read."""
    view, found = data.data, 0
    while found < len(view):
        count = stream.readinto(view[found : found + 2**20])  # type: ignore[attr-defined]
        if not count:
            break
        found += count
    return found


def load_idx_folder(folder: str | Path) -> Images:
    """The image set of a folder with the four files of ``IDX_FILES``, gzip or plain (no .gz).

    Raises FileNotFoundError naming a missing file, ValueError where one cannot be used.
    """
    folder = Path(folder)
    parts = {
        name: read_idx(path, dimensions=3 if "images" in name else 1)
        for name, path in _idx_files(folder).items()
    }
    return _images(folder, parts)


def _idx_files(folder: Path) -> dict[str, Path]:
    """The four files that are read, by field of ``Images``."""
    return {name: _present(folder, file) for name, file in IDX_FILES.items()}


def _present(folder: Path, file: str) -> Path:
    for path in (folder / file, folder / file.removesuffix(".gz")):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{folder / file}: no such file, nor without .gz")


def _images(source: Path, parts: Mapping[str, np.ndarray]) -> Images:
    try:
        return Images(**parts)
    except ValueError as error:
        raise DataError(f"{source}: {error}") from error


# --- the decoded form and a user's own data ----------------------------------------------------

_FIELDS = tuple(field.name for field in fields(Images))


def save(images: Images, folder: str | Path) -> None:
    """Write the four arrays as uncompressed ``.npy`` files, which ``load`` maps into memory."""
    for name in _FIELDS:
        with arrays.replacing(Path(folder) / f"{name}.npy") as path, path.open("wb") as stream:
            np.save(stream, np.ascontiguousarray(getattr(images, name)), allow_pickle=False)


def load(folder: str | Path) -> Images:
    """The image set that ``save`` wrote, mapped into memory: nothing is read before it is used.

    Raises FileNotFoundError, or DataError with file or folder and reason.
    """
    folder = Path(folder)
    parts = {}
    for name in _FIELDS:
        path = folder / f"{name}.npy"
        try:
            parts[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise
        except arrays.DAMAGED as error:
            raise DataError(f"{path}: not a readable .npy file: {error}") from error
    return _images(folder, parts)


def load_npz(path: str | Path) -> Images:
    """A user's own image set: one ``.npz`` with the four arrays that ``Images`` names.

    Images are uint8; labels may have any integer type with values from 0 to 255.
    Raises FileNotFoundError, or StudyError (DataError where the file as such can be read) with the
    file and the reason.
    """
    path = Path(path)
    parts = arrays.load_npz(path)
    missing = [name for name in _FIELDS if name not in parts]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}")
    return _images(path, {name: _narrowed(parts[name]) for name in _FIELDS})


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
    return _images(folder, parts)


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
    found = {path.name for path in folders if path.name in classes or not _hidden(path)}
    if missing := sorted(set(classes) - found):
        raise DataError(f"{folder}: a folder {missing[0]} is missing")
    if unknown := sorted(found - set(classes)):
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


def _opened(path: Path) -> Any:
    """A PNG file, its header read, its pixels not."""
    from PIL import Image  # here: only this source needs it

    try:
        return Image.open(path, formats=["PNG"])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path) from error


def _png_size(path: Path) -> tuple[int, int]:
    with _opened(path) as image:
        return image.height, image.width


def _read_png(path: Path, size: tuple[int, int]) -> Bytes:
    with _opened(path) as image:
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


def _narrowed(array: np.ndarray) -> np.ndarray:
    """Label-like integers as uint8 where that loses nothing; anything else as it is."""
    if array.ndim == 1 and array.dtype.kind in "iu" and np.all((array >= 0) & (array <= 255)):
        return array.astype(np.uint8)
    return array


# --- digits, without a network -----------------------------------------------------------------

_DIGITS_TEST = 500


def digits() -> Images:
    """The optical digits of scikit-learn (UCI, 8 x 8, 1,797 images) as 28 x 28 images.

    Resampled by bilinear interpolation between pixel centers, the border extended outwards:
    the center of row i lies at (i + 1/2) * 8/28 - 1/2 of the original, a multiple of 1/14, so
    the whole computation is in integers and the same on every machine; 0..16 becomes 0..255,
    rounded, halves up.

    500 test and 1,297 training images, in the original order: sorted by class, every 3.594th
    image is a test image, so that each class has its share within one image. Images of one
    writer are in both parts (the original does not say whose is which).
    """
    from sklearn.datasets import load_digits  # here: it takes a second, which only this pays

    small, labels = load_digits(return_X_y=True)
    weights, unit = _bilinear(8, 28)
    large = weights @ small.reshape(-1, 8, 8).astype(np.int64) @ weights.T
    full = 16 * unit**2
    images = ((large * 255 + full // 2) // full).astype(np.uint8)
    labels = labels.astype(np.uint8)
    places = (2 * np.arange(_DIGITS_TEST) + 1) * len(labels) // (2 * _DIGITS_TEST)
    test = np.zeros(len(labels), bool)
    test[np.argsort(labels, kind="stable")[places]] = True
    return Images(images[~test], labels[~test], images[test], labels[test])


def _bilinear(n_in: int, n_out: int) -> tuple[NDArray[np.int64], int]:
    """Weights (n_out, n_in) of the interpolation, integers, and the unit they sum to."""
    unit = 2 * n_out
    centers = (2 * np.arange(n_out) + 1) * n_in - n_out
    low, fraction = np.divmod(np.clip(centers, 0, (n_in - 1) * unit), unit)
    points = np.arange(n_in)
    lower = np.where(points == low[:, None], unit - fraction[:, None], 0)
    upper = np.where(points == low[:, None] + 1, fraction[:, None], 0)
    return lower + upper, unit


# --- download ----------------------------------------------------------------------------------


def fetch(
    name: str,
    source: str | None,
    mirrors: Sequence[str],
    sha256: Mapping[str, str],
    cache_dir: str | Path,
) -> dict[str, Path]:
    """Obtain the files of a data set into a folder; return their paths by file name.

    name : the data set, e.g. "mnist"
    source : a folder or URL laid out <data set>/<file> that is asked first, the value of the
        environment variable DATA_MIRROR; None or "" for none
    mirrors : URLs (or folders) that hold the files themselves, tried in turn
    sha256 : expected hash, hexadecimal, by file name
    cache_dir : where the files go; one that is there with the right hash is not fetched again

    A transfer that breaks is repeated; a mirror that cannot be reached, or lacks the file, is
    passed over. A file with another hash is an error at once: it says that the mirror, or the
    hash, is not what the reader believes, and no other mirror may hide that.
    Raises DataError for a wrong hash, Unreachable where no mirror is left; each one line.
    """
    places = [f"{source.rstrip('/')}/{name}"] if source else []
    places += [mirror.rstrip("/") for mirror in mirrors]
    dead: dict[str, str] = {}
    return {
        file: _obtain(name, file, digest.lower(), places, dead, Path(cache_dir) / file)
        for file, digest in sha256.items()
    }


class _Failure(Exception):
    """One place does not give the file; ``dead`` where it will not give any other either."""

    def __init__(self, reason: str, dead: bool = False) -> None:
        super().__init__(reason)
        self.dead = dead


def _obtain(
    name: str, file: str, digest: str, places: Sequence[str], dead: dict[str, str], target: Path
) -> Path:
    """One file from the first place that has it. ``dead`` places are skipped, and added to."""
    if target.exists() and pooch.file_hash(str(target)) == digest:
        return target
    reasons = []
    for place in places:
        if place in dead:
            reasons.append(f"{place} ({dead[place]})")
            continue
        try:
            with arrays.replacing(target) as temporary:
                _transfer(place, file, temporary)
                obtained = pooch.file_hash(str(temporary))
                if obtained != digest:
                    raise DataError(
                        f"{name}: {file} from {place} is not the file expected: "
                        f"sha256 {digest} expected, {obtained} obtained"
                    )
            return target
        except _Failure as failure:
            reasons.append(f"{place} ({failure})")
            if failure.dead:
                dead[place] = str(failure)
    raise Unreachable(
        f"{name}: {file} cannot be had from {', '.join(reasons) or 'anywhere, no mirror is given'}"
        f"; take {name} out of vae.datasets in params.yaml, or set DATA_MIRROR to a folder or URL "
        "laid out <dataset>/<file>"
    )


def _transfer(place: str, file: str, target: Path) -> None:
    """Copy or download one file; raises _Failure. Errors of the local disk pass through."""
    folder = _folder(place)
    if folder is not None:
        if not (folder / file).is_file():
            raise _Failure("no such file")
        shutil.copyfile(folder / file, target)
        return
    download = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=2**16,
        timeout=(_CONNECT_SECONDS, _READ_SECONDS),
    )
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # pooch itself is not asked (None): hash and retries are ours
            download(f"{place}/{file}", str(target), None)
            return
        except http.RequestException as error:
            reason, again, dead = _diagnosis(error)
            if not again or attempt == _ATTEMPTS:
                raise _Failure(reason, dead) from error
            time.sleep(0.5 * attempt)


def _folder(place: str) -> Path | None:
    """The folder that a place names, None where it is a URL to download from."""
    if place.startswith("file://"):
        return Path(unquote(urlsplit(place).path))
    return None if "://" in place else Path(place)


def _diagnosis(error: http.RequestException) -> tuple[str, bool, bool]:
    """Reason in a few words; whether to try again; whether the whole mirror is out of reach."""
    if isinstance(error, http.HTTPError) and error.response is not None:
        status = error.response.status_code
        return f"HTTP status {status}", status >= 500 or status == 429, False
    # requests hides the cause of a ConnectionError in urllib3's MaxRetryError
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, http.ConnectTimeout | http.ProxyError | http.SSLError) or isinstance(
        cause, NewConnectionError
    ):
        return "no connection", False, True
    if isinstance(error, http.ConnectionError | http.Timeout | http.ChunkedEncodingError):
        return "the transfer broke off", True, False
    return type(error).__name__, False, True
