"""The arithmetic is pinned: what a shell, a notebook or a file sets otherwise changes no byte."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentlab import arithmetic

ROOT = Path(__file__).resolve().parents[2]
HASWELL = {"avx2", "fma", "sse4_2"}
HOSTILE = {
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cuda",
    "KERAS_BACKEND": "torch",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 NONSENSE",
    "NUMBA_DISABLE_JIT": "1",
    "NUMBA_OPT": "many",
    "OMP_NUM_THREADS": "7",
    "OPENBLAS_CORETYPE": "Prescott",
    "PJRT_NPROC": "7",
    "PYTHONHASHSEED": "7",
    "PYTHONOPTIMIZE": "2",
    "SOURCE_DATE_EPOCH": "nonsense",
    "XLA_FLAGS": "--nonsense",
}

# prints a digest of each part; what a mistake in ``pin`` would change or break is all in it
PROGRAM = f"""
import hashlib, json, os, sys, tempfile
sys.path.insert(0, {str(ROOT / "src")!r})
from latentlab.data import fonts
from latentlab.data import images
from latentlab.training import powell
from latentlab.training import optimizers as training
from latentlab.models import image_model
from latentlab.training import image_training
import numpy as np
from latentlab.models.network import Network, initial_weights

def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()

found = {{}}
rng = np.random.default_rng(0)
a = rng.normal(size=(200, 200))
found["products"] = digest(a @ a, np.linalg.eigvalsh(a + a.T))
found["functions"] = digest(np.exp(a), np.log(abs(a)), np.tanh(a))

letters = fonts.read_fonts({str(ROOT / "data/fonts/font.h")!r})["font2"].pixels[:8]
network = Network((35, 4, 2, 4, 35), "relu", "linear", "sigmoid", "sigmoid", 0.8, False)
start = initial_weights(network, rng)
trained = powell.train(network, letters, letters, start, max_epochs=2, xtol=0.1, ftol=0.1)
found["powell"] = digest(trained.weights)
import numba
numba.core.config.reload_config()  # as it does whenever it compiles
found["numba"] = [numba.config.DISABLE_JIT, repr(numba.config.OPT)]

pixels = rng.integers(0, 256, (200, 28, 28), np.uint8)
data = images.Images(pixels, np.zeros(200, np.uint8), pixels[:50], np.zeros(50, np.uint8))
settings = image_model.Settings(
    model="vae", encoder_layers=(12,), decoder_layers=(12,), latent_units=2,
    activation="relu", initial_weights="glorot", variance="free",
    input_dropout=0.0, optimizer="rmsprop", beta_2=0.9, learning_rate=0.001, schedule="constant",
    kl_weight=1.0, kl_warmup=0, epochs=2, batch_size=32,
)
weights, history = image_training.train(settings, data, 1)
found["vae"] = digest(*weights.values(), *history.values())

from latentlab.drawing import style
figure = style.canvas(2.0, title="Letters")
axes = figure.subplots()
axes.plot(range(5), range(5), label="$10^{{-3}}$")
axes.legend()
with tempfile.TemporaryDirectory() as folder:
    style.save(figure, f"{{folder}}/figure")
    for kind in ("svg", "png"):
        with open(f"{{folder}}/figure.{{kind}}", "rb") as file:
            found[kind] = hashlib.sha256(file.read()).hexdigest()
json.dump(found, sys.stdout)
"""


def digests(folder, **environment):
    """What PROGRAM finds in a folder, with a home of its own."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    cache = os.environ.get("LATENTLAB_CACHE", str(ROOT / ".cache/numba"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, capture_output=True, text=True, timeout=300,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LATENTLAB_CACHE": cache,
             **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The digests with nothing set: a bare shell."""
    folder = tmp_path_factory.mktemp("bare")
    result = digests(folder)
    assert not list((folder / "home").rglob("*")), "a step writes nothing into the user's home"
    return result


@pytest.mark.slow
def test_what_a_shell_sets_changes_no_byte(expected, tmp_path):
    assert digests(tmp_path, **HOSTILE) == expected


@pytest.mark.slow
def test_configuration_files_change_no_byte(expected, tmp_path):
    """In the working directory, in the home, and where variables point to."""
    rc = "backend: module://nonsense\nfont.size: 30\nsvg.hashsalt: mine\nlines.linewidth: 9\n"
    (tmp_path / "matplotlibrc").write_bytes(rc.encode() + b"# \xff is no UTF-8\n")
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\nopt: many\n")
    for folder in ("home/.config/matplotlib", "rc"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "matplotlibrc").write_text(rc)
    for folder in ("home/.keras", "keras"):
        (tmp_path / folder).mkdir()
        keras = {"backend": "torch", "floatx": "float16", "epsilon": 0.5}
        (tmp_path / folder / "keras.json").write_text(json.dumps(keras))
    result = digests(
        tmp_path,
        KERAS_HOME=str(tmp_path / "keras"),
        MPLCONFIGDIR=str(tmp_path / "rc"),
        MATPLOTLIBRC=str(tmp_path / "rc"),
        XDG_CONFIG_HOME=str(tmp_path / "home/.config"),
    )
    assert result == expected


# --- pin ---------------------------------------------------------------------------------------


def test_pin_removes_what_hurts_and_sets_ours():
    environ = {"HOME": "/h", "CUDA_VISIBLE_DEVICES": "1", "NUMBA_DISABLE_JIT": "1",
               "XLA_FLAGS": "--nonsense", "OMP_NUM_THREADS": "1"}  # fmt: skip
    assert arithmetic.pin(environ) == {"NUMBA_DISABLE_JIT": "1", "XLA_FLAGS": "--nonsense"}
    assert environ == {"HOME": "/h", "CUDA_VISIBLE_DEVICES": "1", **arithmetic.pinned_variables()}
    before = dict(environ)
    assert arithmetic.pin(environ) == {}
    assert environ == before


@pytest.mark.parametrize("family", arithmetic.FAMILIES)
def test_every_family_is_cleared(family):
    environ = {f"{family}X": "1"}
    assert arithmetic.pin(environ) == {f"{family}X": "1"}
    assert environ == arithmetic.pinned_variables()


def test_what_is_the_users_stays():
    theirs = dict.fromkeys(arithmetic.USERS, "0.5") | {"JAX_PLATFORMS": "cpu"}
    environ = dict(theirs)
    assert arithmetic.pin(environ) == {}
    assert environ == theirs | arithmetic.pinned_variables()
    assert arithmetic.pin({"JAX_PLATFORMS": "cpu,cuda"}) == {"JAX_PLATFORMS": "cpu,cuda"}


@pytest.mark.parametrize(
    ("machine", "instructions", "core", "bounded"),
    [
        ("x86_64", HASWELL, "Haswell", True),
        ("AMD64", HASWELL, "Haswell", True),
        ("x86_64", HASWELL - {"fma"}, None, True),  # an illegal instruction otherwise
        ("x86_64", HASWELL - {"avx2"}, None, True),
        ("x86_64", (), None, True),
        ("aarch64", {"asimd"}, "ARMV8", False),
        ("arm64", (), "ARMV8", False),  # as macOS says it
        ("riscv64", (), None, False),
    ],
)
def test_what_is_set_fits_the_processor(machine, instructions, core, bounded):
    values = arithmetic.variables(machine, instructions)
    assert values.get("OPENBLAS_CORETYPE") == core
    assert ("X86_V4" in values.get("NPY_DISABLE_CPU_FEATURES", "")) == bounded
    assert ("xla_cpu_max_isa=AVX2" in values["XLA_FLAGS"]) == bounded
    assert values.keys() >= {"OMP_NUM_THREADS", "PJRT_NPROC", "MPLBACKEND", "KERAS_BACKEND"}
    assert "platform_dependent_math=false" in values["XLA_FLAGS"]
    line = arithmetic.doubt(machine, instructions)
    assert (line is None) == (core == "Haswell")
    assert line is None or (machine in line and "\n" not in line)


def test_a_processor_without_avx_is_told_what_cannot_be_trained():
    said = "cannot be trained here"
    assert said in arithmetic.doubt("x86_64", {"sse4_2"})
    assert said not in arithmetic.doubt("x86_64", {"sse4_2", "avx"})
    assert said not in arithmetic.doubt("x86_64", ())  # nothing is known of it
    assert said not in arithmetic.doubt("aarch64", {"asimd"})


def test_the_instructions_are_those_of_the_system(tmp_path):
    described = tmp_path / "cpuinfo"
    described.write_text("model name\t: A\nflags\t\t: fma avx2\n\nflags\t\t: fma\n")
    assert arithmetic.instructions(described) == {"fma", "avx2"}
    described.write_text("Features\t: asimd\n")
    assert arithmetic.instructions(described) == frozenset()
    assert arithmetic.instructions(tmp_path / "none") == frozenset()


def test_the_list_of_fonts_is_in_the_project_where_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.delenv("LATENTLAB_CACHE", raising=False)
    assert arithmetic.matplotlib_folder() == ROOT / ".cache/matplotlib"
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "here"))
    assert arithmetic.matplotlib_folder() == tmp_path / "here/matplotlib"
    (tmp_path / "file").touch()
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "file"))
    assert arithmetic.matplotlib_folder() is None
    environ = {"MPLCONFIGDIR": "/mine"}
    assert arithmetic.pin(environ) == {}  # a mere place
    assert "MPLCONFIGDIR" not in environ


# --- in time -----------------------------------------------------------------------------------


def imported(code, **environment):
    """Standard error of a process that runs ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **environment},
    )
    return done.stderr


def test_too_late_is_said_in_a_line():
    assert imported("import latentlab, numpy, jax") == ""
    late = imported("import numpy; import latentlab")
    assert late.count("numpy imported before latentlab: results may differ") == 1
    assert late.startswith("<string>:1: UserWarning: ")
    assert (
        imported("import numpy; import latentlab", **arithmetic.pinned_variables()) == ""
    )  # in time
    stray = arithmetic.pinned_variables() | {"OPENBLAS_L2_SIZE": "1024"}
    assert "numpy imported before" in imported("import numpy; import latentlab", **stray)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the kernels compared are x86-64's")
def test_numpy_and_linear_algebra_take_the_pinned_kernels():
    code = (
        "import latentlab, numpy, scipy.linalg, threadpoolctl as t;"
        "from numpy._core._multiarray_umath import __cpu_features__ as f;"
        "i = t.threadpool_info(); print(f['X86_V4'], f['AVX512_ICL'], f['AVX512_SPR'],"
        " {(x['architecture'], x['num_threads']) for x in i}, file=sys.stderr)"
    )
    if arithmetic.doubt(*arithmetic.this_machine()):
        pytest.skip("this processor has no AVX2 and FMA")
    assert imported(code, OPENBLAS_NUM_THREADS="2") == "False False False {('Haswell', 1)}\n"
