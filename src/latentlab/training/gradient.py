"""Training letter networks by gradient: backpropagation, Adam, RMSprop, L-BFGS-B; and hybrids.

The same door as ``powell.train``, so that optimizers compare from the same start weights. JAX
computes gradients and runs whole trainings compiled, on one thread, in float64
(``train_redrawn``: float32), whatever else the process does with JAX; it is imported when a
training starts. A network's shape is compiled once in a process: further replicates only run.
They run one after the other, because batched (``jax.vmap``) they save a tenth of the time and
their last bits depend on how many there are.

**Cost** is counted in loss evaluations over the whole sample set, as Powell's is. A gradient
counts as ``GRADIENT_COST`` of them. The loss at the start counts as one; the errors recorded
later are measurements and cost nothing.

**History**: whatever loss is minimized, ``Training.errors`` holds the study's squared error E,
at the start, after every ``record_every`` epochs and after the last. An epoch has seen every
sample once: a full-batch step, a pass of backpropagation, an iteration of L-BFGS-B.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from latentlab import StudyError
from latentlab.aliases import Array, Fields
from latentlab.models.network import Network, forward, squared_error
from latentlab.training import replicates
from latentlab.training.replicates import GRADIENT_COST, Progress, Record, Training

if TYPE_CHECKING:
    from jax import Array as JaxArray

    Slots = tuple[JaxArray, JaxArray]
    State = tuple[JaxArray, Slots]

LOSSES = ("squared-error", "cross-entropy")
"""squared-error is the study's E (``network.squared_error``). cross-entropy is that of the pixels
with the output as probability, pixels summed, mean over samples, in nats; it needs a sigmoid
output and targets from 0 to 1, and is computed from log-odds, which never overflow."""

SCHEDULES = ("constant", "cosine")
"""How the learning rate goes: as it is, or along half a cosine to 0 at the last epoch
(Loshchilov and Hutter 2017, without restarts)."""

ADAM = (0.9, 0.999, 1e-8)
"""Decay of the first and second moment and epsilon (Kingma and Ba 2015, algorithm 1)."""

RMSPROP = (0.9, 1e-8)
"""Decay of the mean square (Tieleman and Hinton 2012, lecture 6.5) and the usual epsilon."""


# --- the doors ---------------------------------------------------------------------------------


def train_backpropagation(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    max_epochs: int,
    learning_rate: float,
    momentum: float,
    schedule: str,
    loss: str,
    shuffle_seed: int | None,
    record_every: int,
    progress: Progress | None = None,
) -> Training:
    """Per-sample gradient descent with momentum, as in the course.

    inputs, targets : (samples, units); start : (n_weights,); loss, schedule : of ``LOSSES`` and
    ``SCHEDULES``. Each epoch visits every sample once: in the given order (shuffle_seed None), or
    in an order drawn anew for each epoch from shuffle_seed, the same for all replicates. Each
    visit takes v <- momentum v - learning_rate g, w <- w + v, with the gradient g of that sample's
    loss (Rumelhart, Hinton and Williams 1986, equation 9). An epoch costs what a gradient costs.

    The status is "max_epochs", or "diverged" where the error or a weight leaves the finite
    numbers: weights and errors then end with the last finite record. Raises StudyError where the
    network or the loss has no gradient, ValueError where shapes do not fit or an option is not
    possible.
    """
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"momentum must be from 0 to below 1, not {momentum}")
    return _descend(
        network,
        inputs,
        targets,
        start,
        rule="momentum",
        max_epochs=max_epochs,
        learning_rate=learning_rate,
        momentum=momentum,
        schedule=schedule,
        loss=loss,
        visits=functools.partial(_visits, len(inputs), shuffle_seed),
        record_every=record_every,
        progress=progress,
    )


def train_redrawn(
    network: Network,
    draw: Callable[[int], Array],
    targets: Array,
    start: Array,
    *,
    optimizer: str,
    max_epochs: int,
    learning_rate: float,
    schedule: str,
    loss: str,
    record_every: int,
    progress: Progress | None = None,
) -> Training:
    """Adam or RMSprop, full batch, on inputs drawn anew for every epoch: noise never seen twice.

    draw : epoch -> inputs (samples, units) of that epoch, for the same targets (samples, units)
    optimizer : "adam" or "rmsprop"
    An epoch is one step. In float32, at half the price of float64: against the noise of the
    inputs its rounding is nothing. The errors are those on the inputs of the epoch that comes
    next, which the weights have not met. The rest as ``train_backpropagation``; ValueError for
    another optimizer.
    """
    _check_counts(max_epochs, record_every)
    _check_rate(learning_rate, schedule)
    if optimizer not in ("adam", "rmsprop"):
        raise ValueError(f"optimizer must be adam or rmsprop, not {optimizer!r}")
    inputs, targets, start = _checked(network, draw(0), targets, start, loss)
    record = Record(start, _error(network, inputs, targets, start), progress)
    if record.diverged:
        return record.training("max_epochs")
    batches = np.zeros((record_every, *inputs.T.shape), np.float32)
    columns = np.ascontiguousarray(targets.T, np.float32)
    with _jax().enable_x64(False):
        run = _compiled_redrawn(network, loss, optimizer)
        state: tuple[object, object]  # of NumPy first, of JAX then
        state = (start.astype(np.float32), (np.zeros_like(start, np.float32),) * 2)
        for first in range(0, max_epochs, record_every):
            last = min(first + record_every, max_epochs)
            for epoch in range(first, last):
                batches[epoch - first] = inputs.T
                inputs = draw(epoch + 1)
            rates = _rates(schedule, learning_rate, first, last, max_epochs, record_every)
            state = run(state, batches, columns, rates.astype(np.float32), first, last)
            weights = np.array(state[0], np.float64)
            error = _error(network, inputs, targets, weights)
            if not record.add(last, weights, error, 1 + GRADIENT_COST * last):
                break
    return record.training("max_epochs")


def train_lbfgs(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    max_epochs: int,
    memory: int,
    ftol: float,
    gtol: float,
    loss: str,
    record_every: int,
    max_evaluations: float = math.inf,
    progress: Progress | None = None,
) -> Training:
    """SciPy's L-BFGS-B (Zhu et al. 1997) without bounds; an epoch is an iteration.

    memory : pairs of steps and gradient changes kept; ftol, gtol : SciPy's tolerances, stop where
    an iteration lowers the loss by less than ftol max(loss, 1) or no element of the gradient is
    above gtol. The status is "converged" where one of them stops it or no step along the search
    direction lowers the loss any more, "max_evaluations" where the next gradient would cost more
    than that (a search may take several; an unfinished one is lost); the rest as
    ``train_backpropagation``.
    """
    inputs, targets, start = _checked(network, inputs, targets, start, loss)
    _check_counts(max_epochs, record_every)
    record = Record(start, _error(network, inputs, targets, start), progress)
    if record.diverged:
        return record.training("converged")
    epoch, weights = 0, start

    def note() -> bool:
        error = _error(network, inputs, targets, weights)
        return record.add(epoch, weights, error, gradients.cost)

    def callback(*, intermediate_result: OptimizeResult) -> None:
        nonlocal epoch, weights
        epoch += 1
        weights = np.array(intermediate_result.x)
        if epoch % record_every == 0 and not note():
            raise StopIteration

    status = ""
    options = {"maxiter": max_epochs, "maxcor": memory, "ftol": ftol, "gtol": gtol}
    options["maxfun"] = np.iinfo(np.int32).max  # iterations are what is limited
    with np.errstate(all="ignore"), _jax().enable_x64(True):
        gradients = _Gradients(network, inputs, targets, loss, max_evaluations)
        try:
            minimize(
                gradients, start, method="L-BFGS-B", jac=True, callback=callback, options=options
            )
        except _Exhausted:
            status = "max_evaluations"
    if not record.diverged and epoch % record_every:
        note()
    return record.training(status or ("max_epochs" if epoch == max_epochs else "converged"))


class _Gradients:
    """A loss and its gradient at flat weights, as SciPy asks for them, and what they cost."""

    def __init__(
        self, network: Network, inputs: Array, targets: Array, loss: str, limit: float
    ) -> None:
        self._value_and_gradient = _compiled_gradient(network, loss)
        self._samples = _jax().numpy.array(inputs.T), _jax().numpy.array(targets.T)
        self._limit = limit
        self.cost = 1  # evaluations so far: one at the start

    def __call__(self, weights: Array) -> tuple[float, Array]:
        if self.cost + GRADIENT_COST > self._limit:
            raise _Exhausted
        self.cost += GRADIENT_COST
        value, gradient = self._value_and_gradient(weights, *self._samples)
        return float(value), np.array(gradient)


class _Exhausted(Exception):
    """The allowed number of evaluations is spent."""


def train_stages(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    stages: Sequence[Fields],
    progress: Progress | None = None,
) -> Training:
    """A hybrid: each stage goes on where the one before ended, such as Powell, then L-BFGS-B.

    stages : for each stage the optimizer's name, a key of ``replicates.OPTIMIZERS``, and its
    options, such as [{"optimizer": "powell", "max_epochs": 10, ...}, {"optimizer": "adam", ...}].
    Shapes as for ``train_backpropagation``. Errors and evaluations are joined, evaluations add
    up; a stage that diverges is the last one. The status is that of the last stage that ran.
    Raises ValueError without any stage, and what the stages raise.
    """
    if not stages:
        raise ValueError("a hybrid needs at least one stage")
    epochs = spent = 0

    def report(epoch: int, error: float) -> None:
        if progress is not None:
            progress(epochs + epoch, error)

    weights = start
    errors: list[Array] = []
    evaluations: list[np.ndarray] = []
    recorded: list[np.ndarray] = []
    for stage in stages:
        part = replicates.train(network, inputs, targets, weights, progress=report, **stage)
        first = 1 if errors else 0  # a later stage starts where the one before ended
        errors.append(part.errors[first:])
        evaluations.append(spent + part.evaluations[first:])
        recorded.append(epochs + part.record_epochs[first:])
        weights, epochs = part.weights, epochs + part.epochs
        spent += int(part.evaluations[-1])
        if part.status == "diverged":
            break
    return Training(
        weights,
        np.concatenate(errors),
        np.concatenate(evaluations),
        part.status,
        np.concatenate(recorded),
    )


def loss_and_gradient(
    network: Network, weights: Array, inputs: Array, targets: Array, loss: str
) -> tuple[float, Array]:
    """A loss of ``LOSSES`` and its gradient (n_weights,) at flat weights (n_weights,).

    inputs, targets : (samples, units). The derivative of ReLU at 0 is 0. Raises as
    ``train_backpropagation``.
    """
    inputs, targets, weights = _checked(network, inputs, targets, weights, loss)
    with _jax().enable_x64(True):
        value, gradient = _compiled_gradient(network, loss)(weights, inputs.T, targets.T)
        return float(value), np.array(gradient)


# --- gradient descent in all its forms ---------------------------------------------------------


def _descend(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    rule: str,
    max_epochs: int,
    learning_rate: float,
    momentum: float = 0.0,
    schedule: str,
    loss: str,
    visits: Callable[[int], np.ndarray] | None = None,
    record_every: int,
    progress: Progress | None = None,
) -> Training:
    """Train by a rule of ``_RULES``, full batch, or sample by sample where ``visits`` says which.

    visits : epoch -> the order (samples,) in which it takes the samples; where there is none, an
        epoch is one step
    Shapes, options and errors as for ``train_backpropagation``.
    """
    inputs, targets, start = _checked(network, inputs, targets, start, loss)
    _check_counts(max_epochs, record_every)
    _check_rate(learning_rate, schedule)
    error_of = functools.partial(_error, network, inputs, targets)
    record = Record(start, error_of(start), progress)
    if record.diverged:
        return record.training("max_epochs")
    orders = np.zeros((record_every, len(inputs) if visits else 0), np.int32)
    with _jax().enable_x64(True):
        run = _compiled_descent(network, loss, rule, visits is not None)
        state: tuple[object, object]  # of NumPy first, of JAX then
        state = (start, (np.zeros_like(start),) * 2)
        for first in range(0, max_epochs, record_every):
            last = min(first + record_every, max_epochs)
            if visits:
                for epoch in range(first, last):
                    orders[epoch - first] = visits(epoch)
            rates = _rates(schedule, learning_rate, first, last, max_epochs, record_every)
            state = run(state, inputs.T, targets.T, orders, rates, momentum, first, last)
            weights = np.array(state[0])
            if not record.add(last, weights, error_of(weights), 1 + GRADIENT_COST * last):
                break
    return record.training("max_epochs")


train_adam = functools.partial(_descend, rule="adam")
"""Adam (Kingma and Ba 2015), full batch."""

train_rmsprop = functools.partial(_descend, rule="rmsprop")
"""RMSprop (Tieleman and Hinton 2012), full batch."""


def _rates(schedule: str, rate: float, first: int, last: int, epochs: int, size: int) -> Array:
    """Learning rates (size,) of the epochs from first to below last, of all ``epochs``; then 0."""
    epoch = np.arange(first, first + size)
    factor = 0.5 + 0.5 * np.cos(np.pi * epoch / epochs) if schedule == "cosine" else 1.0
    return np.where(epoch < last, rate * factor, 0.0)


def _visits(samples: int, seed: int | None, epoch: int) -> np.ndarray:
    """The order (samples,) in which backpropagation visits the samples in an epoch (from 0)."""
    if seed is None:
        return np.arange(samples)
    sequence = np.random.SeedSequence(seed, spawn_key=(epoch,))
    return np.random.default_rng(sequence).permutation(samples)


def _error(network: Network, inputs: Array, targets: Array, weights: Array) -> float:
    """The study's error; NaN where weights (n_weights,) are not finite."""
    if not np.isfinite(weights).all():
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        return squared_error(forward(network, weights, inputs), targets)


def _checked(
    network: Network, inputs: Array, targets: Array, weights: Array, loss: str
) -> tuple[Array, Array, Array]:
    """The arrays in float64, once they are known to fit; raises as ``train_backpropagation``."""
    for activation in network.activations:
        if activation not in _DIFFERENTIABLE:
            raise StudyError(
                f"activation {activation!r} has no gradient to train by; "
                f"those with one are {', '.join(_DIFFERENTIABLE)}"
            )
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}, known are {', '.join(LOSSES)}")
    inputs, targets = network.checked_samples(inputs, targets)
    weights = network.checked_weights(weights)
    if loss == "cross-entropy":
        if network.output != "sigmoid":
            raise StudyError(f"cross-entropy needs a sigmoid output, not {network.output}")
        if targets.min() < 0.0 or targets.max() > 1.0:
            raise StudyError("cross-entropy needs targets from 0 to 1")
    return inputs, targets, weights


def _check_counts(max_epochs: int, record_every: int) -> None:
    for name, value in {"max_epochs": max_epochs, "record_every": record_every}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")


def _check_rate(learning_rate: float, schedule: str) -> None:
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}, known are {', '.join(SCHEDULES)}")
    if not 0.0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be a positive number, not {learning_rate}")


# --- JAX: what is below runs, and is compiled, inside ``enable_x64`` -----------------------------


def _jax() -> ModuleType:
    """JAX, imported when it is used, as ``latentlab.arithmetic`` pins it."""
    return importlib.import_module("jax")


_DIFFERENTIABLE: dict[str, Callable[[ModuleType, JaxArray, float], JaxArray]] = {
    "linear": lambda jax, h, beta: h,
    # not maximum(h, 0): JAX gives that a derivative of 1/2 at 0, where a blank letter sits
    "relu": lambda jax, h, beta: jax.numpy.where(h > 0.0, h, 0.0),
    "sigmoid": lambda jax, h, beta: jax.nn.sigmoid(2.0 * beta * h),
    "tanh": lambda jax, h, beta: jax.numpy.tanh(beta * h),
}
"""``network.ACTIVATIONS`` in JAX, those with a derivative."""


def _loss(
    network: Network, loss: str, layers: Sequence[JaxArray], x: JaxArray, targets: JaxArray
) -> JaxArray:
    """A loss of ``LOSSES`` for each layer's weights; x, targets (units, samples).

    Samples are columns here: rows take a third more time on a font.
    """
    jax = _jax()
    samples = x.shape[1]
    h = x
    for weights, activation in zip(layers, network.activations, strict=True):
        if network.biases:
            x = jax.numpy.concatenate([x, jax.numpy.ones((1, samples))])
        h = weights @ x
        x = _DIFFERENTIABLE[activation](jax, h, network.beta)
    if loss == "squared-error":
        return 0.5 * ((targets - x) ** 2).sum() / samples
    # -t log p - (1 - t) log(1 - p) with p = sigmoid(l) is log(1 + exp(l)) - t l
    log_odds = 2.0 * network.beta * h
    softplus = jax.numpy.maximum(log_odds, 0.0) + jax.numpy.log1p(jax.numpy.exp(-abs(log_odds)))
    total: JaxArray = (softplus - targets * log_odds).sum()
    return total / samples


def _value_and_gradient(network: Network, loss: str) -> Callable[..., tuple[JaxArray, JaxArray]]:
    """(weights (n_weights,), x, targets (units, samples)) -> loss, its gradient (n_weights,)."""
    jax = _jax()

    def function(weights: JaxArray, x: JaxArray, targets: JaxArray) -> tuple[JaxArray, JaxArray]:
        # by layers, not through the flat vector: the gradient of a slice is a sum of padded arrays
        ends = np.cumsum([n_out * n_in for n_out, n_in in network.shapes])[:-1]
        parts = jax.numpy.split(weights, ends)
        layers = [part.reshape(s) for part, s in zip(parts, network.shapes, strict=True)]
        value, gradients = jax.value_and_grad(functools.partial(_loss, network, loss))(
            layers, x, targets
        )
        return value, jax.numpy.concatenate([gradient.ravel() for gradient in gradients])

    return function


@functools.cache
def _compiled_gradient(network: Network, loss: str) -> Callable[..., tuple[JaxArray, JaxArray]]:
    compiled: Callable[..., tuple[JaxArray, JaxArray]]
    compiled = _jax().jit(_value_and_gradient(network, loss))
    return compiled


def _momentum(
    jax: ModuleType,
    gradient: JaxArray,
    slots: Slots,
    rate: JaxArray,
    epoch: JaxArray,
    momentum: JaxArray | float,
) -> State:
    velocity = momentum * slots[0] - rate * gradient
    return velocity, (velocity, slots[1])


def _adam(
    jax: ModuleType,
    gradient: JaxArray,
    slots: Slots,
    rate: JaxArray,
    epoch: JaxArray,
    momentum: JaxArray | float,
) -> State:
    first, second, epsilon = ADAM
    mean = first * slots[0] + (1.0 - first) * gradient
    square = second * slots[1] + (1.0 - second) * gradient**2
    unbiased_mean = mean / (1.0 - first ** (epoch + 1.0))
    unbiased_square = square / (1.0 - second ** (epoch + 1.0))
    return -rate * unbiased_mean / (jax.numpy.sqrt(unbiased_square) + epsilon), (mean, square)


def _rmsprop(
    jax: ModuleType,
    gradient: JaxArray,
    slots: Slots,
    rate: JaxArray,
    epoch: JaxArray,
    momentum: JaxArray | float,
) -> State:
    decay, epsilon = RMSPROP
    square = decay * slots[0] + (1.0 - decay) * gradient**2
    return -rate * gradient / (jax.numpy.sqrt(square) + epsilon), (square, slots[1])


_RULES = {"momentum": _momentum, "adam": _adam, "rmsprop": _rmsprop}
"""Each rule makes of a gradient (n_weights,) and its two slots of memory (n_weights,), zeros at
the start, the step to take and the new memory; epoch counts from 0."""


@functools.cache
def _compiled_descent(
    network: Network, loss: str, rule: str, per_sample: bool
) -> Callable[..., State]:
    """Gradient descent over some epochs, compiled once for any number of them.

    run((weights, slots), x, targets, orders, rates, momentum, first, last) goes from epoch first
    to below last and returns (weights, slots). x, targets : (units, samples); orders : (epochs,
    samples), one order of visits an epoch, if per_sample; rates : (epochs,).
    """
    jax = _jax()
    gradient_of = _value_and_gradient(network, loss)

    def run(
        state: State,
        x: JaxArray,
        t: JaxArray,
        orders: JaxArray,
        rates: JaxArray,
        momentum: JaxArray,
        first: JaxArray,
        last: JaxArray,
    ) -> State:
        def step(epoch: JaxArray, state: State, x: JaxArray, t: JaxArray) -> State:
            weights, slots = state
            _, gradient = gradient_of(weights, x, t)
            change, slots = _RULES[rule](
                jax, gradient, slots, rates[epoch - first], epoch, momentum
            )
            return weights + change, slots

        def full(epoch: JaxArray, state: State) -> State:
            return step(epoch, state, x, t)

        def one_by_one(epoch: JaxArray, state: State) -> State:
            def visit(index: JaxArray, state: State) -> State:
                sample = orders[epoch - first, index]
                return step(epoch, state, x[:, sample, None], t[:, sample, None])

            after: State = jax.lax.fori_loop(0, x.shape[1], visit, state)
            return after

        epochs = one_by_one if per_sample else full
        after: State = jax.lax.fori_loop(first, last, epochs, state)
        return after

    compiled: Callable[..., State] = jax.jit(run)
    return compiled


@functools.cache
def _compiled_redrawn(network: Network, loss: str, rule: str) -> Callable[..., State]:
    """Full-batch descent on inputs of its own in every epoch, from epoch first to below last.

    run((weights, slots), batches, targets, rates, first, last) returns (weights, slots).
    batches : (epochs, units, samples); targets : (units, samples); rates : (epochs,).
    """
    jax = _jax()
    gradient_of = _value_and_gradient(network, loss)

    def run(
        state: State,
        batches: JaxArray,
        t: JaxArray,
        rates: JaxArray,
        first: JaxArray,
        last: JaxArray,
    ) -> State:
        def step(epoch: JaxArray, state: State) -> State:
            weights, slots = state
            _, gradient = gradient_of(weights, batches[epoch - first], t)
            change, slots = _RULES[rule](jax, gradient, slots, rates[epoch - first], epoch, 0.0)
            return weights + change, slots

        after: State = jax.lax.fori_loop(first, last, step, state)
        return after

    compiled: Callable[..., State] = jax.jit(run)
    return compiled
