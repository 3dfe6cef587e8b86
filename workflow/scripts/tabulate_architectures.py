"""Gather all architectures: learning curves, replicates, obtained against published, factorial."""

import step

from latentlab.data.fonts import read_fonts
from latentlab.experiments.architectures.plan import (
    all_architectures,
    factorial_factors,
    network_factors,
)
from latentlab.experiments.architectures.tables import (
    FACTORIAL,
    architectures_summary,
    controls,
    epochs_by_level,
    factorial_effects,
    with_shapes,
)
from latentlab.experiments.gathering import (
    first_reached,
    gather_cells,
    learning_curves,
    nested,
    without_dots,
)
from latentlab.files.tables import write_csv, write_json
from latentlab.files.yaml import read_yaml

KEYS = ["network", "encoder"]


def gather(cells, factors, keys, section):
    """Replicates with their scores and the epochs to each level, and the errors by epoch."""
    levels, shapes = section["error_levels"], (all_architectures(section), section["biases"])
    replicates = with_shapes(gather_cells(cells, factors, "runs.csv", "scores.csv"), *shapes)
    history = with_shapes(gather_cells(cells, factors, "history.csv"), *shapes)
    reached = first_reached(history, keys, "epoch", levels, "epochs")
    replicates = replicates.merge(reached, on=[*keys, "replicate"], validate="one_to_one")
    others = [name for name in replicates if name not in keys and name != "network"]
    return replicates[[*keys, *others]], history


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "fonts", "published", "curves", "replicates", "summary",
        "factorial", "effects", "controls", "levels", "metrics",
    )  # fmt: skip
    cells, section = args.results / "cells", args.settings
    levels = section["error_levels"]
    font = read_fonts(args.fonts)[section["font"]]
    published = read_yaml(args.published).get("architectures", {})

    replicates, history = gather(cells, network_factors(section), KEYS, section)
    summary = architectures_summary(replicates, published, levels)
    factorial, _ = gather(cells, factorial_factors(section), FACTORIAL, section)
    effects = factorial_effects(factorial, levels)

    write_csv(learning_curves(history, KEYS), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_csv(factorial, args.factorial)
    write_csv(effects, args.effects)
    write_csv(controls(font.pixels), args.controls)
    write_csv(epochs_by_level(factorial), args.levels)
    metrics = {"networks": nested(summary, KEYS), "factorial": nested(effects, ["factor", "value"])}
    write_json(without_dots(metrics), args.metrics)


if __name__ == "__main__":
    step.run(main)
