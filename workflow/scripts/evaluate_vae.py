"""Score one trained model on the test images: loss terms, likelihood, codes, samples."""

import step

import pandas as pd

from latentlab import seeds
from latentlab.data import images
from latentlab.files.arrays import load_npz
from latentlab.files.tables import write_csv
from latentlab.measures import image_scores
from latentlab.measures.sample_quality import survey_of
from latentlab.models import image_model


def main(argv):
    args = step.arguments(__doc__, argv, "images", "weights", "survey", "scores")
    settings = args.settings
    scores = image_scores.measures(
        image_model.Settings(**settings["model"]),
        load_npz(args.weights),
        images.load(args.images),
        survey_of(load_npz(args.survey)),
        image_scores.Effort(**settings["measures"]),
        seeds.integer(settings["seed"], settings["cell"], "evaluate"),
    )
    write_csv(pd.DataFrame([scores]), args.scores)


if __name__ == "__main__":
    step.run(main)
