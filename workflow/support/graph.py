"""Snakemake's own account of its graph: every output, and whether it is up to date."""

from __future__ import annotations

import csv
import os
import subprocess
from pathlib import Path

UP_TO_DATE = "no update"


class GraphError(ValueError):
    """Snakemake gave no account: the message is what it said."""


def outputs(folder: Path = Path()) -> dict[str, str]:
    """The plan for every output of the study in ``folder``, by path: ``UP_TO_DATE`` or what else.

    A profile of the user plays no part: one that leaves rules out, or compares times alone, would
    hide what is out of date. Raises GraphError.
    """
    done = subprocess.run(
        ["snakemake", "--summary"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise GraphError(done.stderr.strip())
    rows = csv.DictReader(done.stdout.splitlines(), delimiter="\t")
    return {row["output_file"]: row["plan"] for row in rows}
