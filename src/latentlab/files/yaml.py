"""YAML files, read strictly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from latentlab import StudyError

MAX_BYTES = 1 << 20


class ParamsError(StudyError):
    """Parameters that are not allowed: the message has one line an error."""


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
    try:
        return YAML(typ="safe", pure=True).load(text)
    # ruamel asserts too, and takes a mapping for a key
    except (YAMLError, ValueError, TypeError, AssertionError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or type(error).__name__
        reason = " ".join(str(reason).split())  # it may quote what is over several lines
        raise ParamsError(f"{path}: {line}not valid YAML: {reason}") from None
