"""Train and score one denoiser with fixed copies, more and fewer, and with other latent widths."""

import step

from latentlab.data.fonts import read_fonts
from latentlab.experiments.denoising.subsets import vary
from latentlab.files.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "variations")
    settings = args.settings
    letters = read_fonts(args.fonts)[settings["font"]].subset(settings["letters"]).pixels

    write_csv(vary(letters, settings, step.log), args.variations)


if __name__ == "__main__":
    step.run(main)
