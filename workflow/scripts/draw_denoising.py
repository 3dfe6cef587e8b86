"""Draw denoisers of one kind of noise: what they learned from, their answers to noise never seen.

Shown is, for every probability, the start with the lowest final error.
"""

from functools import partial

import step

import numpy as np

from latentlab.data.fonts import character_name, read_fonts
from latentlab.drawing.language import remark, save_all, tell
from latentlab.experiments.denoising import figures
from latentlab.experiments.denoising.sets import fresh_set, last_training_set
from latentlab.experiments.gathering import best_start
from latentlab.files.arrays import load_npz
from latentlab.files.tables import read_csv
from latentlab.models.network import Network, forward
from latentlab.words.names import called

STRIP = 16  # letters side by side: one strip of them, or two


def draw(cells, font, folder, subset, letters_of):
    """Yield name and figure.

    cells : settings of the denoisers by their folders below ``folder``, ``of`` so many
    font : their letters
    """
    letters = font.pixels
    copies, answers, strips, titles = [], [], [], []
    for name, cell in cells.items():
        noise = cell["noise"]
        best, _ = best_start(read_csv(folder / name / "history.csv"))
        weights = load_npz(folder / name / "weights.npz")["weights"][best]
        network = Network(**cell["network"])
        inputs, _ = last_training_set(letters, cell, best)
        copies.append(inputs.reshape(cell["copies"], *letters.shape))
        answers.append(forward(network, weights, inputs).reshape(copies[-1].shape))
        samples = STRIP if len(cells) == 1 else STRIP // 2
        draws = -(-samples // len(letters))
        inputs, targets = fresh_set(letters, draws, noise, cell["seed"], font.name, subset)
        outputs = forward(network, weights, inputs)
        strips.append([values[:samples] for values in (inputs, outputs, targets)])
        titles.append(f"p = {noise['probability']:g}")
    kind, above = called(figures.KINDS, noise["kind"]), cell["drawn_above"]
    some = remark(len(cells), letters_of)
    characters = [character_name(c) for c in font.characters]
    title = tell("What it learned from: {noise}", noise=kind) + some
    yield (
        "training_set",
        figures.training_set(letters, copies, answers, titles, characters, above, title),
    )
    inputs, outputs, targets = (np.stack(values) for values in zip(*strips, strict=True))
    title = tell("Fresh noise and the answers: {noise}", noise=kind) + some
    yield (
        "fresh_answers",
        figures.fresh_answers(inputs, outputs, targets, titles, cell["threshold"], above, title),
    )


def main(argv):
    args = step.arguments(__doc__, argv, "fonts", "cells", "spanish", "figures")
    cells = args.settings["cells"]
    first = next(iter(cells.values()))
    font = read_fonts(args.fonts)[first["font"]].subset(first["letters"])

    subset, letters_of = args.settings["subset"], args.settings["of"]
    drawn = partial(draw, cells, font, args.cells, subset, letters_of)
    for line in save_all(drawn, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
