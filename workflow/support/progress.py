"""What a person sees of a run: the cells at work, how far it is, how long still.

Where somebody looks on, a few lines at the foot of the terminal that change; else, in a file or a
pipe, a line a job. They take the place of Snakemake's own words on rules, which ``quiet: rules`` of
the profile switches off; without it they are Snakemake's. What jobs say is in their logs.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from support import internals
from support.internals import Planned
from support.times import ended_well

SHOWN = 8
"""Jobs at work that are shown; of as many cores a screen has no place for."""

_LONGEST = 110
"""Characters of a reason for which a job runs, and of what a job's log says."""

_ERROR = re.compile(r"^\w+\.py: ", re.MULTILINE)
"""How the last line of a step begins that ends in an error (workflow/scripts/step.py)."""


def name_of(rule: str, wildcards: Mapping[str, str]) -> str:
    """What a job is called: "train_letters font2/exceptional"."""
    return f"{rule} {'/'.join(wildcards.values())}".rstrip()


def duration(seconds: float) -> str:
    """As a person says it: "40 s", "12 min", "1 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def reason(log: str | None) -> str:
    """Why a job failed: what its log ends with, on one line where a step wrote it."""
    path = Path(log or "")
    text = path.read_text(errors="replace").strip() if log and path.is_file() else ""
    if not text:
        return "ended with an error and without a word"
    errors = list(_ERROR.finditer(text))
    if errors:
        return text[errors[-1].end() :]
    return "see the message above" if ended_well(text) else text.splitlines()[-1]


@dataclass
class Job:
    """A job at work.

    seconds : that it is expected to take; None where nothing is known of it
    """

    name: str
    log: str | None
    began: float
    seconds: float | None


class Progress:
    """How far a run is. Times are in seconds; ``now`` is whatever clock the caller has.

    planned : its jobs; seconds : by log, what they took in an earlier run, here or elsewhere
    """

    def __init__(
        self,
        planned: Iterable[Planned],
        seconds: Mapping[str, float],
        cores: int | None,
        now: float,
    ) -> None:
        self.cores, self.began = cores, now
        self.waiting = _expected(list(planned), seconds)
        self.total, self.done = len(self.waiting), 0
        self.work = sum(filter(None, self.waiting.values()))
        self.running: dict[int, Job] = {}
        self.failed: list[str] = []
        self._took = self._foreseen = 0.0

    def begin(self, number: int, name: str, log: str | None, now: float) -> None:
        """A job has begun. One that was not planned makes the run longer."""
        if name not in self.waiting:
            self.total += 1
        self.running[number] = Job(name, log, now, self.waiting.pop(name, None))

    def finish(self, number: int, now: float) -> None:
        """A job has ended well."""
        if job := self.running.pop(number, None):
            self.done += 1
            if job.seconds is not None:
                self._took += now - job.began
                self._foreseen += job.seconds

    def fail(self, number: int, why: str) -> None:
        """A job has failed."""
        if self.running.pop(number, None):
            self.failed.append(why)

    def left(self, now: float) -> float | None:
        """Seconds to the end; None where nothing is known of a job.

        This machine may be faster or slower than the other one, or busy: what was foreseen counts
        as the jobs that have ended took it, and at the start, when few have, less so.
        """
        few = self.work / 20
        scale = (self._took + few) / (self._foreseen + few) if self.work else 1.0
        rest = []
        # copies: another thread may look while a job begins
        for seconds, since in [
            *((seconds, 0.0) for seconds in list(self.waiting.values())),
            *((job.seconds, now - job.began) for job in list(self.running.values())),
        ]:
            if seconds is None:
                return None
            rest.append(max(seconds * scale - since, 0.0))
        cores = self.cores or len(self.running) or 1
        return max(sum(rest) / cores, max(rest, default=0.0))

    def line(self, now: float) -> str:
        """How far it is: "12 of 411 jobs done, 1 failed, about 48 min left"."""
        text = f"{self.done} of {self.total} jobs done"
        if self.failed:
            text += f", {len(self.failed)} failed"
        left = self.left(now)
        return text if left is None else f"{text}, about {duration(left)} left"

    def at_work(self, now: float) -> Iterator[str]:
        """A line for each job that is at work, the longest at it first."""
        jobs = sorted(self.running.values(), key=lambda job: job.began)
        for job in jobs[:SHOWN]:
            yield "  ".join((job.name, duration(now - job.began), _last_words(job.log))).rstrip()
        if len(jobs) > SHOWN:
            yield f"and {len(jobs) - SHOWN} more"


def _expected(planned: list[Planned], seconds: Mapping[str, float]) -> dict[str, float | None]:
    """By job what it may take: what it took, else the mean of its rule, else of all; else None."""
    by_rule: dict[str, list[float]] = {}
    for job in planned:
        if job.log is not None and job.log in seconds:
            by_rule.setdefault(job.rule, []).append(seconds[job.log])
    means = {rule: sum(known) / len(known) for rule, known in by_rule.items()}
    count = sum(map(len, by_rule.values()))
    mean = sum(map(sum, by_rule.values())) / count if count else None
    return {
        name_of(job.rule, job.wildcards): seconds.get(job.log or "", means.get(job.rule, mean))
        for job in planned
    }


def _last_words(log: str | None) -> str:
    """The last line of a log, where it is text that a line has place for."""
    try:
        with Path(log or "").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 400))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:_LONGEST] if lines and lines[-1].isprintable() else ""


class Display(logging.Handler):
    """Shows a run, and what else Snakemake says of it, in place of its own handler."""

    def __init__(self, before: Any, dryrun: bool) -> None:
        super().__init__()
        self._before = before
        self._dryrun = dryrun
        self._names: dict[int, str] = {}
        self._counted = False
        self._progress: Progress | None = None
        self._live: Any = None
        self._stdout: int | None = None
        self._interrupted = False

    def start(self, progress: Progress) -> None:
        """The first job is about to begin. From now on what jobs print is not shown."""
        now = time.time()
        self._progress = progress
        left = progress.left(now)
        cores = f" on {progress.cores} cores" if progress.cores else ""
        about = "" if left is None else f", about {duration(left)}{cores}"
        self._print(f"{progress.total} jobs{about}")
        self._stdout = os.dup(1)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        if self._before.stream.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console  # here: it takes a moment
            from rich.live import Live

            console = Console(file=self._before.stream, highlight=False, markup=False)
            self._live = Live(
                console=console, get_renderable=self._foot, refresh_per_second=2, transient=True,
                redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._live.start()

    def _foot(self) -> Any:
        """What stands at the foot of the terminal."""
        from rich.text import Text

        assert self._progress is not None
        now = time.time()
        first, *rest = self._progress.line(now), *self._progress.at_work(now)
        text = Text(first, style="bold", no_wrap=True, overflow="ellipsis")
        for line in rest:
            text.append(f"\n  {line}", style="not bold")
        return text

    def end(self, failed: bool) -> None:
        """The last job has ended: say how many did, and which failed."""
        self.stop()
        if (progress := self._progress) is None:
            return
        took = duration(time.time() - progress.began)
        if not failed:
            self._print(f"{progress.done} jobs done in {took}")
            return
        done = f"{progress.done} of {progress.total} jobs done in {took}"
        if self._interrupted:
            self._print(f"{done}; the same command goes on")
            return
        self._print(f"{done}; not:", "red")
        for line in progress.failed:
            self._print(f"  {line}", "red")

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._stdout is not None:
            os.dup2(self._stdout, 1)
            os.close(self._stdout)
            self._stdout = None

    def close(self) -> None:
        """Leave the terminal as it was, however the run ends."""
        self.stop()
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message."""
        try:
            self._show(record, time.time())
        except Exception:
            self.handleError(record)

    def _show(self, record: Any, now: float) -> None:
        event, progress = getattr(record, "event", None), self._progress
        if event == LogEvent.JOB_INFO:
            name = name_of(record.rule_name, record.wildcards)
            if self._dryrun:
                if record.output:  # what only gathers computes nothing
                    self._print(f"{name}: {_shortened(record.reason)}")
            elif progress is not None and (record.log or name in progress.waiting):
                log = record.log[0] if record.log else None
                progress.begin(record.jobid, name, log, now)
                if self._live is not None:
                    self._live.refresh()
                else:
                    clock = time.strftime("%H:%M:%S", time.localtime(now))
                    self._print(f"{clock} {name} ({progress.line(now)})")
        elif event == LogEvent.JOB_FINISHED and progress is not None:
            progress.finish(record.job_id, now)
        elif event == LogEvent.JOB_ERROR and progress is not None:
            job = progress.running.get(record.jobid)
            log = record.log[0] if record.log else None
            name = job.name if job else record.rule_name
            line = f"{name} failed: {reason(log)}" + (f" ({log})" if log else "")
            if self._interrupted:
                progress.running.pop(record.jobid, None)
            else:
                progress.fail(record.jobid, line)
                self._print(line, "red")
        elif event == LogEvent.RUN_INFO:
            # a dry run counts its jobs twice: before them, and where they end
            if self._dryrun and self._counted:
                self._pass_on(record)
            self._counted = True
        elif event not in _REPLACED and not internals.is_small_talk(record):
            self._interrupted |= internals.is_interruption(record)
            self._pass_on(record)

    def _pass_on(self, record: logging.LogRecord) -> None:
        """Show what Snakemake would."""
        text = self._before.format(record) if self._before.filter(record) else None
        if text and text != "None":
            color = "yellow" if record.levelno == logging.WARNING else ""
            self._print(text, "red" if record.levelno >= logging.ERROR else color)

    def _print(self, text: str, style: str = "") -> None:
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(text, style=style), soft_wrap=True)
        else:
            print(text, file=self._before.stream, flush=True)


_REPLACED = {LogEvent.JOB_STARTED, LogEvent.PROGRESS, LogEvent.JOB_FINISHED, LogEvent.JOB_ERROR}
"""Events of which the display tells by itself, if at all."""


def _shortened(text: str) -> str:
    """As much of a text as a line has place for."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def take_over(workflow: Any) -> Display | None:
    """Show the run of a workflow from now on; None where its options ask for Snakemake's words."""
    before = internals.terminal(workflow)
    if before is None:
        return None
    display = Display(before, internals.is_dry(workflow))
    internals.show_by(display, before)
    return display
