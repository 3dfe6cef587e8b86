"""Powell's method against SciPy's, bit for bit; the structure-aware loss against the full one."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from latentlab.models.network import ACTIVATIONS, Network, forward, initial_weights, squared_error
from latentlab.training import kernels, powell

COARSE = {"xtol": 0.01, "ftol": 0.01}
FINE = {"xtol": 1e-5, "ftol": 1e-12}


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    powell.compile()


def _network(architecture, encoder="linear", latent="linear", decoder="sigmoid", biases=False):
    return Network(architecture, encoder, latent, decoder, decoder, 0.8, biases)


def _problem(network, samples, seed=0, binary=True):
    rng = np.random.default_rng(seed)
    x = rng.random((samples, network.architecture[0]))
    x = (x < 0.4).astype(float) if binary else x
    return x, initial_weights(network, rng)


# --- the loss ---------------------------------------------------------------------------------


@st.composite
def _problems(draw):
    encoder_sizes = draw(st.lists(st.integers(1, 9), min_size=0, max_size=3))
    first, latent = draw(st.integers(2, 12)), draw(st.integers(1, 3))
    architecture = (first, *encoder_sizes, latent, *encoder_sizes[::-1], first)
    names = st.sampled_from(sorted(ACTIVATIONS))
    network = Network(
        architecture,
        draw(names),
        draw(names),
        draw(names),
        draw(names),
        draw(st.sampled_from([0.3, 0.8, 2.0])),
        draw(st.booleans()),
    )
    samples = draw(st.sampled_from([1, 7, 8, 9, 32, 33]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs, targets = rng.random((2, samples, first))
    if draw(st.booleans()):
        inputs = (inputs < 0.4).astype(float)
    return network, inputs, targets, initial_weights(network, rng)


def _search_one_by_one(network, inputs, targets, start, epochs, tol=1.0):
    """Run Powell's sweeps, and yield (weights, loss) at every accepted point."""
    lines = powell.Lines(powell.Objective(network, inputs, targets), start)
    for _ in range(epochs):
        for i in range(len(start)):
            kernels.run(lines.state, i, i + 1, tol)
            yield lines.x, lines.value


@settings(max_examples=120)
@given(_problems())
def test_loss_equals_the_definition(problem):
    network, inputs, targets, start = problem
    expected = squared_error(forward(network, start, inputs), targets)
    assert powell.Objective(network, inputs, targets)(start) == pytest.approx(expected, rel=1e-12)
    assert powell.NumpyObjective(network, inputs, targets)(start) == pytest.approx(
        expected, rel=1e-12
    )


@settings(max_examples=100)
@given(_problems())
def test_structure_aware_loss_is_the_full_one_at_accepted_points(problem):
    network, inputs, targets, start = problem
    full = powell.Objective(network, inputs, targets)
    for weights, value in _search_one_by_one(network, inputs, targets, start, 1):
        assert value == full(weights)


@pytest.mark.parametrize("encoder", ["linear", "relu", "relu_as_run", "sigmoid", "tanh"])
def test_structure_aware_loss_is_the_full_one_in_long_runs(encoder):
    """Denoising-like runs, whose error falls below 1e-40 as weights run away."""
    network = _network((8, 5, 3, 5, 8), encoder, biases=encoder == "tanh")
    x, start = _problem(network, 6, seed=3)
    full = powell.Objective(network, x, x)
    largest, final = 0.0, np.inf
    for weights, final in _search_one_by_one(network, x, x, start, 60):
        assert final == full(weights)
        largest = max(largest, np.abs(weights).max())
    assert largest > 20


def test_runaway_weights_leave_both_losses_equal():
    network = _network((8, 5, 3, 5, 8), "relu")
    x, start = _problem(network, 6)
    rng = np.random.default_rng(5)
    full = powell.Objective(network, x, x)
    for size in (1e6, 1e12, 1e15, 1e200):
        runaway = start * np.where(rng.random(len(start)) < 0.3, size, 1.0)
        for weights, value in _search_one_by_one(network, x, x, runaway, 2):
            assert value == full(weights) or np.isnan(value)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no longer doubles here")
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_exponential_is_accurate_to_some_units_in_the_last_place(name):
    """The relative error of exp(t) is a few units, and |t| / 2 more for the factor's rounding."""
    h = np.concatenate([np.linspace(-30, 30, 1001), np.geomspace(1e-300, 1e2, 200), [0.0]])
    ours = np.array([_activated(name, value) for value in h])
    t = -2.0 * np.longdouble(0.8) * h.astype(np.longdouble)
    exact = 1 / (1 + np.exp(t)) if name == "sigmoid" else np.tanh(-t / 2)
    error = np.abs(ours - exact) / np.where(exact == 0, 1, np.abs(exact))
    assert np.all(error <= 1.2e-16 * (6 + np.abs(t)))


def _activated(name, h):
    """activation(h): the state's first activation after a search that cannot move."""
    network = Network((1, 1, 1), name, name, "linear", "linear", 0.8, False)
    objective = powell.Objective(network, np.array([[h]]), np.array([[0.0]]))
    lines = powell.Lines(objective, np.array([1.0, 0.0]))
    state = lines.state
    kernels.run(state, 0, 1, 1.0)
    return state.f[state.at[kernels.ROWS] + state.at[kernels.STRIDE]]


# --- the method: SciPy's, to the last bit --------------------------------------------------------


def _assert_scipys(network, inputs, targets, start, **options):
    """Sums keep their order, so skipping what did not change changes no bit of any value."""
    ours = powell.train(network, inputs, targets, start, **options)
    scipys = powell.train_scipy(
        network, inputs, targets, start, objective=powell.Objective, **options
    )
    assert ours.weights.tobytes() == scipys.weights.tobytes()
    assert ours.errors.tobytes() == scipys.errors.tobytes()
    assert ours.evaluations.tolist() == scipys.evaluations.tolist()
    assert (ours.status, ours.epochs) == (scipys.status, scipys.epochs)
    return ours


@settings(max_examples=60)
@given(_problems(), st.sampled_from([COARSE, FINE]), st.sampled_from([1, 8]))
def test_a_training_is_scipys(problem, tolerances, epochs):
    _assert_scipys(*problem, max_epochs=epochs, **tolerances)


@pytest.fixture
def replaced(monkeypatch):
    """Of every direction that was replaced, whether it was an axis."""
    seen = []
    replace = powell.Lines.replace

    def noted(lines, index, direction):
        seen.append(bool(lines.state.axis[index] >= 0))
        replace(lines, index, direction)

    monkeypatch.setattr(powell.Lines, "replace", noted)
    return seen


def test_directions_are_replaced_as_in_scipy(replaced):
    """Axes, and such as have been replaced before."""
    network = _network((3, 1, 3))
    x, start = _problem(network, 8, binary=False)
    _assert_scipys(network, x, x, start, max_epochs=60, **FINE)
    assert set(replaced) == {True, False}


def test_a_training_that_converges_is_scipys():
    network = _network((6, 3, 2, 3, 6), "relu", biases=True)
    x, start = _problem(network, 12)
    assert _assert_scipys(network, x, x, start, max_epochs=50, **COARSE).status == "converged"


@pytest.mark.parametrize("size", [1e3, 1e12, 1e200])
def test_runaway_weights_are_scipys(size):
    network = _network((6, 3, 2, 3, 6), "relu", decoder="linear")
    x, start = _problem(network, 5)
    start = start * np.where(np.arange(len(start)) % 3, 1.0, size)
    _assert_scipys(network, x, x, start, max_epochs=4, **COARSE)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["linear", "relu", "relu_as_run"])
def test_a_training_of_the_main_network_is_scipys(encoder):
    network = _network((35, 20, 15, 2, 15, 20, 35), encoder)
    x, start = _problem(network, 32)
    _assert_scipys(network, x, x, start, max_epochs=12, **COARSE)


@pytest.mark.parametrize("limit", [1, 100, 2000])
def test_spent_evaluations_end_a_training_where_they_end_scipys(limit):
    network = _network((8, 4, 2, 4, 8), "relu")
    x, start = _problem(network, 12)
    objective = powell.Objective(network, x, x)
    result = minimize(
        lambda w: objective(w), start, method="Powell", options={"maxfev": limit, **COARSE}
    )
    training = powell.train(network, x, x, start, max_epochs=99, max_evaluations=limit, **COARSE)
    assert training.status == "max_evaluations"
    assert (training.errors[-1], training.evaluations[-1]) == (result.fun, result.nfev)
    assert training.weights.tobytes() == result.x.tobytes()


# --- trainings --------------------------------------------------------------------------------


def test_train_records_every_epoch_and_reports_progress():
    network = _network((8, 4, 2, 4, 8), "relu")
    x, start = _problem(network, 12)
    seen = []
    training = powell.train(
        network,
        x,
        x,
        start,
        max_epochs=5,
        xtol=0.01,
        ftol=1e-9,
        progress=lambda epoch, error: seen.append((epoch, error)),
    )
    assert training.status == "max_epochs"
    assert training.epochs == 5
    assert seen == list(zip(range(1, 6), training.errors[1:], strict=True))
    assert (np.diff(training.errors) <= 0).all()
    assert training.evaluations[0] == 1
    assert (np.diff(training.evaluations) > len(start)).all()
    expected = squared_error(forward(network, training.weights, x), x)
    assert training.errors[-1] == pytest.approx(expected, rel=1e-12)


def test_a_limit_of_evaluations_cuts_the_same_training():
    network = _network((8, 4, 2, 4, 8), "relu")
    x, start = _problem(network, 12)
    options = {"max_epochs": 4, "xtol": 0.01, "ftol": 1e-9}
    whole = powell.train(network, x, x, start, **options)
    fine = powell.train(network, x, x, start, record_every=1, **options)
    assert fine.weights.tobytes() == whole.weights.tobytes()
    ends = fine.record_epochs % 1 == 0
    assert fine.errors[ends].tobytes() == whole.errors.tobytes()
    assert fine.epochs == whole.epochs == 4
    assert whole.record_epochs.tolist() == [0, 1, 2, 3, 4]
    assert not ends[1]
    assert (np.diff(fine.evaluations) > 0).all()
    assert (np.diff(fine.record_epochs) > 0).all()
    for limit in (100, int(whole.evaluations[1]), int(whole.evaluations[1]) + 77):
        cut = powell.train(network, x, x, start, max_evaluations=limit, record_every=1, **options)
        assert (cut.status, cut.evaluations[-1]) == ("max_evaluations", limit)
        assert (np.diff(cut.evaluations) > 0).all()
        same = fine.evaluations < limit
        assert cut.errors[:-1].tolist() == fine.errors[: len(cut.errors) - 1].tolist()
        assert cut.errors[-1] <= fine.errors[same][-1]


@pytest.mark.filterwarnings("ignore:overflow")
def test_train_scipy_is_scipys_own_run():
    network = _network((6, 3, 2, 3, 6), "relu")
    x, start = _problem(network, 12)
    training = powell.train_scipy(network, x, x, start, max_epochs=50, **COARSE)
    loss = powell.NumpyObjective(network, x, x)
    result = minimize(loss, start, method="Powell", options={"maxiter": 50, **COARSE})
    assert training.status == "converged"
    assert (training.errors[-1], training.evaluations[-1]) == (result.fun, result.nfev)
    assert training.epochs == result.nit
    np.testing.assert_array_equal(training.weights, result.x)


def test_both_trainings_start_alike():
    network = _network((6, 3, 2, 3, 6))
    x, start = _problem(network, 12)
    fast = powell.train(network, x, x, start, max_epochs=1, **COARSE)
    slow = powell.train_scipy(network, x, x, start, max_epochs=1, **COARSE)
    assert fast.evaluations[-1] == slow.evaluations[-1]
    assert fast.errors == pytest.approx(slow.errors, rel=1e-6)


def test_result_does_not_depend_on_how_the_work_is_sliced(monkeypatch):
    network = _network((8, 5, 2, 5, 8), "relu")
    x, start = _problem(network, 20)
    runs = []
    for first, seconds in ((256, 0.25), (1, 0.0), (7, 1e-5)):
        monkeypatch.setattr(powell, "FIRST_SLICE", first)
        monkeypatch.setattr(powell, "SLICE", seconds)
        runs.append(powell.train(network, x, x, start, max_epochs=4, xtol=0.01, ftol=1e-9))
    assert len({run.weights.tobytes() for run in runs}) == 1
    assert len({run.evaluations.tobytes() for run in runs}) == 1


def test_interrupt_is_heard_within_an_epoch(monkeypatch):
    monkeypatch.setattr(powell, "FIRST_SLICE", 1)
    monkeypatch.setattr(powell, "SLICE", 0.0)
    network = _network((8, 5, 2, 5, 8))
    x, start = _problem(network, 20)
    calls = 0
    sweep = kernels.run

    def interrupted(*args):
        nonlocal calls
        calls += 1
        if calls == 10:
            signal.raise_signal(signal.SIGINT)
        return sweep(*args)

    monkeypatch.setattr(kernels, "run", interrupted)
    # a shell starts what runs in its background with the signal ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            powell.train(network, x, x, start, max_epochs=100, **COARSE)
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == 10


@pytest.mark.parametrize("train", [powell.train, powell.train_scipy])
def test_divergence_ends_with_a_clear_status(train):
    network = _network((4, 3, 4), decoder="linear")
    x, start = _problem(network, 5, binary=False)
    for bad in (np.full(len(start), 1e200), np.full(len(start), np.nan)):
        training = train(network, x, x, bad, max_epochs=10, **COARSE)
        assert training.status == "diverged"
        assert training.epochs == 0


def test_weights_that_run_to_infinity_end_the_run():
    """A sigmoid that can never reach its target: the loss falls as weights grow, then is flat."""
    network = Network((2, 1, 2), "linear", "linear", "linear", "sigmoid", 0.8, False)
    x = np.ones((3, 2))
    training = powell.train(
        network, x, x, np.array([0.5, 0.5, 0.5, 0.5]), max_epochs=200, xtol=1e-9, ftol=0.0
    )
    assert training.status in ("converged", "diverged")
    assert np.isfinite(training.errors).all()
    assert np.isfinite(training.weights).all()


def test_wrong_arguments_are_refused():
    network = _network((6, 3, 6))
    x, start = _problem(network, 4)
    for train in (powell.train, powell.train_scipy):
        with pytest.raises(ValueError, match="weights expected"):
            train(network, x, x, start[:-1], max_epochs=1, **COARSE)
        with pytest.raises(ValueError, match="do not fit"):
            train(network, x[:, :-1], x, start, max_epochs=1, **COARSE)
        with pytest.raises(ValueError, match="finite"):
            train(network, x * np.nan, x, start, max_epochs=1, **COARSE)
        with pytest.raises(ValueError, match="max_epochs"):
            train(network, x, x, start, max_epochs=0, **COARSE)
    with pytest.raises(ValueError, match="record_every must be at least 1, not 0"):
        powell.train(network, x, x, start, max_epochs=1, record_every=0, **COARSE)
    with pytest.raises(ValueError, match="weights expected"):
        powell.Objective(network, x, x)(start[:-1])
