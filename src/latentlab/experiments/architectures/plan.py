"""The cells of ``architectures``, and what each of their steps depends on."""

from __future__ import annotations

import itertools

from latentlab.aliases import Fields
from latentlab.experiments.knobs import ACTIVATIONS, PIXELS, Factors, Settings, pick


def network_factors(section: Fields) -> Factors:
    """``{network}/{encoder}`` of ``architectures``: the published networks"""
    return {
        f"{network}/{encoder}": {"network": network, "encoder": encoder}
        for network, encoder in itertools.product(section["networks"], section["encoders"])
    }


def factorial_factors(section: Fields) -> Factors:
    """``depth-{depth}-width-{hidden}/{encoder}`` of ``architectures``: all latent widths in one"""
    factorial = section["factorial"]
    return {
        f"depth-{depth}-width-{width}/{factorial['encoder']}": {"depth": depth, "hidden": width}
        for depth, width in itertools.product(factorial["depths"], factorial["widths"])
    }


def architectures_factors(section: Fields) -> Factors:
    """``{network}/{encoder}``: those of ``networks``, then those of the factorial"""
    return network_factors(section) | factorial_factors(section)


def factorial_architectures(section: Fields, depth: int, hidden: int) -> dict[str, list[int]]:
    """The networks of the factorial of a depth and a width, by name, one for each latent width."""
    halves = [[PIXELS, *[hidden] * depth, latent] for latent in section["factorial"]["latents"]]
    return {"-".join(map(str, half)): half + half[-2::-1] for half in halves}


def all_architectures(section: Fields) -> dict[str, list[int]]:
    """Units of every layer of every network, by its name."""
    factorial = section["factorial"]
    result: dict[str, list[int]] = {}
    for depth, width in itertools.product(factorial["depths"], factorial["widths"]):
        result |= factorial_architectures(section, depth, width)
    result |= section["networks"]
    return result


def architectures_settings(section: Fields, factors: Fields) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    if "network" in factors:
        name, encoder, replicates = factors["network"], factors["encoder"], section["replicates"]
        architectures = {name: section["networks"][name]}
    else:
        factorial = section["factorial"]
        encoder, replicates = factorial["encoder"], factorial["replicates"]
        architectures = factorial_architectures(section, factors["depth"], factors["hidden"])
    kinds = {"encoder": encoder, **pick(section, *ACTIVATIONS[1:])}
    networks = {name: {"architecture": units, **kinds} for name, units in architectures.items()}
    common = {"font": section["font"], "networks": networks}
    training = pick(section, "optimizer", "max_epochs", "xtol", "ftol")
    # the starts are the network's, the same for both encoders
    trained = {"starts_of": "architectures", "training": training, "replicates": replicates}
    return {
        "train": {**common, **trained},
        "evaluate": {**common, **pick(section, "threshold")},
    }
