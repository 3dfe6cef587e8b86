"""The compiled trainings by gradient: against JAX and SciPy, the same bits on every processor."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import latentlab
from latentlab.models.network import Network, initial_weights
from latentlab.training import descent_kernels, gradient, gradient_kernels, redrawn

PACKAGE = Path(latentlab.__file__).resolve().parent
LETTERS = Network((35, 18, 2, 18, 35), "relu", "linear", "sigmoid", "sigmoid", 0.8, False)
SMOOTH = Network((12, 7, 2, 7, 12), "tanh", "linear", "tanh", "sigmoid", 0.8, True)


@functools.cache
def by_jax(network, loss):
    """(weights, inputs, targets) -> the loss and its gradient, by automatic differentiation."""
    import jax

    with jax.enable_x64(True):
        compiled = jax.jit(redrawn._value_and_gradient(network, loss))

    def function(weights, inputs, targets):
        with jax.enable_x64(True):
            value, slopes = compiled(weights, inputs.T, targets.T)
            return float(value), np.array(slopes)

    return function


def case(network, samples, seed=0):
    rng = np.random.default_rng(seed)
    inputs = (rng.random((samples, network.architecture[0])) < 0.4).astype(float)
    return inputs, initial_weights(network, rng)


# --- gradients ---------------------------------------------------------------------------------

KINDS = st.sampled_from(["linear", "relu", "sigmoid", "tanh"])


@settings(max_examples=15)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=3),
    st.tuples(KINDS, KINDS, KINDS, KINDS),
    st.booleans(),
    st.integers(1, 70),
    st.integers(0, 2**31),
)
def test_gradients_are_those_of_jax(half, kinds, biases, samples, seed):
    """Whatever the widths and the number of samples, which fill no whole vectors."""
    network = Network((*half, *half[-2::-1]), *kinds, 0.8, biases)
    rng = np.random.default_rng(seed)
    inputs, targets = rng.random((2, samples, half[0]))
    weights = 0.3 * initial_weights(network, rng)  # where no activation is flat
    for loss in gradient.LOSSES if network.output == "sigmoid" else ["squared-error"]:
        value, slopes = gradient.loss_and_gradient(network, weights, inputs, targets, loss)
        expected, of_jax = by_jax(network, loss)(weights, inputs, targets)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(slopes, of_jax, rtol=1e-12, atol=1e-12 * abs(of_jax).max())


@pytest.mark.parametrize("samples", [256, 257, 600])
def test_gradients_are_those_of_jax_of_many_samples(samples):
    x, weights = case(SMOOTH, samples)
    for loss in gradient.LOSSES:
        value, slopes = gradient.loss_and_gradient(SMOOTH, weights, x, x, loss)
        expected, of_jax = by_jax(SMOOTH, loss)(weights, x, x)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(slopes, of_jax, rtol=1e-12, atol=1e-12 * abs(of_jax).max())


@pytest.mark.parametrize("loss", gradient.LOSSES)
def test_gradients_add_up_over_samples(loss):
    """One sample at a time, in the order of a visit, or all: the same step, to the last digits."""
    x, start = case(SMOOTH, 5)
    options = {"learning_rate": 0.1, "momentum": 0.0, "schedule": "constant", "loss": loss}
    options |= {"max_epochs": 1, "record_every": 1, "shuffle_seed": None}
    for sample in x[:, None]:
        training = gradient.train_backpropagation(SMOOTH, sample, sample, start, **options)
        _, slopes = gradient.loss_and_gradient(SMOOTH, start, sample, sample, loss)
        np.testing.assert_allclose(training.weights, start - 0.1 * slopes, rtol=1e-12, atol=1e-14)


def test_saturated_units_have_no_gradient_and_no_nan():
    x, start = case(SMOOTH, 5)
    for loss in gradient.LOSSES:
        value, slopes = gradient.loss_and_gradient(SMOOTH, 1e6 * start, x, x, loss)
        assert np.isfinite(value)
        assert np.isfinite(slopes).all()


def test_what_decays_ends_at_zero():
    """A step, and then none: velocities halve until they are nothing, not a subnormal number."""
    network = Network((2, 1, 2), "linear", "linear", "linear", "linear", 1.0, False)
    x = np.array([[1.0, 0.0]])
    compiled = gradient._Compiled(network, x, x, "squared-error", epochs=2000, one_by_one=True)
    compiled.weights, compiled.problem.f[gradient_kernels.MOMENTUM] = np.ones(4), 0.5
    compiled.problem.rates[0] = 1.0
    for epochs, moves in ((1, True), (2000, False)):
        compiled.run(descent_kernels.BY_SAMPLE, epochs)
        velocities = compiled.problem.part(gradient_kernels.SLOTS, 32)
        assert velocities.any() == moves
        compiled.problem.rates[0] = 0.0


# --- whole trainings -----------------------------------------------------------------------------


@pytest.mark.parametrize("loss", gradient.LOSSES)
@pytest.mark.parametrize("rule", ["adam", "rmsprop"])
def test_descent_is_that_of_jax(rule, loss):
    import jax

    x, weights = case(LETTERS, 32)
    start, slots = weights, (np.zeros_like(weights),) * 2
    for epoch in range(20):
        _, slopes = by_jax(LETTERS, loss)(weights, x, x)
        with jax.enable_x64(True):
            change, slots = redrawn.RULES[rule](jax, slopes, slots, 0.01, epoch)
            weights = weights + np.array(change)
    train = gradient.train_adam if rule == "adam" else gradient.train_rmsprop
    result = train(
        LETTERS, x, x, start, max_epochs=20, learning_rate=0.01, schedule="constant", loss=loss,
        record_every=7,
    )  # fmt: skip
    np.testing.assert_allclose(result.weights, weights, rtol=1e-9, atol=1e-11)


def lbfgs(network, x, start, loss, **options):
    given = {"memory": 10, "ftol": 1e-12, "gtol": 1e-9, "record_every": 1, **options}
    return gradient.train_lbfgs(network, x, x, start, loss=loss, **given)


@pytest.mark.parametrize("loss", gradient.LOSSES)
@pytest.mark.parametrize("network", [LETTERS, SMOOTH])
@pytest.mark.parametrize("memory", [1, 3, 10])
def test_lbfgs_takes_the_steps_of_scipys(network, loss, memory):
    """With gradients by JAX; rounding drives two runs apart later, so this is a short one."""
    x, start = case(network, 20)
    points, counts, calls = [start], [1], 0

    def function(weights):
        nonlocal calls
        calls += 1
        return by_jax(network, loss)(weights, x, x)

    def callback(*, intermediate_result):
        points.append(np.array(intermediate_result.x))
        counts.append(1 + gradient.GRADIENT_COST * calls)

    options = {"maxiter": 20, "maxcor": memory, "ftol": 1e-12, "gtol": 1e-9}
    minimize(function, start, jac=True, method="L-BFGS-B", callback=callback, options=options)
    ours = lbfgs(network, x, start, loss, max_epochs=20, memory=memory)
    assert ours.evaluations.tolist() == counts
    np.testing.assert_allclose(ours.weights, points[-1], rtol=1e-7, atol=1e-9)


def test_lbfgs_ends_where_scipys_ends():
    """A quadratic bowl, almost: both find the minimum, in nearly as many gradients."""
    network = Network((6, 2, 6), "linear", "linear", "linear", "linear", 1.0, False)
    rng = np.random.default_rng(3)
    x, start = rng.normal(size=(20, 6)), initial_weights(network, rng)
    result = minimize(
        by_jax(network, "squared-error"), start, args=(x, x), jac=True, method="L-BFGS-B",
        options={"maxiter": 2000, "ftol": 1e-12, "gtol": 1e-9},
    )  # fmt: skip
    ours = lbfgs(network, x, start, "squared-error", max_epochs=2000)
    assert ours.status == "converged"
    assert ours.errors[-1] == pytest.approx(result.fun, rel=1e-6)
    assert ours.epochs < 2 * result.nit + 10


@settings(max_examples=8)
@given(st.integers(0, 2**31), st.sampled_from([LETTERS, SMOOTH]))
def test_lbfgs_never_raises_the_loss(seed, network):
    x, start = case(network, 16, seed)
    training = lbfgs(network, x, start, "squared-error", max_epochs=30)
    assert (np.diff(training.errors) <= 0.0).all()


# --- every processor -----------------------------------------------------------------------------

PROGRAM = """
import json, os, sys
import latentlab
os.environ.update(json.loads(sys.argv[1]))  # after the package has cleared them
import numpy as np
from latentlab.training import gradient
from latentlab.models.network import Network, initial_weights

descent = dict(learning_rate=0.02, schedule="cosine", record_every=7, max_epochs=20)
lbfgs = dict(memory=4, ftol=1e-12, gtol=1e-9, record_every=7, max_epochs=20)
found = {}
kinds = [("linear", "linear", "sigmoid"), ("relu", "tanh", "sigmoid"), ("sigmoid", "relu", "tanh"),
         ("tanh", "linear", "linear")]
for number, (encoder, latent, decoder) in enumerate(kinds):
    rng = np.random.default_rng(number)
    network = Network((9, 6, 2, 6, 9), encoder, latent, decoder, "sigmoid", 0.8, number % 2 == 1)
    x = rng.random((9 + 11 * number, 9))
    start = initial_weights(network, rng)
    for loss in gradient.LOSSES:
        value, slopes = gradient.loss_and_gradient(network, start, x, x, loss)
        parts = {"gradient": [np.array([value]), slopes]}
        for name, train, options in (
            ("adam", gradient.train_adam, descent),
            ("rmsprop", gradient.train_rmsprop, descent),
            ("momentum", gradient.train_backpropagation,
             {**descent, "momentum": 0.8, "shuffle_seed": 1}),
            ("lbfgs", gradient.train_lbfgs, lbfgs),
        ):
            training = train(network, x, x, start, loss=loss, **options)
            parts[name] = [training.weights, training.errors]
        for name, arrays in parts.items():
            found[f"{number} {loss} {name}"] = [array.tobytes().hex() for array in arrays]
print(json.dumps(found))
"""


def _start(cache, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(environment)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "LATENTLAB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_results_do_not_depend_on_the_instruction_set(tmp_path):
    """Host, AVX2 and plain x86-64 give the same bytes, though vectors are 8, 4 and 2 wide."""
    if os.uname().machine != "x86_64":
        pytest.skip("the targets compared are x86-64")
    targets = {
        "host": {},
        "avx2": {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"},
        "sse2": {"NUMBA_CPU_NAME": "generic"},
    }
    processes = {name: _start(tmp_path, **target) for name, target in targets.items()}
    found = {}
    for name, process in processes.items():
        out, err = process.communicate(timeout=900)
        assert process.returncode == 0, err
        found[name] = json.loads(out)
    assert found["avx2"] == found["host"]
    assert found["sse2"] == found["host"]
