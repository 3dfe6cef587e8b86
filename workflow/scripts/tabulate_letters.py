"""Gather the networks on every font: learning curves, replicates, summary, metrics.

Also the letters one by one, what lies between them, and the front of size against errors.
"""

import step

from latentlab.data.fonts import font_named, read_fonts
from latentlab.experiments.gathering import gather_cells, learning_curves, letter_summary, nested
from latentlab.experiments.letters.plan import front_factors, front_weights, letters_factors
from latentlab.experiments.letters.tables import (
    front_metrics,
    latent_space_summary,
    letter_difficulty,
    letter_yardstick,
    linear_control,
    new_letter_controls,
)
from latentlab.files.tables import write_csv, write_json
from latentlab.files.yaml import read_yaml
from latentlab.measures.novelty import KINDS, Rules

KEYS = ["font", "network"]
RULES = ["known_distance", "new_distance", "margin"]


def main(argv):
    args = step.arguments(
        __doc__, argv, "results", "published", "fonts", "curves", "replicates", "summary",
        "letters", "new_letters", "controls", "front", "metrics",
    )  # fmt: skip
    section, cells = args.settings, args.results / "cells"
    factors = letters_factors(section)
    published, fonts = read_yaml(args.published).get("letters", {}), read_fonts(args.fonts)

    replicates = gather_cells(cells, factors, "runs.csv", "scores.csv")
    history = gather_cells(cells, factors, "history.csv")
    difficulty = letter_difficulty(gather_cells(cells, factors, "letters.csv"))
    summary = letter_summary(replicates, KEYS, published)
    summary = summary.merge(latent_space_summary(replicates, KEYS), on=KEYS)
    front = gather_cells(cells, front_factors(section), "runs.csv", "scores.csv")
    front.insert(2, "weights", front["network"].map(front_weights(section)))

    write_csv(learning_curves(history, KEYS), args.curves)
    write_csv(replicates.drop(columns=list(KINDS)), args.replicates)
    write_csv(replicates[[*KEYS, "replicate", *KINDS]], args.new_letters)
    rules = Rules(**{k: section["new_letters"][k] for k in RULES})
    known = {name: font.pixels for name, font in fonts.items()}
    controls = new_letter_controls(known, rules, section["threshold"], section["seed"])
    write_csv(controls, args.controls)
    write_csv(summary, args.summary)
    write_csv(difficulty, args.letters)
    write_csv(front.drop(columns=list(KINDS)), args.front)
    linear = linear_control(
        replicates,
        section["networks"],
        lambda name: font_named(fonts, name).pixels,
        section["threshold"],
    )
    metrics = {
        "networks": nested(summary, KEYS),
        "front": front_metrics(front),
        "linear": linear,
        **letter_yardstick(replicates, section["networks"]),
    }
    write_json(metrics, args.metrics)


if __name__ == "__main__":
    step.run(main)
