"""Replicates of a cell in several jobs: the same bytes, and nothing is left of the parts."""

import pytest

from project import Project

pytestmark = pytest.mark.slow


def test_shards_change_no_byte(blank, finished):
    blank.edit("shards", 2)
    letters = ["architectures", "optimizers", "letters", "denoising"]
    wanted = [f"results/{experiment}/metrics.json" for experiment in letters]
    text = blank.snakemake(*wanted, "--quiet", "host", "--verbose")
    # the scheduler looks when a job has ended, and not once a second for each that has
    assert text.count("Ready jobs: ") <= text.count("Finished jobid: ") + 1
    assert "rule train_architectures_part:" in text
    for experiment in letters:
        cells = f"results/{experiment}/cells"
        assert blank.bytes_of(cells) == Project(finished).bytes_of(cells)
    assert not [path for path in (blank.root / ".cache/parts").rglob("*") if path.is_file()]
    assert blank.pending(*wanted) == set()
    blank.edit("architectures.beta", 0.7)
    assert ".cache/parts/architectures/35-2/relu/0/weights.npz" in blank.pending(*wanted)
