"""Train candidate networks from many starts and say which reproduce every letter, at what cost.

    python search/search_letters.py [CANDIDATE ...]

A candidate is an entry of candidates.yaml: the form of an entry of ``letters.networks`` in
params.yaml, with the fonts to try ("all": the letters of all fonts at once). Start weights derive
from the identity ("search", candidate, font, start), which no cell of the study has: what is
chosen here is judged there on other starts. A line of the table, and of the output, is a
candidate on a font:

exact : share of starts that end with no wrong pixel in any letter
within_one : share of starts that end with at most one wrong pixel in every letter
letters_within_one : letters with at most one wrong pixel, of the start with the most
wrong_pixels : of the worst letter, the median start and the best start (fewest)
evaluations, cpu_seconds : per start, the median and the mean; compilation is in the latter
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from latentlab.fonts import read_fonts
from latentlab.metrics import wrong_pixels
from latentlab.network import Array, Network, forward, initial_weights
from latentlab.seeds import generator
from latentlab.training import train

NETWORK = ("architecture", "encoder", "latent", "decoder", "output", "beta", "biases")


def search(
    name: str, font: str, letters: Array, candidate: Mapping[str, Any], seed: int, threshold: float
) -> dict[str, Any]:
    """One line of the table; letters (letters, pixels) are both input and target."""
    network = Network(**{key: candidate[key] for key in NETWORK})
    options = {k: v for k, v in candidate.items() if k not in (*NETWORK, "fonts", "replicates")}
    wrong, evaluations = [], []
    began = time.process_time()
    for start in range(candidate["replicates"]):
        weights = initial_weights(network, generator(seed, "search", name, font, start))
        training = train(network, letters, letters, weights, **options)
        wrong.append(wrong_pixels(forward(network, training.weights, letters), letters, threshold))
        evaluations.append(training.evaluations[-1])
    seconds = time.process_time() - began
    worst = np.max(wrong, axis=1)
    return {
        "candidate": name,
        "font": font,
        "weights": network.n_weights,
        "starts": len(worst),
        "exact": np.mean(worst == 0),
        "within_one": np.mean(worst <= 1),
        "letters_within_one": np.max(np.sum(np.array(wrong) <= 1, axis=1)),
        "letters": len(letters),
        "wrong_pixels_median": np.median(worst),
        "wrong_pixels_best": worst.min(),
        "evaluations": np.median(evaluations),
        "cpu_seconds": round(seconds / len(worst), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", help="candidates to try; all without any")
    parser.add_argument("--candidates", type=Path, default=ROOT / "search" / "candidates.yaml")
    parser.add_argument("--output", type=Path, default=ROOT / ".cache" / "search" / "letters.csv")
    args = parser.parse_args()

    yaml = YAML(typ="safe")
    params = yaml.load(ROOT / "params.yaml")
    candidates = yaml.load(args.candidates)
    if unknown := [name for name in args.names if name not in candidates]:
        parser.error(f"no candidate {unknown[0]!r} in {args.candidates}")
    fonts = {name: f.pixels for name, f in read_fonts(ROOT / params["data"]["fonts"]).items()}
    fonts["all"] = np.concatenate(list(fonts.values()))

    args.output.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in args.names or candidates:
        for font in candidates[name]["fonts"]:
            row = search(
                name,
                font,
                fonts[font],
                candidates[name],
                params["seed"],
                params["letters"]["threshold"],
            )
            rows.append(row)
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            pd.DataFrame(rows).to_csv(args.output, index=False)


if __name__ == "__main__":
    main()
