"""Gather all architectures: learning curves, replicates, obtained against published, metrics."""

import step

from latentlab.gather import gather_cells, learning_curves, letter_summary, nested
from latentlab.params import architectures_factors, read_yaml
from latentlab.tables import write_csv, write_json

KEYS = ["network"]


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "curves", "replicates", "summary", "metrics"
    )
    cells = args.results / "cells"
    factors = architectures_factors(args.settings)
    published = read_yaml(args.published)["architectures"]

    replicates = gather_cells(cells, factors, "runs.csv", "scores.csv")
    history = gather_cells(cells, factors, "history.csv")
    summary = letter_summary(replicates, KEYS, published)

    write_csv(learning_curves(history, KEYS), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_json(nested(summary, KEYS), args.metrics)


if __name__ == "__main__":
    step.run(main)
