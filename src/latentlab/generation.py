"""How well an image model generates: measures of its codes, its samples, its likelihood.

NumPy, SciPy and scikit-learn only. Codes are arrays (n, latent), images (n, pixels) in [0, 1].
Everything random takes a seed or a generator. ``measures`` computes them all for one model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.ndimage import gaussian_filter
from scipy.special import logsumexp
from sklearn.neighbors import KNeighborsClassifier

from latentlab import StudyError, seeds, vae
from latentlab.images import Bytes, Images
from latentlab.vae import Array, Settings, Weights

MAX_PIXELS = 2**14
"""Of an image: the covariance of all pairs of its pixels takes 2 GiB then."""

# --- codes ------------------------------------------------------------------------------------


def sample_codes(mean: Array, log_variance: Array | None, rng: np.random.Generator) -> Array:
    """One code (n, latent) per image from its distribution; without a log-variance, the mean."""
    if log_variance is None:
        return mean
    codes: Array = mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape)
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
    held = np.cumsum(falling) / falling.sum()
    inside = float(np.interp(share, held, np.arange(1, len(held) + 1)))
    middles = -reach + side * (np.arange(cells) + 0.5)
    grid = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1)
    level = float(falling[min(int(inside), len(falling) - 1)])
    area = inside * side**2 * float(np.prod(root.diagonal()))
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
    pairs = sum(
        float(np.exp(-0.5 * chunk / variance).sum()) for chunk in squared_distances(codes, codes)
    )
    between_codes = (pairs - n) / (n * (n - 1))
    falling = np.exp(-0.5 * (codes**2).sum(axis=1) / (variance + 1))
    with_prior = (variance / (variance + 1)) ** (latent / 2) * float(falling.mean())
    within_prior = (variance / (variance + 2)) ** (latent / 2)
    return float(between_codes - 2 * with_prior + within_prior)


def label_accuracy(
    train_codes: Array, train_labels: Bytes, test_codes: Array, test_labels: Bytes, neighbors: int
) -> float:
    """Share of test codes whose label is that of most of the nearest training codes.

    Codes are (images, units), labels (images,). A tie goes to the smallest label. It measures
    how far classes are apart in the latent space.
    """
    classifier = KNeighborsClassifier(neighbors).fit(train_codes, train_labels)
    return float(np.mean(classifier.predict(test_codes) == test_labels))


# --- distances and moments --------------------------------------------------------------------


def squared_distances(a: Array, b: Array) -> Iterator[Array]:
    """Squared Euclidean distances (rows, m) of a (n, d) to b (m, d), some rows at a time."""
    rows = max(1, 2**23 // len(b))  # 64 MB at a time
    square_b = (b**2).sum(axis=1)
    for at in range(0, len(a), rows):
        part = a[at : at + rows]
        distances = (part**2).sum(axis=1)[:, None] + square_b - 2.0 * (part @ b.T)
        yield np.maximum(distances, 0.0)  # rounding can leave a zero just below


def nearest_distances(a: Array, b: Array) -> Array:
    """Euclidean distance (n,) of each row of a (n, d) to the nearest row of b (m, d).

    In float32, at half the price: of distances between images five digits are enough
    (an image and its copy are 0.02 apart, not 0).
    """
    pairs = squared_distances(a.astype(np.float32), b.astype(np.float32))
    nearest = [chunk.min(axis=1) for chunk in pairs]
    distances: Array = np.sqrt(np.concatenate(nearest), dtype=np.float64)
    return distances


def frechet_distance(a: Array, b: Array) -> float:
    """Frechet distance between the normal distributions fitted to a (n, d) and b (m, d).

    ||mean_a - mean_b||^2 + tr(A + B - 2 (A B)^(1/2)) (Dowson and Landau 1982), the squared
    2-Wasserstein distance, reported as in Heusel et al. 2017. Depends on n: compare equal n.
    """
    return _frechet(a.mean(axis=0), _covariance(a), b.mean(axis=0), _covariance(b))


def prior_frechet_distance(codes: Array) -> float:
    """Frechet distance of the normal distribution fitted to codes (n, latent) from N(0, 1)."""
    latent = codes.shape[1]
    return _frechet(codes.mean(axis=0), _covariance(codes), np.zeros(latent), np.eye(latent))


def _covariance(a: Array) -> Array:
    return np.atleast_2d(np.cov(a, rowvar=False))


def _frechet(mean_a: Array, cov_a: Array, mean_b: Array, cov_b: Array) -> float:
    # the trace of (A B)^(1/2) is that of (A^(1/2) B A^(1/2))^(1/2), which is symmetric
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum()
    distance = np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a) + np.trace(cov_b) - 2.0 * cross
    return max(0.0, float(distance))


# --- samples ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Features:
    """The fixed feature space: the leading principal components of the training images.

    It needs no download and is the same for every model of a data set; distances in it are
    those between images, without their finest detail. (Inception features, the usual choice,
    are trained on color photographs.)

    mean : (pixels,)
    axes : (pixels, components), orthonormal
    explained : share of the training images' variance in the components
    """

    mean: Array
    axes: Array
    explained: float

    def __call__(self, images: Array) -> Array:
        """Coordinates (n, components) of images (n, pixels)."""
        coordinates: Array = (images - self.mean) @ self.axes
        return coordinates


def principal_features(images: Array, components: int) -> Features:
    """The feature space of training images (n, pixels); at most ``pixels`` components."""
    values, vectors = np.linalg.eigh(_covariance(images))
    leading = slice(None, -components - 1, -1)
    explained = float(values[leading].sum() / values.sum())
    return Features(images.mean(axis=0), np.ascontiguousarray(vectors[:, leading]), explained)


def precision_recall(real: Array, generated: Array, neighbors: int) -> tuple[float, float]:
    """Share of generated images that look real, share of real images that can be generated.

    Precision: generated features (m, d) that lie within the distance of some real one to its
    ``neighbors``-th nearest real one; recall: the same with the roles exchanged (Kynkaanniemi
    et al. 2019, there with 3 neighbors). Depends on n: compare equal n. Mean images from a
    two-dimensional latent space are smooth and lie on a thin sheet: smooth raises precision,
    above that of real images even, thin keeps neighborhoods small and with them recall.
    """
    return _covered(generated, real, neighbors), _covered(real, generated, neighbors)


def _covered(points: Array, support: Array, neighbors: int) -> float:
    """Share of points within the neighborhood of some point of the support."""
    radii = [  # the nearest of all is the point itself
        np.partition(chunk, neighbors, axis=1)[:, neighbors]
        for chunk in squared_distances(support, support)
    ]
    reached = np.concatenate(radii)
    hits = [(chunk <= reached).any(axis=1) for chunk in squared_distances(points, support)]
    return float(np.mean(np.concatenate(hits)))


def prior_samples(settings: Settings, weights: Weights, n: int, rng: np.random.Generator) -> Array:
    """Images (n, pixels) decoded from the prior N(0, 1): the decoder's mean gray levels."""
    return vae.decode(settings, weights, rng.standard_normal((n, settings.latent)))


def fitted_samples(
    settings: Settings, weights: Weights, codes: Array, n: int, rng: np.random.Generator
) -> Array:
    """Images (n, pixels) decoded from the normal distribution fitted to codes (m, latent).

    The way to sample an autoencoder, which has no prior (Ghosh et al. 2020, there "ex-post
    density estimation" with one component).
    """
    draws = rng.multivariate_normal(codes.mean(axis=0), _covariance(codes), n, method="eigh")
    return vae.decode(settings, weights, draws)


# --- likelihood -------------------------------------------------------------------------------


def binarized(images: Bytes, seed: int) -> Bytes:
    """Images of 0 and 255, each pixel white with its gray level as probability, drawn once.

    Static binarization (Salakhutdinov and Murray 2008). The stream depends on the seed and the
    number of pixels before, so a prefix of the images has the prefix of the result.
    """
    draws = np.random.default_rng(seed).random(images.shape, np.float32)
    return np.where(draws * np.float32(255) < images, np.uint8(255), np.uint8(0))


def negative_log_likelihood(
    settings: Settings, weights: Weights, images: Bytes, samples: int, seed: int
) -> Array:
    """Importance-sampled negative log-likelihood (n,) of images (n, height, width), in nats.

    -log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) with K ``samples`` codes z_k from q(z|x) (Rezende,
    Mohamed and Wierstra 2014; Burda, Grosse and Salakhutdinov 2016): on average an upper bound
    that falls to the true value as K grows, and with K = 1 the negative ELBO. A likelihood on
    binarized images only; on gray levels it is the tighter form of the gray-level ELBO.
    Raises ValueError for an autoencoder, which gives images no probability.
    """
    if not settings.variational:
        raise ValueError("an autoencoder has no likelihood")
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [_importance(settings, weights, image[None], samples, rng) for image in images]
    )


def _importance(
    settings: Settings, weights: Weights, image: Bytes, samples: int, rng: np.random.Generator
) -> Array:
    x = vae.scaled(image)
    mean, log_variance = vae.encode(settings, weights, x)
    assert log_variance is not None  # the caller has refused autoencoders
    noise = rng.standard_normal((samples, settings.latent))
    z = mean + np.exp(0.5 * log_variance) * noise
    log_likelihood = -vae.cross_entropy(x, vae.logits(settings, weights, z))
    # the normalizing constants of prior and q are equal and cancel
    log_prior = -0.5 * (z**2).sum(axis=1)
    log_q = -0.5 * (noise**2 + log_variance).sum(axis=1)
    total = logsumexp(log_likelihood + log_prior - log_q)
    return np.array([math.log(samples) - total])


# --- all of them ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    samples : generated images, and real ones to compare them with (fewer where there are fewer)
    components : of the feature space
    neighbors : of precision and recall
    label_neighbors : of the label accuracy
    likelihood_images : test images, the first ones, that get an importance-sampled likelihood
    likelihood_samples : codes per image for it
    """

    samples: int
    components: int
    neighbors: int
    label_neighbors: int
    likelihood_images: int
    likelihood_samples: int


def refusals(effort: Effort, images: Images) -> list[str]:
    """Why models of these images cannot be measured so: parameter, given, allowed; a line each.

    Known before a model is trained.
    """
    n, train = _compared(effort, images), len(images.train_images)
    pixels = math.prod(images.size)
    lines = []
    if effort.neighbors >= n:
        lines.append(
            f"vae.measures.neighbors: {effort.neighbors} given, allowed: less than {n}, the images"
            " that are compared"
        )
    if effort.label_neighbors > train:
        lines.append(
            f"vae.measures.label_neighbors: {effort.label_neighbors} given, allowed: at most"
            f" {train}, the training images"
        )
    if pixels > MAX_PIXELS:
        height, width = images.size
        lines.append(
            f"vae.datasets: images of {height} x {width} pixels given, allowed: at most"
            f" {MAX_PIXELS} pixels an image, for the feature space"
        )
    return lines


def _compared(effort: Effort, images: Images) -> int:
    """How many generated images are compared with as many real ones."""
    return min(effort.samples, len(images.test_images), len(images.train_images))


def measures(
    settings: Settings, weights: Weights, images: Images, effort: Effort, seed: int
) -> dict[str, float]:
    """All measures of one trained model on test data, by name.

    test_* : ``vae.evaluate`` on gray levels; binarized_* : on statically binarized test images
    nll, binarized_nll, and *_standard_error of each, over images : importance-sampled
    active_units, code_area, code_deviation_largest and _smallest (along the principal axes), of
        the test images' mean codes; empty_share, prior_mmd2, prior_frechet : of one sampled code
        per test image
    label_accuracy : test codes by training codes (means)
    frechet, precision, recall : samples against test images in the feature space; real_* :
        training images instead of samples, the floor; nearest_training, real_nearest_training :
        median distance in pixels of samples, of test images, to the nearest training image
    What has no meaning for a model is left out: KL and likelihood of an autoencoder, areas where
    the codes are not in a plane. Every use of chance has draws of its own, from the seed.
    Raises StudyError with the ``refusals``.
    """
    if lines := refusals(effort, images):
        raise StudyError("\n".join(lines))
    n = _compared(effort, images)
    rng = seeds.generator(seed, "samples")
    scores = vae.evaluate(settings, weights, images.test_images, seed=seeds.integer(seed, "codes"))
    result = {f"test_{name}": value for name, value in scores.items()}
    if settings.variational:
        result |= _likelihood(settings, weights, images.test_images, effort, seed)
    train_x, test_x = vae.scaled(images.train_images), vae.scaled(images.test_images)
    train_mean, _ = vae.encode(settings, weights, train_x)
    mean, log_variance = vae.encode(settings, weights, test_x)
    result |= _spread(mean, sample_codes(mean, log_variance, rng))
    result["label_accuracy"] = label_accuracy(
        train_mean, images.train_labels, mean, images.test_labels, effort.label_neighbors
    )
    if settings.variational:
        samples = prior_samples(settings, weights, n, rng)
    else:
        samples = fitted_samples(settings, weights, train_mean, n, rng)
    held_out = test_x[rng.permutation(len(test_x))[:n]]
    real = train_x[rng.permutation(len(train_x))[:n]]
    features = principal_features(train_x, effort.components)
    result["features_explained"] = features.explained
    for prefix, compared in (("", samples), ("real_", real)):
        a, b = features(held_out), features(compared)
        precision, recall = precision_recall(a, b, effort.neighbors)
        result |= {
            f"{prefix}frechet": frechet_distance(a, b),
            f"{prefix}precision": precision,
            f"{prefix}recall": recall,
        }
    for prefix, compared in (("", samples), ("real_", held_out)):
        distances = nearest_distances(compared, train_x)
        result[f"{prefix}nearest_training"] = float(np.median(distances))
    return result


def _likelihood(
    settings: Settings, weights: Weights, images: Bytes, effort: Effort, seed: int
) -> dict[str, float]:
    binary = binarized(images, seeds.integer(seed, "binarized"))
    scores = vae.evaluate(settings, weights, binary, seed=seeds.integer(seed, "binarized_codes"))
    result = {f"binarized_{name}": value for name, value in scores.items()}
    for name, tested in (("nll", images), ("binarized_nll", binary)):
        tested = tested[: effort.likelihood_images]
        nats = negative_log_likelihood(
            settings, weights, tested, effort.likelihood_samples, seeds.integer(seed, name)
        )
        result[name] = float(nats.mean())
        result[f"{name}_standard_error"] = float(nats.std(ddof=1) / math.sqrt(len(nats)))
    return result


def _spread(means: Array, sampled: Array) -> dict[str, float]:
    deviations = np.sqrt(np.maximum(np.linalg.eigvalsh(_covariance(means)), 0.0))
    result = {
        "active_units": float(active_units(means)),
        "code_deviation_largest": float(deviations[-1]),
        "code_deviation_smallest": float(deviations[0]),
        "prior_mmd2": prior_discrepancy(sampled),
        "prior_frechet": prior_frechet_distance(sampled),
    }
    if means.shape[1] == 2:
        result["code_area"] = code_area(means)
        result["empty_share"] = empty_share(sampled)
    return result
