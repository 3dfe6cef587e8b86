"""A real Slurm of one node, in a folder of its own, started by any user, gone when it stops.

Made of Debian's packages slurmctld, slurmd and munge. Everything listens on the loopback
address; there is no accounting database, no cgroup and no privilege: memory is sampled
every second, and a job above its limit is killed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scancel")
_SBIN = "/usr/sbin"  # of no ordinary user's PATH
_SECONDS = 30.0  # for each daemon to start, and again to stop
_USER = pwd.getpwuid(os.getuid()).pw_name

_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=1
MinJobAge=86400
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class ClusterError(RuntimeError):
    """The cluster did not come up, or left something running."""


def missing() -> list[str]:
    """The programs of a cluster that this machine lacks."""
    return [name for name in PROGRAMS if _find(name) is None]


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}{_SBIN}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(condition: Callable[[], bool], what: str, seconds: float = _SECONDS) -> None:
    """Poll a condition. Raises ClusterError, with what was waited for, when time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    root : its configuration, its state, the logs of its daemons
    """

    root: Path

    def environment(self, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
        """An environment with what a client needs.

        Slurm's programs come first on PATH, as wrappers that name the configuration:
        SLURM_CONF alone does not survive into the steps of a job.
        """
        return {
            **outer,
            "SLURM_CONF": str(self.root / "slurm.conf"),
            "PATH": f"{self.root / 'bin'}{os.pathsep}{outer['PATH']}",
        }

    def call(self, *command: str) -> str:
        """Run one of Slurm's programs; what it prints."""
        done = subprocess.run(
            command, env=self.environment(), timeout=_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode:
            raise ClusterError(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}")
        return done.stdout

    def states(self) -> dict[str, str]:
        """State by number of all jobs since it started."""
        lines = self.call("squeue", "--noheader", "--states=all", "--format=%i %T").splitlines()
        return dict(line.split() for line in lines)

    def quiet(self) -> bool:
        """Whether all jobs have ended."""
        return not {"PENDING", "RUNNING", "COMPLETING"}.intersection(self.states().values())

    def processes(self) -> list[int]:
        """All processes of the cluster and its jobs: those that know its configuration."""
        mark = f"SLURM_CONF={self.root / 'slurm.conf'}".encode()
        result = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                known = mark in (folder / "environ").read_bytes().split(b"\0")
                zombie = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:  # it has ended, or is another user's
                continue
            if known and not zombie and int(folder.name) != os.getpid():
                result.append(int(folder.name))
        return result


@contextmanager
def _daemon(cluster: Cluster, *command: str) -> Iterator[None]:
    """A program in the foreground of its own session, for as long as the block lasts.

    Ended with SIGINT: at SIGTERM slurmctld may wait for its jobs.
    """
    log = (cluster.root / f"{Path(command[0]).name}.log").open("w")
    process = subprocess.Popen(
        command, cwd=cluster.root, env=cluster.environment(),
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    log.close()
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def cluster(root: Path, cpus: int = 4, memory: int = 4000) -> Iterator[Cluster]:
    """A running cluster of one node, stopped with everything it started when the block ends.

    root : an empty folder, or none yet
    cpus, memory : what the node offers to jobs, cores and MB; nobody checks that it has them
    Raises ClusterError where it does not come up, or where something outlives it.
    """
    for folder in ("state", "spool", "bin"):
        (root / folder).mkdir(parents=True, mode=0o700)
    root.chmod(0o755)  # munged serves from no folder that others may write
    result = Cluster(root)
    (root / "slurm.conf").write_text(
        _CONF.format(
            root=root, user=_USER, host=socket.gethostname().split(".")[0],
            cpus=cpus, memory=memory, controller_port=_free_port(), node_port=_free_port(),
        )
    )  # fmt: skip
    for name in ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo"):
        wrapper = root / "bin" / name
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={root}/slurm.conf exec "{_find(name)}" "$@"\n')
        wrapper.chmod(0o755)
    key = root / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    munged = (
        "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={root}/munge.socket",
        f"--pid-file={root}/munge.pid", f"--seed-file={root}/munge.seed",
        f"--log-file={root}/munge.log",
    )  # fmt: skip
    daemons = (munged, ("slurmctld", "-D"), ("slurmd", "-D"))
    try:
        with ExitStack() as running:
            for name, *options in daemons:
                program = _find(name)
                assert program is not None, name
                running.enter_context(_daemon(result, program, *options))
                if name == "munged":
                    _wait((root / "munge.socket").exists, "munged")
            _wait(lambda: "idle" in _quietly(result, "sinfo", "--noheader"), "an idle node")
            try:
                yield result
            finally:
                result.call("scancel", "--full", f"--user={_USER}")
                _wait(result.quiet, "the end of all jobs")
    finally:
        left = result.processes()
        for process in left:
            os.kill(process, signal.SIGKILL)
    if left:
        raise ClusterError(f"outlived the cluster: processes {left}")


def _quietly(result: Cluster, *command: str) -> str:
    try:
        return result.call(*command)
    except ClusterError:
        return ""
