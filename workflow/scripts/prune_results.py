"""Remove results and job records that the workflow no longer has, so that DVC versions none.

Ends every ``dvc repro``; a bare ``snakemake`` never deletes. Refuses where something is out of
date: DVC would take results of edits made during the run for results of the edited files.
"""

import csv
import subprocess
import sys
from pathlib import Path

import step

sys.path.insert(0, str(step.ROOT / "workflow"))
from support import records


def summary():
    """Snakemake's own summary of its graph: a row an output, whether up to date or not."""
    text = subprocess.run(
        ["snakemake", "--summary"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def main(argv):
    step.arguments(__doc__, argv)
    rows = summary()
    stale = sum(row["plan"] != "no update" for row in rows)
    if stale:
        raise step.latentlab.StudyError(
            f"the parameters or the code were edited while the study ran: {stale} results are"
            " out of date, and not versioned as new; run the same command again"
        )
    for path in records.prune((row["output_file"] for row in rows), Path("results")):
        step.log(f"removed {path}: no longer part of the study")
    records.normalize()


if __name__ == "__main__":
    step.run(main)
