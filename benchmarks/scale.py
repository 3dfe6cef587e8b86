"""What the workflow itself costs at many cells: start, run, no-op, tables, and memory.

    python benchmarks/scale.py CELLS... [--cores N] [--options "--scheduler greedy"]

A throw-away copy of the project gets CELLS networks of one replicate in ``architectures``,
and steps that train and evaluate nothing: they write small files of the real shape. All else is
real: parameters and their checks, rules, code digests, job records, the tables' script. A cell
is two jobs. Seconds are of the processor (of everything started; they hold on a busy machine as
well) and of the clock; megabytes are the peak of Snakemake's process.
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

ROOT = Path(__file__).resolve().parents[1]
RESULT = "results/architectures/metrics.json"

# as the real scripts are called, without their imports
TRAIN = """\
import sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
files = {
    "--weights": "",
    "--history": "replicate,epoch,error,evaluations\\n0,0,9.5,1\\n0,1,8.5,900\\n",
    "--runs": "replicate,epochs,evaluations,error,status\\n0,1,900,8.5,max_epochs\\n",
    "--scores": "SCORES",
}
for option, text in files.items():
    if option in options:
        with open(options[option], "w") as file:
            file.write(text)
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
    """Run a command to its end. Raises CalledProcessError with its output where it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            print(output.read()[-3000:], file=sys.stderr)
            raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.perf_counter() - started,
        memory=usage.ru_maxrss / 1024,
    )


def project(folder: Path, cells: int) -> None:
    """A copy of the project in ``folder`` with so many trivial cells."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    kept = ("Snakefile", "data/", "profiles/", "requirements.lock", "src/", "workflow/")
    for name in listed:
        if name.startswith(kept):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    yaml = YAML(typ="safe")
    params = yaml.load(ROOT / "tests/params.yaml")
    params["architectures"]["replicates"] = 1
    params["architectures"]["networks"] = {f"n-{i:05d}": [35, 2, 35] for i in range(cells)}
    yaml.dump(params, folder / "params.yaml")
    scores = next((ROOT / "results/architectures/cells").glob("*/scores.csv"), None)
    if scores is None:
        sys.exit("the scores of a real cell are needed: snakemake --cores all architectures")
    header, row, *_ = scores.read_text().splitlines()
    text = TRAIN.replace("SCORES", f"{header}\\n{row}\\n")
    for name in ("train_architectures", "evaluate_architectures"):
        (folder / f"workflow/scripts/{name}.py").write_text(text)


def report(cells: int, cores: str, options: list[str]) -> None:
    """Measure and print everything at one number of cells."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, cells)
        run = ["snakemake", "--cores", cores, *options, "--quiet", "all", "--"]
        start = measure([*run[:-1], "--dry-run", "--", RESULT], folder)
        print(f"{cells} cells: start (dry run): {start}", flush=True)
        whole = measure([*run, RESULT], folder)
        print(f"{cells} cells: run: {whole}", flush=True)
        print(f"{cells} cells: a cell: {whole.cpu / cells * 1000:.0f} ms of processor,"
              f" {whole.wall / cells * 1000:.0f} ms", flush=True)  # fmt: skip
        again = measure([*run, RESULT], folder)
        print(f"{cells} cells: no-op: {again}", flush=True)
        shown = subprocess.run(
            ["snakemake", "--cores", "1", "--dry-run", "--printshellcmds", "--forcerun",
             "tabulate_architectures", "--quiet", "host", "--", RESULT],
            cwd=folder, stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
        command = next(s for s in shown.splitlines() if s.startswith("Shell command: "))
        command = command.removeprefix("Shell command: ")
        (folder / "tabulate.sh").write_text(command)
        print(f"{cells} cells: tables: {measure(['bash', 'tabulate.sh'], folder)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", type=int, nargs="+")
    parser.add_argument("--cores", default="2")
    parser.add_argument("--options", type=shlex.split, default=[], help="for snakemake")
    args = parser.parse_args()
    for cells in args.cells:
        report(cells, args.cores, args.options)


if __name__ == "__main__":
    main()
