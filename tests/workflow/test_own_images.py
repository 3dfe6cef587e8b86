"""A user's own images become a data set by one entry in params.yaml."""

import numpy as np
import pytest
from PIL import Image


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
    blank.learn_images(shapes=shapes)
    return blank


def test_a_folder_of_png_files_is_studied(own):
    own.snakemake("vae")
    train = np.load(own.root / "data/images/shapes/train_images.npy")
    assert train.shape == (12, 12, 9)
    assert np.load(own.root / "data/images/shapes/test_labels.npy").tolist() == [0, 0, 1, 1]
    assert '"shapes"' in (own.root / "results/vae/metrics.json").read_text()
    for figure in ("manifolds", "interpolations", "latent_codes"):
        assert (own.root / f"results/vae/figures/shapes/{figure}.png").exists()
    assert not own.pending("results/vae/metrics.json")
    # an image changed in place is noticed by its content
    write_pngs(own.root / "data" / "shapes", level=9)
    assert "data/images/shapes/train_images.npy" in own.pending("results/vae/metrics.json")


def test_a_folder_that_cannot_be_used_is_one_line(own):
    (own.root / "data/shapes/circle").rename(own.root / "data/shapes/oval")
    shown = own.snakemake("vae", ok=False)
    line = "fetch_images.py: " + str(own.root / "data/shapes") + ": a folder circle is missing"
    assert line in shown
    assert not (own.root / "results/vae").exists()
