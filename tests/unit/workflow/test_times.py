"""The times of jobs, before the records that tell them are zeroed."""

import csv
import json

import pytest

from support import internals, times


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(output, log, start, end, rule="train_it"):
    path = internals.record_of(output, internals.RECORDS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rule": rule, "log": log, "starttime": start, "endtime": end}))


def rows():
    with times.FILE.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_job_of_several_outputs_is_a_row_with_the_work_that_its_log_tells(folder):
    record("results/a", ["logs/it.log"], 5.0, 9.0)
    record("results/b", ["logs/it.log"], 5.0, 9.5)
    record("results/c", [], 5.0, 9.5)  # of a rule without a log
    (folder / "logs").mkdir()
    (folder / "logs/it.log").write_text("epoch 1\n1.25 s of processor\n2.00 s of processor\n")
    times.keep()
    assert rows() == [
        {"log": "logs/it.log", "rule": "train_it", "start": "5.000", "end": "9.500",
         "processor": "3.25"}
    ]  # fmt: skip


def test_what_ran_earlier_stays_and_what_ran_again_is_replaced(folder):
    record("results/a", ["logs/a.log"], 1.0, 2.0)
    record("results/b", ["logs/b.log"], 1.0, 2.0)
    times.keep()
    record("results/a", ["logs/a.log"], 0.0, 0.0)  # normalized
    record("results/b", ["logs/b.log"], 7.0, 9.0)
    times.keep()
    assert [(row["log"], row["end"], row["processor"]) for row in rows()] == [
        ("logs/a.log", "2.000", ""),
        ("logs/b.log", "9.000", ""),
    ]


def test_without_a_job_there_is_no_file(folder):
    times.keep()
    assert not times.FILE.exists()
