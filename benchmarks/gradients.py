"""Trainings by gradient: time an evaluation of the loss, before and now, in one interleaved run.

    PYTHONPATH=src python benchmarks/gradients.py [--rounds N] [--epochs N]

Before: JAX computes gradients and runs whole descents compiled, and SciPy's L-BFGS-B asks it for
each gradient. Now: ``training.gradient``, compiled without a trip to Python a step. A gradient
counts as 3 evaluations over the 32 letters. In every round both train each network from the same
start, so that whatever else the machine does hits both alike; the figures are medians over the
rounds of the processor's time, the ratios medians of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import functools
import time
from pathlib import Path

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import jax
import numpy as np
import pandas as pd
from scipy.optimize import minimize

from latentlab.data.fonts import read_fonts
from latentlab.models.network import Network, initial_weights
from latentlab.training import gradient, redrawn

FONTS = Path(__file__).resolve().parents[1] / "data" / "fonts" / "font.h"
STUDY = ((35, 18, 2, 18, 35), (35, 25, 15, 2, 15, 25, 35))
RATE, MOMENTUM, LOSS = 0.01, 0.8, "squared-error"
LBFGS = {"ftol": 1e-12, "gtol": 1e-9}


def momentum_rule(jax, slopes, slots, rate, epoch):
    velocity = MOMENTUM * slots[0] - rate * slopes
    return velocity, (velocity, slots[1])


@functools.cache
def jax_descent(network: Network, rule: str):
    """(weights, x, targets, epochs) -> weights; x, targets (units, samples)."""
    gradient_of = redrawn._value_and_gradient(network, LOSS)
    step = redrawn.RULES.get(rule, momentum_rule)

    def follow(epoch, state, x, t):
        weights, slots = state
        change, slots = step(jax, gradient_of(weights, x, t)[1], slots, RATE, epoch)
        return weights + change, slots

    def epoch_of(x, t, epoch, state):
        if rule != "backpropagation":
            return follow(epoch, state, x, t)
        return jax.lax.fori_loop(
            0, x.shape[1], lambda k, now: follow(epoch, now, x[:, k, None], t[:, k, None]), state
        )

    def run(weights, x, t, epochs):
        state = weights, (jax.numpy.zeros_like(weights),) * 2
        return jax.lax.fori_loop(0, epochs, functools.partial(epoch_of, x, t), state)[0]

    return jax.jit(run)


@functools.cache
def jax_gradient(network: Network):
    return jax.jit(redrawn._value_and_gradient(network, LOSS))


def before(network, x, start, optimizer: str, epochs: int) -> int:
    """Train by JAX; the evaluations spent."""
    with jax.enable_x64(True):
        if optimizer != "lbfgs":
            jax_descent(network, optimizer)(start, x.T, x.T, epochs).block_until_ready()
            return gradient.GRADIENT_COST * epochs

        def function(weights):
            value, slopes = jax_gradient(network)(weights, x.T, x.T)
            return float(value), np.array(slopes)

        options = {"maxiter": epochs, **LBFGS}
        found = minimize(function, start, jac=True, method="L-BFGS-B", options=options)
        return gradient.GRADIENT_COST * found.nfev


def now(network, x, start, optimizer: str, epochs: int) -> int:
    """Train by our compiled code; the evaluations spent."""
    options = {"max_epochs": epochs, "loss": LOSS, "record_every": epochs}
    if optimizer == "lbfgs":
        training = gradient.train_lbfgs(network, x, x, start, memory=10, **LBFGS, **options)
        return int(training.evaluations[-1])
    options |= {"learning_rate": RATE, "schedule": "constant"}
    if optimizer == "backpropagation":
        training = gradient.train_backpropagation(
            network, x, x, start, momentum=MOMENTUM, shuffle_seed=None, **options
        )
    else:
        train = {"adam": gradient.train_adam, "rmsprop": gradient.train_rmsprop}[optimizer]
        training = train(network, x, x, start, **options)
    return int(training.evaluations[-1])


def microseconds(train, *arguments) -> float:
    begin = time.process_time()
    evaluations = train(*arguments)
    return (time.process_time() - begin) / evaluations * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=1000, help="of each training")
    arguments = parser.parse_args()
    gradient.compile()
    letters = read_fonts(FONTS)["font2"].pixels
    rows = []
    for number in range(arguments.rounds + 1):
        for architecture in STUDY:
            network = Network(architecture, "relu", "linear", "sigmoid", "sigmoid", 0.8, False)
            start = initial_weights(network, np.random.default_rng(number))
            for optimizer in ("backpropagation", "adam", "rmsprop", "lbfgs"):
                case = network, letters, start, optimizer, arguments.epochs
                spent = {train.__name__: microseconds(train, *case) for train in (before, now)}
                if number:  # the first round compiles
                    name = str(list(architecture)).replace(" ", "")
                    rows.append({"network": name, "optimizer": optimizer, **spent})
    table = pd.DataFrame(rows)
    table["before / now"] = table["before"] / table["now"]
    print(f"{arguments.rounds} rounds; microseconds of the processor an evaluation")
    print(
        table.groupby(["network", "optimizer"], sort=False).median().to_string(float_format="%.3g")
    )


if __name__ == "__main__":
    main()
