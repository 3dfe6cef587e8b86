"""What a process must have in its environment before NumPy, JAX and the like are imported.

Libraries choose their kernels by the processor they find, and read dozens of variables and files
that a shell, a cluster or a notebook may have set. ``pin`` clears all of that and sets what makes
results the same bytes on every x86-64 processor with AVX2 and FMA. ``import latentlab`` calls it.
Measured: docs/reproducibility.md.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Collection, MutableMapping
from functools import cache
from pathlib import Path

# values that fit every processor
_XLA = (
    # exp, tanh and their like by formulas that give the same on every processor
    "--xla_cpu_enable_platform_dependent_math=false",
    # XNNPACK chooses its kernels of matrix products by the processor, when it runs
    "--xla_cpu_use_xnnpack=false",
)
ANYWHERE = {
    "XLA_FLAGS": " ".join(_XLA),
    # JAX: one thread; more add in another order (it heeds no other variable)
    "PJRT_NPROC": "1",
    # the others: one thread, since jobs run side by side; sums of several threads have other bits
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "GOTO_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # draws into files; a notebook's backend is not there in a job
    "MPLBACKEND": "agg",
    # no font but Matplotlib's own
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    # the models are written for JAX
    "KERAS_BACKEND": "jax",
    # no folder, so a keras.json is neither read (precision, backend, epsilon) nor written
    "KERAS_HOME": os.devnull,
}
"""Set on every machine."""

X86 = {
    # at most AVX2's instructions in compiled code; alone it changes no byte, it bounds the speed
    "XLA_FLAGS": " ".join(("--xla_cpu_max_isa=AVX2", *_XLA)),
    # oneDNN, part of JAX, chooses kernels of matrix products by the processor; it knows two names
    "DNNL_MAX_CPU_ISA": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    # NumPy's AVX-512 loops of exp, log, pow differ from those of all others in the last bit; a
    # level that the processor lacks is ignored
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
"""Set on every x86-64 processor: bounds, which older ones are below."""

AVX2 = {
    # OpenBLAS has kernels for each processor, which add in different orders; this one needs AVX2
    # and FMA, elsewhere it is an illegal instruction
    "OPENBLAS_CORETYPE": "Haswell",
}
"""Set on x86-64 processors that have AVX2 and FMA."""

ARM64 = {
    # the kernels that every one of them has: OpenBLAS would choose by the processor, and its
    # products of float32 by SME were seen to be NaN (docs/reproducibility.md)
    "OPENBLAS_CORETYPE": "ARMV8",
}
"""Set on 64-bit ARM processors."""

_X86_NAMES = ("x86_64", "AMD64")
_ARM64_NAMES = ("aarch64", "arm64", "ARM64")

FAMILIES = (
    "BLIS_", "DNNL_", "FREETYPE_", "GLIBC_TUNABLES", "GOMP_", "GOTO_", "H5PY_", "HB_", "HDF5_",
    "JAX_", "JOBLIB_", "KERAS_", "KMP_", "LAPACKE_", "LIBTPU_", "LLVMLITE_", "LOKY_",
    "MATPLOTLIB", "MKL_", "MPL", "NPY_", "NUMBA_", "NUMEXPR_", "NUMPY_", "NVIDIA_TF32_OVERRIDE",
    "OMP_", "ONEDNN_", "OPENBLAS_", "PANDAS_", "PILLOW_", "PJRT_", "PRIMA_", "SCIKIT_LEARN_",
    "SCIPY_", "SKLEARN_", "SOURCE_DATE_EPOCH", "TBB_", "TF_CPP_", "TF_CUDNN_", "TF_ENABLE_",
    "TF_FORCE_", "TF_GPU_", "TF_XLA_", "TPU_", "TSL_", "VECLIB_", "XLA_",
)  # fmt: skip
"""How the names of variables begin that the libraries read, by which a step may fail or change."""

USERS = (
    # memory of a GPU that others use as well
    "XLA_CLIENT_MEM_FRACTION",
    "XLA_PYTHON_CLIENT_MEM_FRACTION",
    "XLA_PYTHON_CLIENT_PREALLOCATE",
    # set by JAX, Keras and scikit-learn themselves when they are imported; no result hangs on them
    "KMP_DUPLICATE_LIB_OK",
    "KMP_INIT_AT_FORK",
    "TF_CPP_MIN_LOG_LEVEL",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TPU_SKIP_MDS_QUERY",
)
"""Of those families, what stays as it is; and JAX_PLATFORMS=cpu. Which GPU is no family's."""


def instructions(described: str | Path = "/proc/cpuinfo") -> frozenset[str]:
    """The processor's instruction sets, as Linux names them; empty where it cannot be known."""
    try:
        with open(described, encoding="utf-8", errors="replace") as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(flags.partition(":")[2].split())


def same_bytes(machine: str, flags: Collection[str]) -> bool:
    """Whether a machine with these instruction sets gives the bytes of the committed results."""
    return machine in _X86_NAMES and {"avx2", "fma"} <= set(flags)


def variables(machine: str, flags: Collection[str]) -> dict[str, str]:
    """What is set on a machine (``platform.machine()``) with these instruction sets."""
    return {
        **ANYWHERE,
        **(X86 if machine in _X86_NAMES else {}),
        **(AVX2 if same_bytes(machine, flags) else {}),
        **(ARM64 if machine in _ARM64_NAMES else {}),
    }


def doubt(machine: str, flags: Collection[str]) -> str | None:
    """One line for a machine whose results may be others in their last digits; else None.

    Letter networks are in none of it but where noise is drawn anew: their kernels add in one order.
    """
    if same_bytes(machine, flags):
        return None
    line = (
        f"this processor ({machine}) has no AVX2 and FMA that could be found: image models,"
        " denoisers with redrawn noise, least squares and principal components may differ from"
        " the committed results in their last digits"
    )
    if machine in _X86_NAMES and flags and "avx" not in flags:
        line += "; it has no AVX, which JAX asks for: the first two cannot be trained here"
    return line


@cache
def this_machine() -> tuple[str, frozenset[str]]:
    """This machine, for the functions above."""
    return platform.machine(), instructions()


def matplotlib_folder() -> Path | None:
    """Where Matplotlib keeps its list of fonts: in the project, not in the user's home.

    Beside compiled code where LATENTLAB_CACHE says so; None where it cannot be written.
    """
    variable = os.environ.get("LATENTLAB_CACHE")
    parent = Path(variable) if variable else Path(__file__).resolve().parents[2] / ".cache"
    folder = parent.absolute() / "matplotlib"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def pinned_variables() -> dict[str, str]:
    """All that is set in this process."""
    folder = matplotlib_folder()
    return variables(*this_machine()) | ({} if folder is None else {"MPLCONFIGDIR": str(folder)})


def _strays(environ: MutableMapping[str, str], exempt: Collection[str]) -> list[str]:
    """The names of set variables of the families that may not stay."""
    return [
        name
        for name, value in environ.items()
        if name.startswith(FAMILIES)
        and name not in (*USERS, *exempt)
        and (name, value) != ("JAX_PLATFORMS", "cpu")
    ]


def pin(environ: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """Remove what may change or break a step, and set what is ``pinned_variables``.

    Returns what was set otherwise before, by name; MPLCONFIGDIR, a mere place, aside. A second
    call finds nothing.
    """
    pinned = pinned_variables()
    overruled = {name: environ.pop(name) for name in _strays(environ, pinned)}
    overruled |= {k: environ[k] for k, v in pinned.items() if environ.get(k, v) != v}
    environ.update(pinned)
    overruled.pop("MPLCONFIGDIR", None)  # that of another tree, say, from which this one is run
    return dict(sorted(overruled.items()))


def apart() -> contextlib.chdir[Path]:
    """A context in which to import libraries that read files of the working directory.

    A matplotlibrc or a .numba_config.yaml lying in the project would change or break a step.
    """
    return contextlib.chdir(Path(__file__).parent)


def late_import(environ: MutableMapping[str, str] = os.environ) -> str | None:
    """One line where NumPy or JAX is there already and chose its kernels without ``pin``."""
    later = ("MATPLOTLIB", "MPL", "KERAS_")  # of no matter to these two
    required = {k: v for k, v in variables(*this_machine()).items() if not k.startswith(later)}
    pinned = all(environ.get(name) == value for name, value in required.items())
    strays = [name for name in _strays(environ, required) if not name.startswith(later)]
    loaded = [name for name in ("numpy", "jax") if name in sys.modules]
    if not loaded or (pinned and not strays):
        return None
    return (
        f"{' and '.join(loaded)} imported before latentlab: results may differ from the committed"
        " ones in their last digits; import latentlab first"
    )
