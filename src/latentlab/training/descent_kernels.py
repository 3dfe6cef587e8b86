# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""Gradient descent, compiled: full-batch rules, or backpropagation sample by sample.

``run`` is the one entry point of all trainings by gradient, so that all is compiled once.
"""

from __future__ import annotations

from latentlab import arithmetic
from latentlab.training.compiled import entry, jit
from latentlab.training.gradient_kernels import (
    DECAYED,
    DECAYED_TWICE,
    GRADIENT,
    POINT,
    RATE,
    SAMPLES,
    SLOTS,
    WEIGHTS,
    Problem,
    gradient,
    loss_and_gradient,
    squared_error,
    visit,
)
from latentlab.training.lbfgs_kernels import minimize
from latentlab.training.vectors import LANES, instruction

with arithmetic.apart():
    import numba
    from numba.core import types

ADAM = (0.9, 0.999, 1e-8)
"""Decay of the first and second moment and epsilon (Kingma and Ba 2015, algorithm 1)."""

RMSPROP = (0.9, 1e-8)
"""Decay of the mean square (Tieleman and Hinton 2012, lecture 6.5) and the usual epsilon."""


def _adam(gradient, mean, square, rate, decayed):
    first, second, epsilon = (gradient.constant(number) for number in ADAM)
    one = gradient.constant(1.0)
    mean = first * mean + (one - first) * gradient
    square = second * square + (one - second) * gradient * gradient
    # the same for all weights: computed once an epoch
    step, correction = rate / (one - decayed[0]), one / (one - decayed[1])
    return step * mean / ((square * correction).sqrt() + epsilon), mean, square


def _rmsprop(gradient, square, unused, rate, decayed):
    decay, epsilon = (gradient.constant(number) for number in RMSPROP)
    square = decay * square + (gradient.constant(1.0) - decay) * gradient * gradient
    return rate * gradient / (square.sqrt() + epsilon), square, unused


RULES = {"adam": _adam, "rmsprop": _rmsprop}
"""Each rule makes of a gradient and two memories, zeros at the start, what is taken from the
weights, and the new memories. All are ``vectors.Vector``, and so are the learning rate and
``decayed``: the decays of Adam to the power of the epochs so far, this one included."""

BY_SAMPLE, VALUE_AND_GRADIENT, ERROR, LBFGS = -1, -2, -3, -4
"""Tasks of ``run`` besides the rules, whose codes are their places in ``RULES``."""


def _emit_update(e, rule, blocks, weights, gradient, first, second, rate, decayed, twice):
    """A step of the weights by a rule, in blocks of LANES."""
    builder = e.builder
    numbers = [e.splat(number, LANES) for number in (rate, decayed, twice)]
    for code, function in enumerate(RULES.values()):

        def body(block, none, function=function):
            offset = builder.mul(block, e.integer(LANES))
            places = [e.index(at, offset) for at in (weights, gradient, first, second)]
            now, slope, *memories = (e.load(place, LANES) for place in places)
            change, *memories = function(slope, *memories, numbers[0], numbers[1:])
            e.store(places[0], now - change)
            for place, memory in zip(places[2:], memories, strict=True):
                e.store(place, memory.without_tiny())
            return []

        with builder.if_then(builder.icmp_signed("==", rule, e.integer(code))):
            e.loop(blocks, [], body)


update = instruction(_emit_update, "iiiiiifff")


@jit
def _by_rule(s, rule):
    """A full-batch step."""
    f, at = s.f, s.at
    gradient(s)
    f[DECAYED] *= ADAM[0]
    f[DECAYED_TWICE] *= ADAM[1]
    slots, blocks = at[SLOTS], at[WEIGHTS] // LANES
    update(
        f, rule, blocks, at[POINT], at[GRADIENT], slots, slots + at[WEIGHTS],
        f[RATE], f[DECAYED], f[DECAYED_TWICE],
    )  # fmt: skip


@jit
def _descend(s, rule, epochs):
    """So many epochs, with the learning rates and the orders that ``s`` has for them."""
    for epoch in range(epochs):
        s.f[RATE] = s.rates[epoch]
        if rule == BY_SAMPLE:
            for k in range(s.at[SAMPLES]):
                visit(s, s.orders[epoch, k])
        else:
            _by_rule(s, rule)


@entry
def run(s, task, epochs):
    """Train for some epochs, by a rule's code or BY_SAMPLE; or what the other tasks say.

    Returns the error (ERROR), else 0; LBFGS returns as ``lbfgs_kernels.minimize``.
    """
    if task == ERROR:
        return squared_error(s)
    if task == VALUE_AND_GRADIENT:
        loss_and_gradient(s)
    elif task == LBFGS:
        return float(minimize(s, epochs))
    else:
        _descend(s, task, epochs)
    return 0.0


def compile_for(problem: Problem) -> None:
    """Compile for the types of a problem, or load from the cache."""
    run.compile((numba.typeof(problem), types.int64, types.int64))
