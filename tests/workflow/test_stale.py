"""Nothing stale is certified: by a profile, an option, a time, a link, an edit, or by force."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.files.yaml import read_yaml
from project import Project, environment

FONT = ("data/fonts/font.h", "{0x04, 0x0a", "{0x05, 0x0a")  # a pixel of one letter


def edit_network(project):
    project.edit("architectures.networks.35-2", [35, 3, 35])


def check(project, ok=True):
    return project.run("python", "workflow/commands/check_study.py", ok=ok)


def lock_of(project):
    return (project.root / "dvc.lock").read_bytes()


# --- profiles, variables, options ----------------------------------------------------------------


def profile(tmp_path, text):
    """The folder of a user's own profile."""
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "config.yaml").write_text(text + "\n")
    return str(folder)


@pytest.mark.scenario("a profile, variable or option under which old results would pass for new")
@pytest.mark.slow
def test_a_profile_of_the_user_does_not_decide_what_is_stale(project, tmp_path):
    """Many set it after Snakemake 7.8; so did ``dvc repro`` write new parameters, old results."""
    edit_network(project)
    folder = profile(tmp_path, "rerun-triggers: [mtime]\nmax-checksum-file-size: 1")
    project.dvc("repro", SNAKEMAKE_PROFILE=folder)
    assert not project.pending()
    assert "depth" in (project.root / "results/architectures/metrics.json").read_text()
    metrics = project.run("git", "diff", "--stat", "--", "results/architectures/metrics.json")
    assert "metrics.json" in metrics


@pytest.mark.scenario("a profile, variable or option under which old results would pass for new")
@pytest.mark.parametrize(
    "text", ["touch: true", "until: [train_letters]", "drop-metadata: true", "dry-run: true"]
)
@pytest.mark.slow
def test_a_profile_under_which_nothing_is_computed_certifies_nothing(project, tmp_path, text):
    before = lock_of(project)
    edit_network(project)
    project.dvc("repro", ok=False, SNAKEMAKE_PROFILE=profile(tmp_path, text))
    assert lock_of(project) == before
    assert project.pending()


@pytest.mark.scenario("a profile, variable or option under which old results would pass for new")
@pytest.mark.parametrize(
    "options",
    [
        "--rerun-triggers mtime",
        "--workflow-profile none",
        pytest.param("--drop-metadata", marks=pytest.mark.slow),
        pytest.param("--ignore-incomplete", marks=pytest.mark.slow),
        pytest.param("--no-hooks", marks=pytest.mark.slow),
        pytest.param("--all-temp", marks=pytest.mark.slow),
        pytest.param("--max-checksum-file-size 100MB", marks=pytest.mark.slow),
        pytest.param("--consider-ancient train_letters=0", marks=pytest.mark.slow),
        pytest.param("--omit-flags ancient", marks=pytest.mark.slow),
        pytest.param("--trust-io-cache", marks=pytest.mark.slow),
    ],
)
def test_an_option_is_refused_in_a_line(project, options):
    edit_network(project)
    text = project.snakemake(*options.split(), "--dry-run", ok=False)
    assert "or old results could pass for new" in text
    assert "Traceback" not in text


@pytest.mark.slow
def test_touch_is_refused(project):
    edit_network(project)
    before = project.bytes_of()
    assert "--touch: would record" in project.snakemake("--touch", ok=False)
    assert project.bytes_of() == before
    assert project.pending()


def test_packages_of_other_versions_are_refused(project):
    """What they compute would be recorded as results of the lock."""
    project.replace("requirements.lock", "scipy==", "scipy==99.")
    text = project.snakemake("--dry-run", ok=False)
    assert "1 installed packages are not those of requirements.lock: scipy" in text
    assert "pip install" in text


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.scenario("times decide nothing")
def test_an_older_file_in_the_place_of_a_newer_one_is_noticed(project):
    """As ``cp -p``, ``mv``, ``rsync -t`` and ``tar`` put it there."""
    project.replace(*FONT)
    os.utime(project.root / FONT[0], (1, 1))
    assert any(path.endswith("weights.npz") for path in project.pending())


@pytest.mark.scenario("times decide nothing")
@pytest.mark.slow
def test_an_older_result_in_the_place_of_a_newer_one_is_noticed(project):
    """With its own job record, as a backup of both brings it."""
    cell = "results/letters/cells/font1/small"
    kept = project.root.with_name("kept")
    shutil.copytree(project.root, kept, symlinks=True)
    project.edit("letters.networks.small.max_epochs", 1)
    project.snakemake("letters")
    for path in (kept / cell).iterdir():
        name = path.relative_to(kept).as_posix()
        for file in (name, record_of(name)):
            shutil.copyfile(kept / file, project.root / file)
            os.utime(project.root / file, (1, 1))
    project.run("git", "checkout", "--", "params.yaml")
    assert "results/letters/tables/summary.csv" in project.pending("results/letters/metrics.json")


def record_of(output):
    from support import records

    return records.record_of(output, records.RECORDS).as_posix()


@pytest.mark.scenario("times decide nothing")
@pytest.mark.slow
def test_an_edit_of_code_that_keeps_time_and_size_runs_the_new_code(project):
    """Python itself would take the compiled module of before for that of the edited one."""
    path = project.root / "src/latentlab/models/network.py"
    status = path.stat()
    before = (project.root / "results/letters/metrics.json").read_bytes()
    project.replace("src/latentlab/models/network.py", "0.5 * np.sum", "0.7 * np.sum")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    project.snakemake("letters")
    assert (project.root / "results/letters/metrics.json").read_bytes() != before


@pytest.mark.scenario("times decide nothing")
def test_a_touch_of_everything_reruns_nothing(project):
    for path in sorted(project.root.rglob("*"), key=lambda path: -len(path.name)):
        if path.is_file() and ".git/" not in str(path):
            path.touch()
    assert project.pending() == set()


# --- edits during a run --------------------------------------------------------------------------


@pytest.mark.scenario("an input edited while a job that has read it is at work")
@pytest.mark.slow
def test_a_font_edited_after_a_job_has_read_it(project):
    """Snakemake records what stands there when the job ends: the new font, the old results."""
    before = lock_of(project)
    script = "workflow/scripts/compare_denoising.py"
    text = (project.root / script).read_text()
    edit = (
        "    path = args.fonts\n"
        f"    path.write_text(path.read_text().replace('{FONT[1]}', '{FONT[2]}'))\n"
    )
    assert text.count("\n\nif __name__") == 1
    (project.root / script).write_text(text.replace("\n\nif __name__", f"{edit}\n\nif __name__"))
    project.dvc("repro", ok=False)
    assert lock_of(project) == before
    project.run("git", "checkout", "--", script)
    assert "results/denoising/tables/baselines.csv" in project.pending()
    assert any(path.endswith("weights.npz") for path in project.pending())


@pytest.mark.scenario("a module edited and put back while a job is at work")
@pytest.mark.slow
def test_an_edit_that_is_undone_before_the_run_ends(project):
    """As by "git stash" and "git stash pop": afterwards all files are what they were."""
    before, made = project.bytes_of(), "results/denoising/tables/baselines.csv"
    (project.root / made).unlink()
    module = project.root / "src/latentlab/experiments/denoising/baselines.py"
    own = module.read_text()
    command = ["snakemake", "--cores", "2", "denoising"]
    with subprocess.Popen(
        command, cwd=project.root, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as run:  # fmt: skip
        lines = iter(run.stdout.readline, "")
        said = next(line for line in lines if "compare_denoising" in line)
        module.write_text(own + "\n_EDITED = 1\n")
        time.sleep(1.5)
        module.write_text(own)
        text = said + "".join(lines)
    assert run.returncode == 0
    assert "baselines.py was edited while jobs that read it were at work" in text
    assert made in project.pending()
    assert not any(path.endswith("weights.npz") for path in project.pending())
    project.dvc("repro")
    assert project.bytes_of() == before
    assert project.pending() == set()


# --- commands of DVC that record without running --------------------------------------------------


@pytest.mark.scenario("dvc commit --force, dvc exp save: make check says so")
@pytest.mark.slow
def test_check_sees_what_dvc_was_made_to_record(project):
    assert "of all" in check(project)
    edit_network(project)
    assert "params.yaml" in check(project, ok=False)
    project.dvc("commit", "--force")
    assert "up to date" in project.dvc("status")
    text = check(project, ok=False)
    assert "not of these parameters, data and code, whatever dvc.lock says" in text
    assert "Traceback" not in text
    assert "'snakemake --cores all' computes what is out of date, 'dvc repro' then" in text
    project.snakemake()
    project.dvc("repro")
    check(project)
    project.edit("architectures.networks.35-2", [35, 4, 35])
    project.dvc("exp", "save")
    assert "whatever dvc.lock says" in check(project, ok=False)


@pytest.mark.scenario("dvc commit --force, dvc exp save: make check says so")
@pytest.mark.slow
def test_check_sees_a_result_made_by_hand(project):
    path = project.root / "results/letters/tables/summary.csv"
    path.write_text(path.read_text().replace("1", "2", 1))
    project.dvc("commit", "--force")
    assert "results/letters/tables/summary.csv is not what its job wrote" in check(
        project, ok=False
    )


# --- image sets that are used no more -------------------------------------------------------------


def write_images(folder, level=0):
    for name in ("circle", "square"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(8):
            pixels = np.random.default_rng(i).integers(level, 256, (12, 9)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


SHAPES = {
    "source": "folder",
    "path": "data/shapes",
    "test_every": 4,
    "classes": ["circle", "square"],
}


@pytest.fixture
def own(project):
    """A project that learns images of its own beside the digits."""
    write_images(project.root / "data/shapes")
    project.watch("data/shapes")
    (project.root / ".gitignore").write_text(
        (project.root / ".gitignore").read_text() + "/data/shapes/\n"
    )
    project.learn_images("digits", shapes=SHAPES)
    return project


@pytest.mark.scenario("an image set taken out of the parameters")
@pytest.mark.slow
def test_an_image_set_taken_out_leaves_nothing(own, tmp_path):
    own.dvc("repro")
    assert (own.root / "data/images/shapes").is_dir()
    assert "data@shapes" in read_yaml(own.root / "dvc.lock")["stages"]
    own.dvc("repro")
    own.edit("vae.datasets", ["digits"])
    own.replace("dvc.yaml", "        - data/shapes\n", "")
    own.dvc("repro")
    assert not (own.root / "data/images/shapes").exists()
    assert "data@shapes" not in read_yaml(own.root / "dvc.lock")["stages"]
    assert "up to date" in own.dvc("status")
    # a colleague's clone is clean
    own.dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    own.dvc("push")
    own.commit()
    own.run("git", "clone", "--quiet", str(own.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.dvc("pull")
    assert "up to date" in clone.dvc("status")


@pytest.mark.scenario("a path in the parameters that DVC does not watch")
def test_images_that_dvc_does_not_watch_are_refused(project):
    write_images(project.root / "data/shapes")
    project.learn_images(shapes=SHAPES)
    text = project.snakemake("--dry-run", ok=False)
    assert "data.images.shapes.path: reads data/shapes/circle, which DVC does not watch" in text
    project.watch("data/shapes")
    project.snakemake("--dry-run")


@pytest.mark.scenario("class folders that are links")
@pytest.mark.slow
def test_images_behind_a_link_to_a_folder_are_refused_until_watched(project, tmp_path):
    """DVC does not look behind it."""
    write_images(project.root / "data/shapes")
    shutil.move(project.root / "data/shapes/square", tmp_path / "square")
    (project.root / "data/shapes/square").symlink_to(tmp_path / "square")
    project.watch("data/shapes")
    project.learn_images(shapes=SHAPES)
    assert f"reads {tmp_path / 'square'}, which DVC does not watch" in project.dvc(
        "repro", ok=False
    )
    project.watch(str(tmp_path / "square"))
    project.dvc("repro")
    assert "up to date" in project.dvc("status")
    Image.fromarray(np.zeros((12, 9), np.uint8)).save(tmp_path / "square/0.png")
    assert "square" in project.dvc("status")
    assert "data/images/shapes/train_images.npy" in project.pending()


# --- folders that are links -----------------------------------------------------------------------


@pytest.mark.scenario("results on another disk, behind a link")
@pytest.mark.parametrize("folder", ["results/letters", "data/images"])
@pytest.mark.slow
def test_results_behind_a_link(project, tmp_path, folder):
    """Snakemake runs with it, and sees damage there; DVC versions nothing there, and says so."""
    shutil.move(project.root / folder, tmp_path / "disk")
    (project.root / folder).symlink_to(tmp_path / "disk")
    assert project.pending() == set()
    victim = max((tmp_path / "disk").rglob("*.np[yz]"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    assert f"{folder}/{victim.relative_to(tmp_path / 'disk')}" in project.pending()
    edit_network(project)
    text = project.dvc("repro", ok=False)
    assert f"{folder} is a link, and DVC versions nothing behind one" in text
    assert " jobs" not in text


@pytest.mark.scenario("results on another disk, behind a link")
@pytest.mark.slow
def test_cells_behind_a_link(project, tmp_path):
    """An output of DVC that is itself a link."""
    shutil.move(project.root / "results/architectures/cells", tmp_path / "disk")
    (project.root / "results/architectures/cells").symlink_to(tmp_path / "disk")
    assert "up to date" in project.dvc("status")
    edit_network(project)
    project.dvc("repro")
    assert "up to date" in project.dvc("status")
    assert project.pending() == set()
    check(project)


@pytest.mark.scenario("job records that share their bytes with DVC's cache")
@pytest.mark.slow
def test_records_that_are_links_are_made_files_of_their_own(project):
    """As ``cache.type: hardlink`` of a user's configuration makes them."""
    shared = project.root.with_name("shared")
    records = project.root / ".snakemake/metadata"
    shutil.copytree(records, shared)
    paths = [path for path in sorted(records.rglob("*")) if path.is_file()]
    for i, path in enumerate(paths):
        path.unlink()
        other = shared / path.relative_to(records)
        path.symlink_to(other) if i % 2 else path.hardlink_to(other)
    before = {path: path.read_bytes() for path in sorted(shared.rglob("*")) if path.is_file()}
    edit_network(project)
    project.snakemake()
    assert {path: path.read_bytes() for path in before} == before


# --- command lines --------------------------------------------------------------------------------


@pytest.mark.scenario("more cells than a command line holds")
@pytest.mark.slow
def test_settings_of_many_cells_go_by_file(project):
    """The 128 KiB of a command were full at 240 denoisers of a network."""
    n = 1500
    project.edit(
        "denoising.networks.published.ranges", [round(0.3 + i / 10000, 4) for i in range(n)]
    )
    commands = project.snakemake("denoising", "--dry-run", "--printshellcmds", "--quiet", "host")
    lines = [line for line in commands.splitlines() if "python workflow/scripts/" in line]
    assert len(lines) > n
    assert max(map(len, lines)) < 1000
    settings = [Path(word) for line in lines for word in line.split() if word.endswith(".json")]
    sizes = [(project.root / path).stat().st_size for path in settings if path.parts[0] == ".cache"]
    assert max(sizes) > 2**17  # more than a command may have


# --- what an outsider broke -----------------------------------------------------------------------


@pytest.mark.scenario("files of the user's among the results")
@pytest.mark.slow
def test_pruning_touches_nothing_of_the_users(project, tmp_path):
    """A result is what has a job record."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/thesis.txt").write_text("x")
    (project.root / "results/denoising/mine").symlink_to(tmp_path / "precious")
    (project.root / "data/images/raw").symlink_to(tmp_path / "precious")
    (project.root / "results/notes.md").write_text("x")
    project.edit("architectures.networks.35-3-2", None)
    project.dvc("repro")
    assert not (project.root / "results/architectures/cells/35-3-2").exists()
    assert (tmp_path / "precious/thesis.txt").exists()
    assert (project.root / "results/notes.md").exists()


@pytest.mark.scenario("a profile, variable or option under which old results would pass for new")
@pytest.mark.parametrize("text", ["omit-from: [train_architectures]", "dry-run: true"])
@pytest.mark.slow
def test_the_projects_own_profile_cannot_hide_what_is_stale(project, text):
    before, results = lock_of(project), project.bytes_of("results")
    path = project.root / "profiles/default/config.yaml"
    path.write_text(f"{path.read_text()}{text}\n")
    edit_network(project)
    assert "a profile left jobs out" in project.dvc("repro", ok=False)
    assert lock_of(project) == before
    assert project.bytes_of("results").keys() == results.keys()
    assert "whatever dvc.lock says" in check(project, ok=False)


@pytest.mark.scenario("results that are gone")
def test_a_result_in_between_that_is_gone_is_made_again(project):
    """Snakemake would do without it: what was computed from it is there."""
    gone = "results/architectures/cells/35-2/relu/weights.npz"
    (project.root / gone).unlink()
    assert gone in project.pending()
    assert f"{gone}" in check(project, ok=False)


@pytest.mark.scenario("another file of the same size and time")
@pytest.mark.slow
def test_check_reads_what_dvc_does_not_read_again(project):
    """DVC goes by inode, size and time."""
    path = project.root / FONT[0]
    status = path.stat()
    with path.open("r+") as file:
        text = file.read().replace(FONT[1], FONT[2])
        file.seek(0)
        file.write(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert project.pending()
    assert "data/fonts/font.h" in check(project, ok=False)


@pytest.mark.scenario("an old result put back after a kill")
@pytest.mark.slow
def test_an_old_result_put_back_after_a_kill(project):
    """The job record of a run that was killed has no seal yet."""
    old = (project.root / "results/denoising/metrics.json").read_bytes()
    project.edit("denoising.fresh_draws", 6)
    project.snakemake("denoising")
    new = (project.root / "results/denoising/metrics.json").read_bytes()
    assert new != old
    for record in (project.root / ".snakemake/metadata").rglob("*"):  # as if it had been killed
        if record.is_file() and not record.name.startswith("."):
            content = json.loads(record.read_text())
            output = project.root / bytes_of_name(record.name)
            del content["seal"]
            record.write_text(json.dumps({**content, "endtime": output.stat().st_mtime}))
    assert "results/denoising/metrics.json" not in project.pending("denoising")
    project.run("git", "checkout", "--", "results/denoising/metrics.json")
    assert "results/denoising/metrics.json" in project.pending("denoising")
    project.snakemake("denoising")
    assert (project.root / "results/denoising/metrics.json").read_bytes() == new


def bytes_of_name(name):
    return base64.urlsafe_b64decode(name).decode()
