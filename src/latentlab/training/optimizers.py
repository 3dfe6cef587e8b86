"""The one door to all optimizers of letter networks, and hybrids of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from latentlab.aliases import Array, Fields
from latentlab.models.network import Network
from latentlab.training.record import Progress, Training

OPTIMIZERS = {
    "powell": ("latentlab.training.powell", "train"),
    "scipy-powell": ("latentlab.training.powell", "train_scipy"),
    "backpropagation": ("latentlab.training.gradient", "train_backpropagation"),
    "adam": ("latentlab.training.gradient", "train_adam"),
    "rmsprop": ("latentlab.training.gradient", "train_rmsprop"),
    "lbfgs": ("latentlab.training.gradient", "train_lbfgs"),
    "stages": ("latentlab.training.optimizers", "train_stages"),
}
"""Module and function of each optimizer: loaded when used, so that a job pays for its own only."""


def unused_modules(settings: Fields) -> frozenset[str]:
    """The modules of ``OPTIMIZERS`` that a step with these settings never loads.

    An optimizer counts as used wherever its name is in the settings, as a key or a value; where
    none is, nothing is known, and no module is unused.
    """
    used = {OPTIMIZERS[name][0] for name in _texts(settings) if name in OPTIMIZERS}
    return frozenset(module for module, _ in OPTIMIZERS.values()) - used if used else frozenset()


def _texts(value: object) -> Iterator[str]:
    """Every text in nested settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def train(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    optimizer: str,
    progress: Progress | None = None,
    **options: Any,
) -> Training:
    """Train with the optimizer of that name, from flat weights (n_weights,).

    inputs and targets are (samples, units); the options are the optimizer's own.
    """
    module, function = OPTIMIZERS[optimizer]
    run = getattr(importlib.import_module(module), function)
    training: Training = run(network, inputs, targets, start, progress=progress, **options)
    return training


def train_stages(
    network: Network,
    inputs: Array,
    targets: Array,
    start: Array,
    *,
    stages: Sequence[Fields],
    progress: Progress | None = None,
) -> Training:
    """A hybrid: each stage goes on where the one before ended, such as Powell, then L-BFGS-B.

    stages : for each stage the optimizer's name, a key of ``OPTIMIZERS``, and its
    options, such as [{"optimizer": "powell", "max_epochs": 10, ...}, {"optimizer": "adam", ...}].
    Shapes as for ``train``. Errors and evaluations are joined, evaluations add
    up; a stage that diverges is the last one. The status is that of the last stage that ran.
    Raises ValueError without any stage, and what the stages raise.
    """
    if not stages:
        raise ValueError("a hybrid needs at least one stage")
    epochs = spent = 0

    def report(epoch: int, error: float) -> None:
        if progress is not None:
            progress(epochs + epoch, error)

    weights = start
    errors: list[Array] = []
    evaluations: list[np.ndarray] = []
    recorded: list[np.ndarray] = []
    for stage in stages:
        part = train(network, inputs, targets, weights, progress=report, **stage)
        first = 1 if errors else 0  # a later stage starts where the one before ended
        errors.append(part.errors[first:])
        evaluations.append(spent + part.evaluations[first:])
        recorded.append(epochs + part.record_epochs[first:])
        weights, epochs = part.weights, epochs + part.epochs
        spent += int(part.evaluations[-1])
        if part.status == "diverged":
            break
    return Training(
        weights,
        np.concatenate(errors),
        np.concatenate(evaluations),
        part.status,
        np.concatenate(recorded),
    )
