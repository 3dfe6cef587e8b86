"""Draw the optimizers: error by cost and by rate, final errors."""

import step

from latentlab.experiments.optimizers import figures
from latentlab.drawing.style import save
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(__doc__, argv, "convergence", "tuning", "replicates", "figures")

    replicates = read_csv(args.replicates)
    drawn = {
        "convergence": figures.convergence(read_csv(args.convergence)),
        "error_by_rate": figures.error_by_rate(read_csv(args.tuning), replicates),
        "final_errors": figures.final_errors(replicates),
    }
    for name, figure in drawn.items():
        save(figure, args.figures / name)


if __name__ == "__main__":
    step.run(main)
