"""Run the whole study, as ``make study`` does: through DVC, with or without a network."""

import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scripts"), str(Path(__file__).parents[1])]
from support import interruption

interruption.in_one_line()

from ruamel.yaml import YAML

from support import times
from support.internals import RECORDS
from support.progress import duration

import step
from fetch_images import downloaded

from latentlab.data import download
from latentlab.experiments.params import read_params


COMPARED = {
    0: "Every byte is as committed (dvc.lock).",
    1: "The results differ from the committed ones: see 'dvc metrics diff'.",
}
"""What an exit code of ``git diff --quiet`` says; with any other nothing was compared."""


CORES = 2
"""Of the machine that the README speaks of."""


def elsewhere():
    """How long the study took where its authors ran it, in a sentence."""
    work = sum(times.known(step.ROOT / "workflow/times.csv").values())
    return (
        f"The whole study took {duration(work / CORES)} on {CORES} cores elsewhere. Stop it by"
        " Ctrl-C; the same command goes on where it stopped."
    )


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


def is_in_git():
    """Whether git has the project, as it has a clone; without, DVC does nothing."""
    return any((folder / ".git").exists() for folder in (step.ROOT, *step.ROOT.parents))


def call(*command):
    """Run a command; leave with its exit code when it fails.

    Ctrl-C reaches the command as well, which ends in its own time: it is waited for.
    """
    # what the user has set: the run itself overrules it, says so and writes it down
    environ = {**os.environ, **step.latentlab.OVERRULED}
    # the tools beside this Python, whether its environment is activated or not
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    process = subprocess.Popen(command, cwd=step.ROOT, env=environ)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = process.wait()
    signal.signal(signal.SIGINT, before)
    if code:
        sys.exit(code)


def git(*arguments):
    """A git command of the project, once it has ended."""
    return subprocess.run(["git", *arguments], cwd=step.ROOT, capture_output=True, text=True)


def comparison():
    """How the results compare with the committed ones, in a sentence."""
    try:
        head = git("rev-parse", "--verify", "HEAD")
    except FileNotFoundError:
        return "Not compared with a commit: git is not installed."
    if head.returncode:  # in a folder of another user git says what to do
        return f"Not compared with a commit: {' '.join(head.stderr.split())}"
    code = git("diff", "--quiet", "HEAD", "--", "dvc.lock", "results").returncode
    if code == 1 and not git("diff", "--quiet", "HEAD", "--", "results").returncode:
        committed = git("show", "HEAD:./dvc.lock").stdout
        if outputs(committed) == outputs((step.ROOT / "dvc.lock").read_text()) != {}:
            return "Every byte of the results is as committed; code or parameters are others."
    return COMPARED.get(code, "Not compared with a commit: git diff fails here.")


def outputs(lock):
    """The digests of what a dvc.lock says was made, by path; records of jobs aside."""
    stages = (YAML(typ="safe", pure=True).load(lock) or {}).get("stages", {})
    made = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {out["path"]: out.get("md5") for out in made if out["path"] != RECORDS.as_posix()}


def main(argv):
    step.arguments(__doc__, argv)
    os.chdir(step.ROOT)
    params = read_params("params.yaml")
    missing, in_git = missing_images(params), is_in_git()
    left_out = f"Left out for want of a network: {', '.join(missing)}"

    step.log(elsewhere())
    if missing:
        for reason in missing.values():
            step.log(reason)
        step.log(f"{left_out}; all else is computed now, and the next 'make study' adds them.")
    if not in_git:
        step.log(
            "No git here, as in a ZIP file: all is computed, and DVC versions nothing."
            " 'git init && git add . && git commit -m start' is what it needs."
        )
    if missing or not in_git:
        call("snakemake", "--cores", "all", *["--config", "offline=true"] * bool(missing))
    else:
        call("dvc", "repro")
        step.log(comparison())
    if missing:
        step.log(f"{left_out}. The next 'make study' adds them.")
    step.log(
        "Look at results/report/index.html (in Spanish index.es.html), and at explorer.html beside"
        " it: open them in a browser."
    )


if __name__ == "__main__":
    # no job: nobody asks for the time that step.run would end with
    step.run(lambda argv: sys.exit(main(argv)))
