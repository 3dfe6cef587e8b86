"""Commands at work in a project: started, watched, killed, started again."""

import contextlib
import os
import signal
import subprocess
import time

import psutil

from project import environment


@contextlib.contextmanager
def started(project, command):
    """A command at work in a session of its own; what is left of it is killed at the end,
    unless its ``orphans`` are let live."""
    log = project.root / ".output.tmp"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=project.root, env=environment(), stdout=out, stderr=out,
            start_new_session=True,
            # whoever started these tests in the background has made them deaf to Ctrl-C
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
    process.output, process.orphans = log.read_text, False
    try:
        yield process
    finally:
        if not process.orphans:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def children(process, part):
    """Processes below this one with that text on their command line."""
    result = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(part in word for word in child.cmdline()):
                    result.append(child)
    return result


def at_work(project):
    """Processes whose working directory is the project."""
    result = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(project.root):
                result.append(process)
    return result


def finish(project, *command):
    """The same command again, until it ends well: what a killed tool had started may hold the
    lock for a while."""
    deadline = time.monotonic() + 900  # what hangs, not what a busy machine takes
    while True:
        done = subprocess.run(
            command, cwd=project.root, env=environment(), capture_output=True, text=True
        )
        text = done.stdout + done.stderr
        assert "Traceback" not in text, text
        if done.returncode == 0:
            return text
        assert "another run of this study" in text, text
        assert time.monotonic() < deadline
        time.sleep(2)
