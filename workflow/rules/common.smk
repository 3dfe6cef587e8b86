# What all rules share of this study: parameters, cells, checks; and every function, which Snakemake's
# lint wants apart from rules. What any study needs is in workflow/support.

import os
import sys
import warnings
from functools import cache
from pathlib import Path

from snakemake.logging import logger

ROOT = Path(workflow.basedir)
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "workflow")]

from support import interruption

interruption.in_one_line()  # until the jobs start, and Snakemake sees to it

with warnings.catch_warnings():
    # Snakemake has imported NumPy before: no matter, results are computed by jobs
    warnings.simplefilter("ignore")
    import latentlab  # first: it pins what jobs inherit

from latentlab import StudyError, arithmetic, shown
from latentlab.data import font_files
from latentlab.data.fonts import stored
from latentlab.experiments.conclusions import claims
from latentlab.experiments.conclusions.readings import asked
from latentlab.experiments.denoising.denoisers import unused_by_denoisers
from latentlab.experiments.registry import EXPERIMENTS, cells
from latentlab.experiments.vae.plan import vae_controls, vae_drawn, vae_survey
from latentlab.experiments.params import letters_of, read_params
from latentlab.files.yaml import read_yaml
from latentlab.training.optimizers import unused_modules
from support import watched
from support.by_content import by_file
from support.study import RUN, Study, refuse

OFFLINE = bool(config.pop("offline", False))  # leave out images that must be downloaded


def environment_facts():
    """What a result may depend on that the package pins, for logs/environment.json."""
    here = arithmetic.this_machine()
    pinned = sorted(arithmetic.variables(*here))
    return {
        "same_bytes_expected": arithmetic.same_bytes(*here),
        "variables": {name: os.environ[name] for name in pinned if name in os.environ},
    }


STUDY = Study(
    workflow,
    config,
    results=("results", "data/images"),
    temporary=(".cache/parts",),  # of cells, joined and removed (shards.smk)
    pin=lambda: {**latentlab.OVERRULED, **arithmetic.pin()},
    facts=environment_facts,
    times="workflow/times.csv",
)
here, source_file, step = STUDY.here, STUDY.source_file, STUDY.step

try:
    PARAMS = read_params("params.yaml", ROOT)
    if not isinstance(read_yaml(ROOT / "data/published.yaml"), dict):
        raise StudyError("data/published.yaml: empty, figures by experiment are needed")
except StudyError as error:
    refuse(str(error))

if OFFLINE:
    images = PARAMS["data"]["images"]
    PARAMS["vae"]["datasets"] = [
        name
        for name in PARAMS["vae"]["datasets"]
        if images[name]["source"] != "download"
        or Path(f"data/images/{name}/train_images.npy").exists()
    ]
    if not PARAMS["vae"]["datasets"]:
        refuse(
            "offline=true: every set of vae.datasets must be downloaded, allowed: at least one"
            " that is there, such as digits"
        )


def written_by_runs(knob, place):
    """A line where a path in the parameters is inside a folder that runs write; else None."""
    if watched.is_inside(ROOT / place, STUDY.made):
        return (
            f"params.yaml: {knob}: {place!r} given, allowed: a path outside of"
            f" {', '.join(STUDY.made)}, which runs write; move it, to data/ say"
        )


def unwatched_data():
    """A line for each path in the parameters whose changes DVC would not see."""
    stages = read_yaml("dvc.yaml")["stages"]
    named = {"data.fonts": ("study", [Path(PARAMS["data"]["fonts"])])}
    for name in PARAMS["vae"]["datasets"]:
        images = PARAMS["data"]["images"][name]
        if images["source"] == "font":
            named[f"data.images.{name}.fonts"] = ("data", [Path(images["fonts"])])
        if images["source"] == "folder":
            # importing it takes a moment
            from latentlab.data.folders import left_out, source_files

            path, place = f"data.images.{name}.path", ROOT / images["path"]
            refuse(written_by_runs(path, images["path"]))
            try:
                files = source_files(place, images["classes"], images.get("test_every"))
            except (StudyError, OSError) as error:
                refuse(f"params.yaml: {path}: {error}")
            if unread := left_out(place, images["classes"]):
                logger.warning(f"params.yaml: {path}: {', '.join(unread)} not read")
            named[path] = ("data", [*files, *watched.inside_folders(place)])
    refuse(written_by_runs("data.fonts", PARAMS["data"]["fonts"]))
    for path, (stage, files) in named.items():
        known = watched.dependencies(stages[stage], PARAMS)
        for place in watched.unwatched(files, known, ROOT):
            yield (
                f"params.yaml: {path}: reads {place}, which DVC does not watch; add it to the"
                f" deps of the stage {stage} in dvc.yaml, a line '- {place}'"
            )


if STUDY.is_main and Path("dvc.yaml").exists():
    refuse(watched.unreadable(Path("dvc.yaml"), "data", "study"))
    refuse(*unwatched_data())

SHARDS = PARAMS.pop("shards")  # jobs, not results: no setting of any step
CELLS = {experiment: cells(PARAMS, experiment) for experiment in EXPERIMENTS}


def cell_of(wildcards):
    """The name of the cell that the wildcards make."""
    return "/".join(wildcards)


def lookup(entries, name, description):
    """The entry of that name; a target that asks for another is refused in one line."""
    if name not in entries:
        refuse(f"params.yaml has no {description}")
    return entries[name]


def steps_of(experiment, cell):
    """The settings of each step of a cell."""
    description = f"cell {cell} in the experiment {experiment}"
    return lookup(CELLS[experiment], cell, description)


def settings_of(experiment, cell, step):
    """The settings of a cell's step."""
    description = f"step {step} of the cell {cell} in the experiment {experiment}"
    return lookup(steps_of(experiment, cell), step, description)


def settings(experiment, step):
    """The file with the settings of a cell's step; the wildcards name the cell."""
    return lambda wildcards: by_file(settings_of(experiment, cell_of(wildcards), step))


def unused_optimizers(experiment, step, of=cell_of):
    """The modules of optimizers that a cell's step does not load.

    of : the name of the cell, by the wildcards
    """
    unused = unused_by_denoisers if experiment == "denoising" else unused_modules
    return lambda wildcards: unused(settings_of(experiment, of(wildcards), step))


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
    """Each figure in English and in Spanish, as SVG, for pages, and as PNG."""
    return [
        f"{path}{language}.{kind}"
        for path in paths
        for language in ("", ".es")
        for kind in ("svg", "png")
    ]


def fonts_file(data):
    """The file of fonts that steps read: the user's, or what is read of it where steps could not."""
    if font_files.is_read_by_steps(data):
        return source_file(data["fonts"])
    return ancient(by_file(stored(font_files.fonts_of(data, ROOT))))


FONTS = fonts_file(PARAMS["data"])
PUBLISHED = source_file("data/published.yaml")
SPANISH = source_file("workflow/report/spanish.yaml")


# --- an image set, and the folders of images


def image_set(name):
    """What params.yaml says of an image set."""
    return lookup(PARAMS["data"]["images"], name, f"image set data.images.{name}")


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
            refuse(f"params.yaml: data.images.{wildcards.dataset}.path: {error}")
        return by_file({"dataset": wildcards.dataset, "content": content, **source})
    kept = {key: value for key, value in source.items() if key != "classes"}
    if source["source"] == "font":
        kept["pixels"] = letters_of(source, ROOT).pixels.astype(int).tolist()
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
    groups = {}
    for cell in CELLS["denoising"]:
        parts = cell.split("/")
        for end in range(1, len(parts)):
            groups.setdefault("/".join(parts[:end]), []).append(cell)
    return groups


def cells_below(wildcards):
    """The cells whose names begin with the wildcards."""
    family = cell_of(wildcards)
    return lookup(denoisers_by_prefix(), family, f"denoisers {family}")


def denoisers(step, most=None, **more):
    """Settings of all cells that the wildcards begin, by their folders below the family's.

    most : at most so many of them, evenly spaced; then "of" says how many there are
    """

    def settings_file(wildcards):
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

    return settings_file


def of_denoisers(*files, most=None):
    """The named results of all cells that the wildcards begin, or of those that ``most`` leaves."""

    def paths(wildcards):
        cells = cells_below(wildcards)
        return [
            f"results/denoising/cells/{cell}/{file}"
            for cell in shown.spaced(cells, most or len(cells))
            for file in files
        ]

    return paths


def related(font):
    """The settings of a font's subsets."""
    description = f"font {font} in denoising.orthogonality.fonts"
    return lookup(ORTHOGONALITY, font, description)


# --- vae


def of_dataset(file):
    """The named result of every cell of ``vae`` on the data set of the wildcards."""

    def paths(wildcards):
        cells = [
            c
            for c, f in EXPERIMENTS["vae"].factors(PARAMS["vae"]).items()
            if f["dataset"] == wildcards.dataset
        ]
        return [f"results/vae/cells/{cell}/{file}" for cell in cells]

    return paths


def unsuitable_images(jobs):
    """What these jobs would be refused for their image sets: parameter, given, allowed; in lines.

    Sets that are fetched in this run are checked when they are there (``rule fetch_images``).
    """

    def sets_of(*rules):
        return {job["dataset"] for name in rules for job in jobs.get(name, ())}

    of_images = ("train_vae", "survey_vae", "evaluate_vae", "control_vae", "plot_vae")
    names = sets_of(*of_images) - sets_of("fetch_images")
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


def surveyed(wildcards):
    """What the survey of a data set depends on."""
    image_set(wildcards.dataset)
    return by_file(vae_survey(PARAMS))


def controls(wildcards):
    """What the controls of a data set depend on."""
    image_set(wildcards.dataset)
    return by_file(vae_controls(PARAMS, wildcards.dataset))


# --- conclusions


def read_claims(rules):
    """The claims, which can be tested on tables of these rules; else refused, in lines.

    rules : the outputs of each, by name
    """
    tables = [Path(path).parts for outputs in rules.values() for path in outputs]
    tables = {
        (parts[1], Path(parts[3]).stem)
        for parts in tables
        if parts[0] == "results" and parts[2:3] == ("tables",)
    }
    try:
        content = read_yaml(ROOT / claims.FILE)
        published = read_yaml(ROOT / claims.PUBLISHED)
    except StudyError as error:
        refuse(str(error))
    refuse(*claims.errors(content, published, tables))
    return content


def claimed_tables(claims):
    """The tables that the claims rest on, sorted."""
    named = {
        (entry["experiment"], entry["table"])
        for claim in claims["claims"].values()
        for entry in asked(claim).values()
        if "table" in entry
    }
    named |= {
        (experiment, template["table"])
        for experiment, template in claims["reported"].items()
    }
    named |= {
        (order["experiment"], order["table"])
        for order in claims.get("single_runs", {}).values()
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
        path.stem: STUDY.code(path.stem)
        for path in scripts
        if path.stem.split("_", 1)[1] in PARAMS
    }


def unusable_pages(jobs):
    """What these jobs, which draw figures and write pages, would find wrong with their sources."""
    if not any(
        name.startswith(("draw_", "plot_", "introduce_", "render_")) for name in jobs
    ):
        return []
    from latentlab.pages import sources  # here: importing it takes a moment

    return list(sources.errors(ROOT / "workflow/report"))


def folder_of(cell):
    """Where the results of a cell are, named as in its settings: the experiment first."""
    experiment, *names = Path(cell).parts
    return Path("results", experiment, "cells", *names).as_posix()


# --- a run

# rules whose jobs use compiled code: it is compiled once, before they start side by side
COMPILED = {"tune_optimizers", "relate_denoising"}
for experiment in ("architectures", "optimizers", "letters", "denoising"):
    COMPILED |= {f"train_{experiment}", f"train_{experiment}_part"}


@STUDY.before
def check_and_compile(jobs):
    """Refuse what would fail at the end of a run; what follows is told, and compiled."""
    try:
        refuse(*unsuitable_images(jobs), *unusable_pages(jobs))
    except (StudyError, OSError) as error:
        refuse(str(error))
    if line := arithmetic.doubt(*arithmetic.this_machine()):
        logger.warning(line)
    if COMPILED.intersection(jobs):
        shell("python {script}", script=here("workflow/scripts/compile_powell.py"))
