"""Snakemake's own account of its graph: every output, and whether it is up to date."""

from __future__ import annotations

import csv
import os
import subprocess
from pathlib import Path

UP_TO_DATE = "no update"
_REMOVED = "removed temp file"  # a status: it was read and is gone, as it should

# all that decides what is out of date, and no profile at all: one that leaves rules out, or
# compares times alone, would hide it (engine.py has the same)
_OPTIONS = (
    *("--profile", "none", "--workflow-profile", "none", "--rerun-incomplete", "--nolock"),
    *("--rerun-triggers", "code", "input", "mtime", "params", "software-env"),
    *("--max-checksum-file-size", "1EB"),
)


class GraphError(ValueError):
    """Snakemake gave no account: the message is what it said."""


def outputs(folder: Path = Path()) -> dict[str, str]:
    """The plan for every output of the study in ``folder``, by path: ``UP_TO_DATE`` or what else.

    An output that is not there is "missing"; one that its rule calls temporary is then left out.
    Raises GraphError.
    """
    process = subprocess.run(
        ["snakemake", "--summary", *_OPTIONS],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"},
        capture_output=True,
        text=True,
    )
    if process.returncode:
        raise GraphError(process.stderr.strip())
    rows = csv.DictReader(process.stdout.splitlines(), delimiter="\t")
    return {
        row["output_file"]: row["plan"] if (folder / row["output_file"]).exists() else "missing"
        for row in rows
        if row["status"] != _REMOVED
    }
