"""Train one of the named networks on all letters of a font, from several starts.

Writes the weights, the error after every epoch, and a line a run.
"""

import step

from latentlab.data.fonts import font_named, read_fonts
from latentlab.files.arrays import save_npz
from latentlab.files.tables import write_csv
from latentlab.models.network import Network
from latentlab.training.replicates import replicates_of, train_replicates
from latentlab.training.tables import history_table, runs_table, weights_of


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "history", "runs")
    settings = args.settings
    letters = font_named(read_fonts(args.fonts), settings["font"]).pixels

    trainings = train_replicates(
        Network(**settings["network"]),
        lambda replicate: (letters, letters),
        replicates=replicates_of(settings),
        seed=settings["seed"],
        cell=settings["cell"],
        options=settings["training"],
        log=step.log,
    )

    save_npz(args.weights, {"weights": weights_of(trainings)})
    write_csv(history_table(trainings), args.history)
    write_csv(runs_table(trainings), args.runs)


if __name__ == "__main__":
    step.run(main)
