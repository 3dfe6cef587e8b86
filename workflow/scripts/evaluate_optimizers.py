"""Score what one optimizer made of one network: wrong pixels of each replicate's letters."""

import step

from latentlab.data.fonts import read_fonts
from latentlab.files.arrays import load_npz
from latentlab.files.tables import write_csv
from latentlab.measures.metrics import reconstruction_scores
from latentlab.models.network import Network
from latentlab.training.tables import labeled


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "scores")
    settings = args.settings
    letters = read_fonts(args.fonts)[settings["font"]].pixels
    network = Network(**settings["network"])

    scores = {
        loss: reconstruction_scores(network, weights, letters, settings["threshold"])
        for loss, weights in load_npz(args.weights).items()
    }
    write_csv(labeled("loss", scores), args.scores)


if __name__ == "__main__":
    step.run(main)
