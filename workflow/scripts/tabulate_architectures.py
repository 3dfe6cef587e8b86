"""Gather all architectures: learning curves, replicates, obtained against published, factorial."""

import step

from latentlab.experiments.architectures.plan import factorial_factors, network_factors
from latentlab.experiments.architectures.tables import (
    FACTORIAL,
    architectures_summary,
    factorial_effects,
)
from latentlab.experiments.gathering import (
    first_reached,
    gather_cells,
    learning_curves,
    nested,
    without_dots,
)
from latentlab.files.yaml import read_yaml
from latentlab.files.tables import write_csv, write_json

KEYS = ["network", "encoder"]


def gather(cells, factors, keys, levels):
    """Replicates with their scores and the epochs to each level, and the errors by epoch."""
    replicates = gather_cells(cells, factors, "runs.csv", "scores.csv")
    history = gather_cells(cells, factors, "history.csv")
    for table in (replicates, history):
        if "latent" in keys:  # the last number of a network's name
            table["latent"] = table["network"].str.rsplit("-", n=1).str[-1].astype(int)
    reached = first_reached(history, keys, "epoch", levels, "epochs")
    replicates = replicates.merge(reached, on=[*keys, "replicate"], validate="one_to_one")
    others = [name for name in replicates if name not in keys and name != "network"]
    return replicates[[*keys, *others]], history


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "curves", "replicates", "summary", "factorial",
        "effects", "metrics",
    )  # fmt: skip
    cells, levels = args.results / "cells", args.settings["error_levels"]
    published = read_yaml(args.published).get("architectures", {})

    replicates, history = gather(cells, network_factors(args.settings), KEYS, levels)
    summary = architectures_summary(replicates, published, levels)
    factorial, _ = gather(cells, factorial_factors(args.settings), FACTORIAL, levels)
    effects = factorial_effects(factorial, levels)

    write_csv(learning_curves(history, KEYS), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_csv(factorial, args.factorial)
    write_csv(effects, args.effects)
    metrics = {"networks": nested(summary, KEYS), "factorial": nested(effects, ["factor", "value"])}
    write_json(without_dots(metrics), args.metrics)


if __name__ == "__main__":
    step.run(main)
