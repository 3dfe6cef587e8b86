"""Draw the architectures: learning curves, final errors, wrong pixels, factorial."""

import step

from latentlab.drawing.language import save_all
from latentlab.experiments.architectures import figures
from latentlab.files.tables import read_csv
from latentlab.files.yaml import read_yaml


def main(argv):
    args = step.arguments(
        __doc__, argv, "curves", "replicates", "factorial", "published", "spanish", "figures"
    )
    curves, replicates = read_csv(args.curves), read_csv(args.replicates)
    published = read_yaml(args.published).get("architectures", {})

    def draw():
        yield "learning_curves", figures.learning_curves(curves, published)
        yield "final_errors", figures.final_errors(replicates, published)
        yield "wrong_pixels", figures.wrong_pixels(replicates)
        yield "factorial", figures.factorial(read_csv(args.factorial))

    for line in save_all(draw, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
