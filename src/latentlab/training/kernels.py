# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""The compiled part of Powell's method: line search, network loss and the sweep over directions.

*Samples are the lanes.* Arrays here hold units as rows and samples as columns, so one vector
instruction (``training.vectors``) works on 2 to 8 samples. No sum ever runs across lanes but one,
at the very end, in a fixed order.

*A line search moves one weight.* Nearly all directions of Powell's set are axes. Moving the
weight from input i to unit o of a layer changes one row of sums. Sums run over inputs in order, so
a search prepares once the part before i (``BASE``) and, for the next layer, the parts before unit
o (``BASE_NEXT``), and an evaluation goes on from there. Samples whose input i is 0 cannot change
and are left out. Since no sum changes its order, every value is that of the full loss to the last
bit: the method takes exactly the steps it would take with the full loss, and nothing drifts
however far weights run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from latentlab import arithmetic
from latentlab.training.compiled import entry, inline, jit
from latentlab.training.vectors import (
    AS_RUN,
    CLAMP,
    KINDS,
    LANES,
    SCALE,
    UNITS,
    activate,
    aligned,
    copy_wide,
    exponent_scale,
    fill,
    fill_wide,
    instruction,
    never_inline,
    squares,
    total_of,
    truncated,
)

with arithmetic.apart():
    import numba
    from numba.core import cgutils, types


# --- vector instructions --------------------------------------------------------------------


def _truncate(lanes: int) -> Any:
    """In place on ``lanes`` numbers of a layer's unit: (f, first unit's at, at)."""

    def emit(e, first, at):
        e.store(at, truncated(e.load(at, lanes), e.load(first, lanes)))

    return instruction(emit, "ii")


def _tile(lanes: int, units: int) -> Any:
    """``units`` rows of y = w x + base for ``lanes`` samples, all sums in registers.

    (f, w_at, w_stride, last, n, x_at, x_stride, base_at, base_stride, y_at, y_stride): row u uses
    the n weights from w_at + min(u, last) * w_stride; past the layer's last unit (the ``last``-th
    from here) it repeats that unit.
    """

    def emit(e, w, w_stride, last, n, x, x_stride, base, base_stride, y, y_stride):
        numbers = [e.smaller(unit, last) for unit in range(units)]
        rows = [e.index(w, number, w_stride) for number in numbers]
        start = [e.load(e.index(base, number, base_stride), lanes) for number in numbers]

        def body(j, sums):
            inputs = e.load(e.index(x, j, x_stride), lanes)
            return [
                e.broadcast(e.index(row, j), lanes).fma(inputs, total)
                for row, total in zip(rows, sums, strict=True)
            ]

        for unit, total in enumerate(e.loop(n, start, body)):
            e.store(e.index(y, e.integer(unit), y_stride), total)

    return instruction(emit, "iiiiiiiiii")


def _emit_select_moving(e, x, samples, places):
    """Write the places of the samples where x is not 0; return how many.

    Without branches, since no predictor would guess them.
    """
    builder, integer = e.builder, ir.IntType(64)
    count = cgutils.alloca_once_value(builder, e.integer(0))

    def body(p, none):
        number = builder.load(count)
        e.store_number(builder.add(places, number), builder.sitofp(p, ir.DoubleType()))
        value = e.load_number(builder.add(x, p))
        moves = builder.fcmp_unordered("!=", value, ir.Constant(ir.DoubleType(), 0.0))
        builder.store(builder.add(number, builder.zext(moves, integer)), count)
        return []

    e.loop(samples, [], body)
    return builder.load(count)


def _emit_gather(e, rows, count, stride, source, to, places):
    """f[to + k stride + q] = f[source + k stride + places[q]] for the rows k < rows, q < count."""

    def column(q, none):
        place = e.builder.fptosi(e.load_number(e.index(places, q)), ir.IntType(64))
        first, target = e.index(source, place), e.index(to, q)

        def row(k, none):
            e.store_number(e.index(target, k, stride), e.load_number(e.index(first, k, stride)))
            return []

        e.loop(rows, [], row)
        return []

    e.loop(count, [], column)


def _emit_scatter(e, count, source, to, places):
    """f[to + places[q]] = f[source + q] for q < count."""

    def column(q, none):
        place = e.builder.fptosi(e.load_number(e.index(places, q)), ir.IntType(64))
        e.store_number(e.index(to, place), e.load_number(e.index(source, q)))
        return []

    e.loop(count, [], column)


select_moving = instruction(_emit_select_moving, "iii", types.int64)
gather = instruction(_emit_gather, "iiiiii")
scatter = instruction(_emit_scatter, "iiii")


row_wide = _tile(LANES, 1)
rows_wide = _tile(LANES, UNITS)
squares_wide = squares(LANES)
truncate_wide = _truncate(LANES)


# --- the state ------------------------------------------------------------------------------

# Columns of ``State.layers``, a line each. One more row stands for the outputs, with ROWS_OF only.
(
    N_IN,  # inputs of the layer, the bias included
    N_OUT,  # its units
    KIND,  # its activation, a code of KINDS
    WEIGHTS_OF,  # its first weight
    ROWS_OF,  # its first row of inputs
) = range(5)

# Places of ``State.at``, a line each.
(
    # the problem
    LAYERS,  # how many layers
    WEIGHTS,  # how many weights
    SAMPLES,  # how many samples
    STRIDE,  # numbers in a row: the samples, rounded up
    # where parts of ``State.f`` begin: the network and its samples
    POINT,  # the current weights
    TRIAL,  # weights on a line
    ROWS,  # inputs and activations of all samples
    TARGETS,  # their targets
    ERROR,  # their squared errors
    # of the weight in focus, over all samples
    BASE,  # its unit's sum over the inputs before it
    BASE_NEXT,  # the next layer's sums over the units before; of an output, the errors of those
    # of the samples that move
    PLACES,  # which they are
    COPIES,  # room for their errors, and for copies of all that an evaluation works on
    # of the search under way
    LOG_ERROR,  # errors per sample of its last LOG evaluations
    LOG_ALPHA,  # their abscissas
    # work space
    BUFFER,  # two layers of up to LANES samples
    HALF,  # numbers in one of them (this is no place in ``f``)
    ZERO,  # a row of zeros
    # where what an evaluation works on begins: of all samples, or the copies of those that move
    X,  # inputs, from the moved one on
    BASE_X,  # as BASE
    BASE_NEXT_X,  # as BASE_NEXT
    OWN,  # activations, from the unit's own on
    TARGETS_X,  # targets
    # the weight in focus
    LAYER,  # its layer; DENSE on a line along no axis, NOWHERE where nothing is prepared
    UNIT,  # its unit in that layer
    INPUT,  # its input of that unit
    WEIGHT,  # where it is in ``f``; on a line along no axis the row of ``dense``
    ACTIVE,  # how many samples move with it
    LOGGED,  # evaluations that went into the log
    # evaluations and directions
    EVALUATIONS,  # made
    LIMIT,  # allowed
    BEST,  # the direction of the largest decrease
) = range(32)
ENTRIES = BEST + 1

DENSE, NOWHERE = -1, -2
"""LAYER where the line in focus is no axis, and where there is none."""

# The first places of ``State.f`` after SCALE and CLAMP, a line each.
(
    VALUE,  # loss at the current weights
    DELTA,  # largest decrease along a direction of the sweep
    PLACE,  # value of the weight in focus
    STEP,  # its step for alpha = 1
) = range(2, 6)
NUMBERS = 8

LOG = 32
"""Evaluations of a search whose errors per sample are remembered."""


class State(NamedTuple):
    """A network, its samples and where Powell's method stands.

    A row holds one unit for all samples, in ``at[STRIDE]`` columns; a bias is a row of ones.
    Few arrays, because each one more costs the compiler a second.
    """

    f: np.ndarray  # all numbers, in the parts that ``at`` tells
    at: np.ndarray  # (ENTRIES,) int64
    layers: np.ndarray  # (layers + 1, 5) int64
    axis: np.ndarray  # (n,) int64: the weight a direction moves, or -1 - its row of ``dense``
    length: np.ndarray  # (n,) how far an axis moves it; 0 where a direction is nothing
    dense: np.ndarray  # (rows, n) directions along no axis; row 0 is the search's own

    def part(self, entry: int, length: int) -> np.ndarray:
        """A view (length,) of the part of ``f`` that begins at ``at[entry]``."""
        return self.f[self.at[entry] : self.at[entry] + length]


def new_state(
    units: tuple[int, ...],
    activations: tuple[str, ...],
    beta: float,
    biases: bool,
    inputs: np.ndarray,
    targets: np.ndarray,
) -> State:
    """Arrays for one run: inputs and targets (samples, units) in place, directions the axes."""
    samples = len(inputs)
    stride = -(-samples // LANES) * LANES
    if stride % 128 == 0:
        stride += LANES  # rows a power of two apart would share few cache sets
    n_layers, most = len(activations), max(units) + 8
    layers = np.zeros((n_layers + 1, 5), dtype=np.int64)
    layers[:-1, N_IN] = np.array(units[:-1]) + biases
    layers[:-1, N_OUT] = units[1:]
    layers[:-1, KIND] = [KINDS[name] for name in activations]
    layers[1:, WEIGHTS_OF] = np.cumsum(layers[:-1, N_IN] * layers[:-1, N_OUT])
    layers[1:, ROWS_OF] = np.cumsum(layers[:-1, N_IN])
    n = int(layers[-1, WEIGHTS_OF])

    at = np.zeros(ENTRIES, dtype=np.int64)
    at[[LAYERS, WEIGHTS, SAMPLES, STRIDE]] = n_layers, n, samples, stride
    at[LAYER] = NOWHERE
    at[LIMIT] = np.iinfo(np.int64).max
    at[HALF] = most * LANES
    sizes = {
        POINT: n,
        TRIAL: n,
        LOG_ALPHA: LOG,
        ZERO: LANES,
        BUFFER: 2 * at[HALF],
        ROWS: (layers[-1, ROWS_OF] + units[-1]) * stride,
        TARGETS: units[-1] * stride,
        BASE_NEXT: most * stride,
        COPIES: (2 + 3 * most + units[-1]) * stride,
        LOG_ERROR: LOG * stride,
        **dict.fromkeys((ERROR, BASE, PLACES), stride),
    }
    end = NUMBERS
    for part, size in sizes.items():
        at[part] = end
        end += -(-int(size) // 8) * 8

    state = State(aligned(end), at, layers, np.arange(n), np.ones(n), np.zeros((1, n)))
    state.f[[SCALE, CLAMP]] = exponent_scale(beta)
    rows = state.part(ROWS, sizes[ROWS]).reshape(-1, stride)
    rows[: units[0], :samples] = inputs.T
    if biases:
        rows[layers[1:, ROWS_OF] - 1] = 1.0
    state.part(TARGETS, sizes[TARGETS]).reshape(-1, stride)[:, :samples] = targets.T
    return state


class Exhausted(RuntimeError):
    """The allowed number of evaluations is spent (SciPy's _MaxFuncCallError)."""


# --- the network's loss ---------------------------------------------------------------------


def _make_forward(lanes: int, units: int) -> Callable:
    """The forward pass for ``lanes`` samples at once, ``units`` rows at a time.

    forward(s, layer, point, targets, error, w, n, x, x_stride, base, base_stride) computes the
    layer as base + the sum over n rows from x on, with the weights from w on; then the layers
    after it, with the weights at ``point``; the squared errors go to ``error``. Activations
    alternate between the halves of BUFFER.
    """
    tile, add_squares, set_to = _tile(lanes, units), squares(lanes), fill(lanes)
    truncate = _truncate(lanes)

    @jit
    def forward(s, layer, point, targets, error, w, n, x, x_stride, base, base_stride):
        f, at, layers = s.f, s.at, s.layers
        never_inline(f)
        stride = at[STRIDE]
        last = at[LAYERS] - 1
        y, other = at[BUFFER], at[BUFFER] + at[HALF]
        set_to(f, error, 0.0)
        while True:
            n_in, n_out, kind = layers[layer, N_IN], layers[layer, N_OUT], layers[layer, KIND]
            for k in range(0, n_out, units):
                # of outputs only the errors are kept, but for a first unit that decides on others
                to = y if layer == last and kind != AS_RUN else y + k * lanes
                start = base + k * base_stride
                tile(
                    f,
                    w + k * n_in,
                    n_in,
                    n_out - 1 - k,
                    n,
                    x,
                    x_stride,
                    start,
                    base_stride,
                    to,
                    lanes,
                )
                activate(kind, f, to, units * lanes)
                if kind == AS_RUN:
                    for u in range(units):
                        truncate(f, y, to + u * lanes)
                if layer == last:
                    rows = min(units, n_out - k)
                    add_squares(f, rows, to, lanes, targets + k * stride, stride, error)
            if layer == last:
                return
            set_to(f, y + n_out * lanes, 1.0)  # the inputs' row of ones, where there are biases
            layer += 1
            w, n = point + layers[layer, WEIGHTS_OF], layers[layer, N_IN]
            x, x_stride, base, base_stride = y, lanes, at[ZERO], 0
            y, other = other, y

    return forward


_forward_wide = _make_forward(LANES, UNITS)
_forward_half = _make_forward(LANES // 2, UNITS)


@jit
def _full(s):
    """The loss at the trial point, from the inputs on; uses the first row of the log."""
    f, at, layers = s.f, s.at, s.layers
    never_inline(f)
    error = at[LOG_ERROR]
    for p in range(0, at[STRIDE], LANES):
        _forward_wide(
            s,
            0,
            at[TRIAL],
            at[TARGETS] + p,
            error + p,
            at[TRIAL],
            layers[0, N_IN],
            at[ROWS] + p,
            at[STRIDE],
            at[ZERO],
            0,
        )
    return 0.5 * total_of(f, error, at[SAMPLES]) / at[SAMPLES]


@jit
def _along(s, alpha):
    """The loss at ``alpha`` on the line in focus, as SciPy computes the point."""
    f, at = s.f, s.at
    never_inline(f)
    for k in range(at[WEIGHTS]):
        slope = s.dense[at[WEIGHT], k] if at[LAYER] == DENSE else 0.0
        f[at[TRIAL] + k] = f[at[POINT] + k] + alpha * slope
    if at[LAYER] != DENSE:
        f[at[TRIAL] + at[WEIGHT] - at[POINT]] = f[PLACE] + alpha * f[STEP]
    return _full(s)


@inline
def _first_unit(s):
    """Where the activations of the first unit of the layer in focus are."""
    return s.at[ROWS] + s.layers[s.at[LAYER] + 1, ROWS_OF] * s.at[STRIDE]


@inline
def _decides(s):
    """Whether the unit in focus decides on the others of its layer."""
    return s.at[UNIT] == 0 and s.layers[s.at[LAYER], KIND] == AS_RUN


@jit
def _value(s, alpha):
    """The loss at ``alpha`` on the line in focus. Raises Exhausted where no call is left."""
    f, at, layers = s.f, s.at, s.layers
    never_inline(f)
    if at[EVALUATIONS] >= at[LIMIT]:
        raise Exhausted
    at[EVALUATIONS] += 1
    layer, weight = at[LAYER], at[WEIGHT]
    w = f[PLACE] + alpha * f[STEP]
    if layer == DENSE or not math.isfinite(w) or _decides(s):
        return _along(s, alpha)  # infinity times 0 is NaN: nothing may be left out
    slot = at[LOGGED] % LOG
    at[LOGGED] += 1
    f[at[LOG_ALPHA] + slot] = alpha
    stride, n_in, kind = at[STRIDE], layers[layer, N_IN], layers[layer, KIND]
    errors = at[LOG_ERROR] + slot * stride
    compact = at[ACTIVE] < at[SAMPLES]
    to = at[COPIES] if compact else errors
    rest, column = n_in - at[INPUT], at[UNIT]
    f[weight] = w
    p = 0
    while p < at[ACTIVE]:
        own, targets, error = at[OWN] + p, at[TARGETS_X] + p, to + p
        row_wide(f, weight, 0, 0, rest, at[X] + p, stride, at[BASE_X] + p, 0, own, 0)
        activate(kind, f, own, LANES)
        if kind == AS_RUN:
            truncate_wide(f, _first_unit(s) + p, own)
        if layer == at[LAYERS] - 1:
            copy_wide(f, at[BASE_NEXT_X] + p, error)
            squares_wide(f, layers[layer, N_OUT] - column, own, stride, targets, stride, error)
            p += LANES
            continue
        # the next layer goes on from the sum over the units before this one
        n = layers[layer + 1, N_IN] - column
        weights = at[POINT] + layers[layer + 1, WEIGHTS_OF] + column
        base = at[BASE_NEXT_X] + p
        if at[ACTIVE] - p > LANES // 2:
            _forward_wide(
                s, layer + 1, at[POINT], targets, error, weights, n, own, stride, base, stride
            )
            p += LANES
        else:
            _forward_half(
                s, layer + 1, at[POINT], targets, error, weights, n, own, stride, base, stride
            )
            p += LANES // 2
    f[weight] = f[PLACE]
    if compact:
        for p in range(0, stride, LANES):
            copy_wide(f, at[ERROR] + p, errors + p)
        scatter(f, at[ACTIVE], to, errors, at[PLACES])
    return 0.5 * total_of(f, errors, at[SAMPLES]) / at[SAMPLES]


@jit
def _refresh(s):
    """Recompute every layer's activations and the errors at the current point."""
    f, at, layers = s.f, s.at, s.layers
    stride = at[STRIDE]
    last = at[LAYERS] - 1
    for p in range(0, stride, LANES):
        for layer in range(last + 1):
            n_in = layers[layer, N_IN]
            x = at[ROWS] + layers[layer, ROWS_OF] * stride + p
            for k in range(layers[layer, N_OUT]):
                w = at[POINT] + layers[layer, WEIGHTS_OF] + k * n_in
                y = at[ROWS] + (layers[layer + 1, ROWS_OF] + k) * stride + p
                row_wide(f, w, 0, 0, n_in, x, stride, at[ZERO], 0, y, 0)
                activate(layers[layer, KIND], f, y, LANES)
                if layers[layer, KIND] == AS_RUN:
                    first = at[ROWS] + layers[layer + 1, ROWS_OF] * stride + p
                    truncate_wide(f, first, y)
        outputs = at[ROWS] + layers[last + 1, ROWS_OF] * stride + p
        fill_wide(f, at[ERROR] + p, 0.0)
        squares_wide(
            f, layers[last, N_OUT], outputs, stride, at[TARGETS] + p, stride, at[ERROR] + p
        )


@jit
def _focus_unit(s, layer, unit):
    """Prepare what stays while weights of this unit move: the sums over the units before it."""
    f, at, layers = s.f, s.at, s.layers
    stride = at[STRIDE]
    last = at[LAYERS] - 1
    if at[LAYER] != layer:
        _refresh(s)
    at[LAYER], at[UNIT] = layer, unit
    first = at[ROWS] + layers[layer + 1, ROWS_OF] * stride
    for p in range(0, stride, LANES):
        if layer == last:
            fill_wide(f, at[BASE_NEXT] + p, 0.0)
            squares_wide(f, unit, first + p, stride, at[TARGETS] + p, stride, at[BASE_NEXT] + p)
        else:
            n_in, n_out = layers[layer + 1, N_IN], layers[layer + 1, N_OUT]
            for k in range(0, n_out, UNITS):
                w = at[POINT] + layers[layer + 1, WEIGHTS_OF] + k * n_in
                to = at[BASE_NEXT] + k * stride + p
                rows_wide(
                    f, w, n_in, n_out - 1 - k, unit, first + p, stride, at[ZERO], 0, to, stride
                )


@jit
def _focus_weight(s, layer, unit, j):
    """Prepare the search along one weight: its unit's sum over the inputs before, what moves."""
    f, at, layers = s.f, s.at, s.layers
    stride = at[STRIDE]
    if at[LAYER] != layer or at[UNIT] != unit:
        _focus_unit(s, layer, unit)
    last = at[LAYERS] - 1
    n_in = layers[layer, N_IN]
    row = at[POINT] + layers[layer, WEIGHTS_OF] + unit * n_in
    at[INPUT], at[WEIGHT], at[LOGGED] = j, row + j, 0
    f[PLACE] = f[row + j]
    inputs = at[ROWS] + layers[layer, ROWS_OF] * stride
    for p in range(0, stride, LANES):
        row_wide(f, row, 0, 0, j, inputs + p, stride, at[ZERO], 0, at[BASE] + p, 0)

    x = inputs + j * stride
    own = at[ROWS] + (layers[layer + 1, ROWS_OF] + unit) * stride
    targets = at[TARGETS] + (unit * stride if layer == last else 0)
    at[X], at[BASE_X], at[BASE_NEXT_X] = x, at[BASE], at[BASE_NEXT]
    at[OWN], at[TARGETS_X], at[ACTIVE] = own, targets, at[SAMPLES]
    if layer == last or layers[layer, KIND] == AS_RUN:
        return
    count = select_moving(f, x, at[SAMPLES], at[PLACES])
    if (count + 7) // 8 < (at[SAMPLES] + 7) // 8:
        # fewer vectors without the samples that cannot move
        n_next = layers[layer + 1, N_OUT]
        at[ACTIVE] = count
        at[X] = at[COPIES] + stride
        at[BASE_X] = at[X] + (n_in - j) * stride
        at[BASE_NEXT_X] = at[BASE_X] + stride
        at[OWN] = at[BASE_NEXT_X] + n_next * stride
        at[TARGETS_X] = at[OWN] + (layers[layer + 1, N_IN] - unit) * stride
        gather(f, n_in - j, count, stride, x, at[X], at[PLACES])
        gather(f, 1, count, stride, at[BASE], at[BASE_X], at[PLACES])
        gather(f, n_next, count, stride, at[BASE_NEXT], at[BASE_NEXT_X], at[PLACES])
        gather(f, layers[layer + 1, N_IN] - unit, count, stride, own, at[OWN], at[PLACES])
        gather(f, layers[last, N_OUT], count, stride, targets, at[TARGETS_X], at[PLACES])


@jit
def _accept(s, w):
    """Give the weight in focus its value w, and its unit's activations theirs."""
    f, at, layers = s.f, s.at, s.layers
    f[at[WEIGHT]] = w
    stride, layer = at[STRIDE], at[LAYER]
    rest = layers[layer, N_IN] - at[INPUT]
    x = at[ROWS] + (layers[layer, ROWS_OF] + at[INPUT]) * stride
    own = at[ROWS] + (layers[layer + 1, ROWS_OF] + at[UNIT]) * stride
    for p in range(0, stride, LANES):
        row_wide(f, at[WEIGHT], 0, 0, rest, x + p, stride, at[BASE] + p, 0, own + p, 0)
    activate(layers[layer, KIND], f, own, stride)
    if layers[layer, KIND] == AS_RUN:
        for p in range(0, stride, LANES):
            truncate_wide(f, _first_unit(s) + p, own + p)
        if at[UNIT] == 0:
            at[LAYER] = NOWHERE  # the layer's other units may have changed


@jit
def _find(f, at, alpha):
    """Slot of the log that holds the errors at alpha, or -1."""
    for back in range(1, min(LOG, at[LOGGED]) + 1):
        slot = (at[LOGGED] - back) % LOG
        if f[at[LOG_ALPHA] + slot] == alpha:
            return slot
    return -1


# --- SciPy's line search --------------------------------------------------------------------


@jit
def _line_search(s, tol):
    """SciPy 1.17.1's ``_linesearch_powell`` without bounds, arithmetic kept to the last bit.

    Returns (alpha, loss) of the minimum along the line in focus; both are NaN where SciPy's are.
    Raises Exhausted, and RuntimeError where SciPy's ``bracket`` does.
    """
    f, at = s.f, s.at
    # the loss at 0 is known, but counts as an evaluation, as in SciPy
    if at[EVALUATIONS] >= at[LIMIT]:
        raise Exhausted
    at[EVALUATIONS] += 1

    # scipy.optimize.bracket
    gold = 1.618034
    tiny = 1e-21
    xa, xb, fa, fb = 0.0, 1.0, f[VALUE], _value(s, 1.0)
    if fa < fb:
        xa, xb = xb, xa
        fa, fb = fb, fa
    xc = xb + gold * (xb - xa)
    fc = _value(s, xc)
    rounds = 0
    while fc < fb:
        tmp1 = (xb - xa) * (fb - fc)
        tmp2 = (xb - xc) * (fb - fa)
        val = tmp2 - tmp1
        denom = 2.0 * tiny if abs(val) < tiny else 2.0 * val
        w = xb - ((xb - xc) * tmp2 - (xb - xa) * tmp1) / denom
        wlim = xb + 110.0 * (xc - xb)
        if rounds > 1000:
            raise RuntimeError(
                "No valid bracket was found before the iteration limit was "
                "reached. Consider trying different initial points or "
                "increasing `maxiter`."
            )
        rounds += 1
        if (w - xc) * (xb - w) > 0.0:
            fw = _value(s, w)
            if fw < fc:
                xa = xb
                xb = w
                fa = fb
                fb = fw
                break
            if fw > fb:
                xc = w
                fc = fw
                break
            w = xc + gold * (xc - xb)
            fw = _value(s, w)
        elif (w - wlim) * (wlim - xc) >= 0.0:
            w = wlim
            fw = _value(s, w)
        elif (w - wlim) * (xc - w) > 0.0:
            fw = _value(s, w)
            if fw < fc:
                xb = xc
                xc = w
                w = xc + gold * (xc - xb)
                fb = fc
                fc = fw
                fw = _value(s, w)
        else:
            w = xc + gold * (xc - xb)
            fw = _value(s, w)
        xa = xb
        xb = xc
        xc = w
        fa = fb
        fb = fc
        fc = fw

    falls = (fb < fc and fb <= fa) or (fb < fa and fb <= fc)
    ordered = (xa < xb and xb < xc) or (xc < xb and xb < xa)
    finite = math.isfinite(xa) and math.isfinite(xb) and math.isfinite(xc)
    if not (falls and ordered and finite):
        # scipy.optimize._optimize._recover_from_bracket_error
        if (
            math.isnan(xa)
            or math.isnan(xb)
            or math.isnan(xc)
            or math.isnan(fa)
            or math.isnan(fb)
            or math.isnan(fc)
        ):
            return math.nan, math.nan
        x, fx = xa, fa
        if fb < fx:
            x, fx = xb, fb
        if fc < fx:
            x, fx = xc, fc
        return x, fx

    # scipy.optimize._optimize.Brent.optimize
    x = w = v = xb
    fw = fv = fx = fb
    if xa < xc:
        a = xa
        b = xc
    else:
        a = xc
        b = xa
    deltax = 0.0
    rat = 0.0
    for _ in range(500):
        tol1 = tol * abs(x) + 1.0e-11
        tol2 = 2.0 * tol1
        xmid = 0.5 * (a + b)
        if abs(x - xmid) < (tol2 - 0.5 * (b - a)):
            break
        if abs(deltax) <= tol1:
            deltax = a - x if x >= xmid else b - x
            rat = 0.3819660 * deltax
        else:
            tmp1 = (x - w) * (fx - fv)
            tmp2 = (x - v) * (fx - fw)
            p = (x - v) * tmp2 - (x - w) * tmp1
            tmp2 = 2.0 * (tmp2 - tmp1)
            if tmp2 > 0.0:
                p = -p
            tmp2 = abs(tmp2)
            dx_temp = deltax
            deltax = rat
            if p > tmp2 * (a - x) and p < tmp2 * (b - x) and abs(p) < abs(0.5 * tmp2 * dx_temp):
                rat = p * 1.0 / tmp2
                u = x + rat
                if (u - a) < tol2 or (b - u) < tol2:
                    rat = tol1 if xmid - x >= 0 else -tol1
            else:
                deltax = a - x if x >= xmid else b - x
                rat = 0.3819660 * deltax
        if abs(rat) < tol1:
            u = x + tol1 if rat >= 0 else x - tol1
        else:
            u = x + rat
        fu = _value(s, u)
        if fu > fx:
            if u < x:
                a = u
            else:
                b = u
            if fu <= fw or w == x:
                v = w
                w = u
                fv = fw
                fw = fu
            elif fu <= fv or v == x or v == w:  # noqa: SIM109 (as SciPy has it)
                v = u
                fv = fu
        else:
            if u >= x:
                a = x
            else:
                b = x
            v = w
            w = x
            x = u
            fv = fw
            fw = fx
            fx = fu
    return x, fx


# --- the entry point ------------------------------------------------------------------------


@entry
def run(s, first, stop, tol):
    """The one entry point, so that all is compiled once.

    0 <= first < stop: search along the directions first to stop - 1, in order, and keep the
    largest decrease of the loss; first = -1, stop = 0: search along row 0 of ``dense`` and return
    how far; first = stop: return the loss at the trial point.
    Raises Exhausted, and RuntimeError where a line has no bracket.
    """
    f, at, layers = s.f, s.at, s.layers
    if first == stop:
        return _full(s)
    if first <= 0:
        at[LAYER] = NOWHERE  # later slices go on with what is prepared
    alpha = 0.0
    for i in range(first, stop):
        before = f[VALUE]
        axis = s.axis[i] if i >= 0 else -1
        if axis < 0:
            at[LAYER], at[WEIGHT] = DENSE, -1 - axis
        elif s.length[i] == 0.0:
            continue
        else:
            layer = 0
            while axis >= layers[layer + 1, WEIGHTS_OF]:
                layer += 1
            k, n_in = axis - layers[layer, WEIGHTS_OF], layers[layer, N_IN]
            _focus_weight(s, layer, k // n_in, k % n_in)
            f[STEP] = s.length[i]
        alpha, value = _line_search(s, tol)
        if axis < 0 or not math.isfinite(alpha):
            # along an axis, SciPy adds alpha * 0 to every other weight
            for k in range(at[WEIGHTS]):
                slope = s.dense[-1 - axis, k] if axis < 0 else 0.0
                f[at[POINT] + k] += alpha * slope
            at[LAYER] = NOWHERE
        elif alpha == 0.0:
            _accept(s, f[PLACE])
        else:
            slot = _find(f, at, alpha)
            if slot < 0:
                slot = at[LOGGED] % LOG
                at[EVALUATIONS] -= 1
                _value(s, alpha)
            for p in range(0, at[STRIDE], LANES):
                copy_wide(f, at[LOG_ERROR] + slot * at[STRIDE] + p, at[ERROR] + p)
            _accept(s, f[PLACE] + alpha * f[STEP])
        f[VALUE] = value
        if before - f[VALUE] > f[DELTA]:
            f[DELTA] = before - f[VALUE]
            at[BEST] = i
    return alpha


def compile_for(state: State) -> None:
    """Compile for the types of ``state``, or load from the cache."""
    run.compile((numba.typeof(state), types.int64, types.int64, types.float64))
