"""The cells of ``optimizers``, and what each of their steps depends on."""

from __future__ import annotations

import itertools

from latentlab.aliases import Fields
from latentlab.experiments.knobs import ACTIVATIONS, Factors, Settings, pick


def optimizers_factors(section: Fields) -> Factors:
    """``{optimizer}/{network}``, all losses in one"""
    return {
        f"{optimizer}/{network}": {"network": network, "optimizer": optimizer}
        for optimizer, network in itertools.product(section["stages"], section["networks"])
    }


def optimizers_settings(section: Fields, factors: Fields) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    stages = section["stages"][factors["optimizer"]]
    common = {
        "font": section["font"],
        "network": {
            "architecture": section["networks"][factors["network"]],
            **pick(section, *ACTIVATIONS),
        },
    }
    training = {
        **common,
        # the starts are the network's, the same for all optimizers and losses
        "starts_of": f"optimizers/{factors['network']}",
        "losses": ["squared-error"] if set(stages) == {"powell"} else section["losses"],
        "stages": [{"optimizer": stage, **section["options"][stage]} for stage in stages],
    }
    steps = {
        "train": {**training, **pick(section, "evaluations", "record_every", "replicates")},
        "evaluate": {**common, **pick(section, "threshold")},
    }
    tuning = section["tuning"]
    tuned = [stage for stage in stages if stage in tuning["learning_rates"]]
    if tuned:
        rates = {"learning_rates": tuning["learning_rates"][tuned[-1]]}
        steps["tune"] = {**training, **pick(tuning, "evaluations", "starts"), **rates}
    return steps
