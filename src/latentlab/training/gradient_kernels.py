# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""Loss and gradient of a letter network, compiled: of all samples at once, or of one after another.

Backpropagation (Rumelhart, Hinton and Williams 1986): with h the sums of a layer, y = f(h) what
it gives on, and D = dE/dh, the layer before has D' = f'(h') (W^T D), and the gradient of the
weights is D x^T, x the layer's inputs. f' is computed from y.

*All samples at once.* Units are rows and samples columns, as in Powell's kernels, so that the lanes
of a vector are samples; all three products are one function, ``_multiply``. For the gradient of
the weights the lanes are inputs, and each layer's inputs are turned: samples as rows.

*One sample.* The lanes are the inputs of a unit. The weights change in the same pass that hands the
error back, which is half of the reading and writing.

Every sum has one order, whatever the processor: see ``training.vectors``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from latentlab.training.compiled import jit
from latentlab.training.vectors import (
    CLAMP,
    KINDS,
    LANES,
    SCALE,
    UNITS,
    activate,
    aligned,
    copy_wide,
    exponent_scale,
    exponential,
    fill_wide,
    instruction,
    never_inline,
    squares,
    total_of,
)

HALF = LANES // 2
BLOCK = 32
"""The weights are padded to a multiple of it, for the instructions on all of them."""


# --- the state ------------------------------------------------------------------------------

# Columns of ``Problem.layers``, a line each. One more row stands for the outputs.
(
    N_IN,  # inputs of the layer, the bias included
    N_OUT,  # its units
    KIND,  # its activation, a code of KINDS
    WEIGHTS_OF,  # its first weight
    ROW,  # weights in a row, one row a unit: the inputs, rounded up with zeros
    ROWS_OF,  # its first row of inputs
) = range(6)

# Places of ``Problem.at``, a line each.
(
    LAYERS,  # how many layers
    WEIGHTS,  # how many weights, rounded up
    SAMPLES,  # how many samples
    STRIDE,  # numbers in a row of samples: the samples, rounded up to LANES
    BIASES,  # 1 where units have a bias
    CROSS_ENTROPY,  # 1 where that is the loss, else 0
    # where parts of ``f`` begin
    POINT,  # the weights
    GRADIENT,  # dE/dw
    SLOTS,  # two memories of a rule of descent, each as long as the weights
    ROWS,  # inputs and activations, a row a unit
    TURNED,  # the inputs of each layer, a row a sample
    TARGETS,  # a row an output
    TARGET_ROWS,  # a row a sample
    LOG_ODDS,  # sums of the outputs
    ERROR,  # of each sample
    DELTA,  # two rooms for dE/dh of a layer
    DELTA_SIZE,  # numbers in one of them (this is no place in ``f``)
    ONE,  # activations of one sample
    # of L-BFGS
    MEMORY,  # pairs of steps and changes that may be kept
    STEPS,  # where they begin in ``f``
    CHANGES,  # changes of the gradient
    PRODUCTS,  # 1 / (step . change) of each
    SHARES,  # work space, a number a pair
    START,  # weights where a search starts
    START_GRADIENT,
    DIRECTION,  # in which it searches
    PAIRS,  # how many are kept
    NEWEST,  # which is the last
    ITERATIONS,  # so far
    GRADIENTS,  # computed so far
    LIMIT,  # of them
) = range(31)
ENTRIES = LIMIT + 1

# The first places of ``f`` after SCALE and CLAMP, a line each.
(
    STEEPNESS,  # 2 beta
    VALUE,  # the loss
    RATE,  # the learning rate
    MOMENTUM,
    DECAYED,  # two decays of a rule, to the power of the epochs so far
    DECAYED_TWICE,
    # of L-BFGS
    START_VALUE,  # the loss where a search starts
    SLOPE,  # of the loss along the direction, where it was computed last
    GAMMA,  # by which the first matrix is the identity
    FTOL,
    GTOL,
) = range(2, 13)
NUMBERS = 16


class Problem(NamedTuple):
    """A network, its samples, and where its training stands. Few arrays: see ``kernels.State``."""

    f: np.ndarray  # all numbers, in the parts that ``at`` tells
    at: np.ndarray  # (ENTRIES,) int64
    layers: np.ndarray  # (layers + 1, 6) int64
    rates: np.ndarray  # (epochs,) learning rates
    orders: np.ndarray  # (epochs, samples) int64: in which samples are visited; (0, 0) if at once

    def part(self, entry: int, length: int) -> np.ndarray:
        """A view (length,) of the part of ``f`` that begins at ``at[entry]``."""
        return self.f[self.at[entry] : self.at[entry] + length]

    def places(self) -> np.ndarray:
        """Where the weights are among the padded ones: (n_weights,)."""
        return np.concatenate(
            [
                (first + row * np.arange(n_out)[:, None] + np.arange(n_in)).ravel()
                for n_in, n_out, _, first, row, _ in self.layers[:-1]
            ]
        )

    def set_inputs(self, inputs: np.ndarray) -> None:
        """Other inputs (samples, units), as many as before."""
        samples, units = inputs.shape
        stride, row = self.at[STRIDE], self.layers[0, ROW]
        self.part(ROWS, units * stride).reshape(-1, stride)[:, :samples] = inputs.T
        self.part(TURNED, samples * row).reshape(-1, row)[:, :units] = inputs


def _up(number: Any, step: int) -> Any:
    """Rounded up to a multiple."""
    return -(-number // step) * step


def new_problem(
    units: tuple[int, ...],
    activations: tuple[str, ...],
    beta: float,
    biases: bool,
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    cross_entropy: bool,
    epochs: int = 0,
    one_by_one: bool = False,
    memory: int = 0,
) -> Problem:
    """Arrays for one training, inputs and targets (samples, units) in place.

    epochs : that ``rates`` and, if samples are visited one by one, ``orders`` have room for
    memory : pairs that L-BFGS keeps
    """
    samples, n_layers = len(inputs), len(activations)
    stride = _up(samples, LANES)
    if stride % 128 == 0:
        stride += LANES  # rows a power of two apart would share few cache sets
    layers = np.zeros((n_layers + 1, 6), dtype=np.int64)
    layers[:, N_IN] = np.array(units) + np.array([biases] * n_layers + [False])
    layers[:, ROW] = _up(layers[:, N_IN], HALF)
    layers[:-1, N_OUT] = units[1:]
    layers[:-1, KIND] = [KINDS[name] for name in activations]
    layers[1:, WEIGHTS_OF] = np.cumsum(layers[:-1, ROW] * layers[:-1, N_OUT])
    layers[1:, ROWS_OF] = np.cumsum(layers[:-1, ROW])
    at = np.zeros(ENTRIES, dtype=np.int64)
    at[WEIGHTS] = n = _up(layers[-1, WEIGHTS_OF], BLOCK)
    at[[LAYERS, SAMPLES, STRIDE, MEMORY]] = n_layers, samples, stride, memory
    at[[BIASES, CROSS_ENTROPY, NEWEST]] = biases, cross_entropy, -1
    at[LIMIT] = np.iinfo(np.int64).max
    at[DELTA_SIZE] = layers[:, ROW].max() * stride + LANES
    rows = layers[:, ROW].sum()
    kept = memory and n
    sizes = {
        **dict.fromkeys((POINT, GRADIENT), n),
        SLOTS: 2 * n,
        ROWS: rows * stride,
        TURNED: rows * stride,
        **dict.fromkeys((TARGETS, LOG_ODDS), units[-1] * stride),
        TARGET_ROWS: samples * _up(units[-1], LANES),
        ERROR: stride,
        DELTA: 2 * at[DELTA_SIZE],
        ONE: rows + LANES,
        **dict.fromkeys((STEPS, CHANGES), memory * n),
        **dict.fromkeys((PRODUCTS, SHARES), memory),
        **dict.fromkeys((START, START_GRADIENT, DIRECTION), kept),
    }
    end = NUMBERS
    for part, size in sizes.items():
        at[part] = end
        end += _up(int(size), HALF)
    orders = np.zeros((epochs, samples) if one_by_one else (0, 0), dtype=np.int64)
    problem = Problem(aligned(end), at, layers, np.zeros(epochs), orders)
    _place_samples(problem, inputs, targets, beta)
    return problem


def _place_samples(s: Problem, inputs: np.ndarray, targets: np.ndarray, beta: float) -> None:
    stride, layers = s.at[STRIDE], s.layers
    samples, units = targets.shape
    s.f[[SCALE, CLAMP]] = exponent_scale(beta)
    s.f[STEEPNESS] = 2.0 * beta
    s.f[[DECAYED, DECAYED_TWICE]] = 1.0
    if s.at[BIASES]:  # a row of ones in each layer, of which that of the inputs is turned
        rows = s.part(ROWS, layers[:, ROW].sum() * stride).reshape(-1, stride)
        rows[layers[:-1, ROWS_OF] + layers[:-1, N_IN] - 1] = 1.0
        turned = s.part(TURNED, stride * layers[0, ROW]).reshape(stride, -1)
        turned[:, layers[0, N_IN] - 1] = 1.0
    s.set_inputs(inputs)
    s.part(TARGETS, units * stride).reshape(-1, stride)[:, :samples] = targets.T
    pitch = _up(units, LANES)
    s.part(TARGET_ROWS, samples * pitch).reshape(-1, pitch)[:, :units] = targets


# --- instructions -----------------------------------------------------------------------------


def _product(lanes: int, units: int) -> Any:
    """``units`` rows of y = a b for ``lanes`` columns, all sums in registers.

    (f, a_at, a_row, a_term, last, n, b_at, b_stride, y_at, y_stride): row u is the sum over n rows
    of b, the factors from a_at + min(u, last) * a_row, a_term apart.
    """

    def emit(e, a, a_row, a_term, last, n, b, b_stride, y, y_stride):
        numbers = [e.smaller(unit, last) for unit in range(units)]
        rows = [e.index(a, number, a_row) for number in numbers]

        def body(k, sums):
            column = e.load(e.index(b, k, b_stride), lanes)
            return [
                e.broadcast(e.index(row, k, a_term), lanes).fma(column, total)
                for row, total in zip(rows, sums, strict=True)
            ]

        for number, total in zip(numbers, e.loop(n, [e.zero(lanes)] * units, body), strict=True):
            e.store(e.index(y, number, y_stride), total)

    return instruction(emit, "iiiiiiiii")


product_wide, product_half = _product(LANES, UNITS), _product(HALF, HALF)


def _emit_dots(e, w, row, last, n, x, y):
    """y[u] = w[u] . x for HALF units; past the ``last``-th from here it repeats that unit.

    n : numbers in a row, a multiple of HALF. Each product is summed in HALF lanes, then halves
    onto halves, those of two units in one vector.
    """
    rows = [e.index(w, e.smaller(unit, last), row) for unit in range(HALF)]

    def body(block, sums):
        at = e.builder.mul(block, e.integer(HALF))
        inputs = e.load(e.index(x, at), HALF)
        return [
            e.load(e.index(unit, at), HALF).fma(inputs, total)
            for unit, total in zip(rows, sums, strict=True)
        ]

    blocks = e.builder.sdiv(n, e.integer(HALF))
    sums = e.loop(blocks, [e.zero(HALF)] * HALF, body)
    size = HALF // 2
    while size:
        low = [lane for lane in range(2 * HALF) if lane % (2 * size) < size]
        high = [lane + size for lane in low]
        pairs = zip(sums[::2], sums[1::2], strict=True)
        sums = [one.lanes(two, low) + one.lanes(two, high) for one, two in pairs]
        size //= 2
    e.store(y, sums[0])


dots = instruction(_emit_dots, "iiiiii")


def _emit_turn(e, source, stride, to, to_stride):
    """HALF rows of HALF numbers, as columns: blocks of half the size change places, and so on."""
    rows = [e.load(e.index(source, e.integer(u), stride), HALF) for u in range(HALF)]
    size = HALF // 2
    while size:
        upper = [j if not j & size else HALF + j - size for j in range(HALF)]
        lower = [j + size if not j & size else HALF + j for j in range(HALF)]
        for u in range(HALF):
            if not u & size:
                above, below = rows[u], rows[u + size]
                rows[u], rows[u + size] = above.lanes(below, upper), above.lanes(below, lower)
        size //= 2
    for u, row in enumerate(rows):
        e.store(e.index(to, e.integer(u), to_stride), row)


turn = instruction(_emit_turn, "iiii")


def _hand_back(lanes: int) -> Any:
    """Move the weights of n units from ``lanes`` inputs by one sample, and hand its error back.

    (f, n, delta_at, w_at, v_at, row, x_at, back_at, rate, momentum): back = W^T delta, with the
    weights before; then v <- momentum v - rate delta x, w <- w + v.
    """

    def emit(e, n, delta, w, v, row, x, back, rate, momentum):
        inputs, momentum = e.load(x, lanes), e.splat(momentum, lanes)
        rate = e.zero(lanes) - e.splat(rate, lanes)

        def body(unit, sums):
            error = e.broadcast(e.index(delta, unit), lanes)
            weights_at, velocity_at = e.index(w, unit, row), e.index(v, unit, row)
            weights = e.load(weights_at, lanes)
            velocity = (error * rate).fma(inputs, e.load(velocity_at, lanes) * momentum)
            velocity = velocity.without_tiny()
            e.store(velocity_at, velocity)
            e.store(weights_at, weights + velocity)
            return [error.fma(weights, sums[0])]

        e.store(back, e.loop(n, [e.zero(lanes)], body)[0])

    return instruction(emit, "iiiiiiiff")


hand_back_wide, hand_back_half = _hand_back(LANES), _hand_back(HALF)


def _emit_difference(e, y, target, delta, factor):
    """delta = (y - target) factor, in LANES lanes."""
    difference = e.load(y, LANES) - e.load(target, LANES)
    e.store(delta, (difference * e.splat(factor, LANES)).without_tiny())


def _slope(function: Any) -> Any:
    """delta = delta f'(h) in LANES lanes, by what y = f(h) is: (f, y_at, delta_at, 2 beta)."""

    def emit(e, y, delta, steepness):
        slope = function(e.load(delta, LANES), e.load(y, LANES), e.splat(steepness, LANES))
        e.store(delta, slope.without_tiny())

    return instruction(emit, "iif")


def _relu_slope(delta, y, steepness):
    """0 at 0: where a blank letter sits, with no bias."""
    zero = delta.constant(0.0)
    rising = y.builder.fcmp_ordered(">", y.value, zero.value)
    return delta.new(y.builder.select(rising, delta.value, zero.value))


def _sigmoid_slope(delta, y, steepness):
    """2 beta y (1 - y)"""
    return delta * (y * (y.constant(1.0) - y) * steepness)


def _tanh_slope(delta, y, steepness):
    """beta (1 - y^2)"""
    one = y.constant(1.0)
    return delta * ((one - y) * (one + y) * (steepness * y.constant(0.5)))


difference_lanes = instruction(_emit_difference, "iiif")
relu_slope = _slope(_relu_slope)
sigmoid_slope = _slope(_sigmoid_slope)
tanh_slope = _slope(_tanh_slope)

SERIES = tuple(2.0 / (2 * k + 1) for k in range(17))
"""log((1 + r) / (1 - r)) = 2 (r + r^3/3 + r^5/5 + ...); with r <= 1/3 the next is below 1e-16."""


def _emit_cross_entropy(e, n, h, h_stride, target_at, target_stride, error_at, scale, limit, steep):
    """error += sum over n rows of log(1 + exp(l)) - target l with l = 2 beta h, in LANES lanes.

    It is -t log p - (1 - t) log(1 - p) with p = sigmoid(l). With u = exp(-|l|) the logarithm is
    max(l, 0) + log(1 + u), and log(1 + u) = log((1 + r) / (1 - r)) with r = u / (2 + u).
    """
    scale, limit, steep = (e.splat(number, LANES) for number in (scale, limit, steep))
    zero = e.zero(LANES)

    def body(k, sums):
        sum_of = e.load(e.index(h, k, h_stride), LANES)
        target = e.load(e.index(target_at, k, target_stride), LANES)
        power, above, below, _ = exponential(sum_of.where("<", zero, zero - sum_of), scale, limit)
        u = power * above
        r = u / (below + below + u)
        square = r * r
        logarithm = zero
        for coefficient in SERIES[::-1]:
            logarithm = logarithm.fma(square, zero.constant(coefficient))
        odds = sum_of * steep
        return [sums[0] + ((odds.where("<", zero, zero) - target * odds) + logarithm * r)]

    e.store(error_at, e.loop(n, [e.load(error_at, LANES)], body)[0])


cross_entropy_wide = instruction(_emit_cross_entropy, "iiiiiifff")
squares_wide = squares(LANES)


# --- all samples at once ----------------------------------------------------------------------


@jit
def _multiply(f, rows, terms, columns, a, a_row, a_term, b, b_stride, y, y_stride):
    """y[r, c] = sum_k a[r, k] b[k, c]; columns in whole vectors of HALF."""
    never_inline(f)
    for c in range(0, columns - HALF, LANES):
        for r in range(0, rows, UNITS):
            product_wide(
                f, a + r * a_row, a_row, a_term, rows - 1 - r, terms, b + c, b_stride,
                y + r * y_stride + c, y_stride,
            )  # fmt: skip
    if columns % LANES:
        c = columns - HALF
        for r in range(0, rows, HALF):
            product_half(
                f, a + r * a_row, a_row, a_term, rows - 1 - r, terms, b + c, b_stride,
                y + r * y_stride + c, y_stride,
            )  # fmt: skip


@jit
def _times_slope(kind, f, y, delta, count):
    """delta = delta f'(h) for ``count`` numbers, rounded up to whole vectors."""
    never_inline(f)
    steepness = f[STEEPNESS]
    if kind == 1:
        for p in range(0, count, LANES):
            relu_slope(f, y + p, delta + p, steepness)
    elif kind == 2:
        for p in range(0, count, LANES):
            sigmoid_slope(f, y + p, delta + p, steepness)
    elif kind == 3:
        for p in range(0, count, LANES):
            tanh_slope(f, y + p, delta + p, steepness)


@jit
def _columns(s):
    """Samples in whole vectors of HALF."""
    return (s.at[SAMPLES] + HALF - 1) // HALF * HALF


@jit
def _forward(s):
    """The activations of all layers."""
    f, at, layers = s.f, s.at, s.layers
    stride = at[STRIDE]
    for layer in range(at[LAYERS]):
        n_in, n_out, row = layers[layer, N_IN], layers[layer, N_OUT], layers[layer, ROW]
        w = at[POINT] + layers[layer, WEIGHTS_OF]
        x = at[ROWS] + layers[layer, ROWS_OF] * stride
        y = at[ROWS] + layers[layer + 1, ROWS_OF] * stride
        _multiply(f, n_out, n_in, _columns(s), w, row, 1, x, stride, y, stride)
        if layer == at[LAYERS] - 1 and at[CROSS_ENTROPY]:
            for p in range(0, n_out * stride, LANES):
                copy_wide(f, y + p, at[LOG_ODDS] + p)
        activate(layers[layer, KIND], f, y, n_out * stride)


@jit
def _loss(s, cross_entropy):
    """A loss of the activations that ``_forward`` left."""
    f, at, layers = s.f, s.at, s.layers
    stride, units = at[STRIDE], layers[at[LAYERS] - 1, N_OUT]
    y = at[ROWS] + layers[at[LAYERS], ROWS_OF] * stride
    for p in range(0, stride, LANES):
        target, error = at[TARGETS] + p, at[ERROR] + p
        fill_wide(f, error, 0.0)
        if cross_entropy:
            cross_entropy_wide(
                f, units, at[LOG_ODDS] + p, stride, target, stride, error,
                f[SCALE], f[CLAMP], f[STEEPNESS],
            )  # fmt: skip
        else:
            squares_wide(f, units, y + p, stride, target, stride, error)
    total = total_of(f, at[ERROR], at[SAMPLES]) / at[SAMPLES]
    return total if cross_entropy else 0.5 * total


@jit
def _turn_inputs(s, layer):
    """The inputs of a layer, a row a sample: (where they begin, numbers in a row)."""
    f, at, layers = s.f, s.at, s.layers
    stride, row = at[STRIDE], layers[layer, ROW]
    x = at[ROWS] + layers[layer, ROWS_OF] * stride
    to = at[TURNED] + layers[layer, ROWS_OF] * stride
    if layer:  # those of the first never change
        for p in range(0, _columns(s), HALF):
            for u in range(0, row, HALF):
                turn(f, x + u * stride + p, stride, to + p * row + u, row)
    return to, row


@jit
def gradient(s):
    """The gradient at the point, for the loss of the problem; the activations as well."""
    f, at, layers = s.f, s.at, s.layers
    never_inline(f)
    _forward(s)
    stride, samples, last = at[STRIDE], at[SAMPLES], at[LAYERS] - 1
    y = at[ROWS] + layers[last + 1, ROWS_OF] * stride
    delta, before = at[DELTA], at[DELTA] + at[DELTA_SIZE]
    count = layers[last, N_OUT] * stride
    factor = (f[STEEPNESS] if at[CROSS_ENTROPY] else 1.0) / samples
    for p in range(0, count, LANES):
        difference_lanes(f, y + p, at[TARGETS] + p, delta + p, factor)
    if not at[CROSS_ENTROPY]:
        _times_slope(layers[last, KIND], f, y, delta, count)
    for layer in range(last, -1, -1):
        n_out, first = layers[layer, N_OUT], layers[layer, WEIGHTS_OF]
        x, row = _turn_inputs(s, layer)
        to = at[GRADIENT] + first
        _multiply(f, n_out, samples, row, delta, stride, 1, x, row, to, row)
        if layer:
            units = layers[layer - 1, N_OUT]
            w, y = at[POINT] + first, at[ROWS] + layers[layer, ROWS_OF] * stride
            _multiply(f, units, n_out, _columns(s), w, 1, row, delta, stride, before, stride)
            _times_slope(layers[layer - 1, KIND], f, y, before, units * stride)
            delta, before = before, delta


@jit
def loss_and_gradient(s):
    """The loss at the point, which VALUE keeps, with its gradient."""
    gradient(s)
    s.f[VALUE] = _loss(s, s.at[CROSS_ENTROPY])


@jit
def squared_error(s):
    """The study's error at the point, whatever the loss is."""
    _forward(s)
    return _loss(s, 0)


# --- one sample after another -----------------------------------------------------------------


@jit
def _forward_one(s, sample):
    """The activations of one sample, from ONE on; the inputs stay in TURNED."""
    f, at, layers = s.f, s.at, s.layers
    x = at[TURNED] + sample * layers[0, ROW]
    for layer in range(at[LAYERS]):
        n_out, row = layers[layer, N_OUT], layers[layer, ROW]
        w = at[POINT] + layers[layer, WEIGHTS_OF]
        y = at[ONE] + layers[layer + 1, ROWS_OF]
        for k in range(0, n_out, HALF):
            dots(f, w + k * row, row, n_out - 1 - k, row, x, y + k)
        activate(layers[layer, KIND], f, y, n_out)
        for k in range(n_out, layers[layer + 1, ROW]):
            f[y + k] = 0.0
        if layers[layer + 1, N_IN] > n_out:
            f[y + n_out] = 1.0
        x = y


@jit
def visit(s, sample):
    """A step by the gradient of one sample: v <- momentum v - rate g, w <- w + v."""
    f, at, layers = s.f, s.at, s.layers
    never_inline(f)
    _forward_one(s, sample)
    last = at[LAYERS] - 1
    y = at[ONE] + layers[last + 1, ROWS_OF]
    delta, before = at[DELTA], at[DELTA] + at[DELTA_SIZE]
    n_out = layers[last, N_OUT]
    pitch = (n_out + LANES - 1) // LANES * LANES
    factor = f[STEEPNESS] if at[CROSS_ENTROPY] else 1.0
    for p in range(0, n_out, LANES):
        difference_lanes(f, y + p, at[TARGET_ROWS] + sample * pitch + p, delta + p, factor)
    if not at[CROSS_ENTROPY]:
        _times_slope(layers[last, KIND], f, y, delta, n_out)
    for layer in range(last, -1, -1):
        n_out, row, first = layers[layer, N_OUT], layers[layer, ROW], layers[layer, WEIGHTS_OF]
        w, v = at[POINT] + first, at[SLOTS] + first
        x = at[ONE] + layers[layer, ROWS_OF] if layer else at[TURNED] + sample * row
        for p in range(0, row - HALF, LANES):
            hand_back_wide(
                f, n_out, delta, w + p, v + p, row, x + p, before + p, f[RATE], f[MOMENTUM]
            )
        if row % LANES:
            p = row - HALF
            hand_back_half(
                f, n_out, delta, w + p, v + p, row, x + p, before + p, f[RATE], f[MOMENTUM]
            )
        if layer:
            _times_slope(layers[layer - 1, KIND], f, x, before, layers[layer - 1, N_OUT])
        delta, before = before, delta
