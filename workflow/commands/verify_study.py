"""Compute the whole study again from the committed code, in a clone, and compare every byte.

An interrupted run goes on where it was. Exit code 1 where a result differs beyond the tolerance.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scripts"), str(Path(__file__).parents[1])]
from support import interruption

interruption.in_one_line()

import step

from latentlab.files.yaml import read_yaml

import verification

FILES_SHOWN = 8


def git(*arguments, folder=step.ROOT):
    """The output of a git command; StudyError where it fails."""
    process = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if process.returncode:
        words = " ".join(process.stderr.split())
        raise step.latentlab.StudyError(f"git {arguments[0]}: {words}")
    return process.stdout


def is_clone(folder):
    """Whether a folder is a clone of this project, as ``clone`` makes it."""
    # told where to look, git does not go on to the folders above, of which one is this project
    command = ["git", "--git-dir", str(folder / ".git"), "config", "--local"]
    command += ["--get", "remote.origin.url"]
    origin = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return bool(origin) and (folder / origin).resolve() == step.ROOT


def check(folder):
    """Raise StudyError unless a folder, an absolute path, may be wiped for the clone."""
    free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not (free or is_clone(folder)):
        raise step.latentlab.StudyError(
            f"--folder {folder}: what is there would be removed; it must be a new folder, an empty"
            f" one or a clone of {step.ROOT}"
        )


def clone(folder):
    """The committed project in ``folder``, with this one's downloads.

    A clone of the same commit is kept, one of another is replaced. Raises StudyError where the
    folder is anything else, or git fails.
    """
    check(folder)
    head = git("rev-parse", "HEAD")
    if not (folder / ".git").exists() or git("rev-parse", "HEAD", folder=folder) != head:
        shutil.rmtree(folder, ignore_errors=True)
        git("clone", "--quiet", str(step.ROOT), str(folder))
    downloads = step.ROOT / ".cache/downloads"
    if downloads.is_dir():
        shutil.copytree(downloads, folder / ".cache/downloads", dirs_exist_ok=True)


def compare_outputs(folder, committed):
    """Rows of a table, one an output that differs: output, files that differ; and how many."""
    cache = step.ROOT / ".dvc/cache"
    rows, expected = [], verification.outputs(committed)
    for path, md5 in expected.items():
        if verification.digest(folder / path) == md5:
            continue
        files = "the file"
        if md5.endswith(".dir"):
            before = verification.cached_manifest(cache, md5)
            files = "the committed files are not in DVC's cache here"
            if before is not None:
                now = verification.manifest(folder / path)
                names = verification.changed_files(before, now)
                files = f"{len(names)} of {len(before)}: {', '.join(names[:FILES_SHOWN])}"
                files += ", ..." if len(names) > FILES_SHOWN else ""
        rows.append((path, files if (folder / path).exists() else "missing"))
    return rows, len(expected)


def compare_metrics(folder):
    """All metrics that differ, with the experiment before their name."""
    for path in git("ls-files", "results/*/metrics.json").split():
        committed = json.loads(git("show", f"HEAD:{path}"))
        now = json.loads((folder / path).read_text()) if (folder / path).exists() else {}
        for difference in verification.compare(committed, now):
            yield Path(path).parent.name, difference


def main(argv):
    args = step.arguments(__doc__, argv, "folder")
    edited = git("status", "--porcelain").splitlines()
    if edited:
        step.log(f"Not committed, and so not looked at: {len(edited)} files")
    folder = args.folder.resolve()
    clone(folder)
    run = subprocess.run([sys.executable, "workflow/commands/run_study.py"], cwd=folder)
    if run.returncode:
        raise step.latentlab.StudyError(f"the study failed in {folder}: run the same command again")

    lock = folder / ".git/committed.lock"
    lock.write_text(git("show", "HEAD:dvc.lock"))
    committed, now = read_yaml(lock), read_yaml(folder / "dvc.lock")
    rows, count = compare_outputs(folder, committed)
    inputs = verification.changed_inputs(committed, now)
    if inputs:
        step.log(f"dvc.lock is not of the committed state of: {', '.join(inputs)}")
    if not rows:
        step.log(f"Every byte of all {count} outputs is as committed.")
        shutil.rmtree(folder)
        return

    step.log(f"{count - len(rows)} of {count} outputs are as committed, to the byte. The others:\n")
    step.log(verification.table(("output", "files that differ"), rows) + "\n")
    metrics = list(compare_metrics(folder))
    lines = [(f"{experiment}: {d.metric}", *d.row()) for experiment, d in metrics]
    columns = ("metric", "committed", "now", "relative difference", "agrees")
    step.log(verification.table(columns, lines) if lines else "All metrics are as committed.")
    wrong = sum(d.agrees is False for _, d in metrics)
    step.log(f"\nThe run is in {folder}.")
    if wrong:
        raise step.latentlab.StudyError(f"{wrong} metrics differ beyond the tolerance")
    step.log("All metrics agree within the tolerance (docs/reproducibility.md).")


if __name__ == "__main__":
    step.run(main)
