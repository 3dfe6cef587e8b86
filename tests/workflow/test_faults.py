"""Kills, failures and other circumstances: the same command again finishes, same bytes."""

import os
import signal
import subprocess
import time

import pytest

from project import copy_project, environment

pytestmark = pytest.mark.slow


def kill_during(project, command, seconds):
    """Start a command, kill its main process (no children) after some seconds."""
    with subprocess.Popen(
        command,
        cwd=project.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.returncode


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        (["snakemake", "--cores", "2"], 15),
        (["dvc", "repro"], 25),
    ],
)
def test_a_killed_run_is_finished_by_the_same_command(blank, finished, command, seconds):
    assert kill_during(blank, command, seconds) == -signal.SIGKILL
    deadline = time.monotonic() + 120
    while True:  # what the killed tool had started may hold the lock for a while
        done = subprocess.run(
            command, cwd=blank.root, env=environment(), capture_output=True, text=True
        )
        if done.returncode == 0:
            break
        assert "another run of this study" in done.stdout + done.stderr
        assert time.monotonic() < deadline
        time.sleep(2)
    assert blank.pending() == set()
    expected = type(blank)(finished)
    assert blank.bytes_of("results", "data/images") == expected.bytes_of("results", "data/images")


@pytest.mark.parametrize("cores", ["1", "4"])
def test_the_same_bytes_anywhere(tmp_path, finished, cores):
    """Another folder, number of cores, job order, hash seed, locale, time zone."""
    other = copy_project(tmp_path / f"on {cores} cores")
    other.run(
        "snakemake", "--cores", cores, *(["--scheduler", "ilp"] if cores == "4" else []),
        PYTHONHASHSEED=cores, TZ="Pacific/Auckland", LC_ALL="C",
    )  # fmt: skip
    expected = type(other)(finished)
    assert other.bytes_of() == expected.bytes_of()


def test_one_run_at_a_time(blank):
    with subprocess.Popen(
        ["snakemake", "--cores", "1", "architectures"],
        cwd=blank.root, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as first:  # fmt: skip
        while not (blank.root / ".snakemake/run.lock").exists():
            assert first.poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
        text = blank.snakemake("architectures", ok=False)
        assert f"process {first.pid}" in text
        first.send_signal(signal.SIGINT)
        first.wait(60)
    assert os.WIFEXITED(first.returncode) or first.returncode
    blank.snakemake("architectures")
