"""Files that are edited while a run is at work."""

import json
import math
import shutil
import time
from pathlib import Path

import pytest

from support import edits, internals

SCRIPT = "workflow/scripts/train_it.py"
FOLDERS = (Path("workflow/scripts"), Path("src"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project: a script, a module that it imports, another one, data."""
    monkeypatch.chdir(tmp_path)
    files = {SCRIPT: "import used\n", "src/used.py": "import deeper\n", "src/deeper.py": "a = 1\n",
             "src/other.py": "b = 2\n", "src/table.txt": "c\n", "data/font.h": "d\n"}  # fmt: skip
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return tmp_path


def watched(*steps):
    """What a watch of files says after steps between which it looks at them."""
    watch = edits.Watch(FOLDERS)  # not started: it looks when it is told to
    watch.add([Path("data/font.h")])
    for step in steps:
        step()
        watch._look()
    return watch.end()


def writes(name, text):
    def step():
        time.sleep(0.02)  # more than a tick of the clock of files
        Path(name).parent.mkdir(parents=True, exist_ok=True)
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


def test_an_edit_that_stays_has_no_end(folder):
    """It may be put back after the run, whose records would then be of what stands there."""
    assert watched() == {}
    ((path, (first, last)),) = watched(writes("data/font.h", "x\n")).items()
    assert path == Path("data/font.h")
    assert last == math.inf
    assert time.time() - first < 5


def test_another_comment_ends_at_once(folder):
    ((_, (_, last)),) = watched(writes("src/used.py", "import deeper  # that\n")).items()
    assert last < math.inf
    ((_, (_, last)),) = watched(writes("src/used.py", "import other\n")).items()
    assert last == math.inf
    ((_, (_, last)),) = watched(writes("src/used.py", "import (\n")).items()
    assert last == math.inf


def test_what_is_not_code_may_come_and_go(folder):
    """Backups of an editor, compiled modules, hidden files, folders of caches."""
    names = ["src/.used.py.swp", "src/used.py~", "src/__pycache__/used.pyc", "src/.x/used.py"]
    steps = [writes(name, text) for text in "ab" for name in names]
    assert watched(*steps, *(Path(name).unlink for name in names)) == {}


def test_a_module_that_is_there_for_a_moment_is_told_and_new(folder):
    """It may stand before another of its name."""
    watch = edits.Watch(FOLDERS)
    Path("src/used").mkdir()
    writes("src/used/__init__.py", "x = 1\n")()
    watch._look()
    shutil.rmtree("src/used")
    windows = watch.end()
    assert list(windows) == [Path("src/used/__init__.py")]
    assert watch.is_new(Path("src/used/__init__.py"))
    written = record("results/a", 0.0, time.time() + 9)
    named = record("results/b", 0.0, time.time() + 9, shellcmd="cat src/other.py")
    edits.forget(windows, FOLDERS, windows)
    assert (written.exists(), named.exists()) == (False, True)


def test_a_folder_that_is_moved_away_and_back_between_two_looks_is_told(folder):
    def away_and_back():
        time.sleep(0.02)
        Path("src").rename("gone")
        Path("gone").rename("src")

    names = {"src/used.py", "src/deeper.py", "src/other.py", "src/table.txt"}
    assert {str(path) for path in watched(away_and_back)} == names


def test_a_link_that_leads_elsewhere_for_a_moment_is_told(folder):
    Path("data/other.h").write_text("e\n")
    Path("data/font.h").rename("data/own.h")
    Path("data/font.h").symlink_to("own.h")

    def leads(name):
        def step():
            Path("data/link").symlink_to(name)
            Path("data/link").replace("data/font.h")

        return step

    def both():
        leads("other.h")()
        leads("own.h")()

    assert list(watched(leads("other.h"), leads("own.h"))) == [Path("data/font.h")]
    assert list(watched(both)) == [Path("data/font.h")]


def test_what_cannot_be_read_is_another_content(folder):
    def a_folder():
        Path("data/font.h").unlink()
        Path("data/font.h").mkdir()

    assert watched(a_folder)[Path("data/font.h")][1] == math.inf


def test_a_process_that_is_elsewhere_for_a_moment_edits_nothing(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def elsewhere():
        monkeypatch.chdir("/")

    def back():
        monkeypatch.chdir(folder)

    assert watched(elsewhere, back) == {}


def test_it_looks_by_itself(folder):
    watch = edits.Watch([], seconds=0.01)
    watch.add([Path("data/font.h")])
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


def test_of_parts_that_were_joined_the_whole_goes(folder):
    """They are there no more: without its record nobody would make them again."""
    record("parts/0", 11.0, 12.0)
    joined = record("results/runs", 21.0, 22.0, input=["parts/0"], shellcmd="cat parts/0")
    scored = record("results/scores", 0.0, 0.0, input=["results/runs"], shellcmd="cat")
    other = record("results/other", 21.0, 22.0, shellcmd="cat")
    writes("results/runs", "")()
    assert forgotten("src/used.py", joined, scored, other) == [True, False, False]


def test_the_code_may_lie_above(folder, monkeypatch):
    """As in a run with --directory: commands lead up."""
    (folder / "demo").mkdir()
    monkeypatch.chdir(folder / "demo")
    path = record("results/a", 11.0, 12.0, shellcmd=f"python ../{SCRIPT} --metrics results/a")
    windows = {Path("../src/deeper.py"): (10.0, 20.0)}
    edits.forget(windows, [Path("../workflow/scripts"), Path("../src")])
    assert not path.exists()


def test_how_many_outputs_a_file_costs_is_told(folder):
    record("results/a", 11.0, 12.0)
    record("results/b", 11.0, 12.0)
    damaged = internals.record_of("results/c", internals.RECORDS)
    damaged.write_text("{")
    for name in ("a", "b"):
        writes(f"results/{name}", "")()
    windows = {Path("src/other.py"): (0.0, 30.0), Path("src/used.py"): (0.0, 30.0)}
    assert edits.forget(windows, FOLDERS) == [(Path("src/used.py"), 2)]
    assert damaged.exists()  # others see to it
    assert edits.forget({}, FOLDERS) == []
