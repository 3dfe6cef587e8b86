"""The exact likelihood of images under a decoder of two latent units: an integral over the plane.

p(x) is the integral of p(x|z) p(z) over the codes z, two numbers: no draws are needed. It is a sum
over a square lattice of codes, h^2 sum p(x|z) p(z) with step h, which for smooth functions that
end inside the window is accurate beyond all powers of h (Trefethen and Weideman 2014). What a
lattice misses are posteriors as narrow as its step, so the step is halved for the images whose sum
that changes. The plane is cut into cells, and an image visits only the cells where it can lie:
log p(x|z) of all images that visit a cell is one product of matrices, x . logits(z) less
sum softplus(logits(z)). That logarithm is far smoother than p(x|z) itself: for the last, finest
lattice it is interpolated, and nothing more is decoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline

from latentlab.aliases import Array, Booleans, Integers, Numbers
from latentlab.measures.likelihood import softplus_sum
from latentlab.measures.samples import principal_features

Decoder = Callable[[Numbers], Numbers]
"""Log-odds (n, pixels) of codes (n, 2), both float32."""

CELL = 0.4
"""Side of a cell at first, in deviations of the prior."""

_POINTS = 8  # of the lattice along each side of a cell: a step of 0.05 at first
_HALVINGS = 2  # of the cells, and so of the step, before the last lattice: to 0.0125
_FINER = 4  # times the last lattice is finer: 0.003
_SCREEN = 4  # lattice points along each side, by which cells are chosen
_SCREEN_COMPONENTS = 64  # of the log-odds: enough to choose cells, a twelfth of MNIST's pixels
_MARGIN = 70.0  # nats below an image's best place, at which a cell is still visited
_NEGLIGIBLE = 14.0  # nats below an image's integral, at which a cell is left: a millionth
_HIDDEN = 20.0  # nats more, at a step of 0.05, and a quarter of it at half the step: so much lower
# than it is a narrow peak looks between the points of a lattice
_AT_ONCE = 1024  # codes decoded at a time: what is made of them stays in the cache


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


@dataclass(frozen=True)
class Cells:
    """Square cells that cover a square window around the origin, numbered row by row.

    side : cells along each side
    size : of a cell
    """

    side: int
    size: float

    def of(self, codes: Numbers) -> Integers:
        """The number (n,) of the cell of each code (n, 2); of one outside, the nearest cell."""
        places = np.floor(codes / self.size + self.side / 2).astype(int).clip(0, self.side - 1)
        return np.asarray(places @ [self.side, 1])

    def around(self, cells: Integers) -> Integers:
        """The cells (n, 9) within one of each of ``cells`` (n,), itself included."""
        places = self._places(cells)[:, None] + np.indices((3, 3)).reshape(2, 9).T - 1
        return np.asarray(places.clip(0, self.side - 1) @ [self.side, 1])

    def quarters(self, cells: Integers) -> Integers:
        """The cells (n, 4) of ``halved`` that make up each of ``cells`` (n,)."""
        places = 2 * self._places(cells)[:, None] + np.indices((2, 2)).reshape(2, 4).T
        return np.asarray(places @ [2 * self.side, 1])

    def halved(self) -> Cells:
        """The same window in cells of half the size."""
        return Cells(2 * self.side, self.size / 2)

    def on_border(self, cells: Integers) -> Booleans:
        """Which of ``cells`` (n,) lie less than ``CELL`` from the border."""
        border, places = round(CELL / self.size), self._places(cells)
        return np.asarray(((places < border) | (places >= self.side - border)).any(axis=1))

    def lattice(self, cells: Integers, points: int, steps: int) -> Numbers:
        """Codes (n, 2), float32, of the lattice: points along a side of each cell, steps a cell.

        A cell has its lower borders: with as many points as steps all cells make one lattice;
        with one more it has the upper borders too.
        """
        offsets = np.indices((points, points)).reshape(2, -1).T / steps
        codes = (self._places(cells)[:, None] + offsets - self.side / 2) * self.size
        return codes.reshape(-1, 2).astype(np.float32)

    def _places(self, cells: Integers) -> Integers:
        """Rows and columns (n, 2)."""
        return np.stack(np.divmod(cells, self.side), axis=-1)


def window_cells(half: float) -> Cells:
    """The cells of a window that reaches at least ``half`` from the origin, either way."""
    return Cells(2 * math.ceil(half / CELL), CELL)


def evidence(
    decoder: Decoder, x: Numbers, starts: Numbers, half: float, tolerance: float
) -> Evidence:
    """-log of the integral of p(x|z) N(z; 0, 1) over the plane, for images x (n, pixels).

    starts : (n, 2) codes near which an image may lie in any case: the encoder's means
    half : how far the window reaches from the origin
    tolerance : nats; the step of an image gets finer until half of it changes the figure by no
        more. The figure is that of the halved step, whose own error is far smaller: the error of
        a step h falls as exp(-2 (pi deviation / h)^2), that of a normal posterior
    """
    cells, n = window_cells(half), len(x)
    x = x.astype(np.float32, copy=False)
    visits = _screened(decoder, x, cells)
    visits[cells.around(cells.of(starts)), np.arange(n)[:, None]] = True
    at: np.ndarray
    images: np.ndarray
    at, images = map(np.asarray, np.nonzero(visits))
    found = Evidence(*np.full((3, n), np.nan))
    for finer in (*[1] * (1 + _HALVINGS), _FINER):
        sums, halves = _log_sums(decoder, x, cells, at, images, finer)
        left, group = np.unique(images, return_inverse=True)
        total = _log_sum_by(group, sums)
        change = np.abs(total - _log_sum_by(group, halves))
        below = total[group] - sums
        found.nats[left], found.change[left] = -total, change
        found.border[left] = np.bincount(group, np.exp(-below) * cells.on_border(at))
        hidden = _HIDDEN * (cells.size / CELL) ** 2
        # at first a change may be small by luck, while a narrow peak hides between the points
        unsure = (change > tolerance) | (cells.size == CELL)
        again = unsure[group] & (below < _NEGLIGIBLE + hidden)
        if not again.any():
            break
        at, images = at[again], images[again]
        if cells.size > CELL / 2**_HALVINGS:
            at, images = cells.quarters(at).ravel(), np.repeat(images, 4)
            order = np.argsort(at, kind="stable")
            at, images, cells = at[order], images[order], cells.halved()
    return found


def _screened(decoder: Decoder, x: Numbers, cells: Cells) -> Booleans:
    """Which cells each image may lie in, (cells, n): by a coarse lattice, to a few nats.

    The log-odds of the lattice lie near a space of few dimensions, in which the products with
    the images cost little.
    """
    codes = cells.lattice(np.arange(cells.side**2), _SCREEN, _SCREEN)
    log_odds = np.concatenate([decoder(part) for part in _parts(codes, _AT_ONCE)])
    features = principal_features(log_odds, _SCREEN_COMPONENTS)
    constant = _log_prior(codes) - softplus_sum(log_odds)
    places = np.column_stack([features(log_odds), constant]).astype(np.float32)
    axes = features.axes.astype(np.float32)
    keep = np.empty((cells.side**2, len(x)), bool)
    for at in range(0, len(x), 50):
        part = x[at : at + 50]
        images = np.column_stack([part @ axes, np.ones(len(part), np.float32)])
        highest = (places @ images.T).reshape(len(keep), _SCREEN**2, -1).max(axis=1)
        keep[:, at : at + 50] = highest >= highest.max(axis=0) - _MARGIN
    return keep


def _log_sums(
    decoder: Decoder, x: Numbers, cells: Cells, at: Integers, images: Integers, finer: int
) -> tuple[Array, Array]:
    """Log of the sums over the lattice in the cells ``at``, and over every second point a side.

    at : (v,) in order; images : (v,) that visit them; finer : times the lattice is finer than
    what is decoded. Returns two of (v,).
    """
    visited, first = np.unique(at, return_index=True)
    ends = np.append(first[1:], len(at))
    sums, halves = np.empty(len(at)), np.empty(len(at))
    points = _POINTS + (finer > 1)  # to interpolate, the upper borders too
    between = _interpolation(finer)
    area = 2 * math.log(cells.size / (_POINTS * finer))
    size = _AT_ONCE // points**2
    for part in _parts(np.arange(len(visited)), size):
        codes = cells.lattice(visited[part], points, _POINTS)
        log_odds = decoder(codes)
        constant = _log_prior(codes) - softplus_sum(log_odds)
        for cell, (start, end) in enumerate(zip(first[part], ends[part], strict=True)):
            own = slice(cell * points**2, (cell + 1) * points**2)
            terms = x[images[start:end]] @ log_odds[own].T + constant[own]
            terms = terms.reshape(-1, points, points)
            if finer > 1:
                terms = between @ terms @ between.T
            top = terms.max(axis=(1, 2))
            terms = np.exp(terms - top[:, None, None])
            # every second may all be too low for float32: not log 0
            few = np.maximum(terms[:, ::2, ::2].sum(axis=(1, 2)), np.float32(1e-37))
            sums[start:end] = np.log(terms.sum(axis=(1, 2))) + top + area
            halves[start:end] = np.log(few) + top + area + math.log(4)
    return sums, halves


def _interpolation(finer: int) -> Numbers:
    """Matrix (8 finer, 9) to the values on a finer lattice from those on both ends of 8 steps.

    A spline of degree 5.
    """
    fine = np.arange(_POINTS * finer) / finer
    spline = make_interp_spline(np.arange(_POINTS + 1.0), np.eye(_POINTS + 1), k=5)
    return np.asarray(spline(fine), np.float32)


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
