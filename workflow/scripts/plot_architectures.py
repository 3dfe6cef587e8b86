"""Draw the architectures: learning curves, final errors, wrong pixels, factorial."""

import step

from latentlab.experiments.architectures import figures
from latentlab.drawing.style import save
from latentlab.files.yaml import read_yaml
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(
        __doc__, argv, "curves", "replicates", "factorial", "published", "figures"
    )
    curves, replicates = read_csv(args.curves), read_csv(args.replicates)
    published = read_yaml(args.published).get("architectures", {})

    drawn = {
        "learning_curves": figures.learning_curves(curves, published),
        "final_errors": figures.final_errors(replicates, published),
        "wrong_pixels": figures.wrong_pixels(replicates),
        "factorial": figures.factorial(read_csv(args.factorial)),
    }
    for name, figure in drawn.items():
        save(figure, args.figures / name)


if __name__ == "__main__":
    step.run(main)
