"""Snakemake's job records (``.snakemake/metadata``), as DVC versions them.

Of a record only the start time, the end time and a process-dependent hash of the job
differ between two identical runs. With these zeroed, equal runs leave equal bytes, and
``snakemake -n`` still sees every edit: it compares the other fields.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

RECORDS = Path(".snakemake/metadata")
_VOLATILE = {"starttime": 0.0, "endtime": 0.0, "job_hash": 0}


def record_files(records: Path) -> Iterator[Path]:
    """All record files, in subfolders too (long names are split over folders)."""
    return (path for path in sorted(records.rglob("*")) if path.is_file())


def output_of(record: Path, records: Path) -> str:
    """The output path that a record file describes: its name, decoded."""
    encoded = "".join(part.removeprefix("@") for part in record.relative_to(records).parts)
    return base64.urlsafe_b64decode(encoded).decode()


def normalize(records: Path = RECORDS) -> None:
    """Zero the fields of all records that tell when and by which process a job ran.

    Keys are sorted too. Records that are not valid JSON are removed: their outputs are then
    computed again.
    """
    for path in record_files(records):
        text = path.read_text()
        try:
            record = json.loads(text)
        except ValueError:
            path.unlink()
            continue
        for key, value in _VOLATILE.items():
            if key in record:
                record[key] = value
        normal = json.dumps(record, sort_keys=True)
        if normal != text:
            temporary = path.with_name(f".{os.getpid()}.tmp")
            temporary.write_text(normal)
            os.chmod(temporary, path.stat().st_mode & 0o777)
            temporary.replace(path)


def prune(outputs: Iterable[str], results: Path, records: Path = RECORDS) -> list[str]:
    """Remove files below ``results`` and records that belong to none of the outputs.

    outputs : all output paths of the workflow, relative to the working directory
    Returns the paths removed, sorted; empty folders go too.
    """
    wanted = {os.path.normpath(path) for path in outputs}
    removed = []
    for path in sorted(results.rglob("*")):
        if path.is_file() and os.path.normpath(path) not in wanted:
            path.unlink()
            removed.append(str(path))
    for path in record_files(records):
        if os.path.normpath(output_of(path, records)) not in wanted:
            path.unlink()
    for folder in (results, records):
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    return removed
