"""Copy candidates of candidates.yaml into params.yaml, whose comments and order stay.

    python search/adopt.py CANDIDATE ...

A candidate of ``networks`` becomes an entry of ``letters.networks``; one of ``front.architectures``
an entry of ``letters.front.architectures``. Where the study has an entry of that name it is
replaced, but keeps its number of replicates.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from ruamel.yaml import YAML

from latentlab import StudyError
from latentlab.experiments.params import read_params


def adopt(params: dict[str, Any], candidates: dict[str, Any], name: str) -> None:
    """Put one candidate into the parameters, in place. Raises ValueError where there is none."""
    letters = params["letters"]
    if name in candidates["networks"]:
        candidate, known = candidates["networks"][name], letters["networks"].get(name)
        if known is None:
            letters["networks"][name] = candidate
            return
        for key in [key for key in known if key not in candidate]:
            del known[key]
        for key, value in candidate.items():
            # an equal value is left alone, and with it its comment and how it is written
            if key != "replicates" and known.get(key) != value:
                known[key] = value
    elif name in candidates["front"]["architectures"]:
        letters["front"]["architectures"][name] = candidates["front"]["architectures"][name]
    else:
        raise ValueError(f"no candidate {name!r} in candidates.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="+", help="candidates to copy")
    parser.add_argument("--candidates", type=Path, default=ROOT / "search" / "candidates.yaml")
    parser.add_argument("--params", type=Path, default=ROOT / "params.yaml")
    args = parser.parse_args()

    yaml = YAML()  # round trip: comments, quotes and order stay
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    before = args.params.read_bytes()
    params, candidates = yaml.load(before), yaml.load(args.candidates)
    try:
        for name in args.names:
            adopt(params, candidates, name)
        yaml.dump(params, args.params)
        read_params(args.params, ROOT)
    except (ValueError, StudyError) as error:
        args.params.write_bytes(before)
        parser.error(str(error))


if __name__ == "__main__":
    main()
