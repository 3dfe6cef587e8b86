"""Settings of Snakemake on which soundness hangs, and what is compared by content.

Profiles, variables and options may set them otherwise (``rerun-triggers: mtime`` in a profile of
the user, say). ``profiles/default`` sets what can be set; what would break the promise that
nothing stale is certified all the same is refused, in a line each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from support import internals
from support.by_content import canonical, files_digest, text_digest

_CHECKSUMS = 10**15
"""Bytes up to which the contents of inputs must be compared, not their times."""

_SWITCHES = {
    "rerun-incomplete": True,
    "trust-io-cache": False,
    "all-temp": False,
    "ignore-incomplete": False,
    "drop-metadata": False,
    "no-hooks": False,
}
_NOTHING = (
    "consider-ancient", "cache", "omit-flags", "unneeded-temp-files", "default-storage-provider",
)  # fmt: skip


def _wrong(options: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Option, what is given, what is needed; of what is not as a study needs it."""
    if missing := internals.ALL_TRIGGERS - options["rerun-triggers"]:
        triggers = ", ".join(sorted(options["rerun-triggers"])) or "none"
        yield "rerun-triggers", triggers, f"{', '.join(sorted(missing))} too"
    if options["max-checksum-file-size"] < _CHECKSUMS:
        yield (
            "max-checksum-file-size",
            str(options["max-checksum-file-size"]),
            f"{_CHECKSUMS} or more",
        )
    for option, value in _SWITCHES.items():
        if option in options and bool(options[option]) is not value:
            yield option, str(bool(options[option])).lower(), str(value).lower()
    for option in _NOTHING:
        if values := options[option]:
            text = values if isinstance(values, str) else ", ".join(sorted(map(str, values)))
            yield option, text, "nothing"
    if options["persistence-backend"] is not internals.RECORDS_IN_FILES:
        yield "persistence-backend", str(options["persistence-backend"]), "file"
    if internals.SHARED - options["shared-fs-usage"]:
        yield "shared-fs-usage", "without input-output or persistence", "both"


def refusals(workflow: Any) -> list[str]:
    """A line for each setting of a run that would let it take old results for new.

    workflow : Snakemake's object, once its graph is made
    """
    return [
        f"{option}: {given} given, {needed} needed, or old results could pass for new; an option,"
        " a profile or SNAKEMAKE_PROFILE says so"
        for option, given, needed in _wrong(internals.settings(workflow))
    ]


def refuse_settings(workflow: Any) -> None:
    """Have every run, dry ones and summaries too, end with the ``refusals`` where there are any."""

    @cache
    def check() -> None:
        if lines := refusals(workflow):
            raise SystemExit("\n".join(lines))  # in a WorkflowError they would end a trace

    internals.before_inputs(workflow, check)


def refused_mode(workflow: Any) -> str | None:
    """The line for a mode in which a run records what it has not computed; None: it computes."""
    if internals.is_touching(workflow):
        return (
            "--touch: would record results of other parameters or code as up to date; run without"
            " it: what is up to date is not computed again, whatever its time"
        )
    return None


def sources_of(rule: Any, prefixes: tuple[str, ...]) -> list[str]:
    """The inputs of a rule that no rule makes.

    made : how the paths begin that rules make
    """
    return [path for path in internals.input_paths(rule) if not path.startswith(prefixes)]


def watch_sources(workflow: Any, prefixes: tuple[str, ...]) -> None:
    """Add the contents of the files that no rule makes, fonts say, to the ``params:`` of each rule.

    Of inputs Snakemake compares the times: it would miss an older file in the place of a newer
    one, and record for a file edited during the run what stood there at its end.

    made : how the paths begin that rules make
    """
    for rule in internals.rules(workflow):
        if sources := sources_of(rule, prefixes):
            internals.add_params(rule, sources=files_digest(sources))


def watch_names(workflow: Any, shell: str) -> None:
    """Add what inputs and outputs are called to the ``params:`` of rules with this ``shell:``.

    Their command lines are made of the names. Snakemake compares the paths alone: two that
    change their names would go unnoticed.
    """
    for rule in internals.rules(workflow):
        if internals.has_command(rule, shell):
            names = canonical(internals.named_patterns(rule))
            internals.add_params(rule, names=text_digest(names))
