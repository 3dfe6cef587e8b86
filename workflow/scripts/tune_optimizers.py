"""Try the knobs of one optimizer on one network, from starts that are not reported.

Writes one row a loss, combination of knobs and start.
"""

import step

from latentlab.data.fonts import read_fonts
from latentlab.experiments.optimizers.runs import tune, with_operations
from latentlab.files.tables import write_csv
from latentlab.models.network import Network


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "tuning")
    letters = read_fonts(args.fonts)[args.settings["font"]].pixels

    trials = tune(args.settings, letters, step.log)

    network = Network(**args.settings["network"])
    write_csv(with_operations(trials, network, len(letters)), args.tuning)


if __name__ == "__main__":
    step.run(main)
