# What all rules share: parameters, cells, code digests, one run at a time; and every function, which
# Snakemake's lint wants apart from rules.

import os
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(workflow.basedir)
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "workflow")]

from support import environment  # first: it pins what jobs inherit

from latentlab import StudyError, shown
from latentlab.experiments.conclusions import claims
from latentlab.experiments.registry import EXPERIMENTS, cells
from latentlab.experiments.vae.plan import vae_drawn
from latentlab.experiments.params import read_params
from latentlab.files.yaml import read_yaml
from support import bytecode, effort, engine, locked, records, run_lock, watched
from support.by_content import by_file
from support.code_digest import code_digest

environment.prepare()

if workflow.is_main_process:
    if line := locked.refusal(ROOT / "requirements.lock"):
        raise WorkflowError(line)
    if line := run_lock.unwritable(Path(".snakemake"), Path(".cache")):
        raise WorkflowError(line)

OFFLINE = bool(config.pop("offline", False))  # leave out images that must be downloaded
if config:
    raise WorkflowError(
        f"--config {', '.join(config)}: parameters are read from params.yaml alone, which DVC"
        " tracks; edit it, or try a value with 'dvc exp run -S key=value'"
    )

MADE = (
    "results/",
    "data/images/",
    ".cache/",
)  # where rules write: all else is a source
try:
    PARAMS = read_params("params.yaml", ROOT)
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


def unwatched_data():
    """A line for each path in the parameters whose changes DVC would not see."""
    stages = read_yaml("dvc.yaml")["stages"]
    named = {"data.fonts": ("study", [Path(PARAMS["data"]["fonts"])])}
    for name in PARAMS["vae"]["datasets"]:
        images = PARAMS["data"]["images"][name]
        if images["source"] == "folder":
            # importing it takes a moment
            from latentlab.data.folders import source_files

            path, place = f"data.images.{name}.path", ROOT / images["path"]
            try:
                files = source_files(place, images["classes"], images.get("test_every"))
            except (StudyError, OSError) as error:
                raise WorkflowError(f"params.yaml: {path}: {error}") from None
            named[path] = ("data", [*files, *watched.inside_folders(place)])
    font = os.path.normpath(PARAMS["data"]["fonts"])
    if font.startswith(MADE) or font.endswith(".py"):
        yield (
            f"params.yaml: data.fonts: {font!r} given, allowed: a file outside of"
            f" {', '.join(MADE)}, which runs write, and no .py"
        )
    for path, (stage, files) in named.items():
        known = watched.dependencies(stages[stage], PARAMS)
        for place in watched.unwatched(files, known, ROOT):
            yield (
                f"params.yaml: {path}: reads {place}, which DVC does not watch; add it to the"
                f" deps of the stage {stage} in dvc.yaml, a line '- {place}'"
            )


def linked_outputs():
    """A line for each folder of results that is a link, behind which DVC versions nothing."""
    folders = [".snakemake", "results", "data/images", *Path("results").glob("*")]
    for folder in filter(os.path.islink, folders):
        yield (
            f"{folder} is a link, and DVC versions nothing behind one: make it a folder, mount the"
            " other disk there, or let the links be below it (results/vae/cells, say);"
            " snakemake alone runs with it"
        )


if workflow.is_main_process and Path("dvc.yaml").exists():
    lines = list(unwatched_data())
    if "DVC_STAGE" in os.environ:  # DVC's own: it runs us
        lines += linked_outputs()
    if lines:
        raise WorkflowError("\n".join(lines))

if workflow.is_main_process:
    for line in records.mark_doubtful():
        logger.warning(line)

SHARDS = PARAMS.pop("shards")  # jobs, not results: no setting of any step
CELLS = {experiment: cells(PARAMS, experiment) for experiment in EXPERIMENTS}


def here(path):
    """A path of the project, seen from the working directory."""
    return os.path.relpath(ROOT / path)


def source_file(path):
    """A file of the project that no rule makes; watched by content (below), not by its time."""
    return ancient(here(path))


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
    """The file with the settings of a cell's step; the wildcards name the cell."""

    def of_cell(wildcards):
        cell = cell_of(wildcards)
        told = f"step {step} of the cell {cell} in the experiment {experiment}"
        return by_file(known(steps_of(experiment, cell), step, told))

    return of_cell


def section(experiment):
    """The file with a whole section of the parameters, for the steps that gather its cells."""
    return by_file(PARAMS[experiment])


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


FONTS = source_file(PARAMS["data"]["fonts"])
PUBLISHED = source_file("data/published.yaml")


# --- an image set, and the folders of images


def image_set(name):
    """What params.yaml says of an image set."""
    return known(PARAMS["data"]["images"], name, f"image set data.images.{name}")


def image_settings(wildcards):
    """How the image set of that name is obtained, without what only later steps use."""
    source = image_set(wildcards.dataset)
    if source["source"] == "folder":
        from latentlab.data.folders import digest  # here: importing it takes a moment

        try:
            content = digest(
                ROOT / source["path"], source["classes"], source.get("test_every")
            )
        except (StudyError, OSError) as error:
            path = f"data.images.{wildcards.dataset}.path"
            raise WorkflowError(f"{path}: {error}") from None
        return by_file({"dataset": wildcards.dataset, "content": content, **source})
    kept = {key: value for key, value in source.items() if key != "classes"}
    return by_file({"dataset": wildcards.dataset, **kept})


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


@cache
def denoisers_by_prefix():
    """The cells of ``denoising`` by each beginning of their names: one pass for all families."""
    found = {}
    for cell in CELLS["denoising"]:
        parts = cell.split("/")
        for end in range(1, len(parts)):
            found.setdefault("/".join(parts[:end]), []).append(cell)
    return found


def cells_below(wildcards):
    """The cells whose names begin with the wildcards."""
    family = cell_of(wildcards)
    return known(denoisers_by_prefix(), family, f"denoisers {family}")


def denoisers(step, most=None, **more):
    """Settings of all cells that the wildcards begin, by their folders below the family's.

    most : at most so many of them, evenly spaced; then "of" says how many there are
    """

    def of(wildcards):
        family = DENOISERS.format(**wildcards)
        cells = cells_below(wildcards)
        return by_file(
            {
                "cells": {
                    cell.removeprefix(f"{family}/"): CELLS["denoising"][cell][step]
                    for cell in shown.spaced(cells, most or len(cells))
                },
                "subset": wildcards.subset,
                **({"of": len(cells)} if most else {}),
                **more,
            }
        )

    return of


def of_denoisers(*files, most=None):
    """The named results of all cells that the wildcards begin, or of those that ``most`` leaves."""

    def of(wildcards):
        cells = cells_below(wildcards)
        return [
            f"results/denoising/cells/{cell}/{file}"
            for cell in shown.spaced(cells, most or len(cells))
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


def unsuitable_images(jobs):
    """What these jobs would be refused for their image sets: parameter, given, allowed; in lines.

    Sets that are fetched in this run are checked when they are there (``rule fetch_images``).
    """
    users = ("train_vae", "evaluate_vae", "plot_vae")
    names = {job.wildcards.dataset for job in jobs if job.rule.name in users}
    names -= {job.wildcards.dataset for job in jobs if job.rule.name == "fetch_images"}
    if not names:
        return []
    from latentlab.data import images
    from latentlab.experiments.vae import suitability

    return [
        line
        for name in sorted(names)
        for line in suitability.refusals(
            PARAMS, name, images.load(f"data/images/{name}")
        )
    ]


def drawn_models(wildcards):
    """What the figures of a data set show, of all its models."""
    image_set(wildcards.dataset)
    return by_file(vae_drawn(PARAMS, wildcards.dataset))


# --- conclusions


def read_claims(rules):
    """The claims, which can be tested on tables of the rules so far; else refused, in lines."""
    tables = [Path(path).parts for rule in rules for path in rule.output]
    tables = {
        (parts[1], Path(parts[3]).stem)
        for parts in tables
        if parts[0] == "results" and parts[2:3] == ("tables",)
    }
    try:
        content = read_yaml(ROOT / claims.FILE)
        published = read_yaml(ROOT / claims.PUBLISHED)
    except StudyError as error:
        raise WorkflowError(str(error)) from None
    relevant = PARAMS["conclusions"]["relevant"]
    if lines := claims.errors(content, published, relevant, tables):
        raise WorkflowError("\n".join(lines))
    return content


def claimed_tables(claims):
    """The tables that the claims rest on, sorted."""
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


def unusable_pages(jobs):
    """What the last of these jobs, which write the pages, would find wrong with their sources."""
    if not any(job.rule.name.startswith("render_") for job in jobs):
        return []
    from support import pages  # here: importing it takes a moment

    return list(pages.errors(ROOT / "workflow/report"))


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
        if line := engine.refused_mode(workflow):
            raise WorkflowError(line)
        try:
            if line := run_lock.take(Path(".snakemake/run.lock")):
                logger.warning(line)
        except run_lock.LockError as error:
            raise WorkflowError(str(error)) from None
        jobs = list(workflow.dag.needrun_jobs())
        try:
            if lines := [*unsuitable_images(jobs), *unusable_pages(jobs)]:
                raise WorkflowError("\n".join(lines))
        except (StudyError, OSError) as error:
            raise WorkflowError(str(error)) from None
        environment.record(Path("logs/environment.json"))
        for line in (environment.overruled_line(), environment.processor_line()):
            if line:
                logger.warning(line)
        folders = ("src", "workflow/scripts", "workflow/support")
        bytecode.check_by_content(ROOT / folder for folder in folders)
        # With its limit of jobs a second the scheduler looks at all ready jobs once a second for
        # every job that has ended (docs/scaling.md). On one machine cores are the limit.
        if workflow.local_exec and workflow.scheduler is not None:
            workflow.scheduler.job_rate_limiter = None
        if any(job.rule.name in COMPILED for job in jobs):
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
