"""Remove what the study no longer has: results, images, their records, their lines in dvc.lock.

Ends every ``dvc repro``; a bare ``snakemake`` never deletes. Refuses where something is out of
date: DVC would take results of edits made during the run for results of the edited files.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # whatever PYTHONSAFEPATH says
import step

from latentlab.files.yaml import read_yaml

sys.path.insert(0, str(step.ROOT / "workflow"))
from support import graph, records, watched


def forget_image_sets(lock, used):
    """Take image sets that are not used any more out of a ``dvc.lock``.

    DVC keeps the lines of stages that are gone: the file would tell a history, not a state.
    """
    from dvc.utils.serialize import modify_yaml  # here: it takes a moment

    names = read_yaml(lock).get("stages", {}) if lock.exists() else {}
    gone = [n for n in names if n.startswith("data@") and n.removeprefix("data@") not in used]
    if gone:
        with modify_yaml(str(lock)) as content:
            for name in gone:
                del content["stages"][name]


def main(argv):
    step.arguments(__doc__, argv)
    before = watched.fingerprint(Path("dvc.yaml"))
    try:
        outputs = graph.outputs()
    except graph.GraphError as error:
        raise step.latentlab.StudyError(str(error)) from None
    stale = [path for path, state in outputs.items() if state != graph.UP_TO_DATE]
    if stale:
        raise step.latentlab.StudyError(
            f"{len(stale)} results are out of date, and not versioned as new: the parameters, data"
            " or code were edited while the study ran, or a profile left jobs out; run the same"
            " command again"
        )
    if watched.fingerprint(Path("dvc.yaml")) != before:
        raise step.latentlab.StudyError(
            "the parameters, data or code were edited while results were checked; run the same"
            " command again"
        )
    for path in records.prune(outputs):
        step.log(f"removed {path}: no longer part of the study")
    records.normalize()
    forget_image_sets(Path("dvc.lock"), read_yaml("params.yaml")["vae"]["datasets"])


if __name__ == "__main__":
    step.run(main)
