"""Train one model on one image set from one seed: weights and the loss after every epoch."""

import functools
import sys

import step

import numpy as np
import pandas as pd
from tqdm import tqdm

from latentlab import StudyError, seeds
from latentlab.data import images
from latentlab.files.arrays import save_npz
from latentlab.files.tables import write_csv
from latentlab.models import image_model
from latentlab.training import image_training


def shown_progress(stream, cell):
    """What to call after every epoch: draws a bar in a terminal, else writes some lines."""
    if not stream.isatty():
        return functools.partial(step.log_epoch, cell)
    bar = tqdm(unit=" epochs", file=stream, dynamic_ncols=True)

    def show(epoch, epochs, row):
        bar.total = epochs
        if not bar.n:  # what a checkpoint holds took no time now
            bar.initial = bar.n = epoch - 1
        bar.set_postfix_str(f"test loss {row['test_loss']:.2f}", refresh=False)
        bar.update()
        if epoch == epochs:
            bar.close()

    return show


def main(argv):
    args = step.arguments(__doc__, argv, "images", "weights", "history", "checkpoint")
    settings = args.settings

    try:
        weights, history = image_training.train(
            image_model.Settings(**settings["model"]),
            images.load(args.images),
            seeds.integer(settings["seed"], settings["cell"], "train"),
            progress=shown_progress(sys.stderr, settings["cell"]),
            checkpoint=args.checkpoint,
        )
    except image_training.Diverged as error:
        raise StudyError(f"{settings['cell']}: {error}") from None

    save_npz(args.weights, weights)
    epochs = np.arange(1, settings["model"]["epochs"] + 1)
    write_csv(pd.DataFrame({"epoch": epochs, **history}), args.history)
    args.checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    step.run(main)
