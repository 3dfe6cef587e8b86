# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""The compiled part of Powell's method: line search, network loss and the sweep over directions.

Everything numba compiles for ``latentlab.training.powell`` is in this module, for three reasons.

*Samples are the lanes.* Arrays here hold units as rows and samples as columns, so one vector
instruction works on 2 to 8 samples. No sum ever runs across lanes but one, at the very end, in
a fixed order; every multiply-add is an explicit, exactly rounded ``llvm.fma``; ``exp`` is our own
branch-free rational function. So the bits of a result depend neither on the width of the
machine's vectors nor on a libm.

*A line search moves one weight.* Nearly all directions of Powell's set are axes. Moving the
weight from input i to unit o of a layer changes one row of sums. Sums run over inputs in order, so
a search prepares once the part before i (``BASE``) and, for the next layer, the parts before unit
o (``BASE_NEXT``), and an evaluation goes on from there. Samples whose input i is 0 cannot change
and are left out. Since no sum changes its order, every value is that of the full loss to the last
bit: the method takes exactly the steps it would take with the full loss, and nothing drifts
however far weights run.

*One digest.* The folder of the compiled code is named after this file's bytes (``cache_folder``):
numba itself notices edits of the entry point's file only.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir

from latentlab import arithmetic

with arithmetic.apart():
    import numba
    from numba.core import cgutils, types
    from numba.core.caching import Cache, CompileResultCacheImpl
    from numba.core.caching import _CacheLocator as Locator
    from numba.core.caching import _SourceFileBackedLocatorMixin as SourceStamp
    from numba.extending import intrinsic
numba.core.config._config_fname = os.devnull  # it looks again whenever it compiles

LANES = 16
"""Samples a pass works on, or half as many; rows are padded to a multiple of it."""

UNITS = 5
"""Units a pass works on: with two vectors of 8 samples each, enough sums to hide the latency of
multiply-add, few enough for 16 registers of AVX2 (measured: docs/performance.md)."""

AS_RUN = 5
KINDS = {"linear": 0, "relu": 1, "sigmoid": 2, "tanh": 3, "step": 4, "relu_as_run": AS_RUN}
"""Code of each activation of ``latentlab.models.network.ACTIVATIONS``. That of AS_RUN alone is not
elementwise: a layer is ReLU first, then ``_truncate`` by its first unit. So a search that moves
a weight of that unit takes the full loss, and one in such a layer leaves out no samples."""

# r P(r^2) / Q(r^2) = tanh(r ln(2) / 2) for |r| <= 1/2, P monic, both of degree 2: interpolated at
# five Chebyshev nodes of r^2; 2^r = (Q + rP) / (Q - rP) then has a relative error of 6e-17
P1, P0 = 874.7432766047971, 65550.99013061202
Q2, Q1, Q0 = 43.30054141477767, 10096.72290640831, 189140.17677359065
LOG2_E = 1.4426950408889634
ROUNDER = 1.5 * 2.0**52 + 1023.0
"""Adding it rounds to an integer n; the sum's lowest bits are the exponent field of 2^n."""
MAX = float(np.finfo(np.float64).max)
LARGEST = 1000.0
"""2^t is clamped to |t| <= 1000: beyond, a sigmoid's distance from 0 or 1 squares to zero."""


# --- vector instructions --------------------------------------------------------------------


class Vector:
    """Doubles in lanes, as an LLVM value under construction: arithmetic on it emits code."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder, self.value = builder, value

    def new(self, value: ir.Value) -> Vector:
        """Another value of the same function under construction."""
        return Vector(self.builder, value)

    def constant(self, number: float) -> Vector:
        """A number in every lane."""
        return self.new(ir.Constant(self.value.type, [number] * self.value.type.count))

    def __add__(self, other: Vector) -> Vector:
        return self.new(self.builder.fadd(self.value, other.value))

    def __sub__(self, other: Vector) -> Vector:
        return self.new(self.builder.fsub(self.value, other.value))

    def __mul__(self, other: Vector) -> Vector:
        return self.new(self.builder.fmul(self.value, other.value))

    def __truediv__(self, other: Vector) -> Vector:
        return self.new(self.builder.fdiv(self.value, other.value))

    def fma(self, factor: Vector, addend: Vector) -> Vector:
        """self * factor + addend, rounded once."""
        kind = self.value.type
        name = f"llvm.fma.v{kind.count}f64"
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind] * 3), name
        )
        return self.new(self.builder.call(function, [self.value, factor.value, addend.value]))

    def where(self, comparison: str, bound: Vector, then: Vector) -> Vector:
        """``then`` where self <comparison> bound, else self; a NaN stays."""
        chosen = self.builder.fcmp_ordered(comparison, self.value, bound.value)
        return self.new(self.builder.select(chosen, then.value, self.value))

    def low_bits_as_exponent(self) -> Vector:
        """2^(b - 1023) for the integer b in the lowest bits: 2^n of a t + ROUNDER."""
        bits = ir.VectorType(ir.IntType(64), self.value.type.count)
        shift = ir.Constant(bits, [52] * bits.count)
        field = self.builder.shl(self.builder.bitcast(self.value, bits), shift)
        return self.new(self.builder.bitcast(field, self.value.type))


def _exponential(h: Vector, scale: Vector, limit: Vector) -> tuple[Vector, ...]:
    """2^t = power * above / below for t = h * scale, as (power, above, below, odd).

    With n the integer nearest t and r = t - n: power = 2^n, odd = rP, above = Q + odd and
    below = Q - odd. h is clamped to +-limit, where |t| is LARGEST; the product h * scale is never
    rounded by itself.
    """
    h = h.where(">", limit, limit)
    limit = h.constant(0.0) - limit
    h = h.where("<", limit, limit)
    rounder = h.constant(ROUNDER)
    rounded = h.fma(scale, rounder)
    r = h.fma(scale, rounder - rounded)
    square = r * r
    odd = (square + h.constant(P1)).fma(square, h.constant(P0)) * r
    even = h.constant(Q2).fma(square, h.constant(Q1)).fma(square, h.constant(Q0))
    return rounded.low_bits_as_exponent(), even + odd, even - odd, odd


def _sigmoid(h: Vector, scale: Vector, limit: Vector) -> Vector:
    """1 / (1 + 2^(h scale)), with one division."""
    power, above, below, _ = _exponential(h, scale, limit)
    return below / power.fma(above, below)


def _tanh(h: Vector, scale: Vector, limit: Vector) -> Vector:
    """(1 - 2^(h scale)) / (1 + 2^(h scale)), without cancellation where 2^n is 1."""
    power, above, below, odd = _exponential(h, scale, limit)
    difference = (h.constant(0.0) - power).fma(above, below)
    small = h.builder.fcmp_ordered("==", power.value, h.constant(1.0).value)
    near = h.constant(-2.0) * odd
    numerator = h.new(h.builder.select(small, near.value, difference.value))
    return numerator / power.fma(above, below)


def _relu(h: Vector, scale: Vector, limit: Vector) -> Vector:
    zero = h.constant(0.0)
    return h.where("<", zero, zero)


def _step(h: Vector, scale: Vector, limit: Vector) -> Vector:
    zero = h.constant(0.0)
    on = h.builder.fcmp_ordered(">", h.value, zero.value)
    return h.new(h.builder.select(on, h.constant(1.0).value, zero.value))


def _truncated(y: Vector, first: Vector) -> Vector:
    """y >= 0 without its fraction where first <= 0, else y; without a libm."""
    whole = y.constant(2.0**52)  # from here on, doubles have no fraction
    near = (y + whole) - whole
    above = y.builder.fcmp_ordered(">", near.value, y.value)
    floor = y.new(y.builder.select(above, (near - y.constant(1.0)).value, near.value))
    chosen = y.builder.and_(
        y.builder.fcmp_ordered("<=", first.value, y.constant(0.0).value),
        y.builder.fcmp_ordered("<", y.value, whole.value),
    )
    return y.new(y.builder.select(chosen, floor.value, y.value))


class _Emit:
    """Loads, stores and loops on the flat array ``f`` of float64, for the instructions below."""

    def __init__(self, builder: ir.IRBuilder, data: ir.Value) -> None:
        self.builder, self.data = builder, data

    def integer(self, number: int) -> ir.Value:
        return ir.Constant(ir.IntType(64), number)

    def index(self, at: ir.Value, step: ir.Value, stride: ir.Value | None = None) -> ir.Value:
        """at + step * stride"""
        offset = step if stride is None else self.builder.mul(step, stride)
        return self.builder.add(at, offset)

    def smaller(self, number: int, other: ir.Value) -> ir.Value:
        constant = self.integer(number)
        return self.builder.select(self.builder.icmp_signed("<", constant, other), constant, other)

    def vector(self, value: ir.Value) -> Vector:
        return Vector(self.builder, value)

    def _address(self, at: ir.Value, lanes: int) -> ir.Value:
        kind = ir.VectorType(ir.DoubleType(), lanes).as_pointer()
        return self.builder.bitcast(self.builder.gep(self.data, [at]), kind)

    def load(self, at: ir.Value, lanes: int) -> Vector:
        return self.vector(self.builder.load(self._address(at, lanes), align=8))

    def store(self, at: ir.Value, vector: Vector) -> None:
        address = self._address(at, vector.value.type.count)
        self.builder.store(vector.value, address, align=8)

    def load_number(self, at: ir.Value) -> ir.Value:
        return self.builder.load(self.builder.gep(self.data, [at]))

    def store_number(self, at: ir.Value, number: ir.Value) -> None:
        self.builder.store(number, self.builder.gep(self.data, [at]))

    def splat(self, scalar: ir.Value, lanes: int) -> Vector:
        kind, place = ir.VectorType(scalar.type, lanes), ir.IntType(32)
        first = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), scalar, ir.Constant(place, 0)
        )
        order = ir.Constant(ir.VectorType(place, lanes), [0] * lanes)
        return self.vector(self.builder.shuffle_vector(first, first, order))

    def broadcast(self, at: ir.Value, lanes: int) -> Vector:
        return self.splat(self.load_number(at), lanes)

    def zero(self, lanes: int) -> Vector:
        return self.vector(ir.Constant(ir.VectorType(ir.DoubleType(), lanes), [0.0] * lanes))

    def loop(self, count: ir.Value, start: list[Vector], body: Callable) -> list[Vector]:
        """Run body(index, vectors) -> vectors ``count`` times, the vectors kept in registers."""
        slots = [cgutils.alloca_once_value(self.builder, each.value) for each in start]
        with cgutils.for_range(self.builder, count) as step:
            now = [self.vector(self.builder.load(slot)) for slot in slots]
            for slot, new in zip(slots, body(step.index, now), strict=True):
                self.builder.store(new.value, slot)
        return [self.vector(self.builder.load(slot)) for slot in slots]


def _instruction(emit: Callable, scalars: str, returns: Any = types.void) -> Any:
    """What jitted code calls as name(f, *scalars) to run the code of ``emit(_Emit, *scalars)``.

    ``scalars`` has one letter each: i for an int64, f for a float64.
    """
    memory = types.Array(types.float64, 1, "C")
    kinds = {"i": types.int64, "f": types.float64}
    signature = returns(memory, *[kinds[letter] for letter in scalars])

    def codegen(context, builder, sig, args):
        data = context.make_array(memory)(context, builder, args[0]).data
        result = emit(_Emit(builder, data), *args[1:])
        return context.get_dummy_value() if result is None else result

    # numba wants one named parameter for each argument
    names = ", ".join(f"scalar{place}" for place in range(len(scalars)))
    scope = {"signature": signature, "codegen": codegen}
    exec(f"def name(context, f, {names}): return signature, codegen", scope)
    return intrinsic(scope["name"])


def _elementwise(function: Callable) -> Any:
    """In place on LANES numbers: (f, at, scale, limit)."""

    def emit(e, at, scale, limit):
        e.store(at, function(e.load(at, LANES), e.splat(scale, LANES), e.splat(limit, LANES)))

    return _instruction(emit, "iff")


relu_lanes = _elementwise(_relu)
sigmoid_lanes = _elementwise(_sigmoid)
tanh_lanes = _elementwise(_tanh)
step_lanes = _elementwise(_step)


def _truncate(lanes: int) -> Any:
    """In place on ``lanes`` numbers of a layer's unit: (f, first unit's at, at)."""

    def emit(e, first, at):
        e.store(at, _truncated(e.load(at, lanes), e.load(first, lanes)))

    return _instruction(emit, "ii")


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

    return _instruction(emit, "iiiiiiiiii")


def _squares(lanes: int) -> Any:
    """error += sum over n rows of (target - y)^2, a lane each.

    (f, n, y_at, y_stride, target_at, target_stride, error_at)
    """

    def emit(e, n, y_at, y_stride, target_at, target_stride, error_at):
        def body(k, sums):
            target = e.load(e.index(target_at, k, target_stride), lanes)
            difference = target - e.load(e.index(y_at, k, y_stride), lanes)
            return [difference.fma(difference, sums[0])]

        e.store(error_at, e.loop(n, [e.load(error_at, lanes)], body)[0])

    return _instruction(emit, "iiiiii")


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


select_moving = _instruction(_emit_select_moving, "iii", types.int64)
gather = _instruction(_emit_gather, "iiiiii")
scatter = _instruction(_emit_scatter, "iiii")


def _emit_never_inline(e):
    e.builder.function.attributes.add("noinline")


never_inline = _instruction(_emit_never_inline, "")
"""Keeps the function that uses it one function: copies would only cost compile time."""


def _copy(lanes: int) -> Any:
    """(f, from, to)"""
    return _instruction(lambda e, source, to: e.store(to, e.load(source, lanes)), "ii")


def _fill(lanes: int) -> Any:
    """(f, at, value)"""
    return _instruction(lambda e, at, value: e.store(at, e.splat(value, lanes)), "if")


def _emit_total(e, at, count):
    """Sum of f[at : at + count] in a fixed order: 8 partial sums, then halves onto halves."""
    builder, integer = e.builder, ir.IntType(64)
    places = ir.Constant(ir.VectorType(integer, 8), list(range(8)))

    def body(block, sums):
        start = builder.mul(block, e.integer(8))
        limit = e.splat(builder.sub(count, start), 8).value
        inside = builder.icmp_signed("<", places, limit)
        values = e.load(builder.add(at, start), 8).value
        return [sums[0] + e.vector(builder.select(inside, values, e.zero(8).value))]

    blocks = builder.sdiv(builder.add(count, e.integer(7)), e.integer(8))
    total = e.loop(blocks, [e.zero(8)], body)[0].value
    for half in (4, 2, 1):
        lane = ir.VectorType(ir.IntType(32), half)
        low = ir.Constant(lane, list(range(half)))
        high = ir.Constant(lane, list(range(half, 2 * half)))
        total = builder.fadd(
            builder.shuffle_vector(total, total, low), builder.shuffle_vector(total, total, high)
        )
    return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))


total_of = _instruction(_emit_total, "ii", types.float64)
row_wide = _tile(LANES, 1)
rows_wide = _tile(LANES, UNITS)
squares_wide = _squares(LANES)
copy_wide, fill_wide = _copy(LANES), _fill(LANES)
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

# The first places of ``State.f``, a line each.
(
    SCALE,  # factor of exponents, -2 beta / ln 2
    CLAMP,  # where a sum is clamped, so that no exponential overflows
    VALUE,  # loss at the current weights
    DELTA,  # largest decrease along a direction of the sweep
    PLACE,  # value of the weight in focus
    STEP,  # its step for alpha = 1
) = range(6)
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


def aligned(length: int) -> np.ndarray:
    """Zeros (length,) that begin on a cache line: a vector never straddles two."""
    raw = np.zeros(length + 8)
    skip = -(raw.ctypes.data // 8) % 8
    return raw[skip : skip + length]


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
    for entry, size in sizes.items():
        at[entry] = end
        end += -(-int(size) // 8) * 8

    state = State(aligned(end), at, layers, np.arange(n), np.ones(n), np.zeros((1, n)))
    state.f[SCALE] = -2.0 * beta * LOG2_E
    state.f[CLAMP] = min(LARGEST / abs(state.f[SCALE]), MAX) if beta else MAX
    rows = state.part(ROWS, sizes[ROWS]).reshape(-1, stride)
    rows[: units[0], :samples] = inputs.T
    if biases:
        rows[layers[1:, ROWS_OF] - 1] = 1.0
    state.part(TARGETS, sizes[TARGETS]).reshape(-1, stride)[:, :samples] = targets.T
    return state


class Exhausted(RuntimeError):
    """The allowed number of evaluations is spent (SciPy's _MaxFuncCallError)."""


# --- the network's loss ---------------------------------------------------------------------

# without reference counts and without doors from Python: half the code to compile
_OPTIONS = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
_jit = numba.njit(no_cpython_wrapper=True, **_OPTIONS)
_inline = numba.njit(no_cpython_wrapper=True, inline="always", **_OPTIONS)


@_jit
def _activate(kind, f, at, count):
    """Apply the activation to f[at : at + count], rounded up to whole vectors."""
    never_inline(f)
    scale, limit = f[SCALE], f[CLAMP]
    if kind == 1 or kind == AS_RUN:
        for p in range(at, at + count, LANES):
            relu_lanes(f, p, scale, limit)
    elif kind == 2:
        for p in range(at, at + count, LANES):
            sigmoid_lanes(f, p, scale, limit)
    elif kind == 3:
        for p in range(at, at + count, LANES):
            tanh_lanes(f, p, scale, limit)
    elif kind == 4:
        for p in range(at, at + count, LANES):
            step_lanes(f, p, scale, limit)


def _make_forward(lanes: int, units: int) -> Callable:
    """The forward pass for ``lanes`` samples at once, ``units`` rows at a time.

    forward(s, layer, point, targets, error, w, n, x, x_stride, base, base_stride) computes the
    layer as base + the sum over n rows from x on, with the weights from w on; then the layers
    after it, with the weights at ``point``; the squared errors go to ``error``. Activations
    alternate between the halves of BUFFER.
    """
    tile, squares, fill = _tile(lanes, units), _squares(lanes), _fill(lanes)
    truncate = _truncate(lanes)

    @_jit
    def forward(s, layer, point, targets, error, w, n, x, x_stride, base, base_stride):
        f, at, layers = s.f, s.at, s.layers
        never_inline(f)
        stride = at[STRIDE]
        last = at[LAYERS] - 1
        y, other = at[BUFFER], at[BUFFER] + at[HALF]
        fill(f, error, 0.0)
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
                _activate(kind, f, to, units * lanes)
                if kind == AS_RUN:
                    for u in range(units):
                        truncate(f, y, to + u * lanes)
                if layer == last:
                    rows = min(units, n_out - k)
                    squares(f, rows, to, lanes, targets + k * stride, stride, error)
            if layer == last:
                return
            fill(f, y + n_out * lanes, 1.0)  # the inputs' row of ones, where there are biases
            layer += 1
            w, n = point + layers[layer, WEIGHTS_OF], layers[layer, N_IN]
            x, x_stride, base, base_stride = y, lanes, at[ZERO], 0
            y, other = other, y

    return forward


_forward_wide = _make_forward(LANES, UNITS)
_forward_half = _make_forward(LANES // 2, UNITS)


@_jit
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


@_jit
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


@_inline
def _first_unit(s):
    """Where the activations of the first unit of the layer in focus are."""
    return s.at[ROWS] + s.layers[s.at[LAYER] + 1, ROWS_OF] * s.at[STRIDE]


@_inline
def _decides(s):
    """Whether the unit in focus decides on the others of its layer."""
    return s.at[UNIT] == 0 and s.layers[s.at[LAYER], KIND] == AS_RUN


@_jit
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
        _activate(kind, f, own, LANES)
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


@_jit
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
                _activate(layers[layer, KIND], f, y, LANES)
                if layers[layer, KIND] == AS_RUN:
                    first = at[ROWS] + layers[layer + 1, ROWS_OF] * stride + p
                    truncate_wide(f, first, y)
        outputs = at[ROWS] + layers[last + 1, ROWS_OF] * stride + p
        fill_wide(f, at[ERROR] + p, 0.0)
        squares_wide(
            f, layers[last, N_OUT], outputs, stride, at[TARGETS] + p, stride, at[ERROR] + p
        )


@_jit
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


@_jit
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


@_jit
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
    _activate(layers[layer, KIND], f, own, stride)
    if layers[layer, KIND] == AS_RUN:
        for p in range(0, stride, LANES):
            truncate_wide(f, _first_unit(s) + p, own + p)
        if at[UNIT] == 0:
            at[LAYER] = NOWHERE  # the layer's other units may have changed


@_jit
def _find(f, at, alpha):
    """Slot of the log that holds the errors at alpha, or -1."""
    for back in range(1, min(LOG, at[LOGGED]) + 1):
        slot = (at[LOGGED] - back) % LOG
        if f[at[LOG_ALPHA] + slot] == alpha:
            return slot
    return -1


# --- SciPy's line search --------------------------------------------------------------------


@_jit
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


@numba.njit(**_OPTIONS)
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


# --- the cache of compiled code -------------------------------------------------------------


def cache_folder() -> Path:
    """Where compiled code is kept; the name ends in a digest of what it was compiled from.

    The parent is the environment variable LATENTLAB_CACHE, else ``.cache/numba`` at the
    project's root. The digest covers this file, numba's version and the processor compiled for.
    """
    here = Path(__file__).resolve()
    given = os.environ.get("LATENTLAB_CACHE")
    parent = Path(given) if given else here.parents[3] / ".cache" / "numba"
    target = [
        numba.config.CPU_NAME or binding.get_host_cpu_name(),
        numba.config.CPU_FEATURES or binding.get_host_cpu_features().flatten(),
    ]
    digest = hashlib.sha256(here.read_bytes())
    digest.update(repr((numba.__version__, target)).encode())
    return parent / f"kernels-{digest.hexdigest()[:16]}"


class _Locator(SourceStamp, Locator):
    """numba's door to a folder of our own; one that cannot be written is still read."""

    def __init__(self, py_func: Callable, py_file: str) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno
        self._path = str(cache_folder())

    def get_cache_path(self) -> str:
        return self._path

    @classmethod
    def from_function(cls, py_func: Callable, py_file: str) -> _Locator:
        return cls(py_func, py_file)


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _FolderCache(Cache):
    """A cache that compiles in memory where the folder can be neither read nor written."""

    _impl_class = _Implementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except (OSError, EOFError, ValueError):
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


run._cache = _FolderCache(run.py_func)
