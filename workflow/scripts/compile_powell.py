"""Compile the trainings of letter networks once, before jobs that use them start side by side.

Compiled code is machine code: what is not as it was written is removed, never run.
"""

import hashlib
import shutil
import sys
from contextlib import contextmanager

import step

sys.path.insert(0, str(step.ROOT / "workflow"))
from support import interruption, run_lock

interruption.in_one_line()

from latentlab.files.arrays import replacing
from latentlab.training import compiled, gradient, powell


@contextmanager
def locked(path):
    """Hold the lock on a file, waited for; it dies with its process.

    Without a lock where the file cannot be made: there, nothing can be written at all.
    """
    try:
        lock = run_lock.acquire(path, wait=True)
    except run_lock.LockError:
        yield
        return
    with lock.file:
        yield


def digest(folder):
    """Of every file's name and bytes; None where the folder is not there.

    Temporary files aside: a process that compiles for itself, without the lock, has them for a
    moment, and one that was killed leaves them.
    """
    if not folder.is_dir():
        return None
    total = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if ".tmp." not in p.name):
        total.update(f"{path.name}\0".encode() + path.read_bytes())
    return total.hexdigest()


def compile_sealed(folder):
    """Compile into a folder, and seal what is there: what does not fit its seal goes first."""
    seal = folder.with_name(f"{folder.name}.sha256")
    if seal.exists() and digest(folder) not in (None, seal.read_text()):
        step.log(f"{folder}: compiled code is not as it was written, compiled again")
        shutil.rmtree(folder)
    if not folder.exists():
        step.log("trainings of letters: compiled, once on this machine (about a minute)")
    powell.compile()
    gradient.compile()
    code = digest(folder)  # none where the folder cannot be written
    if code and not (seal.exists() and seal.read_text() == code):
        with replacing(seal) as temporary:
            temporary.write_text(code)


def main(argv):
    step.arguments(__doc__, argv)
    folder = compiled.cache_folder()
    # runs of other trees may share the folder: one at a time compiles and seals
    with locked(folder.with_name(f"{folder.name}.lock")):
        compile_sealed(folder)


if __name__ == "__main__":
    # no job: nobody asks for the time that step.run would end with
    step.run(lambda argv: sys.exit(main(argv)))
