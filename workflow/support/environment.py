"""The environment that jobs inherit."""

import os
import sys
from pathlib import Path


def use_this_python() -> None:
    """Make a job's ``python`` the one that runs Snakemake, activated environment or not."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
