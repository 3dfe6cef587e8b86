"""All experiments that have cells, and the settings of every step that computes them.

``cells`` gives each step exactly what it depends on, so that editing a knob reruns the steps that
use it and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from latentlab import shown
from latentlab.experiments.architectures.plan import architectures_factors, architectures_settings
from latentlab.experiments.denoising.plan import denoising_factors, denoising_settings
from latentlab.experiments.knobs import Experiment, Params, Settings
from latentlab.experiments.letters.plan import (
    front_factors,
    letters_drawn,
    letters_factors,
    letters_settings,
)
from latentlab.experiments.optimizers.plan import optimizers_factors, optimizers_settings
from latentlab.experiments.vae.plan import models_of, vae_factors, vae_settings

EXPERIMENTS = {
    "architectures": Experiment(architectures_factors, architectures_settings),
    "optimizers": Experiment(optimizers_factors, optimizers_settings),
    "letters": Experiment(
        lambda section: letters_factors(section) | front_factors(section), letters_settings
    ),
    "denoising": Experiment(denoising_factors, denoising_settings),
    "vae": Experiment(vae_factors, vae_settings),
}
"""The experiments that have cells, by the name of their section of the parameters."""


def cells(params: Params, experiment: str) -> dict[str, Settings]:
    """For every cell of an experiment, the settings of each step that computes it.

    Every step's settings hold the global seed and the cell's identity, of which all its
    random numbers are made, and exactly the knobs that the step uses.
    """
    section, (factors_of, settings_of) = params[experiment], EXPERIMENTS[experiment]
    return {
        cell: {
            step: {"seed": params["seed"], "cell": f"{experiment}/{cell}", **settings}
            for step, settings in settings_of(section, factors).items()
        }
        for cell, factors in factors_of(section).items()
    }


def explored(
    params: Params, computed: Mapping[str, Mapping[str, Settings]]
) -> dict[str, list[dict[str, Any]]]:
    """What the explorer shows: the named networks, denoisers, the image models of each set.

    computed : ``cells`` of each experiment. A network has its settings of ``evaluate`` and the
    name of what it was trained by.
    """

    def networks(experiment: str, names: Iterable[str]) -> list[dict[str, Any]]:
        steps = computed[experiment]
        knobs = ("cell", "font", "network", "threshold", "letters", "noise")
        return [
            {
                **{k: v for k, v in steps[name]["evaluate"].items() if k in knobs},
                "optimizer": _optimizer_of(steps[name]["train"]["training"]),
            }
            for name in names
        ]

    section = params["vae"]
    return {
        "letters": networks("letters", letters_drawn(params["letters"])),
        "denoising": networks("denoising", shown.spaced(list(computed["denoising"]), shown.CELLS)),
        "vae": [
            {
                "dataset": dataset,
                "classes": params["data"]["images"][dataset]["classes"],
                "models": [
                    {"name": name, "model": model}
                    for name, model in models_of(section, dataset).items()
                ],
            }
            for dataset in section["datasets"]
        ],
    }


def _optimizer_of(training: Mapping[str, Any]) -> str:
    """What a network was trained by; a hybrid by its stages' names."""
    return "-".join(stage["optimizer"] for stage in training.get("stages", [training]))
