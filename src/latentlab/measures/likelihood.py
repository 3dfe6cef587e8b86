"""Losses and likelihoods of image models, in nats an image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from latentlab.aliases import Array, Bytes, Numbers
from latentlab.models.image_model import Settings, Weights, encode, logits, scaled_single

AT_ONCE = 256
"""Codes decoded at a time: what is made of them stays in the processor's cache."""

_FACTORS = 16
"""Their product, of numbers from 1 to 2, is far from the largest float32."""


def cross_entropy(x: Numbers, log_odds: Numbers) -> Numbers:
    """Binary cross-entropy (...) in nats of (..., pixels): summed over the last axis.

    -x log p - (1 - x) log(1 - p) with p = sigmoid(l) is log(1 + exp(l)) - x l, which no l
    overflows. Gray levels x in (0, 1) are allowed: then it is no likelihood of a distribution
    over gray levels, and not comparable with figures on binarized images.
    """
    nats: Numbers = softplus_sum(log_odds) - np.einsum("...p,...p->...", x, log_odds)
    return nats


def softplus_sum(log_odds: Numbers) -> Numbers:
    """Sum over the last axis of log(1 + exp(l)), (...) of (..., pixels), in their precision.

    1 + exp(-|l|) is from 1 to 2, where rounding and the logarithm are good to the last digit or
    two of 1: in float32 to 1e-7 nats a pixel. Of ``_FACTORS`` of them one logarithm is taken, that
    of their product.
    """
    factors = np.abs(log_odds)
    np.exp(np.negative(factors, out=factors), out=factors)
    factors += 1
    whole = factors.shape[-1] // _FACTORS * _FACTORS
    shape = (*factors.shape[:-1], _FACTORS, whole // _FACTORS)
    products = np.multiply.reduce(factors[..., :whole].reshape(shape), axis=-2)
    sums: Numbers = np.log(products, out=products).sum(axis=-1)
    sums += np.log(factors[..., whole:]).sum(axis=-1)
    sums += np.maximum(log_odds, 0, out=factors).sum(axis=-1)
    return sums


def divergence(mean: Numbers, log_variance: Numbers) -> Numbers:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, (n,), of (n, latent): summed over units.

    -1/2 sum(1 + log_variance - mean^2 - exp(log_variance)): Kingma and Welling 2014, appendix B.
    """
    nats: Numbers = -0.5 * np.sum(1.0 + log_variance - mean**2 - np.exp(log_variance), axis=-1)
    return nats


@dataclass(frozen=True, eq=False)
class Losses:
    """The terms of each image's loss in nats, (n,) each; no KL of an autoencoder.

    reconstruction : cross-entropy of the gray levels, all pixels summed; of a VAE the mean over
        some codes of the image (the expectation that the published validation loss estimates with
        one code per image); of an autoencoder that of its code
    kl : divergence of the code's distribution from the prior, in closed form
    """

    reconstruction: Array
    kl: Array | None

    def bound(self) -> Array:
        """The negative evidence lower bound on gray levels, (n,), of a VAE."""
        assert self.kl is not None  # the caller has a VAE
        return self.reconstruction + self.kl

    def means(self, kl_weight: float) -> dict[str, float]:
        """Means over images: loss, reconstruction, and of a VAE kl and elbo.

        elbo : -(reconstruction + kl); loss : what training minimizes, reconstruction + kl_weight
        * kl
        """
        reconstruction = float(self.reconstruction.mean())
        if self.kl is None:
            return {"loss": reconstruction, "reconstruction": reconstruction}
        kl = float(self.kl.mean())
        loss = reconstruction + kl_weight * kl
        return {
            "loss": loss,
            "reconstruction": reconstruction,
            "kl": kl,
            "elbo": -reconstruction - kl,
        }


def evaluate(
    settings: Settings, weights: Weights, images: Bytes, samples: int = 10, seed: int = 0
) -> dict[str, float]:
    """Mean terms of the loss per image (n, height, width), in nats: see ``Losses``."""
    return losses(settings, weights, images, samples, seed).means(settings.kl_weight)


def losses(
    settings: Settings, weights: Weights, images: Bytes, samples: int = 10, seed: int = 0
) -> Losses:
    """Of images (n, height, width), a VAE's with ``samples`` codes each, drawn with ``seed``.

    In float32, which moves a mean by less than 1e-4 nats.
    """
    rng = np.random.default_rng(seed)
    reconstruction = np.zeros(len(images))
    kl = np.zeros(len(images)) if settings.variational else None
    for at in range(0, len(images), AT_ONCE):
        here = slice(at, at + AT_ONCE)
        x = scaled_single(images[here])
        mean, log_variance = encode(settings, weights, x)
        if kl is None or log_variance is None:
            reconstruction[here] = cross_entropy(x, logits(settings, weights, mean))
            continue
        noise = _normal(rng, (len(x), samples, settings.latent_units))
        z = mean[:, None] + np.exp(0.5 * log_variance)[:, None] * noise
        for draw in range(samples):
            nats = cross_entropy(x, logits(settings, weights, z[:, draw]))
            reconstruction[here] += nats.astype(np.float64) / samples
        kl[here] = divergence(mean, log_variance)
    return Losses(reconstruction, kl)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Normal draws in single precision, of double ones: single ones hang on the system's log1p."""
    return rng.standard_normal(shape).astype(np.float32)


def _chunks(images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for at in range(0, len(images), size):
        yield images[at : at + size]


def binarized(images: Bytes, seed: int) -> Bytes:
    """Images of 0 and 255, each pixel white with its gray level as probability, drawn once.

    Images are (images, height, width). Static binarization (Salakhutdinov and Murray 2008). The
    stream depends on the seed and the number of pixels before, so a prefix of the images has the
    prefix of the result.
    """
    draws = np.random.default_rng(seed).random(images.shape, np.float32)
    return np.where(draws * np.float32(255) < images, np.uint8(255), np.uint8(0))


@dataclass(frozen=True, eq=False)
class Bound:
    """An importance-sampled bound of each image, (n,) each.

    nats : on average an upper bound on the negative log-likelihood
    effective_samples : of so many equally heavy samples it would be as good an estimate: the
        squared sum of the weights over the sum of their squares (Kong 1992), from 1 to all
    """

    nats: Array
    effective_samples: Array


def importance_bound(
    settings: Settings, weights: Weights, images: Bytes, samples: int, seed: int
) -> Bound:
    """Importance-sampled negative log-likelihood of images (n, height, width), in nats.

    -log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) with K ``samples`` codes z_k from q(z|x) (Rezende,
    Mohamed and Wierstra 2014; Burda, Grosse and Salakhutdinov 2016): on average an upper bound
    that falls to the true value as K grows, and with K = 1 the negative ELBO. A likelihood on
    binarized images only; on gray levels it is the tighter form of the gray-level ELBO.
    Raises ValueError for an autoencoder, which gives images no probability.
    """
    if not settings.variational:
        raise ValueError("an autoencoder has no likelihood")
    rng = np.random.default_rng(seed)
    chunks = _chunks(images, max(1, AT_ONCE // samples))
    log_weights = [_log_weights(settings, weights, chunk, samples, rng) for chunk in chunks]
    w = np.concatenate(log_weights)
    nats = math.log(samples) - logsumexp(w, axis=1)
    effective = np.exp(2 * logsumexp(w, axis=1) - logsumexp(2 * w, axis=1))
    return Bound(nats, effective)


def _log_weights(
    settings: Settings, weights: Weights, images: Bytes, samples: int, rng: np.random.Generator
) -> Array:
    """Log of p(x|z) p(z) / q(z|x), (n, samples), at codes drawn from q."""
    x = scaled_single(images)
    mean, log_variance = encode(settings, weights, x)
    assert log_variance is not None  # the caller has refused autoencoders
    noise = _normal(rng, (len(x), samples, settings.latent_units))
    z = mean[:, None] + np.exp(0.5 * log_variance)[:, None] * noise
    log_odds = logits(settings, weights, z.reshape(-1, settings.latent_units))
    log_likelihood = -cross_entropy(x[:, None], log_odds.reshape(len(x), samples, -1))
    # the normalizing constants of prior and q are equal and cancel
    log_prior = -0.5 * (z**2).sum(axis=-1)
    log_q = -0.5 * (noise**2 + log_variance[:, None]).sum(axis=-1)
    return np.asarray(log_likelihood + log_prior - log_q, np.float64)
