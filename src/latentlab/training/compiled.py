# mypy: ignore-errors
# (what numba compiles has numba's types, which annotations cannot say)
"""How the trainings of letter networks are compiled, and the cache of compiled code.

One digest names the folder of all compiled code (``cache_folder``), because numba itself notices
edits of an entry point's own file only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llvmlite import binding

from latentlab import arithmetic

with arithmetic.apart():
    import numba
    from numba.core.caching import Cache, CompileResultCacheImpl
    from numba.core.caching import _CacheLocator as Locator
    from numba.core.caching import _SourceFileBackedLocatorMixin as SourceStamp
numba.core.config._config_fname = os.devnull  # it looks again whenever it compiles

SOURCES = (
    "compiled.py",
    "vectors.py",
    "kernels.py",
    "gradient_kernels.py",
    "descent_kernels.py",
    "lbfgs_kernels.py",
)
"""The modules, beside this one, that compiled code is made of."""

# without reference counts and without doors from Python: half the code to compile
_OPTIONS = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
jit = numba.njit(no_cpython_wrapper=True, **_OPTIONS)
inline = numba.njit(no_cpython_wrapper=True, inline="always", **_OPTIONS)


def entry(function: Callable) -> Any:
    """Compile a function that Python calls, with all that it calls, into the cache."""
    dispatcher = numba.njit(**_OPTIONS)(function)
    dispatcher._cache = _FolderCache(function)
    return dispatcher


def cache_folder() -> Path:
    """Where compiled code is kept; the name ends in a digest of what it was compiled from.

    The parent is the environment variable LATENTLAB_CACHE, else ``.cache/numba`` at the
    project's root. The digest covers ``SOURCES``, numba's version and the processor compiled for.
    """
    here = Path(__file__).resolve()
    given = os.environ.get("LATENTLAB_CACHE")
    parent = Path(given) if given else here.parents[3] / ".cache" / "numba"
    target = [
        numba.config.CPU_NAME or binding.get_host_cpu_name(),
        numba.config.CPU_FEATURES or binding.get_host_cpu_features().flatten(),
    ]
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update(hashlib.sha256(here.with_name(name).read_bytes()).digest())
    digest.update(repr((numba.__version__, target)).encode())
    return parent / f"kernels-{digest.hexdigest()[:16]}"


class _Locator(SourceStamp, Locator):
    """numba's door to a folder of our own; one that cannot be written is still read."""

    def __init__(self, py_func: Callable, py_file: str) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno
        self._path = str(cache_folder())

    def get_cache_path(self) -> str:
        return self._path

    @classmethod
    def from_function(cls, py_func: Callable, py_file: str) -> _Locator:
        return cls(py_func, py_file)


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _FolderCache(Cache):
    """A cache that compiles in memory where the folder can be neither read nor written."""

    _impl_class = _Implementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except (OSError, EOFError, ValueError):
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
