"""What unit tests make up has the form of what the study computes."""

import re

import pandas as pd
import pytest

import made_up
from latentlab.experiments.params import read_params
from latentlab.files.tables import read_csv
from project import ROOT

SETTINGS = read_params(ROOT / "tests/params.yaml", ROOT)
TABLES = [
    pytest.param(path, table, id=f"{of}-{path}")
    for of, tables in (
        ("figures", made_up.figure_tables()),
        ("chapters", made_up.chapter_tables(SETTINGS)),
        ("claims", made_up.of_claims(runs=2)),
    )
    for path, table in tables.items()
]


def kinds(table):
    """Of every column its kind; the levels of errors, which the parameters name, left out."""
    return {
        re.sub(r"(_to|reached)_[0-9.]+", r"\1_*", name): (
            "none"
            if column.isna().all()
            else "number"
            if pd.api.types.is_numeric_dtype(column) and column.dtype != bool
            else "text"
        )
        for name, column in table.items()
    }


@pytest.mark.parametrize(("path", "table"), TABLES)
def test_a_made_up_table_has_columns_that_the_real_one_has(finished, path, table):
    experiment, name = path.split("/")
    real = kinds(read_csv(finished / f"results/{experiment}/tables/{name}.csv"))
    made = kinds(table)
    assert made.keys() <= real.keys()
    alike = {column: real[column] for column in made if "none" not in (real[column], made[column])}
    assert alike == {column: made[column] for column in alike}
