"""Rewrite the table of verdicts in README.md from results/conclusions/metrics.json."""

import re

import step

from latentlab.arrays import replacing
from latentlab.params import read_yaml
from latentlab.report.conclusions import readme
from latentlab.tables import read_json

BLOCK = re.compile(r"(<!-- verdicts: make readme -->\n).*?(\n<!-- end of verdicts -->)", re.S)


def rewritten(text, verdicts):
    """The README with the verdicts between its two comments."""
    if not BLOCK.search(text):
        raise step.latentlab.StudyError("README.md: the comments around the verdicts are gone")
    return BLOCK.sub(lambda match: f"{match[1]}{verdicts}{match[2]}", text)


def main(argv):
    step.arguments(__doc__, argv)
    path = step.ROOT / "README.md"
    claims = read_yaml(step.ROOT / "data/claims.yaml")
    metrics = read_json(step.ROOT / "results/conclusions/metrics.json")

    text = rewritten(path.read_text(encoding="utf-8"), readme(claims, metrics))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    step.run(main)
