"""The best normal distribution of an image, against posteriors that are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from latentlab.measures import inference, quadrature

PRIOR = np.eye(2)  # the precision of its codes


def quadratic(precision, mode):
    """A decoder of one pixel: where exp(l) is tiny, log p(x|z) of a white pixel is l itself."""

    def decoder(z):
        off = z.astype(float) - mode
        return (-0.5 * np.einsum("ni,ij,nj->n", off, precision, off) - 40.0)[:, None].astype("f4")

    return decoder


def posterior(precision, mode):
    """Of ``quadratic``: precision (2, 2), mean (2,), log p(x) of the white pixel."""
    whole = precision + PRIOR
    mean = np.linalg.solve(whole, precision @ mode)
    log = -40.0 - 0.5 * math.log(np.linalg.det(whole))
    return whole, mean, log - 0.5 * mode @ precision @ np.linalg.solve(whole, mode)


def fitted(decoder, x, encoded):
    """The best normal distributions, and their bounds by many draws."""
    q = inference.best_normal(decoder, x, *encoded)
    return q, inference.bound(decoder, x, q, 2000, np.random.default_rng(0))


FAR = np.array([[3.0, -3.0]]), np.zeros((1, 2))  # an encoder that is badly wrong


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.8])
def test_the_gap_of_a_correlated_posterior_is_known(correlation):
    """Of independent units the best precisions are the diagonal; what is lost is a determinant."""
    precision = 400.0 * np.array([[1.0, correlation], [correlation, 1.0]])
    decoder, mode = quadratic(precision, np.array([0.7, -1.3])), np.array([0.7, -1.3])
    whole, center, log = posterior(precision, mode)
    (mean, log_variance), reached = fitted(decoder, np.ones((1, 1)), FAR)
    np.testing.assert_allclose(mean[0], center, atol=0.01)
    np.testing.assert_allclose(np.exp(-log_variance[0]), np.diag(whole), rtol=0.05)
    gap = 0.5 * (np.log(np.diag(whole)).sum() - np.linalg.slogdet(whole)[1])
    assert log - reached[0] == pytest.approx(gap, abs=0.06)


def test_the_better_of_two_places_is_found():
    """An encoder that points at the lower one is not followed; one that is right is kept."""
    heights = {(-2.0, 0.0): -40.0, (2.0, 1.0): -33.0}

    def decoder(z):
        at = [h - 200.0 * ((z - place) ** 2).sum(axis=1) for place, h in heights.items()]
        return np.maximum(*at)[:, None].astype("f4")

    x = np.ones((2, 1))
    encoded = np.array([[-2.0, 0.0], [2.0, 1.0]]), np.full((2, 2), -6.0)
    (mean, _), reached = fitted(decoder, x, encoded)
    np.testing.assert_allclose(mean, [[2.0, 1.0]] * 2, atol=0.02)
    assert reached == pytest.approx([reached[0]] * 2, abs=0.1)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
def test_the_bound_lies_between_the_encoders_and_the_exact_likelihood(seed):
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(size=(2, 30)) * 2, rng.normal(size=30)
    z = rng.normal(size=(20, 2))
    x = (rng.random((20, 30)) < expit(z @ weights + bias)).astype(float)

    def decoder(codes):
        return codes.astype("f4") @ weights.astype("f4") + bias.astype("f4")

    encoded = rng.normal(size=(20, 2)), rng.uniform(-3, 0, (20, 2))
    _, best = fitted(decoder, x, encoded)
    first = inference.bound(decoder, x, encoded, 2000, np.random.default_rng(0))
    exact = -quadrature.evidence(decoder, x, z, 6.0, 0.01).nats
    assert (best <= exact + 0.1).all()
    assert (best >= first - 0.1).all()
    assert (exact - best).mean() < 0.2  # near a normal distribution: little is lost
