"""Compile Powell's kernels once, before jobs that use them start side by side.

Compiled code is machine code: what is not as it was written is removed, never run.
"""

import hashlib
import shutil

import step

from latentlab import kernels, powell
from latentlab.arrays import replacing


def digest(folder):
    """Of every file's name and bytes; None where the folder is not there."""
    if not folder.is_dir():
        return None
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        found.update(f"{path.name}\0".encode() + path.read_bytes())
    return found.hexdigest()


def main(argv):
    step.arguments(__doc__, argv)
    folder = kernels.cache_folder()
    seal = folder.with_name(f"{folder.name}.sha256")

    if seal.exists() and digest(folder) not in (None, seal.read_text()):
        step.log(f"{folder}: compiled code is not as it was written, compiled again")
        shutil.rmtree(folder)
    powell.compile()
    found = digest(folder)  # none where the folder cannot be written
    if found and not (seal.exists() and seal.read_text() == found):
        with replacing(seal) as temporary:
            temporary.write_text(found)


if __name__ == "__main__":
    step.run(main)
