"""Whether the files of claims and of published figures are what ``conclusions`` can test.

Checked before anything is computed, and light to import: the tests themselves come last.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from latentlab.experiments.params import schema_errors

FILE, PUBLISHED = "data/claims.yaml", "data/published.yaml"

TESTS = {
    "level": (),
    "trend": ("along", "blocks"),
    "correlation": ("along", "unit", "strata"),
    "dominance": ("groups",),
    "difference": ("groups",),
}
"""The tests of ``conclusions.find``, each with what it takes of a claim."""

_NEEDED = ("hypothesis", "experiment", "table", "measure", "test")


def _object(description: str, values: Any, **more: Any) -> dict[str, Any]:
    return {"description": description, "type": "object", "additionalProperties": values, **more}


def _list(description: str, items: Any, **more: Any) -> dict[str, Any]:
    return {"description": description, "type": "array", "minItems": 1, "items": items, **more}


def _one_of(*values: str) -> dict[str, Any]:
    return {"description": f"one of {', '.join(values)}", "enum": list(values)}


_TEXT = {"description": "a text", "type": "string", "minLength": 1}
_VALUE = {"description": "a text or a number", "type": ["string", "number", "boolean"]}
_COLUMNS = _list("a list of columns", _TEXT)
_WHERE = _object("a mapping of columns to a text or a number each", _VALUE)
_VARIANT = _one_of("as meant", "as run")
_RUNS = {"experiment": _TEXT, "table": _TEXT, "where": _WHERE}
_TESTED = {
    **_RUNS,
    "measure": {"description": "a column, or an expression of columns", "type": "string"},
    "test": _one_of(*TESTS),
    "shows": _TEXT,
    "never": {"description": "true or false", "type": "boolean"},
    "along": _TEXT,
    "blocks": _COLUMNS,
    "unit": _COLUMNS,
    "strata": _COLUMNS,
    "groups": _object(
        "a mapping of one column to a list of two of its values",
        _list("a list of two values", _VALUE, minItems=2, maxItems=2),
        minProperties=1,
        maxProperties=1,
    ),
    "expect": _one_of("more", "less"),
}
_BESIDE = {
    "description": "a mapping of what this measure has in place of the claim's own",
    "type": "object",
    "additionalProperties": False,
    "properties": _TESTED,
}
_CLAIM = {
    "description": "a mapping with a claim and its test, or why it has none (untestable)",
    "type": "object",
    "additionalProperties": False,
    "required": ["claim"],
    "properties": {
        "claim": _TEXT,
        "hypothesis": _TEXT,
        "variant": _VARIANT,
        "untestable": _TEXT,
        **_TESTED,
        "beside": _object("a mapping of names to other measures", _BESIDE),
    },
}
_REPORTED = {
    "description": "a mapping with table, by, measures, variants",
    "type": "object",
    "additionalProperties": False,
    "required": ["table", "by", "measures", "variants"],
    "properties": {
        **{key: _RUNS[key] for key in ("table", "where")},
        "by": _COLUMNS,
        "measures": _COLUMNS,
        "variants": _object(
            "a mapping of as meant and as run to columns with a text or a number each",
            _WHERE,
            propertyNames=_VARIANT,
            minProperties=1,
        ),
    },
}
_SCHEMA = {
    "description": "a mapping with claims and reported",
    "type": "object",
    "additionalProperties": False,
    "required": ["claims", "reported"],
    "properties": {
        "claims": _object("a mapping of names to claims", _CLAIM),
        "reported": _object("a mapping of experiments to what is reported of them", _REPORTED),
    },
}


def errors(
    claims: Any, published: Any, relevant: Mapping[str, float], tables: Collection[tuple[str, str]]
) -> list[str]:
    """All that is wrong with the two files: file, path, what was given, what is allowed; in lines.

    claims, published : their content
    relevant : the smallest effect that counts, by claim, of the parameters
    tables : experiment and name of every table that there can be
    """
    found = schema_errors(claims, _SCHEMA)
    if found:
        return [f"{FILE}: {line}" for line in found]
    lines = [
        *(line for name, claim in claims["claims"].items() for line in _of_claim(name, claim)),
        *_of_tables(claims, tables),
    ]
    lines = [f"{FILE}: {line}" for line in lines]
    lines += [
        f"params.yaml: conclusions.relevant.{name}: missing, allowed: a number from 0 to 1, for"
        f" {FILE} has this claim"
        for name, claim in claims["claims"].items()
        if "untestable" not in claim and name not in relevant
    ]
    known = {experiment for experiment, _ in tables}
    return lines + [
        f"{PUBLISHED}: {line}" for line in _of_figures(published, claims["reported"], known)
    ]


def _of_claim(name: str, claim: Mapping[str, Any]) -> Iterator[str]:
    """What a claim, or a measure beside it, lacks for its test."""
    if "untestable" in claim:
        return
    path = f"claims.{name}"
    needed = [*_NEEDED, *TESTS.get(claim.get("test", ""), ())]
    for key in needed:
        if key not in claim:
            yield f"{path}.{key}: missing, allowed: a value, for a claim that is tested needs it"
    besides = {f"{path}.beside.{key}": own for key, own in claim.get("beside", {}).items()}
    for where, own in besides.items():
        for key in TESTS[own["test"]] if "test" in own else ():
            if key not in {**claim, **own}:
                yield f"{where}.{key}: missing, allowed: a value, for the test {own['test']}"
    for where, own in {path: claim, **besides}.items():
        if "measure" in own and not _is_expression(own["measure"]):
            given = own["measure"]
            yield f"{where}.measure: {given!r} given, allowed: an expression of columns"


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _of_tables(claims: Mapping[str, Any], tables: Collection[tuple[str, str]]) -> Iterator[str]:
    """Experiments and tables that there cannot be."""
    named = {f"reported.{name}": (name, own["table"]) for name, own in claims["reported"].items()}
    for name, claim in claims["claims"].items():
        for key, own in {"": {}, **claim.get("beside", {})}.items():
            entry = {**claim, **own}
            path = f"claims.{name}.beside.{key}" if key else f"claims.{name}"
            if "experiment" in entry and "table" in entry:
                named[path] = (entry["experiment"], entry["table"])
    for path, (experiment, table) in named.items():
        of_experiment = sorted(t for e, t in tables if e == experiment)
        if not of_experiment:
            allowed = ", ".join(sorted({e for e, _ in tables}))
            where = path if path.startswith("reported.") else f"{path}.experiment"
            yield f"{where}: {experiment!r} given, allowed: one of {allowed}"
        elif table not in of_experiment:
            allowed = ", ".join(of_experiment)
            yield f"{path}.table: {table!r} given, allowed: one of {allowed}"


def _of_figures(
    published: Any, templates: Mapping[str, Any], experiments: Collection[str]
) -> Iterator[str]:
    """What is no tree of figures, a level for each column that the template names."""
    if not isinstance(published, dict):
        yield "the file: no mapping given, allowed: figures by experiment"
        return
    for experiment, tree in published.items():
        if experiment not in experiments:
            allowed = ", ".join(sorted(experiments))
            yield f"{experiment}: unknown key, allowed: {allowed}"
        elif experiment in templates:
            template = templates[experiment]
            yield from _of_branch(str(experiment), tree, template["by"], template["measures"])


def _of_branch(path: str, tree: Any, levels: list[str], measures: list[str]) -> Iterator[str]:
    if not isinstance(tree, dict):
        allowed = f"a mapping by {levels[0]}" if levels else f"figures of {', '.join(measures)}"
        yield f"{path}: {tree!r} given, allowed: {allowed}"
        return
    for key, branch in tree.items():
        where = f"{path}.{key}"
        if levels:
            yield from _of_branch(where, branch, levels[1:], measures)
        elif key not in measures:
            yield f"{where}: unknown key, allowed: {', '.join(measures)}"
        elif isinstance(branch, bool) or not isinstance(branch, int | float):
            yield f"{where}: {branch!r} given, allowed: a number"
        elif not math.isfinite(branch):
            yield f"{where}: {branch} given, allowed: a number that is finite"
