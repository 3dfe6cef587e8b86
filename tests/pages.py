"""Documents that tell a reader what to do, followed as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

BLOCK = re.compile(
    r"(?:^(?P<files>`[\w./-]+`(?:, `[\w./-]+`)*):\n\n)?"
    r"^```(?P<kind>diff|python|yaml|sh|text)\n(?P<body>.*?)^```$",
    re.M | re.S,
)
"""A block of a page: lines to add to files, a whole file, commands, or what they show."""


def edit(path: Path, diff: list[str]) -> None:
    """Replace the lines of a block that are there by those that shall be."""
    before = "".join(line[1:] for line in diff if not line.startswith("+"))
    after = "".join(line[1:] for line in diff if not line.startswith("-"))
    text = path.read_text()
    assert text.count(before) == 1, f"{path.name}:\n{before}"
    path.write_text(text.replace(before, after))


def follow(text: str, root: Path, run: Callable[..., str]) -> str:
    """Do what the blocks of a page say, in a folder; the output of the last commands.

    run : runs a command there and returns its output, which begins with the lines that the page
        shows
    """
    files: list[Path] = []
    output = ""
    for block in BLOCK.finditer(text):
        body = block["body"]
        if block["files"]:
            files = [root / name.strip("`") for name in block["files"].split(", ")]
        if block["kind"] == "diff":
            for file in files:
                edit(file, body.splitlines(keepends=True))
        elif block["kind"] in ("python", "yaml"):
            files[0].parent.mkdir(parents=True, exist_ok=True)
            files[0].write_text(body)
        elif block["kind"] == "sh":
            output = run("bash", "-ec", body)
        else:
            lines = output.splitlines()
            for shown in body.splitlines():
                assert any(line.startswith(shown) for line in lines), f"{shown}\n{output}"
    return output
