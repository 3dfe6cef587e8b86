"""What any study needs: code digests, job records, locks."""

import base64
import contextlib
import errno
import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from support import internals, records, run_lock
from support.code_digest import code_digest, local_modules
from support.study import Study

ROOT = Path(__file__).parents[3]


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
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
        check=True,
    ).stdout


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
        ("requirements.lock", "numpy==1", "numpy[extra]==1", False),
        ("requirements.lock", "numpy==1", "numpy==1 \\\n    --hash=sha256:0123", False),
    ],
)
def test_the_digest_follows_what_runs(project, file, old, new, changes):
    before = fresh_digest(project)
    path = project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert (fresh_digest(project) != before) == changes


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("'one thing'", "'another'", False),
        ("f'{x}: one'", "'none'", False),
        ("errors.DataError('in a module')", "errors.DataError()", False),
        ("DataError(", "OtherError(", True),
        ("if x:", "if not x:", True),
        ("'a text'", "'another text'", True),
    ],
)
def test_what_errors_are_told_may_be_left_out(tmp_path, old, new, changes):
    text = """
class DataError(ValueError):
    pass
def f(x):
    if x:
        raise DataError('one thing', f'{x}: one')
    if y:
        raise errors.DataError('in a module') from None
    return 'a text'
"""
    assert old in text
    (tmp_path / "requirements.lock").write_text("")
    digests = set()
    for number, content in enumerate((text, text.replace(old, new))):
        script = tmp_path / str(number) / "run.py"
        script.parent.mkdir()
        script.write_text(content)
        (script.parent / "requirements.lock").write_text("")
        digests.add(code_digest(script, script.parent, (), messages=False))
        digests.add((number, code_digest(script, script.parent, ())))
    assert len(digests) == 3 + changes  # with the messages it is another one in any case


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("src/pack/b/__init__.py", "x = 1\n", True),  # Python takes it for pack.b, not b.py
        ("src/pack/b.cpython-311-x86_64-linux-gnu.so", "machine code", True),
        ("src/pack/gain.json", "0.5", True),
        ("src/secrets.py", "x = 1\n", True),  # NumPy imports one of this name
        ("scripts/numpy/__init__.py", "x = 1\n", True),
        ("src/pack/b.py", "# -*- coding: latin-1 -*-\nx = 1\ny = '\u00e9'\n", True),
        ("src/pack/b.py~", "x = 2\n", False),
        ("src/pack/.b.py.swp", "x = 2\n", False),
        ("src/pack/d.py", "x = 2\n", False),
    ],
)
def test_files_that_no_import_shows(project, file, text, changes):
    """A file put beside the others decides what runs, or may."""
    (project / "src/pack/b.py").write_text("x = 1\ny = '\u00e9'\n", encoding="utf-8")
    before = fresh_digest(project)
    (project / file).parent.mkdir(exist_ok=True)
    (project / file).write_text(text, encoding="utf-8")
    assert (fresh_digest(project) != before) == changes


def test_a_module_named_in_a_string_counts(project):
    (project / "src/pack/a.py").write_text("TABLE = {'x': ('pack.named', 'f')}\ndef f(): pass\n")
    before = fresh_digest(project)
    (project / "src/pack/named.py").write_text("x = 2\n")
    assert fresh_digest(project) != before


def test_a_module_that_a_job_does_not_load_does_not_count(project):
    """Unless the job imports it all the same."""
    unused = frozenset({"pack.named"})
    folders = (project / "scripts", project / "src")
    table = "TABLE = {'x': ('pack.named', 'f')}\ndef f(): pass\n"
    for imports, counts in (("", False), ("import pack.named\n", True)):
        path = project / f"src/pack/a{counts}.py"
        path.write_text(imports + table)
        modules = local_modules(path, folders, unused)
        assert (project / "src/pack/named.py" in modules) == counts
        assert project / "src/pack/named.py" in local_modules(path, folders)


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        ("x = 1\n", False),
        ("from pack import table\ntable.train('named')\n", True),  # a hybrid of its own
        ("import importlib\nimportlib.import_module('pack.named')\n", True),
    ],
)
def test_a_module_that_another_may_load_counts(project, other, counts):
    """The other is loaded from the same table."""
    files = {
        "src/pack/table.py": "TABLE = 'pack.named', 'pack.other'\ndef train(name): pass\n",
        "src/pack/other.py": other,
        "scripts/trains.py": "from pack import table\n",
    }
    for name, text in files.items():
        (project / name).write_text(text)
    folders = (project / "scripts", project / "src")
    modules = local_modules(project / "scripts/trains.py", folders, frozenset({"pack.named"}))
    assert project / "src/pack/other.py" in modules
    assert (project / "src/pack/named.py" in modules) == counts


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
    assert internals.output_of(path, tmp_path) == output


def test_pruning_keeps_what_the_workflow_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results, metadata = Path("results"), Path("metadata")
    for name in ("results/a/keep.csv", "results/b/orphan.csv"):
        record(metadata, name)
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text("x")
    removed = records.prune(["results/a/keep.csv"], metadata)
    assert removed == ["results/b/orphan.csv"]
    assert [p.name for p in results.rglob("*")] == ["a", "keep.csv"]
    assert [internals.output_of(p, metadata) for p in metadata.iterdir()] == ["results/a/keep.csv"]


def test_pruning_takes_what_a_killed_run_left_and_nothing_of_the_users(tmp_path, monkeypatch):
    """A cell that was begun, killed and taken out of the study; what others put beside results."""
    monkeypatch.chdir(tmp_path)
    results = [Path(f"results/{name}/x.csv") for name in ("kept", "gone", "begun")]
    record(internals.RECORDS, str(results[0]))
    record(internals.RECORDS, str(results[1]))
    marker = internals.record_of(str(results[2]), internals.INCOMPLETE)
    marker.parent.mkdir(parents=True)
    marker.write_text("{}")
    (tmp_path / "thesis").mkdir()
    mine = [Path("results/notes.md"), Path("results/gone/notes.md"), Path("thesis/x.csv")]
    temporary = [path.with_name(".x.csv.1.tmp") for path in (results[0], results[2])]
    for path in (*results[:2], *mine, *temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    Path("results/link").symlink_to(tmp_path / "thesis")
    removed = records.prune([str(results[0])])
    assert removed == sorted(map(str, [results[1], *temporary]))
    assert all(path.exists() for path in (results[0], *mine, Path("results/link")))
    assert not Path("results/begun").exists()
    assert list(records.record_files(internals.RECORDS)) == [
        internals.record_of(str(results[0]), internals.RECORDS)
    ]


# --- the command line of a step ------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch):
    """A function: the command line that ``step`` makes of options, inputs and outputs."""
    monkeypatch.setattr(Study, "code", lambda self, *_: "0123")

    def command(options, inputs, outputs, **wildcards):
        study = object.__new__(Study)
        study.root = Path.cwd()
        params = study.step("plot", **options)
        assert params == options | {"code": "0123", "command": params["command"]}
        return params["command"](wildcards, inputs, outputs)

    return command


def test_what_is_named_is_an_option(command):
    line = command({"settings": "s.json"}, {"fonts": "font.h"}, {"new_letters": "n.csv"})
    assert line == (
        "python workflow/scripts/plot.py --settings s.json --fonts font.h --new-letters n.csv"
    )


def test_an_option_takes_the_place_of_an_input(command):
    folder = {"images": lambda wildcards, input: os.path.dirname(input["images"][0])}
    line = command(folder, {"images": ["digits/a.npy", "digits/b.npy"]}, {})
    assert line.endswith("plot.py --images digits")


def test_wildcards_are_filled_in_and_several_paths_follow_their_name(command):
    line = command({"cell": "cells/{x}"}, {"some": ["a", "b"], "none": []}, {}, x="1")
    assert line.endswith("--cell cells/1 --some a b --none")


def test_nothing_on_the_line_is_a_command(command):
    line = command({"settings": "a b.json"}, {"fonts": "$(reboot).h"}, {"page": "; reboot"})
    assert shlex.split(line)[3:] == ["a b.json", "--fonts", "$(reboot).h", "--page", "; reboot"]


# --- locks ---------------------------------------------------------------------------------------

HOLD = (
    "import sys, time; from pathlib import Path; from support import run_lock;"
    "run_lock.take(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)

# what a file system without flock does: the file can be made, the lock cannot be had
NO_FLOCK = """
import fcntl, os, pathlib
def patched(folder, number, flock=fcntl.flock):
    def fails(file, how):
        locked = os.fstat(file.fileno())
        locks = pathlib.Path(folder).rglob("*.lock")
        if any(os.path.samestat(locked, lock.stat()) for lock in locks):
            raise OSError(number, os.strerror(number))
        flock(file, how)
    return fails
"""


def no_flock(folder, number):
    names = {}
    exec(NO_FLOCK, names)
    return names["patched"](folder, number)


@contextlib.contextmanager
def holding(lock, prelude=""):
    """Another process that holds a lock; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", prelude + "\n" + HOLD, str(lock)],
        cwd=ROOT / "workflow",
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def test_the_lock_dies_with_its_process(tmp_path):
    lock = tmp_path / "sub/run.lock"
    with holding(lock) as holder:
        with pytest.raises(run_lock.RunningError, match=f"process {holder.pid}"):
            run_lock.take(lock)
        holder.kill()
    assert run_lock.take(lock) is None
    assert lock.read_text() == str(os.getpid())


def test_a_lock_can_be_waited_for(tmp_path):
    lock = tmp_path / "compile.lock"
    with holding(lock) as holder:
        threading.Timer(0.3, holder.kill).start()
        run_lock.acquire(lock, wait=True).file.close()
        assert holder.wait(10) == -signal.SIGKILL
    run_lock.acquire(lock, wait=False).file.close()


@pytest.mark.parametrize("name", ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EINVAL"])
def test_without_flock_the_machine_keeps_runs_apart(tmp_path, monkeypatch, name):
    project, machine = tmp_path / "project", tmp_path / "tmp"
    machine.mkdir()
    number = getattr(errno, name)
    prelude = (
        f"{NO_FLOCK}\nfcntl.flock = patched({str(project)!r}, {number})\n"
        "from pathlib import Path; from support import run_lock\n"
        f"run_lock.TEMPORARY = Path({str(machine)!r})"
    )
    monkeypatch.setattr(fcntl, "flock", no_flock(project, number))
    monkeypatch.setattr(run_lock, "TEMPORARY", machine)
    lock = project / "run.lock"
    with holding(lock, prelude) as holder:
        with pytest.raises(run_lock.RunningError, match=f"process {holder.pid}"):
            run_lock.take(lock)
        assert run_lock.take(project / "another.lock")  # of another path
        holder.kill()
    line = run_lock.take(lock)
    assert f"the file system of {lock} has no locks" in line
    assert "do not start another one on another machine" in line
    (tmp_path / "link").symlink_to(project)  # the same folder under another name
    with pytest.raises(run_lock.RunningError):
        run_lock.acquire(tmp_path / "link/run.lock", wait=False)


def test_no_lock_anywhere_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", no_flock(tmp_path, errno.ENOSYS))
    monkeypatch.setattr(run_lock, "TEMPORARY", tmp_path)
    with pytest.raises(run_lock.LockError, match=r"run\.lock: no lock can be had, nor in "):
        run_lock.take(tmp_path / "run.lock")


def test_other_errors_of_a_lock_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", no_flock(tmp_path, errno.EIO))
    with pytest.raises(run_lock.LockError, match=r"run\.lock: no lock can be had: Input/output"):
        run_lock.take(tmp_path / "run.lock")
    (tmp_path / "file").touch()
    with pytest.raises(run_lock.LockError, match="no lock can be had: File exists"):
        run_lock.take(tmp_path / "file/run.lock")


def test_a_lock_file_of_another_user_is_a_lock_all_the_same(tmp_path, monkeypatch):
    """It can be read, not written: the file stays as it is."""
    lock = tmp_path / "run.lock"
    lock.write_text("123")

    def opened(path, flags, *mode, real=os.open):
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", opened)
    held = run_lock.acquire(lock, wait=False)
    with pytest.raises(run_lock.RunningError, match="process 123"):
        run_lock.acquire(lock, wait=False)
    held.file.close()
    with pytest.raises(run_lock.LockError, match="Permission denied"):
        run_lock.acquire(tmp_path / "new.lock", wait=False)


def test_a_stand_in_is_no_link(tmp_path, monkeypatch):
    """Where everybody may write, a link could lead to any file of the user's."""
    project = tmp_path / "project"
    monkeypatch.setattr(fcntl, "flock", no_flock(project, errno.ENOSYS))
    monkeypatch.setattr(run_lock, "TEMPORARY", tmp_path)
    (tmp_path / "precious").write_text("precious")
    run_lock._stand_in(project / "run.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(run_lock.LockError, match="no lock can be had"):
        run_lock.take(project / "run.lock")
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    assert run_lock.unwritable(tmp_path / "new", tmp_path) is None
    assert list(tmp_path.rglob("*")) == [tmp_path / "new"]
    (tmp_path / "file").touch()
    line = run_lock.unwritable(tmp_path, tmp_path / "file/below")
    assert line == f"{tmp_path}/file/below: a run writes here, and cannot: Not a directory"
