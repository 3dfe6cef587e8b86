"""What would fail at the end of a run, or endanger it, is said at its start."""

import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from project import environment


@pytest.mark.scenario("a check that can be made at the start", 4)
@pytest.mark.slow
def test_claims_and_figures_are_checked_when_the_graph_is_made(blank):
    """The step that reads them is the last but one."""
    for file, old, new, line in (
        ("data/claims.yaml", "test: trend", "test: trnd",
         "data/claims.yaml: claims.more-layers.test: 'trnd' given, allowed: one of level, trend"),
        ("data/claims.yaml", "table: factorial", "table: factorials",
         "data/claims.yaml: claims.more-layers.table: 'factorials' given, allowed: one of fact"),
        ("data/claims.yaml", "claims:\n", "claims:\n - ", "data/claims.yaml: line "),
        ("data/published.yaml", "letters:", "leters:",
         "data/published.yaml: leters: unknown key, allowed: architectures, denoising, letters"),
    ):  # fmt: skip
        text = (blank.root / file).read_text()
        blank.replace(file, old, new)
        shown = blank.snakemake("--dry-run", ok=False)
        assert any(text.startswith(line) or f"/{line}" in text for text in shown.splitlines())
        assert "Traceback" not in shown
        (blank.root / file).write_text(text)
    blank.snakemake("--dry-run")


@pytest.mark.scenario("a check that can be made at the start")
@pytest.mark.slow
def test_the_pages_sources_are_checked_before_the_first_job(blank):
    """The pages are the last steps of all."""
    report = "workflow/report/spanish.yaml"
    blank.replace(report, '"{some} de {all}"', '"{some} de"')
    blank.replace("workflow/report/explorer.html.j2", "{% endif %}", "{% endfi %}")
    shown = blank.snakemake(ok=False)
    assert "explorer.html.j2: line " in shown
    assert "spanish.yaml: '{some} of {all}': '{some} de' has other places" in shown
    assert " jobs" not in shown
    assert "Traceback" not in shown
    assert "WorkflowError" not in shown
    assert not (blank.root / "results/architectures").exists()
    blank.snakemake("results/architectures/cells/35-2/relu/scores.csv")  # draws no page


def without_flock(folder, project):
    """A folder for PYTHONPATH: in what starts with it, no file of a project can be locked."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import errno, fcntl, os, pathlib\n"
        "def flock(file, how, real=fcntl.flock):\n"
        "    locked = os.fstat(file if isinstance(file, int) else file.fileno())\n"
        f"    locks = pathlib.Path({str(project)!r}, '.snakemake').glob('*.lock')\n"
        "    if any(os.path.samestat(locked, lock.stat()) for lock in locks):\n"
        "        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))\n"
        "    real(file, how)\n"
        "fcntl.flock = flock\n"
    )
    return str(folder)


@pytest.mark.slow
@pytest.mark.scenario("a file system without flock")
def test_runs_are_kept_apart_where_the_file_system_has_no_locks(blank, tmp_path):
    """By a lock of the machine's, and the first run says what that does not keep apart."""
    patch = without_flock(tmp_path / "patch", blank.root)
    name = f"{blank.root.resolve()}/.snakemake/run.lock\0{os.getuid()}".encode()
    lock = Path(f"/tmp/study-{hashlib.sha256(name).hexdigest()[:32]}.lock")
    with (blank.root / ".output.tmp").open("w") as out, subprocess.Popen(
        ["snakemake", "--cores", "1", "architectures"], cwd=blank.root, stdout=out, stderr=out,
        env={**environment(), "PYTHONPATH": patch}, start_new_session=True,
    ) as first:  # fmt: skip
        while not (lock.exists() and lock.read_text() == str(first.pid)):
            assert first.poll() is None, (blank.root / ".output.tmp").read_text()
            time.sleep(0.05)
        first.send_signal(signal.SIGSTOP)  # however slow the second one is
        shown = blank.snakemake("letters", ok=False, PYTHONPATH=patch)
        first.send_signal(signal.SIGCONT)
        assert f"another run of this study is at work here (process {first.pid})" in shown
        assert first.wait(300) == 0
    shown = (blank.root / ".output.tmp").read_text()
    assert "the file system of .snakemake/run.lock has no locks: runs on this machine are" in shown
    assert "do not start another one on another machine" in shown
    assert (blank.root / "results/architectures/metrics.json").exists()
    assert blank.pending("architectures") == set()
    lock.unlink()


@pytest.mark.parametrize("folder", [".cache", "logs", "results"])
def test_a_project_that_cannot_be_written_is_one_line(blank, folder):
    """As on a read-only disk; a file in the place of a folder cannot be written by root either."""
    (blank.root / folder).touch()
    for arguments in (["--dry-run"], []):
        *_, shown = blank.snakemake("letters", *arguments, ok=False).splitlines()
        assert shown == f"{blank.root}/{folder}: a run writes here, and cannot: File exists"


def test_no_cores_are_refused(blank):
    """Snakemake alone would wait for ever."""
    *_, shown = blank.snakemake("letters", "--cores", "0", ok=False).splitlines()
    assert shown.startswith("--cores 0: no job could run")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("stages:\n\tx: 1\n", "dvc.yaml: line 2: not valid YAML: found character"),
        ("", "dvc.yaml: no stages with lists of deps, as DVC has them"),
        ("stages:\n  study:\n    deps:\n", "dvc.yaml: no stages with lists of deps"),
        ("stages:\n  study: {cmd: ls}\n", "dvc.yaml: no stage data"),
    ],
)
def test_a_dvc_yaml_that_was_edited_amiss_is_one_line(blank, text, line):
    (blank.root / "dvc.yaml").write_text(text)
    *_, shown = blank.snakemake("--dry-run", ok=False).splitlines()
    assert shown.startswith(line)


@pytest.mark.scenario("files dated in the future", 2)
@pytest.mark.slow
def test_files_dated_in_the_future_are_dated_now_before_a_job_starts(blank):
    """Else jobs would run to their end, and what they made would be deleted as too old."""
    target = "results/architectures/cells/35-2/relu/scores.csv"
    tomorrow = time.time() + 86400
    os.utime(blank.root / "data/fonts/font.h", (tomorrow, tomorrow))
    shown = blank.snakemake(target)
    assert "data/fonts/font.h dated in the future: now dated today" in shown
    weights = blank.root / "results/architectures/cells/35-2/relu/weights.npz"
    os.utime(weights, (tomorrow, tomorrow))
    blank.replace("params.yaml", "threshold: 0.5", "threshold: 0.4")  # computes the scores again
    shown = blank.snakemake(target)
    assert "weights.npz dated in the future: now dated today" in shown
    assert weights.stat().st_mtime <= time.time()
    assert blank.pending(target) == set()


@pytest.mark.scenario("a check that can be made at the start", 2)
@pytest.mark.slow
def test_what_dvc_would_fail_at_after_the_run_is_said_before(blank, tmp_path):
    files = blank.root / ".dvc/cache/files/md5"
    files.mkdir(parents=True)
    (files / "ab").touch()  # in the place of a folder: nobody can write into it
    shown = blank.dvc("repro", ok=False)
    assert f"{files}/ab: a run writes here, and cannot: " in shown
    assert "it is DVC's cache" in shown
    assert "Traceback" not in shown
    braces = tmp_path / "{x}"
    blank.root.rename(braces)
    blank.root.mkdir()
    moved = type(blank)(braces)
    (braces / ".dvc/cache/files/md5/ab").unlink()
    shown = moved.dvc("repro", ok=False)
    assert f"{braces}: DVC fails in a folder whose path has braces" in shown
    assert not (braces / "results/architectures/cells").exists()
    moved.snakemake("--dry-run")
