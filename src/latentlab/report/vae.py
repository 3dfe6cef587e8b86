"""The chapter of ``vae``: a variational autoencoder on images, against a plain one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.report.parts import (
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
from latentlab.statistics import rank_share
from latentlab.tables import read_csv


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/vae."""
    section, folder = settings["vae"], results / "vae"
    summary, replicates = (
        _of_datasets(read_csv(folder / "tables" / f"{name}.csv"), section)
        for name in ("summary", "replicates")
    )
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
        details=tuple(filter(None, [_missing(settings), _unit()])),
        cover=cover,
        groups=groups,
        table=_table(summary, replicates),
        made=made("vae", section, ("train", "evaluate", "tabulate", "plot")),
    )


def _of_datasets(table: pd.DataFrame, section: Mapping[str, Any]) -> pd.DataFrame:
    return table[table["dataset"].isin(section["datasets"])]


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
    return f"{text}."


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
            folder / "samples",
            f"Images decoded from random codes by {names}, on {dataset}.",
            "Every column decodes the same draw from the standard normal prior. The autoencoder"
            " knows no prior: for it the draw is an arbitrary place of the plane.",
        ),
    )
    return Group(dataset, "", figures)


def _table(summary: pd.DataFrame, replicates: pd.DataFrame) -> Table:
    rows = []
    for row in summary.to_dict("records"):
        same = (replicates["dataset"] == row["dataset"]) & (replicates["model"] == row["model"])
        losses, published = replicates.loc[same, "test_loss"], row["published_test_loss"]
        share = rank_share(losses, published) if math.isfinite(published) else math.nan
        kl = row.get("test_kl", math.nan)
        rows.append(
            (
                f"{row['dataset']}, {row['model']}",
                count(len(losses), "start"),
                interval(row, "test_loss", 4),
                number(published, 4),
                rank(share, len(losses)),
                interval(row, "test_reconstruction", 4),
                interval(row, "test_kl", 3) if math.isfinite(kl) else NONE,
            )
        )
    columns = (
        "data, model", "starts", "test loss", "published loss", "starts as good",
        "reconstruction", "KL",
    )  # fmt: skip
    return Table(
        "Obtained against published",
        columns,
        tuple(rows),
        "Nats an image on test images, means with 95 % intervals. Starts as good: those with at"
        " most the published loss.",
    )
