"""docs/your-own-study.md: a study on other data, made as the page says, keeps what is promised."""

import json
import os
import shutil
import signal
import time
from functools import partial

import pytest

from pages import follow
from processes import children, finish, started
from project import ROOT, Project

pytestmark = pytest.mark.slow

TABLE = "results/tables/summary.csv"
SCORE = "workflow/scripts/score_neighbors.py"
TABULATE = "workflow/scripts/tabulate_neighbors.py"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The study that the page makes; copy it, do not touch it."""
    folder = tmp_path_factory.mktemp("page") / "study"
    folder.mkdir()
    study = Project(folder)
    follow(
        (ROOT / "docs/your-own-study.md").read_text(),
        folder,
        partial(study.run, LATENTLAB=str(ROOT)),
    )
    return study


@pytest.fixture
def study(page, tmp_path):
    """A finished study of the test's own, beside its remote."""
    shutil.copytree(page.root.parent, tmp_path / "own", symlinks=True)
    study = Project(tmp_path / "own/study")
    study.dvc("remote", "modify", "store", "url", str(tmp_path / "own/store"))
    study.commit("where the remote is")
    return study


def cells(*numbers):
    return {f"results/cells/{n}/scores.csv" for n in numbers}


TABLES = {TABLE, "results/metrics.json"}


@pytest.mark.scenario("a study of one's own, made as the page says")
def test_the_page_makes_a_study(page):
    metrics = json.loads((page.root / "results/metrics.json").read_text())
    assert metrics.keys() == {"1", "5", "15", "30"}
    assert page.pending() == set()
    assert "up to date" in page.dvc("status")
    assert page.run("git", "status", "--porcelain") == ""


@pytest.mark.scenario("a study of one's own: clone and pull, edit, checkout")
@pytest.mark.parametrize("tool", ["snakemake", "dvc"])
def test_clone_pull_edit_checkout(study, tmp_path, tool):
    before = study.bytes_of()
    study.run("git", "clone", "--quiet", str(study.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.dvc("pull")
    assert clone.pending() == set()
    assert clone.bytes_of() == before

    clone.replace(
        SCORE, 'StratifiedKFold(settings["folds"]', 'StratifiedKFold(2 * settings["folds"]'
    )
    assert clone.pending() == cells(1, 5, 15, 30) | TABLES
    clone.dvc("repro") if tool == "dvc" else clone.snakemake()
    assert clone.pending() == set()
    after = clone.bytes_of()
    assert after.keys() == before.keys()
    assert after[TABLE] != before[TABLE]
    if tool == "snakemake":  # recorded without computing again
        clone.dvc("repro")
        assert clone.bytes_of() == after
    clone.commit("twice as many folds")

    clone.run("git", "checkout", "--quiet", "HEAD~1")
    clone.dvc("checkout")
    assert clone.bytes_of() == before
    assert clone.pending() == set()
    # the same edit by hand: the older commit's results do not pass for it
    clone.replace(
        SCORE, 'StratifiedKFold(settings["folds"]', 'StratifiedKFold(2 * settings["folds"]'
    )
    clone.dvc("repro")
    assert clone.bytes_of() == after


@pytest.mark.scenario("a study of one's own: only what depends on an edit is computed")
def test_an_edit_reruns_what_depends_on_it(study):
    study.replace(SCORE, '"""Score', '"""Rate')  # a docstring
    assert study.pending() == set()
    study.edit("neighbors", [1, 7, 15, 30])
    assert study.pending() == cells(7) | TABLES
    study.dvc("repro")
    assert not (study.root / "results/cells/5").exists()
    study.replace(TABULATE, ".round(4)", ".round(3)")
    assert study.pending() == TABLES
    # as a restored backup may be: older than what was computed from it
    study.replace("data/iris.csv", "5.1,3.5", "5.2,3.5")
    os.utime(study.root / "data/iris.csv", (1, 1))
    assert study.pending() == cells(1, 7, 15, 30) | TABLES


@pytest.mark.scenario("a study of one's own: kill -9", 2)
@pytest.mark.parametrize("command", [["snakemake", "--cores", "2"], ["dvc", "repro"]], ids=" ".join)
def test_killed_it_finishes_with_the_same_bytes(study, command):
    study.edit("seed", 2)
    study.dvc("repro")
    expected, lock = study.bytes_of(), (study.root / "dvc.lock").read_bytes()
    study.run("git", "checkout", "--", ".")
    study.dvc("checkout")
    study.edit("seed", 2)
    with started(study, command) as process:
        while not children(process, "workflow/scripts/score_"):
            assert process.poll() is None, process.output()
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    finish(study, *command)
    assert study.pending() == set()
    study.dvc("repro")
    assert study.bytes_of() == expected
    assert (study.root / "dvc.lock").read_bytes() == lock


@pytest.mark.scenario("a study of one's own: an edit during a run is not certified", 2)
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("params.yaml", "folds: 5", "folds: 4"), ("data/iris.csv", "5.1,3.5", "5.2,3.5")],
    ids=["a knob", "data that jobs have read"],
)
def test_an_edit_during_a_run_is_not_certified(study, file, old, new):
    """By the last step: all others have read the file before."""
    lock = (study.root / "dvc.lock").read_bytes()
    path = study.root / TABULATE
    edit = f"p = __import__('pathlib').Path('{file}')\n"
    edit += f"p.write_text(p.read_text().replace('{old}', '{new}'))\n"
    path.write_text(path.read_text() + edit)
    study.edit("seed", 2)  # so that all is computed
    assert "edited while the study ran" in study.dvc("repro", ok=False)
    assert (study.root / "dvc.lock").read_bytes() == lock
    study.run("git", "checkout", "--", TABULATE)
    assert study.pending() == cells(1, 5, 15, 30) | TABLES


@pytest.mark.scenario("a study of one's own: what is refused", 5)
def test_what_is_refused(study):
    """In a line each, before anything is computed."""

    def refused(*options):
        text = study.snakemake("--dry-run", *options, ok=False)
        assert "Traceback" not in text
        return text

    assert "or old results could pass for new" in refused("--rerun-triggers", "mtime")
    assert "parameters are read from params.yaml alone" in refused("--config", "seed=3")
    study.replace("requirements.lock", "scikit-learn==", "scikit-learn==99.")
    assert "1 installed packages are not those of requirements.lock" in refused()
    study.run("git", "checkout", "--", ".")
    study.replace("dvc.yaml", "      - data/iris.csv\n", "")
    assert "data/iris.csv is read by rules, and no stage in dvc.yaml watches it" in refused()
    study.run("git", "checkout", "--", ".")
    (study.root / "requirements.lock").unlink()
    assert "requirements.lock: not there" in refused()


@pytest.mark.scenario("a study of one's own: damage is seen")
def test_damage_is_seen(study):
    before = study.bytes_of()
    (study.root / TABLE).write_text("neighbors,mean,spread\n1,1,0\n")
    assert f"{TABLE} is not what its job wrote" in study.snakemake()
    assert study.bytes_of() == before
