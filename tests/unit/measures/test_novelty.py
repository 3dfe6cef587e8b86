"""What lies between the letters: known, new or blur; distances, paths, PCA."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from latentlab.data.fonts import read_fonts
from latentlab.experiments.letters.tables import (
    front_metrics,
    letter_difficulty,
    linear_control,
    new_letter_controls,
)
from latentlab.experiments.params import read_params
from latentlab.measures import latent, novelty
from latentlab.measures.metrics import hamming
from latentlab.measures.novelty import KINDS, Rules
from latentlab.models.network import Network, forward, initial_weights, squared_error, unflatten
from latentlab.training.optimizers import train

ROOT = Path(__file__).parents[3]
LETTERS = read_fonts(ROOT / "data/fonts/font.h")["font2"].pixels
RULES = Rules(known_distance=1, new_distance=3, margin=0.3)
PATTERNS = arrays.arrays(bool, st.tuples(st.integers(1, 8), st.just(35)))
OUTPUTS = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 8), st.just(35)), elements=st.floats(0, 1)
)


def kinds(outputs, rules=RULES):
    return [KINDS[k] for k in novelty.classify(np.atleast_2d(outputs), LETTERS, 0.5, rules)]


@given(PATTERNS, PATTERNS)
def test_hamming_counts_pixels_that_differ(a, b):
    assert np.array_equal(hamming(a, b), (a[:, None] != b).sum(axis=-1))


@given(PATTERNS)
def test_connected_is_a_single_piece(patterns):
    pieces = [ndimage.label(p.reshape(7, 5), np.ones((3, 3)))[1] for p in patterns]
    assert novelty.connected(patterns).tolist() == [n == 1 for n in pieces]


def test_corners_touch_and_pictures_do_not():
    diagonal = np.zeros((7, 5), bool)
    diagonal[[0, 1, 2], [0, 1, 2]] = True
    apart = np.zeros((7, 5), bool)
    apart[[0, 2], 0] = True
    edge = np.zeros((2, 7, 5), bool)  # the last row of one, the first of the next
    edge[0, 6], edge[1, 0] = True, True
    result = novelty.connected(np.stack([diagonal, apart, *edge, 0 * apart]).reshape(5, 35) > 0)
    assert result.tolist() == [True, False, True, True, False]


def test_a_letter_is_known_give_or_take_a_pixel():
    changed = LETTERS.copy()
    changed[:, 0] = 1 - changed[:, 0]
    assert kinds(LETTERS) == ["known"] * 32
    assert kinds(changed) == ["known"] * 32
    assert "known" not in kinds(1 - LETTERS)


def test_what_is_new_is_far_from_letters_in_one_piece_and_far_from_the_threshold():
    pattern = np.zeros((7, 5))
    pattern[2:5, 1:4] = 1.0  # a block: no letter of the font
    apart = pattern.copy()
    apart[6, 0] = 1.0
    assert kinds(pattern.ravel()) == ["new"]
    assert kinds(apart.ravel()) == ["blur"]
    assert kinds(0.3 + 0.4 * pattern.ravel()) == ["blur"]
    assert kinds(pattern.ravel(), Rules(1, 15, 0.3)) == ["blur"]
    assert kinds(0.3 + 0.4 * pattern.ravel(), Rules(1, 3, 0.19)) == ["new"]


@given(OUTPUTS)
def test_every_output_is_of_one_kind(outputs):
    result = novelty.classify(outputs, LETTERS, 0.5, RULES)
    shares = novelty.shares(result)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares) == list(KINDS)
    # a wider margin can only turn what is new into blur
    strict = novelty.classify(outputs, LETTERS, 0.5, Rules(1, 3, 0.5))
    changed = result != strict
    assert set(result[changed]) <= {KINDS.index("new")}
    assert set(strict[changed]) <= {KINDS.index("blur")}


def test_new_letters_are_distinct_and_the_best_come_first():
    block = np.zeros((7, 5))
    block[2:5, 1:4] = 1.0
    other = np.zeros((7, 5))
    other[1:6, 0:5] = 1.0
    faint = 0.15 + 0.7 * block
    outputs = np.stack([faint, LETTERS[1].reshape(7, 5), 0.1 + 0.8 * other, block, block])
    result = novelty.new_letters(outputs.reshape(5, 35), LETTERS, 0.5, RULES)
    assert [n.points for n in result] == [3, 1]
    assert [n.stability for n in result] == [0.5, pytest.approx(0.4)]
    assert np.array_equal(result[0].outputs, block.ravel())
    for new in result:
        apart = (LETTERS > 0.5) != (new.outputs > 0.5)
        assert new.distance == apart.sum(axis=1).min() == apart[new.nearest].sum()
    assert novelty.new_letters(LETTERS, LETTERS, 0.5, RULES) == []


def test_scores_of_a_latent_space():
    for architecture in ((35, 2, 35), (35, 1, 35), (35, 4, 35)):
        net = Network(architecture, "tanh", "linear", "tanh", "sigmoid", 1.0, True)
        weights = np.stack([initial_weights(net, np.random.default_rng(s)) for s in range(2)])
        table = novelty.latent_scores(net, weights, LETTERS, 0.5, 5, RULES)
        assert table["replicate"].tolist() == [0, 1]
        assert table[list(KINDS)].sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
        assert table["distance_correlation"].between(-1, 1).all()
    dead = novelty.latent_scores(net, 0 * weights, LETTERS, 0.5, 5, RULES)
    assert dead["distance_correlation"].tolist() == [0.0, 0.0]


def test_distances_that_agree_in_order_correlate_fully():
    letters = np.tril(np.ones((6, 5)))
    letters = np.concatenate([letters, np.zeros((6, 30))], axis=1)
    steps = letters.sum(axis=1, keepdims=True)
    assert latent.distance_correlation(steps**1.0, letters) == pytest.approx(1.0)
    assert latent.distance_correlation(np.ones((6, 2)), letters) == 0.0
    shuffled = np.random.default_rng(0).normal(size=(6, 2))
    assert latent.distance_correlation(shuffled, letters) < 0.9


@given(st.integers(0, 1000))
def test_distance_correlation_ignores_turns_and_scale(seed):
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(32, 2))
    turn, _ = np.linalg.qr(rng.normal(size=(2, 2)))
    assert latent.distance_correlation(3.0 * codes @ turn + 5.0, LETTERS) == pytest.approx(
        latent.distance_correlation(codes, LETTERS), abs=1e-9
    )


def test_a_path_is_straight_and_holds_both_ends():
    line = latent.path(np.array([0.0, 2.0]), np.array([4.0, 0.0]), 5)
    assert line.tolist() == [[0, 2], [1, 1.5], [2, 1], [3, 0.5], [4, 0]]


def test_a_line_gets_as_many_points_as_a_plane():
    window = ((0.0, 1.0), (0.0, 1.0))
    assert latent.line_grid(window, latent.coordinate_plane(2), 4).shape == (4, 4, 2)
    assert latent.line_grid(window, latent.coordinate_plane(1), 4).shape == (1, 16, 2)


def test_principal_reconstruction_is_the_best_of_its_rank():
    pca = latent.principal_reconstruction(LETTERS, 2)
    center = LETTERS.mean(axis=0)
    assert np.linalg.matrix_rank(pca - center) == 2
    singular = np.linalg.svd(LETTERS - center, compute_uv=False)
    # Eckart and Young 1936: what is lost is the rest of the spectrum
    assert squared_error(pca, LETTERS) == pytest.approx(0.5 * np.sum(singular[2:] ** 2) / 32)
    assert np.allclose(latent.principal_reconstruction(LETTERS, 35), LETTERS)


def test_a_linear_autoencoder_is_pca():
    """Equal error, reconstructions and subspace (Baldi and Hornik 1989)."""
    net = Network((35, 2, 35), "linear", "linear", "linear", "linear", 1.0, True)
    start = initial_weights(net, np.random.default_rng(1))
    result = train(net, LETTERS, LETTERS, start, optimizer="adam", loss="squared-error",
                  max_epochs=20000, learning_rate=0.05, schedule="cosine",
                  record_every=2000)  # fmt: skip
    pca = latent.principal_reconstruction(LETTERS, 2)
    assert result.errors[-1] == pytest.approx(squared_error(pca, LETTERS), rel=1e-6)
    assert np.allclose(forward(net, result.weights, LETTERS), pca, atol=0.01)
    decoder = unflatten(net, result.weights)[1][:, :2]
    components = np.linalg.svd(LETTERS - LETTERS.mean(axis=0))[2][:2]
    cosines = np.linalg.svd(np.linalg.qr(decoder)[0].T @ components.T, compute_uv=False)
    assert cosines == pytest.approx([1.0, 1.0], abs=1e-5)


def test_the_control_stands_beside_pca():
    names = dict.fromkeys(("encoder", "latent", "decoder", "output"), "linear")
    networks = {
        "a": {"architecture": [35, 2, 35], **names},
        "b": {"architecture": [35, 2, 35], **names, "decoder": "tanh"},
    }
    rows = [("font2", name, error, wrong) for name in "ab" for error, wrong in ((3, 8), (2, 7))]
    table = pd.DataFrame(rows, columns=["font", "network", "error", "mean_wrong_pixels"])
    result = linear_control(table, networks, lambda font: LETTERS, 0.5)
    assert list(result) == ["font2"]
    assert result["font2"]["network"] == "a"
    assert result["font2"]["autoencoder_error"] == 2
    assert result["font2"]["autoencoder_wrong_pixels"] == 7
    assert result["font2"]["pca_error"] == pytest.approx(
        squared_error(latent.principal_reconstruction(LETTERS, 2), LETTERS)
    )
    assert result["font2"]["pca_wrong_pixels"] > 1


def test_the_front_names_the_smallest_network_without_an_error():
    rows = [
        ("font1", "large", 900, [0] * 36),
        ("font1", "lucky", 700, [0] * 35),  # nine of ten starts: perhaps, perhaps not
        ("font1", "small", 500, [0, 3]),
        ("font1", "tiny", 100, [4, 4]),
        ("all", "small", 500, [1, 3]),
    ]
    table = pd.DataFrame(
        [(f, n, w, wrong) for f, n, w, starts in rows for wrong in starts],
        columns=["font", "network", "weights", "max_wrong_pixels"],
    )
    found = front_metrics(table)
    assert list(found) == ["font1"]
    sure = found["font1"].pop("sure")
    assert (sure["network"], sure["weights"], sure["share_of_starts"]) == ("large", 900, 1)
    assert sure["share_of_starts_low"] == pytest.approx(0.025 ** (1 / 36))  # above 0.9
    found = found["font1"]
    assert (found["network"], found["weights"], found["share_of_starts"]) == ("small", 500, 0.5)
    assert found["share_of_starts_low"] < 0.5 < found["share_of_starts_high"]


def test_letters_one_by_one():
    net = Network((35, 2, 35), "linear", "linear", "sigmoid", "sigmoid", 0.8, False)
    table = novelty.letter_errors(
        net, np.zeros((2, net.n_weights)), LETTERS[:3], 0.5, ["@", "A", "B"]
    )
    assert table["letter"].tolist() == ["@", "A", "B"] * 2
    assert table["wrong_pixels"].tolist() == LETTERS[:3].sum(axis=1).astype(int).tolist() * 2
    cells = table.assign(font="font2", network="n")
    cells.loc[0, "wrong_pixels"] = 0
    mean = letter_difficulty(cells)
    assert mean["letter"].tolist() == ["@", "A", "B"]
    assert mean["exact"].tolist() == [0.5, 0.0, 0.0]
    assert mean.loc[0, "mean_wrong_pixels"] == LETTERS[0].sum() / 2


def test_outputs_that_are_known_come_out_as_they_must():
    """Random pictures are no letters, those of other fonts may be new ones; by our own rules."""
    letters = {name: font.pixels for name, font in read_fonts(ROOT / "data/fonts/font.h").items()}
    rules = read_params(ROOT / "params.yaml", ROOT)["letters"]["new_letters"]
    own = Rules(**{key: rules[key] for key in ("known_distance", "new_distance", "margin")})
    table = new_letter_controls(letters, own, 0.5, seed=1)
    assert len(table) == 9
    assert table[list(KINDS)].sum(axis=1).to_numpy() == pytest.approx(1.0)
    blur = (table["blur"] / (table["new"] + table["blur"])).groupby(table["answer"])
    assert blur.min()["random_gray"] > 0.99
    assert blur.min()["random_pixels"] > 0.8
    assert blur.max()["other_fonts"] < 0.2
    pd.testing.assert_frame_equal(table, new_letter_controls(letters, own, 0.5, seed=1))
    assert not table.equals(new_letter_controls(letters, own, 0.5, seed=2))


def test_the_controls_of_a_font_are_those_of_its_own():
    font = {"font2": LETTERS}
    table = new_letter_controls(font, RULES, 0.5, seed=1)
    assert table["answer"].tolist() == ["random_gray", "random_pixels"]  # there are no others
    both = new_letter_controls({"font2": LETTERS, "again": LETTERS}, RULES, 0.5, seed=1)
    same = both[both["answer"] == "other_fonts"]
    assert same["known"].tolist() == [1.0, 1.0]  # the same letters are known
    pd.testing.assert_frame_equal(both[both["font"] == "font2"].head(2), table)


def test_random_outputs_are_gray_levels_and_as_black_as_the_letters():
    rng = np.random.default_rng(0)
    found = novelty.control_outputs(LETTERS, 1 - LETTERS, 3000, rng)
    assert found["random_gray"].mean() == pytest.approx(0.5, abs=0.01)
    assert found["random_gray"].std() == pytest.approx(12**-0.5, abs=0.01)
    assert set(np.unique(found["random_pixels"])) == {0.0, 1.0}
    assert found["random_pixels"].mean() == pytest.approx(LETTERS.mean(), abs=0.01)
    assert np.array_equal(found["other_fonts"], 1 - LETTERS)
