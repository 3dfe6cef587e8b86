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
from latentlab.measures.likelihood import AT_ONCE, softplus_sum
from latentlab.measures.samples import principal_features

Decoder = Callable[[Numbers], Numbers]
"""Log-odds (n, pixels) of codes (n, 2), both float32."""

Heights = Callable[[Numbers], tuple[Numbers, Numbers]]
"""Of codes (n, 2) what gives log p(x|z) p(z): places (n, d), constants (n,), for places . x + c."""

CELL = 0.4
"""Side of a cell at first, in deviations of the prior."""

_POINTS = 8  # of the lattice along each side of a cell: a step of 0.05 where quarters are chosen
_HALVINGS = 2  # of the cells, and so of the step, before the last lattice: to 0.0125
_FINER = 4  # times the last lattice is finer: 0.003
_SCREEN = 2  # lattice points along each side, by which cells are chosen
_COMPONENTS = 64  # of the log-odds: enough to choose, a twelfth of MNIST's pixels
_NEGLIGIBLE = 14.0  # nats below an image's best place, at which nothing counts: a millionth
_ROUGH = 25.0  # the same, where few components are off by some nats
_HIDDEN = 15.0  # by so many times the step more may peaks between points be above what is known


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
        """Codes (cells * points * points, 2), float32, of the lattice with so many steps a cell.

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


@dataclass(frozen=True, eq=False)
class Visits:
    """Which images visit which cells: pairs (v,), in the order of the cells."""

    cells: Cells
    at: Integers
    images: Integers

    def chosen(self, kept: Booleans) -> Visits:
        """Of these pairs those that are ``kept`` (v,)."""
        return Visits(self.cells, self.at[kept], self.images[kept])

    def divided(self, kept: Booleans) -> Visits:
        """Visits of those quarters of the cells that are ``kept``, (4, v)."""
        at = self.cells.quarters(self.at).T[kept]
        images = np.broadcast_to(self.images, kept.shape)[kept]
        order = np.argsort(at, kind="stable")
        return Visits(self.cells.halved(), at[order], images[order])

    def promising(self, extremes: Numbers, step: float, margin: float) -> Booleans:
        """Which quarters (4, v) may hold a part of their image's integral that counts.

        extremes : least and largest term (2, 4, v) of the quarters' points, ``step`` apart
        margin : nats below the image's best place, at which nothing counts
        """
        best = np.full(self.images.max() + 1, -np.inf, extremes.dtype)
        np.maximum.at(best, self.images, extremes[1].max(axis=0))
        return np.asarray(_possible(extremes, step) >= best[self.images] - np.float32(margin))


def _possible(extremes: Numbers, step: float) -> Numbers:
    """What terms of a square (...) may be between its points, by the extremes (2, ...) at them.

    The further the least and the largest term are apart, the narrower the peaks are.
    """
    lowest, highest = extremes
    return np.asarray(highest + np.float32(_HIDDEN * step) * (highest - lowest))


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
    x = x.astype(np.float32, copy=False)
    heights = _exact(decoder)
    visits = _screened(heights, x, starts, window_cells(half))
    found = Evidence(*np.full((3, len(x)), np.nan))
    for finer in (*[1] * _HALVINGS, _FINER):
        cells = visits.cells
        sums, halves, extremes = _log_sums(heights, x, visits, finer)
        left, group = np.unique(visits.images, return_inverse=True)
        total = _log_sum_by(group, sums)
        change = np.abs(total - _log_sum_by(group, halves))
        found.nats[left], found.change[left] = -total, change
        shares = np.exp(sums - total[group]) * cells.on_border(visits.at)
        found.border[left] = np.bincount(group, shares)
        unsure = (change > tolerance)[group]
        if not unsure.any():
            break
        kept = visits.promising(extremes, cells.size / _POINTS, _NEGLIGIBLE) & unsure
        if cells.size > CELL / 2**_HALVINGS:
            visits = visits.divided(kept)
        else:
            visits = visits.chosen(np.asarray(kept.any(axis=0)))
    return found


def _exact(decoder: Decoder) -> Heights:
    def heights(codes: Numbers) -> tuple[Numbers, Numbers]:
        log_odds = decoder(codes)
        return log_odds, _log_prior(codes) - softplus_sum(log_odds)

    return heights


def _screened(heights: Heights, x: Numbers, starts: Numbers, cells: Cells) -> Visits:
    """Visits of quarters of cells in which each image may lie, those near its start among them.

    The log-odds of a coarse lattice lie near a space of few dimensions, in which the products
    with the images cost little and are right to a few nats. In it a coarse lattice chooses cells,
    a finer one in those cells their quarters.
    """
    codes = cells.lattice(np.arange(cells.side**2), _SCREEN, _SCREEN)
    log_odds, constant = map(np.concatenate, zip(*map(heights, _parts(codes)), strict=True))
    axes = principal_features(log_odds, _COMPONENTS).axes.astype(np.float32)
    places = log_odds @ axes

    def projected(codes: Numbers) -> tuple[Numbers, Numbers]:
        log_odds, constant = heights(codes)
        return log_odds @ axes, constant

    few, kept = x @ axes, np.empty((cells.side**2, len(x)), bool)
    for part in _parts(np.arange(len(x))):
        terms = places @ few[part].T
        terms += constant[:, None]
        terms = terms.reshape(len(kept), _SCREEN**2, -1)
        extremes = np.stack([terms.min(axis=1), terms.max(axis=1)])
        best = extremes[1].max(axis=0) - np.float32(_ROUGH)
        kept[:, part] = _possible(extremes, cells.size / _SCREEN) >= best
    kept[cells.around(cells.of(starts)), np.arange(len(x))[:, None]] = True
    visits = Visits(cells, *map(np.asarray, np.nonzero(kept)))
    _, _, extremes = _log_sums(projected, few, visits, 1)
    return visits.divided(visits.promising(extremes, cells.size / _POINTS, _ROUGH))


def _log_sums(
    heights: Heights, x: Numbers, visits: Visits, finer: int
) -> tuple[Array, Array, Numbers]:
    """Log of the sums over the lattice in the cells visited, and over every second point a side.

    finer : times the lattice is finer than what is decoded. Returns two of (v,), and the least and
    the largest terms (2, 4, v) in the quarters of the cells.
    """
    cells, (visited, first) = visits.cells, np.unique(visits.at, return_index=True)
    ends = np.append(first[1:], len(visits.at))
    sums, halves = np.empty((2, len(visits.at)))
    extremes = np.empty((2, 4, len(visits.at)), np.float32)
    points = _POINTS + (finer > 1)  # to interpolate, the upper borders too
    between = _interpolation(finer)
    area = 2 * math.log(cells.size / (_POINTS * finer))
    for part in _parts(np.arange(len(visited)), AT_ONCE // points**2):
        places, constant = heights(cells.lattice(visited[part], points, _POINTS))
        for cell, (start, end) in enumerate(zip(first[part], ends[part], strict=True)):
            own = slice(cell * points**2, (cell + 1) * points**2)
            terms = places[own] @ x[visits.images[start:end]].T
            terms += constant[own, None]
            if finer > 1:
                terms = np.kron(between, between) @ terms
            half = _POINTS * finer // 2
            terms = terms.reshape(2, half, 2, half, -1)
            own_extremes = terms.min(axis=(1, 3)), terms.max(axis=(1, 3))
            extremes[:, :, start:end] = np.reshape(own_extremes, (2, 4, -1))
            top = extremes[1, :, start:end].max(axis=0)
            terms -= top
            np.exp(terms, out=terms)
            sums[start:end] = np.log(terms.sum(axis=(0, 1, 2, 3))) + top + area
            # every second may all be too low for float32: not log 0
            few = np.maximum(terms[:, ::2, :, ::2].sum(axis=(0, 1, 2, 3)), np.float32(1e-37))
            halves[start:end] = np.log(few) + top + area + math.log(4)
    return sums, halves, extremes


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


def _parts(array: np.ndarray, size: int = AT_ONCE) -> Iterator[np.ndarray]:
    for at in range(0, len(array), size):
        yield array[at : at + size]
