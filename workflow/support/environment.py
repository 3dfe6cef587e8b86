"""The environment that jobs inherit."""

import os
import sys
from pathlib import Path


def prepare() -> None:
    """One ``python``, the one that runs Snakemake, and one thread in JAX.

    OMP_NUM_THREADS and its like are Snakemake's business (``threads: 1``); JAX heeds PJRT_NPROC
    alone, and with more threads it adds in another order, which gives other bytes.
    """
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["PJRT_NPROC"] = "1"
