"""Test every claim and every published figure of the original on the tables of all runs."""

import step

from latentlab.experiments.conclusions.tables import conclude, metrics
from latentlab.files.yaml import read_yaml
from latentlab.files.tables import write_csv, write_json


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "claims", "published", "findings", "observed", "metrics"
    )
    claims, published = read_yaml(args.claims), read_yaml(args.published)

    findings, observed = conclude(args.results, claims, published, args.settings)
    write_csv(findings, args.findings)
    write_csv(observed, args.observed)
    write_json(metrics(findings), args.metrics)


if __name__ == "__main__":
    step.run(main)
