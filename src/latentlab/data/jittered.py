"""Images of a font's letters, none twice in the same place: a data set of one's own."""

from __future__ import annotations

import numpy as np

from latentlab import seeds
from latentlab.aliases import Array, Bytes
from latentlab.data.fonts import COLUMNS, ROWS
from latentlab.data.images import Images

SIDE = 28  # pixels of an image along each side, as MNIST has
PIXEL = 3  # of them along each side of a letter's pixel
FAINTEST = 128  # gray level of ink; the darkest is 255
MAX_SHIFT = (SIDE - ROWS * PIXEL) // 2  # there a letter touches the border


def jittered_letters(pixels: Array, train: int, test: int, shift: int, seed: int) -> Images:
    """Letters drawn large, each off the middle by chance and in an ink of its own.

    pixels : (letters, 35) 0 or 1; the label of an image is its letter's number
    train, test : images; letters take turns, so each has its share within one image
    shift : pixels that a letter may lie off the middle, up to ``MAX_SHIFT``, each way and each
        number of pixels as likely as any other; as likely is each gray level of the ink
    seed : of the draws, which are apart for training and test images
    """
    large = np.kron(pixels.reshape(-1, ROWS, COLUMNS), np.ones((PIXEL, PIXEL))).astype(np.uint8)
    parts = {"train": train, "test": test}
    return Images(*(a for part, n in parts.items() for a in _drawn(large, n, shift, seed, part)))


def _drawn(large: Bytes, count: int, shift: int, seed: int, part: str) -> tuple[Bytes, Bytes]:
    """Images (count, 28, 28) of letters (letters, 21, 15), and labels (count,)."""
    draws = seeds.generator(seed, "data", "jittered", part)
    labels = (np.arange(count) % len(large)).astype(np.uint8)
    shifts = draws.integers(-shift, shift, (count, 2), endpoint=True)
    inks = draws.integers(FAINTEST, 255, count, endpoint=True).astype(np.uint8)
    middle = (SIDE - np.array(large.shape[1:])) // 2
    images = np.zeros((count, SIDE, SIDE), np.uint8)
    for image, label, (top, left), ink in zip(images, labels, middle + shifts, inks, strict=True):
        letter = large[label]
        image[top : top + letter.shape[0], left : left + letter.shape[1]] = letter * ink
    return images, labels
