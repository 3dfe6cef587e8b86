"""Pictures in files of the usual formats, as gray pixels: nothing is cut or left out in silence."""

from __future__ import annotations

import zlib
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
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # 8 bits a channel, or fewer


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width in pixels, upright, by the file's head. Raises DataError."""
    with _opened(path) as image:
        turned = image.getexif().get(_ORIENTATION, 1) >= 5
        return (image.width, image.height) if turned else (image.height, image.width)


def read_picture(path: Path, resize: tuple[int, int] | None = None) -> Bytes:
    """The gray pixels (height, width) of a file, upright; stretched to ``resize`` where given.

    Colors become gray (ITU-R 601), transparency is ignored. Raises DataError with the file and
    the reason: no picture, more than 8 bits a channel, several pictures, all of it transparency.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        _check(path, image)
        try:
            upright = ImageOps.exif_transpose(image)
            gray = upright.convert("L")
            _check_transparency(path, upright, gray)
            return np.asarray(gray if resize is None else resized(gray, resize))
        except DataError:
            raise
        except (OSError, SyntaxError, ValueError, zlib.error) as error:
            reason = f"not a readable picture: {error}; mend it, or move it away"
            raise DataError(f"{path}: {reason}") from error


def resized(image: Any, size: tuple[int, int]) -> Any:
    """A Pillow image stretched to a height and width; smaller ones are averages, not samples."""
    from PIL import Image

    return image.resize(size[::-1], Image.Resampling.BILINEAR)


def unreadable(path: Path) -> DataError:
    """What is said of a file that is no picture."""
    return DataError(f"{path}: not a readable picture ({WORDS}); mend it, or move it away")


def _opened(path: Path) -> Any:
    """A picture, its head read, its pixels not; by its content, whatever its suffix."""
    from PIL import Image  # here: only this source needs it

    try:
        return Image.open(path, formats=FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise unreadable(path) from error


def _check(path: Path, image: Any) -> None:
    if image.mode not in _MODES or _is_deep(image):
        mode = f"mode {image.mode}" if image.mode not in _MODES else "16 bits"
        raise DataError(
            f"{path}: at most 8 bits a channel expected, {mode} found; save it with 8 bits"
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
    """Refuse a drawing of one color on a transparent ground: without transparency it is nothing."""
    if not image.has_transparency_data:
        return
    low, high = gray.getextrema()
    least, most = image.convert("RGBA").getchannel("A").getextrema()
    if low == high and least < most:
        raise DataError(
            f"{path}: of one color, drawn by its transparency, which is not read; save it on a"
            " ground of another color"
        )
