"""Score the trained networks of one cell: wrong pixels of each replicate's letters."""

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
    weights = load_npz(args.weights)

    scores = {
        name: reconstruction_scores(
            Network(**network), weights[name], letters, settings["threshold"]
        )
        for name, network in settings["networks"].items()
    }
    write_csv(labeled("network", scores), args.scores)


if __name__ == "__main__":
    step.run(main)
