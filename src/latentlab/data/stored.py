"""Image sets as arrays, in the forms that people store: which array is which, axes, values, labels.

A form is read where it can mean one thing alone, and refused else, with what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from latentlab.aliases import Bytes
from latentlab.data.images import FIELDS, DataError, Images, assembled

_DIM = 64  # the brightest pixel of images from 0 to 255 is brighter, or they look black
_NAMES = {  # of letters and digits, small
    "train_images": ("trainimages", "xtrain", "trainx", "trainimgs"),
    "train_labels": ("trainlabels", "ytrain", "trainy"),
    "test_images": ("testimages", "xtest", "testx", "testimgs"),
    "test_labels": ("testlabels", "ytest", "testy"),
    "images": ("images", "x", "data", "imgs"),
    "labels": ("labels", "y", "target", "targets"),
}


def shown(name: str) -> str:
    """A name in a message: in quotes where it would be read otherwise without."""
    return name if name == name.strip() and "," not in name else repr(name)


def fields_of(names: Iterable[str]) -> dict[str, str]:
    """Which of the names of arrays are those of ``Images``, or "images" and "labels", not split."""
    known = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in names}
    return {
        field: known[alias]
        for field, aliases in _NAMES.items()
        for alias in reversed(aliases)
        if alias in known
    }


def used(names: Iterable[str]) -> dict[str, str]:
    """Those of ``fields_of`` that are read: the four, or else the two that are not split."""
    found = fields_of(names)
    split, whole = ({k: v for k, v in found.items() if (k in FIELDS) == one} for one in (1, 0))
    return whole if len(split) < len(FIELDS) and len(whole) == 2 else split


def images_of(
    source: Path, arrays: Mapping[str, np.ndarray], test_every: int | None = None
) -> Images:
    """The image set of the arrays of a file, by their names; not split, by ``test_every``.

    arrays : images (n, height, width), with 1 or 3 channels at the end or 1 before; labels (n,) or
        (n, 1). Values and labels as for ``scaled`` and ``from_zero``.
    Raises DataError, with the source and what was found.
    """
    names = used(arrays)
    parts = {field: arrays[name] for field, name in names.items()}
    _check_first_axis(source, parts)
    if missing := [field for field in FIELDS if field not in parts and "images" not in parts]:
        found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(
            f"{source}: lacks {', '.join(missing)}; there is {found or 'nothing'}. Keras's names"
            " (x_train, ...) will do, and images and labels with test_every"
        )
    try:
        shaped = {
            field: (_label_bytes if "labels" in field else _gray)(names[field], array)
            for field, array in parts.items()
        }
        for field in names:
            labels = field.replace("images", "labels")
            if (count := len(shaped[field])) != (n_labels := len(shaped[labels])):
                raise DataError(
                    f"{names[field]}: {count} images, {names[labels]}: {n_labels} labels; each"
                    " image needs one"
                )
        if "images" in shaped:
            shaped = _split(shaped["images"], shaped["labels"], test_every)
        train, test = scaled([shaped["train_images"], shaped["test_images"]])
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
    return assembled(source, {**shaped, "train_images": train, "test_images": test})


def _check_first_axis(source: Path, parts: Mapping[str, np.ndarray]) -> None:
    """Refuse images that the last axis counts, as MATLAB's order has them."""
    for field, array in parts.items():
        labels = parts.get(field.replace("images", "labels"))
        count = max(labels.shape, default=0) if labels is not None else 0
        if array.ndim >= 3 and array.shape[0] != count == array.shape[-1]:
            raise DataError(
                f"{source}: {field}: {array.shape} found, and {count} labels: the first axis must"
                " count the images; numpy.moveaxis(images, -1, 0) brings it there"
            )


def _split(images: np.ndarray, labels: np.ndarray, test_every: int | None) -> dict[str, np.ndarray]:
    if test_every is None:
        raise DataError("without training and test images it needs test_every")
    test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        test[np.flatnonzero(labels == label)[test_every - 1 :: test_every]] = True
    return {
        "train_images": images[~test],
        "train_labels": labels[~test],
        "test_images": images[test],
        "test_labels": labels[test],
    }


def _gray(name: str, array: np.ndarray) -> np.ndarray:
    """Images (n, height, width) of an array with or without an axis of channels.

    name : what the user calls it
    """
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    elif array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 4 and array.shape[-1] == 3 and array.dtype.kind == "f":
        array = array @ np.array([0.299, 0.587, 0.114], array.dtype)
    elif array.ndim == 4 and array.shape[-1] == 3 and array.dtype == np.uint8:
        weights = np.array([19595, 38470, 7471], np.uint32)  # ITU-R 601, as Pillow has it
        array = ((array @ weights + 2**15) >> 16).astype(np.uint8)
    if array.ndim != 3 or array.dtype.kind not in "biuf" or array.size == 0:
        raise DataError(
            f"{name}: uint8 (n, height, width) expected, {array.dtype} {array.shape} found"
            + _other_shape(name, array)
        )
    return array


def _other_shape(name: str, array: np.ndarray) -> str:
    """The way out for an array of another shape."""
    if array.ndim == 2:
        side = round(array.shape[-1] ** 0.5)
        hint = f"; reshape(-1, {side}, {side}) makes images of its rows"
        return hint if side > 1 and side**2 == array.shape[-1] else ""
    if array.ndim == 4 and array.shape[1] == 3 != array.shape[-1]:
        return f"; numpy.moveaxis({name}, 1, -1) has the colors at the end, they become gray"
    if array.ndim == 4 and array.shape[-1] == 4:
        return f"; {name}[..., :3] leaves out the transparency, and colors become gray"
    if array.ndim == 4 and array.shape[-1] == 2:
        return f"; {name}[..., :1] leaves out the transparency"
    if array.ndim == 4 and array.shape[-1] == 3:
        return f"; {name}.astype('uint8') has colors from 0 to 255, they become gray"
    return ""


def _label_bytes(name: str, array: np.ndarray) -> np.ndarray:
    """Labels (n,) as uint8, of (n, 1) or (1, n) too, where that loses nothing. Raises DataError.

    name : what the user calls them
    """
    labels = array.ravel() if array.size == max(array.shape, default=0) else array
    if labels.ndim == 1 and labels.dtype.kind in "iuf" and labels.size:
        if np.all((labels >= 0) & (labels <= 255) & (labels == np.floor(labels))):
            return labels.astype(np.uint8)
        unknown = int(np.isnan(labels).sum())
        found = f"{labels.min():g} to {labels.max():g}"
        found = f"{unknown} of {len(labels)} that are no number (nan)" if unknown else found
    else:
        found = f"{array.dtype} {array.shape}"
    hint = ""
    if array.dtype.kind in "SU":
        hint = "; of a text, its place in classes is needed"
    elif array.ndim == 2:
        is_one_hot = array.dtype.kind in "biuf" and np.all(array.sum(axis=1) == 1)
        hint = f"; {name}.argmax(axis=1) makes labels of columns" * bool(is_one_hot)
        hint = hint or f"; {name}[:, 0] is one column of them"
    elif array.dtype.kind == "b":
        hint = f"; {name}.astype('uint8') makes 0 and 1 of them"
    raise DataError(f"{name}: uint8 (n,), numbers from 0 to 255, expected, {found} found{hint}")


def scaled(parts: Sequence[np.ndarray]) -> list[Bytes]:
    """Images (n, height, width) as bytes from 0 to 255, by the range of all parts together.

    Numbers from 0 to 1 are stretched; whole numbers from 0 to 255 stay as they are. Raises
    DataError for other values, and for images that would look black, or are all white.
    """
    _check_numbers(parts)
    _check_one_scale(parts)
    low, high = (float(edge([edge(part) for part in parts])) for edge in (np.min, np.max))
    found = f"pixels from {low:.9g} to {high:.9g} found"
    if low >= -_HAIR and high <= 1 + _HAIR and (low < 0 or high > 1):
        # what rounding, or the weights of colors, add to numbers from 0 to 1
        parts = [np.clip(part, 0, 1) for part in parts]
        low, high = 0.0, min(high, 1.0)
    if low < 0 or high > 255:
        hint = "; (x + 1) / 2 brings them there" if low == -1 and high <= 1 else ""
        raise DataError(
            f"{found}, allowed: whole numbers from 0 (black) to 255 (white), or numbers from 0 to"
            f" 1{hint}"
        )
    if 0 < low == high:
        raise DataError(f"all pixels are {high:g}: nothing is drawn; look at the images")
    if 0 < high <= 1:
        if high * 255 < _DIM:
            raise DataError(
                f"the brightest of all pixels is {high:.9g}, white is 1: nearly black; if they go"
                f" from 0 to {high:.9g}, divide them by it"
            )
        return [np.rint(np.asarray(part, np.float64) * 255).astype(np.uint8) for part in parts]
    if not all(part.dtype.kind in "biu" or np.all(part == np.rint(part)) for part in parts):
        way_out = "round them, or " * (high >= _DIM)
        raise DataError(
            f"{found}, not all of them whole numbers; {way_out}divide them so that they are from 0"
            " to 1"
        )
    if high < _DIM:
        hint = f"; if they go from 0 to {high:g}, multiply them by 255 / {high:g}" * (high > 0)
        raise DataError(
            f"the brightest of all pixels is {high:g}, white is 255: nearly black{hint}"
        )
    return [part.astype(np.uint8) for part in parts]


def _check_numbers(parts: Sequence[np.ndarray]) -> None:
    """Refuse pixels that are no numbers, as a division by 0 makes them."""
    floats = [part for part in parts if part.dtype.kind == "f"]
    if unknown := sum(int((~np.isfinite(part)).sum()) for part in floats):
        raise DataError(
            f"{unknown} of {sum(part.size for part in parts)} pixels are nan or infinite, allowed:"
            " whole numbers from 0 (black) to 255 (white), or numbers from 0 to 1; find out where"
            " they come from, or leave out those images"
        )


_HAIR = 1e-3  # of 1
_TWICE_SCALED = 16  # times as bright: no two parts of one set


def _check_one_scale(parts: Sequence[np.ndarray]) -> None:
    """Refuse parts of two scales, such as 0 to 255 beside 0 to 1: one would be nearly black."""
    highs = [float(np.max(part)) for part in parts]
    darker, brighter = min(highs), max(highs)
    apart = brighter >= _TWICE_SCALED * darker > 0
    if (darker <= _TWICE_SCALED < brighter) or (apart and brighter <= 1 + _HAIR):
        ranges = [f"{float(np.min(part)):.9g} to {float(np.max(part)):.9g}" for part in parts]
        raise DataError(
            f"training pixels from {ranges[0]}, test pixels from {' and '.join(ranges[1:])}: two"
            " scales; bring both to one, such as 0 to 255"
        )


def from_zero(source: Path, images: Images, classes: Sequence[str]) -> Images:
    """The set with labels from 0: those from 1 to the number of classes are each one less.

    Raises DataError where a label has no class, or a class no training or no test image.
    """
    parts = images.train_labels, images.test_labels
    count, highest = len(classes), max(int(part.max()) for part in parts)
    lowest = min(int(part.min()) for part in parts)
    if lowest == 1 and highest == count:
        train, test = (part - np.uint8(1) for part in parts)
        images = replace(images, train_labels=train, test_labels=test)
    elif highest >= count:
        from_one = f"; labels from 1 to {highest} need {highest} names" * (lowest == 1)
        raise DataError(
            f"{source}: has a label {highest}, but {count} class names are given{from_one}"
        )
    for part in ("train", "test"):
        counts = np.bincount(getattr(images, f"{part}_labels"), minlength=count)
        for label in np.flatnonzero(counts == 0)[:1]:
            kind = "training" if part == "train" else part
            raise DataError(
                f"{source}: no {kind} image of the class {shown(classes[label])} (label {label});"
                f" labels from {lowest} to {highest} found. Every class needs training and test"
                " images: leave out its name, and number the labels without gaps"
            )
    return images
