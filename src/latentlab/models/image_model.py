"""The image autoencoders in NumPy: coding and decoding, for figures and measures.

Variational and plain, one family. The published model (Keras' own example of 2016): pixels in
[0, 1]; encoder 784 -> 256 ReLU -> mean 2 and log-variance 2; decoder 2 -> 256 ReLU -> 784 sigmoid.
``training.image_training`` trains them.

Weights are a dictionary of float32 arrays, kernels (units in, units out):
'encoder/dense_0/kernel', 'encoder/dense_0/bias', ..., 'encoder/mean/kernel',
'encoder/log_variance/kernel' (variational only), 'decoder/dense_0/kernel', ...,
'decoder/output/kernel'.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from latentlab.data.images import Bytes

Array = NDArray[np.float64]


Weights = dict[str, np.ndarray]


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda h: np.maximum(h, 0.0),
    "gelu": lambda h: 0.5 * h * (1.0 + erf(h / math.sqrt(2.0))),
    "silu": lambda h: h * expit(h),
    "tanh": np.tanh,
}
"""Hidden activations, as Keras defines those of the same names."""


_CHOICES = {
    "model": ("vae", "autoencoder"),
    "activation": tuple(ACTIVATIONS),
    "variance": ("free", "bounded"),
    "optimizer": ("rmsprop", "adam"),
    "schedule": ("constant", "cosine"),
}


@dataclass(frozen=True)
class Settings:
    """One member of the family and how it is trained.

    model : "vae", or "autoencoder": the same network, its code the mean alone, no KL term
    encoder, decoder : units of the hidden layers of each, input side first
    latent : latent units
    activation : of all hidden layers, a key of ``ACTIVATIONS``
    variance : of a code: "free", the exponential of the encoder's output, or "bounded", its
        logistic function: below 1, the prior's, which no useful code exceeds, and equal to the
        exponential where it is small; one far image cannot make it overflow. No meaning for an
        autoencoder
    input_dropout : share of the encoder's inputs set to 0 in training, in steps of 1/256, the
        others scaled up for it: keeps a deep encoder from learning its training images by heart
    optimizer : "rmsprop" (rho 0.9; 1e-14 added under the root) or "adam" (0.9, 0.999; 1e-7 added
        to the root)
    learning_rate : at the start
    schedule : "constant", or "cosine": down to 0 at the last step, half a period
    beta : weight of the KL term (1: the evidence lower bound); no meaning for an autoencoder
    kl_warmup : epochs over which that weight rises linearly from 0, step by step; 0 for none
    epochs : passes over the training images, each in an order of its own
    batch_size : images per step; the last batch of an epoch takes the rest
    """

    model: str
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    latent: int
    activation: str
    variance: str
    input_dropout: float
    optimizer: str
    learning_rate: float
    schedule: str
    beta: float
    kl_warmup: int
    epochs: int
    batch_size: int

    def __post_init__(self) -> None:
        """Raise ValueError naming the setting that is not possible, and what is."""
        for part in ("encoder", "decoder"):
            object.__setattr__(self, part, tuple(getattr(self, part)))
            if not all(_whole(units, 1) for units in getattr(self, part)):
                self._refuse(part, "whole numbers from 1")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                self._refuse(name, f"one of {', '.join(choices)}")
        for name, least in {"latent": 1, "kl_warmup": 0, "epochs": 1, "batch_size": 1}.items():
            if not _whole(getattr(self, name), least):
                self._refuse(name, f"a whole number from {least}")
        if not 0.0 < self.learning_rate < math.inf:
            self._refuse("learning_rate", "a positive number")
        if not 0.0 <= self.input_dropout <= 0.9:
            self._refuse("input_dropout", "a number from 0 to 0.9")
        if not 0.0 <= self.beta < math.inf:
            self._refuse("beta", "a number from 0")

    def _refuse(self, name: str, possible: str) -> None:
        raise ValueError(f"{name}: {possible} expected, {getattr(self, name)!r} given")

    @property
    def variational(self) -> bool:
        """Whether the code is sampled and has a KL term."""
        return self.model == "vae"


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def scaled(images: Bytes) -> Array:
    """Images (n, height, width) or (n, pixels) of 0..255 as (n, pixels) of [0, 1]."""
    return images.reshape(len(images), -1) / 255.0


def encode(settings: Settings, weights: Weights, x: Array) -> tuple[Array, Array | None]:
    """Mean and log-variance (n, latent) of the codes of inputs (n, pixels) in [0, 1].

    An autoencoder's code is the mean; its log-variance is None.
    """
    h = _hidden(settings, weights, "encoder", x)
    mean = _dense(weights, "encoder/mean", h)
    if not settings.variational:
        return mean, None
    output = _dense(weights, "encoder/log_variance", h)
    return mean, output if settings.variance == "free" else -np.logaddexp(0.0, -output)


def logits(settings: Settings, weights: Weights, z: Array) -> Array:
    """Log-odds (n, pixels) that the decoder gives for codes (n, latent)."""
    return _dense(weights, "decoder/output", _hidden(settings, weights, "decoder", z))


def decode(settings: Settings, weights: Weights, z: Array) -> Array:
    """Images (n, pixels) in [0, 1] of codes (n, latent)."""
    images: Array = expit(logits(settings, weights, z))
    return images


def _hidden(settings: Settings, weights: Weights, part: str, h: Array) -> Array:
    for index in range(len(getattr(settings, part))):
        h = ACTIVATIONS[settings.activation](_dense(weights, f"{part}/dense_{index}", h))
    return h


def _dense(weights: Weights, layer: str, h: Array) -> Array:
    # in float64: what is measured then has none of the rounding that training lives with
    kernel, bias = (weights[f"{layer}/{kind}"].astype(np.float64) for kind in ("kernel", "bias"))
    outputs: Array = h @ kernel + bias
    return outputs
