"""Gather all optimizers: convergence, performance profiles, tuning, replicates, metrics."""

import step

import pandas as pd

from latentlab.experiments.gathering import first_reached, gather_cells, nested, without_dots
from latentlab.experiments.optimizers.plan import is_tuned, optimizers_factors
from latentlab.experiments.optimizers.tables import (
    KEYS,
    convergence,
    early_errors,
    ends,
    optimizers_summary,
    performance_profiles,
)
from latentlab.files.tables import write_csv, write_json
from latentlab.files.yaml import read_yaml

NO_TUNING = pd.DataFrame({name: [] for name in [*KEYS, "learning_rate", "operations"]})


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "convergence", "profiles", "tuning", "replicates",
        "summary", "ends", "metrics",
    )  # fmt: skip
    cells, levels = args.results / "cells", args.settings["error_levels"]
    comparisons = args.settings["comparisons"]
    factors = optimizers_factors(args.settings)
    stages = {name: of for one in comparisons.values() for name, of in one["stages"].items()}
    tuned = {cell: of for cell, of in factors.items() if is_tuned(stages[of["optimizer"]])}
    plain = [
        name for name, of in stages.items() if [s["optimizer"] for s in of] == ["backpropagation"]
    ]
    epochs = read_yaml(args.published)["optimizers"]["backpropagation"]["epochs"]

    history = gather_cells(cells, factors, "history.csv")
    reached = first_reached(history, KEYS, "operations", levels, "operations")
    early = early_errors(history[history["optimizer"].isin(plain)], epochs)
    replicates = (
        gather_cells(cells, factors, "runs.csv", "scores.csv")
        .merge(reached, on=[*KEYS, "replicate"], validate="one_to_one")
        .merge(early, on=[*KEYS, "replicate"], how="left", validate="one_to_one")
    )
    tuning = gather_cells(cells, tuned, "tuning.csv") if tuned else NO_TUNING
    summary = optimizers_summary(replicates, tuning, levels)
    summary["published_epochs"] = summary["early_error"].notna().map({True: epochs})
    at_equal_cost = replicates[replicates["comparison"] == next(iter(comparisons))]

    write_csv(convergence(history), args.convergence)
    write_csv(performance_profiles(at_equal_cost, levels), args.profiles)
    write_csv(tuning, args.tuning)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_csv(ends(history, early), args.ends)
    write_json(without_dots(nested(summary, KEYS)), args.metrics)


if __name__ == "__main__":
    step.run(main)
