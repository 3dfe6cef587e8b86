"""Train denoisers of one cell, each on noisy copies of its own, from its own start.

Writes the weights, the error after every epoch, and a line a run.
"""

import step

from latentlab.arrays import save_npz
from latentlab.denoising import training_set
from latentlab.fonts import read_fonts
from latentlab.network import Network
from latentlab.tables import write_csv
from latentlab.training import history_table, runs_table, train_replicates, weights_of


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "history", "runs")
    settings = args.settings
    seed, cell = settings["seed"], settings["cell"]
    letters = read_fonts(args.fonts)[settings["font"]].subset(settings["letters"]).pixels

    trainings = train_replicates(
        Network(**settings["network"]),
        lambda replicate: training_set(
            letters, settings["copies"], settings["noise"], seed, cell, replicate
        ),
        replicates=settings["replicates"],
        seed=seed,
        cell=cell,
        options=settings["training"],
        log=step.log,
    )

    save_npz(args.weights, {"weights": weights_of(trainings)})
    write_csv(history_table(trainings), args.history)
    write_csv(runs_table(trainings), args.runs)


if __name__ == "__main__":
    step.run(main)
