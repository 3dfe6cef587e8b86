"""Train the candidates of candidates.yaml and say which reproduce every letter, at what cost.

    python search/search_letters.py [CANDIDATE ...]

The study's own workflow, in a folder of its own (``search/run``), on parameters of its own: those
of params.yaml with the candidates for ``letters.networks`` and ``letters.front``, and another
seed. What is chosen here is thus judged in the study on other starts. Without names all candidates
are tried, and ``found.csv`` is written; a line of it is a candidate on a font:

exact, within_one : starts that end with no wrong pixel, with at most one in every letter
wrong_pixels_median, wrong_pixels_best : of the worst letter, in the median and the best start
evaluations : loss evaluations of the median start (a gradient counts as three)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import pandas as pd
from ruamel.yaml import YAML

from latentlab.experiments.gathering import gather_cells
from latentlab.experiments.knobs import ACTIVATIONS
from latentlab.experiments.letters.plan import front_factors, letters_factors, letters_network
from latentlab.files.yaml import read_yaml
from latentlab.models.network import Network

SEARCH = ROOT / "search"
RUN = SEARCH / "run"


def composed(params: dict[str, Any], candidates: dict[str, Any], names: Iterable[str]) -> None:
    """Make the study's parameters those of the search, in place; only these candidates, if any.

    Raises ValueError for a name that is no candidate, and for the study's own seed.
    """
    networks, front = candidates["networks"], candidates["front"]
    chosen = set(names) or {*networks, *front["architectures"]}
    if unknown := chosen - {*networks, *front["architectures"]}:
        raise ValueError(f"no candidate {min(unknown)!r} in candidates.yaml")
    if candidates["seed"] == params["seed"]:
        raise ValueError("the seed of candidates.yaml is that of params.yaml: another is needed")
    params["seed"] = candidates["seed"]
    # a section may not be empty: of what was not asked for one candidate stays
    kept = {name: n for name, n in networks.items() if name in chosen}
    params["letters"]["networks"] = kept or dict(list(networks.items())[:1])
    shapes = {name: s for name, s in front["architectures"].items() if name in chosen}
    shapes = shapes or dict(list(front["architectures"].items())[:1])
    params["letters"]["front"] = {**front, "architectures": shapes}


def table(letters: dict[str, Any], cells: Path) -> pd.DataFrame:
    """What the trained cells have come to, a row a candidate and font."""
    factors = letters_factors(letters) | front_factors(letters)
    starts = gather_cells(cells, factors, "runs.csv", "scores.csv")
    rows = []
    for (font, name), cell in starts.groupby(["font", "network"], sort=False):
        network = letters_network(letters, name)
        shape = Network(network["architecture"], **{key: network[key] for key in ACTIVATIONS})
        worst = cell["max_wrong_pixels"]
        rows.append(
            {
                "candidate": name,
                "font": font,
                "weights": shape.n_weights,
                "starts": len(cell),
                "exact": int((worst == 0).sum()),
                "within_one": int((worst <= 1).sum()),
                "wrong_pixels_median": worst.median(),
                "wrong_pixels_best": int(worst.min()),
                "evaluations": cell["evaluations"].median(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", help="candidates to try; all without any")
    parser.add_argument("--candidates", type=Path, default=SEARCH / "candidates.yaml")
    parser.add_argument("--run", type=Path, default=RUN, help="the folder to work in")
    parser.add_argument("--cores", default="all")
    args = parser.parse_args()

    params = read_yaml(ROOT / "params.yaml")
    try:
        composed(params, read_yaml(args.candidates), args.names)
    except ValueError as error:
        parser.error(str(error))
    args.run.mkdir(parents=True, exist_ok=True)
    YAML().dump(params, args.run / "params.yaml")
    factors = letters_factors(params["letters"]) | front_factors(params["letters"])
    command = ["snakemake", "--directory", os.path.relpath(args.run, ROOT), "--cores", args.cores]
    subprocess.run(
        [*command, *(f"results/letters/cells/{cell}/scores.csv" for cell in factors)],
        cwd=ROOT,
        check=True,
    )

    result = table(params["letters"], args.run / "results/letters/cells")
    print(result.to_string(index=False))
    if not args.names:
        result.to_csv(args.run.parent / "found.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
