"""Break the package on purpose, one place at a time, and see whether a test notices.

    python tests/mutants.py data/noise measures/metrics [--every 3] [--seed 0]

For every module, each place where one of ``CHANGES`` applies gives a mutant: the module with that
place changed, in a copy of the project, on which the tests in ``TESTS`` run until the first one
fails. A mutant that no test notices survives and is printed with its line: look at it. With --every
n a random n-th of the places is tried.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from project import copy_project

TESTS = {
    "data/noise": ["data/test_noise"],
    "measures/inference": ["measures/test_inference"],
    "measures/metrics": ["measures/test_metrics"],
    "experiments/conclusions/evidence": ["experiments/test_conclusions"],
    "experiments/conclusions/tables": ["experiments/test_conclusions"],
    "training/powell": ["training/test_powell", "training/test_powell_compiled"],
}
SECONDS = 300
"""A mutant whose tests take longer has been noticed: it no longer ends."""

_OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.USub: ast.UAdd,
}  # fmt: skip


def changed(node: ast.AST) -> ast.AST | None:
    """The node with its operator, comparison or number changed; None where there is none."""
    other = copy.deepcopy(node)
    if isinstance(other, ast.BinOp | ast.BoolOp | ast.AugAssign | ast.UnaryOp):
        kind = _OPERATORS.get(type(other.op))
        if kind is None:
            return None
        other.op = kind()
    elif isinstance(other, ast.Compare) and type(other.ops[0]) in _OPERATORS:
        other.ops[0] = _OPERATORS[type(other.ops[0])]()
    elif isinstance(other, ast.Constant) and type(other.value) in (int, float):
        other.value += 1
    elif isinstance(other, ast.Constant) and isinstance(other.value, bool):
        other.value = not other.value
    else:
        return None
    return other


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, what is changed into what, and the whole source, of every mutant of a module."""
    tree = ast.parse(source)
    annotations = {
        id(part)
        for node in ast.walk(tree)
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(note, ast.AST)
        for part in ast.walk(note)
    }
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            for index, node in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(node, ast.expr | ast.AugAssign) or id(node) in annotations:
                    continue
                other = changed(node)
                if other is None:
                    continue
                holder, key = (value, index) if isinstance(value, list) else (vars(parent), name)
                holder[key] = other
                told = f"{ast.unparse(node)}  ->  {ast.unparse(other)}"
                yield node.lineno, told, ast.unparse(tree)
                holder[key] = node


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="+", choices=TESTS)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        for module in args.modules:
            path = project.root / f"src/latentlab/{module}.py"
            source = path.read_text(encoding="utf-8")
            tests = [f"tests/unit/{name}.py" for name in TESTS[module]]
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", *tests]
            result = list(mutants(source))
            tried = random.Random(args.seed).sample(result, -(-len(result) // args.every))
            killed = 0
            for line, told, text in sorted(tried):
                path.write_text(text, encoding="utf-8")
                try:
                    run = subprocess.run(
                        command,
                        cwd=project.root,
                        env=environment,
                        capture_output=True,
                        timeout=SECONDS,
                    )
                    noticed = run.returncode != 0
                except subprocess.TimeoutExpired:
                    noticed = True
                killed += noticed
                if not noticed:
                    print(f"{module}.py:{line}: survived: {told}", flush=True)
            path.write_text(source, encoding="utf-8")
            survived += len(tried) - killed
            print(f"{module}: {killed} of {len(tried)} mutants noticed, of {len(result)} places")
    sys.exit(survived > 0)


if __name__ == "__main__":
    main()
