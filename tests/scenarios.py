"""Run the tests of scenarios and print what was tried: the table of docs/reproducibility.md.

A scenario is what the mark ``scenario`` of a test names. Arguments go to pytest, -n 2 say; exit
code 1 where a test failed. Twenty minutes to an hour.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass
class Row:
    """What happened to a scenario."""

    times: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if self.failed:
            return f"FAILED: {', '.join(self.failed)}"
        parts = ["as promised"] if self.times else []
        parts += [f"not tried: {reason}" for reason in dict.fromkeys(self.skipped)]
        return "; ".join(parts)


def rows(report: Iterable[ElementTree.Element]) -> dict[str, Row]:
    """The scenarios of a report in JUnit's format, in the order of the tests."""
    result: dict[str, Row] = {}
    for case in report:
        # a value that the test itself recorded comes last
        said = {p.get("name"): p.get("value") or "" for p in case.iter("property")}
        if "scenario" not in said:
            continue
        row = result.setdefault(said["scenario"], Row())
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            row.failed.append(case.get("name") or "")
        elif skipped is not None:
            row.skipped.append(skipped.get("message") or "")
        else:
            row.times += int(said["times"])
    return result


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = ["-m", "scenario", f"--junitxml={report}", "-o", "junit_family=xunit1"]
        code = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *command, *sys.argv[1:]],
            cwd=ROOT,
            stdout=sys.stderr,
        ).returncode
        cases = ElementTree.parse(report).iter("testcase")
        table = rows(cases)
    print("| scenario | times tried | outcome |")
    print("|---|---:|---|")
    for name, row in table.items():
        print(f"| {name} | {row.times} | {row.outcome} |")
    sys.exit(code)


if __name__ == "__main__":
    main()
