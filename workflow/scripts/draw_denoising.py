"""Draw one cell's denoiser: what it learned from, and its answers to noise never seen.

Shown is the start with the lowest final error.
"""

import step

from latentlab.arrays import load_npz
from latentlab.denoising import fresh_set, training_set
from latentlab.figures import denoising as figures
from latentlab.figures.letters import best_start
from latentlab.figures.style import save
from latentlab.fonts import character_name, read_fonts
from latentlab.network import Network, forward
from latentlab.tables import read_csv

STRIP = 12  # letters side by side in a strip of fresh answers
STRIPS = 2


def draw(settings, font, weights, history):
    """Yield name and figure; weights (replicates, n_weights), font the letters learned."""
    letters, threshold = font.pixels, settings["threshold"]
    noise, seed, cell = settings["noise"], settings["seed"], settings["cell"]
    best, start = best_start(history)
    which = f"p = {noise['probability']:g}, up to {noise['range']:g}"

    copies, _ = training_set(letters, settings["copies"], noise, seed, cell, best)
    characters = [character_name(c) for c in font.characters]
    yield (
        "training_set",
        figures.training_set(
            letters,
            copies.reshape(settings["copies"], *letters.shape),
            characters,
            f"Training set: {noise['kind']} noise, {which}",
        ),
    )

    draws = -(-STRIP * STRIPS // len(letters))
    inputs, targets = fresh_set(letters, draws, noise, seed, cell)
    outputs = forward(Network(**settings["network"]), weights[best], inputs)
    strips = (a[: STRIP * STRIPS].reshape(STRIPS, STRIP, -1) for a in (inputs, outputs, targets))
    title = f"Noise never seen ({which}) and the answers, {start}"
    yield "fresh_answers", figures.fresh_answers(*strips, threshold, title)


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "weights", "history", "figures")
    settings = args.settings
    font = read_fonts(args.fonts)[settings["font"]].subset(settings["letters"])
    weights = load_npz(args.weights)["weights"]

    for name, figure in draw(settings, font, weights, read_csv(args.history)):
        save(figure, args.figures / name)


if __name__ == "__main__":
    step.run(main)
