"""Ctrl-C before the first job is one line; later no job outlives it."""

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
PREPARE = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT / "workflow")!r})
from support import interruption
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have switched it off
"""


@pytest.mark.parametrize(
    ("code", "returncode", "says"),
    [
        ("interruption.in_one_line()", 1, "interrupted\n"),
        ("interruption.in_one_line(); interruption.in_one_line()", 1, "interrupted\n"),
        ("interruption.in_one_line(); interruption.as_usual()", -2, "KeyboardInterrupt\n"),
        ("interruption.as_usual()", -2, "KeyboardInterrupt\n"),
        # as of what a shell starts in the background
        ("signal.signal(signal.SIGINT, signal.SIG_IGN); interruption.in_one_line()", 0, ""),
    ],
)
def test_an_interruption(code, returncode, says):
    program = f"{PREPARE}{code}\nos.kill(os.getpid(), signal.SIGINT)"
    done = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, restore_signals=True
    )
    assert done.returncode == returncode
    assert done.stderr == says or (says.startswith("Key") and done.stderr.endswith(says))


HEARS_ONLY = {
    # by the kernel, as it is sent: a second press is no race with Python's last words
    "SIGINT": "signal.signal(signal.SIGINT, signal.SIG_DFL);",
    "SIGTERM": "signal.signal(signal.SIGINT, signal.SIG_IGN);",
    "SIGKILL": "[signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)];",
}


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("ends", HEARS_ONLY)
def test_a_job_that_did_not_hear_it_ends_all_the_same(tmp_path, ends, presses):
    """This waits for its child as Snakemake does: without an end to that. A second press leaves."""
    ready = tmp_path / "ready"
    job = f"import signal, time; {HEARS_ONLY[ends]} open({str(ready)!r}, 'w'); time.sleep(600)"
    program = f"""{PREPARE}
import pathlib, subprocess, time
interruption.in_one_line(); interruption.of_jobs_too()
child = subprocess.Popen([sys.executable, "-c", {job!r}])
while not pathlib.Path({str(ready)!r}).exists():
    time.sleep(0.01)
for press in range({presses}):
    try:
        os.{"killpg(0" if ends == "SIGINT" else "kill(os.getpid()"}, signal.SIGINT)
        time.sleep(600)
    except KeyboardInterrupt:
        pass
sys.exit(f"the child ended by {{signal.Signals(-child.wait()).name}}")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert done.stderr.splitlines()[-1] == f"the child ended by {ends}"


def test_who_asks_twice_and_leaves_leaves_no_job(tmp_path):
    """Before the second in which jobs may end by themselves has gone by."""
    written = tmp_path / "written"
    job = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True);"
        f"time.sleep(3); open({str(written)!r}, 'w')"
    )
    program = f"""{PREPARE}
import subprocess
interruption.in_one_line(); interruption.of_jobs_too()
child = subprocess.Popen([sys.executable, "-c", {job!r}], stdout=subprocess.PIPE)
child.stdout.readline()
for press in range(2):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        pass
print(child.pid, flush=True)
os._exit(1)
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    pid = int(done.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=60)
    assert not written.exists()
