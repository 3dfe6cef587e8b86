"""A digest of the code that a script runs, so that editing code reruns exactly its users.

Snakemake compares a rule's scripts by modification time (a checkout would retrain) and
never looks at the modules they import. The digest covers the syntax trees, without
docstrings and comments, of the script and of every local module it imports, transitively;
and what else decides the results: the locked packages and Python's minor version.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from support import locked

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def _tree(path: Path) -> ast.Module:
    return _parsed(path.read_bytes(), str(path))


def _parsed(text: bytes, name: str) -> ast.Module:
    """The syntax tree of a module without docstrings; bytes, for it may name an encoding."""
    tree = ast.parse(text, name)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def same_code(before: bytes, now: bytes) -> bool:
    """Whether two texts of a module run alike: another comment or docstring changes nothing."""
    try:
        return ast.dump(_parsed(before, "before")) == ast.dump(_parsed(now, "now"))
    except (SyntaxError, ValueError):
        return False


def _imported_names(tree: ast.Module, package: str, unused: frozenset[str]) -> Iterator[str]:
    """Dotted names that a module may import, inside functions too; and names in strings.

    A string that spells a dotted name ("package.module") counts as an import, so that modules
    loaded by name when they are used are seen; but for those that are known to stay unused.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{parent}.{base}".rstrip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = node.value.split(".")
            named = len(parts) > 1 and all(part.isidentifier() for part in parts)
            if named and node.value not in unused:
                yield node.value


def _file(name: str, folders: tuple[Path, ...]) -> Path | None:
    for folder in folders:
        stem = folder.joinpath(*name.split("."))
        for path in (stem / "__init__.py", stem.with_suffix(".py")):  # as Python looks
            if path.is_file():
                return path
    return None


@cache  # every script imports many of the same modules
def _local_imports(
    path: Path, folders: tuple[Path, ...], unused: frozenset[str]
) -> tuple[Path, ...]:
    home = next(folder for folder in folders if path.is_relative_to(folder))
    package = ".".join(path.parent.relative_to(home).parts)
    names = {
        ".".join(parts[:end])  # importing a.b runs a/__init__.py too
        for parts in (name.split(".") for name in _imported_names(_tree(path), package, unused))
        for end in range(1, len(parts) + 1)
    }
    return tuple(file for name in sorted(names) if (file := _file(name, folders)) is not None)


def local_modules(
    script: Path, folders: tuple[Path, ...], unused: frozenset[str] = frozenset()
) -> list[Path]:
    """The script and all local files it imports, transitively, sorted.

    unused : modules that a table in one file names as strings, and that are not loaded from it.
        They count all the same where another file names them as well, or where what is loaded from
        that table comes back to it: such a module may load any of them by itself
    """
    reached = _reached((script,), folders, unused)
    tables = {name: [path for path in reached if name in _texts(path)] for name in unused}
    for name, files in tables.items():
        if len(files) != 1 or _comes_back(files[0], folders, unused):
            unused -= {name}
    return sorted(_reached((script,), folders, unused))


def _reached(start: Iterable[Path], folders: tuple[Path, ...], unused: frozenset[str]) -> set[Path]:
    """These files and what they import, transitively."""
    modules, waiting = set(start), list(start)
    while waiting:
        for path in _local_imports(waiting.pop(), folders, unused):
            if path not in modules:
                modules.add(path)
                waiting.append(path)
    return modules


@cache
def _texts(path: Path) -> frozenset[str]:
    """The strings in a file."""
    constants = (node.value for node in ast.walk(_tree(path)) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


@cache
def _comes_back(table: Path, folders: tuple[Path, ...], unused: frozenset[str]) -> bool:
    """Whether a module that is named in this file, and used, imports it."""
    files = (_file(name, folders) for name in _texts(table) - unused if "." in name)
    loaded = {file for file in files if file is not None} - {table}
    return table in _reached(loaded, folders, unused)


# cached, so that what is recorded when a job ends is of the code that was there at the start
@cache
def code_digest(
    script: Path,
    root: Path,
    packages: tuple[str, ...] = ("src",),
    messages: bool = True,
    unused: frozenset[str] = frozenset(),
) -> str:
    """Digest, 16 hexadecimal digits, of what a script of the project at ``root`` runs.

    packages : the folders below ``root`` where local modules are looked for, besides the script's
    messages : whether what errors are told counts; not for a script whose results hold no text
    unused : modules that are loaded by name, and not by this job (``local_modules``)
    """
    folders = (script.parent, *(root / folder for folder in packages))
    lock = root / "requirements.lock"
    digest = hashlib.sha256(b"%d.%d" % sys.version_info[:2])
    # not the bytes: a wheel more for another system is a hash more of the same release
    digest.update(repr(locked.entries(lock)).encode())
    for path in local_modules(script, folders, unused):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(_dump(path, messages).encode())
    for path in _strays(folders, lock):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def is_code(path: Path) -> bool:
    """Whether a file below a folder of code may decide what runs: no backup, nothing compiled."""
    return not path.name.startswith(".") and not path.name.endswith((".pyc", *_BACKUPS))


_BACKUPS = ("~", ".swp", ".orig", ".rej", ".bak", ".tmp")  # of editors and merges


@cache
def _strays(folders: tuple[Path, ...], lock: Path) -> tuple[Path, ...]:
    """What no import of ours shows, and yet may decide what runs, sorted; none where all is well.

    Compiled modules and data beside the modules; modules that stand before those of the same name
    in Python's library, or in a package of the lock, which import each other.
    """
    pins = {name.replace("-", "_") for name, _, _ in locked.entries(lock)}
    modules = set()
    for folder in folders:
        files = (path for path in folder.rglob("*") if path.is_file())
        modules |= {path for path in files if path.suffix != ".py" and is_code(path)}
        for path in folder.iterdir():
            if path.stem in sys.stdlib_module_names or path.stem in pins:
                modules |= {path} if path.is_file() else set(path.rglob("*.py"))
    return tuple(sorted(modules))


class _Untold(ast.NodeTransformer):
    """Takes from every call of a name that ends in ``Error`` what it is called with."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
        if (name.id if isinstance(name, ast.Name) else str(name)).endswith("Error"):
            return ast.Call(node.func, [], [])
        return self.generic_visit(node)


@cache
def _dump(path: Path, messages: bool) -> str:
    tree = _tree(path)
    return ast.dump(tree if messages else _Untold().visit(copy.deepcopy(tree)))
