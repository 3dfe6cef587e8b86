"""Remove results and job records that the workflow no longer has, so that DVC versions none.

Ends every ``dvc repro``; a bare ``snakemake`` never deletes.
"""

import csv
import subprocess
import sys
from pathlib import Path

import step

sys.path.insert(0, str(step.ROOT / "workflow"))
from support import records


def outputs():
    """All output paths of the workflow, from Snakemake's own summary of its graph."""
    summary = subprocess.run(
        ["snakemake", "--summary"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return [row["output_file"] for row in csv.DictReader(summary.splitlines(), delimiter="\t")]


def main(argv):
    step.arguments(__doc__, argv)
    for path in records.prune(outputs(), Path("results")):
        step.log(f"removed {path}: no longer part of the study")
    records.normalize()


if __name__ == "__main__":
    step.run(main)
