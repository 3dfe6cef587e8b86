# What all rules share: parameters, cells, code digests, one run at a time; and every function, which
# Snakemake's lint wants apart from rules.

import json
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(workflow.basedir)
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "workflow")]

from latentlab import StudyError
from latentlab.cells import EXPERIMENTS, cells, vae_drawn
from latentlab.params import read_params, read_yaml
from support import effort, environment, records, run_lock
from support.code_digest import code_digest

environment.prepare()

OFFLINE = bool(config.pop("offline", False))  # leave out images that must be downloaded
if config:
    raise WorkflowError(
        f"--config {', '.join(config)}: parameters are read from params.yaml alone, which DVC"
        " tracks; edit it, or try a value with 'dvc exp run -S key=value'"
    )

SCHEMA = "workflow/schemas/params.schema.yaml"
try:
    PARAMS = read_params("params.yaml", ROOT / SCHEMA, ROOT)
    if not isinstance(read_yaml(ROOT / "data/published.yaml"), dict):
        raise StudyError("data/published.yaml: empty, figures by experiment are needed")
except StudyError as error:
    raise WorkflowError(str(error)) from None

if OFFLINE:
    images = PARAMS["data"]["images"]
    PARAMS["vae"]["datasets"] = [
        name
        for name in PARAMS["vae"]["datasets"]
        if images[name]["source"] != "download"
        or Path(f"data/images/{name}/train_images.npy").exists()
    ]
    if not PARAMS["vae"]["datasets"]:
        raise WorkflowError(
            "offline=true: every set of vae.datasets must be downloaded, allowed: at least one"
            " that is there, such as digits"
        )

if workflow.is_main_process:
    for line in records.mark_doubtful():
        logger.warning(line)

SHARDS = PARAMS.pop("shards")  # jobs, not results: no setting of any step
CELLS = {experiment: cells(PARAMS, experiment) for experiment in EXPERIMENTS}


def canonical(value):
    """JSON that is equal when, and only when, the value is: order of keys aside.

    Snakemake compares a dict as a set of values: swapping two goes unnoticed.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def here(path):
    """A path of the project, seen from the working directory."""
    return os.path.relpath(ROOT / path)


def script(name):
    """The script of a step. Its code is watched by ``code``, not by its time."""
    return ancient(here(f"workflow/scripts/{name}.py"))


def code(name):
    """A digest of the code that a script runs; see support/code_digest.py."""
    return code_digest(ROOT / f"workflow/scripts/{name}.py", ROOT)


def cell_of(wildcards):
    """The name of the cell that the wildcards make."""
    return "/".join(wildcards)


def known(entries, name, told):
    """The entry of that name; a target that asks for another is refused in one line."""
    if name not in entries:
        raise WorkflowError(f"params.yaml has no {told}")
    return entries[name]


def steps_of(experiment, cell):
    """The settings of each step of a cell."""
    told = f"cell {cell} in the experiment {experiment}"
    return known(CELLS[experiment], cell, told)


def settings(experiment, step):
    """The settings of a cell's step, for ``params:``; the wildcards name the cell."""

    def of_cell(wildcards):
        cell = cell_of(wildcards)
        told = f"step {step} of the cell {cell} in the experiment {experiment}"
        return canonical(known(steps_of(experiment, cell), step, told))

    return of_cell


def section(experiment):
    """A whole section of the parameters, for the steps that gather its cells."""
    return canonical(PARAMS[experiment])


def of_cells(experiment, *files):
    """The named results of all cells of an experiment."""
    return [
        f"results/{experiment}/cells/{cell}/{file}"
        for cell in CELLS[experiment]
        for file in files
    ]


def figures(*paths):
    """Each figure as SVG, for pages, and as PNG."""
    return [f"{path}.{kind}" for path in paths for kind in ("svg", "png")]


FONTS = here(PARAMS["data"]["fonts"])
PUBLISHED = here("data/published.yaml")


# --- an image set, and the folders of images


def image_set(name):
    """What params.yaml says of an image set."""
    return known(PARAMS["data"]["images"], name, f"image set data.images.{name}")


def image_settings(wildcards):
    """How the image set of that name is obtained, without what only later steps use."""
    source = image_set(wildcards.dataset)
    if source["source"] == "folder":
        from latentlab.images import digest  # here: importing it takes a moment

        content = digest(ROOT / source["path"])
        return canonical({"dataset": wildcards.dataset, "content": content, **source})
    kept = {key: value for key, value in source.items() if key != "classes"}
    return canonical({"dataset": wildcards.dataset, **kept})


def images_folder(wildcards, input):
    """Where the images of a job's data set are."""
    return os.path.dirname(input.images[0])


def images_root(wildcards, input):
    """Where the folders of all data sets are."""
    return os.path.dirname(os.path.dirname(input.images[0]))


# --- optimizers


def tuning(wildcards):
    """The trials of an optimizer's learning rates, where it has one."""
    path = (
        f"results/optimizers/cells/{wildcards.optimizer}/{wildcards.network}/tuning.csv"
    )
    return [path] if path in TUNINGS else []


# --- denoising: all denoisers of a network and letter set together


def cells_below(wildcards):
    """The cells whose names begin with the wildcards."""
    family = cell_of(wildcards)
    found = [cell for cell in CELLS["denoising"] if cell.startswith(f"{family}/")]
    if not found:
        raise WorkflowError(f"params.yaml has no denoisers {family}")
    return found


def denoisers(step, **more):
    """Settings of all cells that the wildcards begin, by their folders below the family's."""

    def of(wildcards):
        family = DENOISERS.format(**wildcards)
        return canonical(
            {
                "cells": {
                    cell.removeprefix(f"{family}/"): CELLS["denoising"][cell][step]
                    for cell in cells_below(wildcards)
                },
                "subset": wildcards.subset,
                **more,
            }
        )

    return of


def of_denoisers(*files):
    """The named results of all cells that the wildcards begin."""

    def of(wildcards):
        return [
            f"results/denoising/cells/{cell}/{file}"
            for cell in cells_below(wildcards)
            for file in files
        ]

    return of


def related(font):
    """The settings of a font's subsets."""
    told = f"font {font} in denoising.orthogonality.fonts"
    return known(ORTHOGONALITY, font, told)


# --- vae


def of_dataset(file):
    """The named result of every cell of ``vae`` on the data set of the wildcards."""

    def of(wildcards):
        cells = [
            c
            for c, f in EXPERIMENTS["vae"].factors(PARAMS["vae"]).items()
            if f["dataset"] == wildcards.dataset
        ]
        return [f"results/vae/cells/{cell}/{file}" for cell in cells]

    return of


def drawn_models(wildcards):
    """What the figures of a data set show, of all its models."""
    image_set(wildcards.dataset)
    return canonical(vae_drawn(PARAMS, wildcards.dataset))


# --- conclusions


def claimed_tables(path):
    """The tables that the claims of a file rest on, sorted."""
    claims = read_yaml(path)
    named = {
        (entry["experiment"], entry["table"])
        for claim in claims["claims"].values()
        for beside in ({}, *claim.get("beside", {}).values())
        if "table" in (entry := {**claim, **beside})
    }
    named |= {
        (experiment, template["table"])
        for experiment, template in claims["reported"].items()
    }
    return [
        f"results/{experiment}/tables/{table}.csv"
        for experiment, table in sorted(named)
    ]


# --- report


def digests():
    """The digest of the code of every step of the experiments, by the rule's name."""
    scripts = sorted((ROOT / "workflow/scripts").glob("*_*.py"))
    return {
        path.stem: code(path.stem)
        for path in scripts
        if path.stem.split("_", 1)[1] in PARAMS
    }


def folder_of(cell):
    """Where the results of a cell are, named as in its settings: the experiment first."""
    experiment, *names = Path(cell).parts
    return Path("results", experiment, "cells", *names).as_posix()


# --- a run

# rules whose jobs use compiled code: it is compiled once, before they start side by side
COMPILED = {"tune_optimizers", "relate_denoising"}
for experiment in ("architectures", "optimizers", "letters", "denoising"):
    COMPILED |= {f"train_{experiment}", f"train_{experiment}_part"}


onstart:
    if workflow.is_main_process:
        try:
            run_lock.take(Path(".snakemake/run.lock"))
        except run_lock.RunningError as error:
            raise WorkflowError(str(error)) from None
        environment.record(Path("logs/environment.json"))
        # With its limit of jobs a second the scheduler looks at all ready jobs once a second for
        # every job that has ended (docs/scaling.md). On one machine cores are the limit.
        if workflow.local_exec and workflow.scheduler is not None:
            workflow.scheduler.job_rate_limiter = None
        if any(job.rule.name in COMPILED for job in workflow.dag.needrun_jobs()):
            shell(
                "python {script}", script=here("workflow/scripts/compile_powell.py")
            )


onsuccess:
    if workflow.is_main_process:
        records.normalize()
        if workflow.local_exec and (line := effort.summary(workflow.cores)):
            print(line, file=sys.stderr)


onerror:
    if workflow.is_main_process:
        records.normalize()
