"""What public docstrings say: shapes of arrays, errors raised. That there are any asks ruff."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src/latentlab"
ARRAY = re.compile(r"\b(Array|Numbers|Bytes|Integers|Booleans|ndarray)\b")
SHAPE = re.compile(r"\((\.\.\.|[\w*+. ]+,[\w*+., ]*)\)")  # "(letters, pixels)", "(n,)", "(...)"
ELSEWHERE = re.compile(r"[Ss]hapes as (?:for ``|there)|the rest as ``")


def functions():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
                continue
            for function in inside:
                if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                    yield pytest.param(function, id=f"{path.stem}.{function.name}")


def annotations(function):
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return [ast.unparse(a.annotation) for a in arguments if a.annotation] + [
        ast.unparse(function.returns) if function.returns else ""
    ]


@pytest.mark.parametrize("function", list(functions()))
def test_a_docstring_gives_shapes_and_errors(function):
    """A function of arrays gives a shape, or names the function that has the same."""
    text = " ".join((ast.get_docstring(function) or "").split())
    if any(ARRAY.search(annotation) for annotation in annotations(function)):
        assert SHAPE.search(text) or ELSEWHERE.search(text)
    raised = {
        node.exc.func.id
        for node in ast.walk(function)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    assert not {name for name in raised if name not in text}
