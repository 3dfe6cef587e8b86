"""Draw the verdicts: effects of all claims, published figures among single runs of ours."""

import step

from latentlab.figures import conclusions as figures
from latentlab.figures.style import save
from latentlab.tables import read_csv


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
