"""Draw all networks on letters beside one another: size, letters, latent spaces."""

import step

from latentlab.drawing.language import save_all
from latentlab.experiments.letters import figures
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(
        __doc__, argv, "summary", "replicates", "letters", "front", "spanish", "figures"
    )
    summary, replicates = read_csv(args.summary), read_csv(args.replicates)

    def draw():
        yield "front", figures.front(read_csv(args.front))
        yield "letter_errors", figures.letter_errors(read_csv(args.letters))
        yield "latent_spaces", figures.latent_spaces(summary, replicates)

    for line in save_all(draw, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
