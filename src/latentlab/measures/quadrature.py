"""The exact likelihood of images under a decoder of two latent units: an integral over the plane.

p(x) is the integral of p(x|z) p(z) over the codes z, two numbers: no draws are needed. It is a sum
over a square lattice of codes, h^2 sum p(x|z) p(z) with step h, which for smooth functions that
end inside the window is accurate beyond all powers of h (Trefethen and Weideman 2014). What a
lattice misses are posteriors as narrow as its step, so the step is halved, image by image, until
the sum stays. The plane is cut into cells, and an image visits only the cells where it can lie:
log p(x|z) of all images that visit a cell is one product of matrices, x . logits(z) less
sum softplus(logits(z)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from latentlab.aliases import Array, Booleans, Integers, Numbers
from latentlab.measures.likelihood import softplus_sum
from latentlab.measures.samples import principal_features

Decoder = Callable[[Numbers], Numbers]
"""Log-odds (n, pixels) of codes (n, 2), both float32."""

CELL = 0.2
"""Side of a cell, in deviations of the prior."""

_FIRST_STEP = CELL / 4
_HALVINGS = 5  # at most: to a step of 1/640
_SCREEN = 2  # lattice points of a cell along each side, by which cells are chosen
_SCREEN_COMPONENTS = 64  # of the log-odds: enough to choose cells, a twelfth of MNIST's pixels
_MARGIN = 50.0  # nats below an image's best place, at which a cell is still visited: a narrow
# peak between the points of the first lattice looks so much lower than it is
_NEGLIGIBLE = 14.0  # nats below an image's integral, at which a cell is left: a millionth
_AT_ONCE = 4096  # codes decoded at a time


@dataclass(frozen=True, eq=False)
class Evidence:
    """-log p(x) in nats of images, and what tells how well it is known; each (n,).

    nats : the negative log-likelihood
    change : what the last halving of the step changed, in nats; twice that step is off by it
    border : share of the posterior in the outermost cells of the window, which should be nothing
    """

    nats: Array
    change: Array
    border: Array


@dataclass(frozen=True, eq=False)
class Cells:
    """Square cells that cover a square window around the origin.

    side : cells along each side
    corners : (side^2, 2) the lower corners
    """

    side: int
    corners: Array

    def of(self, codes: Numbers) -> Integers:
        """The number (n,) of the cell of each code (n, 2); of one outside, the nearest cell."""
        places = np.floor(codes / CELL + self.side / 2).astype(int).clip(0, self.side - 1)
        return np.asarray(places @ [self.side, 1])

    def around(self, cells: Integers) -> Integers:
        """The cells (n, 9) within one of each of ``cells`` (n,), itself included."""
        row, column = np.divmod(cells[:, None], self.side)
        down, right = np.divmod(np.arange(9), 3) - np.array([[1], [1]])
        row, column = (
            (at + by).clip(0, self.side - 1) for at, by in ((row, down), (column, right))
        )
        return np.asarray(row * self.side + column)

    def on_border(self) -> Booleans:
        """Which cells (side^2,) lie at the border."""
        row, column = np.divmod(np.arange(self.side**2), self.side)
        return np.isin(row, (0, self.side - 1)) | np.isin(column, (0, self.side - 1))

    def lattice(self, cells: Integers, points: int) -> Numbers:
        """Codes (cells * points^2, 2), float32, of the lattice with so many a side of a cell.

        A cell has its lower borders: all cells together make one lattice.
        """
        step = np.arange(points) * (CELL / points)
        offsets = np.stack(np.meshgrid(step, step, indexing="ij"), -1).reshape(-1, 2)
        codes = self.corners[cells][:, None] + offsets
        return codes.reshape(-1, 2).astype(np.float32)


def window_cells(half: float) -> Cells:
    """The cells of a window that reaches at least ``half`` from the origin, either way."""
    side = 2 * math.ceil(half / CELL)
    lower = (np.arange(side) - side / 2) * CELL
    return Cells(side, np.stack(np.meshgrid(lower, lower, indexing="ij"), -1).reshape(-1, 2))


def evidence(
    decoder: Decoder, x: Numbers, starts: Numbers, half: float, tolerance: float
) -> Evidence:
    """-log of the integral of p(x|z) N(z; 0, 1) over the plane, for images x (n, pixels).

    starts : (n, 2) codes near which an image may lie in any case: the encoder's means
    half : how far the window reaches from the origin
    tolerance : nats; an image's step is halved until that changes its figure by no more. The
        figure is that of the halved step, whose own error is far smaller
    """
    cells, n = window_cells(half), len(x)
    x = x.astype(np.float32)
    visits = _screened(decoder, x, cells)
    visits[cells.around(cells.of(starts)), np.arange(n)[:, None]] = True
    border = cells.on_border()
    found = Evidence(*np.full((3, n), np.nan))
    points = round(CELL / _FIRST_STEP)
    for _ in range(_HALVINGS + 1):
        at, images = np.nonzero(visits)
        sums, halves = _log_sums(decoder, x, cells, (at, images), points)
        left, group = np.unique(images, return_inverse=True)
        total = _log_sum_by(group, sums)
        change = np.abs(total - _log_sum_by(group, halves))
        shares = np.exp(sums - total[group])
        found.nats[left], found.change[left] = -total, change
        found.border[left] = np.bincount(group, shares * border[at])
        again = (change > tolerance)[group] & (shares > math.exp(-_NEGLIGIBLE))
        if not again.any():
            break
        visits = np.zeros_like(visits)
        visits[cells.around(at[again]), images[again, None]] = True
        points *= 2
    return found


def _screened(decoder: Decoder, x: Numbers, cells: Cells) -> Booleans:
    """Which cells each image may lie in, (cells, n): by a coarse lattice, to a few nats.

    The log-odds of the lattice lie near a space of few dimensions, in which the products with
    the images cost little.
    """
    codes = cells.lattice(np.arange(len(cells.corners)), _SCREEN)
    log_odds = np.concatenate([decoder(part) for part in _parts(codes, _AT_ONCE)])
    features = principal_features(log_odds, _SCREEN_COMPONENTS)
    places = features(log_odds).astype(np.float32)
    images = x @ features.axes.astype(np.float32)
    constant = _log_prior(codes) - softplus_sum(log_odds)
    keep = np.empty((len(cells.corners), len(x)), bool)
    for at in range(0, len(x), 500):
        heights = places @ images[at : at + 500].T + constant[:, None]
        highest = heights.reshape(len(keep), _SCREEN**2, -1).max(axis=1)
        keep[:, at : at + 500] = highest >= highest.max(axis=0) - _MARGIN
    return keep


def _log_sums(
    decoder: Decoder, x: Numbers, cells: Cells, visits: tuple[Integers, Integers], points: int
) -> tuple[Array, Array]:
    """Log of the sums over the lattice of each visited cell, and over every second point a side.

    visits : cells (v,), in order, and images (v,). Returns two of (v,).
    """
    at, images = visits
    visited, first = np.unique(at, return_index=True)
    ends = [*first[1:], len(at)]
    sums, halves = np.empty(len(at)), np.empty(len(at))
    second = np.zeros((points, points), bool)
    second[::2, ::2] = True
    area = 2 * math.log(CELL / points)
    size = max(1, _AT_ONCE // points**2)
    for part, starts, stops in zip(
        _parts(visited, size), _parts(first, size), _parts(np.array(ends), size), strict=True
    ):
        codes = cells.lattice(part, points)
        log_odds = decoder(codes)
        constant = _log_prior(codes) - softplus_sum(log_odds)
        for cell, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            own = slice(cell * points**2, (cell + 1) * points**2)
            terms = x[images[start:stop]] @ log_odds[own].T + constant[own]
            top = terms.max(axis=1, keepdims=True)
            shares = np.exp(terms - top)
            sums[start:stop] = np.log(shares.sum(axis=1)) + top[:, 0] + area
            few = shares[:, second.ravel()].sum(axis=1)
            few = np.maximum(few, np.float32(1e-37))  # all too low for float32: not log 0
            halves[start:stop] = np.log(few) + top[:, 0] + area + math.log(4)
    return sums, halves


def _log_prior(codes: Numbers) -> Numbers:
    """Log-density (n,) of the standard normal distribution at codes (n, 2)."""
    return np.asarray(-0.5 * (codes**2).sum(axis=1) - math.log(2 * math.pi), np.float32)


def _log_sum_by(groups: Integers, values: Array) -> Array:
    """Log of the sum of exp(values) (v,) in each group (v,) of 0 to n - 1, none empty; (n,)."""
    top = np.full(groups.max() + 1, -np.inf)
    np.maximum.at(top, groups, values)
    return np.asarray(np.log(np.bincount(groups, np.exp(values - top[groups]))) + top)


def _parts(array: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for at in range(0, len(array), size):
        yield array[at : at + size]
