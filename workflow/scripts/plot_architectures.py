"""Draw the architectures: learning curves, final errors, wrong pixels."""

import step

from latentlab.figures import architectures as figures
from latentlab.figures.style import save
from latentlab.params import read_yaml
from latentlab.tables import read_csv


def main(argv):
    args = step.arguments(__doc__, argv, "curves", "replicates", "published", "figures")
    replicates = read_csv(args.replicates)
    published = read_yaml(args.published)["architectures"]

    save(
        figures.learning_curves(read_csv(args.curves), published), args.figures / "learning_curves"
    )
    save(figures.final_errors(replicates, published), args.figures / "final_errors")
    save(figures.wrong_pixels(replicates), args.figures / "wrong_pixels")


if __name__ == "__main__":
    step.run(main)
