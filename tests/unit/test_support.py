"""The workflow's own helpers: code digests, job records, the lock of a run."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import records, run_lock
from support.code_digest import code_digest, local_modules

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path):
    """A project with one script that imports a, which imports b; c is on its own."""
    (tmp_path / "requirements.lock").write_text("numpy==1\n")
    files = {
        "scripts/run.py": '"""Doc."""\nimport step\nfrom pack.a import f\nf()\n',
        "scripts/step.py": "import sys\n",
        "src/pack/__init__.py": "",
        "src/pack/a.py": "def f():\n    from pack import b\n    return b.x\n",
        "src/pack/b.py": "x = 1\n",
        "src/pack/c.py": "x = 1\n",
        "src/pack/named.py": "x = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def fresh_digest(project):
    """In a process of its own: syntax trees are cached within one."""
    code = (
        "import sys; from pathlib import Path; from support.code_digest import code_digest;"
        "root = Path(sys.argv[1]); print(code_digest(root / 'scripts/run.py', root))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(project)],
        cwd=ROOT / "workflow", capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("scripts/run.py", "f()", "f(1)", True),
        ("scripts/run.py", "Doc.", "Another text.", False),
        ("scripts/run.py", "f()", "f()  # why", False),
        ("scripts/step.py", "import sys", "import os", True),
        ("src/pack/a.py", "b.x", "b.x + 1", True),
        ("src/pack/b.py", "x = 1", "x = 2", True),  # imported inside a function
        ("src/pack/b.py", "x = 1", "x   =   1\n\n", False),
        ("src/pack/c.py", "x = 1", "x = 2", False),  # nobody's
        ("requirements.lock", "numpy==1", "numpy==2", True),
    ],
)
def test_the_digest_follows_what_runs(project, file, old, new, changes):
    before = fresh_digest(project)
    path = project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert (fresh_digest(project) != before) == changes


def test_a_module_named_in_a_string_counts(project):
    (project / "src/pack/a.py").write_text("TABLE = {'x': ('pack.named', 'f')}\ndef f(): pass\n")
    before = fresh_digest(project)
    (project / "src/pack/named.py").write_text("x = 2\n")
    assert fresh_digest(project) != before


def test_relative_imports_are_followed(project):
    (project / "src/pack/a.py").write_text("from . import b\nfrom .c import x\ndef f(): pass\n")
    modules = local_modules(project / "scripts/run.py", (project / "scripts", project / "src"))
    assert {path.stem for path in modules} == {"run", "step", "__init__", "a", "b", "c"}


def test_letter_jobs_do_not_depend_on_keras_code():
    folders = (ROOT / "workflow/scripts", ROOT / "src")
    names = {p.stem for p in local_modules(folders[0] / "train_architectures.py", folders)}
    assert {"powell", "kernels", "network", "fonts", "step"} <= names
    assert not names & {"vae", "figures", "report"}


def test_every_script_has_a_digest():
    for script in (ROOT / "workflow/scripts").glob("*_*.py"):
        assert len(code_digest(script, ROOT)) == 16


def record(folder, output, **fields):
    path = folder / base64.urlsafe_b64encode(output.encode()).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rule": "r", "starttime": 5.1, "endtime": 6.2, **fields}))
    return path


def test_records_lose_their_clock_and_nothing_else(tmp_path):
    path = record(tmp_path, "results/a", job_hash=123, params=["x"], input=["b", "a"])
    records.normalize(tmp_path)
    assert json.loads(path.read_text()) == {
        "rule": "r",
        "starttime": 0.0,
        "endtime": 0.0,
        "job_hash": 0,
        "params": ["x"],
        "input": ["b", "a"],
    }


def test_a_damaged_record_is_removed(tmp_path):
    path = record(tmp_path, "results/a")
    path.write_text(path.read_text()[:-3])
    records.normalize(tmp_path)
    assert not path.exists()


def test_long_output_names_are_split_over_folders(tmp_path):
    output = "results/" + "x" * 400
    encoded = base64.urlsafe_b64encode(output.encode()).decode()
    path = tmp_path / ("@" + encoded[:254]) / ("@" + encoded[254:508]) / encoded[508:]
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert records.output_of(path, tmp_path) == output


def test_pruning_keeps_what_the_workflow_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results, metadata = Path("results"), Path("metadata")
    for name in ("results/a/keep.csv", "results/b/orphan.csv"):
        record(metadata, name)
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text("x")
    removed = records.prune(["results/a/keep.csv"], results, metadata)
    assert removed == ["results/b/orphan.csv"]
    assert [p.name for p in results.rglob("*")] == ["a", "keep.csv"]
    assert [records.output_of(p, metadata) for p in metadata.iterdir()] == ["results/a/keep.csv"]


HOLD = (
    "import sys, time; from pathlib import Path; from support import run_lock;"
    "run_lock.take(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


def test_the_lock_dies_with_its_process(tmp_path):
    lock = tmp_path / "sub/run.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        cwd=ROOT / "workflow", stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(run_lock.RunningError, match=f"process {holder.pid}"):
            run_lock.take(lock)
        holder.kill()
    run_lock.take(lock)
