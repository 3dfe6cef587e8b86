"""PNG of the same bytes on every system.

Pillow compresses with the zlib of the system; Fedora's is zlib-ng, whose bytes are others. What it
wrote is compressed again by libdeflate, which comes with a package of the lock. Matplotlib writes
by Pillow too, the pictures inside an SVG as well.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import IO

import deflate
from PIL import Image, PngImagePlugin  # the plugin first: it registers what is replaced here

_HEAD = 8
"""Bytes of the signature of a PNG."""
_LEVEL = 9

assert PngImagePlugin.PngImageFile.format == "PNG"  # imported for what it does
_as_pillow_does = Image.SAVE["PNG"]


def compressed_anew(png: bytes) -> bytes:
    """The same picture; its pixels, whole in one chunk, as libdeflate compresses them."""
    parts, pixels, at = [png[:_HEAD]], [], _HEAD
    while at < len(png):
        (length,), kind = struct.unpack_from(">I", png, at), png[at + 4 : at + 8]
        end = at + 12 + length
        if kind == b"IDAT":
            pixels.append(png[at + 8 : end - 4])
        else:
            if kind == b"IEND":
                parts.append(_chunk(b"IDAT", _compressed(zlib.decompress(b"".join(pixels)))))
            parts.append(png[at:end])
        at = end
    return b"".join(parts)


def _compressed(content: bytes) -> bytes:
    return bytes(deflate.zlib_compress(content, _LEVEL))


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Length, kind, content and checksum: https://www.w3.org/TR/png/#5Chunk-layout ."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _save(image: Image.Image, file: IO[bytes], name: str | bytes) -> None:
    written = BytesIO()
    image.encoderinfo = {**image.encoderinfo, "compress_level": 1}  # only for a moment
    _as_pillow_does(image, written, name)
    file.write(compressed_anew(written.getvalue()))


def pin() -> None:
    """Have Pillow, and whoever writes by it, write PNG so in this process."""
    Image.register_save("PNG", _save)
