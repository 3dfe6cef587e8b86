"""Draw the optimizers: error by cost and by rate, final errors."""

import step

from latentlab.drawing.language import save_all
from latentlab.experiments.optimizers import figures
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(
        __doc__, argv, "convergence", "tuning", "replicates", "spanish", "figures"
    )

    replicates = read_csv(args.replicates)

    def draw():
        yield "convergence", figures.convergence(read_csv(args.convergence))
        yield "error_by_rate", figures.error_by_rate(read_csv(args.tuning), replicates)
        yield "final_errors", figures.final_errors(replicates)

    for line in save_all(draw, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
