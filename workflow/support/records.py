"""Snakemake's job records (``.snakemake/metadata``), as DVC versions them.

Of a record only the start time, the end time and a process-dependent hash of the job
differ between two identical runs. With these zeroed, equal runs leave equal bytes, and
``snakemake -n`` still sees every edit: it compares the other fields.

A record is also sealed: a digest of its fields and of the output's bytes. Snakemake itself
trusts an output that is there, whatever its content, and takes one without a record for up to
date; ``doubtful`` finds both, and what it finds is marked to be computed again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

RECORDS = Path(".snakemake/metadata")
INCOMPLETE = Path(".snakemake/incomplete")
RESULTS = (Path("results"), Path("data/images"))
_VOLATILE = {"starttime": 0.0, "endtime": 0.0, "job_hash": 0}
_NAME_MAX = 254  # Snakemake splits longer names over folders
_TEMPORARY = ".*.tmp"
_MARK = '{"external_jobid": null, "doubtful": true}'  # Snakemake replaces it when the job starts


def record_files(records: Path) -> Iterator[Path]:
    """All record files, in subfolders too (long names are split over folders)."""
    found = (path for path in sorted(records.rglob("*")) if path.is_file())
    return (path for path in found if not path.match(_TEMPORARY))


def output_of(record: Path, records: Path) -> str:
    """The output path that a record file describes: its name, decoded."""
    encoded = "".join(part.removeprefix("@") for part in record.relative_to(records).parts)
    return base64.urlsafe_b64decode(encoded).decode()


def record_of(output: str, records: Path) -> Path:
    """Where the record of an output is: ``output_of`` the other way round."""
    encoded = base64.urlsafe_b64encode(output.encode()).decode()
    parts = [encoded[i : i + _NAME_MAX] for i in range(0, len(encoded), _NAME_MAX)]
    return records.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])


def _read(path: Path) -> dict[str, Any] | None:
    """The content of a record; None when it is no JSON mapping."""
    try:
        record = json.loads(path.read_bytes())
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{os.getpid()}.tmp")
    temporary.write_text(text)
    os.chmod(temporary, path.stat().st_mode & 0o777)
    temporary.replace(path)


def _seal(record: dict[str, Any], output: Path) -> str:
    """Digest of a record's other fields and of the output's bytes."""
    fields = {key: value for key, value in record.items() if key != "seal"}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode())
    with output.open("rb") as stream:
        digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:32]


def normalize(records: Path = RECORDS) -> None:
    """Zero the fields of all records that tell when and by which process a job ran; seal them.

    Keys are sorted too. Records that are not valid JSON, and what a killed run left of a
    temporary one, are removed: their outputs are then computed again.
    """
    for path in list(records.rglob(_TEMPORARY)):
        path.unlink(missing_ok=True)
    for path in record_files(records):
        record = _read(path)
        if record is None:
            path.unlink()
            continue
        for key, value in _VOLATILE.items():
            if key in record:
                record[key] = value
        output = Path(output_of(path, records))
        if "seal" not in record and output.is_file():  # Snakemake wrote it in this run
            record["seal"] = _seal(record, output)
        normal = json.dumps(record, sort_keys=True)
        if normal != path.read_text():
            _replace(path, normal)


def doubtful(
    results: Iterable[Path] = RESULTS, records: Path = RECORDS
) -> Iterator[tuple[str, str]]:
    """Result files that no job record vouches for, each with the reason.

    Records that cannot be read are removed.
    """
    for folder in results:
        for output in sorted(folder.rglob("*")):
            if not output.is_file() or output.name.startswith("."):  # .gitignore; a job's own
                continue
            path = record_of(str(output), records)
            if not path.is_file():
                if output.name != "metrics.json":  # git's: a clone has it before its first run
                    yield str(output), "has no job record"
                continue
            record = _read(path)
            if record is None:
                path.unlink()
                yield str(output), "has a damaged job record"
            elif "seal" in record and record["seal"] != _seal(record, output):
                yield str(output), "is not what its job wrote"


def mark_doubtful(incomplete: Path = INCOMPLETE) -> list[str]:
    """Have Snakemake compute what is ``doubtful`` again (``rerun-incomplete`` in the profile).

    Marks of earlier calls go: what was restored since is doubtful no more.
    Returns a line for each damaged result, and one for all that have no record.
    """
    for path in record_files(incomplete):
        if path.read_text() == _MARK:
            path.unlink()
    lines, unknown = [], 0
    for output, reason in doubtful():
        path = record_of(output, incomplete)
        if not path.exists():  # else a job is at work on it
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_MARK)
        if reason == "has no job record":
            unknown += 1
        else:
            lines.append(f"{output} {reason}: it is computed again")
    if unknown:
        lines.append(f"results without a job record in .snakemake, computed again: {unknown}")
    return lines


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
