"""Remove what the study no longer has: results, images, their records, their lines in dvc.lock.

Ends every ``dvc repro``, and refuses where something is out of date (support/certify.py).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # whatever PYTHONSAFEPATH says
import step

from latentlab.files.yaml import read_yaml

sys.path.insert(0, str(step.ROOT / "workflow"))
from support import certify, graph


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
    try:
        removed = certify.certify()
    except (certify.NotCertifiedError, graph.GraphError) as error:
        raise step.latentlab.StudyError(str(error)) from None
    for path in removed:
        step.log(f"removed {path}: no longer part of the study")
    forget_image_sets(Path("dvc.lock"), read_yaml("params.yaml")["vae"]["datasets"])


if __name__ == "__main__":
    # no job: nobody asks for the time that step.run would end with
    step.run(lambda argv: sys.exit(main(argv)))
