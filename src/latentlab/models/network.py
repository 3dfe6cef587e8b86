"""The fully connected autoencoder: architecture, activations, forward pass and loss.

Conventions used everywhere: samples are rows, a layer's weights have the shape
(units out, units in), the weights of a network are one flat vector (layer by layer,
row-major). With biases a layer has one more column, which multiplies a constant 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.aliases import Array


def _linear(h: Array, beta: float) -> Array:
    return h


def _relu(h: Array, beta: float) -> Array:
    return np.maximum(h, 0.0)


def _relu_as_run(h: Array, beta: float) -> Array:
    y = np.maximum(h, 0.0)
    return np.where(h[..., :1] <= 0.0, np.trunc(y), y)


def _sigmoid(h: Array, beta: float) -> Array:
    # exp overflows to inf where the sigmoid is 0 to the last bit: that is the right answer
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-2.0 * beta * h))


def _tanh(h: Array, beta: float) -> Array:
    return np.tanh(beta * h)


def _step(h: Array, beta: float) -> Array:
    return (h > 0.0).astype(np.float64)


ACTIVATIONS: dict[str, Callable[[Array, float], Array]] = {
    "linear": _linear,
    "relu": _relu,
    "relu_as_run": _relu_as_run,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "step": _step,
}
"""Activations f(h, beta) of a layer h (..., units), with the definitions of the original study:
sigmoid is 1 / (1 + exp(-2 beta h)), tanh is tanh(beta h), step is h > 0. All are elementwise but
relu_as_run, which is what the original's code made of ReLU: ``numpy.vectorize`` took its type from
the first unit, so that where that one is at most 0 the whole layer of the sample is integers."""


@dataclass(frozen=True)
class Network:
    """A mirrored, fully connected autoencoder; it holds the shape, not the weights.

    architecture : units per layer, input first; odd in length, symmetric, the middle
        entry is the latent layer, e.g. (35, 20, 15, 2, 15, 20, 35)
    encoder, latent, decoder, output : activation (a key of ``ACTIVATIONS``) of the
        encoder's hidden layers, of the latent layer, of the decoder's hidden layers and
        of the output layer
    beta : steepness of sigmoid and tanh
    biases : whether each unit has a bias
    """

    architecture: tuple[int, ...]
    encoder: str
    latent: str
    decoder: str
    output: str
    beta: float
    biases: bool

    def __post_init__(self) -> None:
        """Raise ValueError where the architecture is not mirrored or a name is unknown."""
        units = tuple(self.architecture)
        object.__setattr__(self, "architecture", units)
        if len(units) < 3 or len(units) % 2 == 0 or units != units[::-1]:
            raise ValueError(f"architecture {list(units)} is not mirrored around a latent layer")
        if min(units) < 1:
            raise ValueError(f"architecture {list(units)} has a layer without units")
        for name in (self.encoder, self.latent, self.decoder, self.output):
            if name not in ACTIVATIONS:
                raise ValueError(f"unknown activation {name!r}, known are {', '.join(ACTIVATIONS)}")

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Shape (units out, units in + bias) of each layer's weights."""
        bias = int(self.biases)
        return tuple(
            (n_out, n_in + bias)
            for n_in, n_out in zip(self.architecture, self.architecture[1:], strict=False)
        )

    @property
    def n_weights(self) -> int:
        """Length of the flat weight vector."""
        return sum(n_out * n_in for n_out, n_in in self.shapes)

    @property
    def activations(self) -> tuple[str, ...]:
        """Activation of each layer, first hidden layer first."""
        hidden = self.latent_layer
        return (self.encoder,) * hidden + (self.latent,) + (self.decoder,) * hidden + (self.output,)

    @property
    def latent_layer(self) -> int:
        """Index of the latent layer in ``shapes`` and ``activations``."""
        return len(self.architecture) // 2 - 1

    def checked_samples(self, inputs: Array, targets: Array) -> tuple[Array, Array]:
        """Inputs and targets (samples, units) in float64; ValueError where they do not fit."""
        inputs, targets = (np.ascontiguousarray(a, np.float64) for a in (inputs, targets))
        units = self.architecture[0]
        if inputs.shape != (len(inputs), units) or targets.shape != inputs.shape or not len(inputs):
            raise ValueError(
                f"inputs {inputs.shape} and targets {targets.shape} do not fit (samples, {units})"
            )
        return inputs, targets

    def checked_weights(self, weights: Array) -> Array:
        """Flat weights (n_weights,) in float64; ValueError for another length."""
        weights = np.ascontiguousarray(weights, np.float64)
        if weights.shape != (self.n_weights,):
            raise ValueError(f"{self.n_weights} weights expected, an array {weights.shape} given")
        return weights


def initial_weights(network: Network, rng: np.random.Generator) -> Array:
    """Flat weights (n_weights,) drawn from uniform(-1, 1), as in the original study."""
    return rng.uniform(-1.0, 1.0, network.n_weights)


def unflatten(network: Network, weights: Array) -> list[Array]:
    """The flat weights (n_weights,) as views, one (units out, units in + bias) a layer.

    Raises ValueError when the length does not fit the network.
    """
    weights = network.checked_weights(weights)
    layers, at = [], 0
    for n_out, n_in in network.shapes:
        layers.append(weights[at : at + n_out * n_in].reshape(n_out, n_in))
        at += n_out * n_in
    return layers


def _propagate(network: Network, weights: Array, x: Array, first: int, last: int) -> Array:
    layers = unflatten(network, weights)
    for index in range(first, last):
        w = layers[index]
        h = x @ w[:, :-1].T + w[:, -1] if network.biases else x @ w.T
        x = ACTIVATIONS[network.activations[index]](h, network.beta)
    return x


def encode(network: Network, weights: Array, x: Array) -> Array:
    """Latent codes (samples, latent units) of inputs (samples, units)."""
    return _propagate(network, weights, x, 0, network.latent_layer + 1)


def decode(network: Network, weights: Array, codes: Array) -> Array:
    """Outputs (samples, units) of latent codes (samples, latent units)."""
    return _propagate(network, weights, codes, network.latent_layer + 1, len(network.shapes))


def forward(network: Network, weights: Array, x: Array) -> Array:
    """Outputs (samples, units) of inputs (samples, units)."""
    return _propagate(network, weights, x, 0, len(network.shapes))


def squared_error(outputs: Array, targets: Array) -> float:
    """The study's loss: mean over samples of half the squared distance, all units summed.

    E = (1/N) sum_n 0.5 ||target_n - output_n||^2, for arrays (samples, units).
    """
    return float(0.5 * np.sum((targets - outputs) ** 2) / len(targets))
