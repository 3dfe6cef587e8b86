"""What every step shares: the package of its own tree, arguments, one-line errors.

Imported first by every script, before NumPy: it decides which package is used, which pins how
numerical libraries compute (``latentlab.arithmetic``), the same in a workflow and alone in a shell.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# never an installed package: with a shared environment that may be the code of another tree
sys.path.insert(0, str(ROOT / "src"))

import latentlab

if Path(latentlab.__file__).resolve().parents[2] != ROOT:
    sys.exit(f"{sys.argv[0]}: latentlab comes from {latentlab.__file__}, not from this tree")


def arguments(doc: str | None, argv: Sequence[str], *paths: str) -> argparse.Namespace:
    """Parse ``--settings FILE`` (where the step has settings) and a ``--<name> PATH`` each.

    A name that ends in ``?`` may have no path, then it is None. Settings come back decoded. What
    grows with the number of cells is in their file or in a folder, never on the command line,
    which has an end.
    """
    parser = argparse.ArgumentParser(description=doc, allow_abbrev=False)
    parser.add_argument("--settings", type=settings, help="the step's parameters, a JSON file")
    for name in paths:
        option = "--" + name.rstrip("?").replace("_", "-")
        parser.add_argument(option, type=Path, required=True, nargs="?" if "?" in name else None)
    return parser.parse_args(argv)


def settings(path: str) -> Any:
    """The content of a file of settings. Raises ArgumentTypeError where it cannot be read."""
    try:
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not JSON"
        raise argparse.ArgumentTypeError(f"{path}: {reason}: run snakemake again") from None


def run(main: Callable[[Sequence[str]], None]) -> None:
    """Run a script's main. What goes wrong ends in one clear line and exit code 1.

    The workflow sends stderr to the step's log, and shows of a step that fails what its log ends
    with (support/progress.py). Where Snakemake's own words are asked for, and on a cluster, the
    line is on stdout as well. A fault of the program leaves its trace in the log.
    """
    try:
        main(sys.argv[1:])
        log(f"{time.process_time():.2f} s of processor")  # benchmarks/study.py reads it
        return
    except (latentlab.StudyError, OSError) as error:
        line = str(error)
    except KeyboardInterrupt:
        line = "interrupted"
    except Exception as error:
        traceback.print_exc()
        line = f"{type(error).__name__}: {error} (a fault of the program: its log has the trace)"
    log(f"{Path(sys.argv[0]).name}: {line}")
    if not os.path.sameopenfile(1, 2):
        print(f"{Path(sys.argv[0]).name}: {line}", flush=True)
    sys.exit(1)


def log(line: str) -> None:
    """Show progress, or where a step goes wrong, in its log."""
    print(line, file=sys.stderr, flush=True)


def log_epoch(cell: str, epoch: int, epochs: int, row: Mapping[str, float]) -> None:
    """Show the progress of a long training: one line in ten epochs, so that no log fills up.

    stderr is the log, whose last line a run shows of each job at work; where the step runs alone
    in a terminal, and its log elsewhere, the line goes there as well.
    """
    if epoch % max(1, epochs // 10) == 0 or epoch == epochs:
        line = f"epoch {epoch} of {epochs}: " + ", ".join(f"{k} {v:.4f}" for k, v in row.items())
        log(line)
        if sys.stdout.isatty():
            print(f"{cell}: {line}", flush=True)
