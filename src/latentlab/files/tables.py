"""Tables and metrics on disk, the same bytes for the same content, whole or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab import StudyError
from latentlab.files.arrays import replacing


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV: no index, shortest floats that read back the same, ``\\n``."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read a table that ``write_csv`` wrote; floats come back exactly as they were.

    Only an empty field is missing: a font named NA or a letter "nan" is text.
    """
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _python_value(value: object) -> object:
    """NumPy scalars as Python's; what JSON cannot hold (NaN, infinity) as null."""
    if isinstance(value, dict):
        return {str(key): _python_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_python_value(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(content: object, path: str | Path) -> None:
    """Write JSON with sorted keys; NaN and infinity become null."""
    text = json.dumps(_python_value(content), indent=2, sort_keys=True, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file. Raises StudyError that names the file where it is damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise StudyError(f"{path}: not valid JSON: {error}") from None
