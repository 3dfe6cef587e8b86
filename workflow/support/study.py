"""A study: what its Snakefile says once, its rules call, and its runs do first and last.

``Study`` is made where the Snakefile begins; ``study.smk``, included where it ends, has the rest
done. docs/your-own-study.md shows a whole one.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from snakemake.io import ancient
from snakemake.logging import logger

from support import (
    bytecode,
    dates,
    dvc_writes,
    edits,
    engine,
    environment,
    internals,
    interruption,
    locked,
    progress,
    records,
    run_lock,
    times,
    watched,
)
from support.code_digest import code_digest

RUN = "{params.command} 2> {log:q}"
"""The ``shell:`` of a rule with ``params: **step(...)``."""

SCRIPTS = "workflow/scripts"

Jobs = Mapping[str, Sequence[Mapping[str, str]]]
"""The wildcards of the jobs of a run, by the name of their rule."""


class Study:
    """What is special to a study, and what its Snakefile does with it.

    workflow, config : Snakemake's objects of these names
    results : folders where rules write what DVC versions, relative to the working directory;
        nobody else writes there
    temporary : folders of files that rules make, read and remove
    packages : folders of the project's own modules, besides workflow/scripts
    pin : sets the variables of which results would else depend, or None; returns the names of
        those that were set otherwise
    facts : what ``logs/environment.json`` tells of this study's environment besides
    times : a file like ``logs/jobs.csv``, in the working directory: what jobs took elsewhere, by
        which a first run says how long it may take
    Ends the run, with a line a reason, where it cannot begin.
    """

    def __init__(
        self,
        workflow: Any,
        config: Mapping[str, Any],
        results: Sequence[str] = ("results",),
        temporary: Sequence[str] = (),
        packages: Sequence[str] = ("src",),
        pin: Callable[[], Iterable[str]] | None = None,
        facts: Callable[[], Mapping[str, object]] = dict,
        times: str | None = None,
    ) -> None:
        self.workflow = workflow
        self.root = Path(workflow.basedir)
        self.results = tuple(map(Path, results))
        self.temporary = tuple(map(Path, temporary))
        self.packages = tuple(packages)
        self.made = (*(f"{folder}/" for folder in results), ".cache/")
        self.is_main = internals.is_main(workflow)
        self._facts = facts
        self._before: Callable[[Jobs], None] | None = None
        self._times = times
        self._display: progress.Display | None = None
        # before any digest of code
        self._edits = edits.Watch(self._code()) if self.is_main else None

        interruption.in_one_line()
        environment.prepare(pin)
        if self.is_main:
            self._display = progress.take_over(workflow)
            refuse(locked.refusal(self.root / "requirements.lock"))
            made = filter(os.path.lexists, self.results)
            refuse(run_lock.unwritable(Path(".snakemake"), Path(".cache"), Path("logs"), *made))
        if config:
            refuse(
                f"--config {', '.join(config)}: parameters are read from params.yaml alone, which"
                " DVC tracks; edit it, or try a value with 'dvc exp run -S key=value'"
            )

    # --- what rules call

    def here(self, path: str) -> str:
        """A path of the project, seen from the working directory."""
        return os.path.relpath(self.root / path)

    def source_file(self, path: str) -> Any:
        """An input that no rule makes; watched by its content, not by its time."""
        return ancient(self.here(path))

    def code(
        self,
        name: str,
        messages: bool = True,
        unused: Callable[[Any], frozenset[str]] | None = None,
    ) -> Any:
        """A digest of the code that a script runs; by the wildcards, with ``unused``.

        See ``step`` and code_digest.py.
        """

        def of(modules: frozenset[str]) -> str:
            script = self.root / f"{SCRIPTS}/{name}.py"
            return code_digest(script, self.root, self.packages, messages, modules)

        return of(frozenset()) if unused is None else lambda wildcards: of(unused(wildcards))

    def step(
        self,
        name: str,
        messages: bool = True,
        unused: Callable[[Any], frozenset[str]] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """The ``params:`` of a rule that runs a script, as ``**step(...)``; ``shell:`` is ``RUN``.

        The command line is ``python workflow/scripts/<name>.py``, then a ``--<name> <value>`` for
        each of the options, of the named inputs and of the named outputs; an option takes the
        place of an input or output of its name. What has no name is not on it.

        messages : whether an edit of what errors say is one of the step; it is none where its
            results hold no text
        unused : gives, by the wildcards, the modules that the script loads by name, and not in
            that job: an edit of them is none of the job
        options : as in ``params:``: texts with wildcards, functions, ``subpath(...)``
        """

        def command(wildcards: Any, input: Any, output: Any) -> str:
            context = {"input": input, "output": output}
            values = {
                key: [str(internals.value_of(option, wildcards, **context))]
                for key, option in options.items()
            }
            for items in (input, output):
                for key, paths in internals.paths(items):
                    values.setdefault(key, paths)
            words = ["python", self.here(f"{SCRIPTS}/{name}.py")]
            for key, value in values.items():
                words += [f"--{key.replace('_', '-')}", *value]
            return shlex.join(words)

        return {**options, "code": self.code(name, messages, unused), "command": command}

    # --- what the Snakefile has done

    def rules(self) -> dict[str, list[str]]:
        """The outputs, or patterns of them, of the rules read so far, by name."""
        return internals.outputs_by_rule(self.workflow)

    def run_locally(self, *verbs: str) -> None:
        """Have the rules read so far whose names begin so run beside Snakemake on a cluster."""
        names = [name for name in self.rules() if name.split("_")[0] in verbs]
        internals.run_locally(self.workflow, names)

    def order(self, *patterns: str) -> None:
        """Have jobs that are ready start in this order of their rules.

        patterns : names of rules, "*" for any text; a rule takes the place of the first that fits
            it. Rules that none fits start last. No result depends on it, and none is out of date
            by another order
        """
        places = {}
        for name in self.rules():
            fits = [fnmatchcase(name, pattern) for pattern in patterns]
            places[name] = len(patterns) - fits.index(True) if any(fits) else 0
        internals.set_priorities(self.workflow, places)

    def prefer(self, first: str, second: str) -> None:
        """Have the first of two rules make what both can."""
        internals.prefer(self.workflow, first, second)

    def before(self, function: Callable[[Jobs], None]) -> Callable[[Jobs], None]:
        """Have a function called with the jobs of a run before the first of them: a decorator.

        It calls ``refuse`` where they would fail.
        """
        self._before = function
        return function

    def watch(self) -> None:
        """Have what rules read watched, and results that are not as recorded computed again.

        Once all rules are read; before Snakemake makes its graph.
        """
        if self._edits is not None:
            self._edits.add(self._sources())  # before their digests
        engine.watch_sources(self.workflow, self.made)
        engine.watch_names(self.workflow, RUN)
        if not self.is_main:
            return
        if Path("dvc.yaml").exists():
            refuse(watched.unreadable(Path("dvc.yaml")))
            refuse(*self._unwatched())
            if "DVC_STAGE" in os.environ:  # DVC's own: it runs us
                refuse(*watched.linked(Path("dvc.yaml")))
        for line in records.mark_doubtful(self.results, self.temporary):
            logger.warning(line)
        engine.refuse_settings(self.workflow)

    def _unwatched(self) -> list[str]:
        """A line for each file that rules read and DVC does not watch."""
        known = watched.dependencies_of_all(Path("dvc.yaml"))
        return [
            f"{place} is read by rules, and no stage in dvc.yaml watches it; add it to the deps"
            for source in self._sources()
            for place in watched.unwatched([source], known, Path())
        ]

    def _sources(self) -> list[Path]:
        """The files that rules read and no rule makes, sorted."""
        rules = internals.rules(self.workflow)
        sources = {path for rule in rules for path in engine.sources_of(rule, self.made)}
        return [Path(path) for path in sorted(sources)]

    def _code(self) -> tuple[Path, ...]:
        """The folders of the project's own modules, that of the scripts first."""
        return tuple(Path(self.here(folder)) for folder in (SCRIPTS, *self.packages))

    def start(self) -> None:
        """Before the first job: refuse what would fail, keep other runs out, note what runs."""
        if not self.is_main:
            return
        refuse(engine.refused_mode(self.workflow))
        if internals.cores_here(self.workflow) == 0:
            refuse("--cores 0: no job could run; how many may run at a time?")
        if "DVC_STAGE" in os.environ:
            refuse(*dvc_writes.refusals(Path()))
        try:
            doubt = run_lock.take(Path(".snakemake/run.lock"))
            dated = dates.set_to_now(internals.files(self.workflow))
        except (run_lock.LockError, dates.FutureError) as error:
            refuse(str(error))
        environment.record(Path("logs/environment.json"), self._facts())
        for line in (doubt, dated, environment.overruled_line()):
            if line:
                logger.warning(line)
        bytecode.check_by_content([*self._code(), Path(__file__).parent])
        internals.lift_rate_limit(self.workflow)
        if self._edits is not None:
            self._edits.start()
        if self._before is not None:
            self._before(internals.jobs_to_run(self.workflow))
        if self._display is not None:
            elsewhere = times.known(Path(self._times)) if self._times else {}
            self._display.start(
                progress.Progress(
                    internals.planned(self.workflow),
                    {**elsewhere, **times.known()},
                    internals.cores_here(self.workflow),
                    time.time(),
                )
            )
        if internals.cores_here(self.workflow):
            interruption.of_jobs_too()
        else:
            interruption.as_usual()  # Snakemake takes its jobs back from the cluster

    def end(self, failed: bool = False) -> None:
        """After the last job: keep its times, seal the records, tell what came of it."""
        if not self.is_main:
            return
        if self._display is not None:
            self._display.end(failed)
        times.keep()
        try:
            edited = self._forget_edited()
        finally:
            records.normalize()
        if edited and "DVC_STAGE" in os.environ:
            refuse("nothing is versioned: files were edited while the study ran; run it again")

    def _forget_edited(self) -> bool:
        """Whether results go without records: files were edited meanwhile."""
        if self._edits is None:
            return False
        windows = self._edits.end()
        new = filter(self._edits.is_new, windows)
        found = edits.forget(windows, self._code(), new)
        for path, n in found:
            logger.warning(
                f"{path} was edited while jobs that read it were at work: what they made"
                f" ({n} files) is computed again by the same command"
            )
        return bool(found)


def refuse(*lines: str | None) -> None:
    """End the run with these lines, where there are any.

    Around a WorkflowError Snakemake would write where in our rules it was raised, and a trace.
    """
    if reasons := [line for line in lines if line]:
        raise SystemExit("\n".join(reasons))
