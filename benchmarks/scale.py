"""What the workflow itself costs at many cells: start, run, no-op, tables, and memory.

    PYTHONPATH=src python benchmarks/scale.py CELLS... [--cores N] [--options "--scheduler ilp"]
    PYTHONPATH=src python benchmarks/scale.py --study CELLS...

A throw-away project with this one's parameters, checks, helpers of the rules, code digests, job
records and functions for tables, and CELLS cells of the experiment ``architectures``; its steps
train and evaluate nothing: they write files of a line or two. A cell is two jobs. Seconds are of
the processor (of everything started: they hold on a busy machine as well) and of the clock;
megabytes are the peak of the largest process, which is Snakemake's.

With ``--study`` it is the study itself, in the configuration of the tests: all its rules and steps
to the report, and CELLS denoisers of one network, of which the first is trained and the others
copy its files. Does it come to its end, and what does that cost?
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from latentlab.experiments.registry import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[1]

SNAKEFILE = """\
include: "workflow/rules/common.smk"
CELL = "results/scale/cells/{cell}"
FILES = ("history.csv", "scores.csv")

rule tabulate:
    default_target: True
    input:
        [f"results/scale/cells/{c}/{f}" for c in CELLS["architectures"] for f in FILES],
    output: curves="results/scale/curves.csv", replicates="results/scale/replicates.csv"
    log: "logs/tabulate.log"
    params: **step("tabulate_scale", settings=section("architectures"), cells="results/scale/cells")
    shell: RUN

rule train:
    input: fonts=FONTS
    output: history=CELL + "/history.csv"
    log: "logs/train/{cell}.log"
    params: **step("train_scale", settings=settings("architectures", "train"))
    shell: RUN

rule evaluate:
    input: fonts=FONTS, history=CELL + "/history.csv"
    output: scores=CELL + "/scores.csv"
    log: "logs/evaluate/{cell}.log"
    params: **step("evaluate_scale", settings=settings("architectures", "evaluate"))
    shell: RUN

include: "workflow/support/study.smk"
"""
TRAIN = """\
import sys
with open(sys.argv[-1], "w") as file:
    file.write("replicate,epoch,error\\n0,0,9.5\\n0,1,8.5\\n")
"""
EVALUATE = """\
import sys
with open(sys.argv[-1], "w") as file:
    file.write("replicate,error,exact\\n0,8.5,0.25\\n")
"""
TABULATE = """\
import sys
import step
from latentlab.experiments.gathering import gather_cells, learning_curves
from latentlab.experiments.registry import EXPERIMENTS
from latentlab.files.tables import write_csv

args = step.arguments(None, sys.argv[1:], "cells", "curves", "replicates")
factors = EXPERIMENTS["architectures"].factors(args.settings)
keys = list(next(iter(factors.values())))
write_csv(learning_curves(gather_cells(args.cells, factors, "history.csv"), keys), args.curves)
write_csv(gather_cells(args.cells, factors, "scores.csv"), args.replicates)
"""


COPY = """\
import os, shutil, subprocess, sys

files = {o: sys.argv[sys.argv.index(o) + 1] for o in ("--weights", "--history", "--runs")}
first = "-".join([".cache/first", *files["--weights"].split("/")[3:6]])  # of a network
if not os.path.isdir(first):
    script = sys.argv[0].replace("train_denoising", "train_first")
    subprocess.run([sys.executable, script, *sys.argv[1:]], check=True)
    os.makedirs(f"{first}.{os.getpid()}", exist_ok=True)
    for path in files.values():
        shutil.copy(path, f"{first}.{os.getpid()}")
    try:
        os.rename(f"{first}.{os.getpid()}", first)
    except OSError:  # another was sooner
        pass
else:
    for path in files.values():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(f"{first}/{os.path.basename(path)}", path)
"""


@dataclass(frozen=True)
class Cost:
    """Of a command: seconds of the processor and of the clock, MB at the peak."""

    cpu: float
    wall: float
    memory: float

    def __str__(self) -> str:
        return f"{self.cpu:.1f} s of processor, {self.wall:.1f} s, {self.memory:.0f} MB"


def measure(command: list[str], folder: Path) -> Cost:
    """Run a command to its end. Leaves with its output where it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{shlex.join(command)}: exit {process.returncode}\n{output.read()[-3000:]}")
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.perf_counter() - started,
        memory=usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024),
    )


def project(folder: Path, cells: int) -> int:
    """A project in ``folder`` with so many cells, or a few more; how many."""
    for name in ("data/fonts", "profiles", "src", "workflow"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "rules")
        )
    (folder / "workflow/rules").mkdir()
    for name in ("requirements.lock", "data/published.yaml", "workflow/rules/common.smk"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / "Snakefile").write_text(SNAKEFILE)
    for name, text in (("train", TRAIN), ("evaluate", EVALUATE), ("tabulate", TABULATE)):
        (folder / f"workflow/scripts/{name}_scale.py").write_text(text)

    yaml = YAML(typ="safe")
    params = yaml.load(ROOT / "tests/params.yaml")
    section = params["architectures"]
    one = len(EXPERIMENTS["architectures"].factors(section)) // len(section["networks"])
    section["networks"] = {f"n-{i:05d}": [35, 2, 35] for i in range(-(-cells // one))}
    yaml.dump(params, folder / "params.yaml")
    return len(EXPERIMENTS["architectures"].factors(section))


def study(folder: Path, cells: int) -> int:
    """The study in ``folder``, in the configuration of the tests, with so many denoisers more."""
    for name in ("data", "profiles", "src", "workflow"):
        ignored = shutil.ignore_patterns("__pycache__", "images")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("Snakefile", "requirements.lock"):
        shutil.copy2(ROOT / name, folder / name)
    scripts = folder / "workflow/scripts"
    (scripts / "train_denoising.py").rename(scripts / "train_first.py")
    (scripts / "train_denoising.py").write_text(COPY)
    yaml = YAML(typ="safe")
    params = yaml.load(ROOT / "tests/params.yaml")
    network = params["denoising"]["networks"]["published"]
    # the range that is tested among them
    network["ranges"] = [0.5, *(round(0.1 + i / (10 * cells), 7) for i in range(1, cells))]
    yaml.dump(params, folder / "params.yaml")
    return cells


def report(cells: int, cores: str, options: list[str], whole_study: bool) -> None:
    """Measure and print everything at one number of cells."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cells = (study if whole_study else project)(folder, cells)
        run = ["snakemake", "--cores", cores, "--quiet", "all", *options]

        def show(what: str, *command: str) -> Cost:
            cost = measure(list(command), folder)
            print(f"{cells} cells: {what}: {cost}", flush=True)
            return cost

        start = show("start (dry run)", *run, "--dry-run")
        whole = show("run", *run)
        cpu, wall = (whole.cpu - start.cpu) / cells, (whole.wall - start.wall) / cells
        print(f"{cells} cells: a cell: {cpu * 1000:.0f} ms of processor, {wall * 1000:.0f} ms")
        show("no-op", *run)
        tables = "tabulate_denoising" if whole_study else "tabulate"
        show("tables", *run, "--forcerun", tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", type=int, nargs="+")
    parser.add_argument("--cores", default="2")
    parser.add_argument("--options", type=shlex.split, default=[], help="for snakemake")
    parser.add_argument("--study", action="store_true", help="the study itself, with many cells")
    args = parser.parse_args()
    for cells in args.cells:
        report(cells, args.cores, args.options, args.study)


if __name__ == "__main__":
    main()
