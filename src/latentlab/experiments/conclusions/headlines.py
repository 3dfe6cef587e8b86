"""The study in some thirty figures: what a person follows from run to run, rounded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

FOLLOWED = {
    "figures.*": "conclusions.counts.figures.*",
    "architectures.*": "architectures.networks.*.relu.mean_error",
    "letters.all fonts": "letters.all_fonts.share_within_one_pixel",
    "letters.font2": "letters.font2.share_within_one_pixel",
    "letters.font2 powell": "letters.powell_only.font2.share_within_one_pixel",
    "optimizers.adam": "optimizers.35-25-15-2.squared-error.adam.mean_error",
    "optimizers.gradient": "optimizers.35-25-15-2.squared-error.backpropagation.mean_error",
    "optimizers.lbfgs": "optimizers.35-25-15-2.squared-error.lbfgs.mean_error",
    "optimizers.powell": "optimizers.35-25-15-2.squared-error.powell.mean_error",
    "denoising.published": "denoising.published.font2.published.uniform.r-050.p-010"
    ".within_one_pixel",
    "denoising.ours": "denoising.all_letters.font1.bit_flip.p-015.within_one_pixel",
    "denoising.nearest": "denoising.all_letters.font1.bit_flip.p-015.baselines.nearest_letter"
    ".within_one_pixel",
    "vae.mnist": "vae.mnist.published.test_loss",
    "vae.mnist deep": "vae.mnist.improved.test_loss",
    "vae.fashion": "vae.fashion_mnist.published.test_loss",
    "vae.fashion deep": "vae.fashion_mnist.improved.test_loss",
}
"""By the figure's name, its place in the metrics of an experiment. A ``*`` stands for any one name,
which takes the place of the ``*`` in the figure's. docs/results.md says what each is."""


def headlines(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The effect of each claim and the figures that are followed, of those that the study has.

    metrics : the content of every experiment's metrics.json, by the experiment's name
    """
    claims = metrics["conclusions"]["claims"]
    own = {name: claim["readings"][name].get("effect") for name, claim in claims.items()}
    tree = {"claims": {name: _rounded(effect) for name, effect in own.items() if _is_known(effect)}}
    for label, place in FOLLOWED.items():
        group, name = label.split(".")
        for found, value in _at(metrics, place.split(".")):
            tree.setdefault(group, {})[name.replace("*", found)] = _rounded(value)
    return tree


def _is_known(value: object) -> bool:
    """Whether it is a number: what a run could not compute is None, or not there."""
    return isinstance(value, int | float)


def _at(tree: Any, keys: list[str]) -> Iterator[tuple[str, float]]:
    """The numbers at a place of a tree, each with the name that its ``*`` stands for, or ""."""
    if not keys:
        if _is_known(tree):
            yield "", tree
        return
    first, *rest = keys
    if not isinstance(tree, Mapping):
        return
    for name in tree if first == "*" else tree.keys() & {first}:
        for found, value in _at(tree[name], rest):
            yield (name if first == "*" else found), value


def _rounded(value: float) -> float:
    """With three digits, those of whole numbers and one decimal at least."""
    if value == 0:
        return value
    return round(value, max(1, 2 - math.floor(math.log10(abs(value)))))
