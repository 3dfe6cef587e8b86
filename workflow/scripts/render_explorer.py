"""Write the explorer: one self-contained page in which the decoders run.

Of letters and denoisers the start with the lowest training error is shown, of images the first.
"""

import step

from latentlab.pages import explorer
from latentlab.data import images
from latentlab.models import image_model
from latentlab.files.arrays import load_npz, replacing
from latentlab.data.fonts import font_named, read_fonts
from latentlab.files.tables import read_csv


def best_start(results, cell):
    """Weights (n_weights,) of the start with the lowest error, number of starts, that error."""
    experiment, name = cell.split("/", 1)
    folder = results / experiment / "cells" / name
    errors = read_csv(folder / "runs.csv")["error"]
    best = int(errors.idxmin())
    return load_npz(folder / "weights.npz")["weights"][best], len(errors), float(errors[best])


def letter_models(cells, fonts, results):
    for settings in cells:
        font = font_named(fonts, settings["font"])
        yield explorer.letter_model(settings, font, *best_start(results, settings["cell"]))


def denoisers(cells, fonts, results):
    for settings in cells:
        letters = font_named(fonts, settings["font"]).subset(settings["letters"])
        yield explorer.denoiser(settings, letters, *best_start(results, settings["cell"]))


def image_sets(sets, folder, results):
    for settings in sets:
        dataset = settings["dataset"]
        data = images.load(folder / dataset)
        image_set = explorer.image_set(dataset, settings["classes"], data)
        for model in settings["models"]:
            name, knobs = model["name"], image_model.Settings(**model["model"])
            weights = load_npz(results / "vae/cells" / dataset / name / "0/weights.npz")
            image_set["models"].append(explorer.image_autoencoder(name, knobs, weights, data))
        yield image_set


def main(argv):
    args = step.arguments(
        __doc__, argv,
        "fonts", "images", "results", "template", "style", "own_style", "javascript", "page",
    )  # fmt: skip
    settings, fonts = args.settings, read_fonts(args.fonts)
    content = {
        "letters": list(letter_models(settings["letters"], fonts, args.results)),
        "denoising": list(denoisers(settings["denoising"], fonts, args.results)),
        "vae": list(image_sets(settings["vae"], args.images, args.results)),
    }
    template, style, own_style, javascript = (
        path.read_text(encoding="utf-8")
        for path in (args.template, args.style, args.own_style, args.javascript)
    )
    page = explorer.render(content, template, [style, own_style], javascript)
    with replacing(args.page) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    step.run(main)
