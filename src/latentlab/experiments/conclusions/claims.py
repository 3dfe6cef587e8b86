"""Whether the files of claims and of published figures are what ``conclusions`` can test.

Checked before anything is computed, and light to import: the tests themselves come last.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Annotated, Any, ClassVar

from latentlab.experiments.allowed import (
    Allowed,
    Knobs,
    Named,
    NotAllowed,
    Truth,
    as_yaml,
    is_finite,
    number,
    text,
    validate,
)
from latentlab.experiments.conclusions.readings import OVERLAYS, TESTS, asked

FILE, PUBLISHED = "data/claims.yaml", "data/published.yaml"

DIFFERS = (
    "measure", "network", "noise", "letters", "data", "code", "cost", "weights", "similarity",
    "loss", "rate",
)  # fmt: skip
"""In what a reading may differ from the claim's own; the verdict names it where it decides."""

_NEEDED = ("hypothesis", "experiment", "table", "measure", "test", "counts_from")


def _is_value(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _is_pair(groups: Any) -> bool:
    if isinstance(groups, dict):  # words have a blank, which no name has
        words, groups = list(groups), list(groups.values())
        if not all(isinstance(name, str) and " " in name.strip() for name in words):
            return False
    elif not isinstance(groups, list) or any(isinstance(value, bool) for value in groups):
        return False  # true and false say nothing to a reader
    return len(groups) == 2 and all(map(_is_value, groups))


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and is_finite(value)


FUNCTIONS = ("abs", "exp", "log", "log10", "log1p", "expm1", "sqrt")
"""What an expression of columns may call; pandas has them."""

_PARTS = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div,
          ast.Pow, ast.Name, ast.Load)  # fmt: skip


def _is_expression(measure: str) -> bool:
    """Whether a text is arithmetic of columns and numbers: pandas evaluates far more."""
    try:
        nodes = list(ast.walk(ast.parse(measure, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    called = [node.func for node in nodes if isinstance(node, ast.Call) and len(node.args) == 1]
    functions = [f for f in called if isinstance(f, ast.Name) and f.id in FUNCTIONS]
    names = sum(isinstance(node, ast.Name) for node in nodes)
    rest = [node for node in nodes if not isinstance(node, _PARTS)]
    numbers = [node for node in rest if isinstance(node, ast.Constant) and _is_number(node.value)]
    return names > len(functions) and len(rest) == len(functions) + len(numbers)


_TEXT = text("a text")
Text = Annotated[str, _TEXT]
Value = Annotated[
    Any, Allowed("a text or a number, or null: not asked here", lambda v: v is None or _is_value(v))
]
Columns = Annotated[list[Text], Allowed("a list of columns", bool)]
_WORDS = "a mapping of columns to a text or a number each"
Where = Annotated[dict[str, Value], Named(_WORDS, _TEXT, empty=True)]


def _one_of(*names: str) -> Allowed:
    return Allowed(f"one of {', '.join(names)}", lambda name: name in names)


_VARIANT = _one_of("as meant", "as run")
_NAMES = text("a name of letters, digits, _ and -", r"[A-Za-z0-9_-]{1,40}")


class Tested(Knobs):
    """What a claim rests on and how it is tested. Only presence and form are looked at."""

    words: ClassVar[str] = "a mapping of what this reading has in place of the claim's own"

    experiment: Text = ""
    table: Text = ""
    where: Where = {}
    measure: Annotated[str, Allowed("an expression of columns", _is_expression)] = ""
    test: Annotated[str, _one_of(*TESTS)] = ""
    shows: Text = ""
    never: Truth = False
    along: Text = ""
    blocks: Columns = []
    unit: Columns = []
    strata: Annotated[list[Text], Allowed("a list of columns")] = []
    given: Columns = []
    start: Columns = []
    members: Text = ""
    groups: Annotated[
        dict[
            str,
            Annotated[
                Any,
                Allowed(
                    "a list of two texts or numbers, or a mapping of two names of two or more"
                    " words to a value each",
                    _is_pair,
                ),
            ],
        ],
        Allowed("a mapping of one column to two of its values", lambda g: len(g) == 1),
    ] = {}
    expect: Annotated[str, _one_of("more", "less")] = ""
    counts_from: Annotated[float, number(0, 1, limit=1)] = 0.0  # 1 is the largest effect of most


class Reading(Tested):
    """Another defensible way to ask the same."""

    reading: Text
    exploratory: Truth = False
    differs: Annotated[str, _one_of(*DIFFERS)]


class Control(Tested):
    """Something of which it is known whether the claim's measure must find it."""

    control: Text
    must: Annotated[str, _one_of("fail", "pass")]


class Claim(Tested):
    """A claim, its test, its readings and controls; or why it has none."""

    words: ClassVar[str] = "a mapping with a claim and its test, or why it has none (untestable)"

    claim: Text
    of: Annotated[str, _one_of("original", "ours")] = "original"
    hypothesis: Text = ""
    untestable: Text = ""
    readings: Annotated[
        dict[str, Reading], Named("a mapping of names to other readings", _NAMES, empty=True)
    ] = {}
    controls: Annotated[
        dict[str, Control], Named("a mapping of names to controls", _NAMES, empty=True)
    ] = {}


class Reported(Knobs):
    """What is compared with the published figures of an experiment."""

    words: ClassVar[str] = "a mapping with table, by, measures, variants"

    table: Text
    where: Where = {}
    by: Columns
    measures: Columns
    told: Columns = []  # figures that are told on the page and not tested
    variants: Annotated[
        dict[str, Where],
        Named("a mapping of as meant and as run to columns with a text or a number each", _VARIANT),
    ]


class Single(Knobs):
    """An order of single runs; how likely is it that others come out in it?"""

    words: ClassVar[str] = "a mapping with says, of, experiment, table, measure, column, order"

    says: Text
    of: Annotated[str, _one_of("order", "conclusion")]
    experiment: Text
    table: Text
    where: Where = {}
    measure: Annotated[str, Allowed("an expression of columns", _is_expression)]
    never: Truth = False
    column: Text
    order: Annotated[
        list[Annotated[list[Annotated[Any, Allowed("a text or a number", _is_value)]],
                       Allowed("a list of values of the column", bool)]],
        Allowed("a list of two groups or more", lambda groups: len(groups) > 1),
    ]  # fmt: skip


class ClaimsFile(Knobs):
    """The file."""

    words: ClassVar[str] = "a mapping with claims, reported and single_runs"

    claims: Annotated[dict[str, Claim], Named("a mapping of names to claims", _TEXT, empty=True)]
    reported: Annotated[
        dict[str, Reported],
        Named("a mapping of experiments to what is reported of them", _TEXT, empty=True),
    ]
    single_runs: Annotated[
        dict[str, Single], Named("a mapping of names to orders of single runs", _NAMES, empty=True)
    ] = {}


def errors(claims: Any, published: Any, tables: Collection[tuple[str, str]]) -> list[str]:
    """All that is wrong with the two files: file, path, what was given, what is allowed; in lines.

    claims, published : their content
    tables : experiment and name of every table that there can be
    """
    try:
        validate(ClaimsFile, claims)
    except NotAllowed as error:
        return [f"{FILE}: {line}" for line in error.lines]
    lines = [
        *(line for name, claim in claims["claims"].items() for line in _of_claim(name, claim)),
        *_of_tables(claims, tables),
    ]
    lines = [f"{FILE}: {line}" for line in lines]
    known = {experiment for experiment, _ in tables}
    return lines + [
        f"{PUBLISHED}: {line}" for line in _of_figures(published, claims["reported"], known)
    ]


def _of_claim(name: str, claim: dict[str, Any]) -> Iterator[str]:
    """What a claim, or a measure beside it, lacks for its test."""
    if "untestable" in claim:
        return
    path = f"claims.{name}"
    needed = [*_NEEDED, *TESTS.get(claim.get("test", ""), ())]
    for key in needed:
        if key not in claim:
            yield f"{path}.{key}: missing, allowed: a value, for a claim that is tested needs it"
    for kind in OVERLAYS:
        for other, own in claim.get(kind, {}).items():
            for key in TESTS[own["test"]] if "test" in own else ():
                if key not in {**claim, **own}:
                    where = f"{path}.{kind}.{other}.{key}"
                    yield f"{where}: missing, allowed: a value, for the test {own['test']}"


def _of_tables(claims: dict[str, Any], tables: Collection[tuple[str, str]]) -> Iterator[str]:
    """Experiments and tables that there cannot be."""
    named = {f"reported.{name}": (name, own["table"]) for name, own in claims["reported"].items()}
    for name, own in claims.get("single_runs", {}).items():
        named[f"single_runs.{name}"] = (own["experiment"], own["table"])
    for name, claim in claims["claims"].items():
        for key, entry in asked(claim).items():
            path = f"claims.{name}.{key}".rstrip(".")
            if "experiment" in entry and "table" in entry:
                named[path] = (entry["experiment"], entry["table"])
    for path, (experiment, table) in named.items():
        of_experiment = sorted(t for e, t in tables if e == experiment)
        if not of_experiment:
            allowed = ", ".join(sorted({e for e, _ in tables}))
            key = "" if path.startswith("reported.") else ".experiment"
            yield f"{path}{key}: {as_yaml(experiment)} given, allowed: one of {allowed}"
        elif table not in of_experiment:
            allowed = ", ".join(of_experiment)
            yield f"{path}.table: {as_yaml(table)} given, allowed: one of {allowed}"


def _of_figures(
    published: Any, templates: dict[str, Any], experiments: Collection[str]
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
            known = [*template["measures"], *template.get("told", [])]
            yield from _of_branch(str(experiment), tree, template["by"], known)


def _of_branch(path: str, tree: Any, levels: list[str], measures: list[str]) -> Iterator[str]:
    if not isinstance(tree, dict):
        allowed = f"a mapping by {levels[0]}" if levels else f"figures of {', '.join(measures)}"
        yield f"{path}: {as_yaml(tree)} given, allowed: {allowed}"
        return
    for key, branch in tree.items():
        where = f"{path}.{key}"
        if levels:
            yield from _of_branch(where, branch, levels[1:], measures)
        elif key not in measures:
            yield f"{where}: unknown key, allowed: {', '.join(measures)}"
        elif not _is_number(branch):
            yield f"{where}: {as_yaml(branch)} given, allowed: a finite number"
