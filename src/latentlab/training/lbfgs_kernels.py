# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""L-BFGS, compiled: the method of L-BFGS-B 3.0 (Zhu and others 1997) where there are no bounds.

The steps are those of SciPy's L-BFGS-B but for rounding. Its direction is computed by two loops
over the kept pairs (Nocedal and Wright 2006, algorithm 7.4, with the matrix at the start of
equation 7.20), its step by the line search of More and Thuente (1994, "Line search algorithms with
guaranteed sufficient decrease"), which ends where the strong Wolfe conditions hold. What starts
anew, and when it stops, is as in L-BFGS-B's ``mainlb``.
"""

from __future__ import annotations

import math

from llvmlite import ir

from latentlab import arithmetic
from latentlab.training.compiled import jit
from latentlab.training.gradient_kernels import (
    BLOCK,
    CHANGES,
    DIRECTION,
    FTOL,
    GAMMA,
    GRADIENT,
    GRADIENTS,
    GTOL,
    ITERATIONS,
    LIMIT,
    MEMORY,
    NEWEST,
    PAIRS,
    POINT,
    PRODUCTS,
    SHARES,
    SLOPE,
    START,
    START_GRADIENT,
    START_VALUE,
    STEPS,
    VALUE,
    WEIGHTS,
    loss_and_gradient,
)
from latentlab.training.vectors import instruction, never_inline

with arithmetic.apart():
    from numba.core import types

GOING, CONVERGED, EXHAUSTED = 0, 1, 2
"""What ``minimize`` returns: all iterations done, none possible, the allowed gradients spent."""

FOUND, FAILED, SPENT = 0, 1, 2
"""How a line search ends."""

SUFFICIENT, CURVATURE, NARROW, FARTHEST, TRIALS = 1e-3, 0.9, 0.1, 1e10, 20
"""Constants of L-BFGS-B's line search: a step is taken that lowers the loss by this share of what
the slope promises and leaves at most that share of the slope; of two ends this near each other,
relatively, the better one. The longest step, and the gradients a search may take."""

EPSILON = 2.0**-52


# --- vectors as long as the weights -----------------------------------------------------------


def _emit_dot(e, blocks, a, b):
    """Sum of a b in BLOCK lanes, then halves onto halves."""

    def body(block, sums):
        offset = e.builder.mul(block, e.integer(BLOCK))
        vectors = [e.load(e.index(at, offset), BLOCK) for at in (a, b)]
        return [vectors[0].fma(vectors[1], sums[0])]

    total = e.loop(blocks, [e.zero(BLOCK)], body)[0].total().value
    return e.builder.extract_element(total, ir.Constant(ir.IntType(32), 0))


def _emit_add(e, blocks, factor, x, y, to):
    """to = factor x + y"""

    def body(block, none):
        offset = e.builder.mul(block, e.integer(BLOCK))
        x_block, y_block = (e.load(e.index(at, offset), BLOCK) for at in (x, y))
        total = e.splat(factor, BLOCK).fma(x_block, y_block)
        e.store(e.index(to, offset), total)
        return []

    e.loop(blocks, [], body)


dot_blocks = instruction(_emit_dot, "iii", types.float64)
add_blocks = instruction(_emit_add, "ifiii")


@jit
def _dot(s, a, b):
    never_inline(s.f)
    return dot_blocks(s.f, s.at[WEIGHTS] // BLOCK, a, b)


@jit
def _add(s, factor, x, y, to):
    never_inline(s.f)
    add_blocks(s.f, s.at[WEIGHTS] // BLOCK, factor, x, y, to)


@jit
def _scale(s, factor, x, to):
    """to = factor x"""
    for k in range(s.at[WEIGHTS]):
        s.f[to + k] = factor * s.f[x + k]


@jit
def _flat(s):
    """Whether no element of the gradient is above GTOL."""
    f, at = s.f, s.at
    k, end = at[GRADIENT], at[GRADIENT] + at[WEIGHTS]
    while k < end and abs(f[k]) <= f[GTOL]:
        k += 1
    return k == end


# --- the direction ----------------------------------------------------------------------------


@jit
def _pair(s, back):
    """Of the pair that is ``back`` before the newest: its number, its step, its change."""
    at = s.at
    pair = (at[NEWEST] - back) % at[MEMORY]
    offset = pair * at[WEIGHTS]
    return pair, at[STEPS] + offset, at[CHANGES] + offset


@jit
def _direct(s):
    """DIRECTION = -H g, by the pairs that are kept: algorithm 7.4."""
    f, at = s.f, s.at
    d = at[DIRECTION]
    _scale(s, -1.0, at[GRADIENT], d)
    if at[PAIRS] == 0:
        return
    for back in range(at[PAIRS]):
        pair, step, change = _pair(s, back)
        share = f[at[PRODUCTS] + pair] * _dot(s, step, d)
        f[at[SHARES] + pair] = share
        _add(s, -share, change, d, d)
    _scale(s, f[GAMMA], d, d)
    for back in range(at[PAIRS] - 1, -1, -1):
        pair, step, change = _pair(s, back)
        share = f[at[SHARES] + pair] - f[at[PRODUCTS] + pair] * _dot(s, change, d)
        _add(s, share, step, d, d)


@jit
def _remember(s, first_slope, length):
    """Keep the step and the change of the gradient, unless the curvature is not positive.

    first_slope : of the loss along the direction where the search started; length : of the step
    """
    f, at = s.f, s.at
    curvature = (f[SLOPE] - first_slope) * length
    if curvature <= EPSILON * -first_slope * length:
        return
    at[NEWEST] = (at[NEWEST] + 1) % at[MEMORY]
    at[PAIRS] = min(at[PAIRS] + 1, at[MEMORY])
    pair, step, change = _pair(s, 0)
    _scale(s, length, at[DIRECTION], step)
    _add(s, -1.0, at[START_GRADIENT], at[GRADIENT], change)
    f[at[PRODUCTS] + pair] = 1.0 / curvature
    f[GAMMA] = curvature / _dot(s, change, change)


# --- the step ---------------------------------------------------------------------------------


@jit
def _cubic(a, b):
    """Where the cubic through two trials has its minimum, as the share of the way from a to b.

    A trial is (length, loss, slope) (More and Thuente 1994, section 4). The second number says
    whether there is one.
    """
    theta = 3.0 * (a[1] - b[1]) / (b[0] - a[0]) + a[2] + b[2]
    size = max(abs(theta), abs(a[2]), abs(b[2]))
    root = size * math.sqrt(max(0.0, (theta / size) ** 2 - (a[2] / size) * (b[2] / size)))
    if b[0] < a[0]:
        root = -root
    return ((root - a[2]) + theta) / (((root - a[2]) + root) + b[2]), root != 0.0


@jit
def _far(best, trial, other, bracketed, low, high):
    """The next length where the loss falls on past the trial, ever less steeply."""
    share, exists = _cubic(trial, best)
    way = best[0] - trial[0]
    if share < 0.0 and exists:
        cubic = trial[0] + share * way
    else:
        cubic = high if trial[0] > best[0] else low
    secant = trial[0] + trial[2] / (trial[2] - best[2]) * way
    nearer = abs(cubic - trial[0]) < abs(secant - trial[0])
    if not bracketed:
        return min(max(secant if nearer else cubic, low), high)
    length = cubic if nearer else secant
    bound = trial[0] + 0.66 * (other[0] - trial[0])
    return min(bound, length) if trial[0] > best[0] else max(bound, length)


@jit
def _next(best, trial, other, bracketed, low, high):
    """The length to try next, by the four cases of More and Thuente 1994, section 4.

    best, other : the ends of the interval, the first with the lower loss; low, high : bounds
    """
    way = best[0] - trial[0]
    if trial[1] > best[1]:
        share, _ = _cubic(best, trial)
        cubic = best[0] - share * way
        fall = (best[1] - trial[1]) / -way + best[2]
        quadratic = best[0] - best[2] / fall / 2.0 * way
        if abs(cubic - best[0]) <= abs(quadratic - best[0]):
            return cubic
        return cubic + (quadratic - cubic) / 2.0
    if trial[2] * best[2] < 0.0:
        share, _ = _cubic(trial, best)
        cubic = trial[0] + share * way
        secant = trial[0] + trial[2] / (trial[2] - best[2]) * way
        return cubic if abs(cubic - trial[0]) > abs(secant - trial[0]) else secant
    if abs(trial[2]) < abs(best[2]):
        return _far(best, trial, other, bracketed, low, high)
    if bracketed:
        share, _ = _cubic(trial, other)
        return trial[0] + share * (other[0] - trial[0])
    return high if trial[0] > best[0] else low


@jit
def _tilted(trial, slope):
    """A trial of the loss less the line of that slope."""
    return trial[0], trial[1] - trial[0] * slope, trial[2] - slope


@jit
def _try(s, length):
    """Loss and gradient so far along the direction; False where none is allowed any more."""
    f, at = s.f, s.at
    if at[GRADIENTS] >= at[LIMIT]:
        return False
    at[GRADIENTS] += 1
    _add(s, length, at[DIRECTION], at[START], at[POINT])
    loss_and_gradient(s)
    f[SLOPE] = _dot(s, at[GRADIENT], at[DIRECTION])
    return True


@jit
def _search(s, first_slope, length):
    """More and Thuente's line search from START; how it ends, and the length of the step."""
    f = s.f
    wanted = SUFFICIENT * first_slope
    best = other = (0.0, f[START_VALUE], first_slope)
    bracketed, tilt = False, True
    low, high, width, width_before = 0.0, 5.0 * length, FARTHEST, 2.0 * FARTHEST
    for _ in range(TRIALS):
        if not _try(s, length):
            return SPENT, length
        trial = (length, f[VALUE], f[SLOPE])
        enough = trial[1] <= f[START_VALUE] + length * wanted
        if tilt and enough and trial[2] >= 0.0:
            tilt = False
        narrow = bracketed and (length <= low or length >= high or high - low <= NARROW * high)
        longest = length == FARTHEST and enough and trial[2] <= wanted
        if narrow or longest or (enough and abs(trial[2]) <= CURVATURE * -first_slope):
            return FOUND, length
        # before the loss was low enough, the search is for the minimum of its distance to a line
        line = wanted if tilt and trial[1] <= best[1] and not enough else 0.0
        b, t, o = _tilted(best, line), _tilted(trial, line), _tilted(other, line)
        length = _next(b, t, o, bracketed, low, high)
        bracketed = bracketed or t[1] > b[1] or t[2] * b[2] < 0.0
        if t[1] > b[1]:
            other = trial
        else:
            if t[2] * b[2] < 0.0:
                other = best
            best = trial
        if bracketed:
            if abs(other[0] - best[0]) >= 0.66 * width_before:
                length = best[0] + 0.5 * (other[0] - best[0])
            width_before, width = width, abs(other[0] - best[0])
            low, high = min(best[0], other[0]), max(best[0], other[0])
        else:
            low, high = length + 1.1 * (length - best[0]), length + 4.0 * (length - best[0])
        length = min(max(length, 0.0), FARTHEST)
        if bracketed and (length <= low or length >= high or high - low <= NARROW * high):
            length = best[0]
    return FAILED, length


# --- the method -------------------------------------------------------------------------------


@jit
def _leave(s):
    """Note where a search starts."""
    f, at = s.f, s.at
    _scale(s, 1.0, at[POINT], at[START])
    _scale(s, 1.0, at[GRADIENT], at[START_GRADIENT])
    f[START_VALUE] = f[VALUE]


@jit
def _return(s):
    """Go back there."""
    f, at = s.f, s.at
    _scale(s, 1.0, at[START], at[POINT])
    _scale(s, 1.0, at[START_GRADIENT], at[GRADIENT])
    f[VALUE] = f[START_VALUE]


@jit
def _step(s):
    """A search along the direction of the kept pairs; the step is remembered. How it ended."""
    at = s.at
    _leave(s)
    _direct(s)
    first_slope = _dot(s, at[GRADIENT], at[DIRECTION])
    length = 1.0
    if at[ITERATIONS] == 0:
        length = min(1.0 / math.sqrt(_dot(s, at[DIRECTION], at[DIRECTION])), FARTHEST)
    outcome = FAILED
    if first_slope < 0.0:
        outcome, length = _search(s, first_slope, length)
    if outcome == FOUND:
        _remember(s, first_slope, length)
    else:
        _return(s)
    return outcome


@jit
def minimize(s, iterations):
    """Up to so many iterations from the point, or from where the last call ended.

    A search that fails starts anew along the gradient; where that fails too, and where an iteration
    lowers the loss by less than FTOL or the gradient is flat, it has CONVERGED. Where a search is
    not done when the gradients are spent, the weights are those before it.
    """
    f, at = s.f, s.at
    if at[GRADIENTS] == 0:
        _leave(s)
        if not _try(s, 0.0):
            return EXHAUSTED
        if _flat(s):
            return CONVERGED
    done = 0
    while done < iterations:
        outcome = _step(s)
        if outcome == SPENT:
            return EXHAUSTED
        if outcome == FAILED:
            if at[PAIRS] == 0:
                return CONVERGED
            at[PAIRS] = 0
            continue
        done += 1
        at[ITERATIONS] += 1
        scale = max(abs(f[START_VALUE]), abs(f[VALUE]), 1.0)
        if _flat(s) or f[START_VALUE] - f[VALUE] <= f[FTOL] * scale:
            return CONVERGED
    return GOING
