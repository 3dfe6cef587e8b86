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
    """What the explorer shows, what it trains, and on what optimizers race in it.

    The named networks, denoisers, the image models of each set; recipes; races.

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

    section, factors_of = params["vae"], denoising_factors(params["denoising"])
    denoisers = shown.spaced(list(computed["denoising"]), shown.CELLS)
    return {
        "letters": networks("letters", letters_drawn(params["letters"])),
        "denoising": [
            {**network, "name": factors_of[cell]["network"]}
            for cell, network in zip(denoisers, networks("denoising", denoisers), strict=True)
        ],
        "learning": _recipes(params, computed),
        "races": _races(params["optimizers"], computed["optimizers"]),
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


def _recipes(
    params: Params, computed: Mapping[str, Mapping[str, Settings]]
) -> list[dict[str, Any]]:
    """Networks of letters and how they are trained: the named, the architectures, the front."""
    letters, architectures = params["letters"], params["architectures"]
    found = [
        {"group": group, "name": name, "fonts": fonts, "threshold": letters["threshold"]}
        | {key: trained[key] for key in ("network", "training")}
        for group, networks in (
            ("letters", {name: network["fonts"] for name, network in letters["networks"].items()}),
            ("front", dict.fromkeys(letters["front"]["architectures"], letters["front"]["fonts"])),
        )
        for name, fonts in networks.items()
        for trained in [computed["letters"][f"{fonts[0]}/{name}"]["train"]]
    ]
    for name in architectures["networks"]:
        trained = computed["architectures"][f"{name}/{architectures['encoders'][0]}"]["train"]
        found.append(
            {
                "group": "architectures",
                "name": name,
                "fonts": [architectures["font"]],
                "threshold": architectures["threshold"],
                "network": trained["networks"][name],
                "training": trained["training"],
            }
        )
    return found


def _races(section: Params, computed: Mapping[str, Settings]) -> list[dict[str, Any]]:
    """The first comparison of optimizers, by network: those of a single stage, by loss."""
    comparison = next(iter(section["comparisons"].values()))
    races = []
    for network in section["networks"]:
        trained = {
            optimizer: computed[f"{optimizer}/{network}"]["train"]
            for optimizer in comparison["stages"]
        }
        races.append(
            {
                "name": network,
                "font": section["font"],
                "network": next(iter(trained.values()))["network"],
                "threshold": section["threshold"],
                "evaluations": comparison["evaluations"],
                "entrants": [
                    {"name": optimizer, "loss": loss, "stage": settings["stages"][0]}
                    for optimizer, settings in trained.items()
                    if len(settings["stages"]) == 1
                    for loss in settings["losses"]
                ],
            }
        )
    return races
