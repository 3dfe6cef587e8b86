"""``make verify``: the study computed again from the committed code, compared to the byte."""

import hashlib
import json
import shutil

import pytest

from project import Project

COMMAND = ("python", "workflow/commands/verify_study.py", "--folder", ".cache/verify")


@pytest.mark.scenario("the whole study again by make verify")
@pytest.mark.slow
def test_what_is_committed_is_computed_again(project):
    text = project.run(*COMMAND)
    assert "Every byte of all" in text
    assert not (project.root / ".cache/verify").exists()


def commit_metric(project, experiment, change):
    """Commit metrics other than those computed, as if they came from another machine."""
    path = project.root / f"results/{experiment}/metrics.json"
    old = path.read_bytes()
    metrics = json.loads(old)
    change(metrics)
    path.write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n")
    before, after = (hashlib.md5(data).hexdigest() for data in (old, path.read_bytes()))
    project.replace("dvc.lock", before, after)
    project.commit("other metrics")
    return old, path


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "agrees"), [(1.001, True), (3.0, False)])
def test_what_differs_is_shown(project, factor, agrees):
    """Within the tolerance it passes, beyond it fails; the table names it either way."""

    def change(metrics):
        network = metrics["networks"]["35-2"]["relu"]
        for end in ("", "_low", "_high"):
            network[f"mean_wrong_pixels{end}"] *= factor

    # the clone that the command would make, with the results that it would compute
    old, path = commit_metric(project, "architectures", change)
    clone = project.root / ".cache/verify"
    project.run("git", "clone", "--quiet", ".", str(clone))
    for folder in ("results", ".snakemake", "data/images"):
        shutil.copytree(project.root / folder, clone / folder, dirs_exist_ok=True)
    (clone / path.relative_to(project.root)).write_bytes(old)
    assert Project(clone).pending() == set()

    text = project.run(*COMMAND, ok=agrees)
    assert "| results/architectures/metrics.json" in text
    line = next(line for line in text.splitlines() if "35-2.relu.mean_wrong_pixels " in line)
    assert ("yes" if agrees else "NO") in line
    assert ("agree within the tolerance" in text) == agrees
    assert "Traceback" not in text
    assert clone.exists()
