"""What a training of an image model costs, counted: no clock may stand in a result."""

from __future__ import annotations

import math
from collections.abc import Iterator

from latentlab.models.image_model import (
    Convolution,
    Settings,
    Weights,
    decoder_layers,
    reduction,
)


def multiply_adds(settings: Settings, weights: Weights, pixels: int) -> int:
    """Multiply-adds of a training's matrix products, an image an epoch.

    Each layer multiplies three times: forward, for the gradient of its weights, and to hand the
    error back, which the first one does not. A convolution does so at every place of its window.

    weights : as in ``image_model``; pixels : of an image
    """
    parts = [*_encoder(settings, weights, pixels), *_decoder(settings, weights, pixels)]
    return 3 * sum(parts) - parts[0]


def _encoder(settings: Settings, weights: Weights, pixels: int) -> Iterator[int]:
    """Multiply-adds of each product of the encoder on an image; the two heads are one."""
    side = math.isqrt(pixels)
    for index, layer in enumerate(settings.encoder_layers):
        if isinstance(layer, Convolution):
            side //= layer.stride
            yield weights[f"encoder/convolution_{index}/kernel"].size * side**2
        else:
            yield weights[f"encoder/dense_{index}/kernel"].size
    heads = ("mean", "log_variance") if settings.variational else ("mean",)
    yield sum(weights[f"encoder/{head}/kernel"].size for head in heads)


def _decoder(settings: Settings, weights: Weights, pixels: int) -> Iterator[int]:
    """Multiply-adds of each product of the decoder on an image."""
    side = math.isqrt(pixels) // reduction(settings.decoder_layers)
    for layer in decoder_layers(settings):
        size = weights[f"{layer.name}/kernel"].size
        if layer.convolution is None:
            yield size
        else:
            yield size * side**2
            side *= layer.convolution.stride
