"""Snakemake's job records (``.snakemake/metadata``), as DVC versions them.

Of a record only the start time, the end time and a process-dependent hash of the job
differ between two identical runs. With these zeroed, equal runs leave equal bytes, and
``snakemake -n`` still sees every edit: it compares the other fields.

A record is also sealed: a digest of its fields and of the output's bytes. Snakemake itself
trusts an output that is there, whatever its content, takes one without a record for up to
date, and an input for the one that was read unless it is newer than the output; ``doubtful`` finds
all three by content, and what it finds is marked to be computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from support.by_content import file_digest
from support.internals import (
    CHECKSUMS,
    INCOMPLETE,
    MARK,
    RECORDS,
    VOLATILE,
    output_of,
    record_of,
)

METRICS = "metrics.json"
"""The name of results that git holds: they come with a clone, without a job record."""

_TEMPORARY = ".*.tmp"


def files_below(folder: Path) -> list[Path]:
    """All files below a folder, sorted; through links to folders, as whoever reads them goes."""
    files, visited = [], set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in visited:  # a link back to a folder above
            folders.clear()
            continue
        visited.add(real)
        files += [path for name in names if (path := Path(parent, name)).is_file()]
    return sorted(files)


def record_files(records: Path) -> Iterator[Path]:
    """All record files, in subfolders too (long names are split over folders)."""
    return (path for path in files_below(records) if not path.match(_TEMPORARY))


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


def _seal(record: dict[str, Any], content: str) -> str:
    """Digest of a record's other fields and of the output's bytes, given by their digest."""
    fields = {key: value for key, value in record.items() if key != "seal"}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode())
    digest.update(bytes.fromhex(content))
    return digest.hexdigest()[:32]


def _detach(path: Path) -> None:
    """Make a file of its own of a link: DVC's cache may hold the other name of a record.

    Snakemake writes records in place, which would change what the cache has.
    """
    if path.is_symlink() or path.stat().st_nlink > 1:
        content, mode = path.read_bytes(), path.stat().st_mode & 0o777
        temporary = path.with_name(f".{os.getpid()}.tmp")
        temporary.write_bytes(content)
        os.chmod(temporary, mode | 0o600)
        temporary.replace(path)


def _is_as_written(record: dict[str, Any], output: Path) -> bool:
    """Whether an output without a seal is still of the time at which its job left it.

    Of a run that was killed nothing better is known. A record without a time to compare is of a
    job that did not end, or of an output that was not there when records were last sealed.
    """
    endtime: float = record.get("endtime") or 0.0
    return endtime != 0.0 and abs(output.stat().st_mtime - endtime) < 1e-3


def normalize(records: Path = RECORDS) -> None:
    """Zero the fields of all records that tell when and by which process a job ran; seal them.

    Keys are sorted too. Records that are not valid JSON, and what a killed run left of a
    temporary one, are removed: their outputs are then computed again. So are those of outputs that
    somebody else has written since their jobs ended.
    """
    for path in files_below(records):
        if path.match(_TEMPORARY):
            path.unlink(missing_ok=True)
    for path in record_files(records):
        record = _read(path)
        if record is None:
            path.unlink()
            continue
        output = Path(output_of(path, records))
        if "seal" not in record and output.is_file() and not _is_as_written(record, output):
            path.unlink()
            continue
        for key, value in VOLATILE.items():
            if key in record:
                record[key] = value
        if "seal" not in record and output.is_file():  # Snakemake wrote it in this run
            record["seal"] = _seal(record, file_digest(output))
        normal = json.dumps(record, sort_keys=True)
        if normal != path.read_text():
            _replace(path, normal)


UNKNOWN = "has no job record"
CHANGED = "is not what its job wrote"
OTHER_INPUT = "was computed from another"


def _doubt(
    output: Path, records: Path, is_product: Callable[[str], bool], digest: Callable[[str], str]
) -> str | None:
    """Why no job record vouches for a result file; None where one does."""
    path = record_of(str(output), records)
    if not path.is_file():
        return None if _is_of_git(output, records) else UNKNOWN
    record = _read(path)
    if record is None:
        path.unlink()
        return "has a damaged job record"
    if "seal" not in record:
        if not _is_as_written(record, output):
            return CHANGED
    elif record["seal"] != _seal(record, digest(str(output))):
        return CHANGED
    # of what no rule makes the content is watched otherwise (engine.py); an input that is gone is
    # made again for this one's sake: Snakemake would do without it
    for name, checksum in (record.get(CHECKSUMS) or {}).items():
        if is_product(name) and checksum != f"sha256:{digest(name)}":
            return f"{OTHER_INPUT} {name}"
    return None


def _is_of_git(output: Path, records: Path) -> bool:
    """Whether a result without a record came with a clone: metrics with no recorded result below.

    What DVC restores has records.
    """
    return output.name == METRICS and not any(
        record_of(str(path), records).is_file() for path in files_below(output.parent)
    )


def doubtful(
    outputs: Iterable[Path], is_product: Callable[[str], bool], records: Path = RECORDS
) -> Iterator[tuple[str, str]]:
    """The result files that no job record vouches for, each with the reason.

    Records that cannot be read are removed.

    made : whether a path is of a file that a rule makes; of other inputs nothing is asked
    """
    digest = cache(file_digest)  # results are inputs of others: each is read once
    for output in outputs:
        if output.is_file() and (reason := _doubt(output, records, is_product, digest)):
            yield str(output), reason


def mark_doubtful(
    results: Iterable[Path], temporary: Iterable[Path] = (), incomplete: Path = INCOMPLETE
) -> list[str]:
    """Have Snakemake compute what is ``doubtful`` again (``rerun-incomplete`` in the profile).

    Marks of earlier calls go: what was restored since is doubtful no more.

    results : folders where rules write results, and nobody else anything
    temporary : folders of files that rules make, read and remove
    Returns a line for each damaged result, and one for all that have no record.
    """
    for path in record_files(incomplete):
        if path.read_text() == MARK:
            path.unlink()
    for path in record_files(RECORDS):
        _detach(path)
    results = list(results)
    prefixes = tuple(f"{folder}/" for folder in results)
    files = (path for folder in (*results, *temporary) for path in files_below(folder))
    outputs = (path for path in files if not path.name.startswith("."))  # .gitignore; a job's own
    lines, unknown, others = [], 0, 0
    for output, reason in doubtful(outputs, lambda name: name.startswith(prefixes)):
        path = record_of(output, incomplete)
        if not path.exists():  # else a job is at work on it
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MARK)
        if reason == UNKNOWN:
            # of metrics, which a clone brings, there is nothing to tell
            unknown += Path(output).name != METRICS
        elif reason.startswith(OTHER_INPUT):
            others += 1
        else:
            lines.append(f"{output} {reason}: it is computed again")
    if unknown:
        lines.append(f"results without a job record in .snakemake, computed again: {unknown}")
    if others:
        lines.append(f"results of which an input is another now, computed again: {others}")
    return lines


def prune(
    outputs: Iterable[str], records: Path = RECORDS, incomplete: Path = INCOMPLETE
) -> list[str]:
    """Remove results and records that belong to none of the outputs; empty folders go too.

    A result is what has a job record, or a temporary name of ours beside one: no other file is
    touched.

    outputs : all output paths of the workflow, relative to the working directory
    Returns the paths removed, sorted.
    """
    paths = {os.path.normpath(path) for path in outputs}
    recorded = {os.path.normpath(output_of(path, records)) for path in record_files(records)}
    begun = {os.path.normpath(output_of(path, incomplete)) for path in record_files(incomplete)}
    folders = {Path(path).parent for path in paths | recorded | begun}
    orphans = {Path(path) for path in recorded - paths if os.path.isfile(path)}
    orphans |= {path for folder in folders for path in folder.glob(_TEMPORARY) if path.is_file()}
    for path in orphans:
        path.unlink()
    for path in record_files(records):
        if os.path.normpath(output_of(path, records)) not in paths:
            path.unlink()
    for folder in folders:
        _remove_empty(folder)
    for parent, _, _ in os.walk(records, topdown=False):
        path = Path(parent)
        if path != records and not any(path.iterdir()):
            path.rmdir()
    return sorted(map(str, orphans))


def _remove_empty(folder: Path) -> None:
    """Remove a folder and those above it while they are empty; the outermost and links stay."""
    while len(folder.parts) > 1 and not folder.is_symlink():
        if folder.is_dir():
            if any(folder.iterdir()):
                return
            folder.rmdir()
        folder = folder.parent
