"""How well a run used its cores: what its jobs worked against what it took."""

from __future__ import annotations

import resource
import time

import psutil


def summary(cores: int) -> str | None:
    """One line on this process's run so far; None where no job has worked yet.

    The work of the jobs is their processor time, interpreter and imports included; without
    any overhead they would take ``work / cores`` seconds. Jobs run one thread each.
    """
    jobs, overhead = (
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    )
    wall = time.time() - psutil.Process().create_time()
    if jobs < 1:
        return None
    return (
        f"{wall:.0f} s on {cores} cores for {jobs:.0f} s of work in jobs"
        f" ({overhead:.0f} s of Snakemake's own): {wall * cores / jobs:.2f} times the ideal"
    )
