"""Training denoisers on inputs drawn anew for every epoch, in JAX and float32.

JAX is imported when a training starts. A network's shape is compiled once in a process: further
replicates only run. What an epoch is, its cost and the history are as in ``training.gradient``.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from latentlab.aliases import Array
from latentlab.models.network import Network, forward, squared_error
from latentlab.training.descent_kernels import ADAM, RMSPROP
from latentlab.training.gradient import check_counts, check_rate, checked, rates_of
from latentlab.training.products import product
from latentlab.training.record import GRADIENT_COST, Progress, Record, Training

WITHIN = "within-one-pixel"
"""The loss that is the share of samples with two wrong pixels or more, made smooth, times the
pixels: of a sample with outputs that are w from its targets, pixels summed, sigmoid(4 (w - 1.5)).
Far from the targets it has next to no slope, so the first 3 in 10 epochs, and those up to the next
record, follow the cross-entropy. That leads to each pixel's own best guess; of letters that look
alike these guesses are of neither."""

_FIRST, _STEEPNESS, _ALLOWED = 0.3, 4.0, 1.5

if TYPE_CHECKING:
    from jax import Array as JaxArray

    Layers = Sequence[tuple[JaxArray, JaxArray]]
    Slots = tuple[JaxArray, JaxArray]
    State = tuple[JaxArray, Slots]


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
    optimizer : "adam" or "rmsprop"; loss : of ``gradient.LOSSES``, or ``WITHIN``
    An epoch is one step. In float32, at half the price of float64: against the noise of the
    inputs its rounding is nothing. The errors are those on the inputs of the epoch that comes
    next, which the weights have not met. The rest as ``gradient.train_backpropagation``; ValueError
    for another optimizer.
    """
    check_counts(max_epochs, record_every)
    check_rate(learning_rate, schedule)
    if optimizer not in ("adam", "rmsprop"):
        raise ValueError(f"optimizer must be adam or rmsprop, not {optimizer!r}")
    phases = ("cross-entropy", WITHIN) if loss == WITHIN else (loss, loss)
    inputs, targets, start = checked(network, draw(0), targets, start, phases[0])
    record = Record(start, _error(network, inputs, targets, start), progress)
    if record.diverged:
        return record.training("max_epochs")
    batches = np.zeros((record_every, *inputs.T.shape), np.float32)
    columns = np.ascontiguousarray(targets.T, np.float32)
    with _jax().enable_x64(False):
        state: tuple[object, object]  # of NumPy first, of JAX then
        state = (start.astype(np.float32), (np.zeros_like(start, np.float32),) * 2)
        for first in range(0, max_epochs, record_every):
            last = min(first + record_every, max_epochs)
            run = _compiled_redrawn(network, phases[first >= _FIRST * max_epochs], optimizer)
            for epoch in range(first, last):
                batches[epoch - first] = inputs.T
                inputs = draw(epoch + 1)
            rates = rates_of(schedule, learning_rate, first, last, max_epochs, record_every)
            state = run(state, batches, columns, rates.astype(np.float32), first, last)
            weights = np.array(state[0], np.float64)
            error = _error(network, inputs, targets, weights)
            if not record.add(last, weights, error, 1 + GRADIENT_COST * last):
                break
    return record.training("max_epochs")


def _error(network: Network, inputs: Array, targets: Array, weights: Array) -> float:
    """The study's error; NaN where weights (n_weights,) are not finite."""
    if not np.isfinite(weights).all():
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        return squared_error(forward(network, weights, inputs), targets)


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
    network: Network,
    loss: str,
    layers: Layers,
    x: JaxArray,
    targets: JaxArray,
) -> JaxArray:
    """A loss of ``train_redrawn`` for each layer's weights and biases; x, targets (units, samples).

    Samples are columns here: rows take a third more time on a font.
    """
    jax, multiplied = _jax(), product()
    samples = x.shape[1]
    h = x
    for (weights, biases), activation in zip(layers, network.activations, strict=True):
        h = multiplied(weights, x)
        h = h + biases if network.biases else h
        x = _DIFFERENTIABLE[activation](jax, h, network.beta)
    if loss == "squared-error":
        return 0.5 * ((targets - x) ** 2).sum() / samples
    if loss == WITHIN:
        wrong = abs(targets - x).sum(axis=0)
        more = jax.nn.sigmoid(_STEEPNESS * (wrong - _ALLOWED))
        within: JaxArray = len(targets) * more.mean()
        return within
    # -t log p - (1 - t) log(1 - p) with p = sigmoid(l) is log(1 + exp(l)) - t l
    log_odds = 2.0 * network.beta * h
    softplus = jax.numpy.maximum(log_odds, 0.0) + jax.numpy.log1p(jax.numpy.exp(-abs(log_odds)))
    total: JaxArray = (softplus - targets * log_odds).sum()
    return total / samples


def _value_and_gradient(network: Network, loss: str) -> Callable[..., tuple[JaxArray, JaxArray]]:
    """(weights (n_weights,), x, targets (units, samples)) -> loss, its gradient (n_weights,)."""
    jax = _jax()

    def loss_of(layers: Layers, x: JaxArray, targets: JaxArray) -> JaxArray:
        return _loss(network, loss, layers, x, targets)

    def function(weights: JaxArray, x: JaxArray, targets: JaxArray) -> tuple[JaxArray, JaxArray]:
        # by layers, not through the flat vector: the gradient of a slice is a sum of padded arrays
        ends = np.cumsum([n_out * n_in for n_out, n_in in network.shapes])[:-1]
        parts = jax.numpy.split(weights, ends)
        whole = [part.reshape(s) for part, s in zip(parts, network.shapes, strict=True)]
        inputs = [n_in - network.biases for _, n_in in network.shapes]
        layers = [(w[:, :n], w[:, n:]) for w, n in zip(whole, inputs, strict=True)]
        value, gradients = jax.value_and_grad(loss_of)(layers, x, targets)
        of_layers = [jax.numpy.concatenate(pair, axis=1).ravel() for pair in gradients]
        return value, jax.numpy.concatenate(of_layers)

    return function


def _adam(
    jax: ModuleType,
    gradient: JaxArray,
    slots: Slots,
    rate: JaxArray,
    epoch: JaxArray,
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
) -> State:
    decay, epsilon = RMSPROP
    square = decay * slots[0] + (1.0 - decay) * gradient**2
    return -rate * gradient / (jax.numpy.sqrt(square) + epsilon), (square, slots[1])


RULES = {"adam": _adam, "rmsprop": _rmsprop}
"""Each rule makes of a gradient (n_weights,) and its two slots of memory (n_weights,), zeros at
the start, the step to take and the new memory; epoch counts from 0."""


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
            change, slots = RULES[rule](jax, gradient, slots, rates[epoch - first], epoch)
            return weights + change, slots

        after: State = jax.lax.fori_loop(first, last, step, state)
        return after

    compiled: Callable[..., State] = jax.jit(run)
    return compiled
