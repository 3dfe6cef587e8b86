"""Train one network by one optimizer within the common budget, for every loss.

Writes the weights by loss, the error by cost, and a line a run. The learning rate is the best
of the trials, where there are any.
"""

import step

from latentlab.files.arrays import save_npz
from latentlab.data.fonts import read_fonts
from latentlab.models.network import Network
from latentlab.experiments.optimizers.runs import chosen_rates, train, with_operations
from latentlab.files.tables import read_csv, write_csv
from latentlab.training.replicates import history_table, labeled, runs_table, weights_of


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "tuning?", "weights", "history", "runs")
    letters = read_fonts(args.fonts)[args.settings["font"]].pixels
    rates = chosen_rates(read_csv(args.tuning)) if args.tuning else {}

    trainings = train(args.settings, letters, rates, step.log)

    save_npz(args.weights, {loss: weights_of(runs) for loss, runs in trainings.items()})
    network = Network(**args.settings["network"])
    tables = [
        labeled("loss", {loss: table_of(runs) for loss, runs in trainings.items()})
        for table_of in (history_table, runs_table)
    ]
    history, runs = (with_operations(table, network, len(letters)) for table in tables)
    write_csv(history, args.history)
    write_csv(runs.assign(learning_rate=runs["loss"].map(rates)), args.runs)


if __name__ == "__main__":
    step.run(main)
