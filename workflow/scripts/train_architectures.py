"""Train the networks of one cell on all letters of a font, from several starts.

Writes the weights by network, the error after every epoch, and a line a run.
"""

import step

from latentlab.data.fonts import read_fonts
from latentlab.files.arrays import save_npz
from latentlab.files.tables import write_csv
from latentlab.models.network import Network
from latentlab.training.replicates import replicates_of, train_replicates
from latentlab.training.tables import history_table, labeled, runs_table, weights_of


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "history", "runs")
    settings = args.settings
    letters = read_fonts(args.fonts)[settings["font"]].pixels

    trainings = {
        name: train_replicates(
            Network(**network),
            lambda replicate: (letters, letters),
            replicates=replicates_of(settings),
            seed=settings["seed"],
            cell=f"{settings['starts_of']}/{name}",
            options=settings["training"],
            log=lambda line, name=name: step.log(f"{name}, {line}"),
        )
        for name, network in settings["networks"].items()
    }

    save_npz(args.weights, {name: weights_of(runs) for name, runs in trainings.items()})
    histories = {name: history_table(runs) for name, runs in trainings.items()}
    write_csv(labeled("network", histories), args.history)
    write_csv(labeled("network", {n: runs_table(r) for n, r in trainings.items()}), args.runs)


if __name__ == "__main__":
    step.run(main)
