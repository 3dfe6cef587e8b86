"""Write the few figures of the whole study that a person follows, from all experiments' metrics."""

import step

from latentlab.experiments.conclusions.headlines import headlines
from latentlab.files.tables import read_json, write_json


def main(argv):
    args = step.arguments(__doc__, argv, "results", "metrics")
    content = {path.parent.name: read_json(path) for path in args.results.glob("*/metrics.json")}
    write_json(headlines(content), args.metrics)


if __name__ == "__main__":
    step.run(main)
