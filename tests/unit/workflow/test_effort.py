"""The line that ends a run."""

import resource
import subprocess
import sys

from support import effort


def test_effort_counts_the_work_of_finished_jobs_only():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "while __import__('time').process_time() < 1.1: pass"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime > 1
    line = effort.summary(2)
    assert line is not None
    wall, work = float(line.split()[0]), float(line.split(" for ")[1].split()[0])
    ratio = float(line.split(": ")[1].split()[0])
    assert work >= 1
    assert abs(ratio * work - 2 * wall) <= ratio + 2 + 0.01 * work  # rounded to whole seconds
