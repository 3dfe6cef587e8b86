"""What a person sees of a run of the real Snakemake: in a terminal, in a log, of a failed job."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import termios

import pytest

from project import environment

CELL = "35-2/relu"
SCORES = f"results/architectures/cells/{CELL}/scores.csv"
TARGET = "results/architectures/tables/summary.csv"


@pytest.fixture
def pending(project):
    """A project in which two jobs are to be run."""
    (project.root / SCORES).unlink()
    return project


def as_of_a_person():
    """A terminal to control, and Ctrl-C heard: a shell's background jobs inherit that it is not."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def in_a_terminal(project, *command, stop_at=None, code=0):
    """What a terminal is sent, until the command ends, by Ctrl-C if a pattern is there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=project.root, env={**environment(), "TERM": "xterm"}, stdin=theirs,
        stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=as_of_a_person,
    ) as process:  # fmt: skip
        os.close(theirs)
        sent = b""
        try:
            while part := os.read(ours, 1 << 16):
                sent += part
                if stop_at and re.search(stop_at, sent.decode(errors="ignore")):
                    os.write(ours, b"\x03")
                    stop_at = None
        except OSError:  # nobody writes to it any more
            pass
        os.close(ours)
        assert process.wait() == code, sent.decode()
    return sent.decode()


def test_a_log_has_a_line_a_job_with_what_is_done_and_left(pending):
    shown = pending.snakemake(TARGET)
    assert re.search(r"^2 jobs, about \d+ s on 2 cores$", shown, re.M)
    (first, second) = re.findall(r"^\d\d:\d\d:\d\d (.*), about \d+ s left\)$", shown, re.M)
    assert first == f"evaluate_architectures {CELL} (0 of 2 jobs done"
    assert second == "tabulate_architectures (1 of 2 jobs done"
    assert re.search(r"^2 jobs done in \d+ s$", shown, re.M)
    for word in ("Select jobs", "jobid", "times the ideal", "\x1b"):
        assert word not in shown


def test_a_terminal_shows_the_cells_at_work(pending):
    shown = in_a_terminal(pending, "snakemake", "--cores", "2", TARGET)
    assert re.search(rf"  evaluate_architectures {CELL}  \d+ s", shown)
    assert re.search(r"0 of 2 jobs done, about \d+ s left", shown)
    assert "\x1b[?25l" in shown  # the cursor is hidden, and comes back
    last = shown.rsplit("\x1b[?25h", 1)[1]
    assert re.search(r"2 jobs done in \d+ s", last)


@pytest.mark.parametrize("hears", [True, False])
def test_who_stops_a_run_is_told_that_it_goes_on_and_of_no_failure(pending, hears):
    """Also where a job does not hear it, as one that is just being started."""
    script = "workflow/scripts/evaluate_architectures.py"
    slow = "    __import__('time').sleep(90)\n    letters = read"
    pending.replace(script, "    letters = read", slow)
    stop_at = rf"{CELL}  \d+ s"
    if not hears:
        deaf = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])"
        pending.replace(script, "import step\n", f"{deaf}\nimport step\n")
        stop_at = rf"{CELL}  [3-9] s"
    shown = in_a_terminal(pending, "snakemake", "--cores", "2", SCORES, stop_at=stop_at, code=1)
    assert re.search(r"0 of 1 jobs done in \d+ s; the same command goes on", shown)
    assert " failed" not in shown
    assert "Traceback" not in shown


@pytest.mark.slow
def test_dvc_lets_a_terminal_through(pending):
    shown = in_a_terminal(pending, "dvc", "repro", "study")
    assert re.search(rf"  evaluate_architectures {CELL}  \d+ s", shown)


def test_a_dry_run_names_cells_and_reasons(pending):
    shown = pending.snakemake("--dry-run", TARGET)
    assert f"evaluate_architectures {CELL}: Missing output files: {SCORES}" in shown.splitlines()
    assert shown.count("Job stats") == 1


def test_a_job_that_fails_is_a_line_with_the_cell_and_the_reason(pending):
    pending.replace(
        "workflow/scripts/evaluate_architectures.py",
        "    letters = read",
        '    raise step.latentlab.StudyError("upside down")\n    letters = read',
    )
    log = f"logs/evaluate_architectures/{CELL}.log"
    (pending.root / SCORES).unlink(missing_ok=True)
    shown = pending.snakemake(SCORES, ok=False).splitlines()
    line = f"evaluate_architectures {CELL} failed: upside down ({log})"
    assert line in shown
    at = next(number for number, text in enumerate(shown) if text.endswith("; not:"))
    assert shown[at].startswith("0 of 1 jobs done in ")
    assert shown[at + 1] == f"  {line}"
    text = "\n".join(shown)
    for word in ("--settings", "RuleException", "WorkflowError", "Traceback"):
        assert word not in text


def test_snakemakes_own_words_are_had_by_asking(pending):
    shown = pending.snakemake("--quiet", "host", "--printshellcmds", TARGET)
    assert "rule evaluate_architectures:" in shown
    assert f"output: {SCORES}" in shown
    assert "python workflow/scripts/evaluate_architectures.py --settings" in shown
    assert " of 2 jobs done" not in shown
