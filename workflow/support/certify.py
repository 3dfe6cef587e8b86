"""The last step of ``dvc repro``: refuse what is out of date, remove what is of the study no more.

DVC would take results of edits made during a run for results of the edited files. A bare
``snakemake`` never deletes; orphans would stay in what DVC versions.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":  # the folder above in place of this one, whose names are anybody's
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parent), *(path for path in sys.path if path != str(here))]

from support import graph, records, watched


class NotCertifiedError(ValueError):
    """Results are not of the files that lie here: the message is one line."""


def certify() -> list[str]:
    """Prune what is no part of the study in the working directory; the paths that were removed.

    Raises NotCertifiedError, GraphError.
    """
    before = watched.fingerprint(Path("dvc.yaml"))
    outputs = graph.outputs()
    stale = [path for path, state in outputs.items() if state != graph.UP_TO_DATE]
    if stale:
        raise NotCertifiedError(
            f"{len(stale)} results are out of date, and not versioned as new: the parameters, data"
            " or code were edited while the study ran, or a profile left jobs out; run the same"
            " command again"
        )
    doubtful = list(records.doubtful(map(Path, outputs), outputs.__contains__))
    if doubtful:
        path, reason = doubtful[0]
        raise NotCertifiedError(
            f"{len(doubtful)} results are not as a job of this study left them, and not versioned"
            f" ({path} {reason}): a job of a run that was killed may have been at work still; run"
            " the same command again"
        )
    if watched.fingerprint(Path("dvc.yaml")) != before:
        raise NotCertifiedError(
            "the parameters, data or code were edited while results were checked; run the same"
            " command again"
        )
    removed = records.prune(outputs)
    records.normalize()
    return removed


if __name__ == "__main__":
    try:
        for path in certify():
            print(f"removed {path}: no longer part of the study")
    except (NotCertifiedError, graph.GraphError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
