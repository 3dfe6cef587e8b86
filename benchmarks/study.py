"""Where the time of a finished run went, what bounds it, and how well cores can be used.

    PYTHONPATH=src:workflow python benchmarks/study.py [FOLDER] [--order] [--bounds]
        [--after-edit FILE OLD NEW]...

FOLDER is a project whose study has run, this one by default. Its ``logs/jobs.csv`` has the times of
jobs (``workflow/support/times.py``), its job records say what each read. Of every job the
processor time is taken; for the whole run the elapsed one, where a step wrote no other.

Printed are the seconds by experiment and step, and the seconds that the same jobs take on 2, 4 and
8 cores, simulated: in the order of the Snakefile here and without one, against the ideal, the
longer of "all cores busy to the end" and the longest way through the graph. ``--order`` prints the
rules by the longest way from their jobs to the end: the order for the Snakefile. ``--bounds`` times
what the trainings cannot do without: the matrix products of image models, in OpenBLAS; the
evaluations that Powell counted, each at what it costs alone. ``--after-edit`` puts one text in the
place of another in a file of a copy and tells which jobs Snakemake would then compute again; an
edit each.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import itertools
import json
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import numpy as np
import pandas as pd

from latentlab.data import images
from latentlab.data.fonts import read_fonts
from latentlab.experiments.params import read_params
from latentlab.experiments.registry import cells
from latentlab.models import image_model
from latentlab.models.network import Network, initial_weights
from latentlab.training import powell
from support import graph, times
from support.internals import RECORDS, output_of
from support.records import record_files

ROOT = Path(__file__).resolve().parents[1]
CORES = (2, 4, 8)
SHUFFLES = 20  # of jobs between which the order says nothing; the slowest counts
IGNORED = ("results", ".snakemake", ".git", ".cache", ".venv", "logs")  # of a copied project


@dataclass(frozen=True)
class Job:
    """A job of a run.

    begin, end : seconds since 1970
    seconds : of the processor; elapsed where the step wrote none
    size : bytes of its inputs
    needs : the jobs whose outputs it read, by name
    """

    rule: str
    begin: float
    end: float
    seconds: float
    size: int
    needs: frozenset[str]


Jobs = Mapping[str, Job]
"""The jobs of a run by name, which is the path of the log."""


# --- a finished run


def makers(folder: Path) -> dict[str, str]:
    """For every recorded output, the name of its job."""
    records = folder / RECORDS
    found = {}
    for path in record_files(records):
        found[output_of(path, records)] = json.loads(path.read_bytes())["log"][0]
    return found


def read_jobs(folder: Path) -> dict[str, Job]:
    """The jobs of the run in a folder. Raises FileNotFoundError where no times were kept."""
    made = makers(folder)
    inputs: dict[str, set[str]] = {}
    for path in record_files(folder / RECORDS):
        record = json.loads(path.read_bytes())
        inputs.setdefault(record["log"][0], set()).update(record["input"])
    jobs = {}
    with (folder / times.FILE).open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["log"] in inputs:  # else of a job that is no more
                read = inputs[row["log"]]
                begin, end = float(row["start"]), float(row["end"])
                files = [folder / path for path in read]
                jobs[row["log"]] = Job(
                    rule=row["rule"],
                    begin=begin,
                    end=end,
                    seconds=float(row["processor"] or end - begin),
                    size=sum(path.stat().st_size for path in files if path.exists()),
                    needs=frozenset(made[path] for path in read if path in made),
                )
    return jobs


def by_step(jobs: Jobs) -> pd.DataFrame:
    """Jobs, seconds, share of all seconds and longest job of every step."""
    rows = [
        {"experiment": experiment, "step": verb, "s": job.seconds}
        for job in jobs.values()
        for verb, experiment in [job.rule.split("_", 1)]
    ]
    groups = pd.DataFrame(rows).groupby(["experiment", "step"])["s"]
    table = groups.agg(jobs="count", seconds="sum", longest="max")
    table.insert(2, "share", table["seconds"] / table["seconds"].sum())
    return table.sort_values("seconds", ascending=False)


# --- the order of jobs


def ways(jobs: Jobs) -> dict[str, float]:
    """Of every job, the seconds of the longest way from its start to the end of the run."""
    readers: dict[str, list[str]] = {name: [] for name in jobs}
    for name, job in jobs.items():
        for other in job.needs & jobs.keys():
            readers[other].append(name)
    found: dict[str, float] = {}

    def way(name: str) -> float:
        if name not in found:
            found[name] = jobs[name].seconds + max(map(way, readers[name]), default=0.0)
        return found[name]

    return {name: way(name) for name in jobs}


def ideal(jobs: Jobs, cores: int) -> float:
    """Seconds below which no order of jobs can get: all cores busy, or the longest way."""
    total = sum(job.seconds for job in jobs.values())
    return max(total / cores, *ways(jobs).values())


def simulate(jobs: Jobs, cores: int, place: Callable[[str], object]) -> float:
    """Seconds until the last job ends: a free core starts the ready job of the lowest place."""
    missing = {name: len(job.needs & jobs.keys()) for name, job in jobs.items()}
    ready = [(place(name), name) for name in jobs if not missing[name]]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, name = heapq.heappop(ready)
            heapq.heappush(running, (now + jobs[name].seconds, name))
        now, ended = heapq.heappop(running)
        for name, job in jobs.items():
            if ended in job.needs:
                missing[name] -= 1
                if not missing[name]:
                    heapq.heappush(ready, (place(name), name))
    return now


def slowest(jobs: Jobs, cores: int, patterns: list[str]) -> float:
    """Seconds of the slowest of some runs as Snakemake starts jobs.

    By the place of their rule in the order, then those with the larger inputs, then any.
    """

    def rank(rule: str) -> int:
        return next((i for i, p in enumerate(patterns) if fnmatchcase(rule, p)), len(patterns))

    ranks = {job.rule: rank(job.rule) for job in jobs.values()}
    found = []
    for seed in range(SHUFFLES):
        rng = random.Random(seed)
        drawn = {name: rng.random() for name in sorted(jobs)}

        def place(name: str, drawn: Mapping[str, float] = drawn) -> object:
            return ranks[jobs[name].rule], -jobs[name].size, drawn[name]

        found.append(simulate(jobs, cores, place))
    return max(found)


def best_order(jobs: Jobs) -> dict[str, float]:
    """Rules, the longest of the ways that begin with their jobs first, with its seconds."""
    longest: Counter[str] = Counter()
    for name, seconds in ways(jobs).items():
        rule = jobs[name].rule
        longest[rule] = max(longest[rule], seconds)
    return dict(longest.most_common())


def declared(snakefile: Path) -> list[str]:
    """The order of rules that a Snakefile has."""
    found = re.search(r"^STUDY\.order\((.*?)^\)", snakefile.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r'"(.+?)"', found[1]) if found else []


def schedules(jobs: Jobs, order: list[str]) -> pd.DataFrame:
    """By the number of cores: the ideal, and the slowest run with an order and without."""
    rows = []
    for cores in CORES:
        least = ideal(jobs, cores)
        row = {"cores": cores, "ideal, s": least}
        for name, patterns in {"ordered": order, "not ordered": []}.items():
            seconds = slowest(jobs, cores, patterns)
            row |= {f"{name}, s": seconds, f"{name}, times the ideal": seconds / least}
        rows.append(row)
    return pd.DataFrame(rows).set_index("cores")


def account(jobs: Jobs) -> str:
    """A line on the run itself: work, overhead of its jobs, how many ran at a time, the last one.

    Where a part was computed again later, the time between counts too.
    """
    begin, end = min(j.begin for j in jobs.values()), max(j.end for j in jobs.values())
    work = sum(job.seconds for job in jobs.values())
    spans = sum(job.end - job.begin for job in jobs.values())
    return (
        f"{len(jobs)} jobs, {end - begin:,.0f} s from the first to the last: {work:,.0f} s of"
        f" work, {spans:,.0f} s from begin to end of each, {spans / (end - begin):.2f} at a time;"
        f" the longest way takes {max(ways(jobs).values()):,.0f} s"
    )


# --- bounds


def products(settings: image_model.Settings, pixels: int, batch: int) -> list[tuple[int, ...]]:
    """The matrix products (m, k, n), of (m, k) by (k, n), of a step on a batch.

    Fully connected layers alone: forward, the gradient of the weights, and the error handed
    back, which the first layer does not need.
    """
    heads = settings.latent_units * (2 if settings.model == "vae" else 1)
    encoder = [pixels, *settings.encoder_layers, heads]
    decoder = [settings.latent_units, *settings.decoder_layers, pixels]
    shapes = []
    for layers in (encoder, decoder):
        for first, last in itertools.pairwise(layers):
            shapes += [(batch, first, last), (first, batch, last), (batch, last, first)]
    shapes.remove((batch, encoder[1], pixels))
    return shapes


def seconds_of(shapes: Iterable[tuple[int, ...]], rounds: int = 30) -> float:
    """Seconds of these products in float32 by OpenBLAS, by NumPy: the fastest of the rounds."""
    total = 0.0
    for (m, k, n), times_ in Counter(shapes).items():
        a, b = np.ones((m, k), np.float32), np.ones((k, n), np.float32)
        out = np.empty((m, n), np.float32)
        spent = []
        for _ in range(rounds):
            begin = time.perf_counter()
            np.matmul(a, b, out=out)
            spent.append(time.perf_counter() - begin)
        total += times_ * min(spent)
    return total


def image_bounds(folder: Path, jobs: Jobs) -> pd.DataFrame:
    """Of the models of fully connected layers: seconds of a training, and of its products."""
    params = read_params(folder / "params.yaml", folder)
    rows = []
    for cell, steps in cells(params, "vae").items():
        name = f"logs/train_vae/{cell}.log"
        settings = image_model.Settings(**steps["train"]["model"])
        dense = all(isinstance(x, int) for x in settings.encoder_layers + settings.decoder_layers)
        if name in jobs and dense:
            dataset, model, _ = cell.split("/")
            row = {"images": dataset, "model": model, "measured, s": jobs[name].seconds}
            rows.append((settings, row))
    table = pd.DataFrame([row for _, row in rows]).groupby(["images", "model"], sort=False).mean()
    kinds = {(row["images"], row["model"]): settings for settings, row in rows}
    for (dataset, model), settings in kinds.items():
        shape = images.load(folder / f"data/images/{dataset}").train_images.shape
        one = seconds_of(products(settings, int(np.prod(shape[1:])), settings.batch_size))
        steps = settings.epochs * shape[0] / settings.batch_size
        table.loc[(dataset, model), "products, s"] = one * steps
    table["measured / products"] = table["measured, s"] / table["products, s"]
    return table


def powell_bounds(folder: Path, jobs: Jobs) -> pd.DataFrame:
    """Of ``architectures``: seconds of a cell's trainings, and of the evaluations they counted."""
    params = read_params(folder / "params.yaml", folder)
    letters = read_fonts(folder / params["data"]["fonts"])[params["architectures"]["font"]].pixels
    powell.compile()
    rows = []
    for cell, steps in cells(params, "architectures").items():
        name = f"logs/train_architectures/{cell}.log"
        if name not in jobs:
            continue
        runs = pd.read_csv(folder / f"results/architectures/cells/{cell}/runs.csv")
        counted = runs.groupby("network")["evaluations"].sum()
        alone = 0.0
        for label, settings in steps["train"]["networks"].items():
            network = Network(**settings)
            start = initial_weights(network, np.random.default_rng(1))
            begin = time.process_time()
            done = powell.train(network, letters, letters, start, max_epochs=5, xtol=0.01, ftol=0.0)
            each = (time.process_time() - begin) / done.evaluations[-1]
            alone += each * counted[label]
        rows.append({"cell": cell, "measured, s": jobs[name].seconds, "evaluations, s": alone})
    table = pd.DataFrame(rows).set_index("cell")
    table.loc["all"] = table.sum()
    table["measured / evaluations"] = table["measured, s"] / table["evaluations, s"]
    return table


# --- edits


def copied(folder: Path, target: Path) -> Path:
    """A copy of a finished project to edit: results and images by links, records by copies."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.splitlines():
        if Path(name).parts[0] not in IGNORED and (folder / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, target / name)
    for name in ("results", "data/images"):
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).symlink_to(folder / name)
    shutil.copytree(folder / RECORDS, target / RECORDS)
    return target


def outdated(folder: Path) -> set[str]:
    """The outputs that a run would compute."""
    plans = graph.outputs(folder)
    return {path for path, plan in plans.items() if plan != graph.UP_TO_DATE}


def after_edits(folder: Path, jobs: Jobs, edits: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Of every edit (file, old text, new text): jobs that it makes out of date, their seconds.

    Computed by a run are at most these: where a result comes out the same, what reads it is not
    computed. New are outputs that no job of the finished run made.
    """
    made = makers(folder)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        copy = copied(folder, Path(temporary))
        before = outdated(copy)
        for file, old, new in edits:
            path = copy / file
            text = path.read_text()
            if old not in text:
                raise SystemExit(f"{old!r} is not in {file}")
            path.write_text(text.replace(old, new, 1))
            paths = outdated(copy) - before
            path.write_text(text)
            names = {made[path] for path in paths if path in made}
            rows.append(
                {
                    "edit": f"{file}: {old} -> {new}",
                    "jobs": len(names),
                    "seconds": sum(jobs[name].seconds for name in names if name in jobs),
                    "new outputs": len(paths - made.keys()),
                    "steps": " ".join(sorted({jobs[n].rule for n in names if n in jobs})),
                }
            )
    return pd.DataFrame(rows).set_index("edit")


# --- what is printed


def markdown(table: pd.DataFrame) -> str:
    """A table for docs/performance.md: seconds to three digits, ratios to two decimals."""
    table = table.reset_index()

    def text(value: object) -> str:
        if not isinstance(value, float):
            return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value)
        return f"{value:.2f}" if value < 10 else f"{value:,.0f}"

    rows = [list(table.columns), ["---"] * len(table.columns)]
    rows += [[text(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--order", action="store_true", help="print the order for the Snakefile")
    parser.add_argument("--bounds", action="store_true", help="time what cannot be done without")
    parser.add_argument("--after-edit", nargs=3, action="append", metavar=("FILE", "OLD", "NEW"))
    arguments = parser.parse_args(argv)
    folder = arguments.folder.resolve()
    try:
        jobs = read_jobs(folder)
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename}: no such file; a run of the study writes it") from None
    if arguments.order:
        print("\n".join(f"{seconds:7.1f} {rule}" for rule, seconds in best_order(jobs).items()))
        return
    if arguments.after_edit:
        print(markdown(after_edits(folder, jobs, arguments.after_edit)))
        return
    if arguments.bounds:
        for bound in (image_bounds, powell_bounds):
            print(f"{markdown(bound(folder, jobs))}\n")
        return
    print(f"{markdown(by_step(jobs))}\n")
    print(f"{markdown(schedules(jobs, declared(ROOT / 'Snakefile')))}\n")
    print(account(jobs))


if __name__ == "__main__":
    main()
