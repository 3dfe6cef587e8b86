"""Draw what all denoisers show together: scores, tests, baselines, similarity, kinds of noise."""

import step

from latentlab.data.fonts import read_fonts
from latentlab.drawing.language import save_all
from latentlab.experiments.denoising import figures
from latentlab.experiments.denoising.sets import kinds_drawn
from latentlab.files.tables import read_csv


def telling(letter, tests, seed):
    """A letter with every kind of noise, in the draw of 100 that leaves fewest pictures as it is.

    letter : (pixels,); an example in which a kind of noise changes nothing would hide what it does
    """

    def unchanged(pictures):
        return sum(int((noisy == letter).all(axis=-1).sum()) for noisy in pictures.values())

    return min((kinds_drawn(letter, tests, seed + draw) for draw in range(100)), key=unchanged)


def main(argv):
    args = step.arguments(
        __doc__, argv, "fonts", "summary", "matrix", "baselines", "variations", "orthogonality",
        "correlations", "spanish", "figures",
    )  # fmt: skip
    settings = args.settings
    summary, matrix, baselines, variations, orthogonality, correlations = map(
        read_csv,
        (args.summary, args.matrix, args.baselines, args.variations, args.orthogonality,
         args.correlations),
    )  # fmt: skip
    letter = read_fonts(args.fonts)[settings["font"]].subset(settings["letters"]).pixels[0]
    tests = settings["tests"]

    pictures = telling(letter, tests, settings["seed"])
    drawn = {
        "scores": figures.scores,
        "baselines": lambda table: figures.baselines(table, baselines),
        "transfer": lambda table: figures.transfer(table, baselines),
    }

    tables = {"scores": summary, "baselines": matrix, "transfer": matrix}
    of_pairs = {
        (kind, f"{subset}-{network}"): table
        for kind, whole in tables.items()
        for (subset, network), table in whole.groupby(["subset", "network"])
    }
    published = summary.loc[summary["published_error"].notna(), "subset"].unique()

    def draw():
        yield "kinds", figures.kinds(letter, pictures, tests["probabilities"])
        for figure in settings["figures"]:
            kind, _, pair = figure.partition("/")
            if kind in drawn:
                yield figure, drawn[kind](of_pairs[kind, pair])
        varied = figures.variations(variations, baselines, settings["variations"])
        yield "variations", varied
        yield "orthogonality", figures.orthogonality(orthogonality, correlations, published)
        yield "subset_sizes", figures.subset_sizes(orthogonality)

    for line in save_all(draw, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
