"""What a shell sets reaches no step: jobs start in an environment that is clean and pinned."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT, Project

ALIEN = 'raise SystemExit("a package that is not the study\'s")\n'


@pytest.mark.scenario("variables of the environment that would change or break a step")
@pytest.mark.slow
def test_variables_that_would_change_or_break_a_step(project: Project, tmp_path):
    before = project.bytes_of("results/vae", "results/architectures/figures")
    for folder in ("results/vae", "results/architectures/figures"):
        shutil.rmtree(project.root / folder)
    # beside the Snakefile, where numba and Matplotlib look
    (project.root / "matplotlibrc").write_text("font.size: 30\nsvg.hashsalt: mine\n")
    (project.root / ".numba_config.yaml").write_text("disable_jit: 1\n")
    # packages and a startup file that a job must not take
    for name in ("keras", "matplotlib"):
        (tmp_path / f"{name}.py").write_text(ALIEN)
    (tmp_path / "startup.sh").write_text("exit 3\n")
    hostile = {
        "BASH_ENV": str(tmp_path / "startup.sh"),
        "BASH_FUNC_python%%": "() { exit 3; }",
        "CDPATH": "/",
        "JAX_ENABLE_X64": "1",
        "JAX_PLATFORMS": "cuda",
        "KERAS_BACKEND": "torch",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NUMBA_DISABLE_JIT": "1",
        "OMP_NUM_THREADS": "7",
        "OPENBLAS_CORETYPE": "Prescott",
        "PJRT_NPROC": "7",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPATH": str(tmp_path),
        "PYTHONSAFEPATH": "1",
        "SHELLOPTS": "noexec",
        "XLA_FLAGS": "--nonsense",
    }
    project.snakemake(
        "vae",
        "results/architectures/figures/final_errors.svg",
        "results/architectures/figures/learning_curves.svg",
        **hostile,
    )
    after = project.bytes_of("results/vae", "results/architectures/figures")
    assert after == before

    recorded = json.loads((project.root / "logs/environment.json").read_text())
    assert set(recorded["overruled"]) >= set(hostile)
    assert recorded["variables"]["MPLBACKEND"] == "agg"
    assert recorded["variables"]["PJRT_NPROC"] == "1"
    assert {str(kernel) for kernel in recorded["linear_algebra"].values()} == (
        {"Haswell"} if recorded["same_bytes_expected"] else {"None"}
    )
    assert not {"host", "user", "node"} & recorded.keys()
    assert str(tmp_path) not in json.dumps(recorded)


# --- prepare -----------------------------------------------------------------------------------

PREPARE = """
import json, os, sys
import latentlab
from latentlab import arithmetic
from support import environment
environment.prepare(lambda: {**latentlab.OVERRULED, **arithmetic.pin()})
print(json.dumps([dict(os.environ), environment.overruled_line(), sys.path]))
"""


def prepared(**variables):
    """The environment that jobs get, the line on what was overruled, and this process's path."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "workflow")])
    code = f"import sys; sys.path[:0] = {path.split(os.pathsep)!r}{PREPARE}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **variables},
    )
    assert not done.stderr
    return json.loads(done.stdout)


def test_a_bare_shell_has_nothing_to_overrule():
    environ, line, _ = prepared()
    assert line is None
    assert environ["PYTHONUTF8"] == "1"
    assert environ["PYTHONNOUSERSITE"] == "1"  # as in this environment; jobs see no other packages
    assert environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    # a Snakemake that another one has started, on a cluster say
    again, line, _ = prepared(**environ)
    assert line is None
    assert again.keys() == environ.keys()


def test_packages_of_another_place_are_not_the_snakefiles(tmp_path):
    """Its checks import what jobs do; what the Snakefile itself has put on the path stays."""
    _, _, path = prepared(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT / "src"), ""]))
    assert str(tmp_path) not in path
    assert path.count(str(ROOT / "src")) >= 1
    assert path == prepared()[2]


@pytest.mark.parametrize(
    "name",
    ["BASHOPTS", "BASH_ENV", "BASH_FUNC_python%%", "CDPATH", "ENV", "EXECIGNORE", "GREP_OPTIONS",
     "PYTHONBREAKPOINT", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONOPTIMIZE", "PYTHONPATH",
     "PYTHONSAFEPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONWARNINGS", "SHELLOPTS"],
)  # fmt: skip
def test_variables_of_python_and_the_shell_reach_no_job(name):
    value = {"PYTHONIOENCODING": "latin-1", "PYTHONWARNINGS": "error"}.get(name, "0")
    environ, line, _ = prepared(**{name: value})
    assert name not in environ
    assert line == f"set otherwise for this run: {name} (see logs/environment.json)"


def test_the_line_names_what_is_overruled_and_what_may_hurt_but_stays():
    environ, line, _ = prepared(
        XLA_FLAGS="--nonsense", MPLBACKEND="pdf", PYTHONUTF8="0", LD_LIBRARY_PATH="/nowhere",
        PYTHONDONTWRITEBYTECODE="1", PYTHON_VERSION="3.11.7",
    )  # fmt: skip
    assert line == (
        "set otherwise for this run: MPLBACKEND, PYTHONUTF8, XLA_FLAGS; left as set, though results"
        " may hang on it: LD_LIBRARY_PATH (see logs/environment.json)"
    )
    assert environ["LD_LIBRARY_PATH"] == "/nowhere"
    assert environ["PYTHONDONTWRITEBYTECODE"] == "1"
    assert environ["PYTHON_VERSION"] == "3.11.7"
