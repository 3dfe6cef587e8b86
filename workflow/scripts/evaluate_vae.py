"""Score one trained model on the test images: loss terms, likelihood, codes, samples."""

import pandas as pd
import step

from latentlab import generation, images, seeds, vae
from latentlab.arrays import load_npz
from latentlab.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "images", "weights", "scores")
    settings = args.settings
    scores = generation.measures(
        vae.Settings(**settings["model"]),
        load_npz(args.weights),
        images.load(args.images),
        generation.Effort(**settings["measures"]),
        seeds.integer(settings["seed"], settings["cell"], "evaluate"),
    )
    write_csv(pd.DataFrame([scores]), args.scores)


if __name__ == "__main__":
    step.run(main)
