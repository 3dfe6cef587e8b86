"""Intervals, seeds, tables and the gathering of cells."""

import itertools
import math
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from latentlab import StudyError
from latentlab.experiments.conclusions import evidence
from latentlab.experiments.gathering import (
    carried_forward,
    gather_cells,
    learning_curves,
    nested,
    summarize,
)
from latentlab.experiments.letters.tables import letter_yardstick, restarts
from latentlab.experiments.vae.tables import code_areas, estimator, vae_summary
from latentlab.files.tables import read_csv, read_json, write_csv, write_json
from latentlab.measures import statistics
from latentlab.seeds import generator, integer

ROOT = Path(__file__).parents[3]


def test_median_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        low, high = statistics.median(rng.exponential(size=30))[1:]
        hits += low <= np.log(2) <= high
    assert hits / 400 >= 0.93


def test_mean_interval_is_students():
    x = np.array([1.0, 2.0, 4.0])
    estimate = statistics.mean(x)
    t = stats.t.interval(0.95, 2, loc=x.mean(), scale=x.std(ddof=1) / np.sqrt(3))
    assert estimate == pytest.approx((x.mean(), *t))


def test_shares_stay_shares():
    assert statistics.share([0.9, 1.0, 1.0])[1:] == (pytest.approx(0.8232, abs=1e-4), 1.0)
    assert statistics.share([0.0, 0.1, 0.0]).low == 0.0


def test_sizes_stay_sizes_and_correlations_correlations():
    few = [0.0, 0.1, 0.3]
    assert statistics.mean(few).low < 0.0
    assert statistics.size(few) == (*statistics.mean(few)[:1], 0.0, statistics.mean(few).high)
    wide = statistics.correlation([-0.9, 0.9, 0.8])
    assert wide[1:] == (-1.0, 1.0)
    assert statistics.correlation([0.1, 0.2, 0.3]) == statistics.mean([0.1, 0.2, 0.3])


def test_one_observation_has_no_interval():
    for estimate in (statistics.mean([2.0]), statistics.median([2.0]), statistics.share([2.0])):
        assert estimate.value == 2.0
        assert np.isnan([estimate.low, estimate.high]).all()


def test_rank_of_a_published_figure():
    assert statistics.rank_share([1.0, 2.0, 3.0, 4.0], 2.0) == 0.5


def test_seeds_follow_identity_alone():
    draw = generator(1, "architectures/35-15-2", 0, "start").random(3)
    assert np.array_equal(draw, generator(1, "architectures/35-15-2", 0, "start").random(3))
    others = [
        generator(2, "architectures/35-15-2", 0, "start"),
        generator(1, "architectures/35-15-2", 1, "start"),
        generator(1, "architectures/35-15-2", 0, "copies"),
        generator(1, "architectures/35-15-21", "", "start"),
    ]
    assert all(not np.array_equal(draw, other.random(3)) for other in others)
    assert 0 <= integer(1, "a") < 2**31
    # what a published result was computed from must not drift
    assert integer(2022, "vae/mnist/published/0", "train") == 1311160790


def history(replicate, errors):
    return pd.DataFrame({"replicate": replicate, "epoch": np.arange(len(errors)), "error": errors})


def test_a_stopped_run_carries_its_error_forward():
    both = pd.concat([history(0, [4.0, 2.0, 1.0]), history(1, [4.0, 3.0])])
    assert carried_forward(both).to_numpy().tolist() == [[4, 2, 1], [4, 3, 3]]
    curve = learning_curves(both.assign(network="a"), ["network"])
    assert curve["error"].tolist() == [4.0, 2.5, 2.0]


def test_cells_are_gathered_with_their_factors(tmp_path):
    for name, error in (("x/a", 1.0), ("x/b", 2.0)):
        write_csv(pd.DataFrame({"replicate": [0, 1], "error": error}), tmp_path / name / "runs.csv")
        write_csv(pd.DataFrame({"replicate": [0, 1], "exact": 1.0}), tmp_path / name / "scores.csv")
    factors = {"x/b": {"font": "x", "network": "b"}, "x/a": {"font": "x", "network": "a"}}
    table = gather_cells(tmp_path, factors, "runs.csv", "scores.csv")
    assert list(table) == ["font", "network", "replicate", "error", "exact"]
    assert table["network"].tolist() == ["b", "b", "a", "a"]
    summary = summarize(table, ["font", "network"], error="mean")
    assert nested(summary, ["font", "network"])["x"]["b"]["mean_error"] == 2.0


def test_the_yardstick_takes_the_best_network_of_each_kind():
    networks = {
        "a": {"architecture": [35, 2, 35], "optimizer": "adam"},
        "b": {"architecture": [35, 2, 35], "optimizer": "powell"},
        "c": {"architecture": [35, 1, 35], "optimizer": "adam"},
        "d": {"architecture": [35, 5, 35], "optimizer": "adam"},
        "e": {"architecture": [35, 2, 35], "optimizer": "stages"},
    }
    wrong = {("all", "a"): [0, 0, 3], ("all", "b"): [0, 1, 1], ("all", "c"): [2, 2, 4],
             ("font1", "b"): [1, 5, 9], ("font1", "d"): [0, 0, 0], ("font1", "e"): [0]}  # fmt: skip
    replicates = pd.DataFrame(
        [
            {"font": font, "network": name, "max_wrong_pixels": w, "evaluations": 100}
            for (font, name), values in wrong.items()
            for w in values
        ]
    )
    result = letter_yardstick(replicates, networks)
    assert result["all_fonts"]["network"] == "a"
    assert result["all_fonts"]["max_wrong_pixels"] == 0
    assert result["all_fonts"]["share_of_starts"] == pytest.approx(2 / 3)
    assert result["powell_only"]["all_fonts"]["share_of_starts"] == pytest.approx(1 / 3)
    assert result["powell_only"]["all_fonts"]["share_within_one_pixel"] == 1.0
    assert result["powell_only"]["font1"]["max_wrong_pixels"] == 1
    assert result["powell_only"]["font1"]["share_within_one_pixel"] == pytest.approx(1 / 3)
    assert result["powell_only"]["all_fonts"]["restarts"]["starts"] == 1  # all three will do
    assert "restarts" not in result["all_fonts"]
    assert result["one_dimensional"]["all_fonts"]["network"] == "c"
    assert list(result["one_dimensional"]) == ["all_fonts"]
    assert result["font1"]["network"] == "b"  # of one optimizer
    assert {font: entry["network"] for font, entry in result["hybrid"].items()} == {"font1": "e"}


@pytest.mark.parametrize(
    ("succeed", "of", "starts"), [(20, 20, 1), (18, 20, 1), (10, 20, 4), (1, 20, 18), (1, 1, 1)]
)
def test_restarts_until_nine_tries_of_ten_succeed(succeed, of, starts):
    wrong = [0, 1] * of
    runs = pd.DataFrame(
        {"max_wrong_pixels": wrong[:succeed] + [2] * (of - succeed), "evaluations": 100}
    )
    found = restarts(runs)
    assert found["starts"] == starts
    assert found["starts_low"] <= starts <= found["starts_high"]
    assert found["evaluations"] == 100 * starts
    drawn = itertools.combinations(runs["max_wrong_pixels"] <= 1, starts)
    tries = [any(one) for one in itertools.islice(drawn, 5000)]
    if comb(of, starts) <= 5000:
        assert np.mean(tries) >= 0.9


def test_no_restart_helps_what_never_succeeds():
    assert restarts(pd.DataFrame({"max_wrong_pixels": [2, 3], "evaluations": 100})) == {}


APART = [str(i) for i in range(10)]
"""Sets that share nothing: of a member each."""


def test_rank_correlation_of_known_pairs():
    x = np.arange(10.0)
    whole = statistics.rank_correlation(x, x**3, APART)
    assert whole.value == 1.0
    assert np.isnan(whole[1:]).all()
    assert statistics.rank_correlation(x, -x, APART)[0] == -1.0
    assert np.isnan(statistics.rank_correlation(x, np.ones(10), APART)[0])
    assert np.isnan(statistics.rank_correlation([1.0], [2.0], APART[:1])[0])
    assert np.isnan(statistics.rank_correlation([1, 2, 3], [1, 3, 2], APART[:3])[1])
    # by hand: d = 1 twice, 1 - 6 * 2 / (5 * 24)
    value, low, high = statistics.rank_correlation([1, 2, 3, 4, 5], [2, 1, 3, 4, 5], APART[:5])
    assert value == pytest.approx(0.9)
    assert -1 < low < 0.9 < high < 1


def test_rank_correlation_interval_nearly_covers_as_often_as_it_says():
    """Sets of four of 32 letters, the two values of which have a known correlation.

    About 0.90 of the intervals hold it, a little less than 0.95; were sets independent, 0.81.
    """
    rng = np.random.default_rng(0)
    hits, naive = 0, 0
    true = 6 / np.pi * np.arcsin(0.3)  # Spearman's of a normal pair
    for _ in range(400):
        values = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 32)
        chosen = [rng.choice(32, 4, replace=False) for _ in range(40)]
        x, y = np.array([values[of].mean(axis=0) for of in chosen]).T
        value, low, high = statistics.rank_correlation(x, y, [set(map(str, of)) for of in chosen])
        hits += low <= true <= high
        half = 1.96 * np.sqrt((1 + value**2 / 2) / 37)  # as if no set shared a letter
        naive += abs(np.arctanh(value) - np.arctanh(true)) <= half
    assert hits / 400 >= 0.88
    assert naive / 400 < 0.85


def test_tables_read_back_exactly(tmp_path):
    table = pd.DataFrame({"name": ["NA", "nan"], "x": [0.1 + 0.2, 1e-300], "n": [1, 2]})
    write_csv(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "t.csv"), table)
    assert (tmp_path / "t.csv").read_bytes().count(b"\r") == 0


def test_json_is_sorted_and_holds_no_nan(tmp_path):
    write_json({"b": np.float64(1.5), "a": [np.nan, np.int64(2)]}, tmp_path / "m.json")
    assert (tmp_path / "m.json").read_text() == (
        '{\n  "a": [\n    null,\n    2\n  ],\n  "b": 1.5\n}\n'
    )
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(StudyError, match=r"bad\.json: not valid JSON"):
        read_json(tmp_path / "bad.json")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_floats_survive_a_table(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("floats") / "t.csv"
    write_csv(pd.DataFrame({"x": values}), path)
    assert read_csv(path)["x"].astype(float).tolist() == values


def test_image_models_are_summed_up_with_both_intervals_and_the_published_rank():
    rows = [
        {"dataset": d, "model": m, "replicate": r, "test_loss": 150.0 + 2 * r, "nll": 140.0 + r,
         "nll_standard_error": np.nan if m == "autoencoder" else 0.5}
        for d in ("mnist", "digits") for m in ("keras", "autoencoder") for r in range(3)
    ]  # fmt: skip
    summary = vae_summary(pd.DataFrame(rows), {"mnist": {"keras": {"test_loss": 152.0}}})
    assert "nll_standard_error" not in summary
    tree = nested(summary, ["dataset", "model"])
    result = tree["mnist"]["keras"]
    assert (result["test_loss"], result["published_rank"]) == (152.0, pytest.approx(2 / 3))
    assert result["test_loss_low"] == pytest.approx(152 - 4.303 * 2 / np.sqrt(3), abs=0.01)
    assert result["nll_images_low"] == pytest.approx(141 - 1.96 * 0.5, abs=1e-4)
    assert result["nll_images_high"] == pytest.approx(141 + 1.96 * 0.5, abs=1e-4)
    for other in (tree["digits"]["keras"], tree["mnist"]["autoencoder"]):
        assert "published_rank" not in other
    assert "nll_images_low" not in tree["mnist"]["autoencoder"]


def leaves(tree, name=""):
    """The numbers of metrics, with the name of each."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, key)
    else:
        yield name, tree


def test_intervals_end_where_a_measure_does():
    shares = {"within_one_pixel", "exact", "right_letter", "known", "new", "blur"}
    seen = set()
    for experiment in ("architectures", "letters", "optimizers", "denoising", "vae"):
        for name, value in leaves(read_json(ROOT / f"results/{experiment}/metrics.json")):
            measure = name.removeprefix("training_").removesuffix("_low").removesuffix("_high")
            if "_images" in measure or value is None:
                continue
            kind = estimator(measure) if experiment == "vae" else ""
            if kind == "share" or measure in shares:
                assert 0.0 <= value <= 1.0, (experiment, name)
            elif kind == "size" or measure == "mean_wrong_pixels":
                assert value >= 0.0, (experiment, name)
            elif measure == "distance_correlation":
                assert -1.0 <= value <= 1.0
            else:
                continue
            seen.add(measure)
    assert seen > {"precision", "recall", "coverage", "exact_nll", "mean_wrong_pixels", "known",
                   "distance_correlation", "hole_share"}  # fmt: skip


@pytest.mark.parametrize("size", ["", "_fewer", "_more"])
def test_coverage_at_any_number_of_samples_is_a_share(size):
    assert estimator(f"coverage{size}") == estimator(f"real_coverage{size}") == "share"


def test_areas_are_summed_up_as_the_claim_compares_them():
    """By geometric means: the ratio of the table is the effect of the claim."""
    areas = [(1.0, 100.0), (2.0, 3.0)]
    runs = pd.DataFrame(
        [{"dataset": "mnist", "model": m, "replicate": r, "test_loss": 1.0, "code_area": area}
         for m, of in zip("ab", areas, strict=True) for r, area in enumerate(of)]
    )  # fmt: skip
    found = vae_summary(runs, {}).set_index("model")["code_area"]
    assert found.tolist() == pytest.approx([10.0, np.sqrt(6.0)])
    first, second = (np.array(of) for of in areas)
    draws = evidence.Draws(0.33, 10, np.random.default_rng(0))
    effect = evidence.ratio([(first, second)], 1, draws).effect
    assert found["a"] / found["b"] - 1 == pytest.approx(effect)


def test_a_geometric_mean_has_the_interval_of_logarithms():
    value, low, high = statistics.geometric_mean([1.0, 10.0, 100.0])
    assert value == pytest.approx(10.0)
    assert value / low == pytest.approx(high / value)
    assert np.log10(high) - 1 == pytest.approx(statistics.mean([0.0, 1.0, 2.0]).high - 1)
    assert statistics.geometric_mean([0.0, 4.0])[0] == 0.0
    assert np.isnan(statistics.geometric_mean([4.0]).low)


def test_areas_of_codes_of_which_it_is_known_which_are_smaller():
    runs = {"dataset": "mnist", "model": "published", "replicate": [0, 1, 2]}
    areas = {"code_area": [8.0, 12.0, np.nan], "code_area_halved": [2.0, 3.0, np.nan]}
    found = code_areas(pd.DataFrame({**runs, "test_loss": 1.0, **areas}))
    assert list(found.columns) == ["dataset", "model", "replicate", "codes", "code_area", "runs"]
    assert found["codes"].tolist() == ["own"] * 3 + ["halved"] * 3
    assert found["runs"].tolist() == ["even", "odd", "even"] * 2
    assert found["code_area"].dropna().tolist() == [8, 12, 2, 3]
    assert code_areas(pd.DataFrame(runs))["code_area"].isna().all()  # no codes in a plane


@given(st.integers(2, 6), st.integers(2, 8), st.integers(0, 1000))
def test_the_share_between_groups_is_what_one_way_anovas_f_says(groups, size, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(groups, size)) + rng.normal(size=(groups, 1))
    f = stats.f_oneway(*values).statistic
    expected = max(0.0, (f - 1) / (f + size - 1))
    assert statistics.between_share(list(values)) == pytest.approx(expected, abs=1e-9)


def test_the_share_between_groups_of_unlike_sizes_is_that_of_the_population():
    rng = np.random.default_rng(1)
    groups = [rng.normal(size=size) + 2 * rng.normal() for size in rng.integers(1, 9, size=4000)]
    assert statistics.between_share(groups) == pytest.approx(4 / 5, abs=0.02)


@pytest.mark.parametrize("groups", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_where_nothing_can_be_told_apart_the_share_between_groups_is_nan(groups):
    assert np.isnan(statistics.between_share(groups))


def test_fisher_s_scale_is_the_inverse_hyperbolic_tangent():
    for r in (-0.999, -0.5, 0.0, 1e-9, 0.3, 0.999):
        assert statistics.fisher(r) == pytest.approx(math.atanh(r), rel=1e-14)
    for r in (-1.0, 1.0):
        with pytest.raises(ValueError, match="math"):
            statistics.fisher(r)
