"""Gather all architectures: learning curves, replicates, obtained against published, metrics."""

import step

from latentlab.gather import gather_cells, learning_curves, letter_summary, nested
from latentlab.params import architectures_factors, read_yaml
from latentlab.tables import write_csv, write_json


def main(argv):
    args = step.arguments(
        __doc__, argv, "cells", "published", "curves", "replicates", "summary", "metrics"
    )
    factors = architectures_factors(args.settings)
    published = read_yaml(args.published)["architectures"]

    replicates = gather_cells(args.cells, factors, "runs.csv", "scores.csv")
    curves = learning_curves(gather_cells(args.cells, factors, "history.csv"), ["network"])
    summary = letter_summary(replicates, ["network"], published)

    write_csv(curves, args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_json(nested(summary, ["network"]), args.metrics)


if __name__ == "__main__":
    step.run(main)
