"""The cells of ``letters``, and what each of their steps depends on."""

from __future__ import annotations

from latentlab import shown
from latentlab.aliases import Fields, Json
from latentlab.experiments.knobs import ACTIVATIONS, Factors, Settings, pick, without
from latentlab.models.network import Network

# what a network has besides the knobs of its training
_NO_TRAINING = ("fonts", "architecture", "architectures", *ACTIVATIONS, "replicates")


def letters_factors(section: Fields) -> Factors:
    """``{font}/{network}``"""
    return {
        f"{font}/{name}": {"font": font, "network": name}
        for name, network in section["networks"].items()
        for font in network["fonts"]
    }


def letters_drawn(section: Fields) -> Factors:
    """Those of them that have a place in the explorer."""
    factors = letters_factors(section)
    return {cell: factors[cell] for cell in shown.spaced(list(factors), shown.CELLS)}


def letters_illustrated(section: Fields) -> Factors:
    """Those of them that have figures of their own and a place in the report.

    Of each network one: on the font of the first network, or on its own first font. A network that
    another one is, trained in another way, is not drawn again.
    """
    factors: Factors = {}
    home, seen = letters_introduced(section)["font"], []
    for name, network in section["networks"].items():
        shape = pick(network, "architecture", *ACTIVATIONS)
        if shape not in seen:
            seen.append(shape)
            font = home if home in network["fonts"] else network["fonts"][0]
            factors[f"{font}/{name}"] = {"font": font, "network": name}
    return {cell: factors[cell] for cell in shown.spaced(list(factors), shown.CELLS)}


def letters_introduced(section: Fields) -> Json:
    """Font and name of the network by which the report says what an autoencoder is: the first."""
    name, network = next(iter(section["networks"].items()))
    return {"font": network["fonts"][0], "network": name}


def front_factors(section: Fields) -> Factors:
    """``{font}/{network}`` of the networks on the front of size against wrong pixels"""
    return {
        f"{font}/{name}": {"font": font, "network": name}
        for name in section["front"]["architectures"]
        for font in section["front"]["fonts"]
    }


def front_weights(section: Fields) -> dict[str, int]:
    """Number of weights of each network on the front."""
    front = section["front"]
    return {
        name: Network(units, **pick(front, *ACTIVATIONS)).n_weights
        for name, units in front["architectures"].items()
    }


def letters_network(section: Fields, name: str) -> Fields:
    """The knobs of a named network, or of one on the front."""
    front = section["front"]
    if name in front["architectures"]:
        return {**front, "architecture": front["architectures"][name]}
    network: Fields = section["networks"][name]
    return network


def letters_settings(section: Fields, factors: Fields) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    network = letters_network(section, factors["network"])
    common = {
        "font": factors["font"],
        "network": pick(network, "architecture", *ACTIVATIONS),
    }
    return {
        "train": {
            **common,
            "training": without(network, *_NO_TRAINING),
            **pick(network, "replicates"),
        },
        "evaluate": {
            **common,
            **pick(section, "threshold"),
            "new_letters": without(section["new_letters"], "drawn"),
        },
        "draw": {**common, **pick(section, "threshold", "grid", "paths", "new_letters")},
    }
