"""Pictures in files of the usual formats, as gray pixels: nothing is cut or left out in silence."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.aliases import Bytes
from latentlab.data.images import DataError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # as Pillow calls them
SUFFIXES = frozenset(
    (
        ".bmp",
        ".gif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    )
)
WORDS = "PNG, JPEG, BMP, GIF, TIFF, WebP, PNM"
_ORIENTATION = 0x0112  # EXIF's tag: cameras store how they were held, not upright pixels
_SAMPLE_FORMAT = 339  # TIFF's tag, one a channel: 1 is unsigned, 2 signed, 3 floats
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # 8 bits a channel, or fewer


# what Pillow raises of damaged files, here and there in its readers
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width in pixels, upright. Raises DataError."""
    with _opened(path) as image:
        turned = image.getexif().get(_ORIENTATION, 1) >= 5
        return (image.width, image.height) if turned else (image.height, image.width)


def read_picture(
    path: Path, resize: tuple[int, int] | None = None, ground: int | None = None
) -> Bytes:
    """The gray pixels (height, width) of a file, upright; stretched to ``resize`` where given.

    Colors become gray (ITU-R 601). Transparency is ignored, or shows ``ground``, a gray.
    Raises DataError with the file and the reason: no picture, damaged, more than 8 bits a channel,
    numbers with a sign, several pictures, a drawing that is lost without its transparency.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        _check(path, image)
        upright = ImageOps.exif_transpose(image)
        if ground is not None and upright.has_transparency_data:
            upright = _on_ground(upright, ground)
        gray = upright.convert("L")
        _check_transparency(path, upright, gray)
        return np.asarray(gray if resize is None else resized(gray, resize))


def colored_count(path: Path, ground: int) -> int:
    """How many pixels, on a ground of that gray, are no gray. Raises DataError."""
    with _opened(path) as image:
        channels = np.asarray(_on_ground(image, ground), np.int16)
        return int((channels.max(-1) - channels.min(-1) > _ALIKE).sum())


def _on_ground(image: Any, gray: int) -> Any:
    from PIL import Image

    ground = Image.new("RGBA", image.size, (gray, gray, gray, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def resized(image: Any, size: tuple[int, int]) -> Any:
    """A Pillow image stretched to a height and width; smaller ones are averages, not samples."""
    from PIL import Image

    return image.resize(size[::-1], Image.Resampling.BILINEAR)


def unreadable(path: Path) -> DataError:
    """What is said of a file that is no picture."""
    return DataError(f"{path}: not a readable picture ({WORDS}); mend it, or move it away")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A picture, by its content, whatever its suffix; what goes wrong with it names the file."""
    from PIL import Image  # here: only this source needs it

    try:
        with Image.open(path, formats=FORMATS) as image:
            try:
                yield image
            except DataError:
                raise
            except _DAMAGED as error:
                reason = f"not a readable picture: {error}; mend it, or move it away"
                raise DataError(f"{path}: {reason}") from error
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        found, limit, *_ = re.findall("[0-9]+", str(error))
        raise DataError(
            f"{path}: too large, {found} pixels, at most {limit} are read; make it smaller"
        ) from error
    except _DAMAGED as error:
        raise unreadable(path) from error


def _check(path: Path, image: Any) -> None:
    if image.mode not in _MODES or _is_deep(image):
        mode = f"mode {image.mode}" if image.mode not in _MODES else "16 bits"
        raise DataError(
            f"{path}: at most 8 bits a channel expected, {mode} found; save it with 8 bits"
        )
    if image.format == "TIFF" and set(image.tag_v2.get(_SAMPLE_FORMAT, (1,))) != {1}:
        # Pillow reads signed bytes as if they had no sign: -1 would be white
        raise DataError(
            f"{path}: numbers with a sign found, unsigned ones from 0 to 255 expected; save it with"
            " 8 bits, without sign"
        )
    # the further pictures of a phone's JPEG (MPO) are small copies, or depths
    if (frames := getattr(image, "n_frames", 1)) > 1 and image.format != "MPO":
        raise DataError(f"{path}: {frames} pictures in one file, one is needed; save each alone")


def _is_deep(image: Any) -> bool:
    """Whether Pillow would cut colors of 16 bits to 8, which no mode of it tells."""
    for _, _, _, arguments in image.tile:
        raw, *more = arguments if isinstance(arguments, tuple) else (arguments,)
        if ";16" in str(raw) or (image.format == "PPM" and more and more[0] > 255):
            return True
    return False


def _check_transparency(path: Path, image: Any, gray: Any) -> None:
    """Refuse a drawing on a transparent ground of its own color: without transparency it is lost.

    A tenth of what is drawn, such as a dot of another color, may differ.
    """
    if not image.has_transparency_data:
        return
    pixels = np.asarray(gray, np.int16)
    alpha = np.asarray(image.convert("RGBA").getchannel("A"), np.int16)
    is_drawn = 2 * alpha > alpha.min() + alpha.max()
    if not is_drawn.any():  # the same transparency everywhere
        return
    usual = np.bincount(pixels[is_drawn]).argmax()
    differs = np.abs(pixels - usual) > _ALIKE
    if all(differs[part].mean() <= 0.1 for part in (is_drawn, ~is_drawn)):
        raise DataError(
            f"{path}: nearly of one color, drawn by its transparency, which is not read; save it on"
            " a ground of another color"
        )


_ALIKE = 32  # of 255: two grays that are one color
