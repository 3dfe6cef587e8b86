"""Files that are edited and put back while a run is at work."""

import json
import time
from pathlib import Path

import pytest

from support import edits, internals
from support.by_content import known_digest

SCRIPT = "workflow/scripts/train_it.py"
FOLDERS = (Path("workflow/scripts"), Path("src"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project: a script, a module that it imports, another one, data."""
    monkeypatch.chdir(tmp_path)
    known_digest.cache_clear()
    files = {SCRIPT: "import used\n", "src/used.py": "import deeper\n", "src/deeper.py": "a = 1\n",
             "src/other.py": "b = 2\n", "src/table.txt": "c\n", "data/font.h": "d\n"}  # fmt: skip
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return tmp_path


def watched(*steps, names=("src/used.py", "data/font.h")):
    """What a watch of files says after steps between which it looks at them."""
    watch = edits.Watch(map(Path, names))  # not started: it looks when it is told to
    for step in steps:
        step()
        watch._look()
    return watch.end()


def writes(name, text):
    def step():
        time.sleep(0.02)  # more than a tick of the clock of files
        Path(name).write_text(text)

    return step


def test_what_is_edited_and_put_back_is_told_with_the_time(folder):
    before = time.time()
    windows = watched(writes("data/font.h", "x\n"), writes("data/font.h", "d\n"))
    ((path, (first, last)),) = windows.items()
    assert path == Path("data/font.h")
    assert before - 0.1 < first < last < time.time() + 0.1


def test_between_two_looks_is_enough(folder):
    def both():
        writes("data/font.h", "x\n")()
        writes("data/font.h", "d\n")()

    assert list(watched(both)) == [Path("data/font.h")]


def test_a_file_that_is_gone_for_a_moment_is_told(folder):
    away = lambda: Path("data/font.h").rename("data/font.away")  # noqa: E731
    back = lambda: Path("data/font.away").rename("data/font.h")  # noqa: E731
    assert list(watched(away, back)) == [Path("data/font.h")]


def test_an_edit_that_stays_is_seen_otherwise_and_two_are_told(folder):
    assert watched(writes("src/used.py", "import deeper, other\n")) == {}
    known_digest.cache_clear()
    steps = writes("src/used.py", "import deeper\nx = 1\n"), writes("src/used.py", "x = 2\n")
    assert list(watched(*steps)) == [Path("src/used.py")]
    assert watched() == {}


def test_it_looks_by_itself(folder):
    watch = edits.Watch([Path("data/font.h")], seconds=0.01)
    watch.start()
    writes("data/font.h", "x\n")()
    time.sleep(0.2)
    writes("data/font.h", "d\n")()
    windows = watch.end()
    assert not watch.is_alive()
    first, last = windows[Path("data/font.h")]
    assert last - first > 0.1


def record(output, begun, ended, **fields):
    path = internals.record_of(output, internals.RECORDS)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"input": [], "shellcmd": f"python {SCRIPT} --metrics {output}", **fields}
    path.write_text(json.dumps({**content, "starttime": begun, "endtime": ended}))
    return path


def forgotten(file, *paths, window=(10.0, 20.0)):
    """Which of the records go where a file was another in a window of time."""
    edits.forget({Path(file): window}, FOLDERS)
    return [not path.exists() for path in paths]


def test_what_ran_in_that_time_loses_its_records(folder):
    times = [(1.0, 9.0), (1.0, 11.0), (12.0, 13.0), (19.0, 30.0), (21.0, 30.0), (0.0, 0.0)]
    paths = [record(f"results/{i}", *time) for i, time in enumerate(times)]
    assert forgotten("src/used.py", *paths) == [False, True, True, True, False, False]


@pytest.mark.parametrize(
    ("file", "read"),
    [
        (SCRIPT, True),
        ("src/used.py", True),
        ("src/deeper.py", True),
        ("src/other.py", False),
        ("src/table.txt", True),
        ("data/font.h", False),
    ],
)
def test_only_of_jobs_that_may_have_read_it(folder, file, read):
    assert forgotten(file, record("results/a", 11.0, 12.0)) == [read]


def test_inputs_and_files_on_the_command_line_were_read(folder):
    by_input = record("results/a", 11.0, 12.0, input=["data/font.h"], shellcmd=None)
    named = record("results/b", 11.0, 12.0, shellcmd="cat data/font.h > 'results/b'")
    broken = record("results/c", 11.0, 12.0, shellcmd="echo ' data/font.h")
    assert forgotten("data/font.h", by_input, named, broken) == [True, True, True]


def test_how_many_outputs_a_file_costs_is_told(folder):
    record("results/a", 11.0, 12.0)
    record("results/b", 11.0, 12.0)
    damaged = internals.record_of("results/c", internals.RECORDS)
    damaged.write_text("{")
    windows = {Path("src/other.py"): (0.0, 30.0), Path("src/used.py"): (0.0, 30.0)}
    assert edits.forget(windows, FOLDERS) == [(Path("src/used.py"), 2)]
    assert damaged.exists()  # others see to it
    assert edits.forget({}, FOLDERS) == []
