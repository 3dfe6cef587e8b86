"""Say whether dvc.lock is of these parameters, code, data and results. Exit code 1 where it is not.

DVC alone cannot: ``dvc commit --force`` and ``dvc exp save`` record whatever lies there, and after
that ``dvc status`` finds nothing. The job records tell what each result was really made of.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scripts"), str(Path(__file__).parents[1])]
from support import interruption

interruption.in_one_line()

import step

from latentlab.files.yaml import read_yaml

import verification
from support import graph, records

SHOWN = 5


def file_list(paths):
    """The first paths, indented, a line each, and how many more there are."""
    lines = [f"  {path}" for path in paths[:SHOWN]]
    return "\n".join(lines + [f"  and {len(paths) - SHOWN} more"] * (len(paths) > SHOWN))


def dvc_differences():
    """What ``dvc.lock`` does not have as it is here: a line each, by DVC's own account."""
    process = subprocess.run(["dvc", "status", "--json"], capture_output=True, text=True)
    if process.returncode:
        raise step.latentlab.StudyError(f"dvc status: {process.stderr.strip()}")
    lines = []
    for stage, changes in json.loads(process.stdout or "{}").items():
        for change in changes:
            if isinstance(change, str):  # such as 'changed command'
                lines.append(f"{stage}: {change}")
                continue
            for kind, paths in change.items():
                lines += [f"{stage}: {kind}, {path} ({how})" for path, how in flat(paths)]
    return lines


def misread():
    """Files whose bytes are not those of ``dvc.lock``, a line each.

    DVC reads a file again when its inode, time or size is another: one that was replaced by one of
    the same size and time it takes for the old one.
    """
    for stage, entry in read_yaml("dvc.lock")["stages"].items():
        for item in entry.get("deps", []) + entry.get("outs", []):
            path = Path(item["path"])
            if path.is_file() and verification.digest(path) != item["md5"]:
                yield f"{stage}: {item['path']} has other bytes"


def flat(paths):
    """Path and change, of a mapping whose values may be mappings (parameters of a file)."""
    for path, how in paths.items():
        if isinstance(how, dict):
            yield from ((f"{path}: {key}", change) for key, change in how.items())
        else:
            yield path, how


def uncommitted():
    """Files of the study's state that git has otherwise; None without git."""
    command = ["git", "status", "--porcelain", "--", "dvc.lock", "params.yaml", "results"]
    process = subprocess.run(command, capture_output=True, text=True)
    return None if process.returncode else [line[3:] for line in process.stdout.splitlines()]


def main(argv):
    step.arguments(__doc__, argv)
    os.chdir(step.ROOT)
    if not Path("dvc.lock").exists():
        raise step.latentlab.StudyError("no dvc.lock here: nothing was certified yet; 'dvc repro'")

    try:
        plans = graph.outputs()
    except graph.GraphError as error:
        raise step.latentlab.StudyError(str(error)) from None
    doubtful = list(records.doubtful(map(Path, plans), plans.__contains__))
    doubtful.sort(key=lambda output: output[1].startswith(records.OTHER_INPUT))  # causes first
    damaged = [f"{path} {reason}" for path, reason in doubtful]
    stale = [path for path, plan in plans.items() if plan != graph.UP_TO_DATE]
    differences = dvc_differences() or list(misread())

    if differences:
        step.log(f"dvc.lock is not of what lies here ({len(differences)} differences):")
        step.log(file_list(differences))
    if damaged:
        step.log(f"{len(damaged)} results are not as a job record has them:\n{file_list(damaged)}")
    if stale:
        step.log(
            f"{len(stale)} of {len(plans)} results are not of these parameters, data and code,"
            f" whatever dvc.lock says:\n{file_list(stale)}"
        )
    if differences or damaged or stale:
        raise step.latentlab.StudyError(
            "not certified: 'snakemake --cores all' computes what is out of date, 'dvc repro' then"
            " records it"
        )
    step.log(f"dvc.lock is of these parameters, data and code, and of all {len(plans)} results.")
    if changed := uncommitted():
        step.log(f"Not in git as it is here: {', '.join(changed[:SHOWN])}")


if __name__ == "__main__":
    step.run(main)
