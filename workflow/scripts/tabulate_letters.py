"""Gather the named networks on every font: learning curves, replicates, summary, metrics."""

import step

from latentlab.gather import (
    gather_cells,
    learning_curves,
    letter_summary,
    letter_yardstick,
    nested,
)
from latentlab.params import letters_factors, read_yaml
from latentlab.tables import write_csv, write_json

KEYS = ["font", "network"]


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "curves", "replicates", "summary", "metrics"
    )
    cells = args.results / "cells"
    factors = letters_factors(args.settings)
    published = read_yaml(args.published)["letters"]

    replicates = gather_cells(cells, factors, "runs.csv", "scores.csv")
    history = gather_cells(cells, factors, "history.csv")
    summary = letter_summary(replicates, KEYS, published)

    write_csv(learning_curves(history, KEYS), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    yardstick = letter_yardstick(replicates, args.settings["networks"])
    write_json({"networks": nested(summary, KEYS), **yardstick}, args.metrics)


if __name__ == "__main__":
    step.run(main)
