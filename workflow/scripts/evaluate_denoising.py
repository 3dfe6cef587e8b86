"""Score the denoisers of one cell on their own noisy copies and on fresh noise."""

import step

from latentlab.arrays import load_npz
from latentlab.denoising import score_cell
from latentlab.fonts import read_fonts
from latentlab.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "scores")
    settings = args.settings
    letters = read_fonts(args.fonts)[settings["font"]].subset(settings["letters"]).pixels

    write_csv(score_cell(load_npz(args.weights)["weights"], letters, settings), args.scores)


if __name__ == "__main__":
    step.run(main)
