"""Sizes of networks, and answers of which it is known what their error says."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from latentlab.data.fonts import read_fonts
from latentlab.experiments.architectures.plan import (
    all_architectures,
    architectures_factors,
    architectures_settings,
)
from latentlab.experiments.architectures.tables import controls, epochs_by_level, with_shapes
from latentlab.experiments.params import read_params
from latentlab.models.network import squared_error

ROOT = Path(__file__).parents[3]
SECTION = read_params(ROOT / "params.yaml", ROOT)["architectures"]
LETTERS = read_fonts(ROOT / "data/fonts/font.h")["font2"].pixels


def test_all_architectures_are_those_that_are_trained():
    trained = {}
    for factors in architectures_factors(SECTION).values():
        networks = next(
            step["networks"]
            for step in architectures_settings(SECTION, factors).values()
            if "networks" in step
        )
        trained |= {name: network["architecture"] for name, network in networks.items()}
    assert all_architectures(SECTION) == trained
    assert len(trained) > 30


def test_shapes_are_counted_from_the_units_of_every_layer():
    architectures = {"a": [35, 20, 10, 2, 10, 20, 35], "b": [35, 18, 5, 18, 35], "c": [35, 2, 35]}
    table = pd.DataFrame({"network": ["b", "a", "c", "b"], "error": [1.0, 2.0, 3.0, 4.0]})
    found = with_shapes(table, architectures, biases=False)
    assert found["depth"].tolist() == [1, 2, 0, 1]
    assert found["latent"].tolist() == [5, 2, 2, 5]
    weights = [2 * (35 * 18 + 18 * 5), 2 * (35 * 20 + 20 * 10 + 10 * 2), 2 * 35 * 2]
    assert found["weights"].tolist() == [*weights, weights[0]]
    assert found["error"].tolist() == table["error"].tolist()
    biased = with_shapes(table, architectures, biases=True)
    assert (biased["weights"] - found["weights"]).tolist() == [
        18 + 5 + 18 + 35, 20 + 10 + 2 + 10 + 20 + 35, 2 + 35, 18 + 5 + 18 + 35,
    ]  # fmt: skip


def test_what_a_table_has_of_its_shape_stays():
    table = pd.DataFrame({"network": ["c"], "depth": [7]})
    found = with_shapes(table, {"c": [35, 2, 35]}, biases=False)
    assert (found["depth"].tolist(), found["latent"].tolist()) == ([7], [2])


def test_the_constant_answer_is_the_best_of_its_kind_and_every_letter_itself_is_perfect():
    errors = controls(LETTERS).set_index("answer")["error"]
    assert list(errors.index) == ["constant", "perfect"]
    assert errors["constant"] == pytest.approx(3.55615234375)  # powell's measure in claims.yaml
    assert errors["perfect"] == 0
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = LETTERS.mean(axis=0) + 0.05 * rng.standard_normal(35)
        assert squared_error(np.broadcast_to(other, LETTERS.shape), LETTERS) > errors["constant"]


def test_a_lower_level_is_reached_no_sooner_and_stands_below_the_higher():
    runs = {"depth": 1, "latent": 2, "hidden": 10, "replicate": [0, 1], "error": 0.3}
    table = pd.DataFrame({**runs, "epochs_to_2": [3.0, 4.0], "epochs_to_0.5": [9.0, np.nan]})
    found = epochs_by_level(table)
    assert list(found.columns) == [
        "depth", "latent", "hidden", "replicate", "level", "epochs_to_level",
    ]  # fmt: skip
    assert found["level"].tolist() == [2.0, 2.0, 0.5, 0.5]
    assert found["replicate"].tolist() == [0, 1, 0, 1]
    assert found["epochs_to_level"].tolist() == pytest.approx([3, 4, 9, np.nan], nan_ok=True)
