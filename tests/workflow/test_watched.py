"""What DVC watches is what the steps read: lists kept by hand, compared with the files opened."""

import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from latentlab.files.yaml import read_yaml
from project import copy_project
from support.code_digest import local_modules
from support.watched import dependencies, fingerprint, inside_folders, is_inside, linked, unwatched

ROOT = Path(__file__).parents[2]

# Installed in a copy of the project: writes down every file below the project that a process
# opens for reading, a file a process, named by the stage that DVC runs and by what reads.
TRACE = """
import atexit, os, sys
def _trace(who, root=os.getcwd(), folder={folder!r}, seen=set()):
    def hook(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            path, mode = os.path.abspath(arguments[0]), arguments[1] or ""
            if not path.startswith(root + "/") or set(mode) & set("wax+") or path in seen:
                return
            if not os.path.isdir(path):  # one that is removed, or brought to the disk, is opened
                seen.add(path)
    sys.addaudithook(hook)
    @atexit.register
    def write():
        name = os.environ.get("DVC_STAGE", "none").replace("/", "-") + "--" + who
        with open(f"{{folder}}/{{name}}--{{os.getpid()}}", "w") as file:
            file.writelines(os.path.relpath(path, root) + "\\n" for path in sorted(seen))
"""

NOT_WATCHED = {
    "params.yaml": "a stage's params, by what they say",
    "dvc.yaml": "a stage's own text; read to compare it with the parameters",
    "dvc.lock": "DVC's own; pruned of what is gone",
    "workflow/times.csv": "by which a run guesses how long it takes; no result hangs on it",
}
"""Files that a stage reads and DVC does not watch as a dependency, with the reason."""

OWN = (".dvc/cache/", ".snakemake/", ".cache/", "logs/", "results/")  # what a run itself writes


def source_of(path: str) -> str:
    """The module that a compiled file is of; any other file as it is."""
    result = Path(path)
    if result.suffix == ".pyc":
        return (result.parents[1] / f"{result.name.split('.')[0]}.py").as_posix()
    return path


def reads_of(folder: Path) -> dict[tuple[str, str], set[str]]:
    """The files that were read, by stage and reader: "graph", or the name of a step's script."""
    result = defaultdict(set)
    for path in folder.iterdir():
        stage, who, _ = path.name.split("--")
        result[stage.split("@")[0], who] |= set(map(source_of, path.read_text().splitlines()))
    return result


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A project of its own whose whole study ran from nothing by DVC, and who read what."""
    folder = tmp_path_factory.mktemp("reads")
    project = copy_project(tmp_path_factory.mktemp("traced") / "project")
    trace = TRACE.format(folder=str(folder))
    project.replace(
        "Snakefile", "from snakemake.utils", f"{trace}\n_trace('graph')\n\nfrom snakemake.utils"
    )
    project.replace(
        "workflow/scripts/step.py",
        "from __future__ import annotations\n",
        f"from __future__ import annotations\n{trace}\n"
        "_trace(os.path.basename(sys.argv[0]).removesuffix('.py'))\n",
    )
    project.dvc("repro")
    return project, reads_of(folder)


def watched_by(project, stage):
    """The files below the dependencies of a stage, by what dvc.lock says they are."""
    lock = YAML(typ="safe").load(project.root / "dvc.lock")["stages"]
    paths = {
        dep["path"]
        for name, entry in lock.items()
        if name.split("@")[0] == stage
        for dep in entry["deps"]
    }
    files = project.run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    known = files.splitlines()
    return paths, {
        file for file in known for path in paths if file == path or file.startswith(path + "/")
    }


@pytest.mark.scenario("what DVC watches is what the steps read")
@pytest.mark.parametrize("stage", ["data", "study"])
@pytest.mark.slow
def test_every_file_that_a_stage_reads_is_watched_and_no_other(traced, stage):
    project, reads = traced
    steps = {who for at, who in reads if at == stage} - {"graph"}
    steps -= {"check_images"}  # refuses what later steps could not do: no byte hangs on it
    assert steps
    read = set().union(
        *(files for (at, who), files in reads.items() if at == stage and who in steps)
    )
    # what a step's code digest covers is behind it, whether this run came there or not
    scripts = project.root / "workflow/scripts"
    for who in steps:
        modules = local_modules(scripts / f"{who}.py", (scripts, project.root / "src"))
        read |= {path.relative_to(project.root).as_posix() for path in modules}
    read |= {"requirements.lock"}
    if stage == "data":  # of the graph, its one rule: all else reaches it by its settings
        read |= {"workflow/rules/data.smk"}
        # of sets whose source is a font, which the small study has not; they reach it likewise
        read |= {"data/fonts/font.h"}
    else:
        read |= {"Snakefile"} | reads[stage, "graph"]
    read = {path for path in read if not path.startswith(OWN)} - set(NOT_WATCHED)

    paths, watched = watched_by(project, stage)
    images = {path for path in read if path.startswith("data/images/")}
    assert read - watched - images == set()
    assert watched - read == set(), "watched, and read by nothing"
    assert (images and "data/images" in paths) or stage == "data"


@pytest.mark.slow
def test_the_trace_sees_what_is_read(traced):
    """Controls: without them an empty trace would pass."""
    _, reads = traced
    assert "data/fonts/font.h" in reads["study", "train_letters"]
    assert "data/claims.yaml" in reads["study", "test_conclusions"]
    assert "src/latentlab/training/powell.py" in reads["study", "train_architectures"]
    assert "workflow/rules/vae.smk" in reads["study", "graph"]


@pytest.mark.scenario("an edit of anything watched is seen by both tools")
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("data/claims.yaml", "smallest", "smallest "),
        pytest.param("data/published.yaml", "0.127", "0.128", marks=pytest.mark.slow),
        pytest.param("data/fonts/font.h", "{0x04, 0x0a", "{0x05, 0x0a", marks=pytest.mark.slow),
        ("workflow/report/style.css", "body {", "body {\n  margin: 1px;"),
        pytest.param("workflow/report/index.html.j2", "<main", "<main ", marks=pytest.mark.slow),
        pytest.param(
            "src/latentlab/measures/statistics.py",
            "def ",
            "EDITED = 1\n\n\ndef ",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_edit_is_seen_by_both_tools(project, file, old, new):
    path = project.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert project.pending()
    assert "up to date" not in project.dvc("status")


# --- paths that parameters name ------------------------------------------------------------------


@pytest.mark.scenario("a path in the parameters that DVC does not watch")
@pytest.mark.slow
def test_a_font_of_ones_own_is_watched(project):
    (project.root / "mine").mkdir()
    font = (project.root / "data/fonts/font.h").read_text()
    (project.root / "mine/own.h").write_text(font)
    project.edit("data.fonts", "mine/own.h")
    project.dvc("repro")
    assert "up to date" in project.dvc("status")
    (project.root / "mine/own.h").write_text(font.replace("{0x04, 0x0a", "{0x05, 0x0a"))
    assert "mine/own.h" in project.dvc("status")
    assert project.pending()


def test_dependencies_are_filled_in_from_parameters():
    params = {"data": {"fonts": "mine/own.h"}}
    stage = {"do": {"deps": ["${data.fonts}", "src", {"x": {"cache": False}}, "${item}"]}}
    assert dependencies(stage, params) == ["mine/own.h", "src", "x", "${item}"]


def test_what_is_behind_a_link_to_a_folder_is_not_watched(tmp_path):
    for name in ("photos/circle", "elsewhere/square"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1.png").touch()
    (tmp_path / "photos/square").symlink_to(tmp_path / "elsewhere/square")
    (tmp_path / "photos/circle/2.png").symlink_to(tmp_path / "elsewhere/square/1.png")
    files = [Path("photos/circle/1.png"), Path("photos/circle/2.png"), Path("photos/square/1.png")]
    assert list(unwatched(files, ["photos"], tmp_path)) == [Path("elsewhere/square")]
    assert list(unwatched(files, ["photos", "elsewhere"], tmp_path)) == []
    assert list(unwatched(files, ["photos/circle/1.png", "elsewhere"], tmp_path)) == []
    assert list(unwatched(files[1:], [], tmp_path)) == [
        Path("photos/circle"),
        Path("elsewhere/square"),
    ]
    (tmp_path / "photos/empty").symlink_to(tmp_path / "elsewhere")
    inside = inside_folders(tmp_path / "photos")
    assert set(unwatched(inside, ["photos"], tmp_path)) == {
        Path("elsewhere"),
        Path("elsewhere/square"),
    }
    assert list(unwatched([Path("font.h")], [], tmp_path)) == [Path("font.h")]


def test_what_runs_write_is_seen_through_links(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data/images/digits").mkdir(parents=True)
    Path("link").symlink_to("data/images")
    made = ("results/", "data/images/")
    for path in ("data/images", "data/images/digits", "./data//images/x", "link/x", "results/a.h"):
        assert is_inside(tmp_path / path, made), path
    for path in ("data", "data/images2", "data/fonts/font.h"):
        assert not is_inside(tmp_path / path, made), path


def test_a_link_may_be_an_output_and_not_the_folder_of_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "disk").mkdir()
    for folder in ("results/a", "results/b", "data/images", ".snakemake"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text(
        "stages: {data: {foreach: [x], do: {cmd: x, outs: [{'data/images/${item}': {}}]}},"
        " study: {cmd: x, outs: [results/a/cells, results/b/cells, .snakemake/metadata],"
        " metrics: [{results/b/metrics.json: {cache: false}}]}}\n"
    )
    for output in ("results/a/cells", "data/images/x", "results/mine"):
        (tmp_path / output).symlink_to(tmp_path / "disk")
    assert list(linked(Path("dvc.yaml"))) == []
    for folder in ("results/b", "data/images", ".snakemake"):
        (tmp_path / folder).rename(tmp_path / "moved")
        (tmp_path / folder).symlink_to(tmp_path / "moved")
        (line,) = linked(Path("dvc.yaml"))
        assert line.startswith(f"{folder} is a link, and DVC versions nothing behind one")
        (tmp_path / folder).unlink()
        (tmp_path / "moved").rename(tmp_path / folder)


def test_every_path_in_the_parameters_is_looked_at():
    """The knobs that are paths, by their own words: a new one needs a look in common.smk."""
    types = (ROOT / "src/latentlab/experiments").rglob("params.py")
    assert sum(path.read_text().count('"a path') for path in types) == 2
    rules = (ROOT / "workflow/rules/common.smk").read_text()
    looked_at = rules[rules.index("def unwatched_data") : rules.index("refuse(*unwatched_data())")]
    assert '"data.fonts"' in looked_at
    assert 'images["path"]' in looked_at


def test_a_stage_of_the_search_decides_nothing_by_itself():
    """It runs Snakemake every time, so that it has nothing to watch."""
    for stage in read_yaml(ROOT / "search/dvc.yaml")["stages"].values():
        assert stage["always_changed"] is True


def test_git_keeps_line_ends_as_they_are_committed():
    """A clone with core.autocrlf would otherwise be out of date as a whole."""
    done = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        inside, _, attributes = line.split("\t")[0].split(None, 2)
        assert inside in {"i/lf", "i/-text", "i/none"}, line
        assert attributes.split() == ["attr/text=auto", "eol=lf"], line


def test_the_fingerprint_is_of_all_that_stages_depend_on(tmp_path):
    """The last check of ``dvc repro`` takes it before and after: what changed between is seen."""
    (tmp_path / "src/__pycache__").mkdir(parents=True)
    (tmp_path / "data/images").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text("font: font.h\n")
    (tmp_path / "dvc.yaml").write_text(
        "stages: {data: {foreach: [x], do: {cmd: x, outs: ['data/images/${item}']}},"
        " study: {cmd: x, deps: ['${font}', src, data/images, gone]}}\n"
    )
    files = ["params.yaml", "font.h", "src/a.py", "dvc.yaml"]
    for name in ("font.h", "src/a.py", "data/images/x.npy", "src/__pycache__/a.pyc"):
        (tmp_path / name).write_text("1")
    before = fingerprint(tmp_path / "dvc.yaml")
    for name in files:
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(f"{text}\n")
        assert fingerprint(tmp_path / "dvc.yaml") != before, name
        (tmp_path / name).write_text(text)
    for name in ("data/images/x.npy", "src/__pycache__/a.pyc"):  # written by stages, by Python
        (tmp_path / name).write_text("2")
    assert fingerprint(tmp_path / "dvc.yaml") == before
