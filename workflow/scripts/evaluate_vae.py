"""Score one trained model on the test images: loss, reconstruction and KL terms."""

import pandas as pd
import step

from latentlab import images, seeds, vae
from latentlab.arrays import load_npz
from latentlab.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "images", "weights", "scores")
    settings = args.settings
    scores = vae.evaluate(
        vae.Settings(**settings["model"]),
        load_npz(args.weights),
        images.load(args.images).test_images,
        seed=seeds.integer(settings["seed"], settings["cell"], "evaluate"),
    )
    write_csv(pd.DataFrame([scores]).add_prefix("test_"), args.scores)


if __name__ == "__main__":
    step.run(main)
