"""Score images of which it is known how good they are: the measures of samples under test."""

from functools import partial

import step

import pandas as pd

from latentlab import seeds
from latentlab.data import images
from latentlab.files.arrays import load_npz
from latentlab.files.tables import write_csv
from latentlab.measures.controls import control_scores
from latentlab.measures.sample_quality import compared, survey_of


def main(argv):
    args = step.arguments(__doc__, argv, "images", "survey", "controls")
    settings, data = args.settings, images.load(args.images)
    scores = control_scores(
        data,
        survey_of(load_npz(args.survey)),
        compared(settings["samples"], data),
        settings["neighbors"],
        settings["units"],
        partial(seeds.generator, settings["seed"], "vae", settings["dataset"]),
    )
    rows = [{"control": name, **values} for name, values in scores.items()]
    write_csv(pd.DataFrame(rows), args.controls)


if __name__ == "__main__":
    step.run(main)
