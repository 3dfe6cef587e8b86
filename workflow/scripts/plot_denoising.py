"""Draw all denoisers' scores by noise probability: learned copies against fresh noise."""

import step

from latentlab.figures.denoising import scores
from latentlab.figures.style import save
from latentlab.tables import read_csv


def main(argv):
    args = step.arguments(__doc__, argv, "summary", "figures")
    save(scores(read_csv(args.summary)), args.figures / "scores")


if __name__ == "__main__":
    step.run(main)
