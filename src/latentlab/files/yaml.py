"""YAML files, read strictly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.parser import ParserError
from ruamel.yaml.scanner import ScannerError

from latentlab import StudyError

MAX_BYTES = 1 << 20
_SHOWN = 60  # characters of a value in a message


class ParamsError(StudyError):
    """Parameters that are not allowed: the message has one line an error."""


# what ruamel's parts raise beside its own errors: asserts fail, a mapping is taken for a key
_OTHERS = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError)


class _Constructor(SafeConstructor):
    """ruamel's, which says the line of what Python cannot read: 5,000 digits, a 31st of June."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """The value of a node. Raises ConstructorError."""
        try:
            return super().construct_object(node, deep=deep)
        except _OTHERS as error:
            kind = str(node.tag).rpartition(":")[2]
            value = f"{_cut(node.value)!r} " if isinstance(node.value, str) else ""
            reason = f"{value}cannot be read as {kind}"
            raise ConstructorError(None, None, reason, node.start_mark) from error


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _reason(error: Exception) -> str:
    """What is wrong, in a few words; of a quote without an end, where it begins too."""
    if isinstance(error, RecursionError):
        return "lists or mappings in one another, too deep"
    if not isinstance(error, MarkedYAMLError):
        return str(error) if isinstance(error, YAMLError) else type(error).__name__
    if isinstance(error, ComposerError):
        return f"{error.context or ''} {error.problem}"
    start, end = error.context_mark, error.problem_mark
    if isinstance(error, ScannerError | ParserError) and start and start.line < end.line:
        return f"{error.problem} ({error.context} from line {start.line + 1})"
    return str(error.problem)


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML 1.2 file as plain Python values, without aliases or tags.

    Raises ParamsError where the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text in UTF-8"
        raise ParamsError(f"{path}: {reason}") from None
    if len(text) > MAX_BYTES:
        raise ParamsError(f"{path}: {len(text)} characters, at most {MAX_BYTES} are read")
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except (YAMLError, RecursionError, *_OTHERS) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        reason = " ".join(_reason(error).split())  # it may quote what is over several lines
        raise ParamsError(f"{path}: {line}not valid YAML: {reason}") from None
