"""Score the denoisers of one network and letter set: on their own noise, and on all test noises.

Writes their scores on the copies they learned and on fresh noise of the same kind, and their
scores on fresh noise of every kind and probability tested, means over the replicates.
"""

import step

import pandas as pd

from latentlab.data.fonts import read_fonts
from latentlab.experiments.denoising.scores import score_cell, score_tests
from latentlab.experiments.denoising.tables import noise_summary
from latentlab.files.arrays import load_npz
from latentlab.files.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "cells", "scores", "tests")
    settings, fonts = args.settings, read_fonts(args.fonts)
    scores, tests = [], []
    for name, cell in settings["cells"].items():
        letters = fonts[cell["font"]].subset(cell["letters"]).pixels
        weights = load_npz(args.cells / name / "weights.npz")["weights"]
        letters_of, learned = (cell["font"], settings["subset"]), cell["noise"]
        table = score_cell(weights, letters, cell, *letters_of)
        scores.append(table.assign(**learned))
        table = score_tests(weights, letters, cell, settings["tests"], *letters_of)
        tests.append(noise_summary(table).assign(**learned))
        step.log(name)

    write_csv(pd.concat(scores), args.scores)
    write_csv(pd.concat(tests), args.tests)


if __name__ == "__main__":
    step.run(main)
