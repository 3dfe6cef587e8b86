"""The compiled part of Powell's method: line search, network loss and the sweep over directions.

Everything numba compiles for ``latentlab.powell`` is in this module, for three reasons.

*Samples are the lanes.* Arrays here hold units as rows and samples as columns, so one vector
instruction works on 8 to 32 samples. No sum ever runs across lanes but one, at the very end, in
a fixed order; every multiply-add is an explicit, exactly rounded ``llvm.fma``; ``exp`` is our own
branch-free rational function. So the bits of a result depend neither on the width of the
machine's vectors nor on a libm.

*A line search moves one weight.* Nearly all directions of Powell's set are axes. Moving the
weight from unit i to unit o of layer l changes one row of pre-activations, so a search prepares
once what stays fixed (``base``: the pre-activation without that weight; ``base_next``: those of
layer l + 1 without unit o) and an evaluation starts there. Both are sums over the current
weights, never running differences, so nothing drifts however far weights run. Samples whose
input i is 0 cannot change: they are left out, and their error is added as a constant.

*One digest.* The folder of the compiled code is named after this file's bytes (``cache_folder``):
numba itself notices edits of the entry point's file only.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.core.caching import Cache, CompileResultCacheImpl
from numba.core.caching import _CacheLocator as Locator
from numba.core.caching import _SourceFileBackedLocatorMixin as SourceStamp
from numba.extending import intrinsic

LANES = 32
"""Samples a full-width pass works on; rows are padded to a multiple of it."""

KINDS = {"linear": 0, "relu": 1, "sigmoid": 2, "tanh": 3, "step": 4}
"""Code of each activation of ``latentlab.network.ACTIVATIONS``."""

# r P(r^2) / Q(r^2) = tanh(r ln(2) / 2) for |r| <= 1/2, P monic, both of degree 2: interpolated at
# five Chebyshev nodes of r^2; 2^r = (Q + rP) / (Q - rP) then has a relative error of 6e-17
P1, P0 = 874.7432766047971, 65550.99013061202
Q2, Q1, Q0 = 43.30054141477767, 10096.72290640831, 189140.17677359065
LOG2_E = 1.4426950408889634
ROUNDER = 1.5 * 2.0**52
"""Adding and subtracting it rounds to an integer, which the sum's lowest bits then hold."""
LARGEST_EXPONENT = 1000.0
"""2^t is clamped to |t| <= 1000: beyond, a sigmoid's distance from 0 or 1 squares to zero."""


# --- vector instructions --------------------------------------------------------------------


class Vector:
    """Doubles in lanes, as an LLVM value under construction: arithmetic on it emits code."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder, self.value = builder, value

    def new(self, value: ir.Value) -> Vector:
        return Vector(self.builder, value)

    def constant(self, number: float) -> Vector:
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

    def times_power_of_two(self, rounded: Vector) -> Vector:
        """self * 2^n, for the n in the lowest bits of t + ROUNDER."""
        bits = ir.VectorType(ir.IntType(64), self.value.type.count)
        shift = ir.Constant(bits, [52] * bits.count)
        exponent = self.builder.shl(self.builder.bitcast(rounded.value, bits), shift)
        total = self.builder.add(self.builder.bitcast(self.value, bits), exponent)
        return self.new(self.builder.bitcast(total, self.value.type))


def _exponential(h: Vector, scale: Vector) -> tuple[Vector, Vector, Vector, Vector]:
    """2^t = above / below for t = h * scale; also (above - below) without cancellation at n = 0.

    Returns (above, below, odd, n): with n the integer nearest t and r = t - n,
    above = 2^n (Q + rP), below = Q - rP and odd = rP.
    """
    limit = h.constant(LARGEST_EXPONENT)
    t = h * scale
    t = t.where(">", limit, limit)
    limit = h.constant(-LARGEST_EXPONENT)
    t = t.where("<", limit, limit)
    rounded = t + h.constant(ROUNDER)
    n = rounded - h.constant(ROUNDER)
    r = t - n
    square = r * r
    odd = (square + h.constant(P1)).fma(square, h.constant(P0)) * r
    even = h.constant(Q2).fma(square, h.constant(Q1)).fma(square, h.constant(Q0))
    return (even + odd).times_power_of_two(rounded), even - odd, odd, n


def _sigmoid(h: Vector, scale: Vector) -> Vector:
    """1 / (1 + 2^(h scale)), with one division."""
    above, below, _, _ = _exponential(h, scale)
    return below / (below + above)


def _tanh(h: Vector, scale: Vector) -> Vector:
    """(1 - 2^(h scale)) / (1 + 2^(h scale)); accurate to the last bits near 0 also."""
    above, below, odd, n = _exponential(h, scale)
    zero = h.constant(0.0)
    near = zero - (odd + odd)
    difference = below - above
    small = h.builder.fcmp_ordered("==", n.value, zero.value)
    return h.new(h.builder.select(small, near.value, difference.value)) / (below + above)


def _relu(h: Vector, scale: Vector) -> Vector:
    zero = h.constant(0.0)
    return h.where("<", zero, zero)


def _step(h: Vector, scale: Vector) -> Vector:
    zero = h.constant(0.0)
    on = h.builder.fcmp_ordered(">", h.value, zero.value)
    return h.new(h.builder.select(on, h.constant(1.0).value, zero.value))


class _Emit:
    """Loads, stores and broadcasts on flat float64 arrays, for the intrinsics below."""

    def __init__(self, context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> None:
        self.builder = builder
        self.pointers = [
            context.make_array(kind)(context, builder, arg).data
            for kind, arg in zip(signature.args, args, strict=True)
            if isinstance(kind, types.Array)
        ]

    def address(self, array: int, at: ir.Value, lanes: int | None = None) -> ir.Value:
        pointer = self.builder.gep(self.pointers[array], [at])
        if lanes is None:
            return pointer
        return self.builder.bitcast(pointer, ir.VectorType(ir.DoubleType(), lanes).as_pointer())

    def load(self, array: int, at: ir.Value, lanes: int) -> Vector:
        return Vector(self.builder, self.builder.load(self.address(array, at, lanes), align=8))

    def store(self, array: int, at: ir.Value, vector: Vector) -> None:
        target = self.address(array, at, vector.value.type.count)
        self.builder.store(vector.value, target, align=8)

    def splat(self, scalar: ir.Value, lanes: int) -> Vector:
        kind = ir.VectorType(ir.DoubleType(), lanes)
        one = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0)
        )
        order = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return Vector(self.builder, self.builder.shuffle_vector(one, one, order))

    def broadcast(self, array: int, at: ir.Value, lanes: int) -> Vector:
        return self.splat(self.builder.load(self.address(array, at)), lanes)

    def zero(self, lanes: int) -> Vector:
        return Vector(self.builder, ir.Constant(ir.VectorType(ir.DoubleType(), lanes), [0.0] * lanes))

    def loop(self, count: ir.Value, start: list[Vector], body: Callable) -> list[Vector]:
        """Run body(index, vectors) -> vectors ``count`` times, the vectors kept in registers."""
        slots = [cgutils.alloca_once_value(self.builder, v.value) for v in start]
        with cgutils.for_range(self.builder, count) as step:
            now = [Vector(self.builder, self.builder.load(slot)) for slot in slots]
            for slot, new in zip(slots, body(step.index, now), strict=True):
                self.builder.store(new.value, slot)
        return [Vector(self.builder, self.builder.load(slot)) for slot in slots]


def _instruction(emit: Callable, arrays: str, returns: Any = types.void) -> Any:
    """An intrinsic of ``emit(_Emit, builder, *scalars)``.

    ``arrays`` has one letter an argument: a for an array, i for an int64, f for a float64.
    """
    kinds = {"a": types.Array(types.float64, 1, "C"), "i": types.int64, "f": types.float64}
    signature = returns(*[kinds[letter] for letter in arrays])

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        scalars = [arg for arg, letter in zip(args, arrays, strict=True) if letter != "a"]
        result = emit(_Emit(context, builder, signature, args), builder, *scalars)
        return context.get_dummy_value() if result is None else result

    names = ", ".join(f"x{index}" for index in range(len(arrays)))
    scope = {"signature": signature, "codegen": codegen}
    exec(f"def template(context, {names}):\n    return signature, codegen", scope)  # noqa: S102
    return intrinsic(scope["template"])


def _elementwise(function: Callable) -> Any:
    """y[at : at + LANES] = function(y[at : at + LANES], scale), in place: (y, at, scale)."""

    def emit(e: _Emit, builder: ir.IRBuilder, at: ir.Value, scale: ir.Value) -> None:
        e.store(0, at, function(e.load(0, at, LANES), e.splat(scale, LANES)))

    return _instruction(emit, "aif")


relu_lanes = _elementwise(_relu)
sigmoid_lanes = _elementwise(_sigmoid)
tanh_lanes = _elementwise(_tanh)
step_lanes = _elementwise(_step)


def _tile(lanes: int, units: int) -> Any:
    """``units`` rows of y = w x for ``lanes`` samples, all sums in registers.

    (w, w_at, w_stride, last, n, x, x_at, x_stride, y, y_at): row u of the tile uses the weights
    w[w_at + min(u, last) * w_stride + j], j < n; past the layer's last unit it repeats that unit.
    """

    def emit(e, builder, w_at, w_stride, last, n, x_at, x_stride, y_at):  # type: ignore
        rows = []
        for unit in range(units):
            number = ir.Constant(ir.IntType(64), unit)
            inside = builder.icmp_signed("<", number, last)
            row = builder.select(inside, number, last)
            rows.append(builder.add(w_at, builder.mul(row, w_stride)))

        def body(j, sums):  # type: ignore[no-untyped-def]
            x = e.load(1, builder.add(x_at, builder.mul(j, x_stride)), lanes)
            return [
                e.broadcast(0, builder.add(row, j), lanes).fma(x, total)
                for row, total in zip(rows, sums, strict=True)
            ]

        sums = e.loop(n, [e.zero(lanes)] * units, body)
        for unit, total in enumerate(sums):
            offset = ir.Constant(ir.IntType(64), unit * lanes)
            e.store(2, builder.add(y_at, offset), total)

    return _instruction(emit, "aiiiiaiiai")


def _move(lanes: int) -> Any:
    """y[y_at :] = w * x[x_at :] + base[b_at :]: (w, x, x_at, base, b_at, y, y_at)."""

    def emit(e, builder, w, x_at, b_at, y_at):  # type: ignore[no-untyped-def]
        x, base = e.load(0, x_at, lanes), e.load(1, b_at, lanes)
        e.store(2, y_at, e.splat(w, lanes).fma(x, base))

    return _instruction(emit, "faiaiai")


def _spread(lanes: int) -> Any:
    """y[k] = w[k] * x + base[k] for the rows k < n: (w, n, x, x_at, base, b_at, b_stride, y, y_at)."""

    def emit(e, builder, n, x_at, b_at, b_stride, y_at):  # type: ignore[no-untyped-def]
        x = e.load(1, x_at, lanes)
        width = ir.Constant(ir.IntType(64), lanes)

        def body(k, none):  # type: ignore[no-untyped-def]
            base = e.load(2, builder.add(b_at, builder.mul(k, b_stride)), lanes)
            y = e.broadcast(0, k, lanes).fma(x, base)
            e.store(3, builder.add(y_at, builder.mul(k, width)), y)
            return []

        e.loop(n, [], body)

    return _instruction(emit, "aiaiaiiai")


def _squares(lanes: int) -> Any:
    """e = e0 + sum over rows of (t - y)^2, a lane each.

    (y, y_at, y_stride, n, t, t_at, t_stride, e0, e0_at, e, e_at)
    """

    def emit(e, builder, y_at, y_stride, n, t_at, t_stride, e0_at, e_at):  # type: ignore
        def body(k, sums):  # type: ignore[no-untyped-def]
            y = e.load(0, builder.add(y_at, builder.mul(k, y_stride)), lanes)
            t = e.load(1, builder.add(t_at, builder.mul(k, t_stride)), lanes)
            difference = t - y
            return [difference.fma(difference, sums[0])]

        (total,) = e.loop(n, [e.load(2, e0_at, lanes)], body)
        e.store(3, e_at, total)

    return _instruction(emit, "aiiiaiiaiai")


def _fill(lanes: int) -> Any:
    """y[at : at + lanes] = value: (y, at, value)."""

    def emit(e, builder, at, value):  # type: ignore[no-untyped-def]
        e.store(0, at, e.splat(value, lanes))

    return _instruction(emit, "aif")


def _emit_total(e, builder, at, count):  # type: ignore[no-untyped-def]
    """Sum of e[at : at + count] in a fixed order: 8 partial sums, then halves onto halves."""
    eight = ir.Constant(ir.IntType(64), 8)
    seven = ir.Constant(ir.IntType(64), 7)
    wide, lane = ir.VectorType(ir.IntType(64), 8), ir.IntType(32)
    zero = e.zero(8)

    def body(block, sums):  # type: ignore[no-untyped-def]
        start = builder.mul(block, eight)
        left = builder.sub(count, start)
        one = builder.insert_element(ir.Constant(wide, ir.Undefined), left, ir.Constant(lane, 0))
        limit = builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(lane, 8), [0] * 8))
        inside = builder.icmp_signed("<", ir.Constant(wide, list(range(8))), limit)
        values = e.load(0, builder.add(at, start), 8)
        return [sums[0] + Vector(builder, builder.select(inside, values.value, zero.value))]

    blocks = builder.sdiv(builder.add(count, seven), eight)
    (total,) = e.loop(blocks, [zero], body)
    value = total.value
    for half in (4, 2, 1):
        low = ir.Constant(ir.VectorType(lane, half), list(range(half)))
        high = ir.Constant(ir.VectorType(lane, half), list(range(half, 2 * half)))
        value = builder.fadd(
            builder.shuffle_vector(value, value, low), builder.shuffle_vector(value, value, high)
        )
    return builder.extract_element(value, ir.Constant(lane, 0))


total_of = _instruction(_emit_total, "aii", types.float64)
squares_32 = _squares(LANES)
fill_32 = _fill(LANES)
move_32 = _move(LANES)
row_32 = _tile(LANES, 1)


# --- the state ------------------------------------------------------------------------------

LAYER, UNIT, INPUT, WEIGHT, ACTIVE, EVALUATIONS, LIMIT, LOGGED, BEST = range(9)
"""Entries of ``State.focus``: which weight is moved, how many samples move with it, counters."""

VALUE, DELTA, STILL, PLACE, STEP = range(5)
"""Entries of ``State.real``: loss at the point, largest decrease, squared error of the samples
left out, the moved weight and how far one unit of the line moves it."""

LOG = 32
"""Evaluations of a search whose errors per sample are remembered."""


class State(NamedTuple):
    """A network, its samples and where Powell's method stands, in flat arrays.

    Rows are units (a bias is one more input row of ones), ``stride`` columns are samples.
    """

    n_in: np.ndarray  # (layers,) inputs of each layer, the bias included
    n_out: np.ndarray  # (layers,)
    kind: np.ndarray  # (layers,) activation, see KINDS
    weight_at: np.ndarray  # (layers,) where a layer's weights begin
    rows_at: np.ndarray  # (layers + 1,) first row of a layer's inputs in ``rows``
    samples: int
    stride: int
    biases: int
    scale: float  # of the exponent: -2 beta / ln(2)
    widest: int  # samples a pass may take at once: 32, or 8 where registers are few
    weights: np.ndarray  # (n,) the current point
    trial: np.ndarray  # (n,) a point on a line along no axis
    axis: np.ndarray  # (n,) the weight a direction moves, where it moves one
    length: np.ndarray  # (n,) how far it moves it
    dense_row: np.ndarray  # (n,) row of ``dense`` of other directions, else -1
    dense: np.ndarray  # (rows * n,)
    rows: np.ndarray  # inputs, every layer's activations; at the current point
    targets: np.ndarray  # (n_out[-1], stride)
    base: np.ndarray  # (1, stride) pre-activation without the moved weight
    base_next: np.ndarray  # next layer's pre-activations without the moved unit
    column: np.ndarray  # weights from the moved unit to the next layer
    error: np.ndarray  # (stride,) squared error of each sample
    error_of: np.ndarray  # (n_out[-1], stride) of each output
    active: np.ndarray  # (stride,) samples that move
    x: np.ndarray  # (1, stride) moved input, active samples only; likewise:
    base_x: np.ndarray
    base_next_x: np.ndarray
    targets_x: np.ndarray
    zero: np.ndarray  # (stride,)
    log_alpha: np.ndarray  # (LOG,)
    log_error: np.ndarray  # (LOG, stride)
    buffer: np.ndarray  # two layers of activations for up to 32 samples
    half: int  # where the second begins
    focus: np.ndarray
    real: np.ndarray


class Exhausted(RuntimeError):
    """The allowed number of evaluations is spent (SciPy's _MaxFuncCallError)."""


# --- SciPy's line search --------------------------------------------------------------------


def make_line_search(value: Callable, ends: Callable) -> Callable:
    """SciPy 1.17.1's ``_linesearch_powell`` without bounds, arithmetic kept to the last bit.

    value(state, alpha) is the function along the line; ends(state) gives the two first abscissas
    0 and 1 with their values. The same source runs compiled and in plain Python. The result
    takes (state, tol) and returns (alpha, value) of the minimum; both are NaN where SciPy's are.
    Raises RuntimeError where SciPy's ``bracket`` does.
    """

    def line_search(state, tol):  # type: ignore[no-untyped-def]
        # scipy.optimize.bracket
        gold = 1.618034
        tiny = 1e-21
        xa, xb, fa, fb = ends(state)
        if fa < fb:
            xa, xb = xb, xa
            fa, fb = fb, fa
        xc = xb + gold * (xb - xa)
        fc = value(state, xc)
        rounds = 0
        while fc < fb:
            tmp1 = (xb - xa) * (fb - fc)
            tmp2 = (xb - xc) * (fb - fa)
            val = tmp2 - tmp1
            denom = 2.0 * tiny if abs(val) < tiny else 2.0 * val
            w = xb - ((xb - xc) * tmp2 - (xb - xa) * tmp1) / denom
            wlim = xb + 110.0 * (xc - xb)
            if rounds > 1000:
                raise RuntimeError("No valid bracket was found before the iteration limit was "
                                   "reached. Consider trying different initial points or "
                                   "increasing `maxiter`.")
            rounds += 1
            if (w - xc) * (xb - w) > 0.0:
                fw = value(state, w)
                if fw < fc:
                    xa = xb
                    xb = w
                    fa = fb
                    fb = fw
                    break
                elif fw > fb:
                    xc = w
                    fc = fw
                    break
                w = xc + gold * (xc - xb)
                fw = value(state, w)
            elif (w - wlim) * (wlim - xc) >= 0.0:
                w = wlim
                fw = value(state, w)
            elif (w - wlim) * (xc - w) > 0.0:
                fw = value(state, w)
                if fw < fc:
                    xb = xc
                    xc = w
                    w = xc + gold * (xc - xb)
                    fb = fc
                    fc = fw
                    fw = value(state, w)
            else:
                w = xc + gold * (xc - xb)
                fw = value(state, w)
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
            if (math.isnan(xa) or math.isnan(xb) or math.isnan(xc)
                    or math.isnan(fa) or math.isnan(fb) or math.isnan(fc)):
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
                if (p > tmp2 * (a - x) and p < tmp2 * (b - x)
                        and abs(p) < abs(0.5 * tmp2 * dx_temp)):
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
            fu = value(state, u)
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
                elif fu <= fv or v == x or v == w:
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

    return line_search


# --- the network's loss ---------------------------------------------------------------------

_jit = numba.njit(error_model="numpy", boundscheck=False)


@_jit
def _activate(kind, scale, y, at, count):  # type: ignore[no-untyped-def]
    """Apply the activation to y[at : at + count], rounded up to whole vectors."""
    if kind == 1:
        for p in range(at, at + count, LANES):
            relu_lanes(y, p, scale)
    elif kind == 2:
        for p in range(at, at + count, LANES):
            sigmoid_lanes(y, p, scale)
    elif kind == 3:
        for p in range(at, at + count, LANES):
            tanh_lanes(y, p, scale)
    elif kind == 4:
        for p in range(at, at + count, LANES):
            step_lanes(y, p, scale)


def _make_passes(lanes: int, units: int) -> tuple[Callable, Callable, Callable]:
    """The passes for ``lanes`` samples at once, ``units`` rows at a time.

    layer(s, weights, l, x, x_at, x_stride, y_at): layer l from rows x into ``buffer``;
    rest(s, weights, l, at, half, targets): layers l and on, then the squared errors;
    search(s, w, at): all that follows from the moved weight's new value w.
    """
    tile, spread, move = _tile(lanes, units), _spread(lanes), _move(lanes)
    squares, fill = _squares(lanes), _fill(lanes)

    @_jit
    def layer(s, weights, l, x, x_at, x_stride, y_at):  # type: ignore[no-untyped-def]  # noqa: E741
        n_in, n_out, first = s.n_in[l], s.n_out[l], s.weight_at[l]
        for k in range(0, n_out, units):
            at = y_at + k * lanes
            tile(weights, first + k * n_in, n_in, n_out - 1 - k, n_in, x, x_at, x_stride,
                 s.buffer, at)
            _activate(s.kind[l], s.scale, s.buffer, at, units * lanes)
        fill(s.buffer, y_at + n_out * lanes, 1.0)

    @_jit
    def rest(s, weights, first, at, half, targets, error, error_at):  # type: ignore
        last = len(s.n_in)
        for l in range(first, last):  # noqa: E741
            layer(s, weights, l, s.buffer, half, lanes, s.half - half)
            half = s.half - half
        squares(s.buffer, half, lanes, s.n_out[last - 1], targets, at, s.stride,
                s.zero, 0, error, error_at)

    @_jit
    def search(s, w, at, error_at):  # type: ignore[no-untyped-def]
        l, unit = s.focus[LAYER], s.focus[UNIT]  # noqa: E741
        last = len(s.n_in) - 1
        move(w, s.x, at, s.base_x, at, s.buffer, 0)
        _activate(s.kind[l], s.scale, s.buffer, 0, lanes)
        if l == last:
            squares(s.buffer, 0, lanes, 1, s.targets_x, at, s.stride,
                    s.base_next_x, at, s.log_error, error_at)
            return
        n = s.n_out[l + 1]
        spread(s.column, n, s.buffer, 0, s.base_next_x, at, s.stride, s.buffer, s.half)
        _activate(s.kind[l + 1], s.scale, s.buffer, s.half, n * lanes)
        fill(s.buffer, s.half + n * lanes, 1.0)
        rest(s, s.weights, l + 2, at, s.half, s.targets_x, s.log_error, error_at)

    return layer, rest, search


_layer_32, _rest_32, _search_32 = _make_passes(32, 2)
_, _, _search_16 = _make_passes(16, 4)
_, _, _search_8 = _make_passes(8, 4)


@_jit
def _mean(s, total):  # type: ignore[no-untyped-def]
    return 0.5 * total / s.samples


@_jit
def _full(s, weights):  # type: ignore[no-untyped-def]
    """The loss at ``weights``, from the inputs on; uses the last row of the log."""
    row = (LOG - 1) * s.stride
    for at in range(0, s.stride, LANES):
        _layer_32(s, weights, 0, s.rows, at, s.stride, 0)
        _rest_32(s, weights, 1, at, 0, s.targets, s.log_error, row + at)
    return _mean(s, total_of(s.log_error, row, s.samples))


@_jit
def _refresh(s):  # type: ignore[no-untyped-def]
    """Recompute every layer's activations and the errors at the current point."""
    last = len(s.n_in) - 1
    for at in range(0, s.stride, LANES):
        for l in range(last + 1):  # noqa: E741
            _layer_32(s, s.weights, l, s.rows, s.rows_at[l] * s.stride + at, s.stride, 0)
            for k in range(s.n_out[l]):
                to = (s.rows_at[l + 1] + k) * s.stride + at
                move_32(0.0, s.zero, 0, s.buffer, k * LANES, s.rows, to)
        outputs = s.rows_at[last + 1] * s.stride + at
        for k in range(s.n_out[last]):
            row = k * s.stride + at
            squares_32(s.rows, outputs + k * s.stride, s.stride, 1, s.targets, row, s.stride,
                       s.zero, 0, s.error_of, row)
        squares_32(s.rows, outputs, s.stride, s.n_out[last], s.targets, at, s.stride,
                   s.zero, 0, s.error, at)


@_jit
def _focus_unit(s, l, unit):  # type: ignore[no-untyped-def]  # noqa: E741
    """Prepare what stays fixed while weights of this unit move."""
    last = len(s.n_in) - 1
    if s.focus[LAYER] != l:
        _refresh(s)
    s.focus[LAYER], s.focus[UNIT], s.focus[INPUT] = l, unit, -1
    if l == last:
        for p in range(s.stride):
            total = 0.0
            for k in range(s.n_out[last]):
                if k != unit:
                    total += s.error_of[k * s.stride + p]
            s.base_next[p] = total
        return
    n_in, first = s.n_in[l + 1], s.weight_at[l + 1]
    for k in range(s.n_out[l + 1]):
        s.column[k] = s.weights[first + k * n_in + unit]
    # without the unit: its row is 0 for a moment
    own = (s.rows_at[l + 1] + unit) * s.stride
    for at in range(0, s.stride, LANES):
        move_32(0.0, s.zero, 0, s.rows, own + at, s.buffer, 0)
        fill_32(s.rows, own + at, 0.0)
        for k in range(s.n_out[l + 1]):
            row_32(s.weights, first + k * n_in, 0, 0, n_in, s.rows,
                   s.rows_at[l + 1] * s.stride + at, s.stride, s.base_next, k * s.stride + at)
        move_32(0.0, s.zero, 0, s.buffer, 0, s.rows, own + at)


@_jit
def _focus_weight(s, l, unit, j):  # type: ignore[no-untyped-def]  # noqa: E741
    """Prepare the search along one weight: ``base``, the samples that move, their copies."""
    if s.focus[LAYER] != l or s.focus[UNIT] != unit:
        _focus_unit(s, l, unit)
    last = len(s.n_in) - 1
    stride = s.stride
    n_in = s.n_in[l]
    weight = s.weight_at[l] + unit * n_in + j
    s.focus[INPUT], s.focus[WEIGHT], s.focus[LOGGED] = j, weight, 0
    s.real[PLACE] = s.weights[weight]
    s.weights[weight] = 0.0
    for at in range(0, stride, LANES):
        row_32(s.weights, weight - j, 0, 0, n_in, s.rows, s.rows_at[l] * stride + at, stride,
               s.base, at)
    s.weights[weight] = s.real[PLACE]

    x_at = (s.rows_at[l] + j) * stride
    count = 0
    still = 0.0
    for p in range(s.samples):
        if l == last or s.rows[x_at + p] != 0.0:
            s.active[count] = p
            count += 1
        else:
            still += s.error[p]
    s.focus[ACTIVE], s.real[STILL] = count, still
    if l == last:
        n_next, first_target, n_targets = 1, unit, 1
    else:
        n_next, first_target, n_targets = s.n_out[l + 1], 0, s.n_out[last]
    for q in range(count):
        p = s.active[q]
        s.x[q] = s.rows[x_at + p]
        s.base_x[q] = s.base[p]
    for k in range(n_next):
        for q in range(count):
            s.base_next_x[k * stride + q] = s.base_next[k * stride + s.active[q]]
    for k in range(n_targets):
        for q in range(count):
            s.targets_x[k * stride + q] = s.targets[(first_target + k) * stride + s.active[q]]


@_jit
def _along_axis(s, alpha):  # type: ignore[no-untyped-def]
    """The loss with the weight in focus moved by alpha * STEP."""
    w = s.real[PLACE] + alpha * s.real[STEP]
    if not math.isfinite(w):
        return math.nan
    slot = s.focus[LOGGED] % LOG
    s.focus[LOGGED] += 1
    s.log_alpha[slot] = alpha
    row = slot * s.stride
    count = s.focus[ACTIVE]
    at = 0
    while at < count:
        left = count - at
        if left > 16 and s.widest >= 32:
            _search_32(s, w, at, row + at)
            at += 32
        elif left > 8 and s.widest >= 16:
            _search_16(s, w, at, row + at)
            at += 16
        else:
            _search_8(s, w, at, row + at)
            at += 8
    return _mean(s, s.real[STILL] + total_of(s.log_error, row, count))


@_jit
def _along_dense(s, alpha):  # type: ignore[no-untyped-def]
    """The loss at weights + alpha * dense[row]; the row is focus[WEIGHT]."""
    n = len(s.weights)
    first = s.focus[WEIGHT] * n
    for k in range(n):
        s.trial[k] = s.weights[k] + alpha * s.dense[first + k]
    return _full(s, s.trial)


@_jit
def _value(s, alpha):  # type: ignore[no-untyped-def]
    if s.focus[EVALUATIONS] >= s.focus[LIMIT]:
        raise Exhausted
    s.focus[EVALUATIONS] += 1
    if s.focus[LAYER] >= 0:
        return _along_axis(s, alpha)
    return _along_dense(s, alpha)


@_jit
def _ends(s):  # type: ignore[no-untyped-def]
    """Values at 0 and 1; the first is known up to rounding, and recomputed where that matters.

    It counts as an evaluation, as in SciPy.
    """
    if s.focus[EVALUATIONS] >= s.focus[LIMIT]:
        raise Exhausted
    s.focus[EVALUATIONS] += 1
    fa = s.real[VALUE]
    fb = _value(s, 1.0)
    if abs(fb - fa) <= 1e-12 * abs(fa):
        # a plateau must look like one: both values from the same sums
        s.focus[EVALUATIONS] -= 1
        fa = _value(s, 0.0)
    return 0.0, 1.0, fa, fb


_line_search = _jit(make_line_search(_value, _ends))


@_jit
def _accept_axis(s, alpha):  # type: ignore[no-untyped-def]
    """Move the weight in focus for good, its unit's activations and the samples' errors."""
    l, unit, stride = s.focus[LAYER], s.focus[UNIT], s.stride  # noqa: E741
    last = len(s.n_in) - 1
    w = s.real[PLACE] + alpha * s.real[STEP]
    if alpha == 0.0:
        return
    if not math.isfinite(alpha):
        s.weights[:] = math.nan  # SciPy adds alpha * 0 to every other weight
        return
    slot = -1
    for back in range(1, min(LOG, s.focus[LOGGED]) + 1):
        candidate = (s.focus[LOGGED] - back) % LOG
        if s.log_alpha[candidate] == alpha:
            slot = candidate
            break
    if slot < 0:
        slot = s.focus[LOGGED] % LOG
        _along_axis(s, alpha)
    for q in range(s.focus[ACTIVE]):
        s.error[s.active[q]] = s.log_error[slot * stride + q]
    s.weights[s.focus[WEIGHT]] = w
    x_at = (s.rows_at[l] + s.focus[INPUT]) * stride
    y_at = (s.rows_at[l + 1] + unit) * stride
    for at in range(0, stride, LANES):
        move_32(w, s.rows, x_at + at, s.base, at, s.rows, y_at + at)
    _activate(s.kind[l], s.scale, s.rows, y_at, stride)
    if l == last:
        for at in range(0, stride, LANES):
            row = unit * stride + at
            squares_32(s.rows, y_at + at, stride, 1, s.targets, row, stride, s.zero, 0,
                       s.error_of, row)


@_jit
def _search_axis(s, k, step, tol):  # type: ignore[no-untyped-def]
    l = 0  # noqa: E741
    while l + 1 < len(s.n_in) and k >= s.weight_at[l + 1]:
        l += 1  # noqa: E741
    unit, j = divmod(k - s.weight_at[l], s.n_in[l])
    _focus_weight(s, l, unit, j)
    s.real[STEP] = step
    alpha, value = _line_search(s, tol)
    _accept_axis(s, alpha)
    s.real[VALUE] = value


@_jit
def _search_dense(s, row, tol):  # type: ignore[no-untyped-def]
    """Search along a row of ``dense``; the row becomes the step taken."""
    n = len(s.weights)
    first = row * n
    some = False
    for k in range(n):
        if s.dense[first + k] != 0.0:
            some = True
    if not some:
        return 0.0
    s.focus[LAYER], s.focus[WEIGHT] = -1, row
    alpha, value = _line_search(s, tol)
    for k in range(n):
        s.weights[k] += alpha * s.dense[first + k]
    s.real[VALUE] = value
    return alpha


# --- entry points ---------------------------------------------------------------------------


@_jit
def evaluate(s, weights):  # type: ignore[no-untyped-def]
    """The loss at weights (n,)."""
    return _full(s, weights)


@_jit
def sweep(s, first, stop, tol):  # type: ignore[no-untyped-def]
    """Search along the directions first to stop - 1, in order; keep the largest decrease."""
    s.focus[LAYER] = -1
    for i in range(first, stop):
        before = s.real[VALUE]
        if s.dense_row[i] >= 0:
            _search_dense(s, s.dense_row[i], tol)
        elif s.length[i] != 0.0:
            _search_axis(s, s.axis[i], s.length[i], tol)
        if before - s.real[VALUE] > s.real[DELTA]:
            s.real[DELTA] = before - s.real[VALUE]
            s.focus[BEST] = i


@_jit
def search_row(s, row, tol):  # type: ignore[no-untyped-def]
    """Search along one row of ``dense``; returns how far."""
    return _search_dense(s, row, tol)


# --- the cache of compiled code -------------------------------------------------------------


def cache_folder() -> Path:
    """Where compiled code is kept; the name ends in a digest of what it was compiled from.

    The parent is the environment variable LATENTLAB_CACHE, else ``.cache/numba`` at the
    project's root. The digest covers this file, numba's version and the processor compiled for.
    """
    here = Path(__file__).resolve()
    given = os.environ.get("LATENTLAB_CACHE")
    parent = Path(given) if given else here.parents[2] / ".cache" / "numba"
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
        try:
            super().save_overload(sig, data)
        except OSError:
            pass


for _entry in (evaluate, sweep, search_row):
    _entry._cache = _FolderCache(_entry.py_func)
