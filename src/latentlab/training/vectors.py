# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""Vector instructions for the compiled trainings: arithmetic with the same bits on every processor.

Jitted code calls an ``instruction`` as a function; its body is LLVM code that we write. Vectors
have a fixed number of lanes, whatever the machine's are; every multiply-add is an explicit, exactly
rounded ``llvm.fma``; ``exp`` is our own branch-free rational function; what is summed across lanes
is summed in a fixed order. So the bits of a result depend neither on the width of the machine's
vectors nor on a libm.

All numbers of a training are in one flat array ``f`` of float64; the instructions take places in
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from latentlab import arithmetic
from latentlab.training.compiled import jit

with arithmetic.apart():
    from numba.core import cgutils, types
    from numba.extending import intrinsic

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

TINY = 2.0**-430
"""See ``Vector.without_tiny``; the square of what it leaves is no subnormal number either."""

SCALE, CLAMP = 0, 1
"""The first places of every ``f``: the factor of exponents, -2 beta / ln 2, and where a sum is
clamped, so that no exponential overflows."""


def exponent_scale(beta: float) -> tuple[float, float]:
    """What SCALE and CLAMP hold."""
    scale = -2.0 * beta * LOG2_E
    return scale, min(LARGEST / abs(scale), MAX) if beta else MAX


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

    def without_tiny(self) -> Vector:
        """The same, with 0 for what is below TINY / 2^53.

        What decays for long would end below 2^-1022, among the subnormal numbers, which take
        processors a hundred times as long. What is above 2^54 TINY stays as it is to the last bit.
        """
        tiny = self.constant(TINY)
        return (self + tiny) - tiny

    def sqrt(self) -> Vector:
        """The square root, exactly rounded."""
        kind = self.value.type
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind]), f"llvm.sqrt.v{kind.count}f64"
        )
        return self.new(self.builder.call(function, [self.value]))

    def lanes(self, other: Vector, chosen: list[int]) -> Vector:
        """The lanes of those numbers, of this vector's and then the other's."""
        order = ir.Constant(ir.VectorType(ir.IntType(32), len(chosen)), chosen)
        return self.new(self.builder.shuffle_vector(self.value, other.value, order))

    def total(self) -> Vector:
        """The sum of all lanes, as a vector of one: halves onto halves."""
        vector = self
        while vector.value.type.count > 1:
            half = vector.value.type.count // 2
            low, high = list(range(half)), list(range(half, 2 * half))
            vector = vector.lanes(vector, low) + vector.lanes(vector, high)
        return vector

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


def exponential(h: Vector, scale: Vector, limit: Vector) -> tuple[Vector, ...]:
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
    power, above, below, _ = exponential(h, scale, limit)
    return below / power.fma(above, below)


def _tanh(h: Vector, scale: Vector, limit: Vector) -> Vector:
    """(1 - 2^(h scale)) / (1 + 2^(h scale)), without cancellation where 2^n is 1."""
    power, above, below, odd = exponential(h, scale, limit)
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


def truncated(y: Vector, first: Vector) -> Vector:
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


class Emit:
    """Loads, stores and loops on the flat array ``f`` of float64, for the instructions below."""

    def __init__(self, builder: ir.IRBuilder, data: ir.Value) -> None:
        self.builder, self.data = builder, data

    def integer(self, number: int) -> ir.Value:
        """A constant."""
        return ir.Constant(ir.IntType(64), number)

    def index(self, at: ir.Value, step: ir.Value, stride: ir.Value | None = None) -> ir.Value:
        """at + step * stride"""
        offset = step if stride is None else self.builder.mul(step, stride)
        return self.builder.add(at, offset)

    def smaller(self, number: int, other: ir.Value) -> ir.Value:
        """The smaller of the two."""
        constant = self.integer(number)
        return self.builder.select(self.builder.icmp_signed("<", constant, other), constant, other)

    def vector(self, value: ir.Value) -> Vector:
        """A value of LLVM with arithmetic."""
        return Vector(self.builder, value)

    def _address(self, at: ir.Value, lanes: int) -> ir.Value:
        kind = ir.VectorType(ir.DoubleType(), lanes).as_pointer()
        return self.builder.bitcast(self.builder.gep(self.data, [at]), kind)

    def load(self, at: ir.Value, lanes: int) -> Vector:
        """f[at : at + lanes]"""
        return self.vector(self.builder.load(self._address(at, lanes), align=8))

    def store(self, at: ir.Value, vector: Vector) -> None:
        """Put a vector at a place."""
        address = self._address(at, vector.value.type.count)
        self.builder.store(vector.value, address, align=8)

    def load_number(self, at: ir.Value) -> ir.Value:
        """f[at]"""
        return self.builder.load(self.builder.gep(self.data, [at]))

    def store_number(self, at: ir.Value, number: ir.Value) -> None:
        """Put a number at a place."""
        self.builder.store(number, self.builder.gep(self.data, [at]))

    def splat(self, scalar: ir.Value, lanes: int) -> Vector:
        """A scalar in every lane."""
        kind, place = ir.VectorType(scalar.type, lanes), ir.IntType(32)
        first = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), scalar, ir.Constant(place, 0)
        )
        order = ir.Constant(ir.VectorType(place, lanes), [0] * lanes)
        return self.vector(self.builder.shuffle_vector(first, first, order))

    def broadcast(self, at: ir.Value, lanes: int) -> Vector:
        """f[at] in every lane."""
        return self.splat(self.load_number(at), lanes)

    def zero(self, lanes: int) -> Vector:
        """0 in every lane."""
        return self.vector(ir.Constant(ir.VectorType(ir.DoubleType(), lanes), [0.0] * lanes))

    def loop(self, count: ir.Value, start: list[Vector], body: Callable) -> list[Vector]:
        """Run body(index, vectors) -> vectors ``count`` times, the vectors kept in registers."""
        slots = [cgutils.alloca_once_value(self.builder, each.value) for each in start]
        with cgutils.for_range(self.builder, count) as step:
            now = [self.vector(self.builder.load(slot)) for slot in slots]
            for slot, new in zip(slots, body(step.index, now), strict=True):
                self.builder.store(new.value, slot)
        return [self.vector(self.builder.load(slot)) for slot in slots]


def instruction(emit: Callable, scalars: str, returns: Any = types.void) -> Any:
    """What jitted code calls as name(f, *scalars) to run the code of ``emit(Emit, *scalars)``.

    ``scalars`` has one letter each: i for an int64, f for a float64.
    """
    memory = types.Array(types.float64, 1, "C")
    kinds = {"i": types.int64, "f": types.float64}
    signature = returns(memory, *[kinds[letter] for letter in scalars])

    def codegen(context, builder, sig, args):
        data = context.make_array(memory)(context, builder, args[0]).data
        result = emit(Emit(builder, data), *args[1:])
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

    return instruction(emit, "iff")


relu_lanes = _elementwise(_relu)
sigmoid_lanes = _elementwise(_sigmoid)
tanh_lanes = _elementwise(_tanh)
step_lanes = _elementwise(_step)


# --- sums, and the rest ---------------------------------------------------------------------


def squares(lanes: int) -> Any:
    """error += sum over n rows of (target - y)^2, a lane each.

    (f, n, y_at, y_stride, target_at, target_stride, error_at)
    """

    def emit(e, n, y_at, y_stride, target_at, target_stride, error_at):
        def body(k, sums):
            target = e.load(e.index(target_at, k, target_stride), lanes)
            difference = target - e.load(e.index(y_at, k, y_stride), lanes)
            return [difference.fma(difference, sums[0])]

        e.store(error_at, e.loop(n, [e.load(error_at, lanes)], body)[0])

    return instruction(emit, "iiiiii")


def _emit_never_inline(e):
    e.builder.function.attributes.add("noinline")


never_inline = instruction(_emit_never_inline, "")
"""Keeps the function that uses it one function: copies would only cost compile time."""


def _copy(lanes: int) -> Any:
    """(f, from, to)"""
    return instruction(lambda e, source, to: e.store(to, e.load(source, lanes)), "ii")


def fill(lanes: int) -> Any:
    """(f, at, value)"""
    return instruction(lambda e, at, value: e.store(at, e.splat(value, lanes)), "if")


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
    total = e.loop(blocks, [e.zero(8)], body)[0]
    return builder.extract_element(total.total().value, ir.Constant(ir.IntType(32), 0))


total_of = instruction(_emit_total, "ii", types.float64)
copy_wide, fill_wide = _copy(LANES), fill(LANES)


@jit
def activate(kind, f, at, count):
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


def aligned(length: int) -> np.ndarray:
    """Zeros (length,) that begin on a cache line: a vector never straddles two."""
    raw = np.zeros(length + 8)
    skip = -(raw.ctypes.data // 8) % 8
    return raw[skip : skip + length]
