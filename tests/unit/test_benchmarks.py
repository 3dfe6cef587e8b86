"""Benchmarks use the package as it is; what they measure is no test's."""

import importlib.util
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def module(name):
    path = ROOT / f"benchmarks/{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_a_training_is_timed_with_the_evaluations_it_counted():
    network = {
        "architecture": [4, 2, 4], "encoder": "relu", "latent": "linear", "decoder": "sigmoid",
        "output": "sigmoid", "beta": 0.8, "biases": False,
    }  # fmt: skip
    settings = {
        "seed": 1, "network": network, "starts_of": "x", "losses": ["squared-error"],
        "stages": [{"optimizer": "adam", "learning_rate": None, "schedule": "cosine"}],
        "evaluations": 100,
        "record_every": 60, "replicates": 1,
    }  # fmt: skip
    knobs = {"squared-error": {"learning_rate": 0.01}}
    spent, evaluations = module("optimizers").seconds(settings, np.eye(4), knobs)
    assert spent >= 0
    assert evaluations == 100  # the start, and 33 gradients that count as 3


def test_the_powells_are_compared_by_the_interval_of_their_differences(monkeypatch, capsys):
    """Over 8 starts that is from the smallest to the largest difference."""
    equivalence = module("powell_equivalence")

    class Here:
        """A pool without processes."""

        def __init__(self, jobs):
            self.map = map

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(equivalence, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(equivalence.powell, "compile", lambda: None)
    monkeypatch.setattr(equivalence, "final_errors", lambda epochs, seed: (1 + seed / 100, 1.0))
    monkeypatch.setattr("sys.argv", ["powell_equivalence.py", "--starts", "8"])
    equivalence.main()
    assert "+0.0350, 95 % interval +0.0000 to +0.0700" in capsys.readouterr().out
