"""Small image sets for tests, and the format of downloads."""

import struct

import numpy as np

from latentlab.data import images


def small_images(seed: int = 0, train: int = 6, test: int = 4, size=(5, 3), classes: int = 10):
    """Random pixels and labels."""
    rng = np.random.default_rng(seed)

    def part(n):
        return rng.integers(0, 256, (n, *size), np.uint8), rng.integers(0, classes, n, np.uint8)

    return images.Images(*part(train), *part(test))


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as an IDX file, not packed."""
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes((0, 0, 8, array.ndim)) + shape + array.tobytes()


def first_images(data: images.Images, train: int, test: int) -> images.Images:
    """The first training and test images of a set."""
    return images.Images(
        data.train_images[:train],
        data.train_labels[:train],
        data.test_images[:test],
        data.test_labels[:test],
    )
