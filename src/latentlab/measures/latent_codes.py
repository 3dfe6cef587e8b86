"""Where image models put images: the spread of codes, the empty share, the prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.ndimage import gaussian_filter
from sklearn.neighbors import KNeighborsClassifier

from latentlab.aliases import Array, Bytes, Numbers
from latentlab.measures.samples import squared_distances


def sample_codes(mean: Numbers, log_variance: Numbers | None, rng: np.random.Generator) -> Numbers:
    """One code (n, latent) per image from its distribution; without a log-variance, the mean."""
    if log_variance is None:
        return mean
    codes: Numbers = mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape)
    return codes


def active_units(means: Array) -> int:
    """Latent units whose mean, (images, units), has a variance over the data of more than 0.01.

    Unit u is active when Var_x(E_q(z|x)[z_u]) > 0.01 (Burda, Grosse and Salakhutdinov 2016):
    the mean of an unused unit is that of the prior for every x.
    """
    return int(np.sum(means.var(axis=0) > 0.01))


@dataclass(frozen=True, eq=False)
class Region:
    """The smallest region of the plane that holds a share of some codes: where density >= level.

    points : (cells, cells, 2) at which the density is known, a sheared grid
    density : (cells, cells)
    level : of the region's border
    area : of the region
    """

    points: Array
    density: Array
    level: float
    area: float


def densest_region(codes: Array, share: float = 0.95, cells: int = 512) -> Region | None:
    """The smallest region that holds ``share`` of the codes (n, 2); None for codes on a line.

    The highest density region (Hyndman 1996) of a Gaussian kernel estimate with Scott's
    bandwidth, n^(-1/6) times the codes' covariance, on a grid of ``cells`` x ``cells`` in the
    coordinates that whiten them. The kernel widens a normal distribution's region by
    1 + n^(-1/3), 5 % at n = 10,000; a standard normal distribution's has 18.8 at 95 %.
    Raises ValueError where the codes are not in a plane.
    """
    _in_plane(codes)
    center = codes.mean(axis=0)
    try:
        root = np.linalg.cholesky(np.cov(codes, rowvar=False))
    except np.linalg.LinAlgError:
        return None
    white = solve_triangular(root, (codes - center).T, lower=True).T
    bandwidth = len(codes) ** (-1 / 6)
    reach = float(np.abs(white).max()) + 4 * bandwidth
    side = 2 * reach / cells
    counts, _ = np.histogramdd(white, cells, [(-reach, reach)] * 2)
    density = gaussian_filter(counts, bandwidth / side, mode="constant")
    falling = np.sort(density, axis=None)[::-1]
    shares = np.cumsum(falling) / falling.sum()
    count = float(np.interp(share, shares, np.arange(1, len(shares) + 1)))
    middles = -reach + side * (np.arange(cells) + 0.5)
    grid = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1)
    level = float(falling[min(int(count), len(falling) - 1)])
    area = count * side**2 * float(np.prod(root.diagonal()))
    return Region(center + grid @ root.T, density, level, area)


def code_area(codes: Array, share: float = 0.95) -> float:
    """Area of the smallest region of the plane that holds ``share`` of the codes (n, 2).

    That of ``densest_region``; 0 for codes on a line.
    """
    region = densest_region(codes, share)
    return region.area if region else 0.0


def empty_share(codes: Array) -> float:
    """Share of the codes' plane in which there is none, for codes (n, 2).

    The plane is the rectangle between the 0.5 % and 99.5 % quantiles of each coordinate, cut
    into a square grid with 10 codes to a cell on average; counted are cells without a
    code. Of 10,000 codes a uniform distribution leaves no cell empty, a normal one 12 %, in the
    corners. Raises ValueError where the codes are not in a plane.
    """
    _in_plane(codes)
    low, high = np.quantile(codes, [0.005, 0.995], axis=0)
    cells = max(1, math.isqrt(len(codes) // 10))
    counts, _ = np.histogramdd(codes, cells, list(zip(low, high, strict=True)))
    return float(np.mean(counts == 0))


def hole_share(codes: Array) -> float:
    """Share of draws from a normal distribution, fitted to codes (n, 2), that miss the codes.

    That lie outside of the smallest region with 95 % of the codes, that of ``densest_region``:
    from 0.05 down to 0.04 where the codes are normal themselves (the kernel widens the region),
    more where the plane has holes and arms; 1 for codes on a line. Scale-free: no map of the
    plane that keeps straight lines changes it, so codes of models can be compared that no prior
    keeps in place, as those of an autoencoder. Raises ValueError where the codes are not in a
    plane.
    """
    region = densest_region(codes)
    if region is None:
        return 1.0
    center, covariance = codes.mean(axis=0), np.cov(codes, rowvar=False)
    inside = region.points[region.density >= region.level] - center
    distances = np.einsum("ij,jk,ik->i", inside, np.linalg.inv(covariance), inside)
    sides = region.points[1, 0] - region.points[0, 0], region.points[0, 1] - region.points[0, 0]
    # area of a cell of the grid by the normal density at its middle
    scale = abs(np.linalg.det(sides)) / (2 * math.pi * math.sqrt(np.linalg.det(covariance)))
    return float(1 - scale * np.exp(-0.5 * distances).sum())


def _in_plane(codes: Array) -> None:
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise ValueError(f"codes (n, 2) expected, {codes.shape} given")


def prior_discrepancy(codes: Array) -> float:
    """Squared maximum mean discrepancy of codes (n, latent) from the prior N(0, 1), unbiased.

    MMD^2 = E k(z, z') - 2 E k(z, y) + E k(y, y') over codes z and prior y (Gretton et al. 2012,
    lemma 6) with the kernel exp(-||z - y||^2 / (2 latent)). The prior's expectations are known:
    with s^2 = latent, E_y k(z, y) = (s^2 / (s^2 + 1))^(latent/2) exp(-||z||^2 / (2 (s^2 + 1)))
    and E k(y, y') = (s^2 / (s^2 + 2))^(latent/2), so no prior samples add noise. 0 where both
    agree, and sometimes just below; at most about 1.
    """
    n, latent = codes.shape
    variance = float(latent)
    # pairs in float32, whose rounding moves a mean of so many by 1e-7
    singles, falling = codes.astype(np.float32), np.float32(-0.5 / variance)
    pairs = 0.0
    for chunk in squared_distances(singles, singles):
        chunk *= falling
        pairs += float(np.exp(chunk, out=chunk).sum(dtype=np.float64))
    between_codes = (pairs - n) / (n * (n - 1))
    near_prior = np.exp(-0.5 * (codes**2).sum(axis=1) / (variance + 1))
    with_prior = (variance / (variance + 1)) ** (latent / 2) * float(near_prior.mean())
    within_prior = (variance / (variance + 2)) ** (latent / 2)
    return float(between_codes - 2 * with_prior + within_prior)


def label_accuracy(
    train_codes: Numbers,
    train_labels: Bytes,
    test_codes: Numbers,
    test_labels: Bytes,
    neighbors: int,
) -> float:
    """Share of test codes whose label is that of most of the nearest training codes.

    Codes are (images, units), labels (images,). A tie goes to the smallest label. It measures
    how far classes are apart in the latent space.
    """
    classifier = KNeighborsClassifier(neighbors).fit(train_codes, train_labels)
    return float(np.mean(classifier.predict(test_codes) == test_labels))
