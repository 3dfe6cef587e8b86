"""Test every claim and every published figure of the original on the tables of all runs."""

import step

from latentlab.experiments.conclusions.tables import (
    UNTESTABLE,
    conclude,
    metrics,
    single_metrics,
    single_runs,
)
from latentlab.files.tables import write_csv, write_json
from latentlab.files.yaml import read_yaml


def main(argv):
    args = step.arguments(
        __doc__,
        argv,
        *("results", "claims", "published", "findings", "observed", "singles", "metrics"),
    )
    claims, published = read_yaml(args.claims), read_yaml(args.published)

    findings, observed = conclude(args.results, claims, published, args.settings)
    singles = single_runs(args.results, claims.get("single_runs", {}))
    for row in findings[findings["says"] == UNTESTABLE].itertuples():
        step.log(f"not testable: {row.kind} {row.claim} of {row.of}: {row.reason}")
    write_csv(findings, args.findings)
    write_csv(observed, args.observed)
    write_csv(singles, args.singles)
    write_json({**metrics(findings), "single_runs": single_metrics(singles)}, args.metrics)


if __name__ == "__main__":
    step.run(main)
