"""The exact likelihood, against integrals with a known answer and against importance sampling."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logsumexp, roots_hermitenorm

from latentlab.measures import quadrature
from latentlab.measures.likelihood import cross_entropy, softplus_sum


def linear(weights, bias):
    """A decoder whose log-odds (n, pixels) are linear in the code: weights (2, pixels)."""
    weights, bias = np.float32(weights), np.float32(bias)
    return lambda z: z @ weights + bias


def gauss_hermite(decoder, x, nodes=120):
    """-log p(x) (n,), by another rule: exact for polynomials times the prior."""
    points, mass = roots_hermitenorm(nodes)
    z = np.stack(np.meshgrid(points, points, indexing="ij"), -1).reshape(-1, 2)
    mass = np.outer(mass, mass).ravel() / (2 * math.pi)
    log_odds = decoder(z.astype(np.float32)).astype(np.float64)
    heights = x @ log_odds.T - softplus_sum(log_odds)
    top = heights.max(axis=1)
    return -np.log(np.exp(heights - top[:, None]) @ mass) - top


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=9), st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_a_decoder_that_heeds_no_code_gives_the_cross_entropy(bias, seed):
    x = np.random.default_rng(seed).random((3, len(bias)))
    decoder = linear(np.zeros((2, len(bias))), bias)
    found = quadrature.evidence(decoder, x, np.zeros((3, 2)), 5.0, 0.01)
    expected = cross_entropy(x, np.tile(bias, (3, 1)))
    np.testing.assert_allclose(found.nats, expected, rtol=1e-5, atol=1e-4)
    assert found.change.max() < 1e-3
    assert found.border.max() < 1e-4


def test_one_pixel_seen_through_one_direction():
    # p(white) is E sigmoid(s g) with g normal: one half, by symmetry
    x = np.array([[1.0], [0.0]])
    found = quadrature.evidence(linear([[3.0], [4.0]], [0.0]), x, np.zeros((2, 2)), 5.0, 0.01)
    np.testing.assert_allclose(found.nats, math.log(2), rtol=1e-4)


def test_a_quadratic_log_odds_is_a_gaussian_integral():
    """Where exp(l) is tiny, log p(x|z) of white pixels is l: -c (z - m)^2 / 2 gives a Gaussian."""
    c, m = 3000.0, np.array([0.731, -1.257])  # a posterior of deviation 0.018

    def decoder(z):
        far = -0.5 * c * ((z - m.astype(np.float32)) ** 2).sum(axis=1) - 40.0
        return far[:, None].astype(np.float32)

    found = quadrature.evidence(decoder, np.ones((1, 1)), np.zeros((1, 2)), 5.0, 0.05)
    v = 1 + 1 / c  # m is drawn from prior plus noise of variance 1 / c
    expected = 40 - math.log(2 * math.pi / c) + math.log(2 * math.pi * v) + (m @ m) / (2 * v)
    assert found.nats[0] == pytest.approx(expected, abs=2e-3)
    assert 0 < found.change[0] <= 0.05


@pytest.fixture
def images():
    rng = np.random.default_rng(3)
    weights, bias = rng.normal(size=(2, 30)) * 2, rng.normal(size=30)
    z = rng.normal(size=(40, 2))
    x = (rng.random((40, 30)) < expit(z @ weights + bias)).astype(float)
    return linear(weights, bias), x, z


def test_another_rule_agrees(images):
    decoder, x, z = images
    found = quadrature.evidence(decoder, x, z, 6.0, 0.05)
    np.testing.assert_allclose(found.nats, gauss_hermite(decoder, x), atol=2e-3)


def test_many_draws_from_the_prior_agree(images):
    decoder, x, z = images
    draws = np.random.default_rng(0).standard_normal((200_000, 2), np.float32)
    log_odds = decoder(draws)
    likelihoods = np.exp(x[:5].astype(np.float32) @ log_odds.T - softplus_sum(log_odds))
    found = quadrature.evidence(decoder, x[:5], z[:5], 6.0, 0.05)
    errors = likelihoods.std(axis=1) / likelihoods.mean(axis=1) / math.sqrt(len(draws))
    assert (np.abs(-np.log(likelihoods.mean(axis=1)) - found.nats) < 4 * errors).all()


def test_a_finer_lattice_and_a_larger_window_agree(images):
    decoder, x, z = images
    rough = quadrature.evidence(decoder, x, z, 5.0, 0.05)
    fine = quadrature.evidence(decoder, x, z, 7.0, 1e-4)
    assert rough.change.max() <= 0.05
    assert np.abs(rough.nats - fine.nats).max() < 2e-3
    assert rough.border.max() < 1e-3


def test_a_peak_far_from_its_encoding_is_found(images):
    decoder, x, _ = images
    near = quadrature.evidence(decoder, x, np.zeros_like(x[:, :2]), 6.0, 0.05)
    wrong = quadrature.evidence(decoder, x, np.full_like(x[:, :2], 5.0), 6.0, 0.05)
    np.testing.assert_allclose(near.nats, wrong.nats, atol=1e-3)


def test_a_window_that_cuts_the_posterior_says_so():
    decoder = linear([[9.0], [0.0]], [-20.0])  # white only beyond 2.2
    found = quadrature.evidence(decoder, np.ones((1, 1)), np.zeros((1, 2)), 1.0, 0.05)
    assert found.border[0] > 0.1


def test_cells_cover_the_window_once():
    first = quadrature.window_cells(1.0)
    for cells in (first, first.halved()):
        every = np.arange(cells.side**2)
        lattice = cells.lattice(every, 2, 2)
        assert len(np.unique(lattice.round(4), axis=0)) == len(lattice) == 4 * len(every)
        middles = cells.lattice(every, 1, 1) + cells.size / 2
        np.testing.assert_array_equal(cells.of(middles), every)
        assert np.abs(middles).max() == pytest.approx(1.2 - cells.size / 2)
        outer = (np.abs(middles) > 1.2 - quadrature.CELL).any(axis=1)
        np.testing.assert_array_equal(cells.on_border(every), outer)


def test_cells_and_those_near():
    cells = quadrature.window_cells(1.0)
    assert cells.of(np.array([[9.0, -9.0]]))[0] == cells.side * (cells.side - 1)
    corner = set(cells.around(np.array([0]))[0])
    assert corner == {0, 1, cells.side, cells.side + 1}
    halved, every = cells.halved(), np.arange(cells.side**2)
    quarters = cells.quarters(every)
    assert set(quarters.ravel()) == set(range(halved.side**2))
    middles = halved.lattice(quarters.ravel(), 1, 1) + halved.size / 2
    np.testing.assert_array_equal(cells.of(middles).reshape(-1, 4), np.repeat(every[:, None], 4, 1))


def test_interpolation_keeps_polynomials_and_the_points_it_starts_from():
    between = quadrature._interpolation(8)
    coarse, fine = np.arange(9.0), np.arange(64) / 8
    assert between.shape == (64, 9)
    for degree in range(6):
        np.testing.assert_allclose(
            between @ (coarse / 8) ** degree, (fine / 8) ** degree, atol=1e-5
        )
    np.testing.assert_allclose(between[::8], np.eye(9)[:8], atol=1e-6)


@given(st.integers(0, 999), st.floats(0.5, 6))
@settings(max_examples=10, deadline=None)
def test_no_cell_is_left_out_that_counts(seed, steepness):
    """Against all points of a lattice, for decoders with folds and narrow peaks."""
    rng = np.random.default_rng(seed)
    first = (rng.normal(size=(2, 16)) * steepness).astype(np.float32)
    bias = rng.normal(size=16).astype(np.float32) * 2
    second = rng.normal(size=(16, 40)).astype(np.float32)

    def decoder(z):
        return np.maximum(z @ first + bias, 0) @ second - 1

    x = (rng.random((6, 40)) < expit(decoder(rng.normal(size=(6, 2)).astype(np.float32)))).astype(
        np.float32
    )
    found = quadrature.evidence(decoder, x, np.full((6, 2), 3.0), 3.2, 0.05)
    side = (np.arange(512) / 80 - 3.2).astype(np.float32)
    z = np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2)
    log_odds = decoder(z)
    prior = -0.5 * (z**2).sum(axis=1) - math.log(2 * math.pi)
    heights = x @ log_odds.T - softplus_sum(log_odds) + prior
    expected = -logsumexp(heights.astype(np.float64), axis=1) + 2 * math.log(80)
    np.testing.assert_allclose(found.nats, expected, atol=0.02)


def test_visits_are_divided_into_the_quarters_that_are_kept_in_order():
    cells = quadrature.window_cells(0.8)
    visits = quadrature.Visits(cells, np.array([0, 0, 5]), np.array([1, 2, 0]))
    kept = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 1]], bool)
    found = visits.divided(kept)
    quarters = cells.quarters(np.array([0, 5]))
    pairs = set(zip(found.at.tolist(), found.images.tolist(), strict=True))
    assert pairs == {
        (quarters[0, 0], 1), (quarters[0, 3], 1), (quarters[0, 1], 2), (quarters[1, 3], 0),
    }  # fmt: skip
    assert (np.diff(found.at) >= 0).all()
    assert found.cells == cells.halved()
    chosen = visits.chosen(np.array([True, False, True]))
    assert (chosen.at.tolist(), chosen.images.tolist()) == ([0, 5], [1, 0])


def test_quarters_promise_what_may_be_hidden_between_their_points():
    visits = quadrature.Visits(quadrature.window_cells(0.8), np.array([0, 3]), np.array([0, 0]))
    lowest = np.array([[0, -9], [-100, -9], [-19, -9], [-30, -9]], np.float32)
    highest = np.array([[0, -9], [-20, -9], [-19, -9], [-10, -9]], np.float32)
    found = visits.promising(np.stack([lowest, highest]), 0.05, 10.0)
    # flat and 19 below; 20 below, but falling by 80 within three steps; the last near enough
    np.testing.assert_array_equal(found, [[1, 1], [1, 1], [0, 1], [1, 1]])


@given(st.integers(1, 40), st.floats(0, 200), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_one_logarithm_for_many_pixels_is_their_sum(pixels, scale, seed):
    log_odds = np.random.default_rng(seed).normal(size=(3, pixels)).astype(np.float32) * scale
    log_odds = log_odds.astype(np.float32)
    expected = np.logaddexp(0, log_odds.astype(np.float64)).sum(axis=1)
    np.testing.assert_allclose(softplus_sum(log_odds), expected, rtol=1e-6, atol=2e-6 * pixels)
