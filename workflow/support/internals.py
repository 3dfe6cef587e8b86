"""Snakemake's private parts: all that this folder touches of them, each with its reason.

What is here is no public interface of Snakemake and may be another in its next release. Nothing
else in this folder knows it; ``tests/unit/workflow/test_internals.py`` compares it with the
Snakemake that is installed, and says in a line which part has changed.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from snakemake.common import get_function_params
from snakemake.io import apply_wildcards, is_callable
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake.settings.types import PersistenceBackend, RerunTrigger, SharedFSUsage

# --- files: what a run leaves in .snakemake, which DVC versions and a seal vouches for

RECORDS = Path(".snakemake/metadata")
"""A job record an output, JSON: what Snakemake compares parameters, code and inputs with."""

INCOMPLETE = Path(".snakemake/incomplete")
"""A marker an output whose job has begun and not ended: it is then computed again."""

VOLATILE = {"starttime": 0.0, "endtime": 0.0, "job_hash": 0}
"""The fields of a record that differ between two equal runs; Snakemake compares none of them."""

CHECKSUMS = "input_checksums"
"""The field with the contents of inputs, by path: ``sha256:...``. No other field tells what an
output was computed from."""

MARK = '{"external_jobid": null, "doubtful": true}'
"""A marker of ours: Snakemake reads its first field, and writes its own when the job starts."""

_NAME_MAX = 254
"""Longer names of records are split over folders."""


def output_of(record: Path, records: Path) -> str:
    """The output path that a record file describes: its name, decoded."""
    encoded = "".join(part.removeprefix("@") for part in record.relative_to(records).parts)
    return base64.urlsafe_b64decode(encoded).decode()


def record_of(output: str, records: Path) -> Path:
    """Where the record (or the marker) of an output is: ``output_of`` the other way round."""
    encoded = base64.urlsafe_b64encode(output.encode()).decode()
    parts = [encoded[i : i + _NAME_MAX] for i in range(0, len(encoded), _NAME_MAX)]
    return records.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])


# --- a run: profiles and options are public, what they came to is not


def is_main(workflow: Any) -> bool:
    """Whether this process is the run itself: not one that it started for a job (on a cluster)."""
    return bool(workflow.is_main_process)


def settings(workflow: Any) -> dict[str, Any]:
    """What the options came to on which soundness hangs, by option, once the graph is made.

    A set of names, a number, a switch or, where any value is one too many, whatever was given.
    Those of the execution are left out where nothing is executed (a summary).
    """
    dag, execution = workflow.dag_settings, workflow.execution_settings
    storage, general = workflow.storage_settings, workflow.workflow_settings
    options = {
        "rerun-triggers": frozenset(map(str, dag.rerun_triggers)),
        "max-checksum-file-size": dag.max_checksum_file_size,
        "rerun-incomplete": dag.force_incomplete,
        "trust-io-cache": dag.trust_io_cache,
        "all-temp": storage.all_temp,
        "consider-ancient": general.consider_ancient,
        "cache": general.cache,
        "omit-flags": storage.omit_flags,
        "unneeded-temp-files": storage.unneeded_temp_files,
        "default-storage-provider": storage.default_storage_provider,
        "persistence-backend": general.persistence_backend,
        "shared-fs-usage": frozenset(storage.shared_fs_usage),
    }
    if execution is not None:
        options |= {
            "ignore-incomplete": execution.ignore_incomplete,
            "drop-metadata": not execution.keep_metadata,
            "no-hooks": execution.no_hooks,
        }
    return options


ALL_TRIGGERS = frozenset(map(str, RerunTrigger.all()))
"""All by which a job may be out of date."""

RECORDS_IN_FILES = PersistenceBackend.FILE
"""Where job records may be: files, which DVC versions; else they are a data base."""

SHARED = frozenset({SharedFSUsage.PERSISTENCE, SharedFSUsage.INPUT_OUTPUT})
"""What must be on the file system that jobs share: else results are copied away and back."""


def is_touching(workflow: Any) -> bool:
    """Whether results are to be recorded as up to date without computing them (``--touch``)."""
    return bool(workflow.touch)


def jobs_to_run(workflow: Any) -> dict[str, list[dict[str, str]]]:
    """The wildcards of the jobs of this run, by rule: what none needs is not checked at its start.

    ``onstart`` is told of none.
    """
    jobs: dict[str, list[dict[str, str]]] = {}
    for job in workflow.dag.needrun_jobs():
        jobs.setdefault(job.rule.name, []).append(dict(job.wildcards.items()))
    return jobs


class Planned(NamedTuple):
    """A job of this run, before its first one; log : the first of its rule's, where it has one."""

    rule: str
    wildcards: dict[str, str]
    log: str | None


def planned(workflow: Any) -> list[Planned]:
    """The jobs of this run that compute something: rules without a command only gather."""
    return [
        Planned(
            job.rule.name,
            dict(job.wildcards.items()),
            str(job.log[0]) if job.log else None,
        )
        for job in workflow.dag.needrun_jobs()
        if not job.rule.norun
    ]


def files(workflow: Any) -> Iterator[str]:
    """Inputs and outputs of all jobs of the graph, those that need not run too.

    Of their dates Snakemake's check of a job's outputs makes use, whatever the triggers are.
    """
    for job in workflow.dag.jobs:
        yield from map(str, (*job.input, *job.output))


def cores_here(workflow: Any) -> int | None:
    """The number of cores where jobs run on this machine; None on a cluster."""
    return int(workflow.cores) if workflow.local_exec else None


def lift_rate_limit(workflow: Any) -> None:
    """Let jobs start as soon as a core is free.

    With its limit of jobs a second the scheduler looks at all ready jobs once a second for every
    job that has ended. On one machine cores are the limit; no option switches the other one off.
    """
    if workflow.local_exec and workflow.scheduler is not None:
        workflow.scheduler.job_rate_limiter = None


# --- messages: what is logged has an event and its fields, which are public; who shows it is not


def is_dry(workflow: Any) -> bool:
    """Whether jobs are only listed, and none is run."""
    return bool(workflow.output_settings.dryrun)


def terminal(workflow: Any) -> logging.Handler | None:
    """Who shows messages, where it is to be quiet about rules, not about all; else None."""
    quiet = workflow.output_settings.quiet or ()
    if Quietness.RULES not in quiet or Quietness.ALL in quiet:
        return None
    return next((one for one in logger.handlers if one.name == "DefaultStreamHandler"), None)


def show_by(handler: logging.Handler, before: logging.Handler) -> None:
    """Have messages shown by another handler."""
    logger.removeHandler(before)
    logger.addHandler(handler)


_SMALL_TALK = (
    "Assuming unrestricted", "Building DAG", "Using shell", "Provided cores",
    "Rules claiming", "Select jobs", "Elapsed time", "RuleException:\nCalledProcessError",
    "WorkflowError:\nAt least one job did not complete", "Exiting because a job",
)  # fmt: skip
"""How messages begin that say nothing to who looks on: of a job that failed, its whole command."""


def is_small_talk(record: logging.LogRecord) -> bool:
    """Whether a message without an event says nothing to who looks on."""
    return str(record.msg).startswith(_SMALL_TALK)


def is_interruption(record: logging.LogRecord) -> bool:
    """Whether a message says that somebody stops the run."""
    return str(record.msg).startswith("Terminating processes on user request")


# --- rules, once all are read


def rules(workflow: Any) -> list[Any]:
    """The rules read so far."""
    return list(workflow.rules)


def input_paths(rule: Any) -> list[str]:
    """The inputs of a rule that are paths (or patterns of them), functions aside."""
    return [str(path) for path in rule.input if not is_callable(path)]


def outputs_by_rule(workflow: Any) -> dict[str, list[str]]:
    """The outputs (or patterns of them) of the rules read so far, by rule."""
    return {rule.name: [str(path) for path in rule.output] for rule in workflow.rules}


def run_locally(workflow: Any, names: Iterable[str]) -> None:
    """Have jobs of these rules run beside Snakemake: ``localrules:`` takes no computed names."""
    workflow.localrules(*names)


def set_priorities(workflow: Any, priorities: Mapping[str, int]) -> None:
    """Give rules the ``priority:`` of their names: the scheduler starts higher ones first.

    It looks at a job's own priority alone, never at what waits for the job; among equal ones it
    starts what has the larger inputs.
    """
    for rule in workflow.rules:
        if rule.name in priorities:
            rule.priority = priorities[rule.name]


def prefer(workflow: Any, first: str, second: str) -> None:
    """Have the first of two rules make what both can: ``ruleorder:`` takes no computed names."""
    workflow.ruleorder(first, second)


def named_patterns(rule: Any) -> dict[str, str]:
    """What a rule's inputs and outputs are called, each with its path, pattern or paths.

    Functions aside, which have no text that stays the same.
    """
    patterns = {}
    for kind, items in (("input", rule.input), ("output", rule.output)):
        for name, value in items.items():
            entries = value if isinstance(value, list) else [value]
            if not any(map(is_callable, entries)):
                patterns[f"{kind} {name}"] = "\n".join(map(str, entries))
    return patterns


def has_command(rule: Any, text: str) -> bool:
    """Whether this text is the ``shell:`` of a rule."""
    return bool(rule.shellcmd == text)


def add_params(rule: Any, **params: str) -> None:
    """Add to the ``params:`` of a rule, which Snakemake compares with those of the record."""
    rule.set_params(**params)


def before_inputs(workflow: Any, check: Callable[[], None]) -> None:
    """Call ``check`` when a rule is asked for its inputs: the settings of the run are known then.

    When the Snakefile is read they are not; and ``onstart`` comes too late, for dry runs and
    summaries have none.
    """

    def nothing(wildcards: Any) -> list[str]:
        check()
        return []

    for rule in workflow.rules:
        rule.set_input(nothing)


# --- a job: what its rule says, with its wildcards


def paths(items: Any) -> Iterator[tuple[str, list[str]]]:
    """The named inputs (or outputs) of a job: name, and the paths of that name."""
    for name, value in items.items():
        yield name, [str(value)] if isinstance(value, str) else [str(path) for path in value]


def value_of(param: Any, wildcards: Any, **context: Any) -> Any:
    """What Snakemake makes of an entry of ``params:``, a function or a text with wildcards.

    context : the inputs and outputs, for functions that ask for them
    """
    if callable(param):
        arguments = get_function_params(param)
        return param(wildcards, **{k: v for k, v in context.items() if k in arguments})
    return apply_wildcards(param, wildcards) if isinstance(param, str) else param
