"""The small study on other processors, emulated, and on other C libraries: the same bytes.

Processors need qemu-x86_64 (Debian: qemu-user). Another C library is what LATENTLAB_LIBC names: a
folder with a libc.so.6 and its loader (tests/other_system.sh unpacks one).
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from elsewhere import RESULTS, compute_again, differing
from latentlab import arithmetic
from project import ROOT

QEMU = shutil.which("qemu-x86_64")
LIBC = os.environ.get("LATENTLAB_LIBC")
LOADER = "ld-linux-x86-64.so.2"
PYTHON = os.path.realpath(sys.executable)  # an emulator does not follow a link
PROCESSORS = ("Haswell", "EPYC-Rome")
CACHES = ((32, 256), (48, 1280), (64, 512))  # KiB of the first and the second: Intel's, AMD's
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        arithmetic.doubt(*arithmetic.this_machine()) is not None,
        reason="the host has no AVX2 and FMA",
    ),
]
emulated = pytest.mark.skipif(QEMU is None, reason="qemu-x86_64 is not installed")

REDRAWN = f"""
from latentlab.data import fonts
from latentlab.models.network import Network, initial_weights
from latentlab.training import redrawn
import numpy as np

letters = fonts.read_fonts({str(ROOT / "data/fonts/font.h")!r})["font2"].pixels
wide = Network((35, 160, 32, 160, 35), "tanh", "tanh", "tanh", "sigmoid", 0.5, True)
copies = np.tile(letters, (16, 1))

def noisy(epoch):
    flipped = np.random.default_rng(epoch).random(copies.shape) < 0.15
    return np.where(flipped, 1 - copies, copies)

denoiser = redrawn.train_redrawn(
    wide, noisy, copies, initial_weights(wide, np.random.default_rng(1)), optimizer="adam",
    loss="within-one-pixel", learning_rate=0.01, schedule="cosine", max_epochs=6, record_every=1,
).weights
"""

PROGRAM = f"""
import hashlib, json, sys, tempfile
from dataclasses import replace

from latentlab.data import fonts
from latentlab.training import gradient
from latentlab.data import digits
from latentlab.data import images
from latentlab.models import image_model
from latentlab.training import image_training
from latentlab.measures import likelihood
import numpy as np
from latentlab.models.network import Network, initial_weights
from numpy._core._multiarray_umath import __cpu_features__ as features

def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()

found = {{}}
rng = np.random.default_rng(0)
a = rng.normal(size=(300, 300))
found["random"] = digest(a, rng.random(1000, np.float32), rng.permutation(1000))
found["products"] = digest(a @ a, a.astype("f4") @ a.astype("f4"), np.einsum("ij,kj->ik", a, a))
found["functions"] = digest(*(f(abs(a) + 0.1) for f in (np.exp, np.log, np.log1p, np.tanh)))
found["linear algebra"] = digest(*np.linalg.eigh(a + a.T), *np.linalg.svd(a))

letters = fonts.read_fonts({str(ROOT / "data/fonts/font.h")!r})["font2"].pixels
network = Network((35, 15, 2, 15, 35), "tanh", "linear", "tanh", "sigmoid", 1.0, True)
start = initial_weights(network, rng)
options = dict(loss="cross-entropy", record_every=10)
found["letters, Adam"] = digest(gradient.train_adam(
    network, letters, letters, start, learning_rate=0.01, schedule="cosine", max_epochs=100,
    **options).weights)
found["letters, L-BFGS-B"] = digest(gradient.train_lbfgs(
    network, letters, letters, start, max_epochs=40, gtol=1e-9, ftol=1e-12, memory=10,
    **options).weights)

digits = digits.digits()
few = images.Images(digits.train_images[:300], digits.train_labels[:300],
                    digits.test_images[:100], digits.test_labels[:100])
larger = images.Images(*(np.kron(a, np.ones((1, 4, 4), "u1")) if a.ndim == 3 else a
                         for a in (few.train_images, few.train_labels,
                                   few.test_images, few.test_labels)))
settings = image_model.Settings(
    model="vae", encoder_layers=(256,), decoder_layers=(256,), latent_units=2,
    activation="relu", initial_weights="glorot", variance="free",
    input_dropout=0.0, optimizer="rmsprop", beta_2=0.9, learning_rate=0.001,
    schedule="constant", kl_weight=1.0, kl_warmup=0, epochs=2, batch_size=100,
)
weights, history = image_training.train(settings, few, 1)
found["vae"] = digest(*weights.values(), *history.values())
trained, history = image_training.train(replace(settings, epochs=1), larger, 1)
found["vae of 1024 pixels"] = digest(*trained.values(), *history.values())
layer = image_model.Convolution(filters=4, kernel=4, stride=2)
for name, changes in {{
    "convolutions": {{"encoder_layers": (layer, 32), "decoder_layers": (32, layer)}},
    "a large batch": {{"batch_size": 300}},
    "steps and weights of the deeper one": {{
        "encoder_layers": (24, 24), "decoder_layers": (24, 24), "activation": "silu",
        "initial_weights": "spread", "variance": "bounded", "input_dropout": 0.05,
        "optimizer": "adam", "beta_2": 0.99, "schedule": "linear"}},
}}.items():
    trained, _ = image_training.train(replace(settings, **changes), few, 1)
    found[name] = digest(*trained.values())
scores = likelihood.evaluate(settings, weights, few.test_images)
found["vae, scores"] = digest(np.array(list(scores.values())))

{REDRAWN}
found["letters, redrawn"] = digest(denoiser)

from latentlab.drawing import style
figure = style.canvas(2.0, title="Letters")
axes = figure.subplots()
axes.semilogy(*rng.random((2, 50)), marker="o", label="$10^{{-3}}$")
axes.legend()
with tempfile.TemporaryDirectory() as folder:
    style.save(figure, f"{{folder}}/figure")
    for kind in ("svg", "png"):
        with open(f"{{folder}}/figure.{{kind}}", "rb") as file:
            found[kind] = hashlib.sha256(file.read()).hexdigest()
json.dump({{"found": found, "avx512": bool(features["AVX512F"])}}, sys.stdout)
"""


PRODUCTS = f"""
import latentlab
{REDRAWN}
import hashlib, json, sys

import jax, numpy as np
from latentlab.training.products import product

def digest(array):
    return hashlib.sha256(np.asarray(array).tobytes()).hexdigest()

def gradient(a, b, g):
    return jax.vjp(product(), a, b)[1](g)

def of_a_kernel(a, b, g):
    # the second factor is transposed before the product and its gradient afterwards: convolutions
    of_a, of_kernel = jax.vjp(lambda a, kernel: product()(a, kernel.T).T, a, b.T)[1](g.T)
    return of_a, of_kernel.T

def transposed(a, b, g):
    return g @ b.T, a.T @ g

found, rng = {{}}, np.random.default_rng(0)
for rows, columns, units in (
    (100, 784, 256), (100, 256, 784), (100, 256, 2), (100, 2, 256), (128, 256, 200),
    (300, 784, 256), (600, 32, 3), (4900, 64, 16), (35, 160, 128), (200, 35, 512),
):
    a, b, g = (rng.normal(size=s).astype("f4")
               for s in ((rows, columns), (columns, units), (rows, units)))
    name = f"{{rows}} {{columns}} {{units}}"
    found[f"ours {{name}}"] = digest(jax.jit(lambda a, b: product()(a, b))(a, b))
    for slopes in (gradient, of_a_kernel, transposed):
        of_a, of_b = jax.jit(slopes)(a, b, g)
        found[f"{{slopes.__name__}} {{name}}"] = digest(of_a) + digest(of_b)
        assert np.allclose(of_b, a.T.astype(float) @ g, atol=1e-2)
found["redrawn"] = digest(denoiser)
json.dump(found, sys.stdout)
"""


def with_caches(folder, first, second):
    """A copy of the emulator whose EPYC-Rome has data caches of so many KiB.

    QEMU has them as tables: kind, level, bytes, bytes a line, lines a set, parts, sets.
    """
    content = Path(QEMU).read_bytes()
    for kind, level, ways, known, wanted in ((0, 1, 8, 32, first), (2, 2, 8, 512, second)):
        old, new = (
            struct.pack("<iB3xIHBBI", kind, level, size * 1024, 64, ways, 1, size * 16 // ways)
            for size in (known, wanted)
        )
        if old not in content:
            pytest.skip("this QEMU keeps the sizes of caches in another form")
        content = re.sub(re.escape(old), lambda _, new=new: new, content)
    copy = folder / f"qemu-{first}-{second}"
    copy.write_bytes(content)
    copy.chmod(0o755)
    return str(copy)


def digests(*emulator, program=PROGRAM):
    """What a program finds, run by an emulator or by none."""
    packages = [str(ROOT / "src"), sysconfig.get_paths()["purelib"]]
    done = subprocess.run(
        [*emulator, PYTHON, "-c", program],
        capture_output=True,
        text=True,
        timeout=3600,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def native():
    return digests()


@emulated
@pytest.mark.parametrize("processor", PROCESSORS)
def test_another_processor_computes_the_same(native, processor):
    other = digests(QEMU, "-cpu", processor)
    assert not other["avx512"]  # another processor indeed
    assert other["found"] == native["found"]


@emulated
@pytest.mark.parametrize("caches", CACHES, ids="{0[0]}-{0[1]}".format)
def test_other_caches_compute_the_same(native, tmp_path, caches):
    """Of laptops from 2013 to 2020 the second is 256 KiB: a quarter of a server's."""
    other = digests(with_caches(tmp_path, *caches), "-cpu", "EPYC-Rome")
    assert other["found"] == native["found"]


@emulated
def test_no_product_hangs_on_the_caches_but_those_of_a_transposed_factor(tmp_path):
    found = [
        digests(with_caches(tmp_path, *caches), "-cpu", "EPYC-Rome", program=PRODUCTS)
        for caches in CACHES
    ]
    others = {name for name in found[0] if len({other[name] for other in found}) > 1}
    assert others  # the control: the caches are others indeed, and XLA heeds them
    assert {name.split()[0] for name in others} == {"transposed"}


def assert_the_same_study(project, *python, **extra):
    """All steps, computed by another Python, make what both tools take for the recorded results.

    So ``dvc.lock`` is the same as well: it holds digests of these files and of the job records.
    """
    expected = project.bytes_of(*RESULTS)
    compute_again(project, *python, **extra)
    assert differing(project, expected) == []
    assert project.pending() == set()
    assert "up to date" in project.dvc("status")


@emulated
@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_study_on_another_processor(project, processor):
    assert_the_same_study(project, QEMU, "-cpu", processor, PYTHON)


@pytest.mark.skipif(LIBC is None, reason="LATENTLAB_LIBC names no folder of another libc.so.6")
def test_the_study_with_another_c_library(project):
    loader = str(Path(LIBC).resolve() / LOADER)
    assert_the_same_study(project, loader, "--library-path", str(Path(loader).parent), PYTHON)


def test_the_study_on_one_core_with_huge_pages(project):
    """Python has read the setting before the package removes it from the environment."""
    core = str(min(os.sched_getaffinity(0)))
    pages = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    assert_the_same_study(project, "taskset", "--cpu-list", core, PYTHON, **pages)


def test_a_result_that_is_not_computed_is_seen(project):
    """What these tests compare with is not what the steps have just written."""
    expected = project.bytes_of(*RESULTS)
    script = "workflow/scripts/render_explorer.py"
    project.replace(script, "def main(argv):\n", "def main(argv):\n    return\n")
    compute_again(project, PYTHON)
    assert differing(project, expected) == ["results/report/explorer.html"]


@emulated
def test_a_processor_without_avx2_runs_what_it_can():
    """No illegal instruction; NumPy's random numbers and SciPy run (JAX itself asks for AVX)."""
    code = (
        "import builtins, io; opened = builtins.open;"
        "old = lambda path, *a, **k: io.StringIO('flags: sse4_2') if path == '/proc/cpuinfo'"
        " else opened(path, *a, **k);"  # the emulator shows the host's
        "builtins.open = old; import latentlab, hashlib, numpy as np, scipy.linalg;"
        "builtins.open = opened; from latentlab import arithmetic as here;"
        "print(here.doubt(*here.this_machine()));"
        "a = np.random.default_rng(0).normal(size=(300, 300)); a @ a; scipy.linalg.eigh(a + a.T)"
    )
    packages = [str(ROOT / "src"), sysconfig.get_paths()["purelib"]]
    environ = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    done = subprocess.run(
        [QEMU, "-cpu", "Nehalem", os.path.realpath(sys.executable), "-c", code],
        text=True,
        capture_output=True,
        env={**environ, "PYTHONPATH": os.pathsep.join(packages)},
    )
    assert done.returncode == 0, done.stderr
    assert "has no AVX2 and FMA" in done.stdout
