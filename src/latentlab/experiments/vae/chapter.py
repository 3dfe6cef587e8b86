"""The chapter of ``vae``: a variational autoencoder on images, against a plain one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
    NONE,
    Chapter,
    Figure,
    Group,
    Table,
    count,
    figure,
    interval,
    listing,
    made,
    number,
    rank,
)


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/vae."""
    section, folder = settings["vae"], results / "vae"
    summary = read_csv(folder / "tables" / "summary.csv")
    summary = summary[summary["dataset"].isin(section["datasets"])]
    groups = tuple(
        _group(folder / "figures" / dataset, dataset, summary, section)
        for dataset in section["datasets"]
    )
    main = _main_dataset(summary, section)
    cover = groups[section["datasets"].index(main)].figures[0]
    return Chapter(
        id="vae",
        number="2",
        title="Variational autoencoder",
        question="What does a variational autoencoder make of images, beside a plain one?",
        answer=_answer(summary, section, main),
        details=tuple(filter(None, [_missing(settings), _unit(), _samples(section)])),
        cover=cover,
        groups=groups,
        table=_table(summary),
        made=made("vae", section, ("train", "evaluate", "tabulate", "plot")),
    )


def missing_datasets(settings: Mapping[str, Any]) -> list[str]:
    """Image sets that the parameters know and this run did not use."""
    return [name for name in settings["data"]["images"] if name not in settings["vae"]["datasets"]]


def _missing(settings: Mapping[str, Any]) -> str:
    names = missing_datasets(settings)
    if not names:
        return ""
    return (
        f"Not in this run: {listing(names)}. The parameters describe how to obtain"
        f" {'it' if len(names) == 1 else 'them'}, but vae.datasets leaves"
        f" {'it' if len(names) == 1 else 'them'} out, or the files could not be downloaded."
    )


def _unit() -> str:
    return (
        "All losses are in nats an image: the cross-entropy of the gray levels, all pixels summed,"
        " plus for the VAE the Kullback-Leibler divergence of the code from the prior. They cannot"
        " be compared with figures on binarized images."
    )


def _samples(section: Mapping[str, Any]) -> str:
    effort = section["measures"]
    return (
        f"Samples: {effort['samples']} images a start, decoded from draws of the VAE's prior, of an"
        " autoencoder from a normal distribution fitted to its codes. They are compared with as"
        f" many test images in the space of the first {effort['components']} principal components"
        " of the training images, which needs no pretrained network; training images in their place"
        " give the floor. The likelihood is estimated by importance sampling with"
        f" {effort['likelihood_samples']} codes an image, on the first"
        f" {effort['likelihood_images']} test images."
        " Definitions: src/latentlab/measures/image_scores.py."
    )


def _main_dataset(summary: pd.DataFrame, section: Mapping[str, Any]) -> str:
    """The set with a published figure, or the first one."""
    known = summary.loc[summary["published_test_loss"].notna(), "dataset"]
    return str(known.iloc[0]) if len(known) else section["datasets"][0]


def _models(section: Mapping[str, Any], variational: bool) -> list[str]:
    kind = "vae" if variational else "autoencoder"
    return [name for name, model in section["models"].items() if model["model"] == kind]


def _rows(summary: pd.DataFrame, dataset: str) -> dict[str, Any]:
    """The summary's rows on a data set by model."""
    rows = summary[summary["dataset"] == dataset].to_dict("records")
    return {row["model"]: row for row in rows}


def _answer(summary: pd.DataFrame, section: Mapping[str, Any], dataset: str) -> str:
    rows = _rows(summary, dataset)
    known = [name for name in rows if math.isfinite(rows[name]["published_test_loss"])]
    name = (known or _models(section, True) or list(rows))[0]
    row = rows[name]
    text = f"On {dataset} the {_called(section, name)} ends at a test loss of"
    text += f" {number(row['test_loss'], 4)} nats an image"
    if name in known:
        text += f" (published: {number(row['published_test_loss'], 4)})"
    plain = [other for other in _models(section, False) if other in rows and other != name]
    if plain:
        gap = row["test_reconstruction"] - rows[plain[0]]["test_reconstruction"]
        word = "less" if gap > 0 else "more"
        text += (
            f"; its reconstructions are {number(abs(gap), 2)} nats {word} exact than those of the"
            " plain autoencoder"
        )
        text += ", the price of a latent plane one can sample from" if gap > 0 else ""
    latent = section["models"][name]["latent"]
    better = [
        other
        for other in _models(section, True)
        if other in rows and other != name and section["models"][other]["latent"] == latent
    ]
    best = min(better, key=lambda n: rows[n]["test_loss"], default=None)
    if best and rows[best]["test_loss"] < row["test_loss"]:
        text += (
            f". The {_called(section, best)}, through as many numbers, ends at"
            f" {number(rows[best]['test_loss'], 4)}"
        )
    return f"{text}."


def _each(rows: Mapping[str, Any], section: Mapping[str, Any], measure: str, digits: int) -> str:
    """A measure of every model that has it: "0.5 (VAE, published) and 0.7 (autoencoder)"."""
    known = {name: row.get(measure, math.nan) for name, row in rows.items()}
    return listing(
        [
            f"{number(value, digits)} ({_called(section, name)})"
            for name, value in known.items()
            if math.isfinite(value)
        ]
        or [NONE]
    )


def _measured(rows: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    """What the measures say of codes and samples, in the order of the two published claims."""

    def each(measure: str, digits: int = 3) -> str:
        return _each(rows, section, measure, digits)

    floor = next(iter(rows.values()))
    if not math.isfinite(floor.get("real_frechet", math.nan)):
        return ""

    def real(measure: str) -> str:
        return number(floor[f"real_{measure}"], 3)

    return (
        f"Spread: 95 % of the test codes lie within {each('code_area')} square units; distance"
        f" (squared MMD) of the codes from the prior {each('prior_mmd2', 2)}. Share of test images"
        f" whose neighbors in the plane have their label: {each('label_accuracy')}. Samples:"
        f" Frechet distance from test images {each('frechet')}, of real images {real('frechet')};"
        f" precision {each('precision')}, real {real('precision')}; recall {each('recall', 2)},"
        f" real {real('recall')}: samples are smooth means, close to real images but without their"
        f" variety where recall is low. Median distance to the nearest training image"
        f" {each('nearest_training')}, of test images {real('nearest_training')}: samples much"
        " nearer than that would be copies."
    )


def _called(section: Mapping[str, Any], name: str) -> str:
    kind = "VAE" if section["models"][name]["model"] == "vae" else "autoencoder"
    return kind if name == kind else f"{kind} ({name})"


def _group(folder: Path, dataset: str, summary: pd.DataFrame, section: Mapping[str, Any]) -> Group:
    rows, side = _rows(summary, dataset), section["manifold"]
    losses = listing(
        [f"{_called(section, name)} {number(row['test_loss'], 4)}" for name, row in rows.items()]
    )
    names = listing([_called(section, name) for name in rows])
    first = "Drawn: the first start of each model."
    figures: tuple[Figure, ...] = (
        figure(
            folder / "manifolds",
            f"{side} by {side} images decoded from the latent plane of {names}, on {dataset}.",
            "Of the VAE every image stands for the same share of its prior; of the autoencoder the"
            f" grid spans where its codes are. {first}",
        ),
        figure(
            folder / "latent_codes",
            f"Codes of the test images of {dataset}, colored and named by class: {names}.",
            "The encoder's mean for every test image. The VAE's codes are drawn to the prior, those"
            " of the autoencoder go where they like: mind the axes.",
        ),
        figure(
            folder / "class_density",
            f"Where the codes of each class of {dataset} are dense, in the plane of {names}.",
            f"Filled: the smallest region that holds half of a class; thin: nine tenths. {first}",
        ),
        figure(
            folder / "loss_curves",
            f"Loss on {dataset} by epoch. Test loss at the end: {losses} nats an image.",
            "Means of all starts; the first epochs, far above, are out of sight.",
        ),
        figure(
            folder / "reconstructions",
            f"Test images of {dataset} above what {names} make of them.",
            f"Test images and their reconstructions. {first}",
        ),
        figure(
            folder / "interpolations",
            f"Images decoded on the straight line between the codes of two test images of {dataset}"
            f" by {names}.",
            f"At the ends the test images themselves, between them equal steps. {first}",
        ),
        figure(
            folder / "samples",
            f"Images decoded from random codes by {names}, on {dataset}.",
            "Every column decodes the same draw from the standard normal prior. The autoencoder"
            " knows no prior: for it the draw is an arbitrary place of the plane.",
        ),
    )
    return Group(dataset, _measured(rows, section), figures)


_COLUMNS = {  # of the table: measure, its name, significant digits
    "test_reconstruction": ("reconstruction", 4),
    "test_kl": ("KL", 3),
    "nll": ("negative log-likelihood", 4),
    "code_area": ("area of 95 % of the codes", 3),
    "label_accuracy": ("label accuracy", 3),
    "frechet": ("Frechet distance of samples", 3),
}


def _table(summary: pd.DataFrame) -> Table:
    def shown(row: Mapping[str, Any], measure: str, digits: int) -> str:
        known = math.isfinite(row.get(measure, math.nan))
        return interval(row, measure, digits) if known else NONE

    rows = tuple(
        (
            f"{row['dataset']}, {row['model']}",
            count(row["replicates"], "start"),
            interval(row, "test_loss", 4),
            number(row["published_test_loss"], 4),
            rank(row["published_rank"], row["replicates"]),
            *(shown(row, measure, digits) for measure, (_, digits) in _COLUMNS.items()),
        )
        for row in summary.to_dict("records")
    )
    names = [name for name, _ in _COLUMNS.values()]
    return Table(
        "Obtained against published",
        ("data, model", "starts", "test loss", "published loss", "starts as good", *names),
        rows,
        "Nats an image on test images, means with 95 % intervals over the starts. Starts as good:"
        " those with at most the published loss. Label accuracy: of the nearest training codes'"
        " majority. All measures, the likelihood on binarized images and intervals over images"
        " included, stand in results/vae/tables/summary.csv.",
    )
