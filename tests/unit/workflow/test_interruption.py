"""Ctrl-C before the first job is one line; later no job outlives it."""

import subprocess
import sys
from pathlib import Path

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


def test_a_job_that_did_not_hear_it_ends_all_the_same():
    """It waits for its child as Snakemake does: without an end to that."""
    program = f"""{PREPARE}
import subprocess
interruption.in_one_line(); interruption.of_jobs_too()
deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf])
try:
    os.kill(os.getpid(), signal.SIGINT)
    child.wait()
except KeyboardInterrupt:
    sys.exit(f"the child ended by {{signal.Signals(-child.wait()).name}}")
"""
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert done.stderr == "the child ended by SIGTERM\n"
