"""Write the explorer: one self-contained page in which the networks run and learn.

Of letters and denoisers the start with the lowest training error is shown, of images the first.
"""

import step

from latentlab.data import images
from latentlab.data.fonts import font_named, read_fonts
from latentlab.files.arrays import load_npz, replacing
from latentlab.files.tables import read_csv
from latentlab.models import image_model
from latentlab.pages import explorer
from latentlab.words import catalogs


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


def content_of(args):
    settings, fonts = args.settings, read_fonts(args.fonts)
    learned = {name for recipe in settings["learning"] for name in recipe["fonts"]}
    learned |= {race["font"] for race in settings["races"]}
    tuned = read_csv(args.tuned).to_dict("records")
    return {
        "letters": list(letter_models(settings["letters"], fonts, args.results)),
        "denoising": list(denoisers(settings["denoising"], fonts, args.results)),
        "vae": explorer.within(list(image_sets(settings["vae"], args.images, args.results))),
        "fonts": {name: explorer.alphabet(font_named(fonts, name)) for name in sorted(learned)},
        "learning": explorer.recipes(settings["learning"]),
        "races": explorer.races(settings["races"], tuned),
    }


def main(argv):
    args = step.arguments(
        __doc__, argv,
        "fonts", "images", "results", "tuned", "template", "style", "own_style", "training",
        "learning", "javascript", "language", "spanish", "page",
    )  # fmt: skip
    template, style, own_style, training, learning, javascript, language = (
        getattr(args, name).read_text(encoding="utf-8")
        for name in (
            "template", "style", "own_style", "training", "learning", "javascript", "language"
        )
    )  # fmt: skip
    script = "\n".join([training, learning, javascript])
    sources = explorer.Sources(template, [style, own_style], script, language)
    spanish = catalogs.read_language(args.spanish)
    page = explorer.render(content_of(args), sources, [spanish])
    for line in catalogs.lacking(spanish):
        step.log(line)
    with replacing(args.page) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    step.run(main)
