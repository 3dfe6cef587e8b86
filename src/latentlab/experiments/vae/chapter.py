"""The chapter of ``vae``: a variational autoencoder on images, against a plain one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from latentlab.aliases import Fields, Json
from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
    NONE,
    Chapter,
    Figure,
    Group,
    Table,
    figure,
    interval,
    listing,
    made,
    number,
    rank,
    starts,
)
from latentlab.pages.texts import Text, Words, plural, sentences, text


def chapter(results: Path, settings: Fields) -> Chapter:
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
        title=text("Variational autoencoder"),
        question=text("What does a variational autoencoder make of images, beside a plain one?"),
        answer=_answer(summary, section, main),
        details=tuple(
            filter(
                None,
                [_missing_sets(settings), _unit(), _likelihoods(section), _samples(section)],
            )
        ),
        cover=cover,
        groups=groups,
        table=_table(summary),
        more=(_controls_table(read_csv(folder / "tables" / "controls.csv"), summary, section),),
        made=made(
            "vae",
            section,
            ("train", "evaluate", "control", "tabulate", "plot"),
            ("summary", "replicates", "controls"),
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
        names=listing(names),
    )


def _unit() -> Text:
    return text(
        "All losses are in nats an image: the cross-entropy of the gray levels, all pixels summed,"
        " plus for the VAE the Kullback-Leibler divergence of the code from the prior. They cannot"
        " be compared with figures on binarized images."
    )


def _samples(section: Fields) -> Text:
    effort = section["measures"]
    return text(
        "Samples: {samples} images a start, decoded from draws of the VAE's prior, of an"
        " autoencoder from a normal distribution fitted to its codes. They are compared with as"
        " many test images in the space of the first {components} principal components of the"
        " training images, which needs no pretrained network; training images in their place give"
        " what real images reach. Definitions: src/latentlab/measures/sample_quality.py.",
        samples=effort["samples"],
        components=effort["components"],
    )


def _likelihoods(section: Fields) -> Text:
    effort = section["measures"]
    return text(
        "Negative log-likelihood: with two latent units it is an integral over the plane, and is"
        " computed, for all test images, by a sum over a lattice of codes so fine that half its"
        " step changes no image by more than {tolerance} nats. The bound is estimated by importance"
        " sampling with {codes} codes an image, on {images} random test images; on average it lies"
        " above the exact figure. The effective samples say how many of those codes count: few of"
        " them mean a bound far above. Definitions: src/latentlab/measures/quadrature.py.",
        tolerance=number(effort["quadrature_tolerance"], 2),
        codes=effort["likelihood_samples"],
        images=effort["likelihood_images"],
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


def _answer(summary: pd.DataFrame, section: Fields, dataset: str) -> Text:
    rows = _rows(summary, dataset)
    published = [name for name in rows if math.isfinite(rows[name]["published_test_loss"])]
    variational = [name for name in _models(section, True) if name in rows]
    name = (published or variational or list(rows))[0]
    row = rows[name]
    ends = {
        "dataset": dataset,
        "model": _label(section, name),
        "loss": number(row["test_loss"], 4),
    }
    answer = (
        text(
            "On {dataset} the {model} ends at a test loss of {loss} nats an image (published:"
            " {published})",
            published=number(row["published_test_loss"], 4),
            **ends,
        )
        if name in published
        else text("On {dataset} the {model} ends at a test loss of {loss} nats an image", **ends)
    )
    autoencoders = [model for model in _models(section, False) if model in rows and model != name]
    if autoencoders:
        gap = row["test_reconstruction"] - rows[autoencoders[0]]["test_reconstruction"]
        answer += "; " + _exactness(gap)
    latent = section["models"][name]["latent_units"]
    rivals = [
        model
        for model in _models(section, True)
        if model in rows and model != name and section["models"][model]["latent_units"] == latent
    ]
    best = min(rivals, key=lambda n: rows[n]["test_loss"], default=None)
    if best is None or rows[best]["test_loss"] >= row["test_loss"]:
        return answer + "."
    return sentences(
        answer + ".",
        text(
            "The {model}, through as many numbers, ends at {loss}.",
            model=_label(section, best),
            loss=number(rows[best]["test_loss"], 4),
        ),
    )


def _exactness(gap: float) -> Text:
    """How much more, in nats, the reconstructions lose than those of the plain autoencoder."""
    nats = number(abs(gap), 2)
    if gap > 0:
        return text(
            "its reconstructions are {nats} nats less exact than those of the plain autoencoder,"
            " the price of a latent plane one can sample from",
            nats=nats,
        )
    return text(
        "its reconstructions are {nats} nats more exact than those of the plain autoencoder",
        nats=nats,
    )


def _by_model(rows: Fields, section: Fields, measure: str, digits: int) -> Text:
    """A measure of every model that has it: "0.5 (VAE, published) and 0.7 (autoencoder)"."""
    values = {name: row.get(measure, math.nan) for name, row in rows.items()}
    return listing(
        [
            f"{number(value, digits)} ({_label(section, name)})"
            for name, value in values.items()
            if math.isfinite(value)
        ]
        or [NONE]
    )


def _measures(rows: Fields, section: Fields) -> Words:
    """What the measures say of codes and samples, in the order of the two published claims."""

    def by_model(measure: str, digits: int = 3) -> Text:
        return _by_model(rows, section, measure, digits)

    floor = next(iter(rows.values()))
    if not math.isfinite(floor.get("real_frechet", math.nan)):
        return ""

    def real(measure: str) -> str:
        return number(floor[f"real_{measure}"], 3)

    return sentences(
        text(
            "Spread: 95 % of the test codes lie within {area} square units; distance (squared MMD)"
            " of the codes from the prior {mmd}. A normal distribution with the spread of the codes"
            " misses their densest region with a share of {holes}; of normal codes that is 0.05."
            " Share of test images whose neighbors in the plane have their label: {accuracy}.",
            area=by_model("code_area"),
            mmd=by_model("prior_mmd2", 2),
            holes=by_model("hole_share", 2),
            accuracy=by_model("label_accuracy"),
        ),
        text(
            "Samples, against {n} test images: Fréchet distance {frechet}, of real images"
            " {real_frechet} (with other numbers of images it is another). As shares of what real"
            " images reach: coverage {coverage}, density {density}, precision {precision}, recall"
            " {recall}. Coverage and recall are low where samples lack the variety of real images;"
            " density and precision are high for any smooth image, even for one image repeated."
            " Median distance to the nearest training image {nearest}, of test images"
            " {real_nearest}: samples much nearer than that would be copies.",
            n=number(floor["compared"], 4),
            frechet=by_model("frechet"),
            real_frechet=real("frechet"),
            coverage=by_model("relative_coverage", 2),
            density=by_model("relative_density", 2),
            precision=by_model("relative_precision", 2),
            recall=by_model("relative_recall", 2),
            nearest=by_model("nearest_training"),
            real_nearest=real("nearest_training"),
        ),
    )


def _label(section: Fields, name: str) -> str:
    kind = "VAE" if section["models"][name]["model"] == "vae" else "autoencoder"
    return kind if name == kind else f"{kind} ({name})"


def _group(folder: Path, dataset: str, summary: pd.DataFrame, section: Fields) -> Group:
    rows = _rows(summary, dataset)
    losses = listing(
        [f"{_label(section, name)} {number(row['test_loss'], 4)}" for name, row in rows.items()]
    )
    subject: dict[str, Words] = {
        "models": listing([_label(section, name) for name in rows]),
        "dataset": dataset,
    }
    curves = figure(
        folder / "loss_curves",
        text(
            "Loss on {dataset} by epoch. Test loss at the end: {losses} nats an image.",
            dataset=dataset,
            losses=losses,
        ),
        text("Means of all starts; the first epochs, far above, are out of sight."),
    )
    planes = _planes(folder, subject, section["manifold"])
    return Group(dataset, _measures(rows, section), (*planes, curves, *_images(folder, subject)))


def _planes(folder: Path, subject: Mapping[str, Words], side: int) -> tuple[Figure, ...]:
    """The figures of the latent plane.

    subject : what goes into the places {models} and {dataset}
    """
    return (
        figure(
            folder / "manifolds",
            text(
                "{side} by {side} images decoded from the latent plane of {models}, on {dataset}.",
                side=side,
                **subject,
            ),
            text(
                "Of the VAE every image stands for the same share of its prior; of the autoencoder"
                " the grid spans where its codes are. Drawn: the first start of each model."
            ),
        ),
        figure(
            folder / "latent_codes",
            text(
                "Codes of the test images of {dataset}, colored and named by class: {models}.",
                **subject,
            ),
            text(
                "The encoder's mean for every test image. The VAE's codes are drawn to the prior,"
                " those of the autoencoder go where they like: mind the axes."
            ),
        ),
        figure(
            folder / "class_density",
            text(
                "Where the codes of each class of {dataset} are dense, in the plane of {models}.",
                **subject,
            ),
            text(
                "Filled: the smallest region that holds half of a class; thin: nine tenths. Drawn:"
                " the first start of each model."
            ),
        ),
    )


def _images(folder: Path, subject: Mapping[str, Words]) -> tuple[Figure, ...]:
    """The figures of rows of images, places as for ``_planes``."""
    return (
        figure(
            folder / "reconstructions",
            text("Test images of {dataset} above what {models} make of them.", **subject),
            text("Test images and their reconstructions. Drawn: the first start of each model."),
        ),
        figure(
            folder / "interpolations",
            text(
                "Images decoded on the straight line between the codes of two test images of"
                " {dataset} by {models}.",
                **subject,
            ),
            text(
                "At the ends the test images themselves, between them equal steps. Drawn: the first"
                " start of each model."
            ),
        ),
        figure(
            folder / "samples",
            text("Images decoded from random codes by {models}, on {dataset}.", **subject),
            text(
                "Every column decodes the same draw from the standard normal prior. The autoencoder"
                " knows no prior: for it the draw is an arbitrary place of the plane."
            ),
        ),
    )


_COLUMNS: dict[str, tuple[Words, int]] = {  # of the table: measure, its name, significant digits
    "test_reconstruction": (text("reconstruction"), 4),
    "test_kl": ("KL", 3),
    "exact_nll": (text("negative log-likelihood"), 4),
    "nll_bound": (text("bound by importance sampling"), 4),
    "nll_bound_effective_samples": (text("effective samples"), 3),
    "code_area": (text("area of 95 % of the codes"), 3),
    "label_accuracy": (text("label accuracy"), 3),
    "relative_coverage": (text("coverage by samples"), 2),
}


def _table(summary: pd.DataFrame) -> Table:
    def stated(row: Fields, measure: str, digits: int) -> str:
        known = math.isfinite(row.get(measure, math.nan))
        return interval(row, measure, digits) if known else NONE

    rows = tuple(
        (
            f"{row['dataset']}, {row['model']}",
            starts(row["replicates"]),
            interval(row, "test_loss", 4),
            number(row["published_test_loss"], 4),
            rank(row["published_rank"], row["replicates"]),
            *(stated(row, measure, digits) for measure, (_, digits) in _COLUMNS.items()),
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
            "Nats an image on test images, means with 95 % intervals over the starts. Starts as"
            " good: those with at most the published loss. Label accuracy: of the nearest training"
            " codes' majority. Coverage: as a share of that of real images. All measures, the"
            " likelihood on binarized images and intervals over images included, stand in"
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
        named += [(_label(section, name), row) for name, row in _rows(summary, dataset).items()]
        rows += [
            (dataset, name, *(number(row.get(m, math.nan), 2) for m in _QUALITY))
            for name, row in named
        ]
    return Table(
        text("Samples beside images of which it is known how good they are"),
        (text("data"), text("images"), *_QUALITY.values()),
        tuple(rows),
        text(
            "All as shares of what real images reach. A measure is of use where real images get"
            " about 1 and one image, repeated, gets about 0."
        ),
        prose=(text("images"),),
    )
