"""The compiled code of Powell's method: same bits on every processor, a cache that is never stale.

Each test runs fresh interpreters, because what numba compiles is decided once in a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import latentlab

PACKAGE = Path(latentlab.__file__).resolve().parent

PROGRAM = """
import json, os, sys
import latentlab
os.environ.update(json.loads(sys.argv[1]))  # after the package has cleared them
import numpy as np
from latentlab.training import compiled, kernels, powell
from latentlab.models.network import Network, initial_weights

powell.compile()
digests = []
kinds = [("linear", "linear", "sigmoid"), ("relu", "tanh", "sigmoid"), ("sigmoid", "relu", "tanh"),
         ("tanh", "linear", "linear"), ("step", "linear", "sigmoid"),
         ("relu_as_run", "relu_as_run", "sigmoid")]
for number, (encoder, latent, decoder) in enumerate(kinds):
    rng = np.random.default_rng(number)
    network = Network((9, 6, 2, 6, 9), encoder, latent, decoder, "sigmoid", 0.8, number % 2 == 1)
    x = rng.random((9 + 11 * number, 9))
    x = (x < 0.4).astype(float) if number < 3 else x
    training = powell.train(network, x, x, initial_weights(network, rng),
                            max_epochs=6, xtol=1e-3, ftol=1e-9)
    digests.append([training.weights.tobytes().hex(), training.errors.tobytes().hex(),
                    training.evaluations.tolist()])
loaded = sum(kernels.run.stats.cache_hits.values())
print(json.dumps({"digests": digests, "loaded": loaded, "folder": compiled.cache_folder().name}))
"""


def _start(cache, *, source=PACKAGE.parent, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(environment)],
        env={**os.environ, "PYTHONPATH": str(source), "LATENTLAB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out)


def _run(cache, **options):
    return _finish(_start(cache, **options))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A cold cache folder that two jobs filled together, and what each of them found."""
    cache = tmp_path_factory.mktemp("cache")
    jobs = [_start(cache), _start(cache)]
    return cache, [_finish(job) for job in jobs]


@pytest.mark.slow
def test_jobs_that_start_together_share_a_cold_cache(reference):
    cache, (first, second) = reference
    later = _run(cache)
    assert later["loaded"] == 1
    assert first["digests"] == second["digests"] == later["digests"]


@pytest.mark.slow
def test_results_do_not_depend_on_the_instruction_set(reference, tmp_path):
    """Host, AVX2 and plain x86-64 give the same bytes, though vectors are 8, 4 and 2 wide."""
    if os.uname().machine != "x86_64":
        pytest.skip("the targets compared are x86-64")
    _, (native, _) = reference
    targets = {
        "avx2": {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"},
        "sse2": {"NUMBA_CPU_NAME": "generic"},
    }
    started = {name: _start(tmp_path, **target) for name, target in targets.items()}
    runs = {name: _finish(process) for name, process in started.items()}
    for name, run in runs.items():
        assert run["digests"] == native["digests"], name
        assert run["folder"] != native["folder"]  # nobody loads another processor's code


@pytest.mark.slow
def test_folder_that_cannot_be_written(reference, tmp_path):
    """A full one is read, an impossible one is done without."""
    filled, (first, _) = reference
    locked = tmp_path / "locked"
    shutil.copytree(filled, locked)
    for path in [locked, *locked.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    read = _start(locked)
    impossible = tmp_path / "file"
    impossible.write_text("no folder")
    without = _start(impossible)
    assert _finish(read)["loaded"] == 1
    assert _finish(without)["digests"] == first["digests"]


@pytest.mark.slow
def test_editing_an_activation_never_leaves_old_machine_code(reference, tmp_path):
    """In a copy of the package, its sigmoid is turned around; the warm cache must not matter."""
    source = tmp_path / "project" / "src"
    shutil.copytree(PACKAGE, source / "latentlab", ignore=shutil.ignore_patterns("__pycache__"))
    cache, _ = reference
    before = _run(cache, source=source)
    assert before["loaded"] == 1  # the same bytes, in whatever folder, are the same code
    module = source / "latentlab" / "training" / "vectors.py"
    text = module.read_text()
    old = "return below / power.fma(above, below)"
    assert text.count(old) == 1
    module.write_text(text.replace(old, "return power * above / power.fma(above, below)"))
    after = _run(cache, source=source)
    assert after["folder"] != before["folder"]
    assert after["loaded"] == 0
    assert after["digests"] != before["digests"]


def test_cache_lies_at_the_root_of_the_project_unless_told(monkeypatch, tmp_path):
    from latentlab.training import compiled

    monkeypatch.delenv("LATENTLAB_CACHE", raising=False)
    assert compiled.cache_folder().parent == PACKAGE.parents[1] / ".cache" / "numba"
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path))
    assert compiled.cache_folder().parent == tmp_path
