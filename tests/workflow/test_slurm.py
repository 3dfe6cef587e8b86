"""The study on a real Slurm: the same bytes, whatever happens to its jobs."""

import subprocess
import time

import pytest

import cluster as slurm
from project import Project, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(slurm.missing()), reason=f"no {', '.join(slurm.missing())}"),
]

SECONDS = 480  # for any run
PROFILE = ["snakemake", "--profile", "profiles/slurm"]
SOON = ["--slurm-init-seconds-before-status-checks", "5", "--latency-wait", "5"]  # jobs are short


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm.cluster(tmp_path_factory.mktemp("slurm") / "cluster", memory=8000) as running:
        yield running


def start(cluster, project, *arguments):
    """Start a run on the cluster."""
    return subprocess.Popen(
        [*PROFILE, *SOON, *arguments], cwd=project.root, env=cluster.environment(environment()),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(process):
    """Wait for a run; what it printed. Fails the test when the run failed or takes too long."""
    try:
        text, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()  # does nothing to a process that has ended
    assert process.returncode == 0, text
    return text


def test_a_cluster_gives_the_same_bytes(cluster, blank, finished):
    finish(start(cluster, blank))
    states = cluster.states()
    assert set(states.values()) == {"COMPLETED"}
    assert len(states) >= 7, "the cells of all experiments ran as jobs"
    assert blank.pending() == set()
    assert blank.bytes_of() == Project(finished).bytes_of()


FAULTS = """
import os, pathlib, time
_cell = "-".join(step.sys.argv[step.sys.argv.index("--weights") + 1].split("/")[3:-1])
_seen = pathlib.Path(f"attempts-{_cell}")
_first = not _seen.exists()
_seen.write_text(os.environ["SLURM_JOB_ID"])
if _cell == "35-2-relu" and _first:
    step.sys.exit(3)  # fails once
if _cell == "35-3-2-relu":
    _memory = b"x" * 1_300_000_000  # more than the first attempt has, less than the second
    time.sleep(5)  # Slurm looks once a second
if _cell == "font1-small" and _first:
    time.sleep(600)  # until it is canceled
"""


def test_jobs_that_fail_starve_or_are_canceled_are_done_again(cluster, blank, finished):
    before = cluster.states()
    for script in ("train_architectures", "train_letters"):
        blank.replace(f"workflow/scripts/{script}.py", "import step\n", f"import step\n{FAULTS}")
    cells = [
        "architectures/cells/35-2/relu",
        "architectures/cells/35-3-2/relu",
        "letters/cells/font1/small",
    ]
    wanted = [f"results/{cell}/scores.csv" for cell in cells]

    process = start(cluster, blank, *wanted)
    marker = blank.root / "attempts-font1-small"
    deadline = time.monotonic() + SECONDS
    while not (marker.exists() and marker.read_text()):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    canceled = marker.read_text()
    cluster.call("scancel", canceled)
    finish(process)

    jobs = {job: state for job, state in cluster.states().items() if job not in before}
    assert sorted(jobs.values()) == ["CANCELLED", *["COMPLETED"] * 3, "FAILED", "FAILED"]
    assert jobs[canceled] == "CANCELLED"
    logs = [path.read_text() for path in (blank.root / ".snakemake/slurm_logs").rglob("*.log")]
    assert sum("exceeded memory limit" in log for log in logs) == 1
    expected = Project(finished)
    for cell in cells:
        assert blank.bytes_of(f"results/{cell}") == expected.bytes_of(f"results/{cell}")
