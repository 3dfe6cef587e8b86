"""Evaluations of image models by this tree and by another, in turn: processor seconds, and scores.

    PYTHONPATH=src python benchmarks/evaluation.py OTHER [CELL ...] [--rounds N]

OTHER is a worktree of another commit; CELL a cell of ``vae`` that this tree has trained, such as
mnist/published/0. Each runs as in the workflow, in a process of its own, imports included, with
this tree's settings, images and weights. Printed are a line a cell: the medians, this tree's as a
share of the other's, and the measure that moved most, relative to the larger of its value and 1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import latentlab  # noqa: F401 (before pandas, which imports NumPy)

# isort: split
import pandas as pd

from latentlab.experiments.registry import cells
from latentlab.files.yaml import read_yaml

ROOT = Path(__file__).resolve().parents[1]


def evaluate(tree: Path, cell: str, settings: Path, scores: Path) -> float:
    """Run one evaluation by a tree's script; return its seconds of the processor."""
    dataset, folder = cell.split("/")[0], ROOT / "results/vae/cells"
    script = tree / "workflow/scripts/evaluate_vae.py"
    options = {
        "settings": settings,
        "images": ROOT / "data/images" / dataset,
        "weights": folder / cell / "weights.npz",
        "scores": scores,
    }
    if '"survey"' in script.read_text():
        options["survey"] = folder / dataset / "survey.npz"
    before = os.times()
    pairs = [str(part) for name, path in options.items() for part in (f"--{name}", path)]
    subprocess.run([sys.executable, script, *pairs], check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user - before.children_user
    return spent + after.children_system - before.children_system


def moved(ours: Path, others: Path) -> tuple[str, float]:
    """Name of the measure of two files of scores that differs most, and by how much."""
    a, b = (pd.read_csv(path).iloc[0] for path in (ours, others))
    change = ((a - b).abs() / b.abs().clip(lower=1)).dropna()
    return str(change.idxmax()), float(change.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("cells", nargs="*", default=["mnist/published/0", "mnist/autoencoder/0"])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    steps = cells(read_yaml(ROOT / "params.yaml"), "vae")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for cell in args.cells:
            settings = place / "settings.json"
            settings.write_text(json.dumps(steps[cell]["evaluate"]))
            spent: dict[str, list[float]] = {"this": [], "other": []}
            for _ in range(args.rounds):
                for name, tree in (("this", ROOT), ("other", args.other.resolve())):
                    spent[name].append(evaluate(tree, cell, settings, place / f"{name}.csv"))
            this, other = (statistics.median(seconds) for seconds in spent.values())
            measure, change = moved(place / "this.csv", place / "other.csv")
            print(
                f"{cell}: {this:.1f} s, other {other:.1f} s, ratio {this / other:.2f};"
                f" {measure} moved by {change:.1g}",
                flush=True,
            )


if __name__ == "__main__":
    main()
