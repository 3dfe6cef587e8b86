"""Measures of generation against known distributions and by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import norm

import explorer_page
from image_sets import small_images
from latentlab import StudyError, seeds
from latentlab.measures import image_scores, latent_codes, likelihood, sample_quality, samples
from latentlab.models import image_model

SETTINGS = explorer_page.model_settings(
    encoder_layers=(6,), decoder_layers=(6,), activation="tanh", optimizer="rmsprop", batch_size=10
)
AUTOENCODER = replace(SETTINGS, model="autoencoder")
PIXELS = 12


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def weights(rng):
    sizes = {
        "encoder/dense_0": (PIXELS, 6),
        "encoder/mean": (6, 2),
        "encoder/log_variance": (6, 2),
        "decoder/dense_0": (2, 6),
        "decoder/output": (6, PIXELS),
    }
    arrays = {f"{name}/kernel": rng.normal(size=size) for name, size in sizes.items()}
    arrays |= {f"{name}/bias": rng.normal(size=size[1]) for name, size in sizes.items()}
    # codes about as wide as the prior: importance sampling needs q nowhere far below p
    for name in ("mean", "log_variance"):
        arrays[f"encoder/{name}/kernel"] *= 0.2
        arrays[f"encoder/{name}/bias"] *= 0.2
    return arrays


@pytest.fixture
def data():
    return small_images(train=90, test=60, size=(3, 4), classes=3)


# --- codes -------------------------------------------------------------------------------------


def test_sampled_codes_have_their_mean_and_variance(rng):
    mean = np.tile([1.0, -2.0], (20_000, 1))
    drawn = latent_codes.sample_codes(mean, np.log(np.full_like(mean, 0.25)), rng)
    np.testing.assert_allclose(drawn.mean(axis=0), [1, -2], atol=0.02)
    np.testing.assert_allclose(drawn.std(axis=0), 0.5, atol=0.01)
    assert latent_codes.sample_codes(mean, None, rng) is mean


def test_active_units_are_those_whose_mean_varies(rng):
    means = rng.normal(size=(1000, 4)) * [1.0, 0.5, 0.05, 0.0]
    assert latent_codes.active_units(means) == 2


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_area_of_a_normal_distribution(rng, share):
    mixing = np.array([[3.0, 0.0], [1.0, 0.5]])
    codes = rng.standard_normal((10_000, 2)) @ mixing.T + [100.0, -7.0]
    exact = -2 * math.log(1 - share) * math.pi * abs(np.linalg.det(mixing))
    widened = exact * (1 + 10_000 ** (-1 / 3))
    assert latent_codes.code_area(codes, share) == pytest.approx(widened, rel=0.03)


def test_area_of_two_clusters_leaves_out_what_is_between(rng):
    codes = rng.standard_normal((10_000, 2)) * 0.1
    codes[::2] += 5.0
    single = latent_codes.code_area(codes[::2])
    ellipse = 5.991 * math.pi * math.sqrt(np.linalg.det(np.cov(codes.T)))
    assert single < latent_codes.code_area(codes) < ellipse


def test_area_scales_with_the_codes(rng):
    codes = rng.standard_normal((500, 2))
    larger = latent_codes.code_area(codes * [10.0, 0.1] * 3.0)
    assert larger == pytest.approx(9 * latent_codes.code_area(codes), rel=1e-6)


def test_the_densest_region_holds_its_share_of_the_codes(rng):
    codes = rng.standard_normal((4000, 2)) @ [[3.0, 1.0], [0.0, 0.2]] + [50.0, -3.0]
    region = latent_codes.densest_region(codes, 0.8, cells=200)
    # the nearest point of the grid says whether a code is inside
    nearest = cKDTree(region.points.reshape(-1, 2)).query(codes)[1]
    inside = region.density.ravel()[nearest] >= region.level
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
    sides = region.points[1, 0] - region.points[0, 0], region.points[0, 1] - region.points[0, 0]
    held = np.sum(region.density >= region.level)
    assert region.area == pytest.approx(held * abs(np.linalg.det(sides)), rel=1e-3)


@pytest.mark.parametrize("codes", [np.zeros((50, 2)), np.outer(np.arange(50.0), [1.0, 0.0])])
def test_codes_on_a_line_have_no_area(codes):
    assert latent_codes.code_area(codes) == 0.0


def test_empty_share(rng):
    assert latent_codes.empty_share(rng.random((10_000, 2))) == 0.0
    assert latent_codes.empty_share(rng.standard_normal((10_000, 2))) == pytest.approx(
        0.12, abs=0.03
    )
    corners = rng.integers(0, 2, (10_000, 2)) + rng.random((10_000, 2)) * 1e-3
    assert latent_codes.empty_share(corners) == pytest.approx(1 - 4 / 31**2, abs=0.01)


def test_normal_codes_have_no_holes_whatever_their_scale(rng):
    codes = rng.standard_normal((10_000, 2))
    share = latent_codes.hole_share(codes)
    assert 0.03 < share < 0.05
    moved = codes @ [[300.0, 1.0], [0.0, 0.2]] + [50.0, -3.0]
    assert latent_codes.hole_share(moved) == pytest.approx(share, abs=0.002)


def test_holes_are_what_a_normal_distribution_reaches_and_codes_do_not(rng):
    ring = rng.standard_normal((10_000, 2))
    ring /= np.linalg.norm(ring, axis=1, keepdims=True)
    # of radius 1, deviation 1 / sqrt(2) each way: a thin ring leaves nearly all to the hole
    assert latent_codes.hole_share(ring) > 0.5
    assert latent_codes.hole_share(np.outer(np.arange(50.0), [1.0, 0.0])) == 1.0


def test_areas_are_those_of_a_plane(rng):
    for measure in (latent_codes.code_area, latent_codes.empty_share, latent_codes.hole_share):
        with pytest.raises(ValueError, match=r"codes \(n, 2\) expected, \(9, 3\) given"):
            measure(rng.random((9, 3)))


@pytest.mark.parametrize("latent", [1, 2])
def test_prior_discrepancy_is_its_definition(rng, latent):
    codes = rng.standard_normal((300, latent)) * 0.5 + 0.3
    # the prior as the nodes and weights of Gauss and Hermite's quadrature
    nodes, mass = np.polynomial.hermite_e.hermegauss(60)
    prior = np.stack(np.meshgrid(*[nodes] * latent), -1).reshape(-1, latent)
    mass = np.stack(np.meshgrid(*[mass] * latent), -1).reshape(-1, latent).prod(axis=1)
    mass /= mass.sum()

    def kernel(a, b):
        return np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1) / latent)

    within = kernel(codes, codes)
    expected = (within.sum() - np.trace(within)) / (300 * 299)
    expected += mass @ kernel(prior, prior) @ mass
    expected -= 2 * (kernel(codes, prior) @ mass).mean()
    assert latent_codes.prior_discrepancy(codes) == pytest.approx(expected, rel=1e-4)


def test_prior_discrepancy_of_the_prior_is_nothing(rng):
    for latent in (1, 2, 5):
        assert abs(latent_codes.prior_discrepancy(rng.standard_normal((1500, latent)))) < 0.002


def test_label_accuracy():
    codes, labels = np.array([[0.0], [0.1], [5.0], [5.1]]), np.array([0, 0, 1, 1], np.uint8)
    tested, truth = np.array([[0.2], [4.0], [6.0]]), np.array([0, 1, 0], np.uint8)
    found = latent_codes.label_accuracy(codes, labels, tested, truth, neighbors=2)
    assert found == pytest.approx(2 / 3)


# --- distances and moments ---------------------------------------------------------------------


def test_squared_distances(rng):
    a, b = rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    expected = ((a[:, None] - b) ** 2).sum(-1)
    np.testing.assert_allclose(np.concatenate(list(samples.squared_distances(a, b))), expected)
    np.testing.assert_allclose(samples.nearest_distances(a, b), np.sqrt(expected.min(1)), rtol=1e-5)
    assert samples.nearest_distances(a, a).max() < 1e-2  # float32


def test_distances_in_chunks(rng):
    a, b = rng.normal(size=(100, 1)), rng.normal(size=(2**17, 1))
    chunks = list(samples.squared_distances(a, b))
    assert len(chunks) > 1
    np.testing.assert_allclose(np.concatenate(chunks), (a - b.T) ** 2, atol=1e-12)


def test_frechet_distance_of_known_moments(rng):
    a, b = rng.standard_normal((50_000, 3)), rng.standard_normal((50_000, 3)) * 2 + 1
    # equal axes: the squared differences of means and deviations
    assert samples.frechet_distance(a, b) == pytest.approx(3 * 1 + 3 * 1, rel=0.02)
    assert samples.frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert samples.frechet_distance(b, a) == pytest.approx(samples.frechet_distance(a, b))
    assert samples.prior_frechet_distance(b) == pytest.approx(6, rel=0.02)


def test_frechet_distance_is_the_formula_with_a_matrix_root(rng):
    from scipy.linalg import sqrtm

    a, b = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(30, 4))
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum()
    expected += np.trace(cov_a + cov_b - 2 * np.real(sqrtm(cov_a @ cov_b)))
    assert samples.frechet_distance(a, b) == pytest.approx(expected)


# --- samples -----------------------------------------------------------------------------------


def test_principal_features_keep_distances_where_nothing_is_left_out(rng):
    x = rng.normal(size=(50, 6)) @ np.diag([5, 4, 3, 0, 0, 0])
    features = samples.principal_features(x, 3)
    assert features.axes.shape == (6, 3)
    assert features.explained == pytest.approx(1.0)
    np.testing.assert_allclose(
        np.linalg.norm(features(x[:1]) - features(x[1:2])), np.linalg.norm(x[0] - x[1])
    )
    variances = features(x).var(axis=0)
    assert variances[0] > variances[1] > variances[2]
    assert samples.principal_features(x, 1).explained < 0.9
    assert samples.principal_features(x, 99).axes.shape == (6, 6)


def test_prior_samples_are_decoded_normal_codes(weights):
    found = samples.prior_samples(SETTINGS, weights, 4, np.random.default_rng(3))
    codes = np.random.default_rng(3).standard_normal((4, 2))
    np.testing.assert_array_equal(found, image_model.decode(SETTINGS, weights, codes))


def test_fitted_samples_come_from_the_codes_distribution(weights, rng, monkeypatch):
    codes = rng.standard_normal((5000, 2)) @ [[2.0, 1.0], [0.0, 0.5]] + [3.0, 4.0]
    monkeypatch.setattr(image_model, "decode", lambda settings, weights, z: z)
    draws = samples.fitted_samples(AUTOENCODER, weights, codes, 20_000, rng)
    np.testing.assert_allclose(draws.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(draws.T), np.cov(codes.T), atol=0.1)


# --- likelihood --------------------------------------------------------------------------------


def test_binarized_images_have_the_gray_levels_as_means():
    gray = np.tile(np.array([0, 1, 64, 254, 255], np.uint8), (20_000, 1, 1))
    binary = likelihood.binarized(gray, seed=1)
    assert set(np.unique(binary)) == {0, 255}
    np.testing.assert_allclose(binary.mean(axis=(0, 1)), gray[0, 0], atol=2.5)
    assert not binary[..., 0].any()
    assert binary[..., 4].all()
    np.testing.assert_array_equal(binary, likelihood.binarized(gray, seed=1))
    np.testing.assert_array_equal(binary[:9], likelihood.binarized(gray[:9], seed=1))


def test_the_bound_falls_to_the_integral(weights, data):
    """Against the integral of p(x|z) p(z) over a grid of the plane."""
    binary = likelihood.binarized(data.test_images[:5], seed=0)
    grid = np.linspace(-6, 6, 401)
    z = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    prior = norm.pdf(z).prod(axis=1) * (grid[1] - grid[0]) ** 2
    log_odds = image_model.logits(SETTINGS, weights, z)
    x = image_model.scaled(binary)
    exact = [-np.log(np.sum(prior * np.exp(-likelihood.cross_entropy(row, log_odds)))) for row in x]
    found = likelihood.importance_bound(SETTINGS, weights, binary, 20_000, seed=0)
    np.testing.assert_allclose(found.nats, exact, atol=0.1)


def test_the_bound_is_tighter_than_the_elbo(weights, data):
    elbo = likelihood.evaluate(SETTINGS, weights, data.test_images, samples=50)["elbo"]
    bounds = [
        likelihood.importance_bound(SETTINGS, weights, data.test_images, k, seed=0).nats.mean()
        for k in (1, 1000)
    ]
    assert bounds[1] < -elbo
    assert bounds[0] == pytest.approx(-elbo, rel=0.1)


def test_effective_samples_are_from_one_to_all(weights, data):
    found = likelihood.importance_bound(SETTINGS, weights, data.test_images, 20, seed=0)
    assert (found.effective_samples >= 1).all()
    assert (found.effective_samples <= 20).all()
    single = likelihood.importance_bound(SETTINGS, weights, data.test_images, 1, seed=0)
    np.testing.assert_allclose(single.effective_samples, 1)


def test_effective_samples_of_a_decoder_that_heeds_no_code_and_a_prior_for_q(weights, data):
    flat = {name: np.zeros_like(array) for name, array in weights.items()}
    found = likelihood.importance_bound(SETTINGS, flat, data.test_images, 20, seed=0)
    np.testing.assert_allclose(found.effective_samples, 20, rtol=1e-4)
    np.testing.assert_allclose(found.nats, PIXELS * math.log(2), rtol=1e-5)


def test_an_autoencoder_has_no_likelihood(weights, data):
    with pytest.raises(ValueError, match="an autoencoder has no likelihood"):
        likelihood.importance_bound(AUTOENCODER, weights, data.test_images, 9, seed=0)


# --- all of them -------------------------------------------------------------------------------

EFFORT = image_scores.Effort(
    samples=40,
    components=5,
    neighbors=3,
    label_neighbors=5,
    likelihood_images=7,
    likelihood_samples=11,
    quadrature_window=4.0,
    quadrature_tolerance=0.05,
)


def measured(settings, weights, data, effort, seed):
    surveyed = sample_quality.survey(data, effort.components)
    return image_scores.measures(settings, weights, data, surveyed, effort, seed)


@pytest.mark.parametrize(("knob", "most"), [("neighbors", 39), ("label_neighbors", 90)])
def test_more_neighbors_than_images_are_refused(weights, data, knob, most):
    allowed = replace(EFFORT, **{knob: most})
    assert image_scores.refusals(allowed, data) == []
    measured(SETTINGS, weights, data, allowed, seed=1)
    with pytest.raises(StudyError, match=rf"vae.measures.{knob}: {most + 1} given, allowed: "):
        measured(SETTINGS, weights, data, replace(EFFORT, **{knob: most + 1}), seed=1)


def test_images_too_large_for_the_feature_space_are_refused():
    assert image_scores.refusals(EFFORT, small_images(train=9, test=9, size=(128, 128))) == []
    (line,) = image_scores.refusals(EFFORT, small_images(train=9, test=9, size=(128, 129)))
    assert "images of 128 x 129 pixels given, allowed: at most 16384 pixels" in line


def test_all_measures(weights, data):
    found = measured(SETTINGS, weights, data, EFFORT, seed=1)
    assert all(isinstance(value, float) and math.isfinite(value) for value in found.values())
    assert found == measured(SETTINGS, weights, data, EFFORT, seed=1)
    assert found != measured(SETTINGS, weights, data, EFFORT, seed=2)
    seed = seeds.integer(1, "codes")
    scores = likelihood.evaluate(SETTINGS, weights, data.test_images, seed=seed)
    assert found["test_loss"] == scores["loss"]
    assert found["code_deviation_largest"] >= found["code_deviation_smallest"]
    assert {
        "binarized_elbo",
        "nll_bound",
        "binarized_nll_bound_standard_error",
        "binarized_exact_nll",
        "exact_nll_standard_error",
        "frechet",
        "real_recall",
        "relative_coverage",
    } <= set(found)
    assert found["exact_nll"] <= -found["test_elbo"]
    assert found["binarized_exact_nll"] <= -found["binarized_elbo"]
    assert found["exact_nll_change"] <= EFFORT.quadrature_tolerance
    assert -0.01 <= found["approximation_gap"] < 0.5  # by draws: a little noise
    assert found["fitted_elbo"] == -found["exact_nll"] - found["approximation_gap"]
    assert found["amortization_gap"] > 0
    np.testing.assert_allclose(
        found["amortization_gap"], found["fitted_elbo"] - found["test_elbo"], rtol=1e-9
    )
    assert found["amortization_gap_standard_error"] > 0
    assert found["compared"] == 40


@pytest.mark.parametrize("alike", [0.0, 0.9, -0.9])
def test_the_error_of_a_difference_of_means_is_that_of_repeats(alike):
    """Of 60 images, of 15 of which something else is known as well, by 4,000 repeats."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(4000):
        first = rng.standard_normal(60)
        chosen = np.sort(rng.permutation(60)[:15])
        second = alike * first[chosen] + math.sqrt(1 - alike**2) * rng.standard_normal(15)
        found.append(image_scores._difference("a", first, chosen, second))
    errors = np.array([f["a_standard_error"] ** 2 for f in found])
    differences = np.array([f["a"] for f in found])
    np.testing.assert_allclose(errors.mean(), differences.var(), rtol=0.08)


def test_every_use_of_chance_has_draws_of_its_own(weights, data, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        image_scores.seeds, "integer", lambda seed, *use: drawn.append(use) or len(drawn)
    )
    monkeypatch.setattr(
        image_scores.seeds, "generator",
        lambda seed, *use: drawn.append(use) or np.random.default_rng(len(drawn)),
    )  # fmt: skip
    measured(SETTINGS, weights, data, EFFORT, seed=1)
    assert len(drawn) == len(set(drawn)) == 9


def test_coverage_is_measured_at_other_numbers_of_samples(weights, data):
    """By chance of its own: what else is measured is as before."""
    names = {"coverage_fewer", "real_coverage_fewer"}
    found = measured(SETTINGS, weights, data, EFFORT, seed=1)
    assert {name for name in found if name.endswith(("_fewer", "_more"))} == names
    few = measured(SETTINGS, weights, data, replace(EFFORT, samples=14, neighbors=2), seed=1)
    more = {name.replace("fewer", "more") for name in names}
    assert {name for name in few if name.endswith(("_fewer", "_more"))} == names | more
    assert all(0 <= few[name] <= 1 for name in names | more)
    alone = measured(SETTINGS, weights, data, replace(EFFORT, neighbors=10), seed=1)
    assert not {name for name in alone if name.endswith(("_fewer", "_more"))}
    assert alone["nearest_training"] == found["nearest_training"]


def test_all_measures_of_an_autoencoder(weights, data):
    found = measured(AUTOENCODER, weights, data, EFFORT, seed=1)
    assert all(math.isfinite(value) for value in found.values())
    assert not [name for name in found if {"nll", "kl", "elbo", "gap"} & {*name.split("_")}]
    assert {"frechet", "code_area", "prior_mmd2", "nearest_training"} <= set(found)
    assert found["code_area_halved"] == pytest.approx(found["code_area"] / 4, rel=1e-4)


def test_all_measures_of_a_wider_latent_space(data, rng):
    settings = replace(SETTINGS, latent_units=3)
    sizes = {"encoder/mean": (6, 3), "encoder/log_variance": (6, 3), "decoder/dense_0": (3, 6)}
    sizes |= {"encoder/dense_0": (PIXELS, 6), "decoder/output": (6, PIXELS)}
    wide = {f"{name}/kernel": rng.normal(size=size) for name, size in sizes.items()}
    wide |= {f"{name}/bias": rng.normal(size=size[1]) for name, size in sizes.items()}
    found = measured(settings, wide, data, EFFORT, seed=1)
    assert found["active_units"] == 3
    assert not {"code_area", "code_area_halved", "hole_share", "exact_nll", "fitted_elbo"} & set(
        found
    )
    assert {"nll_bound", "nll_bound_effective_samples"} <= set(found)
