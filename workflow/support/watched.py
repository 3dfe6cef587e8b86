"""Whether DVC watches the files that parameters name: a stage's ``deps`` are kept by hand."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from support.by_content import file_digest

_PLACE = re.compile(r"\$\{([\w.-]+)\}")


def _filled(text: str, params: Mapping[str, Any]) -> str:
    """A text of ``dvc.yaml`` with its ``${data.fonts}`` and the like filled in from parameters."""

    def value(match: re.Match[str]) -> str:
        found: Any = params
        for key in match[1].split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return match[0] if found is None else str(found)

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


def unwatched(files: Iterable[Path], watched: Iterable[str], root: Path) -> Iterator[Path]:
    """The folders of ``files`` whose changes DVC would not see, each once; of one file, itself.

    DVC looks into a folder that a stage depends on, through links to files, not through links to
    folders below it: so real paths are compared.
    """
    known = [os.path.realpath(root / path) for path in watched]

    def is_known(path: Path) -> bool:
        real = os.path.realpath(path)
        return any(real == place or real.startswith(place.rstrip("/") + "/") for place in known)

    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault((root / file).parent, []).append(root / file)
    alone = sum(map(len, folders.values())) == 1
    for folder, inside in folders.items():
        if not is_known(folder) and not all(map(is_known, inside)):
            place = os.path.realpath(inside[0] if alone else folder)
            inner = os.path.relpath(place, os.path.realpath(root))
            yield Path(place if inner.startswith("..") else inner)


def fingerprint(path: Path) -> str:
    """Digest of the contents of everything that the stages of a ``dvc.yaml`` depend on.

    Of parameters too; results and image sets aside, which the stages themselves write.
    """
    yaml, folder = YAML(typ="safe", pure=True), path.parent
    params = yaml.load(folder / "params.yaml")
    places = {"params.yaml", path.name}
    for stage in yaml.load(path)["stages"].values():
        places |= set(dependencies(stage, params))
    digest = hashlib.sha256()
    for place in sorted(places - {"data/images"}):
        inside = sorted(p for p in (folder / place).rglob("*") if "__pycache__" not in p.parts)
        for file in [folder / place, *inside]:
            if file.is_file():
                digest.update(f"{file}\0{file_digest(file)}".encode())
    return digest.hexdigest()
