"""Does the study's Powell train as well as SciPy's? Paired, over common starts.

    PYTHONPATH=src python benchmarks/powell_equivalence.py [--starts N] [--epochs N]

Both run the same algorithm from the same weights; ``powell.train`` on our arithmetic, SciPy on
NumPy's. The first differing bit of a loss sends the two runs on different ways, so single runs
differ and only distributions can be compared: the median of the paired differences of the final
error, with its 95 % interval from order statistics (the sign test's), which makes no assumption
about the distribution. MARGIN, fixed before the first run, is a tenth of the error that the
original reported for this network, about 1: closer medians would be called equivalent.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import numpy as np

from latentlab.data.fonts import read_fonts
from latentlab.measures.statistics import median
from latentlab.models.network import Network, initial_weights
from latentlab.training import powell

FONTS = Path(__file__).resolve().parents[1] / "data" / "fonts" / "font.h"
NETWORK = Network((35, 15, 2, 15, 35), "relu", "linear", "sigmoid", "sigmoid", 0.8, False)
MARGIN = 0.1


def final_errors(epochs: int, seed: int) -> tuple[float, float]:
    """Final error of (powell.train, train_scipy) from one start, with the study's tolerances."""
    letters = read_fonts(FONTS)["font2"].pixels
    start = initial_weights(NETWORK, np.random.default_rng(seed))
    options = {"max_epochs": epochs, "xtol": 0.01, "ftol": 0.01}
    ours = powell.train(NETWORK, letters, letters, start, **options)
    scipys = powell.train_scipy(NETWORK, letters, letters, start, **options)
    return ours.errors[-1], scipys.errors[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    powell.compile()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        pairs = list(pool.map(partial(final_errors, arguments.epochs), range(arguments.starts)))
    ours, scipys = np.array(pairs).T
    difference = ours - scipys
    middle, low, high = median(difference)  # of fewer than 6 starts no interval
    print(f"{arguments.starts} starts of {list(NETWORK.architecture)}, {arguments.epochs} epochs")
    for name, errors in (("ours", ours), ("SciPy", scipys)):
        quartiles = ", ".join(f"{value:.4f}" for value in np.quantile(errors, [0.25, 0.5, 0.75]))
        print(f"final error of {name}: quartiles {quartiles}")
    print(f"median difference {middle:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}")
    verdict = "equivalent" if low > -MARGIN and high < MARGIN else "not shown to be equivalent"
    print(f"{verdict} within +-{MARGIN}; {np.mean(difference < 0):.0%} of the pairs favor ours")


if __name__ == "__main__":
    main()
