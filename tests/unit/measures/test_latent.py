"""Planes, windows and grids of latent spaces."""

import numpy as np
import pytest
from scipy.stats import norm

from latentlab.measures import latent


def test_a_plane_of_two_units_is_the_latent_space_itself():
    codes = np.array([[1.0, 2.0], [-3.0, 4.0]])
    plane = latent.principal_plane(codes)
    assert np.array_equal(plane.project(codes), codes)
    assert np.array_equal(plane.lift(codes), codes)
    assert plane.names == ("latent unit 1", "latent unit 2")


def test_one_unit_gets_a_second_coordinate_of_zero_which_decoding_ignores():
    codes = np.array([[1.0], [-3.0]])
    plane = latent.principal_plane(codes)
    assert np.array_equal(plane.project(codes), [[1.0, 0.0], [-3.0, 0.0]])
    assert np.array_equal(plane.lift(np.array([[1.0, 7.0]])), [[1.0]])


def test_more_units_are_seen_in_the_plane_where_they_spread_most():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(50, 2)) * [5.0, 2.0]
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    codes = flat @ turn[:2] + 3.0
    plane = latent.principal_plane(codes)
    points = plane.project(codes)
    assert np.allclose(plane.lift(points), codes)  # nothing is lost of what is flat
    assert np.allclose(plane.basis @ plane.basis.T, np.eye(2))
    assert points[:, 0].std() > points[:, 1].std()
    assert np.array_equal(latent.principal_plane(codes).basis, plane.basis)
    assert (plane.basis[[0, 1], np.abs(plane.basis).argmax(axis=1)] > 0).all()


def test_the_coordinate_plane_leaves_other_units_at_zero():
    plane = latent.coordinate_plane(4)
    assert np.array_equal(plane.lift(np.array([1.0, 2.0])), [1.0, 2.0, 0.0, 0.0])


def test_a_fitting_window_holds_all_points_with_a_margin():
    points = np.array([[0.0, -1.0], [10.0, 1.0]])
    assert latent.fitting_window(points, 0.1) == ((-1.0, 11.0), pytest.approx((-1.2, 1.2)))


@pytest.mark.parametrize(
    ("points", "window"),
    [
        ([[2.0, 0.0], [4.0, 0.0]], ((2.0, 4.0), (-1.0, 1.0))),  # as high as it is wide
        ([[2.0, 3.0], [2.0, 3.0]], ((1.5, 2.5), (2.5, 3.5))),  # a single place
    ],
)
def test_a_window_has_an_extent_even_where_codes_agree(points, window):
    assert latent.fitting_window(np.array(points), 0.0) == window


def test_a_grid_runs_as_a_picture_is_read():
    grid = latent.grid(((0.0, 2.0), (10.0, 20.0)), columns=3, rows=2)
    assert grid.shape == (2, 3, 2)
    assert np.array_equal(grid[0, :, 0], [0.0, 1.0, 2.0])
    assert np.array_equal(grid[:, 0, 1], [20.0, 10.0])
    assert np.array_equal(latent.grid(((0.0, 2.0), (4.0, 6.0)), 1, 1), [[[1.0, 5.0]]])


def test_the_grid_of_the_prior_lies_at_normal_quantiles():
    grid = latent.normal_grid(15, 15)
    assert np.allclose(norm.cdf(grid[0, :, 0]), np.linspace(0.05, 0.95, 15))
    assert grid[0, 0, 1] > grid[-1, 0, 1]
    assert np.allclose(grid[7, 7], 0.0)


def test_a_plane_grid_takes_the_prior_or_the_codes():
    codes = np.random.default_rng(0).normal(100.0, 3.0, (1000, 2))
    grid, window = latent.plane_grid(codes, 5, prior=False)
    assert window == latent.quantile_window(codes, 0.05, 0.95)
    assert grid.shape == (5, 5, 2)
    assert abs(grid.mean() - 100.0) < 1.0
    grid, window = latent.plane_grid(codes, 5, prior=True)
    assert window is None
    assert np.array_equal(grid, latent.normal_grid(5, 5))
    assert latent.plane_grid(codes[:, :1], 5, prior=True)[0].shape == (1, 5, 2)


def test_decoding_a_grid_keeps_its_rows_and_columns():
    grid = latent.grid(((0.0, 2.0), (10.0, 20.0)), columns=3, rows=2)
    plane = latent.coordinate_plane(3)
    decoded = latent.decode_grid(lambda codes: codes * 2.0, plane, grid)
    assert decoded.shape == (2, 3, 3)
    assert np.array_equal(decoded[1, 2], [4.0, 20.0, 0.0])
