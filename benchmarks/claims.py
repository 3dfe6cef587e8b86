"""How often the tests of claims claim an effect where there is none worth a word.

    PYTHONPATH=src python benchmarks/claims.py [studies]

Simulated studies (2,000) whose true effect is just the smallest that counts, with p below 0.05.
Printed: the share of them that claim a larger effect, and that claim a smaller one. 0.025 is right
for each; more is too much. Runs are normal where nothing else is said. Sets of letters: 40 of four
letters in each of 3 fonts of 32 letters; what is measured of a set is the mean of its letters and
noise.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import numpy as np

from latentlab.experiments.conclusions import evidence
from latentlab.experiments.conclusions.evidence import Draws, Finding

STEP = math.sqrt(2) * 0.6744897501960817  # between normal runs, a delta of 0.5
BOUND = 0.5
RESAMPLES = 399

Generator = np.random.Generator


def skewed(rng: Generator, n: int) -> np.ndarray:
    """Runs of mean 1 with a long tail: lognormal, with a deviation of 0.5 of the logarithms."""
    return np.exp(0.5 * rng.standard_normal(n) - 0.125)


def sets_of_letters(
    rng: Generator, noise: float, fonts: int = 3, sets: int = 40, letters: int = 32
) -> tuple[np.ndarray, np.ndarray, list[frozenset[str]], np.ndarray]:
    """Two measures (sets,) without any correlation, the members of each set, its font."""
    values = rng.standard_normal((fonts, 2, letters))
    chosen = [(f, rng.choice(letters, 4, replace=False)) for f in range(fonts) for _ in range(sets)]
    x, y = (np.array([values[f, i, of].mean() for f, of in chosen]) for i in (0, 1))
    members = [frozenset(f"{f} {letter}" for letter in of) for f, of in chosen]
    return x, y + noise * rng.standard_normal(len(y)), members, np.array([f for f, _ in chosen])


def studies(n: int) -> dict[str, Callable[[Generator], Finding]]:
    """A study of every kind with n runs of each: rng -> what its test finds."""

    def draws(rng: Generator) -> Draws:
        return Draws(BOUND, RESAMPLES, rng)

    third = evidence._shift_of(BOUND, 3)
    half = (1 - BOUND, 1.0)  # what a ratio of geometric means is that counts just so
    return {
        "dominance": lambda rng: evidence.dominance(
            [(rng.standard_normal(n) + STEP, rng.standard_normal(n))], 1, draws(rng)),
        "dominance, one spread 5 times the other": lambda rng: evidence.dominance(
            [(rng.standard_normal(n) + STEP * math.sqrt(13), 5 * rng.standard_normal(n))],
            1, draws(rng)),
        "trend of 3 levels": lambda rng: evidence.trend(
            [[rng.standard_normal(n) + third * i for i in range(3)]], [1, 2, 3], 1, draws(rng)),
        "pairs in 2 strata": lambda rng: evidence.pairs(
            [(rng.random(n), np.full(n, 0.25)) for _ in range(2)], 1, draws(rng)),
        "difference": lambda rng: evidence.difference(
            [(rng.standard_normal(n) + BOUND, 3 * rng.standard_normal(n))], 1, draws(rng)),
        "ratio": lambda rng: evidence.ratio(
            [(half[0] * np.exp(rng.standard_normal(n)), np.exp(0.2 * rng.standard_normal(n)))],
            -1, draws(rng)),
        "ratio, skewed logarithms": lambda rng: evidence.ratio(
            [(half[0] * np.exp(skewed(rng, n)), np.exp(skewed(rng, n)))], -1, draws(rng)),
        "mean": lambda rng: evidence.mean(rng.normal(BOUND, 0.1, n), draws(rng)),
        "mean, skewed": lambda rng: evidence.mean(BOUND * skewed(rng, n), draws(rng)),
        "level": lambda rng: evidence.level([rng.random(n)], draws(rng)),
    }  # fmt: skip


def shares(study: Callable[[Generator], Finding], bound: float, count: int) -> tuple[float, float]:
    """The shares of studies that claim an effect above the bound, and one below."""
    found = [study(np.random.default_rng(seed)) for seed in range(count)]
    clear = [f.effect > bound for f in found if f.p < 0.05]
    return clear.count(True) / count, clear.count(False) / count


def main() -> None:
    """Print the table of docs/methods.md, a row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", type=int, nargs="?", default=2000)
    count = parser.parse_args().studies
    evidence._Ordered.end = lambda self, effect, upper: effect  # type: ignore[method-assign]
    for name in studies(6):
        cells = [shares(studies(n)[name], BOUND, count) for n in (6, 10, 30)]
        told = " | ".join(f"{above:.3f}, {below:.3f}" for above, below in cells)
        print(f"| {name} | {told} |", flush=True)
    for noise in (0.1, 0.5, 1.0, 2.0):
        above, below = shares(
            lambda rng, noise=noise: evidence.correlation(
                *sets_of_letters(rng, noise), 1, Draws(0.0, RESAMPLES, rng)),
            0.0, count // 2)  # fmt: skip
        print(f"correlation of sets of letters, noise {noise}: {above:.3f}, {below:.3f}")


if __name__ == "__main__":
    main()
