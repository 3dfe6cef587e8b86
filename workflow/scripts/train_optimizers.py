"""Train one network by one optimizer within the common budget, for every loss.

Writes the weights by loss, the error by cost, and a line a run. What is tuned is the best of the
trials.
"""

import step

from latentlab.data.fonts import read_fonts
from latentlab.experiments.optimizers.runs import chosen_knobs, train, used_knobs, with_operations
from latentlab.files.arrays import save_npz
from latentlab.files.tables import read_csv, write_csv
from latentlab.models.network import Network
from latentlab.training.tables import history_table, labeled, runs_table, weights_of


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "tuning?", "weights", "history", "runs")
    letters = read_fonts(args.fonts)[args.settings["font"]].pixels
    knobs = chosen_knobs(read_csv(args.tuning)) if args.tuning else {}

    trainings = train(args.settings, letters, knobs, step.log)

    save_npz(args.weights, {loss: weights_of(runs) for loss, runs in trainings.items()})
    network, stages = Network(**args.settings["network"]), args.settings["stages"]
    history = labeled("loss", {loss: history_table(of) for loss, of in trainings.items()})
    runs = {
        loss: runs_table(of).assign(**used_knobs(stages, knobs.get(loss, {})))
        for loss, of in trainings.items()
    }
    write_csv(with_operations(history, network, len(letters)), args.history)
    write_csv(with_operations(labeled("loss", runs), network, len(letters)), args.runs)


if __name__ == "__main__":
    step.run(main)
