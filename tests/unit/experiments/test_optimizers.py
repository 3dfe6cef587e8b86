"""Optimizers at equal cost, knobs tuned on other starts, profiles, epochs to error levels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from latentlab.experiments.architectures.tables import (
    architectures_summary,
    factorial_effects,
    low_level,
)
from latentlab.experiments.gathering import (
    first_reached,
    levels_summary,
    nested,
    without_dots,
)
from latentlab.experiments.optimizers import runs
from latentlab.experiments.optimizers.tables import (
    convergence,
    early_errors,
    ends,
    optimizers_summary,
    performance_profiles,
)
from latentlab.files.tables import read_csv, write_csv
from latentlab.models.network import Network, initial_weights
from latentlab.seeds import generator
from latentlab.training import optimizers as training
from latentlab.training import replicates

NETWORK = {
    "architecture": [6, 3, 6], "encoder": "relu", "latent": "linear", "decoder": "sigmoid",
    "output": "sigmoid", "beta": 0.8, "biases": False,
}  # fmt: skip
OPTIONS = {
    "powell": {"xtol": 0.01, "ftol": 1e-4},
    "backpropagation": {"learning_rate": None, "schedule": "constant", "momentum": 0.8,
                        "shuffle_seed": None},
    "adam": {"learning_rate": None, "schedule": "cosine"},
    "rmsprop": {"learning_rate": None, "schedule": "cosine"},
    "lbfgs": {"memory": 10, "ftol": 1e-12, "gtol": 1e-9},
}  # fmt: skip
METHODS = [["powell"], ["backpropagation"], ["adam"], ["rmsprop"], ["lbfgs"], ["powell", "adam"],
           ["powell", "lbfgs"]]  # fmt: skip
X = np.eye(6)
RATE = {"squared-error": {"learning_rate": 0.05}}


def settings(*stages, **more):
    return {
        "seed": 1, "network": NETWORK, "starts_of": "optimizers/6-3", "losses": ["squared-error"],
        "stages": [{"optimizer": stage, **OPTIONS[stage]} for stage in stages],
        "evaluations": 500, "record_every": 60, "replicates": 2, **more,
    }  # fmt: skip


@pytest.mark.parametrize("stages", METHODS, ids="-".join)
def test_every_optimizer_keeps_to_the_common_cost_from_the_common_starts(stages):
    result = runs.train(settings(*stages), X, RATE, lambda line: None)
    network = Network(**NETWORK)
    for replicate, run in result["squared-error"].items():
        start = initial_weights(network, generator(1, "optimizers/6-3", replicate, "start"))
        alone = training.train(
            network, X, X, start, optimizer="powell", max_epochs=1, xtol=0.01, ftol=0.01
        )
        assert run.errors[0] == pytest.approx(alone.errors[0], rel=1e-12)
        assert run.evaluations[0] == 1
        assert (np.diff(run.evaluations) > 0).all()
        # a gradient is three: what does not divide is left over, at most once a stage, and what
        # L-BFGS-B spends on a search that it cannot finish
        assert 500 - 70 <= run.evaluations[-1] <= 500 or run.status == "converged"
        assert run.errors[-1] < run.errors[0]
        if "lbfgs" not in stages:  # which is recorded by iteration, of any number of gradients
            assert np.diff(run.evaluations).max() <= 120


def test_stages_share_the_budget_and_go_on_from_each_other():
    options = runs.staged(
        runs.with_knobs(settings("powell", "adam")["stages"], {"learning_rate": 0.1}),
        evaluations=1000,
        loss="cross-entropy",
        record_every=90,
    )
    powell, adam = options["stages"]
    assert (powell["max_evaluations"], powell["record_every"]) == (500, 90)
    assert (adam["max_epochs"], adam["record_every"]) == (166, 30)
    assert (adam["loss"], adam["learning_rate"]) == ("cross-entropy", 0.1)
    assert "loss" not in powell


def test_tuning_never_sees_a_reported_start(monkeypatch):
    seen = []
    monkeypatch.setattr(
        replicates,
        "initial_weights",
        lambda network, rng: seen.append(initial_weights(network, rng)) or seen[-1],
    )
    tuned = settings("adam", starts=3)
    tuned["stages"][0]["learning_rate"] = [0.01, 0.1]
    trials = runs.tune(tuned, X, lambda line: None)
    tried = {start.tobytes() for start in seen}
    assert len(seen) == 6
    assert len(tried) == 3  # the same for every rate
    seen.clear()
    runs.train(settings("adam", replicates=4), X, RATE, lambda line: None)
    assert not tried & {start.tobytes() for start in seen}
    assert trials["learning_rate"].tolist() == [0.01] * 3 + [0.1] * 3
    assert trials["start"].tolist() == [0, 1, 2] * 2
    assert (trials["evaluations"] == 499).all()  # the start, and 166 gradients


def test_every_combination_of_the_lists_is_tried():
    stages = [
        {"optimizer": "powell", "ftol": 0.1},
        {"optimizer": "adam", "learning_rate": [0.1, 0.2], "schedule": ["constant", "cosine"]},
    ]
    combinations = runs.tried(stages)
    assert combinations == [
        {"learning_rate": rate, "schedule": schedule}
        for rate in (0.1, 0.2)
        for schedule in ("constant", "cosine")
    ]
    powell, adam = runs.with_knobs(stages, combinations[1])
    assert powell == stages[0]
    assert adam == {"optimizer": "adam", "learning_rate": 0.1, "schedule": "cosine"}
    assert runs.tried(stages[:1]) == [{}]
    assert runs.used_knobs(stages, combinations[1]) == {
        "learning_rate": 0.1, "schedule": "cosine", "xtol": None, "ftol": 0.1,
    }  # fmt: skip


def test_a_rate_and_a_schedule_are_chosen_together(tmp_path):
    """What a table on disk gives back is what is trained with."""
    tuned = settings("adam", starts=2)
    tuned["stages"][0] |= {"learning_rate": [0.01, 0.1, 1.0], "schedule": ["constant", "cosine"]}
    write_csv(runs.tune(tuned, X, lambda line: None), tmp_path / "trials.csv")
    trials = read_csv(tmp_path / "trials.csv")
    medians = runs.medians(trials)
    assert len(medians) == 6
    (knobs,) = runs.chosen_knobs(trials).values()
    best = medians.sort_values("error").iloc[0]
    assert knobs == {"learning_rate": best["learning_rate"], "schedule": best["schedule"]}
    result = runs.train(settings("adam"), X, {"squared-error": knobs}, lambda line: None)
    assert set(result["squared-error"]) == {0, 1}


def test_the_knobs_with_the_lowest_median_are_chosen_and_divergence_is_worst():
    tuning = pd.DataFrame(
        {
            "loss": ["a"] * 6 + ["b"] * 2,
            "learning_rate": [0.1] * 3 + [0.3] * 3 + [0.3, 0.1],
            "error": [2.0, 2.0, 9.0, 1.0, np.nan, np.nan, 1.0, 1.0],
        }
    )
    assert runs.chosen_knobs(tuning) == {"a": {"learning_rate": 0.1}, "b": {"learning_rate": 0.1}}


@pytest.mark.parametrize(
    ("knobs", "inside"),
    [
        ({"learning_rate": 0.1, "schedule": "cosine"}, True),
        ({"learning_rate": 0.01, "schedule": "cosine"}, False),
        ({"learning_rate": 1.0, "schedule": "cosine"}, False),
        ({"schedule": "cosine"}, None),
    ],
)
def test_a_number_at_the_edge_of_what_was_tried_is_not_inside(knobs, inside):
    trials = pd.DataFrame({"learning_rate": [0.01, 0.1, 1.0], "schedule": ["constant"] * 3})
    assert runs.is_inside(trials, knobs) is inside


def test_cost_is_evaluations_times_multiply_adds():
    network = Network(**NETWORK)
    table = runs.with_operations(pd.DataFrame({"evaluations": [1, 10]}), network, 6)
    assert table["operations"].tolist() == [36 * 6, 360 * 6]


# --- when an error is reached ------------------------------------------------------------------


def history(**runs):
    return pd.DataFrame(
        [
            {"network": name[0], "replicate": int(name[1:]), "epoch": epoch, "error": error}
            for name, errors in runs.items()
            for epoch, error in enumerate(errors)
        ]
    )


def test_levels_are_reached_at_the_first_error_at_most_as_large():
    table = history(a0=[4.0, 1.0, 2.0, 0.5], a1=[4.0, 3.0])
    result = first_reached(table, ["network"], "epoch", [4.0, 1.0, 0.5], "epochs")
    assert result["epochs_to_4"].tolist() == [0, 0]
    assert result["epochs_to_1"].tolist()[0] == 1
    assert result["epochs_to_0.5"].tolist()[0] == 3
    assert result.loc[1, ["epochs_to_1", "epochs_to_0.5"]].isna().all()


@settings_of(max_examples=30)
@given(st.lists(st.integers(1, 50) | st.none(), min_size=6, max_size=15))
def test_what_is_not_reached_counts_as_later(epochs):
    table = pd.DataFrame({"network": "a", "epochs_to_1": pd.array(epochs, dtype="Float64")})
    table["epochs_to_1"] = table["epochs_to_1"].astype("float64")
    row = levels_summary(table, ["network"], "epochs", [1.0]).iloc[0]
    known = sorted(epoch for epoch in epochs if epoch is not None)
    assert row["reached_1"] == len(known) / len(epochs)
    assert row["reached_1_low"] <= row["reached_1"] <= row["reached_1_high"]
    everything = np.median(known + [np.inf] * (len(epochs) - len(known)))
    assert row["epochs_to_1"] == everything or (
        np.isinf(everything) and np.isnan(row["epochs_to_1"])
    )


def test_published_figures_stand_beside_both_readings_with_their_ranks():
    runs = pd.DataFrame(
        [
            {"network": "a", "encoder": encoder, "error": factor * (r + 1.0), "epochs": 5,
             "mean_wrong_pixels": 1.0, "max_wrong_pixels": r, "exact": 0.5, "within_one_pixel": 0.5,
             "epochs_to_2": 1.0}
            for encoder, factor in (("relu", 1.0), ("relu_as_run", 2.0))
            for r in range(8)
        ]
    )  # fmt: skip
    summary = architectures_summary(runs, {"a": {"error": 4.0, "epochs": 7}}, [2.0])
    assert summary["published_rank"].tolist() == [0.5, 0.25]
    assert summary["published_rank_low"].tolist() == pytest.approx([0.157013, 0.031854], abs=1e-6)
    assert summary["starts_within_one_pixel"].tolist() == [0.25, 0.25]
    unknown = architectures_summary(runs, {}, [2.0])
    assert unknown[["published_rank", "published_rank_low"]].isna().all(axis=None)


def test_effects_of_the_factorial_are_found():
    """An error of 2^depth / latent, whatever the width: ratios are exact."""
    table = pd.DataFrame(
        [
            {"depth": d, "latent": n, "hidden": w, "replicate": r,
             "error": 2.0**d / n * (1 + r / 10), "epochs_to_1": 5.0 if n > 4 else np.nan}
            for d in (1, 2) for n in (1, 2, 10) for w in (10, 20) for r in range(6)
        ]
    )  # fmt: skip
    effects = factorial_effects(table, [1.0]).set_index(["factor", "value"])
    ratios = effects["error_ratio"]
    assert ratios.loc["depth"].tolist() == pytest.approx([1.0, 2.0])
    assert ratios.loc["latent"].tolist() == pytest.approx([1.0, 0.5, 0.1])
    assert ratios.loc["hidden"].tolist() == pytest.approx([1.0, 1.0])
    assert effects.loc[("latent", 10), "error_ratio_high"] == pytest.approx(0.1)
    assert effects.loc["latent"]["reached_1"].tolist() == [0.0, 0.0, 1.0]
    assert list(effects.index.get_level_values(0).unique()) == ["depth", "latent", "hidden"]
    assert low_level(table.assign(**{"epochs_to_0.5": np.nan})) == "1"


def test_metrics_name_levels_without_dots():
    metrics = {"a": {"epochs_to_0.25_low": 1, "reached_0.25": 0.5, "mean_error": 2}}
    assert without_dots(metrics) == {
        "a": {"epochs_to-025_low": 1, "reached-025": 0.5, "mean_error": 2}
    }
    # as "{:g}" writes them
    assert without_dots({"reached_1e+06": 1, "reached_1e-05": 0}) == {
        "reached-100000000": 1, "reached-000001": 0,
    }  # fmt: skip


# --- convergence and profiles ------------------------------------------------------------------


def test_convergence_is_the_last_error_paid_for():
    table = pd.DataFrame(
        {"network": "a", "loss": "l", "optimizer": "o", "comparison": "equal",
         "replicate": [0] * 4 + [1] * 2,
         "operations": [1, 10, 100, 1000, 1, 50], "error": [9.0, 5.0, 3.0, 1.0, 9.0, 7.0]}
    )  # fmt: skip
    curve = convergence(table)
    assert curve["operations"].iloc[[0, -1]].tolist() == pytest.approx([10, 1000])
    assert curve["error"].iloc[[0, -1]].tolist() == [7.0, 4.0]  # (5 + 9) / 2, (1 + 7) / 2
    assert (np.diff(curve["error"]) <= 0).all()


def test_a_line_ends_with_the_budget_of_its_comparison():
    table = pd.DataFrame(
        {"network": "a", "loss": "l", "optimizer": ["o"] * 2 + ["o-long"] * 2, "replicate": 0,
         "comparison": ["equal"] * 2 + ["long"] * 2, "operations": [1, 10, 1, 1000],
         "error": [9.0, 5.0, 9.0, 2.0]}
    )  # fmt: skip
    ends = convergence(table).groupby("optimizer")["operations"].max()
    assert ends.to_dict() == pytest.approx({"o": 10, "o-long": 1000})


def test_the_early_error_is_the_last_one_recorded_until_then():
    table = pd.DataFrame(
        {"network": "a", "loss": "l", "optimizer": "o", "replicate": [0] * 3 + [1] * 2,
         "epoch": [0, 990, 1020, 0, 1000], "error": [9.0, 5.0, 3.0, 9.0, 7.0]}
    )  # fmt: skip
    assert early_errors(table, 1000)["early_error"].tolist() == [5.0, 7.0]


def costs():
    """Two starts to an error of 1; b never gets to the second."""
    return pd.DataFrame(
        {"network": "n", "loss": "l", "optimizer": ["a", "a", "b", "b"], "replicate": [0, 1, 0, 1],
         "operations_to_1": [20.0, 30.0, 10.0, np.nan]}
    )  # fmt: skip


def test_performance_profiles_are_dolan_and_mores():
    lines = performance_profiles(costs(), [1.0]).set_index("optimizer")
    assert lines.loc["a", ["factor", "share"]].to_numpy().tolist() == [[1.0, 0.5], [2.0, 1.0]]
    assert lines.loc["b", ["factor", "share"]].tolist() == [1.0, 0.5]


def test_a_problem_that_nobody_solves_counts_for_nobody():
    table = costs().assign(operations_to_1=[20.0, np.nan, np.nan, np.nan])
    lines = performance_profiles(table, [1.0]).set_index("optimizer")
    assert lines.loc["a", "share"] == 0.5
    assert lines.loc["b", "share"] == 0.0
    nobody = performance_profiles(costs().assign(operations_to_1=np.nan), [1.0])
    assert nobody["share"].tolist() == [0.0, 0.0]


def test_the_summary_counts_what_tuning_cost():
    runs = costs().assign(
        error=1.0, operations=100.0, mean_wrong_pixels=1.0, exact=0.5, within_one_pixel=0.5,
        epochs=2, comparison="equal", budget=1000, schedule=["cosine", "cosine", None, None],
        xtol=[np.nan, np.nan, 0.1, 0.1], ftol=np.nan, early_error=[2.0, 4.0, np.nan, np.nan],
        learning_rate=[0.1, 0.1, np.nan, np.nan],
    )  # fmt: skip
    tuning = pd.DataFrame(
        {"network": "n", "loss": "l", "optimizer": "a", "operations": [30.0, 40.0, 0.0],
         "learning_rate": [0.1, 0.01, 1.0], "xtol": np.nan}
    )  # fmt: skip
    summary = optimizers_summary(runs, tuning, [1.0]).set_index("optimizer")
    assert summary["tuning_operations"].tolist() == [70.0, 0.0]
    assert summary.loc["a", ["learning_rate", "schedule", "budget"]].tolist() == [
        0.1,
        "cosine",
        1000,
    ]
    assert summary["inside"].tolist() == [True, None]
    assert summary.loc["a", "early_error"] == 3.0
    assert np.isnan(summary.loc["b", "early_error"])
    metrics = nested(summary.reset_index(), ["network", "optimizer"])
    assert metrics["n"]["a"]["inside"] is True
    assert "inside" not in metrics["n"]["b"]
    runs["early_error"] = np.nan
    untuned = optimizers_summary(runs, pd.DataFrame({name: [] for name in tuning}), [1.0])
    assert untuned[["inside", "early_error"]].isna().all(axis=None)
    assert untuned["tuning_operations"].tolist() == [0.0, 0.0]
    assert summary["reached_1"].tolist() == [1.0, 0.5]


def test_the_ends_of_a_training_are_its_first_and_its_last_error():
    rows = [
        ("n", "l", o, r, cost, 10 - cost - r) for o in "ab" for r in (0, 1) for cost in (5, 1, 3)
    ]
    columns = ["network", "loss", "optimizer", "replicate", "operations", "error"]
    early = pd.DataFrame([{**dict(zip(columns, rows[0], strict=True)), "early_error": 7.0}])
    early = early.drop(columns=["operations", "error"])
    found = ends(pd.DataFrame(rows, columns=columns), early)
    assert found["pair"].tolist() == [0] * 9
    (own,) = found[found["moment"] == "early"].to_dict("records")
    assert (own["trained"], own["error"], own["runs"]) == ("a, early", 7.0, "even")
    assert set(found["trained"]) == {"a, early", "a, start", "a, end", "b, start", "b, end"}
    found = found[found["moment"] != "early"]
    assert (found["runs"] == found["replicate"].map({0: "even", 1: "odd"})).all()
    found = found.set_index(["optimizer", "replicate", "moment"]).sort_index()
    assert len(found) == 8
    for optimizer in "ab":
        for replicate in (0, 1):
            own = found.loc[(optimizer, replicate), "error"]
            assert own.to_dict() == {"start": 9 - replicate, "end": 5 - replicate}
