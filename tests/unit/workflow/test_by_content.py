"""What is compared by content: settings, sources, packages, compiled modules, job records."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import by_content, bytecode, certify, locked, records
from support.by_content import by_file, canonical, file_digest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("settings")


@given(VALUES)
def test_a_value_goes_through_its_file(folder, value):
    path = by_file(value, folder)
    with open(path) as stream:
        assert canonical(json.load(stream)) == canonical(value)


def test_a_file_is_named_by_what_it_holds(tmp_path):
    one = by_file({"a": 1, "b": 2}, tmp_path)
    assert by_file({"b": 2, "a": 1}, tmp_path) != one  # names are told in this order
    assert by_file({"a": 2, "b": 1}, tmp_path) != one
    (tmp_path / os.path.basename(one)).write_text("damaged")
    assert by_file({"a": 1, "b": 2}, tmp_path) == one
    with open(one) as stream:
        assert json.load(stream) == {"a": 1, "b": 2}
    assert len(list(tmp_path.iterdir())) == 3  # and no temporary file


def test_sources_are_digested_as_they_were_when_the_process_began(tmp_path):
    path = tmp_path / "font.h"
    path.write_text("1")
    before = by_content.files_digest([str(path)])
    path.write_text("2")
    assert by_content.files_digest([str(path)]) == before
    assert file_digest(path) != ""
    assert file_digest(tmp_path / "none") == ""


# --- packages ------------------------------------------------------------------------------------

LOCK = """\
numpy=={numpy} \\
    --hash=sha256:0123
pyreadline3==3.5.6 ; sys_platform == 'win32' \\
    --hash=sha256:0123
not-installed-anywhere==1.0 \\
    --hash=sha256:0123
"""


def test_other_versions_than_the_locked_ones_are_refused(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK.format(numpy=metadata.version("numpy")))
    assert locked.refusal(lock) is None
    lock.write_text(LOCK.format(numpy="1.0"))
    line = locked.refusal(lock)
    assert line is not None
    assert line.startswith(
        f"1 installed packages are not those of requirements.lock: numpy"
        f" {metadata.version('numpy')} (not 1.0);"
    )


def test_the_pins_are_those_of_the_lock():
    root = Path(__file__).parents[3]
    lines = (root / "requirements.lock").read_text().splitlines()
    names = [re.split(r"==|\[", line)[0] for line in lines if line[:1].isalnum()]
    assert names == [name for name, _, _ in locked.entries(root / "requirements.lock")]
    pins = dict(locked.pins(root / "requirements.lock"))
    assert {"numpy", "snakemake", "jax", "orjson"} <= set(pins)
    left_out = set(names) - set(pins)  # of other machines
    assert left_out <= {line.split("==")[0] for line in lines if " ; " in line}


# --- compiled modules ----------------------------------------------------------------------------


def run_module(folder):
    command = [sys.executable, "-c", "import module; print(module.VALUE)"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize("checked", [False, True])
def test_an_edit_that_keeps_time_and_size_is_run(tmp_path, checked):
    """Without the check the old code runs: the control."""
    source = tmp_path / "module.py"
    source.write_text("VALUE = 1\n")
    run_module(tmp_path)
    if checked:
        bytecode.check_by_content([tmp_path])
    status = source.stat()
    source.write_text("VALUE = 2\n")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run_module(tmp_path) == ("2\n" if checked else "1\n")
    # and it stays so, for Python renews such a file as it found it
    if checked:
        source.write_text("VALUE = 3\n")
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert run_module(tmp_path) == "3\n"


def test_a_module_with_an_error_is_left_alone(tmp_path):
    (tmp_path / "module.py").write_text("def")
    bytecode.check_by_content([tmp_path])
    assert not os.path.exists(importlib.util.cache_from_source(str(tmp_path / "module.py")))


# --- job records ---------------------------------------------------------------------------------


RESULTS = Path("results")


def doubtful():
    return list(records.doubtful(records.files_below(RESULTS), lambda name: name[:8] == "results/"))


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A result, one that was computed from it, and their records, sealed; functions of both."""
    monkeypatch.chdir(tmp_path)
    checksums = {"results/a.csv": "", "results/b.csv": "results/a.csv"}
    for name, made_of in checksums.items():
        os.makedirs("results", exist_ok=True)
        with open(name, "w") as stream:
            stream.write(name)
        record = records.record_of(name, records.RECORDS)
        record.parent.mkdir(parents=True, exist_ok=True)
        inputs = {made_of: f"sha256:{file_digest(made_of)}"} if made_of else {}
        fields = {"starttime": 5.0, "endtime": os.stat(name).st_mtime, "input_checksums": inputs}
        record.write_text(json.dumps(fields))
    records.normalize()
    return tmp_path


def test_a_result_whose_input_is_another_is_doubted(study):
    (study / "results/a.csv").write_text("another, with a record of its own")
    record = records.record_of("results/a.csv", records.RECORDS)
    content = json.loads(record.read_text()) | {"endtime": os.stat("results/a.csv").st_mtime}
    del content["seal"]
    record.write_text(json.dumps(content))
    records.normalize()
    assert doubtful() == [("results/b.csv", "was computed from another results/a.csv")]
    lines = records.mark_doubtful([RESULTS])
    assert lines == ["results of which an input is another now, computed again: 1"]


def test_files_behind_links_to_folders_are_looked_at(study):
    os.rename("results", "disk")
    os.symlink("disk", "results")
    os.mkdir("results/inner")
    os.symlink("..", "results/inner/back")  # a circle
    assert doubtful() == []
    (study / "disk/a.csv").write_text("damaged")
    assert ("results/a.csv", "is not what its job wrote") in doubtful()
    (study / "disk/notes.md").write_text("the user's own")
    assert records.prune(["results/a.csv"]) == ["results/b.csv"]
    assert (study / "disk/notes.md").exists()


def test_a_result_of_a_killed_run_is_taken_as_its_job_left_it(study):
    """Its record has no seal yet; git and DVC may have put another in its place since."""
    record = records.record_of("results/b.csv", records.RECORDS)
    content = json.loads(record.read_text())
    del content["seal"]
    record.write_text(json.dumps(content | {"endtime": os.stat("results/b.csv").st_mtime}))
    assert doubtful() == []
    os.utime("results/b.csv", (1, 1))
    assert doubtful() == [("results/b.csv", "is not what its job wrote")]
    records.normalize()
    assert doubtful() == [("results/b.csv", "has no job record")]


@pytest.mark.parametrize("sealed", [False, True], ids=["at once", "after the run's end"])
def test_a_record_of_a_job_that_did_not_end_vouches_for_nothing(study, sealed):
    """Snakemake leaves one where a job failed, and takes what lies in its place for the result."""
    record = records.record_of("results/b.csv", records.RECORDS)
    os.rename("results/b.csv", "old.csv")
    record.write_text(json.dumps({"starttime": 7.0, "endtime": None, "input_checksums": {}}))
    if sealed:
        records.normalize()
    os.rename("old.csv", "results/b.csv")
    assert doubtful() == [("results/b.csv", "is not what its job wrote")]
    record.write_text("{}")
    assert doubtful() == [("results/b.csv", "is not what its job wrote")]
    records.normalize()
    assert doubtful() == [("results/b.csv", "has no job record")]


def test_what_a_job_of_a_killed_run_wrote_late_is_not_certified(study, monkeypatch):
    """Snakemake has ended and sealed its results; the job of an earlier run goes on, and ends."""
    outputs = dict.fromkeys(["results/a.csv", "results/b.csv"], certify.graph.UP_TO_DATE)
    monkeypatch.setattr(certify.graph, "outputs", lambda: outputs)
    monkeypatch.setattr(certify.watched, "fingerprint", lambda _: "the same")
    assert certify.certify() == []
    (study / "results/b.csv").write_text("of old parameters")
    told = r"^1 results are not as a job .*results/b.csv is not what its job wrote"
    with pytest.raises(certify.NotCertifiedError, match=told):
        certify.certify()


def test_an_input_that_is_gone_is_made_again(study):
    """For Snakemake it need not be there where what was computed from it is."""
    os.remove("results/a.csv")
    assert doubtful() == [("results/b.csv", "was computed from another results/a.csv")]


def test_metrics_are_of_git_only_beside_tables_without_records(study):
    (study / "results/vae/tables").mkdir(parents=True)
    (study / "results/vae/metrics.json").write_text("{}")
    assert doubtful() == []
    table = "results/vae/tables/summary.csv"
    (study / table).write_text("")
    record = records.record_of(table, records.RECORDS)
    record.write_text(json.dumps({"endtime": os.stat(table).st_mtime, "input_checksums": {}}))
    records.normalize()
    assert doubtful() == [("results/vae/metrics.json", "has no job record")]
    assert records.mark_doubtful([RESULTS]) == []  # computed again, as in a clone, without a word
    assert records.record_of("results/vae/metrics.json", records.INCOMPLETE).exists()
