"""Measures of samples: against their definitions, and on images of which the answer is known."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_sets import first_images
from latentlab import seeds
from latentlab.data import digits
from latentlab.files.arrays import load_npz, save_npz
from latentlab.measures import controls, sample_quality, sample_sizes
from latentlab.measures.sample_quality import neighborhood_measures
from latentlab.models.image_model import scaled_single


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def by_the_definition(real, generated, k):
    """Kynkaanniemi and others 2019; Naeem and others 2020, equations 3 and 4: pair by pair."""

    def distance(a, b):
        return float(np.sum((a - b) ** 2))

    def reach(points):
        return [sorted(distance(p, q) for q in points)[k] for p in points]

    real_reach, own_reach = reach(real), reach(generated)
    within = [
        [distance(y, x) <= r for x, r in zip(real, real_reach, strict=True)] for y in generated
    ]
    return {
        "precision": sum(any(row) for row in within) / len(generated),
        "recall": sum(
            any(distance(y, x) <= r for y, r in zip(generated, own_reach, strict=True))
            for x in real
        )
        / len(real),
        "density": sum(map(sum, within)) / (k * len(generated)),
        "coverage": sum(map(any, zip(*within, strict=True))) / len(real),
    }


@given(st.integers(0, 999), st.integers(1, 4), st.integers(5, 12), st.integers(5, 12))
@settings(max_examples=30, deadline=None)
def test_the_measures_are_their_definitions(seed, k, n, m):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) * 1.5
    assert neighborhood_measures(real, generated, k) == pytest.approx(
        by_the_definition(real, generated, k)
    )


def test_chunks_change_nothing(rng, monkeypatch):
    real, generated = rng.normal(size=(2, 40, 3))
    whole = neighborhood_measures(real, generated, 3)
    chunks = sample_quality.squared_distances

    def rows(a, b):
        return (next(iter(chunks(a[at : at + 7], b))) for at in range(0, len(a), 7))

    monkeypatch.setattr(sample_quality, "squared_distances", rows)
    assert neighborhood_measures(real, generated, 3) == whole


@pytest.mark.parametrize("k", [1, 3, 5])
def test_of_one_distribution_density_is_one_and_coverage_known(rng, k):
    real, generated = rng.normal(size=(2, 1500, 3))
    found = neighborhood_measures(real, generated, k)
    assert found["density"] == pytest.approx(1, abs=0.08)
    assert found["coverage"] == pytest.approx(1 - 2.0**-k, abs=0.04)
    assert found["precision"] == pytest.approx(found["recall"], abs=0.06)


def test_missing_modes_lower_coverage_and_recall_bad_samples_all(rng):
    modes = rng.normal(size=(1000, 2)) * 0.1 + np.repeat([[0.0, 0.0], [9.0, 0.0]], 500, axis=0)
    one_mode = rng.normal(size=(1000, 2)) * 0.1
    found = neighborhood_measures(modes, one_mode, 3)
    assert found["precision"] > 0.9
    assert found["density"] > 0.9
    assert found["recall"] == pytest.approx(0.5, abs=0.05)
    assert found["coverage"] == pytest.approx(0.5, abs=0.06)
    assert set(neighborhood_measures(modes, one_mode + 100.0, 3).values()) == {0.0}


def test_one_good_image_again_and_again_is_precise_and_covers_little(rng):
    real = rng.normal(size=(500, 5))
    found = neighborhood_measures(real, np.zeros((500, 5)), 3)
    assert found["precision"] == 1.0
    assert found["coverage"] < 0.5
    assert found["recall"] == 0.0


def test_neighborhoods_by_hand():
    real, points = np.array([[0.0], [1.0], [10.0]]), np.array([[-0.9], [3.0], [17.0], [20.0]])
    # nearest neighbors at 1, 1 and 9: the neighborhoods reach -1..1, 0..2 and 1..19
    found = neighborhood_measures(real, points, 1)
    assert (found["precision"], found["density"]) == (0.75, 0.75)
    assert found["coverage"] == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def scores():
    data = digits.digits()
    surveyed = sample_quality.survey(data, 50)
    return controls.control_scores(data, surveyed, 500, 3, [2], partial(seeds.generator, 0))


def test_poor_images_fail_coverage_and_real_ones_pass(scores):
    coverage = {name: found["relative_coverage"] for name, found in scores.items()}
    assert list(coverage) == ["mean_image", "class_means", "gaussian_2", "real"]
    assert coverage["mean_image"] < 0.1
    assert coverage["class_means"] < 0.5
    assert coverage["gaussian_2"] < 0.5
    assert 0.85 < coverage["real"] < 1.15


def test_with_fewer_samples_the_mean_images_of_classes_pass(scores):
    """That they fail hangs on the number of samples: at a quarter of 500 they cover half."""
    found = scores["class_means"]
    assert found["coverage_fewer"] / found["real_coverage_fewer"] > 0.5
    assert found["relative_coverage"] < 0.4
    assert "coverage_more" not in found  # the set has no 2,000 test images


@pytest.mark.parametrize(
    ("n", "neighbors", "sizes"),
    [(12, 2, {"fewer": 3, "more": 48}), (13, 3, {"more": 52}), (16, 3, {"fewer": 4})],
)
def test_other_sizes_are_those_that_the_images_allow(n, neighbors, sizes):
    data = first_images(digits.digits(), 60, 52)
    assert sample_sizes.other_sizes(n, neighbors, data) == sizes


def test_coverage_at_another_size_is_that_of_quality(rng):
    data = first_images(digits.digits(), 60, 40)
    train, test = scaled_single(data.train_images), scaled_single(data.test_images)
    surveyed = sample_quality.survey(data, 5)
    against = sample_quality.reference(train, test, surveyed, 30, 3, rng)
    generated = controls.control_images(data, 30, [2], rng)["gaussian_2"]
    whole = sample_quality.quality(generated, against)
    assert sample_sizes.coverage_of(generated, against, "more") == {
        "coverage_more": whole["coverage"],
        "real_coverage_more": whole["real_coverage"],
    }


def test_other_sizes_change_no_score_of_the_controls(scores):
    """They have random numbers of their own."""
    data = digits.digits()
    surveyed = sample_quality.survey(data, 50)
    train, test = scaled_single(data.train_images), scaled_single(data.test_images)
    rng = seeds.generator(0, "controls")
    against = sample_quality.reference(train, test, surveyed, 500, 3, rng)
    images = controls.control_images(data, 500, [2], rng)
    for name, found in scores.items():
        expected = sample_quality.quality(images[name], against)
        assert {key: found[key] for key in expected} == expected


def test_precision_and_density_cannot_tell_the_mean_image_from_real_ones(scores):
    """Why coverage stands beside them."""
    assert scores["mean_image"]["relative_precision"] > 0.9
    assert scores["mean_image"]["relative_density"] > 0.9


def test_controls_are_images_and_use_no_test_image(rng):
    data = first_images(digits.digits(), 200, 50)
    found = controls.control_images(data, 30, [1, 2], rng)
    assert list(found) == ["mean_image", "class_means", "gaussian_1", "gaussian_2", "real"]
    for images in found.values():
        assert images.shape == (30, 784)
        assert images.min() >= 0
        assert images.max() <= 1
    assert len(np.unique(found["mean_image"], axis=0)) == 1
    assert len(np.unique(found["class_means"], axis=0)) <= 10


def test_a_survey_comes_back_from_its_arrays_and_knows_the_nearest_images(tmp_path):
    data = first_images(digits.digits(), 60, 20)
    found = sample_quality.survey(data, 5)
    save_npz(tmp_path / "survey.npz", found.arrays())
    again = sample_quality.survey_of(load_npz(tmp_path / "survey.npz"))
    train, test = scaled_single(data.train_images), scaled_single(data.test_images)
    np.testing.assert_array_equal(again.features(test), found.features(test))
    assert again.features.explained == found.features.explained < 1
    pairs = ((test[:, None] - train) ** 2).sum(axis=2)
    np.testing.assert_allclose(again.nearest, np.sqrt(pairs.min(axis=1)), rtol=1e-4)


def test_real_images_have_their_own_distances_whatever_is_generated(rng):
    data = first_images(digits.digits(), 60, 20)
    train, test = scaled_single(data.train_images), scaled_single(data.test_images)
    surveyed = sample_quality.survey(data, 5)
    against = sample_quality.reference(train, test, surveyed, 9, 3, rng)
    found = sample_quality.quality(against.held_out, against)
    assert found["nearest_training"] == pytest.approx(found["real_nearest_training"], rel=1e-4)
    copies = sample_quality.quality(train[:9], against)
    assert copies["nearest_training"] < 0.05
    assert copies["real_nearest_training"] == found["real_nearest_training"]
