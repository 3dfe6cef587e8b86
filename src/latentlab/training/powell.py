"""Powell's method as in SciPy 1.17.1, compiled, for the networks of the study.

``train`` takes exactly the steps of SciPy's own code on the same loss, to the last bit; it runs
compiled and uses the network's structure (``training.kernels``). ``train_scipy`` is the reference:
SciPy's code with a carefully written NumPy loss.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from latentlab.aliases import Array
from latentlab.models.network import Network
from latentlab.training import kernels
from latentlab.training.record import Progress, Record, Training

if TYPE_CHECKING:  # scipy.optimize takes half a second to import; the study's jobs do without
    from scipy.optimize import OptimizeResult

SLICE = 0.25
"""Seconds of compiled work between two returns to Python, where Ctrl-C is heard."""

FIRST_SLICE = 256
"""Directions in the first slice, from which the time of one is measured."""


# --- the loss as an object ------------------------------------------------------------------


def _finite_samples(network: Network, inputs: Array, targets: Array) -> tuple[Array, Array]:
    inputs, targets = network.checked_samples(inputs, targets)
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError("inputs and targets must be finite")
    return inputs, targets


class Objective:
    """The study's loss of a network, as a function of its flat weights.

    inputs, targets : (samples, units); the loss is that of ``network.squared_error``.
    Calling it with weights (n_weights,) returns the loss. Raises ValueError where shapes do not
    fit or samples are not finite.
    """

    def __init__(self, network: Network, inputs: Array, targets: Array) -> None:
        self.network = network
        self.inputs, self.targets = _finite_samples(network, inputs, targets)
        self._state = self.new_state()

    def __call__(self, weights: Array) -> float:
        """The loss at weights (n_weights,)."""
        self.network.checked_weights(weights)
        return _loss(self._state, weights)

    def new_state(self) -> kernels.State:
        """Fresh arrays for one run of the compiled code."""
        network = self.network
        return kernels.new_state(
            network.architecture,
            network.activations,
            float(network.beta),
            network.biases,
            self.inputs,
            self.targets,
        )


def _loss(state: kernels.State, weights: Array) -> float:
    state.part(kernels.TRIAL, state.at[kernels.WEIGHTS])[:] = weights
    return float(kernels.run(state, 0, 0, 0.0))


class NumpyObjective:
    """The same loss in NumPy, as fast as NumPy goes: features first, preallocated, in place.

    Samples are columns, so a layer is one matrix product into its own buffer and the activation
    works on the buffer. The reference ``train_scipy`` and the benchmark use it.
    """

    def __init__(self, network: Network, inputs: Array, targets: Array) -> None:
        self.network = network
        inputs, targets = _finite_samples(network, inputs, targets)
        self._targets = np.ascontiguousarray(targets.T)
        samples = len(inputs)
        # a bias is one more row of ones
        self._rows = [
            np.ones((units + int(network.biases), samples)) for units in network.architecture[:-1]
        ] + [np.empty((network.architecture[-1], samples))]
        self._rows[0][: inputs.shape[1]] = inputs.T
        self._outputs = [
            rows[:units] for rows, units in zip(self._rows, network.architecture, strict=True)
        ][1:]
        self._half = 0.5 / samples
        self._spans = []
        at = 0
        for n_out, n_in in network.shapes:
            self._spans.append((at, at + n_out * n_in, (n_out, n_in)))
            at += n_out * n_in

    def __call__(self, weights: Array) -> float:
        """The loss at weights (n_weights,)."""
        beta = self.network.beta
        for (first, stop, shape), x, y, name in zip(
            self._spans, self._rows, self._outputs, self.network.activations, strict=False
        ):
            np.dot(weights[first:stop].reshape(shape), x, out=y)
            if name == "sigmoid":
                y *= -2.0 * beta
                np.exp(y, out=y)
                y += 1.0
                np.reciprocal(y, out=y)
            elif name == "relu":
                np.maximum(y, 0.0, out=y)
            elif name == "relu_as_run":
                np.maximum(y, 0.0, out=y)
                np.trunc(y, out=y, where=y[0] <= 0.0)
            elif name == "tanh":
                y *= beta
                np.tanh(y, out=y)
            elif name == "step":
                np.greater(y, 0.0, out=y)
        np.subtract(self._targets, y, out=y)
        flat = y.reshape(-1)
        return float(self._half * flat.dot(flat))


# --- the method -------------------------------------------------------------------------------


class Lines:
    """Line searches on an ``Objective``, compiled, from the weights ``start`` (n_weights,).

    Directions are kept as axes where they are. limit : evaluations that may be made; the next one
    raises ``kernels.Exhausted``.
    """

    def __init__(self, objective: Objective, start: Array, limit: float = math.inf) -> None:
        objective.network.checked_weights(start)
        self.state = state = objective.new_state()
        self._n = objective.network.n_weights
        self._point = state.part(kernels.POINT, self._n)
        self._point[:] = start
        state.at[kernels.LIMIT] = min(limit, np.iinfo(np.int64).max)
        self._pace = 0.0  # seconds a direction took
        self.watch: Callable[[float], None] | None = None
        """Called after every direction of a sweep, with the share of it that is done."""
        self._rows = 1  # of ``dense`` in use; row 0 is for the search under way
        state.f[kernels.VALUE] = self.evaluate(start)

    @property
    def x(self) -> Array:
        """A copy of the weights (n_weights,) that are reached."""
        return self._point.copy()

    @property
    def value(self) -> float:
        """The loss there."""
        return float(self.state.f[kernels.VALUE])

    @property
    def evaluations(self) -> int:
        """Evaluations of the loss so far, counted as SciPy counts."""
        return int(self.state.at[kernels.EVALUATIONS])

    def evaluate(self, x: Array) -> float:
        """The loss at any weights (n_weights,). Raises ``kernels.Exhausted``."""
        at = self.state.at
        if at[kernels.EVALUATIONS] >= at[kernels.LIMIT]:
            raise kernels.Exhausted
        at[kernels.EVALUATIONS] += 1
        return _loss(self.state, x)

    def search(self, direction: Array, tol: float) -> Array:
        """Move to the minimum along a direction (n_weights,); return the step taken, as long.

        Raises as ``sweep``.
        """
        if not np.any(direction):
            return direction
        self.state.dense[0] = direction
        step: Array = kernels.run(self.state, -1, 0, tol) * direction
        return step

    def sweep(self, tol: float) -> tuple[float, int]:
        """Search along every direction; return the largest decrease and whose it was.

        Raises ``kernels.Exhausted``, and RuntimeError where the loss falls without end.
        """
        state = self.state
        state.f[kernels.DELTA], state.at[kernels.BEST] = 0.0, 0
        first = 0
        while first < self._n:
            size = max(1, int(SLICE / self._pace)) if self._pace else FIRST_SLICE
            size = size if self.watch is None else 1
            stop = min(self._n, first + size)
            start = time.perf_counter()
            kernels.run(state, first, stop, tol)
            self._pace = (time.perf_counter() - start) / (stop - first)
            first = stop
            if self.watch is not None:
                self.watch(stop / self._n)
        return float(state.f[kernels.DELTA]), int(state.at[kernels.BEST])

    def replace(self, index: int, direction: Array) -> None:
        """Drop a direction: the last takes its place, a new one (n_weights,) that of the last."""
        axis, length = self.state.axis, self.state.length
        row = -1 - int(axis[index])
        if row < 0:
            row = self._new_row()
        axis[index], length[index] = axis[-1], length[-1]
        self.state.dense[row] = direction
        axis[-1], length[-1] = -1 - row, 1.0

    def _new_row(self) -> int:
        """A free row of ``dense``, which doubles when it is full."""
        dense = self.state.dense
        if self._rows == len(dense):
            larger = np.concatenate([dense, np.zeros_like(dense)])
            self.state = self.state._replace(dense=larger)
        self._rows += 1
        return self._rows - 1


def _iterate(
    lines: Lines, xtol: float, ftol: float, max_epochs: int, go_on: Callable[[], bool]
) -> None:
    """SciPy 1.17.1's ``_minimize_powell`` without bounds; ``go_on`` is asked after every sweep."""
    origin = lines.x
    for epoch in range(1, max_epochs + 1):
        previous = lines.value
        delta, best = lines.sweep(xtol * 100)
        x, value = lines.x, lines.value
        if not go_on() or epoch == max_epochs:
            return
        if 2.0 * (previous - value) <= ftol * (abs(previous) + abs(value)) + 1e-20:
            return

        # the extrapolated point, and whether its direction replaces the best one
        direction = x - origin
        origin = x
        beyond = lines.evaluate(x + direction)
        if previous > beyond:
            t = 2.0 * (previous + beyond - 2.0 * value)
            rest = previous - value - delta
            t *= rest * rest
            rest = previous - beyond
            t -= delta * rest * rest
            if t < 0.0:
                step = lines.search(direction, xtol * 100)
                if np.any(step):
                    lines.replace(best, step)


def _check_limits(**limits: float | None) -> None:
    for name, limit in limits.items():
        if limit is not None and limit < 1:
            raise ValueError(f"{name} must be at least 1, not {limit}")


def train(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    max_epochs: int,
    xtol: float,
    ftol: float,
    max_evaluations: float = math.inf,
    record_every: int | None = None,
    progress: Progress | None = None,
) -> Training:
    """Train by compiled Powell from weights ``start`` (n_weights,); an epoch is an iteration.

    inputs, targets : (samples, units)
    max_evaluations : of the loss, the first one included; where they are spent, in the middle of
        an epoch, the status is "max_evaluations"
    record_every : evaluations after which the error is recorded inside an epoch too, at the end of
        the line search under way
    Where the loss or a weight leaves the finite numbers the status is "diverged", and weights and
    errors end with the last finite record. Ctrl-C is heard several times a second. Raises
    ValueError where shapes do not fit or a limit is below 1.
    """
    _check_limits(max_epochs=max_epochs, max_evaluations=max_evaluations, record_every=record_every)
    lines = Lines(Objective(network, inputs, targets), start, max_evaluations)
    record = Record(lines.x, lines.value, progress)
    epoch: int = 0
    share_done = 0.0  # of the epoch under way

    def watch(share: float) -> None:
        nonlocal share_done
        share_done = share if share < 1.0 else 0.0
        spent = lines.evaluations - record.evaluations[-1]
        if share_done and record_every is not None and spent >= record_every:
            record.add_part(epoch + share_done, lines.x, lines.value, lines.evaluations)

    def end_of_epoch() -> bool:
        nonlocal epoch
        epoch += 1
        return record.add(epoch, lines.x, lines.value, lines.evaluations)

    if record_every is not None or max_evaluations < math.inf:
        lines.watch = watch
    if not record.diverged:
        try:
            _iterate(lines, xtol, ftol, max_epochs, end_of_epoch)
        except kernels.Exhausted:
            pass
        except RuntimeError:  # no bracket within 1000 steps: the loss falls without end
            record.diverged = True
    exhausted = lines.evaluations >= max_evaluations
    if exhausted and not record.diverged and lines.evaluations > record.evaluations[-1]:
        record.add_part(epoch + share_done, lines.x, lines.value, lines.evaluations)
    if exhausted:
        return record.training("max_evaluations")
    return record.training("max_epochs" if epoch == max_epochs else "converged")


def train_scipy(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    max_epochs: int,
    xtol: float,
    ftol: float,
    objective: type[NumpyObjective] | type[Objective] = NumpyObjective,
    progress: Progress | None = None,
) -> Training:
    """``train`` by SciPy's own Powell: the slow reference.

    objective : how the loss is computed. With ``Objective`` every number is that of ``train``; the
        last bits of ``NumpyObjective`` are others
    Shapes as there; raises ValueError for shapes that do not fit or a limit below 1.
    """
    from scipy.optimize import minimize

    _check_limits(max_epochs=max_epochs)
    loss = objective(network, inputs, targets)
    network.checked_weights(start)
    start = np.array(start, dtype=np.float64)
    evaluations = epoch = 0

    def evaluate(weights: Array) -> float:
        nonlocal evaluations
        evaluations += 1
        return loss(weights)

    def callback(*, intermediate_result: OptimizeResult) -> None:
        nonlocal epoch
        epoch += 1
        error = float(intermediate_result.fun)
        if not record.add(epoch, intermediate_result.x, error, evaluations):
            raise StopIteration

    with np.errstate(all="ignore"):
        record = Record(start, loss(start), progress)
        if not record.diverged:
            try:
                minimize(
                    evaluate,
                    start,
                    method="Powell",
                    callback=callback,
                    options={"maxiter": max_epochs, "xtol": xtol, "ftol": ftol},
                )
            except RuntimeError:  # as in ``train``
                record.diverged = True
    return record.training("max_epochs" if epoch == max_epochs else "converged")


def compile() -> None:
    """Compile everything, or load it from the cache; once, before jobs fan out."""
    network = Network((2, 1, 2), "linear", "linear", "linear", "linear", 1.0, False)
    kernels.compile_for(Objective(network, np.zeros((1, 2)), np.zeros((1, 2))).new_state())
