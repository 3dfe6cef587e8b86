"""What cannot be used is refused in one clear line, and nothing is left half-written."""

import gzip
import hashlib
import http.server
import threading
import time

import numpy as np
import pytest

from image_sets import idx

FILES = {
    "train-images-idx3-ubyte.gz": (np.arange(200 * 784) % 251).reshape(200, 28, 28),
    "train-labels-idx1-ubyte.gz": np.arange(200) % 10,
    "t10k-images-idx3-ubyte.gz": (np.arange(50 * 784) % 241).reshape(50, 28, 28),
    "t10k-labels-idx1-ubyte.gz": np.arange(50) % 10,
}


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(idx(array.astype(np.uint8)), mtime=0))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def downloads(blank, tmp_path):
    """A project whose study downloads a small data set, and the folder that mirrors it."""
    mirror = tmp_path / "mirror"
    digests = {name: write_idx(mirror / "tiny" / name, array) for name, array in FILES.items()}
    tiny = {
        "source": "download",
        "mirrors": ["http://127.0.0.1:9/tiny/"],
        "sha256": digests,
        "classes": list("0123456789"),
    }
    blank.learn_images("digits", tiny=tiny)
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
    *_, shown = blank.snakemake(ok=False).splitlines()
    assert shown.startswith(f"params.yaml: {knob}")  # and no word of a rule of ours around it
    assert line in shown
    assert not results(blank)


def test_parameters_on_the_command_line_are_not_ignored(blank):
    text = blank.snakemake("--config", "seed=1", ok=False)
    assert "parameters are read from params.yaml alone" in text


def test_a_malformed_font(blank):
    blank.replace("data/fonts/font.h", "0x00, 0x00}, // 0x20", "0x00}, // 0x20")
    text = blank.snakemake(ok=False)
    assert "font.h:5: a row of font1 has 6 bytes, 7 are needed" in text
    assert not results(blank)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("architectures/cells/none/relu/runs.csv", "cell none/relu in the experiment arch"),
        (
            "optimizers/cells/powell-long/35-2/tuning.csv",
            "step tune of the cell powell-long/35-2 in",
        ),
        ("denoising/cells/none/orthogonality.csv", "font none in denoising.orthogonality.fonts"),
        ("vae/figures/none/samples.png", "image set data.images.none"),
    ],
)
def test_what_does_not_exist(blank, target, told):
    *_, shown = blank.snakemake(f"results/{target}", ok=False).splitlines()
    assert shown.startswith(f"params.yaml has no {told}")


def test_without_a_network_and_any_image_set_nothing_starts(downloads):
    project, _ = downloads
    project.edit("vae.datasets", ["tiny"])
    text = project.snakemake("--dry-run", "--config", "offline=true", ok=False)
    assert "offline=true: every set of vae.datasets must be downloaded" in text


def test_downloads_come_from_the_mirror(downloads):
    project, mirror = downloads
    project.snakemake("data/images/tiny/train_images.npy", DATA_MIRROR=str(mirror))
    stored = np.load(project.root / "data/images/tiny/train_images.npy")
    assert np.array_equal(stored, FILES["train-images-idx3-ubyte.gz"])


def test_a_wrong_hash_everywhere_is_an_error(downloads):
    project, mirror = downloads
    write_idx(mirror / "tiny" / "t10k-labels-idx1-ubyte.gz", np.arange(51) % 10)
    target = "data/images/tiny/train_images.npy"
    text = project.snakemake(target, ok=False, DATA_MIRROR=str(mirror))
    assert "t10k-labels-idx1-ubyte.gz" in text
    assert "does not match the known hash" in text
    assert not list((project.root / "data/images").rglob("*.npy"))


@pytest.mark.slow
def test_unreachable_mirrors_name_the_way_out(downloads):
    project, _ = downloads
    text = project.dvc("repro", ok=False, DATA_MIRROR="")
    assert "vae.datasets" in text
    assert "DATA_MIRROR" in text
    assert not list((project.root / "data/images").rglob("tiny/*.npy"))


class Server(http.server.BaseHTTPRequestHandler):
    """A mirror that serves the files of a folder, badly while ``fault`` is set."""

    def do_GET(self):
        if self.fault == "redirected to a page" and self.path != "/login":
            self.send_response(302)
            self.send_header("Location", "/login")
            self.end_headers()
            return
        body = self.files.get(self.path, b"<html>Please log in</html>")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.fault == "wrong bytes":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if self.fault == "cut":
            body = body[: len(body) // 2]
        self.wfile.write(body if self.fault != "stalled" else body[:100])
        while self.fault == "stalled":
            time.sleep(0.1)

    def log_message(self, *_):
        pass


@pytest.mark.scenario("a download that stalls, is cut, is a page, has other bytes")
@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("redirected to a page", "no .gz file came, but what begins with '<html>Please log in"),
        pytest.param("wrong bytes", "does not match the known hash", marks=pytest.mark.slow),
        pytest.param("cut", "the transfer broke off", marks=pytest.mark.slow),
        pytest.param("stalled", "the transfer broke off", marks=pytest.mark.slow),
    ],
)
def test_bad_downloads(downloads, fault, line):
    """One line says what came; nothing of it stays; the same command then finishes."""
    project, mirror = downloads
    files = {f"/{path.name}": path.read_bytes() for path in (mirror / "tiny").iterdir()}
    handler = type("Faulty", (Server,), {"fault": fault, "files": files})
    target = "data/images/tiny/train_images.npy"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        project.edit("data.images.tiny.mirrors", [address])
        text = project.snakemake(target, ok=False, DATA_MIRROR="", NO_PROXY="*")
        assert any(line in shown and address in shown for shown in text.splitlines()), text
        assert "Traceback" not in text
        kept = [
            *(project.root / "data/images").rglob("*"),
            *(project.root / ".cache/downloads").rglob("*"),
        ]
        assert [path for path in kept if path.is_file()] == []
        handler.fault = None
        project.snakemake(target, DATA_MIRROR="", NO_PROXY="*")
        server.shutdown()
    stored = np.load(project.root / target)
    assert np.array_equal(stored, FILES["train-images-idx3-ubyte.gz"])


@pytest.mark.slow
@pytest.mark.scenario("data replaced by another file with a new hash")
def test_data_replaced_by_another_file_with_a_new_hash(downloads):
    """Noticed by the hash in the parameters; the file of before serves no longer."""
    project, mirror = downloads
    target, file = "data/images/tiny/train_images.npy", "train-images-idx3-ubyte.gz"
    project.snakemake(target, DATA_MIRROR=str(mirror))
    before = hashlib.sha256((mirror / "tiny" / file).read_bytes()).hexdigest()
    other = 255 - FILES[file] % 256
    digest = write_idx(mirror / "tiny" / file, other)
    assert project.pending(target) == set()  # what was asked for is there
    project.replace("params.yaml", before, digest)
    pending = project.pending()
    assert target in pending
    assert "results/vae/cells/tiny/published/0/weights.npz" in pending
    project.snakemake(target, DATA_MIRROR=str(mirror))
    assert np.array_equal(np.load(project.root / target), other.astype(np.uint8))


HOSTILE_NAMES = ["a; touch pwned", "$(touch pwned)", "`touch pwned`", "../../up", "/etc/x", "a\nb"]


@pytest.mark.scenario("names that are commands or paths")
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_never_a_command_or_a_path(blank, name):
    blank.edit("architectures.networks", {name: [35, 2, 35]})
    text = blank.snakemake(ok=False)
    assert "given as a name, allowed: a name of at most 40 letters" in text
    assert "Traceback" not in text
    assert not list(blank.root.parent.rglob("pwned"))


@pytest.mark.scenario("YAML with tags, alias bombs, depth")
@pytest.mark.parametrize(
    "text",
    [
        "seed: !!python/object/apply:os.system ['touch pwned']\n",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{c}: &{c} [{', '.join([f'*{b}'] * 9)}]\n"
            for b, c in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "[" * 100_000,
        "a: " * 50_000,
    ],
    ids=["tag", "aliases", "depth", "colons"],
)
def test_yaml_is_data(blank, text):
    (blank.root / "params.yaml").write_text(text)
    start = time.monotonic()
    output = blank.snakemake(ok=False)
    assert "params.yaml: " in output
    assert "Traceback" not in output
    assert time.monotonic() - start < 60
    assert not (blank.root / "pwned").exists()


@pytest.mark.scenario("no network, then one")
@pytest.mark.slow
def test_the_study_without_a_network(downloads):
    """All that needs none is done, and said; with the mirror the rest follows."""
    project, mirror = downloads
    text = project.run("python", "workflow/commands/run_study.py", DATA_MIRROR="")
    assert "Left out for want of a network: tiny" in text
    assert (project.root / "results/report/index.html").exists()
    assert not (project.root / "results/vae/cells/tiny").exists()
    text = project.run("python", "workflow/commands/run_study.py", DATA_MIRROR=str(mirror))
    assert (project.root / "results/vae/cells/tiny").exists()
    assert project.pending() == set()
    assert "up to date" in project.dvc("status")
