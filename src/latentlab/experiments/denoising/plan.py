"""The cells of ``denoising``, and what each of its steps depends on."""

from __future__ import annotations

import itertools

from latentlab import shown
from latentlab.aliases import Fields, Json
from latentlab.experiments.knobs import (
    ACTIVATIONS,
    Factors,
    Params,
    Settings,
    pick,
    slug,
    without,
)

# what a denoiser has besides the knobs of its training
_LISTS = ("subsets", "kinds", "probabilities", "ranges")
_NO_TRAINING = (*_LISTS, "architecture", *ACTIVATIONS, "copies", "redraw", "replicates")


def denoising_noises(lists: Fields) -> dict[str, Json]:
    """Every combination of the lists kinds, probabilities and ranges, by its part of a path."""
    return {
        f"{kind}/{slug('p', p)}/{slug('r', r)}": {"kind": kind, "probability": p, "range": r}
        for kind, p, r in itertools.product(lists["kinds"], lists["probabilities"], lists["ranges"])
    }


def denoising_families(section: Fields) -> Factors:
    """``{font}/{subset}/{network}``: denoisers that differ by the noise they learned alone"""
    return {
        f"{font}/{subset}/{name}": {"font": font, "subset": subset, "network": name}
        for name, network in section["networks"].items()
        for subset in network["subsets"]
        for font in section["subsets"][subset]["fonts"]
    }


def denoising_factors(section: Fields) -> Factors:
    """``{font}/{subset}/{network}/{kind}/{probability}/{range}``"""
    return {
        f"{family}/{name}": {**factors, **noise}
        for family, factors in denoising_families(section).items()
        for name, noise in denoising_noises(section["networks"][factors["network"]]).items()
    }


def _denoiser(network: Fields) -> Json:
    """A denoiser of ``denoising.networks`` in the form in which it is trained."""
    return {
        "network": pick(network, "architecture", *ACTIVATIONS),
        "training": without(network, *_NO_TRAINING),
        **pick(network, "copies", "redraw"),
    }


def denoising_settings(section: Fields, factors: Fields) -> Settings:
    """Of a cell with these factors, the settings of each step that computes it."""
    network = section["networks"][factors["network"]]
    common = {
        "font": factors["font"],
        "letters": section["subsets"][factors["subset"]]["letters"],
        "noise": pick(factors, "kind", "probability", "range"),
        **_denoiser(network),
    }
    scored = {**common, **pick(section, "threshold")}
    return {
        "train": {**common, **pick(network, "replicates")},
        "evaluate": {**scored, **pick(section, "fresh_draws", "drawn_above")},
        "plot": {**scored, **pick(section, "drawn_above")},
    }


def denoising_families_drawn(section: Fields) -> Factors:
    """Those of the families whose letters are drawn: of each network and subset the first font."""
    families: Factors = {}
    pairs = set()
    for family, factors in denoising_families(section).items():
        pair = factors["subset"], factors["network"]
        if pair not in pairs:
            pairs.add(pair)
            families[family] = factors
    return {family: families[family] for family in shown.spaced(list(families), shown.CELLS)}


def kinds_drawn(network: Fields) -> list[str]:
    """The kinds of noise whose letters are drawn, of those that a network learns: two."""
    kinds: list[str] = network["kinds"][:2]
    return kinds


def denoising_letters(section: Fields) -> dict[str, Json]:
    """``{family}/{kind}`` of the letters that are drawn: the family's factors, and the kind."""
    return {
        f"{family}/{kind}": {**factors, "kind": kind}
        for family, factors in denoising_families_drawn(section).items()
        for kind in kinds_drawn(section["networks"][factors["network"]])
    }


def denoising_plots(section: Fields) -> list[str]:
    """The figures of all denoisers together: those of a subset and network, and the others."""
    pairs = dict.fromkeys(
        (factors["subset"], factors["network"])
        for factors in denoising_families_drawn(section).values()
    )
    of_pairs = [
        f"{figure}/{subset}-{network}"
        for subset, network in pairs
        for figure, knob in (("scores", "probabilities"), ("baselines", ""), ("transfer", "kinds"))
        # by probability, and by kind, there is something to see from two on
        if not knob or len(section["networks"][network][knob]) > 1
    ]
    return ["kinds", "variations", "orthogonality", "subset_sizes", *of_pairs]


def denoising_drawn(params: Params) -> Json:
    """What the figures of all denoisers together show."""
    section = params["denoising"]
    first = next(iter(section["subsets"].values()))
    return {
        "seed": params["seed"],
        "font": first["fonts"][0],
        "letters": first["letters"],
        "figures": denoising_plots(section),
        **pick(section, "tests", "variations", "drawn_above"),
    }


def denoising_comparison(params: Params) -> Json:
    """The settings of the baselines: the letters of every font and subset, and all test noises."""
    section = params["denoising"]
    return {
        "seed": params["seed"],
        "sets": [
            {"font": font, "subset": subset, "letters": entry["letters"]}
            for subset, entry in section["subsets"].items()
            for font in entry["fonts"]
        ],
        "tests": list(denoising_noises(section["tests"]).values()),
        **pick(section, "linear_copies", "fresh_draws", "threshold"),
    }


def denoising_variations(params: Params) -> Json:
    """The settings of the denoiser of ``denoising.variations``, and what is varied."""
    section = params["denoising"]
    vary = section["variations"]
    base = _denoiser(section["networks"][vary["network"]])
    training = base["training"]
    if training.get("loss") == "within-one-pixel":  # for redrawn noise alone: both by one loss
        training = {**training, "loss": "cross-entropy"}
    return {
        "seed": params["seed"],
        "cell": "denoising/variations",
        "letters": section["subsets"][vary["subset"]]["letters"],
        **pick(vary, "font", "subset", "noise", "replicates"),
        **base,
        "training": {**training, **pick(vary, "max_epochs")},
        "vary_copies": vary["copies"],
        "vary_latent": vary["latent"],
        **pick(section, "fresh_draws", "threshold"),
    }


def denoising_orthogonality(params: Params) -> dict[str, Json]:
    """For every font of ``denoising.orthogonality``, the settings of its subsets' denoisers."""
    section = params["denoising"]
    relate = section["orthogonality"]
    return {
        font: {
            "seed": params["seed"],
            "cell": f"denoising/orthogonality/{font}",
            "font": font,
            "marked": {
                subset: entry["letters"]
                for subset, entry in section["subsets"].items()
                if font in entry["fonts"] and entry["letters"] != "all"
            },
            "networks": {name: _denoiser(section["networks"][name]) for name in relate["networks"]},
            **pick(relate, "noise", "subsets", "replicates"),
            **pick(section, "fresh_draws", "threshold"),
        }
        for font in relate["fonts"]
    }
