"""Products and their gradients, against those of JAX itself."""

import numpy as np
import pytest

import latentlab  # noqa: F401 (before JAX: it pins how libraries compute)
from latentlab.training.products import product

# isort: split
import jax


@pytest.mark.parametrize("shape", [(7,), (5, 3), (1, 1), (0, 3), (2, 6, 6, 3), (300, 784)])
def test_a_product_and_its_gradients_are_those_of_jax(shape):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=size).astype("f4") for size in (shape, (shape[-1], 4)))
    given = rng.normal(size=(*shape[:-1], 4)).astype("f4")
    ours, of_ours = jax.vjp(jax.jit(product()), a, b)
    theirs, of_theirs = jax.vjp(lambda a, b: a @ b, a, b)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)
    for gradient, expected in zip(of_ours(given), of_theirs(given), strict=True):
        assert gradient.shape == expected.shape
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-4)
