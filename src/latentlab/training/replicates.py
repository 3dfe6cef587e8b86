"""Replicates: the same network trained from several starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from latentlab.aliases import Array, Fields
from latentlab.models.network import Network, initial_weights
from latentlab.seeds import generator
from latentlab.training.optimizers import train
from latentlab.training.record import Progress, Training


def replicates_of(settings: Fields) -> range:
    """The replicates that a job trains: all of a cell, or its part of them.

    settings : replicates, and part, where there is one: (k, n) is the k-th, from 0, of n parts of
        equal size, or nearly
    """
    k, n = settings.get("part", (0, 1))
    return range(settings["replicates"] * k // n, settings["replicates"] * (k + 1) // n)


def train_replicates(
    network: Network,
    samples: Callable[[int], tuple[Any, Array]],
    *,
    replicates: Sequence[int],
    seed: int,
    cell: str,
    options: Fields,
    log: Callable[[str], None] = lambda line: None,
    run: Callable[..., Training] = train,
) -> dict[int, Training]:
    """Independent trainings of one cell, by replicate.

    samples gives inputs and targets (samples, units) of a replicate, as ``run`` takes them; start
    weights depend on the seed, the cell and the replicate alone. A line a replicate goes to
    ``log``, and one a minute from a long one.
    """
    trainings = {}
    for number, replicate in enumerate(replicates, start=1):
        inputs, targets = samples(replicate)
        start = initial_weights(network, generator(seed, cell, replicate, "start"))
        name = f"replicate {number} of {len(replicates)}"
        progress = _now_and_then(log, name)
        training = run(network, inputs, targets, start, progress=progress, **options)
        trainings[replicate] = training
        log(
            f"{name}: {training.status} after {training.epochs} epochs,"
            f" error {training.errors[-1]:.6g}"
        )
    return trainings


def _now_and_then(log: Callable[[str], None], name: str, seconds: float = 60.0) -> Progress:
    """A progress callback that logs the epoch and the error, at most once in so many seconds."""
    last = time.monotonic()

    def progress(epoch: int, error: float) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            log(f"{name}: epoch {epoch}, error {error:.6g}")

    return progress
