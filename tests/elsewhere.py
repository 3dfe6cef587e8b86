"""Every step of the small study again on another machine, and which results have the same bytes.

    export PYTHONPATH=src:workflow
    python tests/elsewhere.py qemu-x86_64 -cpu Haswell "$(readlink -f .venv/bin/python)"

The arguments are the command that starts Python there, its paths absolute: an emulator, or the
loader of another C library. With an architecture of other packages it begins with ``env
PYTHONPATH=FOLDER``, where those are (docs/reproducibility.md, "On ARM64", has all commands). First
the study of tests/params.yaml runs here, by Snakemake; then one process there runs the scripts of
all its jobs, since libraries take minutes to be imported by an emulated processor. Each step reads
there what the steps before it have made there. Exit code 1 where a byte differs.
"""

from __future__ import annotations

import graphlib
import json
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path

import latentlab  # before NumPy: it pins how libraries compute

# isort: split
from project import Project, copy_project, environment
from support import internals, records

assert latentlab.__file__  # imported for what it does

RESULTS = ("results", "data/images")
HOURS = 4

PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import step  # first: it pins the arithmetic
import importlib
for script, *arguments in json.load(sys.stdin):
    importlib.import_module(script).main(arguments)
"""


def _commands(shell: str) -> list[list[str]]:
    """What the ``shell:`` of a job runs, a script and its arguments each; its log aside."""
    inner = shell.split(" 2> ")[0].strip("( )")
    parts = map(shlex.split, inner.split(" && "))
    return [[Path(script).stem, *arguments] for _, script, *arguments in parts]


def steps(project: Project) -> list[list[str]]:
    """Script and arguments of all jobs of a finished study, in an order in which they can run."""
    folder = project.root / internals.RECORDS
    made, read = {}, {}
    for path in records.record_files(folder):
        record = json.loads(path.read_bytes())
        made[internals.output_of(path, folder)] = record["shellcmd"]
        read[record["shellcmd"]] = record["input"]
    graph = {job: {made[path] for path in paths if path in made} for job, paths in read.items()}
    jobs = graphlib.TopologicalSorter(graph).static_order()
    return [command for job in jobs for command in _commands(job)]


def compute_again(project: Project, *python: str, **extra: str) -> None:
    """Remove all results of a finished study and compute them by one process.

    python : the command that starts Python where they are computed
    """
    commands = json.dumps(steps(project))
    for path in project.bytes_of(*RESULTS):
        (project.root / path).unlink()
    environ = {
        **environment(),
        # an emulator does not follow the link of a virtual environment
        "PYTHONPATH": sysconfig.get_paths()["purelib"],
        # compiled for that processor: of no use to any other
        "LATENTLAB_CACHE": str(project.root / ".cache/elsewhere"),
        **extra,
    }
    done = subprocess.run(
        [*python, "-c", PROGRAM, str(project.root / "workflow/scripts")], cwd=project.root,
        input=commands, env=environ, capture_output=True, text=True, timeout=HOURS * 3600,
    )  # fmt: skip
    assert done.returncode == 0, f"{python}: exit {done.returncode}\n{done.stderr[-5000:]}"


def differing(project: Project, expected: dict[str, bytes]) -> list[str]:
    """The results that are not as expected, or not there."""
    found = project.bytes_of(*RESULTS)
    return [path for path, content in expected.items() if found.get(path) != content]


# ---------------------------------------------------------------- a table

KINDS = ("weights", "other files of cells", "tables and metrics", "figures and pages")


def _place(path: str) -> tuple[str, str]:
    """Of which experiment a result is, and of what kind."""
    if path == "results/metrics.json":
        return "all", KINDS[2]
    top, experiment, part, *_ = Path(path).parts
    if path.endswith(".npz"):
        return experiment, KINDS[0]
    if part == "cells" or top == "data":
        return experiment, KINDS[1]
    return experiment, KINDS[2] if part in ("tables", "metrics.json") else KINDS[3]


def table(paths: list[str], others: list[str]) -> str:
    """How many results have the same bytes, of how many, by experiment and kind; in Markdown."""
    total, wrong = Counter(map(_place, paths)), Counter(map(_place, others))
    lines = [("experiment", *KINDS), ("---", *("---:" for _ in KINDS))]
    for experiment in sorted({experiment for experiment, _ in total}):
        cells = [(experiment, kind) for kind in KINDS]
        same = [f"{total[c] - wrong[c]} of {total[c]}" if total[c] else "" for c in cells]
        lines.append((experiment, *same))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(python: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        project.run("snakemake", "--cores", "all")
        expected = project.bytes_of(*RESULTS)
        compute_again(project, *python)
        others = differing(project, expected)
    print(*others, sep="\n", flush=True)  # first: it took an hour to find
    print(table(list(expected), others))
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
