"""A user's own images, and the files of MNIST's layout: IDX, NPZ, folders of pictures."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import math
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from latentlab.aliases import Bytes
from latentlab.data import pictures, stored
from latentlab.data.images import DataError, Images, assembled
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
        raise ValueError(
            f"0x{expected.hex()} expected at its beginning, 0x{magic.hex()} found"
            + _other_content(magic, dimensions)
        )
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


_TYPES = {
    9: "signed bytes",
    11: "16-bit integers",
    12: "32-bit integers",
    13: "floats",
    14: "floats",
}


def _other_content(magic: bytes, dimensions: int) -> str:
    """What a file that begins otherwise may be, and the way out."""
    if magic[:2] == b"\x1f\x8b":
        return "; it is packed twice: unpack it (gunzip)"
    if magic[:2] == b"\0\0" and len(magic) == 4 and magic[2] in _TYPES:
        return f"; {_TYPES[magic[2]]} are not read: put the four arrays into an .npz"
    if magic[:3] == b"\0\0\x08" and len(magic) == 4:
        return f"; it has {magic[3]} dimensions, not {dimensions}: are images and labels exchanged?"
    return ""


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
    return _load_four(Path(folder))


def _load_four(folder: Path) -> Images:
    """The image set of four files, IDX or (as KMNIST's) an ``.npz`` of one array each."""
    files = _four_files(folder)
    parts = {name: _one_array(name, path) for name, path in files.items()}
    if all(path.suffix == ".npz" for path in files.values()):
        return stored.images_of(folder, parts)
    if all(_is_emnist(path.name) for path in files.values()):
        # EMNIST is published column by column: its letters would lie on their sides
        parts = {k: v.swapaxes(1, 2) if "images" in k else v for k, v in parts.items()}
    return assembled(folder, parts)


def _is_emnist(name: str) -> bool:
    """Whether a name has the word, however it is joined to others: not notmnist, femnist."""
    return re.search(r"(?<![a-z])emnist", name.lower()) is not None


def _check_emnist(folder: Path) -> None:
    """Refuse files without EMNIST's name in a folder with it: which way up they are is not told."""
    names = [path.name for path in _four_files(folder).values()]
    if _is_emnist(folder.name) and not all(map(_is_emnist, names)):
        raise DataError(
            f"{folder}: a folder of EMNIST, with {names[0]}: if its images are on their sides, as"
            f" EMNIST has them, call it emnist-{names[0]}, and so all four; else rename the folder"
        )


def _one_array(field: str, path: Path) -> np.ndarray:
    if path.suffix != ".npz":
        return read_idx(path, dimensions=3 if "images" in field else 1)
    content = list(_npz(path).values())
    if len(content) != 1:
        raise DataError(f"{path}: {len(content)} arrays, one is needed")
    return content[0]


# MNIST's own names, Kaggle's (train-images.idx3-ubyte), EMNIST's (emnist-letters-train-...),
# and KMNIST's (kmnist-train-imgs.npz)
_FOUR = re.compile(
    r"(?P<set>.*?)(?P<part>train|t10k|test)[-_.](?P<what>images|imgs|labels)"
    r"(?:[-_.]idx[13][-_.]ubyte(?:\.gz)?|\.npz)",
    re.IGNORECASE,
)


def _four_files(folder: Path) -> dict[str, Path]:
    """The four files that are read, by field of ``Images``, packed ones before plain ones.

    Raises DataError where there are those of several sets, FileNotFoundError where one is missing.
    """
    found: dict[str, Path] = {}
    sets = set()
    names = sorted(path.name for path in folder.iterdir())
    for name in sorted(names, key=lambda name: (name.removesuffix(".gz") not in _PLAIN, name)):
        file = _one_of_four(folder / name)
        match = _FOUR.fullmatch(file.name) if file else None
        if not file or not match:
            continue
        part = "train" if match["part"].lower() == "train" else "test"
        what = "labels" if match["what"].lower() == "labels" else "images"
        sets.add(match["set"].rstrip("-_. "))
        other = found.get(field := f"{part}_{what}")
        if not other or file.name == f"{other.name}.gz":
            found[field] = file
    if len(sets) > 1:
        raise DataError(
            f"{folder}: files of several sets ({_some(sorted(sets))}), those of one are needed; put"
            " its four files into a folder of their own"
        )
    for field, name in IDX_FILES.items():
        if field not in found:
            raise FileNotFoundError(
                f"{folder / name}: no such file, nor without .gz; there is {_some(names)}. Names as"
                " MNIST, Kaggle, EMNIST and KMNIST have them are read (docs/data.md)"
            )
    return {field: found[field] for field in IDX_FILES}


def _one_of_four(path: Path) -> Path | None:
    """The file of that name, or in a folder of it: archives are unpacked into such ones.

    A folder has it with the same points and dashes (Kaggle's), or without or with a suffix.
    """
    if not path.is_dir():
        return path if path.is_file() and _FOUR.fullmatch(path.name) else None
    inside = [
        file
        for file in sorted(path.iterdir())
        if _FOUR.fullmatch(file.name) and file.is_file() and not _hidden(file)
    ]
    bare, *others = [_bare(name) for name in (path.name, *(file.name for file in inside))]
    if len(others) == 1 and (others[0].startswith(bare) or bare.startswith(others[0])):
        return inside[0]
    return None


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().removesuffix(".gz"))


_PLAIN = frozenset(name.removesuffix(".gz") for name in IDX_FILES.values())


def _some(names: Sequence[str]) -> str:
    """Names in a message: the first ones, and how many more."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return (", ".join(map(stored.shown, names[:6])) or "nothing") + more


def load_npz(path: str | Path, test_every: int | None = None) -> Images:
    """A user's own image set: one ``.npz`` with arrays as for ``stored.images_of``.

    Raises FileNotFoundError, or StudyError (DataError where the file as such can be read) with the
    file and the reason.
    """
    path = Path(path)
    return stored.images_of(path, _npz(path), test_every)


_NO_NPZ = {
    ".npy": "one array alone; put it, the labels and the test images into an .npz (numpy.savez)",
    **dict.fromkeys(
        (".h5", ".hdf5", ".mat", ".pkl", ".pickle", ".pt", ".pth", ".parquet", ".arff"),
        "not read; put its arrays into an .npz (numpy.savez)",
    ),
    ".csv": "a table; put its pixels and labels into an .npz (docs/data.md shows how)",
    **dict.fromkeys((".zip", ".gz", ".tgz", ".tar", ".rar", ".7z"), "an archive; unpack it"),
    **dict.fromkeys(pictures.SUFFIXES, "one picture; give the folder of all"),
}


def _npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file. Raises StudyError."""
    try:
        return arrays.load_npz(path)
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DataError(
            f"{path}: holds Python objects, which are not read; save labels as whole numbers, and"
            " images of one size as one array"
        ) from error


def load_folder(
    path: str | Path,
    classes: Sequence[str],
    test_every: int | None,
    resize: tuple[int, int] | None = None,
) -> Images:
    """A user's own image set, in whichever of these forms lies at ``path``.

    an ``.npz`` file : see ``load_npz``
    a folder with four files named like those of ``IDX_FILES`` : see ``load_idx_folder``
    a folder of pictures : see ``load_picture_folder``

    classes : names of the labels 0, 1, ...; every label must have one
    test_every : where nothing says which are the test images, every such one of a class
    resize : height and width to which every image is stretched, or None
    Raises FileNotFoundError, or DataError with the file and the reason.
    """
    path = Path(path)
    match _form(path):
        case "npz":
            images = load_npz(path, test_every)
        case "idx":
            _check_emnist(path)
            images = _load_four(path)
        case _:
            images = load_picture_folder(path, classes, test_every, resize)
    images = stored.from_zero(path, images, classes)
    parts = [images.train_images, images.test_images]
    try:
        train, test = stored.scaled(parts)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if resize is not None and images.size != resize:
        train, test = (_resized(part, resize) for part in (train, test))
    return replace(images, train_images=train, test_images=test)


def _resized(images: Bytes, size: tuple[int, int]) -> Bytes:
    from PIL import Image

    result = np.empty((len(images), *size), np.uint8)
    for row, image in zip(result, images, strict=True):
        row[:] = np.asarray(pictures.resized(Image.fromarray(image), size))
    return result


def _form(path: Path) -> str:
    """What lies at a path: "npz", "idx" or "pictures". Raises FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.is_file():
        if "ubyte" in path.name.lower():
            raise DataError(f"{path}: one of the four files of a set; give the folder of all")
        if reason := _NO_NPZ.get(path.suffix.lower()):
            raise DataError(f"{path}: {reason}")
        if path.suffix.lower() != ".npz" and not zipfile.is_zipfile(path):
            raise DataError(
                f"{path}: not a file that is read; an .npz is (numpy.savez), a folder of MNIST's"
                " four files, and one of pictures (docs/data.md)"
            )
        return "npz"
    return "idx" if any(map(_is_idx, path.iterdir())) else "pictures"


def _is_idx(entry: Path) -> bool:
    """Whether it is one of the four files, or would be by a name that is not read."""
    if _FOUR.fullmatch(entry.name) or "ubyte" in entry.name.lower() or _one_of_four(entry):
        return True
    return (
        entry.is_file() and re.search(r"[-_.]idx([13]?$|[13][-_.])", entry.name.lower()) is not None
    )


def left_out(path: str | Path, classes: Sequence[str]) -> list[str]:
    """What of a set is known and not read, such as validation images: names, sorted.

    A user is told: nothing is left out in silence. Empty where the path cannot be read.
    """
    path = Path(path)
    try:
        if path.is_file():
            with zipfile.ZipFile(path) as archive:
                names = [name.removesuffix(".npy") for name in archive.namelist()]
            return sorted(set(names) - set(stored.used(names).values()))
        form = _form(path)
        if form == "idx":
            return sorted(
                entry.name
                for entry in path.iterdir()
                if entry.is_file() and _is_idx(entry) and not _FOUR.fullmatch(entry.name)
            )
        if form == "pictures" and (parts := _part_folders(path, classes)):
            return sorted(
                entry.name
                for entry in path.iterdir()
                if entry.is_dir() and not _hidden(entry) and entry not in parts.values()
            )
    except (OSError, zipfile.BadZipFile):
        pass
    return []


def load_picture_folder(
    folder: str | Path,
    classes: Sequence[str],
    test_every: int | None,
    resize: tuple[int, int] | None = None,
    max_bytes: int = _MAX_BYTES,
) -> Images:
    """The image set of picture files in one folder a class, named like the class.

    Either ``train/<class>/*`` and ``test/<class>/*`` (or ``training``, ``testing``), or
    ``<class>/*``; then, in the order of the file names, every ``test_every``-th picture of each
    class is a test image. What a picture may be: ``pictures.read_picture``. All have one size, or
    ``resize`` gives it; the whole is checked against ``max_bytes`` before anything is decoded.
    Links are followed. What is hidden (its name begins with a dot) is passed over, as are texts
    and tables; other files, and folders that are of no class, are refused.
    Raises FileNotFoundError, or DataError with the file or folder and the reason.
    """
    folder = Path(folder)
    train, test = _picture_parts(folder, classes, test_every)
    size = resize or pictures.picture_size(train[0][0])
    total = (len(train) + len(test)) * math.prod(size)
    if total > max_bytes:
        raise DataError(f"{folder}: {total} pixels in all, {max_bytes} are possible")
    parts = {}
    for name, items in (("train", train), ("test", test)):
        pixels = np.empty((len(items), *size), np.uint8)
        for row, (file, _) in zip(pixels, items, strict=True):
            row[:] = _read_picture(file, size, resize)
        parts[f"{name}_images"] = pixels
        parts[f"{name}_labels"] = np.array([label for _, label in items], np.uint8)
    return assembled(folder, parts)


def _read_picture(file: Path, size: tuple[int, int], resize: tuple[int, int] | None) -> Bytes:
    pixels = pictures.read_picture(file, resize)
    if pixels.shape != size:
        raise DataError(
            f"{file}: {pixels.shape[0]} x {pixels.shape[1]} pixels (height, width), the first image"
            f" has {size[0]} x {size[1]}; resize: [{size[0]}, {size[1]}] beside path stretches all"
        )
    return pixels


_PARTS = {"train": ("training", "train"), "test": ("testing", "test")}


def _part_folders(folder: Path, classes: Sequence[str]) -> dict[str, Path]:
    """The folders of training and of test images, where there are such."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    found = {path.name.lower(): path for path in entries if path.is_dir()}
    return {
        part: found[name]
        for part, names in _PARTS.items()
        for name in names
        if name in found and found[name].name not in classes
    }


Items = list[tuple[Path, int]]


def _picture_parts(
    folder: Path, classes: Sequence[str], test_every: int | None
) -> tuple[Items, Items]:
    """The files of the training and of the test images with their labels, in their order."""
    parts = _part_folders(folder, classes)
    train: Items = []
    test: Items = []
    if len(parts) == 2:
        train, test = (_picture_files(parts[part], classes) for part in _PARTS)
    elif parts:
        (there,) = parts.values()
        raise DataError(f"{folder}: a folder {there.name}, but train and test are needed")
    elif test_every is None:
        _picture_files(folder, classes)  # what else is wrong is said first
        raise DataError(f"{folder}: without train and test folders it needs test_every")
    else:
        by_label = itertools.groupby(_picture_files(folder, classes), lambda item: item[1])
        for _, files in by_label:
            for place, item in enumerate(files, start=1):
                (train if place % test_every else test).append(item)
    for label, name in enumerate(classes):
        n_train, n_test = (sum(number == label for _, number in part) for part in (train, test))
        if not n_train or not n_test:
            way_out = f"; test_every: {test_every} takes one of {test_every} for a test" * (
                not parts and n_train > 0
            )
            raise DataError(
                f"{folder}: {n_train} training and {n_test} test images of the class"
                f" {stored.shown(name)}, at least one of each is needed{way_out}"
            )
    return train, test


def _picture_files(folder: Path, classes: Sequence[str]) -> Items:
    """All picture files of a folder with their labels, by class, then by name."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    by_name = {_composed(path.name): path for path in entries if path.is_dir()}
    known = {_composed(name): label for label, name in enumerate(classes)}
    # tools leave hidden folders and files where they work (.git, ._1.png of macOS): no images
    names = {name for name, path in by_name.items() if name in known or not _hidden(path)}
    found = _some(sorted(names) or [path.name for path in entries])
    if missing := sorted(set(known) - names):
        raise DataError(
            f"{folder}: a folder {stored.shown(missing[0])} is missing, there is {found};"
            f" {_way_out(folder, classes)}"
        )
    if unknown := sorted(names - set(known)):
        raise DataError(
            f"{folder}: a folder {stored.shown(unknown[0])} is not among the class names given;"
            " add it to classes, or move it away"
        )
    items = [
        (file, label)
        for name, label in known.items()
        for file in sorted(by_name[name].iterdir())
        if _is_picture(file)
    ]
    for file, _ in items:
        if not file.is_file():  # a folder, a link to nothing; a pipe would be waited for
            raise pictures.unreadable(file)
    return items


def _way_out(folder: Path, classes: Sequence[str]) -> str:
    """What to do with a folder that has no folders of the classes."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file()] if folder.is_dir() else []
    if any(file.suffix == ".npy" for file in files):
        return (
            "put its arrays into an .npz: python -c \"import glob, numpy; numpy.savez('mine.npz',"
            " **{name[:-4]: numpy.load(name) for name in glob.glob('*.npy')})\""
        )
    if any(re.match(r"(data|test)_batch|(train|test|meta)$", file.name) for file in files):
        return "CIFAR's batches are not read; put their arrays into an .npz (docs/data.md)"
    for inner in _folders_below(folder):
        if any(map(_is_idx, inner.iterdir())) or {*classes, *_PARTS} & {
            path.name for path in inner.iterdir() if path.is_dir()
        }:
            return f"give the folder inside: {inner}"
    return "a folder of pictures has one folder a class, named like the class"


def _folders_below(folder: Path) -> list[Path]:
    """Those one and two below, without hidden ones."""
    found = [path for depth in ("*", "*/*") for path in sorted(folder.glob(depth))]
    return [path for path in found if path.is_dir() and not _hidden(path)]


def _composed(name: str) -> str:
    """A name whose accents are part of their letters: macOS takes the two apart."""
    return unicodedata.normalize("NFC", name)


_NO_PICTURES = frozenset(
    (
        ".csv",
        ".db",
        ".html",
        ".ini",
        ".ipynb",
        ".json",
        ".lnk",
        ".log",
        ".md",
        ".py",
        ".rst",
        ".toml",
        ".tsv",
        ".txt",
        ".xml",
        ".yaml",
        ".yml",
    )
)
_NO_PICTURE_NAMES = ("readme", "license", "licence", "icon\r")


def _is_picture(file: Path) -> bool:
    """Whether an entry of a class folder is read. Raises DataError where it would be missed."""
    suffix = file.suffix.lower()
    if suffix in pictures.SUFFIXES and not _hidden(file):
        return True
    if _hidden(file) or suffix in _NO_PICTURES or file.name.lower() in _NO_PICTURE_NAMES:
        return False
    if not file.is_dir():
        raise DataError(
            f"{file}: no picture that is read ({pictures.WORDS}); convert it, or move it away"
        )
    if any(inner.suffix.lower() in pictures.SUFFIXES for inner in file.iterdir()):
        raise DataError(
            f"{file}: a folder of pictures inside a class; move them up into its folder"
        )
    return False


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


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
            return list(_four_files(path).items())
    parts = zip(("train", "test"), _picture_parts(path, classes, test_every), strict=True)
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
        raise pictures.unreadable(file) from error
