"""What the documents tell a reader to do is done, as it stands; their links lead somewhere."""

import functools
import re
import shlex
import shutil
import subprocess

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from latentlab.experiments.params import read_params
from pages import BLOCK, follow
from project import ROOT, copy_project

PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
]


def sections(page):
    parts = []
    for part in re.split(r"^## ", (ROOT / page).read_text(), flags=re.M)[1:]:
        title, text = part.split("\n", 1)
        parts.append(pytest.param(text, id=title.lower().replace(" ", "-")))
    return parts


@pytest.mark.slow
@pytest.mark.parametrize("text", sections("docs/extending.md"))
def test_a_section_does_what_it_says(text, tmp_path):
    project = copy_project(tmp_path / "project")
    shutil.copy2(ROOT / "params.yaml", project.root)  # the study's, not the tests'
    assert follow(text, project.root, project.run)
    # what was added is as everything else is
    project.run("python", "-m", "pytest", "-q", "tests/workflow/test_conventions.py")


def test_an_experiment_takes_less_than_110_lines():
    text = (ROOT / "docs/extending.md").read_text().split("## An experiment")[1].split("\n## ")[0]
    lines = [
        line[1:] if block["kind"] == "diff" else line
        for block in BLOCK.finditer(text)
        if block["kind"] in ("diff", "python")
        for line in block["body"].splitlines()
        if block["kind"] == "python" or line.startswith("+")
    ]
    assert 50 < sum(bool(line.strip()) for line in lines) < 110


@pytest.mark.slow
def test_the_demo(tmp_path):
    """What `make demo` runs, from nothing."""
    project = copy_project(tmp_path / "project")
    demo, home = ("snakemake", "--directory", "demo", "--cores", "2"), tmp_path / "home"
    home.mkdir()
    project.run(*demo, HOME=str(home))
    # as docs/workflow.md says: empty folders
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert [path.name for path in home.glob(".cache/*")] == ["snakemake"]
    assert (project.root / "demo/results/report/index.html").exists()
    assert "Nothing to be done" in project.run(*demo, "--dry-run")


@pytest.mark.slow
def test_daily_use(project):
    """The commands of the README, on a finished project with an edit."""
    block = re.search(r"## Daily use\n.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    commands = [line.split("#")[0].split() for line in block[1].splitlines()]
    assert len(commands) == 7
    project.edit("architectures.beta", 0.7)
    output = {}
    for command in commands:
        output[tuple(command[:3])] = project.run(*command)
    assert "architectures" in output["dvc", "metrics", "diff"]
    assert (project.root / "dvc_plots/index.html").exists()


def commands_of(text):
    """What a page tells to type: lines of its blocks of commands, and what its sentences quote."""
    blocks = re.compile(r"^```(?:sh)?\n(.*?)^```", re.S | re.M)
    lines = [line.split(" #")[0] for block in blocks.findall(text) for line in block.splitlines()]
    return lines + re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


COMMANDS = {" ".join(line.split()) for page in PAGES for line in commands_of(page.read_text())}


@pytest.mark.parametrize("command", sorted(c for c in COMMANDS if c.startswith("snakemake -")))
def test_commands_of_snakemake_say_how_many_cores(command):
    """Else Snakemake refuses them, unless they run nothing."""
    assert re.search("--cores|-n|--dry-run", command)


EXPERIMENTS = [shlex.split(c) for c in COMMANDS if c.startswith("dvc exp run") and "=" in c]


@pytest.mark.parametrize("command", sorted(EXPERIMENTS), ids=" ".join)
def test_experiments_change_what_they_say_and_nothing_else(command, tmp_path):
    """By DVC's own function, on the study's parameters, which are then still allowed."""
    path, value = command[-1].lstrip("+").split("=")
    shutil.copy2(ROOT / "params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", [command[-1]])
    expected = read_params(ROOT / "params.yaml", ROOT)
    *parents, last = path.split(".")
    node = functools.reduce(dict.__getitem__, parents, expected)
    value = YAML(typ="safe", pure=True).load(value)
    node[last] = {**node[last], **value} if isinstance(value, dict) else value
    assert read_params(tmp_path / "params.yaml", ROOT) == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_are_there_or_are_made_by_it(page):
    text = page.read_text()
    folders = "src|workflow|tests|docs|data|demo|benchmarks|search|profiles"
    made = {name for line in re.findall(r"^(`[^`]+`(?:, `[^`]+`)*):$", text, re.M)
            for name in re.findall(r"`([^`]+)`", line)}  # fmt: skip
    named = set(re.findall(rf"`((?:{folders})/[\w./-]+\.(?:py|smk|yaml|md|js|css|h|sh))`", text))
    assert not [name for name in sorted(named - made) if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, target
