"""Draw the verdicts: effects of all claims, published figures among single runs of ours."""

import step

from latentlab.drawing.language import save_all
from latentlab.experiments.conclusions import figures
from latentlab.files.tables import read_csv


def main(argv):
    args = step.arguments(__doc__, argv, "findings", "observed", "spanish", "figures")
    findings, observed = read_csv(args.findings), read_csv(args.observed)

    def draw():
        for name, rows in zip(("claims", "claims_2"), figures.halves(findings), strict=True):
            yield name, figures.claims(rows)
        yield "published_figures", figures.published_figures(findings, observed)

    for line in save_all(draw, args.figures, args.spanish):
        step.log(line)


if __name__ == "__main__":
    step.run(main)
