"""Snakemake and DVC agree after clones, checkouts and experiments: nothing stale is certified."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from project import ROOT, Project, environment


@pytest.fixture
def remote(project, tmp_path):
    """The finished project with its results pushed to a remote."""
    project.dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    project.commit("remote")
    project.dvc("push")
    return project


def clone(project, target):
    project.run("git", "clone", "--quiet", str(project.root), str(target))
    return Project(target)


def error(project, network="35-2"):
    path = project.root / "results/architectures/metrics.json"
    return json.loads(path.read_text())["networks"][network]["relu"]["mean_error"]


@pytest.mark.scenario("clone, dvc pull, edit, by either tool")
@pytest.mark.slow
@pytest.mark.parametrize("tool", ["snakemake", "dvc"])
def test_clone_pull_edit(remote, tmp_path, tool):
    """A fresh clone with pulled results has nothing to do, then notices an edit."""
    other = clone(remote, tmp_path / "elsewhere" / "clone")
    other.dvc("pull")
    assert other.pending() == set()
    assert other.bytes_of() == remote.bytes_of()
    before = error(other)
    other.edit("architectures.networks.35-2", [35, 4, 35])
    if tool == "dvc":
        other.dvc("repro")
    else:
        other.snakemake("architectures")
    assert error(other) != before


@pytest.mark.scenario("dvc repro from nothing twice")
@pytest.mark.slow
def test_a_clone_reproduces_the_lock_without_a_remote(project, tmp_path):
    other = clone(project, tmp_path / "clone")
    assert not (other.root / ".snakemake").exists() or not other.bytes_of(".snakemake/metadata")
    other.dvc("repro")
    assert other.run("git", "status", "--porcelain") == ""
    assert "up to date" in other.dvc("status")


@pytest.mark.slow
@pytest.mark.scenario("checkout of an older commit and back")
def test_checkout_of_an_older_commit_and_back(project):
    first, first_error = project.bytes_of(), error(project)
    project.edit("architectures.networks.35-2", [35, 4, 35])
    project.dvc("repro")
    project.commit("edited")
    second, second_error = project.bytes_of(), error(project)
    assert second_error != first_error

    project.run("git", "checkout", "--quiet", "HEAD~1")
    project.dvc("checkout")
    assert project.bytes_of() == first
    assert project.pending() == set()

    # the edit made by hand again: the old commit's results must not be certified for it
    project.edit("architectures.networks.35-2", [35, 4, 35])
    project.dvc("repro")
    assert error(project) == second_error
    assert project.bytes_of() == second


@pytest.mark.scenario("dvc exp run, --temp, --queue", 3)
@pytest.mark.slow
def test_experiments_in_the_workspace_in_a_copy_and_queued(project):
    before = error(project)
    project.dvc("exp", "run", "-n", "here", "-S", "architectures.max_epochs=1")
    here = error(project)
    assert here != before
    project.run("git", "checkout", "--", ".")
    project.dvc("checkout")
    project.dvc("exp", "run", "--temp", "-n", "copy", "-S", "architectures.max_epochs=1")
    project.dvc("exp", "run", "--queue", "-n", "queued", "-S", "architectures.max_epochs=1")
    project.dvc("exp", "run", "--run-all")
    shown = json.loads(project.dvc("exp", "show", "--json"))
    result = {}
    for revision in shown[-1]["experiments"] or []:
        for run in revision["revs"]:
            data = run["data"]["metrics"]["results/metrics.json"]["data"]
            result[run["name"]] = data["architectures"]["35-2"]
    rounded = pytest.approx(here, rel=0.01)
    assert result == {"here": rounded, "copy": rounded, "queued": rounded}


@pytest.mark.scenario("dvc exp run, --temp, --queue")
@pytest.mark.slow
def test_an_experiment_runs_its_own_code(project):
    """The code that ran is the code recorded, whatever the environment has installed."""
    project.replace(
        "src/latentlab/models/network.py", "rng.uniform(-1.0, 1.0,", "rng.uniform(-0.5, 0.5,"
    )
    project.dvc("exp", "run", "--queue", "-n", "narrow")
    project.run("git", "checkout", "--", ".")
    before = error(project)
    project.dvc("exp", "run", "--run-all")
    assert error(project) == before
    project.dvc("exp", "apply", "narrow")
    project.dvc("checkout")
    assert error(project) != before


def test_gc_keeps_what_the_workspace_needs(project):
    project.dvc("gc", "--workspace", "--force")
    shutil.rmtree(project.root / "results/vae/cells")
    project.dvc("checkout")
    assert project.pending() == set()


@pytest.mark.slow
@pytest.mark.scenario("dvc gc, then pull from a remote")
def test_gc_and_pull_from_the_remote(remote, tmp_path):
    """What garbage collection took away, an older commit's results too, the remote gives back."""
    first = remote.bytes_of()
    remote.edit("architectures.networks.35-2", [35, 4, 35])
    remote.dvc("repro")
    remote.commit("edited")
    remote.dvc("push")
    remote.dvc("gc", "--workspace", "--force")
    remote.run("git", "checkout", "--quiet", "HEAD~1")
    remote.dvc("pull", "--force")
    assert remote.bytes_of() == first
    assert remote.pending() == set()


@pytest.mark.scenario("branches with other parameters merged")
@pytest.mark.slow
def test_branches_with_other_parameters_merged(project):
    """Each branch's cells are in the merged study, as they were on the branch."""
    project.run("git", "checkout", "--quiet", "-b", "one")
    project.edit("architectures.networks.35-2", [35, 4, 35])
    project.dvc("repro")
    project.commit("one")
    one = project.bytes_of("results/architectures")
    project.run("git", "checkout", "--quiet", "main")
    project.dvc("checkout")
    project.edit("denoising.networks.published.max_epochs", 1)
    project.dvc("repro")
    project.commit("two")
    two = project.bytes_of("results/denoising")

    text = project.run("git", "merge", "one", ok=False)
    assert "CONFLICT" in text
    assert "dvc.lock" in text
    files = project.run("git", "diff", "--name-only", "--diff-filter=U").split()
    assert {file for file in files if not file.startswith("results/")} == {"dvc.lock"}
    project.run("git", "checkout", "--ours", *files)
    project.dvc("repro")
    assert project.bytes_of("results/architectures") == one
    assert project.bytes_of("results/denoising") == two
    assert project.pending() == set()
    project.commit("merged")
    assert "up to date" in project.dvc("status")


@pytest.mark.scenario("another user's clone, another umask")
@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_another_user_with_another_umask_elsewhere(project):
    """A clone of a user who may not even read the others' folders: the same lock and records."""
    home = Path(tempfile.mkdtemp(prefix="nobody"))
    try:
        shutil.copytree(project.root, home / "origin", symlinks=True)
        shutil.copytree(ROOT / ".cache/numba", home / "numba")
        subprocess.run(["chown", "-R", "nobody:", str(home)], check=True)
        command = (
            "umask 077 && git clone --quiet origin 'a clone' && cd 'a clone'"
            " && dvc repro && git status --porcelain && dvc status"
        )
        as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        started = subprocess.run([*as_nobody, "sh", "-c", f"{sys.executable} -c ''"], cwd=home)
        if started.returncode:
            pytest.skip("nobody may not read this Python environment")
        done = subprocess.run(
            [*as_nobody, "sh", "-c", command],
            cwd=home,
            capture_output=True,
            text=True,
            env=environment() | {"HOME": str(home), "LATENTLAB_CACHE": str(home / "numba")},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert Project(home / "a clone").bytes_of() == project.bytes_of()
        assert (home / "a clone/dvc.lock").read_bytes() == (project.root / "dvc.lock").read_bytes()
        assert (home / "a clone/results/report/index.html").stat().st_mode & 0o077 == 0
    finally:
        shutil.rmtree(home)
