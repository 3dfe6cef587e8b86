"""What each experiment computes: its cells, and the settings of the steps that compute them.

A *cell* is one combination that an experiment fans out over, named by the path of its
results below ``results/<experiment>/cells/``. ``EXPERIMENTS`` says what they are of,
``cells`` gives the settings of the steps that compute them: exactly what a step depends
on, so that editing a knob reruns the steps that use it and no other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from latentlab import shown
from latentlab.fonts import COLUMNS, ROWS
from latentlab.network import Network

Params = dict[str, Any]
Factors = dict[str, dict[str, Any]]
Settings = dict[str, dict[str, Any]]

PIXELS = ROWS * COLUMNS

ACTIVATIONS = ("encoder", "latent", "decoder", "output", "beta", "biases")
POWELL = ("max_epochs", "xtol", "ftol")
TRAINING = ("optimizer", *POWELL)
WITHOUT_GRADIENT = ("relu_as_run", "step")
_DESCENT = ("max_epochs", "learning_rate", "schedule", "loss", "record_every")
OPTIONS = {
    "powell": POWELL,
    "scipy-powell": POWELL,
    "backpropagation": (*_DESCENT, "momentum", "shuffle_seed"),
    "adam": _DESCENT,
    "rmsprop": _DESCENT,
    "lbfgs": ("max_epochs", "memory", "ftol", "gtol", "loss", "record_every"),
    "stages": ("stages",),
}
"""The knobs of each optimizer, in ``letters.networks`` and ``denoising.networks``."""
REDRAWING = ("adam", "rmsprop")
"""Optimizers that can learn from noise drawn anew for every epoch."""


def slug(prefix: str, value: float) -> str:
    """A number of [0, 10) as a part of a path, without a dot: ("p", 0.1) gives "p-010"."""
    whole, decimals = f"{value:.6f}".split(".")
    return f"{prefix}-{whole}{decimals.rstrip('0').ljust(2, '0')}"


def _pick(section: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: section[key] for key in keys}


# ---------------- architectures


def network_factors(section: Mapping[str, Any]) -> Factors:
    """``{network}/{encoder}`` of ``architectures``: the published networks"""
    return {
        f"{network}/{encoder}": {"network": network, "encoder": encoder}
        for network, encoder in itertools.product(section["networks"], section["encoders"])
    }


def factorial_factors(section: Mapping[str, Any]) -> Factors:
    """``depth-{depth}-width-{hidden}/{encoder}`` of ``architectures``: all latent widths in one"""
    factorial = section["factorial"]
    return {
        f"depth-{depth}-width-{width}/{factorial['encoder']}": {"depth": depth, "hidden": width}
        for depth, width in itertools.product(factorial["depths"], factorial["widths"])
    }


def architectures_factors(section: Mapping[str, Any]) -> Factors:
    """``{network}/{encoder}``: those of ``networks``, then those of the factorial"""
    return network_factors(section) | factorial_factors(section)


def _architectures_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    if "network" in factors:
        name, encoder, replicates = factors["network"], factors["encoder"], section["replicates"]
        architectures = {name: section["networks"][name]}
    else:
        factorial = section["factorial"]
        hidden = [factors["hidden"]] * factors["depth"]
        encoder, replicates = factorial["encoder"], factorial["replicates"]
        architectures = {
            "-".join(map(str, [PIXELS, *hidden, latent])): [
                PIXELS, *hidden, latent, *hidden, PIXELS
            ]
            for latent in factorial["latents"]
        }  # fmt: skip
    kinds = {"encoder": encoder, **_pick(section, *ACTIVATIONS[1:])}
    networks = {name: {"architecture": units, **kinds} for name, units in architectures.items()}
    common = {"font": section["font"], "networks": networks}
    training = _pick(section, *TRAINING)
    # the starts are the network's, the same for both encoders
    trained = {"starts_of": "architectures", "training": training, "replicates": replicates}
    return {
        "train": {**common, **trained},
        "evaluate": {**common, **_pick(section, "threshold")},
    }


# ---------------- optimizers


def optimizers_factors(section: Mapping[str, Any]) -> Factors:
    """``{optimizer}/{network}``, all losses in one"""
    return {
        f"{optimizer}/{network}": {"network": network, "optimizer": optimizer}
        for optimizer, network in itertools.product(section["stages"], section["networks"])
    }


def _optimizers_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    stages = section["stages"][factors["optimizer"]]
    common = {
        "font": section["font"],
        "network": {
            "architecture": section["networks"][factors["network"]],
            **_pick(section, *ACTIVATIONS),
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
        "train": {**training, **_pick(section, "evaluations", "record_every", "replicates")},
        "evaluate": {**common, **_pick(section, "threshold")},
    }
    tuning = section["tuning"]
    tuned = [stage for stage in stages if stage in tuning["learning_rates"]]
    if tuned:
        rates = tuning["learning_rates"][tuned[-1]]
        steps["tune"] = {
            **training, **_pick(tuning, "evaluations", "starts"), "learning_rates": rates
        }  # fmt: skip
    return steps


# ---------------- letters


def letters_factors(section: Mapping[str, Any]) -> Factors:
    """``{font}/{network}``"""
    return {
        f"{font}/{name}": {"font": font, "network": name}
        for name, network in section["networks"].items()
        for font in network["fonts"]
    }


def letters_drawn(section: Mapping[str, Any]) -> Factors:
    """Those of them that have figures of their own and a place in the pages."""
    factors = letters_factors(section)
    return {cell: factors[cell] for cell in shown.spaced(list(factors), shown.CELLS)}


def front_factors(section: Mapping[str, Any]) -> Factors:
    """``{font}/{network}`` of the networks on the front of size against wrong pixels"""
    return {
        f"{font}/{name}": {"font": font, "network": name}
        for name in section["front"]["architectures"]
        for font in section["front"]["fonts"]
    }


def front_weights(section: Mapping[str, Any]) -> dict[str, int]:
    """Number of weights of each network on the front."""
    front = section["front"]
    return {
        name: Network(units, **_pick(front, *ACTIVATIONS)).n_weights
        for name, units in front["architectures"].items()
    }


def letters_network(section: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The knobs of a named network, or of one on the front."""
    front = section["front"]
    if name in front["architectures"]:
        return {**front, "architecture": front["architectures"][name]}
    network: Mapping[str, Any] = section["networks"][name]
    return network


def _letters_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    network = letters_network(section, factors["network"])
    common = {
        "font": factors["font"],
        "network": _pick(network, "architecture", *ACTIVATIONS),
    }
    return {
        "train": {
            **common,
            "training": _pick(network, "optimizer", *OPTIONS[network["optimizer"]]),
            **_pick(network, "replicates"),
        },
        "evaluate": {
            **common,
            **_pick(section, "threshold"),
            "new_letters": {k: v for k, v in section["new_letters"].items() if k != "drawn"},
        },
        "draw": {**common, **_pick(section, "threshold", "grid", "paths", "new_letters")},
    }


# ---------------- denoising


def denoising_noises(chosen: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every combination of the lists kinds, probabilities and ranges, by its part of a path."""
    return {
        f"{kind}/{slug('p', p)}/{slug('r', r)}": {"kind": kind, "probability": p, "range": r}
        for kind, p, r in itertools.product(
            chosen["kinds"], chosen["probabilities"], chosen["ranges"]
        )
    }


def denoising_families(section: Mapping[str, Any]) -> Factors:
    """``{font}/{subset}/{network}``: denoisers that differ by the noise they learned alone"""
    return {
        f"{font}/{subset}/{name}": {"font": font, "subset": subset, "network": name}
        for name, network in section["networks"].items()
        for subset in network["subsets"]
        for font in section["subsets"][subset]["fonts"]
    }


def denoising_factors(section: Mapping[str, Any]) -> Factors:
    """``{font}/{subset}/{network}/{kind}/{probability}/{range}``"""
    return {
        f"{family}/{name}": {**factors, **noise}
        for family, factors in denoising_families(section).items()
        for name, noise in denoising_noises(section["networks"][factors["network"]]).items()
    }


def _denoiser(network: Mapping[str, Any]) -> dict[str, Any]:
    """A denoiser of ``denoising.networks`` in the form in which it is trained."""
    return {
        "network": _pick(network, "architecture", *ACTIVATIONS),
        "training": _pick(network, "optimizer", *OPTIONS[network["optimizer"]]),
        **_pick(network, "copies", "redraw"),
    }


def _denoising_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    network = section["networks"][factors["network"]]
    common = {
        "font": factors["font"],
        "letters": section["subsets"][factors["subset"]]["letters"],
        "noise": _pick(factors, "kind", "probability", "range"),
        **_denoiser(network),
    }
    scored = {**common, **_pick(section, "threshold")}
    return {
        "train": {**common, **_pick(network, "replicates")},
        "evaluate": {**scored, **_pick(section, "fresh_draws")},
        "plot": {**scored, **_pick(section, "drawn_above")},
    }


def denoising_families_drawn(section: Mapping[str, Any]) -> Factors:
    """Those of the families whose letters are drawn."""
    families = denoising_families(section)
    return {family: families[family] for family in shown.spaced(list(families), shown.CELLS)}


def denoising_plots(section: Mapping[str, Any]) -> list[str]:
    """The figures of all denoisers together: those of a subset and network, and the others."""
    pairs = dict.fromkeys(
        (factors["subset"], factors["network"])
        for factors in denoising_families_drawn(section).values()
    )
    of_pairs = [
        f"{figure}/{subset}-{network}"
        for subset, network in pairs
        for figure in ("scores", "baselines", "transfer")
        # by probability, there is something to see from two on
        if figure != "scores" or len(section["networks"][network]["probabilities"]) > 1
    ]
    return ["kinds", "variations", "orthogonality", "subset_sizes", *of_pairs]


def denoising_drawn(params: Params) -> dict[str, Any]:
    """What the figures of all denoisers together show."""
    section = params["denoising"]
    first = next(iter(section["subsets"].values()))
    return {
        "seed": params["seed"],
        "font": first["fonts"][0],
        "letters": first["letters"],
        "figures": denoising_plots(section),
        **_pick(section, "tests", "variations", "drawn_above"),
    }


def denoising_comparison(params: Params) -> dict[str, Any]:
    """The settings of the baselines: the letters of every font and subset, and all test noises."""
    section = params["denoising"]
    return {
        "seed": params["seed"],
        "sets": [
            {"font": font, "subset": subset, "letters": chosen["letters"]}
            for subset, chosen in section["subsets"].items()
            for font in chosen["fonts"]
        ],
        "tests": list(denoising_noises(section["tests"]).values()),
        **_pick(section, "linear_copies", "fresh_draws", "threshold"),
    }


def denoising_variations(params: Params) -> dict[str, Any]:
    """The settings of the denoiser of ``denoising.variations``, and what is varied."""
    section = params["denoising"]
    vary = section["variations"]
    base = _denoiser(section["networks"][vary["network"]])
    return {
        "seed": params["seed"],
        "cell": "denoising/variations",
        "letters": section["subsets"][vary["subset"]]["letters"],
        **_pick(vary, "font", "subset", "noise", "replicates"),
        **base,
        "training": {**base["training"], **_pick(vary, "max_epochs")},
        "vary_copies": vary["copies"],
        "vary_latent": vary["latent"],
        **_pick(section, "fresh_draws", "threshold"),
    }


def denoising_orthogonality(params: Params) -> dict[str, dict[str, Any]]:
    """For every font of ``denoising.orthogonality``, the settings of its subsets' denoisers."""
    section = params["denoising"]
    relate = section["orthogonality"]
    return {
        font: {
            "seed": params["seed"],
            "cell": f"denoising/orthogonality/{font}",
            "font": font,
            "marked": {
                subset: chosen["letters"]
                for subset, chosen in section["subsets"].items()
                if font in chosen["fonts"] and chosen["letters"] != "all"
            },
            "networks": {name: _denoiser(section["networks"][name]) for name in relate["networks"]},
            **_pick(relate, "noise", "subsets", "replicates"),
            **_pick(section, "fresh_draws", "threshold"),
        }
        for font in relate["fonts"]
    }


# ---------------- vae


def vae_factors(section: Mapping[str, Any]) -> Factors:
    """``{dataset}/{model}/{replicate}``"""
    return {
        f"{dataset}/{name}/{replicate}": {"dataset": dataset, "model": name, "replicate": replicate}
        for dataset, (name, model) in itertools.product(
            section["datasets"], section["models"].items()
        )
        for replicate in range(model["replicates"][dataset])
    }


def _image_model(section: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A model of ``vae.models`` in the form in which it is trained."""
    return {key: value for key, value in section["models"][name].items() if key != "replicates"}


def _vae_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    model = _image_model(section, factors["model"])
    return {
        "train": {"model": model},
        "evaluate": {"model": model, **_pick(section, "measures")},
    }


def vae_drawn(params: Params, dataset: str) -> dict[str, Any]:
    """What the figures of an image set show, of the first replicate of all its models."""
    section = params["vae"]
    return {
        "seed": params["seed"],
        "dataset": dataset,
        "classes": params["data"]["images"][dataset]["classes"],
        "models": {name: _image_model(section, name) for name in section["models"]},
        **_pick(section, "manifold", "drawn"),
    }


# ---------------- all


class Experiment(NamedTuple):
    """What an experiment fans out over, and what the steps of each cell depend on.

    factors : of a section of the parameters, for every cell the values of its factors; the cell's
        name joins them in this order, numbers as a ``slug``
    settings : of a section and a cell's factors, the settings of each step that computes it
    """

    factors: Callable[[Mapping[str, Any]], Factors]
    settings: Callable[[Mapping[str, Any], Mapping[str, Any]], Settings]


EXPERIMENTS = {
    "architectures": Experiment(architectures_factors, _architectures_settings),
    "optimizers": Experiment(optimizers_factors, _optimizers_settings),
    "letters": Experiment(
        lambda section: letters_factors(section) | front_factors(section), _letters_settings
    ),
    "denoising": Experiment(denoising_factors, _denoising_settings),
    "vae": Experiment(vae_factors, _vae_settings),
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
                    {"name": name, "model": _image_model(section, name)}
                    for name in section["models"]
                ],
            }
            for dataset in section["datasets"]
        ],
    }


def _optimizer_of(training: Mapping[str, Any]) -> str:
    """What a network was trained by; a hybrid by its stages' names."""
    return "-".join(stage["optimizer"] for stage in training.get("stages", [training]))
