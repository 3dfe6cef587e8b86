"""The environment that jobs inherit, and a record of it beside the logs."""

from __future__ import annotations

import json
import os
import platform
import site
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path

# what a shell started for a job would read or do first: a file of the user's, an option such as
# noexec, a folder to look in, programs not to see, an option of grep
SHELLS = ("BASH_ENV", "BASHOPTS", "CDPATH", "ENV", "EXECIGNORE", "GREP_OPTIONS", "SHELLOPTS")

# of variables named like Python's, those that stay: where compiled modules go, how soon a line is
# written; and what an image of a container says of the Python in it
PYTHONS = (
    "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED",
    "PYTHON_GET_PIP_", "PYTHON_PIP_VERSION", "PYTHON_SETUPTOOLS_VERSION", "PYTHON_SHA256",
    "PYTHON_VERSION",
)  # fmt: skip

# loaded into every process, and a machine may need them: named, not touched
LOADERS = ("LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD")

_overruled: set[str] = set()


def _may_hurt(name: str) -> bool:
    """Whether a variable may change what a job's Python or shell runs, or that it ends."""
    if name.startswith("PYTHON"):
        return not name.startswith(PYTHONS)
    # an exported function may stand for a program
    return name in SHELLS or name.startswith("BASH_FUNC_")


def prepare(pin: Callable[[], Iterable[str]] | None = None) -> None:
    """One ``python``, the one that runs Snakemake, in a clean environment that is pinned.

    What the user has set otherwise is remembered for ``overruled_line`` and ``record``.

    pin : sets the variables of which the study's results would else depend; returns the names of
        those that were set otherwise
    """
    if pin is not None:
        _overruled.update(pin())
    _forget_other_packages()
    for name in [name for name in os.environ if _may_hurt(name)]:
        if (name, os.environ.pop(name)) not in (("PYTHONUTF8", "1"), ("PYTHONNOUSERSITE", "1")):
            _overruled.add(name)
    os.environ["PYTHONUTF8"] = "1"  # text in a log is no matter of the locale
    if not site.ENABLE_USER_SITE:  # packages of the user's home that this process does not see
        os.environ["PYTHONNOUSERSITE"] = "1"
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def _forget_other_packages() -> None:
    """Take PYTHONPATH's folders off this process's path: what its checks import is the jobs'.

    One of each, the last: the Snakefile may have put the same folder before it.
    """
    value, own = os.environ.get("PYTHONPATH"), set(sysconfig.get_paths().values())
    began = os.environ.get("PWD", "")  # --directory has led elsewhere since
    for folder in value.split(os.pathsep) if value else ():
        names = {os.path.abspath(os.path.join(place, folder)) for place in ("", began)} - own
        if found := [i for i, entry in enumerate(sys.path) if entry in names]:
            del sys.path[found[-1]]


def overruled_line() -> str | None:
    """One line on the variables that this run does not take as they were; None without any."""
    lines = []
    if _overruled:
        lines.append(f"set otherwise for this run: {', '.join(sorted(_overruled))}")
    if names := [name for name in LOADERS if os.environ.get(name)]:
        lines.append(f"left as set, though results may hang on it: {', '.join(names)}")
    return f"{'; '.join(lines)} (see logs/environment.json)" if lines else None


def _processor() -> str:
    """The processor's name, where the system tells it (Linux); else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


_ASK = """
import json, numpy, scipy.linalg, threadpoolctl
found = threadpoolctl.threadpool_info()
print(json.dumps({f"{i['internal_api']} {i['version']}": i.get("architecture") for i in found}))
"""


def _kernels() -> dict[str, str | None]:
    """Linear algebra in a process started as jobs are: library, and the processor it takes."""
    process = subprocess.run([sys.executable, "-c", _ASK], stdout=subprocess.PIPE, text=True)
    return dict(json.loads(process.stdout)) if process.returncode == 0 else {}


def describe(facts: Mapping[str, object]) -> dict[str, object]:
    """What a result may depend on beyond parameters, data and code; no host, user or path.

    facts : what the study itself adds
    """
    versions = {package.metadata["Name"]: package.version for package in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "linear_algebra": _kernels(),
        "cores": os.cpu_count(),
        **facts,
        "overruled": sorted(_overruled),
        "packages": dict(sorted(versions.items(), key=lambda item: item[0].lower())),
    }


def record(path: Path, facts: Mapping[str, object]) -> None:
    """Write ``describe(facts)`` as JSON: for the reader, outside everything that is hashed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(describe(facts), indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
