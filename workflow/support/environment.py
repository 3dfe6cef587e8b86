"""The environment that jobs inherit, and a record of it beside the logs."""

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "PJRT_NPROC",
)


def prepare() -> None:
    """One ``python``, the one that runs Snakemake, and one thread in JAX.

    Snakemake and ``scripts/step.py`` see to OMP_NUM_THREADS and its like; JAX heeds PJRT_NPROC
    alone, and with more threads it adds in another order, which gives other bytes.
    """
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["PJRT_NPROC"] = "1"


def _processor() -> str:
    """The processor's name, where the system tells it (Linux); else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def describe() -> dict[str, object]:
    """What a result may depend on beyond parameters, data and code; no host, user or path."""
    found = {package.metadata["Name"]: package.version for package in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": {"job": 1, **{name: os.environ[name] for name in THREADS if name in os.environ}},
        "packages": dict(sorted(found.items(), key=lambda item: item[0].lower())),
    }


def record(path: Path) -> None:
    """Write ``describe()`` as JSON: for the reader, outside everything that is hashed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(describe(), indent=2) + "\n")
    temporary.replace(path)
