"""Losses and likelihoods of image models, in nats an image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import logsumexp

from latentlab.aliases import Array, Bytes
from latentlab.models import image_model
from latentlab.models.image_model import Settings, Weights, encode, logits, scaled


def cross_entropy(x: Array, log_odds: Array) -> Array:
    """Binary cross-entropy (...) in nats of (..., pixels): summed over the last axis.

    -x log p - (1 - x) log(1 - p) with p = sigmoid(l) is log(1 + exp(l)) - x l, which no l
    overflows. Gray levels x in (0, 1) are allowed: then it is no likelihood of a distribution
    over gray levels, and not comparable with figures on binarized images.
    """
    softplus = np.maximum(log_odds, 0.0) + np.log1p(np.exp(-np.abs(log_odds)))
    nats: Array = softplus.sum(axis=-1) - np.einsum("...p,...p->...", x, log_odds)
    return nats


def divergence(mean: Array, log_variance: Array) -> Array:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, (n,), of (n, latent): summed over units.

    -1/2 sum(1 + log_variance - mean^2 - exp(log_variance)): Kingma and Welling 2014, appendix B.
    """
    nats: Array = -0.5 * np.sum(1.0 + log_variance - mean**2 - np.exp(log_variance), axis=-1)
    return nats


def evaluate(
    settings: Settings, weights: Weights, images: Bytes, samples: int = 10, seed: int = 0
) -> dict[str, float]:
    """Mean per image (n, height, width), in nats: loss, reconstruction, and of a VAE KL and ELBO.

    reconstruction : cross-entropy of the gray levels, all pixels summed; of a VAE the mean over
        ``samples`` codes per image, drawn with ``seed`` (the expectation that the published
        validation loss estimates with one code per image); of an autoencoder that of its code
    kl : divergence of the code's distribution from the prior, in closed form
    elbo : -(reconstruction + kl), the evidence lower bound on gray levels
    loss : what training minimizes, reconstruction + kl_weight * kl
    """
    rng = np.random.default_rng(seed)
    totals = {"reconstruction": 0.0, "kl": 0.0}
    for chunk in _chunks(images, 500):
        x = scaled(chunk)
        mean, log_variance = encode(settings, weights, x)
        if log_variance is None:
            totals["reconstruction"] += cross_entropy(x, logits(settings, weights, mean)).sum()
            continue
        noise = rng.standard_normal((len(x), samples, settings.latent_units))
        z = mean[:, None] + np.exp(0.5 * log_variance)[:, None] * noise
        for draw in range(samples):
            terms = cross_entropy(x, logits(settings, weights, z[:, draw]))
            totals["reconstruction"] += terms.sum() / samples
        totals["kl"] += divergence(mean, log_variance).sum()
    reconstruction, kl = (float(total / len(images)) for total in totals.values())
    if not settings.variational:
        return {"loss": reconstruction, "reconstruction": reconstruction}
    loss = reconstruction + settings.kl_weight * kl
    return {"loss": loss, "reconstruction": reconstruction, "kl": kl, "elbo": -reconstruction - kl}


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


def negative_log_likelihood(
    settings: Settings, weights: Weights, images: Bytes, samples: int, seed: int
) -> Array:
    """Importance-sampled negative log-likelihood (n,) of images (n, height, width), in nats.

    -log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) with K ``samples`` codes z_k from q(z|x) (Rezende,
    Mohamed and Wierstra 2014; Burda, Grosse and Salakhutdinov 2016): on average an upper bound
    that falls to the true value as K grows, and with K = 1 the negative ELBO. A likelihood on
    binarized images only; on gray levels it is the tighter form of the gray-level ELBO.
    Raises ValueError for an autoencoder, which gives images no probability.
    """
    if not settings.variational:
        raise ValueError("an autoencoder has no likelihood")
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [_importance(settings, weights, image[None], samples, rng) for image in images]
    )


def _importance(
    settings: Settings, weights: Weights, image: Bytes, samples: int, rng: np.random.Generator
) -> Array:
    x = image_model.scaled(image)
    mean, log_variance = image_model.encode(settings, weights, x)
    assert log_variance is not None  # the caller has refused autoencoders
    noise = rng.standard_normal((samples, settings.latent_units))
    z = mean + np.exp(0.5 * log_variance) * noise
    log_likelihood = -cross_entropy(x, image_model.logits(settings, weights, z))
    # the normalizing constants of prior and q are equal and cancel
    log_prior = -0.5 * (z**2).sum(axis=1)
    log_q = -0.5 * (noise**2 + log_variance).sum(axis=1)
    total = logsumexp(log_likelihood + log_prior - log_q)
    return np.array([math.log(samples) - total])
