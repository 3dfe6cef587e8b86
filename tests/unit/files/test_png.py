"""PNG as they are written after ``png.pin``: whatever zlib the system has."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from latentlab.files import png

png.pin()


def written(image, **options):
    file = BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_picture_comes_back(mode):
    rng = np.random.default_rng(0)
    depth = np.uint16 if mode == "I;16" else np.uint8
    image = Image.fromarray(rng.integers(0, 256, (37, 23), depth))
    image = image if mode == "I;16" else image.convert(mode)
    again = Image.open(BytesIO(written(image, dpi=(192, 192))))
    assert again.mode == mode
    assert np.array_equal(np.asarray(again), np.asarray(image))
    assert again.info["dpi"] == pytest.approx((192, 192), abs=0.01)


def test_what_compressed_before_leaves_no_trace():
    """Pillow's own levels of compression stand for the systems' libraries."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 9, (200, 300), np.uint8))
    by_level = []
    for level in (1, 9):
        file = BytesIO()
        image.encoderinfo = {"compress_level": level}
        png._as_pillow_does(image, file, "")
        by_level.append(file.getvalue())
    assert by_level[0] != by_level[1]
    assert {png.compressed_anew(content) for content in by_level} == {written(image)}


def test_damage_is_seen_by_its_readers():
    content = bytearray(written(Image.new("L", (9, 9), 7)))
    content[-20] ^= 1  # within the pixels' chunk
    with pytest.raises((SyntaxError, OSError)):
        Image.open(BytesIO(content)).load()
