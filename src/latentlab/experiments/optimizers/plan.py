"""The cells of ``optimizers``, and what each of their steps depends on."""

from __future__ import annotations

import itertools

from latentlab.aliases import Fields
from latentlab.experiments.knobs import ACTIVATIONS, Factors, Settings, pick

LOSSES = ("squared-error", "cross-entropy")
"""The first is the study's own, on which all are trained."""


def optimizers_factors(section: Fields) -> Factors:
    """``{optimizer}/{network}``, all losses in one"""
    return {
        f"{optimizer}/{network}": {
            "network": network,
            "optimizer": optimizer,
            "comparison": name,
            "budget": comparison["evaluations"],
        }
        for name, comparison in section["comparisons"].items()
        for optimizer, network in itertools.product(comparison["stages"], section["networks"])
    }


def is_tuned(stages: list[Fields]) -> bool:
    """Whether a knob of the stages is a list, of which the best is chosen."""
    return any(isinstance(value, list) for stage in stages for value in stage.values())


def optimizers_settings(section: Fields, factors: Fields) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    comparison = section["comparisons"][factors["comparison"]]
    stages = comparison["stages"][factors["optimizer"]]
    common = {
        "font": section["font"],
        "network": {
            "architecture": section["networks"][factors["network"]],
            **pick(section, *ACTIVATIONS),
        },
    }
    training = {
        **common,
        # the starts are the network's, the same for all optimizers, losses and comparisons
        "starts_of": f"optimizers/{factors['network']}",
        "losses": [*LOSSES][: 1 + (factors["optimizer"] in comparison["cross_entropy"])],
        "evaluations": comparison["evaluations"],
    }
    # what is tuned comes from the trials: None until it is known
    untuned = [
        {knob: None if isinstance(value, list) else value for knob, value in stage.items()}
        for stage in stages
    ]
    steps = {
        "train": {
            **training,
            "stages": untuned,
            **pick(comparison, "record_every", "replicates"),
        },
        "evaluate": {**common, **pick(section, "threshold")},
    }
    if is_tuned(stages):
        steps["tune"] = {**training, "stages": stages, "starts": comparison["tuning_starts"]}
    return steps
