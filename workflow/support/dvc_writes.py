"""What DVC would fail at when the run that it started has ended: said before the first job."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from support.run_lock import unwritable


def refusals(root: Path) -> Iterator[str]:
    """A line for each reason why DVC could not record the results of the project at ``root``."""
    if set("{}") & set(str(root.absolute())):
        yield (
            f"{root.absolute()}: DVC fails in a folder whose path has braces, after all is"
            " computed: move the project; snakemake alone runs here"
        )
    process = subprocess.run(["dvc", "cache", "dir"], cwd=root, capture_output=True, text=True)
    if process.returncode == 0:
        files = Path(process.stdout.strip()) / "files/md5"
        places = [files, *sorted(files.glob("??"))]
        if line := unwritable(*places):
            yield f"{line}; it is DVC's cache, where results are recorded"
