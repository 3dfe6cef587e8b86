"""What the study needs of Snakemake: settings on which soundness hangs, and its private parts.

Profiles, variables and options may set them otherwise (``rerun-triggers: mtime`` in a profile of
the user, say). ``profiles/default`` sets what can be set; what would break the promise that
nothing stale is certified all the same is refused, in a line each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from snakemake.settings.types import PersistenceBackend, RerunTrigger, SharedFSUsage

from support.by_content import files_digest

_CHECKSUMS = 10**15
"""Bytes up to which the contents of inputs must be compared, not their times."""


def _wrong(workflow: Any) -> Iterator[tuple[str, str, str]]:
    """Option, what is given, what is needed; of what is not as the study needs it."""
    dag, execution = workflow.dag_settings, workflow.execution_settings
    storage, settings = workflow.storage_settings, workflow.workflow_settings
    if missing := RerunTrigger.all() - set(dag.rerun_triggers):
        given = ", ".join(sorted(str(t) for t in dag.rerun_triggers)) or "none"
        yield "rerun-triggers", given, f"{', '.join(sorted(map(str, missing)))} too"
    if dag.max_checksum_file_size < _CHECKSUMS:
        yield "max-checksum-file-size", str(dag.max_checksum_file_size), f"{_CHECKSUMS} or more"
    switches = [
        ("rerun-incomplete", dag.force_incomplete, True),
        ("trust-io-cache", dag.trust_io_cache, False),
        ("all-temp", storage.all_temp, False),
    ]
    if execution is not None:  # a summary executes nothing
        switches += [
            ("ignore-incomplete", execution.ignore_incomplete, False),
            ("drop-metadata", not execution.keep_metadata, False),
            ("no-hooks", execution.no_hooks, False),
        ]
    for option, given, needed in switches:
        if bool(given) is not needed:
            yield option, str(bool(given)).lower(), str(needed).lower()
    for option, values in (
        ("consider-ancient", settings.consider_ancient),
        ("cache", settings.cache),
        ("omit-flags", storage.omit_flags),
        ("unneeded-temp-files", storage.unneeded_temp_files),
        ("default-storage-provider", storage.default_storage_provider),
    ):
        if values:
            given = values if isinstance(values, str) else ", ".join(sorted(map(str, values)))
            yield option, given, "nothing"
    if settings.persistence_backend is not PersistenceBackend.FILE:
        yield "persistence-backend", str(settings.persistence_backend), "file"
    if not {SharedFSUsage.PERSISTENCE, SharedFSUsage.INPUT_OUTPUT} <= set(storage.shared_fs_usage):
        yield "shared-fs-usage", "without input-output or persistence", "both"


def refusals(workflow: Any) -> list[str]:
    """A line for each setting of a run that would let it take old results for new.

    workflow : Snakemake's object, once its graph is made
    """
    return [
        f"{option}: {given} given, {needed} needed, or old results could pass for new; an option,"
        " a profile or SNAKEMAKE_PROFILE says so"
        for option, given, needed in _wrong(workflow)
    ]


def refuse_settings(workflow: Any) -> None:
    """Have every run, dry ones and summaries too, end with the ``refusals`` where there are any.

    When the Snakefile is read the settings of the graph are not known yet; when it asks a rule for
    its inputs they are, and that comes first, whatever is asked for.
    """

    @cache
    def check() -> None:
        if lines := refusals(workflow):
            raise SystemExit("\n".join(lines))  # in a WorkflowError they would end a trace

    def nothing(wildcards: Any) -> list[str]:
        check()
        return []

    for rule in workflow.rules:
        rule.set_input(nothing)


def files(workflow: Any) -> Iterator[str]:
    """Inputs and outputs of all jobs of the graph, those that need not run too."""
    for job in workflow.dag.jobs:
        yield from map(str, (*job.input, *job.output))


def refused_mode(workflow: Any) -> str | None:
    """The line for a mode in which a run records what it has not computed; None: it computes."""
    if workflow.touch:
        return (
            "--touch: would record results of other parameters or code as up to date; run without"
            " it: what is up to date is not computed again, whatever its time"
        )
    return None


def watch_sources(rules: Iterable[Any], made: tuple[str, ...]) -> None:
    """Add the contents of the files that no rule makes, fonts say, to the ``params:`` of each rule.

    Of inputs Snakemake compares the times: it would miss an older file in the place of a newer
    one, and record for a file edited during the run what stood there at its end.

    made : how the paths begin that rules make
    """
    for rule in rules:
        sources = [
            str(path)
            for path in rule.input
            if isinstance(path, str)
            and not path.startswith(made)
            and not path.endswith(".py")  # a script: its code is watched; fonts are never such
        ]
        if sources:
            rule.set_params(sources=files_digest(sources))
