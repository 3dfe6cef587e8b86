"""The latent plane: codes seen in two dimensions, windows around them, grids to decode.

A window is a pair of intervals ((x low, x high), (y low, y high)). Grids run as pictures
are read: the first row has the largest y, the first column the smallest x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import norm, spearmanr

from latentlab.aliases import Array

Window = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Plane:
    """A flat piece of a latent space of any dimension, with two coordinates of its own.

    origin : (latent units,) the point with the coordinates (0, 0)
    basis : (axes, latent units) orthonormal rows; a single one where the latent space has
        one unit, whose second coordinate is then always 0
    names : what the two coordinates are, for the axes of figures
    """

    origin: Array
    basis: Array
    names: tuple[str, str]

    def project(self, codes: Array) -> Array:
        """Coordinates (n, 2) of the points of the plane nearest to codes (n, latent units)."""
        points = (codes - self.origin) @ self.basis.T
        return np.pad(points, ((0, 0), (0, 2 - len(self.basis))))

    def lift(self, points: Array) -> Array:
        """Codes (..., units) of points (..., 2) of the plane."""
        return self.origin + points[..., : len(self.basis)] @ self.basis


def coordinate_plane(units: int) -> Plane:
    """The plane of the first two latent units, the others at 0."""
    return Plane(np.zeros(units), np.eye(min(units, 2), units), ("latent unit 1", "latent unit 2"))


def principal_plane(codes: Array) -> Plane:
    """The plane in which codes (n, latent units) spread most.

    With up to two units that is the latent space itself, in its own coordinates; with more,
    the plane of the first two principal components.
    """
    if codes.shape[1] <= 2:
        return coordinate_plane(codes.shape[1])
    center = codes.mean(axis=0)
    _, _, components = np.linalg.svd(codes - center, full_matrices=False)
    basis = components[:2]
    # a component's sign is arbitrary: its largest entry is made positive
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=1)[:, None], axis=1)
    names = ("first principal component", "second principal component")
    return Plane(center, basis * np.sign(largest), names)


def fitting_window(points: Array, margin: float = 0.08) -> Window:
    """The window that holds all points (n, 2), with a margin as a share of its sides."""
    return _window(points.min(axis=0), points.max(axis=0), margin)


def quantile_window(points: Array, low: float, high: float) -> Window:
    """The window between two quantiles of points (n, 2), each coordinate by itself."""
    first, last = np.quantile(points, [low, high], axis=0)
    return _window(first, last, margin=0.0)


def _window(low: Array, high: Array, margin: float) -> Window:
    # a side on which all points agree gets the length of the other, or of 1
    sides = high - low
    longest = float(sides.max()) or 1.0
    pad = np.where(sides > 1e-9 * longest, margin * sides, longest / 2)
    (x0, y0), (x1, y1) = low - pad, high + pad
    return (float(x0), float(x1)), (float(y0), float(y1))


def grid(window: Window, columns: int, rows: int) -> Array:
    """Points (rows, columns, 2) that span a window; a single row or column lies in its middle."""
    (x0, x1), (y0, y1) = window
    xs = np.linspace(x0, x1, columns) if columns > 1 else np.array([(x0 + x1) / 2])
    ys = np.linspace(y1, y0, rows) if rows > 1 else np.array([(y0 + y1) / 2])
    return np.stack(np.meshgrid(xs, ys), axis=-1)


def normal_grid(columns: int, rows: int) -> Array:
    """Points (rows, columns, 2) at evenly spaced normal quantiles from 0.05 to 0.95.

    Each cell then stands for the same share of a standard normal prior.
    """
    quantiles = grid(((0.05, 0.95), (0.05, 0.95)), columns, rows)
    return np.asarray(norm.ppf(quantiles))


def plane_grid(codes: Array, side: int, prior: bool) -> tuple[Array, Window | None]:
    """A grid of points (rows, columns, 2) that covers where a model's codes lie, and its window.

    codes : (n, latent units); the grid lies in the plane of the first two
    prior : whether the codes are drawn to a standard normal, whose quantiles the grid takes
        then (and no window); else it spans the middle 90 % of the codes
    """
    rows = side if codes.shape[1] > 1 else 1
    if prior:
        return normal_grid(side, rows), None
    window = quantile_window(coordinate_plane(codes.shape[1]).project(codes), 0.05, 0.95)
    return grid(window, side, rows), window


def decode_grid(decode: Callable[[Array], Array], plane: Plane, points: Array) -> Array:
    """Outputs (rows, columns, pixels) of a decoder at points (rows, columns, 2) of a plane.

    decode : codes (n, latent units) -> outputs (n, pixels)
    """
    rows, columns, _ = points.shape
    codes = plane.lift(points).reshape(rows * columns, -1)
    return decode(codes).reshape(rows, columns, -1)


def line_grid(window: Window, plane: Plane, side: int) -> Array:
    """A grid (rows, columns, 2) of side x side points of a window.

    On one row where the latent space is a line: as many points either way.
    """
    return grid(window, side, side) if len(plane.basis) > 1 else grid(window, side * side, 1)


def path(start: Array, end: Array, points: int) -> Array:
    """Codes (points, latent units), evenly spaced on the straight line between two codes."""
    return start + np.linspace(0.0, 1.0, points)[:, None] * (end - start)


def distance_correlation(codes: Array, letters: Array) -> float:
    """Do letters that look alike lie close together? From -1 to 1.

    Spearman's rank correlation, over all pairs, of the Euclidean distance of their codes (n,
    latent units) with the Hamming distance of the letters (n, pixels). 0 where all codes, or all
    letters, agree: then there is no order to compare.
    """
    near, alike = pdist(codes), pdist(letters > 0.5, "hamming")
    if np.ptp(near) == 0 or np.ptp(alike) == 0:
        return 0.0
    return float(spearmanr(near, alike).statistic)


def principal_reconstruction(letters: Array, units: int) -> Array:
    """Letters (n, pixels) through their first principal components, as many as ``units``.

    No linear autoencoder with biases and that many latent units has a lower squared error
    (Baldi and Hornik 1989).
    """
    center = letters.mean(axis=0)
    _, _, components = np.linalg.svd(letters - center, full_matrices=False)
    axes = components[:units]
    return np.asarray(center + (letters - center) @ axes.T @ axes)
