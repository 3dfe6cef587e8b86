"""Train one model on one image set from one seed: weights and the loss after every epoch."""

import numpy as np
import pandas as pd
import step

from latentlab import images, seeds, vae
from latentlab.arrays import save_npz
from latentlab.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "images", "weights", "history", "checkpoint")
    settings = args.settings

    weights, history = vae.train(
        vae.Settings(**settings["model"]),
        images.load(args.images),
        seeds.integer(settings["seed"], settings["cell"], "train"),
        progress=step.log_epoch,
        checkpoint=args.checkpoint,
    )

    save_npz(args.weights, weights)
    epochs = np.arange(1, settings["model"]["epochs"] + 1)
    write_csv(pd.DataFrame({"epoch": epochs, **history}), args.history)
    args.checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    step.run(main)
