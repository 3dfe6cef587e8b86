"""Training letter networks by gradient: backpropagation, Adam, RMSprop, L-BFGS.

The same door as ``powell.train``, so that optimizers compare from the same start weights. Whole
trainings run compiled, in float64, without a trip to Python between two records
(``training.descent_kernels``): their bytes are the same on every processor.

**Cost** is counted in loss evaluations over the whole sample set, as Powell's is. A gradient
counts as ``GRADIENT_COST`` of them. The loss at the start counts as one; the errors recorded
later are measurements and cost nothing.

**History**: whatever loss is minimized, ``Training.errors`` holds the study's squared error E,
at the start, after every ``record_every`` epochs and after the last. An epoch has seen every
sample once: a full-batch step, a pass of backpropagation, an iteration of L-BFGS.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from latentlab import StudyError
from latentlab.aliases import Array
from latentlab.models.network import ACTIVATIONS, Network
from latentlab.training import descent_kernels, gradient_kernels, lbfgs_kernels
from latentlab.training.record import GRADIENT_COST, Progress, Record, Training

LOSSES = ("squared-error", "cross-entropy")
"""squared-error is the study's E (``network.squared_error``). cross-entropy is that of the pixels
with the output as probability, pixels summed, mean over samples, in nats; it needs a sigmoid
output and targets from 0 to 1, and is computed from log-odds, which never overflow."""

SCHEDULES = ("constant", "cosine")
"""How the learning rate goes: as it is, or along half a cosine to 0 at the last epoch
(Loshchilov and Hutter 2017, without restarts)."""

WITHOUT_GRADIENT = ("step", "relu_as_run")
"""Activations of ``network.ACTIVATIONS`` that no gradient passes."""


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
        rule=None,
        max_epochs=max_epochs,
        learning_rate=learning_rate,
        momentum=momentum,
        schedule=schedule,
        loss=loss,
        visits=functools.partial(_visits, len(inputs), shuffle_seed),
        record_every=record_every,
        progress=progress,
    )


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
    """L-BFGS, in the steps of L-BFGS-B without bounds (Zhu et al. 1997); an epoch is an iteration.

    memory : pairs of steps and gradient changes kept; ftol, gtol : tolerances, stop where an
    iteration lowers the loss by less than ftol max(loss, 1) or no element of the gradient is
    above gtol. The status is "converged" where one of them stops it or no step along the search
    direction lowers the loss any more, "max_evaluations" where the next gradient would cost more
    than that (a search may take several; an unfinished one is lost); the rest as
    ``train_backpropagation``.
    """
    inputs, targets, start = checked(network, inputs, targets, start, loss)
    check_counts(max_epochs, record_every)
    training = _Compiled(network, inputs, targets, loss, memory=memory)
    record = training.record(start, progress)
    if record.diverged:
        return record.training("converged")
    training.limit(ftol, gtol, max_evaluations)
    at = training.problem.at
    epoch, outcome = 0, lbfgs_kernels.GOING

    def note() -> bool:
        cost = 1 + GRADIENT_COST * int(at[gradient_kernels.GRADIENTS])
        return record.add(epoch, training.weights, training.error(), cost)

    while epoch < max_epochs and outcome == lbfgs_kernels.GOING:
        outcome = int(training.run(descent_kernels.LBFGS, min(record_every, max_epochs - epoch)))
        before, epoch = epoch, int(at[gradient_kernels.ITERATIONS])
        if epoch > before and epoch % record_every == 0 and not note():
            break
    if not record.diverged and epoch % record_every:
        note()
    if outcome == lbfgs_kernels.EXHAUSTED:
        return record.training("max_evaluations")
    return record.training("max_epochs" if epoch == max_epochs else "converged")


def loss_and_gradient(
    network: Network, weights: Array, inputs: Array, targets: Array, loss: str
) -> tuple[float, Array]:
    """A loss of ``LOSSES`` and its gradient (n_weights,) at flat weights (n_weights,).

    inputs, targets : (samples, units). The derivative of ReLU at 0 is 0. Raises as
    ``train_backpropagation``.
    """
    inputs, targets, weights = checked(network, inputs, targets, weights, loss)
    compiled = _Compiled(network, inputs, targets, loss)
    compiled.weights = weights
    compiled.run(descent_kernels.VALUE_AND_GRADIENT)
    return compiled.value, compiled.gradient


def compile() -> None:
    """Compile everything, or load it from the cache; once, before jobs fan out."""
    network = Network((2, 1, 2), "linear", "linear", "linear", "linear", 1.0, False)
    samples = np.zeros((1, 2))
    descent_kernels.compile_for(_Compiled(network, samples, samples, "squared-error").problem)


# --- compiled trainings ------------------------------------------------------------------------


class _Compiled:
    """A network and its samples in the arrays that compiled code works on.

    inputs, targets : (samples, units); room : of ``gradient_kernels.new_problem``
    """

    def __init__(
        self, network: Network, inputs: Array, targets: Array, loss: str, **room: Any
    ) -> None:
        self.problem = gradient_kernels.new_problem(
            network.architecture,
            network.activations,
            float(network.beta),
            network.biases,
            inputs,
            targets,
            cross_entropy=loss == "cross-entropy",
            **room,
        )
        self._places = self.problem.places()

    def run(self, task: int, epochs: int = 0) -> float:
        """``descent_kernels.run``."""
        return float(descent_kernels.run(self.problem, task, epochs))

    def _padded(self, entry: int) -> Array:
        """A view of numbers as many as the padded weights."""
        length = int(self.problem.at[gradient_kernels.WEIGHTS])
        numbers: Array = self.problem.part(entry, length)
        return numbers

    @property
    def weights(self) -> Array:
        """A copy of the weights (n_weights,)."""
        weights: Array = self._padded(gradient_kernels.POINT)[self._places]
        return weights

    @weights.setter
    def weights(self, weights: Array) -> None:
        self._padded(gradient_kernels.POINT)[self._places] = weights

    @property
    def value(self) -> float:
        """The loss where it was computed last."""
        return float(self.problem.f[gradient_kernels.VALUE])

    @property
    def gradient(self) -> Array:
        """The gradient (n_weights,) where it was computed last."""
        gradient: Array = self._padded(gradient_kernels.GRADIENT)[self._places]
        return gradient

    def error(self) -> float:
        """The study's error at the weights; NaN where they are not finite."""
        if not np.isfinite(self._padded(gradient_kernels.POINT)).all():
            return math.nan
        return self.run(descent_kernels.ERROR)

    def record(self, start: Array, progress: Progress | None) -> Record:
        """Begin at the weights ``start`` (n_weights,)."""
        self.weights = start
        return Record(start, self.error(), progress)

    def limit(self, ftol: float, gtol: float, max_evaluations: float) -> None:
        """What L-BFGS stops by."""
        self.problem.f[[gradient_kernels.FTOL, gradient_kernels.GTOL]] = ftol, gtol
        if max_evaluations < math.inf:
            allowed = (max_evaluations - 1) // GRADIENT_COST
            self.problem.at[gradient_kernels.LIMIT] = int(allowed)


def _descend(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    rule: str | None,
    max_epochs: int,
    learning_rate: float,
    momentum: float = 0.0,
    schedule: str,
    loss: str,
    visits: Callable[[int], np.ndarray] | None = None,
    record_every: int,
    progress: Progress | None = None,
) -> Training:
    """Train by a rule of ``descent_kernels.RULES``, full batch; or, without one, sample by sample.

    visits : epoch -> the order (samples,) in which backpropagation takes the samples
    Shapes, options and errors as for ``train_backpropagation``.
    """
    inputs, targets, start = checked(network, inputs, targets, start, loss)
    check_counts(max_epochs, record_every)
    check_rate(learning_rate, schedule)
    size = min(record_every, max_epochs)
    training = _Compiled(network, inputs, targets, loss, epochs=size, one_by_one=bool(visits))
    record = training.record(start, progress)
    if record.diverged:
        return record.training("max_epochs")
    training.problem.f[gradient_kernels.MOMENTUM] = momentum
    task = descent_kernels.BY_SAMPLE if rule is None else [*descent_kernels.RULES].index(rule)
    for first in range(0, max_epochs, record_every):
        last = min(first + record_every, max_epochs)
        if visits:
            for epoch in range(first, last):
                training.problem.orders[epoch - first] = visits(epoch)
        training.problem.rates[:] = rates_of(schedule, learning_rate, first, last, max_epochs, size)
        training.run(task, last - first)
        if not record.add(last, training.weights, training.error(), 1 + GRADIENT_COST * last):
            break
    return record.training("max_epochs")


train_adam = functools.partial(_descend, rule="adam")
"""Adam (Kingma and Ba 2015), full batch."""

train_rmsprop = functools.partial(_descend, rule="rmsprop")
"""RMSprop (Tieleman and Hinton 2012), full batch."""


def rates_of(schedule: str, rate: float, first: int, last: int, epochs: int, size: int) -> Array:
    """Learning rates (size,) of the epochs from first to below last, of all ``epochs``; then 0."""
    epoch = np.arange(first, first + size)
    factor = 0.5 + 0.5 * np.cos(np.pi * epoch / epochs) if schedule == "cosine" else 1.0
    return np.where(epoch < last, rate * factor, 0.0)


@functools.lru_cache(maxsize=2**14)
def _visits(samples: int, seed: int | None, epoch: int) -> np.ndarray:
    """The order (samples,) in which backpropagation visits the samples in an epoch (from 0).

    Kept, because it is the same for all replicates, and takes a third of an epoch to draw.
    """
    if seed is None:
        return np.arange(samples, dtype=np.int32)
    sequence = np.random.SeedSequence(seed, spawn_key=(epoch,))
    return np.random.default_rng(sequence).permutation(samples).astype(np.int32)


def checked(
    network: Network, inputs: Array, targets: Array, weights: Array, loss: str
) -> tuple[Array, Array, Array]:
    """The arrays in float64, once they are known to fit.

    Shapes as for ``train_backpropagation``. Raises StudyError where the network or the loss has no
    gradient, ValueError where shapes do not fit or the loss is unknown.
    """
    for activation in network.activations:
        if activation in WITHOUT_GRADIENT:
            others = ", ".join(name for name in ACTIVATIONS if name not in WITHOUT_GRADIENT)
            raise StudyError(
                f"activation {activation!r} has no gradient to train by; "
                f"those with one are {others}"
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


def check_counts(max_epochs: int, record_every: int) -> None:
    """Raise ValueError where a number of epochs is below 1."""
    for name, value in {"max_epochs": max_epochs, "record_every": record_every}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")


def check_rate(learning_rate: float, schedule: str) -> None:
    """Raise ValueError for a learning rate or a schedule that is not possible."""
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}, known are {', '.join(SCHEDULES)}")
    if not 0.0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be a positive number, not {learning_rate}")
