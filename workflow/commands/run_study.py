"""Run the whole study, as ``make study`` does: through DVC, with or without a network."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import step
from fetch_images import downloaded

from latentlab.data import download
from latentlab.experiments.params import read_params


COMPARED = {
    0: "Every byte is as committed (dvc.lock).",
    1: "The results differ from the committed ones: see 'dvc metrics diff'.",
}
"""What an exit code of ``git diff --quiet`` says; with any other nothing was compared."""


def missing_images(params):
    """Data sets of the study that cannot be had for want of a network, with the reason.

    Downloads the others, unless they are here decoded, as ``dvc pull`` brings them. Where a mirror
    is there and none has the right bytes, that is an error.
    """
    missing = {}
    for name in params["vae"]["datasets"]:
        source = params["data"]["images"][name]
        decoded = step.ROOT / f"data/images/{name}/train_images.npy"
        if source["source"] != "download" or decoded.exists():
            continue
        try:
            downloaded(name, source)
        except download.Unreachable as error:
            missing[name] = str(error)
    return missing


def call(*command):
    """Run a command; leave with its exit code when it fails."""
    # what the user has set: the run itself overrules it, says so and writes it down
    environ = {**os.environ, **step.latentlab.OVERRULED}
    code = subprocess.run(command, cwd=step.ROOT, env=environ).returncode
    if code:
        sys.exit(code)


def comparison():
    """How the results compare with the committed ones, in a sentence."""
    command = ["git", "diff", "--quiet", "HEAD", "--", "dvc.lock", "results"]
    code = subprocess.run(command, cwd=step.ROOT, stderr=subprocess.DEVNULL).returncode
    return COMPARED.get(code, "Not compared: git has no commit of this study here.")


def main(argv):
    step.arguments(__doc__, argv)
    os.chdir(step.ROOT)
    params = read_params("params.yaml")
    missing = missing_images(params)

    if missing:
        call("snakemake", "--cores", "all", "--config", "offline=true")
        for reason in missing.values():
            step.log(reason)
        step.log(
            f"Left out for want of a network: {', '.join(missing)}; all else is done."
            " The next 'make study' adds them."
        )
    else:
        call("dvc", "repro")
        step.log(comparison())
    step.log("The report: results/report/index.html")


if __name__ == "__main__":
    step.run(main)
