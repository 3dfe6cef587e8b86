"""Draw the verdicts: effects of all claims, published figures among single runs of ours."""

import step

from latentlab.experiments.conclusions import figures
from latentlab.drawing.style import save
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(__doc__, argv, "findings", "observed", "figures")
    findings = read_csv(args.findings)

    save(figures.claims(findings), args.figures / "claims")
    save(
        figures.published_figures(findings, read_csv(args.observed)),
        args.figures / "published_figures",
    )


if __name__ == "__main__":
    step.run(main)
