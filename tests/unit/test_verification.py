"""What ``make verify`` compares: bytes by DVC's digests, metrics within a tolerance."""

import hashlib
import json

import pytest

from support import verification
from support.verification import TOLERANCE, compare


def test_digests_are_those_of_dvc(tmp_path):
    """A file's MD5; a folder's is that of its sorted list of files, as DVC writes it."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/c").write_text("two")
    (tmp_path / "a").write_text("one")
    (tmp_path / ".x.tmp").write_text("ignored")
    one, two = (hashlib.md5(text).hexdigest() for text in (b"one", b"two"))
    text = f'[{{"md5": "{one}", "relpath": "a"}}, {{"md5": "{two}", "relpath": "b/c"}}]'
    assert verification.digest(tmp_path / "a") == one
    assert verification.digest(tmp_path) == hashlib.md5(text.encode()).hexdigest() + ".dir"
    assert verification.digest(tmp_path / "none") == ""


def test_changed_files_are_named():
    before, after = {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"}
    assert verification.changed_files(before, after) == ["b", "c (missing)", "d (new)"]
    assert verification.changed_files(before, before) == []


def test_the_committed_files_of_a_folder_come_from_the_cache(tmp_path):
    path = tmp_path / "files/md5/ab/cd.dir"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([{"md5": "1", "relpath": "x"}]))
    assert verification.cached_manifest(tmp_path, "abcd.dir") == {"x": "1"}
    assert verification.cached_manifest(tmp_path, "abce.dir") is None


def test_inputs_of_another_state_are_named():
    def lock(code, images):
        deps = [{"path": "src", "md5": code}, {"path": "images", "md5": images}]
        data = {"outs": [{"path": "images", "md5": images}]}
        return {"stages": {"data": data, "study": {"deps": deps, "outs": []}}}

    assert verification.changed_inputs(lock("1", "2"), lock("1", "2")) == []
    # what a stage made is no input of the committed state
    assert verification.changed_inputs(lock("1", "2"), lock("9", "3")) == ["src"]


COMMITTED = {"a": {"mean": 1.0, "mean_low": 0.9, "mean_high": 1.3, "best": 0.5}, "n": 3, "ok": True}


def changed(**values):
    return {**COMMITTED, "a": {**COMMITTED["a"], **values}}


@pytest.mark.parametrize(
    ("now", "agrees"),
    [
        ({"mean": 1.0}, []),
        ({"mean": 1.0 + TOLERANCE / 2}, [True]),
        ({"mean": 1.29}, [True]),
        ({"mean": 0.89}, [False]),
        ({"mean": 1.31}, [False]),
        ({"best": 0.1}, [None]),
        ({"mean": float("nan")}, [False]),
    ],
)
def test_a_metric_agrees_within_tolerance_or_interval(now, agrees):
    assert [d.agrees for d in compare(COMMITTED, changed(**now))] == agrees


def test_missing_and_new_metrics_disagree():
    found = compare(COMMITTED, {"n": 3, "m": 4})
    assert [(d.metric, d.agrees) for d in found] == [
        ("a.mean", False),
        ("a.mean_low", False),
        ("a.mean_high", False),
        ("a.best", False),
        ("m", False),
    ]
    assert all(d.share == float("inf") for d in found)


def test_the_table_is_aligned():
    lines = verification.table(("a", "long"), [("wide cell", "b")]).splitlines()
    assert lines == ["| a         | long |", "| --------- | ---- |", "| wide cell | b    |"]
