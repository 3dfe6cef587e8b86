"""Images made of a font's letters."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.data import jittered
from latentlab.data.fonts import read_fonts

FONT = read_fonts(Path(__file__).parents[3] / "data/fonts/font.h")["font2"]
LETTERS = FONT.subset("ABXYZ").pixels


def inked(image):
    """Rows and columns (2, n) of the pixels that are not black."""
    return np.array(np.nonzero(image))


@given(train=st.integers(1, 40), test=st.integers(1, 40), shift=st.integers(0, 3))
def test_every_image_is_its_letter_moved_and_inked(train, test, shift):
    images = jittered.jittered_letters(LETTERS, train, test, shift, 0)
    assert images.train_images.shape == (train, 28, 28)
    assert images.test_images.shape == (test, 28, 28)
    assert images.train_labels.tolist() == [i % 5 for i in range(train)]
    straight = jittered.jittered_letters(LETTERS, 5, 1, 0, 0).train_images
    for image, label in zip(images.train_images, images.train_labels, strict=True):
        assert len(np.unique(image)) == 2
        assert jittered.FAINTEST <= image.max() <= 255
        moved = inked(image) - inked(straight[label])
        assert (moved == moved[:, :1]).all()
        assert np.abs(moved).max() <= shift


def test_a_letter_is_drawn_large_in_the_middle():
    image = jittered.jittered_letters(LETTERS, 1, 1, 0, 0).train_images[0]
    letter = image[3 + 1 : 24 : 3, 6 + 1 : 21 : 3]  # the middle of each of its pixels
    assert (letter.ravel() > 0).tolist() == (LETTERS[0] > 0).tolist()
    assert (inked(image).min(axis=1) >= [3, 6]).all()
    assert (inked(image).max(axis=1) < [24, 21]).all()


def test_shifts_and_inks_are_as_likely_as_one_another():
    images = jittered.jittered_letters(np.ones((1, 35)), 5000, 1, 2, 0).train_images
    top, left = images.any(axis=2).argmax(axis=1), images.any(axis=1).argmax(axis=1)
    for place, middle in ((top, 3), (left, 6)):
        values, counts = np.unique(place - middle, return_counts=True)
        assert values.tolist() == [-2, -1, 0, 1, 2]
        assert (np.abs(counts - 1000) < 4 * 28.3).all()  # four deviations of a count
    inks = images.max(axis=(1, 2))
    assert (inks.min(), inks.max()) == (128, 255)
    assert np.corrcoef(top, left)[0, 1] == pytest.approx(0, abs=0.06)


def test_the_draws_hang_on_the_seed_and_differ_by_part():
    one, again, other = (jittered.jittered_letters(LETTERS, 50, 50, 3, s) for s in (0, 0, 1))
    assert (one.train_images == again.train_images).all()
    assert (one.train_images != other.train_images).any()
    assert (one.train_images != one.test_images).any()
