"""Products of matrices in JAX, the same to the byte on every processor, and so their gradients.

Measured under emulated caches (tests/workflow/test_processors.py): what XLA makes of a @ b and of
a @ b.T hangs on none of them; what it makes of a.T @ b does. Sums of more than about 300 terms are
cut by the caches' sizes, and the last rows of a piece are rounded otherwise. So a transposed first
factor is made a matrix of its own before the product.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any


@cache
def product() -> Any:
    """Function of a (..., m) and b (m, n) that gives a @ b, in JAX, and its gradients.

    JAX is imported here, as ``latentlab.arithmetic`` pins it.
    """
    jax = importlib.import_module("jax")
    # without it XLA turns the product of a transposed copy back into one of the factor itself, and
    # a product that is transposed afterwards into one of transposed factors
    barrier = jax.lax.optimization_barrier

    def forward(a: Any, b: Any) -> tuple[Any, tuple[Any, Any]]:
        return a @ b, (a, b)

    def backward(factors: tuple[Any, Any], gradient: Any) -> tuple[Any, Any]:
        a, b = factors
        rows, slopes = (m.reshape(-1, m.shape[-1]) for m in (a, gradient))
        return gradient @ b.T, barrier(barrier(rows.T) @ slopes)

    multiplied = jax.custom_vjp(lambda a, b: a @ b)
    multiplied.defvjp(forward, backward)
    return multiplied
