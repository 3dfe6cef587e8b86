"""The image autoencoders in NumPy: coding and decoding, for figures and measures.

Variational and plain, one family. The published model (Keras' own example of 2016): pixels in
[0, 1]; encoder 784 -> 256 ReLU -> mean 2 and log-variance 2; decoder 2 -> 256 ReLU -> 784 sigmoid.
``training.image_training`` trains them.

Weights are a dictionary of float32 arrays, kernels (units in, units out):
'encoder/dense_0/kernel', 'encoder/dense_0/bias', ..., 'encoder/mean/kernel',
'encoder/log_variance/kernel' (variational only), 'decoder/dense_0/kernel', ...,
'decoder/output/kernel'; of convolutions (side, side, channels in, channels out), of transposed
ones the last two exchanged: 'encoder/convolution_0/kernel', 'decoder/grid/kernel' (the dense layer
that gives the first one its image), 'decoder/convolution_1/kernel', ...
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from latentlab.aliases import Array, Bytes, Real

Weights = dict[str, np.ndarray]


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda h: np.maximum(h, 0.0),
    "gelu": lambda h: 0.5 * h * (1.0 + erf(h / math.sqrt(2.0))),
    "silu": lambda h: h * expit(h),
    "tanh": np.tanh,
}
"""Hidden activations, as Keras defines those of the same names."""


_CHOICES = {
    "model": ("vae", "autoencoder"),
    "activation": tuple(ACTIVATIONS),
    "initial_weights": ("glorot", "spread"),
    "variance": ("free", "bounded"),
    "optimizer": ("rmsprop", "adam"),
    "schedule": ("constant", "cosine", "linear"),
}


@dataclass(frozen=True)
class Convolution:
    """A hidden layer of an encoder, or transposed of a decoder, on square images.

    filters : channels that an encoder's layer gives, that a decoder's reads
    kernel : side of the window, in pixels, a multiple of the stride: so all pixels are met alike
        often (Odena, Dumoulin and Olah 2016)
    stride : an encoder's layer makes images so many times smaller, a decoder's larger; borders are
        padded with zeros as far as that takes ("same" of TensorFlow and Keras)
    """

    filters: int
    kernel: int
    stride: int

    def __post_init__(self) -> None:
        """Raise ValueError naming what is no whole number from 1, or no multiple of the stride."""
        for name in ("filters", "kernel", "stride"):
            if not _whole(getattr(self, name), 1):
                raise ValueError(f"{name}: a whole number from 1 expected, {getattr(self, name)!r}")
        if self.kernel % self.stride:
            raise ValueError(
                f"kernel: a multiple of the stride ({self.stride}) expected, {self.kernel} given"
            )


Hidden = int | Convolution
"""A hidden layer: units of a fully connected one, or a convolution."""


@dataclass(frozen=True)
class Settings:
    """One member of the family and how it is trained.

    model : "vae", or "autoencoder": the same network, its code the mean alone, no KL term
    encoder_layers, decoder_layers : the hidden layers of each, input side first: units, or
        convolutions (as ``Convolution`` or the mapping of its fields), which come first in an
        encoder, last in a decoder
    latent_units : numbers of a code
    activation : of all hidden layers, a key of ``ACTIVATIONS``
    initial_weights : "glorot" (Glorot and Bengio 2010; Keras' default, biases 0), or "spread": the
        same, but the decoder's first layer starts steep and with biases, see
        ``training.image_training``
    variance : of a code: "free", the exponential of the encoder's output, or "bounded", its
        logistic function: below 1, the prior's, which no useful code exceeds, and equal to the
        exponential where it is small; one far image cannot make it overflow. No meaning for an
        autoencoder
    input_dropout : share of the encoder's inputs set to 0 in training, in steps of 1/256, the
        others scaled up for it: keeps a deep encoder from learning its training images by heart
    optimizer : "rmsprop" (1e-14 added under the root) or "adam" (beta_1 0.9; 1e-7 added
        to the root)
    beta_2 : share of the mean of squared gradients that a step keeps: Adam's beta_2, RMSprop's rho
    learning_rate : at the start
    schedule : "constant", or down to 0 at the last step: "cosine" by half a period, "linear"
    kl_weight : weight of the KL term (1: the evidence lower bound); no meaning for an autoencoder
    kl_warmup : epochs over which that weight rises linearly from 0, step by step; 0 for none
    epochs : passes over the training images, each in an order of its own
    batch_size : images per step; the last batch of an epoch takes the rest
    """

    model: str
    encoder_layers: tuple[Hidden, ...]
    decoder_layers: tuple[Hidden, ...]
    latent_units: int
    activation: str
    initial_weights: str
    variance: str
    input_dropout: float
    optimizer: str
    beta_2: float
    learning_rate: float
    schedule: str
    kl_weight: float
    kl_warmup: int
    epochs: int
    batch_size: int

    def __post_init__(self) -> None:
        """Raise ValueError naming the setting that is not possible, and what is."""
        for part in ("encoder_layers", "decoder_layers"):
            layers = tuple(
                Convolution(**layer) if isinstance(layer, Mapping) else layer
                for layer in getattr(self, part)
            )
            object.__setattr__(self, part, layers)
            convolutional = [isinstance(layer, Convolution) for layer in layers]
            if not all(isinstance(layer, Convolution) or _whole(layer, 1) for layer in layers):
                self._refuse(part, "whole numbers from 1, or convolutions")
            if convolutional != sorted(convolutional, reverse=part == "encoder_layers"):
                where = "first" if part == "encoder_layers" else "last"
                self._refuse(part, f"convolutions, if any, {where}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                self._refuse(name, f"one of {', '.join(choices)}")
        for name, least in {
            "latent_units": 1,
            "kl_warmup": 0,
            "epochs": 1,
            "batch_size": 1,
        }.items():
            if not _whole(getattr(self, name), least):
                self._refuse(name, f"a whole number from {least}")
        if not 0.0 < self.learning_rate < math.inf:
            self._refuse("learning_rate", "a positive number")
        if not 0.0 <= self.beta_2 < 1.0:
            self._refuse("beta_2", "a number from 0 to below 1")
        if not 0.0 <= self.input_dropout <= 0.9:
            self._refuse("input_dropout", "a number from 0 to 0.9")
        if not 0.0 <= self.kl_weight < math.inf:
            self._refuse("kl_weight", "a number from 0")

    def _refuse(self, name: str, possible: str) -> None:
        raise ValueError(f"{name}: {possible} expected, {getattr(self, name)!r} given")

    @property
    def variational(self) -> bool:
        """Whether the code is sampled and has a KL term."""
        return self.model == "vae"


def reduction(hidden: tuple[Hidden, ...]) -> int:
    """How many times the convolutions among hidden layers make a side smaller, or larger."""
    return math.prod(layer.stride for layer in hidden if isinstance(layer, Convolution))


def convolution_errors(settings: Settings, height: int, width: int) -> list[str]:
    """Why the convolutions of a model cannot work on images of that size: a line each; or none."""
    lines = []
    for part in ("encoder_layers", "decoder_layers"):
        hidden = getattr(settings, part)
        factor = reduction(hidden)
        convolutional = any(isinstance(layer, Convolution) for layer in hidden)
        if convolutional and (height != width or height % factor):
            lines.append(
                f"{part}: convolutions given for images of {height} x {width} pixels, allowed:"
                f" square ones whose side is a multiple of {factor}"
            )
    return lines


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def scaled(images: Bytes) -> Array:
    """Images (n, height, width) or (n, pixels) of 0..255 as (n, pixels) of [0, 1]."""
    return images.reshape(len(images), -1) / 255.0


def scaled_single(images: Bytes) -> NDArray[np.float32]:
    """The same, images (n, pixels), in float32: half the memory and time, for measures.

    They tell no difference. What a model makes of it, and of codes in float32, is float32.
    """
    pixels = images.reshape(len(images), -1).astype(np.float32)
    return pixels / np.float32(255)


def encode(
    settings: Settings, weights: Weights, x: NDArray[Real]
) -> tuple[NDArray[Real], NDArray[Real] | None]:
    """Mean and log-variance (n, latent) of the codes of inputs (n, pixels) in [0, 1].

    An autoencoder's code is the mean; its log-variance is None.
    """
    h = _encoded(settings, weights, x)
    mean = _dense(weights, "encoder/mean", h)
    if not settings.variational:
        return mean, None
    output = _dense(weights, "encoder/log_variance", h)
    return mean, output if settings.variance == "free" else -np.logaddexp(0.0, -output)


def logits(settings: Settings, weights: Weights, z: NDArray[Real]) -> NDArray[Real]:
    """Log-odds (n, pixels) that the decoder gives for codes (n, latent)."""
    activation = ACTIVATIONS[settings.activation]
    layers = decoder_layers(settings)

    def decoded(h: NDArray[Real]) -> NDArray[Real]:
        for layer in layers:
            if layer.convolution is None:
                h = _dense(weights, layer.name, h)
            else:
                parameters = _parameters(weights, layer.name, h.dtype)
                h = transposed(*parameters, layer.convolution.stride, h)
            h = h if layer is layers[-1] else activation(h)
        return h

    return _in_parts(decoded, settings.decoder_layers, z)


def decode(settings: Settings, weights: Weights, z: NDArray[Real]) -> NDArray[Real]:
    """Images (n, pixels) in [0, 1] of codes (n, latent)."""
    images: NDArray[Real] = expit(logits(settings, weights, z))
    return images


def _encoded(settings: Settings, weights: Weights, x: NDArray[Real]) -> NDArray[Real]:
    def encoded(h: NDArray[Real]) -> NDArray[Real]:
        for index, layer in enumerate(settings.encoder_layers):
            if isinstance(layer, Convolution):
                parameters = _parameters(weights, f"encoder/convolution_{index}", h.dtype)
                h = convolved(*parameters, layer.stride, h)
            else:
                h = _dense(weights, f"encoder/dense_{index}", h)
            h = ACTIVATIONS[settings.activation](h)
        return h

    return _in_parts(encoded, settings.encoder_layers, x)


@dataclass(frozen=True)
class DecoderLayer:
    """A layer of a decoder by the name of its weights; fully connected without a convolution.

    units : it gives; 0 where the images decide; of a convolution the channels
    """

    name: str
    units: int = 0
    convolution: Convolution | None = None


def decoder_layers(settings: Settings) -> list[DecoderLayer]:
    """The layers of a decoder, code side first; the last is "decoder/output".

    Fully connected ones come first. Where convolutions follow, the last of the former,
    "decoder/grid", gives the image that the first convolution reads: its filters, as many times
    smaller than the image as all of them make it larger. Each gives the channels that the next
    reads, the last one the image.
    """
    layers = [
        DecoderLayer(f"decoder/dense_{n}", layer)
        for n, layer in enumerate(settings.decoder_layers)
        if not isinstance(layer, Convolution)
    ]
    rest = [layer for layer in settings.decoder_layers if isinstance(layer, Convolution)]
    if not rest:
        return [*layers, DecoderLayer("decoder/output")]
    names = [f"decoder/convolution_{len(layers) + n}" for n in range(len(rest) - 1)]
    channels = [layer.filters for layer in rest[1:]] + [1]
    found = zip([*names, "decoder/output"], channels, rest, strict=True)
    return [*layers, DecoderLayer("decoder/grid"), *(DecoderLayer(*layer) for layer in found)]


def padding(kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after a side that is a multiple of the stride: TensorFlow's "same"."""
    total = max(0, kernel - stride)
    return total // 2, total - total // 2


def convolved(
    kernel: NDArray[Real], bias: NDArray[Real], stride: int, h: NDArray[Real]
) -> NDArray[Real]:
    """Square images h (n, side * side * in), channels last, seen through a kernel (k, k, in, out).

    bias : (out,). Returns (n, (side / stride)^2 * out).
    """
    size, channels, filters = len(kernel), *kernel.shape[2:]
    side = math.isqrt(h.shape[1] // channels)
    images = h.reshape(-1, side, side, channels)
    pad = padding(size, stride)
    images = np.pad(images, ((0, 0), pad, pad, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    windows = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)  # n, y, x, k, k, in
    seen: NDArray[Real] = (
        windows.reshape(-1, size * size * channels) @ kernel.reshape(-1, filters) + bias
    )
    return seen.reshape(len(h), -1)


def transposed(
    kernel: NDArray[Real], bias: NDArray[Real], stride: int, h: NDArray[Real]
) -> NDArray[Real]:
    """Square images h (n, side * side * in), channels last, spread by a kernel (k, k, out, in).

    The transpose of ``convolved``: each pixel adds its multiple of the kernel to a window of the
    output. bias : (out,). Returns (n, (side * stride)^2 * out).
    """
    size, filters, channels = len(kernel), *kernel.shape[2:]
    side = math.isqrt(h.shape[1] // channels)
    spread = h.reshape(-1, channels) @ kernel.reshape(-1, channels).T
    spread = spread.reshape(len(h), side, side, size, size, filters)
    whole = side * stride
    before, after = padding(size, stride)
    images = np.zeros((len(h), *[before + whole + after] * 2, filters), h.dtype)
    for y in range(size):
        for x in range(size):
            end_y, end_x = y + (side - 1) * stride + 1, x + (side - 1) * stride + 1
            images[:, y:end_y:stride, x:end_x:stride] += spread[:, :, :, y, x]
    cut = slice(before, before + whole)
    outputs: NDArray[Real] = (images[:, cut, cut] + bias).reshape(len(h), -1)
    return outputs


def _in_parts(
    function: Callable[[NDArray[Real]], NDArray[Real]], hidden: tuple[Hidden, ...], x: NDArray[Real]
) -> NDArray[Real]:
    """A function of inputs (n, units), some at a time where convolutions are among its layers.

    Their windows take many times the memory of an image: of 60,000 of MNIST's, gigabytes.
    """
    if not any(isinstance(layer, Convolution) for layer in hidden):
        return function(x)
    return np.concatenate([function(x[at : at + 500]) for at in range(0, max(len(x), 1), 500)])


def _parameters(
    weights: Weights, layer: str, dtype: np.dtype[Real]
) -> tuple[NDArray[Real], NDArray[Real]]:
    # in the precision of what they meet
    kernel, bias = (weights[f"{layer}/{kind}"].astype(dtype) for kind in ("kernel", "bias"))
    return kernel, bias


def _dense(weights: Weights, layer: str, h: NDArray[Real]) -> NDArray[Real]:
    kernel, bias = _parameters(weights, layer, h.dtype)
    outputs: NDArray[Real] = h @ kernel
    outputs += bias
    return outputs
