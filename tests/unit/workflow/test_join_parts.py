"""Parts of a cell, trained by several jobs, become the files that one job would have written."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from latentlab.files.arrays import load_npz, save_npz

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"


@pytest.fixture
def join_parts(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("join_parts")


def test_tables_stand_one_under_the_other_with_one_header(join_parts):
    """Figures as they were written: read as numbers, 0.10 and 1e-3 would be others."""
    tables = ["replicate,error\n0,0.10\n1,1e-3\n", "replicate,error\n2,\n10,0.3\n"]
    assert join_parts.join(tables) == "replicate,error\n0,0.10\n1,1e-3\n2,\n10,0.3\n"
    assert join_parts.join(tables[:1]) == tables[0]


def test_rows_of_a_label_stand_together(join_parts):
    """Labels, and the rows of each, in the order of the tables, not of the alphabet."""
    header = "loss,replicate\n"
    tables = [f"{header}squared-error,{r}\ncross-entropy,{r}\n" for r in (9, 10)]
    assert join_parts.join(tables) == (
        f"{header}squared-error,9\nsquared-error,10\ncross-entropy,9\ncross-entropy,10\n"
    )


def test_parts_are_joined_by_number(join_parts, tmp_path):
    """The tenth after the ninth; what a killed run with more parts left is no part."""
    for part in range(12):
        folder = tmp_path / str(part)
        save_npz(folder / "weights.npz", {"relu": np.full((2, 3), part), "tanh": np.ones((2, 1))})
        for name in ("history.csv", "runs.csv"):
            (folder / name).write_text(f"replicate,{name}\n{part},0.5\n")
    paths = [tmp_path / name for name in ("weights.npz", "history.csv", "runs.csv")]
    settings = tmp_path / "settings.json"
    settings.write_text('{"parts": 11}')
    join_parts.main(
        ["--settings", str(settings), "--parts", str(tmp_path)]
        + [f"--{path.stem}={path}" for path in paths]
    )
    weights = load_npz(paths[0])
    assert weights["relu"].tolist() == [[part] * 3 for part in range(11) for _ in range(2)]
    assert weights["tanh"].shape == (22, 1)
    for path in paths[1:]:
        rows = "".join(f"{part},0.5\n" for part in range(11))
        assert path.read_text() == f"replicate,{path.name}\n{rows}"
