"""What cannot be used is refused in one clear line, and nothing is left half-written."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
from ruamel.yaml import YAML

FILES = {
    "train-images-idx3-ubyte.gz": (np.arange(200 * 784) % 251).reshape(200, 28, 28),
    "train-labels-idx1-ubyte.gz": np.arange(200) % 10,
    "t10k-images-idx3-ubyte.gz": (np.arange(50 * 784) % 241).reshape(50, 28, 28),
    "t10k-labels-idx1-ubyte.gz": np.arange(50) % 10,
}


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def downloads(blank, tmp_path):
    """A project whose study downloads a small data set, and the folder that mirrors it."""
    mirror = tmp_path / "mirror"
    digests = {name: write_idx(mirror / "tiny" / name, array) for name, array in FILES.items()}
    yaml = YAML()
    params = yaml.load(blank.root / "params.yaml")
    params["data"]["images"]["tiny"] = {
        "source": "download",
        "mirrors": ["http://127.0.0.1:9/tiny/"],
        "sha256": digests,
        "classes": list("0123456789"),
    }
    params["vae"]["datasets"] = ["digits", "tiny"]
    for model in params["vae"]["models"].values():
        model["replicates"] = {"digits": 1, "tiny": 1}
    yaml.dump(params, blank.root / "params.yaml")
    return blank, mirror


def results(project):
    return [p for p in (project.root / "results").rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    ("knob", "value", "line"),
    [
        ("architectures.networks.35-2", [35, 3, 2, 35], "[35, 3, 2, 35] given, allowed: an odd"),
        ("denoising.tests.probabilities", [1.1], "[0]: 1.1 given, allowed: a number from 0 to 1"),
        ("architectures.speed", 1, ": unknown key, allowed: font, networks"),
        ("denoising.subsets.published.letters", "XHé", ": 'é' given, allowed: letters of font2"),
        ("data.fonts", "data/fonts/none.h", "data/fonts/none.h: No such file or directory"),
    ],
)
def test_parameters(blank, knob, value, line):
    blank.edit(knob, value)
    text = blank.snakemake(ok=False)
    assert any(line in shown and (knob in shown or "fonts" in knob) for shown in text.splitlines())
    assert "Traceback" not in text
    assert not results(blank)


def test_parameters_on_the_command_line_are_not_ignored(blank):
    text = blank.snakemake("--config", "seed=1", ok=False)
    assert "parameters are read from params.yaml alone" in text


def test_a_malformed_font(blank):
    blank.replace("data/fonts/font.h", "0x00, 0x00}, // 0x20", "0x00}, // 0x20")
    text = blank.snakemake(ok=False)
    assert "font.h:5: a row of font1 has 6 bytes, 7 are needed" in text
    assert not results(blank)


def test_a_cell_that_does_not_exist(blank):
    text = blank.snakemake("results/architectures/cells/none/weights.npz", ok=False)
    assert "params.yaml has no cell none in the experiment architectures" in text


def test_downloads_come_from_the_mirror(downloads):
    project, mirror = downloads
    project.snakemake("data/images/tiny/train_images.npy", DATA_MIRROR=str(mirror))
    stored = np.load(project.root / "data/images/tiny/train_images.npy")
    assert np.array_equal(stored, FILES["train-images-idx3-ubyte.gz"])


def test_a_wrong_hash_is_an_error_not_a_fallback(downloads):
    project, mirror = downloads
    write_idx(mirror / "tiny" / "t10k-labels-idx1-ubyte.gz", np.arange(51) % 10)
    for command in ("data/images/tiny/train_images.npy",):
        text = project.snakemake(command, ok=False, DATA_MIRROR=str(mirror))
        assert "t10k-labels-idx1-ubyte.gz" in text
        assert "sha256" in text
    assert not list((project.root / "data/images").rglob("*.npy"))


def test_unreachable_mirrors_name_the_way_out(downloads):
    project, _ = downloads
    text = project.dvc("repro", ok=False, DATA_MIRROR="")
    assert "vae.datasets" in text
    assert "DATA_MIRROR" in text
    assert not list((project.root / "data/images").rglob("tiny/*.npy"))


@pytest.mark.slow
def test_the_study_without_a_network(downloads):
    """All that needs none is done, and said; with the mirror the rest follows."""
    project, mirror = downloads
    text = project.run("python", "workflow/scripts/run_study.py", DATA_MIRROR="")
    assert "Left out for want of a network: tiny" in text
    assert (project.root / "results/report/index.html").exists()
    assert not (project.root / "results/vae/cells/tiny").exists()
    text = project.run("python", "workflow/scripts/run_study.py", DATA_MIRROR=str(mirror))
    assert (project.root / "results/vae/cells/tiny").exists()
    assert project.pending() == set()
    assert "up to date" in project.dvc("status")
