"""One door to all optimizers, replicates, and what a training is turned into."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.models.network import Network, initial_weights
from latentlab.seeds import generator
from latentlab.training import replicates as training
from latentlab.training.optimizers import OPTIMIZERS, unused_modules
from latentlab.training.record import Training
from latentlab.training.replicates import replicates_of, train_replicates
from latentlab.training.tables import history_table, runs_table, weights_of

NETWORK = Network((6, 2, 6), "relu", "linear", "sigmoid", "sigmoid", 0.8, True)
X = np.eye(6)


def replicates(count=2, **options):
    options = {"optimizer": "powell", "max_epochs": 3, "xtol": 0.01, "ftol": 1e-9, **options}
    lines = []
    result = train_replicates(
        NETWORK, lambda r: (X, X), replicates=range(count), seed=1, cell="c", options=options,
        log=lines.append,
    )  # fmt: skip
    return result, lines


@pytest.mark.parametrize("optimizer", ["powell", "scipy-powell"])
def test_every_replicate_has_its_own_start_and_is_logged(optimizer):
    result, lines = replicates(3, optimizer=optimizer)
    starts = [initial_weights(NETWORK, generator(1, "c", r, "start")) for r in range(3)]
    assert len({start.tobytes() for start in starts}) == 3
    assert len({t.weights.tobytes() for t in result.values()}) == 3
    assert all(t.errors[-1] < t.errors[0] for t in result.values())
    assert lines[0].startswith("replicate 1 of 3: max_epochs after 3 epochs, error ")


def test_a_part_counts_its_own_replicates_in_its_log():
    lines = []
    options = {"optimizer": "powell", "max_epochs": 1, "xtol": 0.01, "ftol": 1e-9}
    train_replicates(
        NETWORK, lambda r: (X, X), replicates=range(3, 5), seed=1, cell="c", options=options,
        log=lines.append,
    )  # fmt: skip
    assert [line.split(":")[0] for line in lines] == ["replicate 1 of 2", "replicate 2 of 2"]


def test_more_replicates_change_none():
    few, many = replicates(2)[0], replicates(4)[0]
    assert np.array_equal(weights_of(few), weights_of(many)[:2])


@given(st.integers(1, 40), st.integers(1, 40))
def test_parts_hold_every_replicate_once(count, parts):
    ranges = [replicates_of({"replicates": count, "part": (k, parts)}) for k in range(parts)]
    assert [r for part in ranges for r in part] == list(replicates_of({"replicates": count}))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


def test_a_long_training_says_where_it_is(monkeypatch):
    clock = iter(range(0, 100000, 61))
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    _, lines = replicates(1)
    assert lines[0].startswith("replicate 1 of 1: epoch 1, error ")


def test_tables_of_trainings():
    runs = {
        4: Training(
            np.zeros(1), np.array([3.0, 2.0]), np.array([1, 50]), "converged", np.array([0, 1])
        ),
        5: Training(
            np.ones(1), np.array([3.0, 1.0]), np.array([1, 9]), "max_epochs", np.array([0, 10])
        ),
    }
    assert history_table(runs).to_dict("list") == {
        "replicate": [4, 4, 5, 5],
        "epoch": [0, 1, 0, 10],
        "error": [3.0, 2.0, 3.0, 1.0],
        "evaluations": [1, 50, 1, 9],
    }
    assert runs_table(runs).to_dict("list") == {
        "replicate": [4, 5],
        "epochs": [1, 10],
        "evaluations": [50, 9],
        "error": [2.0, 1.0],
        "status": ["converged", "max_epochs"],
    }


@pytest.mark.parametrize(
    ("settings", "used"),
    [
        ({"training": {"optimizer": "powell", "xtol": 0.1}}, {"powell"}),
        ({"training": {"optimizer": "scipy-powell"}}, {"powell"}),
        ({"stages": [{"optimizer": "powell"}]}, {"powell", "optimizers"}),
        ({"stages": [{"optimizer": "powell"}, {"optimizer": "lbfgs"}]}, None),
        ({"training": {"optimizer": "rmsprop"}, "seed": 1}, {"gradient"}),
        ({"anything": ({"adam": 1}, "powell")}, {"powell", "gradient"}),
        ({"seed": 1}, None),
    ],
)
def test_the_modules_of_optimizers_that_settings_do_not_name_are_unused(settings, used):
    modules = {module for module, _ in OPTIMIZERS.values()}
    left = {f"latentlab.training.{name}" for name in used} if used else modules
    assert unused_modules(settings) == modules - left
