"""The chapter of ``vae``: a variational autoencoder on images, against a plain one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from latentlab.aliases import Fields, Json
from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
    Chapter,
    Figure,
    Group,
    Table,
    figure,
    interval,
    listing,
    made,
    number,
    percent,
    rank,
    starts,
)
from latentlab.words.names import CHAPTERS, IMAGE_MODELS, IMAGE_SETS, called
from latentlab.words.texts import Text, Words, capital, plural, sentences, text


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/vae."""
    section, folder = settings["vae"], results / "vae"
    summary = read_csv(folder / "tables" / "summary.csv")
    summary = summary[summary["dataset"].isin(section["datasets"])]
    main = _main_dataset(summary, section)
    datasets = sorted(section["datasets"], key=lambda name: name != main)
    groups = tuple(
        _group(folder / "figures" / dataset, dataset, summary, section, folded=dataset != main)
        for dataset in datasets
    )
    return Chapter(
        id="vae",
        number="2",
        title=CHAPTERS["vae"],
        question=text("What does a variational autoencoder make of images, beside a plain one?"),
        answer=_answer(summary, section, main),
        details=tuple(
            filter(
                None,
                [
                    _missing_sets(settings),
                    _loss(summary, section, main),
                    _scale(summary, section, main),
                    _exactness(summary, section, main),
                    _variety(summary, section, main),
                    _inference(summary, section, main),
                    _unit(),
                ],
            )
        ),
        groups=groups,
        table=_table(summary),
        more=(_controls_table(read_csv(folder / "tables" / "controls.csv"), summary, section),),
        made=made(
            "vae",
            section,
            ("train", "evaluate", "control", "tabulate", "plot"),
            ("summary", "replicates", "controls"),
            trainings=int(summary["replicates"].sum()),
            data=listing([called(IMAGE_SETS, name) for name in datasets]),
        ),
    )


def missing_datasets(settings: Fields) -> list[str]:
    """Image sets that the parameters know and this run did not use."""
    return [name for name in settings["data"]["images"] if name not in settings["vae"]["datasets"]]


def _missing_sets(settings: Fields) -> Text | None:
    names = missing_datasets(settings)
    if not names:
        return None
    return plural(
        "Not in this run: {names}. The parameters describe how to obtain it, but vae.datasets"
        " leaves it out, or the files could not be downloaded.",
        "Not in this run: {names}. The parameters describe how to obtain them, but vae.datasets"
        " leaves them out, or the files could not be downloaded.",
        len(names),
        names=listing([called(IMAGE_SETS, name) for name in names]),
    )


def _unit() -> Text:
    return text(
        "All losses are in nats an image: the cross-entropy of the gray levels, all pixels summed,"
        " plus for the VAE the Kullback-Leibler divergence of the code from the prior. They cannot"
        " be compared with figures on binarized images. docs/methods.md defines every measure."
    )


def _main_dataset(summary: pd.DataFrame, section: Fields) -> str:
    """The set with a published figure, or the first one."""
    datasets = summary.loc[summary["published_test_loss"].notna(), "dataset"]
    return str(datasets.iloc[0]) if len(datasets) else section["datasets"][0]


def _models(section: Fields, variational: bool) -> list[str]:
    kind = "vae" if variational else "autoencoder"
    return [name for name, model in section["models"].items() if model["model"] == kind]


def _rows(summary: pd.DataFrame, dataset: str) -> Json:
    """The summary's rows on a data set by model."""
    rows = summary[summary["dataset"] == dataset].to_dict("records")
    return {row["model"]: row for row in rows}


def _pair(summary: pd.DataFrame, section: Fields, dataset: str) -> tuple[Fields, Fields] | None:
    """The rows of the published VAE, or the first, and of the first plain autoencoder."""
    rows = _rows(summary, dataset)
    published = [name for name in rows if math.isfinite(rows[name]["published_test_loss"])]
    variational = [name for name in (*published, *_models(section, True)) if name in rows]
    plain = [name for name in _models(section, False) if name in rows]
    if not variational or not plain:
        return None
    return rows[variational[0]], rows[plain[0]]


def _answer(summary: pd.DataFrame, section: Fields, dataset: str) -> Text:
    """What the VAE does to the spread of the codes."""
    pair = _pair(summary, section, dataset)
    areas = [row.get("code_area", math.nan) for row in pair] if pair else [math.nan, math.nan]
    if not all(map(math.isfinite, areas)) or min(areas) <= 0:
        name, row = next(iter(_rows(summary, dataset).items()))
        return text(
            "On {dataset} {model} ends at a test loss of {loss} nats an image.",
            dataset=called(IMAGE_SETS, dataset),
            model=called(IMAGE_MODELS, name),
            loss=number(row["test_loss"], 4),
        )
    ratio = areas[1] / areas[0]
    found = {
        "dataset": called(IMAGE_SETS, dataset),
        "ratio": number(max(ratio, 1 / ratio), 2),
    }
    if ratio > _EYE_SEES:
        return text(
            "The VAE keeps its codes together: those of {dataset} lie on an area {ratio} times"
            " smaller than those of the plain autoencoder.",
            **found,
        )
    if ratio < 1 / _EYE_SEES:
        return text(
            "The VAE does not keep its codes together: those of {dataset} lie on an area {ratio}"
            " times larger than those of the plain autoencoder.",
            **found,
        )
    return text(
        "The codes of {dataset} lie on about as large an area with the VAE as with the plain"
        " autoencoder.",
        **found,
    )


_EYE_SEES = 1.5  # factor of an area that is seen in a plot, as in the claim


def _loss(summary: pd.DataFrame, section: Fields, dataset: str) -> Text | None:
    """The test loss of the published configuration beside the published one, and the best."""
    rows = _rows(summary, dataset)
    published = [name for name in rows if math.isfinite(rows[name]["published_test_loss"])]
    if not published:
        return None
    row = rows[published[0]]
    ends = text(
        "On {dataset} the VAE of the original ends at a test loss of {loss} nats an image;"
        " others who ran it published {published}.",
        dataset=called(IMAGE_SETS, dataset),
        loss=number(row["test_loss"], 4),
        published=number(row["published_test_loss"], 4),
    )
    latent = section["models"][published[0]]["latent_units"]
    rivals = [
        name
        for name in _models(section, True)
        if name in rows and section["models"][name]["latent_units"] == latent
    ]
    best = min(rivals, key=lambda name: rows[name]["test_loss"])
    if best == published[0]:
        return ends
    return sentences(
        ends,
        text(
            "Through as many numbers, the {model} ends at {loss}.",
            model=called(IMAGE_MODELS, best),
            loss=number(rows[best]["test_loss"], 4),
        ),
    )


def _exactness(summary: pd.DataFrame, section: Fields, dataset: str) -> Text | None:
    """How much more, in nats, the reconstructions lose than those of the plain autoencoder."""
    pair = _pair(summary, section, dataset)
    if pair is None:
        return None
    gap = pair[0]["test_reconstruction"] - pair[1]["test_reconstruction"]
    found = {"model": called(IMAGE_MODELS, pair[0]["model"]), "nats": number(abs(gap), 2)}
    if gap > 0:
        return text(
            "The reconstructions of the {model} are {nats} nats less exact than those of the plain"
            " autoencoder.",
            **found,
        )
    return text(
        "The reconstructions of the {model} are {nats} nats more exact than those of the plain"
        " autoencoder.",
        **found,
    )


def _variety(summary: pd.DataFrame, section: Fields, dataset: str) -> Text | None:
    """How much of the variety of real images the samples have."""
    pair = _pair(summary, section, dataset)
    if pair is None or not math.isfinite(share := pair[0].get("relative_coverage", math.nan)):
        return None
    found = {"model": called(IMAGE_MODELS, pair[0]["model"]), "share": percent(share)}
    plain = pair[1].get("relative_coverage", math.nan)
    if not math.isfinite(plain):
        return text(
            "The samples of the {model} cover {share} of what as many real images cover.", **found
        )
    return text(
        "The samples of the {model} cover {share} of what as many real images cover; those of the"
        " plain autoencoder, drawn where its own codes are, {plain}.",
        plain=percent(plain),
        **found,
    )


def _scale(summary: pd.DataFrame, section: Fields, dataset: str) -> Text | None:
    """What the ratio of the answer does not say."""
    pair = _pair(summary, section, dataset)
    if pair is None or not all(math.isfinite(row.get("code_area", math.nan)) for row in pair):
        return None
    return text(
        "Nothing holds the codes of a plain autoencoder together: it may spread them at any scale,"
        " and no less well. So an area tells of the scale, not of how good the codes are."
    )


def _inference(summary: pd.DataFrame, section: Fields, dataset: str) -> Text | None:
    """By how much the best VAE's loss is above the exact likelihood, and whose fault it is."""
    models = section["models"]
    rows = [
        row
        for name, row in _rows(summary, dataset).items()
        if name in _models(section, True)
        and models[name]["kl_weight"] == 1  # else the loss is no bound
        and math.isfinite(row.get("fitted_elbo", math.nan))
    ]
    if not rows:
        return None
    row = min(rows, key=lambda row: row["exact_nll"])
    encoder, shape = row["amortization_gap"], row["approximation_gap"]
    return text(
        "The loss of the {model} is {nats} nats above {exact}, the exact negative log-likelihood of"
        " the images. Its encoder loses {encoder} of them: the best normal distribution of each"
        " image, found by a search, would lose {shape}.",
        model=called(IMAGE_MODELS, row["model"]),
        nats=number(encoder + shape, 2),
        exact=number(row["exact_nll"], 4),
        encoder=number(encoder, 2),
        shape=number(shape, 1),
    )


def _label(name: str) -> Words:
    return called(IMAGE_MODELS, name)


def _group(
    folder: Path, dataset: str, summary: pd.DataFrame, section: Fields, folded: bool
) -> Group:
    rows = _rows(summary, dataset)
    losses = listing(
        [_label(name) + f" {number(row['test_loss'], 4)}" for name, row in rows.items()]
    )
    subject: dict[str, Words] = {
        "models": listing([_label(name) for name in rows]),
        "dataset": called(IMAGE_SETS, dataset),
    }
    curves = figure(
        folder / "loss_curves",
        text(
            "Loss on {dataset} by epoch, and by what it cost to train. Test loss at the end:"
            " {losses} nats an image.",
            dataset=called(IMAGE_SETS, dataset),
            losses=losses,
        ),
        text(
            "Loss while learning, means of all starts; the first epochs, far above, are out of"
            " sight. An operation is a multiplication and an addition of a training: an epoch of"
            " a deeper model has more."
        ),
        "loss_curves",
    )
    codes, manifolds = _planes(folder, subject, section["manifold"])
    figures = (codes, manifolds, *_images(folder, subject), curves)
    title, explorer = capital(called(IMAGE_SETS, dataset)), f"in=images&set={quote(dataset)}"
    return Group(title, "", figures, folded, explorer)


def _planes(folder: Path, subject: Mapping[str, Words], side: int) -> tuple[Figure, Figure]:
    """The figures of the latent plane: where the codes are, what lies there.

    subject : what goes into the places {models} and {dataset}
    """
    return (
        figure(
            folder / "latent_codes",
            text(
                "Codes of the test images of {dataset}, colored and named by class: {models}.",
                **subject,
            ),
            text(
                "Codes of the test images of {dataset}. The dashed circle is the same in all: a"
                " small one means codes far apart.",
                dataset=subject["dataset"],
            ),
            "code_areas",
        ),
        figure(
            folder / "manifolds",
            text(
                "{side} by {side} images decoded from the latent plane of {models}, on {dataset}.",
                side=side,
                **subject,
            ),
            text(
                "The latent plane decoded: of a VAE every image stands for the same share of its"
                " prior, of the autoencoder the grid spans where its codes are."
            ),
        ),
    )


def _images(folder: Path, subject: Mapping[str, Words]) -> tuple[Figure, ...]:
    """The figures of rows of images, places as for ``_planes``."""
    return (
        figure(
            folder / "samples",
            text("Images decoded from random codes by {models}, on {dataset}.", **subject),
            text(
                "Samples: every column decodes one draw from the standard normal prior, of which"
                " the autoencoder knows nothing."
            ),
        ),
        figure(
            folder / "reconstructions",
            text("Test images of {dataset} above what {models} make of them.", **subject),
            text("Test images and their reconstructions by the first start of each model."),
        ),
    )


_COLUMNS: dict[str, tuple[Words, int]] = {  # of the table: measure, its name, significant digits
    "test_reconstruction": (text("reconstruction"), 4),
    "test_kl": ("KL", 3),
    "exact_nll": (text("negative log-likelihood"), 4),
    "amortization_gap": (text("lost by the encoder"), 2),
    "code_area": (text("area of 95 % of the codes"), 3),
    "label_accuracy": (text("label accuracy"), 3),
    "relative_coverage": (text("coverage by samples"), 2),
}


def _table(summary: pd.DataFrame) -> Table:
    rows = tuple(
        (
            capital(called(IMAGE_SETS, row["dataset"])) + ", " + _label(row["model"]),
            starts(row["replicates"]),
            interval(row, "test_loss", 4),
            number(row["published_test_loss"], 4),
            rank(row["published_rank"], row["replicates"]),
            *(number(row.get(m, math.nan), digits) for m, (_, digits) in _COLUMNS.items()),
        )
        for row in summary.to_dict("records")
    )
    columns: tuple[Words, ...] = (
        text("data, model"),
        text("starts"),
        text("test loss"),
        text("published loss"),
        text("starts as good"),
        *(name for name, _ in _COLUMNS.values()),
    )
    return Table(
        text("Obtained against published"),
        columns,
        rows,
        text(
            "Nats an image on test images, means of the starts, of areas geometric ones; the loss"
            " with its 95 % interval. Starts as good: those with at most the published loss. Label"
            " accuracy: of the nearest training codes' majority. Coverage: as a share of that of"
            " real images, for as many samples as images are compared. All intervals stand in"
            " results/vae/tables/summary.csv."
        ),
    )


_CONTROLS: dict[str, Words] = {
    "mean_image": text("mean image, repeated"),
    "class_means": text("mean images of the classes"),
    "real": text("training images"),
}
_QUALITY: dict[str, Words] = {
    "relative_coverage": text("coverage"),
    "relative_density": text("density"),
    "relative_precision": text("precision"),
    "relative_recall": text("recall"),
}


def _control_name(control: str) -> Words:
    units = control.removeprefix("gaussian_")
    if units != control:
        return plural(
            "normal distribution in {n} principal component",
            "normal distribution in {n} principal components",
            int(units),
        )
    return _CONTROLS[control]


def _controls_table(controls: pd.DataFrame, summary: pd.DataFrame, section: Fields) -> Table:
    """Images of which it is known how good they are, and the models' samples, by one measure."""
    rows: list[tuple[Words, ...]] = []
    for dataset in section["datasets"]:
        known = controls[controls["dataset"] == dataset].to_dict("records")
        named = [(_control_name(row["control"]), row) for row in known]
        named += [(_label(name), row) for name, row in _rows(summary, dataset).items()]
        rows += [
            (
                called(IMAGE_SETS, dataset),
                name,
                *(number(row.get(m, math.nan), 2) for m in _QUALITY),
            )
            for name, row in named
        ]
    return Table(
        text("Samples beside images of which it is known how good they are"),
        (text("data"), text("images"), *_QUALITY.values()),
        tuple(rows),
        text(
            "All as shares of what real images reach, for as many samples as images are compared. A"
            " measure is of use where real images get about 1 and one image, repeated, gets about"
            " 0."
        ),
        prose=(text("images"),),
        folded=True,
    )
