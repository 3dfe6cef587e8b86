"""What ``make verify`` compares: bytes by DVC's digests, metrics within a tolerance."""

import hashlib
import importlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from commands import verification
from commands.verification import TOLERANCE, compare
from latentlab import StudyError

ROOT = Path(__file__).parents[3]


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
    result = compare(COMMITTED, {"n": 3, "m": 4})
    assert [(d.metric, d.agrees) for d in result] == [
        ("a.mean", False),
        ("a.mean_low", False),
        ("a.mean_high", False),
        ("a.best", False),
        ("ok", False),
        ("m", False),
    ]
    assert all(d.share == float("inf") for d in result)
    assert {d.row()[2:] for d in result} == {("-", "NO")}


VERDICT = {"claims": {"adam": {"verdict": "contradicted", "effect": -0.5}}}


@pytest.mark.parametrize(
    ("now", "name", "row"),
    [
        ({"verdict": "supported"}, "verdict", ("contradicted", "supported", "-", "NO")),
        ({"verdict": 2}, "verdict", ("contradicted", "2", "-", "NO")),
        ({"reason": "few runs"}, "reason", ("missing", "few runs", "-", "NO")),
        ({"effect": -0.25}, "effect", ("-0.5", "-0.25", "0.5", "not judged")),
        ({"effect": None}, "effect", ("-0.5", "null", "-", "NO")),
    ],
)
def test_a_text_agrees_when_it_is_equal(now, name, row):
    (result,) = compare(VERDICT, {"claims": {"adam": {**VERDICT["claims"]["adam"], **now}}})
    assert (result.metric, result.row()) == (f"claims.adam.{name}", row)


def test_a_text_that_is_gone_disagrees():
    (result,) = compare(VERDICT, {"claims": {"adam": {"effect": -0.5}}})
    assert result.row() == ("contradicted", "missing", "-", "NO")


def test_the_table_is_aligned():
    lines = verification.table(("a", "long"), [("wide cell", "b")]).splitlines()
    assert lines == ["| a         | long |", "| --------- | ---- |", "| wide cell | b    |"]


# --- the folder that it may wipe ---------------------------------------------------------------


@pytest.fixture
def verify_study(monkeypatch):
    """The script, which must not get as far as to clone."""
    monkeypatch.syspath_prepend(ROOT / "workflow/commands")
    verify_study = importlib.import_module("verify_study")
    monkeypatch.setattr(verify_study, "git", lambda *arguments, **options: pytest.fail("cloned"))
    return verify_study


def repository(folder, origin):
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", origin], check=True)


@pytest.mark.parametrize("kind", ["a file", "files", "below a clone", "of here", "of elsewhere"])
def test_a_folder_that_is_no_clone_is_refused_and_kept(kind, verify_study, tmp_path):
    folder = tmp_path / "given"
    kept = folder if kind == "a file" else folder / "kept"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    if kind == "below a clone":  # what has a broken .git is not the repository above it
        repository(tmp_path, ROOT)
        (folder / ".git").mkdir()
    elif kind.startswith("of"):
        repository(folder, "." if kind == "of here" else "https://example.org/x.git")
    with pytest.raises(StudyError, match=re.escape(f"--folder {folder}: ")):
        verify_study.clone(folder)
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("folder", [".", "..", "/", "src", "Makefile"])
def test_the_project_and_what_holds_it_are_refused(folder, verify_study):
    with pytest.raises(StudyError, match="must be a new folder, an empty one or a clone of"):
        verify_study.clone((ROOT / folder).resolve())


def test_a_new_folder_an_empty_one_and_a_clone_may_be_used(verify_study, tmp_path):
    (tmp_path / "empty").mkdir()
    repository(tmp_path / "clone", ROOT)
    repository(tmp_path / "clone of .", f"{ROOT}/.")  # so git writes it
    for name in ("new/folder", "empty", "clone", "clone of ."):
        verify_study.check(tmp_path / name)
