"""When each job began and ended and what it took, kept where DVC versions nothing.

Job records tell when, until ``records.normalize`` zeroes what differs between two equal runs; a
step writes its processor time at the end of its log. ``benchmarks/study.py`` reads both here.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from support.internals import RECORDS
from support.records import record_files

FILE = Path("logs/jobs.csv")
"""A row a job, of the last run that computed it; a job is named by its log."""

COLUMNS = ("log", "rule", "start", "end", "processor")
"""Start (on a cluster: of the wait for a node) and end in seconds since 1970; the processor's time
in seconds, empty where no step wrote it."""

_WORK = re.compile(r"^([0-9.]+) s of processor$", re.MULTILINE)


def processor(log: str) -> str:
    """Seconds that the steps of a job say they took, in its log; empty where none says."""
    path = Path(log)
    found = _WORK.findall(path.read_text(errors="replace")) if path.is_file() else []
    return f"{sum(map(float, found)):.2f}" if found else ""


def ended_well(log: str) -> bool:
    """Whether the text of a log ends as a step's does that has reached its end."""
    return bool(_WORK.match(log.splitlines()[-1]))


def known(file: Path = FILE) -> dict[str, float]:
    """Seconds that jobs took, by log: of the processor, where the file tells, else by the clock."""
    if not file.is_file():
        return {}
    with file.open(newline="") as stream:
        return {
            row["log"]: float(row["processor"] or float(row["end"]) - float(row["start"]))
            for row in csv.DictReader(stream)
        }


def keep(records: Path = RECORDS, file: Path = FILE) -> None:
    """Add the jobs whose records still tell their times to the file; earlier runs' rows go."""
    jobs: dict[str, list[float]] = {}
    rules = {}
    for path in record_files(records):
        try:
            record = json.loads(path.read_bytes())
            times = record["starttime"], record["endtime"]
            name = record["log"][0]
        except (ValueError, KeyError, IndexError, TypeError):
            continue  # damaged, or of a rule without a log
        if all(times):
            begun, ended = jobs.get(name, times)  # of a job's outputs, each with a record
            jobs[name] = [min(begun, times[0]), max(ended, times[1])]
            rules[name] = record["rule"]
    if not jobs:
        return
    rows = {}
    if file.is_file():
        with file.open(newline="") as stream:
            rows = {row["log"]: row for row in csv.DictReader(stream)}
    for name, (begun, ended) in jobs.items():
        values = (name, rules[name], f"{begun:.3f}", f"{ended:.3f}", processor(name))
        rows[name] = dict(zip(COLUMNS, values, strict=True))
    file.parent.mkdir(exist_ok=True)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows))
