"""Training by gradient: gradients and losses against definitions, rules by hand, determinism."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab import StudyError
from latentlab.experiments.allowed import names_of
from latentlab.experiments.denoising.params import AIMED, AimedAdam, AimedRMSprop
from latentlab.experiments.networks import REDRAWING, WITHOUT_GRADIENT
from latentlab.models.network import ACTIVATIONS, Network, forward, initial_weights, squared_error
from latentlab.training import gradient, redrawn
from latentlab.training.optimizers import train, train_stages
from latentlab.training.record import Training

ROOT = Path(__file__).resolve().parents[3]
SMALL = Network((6, 4, 2, 4, 6), "tanh", "linear", "tanh", "sigmoid", 0.8, True)
LINEAR = Network((6, 2, 6), "linear", "linear", "linear", "linear", 1.0, False)
DESCENT = {"learning_rate": 0.05, "schedule": "cosine", "loss": "cross-entropy", "record_every": 10}
LBFGS = {"memory": 10, "ftol": 1e-12, "gtol": 1e-9, "loss": "squared-error", "record_every": 1}
BACKPROPAGATION = {**DESCENT, "momentum": 0.8, "shuffle_seed": 5, "loss": "squared-error"}
DOORS = {
    "backpropagation": (gradient.train_backpropagation, BACKPROPAGATION),
    "adam": (gradient.train_adam, DESCENT),
    "rmsprop": (gradient.train_rmsprop, DESCENT),
    "lbfgs": (gradient.train_lbfgs, {**LBFGS, "record_every": 10}),
}


def binary(samples: int, units: int = 6) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2, (samples, units)).astype(float)


def start_of(network: Network, seed: int = 0) -> np.ndarray:
    return initial_weights(network, np.random.default_rng(seed))


def cross_entropy(outputs: np.ndarray, targets: np.ndarray) -> float:
    """By its definition: pixels summed, mean over samples."""
    bits = targets * np.log(outputs) + (1.0 - targets) * np.log(1.0 - outputs)
    return -float(bits.sum(axis=1).mean())


DEFINITIONS = {
    "squared-error": squared_error,
    "cross-entropy": cross_entropy,
}


def assert_same(a: Training, b: Training) -> None:
    assert a.weights.tobytes() == b.weights.tobytes()
    assert a.errors.tobytes() == b.errors.tobytes()
    assert a.evaluations.tolist() == b.evaluations.tolist()
    assert a.status == b.status


# --- losses and gradients ----------------------------------------------------------------------

differentiable = st.sampled_from(sorted(set(ACTIVATIONS) - {"step", "relu_as_run"}))


@st.composite
def networks(draw):
    half = draw(st.lists(st.integers(1, 4), min_size=2, max_size=3))
    output = draw(differentiable)
    network = Network(
        (*half, *half[-2::-1]),
        draw(differentiable),
        draw(differentiable),
        draw(differentiable),
        output,
        draw(st.sampled_from([0.5, 0.8, 1.0])),
        draw(st.booleans()),
    )
    return network, draw(
        st.sampled_from(gradient.LOSSES if output == "sigmoid" else ["squared-error"])
    )


@settings(max_examples=12)
@given(networks(), st.integers(0, 2**31))
def test_loss_and_gradient_are_those_of_the_definition(case, seed):
    network, loss = case
    rng = np.random.default_rng(seed)
    inputs, targets = rng.uniform(size=(2, 5, network.architecture[0]))
    weights = initial_weights(network, rng)

    def definition(w):
        return DEFINITIONS[loss](forward(network, w, inputs), targets)

    value, result = gradient.loss_and_gradient(network, weights, inputs, targets, loss)
    assert value == pytest.approx(definition(weights), rel=1e-12)
    steps = 1e-6 * np.eye(network.n_weights)
    differences = [(definition(weights + h) - definition(weights - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(result, differences, rtol=1e-6, atol=1e-8)


def test_cross_entropy_by_hand():
    """One pixel, one sample, log-odds 2 beta w x = 2 * 0.5 * 3 * 1 = 3, through a linear 1-1-1."""
    network = Network((1, 1, 1), "linear", "linear", "linear", "sigmoid", 0.5, False)
    one = np.ones((1, 1))
    value, result = gradient.loss_and_gradient(
        network, np.array([1.0, 3.0]), one, one, "cross-entropy"
    )
    assert value == pytest.approx(np.log1p(np.exp(-3.0)), rel=1e-14)
    slope = 1.0 / (1.0 + np.exp(-3.0)) - 1.0  # p - t, by the log-odds
    np.testing.assert_allclose(result, [3.0 * slope, slope], rtol=1e-14)


def test_cross_entropy_is_finite_where_the_output_saturates():
    network = Network((1, 1, 1), "linear", "linear", "linear", "sigmoid", 1.0, False)
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    value, result = gradient.loss_and_gradient(
        network, np.array([1.0, 1e4]), one, zero, "cross-entropy"
    )
    assert value == 2e4
    np.testing.assert_array_equal(result, [2e4, 2.0])


def test_relu_is_flat_at_zero():
    """The blank letter through a network without biases sits on the kink."""
    network = Network((2, 1, 2), "relu", "relu", "relu", "relu", 1.0, False)
    blank = np.zeros((1, 2))
    _, result = gradient.loss_and_gradient(network, np.ones(4), blank, blank + 1.0, "squared-error")
    np.testing.assert_array_equal(result, 0.0)


# --- the rules, by hand ------------------------------------------------------------------------


def numpy_gradient(network, weights, x, target):
    """Backpropagation of one sample's squared error, written out: tanh hidden, sigmoid output."""
    ends = np.cumsum([a * b for a, b in network.shapes])[:-1]
    layers = [w.reshape(s) for w, s in zip(np.split(weights, ends), network.shapes, strict=True)]
    beta = network.beta
    states = [x]
    for w, name in zip(layers, network.activations, strict=True):
        states.append(ACTIVATIONS[name](w @ np.append(states[-1], 1.0), beta))
    delta = states[-1] - target
    gradients = []
    for index in reversed(range(len(layers))):
        o = states[index + 1]
        slopes = {"sigmoid": 2 * beta * o * (1 - o), "tanh": beta * (1 - o**2), "linear": 1.0}
        delta = delta * slopes[network.activations[index]]
        gradients.append(np.outer(delta, np.append(states[index], 1.0)).ravel())
        delta = layers[index][:, :-1].T @ delta
    return np.concatenate(gradients[::-1])


@pytest.mark.parametrize("seed", [None, 7])
def test_backpropagation_is_that_of_the_course(seed):
    x, weights = binary(5), start_of(SMALL)
    training = gradient.train_backpropagation(
        SMALL, x, x, weights, max_epochs=7, learning_rate=0.1, momentum=0.5,
        schedule="constant", loss="squared-error", shuffle_seed=seed, record_every=3,
    )  # fmt: skip
    velocity = np.zeros_like(weights)
    for epoch in range(7):
        order = np.arange(5)
        if seed is not None:
            order = np.random.default_rng(
                np.random.SeedSequence(seed, spawn_key=(epoch,))
            ).permutation(5)
        for sample in order:
            velocity = 0.5 * velocity - 0.1 * numpy_gradient(SMALL, weights, x[sample], x[sample])
            weights = weights + velocity
    np.testing.assert_allclose(training.weights, weights, rtol=1e-12)
    assert training.evaluations.tolist() == [1, 10, 19, 22]  # after 0, 3, 6 and 7 epochs
    error = squared_error(forward(SMALL, training.weights, x), x)
    assert training.errors[-1] == pytest.approx(error, rel=1e-13)


def test_adam_and_rmsprop_follow_their_papers():
    x, epochs = binary(5), 12
    rates = 0.05 * (1.0 + np.cos(np.pi * np.arange(epochs) / epochs)) / 2.0
    for door in ("adam", "rmsprop"):
        w = start_of(SMALL)
        m, v = np.zeros((2, len(w)))
        for t, rate in enumerate(rates, start=1):
            _, g = gradient.loss_and_gradient(SMALL, w, x, x, "cross-entropy")
            if door == "adam":
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
                w = w - rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            else:
                v = 0.9 * v + 0.1 * g**2
                w = w - rate * g / (np.sqrt(v) + 1e-8)
        train, options = DOORS[door]
        training = train(SMALL, x, x, start_of(SMALL), max_epochs=epochs, **options)
        np.testing.assert_allclose(training.weights, w, rtol=1e-9)
        assert training.status == "max_epochs"


# --- what a training is ------------------------------------------------------------------------


@pytest.mark.parametrize("door", DOORS)
def test_history_costs_and_bytes(door):
    """Records do not change the training, errors are E, the start is left as it was."""
    train, options = DOORS[door]
    x, start = binary(8), start_of(SMALL)
    seen = []
    sparse = train(
        SMALL, x, x, start, max_epochs=25, progress=lambda *record: seen.append(record), **options
    )
    dense = train(SMALL, x, x, start, max_epochs=25, **options | {"record_every": 1})
    assert sparse.weights.tobytes() == dense.weights.tobytes()
    assert dense.errors[[0, 10, 20, 25]].tobytes() == sparse.errors.tobytes()
    assert dense.evaluations[[0, 10, 20, 25]].tolist() == sparse.evaluations.tolist()
    assert seen == list(zip([10, 20, 25], sparse.errors[1:].tolist(), strict=True))
    if door == "lbfgs":  # its line search may take more than a gradient an iteration
        assert (np.diff(dense.evaluations) >= gradient.GRADIENT_COST).all()
    else:
        assert (np.diff(dense.evaluations) == gradient.GRADIENT_COST).all()
    assert dense.errors[-1] < dense.errors[0]
    assert start.tobytes() == start_of(SMALL).tobytes()


def test_a_training_does_not_depend_on_those_before_it():
    x = binary(8)
    alone = gradient.train_adam(SMALL, x, x, start_of(SMALL, 1), max_epochs=25, **DESCENT)
    gradient.train_adam(SMALL, x[:5], x[:5], start_of(SMALL, 2), max_epochs=40, **DESCENT)
    assert_same(
        alone, gradient.train_adam(SMALL, x, x, start_of(SMALL, 1), max_epochs=25, **DESCENT)
    )


def test_lbfgs_lowers_the_error_and_says_why_it_ends():
    x, start = binary(8), start_of(SMALL)
    short = gradient.train_lbfgs(SMALL, x, x, start, max_epochs=5, **LBFGS)
    assert (short.status, short.epochs) == ("max_epochs", 5)
    assert (np.diff(short.errors) < 0.0).all()
    loose = gradient.train_lbfgs(SMALL, x, x, start, max_epochs=500, **LBFGS | {"ftol": 1e-2})
    assert loose.status == "converged"
    assert loose.epochs < 500
    assert loose.errors[-1] < loose.errors[0]


def test_lbfgs_keeps_to_its_evaluations():
    x, start = binary(8), start_of(SMALL)
    free = gradient.train_lbfgs(SMALL, x, x, start, max_epochs=50, **LBFGS)
    for limit in (1, 3, 4, 40, 41):
        held = gradient.train_lbfgs(
            SMALL, x, x, start, max_epochs=50, max_evaluations=limit, **LBFGS
        )
        known = free.evaluations <= limit
        assert held.status == "max_evaluations"
        assert held.errors.tobytes() == free.errors[known].tobytes()
        assert held.evaluations.tolist() == free.evaluations[known].tolist()


@pytest.mark.parametrize("biases", [False, True])
def test_linear_autoencoder_reaches_pca(biases):
    """The optimum leaves the singular values beyond the latent width (Baldi and Hornik 1989)."""
    network = Network((6, 2, 6), "linear", "linear", "linear", "linear", 1.0, biases)
    x = np.random.default_rng(3).normal(1.0, 1.0, (20, 6)) * [3.0, 2.0, 1.0, 0.5, 0.5, 0.2]
    values = np.linalg.svd(x - x.mean(axis=0) if biases else x, compute_uv=False)
    optimum = 0.5 * np.sum(values[2:] ** 2) / len(x)
    result = gradient.train_lbfgs(network, x, x, start_of(network), max_epochs=2000, **LBFGS)
    assert result.errors[-1] == pytest.approx(optimum, rel=1e-6)
    assert result.errors[-1] >= optimum * (1.0 - 1e-12)


@pytest.mark.parametrize("door", ["backpropagation", "adam", "rmsprop"])
def test_divergence_is_named_and_the_last_finite_record_kept(door):
    train, options = DOORS[door]
    x, start = 1e3 * binary(8), start_of(LINEAR)
    options = options | {"learning_rate": 1e200, "loss": "squared-error", "record_every": 1}
    training = train(LINEAR, x, x, start, max_epochs=50, **options)
    assert training.status == "diverged"
    assert training.epochs < 50
    assert np.isfinite(training.errors).all()
    assert np.isfinite(training.weights).all()
    assert len(training.errors) == len(training.evaluations)


@pytest.mark.parametrize("door", DOORS)
def test_a_start_that_is_not_finite_has_diverged(door):
    train, options = DOORS[door]
    x, start = binary(4), np.full(LINEAR.n_weights, np.inf)
    training = train(LINEAR, x, x, start, max_epochs=3, **options | {"loss": "squared-error"})
    assert (training.status, training.epochs) == ("diverged", 0)


# --- hybrids -----------------------------------------------------------------------------------


def test_hybrid_goes_on_where_powell_ended():
    x, start = binary(8), start_of(SMALL)
    tolerances = {"xtol": 0.01, "ftol": 0.01}
    first = train(SMALL, x, x, start, optimizer="powell", max_epochs=2, **tolerances)
    second = gradient.train_lbfgs(SMALL, x, x, first.weights, max_epochs=4, **LBFGS)
    seen = []
    hybrid = train(
        SMALL,
        x,
        x,
        start,
        optimizer="stages",
        stages=[
            {"optimizer": "powell", "max_epochs": 2, **tolerances},
            {"optimizer": "lbfgs", "max_epochs": 4, **LBFGS},
        ],
        progress=lambda epoch, error: seen.append(epoch),
    )
    assert hybrid.weights.tobytes() == second.weights.tobytes()
    assert hybrid.errors.tolist() == [*first.errors, *second.errors[1:]]
    spent = first.evaluations[-1] + second.evaluations[1:]
    assert hybrid.evaluations.tolist() == [*first.evaluations, *spent]
    assert hybrid.status == second.status
    assert seen == [1, 2, 3, 4, 5, 6]


def test_hybrid_goes_on_after_a_stage_that_could_not_take_a_step():
    x, start = binary(8), start_of(SMALL)
    powell = {"optimizer": "powell", "max_epochs": 1, "xtol": 0.01, "ftol": 0.01}
    idle = {"optimizer": "lbfgs", "max_epochs": 4, **LBFGS, "max_evaluations": 1}
    hybrid = train_stages(SMALL, x, x, start, stages=[powell, idle, powell])
    first = train(SMALL, x, x, start, **powell)
    last = train(SMALL, x, x, first.weights, **powell)
    assert hybrid.weights.tobytes() == last.weights.tobytes()
    spent = first.evaluations[-1] + 1  # the loss where the idle stage began
    assert hybrid.evaluations.tolist() == [*first.evaluations, spent + last.evaluations[1]]


def test_hybrid_ends_with_a_stage_that_diverges():
    x, start = binary(4), np.full(LINEAR.n_weights, np.inf)
    stage = {"optimizer": "powell", "max_epochs": 2, "xtol": 0.01, "ftol": 0.01}
    hybrid = train_stages(LINEAR, x, x, start, stages=[stage, stage])
    assert (hybrid.status, hybrid.epochs) == ("diverged", 0)
    with pytest.raises(ValueError, match="at least one stage"):
        train_stages(LINEAR, x, x, start, stages=[])


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["step", "relu_as_run"])
@pytest.mark.parametrize("place", ["encoder", "latent", "decoder", "output"])
def test_what_has_no_gradient_is_refused(place, name):
    names = dict.fromkeys(("encoder", "latent", "decoder", "output"), "tanh") | {place: name}
    network = Network((6, 3, 2, 3, 6), **names, beta=1.0, biases=True)
    x = binary(4)
    with pytest.raises(
        StudyError, match=f"'{name}' has no gradient to train by; those with one are"
    ):
        gradient.train_adam(
            network, x, x, start_of(network), max_epochs=1, **DESCENT | {"loss": "squared-error"}
        )


def test_cross_entropy_needs_probabilities():
    x = binary(4)
    with pytest.raises(StudyError, match="needs a sigmoid output, not linear"):
        gradient.loss_and_gradient(LINEAR, start_of(LINEAR), x, x, "cross-entropy")
    with pytest.raises(StudyError, match="needs targets from 0 to 1"):
        gradient.loss_and_gradient(SMALL, start_of(SMALL), x, 2.0 * x, "cross-entropy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_epochs": 0}, "max_epochs must be at least 1"),
        ({"record_every": 0}, "record_every must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be a positive number"),
        ({"momentum": 1.0}, "momentum must be from 0 to below 1"),
        ({"schedule": "linear"}, "unknown schedule 'linear'"),
        ({"loss": "hinge"}, "unknown loss 'hinge'"),
    ],
)
def test_impossible_options_are_refused(change, message):
    x = binary(4)
    options = {"max_epochs": 1, **BACKPROPAGATION, **change}
    with pytest.raises(ValueError, match=message):
        gradient.train_backpropagation(SMALL, x, x, start_of(SMALL), **options)


def test_what_parameters_may_ask_for_is_what_can_be_trained():
    assert set(gradient.WITHOUT_GRADIENT) == set(WITHOUT_GRADIENT) < set(ACTIVATIONS)
    redrawing = {name for kind in REDRAWING for name in names_of(kind, "optimizer")}
    assert redrawing <= set(redrawn.RULES)
    assert AIMED == redrawn.WITHIN
    for kind in (AimedAdam, AimedRMSprop):
        assert names_of(kind, "loss") == (*gradient.LOSSES, redrawn.WITHIN)


def test_arrays_that_do_not_fit_are_refused():
    x = binary(4)
    with pytest.raises(ValueError, match="do not fit"):
        gradient.loss_and_gradient(SMALL, start_of(SMALL), x, x[:3], "squared-error")
    with pytest.raises(ValueError, match="weights expected"):
        gradient.loss_and_gradient(SMALL, start_of(SMALL)[1:], x, x, "squared-error")


# --- determinism -------------------------------------------------------------------------------

CHILD = f"""
import hashlib, os, sys
if sys.argv[1] == "pinned":
    os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
from latentlab.data import fonts
from latentlab.training import gradient
from latentlab.models import network
assert "jax" not in sys.modules, "importing the module must not cost the import of JAX"
x = fonts.read_fonts({str(ROOT / "data/fonts/font.h")!r})["font2"].pixels
net = network.Network((35, 25, 15, 2, 15, 25, 35), "tanh", "linear", "tanh", "sigmoid", 1.0, True)
start = network.initial_weights(net, network.np.random.default_rng(0))
descent = dict(learning_rate=0.01, schedule="cosine", loss="cross-entropy", record_every=10)
adam = gradient.train_adam(net, x, x, start, max_epochs=200, **descent)
lbfgs = gradient.train_lbfgs(net, x, x, adam.weights, max_epochs=30, **{LBFGS!r})
for part in (adam.weights, adam.errors, lbfgs.weights, lbfgs.errors):
    print(hashlib.sha256(part.tobytes()).hexdigest())
for slow in ("jax", "scipy.optimize"):
    assert slow not in sys.modules, "a second for each job"
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="pins the process to a core")
def test_bytes_do_not_depend_on_the_cores():
    environment = {k: v for k, v in os.environ.items() if k != "PJRT_NPROC"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    children = [
        subprocess.run(
            [sys.executable, "-c", CHILD, how], env=environment, capture_output=True, text=True
        )
        for how in ("pinned", "free")
    ]
    for child in children:
        assert child.returncode == 0, child.stderr
    assert children[0].stdout == children[1].stdout


def train_redrawn(draw, **options):
    return redrawn.train_redrawn(
        SMALL, draw, binary(4), start_of(SMALL), **{"optimizer": "adam", **DESCENT, **options}
    )


def test_redrawn_without_noise_is_adam_in_single_precision():
    """The same inputs in every epoch: what is left is Adam, to the digits of float32."""
    result = train_redrawn(lambda epoch: binary(4), max_epochs=25)
    exact = gradient.train_adam(
        SMALL, binary(4), binary(4), start_of(SMALL), max_epochs=25, **DESCENT
    )
    assert np.allclose(result.weights, exact.weights, rtol=1e-3, atol=1e-4)
    assert result.record_epochs.tolist() == exact.record_epochs.tolist()
    assert result.evaluations.tolist() == exact.evaluations.tolist()
    assert np.allclose(result.errors, exact.errors, rtol=1e-3)
    assert result.status == "max_epochs"


def test_redrawn_takes_every_epoch_its_own_inputs_once():
    asked = []

    def draw(epoch):
        asked.append(epoch)
        return np.random.default_rng(epoch).random((4, 6))

    a, b = (train_redrawn(draw, max_epochs=25, record_every=every) for every in (10, 7))
    assert asked == [*range(26)] * 2
    # how often is recorded has no influence
    assert np.allclose(a.weights, b.weights, rtol=1e-5)
    # the last error is that on inputs not met before
    last = squared_error(forward(SMALL, a.weights, draw(25)), binary(4))
    assert a.errors[-1] == last
    other = train_redrawn(lambda epoch: draw(epoch + 1), max_epochs=25)
    assert not np.allclose(other.weights, a.weights, rtol=1e-5)


def test_the_loss_of_the_score_counts_letters_with_two_wrong_pixels_or_more():
    """Of samples with outputs surely right or wrong: 0, 1, 2 and 5 wrong pixels of 6."""
    import jax

    network = Network((6, 6, 6), "linear", "linear", "linear", "sigmoid", 1.0, False)
    answers = np.zeros((6, 4))
    for sample, wrong in enumerate((0, 1, 2, 5)):
        answers[:wrong, sample] = 1.0
    layers = [(np.eye(6), np.zeros((6, 0)))] * 2
    with jax.enable_x64(True):
        inputs, targets = jax.numpy.asarray(40.0 * (answers - 0.5)), jax.numpy.zeros((6, 4))
        found = float(redrawn._loss(network, redrawn.WITHIN, layers, inputs, targets))
    by_hand = [1 / (1 + np.exp(-4 * (wrong - 1.5))) for wrong in (0, 1, 2, 5)]
    assert found == pytest.approx(6 * np.mean(by_hand), rel=1e-6)
    assert found / 6 == pytest.approx(2 / 4, abs=0.01)


def test_the_loss_of_the_score_begins_with_the_cross_entropy():
    options = {"schedule": "constant", "learning_rate": 0.01, "max_epochs": 10, "record_every": 1}
    aimed, other = (
        train_redrawn(lambda epoch: binary(4), **{**options, "loss": loss})
        for loss in (redrawn.WITHIN, "cross-entropy")
    )
    assert aimed.errors[:4].tolist() == other.errors[:4].tolist()  # after 0, 1, 2, 3 epochs
    assert aimed.errors[4] != other.errors[4]


def test_redrawn_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="optimizer must be adam or rmsprop, not 'lbfgs'"):
        train_redrawn(lambda epoch: binary(4), max_epochs=2, optimizer="lbfgs")
    with pytest.raises(ValueError, match="learning_rate must be a positive number"):
        train_redrawn(lambda epoch: binary(4), max_epochs=2, learning_rate=0.0)
