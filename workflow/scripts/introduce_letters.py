"""Say what an autoencoder is: a letter's way through a network, the font, a letter that is new.

Shown is the start with the lowest final error.
"""

import step

from latentlab.data.fonts import character_name, font_named, read_fonts
from latentlab.drawing.language import save_all
from latentlab.experiments.gathering import best_start
from latentlab.experiments.letters import figures
from latentlab.files.arrays import load_npz
from latentlab.files.tables import read_csv, write_json
from latentlab.measures.metrics import hamming, wrong_pixels
from latentlab.measures.novelty import Rules, decoded_window, new_letters
from latentlab.models.network import Network, encode, forward

MOST_FONTS = 3  # drawn, that of the network first


def main(argv):
    args = step.arguments(
        __doc__, argv, "fonts", "weights", "history", "facts", "spanish", "figures"
    )
    settings, threshold = args.settings, args.settings["threshold"]
    fonts = read_fonts(args.fonts)
    font = font_named(fonts, settings["font"])
    others = [other for name, other in fonts.items() if name != settings["font"]]
    letters, names = font.pixels, [character_name(c) for c in font.characters]
    network = Network(**settings["network"])
    best, _ = best_start(read_csv(args.history))
    weights = load_npz(args.weights)["weights"][best]
    codes, outputs = encode(network, weights, letters), forward(network, weights, letters)
    wrong = wrong_pixels(outputs, letters, threshold)

    # a letter proper that returns as it was, if there is one
    at = min(range(len(names)), key=lambda i: (wrong[i], not font.characters[i].isalpha(), i))
    units = settings["network"]["architecture"]
    knobs = {k: v for k, v in settings["new_letters"].items() if k not in ("points", "drawn")}
    decoded, *_ = decoded_window(network, weights, codes, settings["new_letters"]["points"])
    patterns = new_letters(
        decoded.reshape(-1, letters.shape[1]), letters, threshold, Rules(**knobs)
    )
    pattern, neighbors = figures.plainest(patterns), []
    if pattern is not None:
        apart = hamming((pattern.outputs > threshold)[None], letters > threshold)[0]
        nearest = apart.argsort(kind="stable")[:2]
        neighbors = [(names[i], letters[i], int(apart[i])) for i in nearest]

    def draw():
        way = figures.autoencoder(letters[at], outputs[at], codes[at], units, names[at], threshold)
        yield "autoencoder", way
        yield "alphabet", figures.alphabet([font, *others][:MOST_FONTS])
        yield "new_letter", figures.new_letter(pattern, neighbors, threshold)

    for line in save_all(draw, args.figures, args.spanish):
        step.log(line)
    write_json(
        {
            "font": settings["font"],
            "letter": names[at],
            "units": codes.shape[1],
            "wrong": int(wrong[at]),
            "letters": len(letters),
            "exact": int((wrong == 0).sum()),
            "new": [name for name, *_ in neighbors],
            "apart": [apart for *_, apart in neighbors],
        },
        args.facts,
    )


if __name__ == "__main__":
    step.run(main)
