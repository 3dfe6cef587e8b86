"""Gather all denoisers: scores on training and fresh noise, against published, metrics."""

import step

from latentlab.gather import denoising_metrics, denoising_summary, gather_cells, learning_curves
from latentlab.params import denoising_factors, read_yaml
from latentlab.tables import write_csv, write_json

FACTORS = ["font", "network", "kind", "probability", "range", "subset"]


def main(argv):
    args = step.arguments(
        __doc__, argv, "cells", "published", "curves", "replicates", "summary", "metrics"
    )
    factors = denoising_factors(args.settings)
    published = read_yaml(args.published)["denoising"]

    replicates = gather_cells(args.cells, factors, "scores.csv")
    curves = learning_curves(gather_cells(args.cells, factors, "history.csv"), FACTORS)
    summary = denoising_summary(replicates, FACTORS, published)

    write_csv(curves, args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_json(denoising_metrics(summary), args.metrics)


if __name__ == "__main__":
    step.run(main)
