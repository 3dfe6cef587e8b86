"""Train and score denoisers of many subsets of a font, from dissimilar letters to similar ones."""

import step

from latentlab.data.fonts import read_fonts
from latentlab.experiments.denoising.subsets import relate
from latentlab.files.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "orthogonality")
    font = read_fonts(args.fonts)[args.settings["font"]]

    write_csv(relate(font, args.settings, step.log), args.orthogonality)


if __name__ == "__main__":
    step.run(main)
