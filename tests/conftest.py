"""A project of its own for each test of the workflow, on a configuration of seconds.

``finished`` is run once a test session and copied; a test then pays only for what it edits.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import latentlab  # before NumPy: it pins how libraries compute

# isort: split
import hypothesis
import numpy as np
import pytest

from project import Project, copy_project

assert not latentlab.arithmetic.pin(), "the package pins the arithmetic when it is imported"
assert not np._core._multiarray_umath.__cpu_features__.get("X86_V4"), "NumPy came before it"

# no test asserts a time: a busy machine is slow, not wrong
hypothesis.settings.register_profile("study", deadline=None)
# of make faults: so many inputs for each parser in tests/fuzz.py
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=20_000, database=None)
hypothesis.settings.load_profile("study")


def fixtures(item: pytest.Item) -> list[str]:
    """The names of the fixtures that a test needs, those of its fixtures too."""
    return getattr(item, "fixturenames", [])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests; what the mark ``scenario`` says goes into the report, for scenarios.py.

    One test needs the finished study at once, the others last: while one worker computes it, the
    others do what needs none, instead of waiting for it.
    """
    first, *rest = sorted(items, key=lambda item: "finished" not in fixtures(item))
    items[:] = [first, *sorted(rest, key=lambda item: "finished" in fixtures(item))]
    for item in items:
        for mark in item.iter_markers("scenario"):
            name, times = (*mark.args, 1)[:2]
            item.user_properties += [("scenario", name), ("times", times)]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose study DVC has run and git has committed; copy it, do not touch it.

    All workers of a parallel test run share one.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    target, done = shared / "finished", shared / "finished.done"
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            project = copy_project(target)
            project.dvc("repro")
            project.commit("results")
            done.touch()
    return target


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Project:
    """A finished project of the test's own, in another folder."""
    # times are kept, as a backup or a move of the folder keeps them
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture
def blank(tmp_path: Path) -> Project:
    """A project that has not run."""
    return copy_project(tmp_path / "blank")
