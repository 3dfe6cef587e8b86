"""What is run on another machine, and the table of what came out there."""

import elsewhere


def test_the_commands_of_a_job():
    """One of them, or two of which the second checks what the first has made."""
    assert elsewhere._commands("python a/b.py --to 'x y' 2> logs/b.log") == [["b", "--to", "x y"]]
    both = "( python a/b.py --to x && python a/c.py ) 2> logs/b.log"
    assert elsewhere._commands(both) == [["b", "--to", "x"], ["c"]]


def test_the_table_counts_by_experiment_and_kind():
    paths = [
        "results/vae/cells/m/0/weights.npz",
        "results/vae/cells/m/0/scores.csv",
        "results/vae/metrics.json",
        "results/report/index.html",
        "data/images/digits/test_images.npy",
        "results/metrics.json",
    ]
    rows = elsewhere.table(paths, [paths[0]]).splitlines()[2:]
    assert rows == [
        "| all |  |  | 1 of 1 |  |",
        "| images |  | 1 of 1 |  |  |",
        "| report |  |  |  | 1 of 1 |",
        "| vae | 0 of 1 | 1 of 1 | 1 of 1 |  |",
    ]
