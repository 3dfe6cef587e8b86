"""Wrong pixels and nearest letters: definitions by hand and by loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latentlab.measures.metrics import (
    hamming,
    letter_scores,
    nearest_letter,
    reconstruction_scores,
    wrong_pixels,
)
from latentlab.models.network import Network


def test_wrong_pixels_are_counted_strictly_above_the_threshold():
    targets = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    outputs = np.array([[0.5, 0.6, 0.9], [0.5, 0.51, 0.0]])
    assert wrong_pixels(outputs, targets, 0.5).tolist() == [1, 2]
    assert wrong_pixels(np.zeros((1, 1)), np.full((1, 1), 0.5), 0.5).tolist() == [0]


def test_letter_scores():
    scores = letter_scores(np.array([[0, 0, 1, 5], [0, 0, 0, 0]]))
    assert scores["max_wrong_pixels"].tolist() == [5, 0]
    assert scores["mean_wrong_pixels"].tolist() == [1.5, 0]
    assert scores["exact"].tolist() == [0.5, 1]
    assert scores["within_one_pixel"].tolist() == [0.75, 1]
    assert letter_scores(np.array([1, 2]))["within_one_pixel"] == 0.5


def test_a_network_without_weights_gives_half_everywhere():
    net = Network((4, 2, 4), "relu", "linear", "sigmoid", "sigmoid", 0.8, False)
    letters = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
    scores = reconstruction_scores(net, np.zeros((3, net.n_weights)), letters, 0.5)
    assert scores["replicate"].tolist() == [0, 1, 2]
    assert scores["max_wrong_pixels"].tolist() == [2, 2, 2]
    assert scores["exact"].tolist() == [0.5] * 3


def test_nearest_letter():
    letters = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    outputs = np.array([[0.6, 0.2, 0.1], [0.6, 0.2, 0.8], [0.4, 0.4, 0.4]])
    assert nearest_letter(outputs, letters, 0.5).tolist() == [0, 1, 0]
    assert nearest_letter(np.full((1, 3), 0.5), letters, 0.5).tolist() == [0]
    assert nearest_letter(letters[:1], np.array([[0.5, 0.5, 1.0], [0.0, 1.0, 1.0]]), 0.5) == [0]


@given(st.integers(0, 2**32 - 1))
def test_any_leading_axes_are_as_good_as_a_loop(seed):
    rng = np.random.default_rng(seed)
    outputs, letters = rng.random((2, 3, 4, 5)), rng.random((4, 5))
    wrong = wrong_pixels(outputs, letters, 0.5)
    assert wrong.shape == (2, 3, 4)
    scores = letter_scores(wrong)
    near, far = nearest_letter(outputs, letters, 0.5), hamming(outputs > 0.5, letters > 0.5)
    for i in np.ndindex(2, 3):
        assert np.array_equal(
            wrong[i], [sum(a != b) for a, b in zip(outputs[i] > 0.5, letters > 0.5, strict=True)]
        )
        for name, values in letter_scores(wrong[i]).items():
            assert scores[name][i] == values
        for k, output in enumerate(outputs[i] > 0.5):
            distances = [int(np.sum(output != letter)) for letter in letters > 0.5]
            assert far[i][k].tolist() == distances
            assert near[i][k] == np.argmin(distances)
