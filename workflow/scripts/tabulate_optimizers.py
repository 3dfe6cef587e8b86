"""Gather all optimizers: convergence, performance profiles, tuning, replicates, metrics."""

import pandas as pd
import step

from latentlab.experiments.optimizers.plan import optimizers_factors
from latentlab.experiments.gathering import first_reached, gather_cells, nested, without_dots
from latentlab.experiments.optimizers.tables import (
    KEYS,
    convergence,
    ends,
    optimizers_summary,
    performance_profiles,
)
from latentlab.files.tables import write_csv, write_json

NO_TUNING = pd.DataFrame({name: [] for name in [*KEYS, "operations"]})


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "convergence", "profiles", "tuning", "replicates", "summary",
        "ends", "metrics",
    )  # fmt: skip
    cells, levels = args.results / "cells", args.settings["error_levels"]
    factors = optimizers_factors(args.settings)
    rates = args.settings["tuning"]["learning_rates"]
    tuned = {
        cell: values
        for cell, values in factors.items()
        if set(args.settings["stages"][values["optimizer"]]) & set(rates)
    }

    history = gather_cells(cells, factors, "history.csv")
    reached = first_reached(history, KEYS, "operations", levels, "operations")
    replicates = gather_cells(cells, factors, "runs.csv", "scores.csv").merge(
        reached, on=[*KEYS, "replicate"], validate="one_to_one"
    )
    tuning = gather_cells(cells, tuned, "tuning.csv") if tuned else NO_TUNING
    summary = optimizers_summary(replicates, tuning, levels)

    write_csv(convergence(history), args.convergence)
    write_csv(performance_profiles(replicates, levels), args.profiles)
    write_csv(tuning, args.tuning)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_csv(ends(history), args.ends)
    write_json(without_dots(nested(summary, KEYS)), args.metrics)


if __name__ == "__main__":
    step.run(main)
