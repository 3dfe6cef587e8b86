"""Sets of noisy letters: what denoisers learn from, and noise that none has seen."""

from __future__ import annotations

import numpy as np

from latentlab.aliases import Array, Fields
from latentlab.data.noise import NOISES
from latentlab.seeds import generator


def noisy(letters: Array, noise: Fields, rng: np.random.Generator) -> Array:
    """Letters (samples, pixels) with noise of the given kind, probability and range."""
    return NOISES[noise["kind"]](letters, noise["probability"], noise["range"], rng)


def training_set(
    letters: Array, settings: Fields, replicate: int, epoch: int | None = None
) -> tuple[Array, Array]:
    """Noisy inputs and clean targets (copies * letters, pixels) of one replicate.

    epoch : the one whose noise it is, where it is drawn anew for each; else None
    """
    targets = np.tile(letters, (settings["copies"], 1))
    identity = () if epoch is None else (epoch,)
    rng = generator(settings["seed"], settings["cell"], replicate, "copies", *identity)
    return noisy(targets, settings["noise"], rng), targets


def last_training_set(letters: Array, settings: Fields, replicate: int) -> tuple[Array, Array]:
    """What a replicate learned from last, as ``training_set`` gives it for its last epoch.

    (copies * letters, pixels) each; the copies are those of every epoch where none is redrawn. Of
    a training that diverged, the last epoch is the one that it would have ended with.
    """
    last = settings["training"]["max_epochs"] - 1 if settings["redraw"] else None
    return training_set(letters, settings, replicate, last)


def noise_identity(noise: Fields) -> tuple[str, str, str]:
    """What random numbers for a noise derive from, whatever the order of its keys."""
    return noise["kind"], str(noise["probability"]), str(noise["range"])


def fresh_set(
    letters: Array, draws: int, noise: Fields, seed: int, *letters_of: str
) -> tuple[Array, Array]:
    """Noisy inputs and clean targets (draws * letters, pixels) that no training has seen.

    letters_of : what the letters are, such as font and subset; of denoisers the replicate too
        (``scores.own_fresh_set``). The baselines of these letters have the same draws, others than
        denoisers.
    """
    targets = np.tile(letters, (draws, 1))
    rng = generator(seed, "denoising", "fresh", *letters_of, *noise_identity(noise))
    return noisy(targets, noise, rng), targets


def kinds_drawn(letter: Array, tests: Fields, seed: int) -> dict[str, Array]:
    """One letter (pixels,) with every kind of noise: by kind (probabilities, pixels).

    tests : kinds, probabilities, ranges, of which the last is drawn. The same pixels are hit in
    every kind, so that what sets the kinds apart is all that differs.
    """
    return {
        kind: np.stack(
            [
                NOISES[kind](letter[None], p, tests["ranges"][-1], generator(seed, "kinds"))[0]
                for p in tests["probabilities"]
            ]
        )
        for kind in tests["kinds"]
    }
