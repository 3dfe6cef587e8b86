"""Train candidate denoisers of all letters and say how near they come to the nearest letter.

    python search/search_denoising.py [CANDIDATE ...]

A candidate is an entry of denoisers.yaml: the form of an entry of ``denoising.networks`` in
params.yaml, with one noise. All its random numbers derive from identities that begin with
"search", which no cell of the study has: what is chosen here is judged there on other starts and
other noise. A line of the table, and of the output, is a candidate on a font: shares of letters
with at most one wrong pixel, of the candidate (mean of its starts), of the nearest letter in
Hamming distance, of the chance of each pixel by itself and of the best decision there is, on the
same noise; CPU seconds a start, compilation included.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from latentlab.data.fonts import Font, read_fonts
from latentlab.experiments.denoising.baselines import best_decision
from latentlab.experiments.denoising.denoisers import train_denoisers
from latentlab.experiments.denoising.scores import answer_scores, scores_of
from latentlab.experiments.denoising.sets import fresh_set
from latentlab.measures.metrics import hamming, nearest_letter

NETWORK = ("architecture", "encoder", "latent", "decoder", "output", "beta", "biases")
OTHER = ("fonts", "noise", "copies", "replicates")
DRAWS = 1000  # of noise, each with all letters


def pixel_by_pixel(noisy: np.ndarray, letters: np.ndarray, flipped: float) -> np.ndarray:
    """The chance of each pixel (samples, pixels) to be on: all that the cross-entropy asks for.

    noisy : (samples, pixels) of 0 and 1; letters : (letters, pixels), equally likely beforehand
    """
    odds = (flipped / (1 - flipped)) ** hamming(noisy > 0.5, letters > 0.5)
    return odds @ letters / odds.sum(axis=1, keepdims=True)


def search(name: str, font: Font, candidate: dict[str, Any], seed: int) -> dict[str, Any]:
    """One line of the table."""
    letters, noise = font.pixels, candidate["noise"]
    settings = {
        "seed": seed,
        "cell": f"search/{name}/{font.name}",
        "network": {key: candidate[key] for key in NETWORK},
        "training": {k: v for k, v in candidate.items() if k not in (*NETWORK, *OTHER)},
        "redraw": True,
        "threshold": 0.5,
        **{key: candidate[key] for key in ("noise", "copies", "replicates")},
    }
    began = time.process_time()
    trainings = train_denoisers(letters, settings)
    seconds = time.process_time() - began
    samples = fresh_set(letters, DRAWS, noise, seed, "search", font.name)
    own = [scores_of(t.weights, samples, letters, settings) for t in trainings.values()]
    nearest = letters[nearest_letter(samples[0], letters, 0.5)]
    decoder = answer_scores(nearest, samples[1], letters, 0.5)
    best = best_decision(samples[0], letters, 0.5, samples)
    ceiling = answer_scores(best, samples[1], letters, 0.5)
    apart = pixel_by_pixel(samples[0], letters, noise["probability"])
    guesses = answer_scores(apart, samples[1], letters, 0.5)
    return {
        "candidate": name,
        "font": font.name,
        "within_one_pixel": round(np.mean([s["within_one_pixel"] for s in own]), 4),
        "right_letter": round(np.mean([s["right_letter"] for s in own]), 4),
        "nearest_letter": round(decoder["within_one_pixel"], 4),
        "pixel_by_pixel": round(guesses["within_one_pixel"], 4),
        "best_decision": round(ceiling["within_one_pixel"], 4),
        "cpu_seconds": round(seconds / len(own), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", help="candidates to try; all without any")
    parser.add_argument("--candidates", type=Path, default=ROOT / "search" / "denoisers.yaml")
    parser.add_argument("--output", type=Path, default=ROOT / ".cache" / "search" / "denoising.csv")
    args = parser.parse_args()

    yaml = YAML(typ="safe")
    params = yaml.load(ROOT / "params.yaml")
    candidates = yaml.load(args.candidates)
    if unknown := [name for name in args.names if name not in candidates]:
        parser.error(f"no candidate {unknown[0]!r} in {args.candidates}")
    fonts = read_fonts(ROOT / params["data"]["fonts"])

    args.output.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in args.names or candidates:
        for font in candidates[name]["fonts"]:
            rows.append(search(name, fonts[font], candidates[name], params["seed"]))
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
            pd.DataFrame(rows).to_csv(args.output, index=False)


if __name__ == "__main__":
    main()
