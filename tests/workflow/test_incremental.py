"""Editing reruns exactly what depends on the edit, by either tool, and nothing stale stays."""

import json
import re

import pandas as pd
import pytest

from elsewhere import steps
from latentlab.experiments.registry import EXPERIMENTS
from latentlab.files.tables import read_csv
from latentlab.files.yaml import read_yaml


def cells_of(pending):
    return {path for path in pending if "/cells/" in path}


def trained(paths):
    return {path for path in paths if path.endswith("weights.npz")}


def all_weights(project, folder=""):
    result = trained(path for path in project.bytes_of("results") if f"results/{folder}" in path)
    assert result
    return result


def metrics(project, experiment="architectures"):
    result = json.loads((project.root / f"results/{experiment}/metrics.json").read_text())
    return result["networks"]


@pytest.mark.scenario("a second run, by either tool")
def test_a_second_run_has_nothing_to_do(project):
    before = project.bytes_of()
    assert project.pending() == set()
    assert "Nothing to be done" in project.snakemake()
    assert "Data and pipelines are up to date" in project.dvc("repro")
    assert project.bytes_of() == before
    assert "up to date" in project.dvc("status")
    assert project.run("git", "status", "--porcelain") == ""


def test_the_report_has_both_languages_and_says_what_stays_english(project):
    english, spanish = (
        (project.root / f"results/report/{name}").read_text(encoding="utf-8")
        for name in ("index.html", "index.es.html")
    )
    assert "Run it again" in english
    assert "Repetirlo" in spanish
    log = (project.root / "logs/render_report.log").read_text(encoding="utf-8")
    missing = re.findall("not in Español: (.*)", log)
    # a claim that is new may be in English alone; test_languages.py asks for its Spanish
    claims = str(read_yaml(project.root / "data/claims.yaml"))
    assert not [message for message in missing if message not in claims]


def test_dvc_shows_the_headlines_alone_and_git_keeps_the_rest(project):
    """All of them rounded; and a change of one is a line."""
    shown = json.loads(project.dvc("metrics", "show", "--json"))[""]["data"]
    assert list(shown) == ["results/metrics.json"]
    figures = shown["results/metrics.json"]["data"]
    mean_error = metrics(project)["35-2"]["relu"]["mean_error"]
    assert figures["architectures"]["35-2"] == pytest.approx(mean_error, rel=0.01)
    tracked = project.run("git", "ls-files", "results/*/metrics.json").split()
    assert [path.split("/")[1] for path in tracked] == sorted([*EXPERIMENTS, "conclusions"])
    project.replace(
        "results/metrics.json", f'"35-2": {figures["architectures"]["35-2"]}', '"35-2": 9.0'
    )
    head, *lines = project.dvc("metrics", "diff").splitlines()
    assert "Metric" in head
    assert [line.split()[1] for line in lines] == ["architectures.35-2"]


def test_learning_curves_are_drawn_apart_and_compared(project):
    """What the template makes panels and colors of leaves one line for each, of every table."""
    template = (project.root / ".dvc/plots/curves.json").read_text()
    parts = set(re.findall(r"datum\.(\w+)", template))
    project.edit("seed", 3)  # of a state as committed DVC shows one revision alone
    table = project.root / "results/vae/tables/loss_curves.csv"
    read_csv(table).assign(test_loss=7.0).to_csv(table, index=False)
    shown = json.loads(project.dvc("plots", "diff", "--json"))["data"]
    assert shown.keys() == {"architectures", "optimizers", "letters", "denoising", "vae"}
    for name, (plot,) in shown.items():
        spec = json.loads(plot["content"]) if isinstance(plot["content"], str) else plot["content"]
        points = pd.DataFrame(spec["data"]["values"])
        assert spec["facet"]["field"] == "panel"
        assert set(points["rev"]) == {"HEAD", "workspace"}
        x = spec["spec"]["encoding"]["x"]["title"]
        line = [column for column in points if column in parts | {"rev", x}]
        assert not points.duplicated(line).any(), name
    project.dvc("plots", "show", "--out", "plots")
    page = (project.root / "plots/index.html").read_text()
    for title in ("Architectures", "Optimizers", "Named networks", "Denoisers", "Models on images"):
        assert title in page


@pytest.mark.scenario("an edit reruns what depends on it, nothing else")
def test_editing_one_architecture_reruns_its_cells_and_what_hangs_on_them(project):
    project.edit("architectures.networks.35-2", [35, 3, 35])
    pending = project.pending()
    assert cells_of(pending) == {
        f"results/architectures/cells/35-2/{encoder}/{file}"
        for encoder in ("relu", "relu_as_run")
        for file in ("weights.npz", "history.csv", "runs.csv", "scores.csv")
    }
    ends = {"architectures", "conclusions", "metrics.json", "report"}
    assert {path.split("/")[1] for path in pending} == ends


@pytest.mark.scenario("an edit reruns what depends on it, nothing else")
def test_an_evaluation_knob_does_not_retrain(project):
    project.edit("denoising.fresh_draws", 6)
    files = {path.rsplit("/", 1)[1] for path in cells_of(project.pending())}
    assert files == {"scores.csv", "tests.csv", "orthogonality.csv"}


def test_another_test_noise_does_not_retrain(project):
    project.edit("denoising.tests.probabilities", [0.1, 0.15, 0.2])
    files = {path.rsplit("/", 1)[1] for path in cells_of(project.pending())}
    assert files == {"scores.csv", "tests.csv"}


@pytest.mark.parametrize(
    ("knob", "folder"),
    [
        ("architectures.beta", "architectures/cells"),
        ("denoising.networks.published.max_epochs", "denoising/cells/font2/published/published"),
        ("seed", ""),
    ],
)
def test_a_training_knob_retrains(project, knob, folder):
    project.edit(knob, 3)
    assert trained(project.pending()) == all_weights(project, folder)


@pytest.mark.scenario("comments, order of keys, docstrings rerun nothing")
def test_comments_key_order_and_docstrings_rerun_nothing(project):
    text = (project.root / "params.yaml").read_text()
    head, tail = text.split("data:\n", 1)
    moved = "data:\n" + tail.replace("  beta: 0.8\n  biases: false", "  biases: false\n  beta: 0.8")
    (project.root / "params.yaml").write_text("# a comment\n" + moved + head)
    project.replace("src/latentlab/models/network.py", '"""Latent codes', '"""The latent codes')
    project.replace("workflow/scripts/train_letters.py", "import step", "import step  # first")
    assert project.pending() == set()


@pytest.mark.scenario("swapped parameter values")
def test_swapped_values_are_noticed(project):
    project.edit("architectures.networks.35-2", [35, 3, 2, 3, 35])
    project.edit("architectures.networks.35-3-2", [35, 2, 35])
    assert len(trained(project.pending())) == 4


@pytest.mark.scenario("an edit reruns what depends on it, nothing else")
def test_editing_the_library_reruns_exactly_its_users(project):
    project.replace(
        "src/latentlab/experiments/denoising/sets.py", 'replicate, "copies"', 'replicate, "others"'
    )
    users = {"denoising", "conclusions", "metrics.json", "report"}
    assert {path.split("/")[1] for path in project.pending()} == users


@pytest.mark.scenario("an edit reruns what depends on it, nothing else")
def test_editing_figures_does_not_retrain(project):
    style = project.root / "src/latentlab/drawing/style.py"
    style.write_text(style.read_text() + "\nEDITED = True\n")
    assert cells_of(project.pending()) == set()
    assert any("/figures/" in path for path in project.pending())


PACKAGE = "src/latentlab"
UNTRAINED = {
    "an error of the reader of images": ("data/folders.py", "ends within", "stops within", False),
    "the name of a score": (
        "experiments/denoising/scores.py", '"right_letter": float', '"right": float', True,
    ),
    "a label of a figure": (
        "experiments/denoising/measures.py", "error a letter (median)", "median error", True,
    ),
    "a sentence of the report": (
        "experiments/denoising/chapter.py", "Error, right", "The error, right", True,
    ),
    "a bound of the parameters": ("experiments/denoising/params.py", "(0, 2)", "(0, 3)", False),
}  # fmt: skip
"""What is no part of a training: a file, what is replaced in it, whether anything is made anew."""


@pytest.mark.parametrize("edit", UNTRAINED)
def test_what_is_no_part_of_a_training_trains_nothing(project, edit):
    file, old, new, anew = UNTRAINED[edit]
    project.replace(f"{PACKAGE}/{file}", old, new)
    pending = project.pending()
    assert bool(pending) == anew
    assert trained(pending) == set()


GRADIENTS = {"backpropagation", "adam", "rmsprop", "lbfgs"}
OPTIMIZERS = {
    "Adam": ("descent_kernels.py", "0.999", "0.99", GRADIENTS),
    "Powell's method": ("kernels.py", "gold = 1.618034", "gold = 1.618", {"powell"}),
}
"""A file, what is replaced in it, and whose trainings may be others now."""


def named_in(settings):
    return set(re.findall(r'"optimizer": ?"(\w+)"', settings))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_is_of_those_alone_that_train_by_it(project, optimizer):
    """Also in hybrids. What scores networks loads none."""
    users = set()
    file, old, new, names = OPTIMIZERS[optimizer]
    for script, *arguments in steps(project):
        if script.startswith("train_") and script != "train_vae":
            options, weights = (
                arguments[arguments.index(option) + 1] for option in ("--settings", "--weights")
            )
            settings = (project.root / options).read_text()
            assert named_in(settings)
            # with redrawn noise it learns by JAX, with what gradient.py checks
            if named_in(settings) & names or ('"redraw":true' in settings and names == GRADIENTS):
                users.add(weights)
    project.replace(f"{PACKAGE}/training/{file}", old, new)
    pending = project.pending()
    assert trained(pending) == users
    scored = {path.rsplit("/", 1)[0] for path in pending if path.endswith("/scores.csv")}
    # one job scores all denoisers of a network
    assert all(any(path.startswith(f"{cell}/") for path in users) for cell in scored)


DIGITS = "src/latentlab/data/digits.py"


@pytest.mark.slow
def test_images_that_are_others_now_are_learned_in_the_same_run(project):
    old = project.bytes_of("results/vae/cells/digits")
    project.replace(DIGITS, "* 255 +", "* 254 +")
    project.snakemake("vae")
    assert project.pending("vae") == set()
    new = project.bytes_of("results/vae/cells/digits")
    assert new.keys() == old.keys()
    assert all(new[path] != old[path] for path in new if path.endswith("weights.npz"))


@pytest.mark.slow
def test_a_checkpoint_is_of_the_code_that_wrote_it(project):
    """A training that was killed does not go on after an edit of its code."""

    def checkpoints():
        command = "--dry-run", "--printshellcmds", "--quiet", "host", "--forcerun", "train_vae"
        return set(re.findall(r"--checkpoint (\S+)", project.snakemake("vae", *command)))

    before = checkpoints()
    assert before
    assert before == checkpoints()
    project.replace("src/latentlab/training/image_training.py", "epsilon=1e-14", "epsilon=1e-13")
    assert not before & checkpoints()


def test_a_new_package_version_recomputes_everything(project):
    # of a package that this machine has not: one that it has would be refused, not being installed
    project.replace("requirements.lock", "pyreadline3==", "pyreadline3==9.")
    assert trained(project.pending()) == all_weights(project)


@pytest.mark.slow
def test_an_edit_changes_the_metrics_by_snakemake_and_dvc_shows_it(project):
    before = metrics(project)
    project.edit("architectures.networks.35-2", [35, 4, 35])
    project.snakemake("architectures", "results/metrics.json")
    after = metrics(project)
    assert after["35-3-2"] == before["35-3-2"]
    assert after["35-2"]["relu"]["mean_error"] != before["35-2"]["relu"]["mean_error"]
    assert "architectures.35-2" in project.dvc("metrics", "diff")
    # what a bare run left behind is what DVC would have computed
    project.dvc("repro")
    assert metrics(project) == after


@pytest.mark.slow
@pytest.mark.scenario("an edit and back: the same lock")
def test_dvc_repro_after_an_edit_and_back_is_as_before(project):
    before = project.bytes_of()
    lock = (project.root / "dvc.lock").read_bytes()
    project.edit("architectures.max_epochs", 1)
    project.dvc("repro")
    assert project.bytes_of() != before
    project.run("git", "checkout", "--", "params.yaml")
    project.dvc("repro")
    assert project.bytes_of() == before
    assert (project.root / "dvc.lock").read_bytes() == lock


@pytest.mark.slow
@pytest.mark.scenario("removed cells leave no orphans")
def test_a_removed_network_leaves_no_orphan(project):
    project.edit("architectures.networks.35-3-2", None)
    project.dvc("repro")
    left = project.bytes_of("results", ".snakemake/metadata")
    assert not [path for path in left if "/35-3-2" in path]
    assert list(metrics(project)) == ["35-2"]
    assert project.pending() == set()


@pytest.mark.scenario("an edit during a run is not certified")
@pytest.mark.slow
def test_an_edit_during_a_run_is_not_certified(project):
    """What DVC would record is the edited file beside results of the file before."""
    lock = (project.root / "dvc.lock").read_bytes()
    stage = "- snakemake --cores all\n"
    project.replace("dvc.yaml", stage, f"{stage}      - cp edited.yaml params.yaml\n")
    project.edit("denoising.fresh_draws", 6)
    (project.root / "edited.yaml").write_text((project.root / "params.yaml").read_text())
    project.edit("denoising.fresh_draws", 7)
    text = project.dvc("repro", ok=False)
    assert "edited while the study ran" in text
    assert (project.root / "dvc.lock").read_bytes() == lock


@pytest.mark.scenario("a failed cell keeps the others")
@pytest.mark.slow
def test_a_failed_cell_keeps_the_others(blank):
    blank.replace(
        "workflow/scripts/train_architectures.py",
        "    settings = args.settings\n",
        "    settings = args.settings\n    if '/35-2/' in settings['cell']:"
        " raise SystemExit('no')\n",
    )
    text = blank.snakemake("architectures", ok=False)
    assert "no" in text
    assert (blank.root / "results/architectures/cells/35-3-2/relu/scores.csv").exists()
    blank.run("git", "checkout", "--", "workflow")
    blank.snakemake("architectures")
    assert set(metrics(blank)) == {"35-2", "35-3-2"}


@pytest.mark.scenario("an architecture added and removed")
@pytest.mark.slow
def test_an_architecture_added_and_removed(project):
    """One more changes no cell that was there; without it everything is as before."""
    before, lock = project.bytes_of(), (project.root / "dvc.lock").read_bytes()
    project.edit("architectures.networks.35-4", [35, 4, 35])
    assert trained(project.pending()) == {
        f"results/architectures/cells/35-4/{encoder}/weights.npz"
        for encoder in ("relu", "relu_as_run")
    }
    project.dvc("repro")
    assert set(metrics(project)) >= {"35-2", "35-4"}
    cells = [path for path in before if "/cells/" in path and path.startswith("results")]
    after = project.bytes_of()
    assert {path: after[path] for path in cells} == {path: before[path] for path in cells}
    project.edit("architectures.networks.35-4", None)
    project.dvc("repro")
    assert project.bytes_of() == before
    assert (project.root / "dvc.lock").read_bytes() == lock


@pytest.mark.scenario("a parameter removed and put back")
@pytest.mark.slow
def test_a_parameter_removed_and_put_back(project):
    """Refused without it, by either tool, and nothing is touched; then nothing is to be done."""
    before = project.bytes_of()
    text = (project.root / "params.yaml").read_text()
    project.edit("architectures.beta", None)
    for output in (project.snakemake(ok=False), project.dvc("repro", ok=False)):
        assert "architectures.beta: missing, allowed: a finite number above 0" in output
        assert "Traceback" not in output
    assert project.bytes_of() == before
    (project.root / "params.yaml").write_text(text)
    assert project.pending() == set()
    assert "up to date" in project.dvc("status")


@pytest.mark.slow
@pytest.mark.scenario("swapped parameter values")
def test_two_swapped_parameters_of_one_step(project):
    """Snakemake compares a mapping as a set of values: this it would not notice."""
    project.edit("architectures.xtol", 0.02)
    project.snakemake("architectures")
    assert not any("results/architectures/" in path for path in project.pending())
    project.edit("architectures.xtol", 0.01)
    project.edit("architectures.ftol", 0.02)
    assert trained(project.pending()) == all_weights(project, "architectures/")


@pytest.mark.scenario("data replaced by another file with a new hash")
def test_a_font_replaced_by_another(project):
    """A pixel of one letter: everything that reads fonts is computed again."""
    project.replace("data/fonts/font.h", "{0x04, 0x0a", "{0x05, 0x0a")
    assert trained(project.pending()) == all_weights(project) - all_weights(project, "vae/")
