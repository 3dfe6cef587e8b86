"""Gather all denoisers: scores on training and fresh noise, against published, metrics."""

import step

from latentlab.gather import denoising_metrics, denoising_summary, gather_cells, learning_curves
from latentlab.params import denoising_factors, read_yaml
from latentlab.tables import write_csv, write_json

KEYS = ["font", "network", "kind", "probability", "range", "subset"]


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "curves", "replicates", "summary", "metrics"
    )
    cells = args.results / "cells"
    factors = denoising_factors(args.settings)
    published = read_yaml(args.published)["denoising"]

    replicates = gather_cells(cells, factors, "scores.csv")
    history = gather_cells(cells, factors, "history.csv")
    summary = denoising_summary(replicates, KEYS, published)

    write_csv(learning_curves(history, KEYS), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_json(denoising_metrics(summary), args.metrics)


if __name__ == "__main__":
    step.run(main)
