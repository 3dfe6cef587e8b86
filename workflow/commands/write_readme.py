"""Rewrite the tables of README.md and docs/results.md that come from the results."""

import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scripts"), str(Path(__file__).parents[1])]
from support import interruption

interruption.in_one_line()

import step

from latentlab.files.arrays import replacing
from latentlab.files.yaml import read_yaml
from latentlab.experiments.conclusions.chapter import findings_of, published_table, readme
from latentlab.pages.parts import markdown
from latentlab.files.tables import read_json

BLOCK = re.compile(r"(<!-- [a-z]+: make readme -->\n).*?(\n<!-- end of [a-z]+ -->)", re.S)


def rewrite(page, table):
    """Put the table between the two comments of the page."""
    path = step.ROOT / page
    text = path.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        raise step.latentlab.StudyError(f"{page}: the comments around its table are gone")
    with replacing(path) as temporary:
        text = BLOCK.sub(lambda match: f"{match[1]}{table}{match[2]}", text)
        temporary.write_text(text, encoding="utf-8", newline="\n")


def main(argv):
    step.arguments(__doc__, argv)
    results = step.ROOT / "results"
    claims = read_yaml(step.ROOT / "data/claims.yaml")
    metrics = read_json(results / "conclusions/metrics.json")
    findings, observed = findings_of(results)
    figures = findings[findings["kind"] == "figure"]

    rewrite("README.md", readme(claims, metrics))
    rewrite("docs/results.md", markdown(published_table(figures, observed)))


if __name__ == "__main__":
    step.run(main)
