"""Score what a denoiser must beat on fresh noise, and the best decision that there is."""

import step

import pandas as pd

from latentlab.data.fonts import read_fonts
from latentlab.experiments.denoising.baselines import score_baselines
from latentlab.files.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "baselines")
    settings, fonts = args.settings, read_fonts(args.fonts)
    tables = []
    for entry in settings["sets"]:
        font, subset = entry["font"], entry["subset"]
        letters = fonts[font].subset(entry["letters"]).pixels
        table = score_baselines(letters, settings["tests"], settings, font, subset)
        tables.append(
            pd.concat([pd.DataFrame({"font": font, "subset": subset}, table.index), table], axis=1)
        )

    write_csv(pd.concat(tables), args.baselines)


if __name__ == "__main__":
    step.run(main)
