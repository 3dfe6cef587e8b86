"""Optimizers: seconds that the counted cost of ``results/optimizers`` takes on this machine.

    PYTHONPATH=src python benchmarks/optimizers.py [--evaluations N]

Each optimizer that params.yaml compares at equal cost trains each network once from the same
start, within N evaluations of the loss (a gradient counts as 3), after a first run that compiles.
Of what is tuned it takes the first that is tried. Printed are the processor's microseconds an
evaluation, and how many evaluations of Powell one of the others takes as long as. What is compared
in the results, at the same count, differs by that factor on a clock.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import pandas as pd

from latentlab.data.fonts import read_fonts
from latentlab.experiments.optimizers import runs
from latentlab.experiments.params import read_params
from latentlab.experiments.registry import cells

ROOT = Path(__file__).resolve().parents[1]


def seconds(settings: dict, letters, knobs: dict) -> tuple[float, int]:
    """Processor time of one training on letters (letters, pixels), and the evaluations it counted.

    settings : those of ``runs.train``, with one loss and one replicate
    """
    begin = time.process_time()
    (of_loss,) = runs.train(settings, letters, knobs, lambda line: None).values()
    (training,) = of_loss.values()
    return time.process_time() - begin, int(training.evaluations[-1])


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--evaluations", type=int, default=6000, help="of each training")
    arguments = parser.parse_args(argv)
    params = read_params(ROOT / "params.yaml", ROOT)
    letters = read_fonts(ROOT / params["data"]["fonts"])[params["optimizers"]["font"]].pixels
    rows = []
    equal = next(iter(params["optimizers"]["comparisons"].values()))
    for cell, steps in cells(params, "optimizers").items():
        optimizer, network = cell.split("/")
        if optimizer not in equal["stages"]:
            continue
        settings = {
            **steps["train"], "losses": ["squared-error"], "replicates": 1,
            "evaluations": arguments.evaluations,
        }  # fmt: skip
        knobs = {"squared-error": runs.tried(equal["stages"][optimizer])[0]}
        seconds(settings, letters, knobs)
        spent, evaluations = seconds(settings, letters, knobs)
        rows.append({"network": network, "optimizer": optimizer, "us": spent / evaluations * 1e6})
    table = pd.DataFrame(rows).pivot(index="optimizer", columns="network", values="us")
    print("microseconds of the processor an evaluation")
    print(table.to_string(float_format="%.3g"))
    if "powell" in table.index:
        print("\nas many evaluations of Powell")
        print((table / table.loc["powell"]).to_string(float_format="%.3g"))


if __name__ == "__main__":
    main()
