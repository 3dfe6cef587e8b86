"""Draw all networks on letters beside one another: size, letters, latent spaces."""

import step

from latentlab.experiments.letters import figures
from latentlab.drawing.style import save
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(__doc__, argv, "summary", "replicates", "letters", "front", "figures")
    summary = read_csv(args.summary)

    save(figures.front(read_csv(args.front)), args.figures / "front")
    save(figures.letter_errors(read_csv(args.letters)), args.figures / "letter_errors")
    spaces = figures.latent_spaces(summary, read_csv(args.replicates))
    save(spaces, args.figures / "latent_spaces")


if __name__ == "__main__":
    step.run(main)
