"""The digits of scikit-learn, which need no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlab.data.images import Images

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
