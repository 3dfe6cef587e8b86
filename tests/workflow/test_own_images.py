"""A user's own images become a data set by one entry in params.yaml, own letters a font by one."""

import re

import numpy as np
import pytest
from PIL import Image

TRAIN = "data/images/shapes/train_images.npy"


def write_pngs(folder, level=0):
    """8 images of 12 x 9 pixels a class, those of a class alike."""
    rng = np.random.default_rng(0)
    for name in ("circle", "square"):
        shape = rng.random((12, 9)) < 0.5
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(8):
            noise = rng.integers(0, 50, shape.shape)
            pixels = np.where(shape, 255 - noise, noise + level).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


@pytest.fixture
def own(blank):
    write_pngs(blank.root / "data" / "shapes")
    shapes = {
        "source": "folder",
        "path": "data/shapes",
        "test_every": 4,
        "classes": ["circle", "square"],
    }
    blank.watch("data/shapes")
    blank.learn_images(shapes=shapes)
    blank.edit("vae.models.convolutional.replicates.shapes", 0)  # 12 x 9 pixels: not square
    return blank


@pytest.mark.slow
def test_a_folder_of_png_files_is_studied(own):
    own.snakemake("vae")
    train = np.load(own.root / TRAIN)
    assert train.shape == (12, 12, 9)
    assert np.load(own.root / "data/images/shapes/test_labels.npy").tolist() == [0, 0, 1, 1]
    assert '"shapes"' in (own.root / "results/vae/metrics.json").read_text()
    for figure in ("manifolds", "samples", "latent_codes"):
        assert (own.root / f"results/vae/figures/shapes/{figure}.png").exists()
    assert not own.pending("results/vae/metrics.json")
    # what is checked before the trainings is no part of them
    own.edit("vae.measures.neighbors", 2)
    again = own.pending("results/vae/metrics.json")
    assert any(path.endswith("scores.csv") for path in again)
    assert not [path for path in again if path.endswith((".npy", "weights.npz"))]
    # an image changed in place is noticed by its content
    write_pngs(own.root / "data" / "shapes", level=9)
    assert TRAIN in own.pending("results/vae/metrics.json")


@pytest.mark.slow
@pytest.mark.scenario("class folders that are links")
def test_a_class_folder_may_be_a_link(own, tmp_path):
    """What lies behind it counts like what lies in the folder itself."""
    folder = own.root / "data/shapes/square"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    own.watch(str(tmp_path / "elsewhere"))
    own.snakemake(TRAIN)
    assert own.pending(TRAIN) == set()
    black = np.zeros((12, 9), np.uint8)
    Image.fromarray(black).save(tmp_path / "elsewhere/0.png")
    assert TRAIN in own.pending(TRAIN)
    own.snakemake(TRAIN)
    assert np.array_equal(np.load(own.root / TRAIN)[6], black)
    (tmp_path / "elsewhere/7.png").unlink()
    assert TRAIN in own.pending(TRAIN)


@pytest.mark.slow
@pytest.mark.scenario("stray files in an image folder")
def test_stray_files_are_no_images(own):
    """What macOS, Windows, git and Jupyter leave behind changes nothing, first or later."""
    folder = own.root / "data/shapes"
    own.snakemake(TRAIN)
    before = own.bytes_of("data/images")
    for name in (".DS_Store", "Thumbs.db", "circle/.DS_Store", "circle/._0.png", "notes.txt"):
        (folder / name).write_bytes(b"stray")
    for name in (".git", ".ipynb_checkpoints"):
        (folder / name).mkdir()
        (folder / name / "0.png").write_bytes(b"stray")
    assert own.pending(TRAIN) == set()
    (own.root / TRAIN).unlink()
    own.snakemake(TRAIN)
    assert own.bytes_of("data/images") == before


@pytest.mark.scenario("a check that can be made at the start")
@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ("rename", "data/shapes: a folder circle is missing"),
        ("remove", "data/shapes: no such file or folder"),
        ("spoil", "data/shapes/circle/1.png: not a readable picture"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line(own, edit, line):
    """Said before anything is run, by a dry run too."""
    folder = own.root / "data/shapes"
    if edit == "rename":
        (folder / "circle").rename(folder / "oval")
    elif edit == "remove":
        folder.rename(own.root / "data/other")
    else:
        (folder / "circle/1.png").unlink()
        (folder / "circle/1.png").symlink_to("nothing")
    for arguments in (["--dry-run"], []):
        shown = own.snakemake("vae", *arguments, ok=False)
        assert f"data.images.shapes.path: {own.root}/{line}" in shown
        assert "Traceback" not in shown
    assert not (own.root / "results/vae").exists()


def test_an_image_that_cannot_be_used_is_one_line(own):
    """What only decoding can tell."""
    Image.fromarray(np.zeros((9, 12), np.uint8)).save(own.root / "data/shapes/circle/1.png")
    shown = own.snakemake("vae", ok=False)
    image = own.root / "data/shapes/circle/1.png"
    assert f"fetch_images shapes failed: data.images.shapes: {image}: 9 x 12 pixels" in shown
    assert not (own.root / "results/vae").exists()


def test_images_that_change_while_a_run_is_at_work_are_not_taken(own):
    """The run has recorded what they were at its start."""
    own.snakemake(TRAIN, "--dry-run")
    (settings,) = [
        path for path in (own.root / ".cache/settings").iterdir() if '"content"' in path.read_text()
    ]
    step = ["python", "workflow/scripts/fetch_images.py", "--settings", str(settings)]
    own.run(*step, "--folder", "as-it-was")
    write_pngs(own.root / "data/shapes", level=9)
    shown = own.run(*step, "--folder", "changed", ok=False)
    assert f"{own.root}/data/shapes: changed while the run was at work; run the same" in shown
    assert not (own.root / "changed").exists()


@pytest.mark.scenario("a check that can be made at the start", 2)
@pytest.mark.slow
def test_what_the_images_do_not_allow_is_said_before_the_training(own):
    """Where they are fetched in the same run, and where they are there."""
    line = "vae.measures.neighbors: 4 given, allowed: less than 4, the images that are compared"
    own.edit("vae.measures.neighbors", 4)
    shown = own.snakemake("vae", ok=False)
    assert f"fetch_images shapes failed: {line} (images of shapes)" in shown
    assert "train_vae" not in shown
    assert not (own.root / "results/vae").exists()

    own.edit("vae.measures.neighbors", 3)
    own.snakemake(TRAIN)
    own.edit("vae.measures.neighbors", 4)
    shown = own.snakemake("vae", ok=False)
    assert f"{line} (images of shapes)" in shown
    assert " jobs" not in shown
    assert "Traceback" not in shown
    assert (own.root / TRAIN).exists()


@pytest.mark.slow
def test_letters_drawn_as_text_are_learned(blank):
    """Ten of them, under their own name; noticed by what is drawn."""
    rows = ["#####", "#...#", "#...#", "....#", "...#.", "..#..", "..#.."]
    turned = [[f"{digit}", *rows[digit % 7 :], *rows[: digit % 7]] for digit in range(10)]
    drawn = blank.root / "data/fonts/mine.txt"
    drawn.write_text("\n".join(line for letter in turned for line in letter))
    params = blank.root / "params.yaml"
    blank.replace("params.yaml", "data/fonts/font.h", "data/fonts/mine.txt")
    shown = blank.snakemake("--dry-run", ok=False)
    assert "more places: 'font2' given, allowed: a font of data/fonts/mine.txt (mine)" in shown
    assert "Traceback" not in shown
    own = re.sub("font[123]", "mine", params.read_text())
    params.write_text(own.replace("XHIR", '"0123"').replace('["08", Aa]', '["08"]'))
    cell = "results/architectures/cells/35-2/relu/scores.csv"
    blank.snakemake(cell)
    assert not blank.pending(cell)
    drawn.write_text(drawn.read_text().replace("#...#", "#####"))
    assert cell in blank.pending(cell)
