"""Kills, full disks and other circumstances: the same command again finishes, same bytes."""

import contextlib
import os
import random
import signal
import subprocess
import time

import psutil
import pytest

from processes import at_work, children, finish, started
from project import Project, copy_project

pytestmark = pytest.mark.slow

SEED = 2022
CHAINS, KILLS_A_CHAIN = 6, 4
VICTIMS = ("snakemake", "job", "dvc", "everything")


def assert_undisturbed(project, finished):
    """Results, records and lock are those of a run that nothing happened to."""
    expected = Project(finished)
    assert project.pending() == set()
    assert project.bytes_of() == expected.bytes_of()
    if (project.root / "dvc.lock").exists():
        assert (project.root / "dvc.lock").read_bytes() == (finished / "dvc.lock").read_bytes()
    left = [p for p in project.root.rglob(".*.tmp") if ".git" not in p.parts]
    assert [p.name for p in left if p.name != ".output.tmp"] == []


# ---------------------------------------------------------------- kills


def kill(project, victim, seconds):
    """Start the study, kill -9 a victim after so many seconds; what the victim was, if any."""
    command = ["dvc", "repro"] if victim == "dvc" else ["snakemake", "--cores", "2"]
    with started(project, command) as process:
        time.sleep(seconds)
        if victim == "job":
            jobs = []
            while not jobs and process.poll() is None:
                jobs = children(process, "workflow/scripts/")
                time.sleep(0.05)
            for job in jobs[:1]:
                with contextlib.suppress(psutil.Error):
                    job.kill()
            process.wait(240)
            return "job" if process.returncode else "too late"
        if process.poll() is not None:
            return "too late"
        if victim == "everything":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.orphans = True
            process.kill()
    return victim


@pytest.mark.scenario("kill -9 of Snakemake, of a job, of DVC, of everything")
@pytest.mark.parametrize("chain", range(CHAINS))
def test_killed_at_random_moments(chain, tmp_path, finished, record_property):
    """Four kills of one study, one after the other, each met by the run before it or by what
    that left behind; then the same command again."""
    rng = random.Random(f"{SEED}/{chain}")
    project = copy_project(tmp_path / "project")
    victims = rng.sample(VICTIMS, k=KILLS_A_CHAIN)
    killed = [kill(project, victim, rng.uniform(1, 12)) for victim in victims]
    finish(project, "dvc", "repro")
    assert_undisturbed(project, finished)
    record_property("times", KILLS_A_CHAIN - killed.count("too late"))


# ---------------------------------------------------------------- interruption


@pytest.mark.scenario("Ctrl-C")
@pytest.mark.parametrize(
    "command", [["snakemake", "--cores", "2"], ["dvc", "repro"]], ids=["snakemake", "dvc"]
)
def test_interrupted_from_the_keyboard(blank, finished, command):
    """Ctrl-C reaches every process in the foreground: none stays."""
    with started(blank, command) as process:
        while not children(process, "workflow/scripts/train_"):
            assert process.poll() is None, process.output()
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        assert process.returncode
        deadline = time.monotonic() + 20
        while at_work(blank) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert at_work(blank) == []
    finish(blank, *command)
    assert_undisturbed(blank, finished)


@pytest.mark.scenario("Ctrl-C in the first seconds", 2)
@pytest.mark.parametrize("moment", ["parameters", "compilation"])
def test_interrupted_before_the_first_job(blank, moment, tmp_path):
    """A line, no trace; and what takes long without a job is named."""
    nothing_compiled = ["env", f"LATENTLAB_CACHE={tmp_path}"]
    with started(blank, [*nothing_compiled, "snakemake", "--cores", "1", "all"]) as process:
        while not (
            (blank.root / ".cache").exists()  # made where the rules begin
            if moment == "parameters"
            else "Powell's method: compiled, once" in process.output()
        ):
            assert process.poll() is None, process.output()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 1
        assert "interrupted" in process.output()
        assert "Traceback" not in process.output()
        assert at_work(blank) == []


# ---------------------------------------------------------------- disks


@contextlib.contextmanager
def mounted(folder, *options):
    """A file system mounted on a folder, where this user may; the test is skipped elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no right to mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.scenario("disk full while results are written")
@pytest.mark.parametrize("kib", [8, 40, 200])
def test_a_full_disk(blank, finished, kib):
    """The disk fills up while results are written: one line says so, nothing half-written stays."""
    results = blank.root / "results"
    with mounted(results, "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs"):
        text = blank.snakemake("letters", "architectures", ok=False)
        assert "No space left on device" in text
        assert "Traceback" not in text
        assert [path for path in results.rglob("*") if path.name.startswith(".")] == []
        subprocess.run(["mount", "-o", "remount,size=100m", str(results)], check=True)
        blank.snakemake("letters", "architectures")
        folders = ("results/letters", "results/architectures")
        assert blank.bytes_of(*folders) == Project(finished).bytes_of(*folders)


@pytest.mark.scenario("disk full, job records and logs included")
def test_a_full_disk_for_everything(tmp_path, finished):
    """Records, logs and results on one disk that fills up."""
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=100m", "tmpfs"):
        project = copy_project(disk / "project")
        ballast = disk / "ballast"
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        ballast.write_bytes(bytes(free - 600_000))
        text = project.snakemake("letters", "architectures", ok=False)
        assert "No space left on device" in text
        ballast.unlink()
        project.snakemake("letters", "architectures")
        assert project.pending("letters", "architectures") == set()
        folders = ("results/letters", "results/architectures")
        assert project.bytes_of(*folders) == Project(finished).bytes_of(*folders)


@pytest.mark.scenario("results folder read-only")
def test_results_that_cannot_be_written(blank, finished):
    results = blank.root / "results"
    results.mkdir(exist_ok=True)
    with mounted(results, "--bind", str(results)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(results)], check=True)
        text = blank.snakemake("architectures", ok=False)
        assert "Read-only file system" in text
        assert "results/architectures" in text
        assert "Traceback" not in text
    blank.snakemake("architectures")
    folders = ("results/architectures",)
    assert blank.bytes_of(*folders) == Project(finished).bytes_of(*folders)


# ---------------------------------------------------------------- other circumstances


@pytest.mark.scenario(
    "another folder, current directory, cores, job order, hash seed, locale, time zone"
)
@pytest.mark.parametrize(
    ("cores", "scheduler", "others"),
    [
        ("1", [], {"PYTHONHASHSEED": "1", "TZ": "Pacific/Auckland", "LC_ALL": "C"}),
        (
            "4",
            ["--scheduler", "ilp"],
            {"PYTHONHASHSEED": "4", "TZ": "America/Caracas", "LC_ALL": "C.UTF-8"},
        ),
    ],
    ids=["one core", "four cores"],
)
def test_the_same_bytes_anywhere(tmp_path, finished, cores, scheduler, others):
    """Another folder (with a blank in its name), another current directory, number of cores,
    job order, hash seed, locale, time zone."""
    other = copy_project(tmp_path / f"on {cores} cores")
    if cores == "4":  # the experiments' jobs in another order than the graph's
        rng = random.Random(SEED)
        experiments = ["vae", "denoising", "letters", "architectures"]
        rng.shuffle(experiments)
        priorities = ["--prioritize", *(f"results/{name}/metrics.json" for name in experiments)]
        scheduler = [*scheduler, *priorities, "--"]
    Project(tmp_path).run(
        "snakemake", "--directory", str(other.root), "--cores", cores,
        "--snakefile", str(other.root / "Snakefile"),
        "--workflow-profile", str(other.root / "profiles/default"), *scheduler, **others,
    )  # fmt: skip
    expected = Project(finished)
    folders = ("results", "data/images")
    assert other.bytes_of(*folders) == expected.bytes_of(*folders)
    assert other.bytes_of() == expected.bytes_of()


@pytest.mark.scenario("two runs at once")
def test_one_run_at_a_time(blank):
    with started(blank, ["snakemake", "--cores", "1", "architectures"]) as first:
        while not (blank.root / ".snakemake/run.lock").exists():
            assert first.poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
        text = blank.snakemake("architectures", ok=False)
        assert f"process {first.pid}" in text
        first.send_signal(signal.SIGINT)
        first.wait(60)
    blank.snakemake("architectures")


@pytest.mark.scenario("two runs at once")
def test_two_dvc_runs_at_once(blank, finished):
    """One of them works, the other says in a line why it does not."""
    with started(blank, ["dvc", "repro"]) as first:
        while not children(first, "snakemake"):
            assert first.poll() is None, first.output()
            time.sleep(0.1)
        text = blank.dvc("repro", ok=False)
        assert "Traceback" not in text
        assert "lock" in text or "another run" in text, text
        first.wait(280)
        assert first.returncode == 0, first.output()
    assert_undisturbed(blank, finished)


@pytest.mark.scenario("dvc repro from nothing twice", 2)
def test_from_nothing_twice(blank, finished):
    """``dvc repro`` from nothing, in two folders: the same lock, to the byte."""
    blank.dvc("repro")
    assert (blank.root / "dvc.lock").read_bytes() == (finished / "dvc.lock").read_bytes()
