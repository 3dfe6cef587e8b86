"""Join the parts of a cell, trained by several jobs, into the files that one job would write."""

import step

import numpy as np

from latentlab.files.arrays import load_npz, replacing, save_npz


def join(tables):
    """The text of tables (CSV) one under the other; the header once. No number is read.

    Where a label comes first, rows of a label stand together, as in each of the tables.
    """
    header = tables[0].splitlines(keepends=True)[0]
    rows = [row for table in tables for row in table.splitlines(keepends=True)[1:]]
    if not header.startswith("replicate,"):
        labels = list(dict.fromkeys(row.split(",", 1)[0] for row in rows))
        rows.sort(key=lambda row: labels.index(row.split(",", 1)[0]))
    return header + "".join(rows)


def main(argv):
    args = step.arguments(__doc__, argv, "parts", "weights", "history", "runs")

    parts = [args.parts / str(part) for part in range(args.settings["parts"])]
    weights = [load_npz(folder / "weights.npz") for folder in parts]
    save_npz(args.weights, {n: np.concatenate([w[n] for w in weights]) for n in weights[0]})
    for path in (args.history, args.runs):
        with replacing(path) as temporary:
            tables = [(folder / path.name).read_text() for folder in parts]
            temporary.write_text(join(tables), newline="\n")


if __name__ == "__main__":
    step.run(main)
