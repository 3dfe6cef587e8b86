"""What the documents tell a reader to do is done, as it stands; their links lead somewhere."""

import re
import shutil
import subprocess

import pytest

from project import ROOT, copy_project

PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.split()
]  # fmt: skip
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./-]+)`:\n\n)?^```(?P<kind>diff|python|sh|text)\n(?P<body>.*?)^```$",
    re.M | re.S,
)


def sections(page):
    parts = []
    for part in re.split(r"^## ", (ROOT / page).read_text(), flags=re.M)[1:]:
        title, text = part.split("\n", 1)
        parts.append(pytest.param(text, id=title.lower().replace(" ", "-")))
    return parts


def edit(path, diff):
    """Replace the lines of a block that are there by those that shall be."""
    before = "".join(line[1:] for line in diff if not line.startswith("+"))
    after = "".join(line[1:] for line in diff if not line.startswith("-"))
    text = path.read_text()
    assert text.count(before) == 1, f"{path.name}:\n{before}"
    path.write_text(text.replace(before, after))


@pytest.mark.slow
@pytest.mark.parametrize("text", sections("docs/extending.md"))
def test_a_section_does_what_it_says(text, tmp_path):
    project = copy_project(tmp_path / "project")
    shutil.copy2(ROOT / "params.yaml", project.root)  # the study's, not the tests'
    file, output = None, ""
    for block in BLOCK.finditer(text):
        file, body = block["file"] or file, block["body"]
        if block["kind"] == "diff":
            edit(project.root / file, body.splitlines(keepends=True))
        elif block["kind"] == "python":
            (project.root / file).write_text(body)
        elif block["kind"] == "sh":
            output = project.run("bash", "-ec", body)
        else:
            lines = output.splitlines()
            for shown in body.splitlines():
                assert any(line.startswith(shown) for line in lines), shown
    assert output
    project.run("ruff", "check", "src", "workflow")


def test_daily_use(project):
    """The commands of the README, on a finished project with an edit."""
    block = re.search(r"## Daily use\n.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    commands = [line.split("#")[0].split() for line in block[1].splitlines()]
    assert len(commands) == 8
    project.edit("architectures.beta", 0.7)
    output = {}
    for command in commands:
        output[tuple(command[:3])] = project.run(*command)
    assert "architectures" in output["dvc", "metrics", "diff"]
    assert (project.root / "dvc_plots/index.html").exists()
    assert (project.root / "report.html").exists()


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
