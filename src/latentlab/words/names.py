"""What people call what the parameters name: networks, models, optimizers, chapters, image sets.

A name that is not here, a reader's own, is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from latentlab.words.texts import Text, Words, text

LETTER_NETWORKS: Mapping[str, Text] = {
    "exceptional": text("the original's “exceptional” network"),
    "relu-latent": text("the original's network with a ReLU code"),
    "relu-latent-1000": text("the same, trained for up to 1000 epochs"),
    "linear": text("a linear network, the control"),
    "two-numbers": text("all letters of a font through two numbers"),
    "all-letters": text("the letters of all fonts through two numbers"),
    "one-number": text("all letters of a font through one number"),
    "hybrid": text("Powell first, then Adam"),
    "powell-alone": text("Powell alone, a larger network"),
}
DENOISERS: Mapping[str, Text] = {
    "published": text("the original's denoiser"),
    "stronger": text("the original's denoiser, noise twice as large"),
    "redrawn": text("the same network, which never sees the same noise twice"),
    "wide": text("a wide network for all letters"),
}
SUBSETS: Mapping[str, Text] = {
    "published": text("the original's four letters"),
    "all_letters": text("all letters"),
}
IMAGE_MODELS: Mapping[str, Text] = {
    "published": text("VAE of the original"),
    "autoencoder": text("plain autoencoder"),
    "improved": text("deeper VAE"),
    "convolutional": text("convolutional VAE"),
}
IMAGE_SETS: Mapping[str, Words] = {
    "digits": text("small digits"),
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "capitals": text("capital letters of the font"),
}
ACTIVATIONS: Mapping[str, Words] = {
    "sigmoid": text("sigmoid"),
    "linear": text("linear"),
    "relu": "ReLU",
    "relu_as_run": text("ReLU as the code ran it"),
    "step": text("step"),
}
CHAPTERS: Mapping[str, Text] = {
    "letters": text("Letters"),
    "architectures": text("Architectures"),
    "optimizers": text("Optimizers"),
    "denoising": text("Denoising"),
    "vae": text("Variational autoencoder"),
}
CLASSES: Mapping[str, Text] = {
    "T-shirt": text("T-shirt"),
    "Trouser": text("Trouser"),
    "Pullover": text("Pullover"),
    "Dress": text("Dress"),
    "Coat": text("Coat"),
    "Sandal": text("Sandal"),
    "Shirt": text("Shirt"),
    "Sneaker": text("Sneaker"),
    "Bag": text("Bag"),
    "Boot": text("Boot"),
}
"""Classes of images."""
BLANKS: Mapping[str, Text] = {"space": text("space"), "delete": text("delete")}
"""Characters without a sign of their own."""
OPTIMIZERS: Mapping[str, Words] = {
    "powell": "Powell",
    "backpropagation": text("backpropagation"),
    "adam": "Adam",
    "rmsprop": "RMSprop",
    "lbfgs": "L-BFGS",
    "powell-adam": text("Powell then Adam"),
    "powell-lbfgs": text("Powell then L-BFGS"),
    "powell-long": text("Powell with a larger budget"),
    "backpropagation-long": text("backpropagation with a larger budget"),
    "adam-long": text("Adam with a larger budget"),
    "powell-end": text("Powell to its own end"),
    "powell-default": text("Powell with its own tolerance"),
    "backpropagation-fast": text("backpropagation at a high rate"),
    "adam-default": text("Adam at Keras' own rate"),
    "adam-fast": text("Adam at a high rate"),
    "rmsprop-default": text("RMSprop at Keras' own rate"),
    "lbfgs-default": text("L-BFGS with its own settings"),
}


def called(names: Mapping[str, Words], name: str) -> Words:
    """What people call it, or its name."""
    return names.get(name, name)
