"""What networks, image models and image sets are called for people, by their names in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from latentlab.pages.texts import Text, text

LETTERS = {
    "exceptional": text("The “exceptional” network of the original"),
    "relu-latent": text("ReLU in the latent layer, as published"),
    "relu-latent-1000": text("ReLU in the latent layer, 1000 iterations"),
    "linear": text("Without non-linearity: what PCA does too"),
    "two-numbers": text("Two numbers a letter"),
    "all-letters": text("The letters of all fonts, two numbers each"),
    "one-number": text("A single number a letter"),
    "hybrid": text("Two iterations of Powell, then Adam"),
    "powell-alone": text("Powell alone, two numbers a letter"),
}
DENOISERS = {
    "published": text("The denoiser of the original"),
    "redrawn": text("The original's network, new noise in every epoch"),
    "wide": text("A wide network"),
}
IMAGE_MODELS = {
    "published": text("The VAE of the original"),
    "autoencoder": text("A plain autoencoder"),
    "improved": text("A deeper VAE"),
    "convolutional": text("A convolutional VAE"),
}
IMAGE_SETS = {
    "digits": text("Small digits"),
    "mnist": text("MNIST"),
    "fashion_mnist": text("Fashion-MNIST"),
}


def titled(titles: Mapping[str, Text], name: str) -> Text | str:
    """The title of a name, or the name in words where it has none."""
    return titles.get(name) or name.replace("_", " ")
