"""Write the study into one file to keep and to cite: an RO-Crate, archive/latentlab-<commit>.zip.

It has all that git holds (code, parameters, locks, ``dvc.lock`` with the digests of data and
results) and all results: tables, figures, weights, pages; each file with its SHA-256. Only a state
that is committed and that ``make check`` certifies is archived. It is a Workflow RO-Crate.
"""

import mimetypes
import os
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scripts"), str(Path(__file__).parents[1])]
from support import interruption

interruption.in_one_line()

import step

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from latentlab.files.arrays import replacing
from latentlab.files.yaml import read_yaml
from support import graph

FOLDER = Path("archive")
TOLD = {
    "README.md": "What the study found, and how to run it",
    "params.yaml": "All parameters of the study",
    "dvc.lock": "Digests of parameters, code, data and results, as they belong together",
    "requirements.lock": "The packages that computed the results",
    "results/metrics.json": "The figures that a person follows",
    "results/report/index.html": "The report: every claim, figure and table on one page",
    "results/report/index.es.html": "The same in Spanish",
    "results/report/explorer.html": "The latent planes, to move through",
}
"""What the files are that a reader looks for first."""


def git(*arguments):
    """What a git command says."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise step.latentlab.StudyError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def refuse_other_states():
    """End with a line unless all is committed and certified."""
    if changed := git("status", "--porcelain").splitlines():
        raise step.latentlab.StudyError(
            f"{changed[0][3:]} is not as committed ({len(changed)} files): commit first, so that"
            " the archive has a version"
        )
    check = step.ROOT / "workflow/commands/check_study.py"
    if subprocess.run([sys.executable, str(check)]).returncode:
        raise step.latentlab.StudyError("not archived")


def files():
    """What the archive holds: all that git does and all results, downloads aside."""
    results = [path for path in graph.outputs() if path.startswith("results/")]
    return sorted({*git("ls-files", "-z").split("\0")[:-1], *results})


def described(path):
    """What the crate says of a file."""
    content = Path(path).read_bytes()
    kind, _ = mimetypes.guess_type(path)
    return {
        "name": TOLD.get(path, path),
        "sha256": sha256(content).hexdigest(),
        "contentSize": str(len(content)),
        "encodingFormat": kind
        or ("text/plain" if is_text(content) else "application/octet-stream"),
    }


def is_text(content):
    """Whether bytes are text."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def crate_of(paths, citation, lock):
    """The crate of these files.

    citation : the content of CITATION.cff; lock : of dvc.lock
    """
    commit, day = git("log", "-1", "--format=%H %cs").split()
    crate = ROCrate(version="1.1")
    crate.name = citation["title"]
    crate.description = " ".join(Path("README.md").read_text().split("\n\n")[1].split())
    crate.datePublished = day
    license = f"https://spdx.org/licenses/{citation['license']}"
    of_license = {"@type": "CreativeWork", "name": citation["license"], "url": license}
    crate.license = crate.add(ContextEntity(crate, license, of_license))
    crate.root_dataset["version"] = f"{citation['version']}, commit {commit}"
    authors = [
        crate.add(ContextEntity(crate, f"#author-{number}", {"@type": "Organization", **author}))
        for number, author in enumerate(citation["authors"], 1)
    ]
    crate.root_dataset["author"] = crate.creator = authors if len(authors) > 1 else authors[0]
    images = [
        {"@type": "Dataset", "name": out["path"], "identifier": f"md5:{out['md5']}",
         "description": "As decoded. Not in the archive: params.yaml says where they come from"}
        for stage, entry in lock["stages"].items() if stage.startswith("data@")
        for out in entry["outs"]
    ]  # fmt: skip
    crate.isBasedOn = [
        crate.add(ContextEntity(crate, f"#{image['name']}", image)) for image in images
    ]
    for path in paths:
        if path != "Snakefile":
            file = crate.add_file(path, path, properties=described(path))
            if path == "README.md":
                file["about"] = crate.root_dataset
    workflow = crate.add_workflow(
        "Snakefile", "Snakefile", main=True, lang="snakemake", lang_version=version("snakemake")
    )
    of_all = {"name": crate.name, "license": crate.license, "creator": crate.creator}
    for key, value in {**described("Snakefile"), **of_all}.items():
        workflow[key] = value
    return crate


def main(argv):
    step.arguments(__doc__, argv)
    os.chdir(step.ROOT)
    refuse_other_states()
    citation, lock = read_yaml("CITATION.cff"), read_yaml("dvc.lock")
    paths = files()
    archive = FOLDER / f"latentlab-{git('rev-parse', '--short', 'HEAD').strip()}.zip"
    with replacing(archive) as temporary:
        crate_of(paths, citation, lock).write_zip(temporary)
    size = archive.stat().st_size / 1e6
    step.log(
        f"{archive}: {len(paths)} files, {size:.0f} MB. Zenodo and WorkflowHub take it as it is."
    )


if __name__ == "__main__":
    step.run(main)
