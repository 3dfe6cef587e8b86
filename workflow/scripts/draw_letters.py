"""Draw one named network: learning curve, reconstructions, its latent space and what lies in it.

All but the learning curve show the start with the lowest final error.
"""

from functools import partial

import step

import numpy as np

from latentlab.data.fonts import character_name, font_named, read_fonts
from latentlab.drawing.language import save_all
from latentlab.experiments.gathering import best_start
from latentlab.experiments.letters import figures
from latentlab.files.arrays import load_npz
from latentlab.files.tables import read_csv
from latentlab.files.yaml import read_yaml
from latentlab.measures import latent
from latentlab.measures.novelty import Rules, decoded_window, new_letters
from latentlab.models.network import Network, decode, encode, forward
from latentlab.words.names import LETTER_NETWORKS, called
from latentlab.words.texts import joined


def draw(settings, font, weights, history, published):
    """Yield name and figure; weights (replicates, n_weights)."""
    threshold = settings["threshold"]
    name = called(LETTER_NETWORKS, settings["cell"].split("/")[-1])
    letters, characters = font.pixels, [character_name(c) for c in font.characters]
    network = Network(**settings["network"])
    best, _ = best_start(history)
    start = figures.best_of(history["replicate"].nunique())
    w, which = weights[best], joined(", ", (name, start))
    codes = encode(network, w, letters)
    plane = latent.principal_plane(codes)
    points = plane.project(codes)

    yield "learning_curve", figures.learning_curve(history, name, published)
    outputs = forward(network, w, letters)
    yield (
        "reconstructions",
        figures.reconstructions(letters, outputs, characters, threshold, name, start),
    )
    # a rectified unit is never negative: what lies there is no code of any letter
    lowest = 0.0 if settings["network"]["latent"] == "relu" else -np.inf
    low, high = settings["grid"]["published_window"]
    window = ((max(low, lowest), high),) * 2
    side = settings["grid"]["points"]
    grid = latent.grid(window, side, side if codes.shape[1] > 1 else 1)
    decoded = latent.decode_grid(partial(decode, network, w), plane, grid)
    yield (
        "latent_plane",
        figures.latent_plane(decoded, window, plane, letters, threshold, which),
    )

    knobs = dict(settings["new_letters"])
    fine, count = knobs.pop("points"), knobs.pop("drawn")
    rules = Rules(**knobs)
    decoded, window, _ = decoded_window(network, w, codes, fine)
    yield (
        "regions",
        figures.regions(
            decoded, window, points, plane, letters, characters, threshold, which, lowest
        ),
    )
    patterns = new_letters(decoded.reshape(-1, letters.shape[1]), letters, threshold, rules)
    yield "new_letters", figures.new_letters(patterns, count, fine**2, letters, which)
    pairs = [p for p in settings["paths"]["pairs"] if set(p) <= set(font.characters)]
    lines = [
        latent.path(*(codes[font.characters.index(c)] for c in pair), settings["paths"]["points"])
        for pair in pairs
    ]
    paths = [decode(network, w, line) for line in lines]
    yield "paths", figures.paths(pairs, paths, letters, threshold, which)


def main(argv):
    args = step.arguments(
        __doc__, argv, "fonts", "weights", "history", "published", "spanish", "figures"
    )
    font_name, name = args.settings["cell"].split("/")[1:]
    font = font_named(read_fonts(args.fonts), font_name)
    weights = load_npz(args.weights)["weights"]
    published = read_yaml(args.published).get("letters", {}).get(font_name, {}).get(name, {})
    error = published.get("error")

    drawn = partial(draw, args.settings, font, weights, read_csv(args.history), error)
    for line in save_all(drawn, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
