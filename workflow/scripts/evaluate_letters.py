"""Score the trained networks of one named network: wrong pixels of each replicate's letters."""

import step

from latentlab.arrays import load_npz
from latentlab.fonts import font_named, read_fonts
from latentlab.metrics import reconstruction_scores
from latentlab.network import Network
from latentlab.tables import write_csv


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "scores")
    settings = args.settings
    letters = font_named(read_fonts(args.fonts), settings["font"]).pixels
    network = Network(**settings["network"])
    weights = load_npz(args.weights)["weights"]

    write_csv(reconstruction_scores(network, weights, letters, settings["threshold"]), args.scores)


if __name__ == "__main__":
    step.run(main)
