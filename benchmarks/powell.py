"""Powell's method: time an evaluation of the loss, in one interleaved run.

    PYTHONPATH=src python benchmarks/powell.py [--json FILE] [--seconds N] [--bound]

Contenders: SciPy's Powell with the usual NumPy loss (``network.forward``), with a carefully
written one (``powell.NumpyObjective``) and with a naive compiled one; and ``powell.train``. In
every round each of them works on each network once, so that whatever else the machine does hits
all alike; figures are medians over the rounds, ratios medians of the rounds' ratios. SciPy's runs
end after some hundred evaluations, which all cost the same; ours are whole iterations, because
there an evaluation costs what follows from the weight it moves. Both count evaluations as SciPy.

Then how the cost grows with weights and samples. ``--json`` writes the ratios ("-": to the
standard output, instead of the tables); ``--bound`` compares the main network, layer by layer,
with the multiply-adds counted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import latentlab  # before NumPy: it pins how libraries compute

# the one thing that is free here: the processor that numba compiles for
os.environ.update({k: v for k, v in latentlab.OVERRULED.items() if k.startswith("NUMBA_CPU_")})

# isort: split
import numba
import numpy as np
import pandas as pd
from llvmlite import binding
from scipy.optimize import minimize

from latentlab.aliases import Array
from latentlab.data.fonts import read_fonts
from latentlab.models.network import Network, forward, initial_weights, squared_error
from latentlab.training import kernels, powell

FONTS = Path(__file__).resolve().parents[1] / "data" / "fonts" / "font.h"
STUDY = (
    (35, 20, 15, 2, 15, 20, 35),
    (35, 15, 2, 15, 35),
    (35, 18, 2, 18, 35),
    (35, 25, 2, 25, 35),
    (35, 20, 10, 2, 10, 20, 35),
    (35, 25, 15, 2, 15, 25, 35),
    (35, 18, 5, 18, 35),
)
GROWTH = ((35, 15, 2, 15, 35), STUDY[0], (35, 40, 20, 2, 20, 40, 35), (35, 70, 35, 2, 35, 70, 35))
SAMPLES = (4, 8, 32, 128, 512, 1024)
EVALUATIONS = 400  # of a SciPy run
FEW_EVALUATIONS = 60  # of one with a large network or many samples
EPOCHS = 2  # of a run of ours
MULTIPLIES = {"linear": 0, "relu": 0, "sigmoid": 8}  # multiplications of an activation


def network_of(architecture: tuple[int, ...], encoder: str) -> Network:
    return Network(architecture, encoder, "linear", "sigmoid", "sigmoid", 0.8, False)


def name_of(architecture: tuple[int, ...], encoder: str, samples: int) -> str:
    label = f"[{','.join(map(str, architecture))}] {encoder}"
    return label if samples == 32 else f"{label}, {samples} samples"


def instruction_set() -> str:
    """The one compiled for: the processor's, or what NUMBA_CPU_NAME and _FEATURES ask for."""
    name, features = numba.config.CPU_NAME, numba.config.CPU_FEATURES
    if features is None:
        features = binding.get_host_cpu_features().flatten()
    known = {"+avx512f": "AVX-512", "+avx2": "AVX2", "+avx": "AVX", "+neon": "NEON"}
    found = next((known[flag] for flag in known if flag in features.split(",")), "baseline")
    return f"{found} ({name or binding.get_host_cpu_name()})"


@numba.njit
def naive_loss(weights: Array, units: Array, encoder: str, x: Array, beta: float) -> float:
    """The loss as one would first write it in a compiled language: sample by sample."""
    total = 0.0
    layers = len(units) - 1
    for sample in range(len(x)):
        values = x[sample]
        at = 0
        for layer in range(layers):
            new = np.empty(units[layer + 1])
            for o in range(units[layer + 1]):
                h = 0.0
                for i in range(units[layer]):
                    h += weights[at + i] * values[i]
                at += units[layer]
                if layer >= layers // 2:
                    h = 1.0 / (1.0 + math.exp(-2.0 * beta * h))
                elif layer < layers // 2 - 1 and encoder == "relu":
                    h = max(0.0, h)
                new[o] = h
            values = new
        for o in range(len(values)):
            total += (x[sample, o] - values[o]) ** 2
    return 0.5 * total / len(x)


def time_scipy(loss: Callable[[Array], float], start: Array, evaluations: int) -> float:
    """Seconds an evaluation of SciPy's Powell takes, from the end of the first one on.

    Before it SciPy makes its (n, n) directions, which a whole training pays once.
    """
    begin = math.nan

    def first(weights: Array) -> float:
        nonlocal begin, current
        value = loss(weights)
        begin, current = time.perf_counter(), loss
        return value

    current = first
    with np.errstate(all="ignore"):
        minimize(lambda w: current(w), start, method="Powell", options={"maxfev": evaluations})
    return (time.perf_counter() - begin) / (evaluations - 1)


def time_ours(network: Network, x: Array, start: Array, epochs: int) -> tuple[float, float]:
    """Seconds an evaluation and seconds an iteration of ``powell.train``."""
    begin = time.perf_counter()
    training = powell.train(network, x, x, start, max_epochs=epochs, xtol=0.01, ftol=0.0)
    seconds = time.perf_counter() - begin
    return seconds / training.evaluations[-1], seconds / training.epochs


def one_round(network: Network, x: Array, start: Array, in_full: bool) -> dict[str, float]:
    """Microseconds an evaluation of each contender, ours in seconds an iteration also."""
    careful = powell.NumpyObjective(network, x, x)
    times = {"careful": time_scipy(careful, start, EVALUATIONS if in_full else FEW_EVALUATIONS)}
    if in_full:
        units = np.array(network.architecture)

        def usual(weights: Array) -> float:
            return squared_error(forward(network, weights, x), x)

        def naive(weights: Array) -> float:
            return naive_loss(weights, units, network.encoder, x, network.beta)

        times["usual"] = time_scipy(usual, start, EVALUATIONS // 2)
        times["naive"] = time_scipy(naive, start, EVALUATIONS // 2)
    times["ours"], iteration = time_ours(network, x, start, EPOCHS)
    times = {name: seconds * 1e6 for name, seconds in times.items()}
    return times | {"iteration": iteration}


def interleave(cases: dict[str, tuple[Network, Array]], seconds: float, in_full: bool):
    """Rounds over all cases until the time is spent, two at least: (medians, rounds)."""
    rows = []
    starts = {
        name: initial_weights(network, np.random.default_rng(1))
        for name, (network, _) in cases.items()
    }
    begin, number = time.perf_counter(), 0
    while number < 2 or time.perf_counter() - begin < seconds * number / (number + 1):
        for name, (network, x) in cases.items():
            rows.append({"network": name, **one_round(network, x, starts[name], in_full)})
        number += 1
    table = pd.DataFrame(rows)
    table["speedup"] = table["careful"] / table["ours"]
    return table.groupby("network", sort=False).median(), number


def time_layers(network: Network, x: Array, start: Array, epochs: int) -> Array:
    """(layers, 3): seconds, evaluations and searches of the sweeps over each layer's weights."""
    lines = powell.Lines(powell.Objective(network, x, x), start)
    spent = np.zeros((len(network.shapes), 3))
    for _ in range(epochs):
        at = 0
        for layer, (n_out, n_in) in enumerate(network.shapes):
            before, begin = lines.evaluations, time.perf_counter()
            kernels.run(lines.state, at, at + n_out * n_in, 1.0)
            seconds = time.perf_counter() - begin
            spent[layer] += seconds, lines.evaluations - before, n_out * n_in
            at += n_out * n_in
    return spent


def counted(network: Network, x: Array, layer: int) -> float:
    """Vector multiply-adds (8 doubles) that an evaluation needs when a weight of a layer moves.

    The moved unit's sum from the moved input on, the next layer's from the moved unit on, the
    later layers, their activations and squared errors; for the samples that move, in eights.
    """
    units, kinds = network.architecture, network.activations
    whole = -(-len(x) // 8)
    vectors = np.mean(-(-np.count_nonzero(x, axis=0) // 8)) if layer == 0 else whole
    last = len(kinds) - 1
    if layer == last:
        return whole * (units[layer] / 2 + MULTIPLIES[kinds[layer]] + (units[-1] + 1) / 2)
    total = units[layer] / 2 + MULTIPLIES[kinds[layer]]
    for later in range(layer + 1, last + 1):
        terms = (units[later] + 1) / 2 if later == layer + 1 else units[later]
        total += units[later + 1] * (terms + MULTIPLIES[kinds[later]])
    return vectors * (total + units[-1])


def alone() -> tuple[float, float]:
    """Seconds of a vector multiply-add in the kernel's own tile, on a 20 x 35 layer, and of a
    vector sigmoid, on its outputs."""
    tile, lanes, units = kernels.rows_wide, kernels.LANES, kernels.UNITS
    sigmoid, vectors = kernels.sigmoid_lanes, lanes / 8
    f = kernels.aligned(4096)

    @numba.njit(error_model="numpy")
    def repeat(f, times):
        for _ in range(times):
            for k in range(0, 35, units):
                tile(f, 8 + k * 20, 20, 34 - k, 20, 1024, lanes, 0, 0, 2048 + k * lanes, lanes)

    @numba.njit(error_model="numpy")
    def activate(f, times):
        for _ in range(times):
            for k in range(35):
                sigmoid(f, 2048 + k * lanes, -2.3, 400.0)

    def best(function):
        function(f, 1)
        seconds = []
        for _ in range(30):
            begin = time.perf_counter()
            function(f, 1000)
            seconds.append(time.perf_counter() - begin)
        return min(seconds) / 1000 / 35 / vectors

    return best(repeat) / 20, best(activate)


def bound(x: Array) -> pd.DataFrame:
    """The main network, layer by layer: time measured and time its multiply-adds need."""
    network = network_of(STUDY[0], "linear")
    start = initial_weights(network, np.random.default_rng(1))
    runs = [time_layers(network, x, start, EPOCHS) for _ in range(15)]
    seconds, evaluations, searches = np.min(runs, axis=0).T
    multiply_add, sigmoid = alone()
    needs = np.array([counted(network, x, layer) for layer in range(len(network.shapes))])
    least = needs * (evaluations - searches) * multiply_add
    table = pd.DataFrame(
        {
            "weights": [n_out * n_in for n_out, n_in in network.shapes],
            "evaluations a search": evaluations / searches,
            "us an evaluation": seconds / evaluations * 1e6,
            "share of time": seconds / seconds.sum(),
            "multiply-adds": needs,
            "bound / measured": least / seconds,
        },
        index=pd.Index([str(shape) for shape in network.shapes], name="layer"),
    )
    table.loc["all"] = [
        network.n_weights,
        evaluations.sum() / searches.sum(),
        seconds.sum() / evaluations.sum() * 1e6,
        1.0,
        (needs * evaluations).sum() / evaluations.sum(),
        least.sum() / seconds.sum(),
    ]
    print(
        f"alone, a vector multiply-add takes {multiply_add * 1e9:.3f} ns, a vector sigmoid "
        f"{sigmoid / multiply_add:.1f} times as long"
    )
    return table


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", metavar="FILE", help="write the ratios, '-' to standard output")
    parser.add_argument("--seconds", type=float, default=24.0, help="about how long to measure")
    parser.add_argument("--bound", action="store_true", help="only compare with the bound")
    arguments = parser.parse_args(argv)
    pd.set_option("display.width", 120)
    letters = read_fonts(FONTS)["font2"].pixels
    powell.compile()
    if arguments.bound:
        print(f"instruction set: {instruction_set()}")
        print(bound(letters).to_string(float_format="%.3g"))
        return

    naive_loss(np.zeros(4), np.array([2, 1, 2]), "relu", letters[:, :2].copy(), 0.8)
    rng = np.random.default_rng(0)
    study = {}
    for architecture in STUDY:
        for encoder in ("linear", "relu"):
            study[name_of(architecture, encoder, 32)] = network_of(architecture, encoder), letters
    for samples in (4, 20):
        noisy = letters[rng.integers(0, 32, samples)] + rng.uniform(0, 0.5, (samples, 35))
        study[name_of(STUDY[-1], "relu", samples)] = network_of(STUDY[-1], "relu"), noisy
    growth = {}
    for architecture in GROWTH:
        network = network_of(architecture, "linear")
        growth[f"{network.n_weights} weights, 32 samples"] = network, letters
    for samples in SAMPLES:
        network = network_of(STUDY[0], "linear")
        x = (rng.random((samples, 35)) < 0.37).astype(float)
        growth[f"{network.n_weights} weights, {samples} samples"] = network, x

    table, rounds = interleave(study, arguments.seconds * 0.7, True)
    grown, _ = interleave(growth, arguments.seconds * 0.3, False)
    result = {
        "instruction_set": instruction_set(),
        "rounds": rounds,
        "speedup_vs_scipy_numpy": table["speedup"].round(2).to_dict(),
        "speedup_vs_scipy_usual_numpy": (table["usual"] / table["ours"]).round(2).to_dict(),
        "microseconds_an_evaluation": table["ours"].round(4).to_dict(),
        "growth": grown[["ours", "iteration", "speedup"]].round(4).to_dict("index"),
    }
    if arguments.json == "-":
        json.dump(result, sys.stdout, indent=1)
        print()
        return
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1) + "\n")
    print(f"instruction set: {instruction_set()}; {rounds} rounds; microseconds an evaluation,")
    print("the last columns seconds an iteration of ours, and ours against careful")
    order = ["usual", "careful", "naive", "ours", "iteration", "speedup"]
    print(table[order].to_string(float_format="%.3g"))
    print("\ngrowth, encoder linear")
    print(grown[["careful", "ours", "iteration", "speedup"]].to_string(float_format="%.3g"))


if __name__ == "__main__":
    main()
