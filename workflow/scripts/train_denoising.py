"""Train denoisers of one cell, each on noisy copies of its own, from its own start.

Writes the weights, the error after every epoch, and a line a run.
"""

import step

from latentlab.data.fonts import read_fonts
from latentlab.experiments.denoising.denoisers import train_denoisers
from latentlab.files.arrays import save_npz
from latentlab.files.tables import write_csv
from latentlab.training.tables import history_table, runs_table, weights_of


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "history", "runs")
    settings = args.settings
    letters = read_fonts(args.fonts)[settings["font"]].subset(settings["letters"]).pixels

    trainings = train_denoisers(letters, settings, step.log)

    save_npz(args.weights, {"weights": weights_of(trainings)})
    write_csv(history_table(trainings), args.history)
    write_csv(runs_table(trainings), args.runs)


if __name__ == "__main__":
    step.run(main)
