"""Score the trained networks of one cell: wrong pixels, latent distances, what lies between.

A row a start, and a row a start and letter.
"""

import step

from latentlab.data.fonts import character_name, font_named, read_fonts
from latentlab.files.arrays import load_npz
from latentlab.files.tables import write_csv
from latentlab.measures.metrics import reconstruction_scores
from latentlab.measures.novelty import Rules, latent_scores, letter_errors
from latentlab.models.network import Network


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "scores", "letters")
    settings = args.settings
    font = font_named(read_fonts(args.fonts), settings["font"])
    characters = [character_name(c) for c in font.characters]
    network, threshold = Network(**settings["network"]), settings["threshold"]
    weights = load_npz(args.weights)["weights"]
    points, rules = settings["new_letters"].pop("points"), Rules(**settings["new_letters"])

    scores = reconstruction_scores(network, weights, font.pixels, threshold)
    spaces = latent_scores(network, weights, font.pixels, threshold, points, rules)
    write_csv(scores.merge(spaces, on="replicate"), args.scores)
    write_csv(letter_errors(network, weights, font.pixels, threshold, characters), args.letters)


if __name__ == "__main__":
    step.run(main)
