"""Whether DVC watches what a study reads, and can version what it writes: see ``dvc.yaml``."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from support.by_content import file_digest

_PLACE = re.compile(r"\$\{([\w.-]+)\}")


def _filled(text: str, params: Mapping[str, Any]) -> str:
    """A text of ``dvc.yaml`` with its ``${data.fonts}`` and the like filled in from parameters."""

    def value(match: re.Match[str]) -> str:
        entry: Any = params
        for key in match[1].split("."):
            entry = entry.get(key) if isinstance(entry, Mapping) else None
        return match[0] if entry is None else str(entry)

    return _PLACE.sub(value, text)


def dependencies(stage: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """The paths that a stage of ``dvc.yaml`` depends on, as its ``deps`` say them."""
    entries = stage.get("do", stage).get("deps", [])
    return [
        _filled(next(iter(entry)) if isinstance(entry, Mapping) else entry, params)
        for entry in entries
    ]


def inside_folders(path: Path) -> Iterator[Path]:
    """A file that may be, in every folder down to two below a path: an empty one may be filled."""
    for depth in ("*", "*/*"):
        yield from (entry / "any" for entry in path.glob(depth) if entry.is_dir())


def is_inside(path: Path, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders or below, through whatever links."""
    real = os.path.realpath(path) + "/"
    return any(real.startswith(os.path.realpath(folder).rstrip("/") + "/") for folder in folders)


def unwatched(files: Iterable[Path], watched: Iterable[str], root: Path) -> Iterator[Path]:
    """The folders of ``files`` whose changes DVC would not see, each once; of one file, itself.

    DVC looks into a folder that a stage depends on, through links to files, not through links to
    folders below it: so real paths are compared.
    """
    paths = [os.path.realpath(root / path) for path in watched]

    def is_known(path: Path) -> bool:
        real = os.path.realpath(path)
        return any(real == place or real.startswith(place.rstrip("/") + "/") for place in paths)

    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault((root / file).parent, []).append(root / file)
    alone = sum(map(len, folders.values())) == 1
    for folder, inside in folders.items():
        if not is_known(folder) and not all(map(is_known, inside)):
            place = os.path.realpath(inside[0] if alone else folder)
            inner = os.path.relpath(place, os.path.realpath(root))
            yield Path(place if inner.startswith("..") else inner)


def _read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


def _outputs(stages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The paths that stages of a ``dvc.yaml`` write, with their ``${...}`` as they stand."""
    for stage in (stage.get("do", stage) for stage in stages):
        for entry in (*stage.get("outs", []), *stage.get("metrics", [])):
            yield next(iter(entry)) if isinstance(entry, Mapping) else entry


def unreadable(path: Path, *needed: str) -> str | None:
    """One line where a ``dvc.yaml`` cannot be read, or lacks a stage that is needed; else None."""
    try:
        stages = _read(path)["stages"]
        for stage in stages.values():
            dependencies(stage, {})
    except (YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        return f"{path}: {line}not valid YAML: {getattr(error, 'problem', None) or error}"
    except (AttributeError, KeyError, TypeError):
        return f"{path}: no stages with lists of deps, as DVC has them; 'dvc stage list' says more"
    lacking = [name for name in needed if name not in stages]
    return f"{path}: no stage {' and no stage '.join(lacking)}" if lacking else None


def dependencies_of_all(path: Path) -> set[str]:
    """The paths that the stages of a ``dvc.yaml`` depend on, those aside that they write."""
    params, stages = _read(path.parent / "params.yaml"), _read(path)["stages"].values()
    places = {place for stage in stages for place in dependencies(stage, params)}
    outs = [f"{path}/" for path in _outputs(stages)]
    return {place for place in places if not any(out.startswith(f"{place}/") for out in outs)}


def fingerprint(path: Path) -> str:
    """Digest of the contents of everything that the stages of a ``dvc.yaml`` depend on.

    Of parameters too; what the stages write themselves aside.
    """
    folder, digest = path.parent, hashlib.sha256()
    for place in sorted(dependencies_of_all(path) | {"params.yaml", path.name}):
        files = sorted(p for p in (folder / place).rglob("*") if "__pycache__" not in p.parts)
        for file in [folder / place, *files]:
            if file.is_file():
                digest.update(f"{file}\0{file_digest(file)}".encode())
    return digest.hexdigest()


def linked(path: Path) -> Iterator[str]:
    """A line for each folder that is a link and holds an output of a ``dvc.yaml``.

    DVC versions nothing behind one; outputs may themselves be links.
    """
    outs = _outputs(_read(path)["stages"].values())
    folders = {folder: out for out in outs for folder in Path(out).parents}
    for folder in sorted(filter(os.path.islink, folders)):
        yield (
            f"{folder} is a link, and DVC versions nothing behind one: make it a folder, mount the"
            f" other disk there, or let the links be below it ({folders[folder]}, say);"
            " snakemake alone runs with it"
        )
