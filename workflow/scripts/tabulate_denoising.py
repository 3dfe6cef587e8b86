"""Gather all denoisers: scores, tests, baselines, correlations, against published, metrics."""

import step

import pandas as pd

from latentlab.experiments.denoising.plan import denoising_factors, denoising_families
from latentlab.experiments.denoising.tables import (
    DENOISER,
    baseline_summary,
    denoising_correlations,
    denoising_metrics,
    denoising_summary,
)
from latentlab.experiments.gathering import gather_cells, learning_curves
from latentlab.files.tables import read_csv, write_csv, write_json
from latentlab.files.yaml import read_yaml


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "baselines", "variations", "curves", "replicates",
        "summary", "matrix", "orthogonality", "correlations", "metrics",
    )  # fmt: skip
    cells, section = args.results / "cells", args.settings
    families = denoising_families(section)
    published = read_yaml(args.published).get("denoising", {})

    history = gather_cells(cells, denoising_factors(section), "history.csv")
    replicates = gather_cells(cells, families, "scores.csv")
    fonts = section["orthogonality"]["fonts"]
    orthogonality = pd.concat([read_csv(cells / font / "orthogonality.csv") for font in fonts])
    summary = denoising_summary(replicates, published)
    correlations = denoising_correlations(orthogonality)
    matrix = gather_cells(cells, families, "tests.csv")
    baselines = baseline_summary(read_csv(args.baselines), section)

    write_csv(learning_curves(history, DENOISER), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_csv(matrix, args.matrix)
    write_csv(orthogonality, args.orthogonality)
    write_csv(correlations, args.correlations)
    tables = summary, matrix, baselines, read_csv(args.variations), correlations
    write_json(denoising_metrics(*tables), args.metrics)


if __name__ == "__main__":
    step.run(main)
