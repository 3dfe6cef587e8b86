"""A copy of this project in a folder of its own, driven with the real tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
RESULTS_OF_GIT = ("results/", "dvc.lock")  # those of the study itself


def environment() -> dict[str, str]:
    """Of the tools: those beside this Python, a git identity, nothing of an outer run."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("SNAKEMAKE", "PYTEST"))}
    return {
        **keep,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LATENTLAB_CACHE": str(ROOT / ".cache/numba"),  # compile once for all projects
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.org",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }


def replace_value(tree: Any, path: Sequence[str], value: object) -> None:
    """Give what a path leads to a value, in place; None removes it."""
    *parents, last = path
    for key in parents:
        tree = tree[key]
    if value is None:
        del tree[last]
    else:
        tree[last] = value


@dataclass
class Project:
    """A copy of the project in a folder of its own."""

    root: Path

    def run(self, *command: str, ok: bool = True, **extra: str) -> str:
        """Run a command there; its output. Fails the test on an unexpected exit code."""
        done = subprocess.run(
            command, cwd=self.root, env={**environment(), **extra},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, f"{command}: exit {done.returncode}\n{done.stdout}"
        return done.stdout

    def snakemake(self, *arguments: str, ok: bool = True, **extra: str) -> str:
        return self.run("snakemake", "--cores", "2", *arguments, ok=ok, **extra)

    def dvc(self, *arguments: str, ok: bool = True, **extra: str) -> str:
        return self.run("dvc", *arguments, ok=ok, **extra)

    def commit(self, message: str = "x") -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)

    def pending(self, *targets: str) -> set[str]:
        """Outputs that a run would make, by a dry run; empty when nothing is to be done."""
        text = self.snakemake(*targets, "--dry-run", "--quiet", "host")
        lines = [line.strip() for line in text.splitlines()]
        outputs = [line.removeprefix("output: ") for line in lines if line.startswith("output: ")]
        assert outputs or "Nothing to be done" in text, text
        return {path for line in outputs for path in line.split(", ")}

    def edit(self, path: str, value: object, file: str = "params.yaml") -> None:
        """Set (or with None remove) a parameter, by its dotted path."""
        yaml = YAML()
        params = yaml.load(self.root / file)
        replace_value(params, path.split("."), value)
        yaml.dump(params, self.root / file)

    def learn_images(self, *known: str, **added: dict[str, object]) -> None:
        """Let the models on images learn these sets alone, once each; enter those that are new."""
        for name, entry in added.items():
            self.edit(f"data.images.{name}", entry)
        datasets = [*known, *added]
        self.edit("vae.datasets", datasets)
        for model in YAML().load(self.root / "params.yaml")["vae"]["models"]:
            self.edit(f"vae.models.{model}.replicates", dict.fromkeys(datasets, 1))

    def watch(self, path: str) -> None:
        """Have DVC watch the files of an own image set, as docs/data.md says."""
        self.replace(
            "dvc.yaml",
            "        - requirements.lock\n",
            f"        - requirements.lock\n        - {path}\n",
        )

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))

    def bytes_of(self, *folders: str) -> dict[str, bytes]:
        """Every file below the folders, by path."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for folder in folders or ("results", "data/images", ".snakemake/metadata")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file() and path.name != ".gitignore"  # DVC writes those
        }


def copy_project(target: Path) -> Project:
    """The files that git tracks or would track, with the configuration of the tests."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in files:
        source = ROOT / name
        if source.is_file() and not name.startswith(RESULTS_OF_GIT):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    shutil.copy2(ROOT / "tests/params.yaml", target / "params.yaml")
    project = Project(target)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.commit("start")
    return project
