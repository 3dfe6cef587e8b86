"""Powell's method as in SciPy 1.17.1, compiled, for the networks of the study and any function.

``powell`` goes through SciPy's own door, ``scipy.optimize.minimize(fun, x0, method=powell)``:
with an ordinary function it does what SciPy does, to the last bit; with an ``Objective`` it runs
compiled and uses the network's structure (``training.kernels``). ``train`` is the door of the
study, ``train_scipy`` the reference: SciPy's own code with a carefully written NumPy loss.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from latentlab.models.network import Array, Network
from latentlab.training import kernels
from latentlab.training.replicates import Progress, Training

if TYPE_CHECKING:  # scipy.optimize takes half a second to import; the study's jobs do without
    from scipy.optimize import OptimizeResult

SLICE = 0.25
"""Seconds of compiled work between two returns to Python, where Ctrl-C is heard."""

FIRST_SLICE = 256
"""Directions in the first slice, from which the time of one is measured."""

_MESSAGES = (
    "Optimization terminated successfully.",
    "Maximum number of function evaluations has been exceeded.",
    "Maximum number of iterations has been exceeded.",
    "NaN result encountered.",
)


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


# --- lines: what the method needs of a function ----------------------------------------------


class _PythonLines:
    """Line searches on any Python function; every number as in SciPy."""

    def __init__(self, fun: Callable[..., Any], x0: Array, direc: Array, maxfev: float) -> None:
        self.fun, self.x, self.direc, self.maxfev = fun, x0, direc, maxfev
        self.evaluations = 0
        self._search = kernels.make_line_search(_PythonLines._along, _PythonLines._ends)
        self._direction = direc[0] if len(direc) else x0
        self.value = self.evaluate(x0)

    def evaluate(self, x: Array) -> Any:
        if self.evaluations >= self.maxfev:
            raise kernels.Exhausted("Too many function calls")
        self.evaluations += 1
        value = self.fun(np.copy(x))
        if not np.isscalar(value):
            try:
                value = np.asarray(value).item()
            except (TypeError, ValueError) as error:
                raise ValueError(
                    "The user-provided objective function must return a scalar value."
                ) from error
        return value

    def _along(self, alpha: Any) -> Any:
        return self.evaluate(self.x + alpha * self._direction)

    def _ends(self) -> tuple[Any, Any, Any, Any]:
        zero, one = np.float64(0.0), np.float64(1.0)
        return zero, one, self._along(zero), self._along(one)

    def search(self, direction: Array, tol: float) -> Array:
        """Move to the minimum along the direction; return the step taken."""
        if not np.any(direction):
            return direction
        self._direction = direction
        alpha, value = self._search(self, tol)
        step: Array = alpha * direction
        self.value, self.x = value, self.x + step
        return step

    def sweep(self, tol: float) -> tuple[Any, int]:
        """Search along every direction; return the largest decrease and whose it was."""
        delta, best = 0.0, 0
        for i in range(len(self.direc)):
            before = self.value
            self.search(self.direc[i], tol)
            if (before - self.value) > delta:
                delta, best = before - self.value, i
        return delta, best

    def replace(self, index: int, direction: Array) -> None:
        """Drop a direction: the last takes its place, the new one that of the last."""
        self.direc[index] = self.direc[-1]
        self.direc[-1] = direction

    def directions(self) -> Array:
        return self.direc


class _NetworkLines:
    """The same on an ``Objective``, compiled; directions are kept as axes where they are."""

    def __init__(self, objective: Objective, x0: Array, direc: Array | None, maxfev: float) -> None:
        objective.network.checked_weights(x0)
        self._state = state = objective.new_state()
        self._n = objective.network.n_weights
        self._point = state.part(kernels.POINT, self._n)
        self._point[:] = x0
        state.at[kernels.LIMIT] = min(maxfev, np.iinfo(np.int64).max)
        self._pace = 0.0  # seconds a direction took
        self.watch: Callable[[float], None] | None = None
        """Called after every direction of a sweep, with the share of it that is done."""
        self._rows = 1  # of ``dense`` in use; row 0 is for the search under way
        if direc is not None:
            self._adopt(direc)
        state.f[kernels.VALUE] = self.evaluate(x0)

    def _adopt(self, direc: Array) -> None:
        for i, direction in enumerate(direc):
            places = np.flatnonzero(direction)
            if len(places) > 1:
                self._store(i, direction, self._new_row())
            elif len(places) == 1:
                self._state.axis[i] = places[0]
                self._state.length[i] = direction[places[0]]
            else:
                self._state.length[i] = 0.0

    def _new_row(self) -> int:
        """A free row of ``dense``, which doubles when it is full."""
        dense = self._state.dense
        if self._rows == len(dense):
            larger = np.concatenate([dense, np.zeros_like(dense)])
            self._state = self._state._replace(dense=larger)
        self._rows += 1
        return self._rows - 1

    def _store(self, index: int, direction: Array, row: int) -> None:
        self._state.dense[row] = direction
        self._state.axis[index], self._state.length[index] = -1 - row, 1.0

    @property
    def x(self) -> Array:
        return self._point.copy()

    @property
    def value(self) -> float:
        return float(self._state.f[kernels.VALUE])

    @property
    def evaluations(self) -> int:
        return int(self._state.at[kernels.EVALUATIONS])

    def evaluate(self, x: Array) -> float:
        at = self._state.at
        if at[kernels.EVALUATIONS] >= at[kernels.LIMIT]:
            raise kernels.Exhausted("Too many function calls")
        at[kernels.EVALUATIONS] += 1
        return _loss(self._state, x)

    def search(self, direction: Array, tol: float) -> Array:
        if not np.any(direction):
            return direction
        self._state.dense[0] = direction
        step: Array = kernels.run(self._state, -1, 0, tol) * direction
        return step

    def sweep(self, tol: float) -> tuple[float, int]:
        state = self._state
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
        axis, length = self._state.axis, self._state.length
        row = -1 - int(axis[index])
        if row < 0:
            row = self._new_row()
        axis[index], length[index] = axis[-1], length[-1]
        self._store(-1, direction, row)

    def directions(self) -> Array:
        """All directions (n, n) as a matrix, as SciPy keeps them."""
        state = self._state
        matrix = np.zeros((self._n, self._n))
        for i, axis in enumerate(state.axis):
            if axis < 0:
                matrix[i] = state.dense[-1 - axis]
            else:
                matrix[i, axis] = state.length[i]
        return matrix


_Lines = _PythonLines | _NetworkLines


# --- the method -------------------------------------------------------------------------------


def _has_converged(before: Any, after: Any, ftol: float) -> bool:
    return bool(2.0 * (before - after) <= ftol * (np.abs(before) + np.abs(after)) + 1e-20)


def _iterate(
    lines: _Lines,
    xtol: float,
    ftol: float,
    maxiter: float,
    maxfev: float,
    halt: Callable[[], bool],
) -> int:
    """SciPy 1.17.1's ``_minimize_powell`` without bounds; returns the iterations run.

    ``halt`` is asked after every iteration whether to stop.
    """
    origin = lines.x.copy()
    iterations = 0
    try:
        while True:
            before = lines.value
            delta, best = lines.sweep(xtol * 100)
            iterations += 1
            if halt():
                break
            if _has_converged(before, lines.value, ftol):
                break
            if lines.evaluations >= maxfev or iterations >= maxiter:
                break
            if np.isnan(before) and np.isnan(lines.value):
                break

            # the extrapolated point, and whether its direction replaces the best one
            x, value = lines.x, lines.value
            direction = x - origin
            origin = x.copy()
            beyond = lines.evaluate(x + direction)
            if before > beyond:
                t = 2.0 * (before + beyond - 2.0 * value)
                rest = before - value - delta
                t *= rest * rest
                rest = before - beyond
                t -= delta * rest * rest
                if t < 0.0:
                    step = lines.search(direction, xtol * 100)
                    if np.any(step):
                        lines.replace(best, step)
    except kernels.Exhausted:
        pass
    return iterations


def _limits(n: int, maxiter: float | None, maxfev: float | None) -> tuple[float, float]:
    """SciPy's defaults: 1000 n of both, or no limit beside a finite one."""
    default = n * 1000
    if maxiter is None and maxfev is None:
        return default, default
    if maxiter is None:
        return (default if maxfev == np.inf else np.inf), maxfev  # type: ignore[return-value]
    if maxfev is None:
        return maxiter, (default if maxiter == np.inf else np.inf)
    return maxiter, maxfev


def _wrap_callback(callback: Callable[..., Any] | None) -> Callable[[Array, Any], None]:
    """Call as SciPy does: with ``intermediate_result`` where that is the only parameter."""
    from scipy.optimize import OptimizeResult

    if callback is None:
        return lambda x, value: None
    if set(inspect.signature(callback).parameters) == {"intermediate_result"}:
        return lambda x, value: callback(intermediate_result=OptimizeResult(x=x, fun=value))
    return lambda x, value: callback(np.copy(x))


def powell(
    fun: Callable[..., Any],
    x0: Array,
    args: tuple[Any, ...] = (),
    *,
    callback: Callable[..., Any] | None = None,
    bounds: Any = None,
    constraints: Any = (),
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    tol: float | None = None,
    xtol: float | None = None,
    ftol: float | None = None,
    maxiter: float | None = None,
    maxfev: float | None = None,
    disp: bool = False,
    direc: Array | None = None,
    return_all: bool = False,
) -> OptimizeResult:
    """Minimize by Powell's method: a ``method`` for ``scipy.optimize.minimize``.

    fun : any function of x (n,), or an ``Objective``, which runs compiled
    callback, xtol, ftol, maxiter, maxfev, disp, direc, return_all : as in SciPy
    Bounds, constraints and derivatives are not supported: ValueError where given. With an
    ``Objective`` a value counts as an evaluation exactly where SciPy's code asks for one.
    """
    from scipy.optimize import OptimizeResult

    if bounds is not None or np.any(constraints):
        raise ValueError("powell supports neither bounds nor constraints")
    if bool(jac) or hess is not None or hessp is not None:
        raise ValueError("powell uses no derivatives")
    xtol = (1e-4 if tol is None else tol) if xtol is None else xtol
    ftol = (1e-4 if tol is None else tol) if ftol is None else ftol
    x = np.asarray(x0).flatten()
    maxiter, maxfev = _limits(len(x), maxiter, maxfev)
    if direc is not None:
        direc = np.array(direc, dtype=float)
    lines: _Lines
    if isinstance(fun, Objective) and not args:
        lines = _NetworkLines(fun, x, direc, maxfev)
    else:
        matrix = np.eye(len(x)) if direc is None else direc
        lines = _PythonLines(lambda point: fun(point, *args), x, matrix, maxfev)

    visited = [x]
    notify = _wrap_callback(callback)
    stopped = False

    def halt() -> bool:
        nonlocal stopped
        if return_all:
            visited.append(lines.x)
        try:
            notify(lines.x, lines.value)
        except StopIteration:
            stopped = True
        return stopped

    iterations = _iterate(lines, xtol, ftol, maxiter, maxfev, halt)

    if lines.evaluations >= maxfev:
        status = 1
    elif iterations >= maxiter:
        status = 2
    elif np.isnan(lines.value) or np.isnan(lines.x).any():
        status = 3
    else:
        status = 0
    message = _MESSAGES[status]
    if stopped:
        status, message = 99, "`callback` raised `StopIteration`."
    if disp:
        print(message)
        print(f"         Current function value: {lines.value:f}")
        print(f"         Iterations: {iterations:d}")
        print(f"         Function evaluations: {lines.evaluations:d}")
    result = OptimizeResult(
        x=lines.x,
        fun=lines.value,
        nit=iterations,
        nfev=lines.evaluations,
        direc=lines.directions(),
        status=status,
        success=status == 0,
        message=message,
    )
    if return_all:
        result["allvecs"] = visited
    return result


# --- the study's doors ------------------------------------------------------------------------


class _Record:
    """What a training has come to, epoch by epoch; the last finite state is what counts."""

    def __init__(self, weights: Array, error: float, progress: Progress | None) -> None:
        self.weights = np.array(weights)
        self.errors, self.evaluations, self.recorded = [error], [1], [0.0]
        self._ends = [error]  # of whole epochs
        self._progress = progress
        self.diverged = not (math.isfinite(error) and np.isfinite(weights).all())

    @property
    def epochs(self) -> int:
        """Whole epochs taken."""
        return len(self._ends) - 1

    def add(self, weights: Array, error: float, evaluations: int) -> bool:
        """Take one epoch; return whether the training diverged."""
        if self._note(self.epochs + 1, weights, error, evaluations):
            self._ends.append(float(error))
            if self._progress is not None:
                self._progress(self.epochs, float(error))
        return self.diverged

    def add_part(self, share: float, weights: Array, error: float, evaluations: int) -> None:
        """Take what came of a share of the next epoch."""
        self._note(self.epochs + share, weights, error, evaluations)

    def _note(self, epoch: float, weights: Array, error: float, evaluations: int) -> bool:
        finite = math.isfinite(error) and bool(np.isfinite(weights).all())
        self.diverged = not finite
        if finite:
            self.weights = np.array(weights)
            self.errors.append(float(error))
            self.evaluations.append(evaluations)
            self.recorded.append(epoch)
        return finite

    def training(self, ftol: float, exhausted: bool = False) -> Training:
        if self.diverged:
            status = "diverged"
        elif exhausted:
            status = "max_evaluations"
        elif self.epochs and _has_converged(self._ends[-2], self._ends[-1], ftol):
            status = "converged"
        else:
            status = "max_epochs"
        return Training(
            self.weights,
            np.array(self.errors),
            np.array(self.evaluations),
            status,
            np.array(self.recorded) if len(self._ends) < len(self.errors) else None,
        )


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
    for name, limit in {
        "max_epochs": max_epochs, "max_evaluations": max_evaluations,
        "record_every": 1 if record_every is None else record_every,
    }.items():  # fmt: skip
        if limit < 1:
            raise ValueError(f"{name} must be at least 1, not {limit}")
    lines = _NetworkLines(Objective(network, inputs, targets), start, None, max_evaluations)
    record = _Record(lines.x, lines.value, progress)

    done = 0.0  # of the epoch under way

    def watch(share: float) -> None:
        nonlocal done
        done = share if share < 1.0 else 0.0
        spent = lines.evaluations - record.evaluations[-1]
        if done and record_every is not None and spent >= record_every:
            record.add_part(done, lines.x, lines.value, lines.evaluations)

    if record_every is not None or max_evaluations < math.inf:
        lines.watch = watch
    if not record.diverged:
        try:
            _iterate(
                lines,
                xtol,
                ftol,
                max_epochs,
                np.inf,
                lambda: record.add(lines.x, lines.value, lines.evaluations),
            )
        except RuntimeError:  # no bracket within 1000 steps: the loss falls without end
            record.diverged = True
    exhausted = lines.evaluations >= max_evaluations
    if exhausted and not record.diverged and lines.evaluations > record.evaluations[-1]:
        record.add_part(done, lines.x, lines.value, lines.evaluations)
    return record.training(ftol, exhausted)


def train_scipy(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    max_epochs: int,
    xtol: float,
    ftol: float,
    progress: Progress | None = None,
) -> Training:
    """``train`` by SciPy's own Powell with ``NumpyObjective``: the slow reference.

    Shapes as there; raises ValueError for shapes that do not fit or a limit below 1.
    """
    from scipy.optimize import minimize

    if max_epochs < 1:
        raise ValueError(f"max_epochs must be at least 1, not {max_epochs}")
    objective = NumpyObjective(network, inputs, targets)
    network.checked_weights(start)
    start = np.array(start, dtype=np.float64)
    count = 0

    def counted(weights: Array) -> float:
        nonlocal count
        count += 1
        return objective(weights)

    def callback(*, intermediate_result: OptimizeResult) -> None:
        if record.add(intermediate_result.x, float(intermediate_result.fun), count):
            raise StopIteration

    with np.errstate(all="ignore"):
        record = _Record(start, objective(start), progress)
        if not record.diverged:
            try:
                minimize(
                    counted,
                    start,
                    method="Powell",
                    callback=callback,
                    options={"maxiter": max_epochs, "xtol": xtol, "ftol": ftol},
                )
            except RuntimeError:  # as in ``train``
                record.diverged = True
    return record.training(ftol)


def compile() -> None:
    """Compile everything, or load it from the cache; once, before jobs fan out."""
    network = Network((2, 1, 2), "linear", "linear", "linear", "linear", 1.0, False)
    kernels.compile_for(Objective(network, np.zeros((1, 2)), np.zeros((1, 2))).new_state())
