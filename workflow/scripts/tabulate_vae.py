"""Gather all models on all image sets: loss curves, scores, against published, metrics."""

import step

from latentlab.experiments.gathering import gather_cells
from latentlab.experiments.vae.plan import vae_factors
from latentlab.experiments.vae.tables import (
    code_areas,
    loss_curves,
    seeded,
    vae_metrics,
    vae_summary,
)
from latentlab.files.tables import write_csv, write_json
from latentlab.files.yaml import read_yaml


def main(argv):
    args = step.arguments(
        __doc__,
        argv,
        *(
            "results",
            "published",
            "curves",
            "replicates",
            "summary",
            "controls",
            "areas",
            "metrics",
        ),
    )
    cells = args.results / "cells"
    factors = vae_factors(args.settings)
    published = read_yaml(args.published).get("vae", {})

    replicates = gather_cells(cells, seeded(factors, args.settings["seed"]), "scores.csv")
    history = gather_cells(cells, factors, "history.csv")
    summary = vae_summary(replicates, published)
    sets = {dataset: {"dataset": dataset} for dataset in args.settings["datasets"]}
    controls = gather_cells(cells, sets, "controls.csv")

    write_csv(loss_curves(history), args.curves)
    write_csv(replicates, args.replicates)
    write_csv(summary, args.summary)
    write_csv(controls, args.controls)
    write_csv(code_areas(replicates), args.areas)
    write_json(vae_metrics(summary, controls), args.metrics)


if __name__ == "__main__":
    step.run(main)
