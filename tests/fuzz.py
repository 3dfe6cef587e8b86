"""Fuzz the parsers of everything that comes from outside: python tests/fuzz.py --inputs 1000000

Inputs are mutations of valid files, the same for the same seed and number. An input is read, or
refused with an error of the study in one line (parameters: one an error); anything else counts as
a crash, and an input that takes longer than ten seconds of CPU as a hang. Prints a Markdown table:
inputs by parser, how many were read and refused, crashes, peak memory above the start, the
slowest input. Exit code 1 where one crashed.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import io
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np  # noqa: E402

from image_sets import idx  # noqa: E402
from latentlab import StudyError  # noqa: E402
from latentlab.data import folders  # noqa: E402
from latentlab.data.fonts import parse_fonts, read_fonts  # noqa: E402
from latentlab.experiments import params  # noqa: E402
from latentlab.experiments.allowed import NotAllowed  # noqa: E402
from latentlab.experiments.networks import FontFile  # noqa: E402
from latentlab.files import arrays, yaml  # noqa: E402

SECONDS = 10  # more is a hang
LIMIT = 2**20  # bytes that a parser may unpack here
INTERESTING = [
    b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"9" * 40, b"1e999", b".nan", b"-",
    b"{", b"}", b"[", b"]", b",", b";", b"0x", b"/*", b"*/", b"//", b"#", b"\n", b"\t", b"'", b'"',
    b"&a ", b"*a", b"!!python/name:os.system ", b"<<: ", b"- ", b": ", b"\xc3",
    b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x1f\x8b", b"|O", b"'descr'", b"(9999999999,)",
]  # fmt: skip


# ---------------------------------------------------------------- mutations


def mutate(rng: random.Random, data: bytes, corpus: list[bytes]) -> bytes:
    """One to four edits of the bytes: flips, cuts, repeats, insertions, splices."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(found))
        end = min(len(found), at + rng.choice([1, 2, 4, 8, 64]))
        kind = rng.randrange(8)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del found[at:end]
        elif kind == 2:
            found[at:at] = found[at:end] * rng.choice([1, 2, 20])
        elif kind == 3:
            found[at:at] = rng.randbytes(rng.choice([1, 4, 16]))
        elif kind == 4:
            found[at:at] = rng.choice(INTERESTING)
        elif kind == 5:
            found[at : at + 4] = rng.choice(INTERESTING)
        elif kind == 6:
            other = rng.choice(corpus)
            found[at:] = other[rng.randint(0, len(other)) :]
        else:
            del found[at:]
    return bytes(found[: 2**16])


def idx_inputs(rng: random.Random) -> bytes:
    data = mutate(rng, rng.choice(IDX), IDX)
    kind = rng.randrange(4)
    if kind == 0:
        return data
    if kind == 1:  # a packed file that is sound, its content is not
        return gzip.compress(data, 1)
    if kind == 2:
        return mutate(rng, rng.choice(PACKED), PACKED)
    size = struct.pack(">3I", *(rng.choice([0, 1, 28, 60_000, 2**31, 2**32 - 1]) for _ in range(3)))
    return bytes((0, 0, 8, 3)) + size + bytes(rng.randrange(64))


def npz_inputs(rng: random.Random) -> bytes:
    if rng.randrange(2):
        return mutate(rng, rng.choice(NPZ), NPZ)
    stream = io.BytesIO()  # a sound archive of arrays that are not
    with zipfile.ZipFile(stream, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as z:
        z.writestr(rng.choice(["a.npy", "../a.npy", "a"]), mutate(rng, rng.choice(NPY), NPY))
    return stream.getvalue()


def text_inputs(corpus: list[bytes]) -> Callable[[random.Random], bytes]:
    return lambda rng: mutate(rng, rng.choice(corpus), corpus)


VALUES = [
    None, True, -1, 0, 1, 10**30, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "all",
    "x", "font2", "../x", "a;b", "\u202e", "é" * 50, "\ud800", [], [[]], [1, 1], [35, 2, 35], {},
    {"a": {}}, {1: 2},
]  # fmt: skip


def params_inputs(rng: random.Random) -> object:
    """The parameters of the tests with one to four nodes replaced, removed, added or moved."""
    found = copy.deepcopy(PARAMS)
    for _ in range(rng.randint(1, 4)):
        node: object = found
        while True:
            keys = list(node if isinstance(node, dict) else range(len(node)))  # type: ignore[arg-type]
            if not keys:
                break
            key = rng.choice(keys)
            child = node[key]  # type: ignore[index]
            if isinstance(child, dict | list) and child and rng.random() < 0.8:
                node = child
                continue
            kind = rng.randrange(4)
            if kind == 0:
                del node[key]  # type: ignore[attr-defined]
            elif kind == 1:
                node[key] = copy.deepcopy(rng.choice(VALUES))  # type: ignore[index]
            elif kind == 2 and isinstance(node, dict):
                node[rng.choice(["x", "beta", "../up", "", "a b", 7, None, "\ud800", "fonts"])] = (
                    child
                )
            elif isinstance(node, list):
                node.append(copy.deepcopy(rng.choice(VALUES)))
            break
    return found


# ---------------------------------------------------------------- what is read


RNG = np.random.default_rng(0)
IDX = [
    idx(RNG.integers(0, 256, shape, np.uint8)) for shape in [(3,), (2, 3), (2, 4, 3), (5, 28, 28)]
]
PACKED = [gzip.compress(data) for data in IDX]


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _npz(**content: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **content)
    return stream.getvalue()


NPY = [_npy(a) for a in (np.arange(5.0), np.zeros((2, 3), np.uint8), np.array("text"))]
NPZ = [_npz(weights=np.arange(12.0).reshape(3, 4)), _npz(a=np.zeros(2, np.uint8), b=np.array("t"))]
FONT_H = (ROOT / "data/fonts/font.h").read_bytes()
FONTS = [
    b"unsigned char f[32][7] = {" + b"{1,2,3,4,5,6,0x1f}," * 32 + b"};\n",
    FONT_H[:400],
    b"#define X\n/* c */ static const uint8_t a[][7] = {{0,0,0,0,0,0,0}};",
    FONT_H[: FONT_H.index(b"};") + 3],
]
YAML = [
    b"a: &x [1, 2.5e-3, .inf]\nb: {c: *x, d: 'e'}\n",
    b"seed: 7\ndata:\n  fonts: data/fonts/font.h\n  images: {digits: {source: scikit-learn}}\n",
    b"%YAML 1.1\n---\n? [a, b]\n: |\n  text\n...\n",
    b"- !!binary aGk=\n- !!timestamp 2001-12-14\n- 0o17\n- 1_000\n- ~\n",
]
PARAMS = yaml.read_yaml(ROOT / "tests/params.yaml")
KNOWN_FONTS = FontFile("data/fonts/font.h", read_fonts(ROOT / "data/fonts/font.h"))


def check(content: object) -> None:
    """What ``read_params`` does once the file is read."""
    try:
        params.parse_params(content, KNOWN_FONTS)
    except NotAllowed as error:
        wrong = [line for line in error.lines if "allowed: " not in line or "\n" in line]
        raise (ValueError(wrong) if wrong else StudyError(error.lines[0])) from None


@dataclass
class Target:
    """A parser, its inputs, and what happened so far."""

    share: float  # of all inputs
    inputs: Callable[[random.Random], object]
    read: Callable[[object], object]
    tried: int = 0
    refused: int = 0
    crashes: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds
    slowest_input: int = 0
    memory: int = 0  # bytes above the start


def targets(folder: Path) -> dict[str, Target]:
    """All parsers; files are written into ``folder``."""
    path = folder / "input"

    def from_file(read: Callable[[Path], object]) -> Callable[[object], object]:
        def run(data: object) -> object:
            path.write_bytes(data)  # type: ignore[arg-type]
            return read(path)

        return run

    return {
        "font.h": Target(0.25, text_inputs(FONTS), lambda d: parse_fonts(d.decode("latin-1"))),  # type: ignore[attr-defined]
        "IDX": Target(0.5, idx_inputs, from_file(lambda p: folders.read_idx(p, 3, LIMIT))),
        "npz": Target(0.15, npz_inputs, from_file(lambda p: arrays.load_npz(p, LIMIT))),
        "YAML": Target(0.07, text_inputs(YAML), from_file(yaml.read_yaml)),
        "params": Target(0.03, params_inputs, check),  # type: ignore[arg-type]
    }


# ---------------------------------------------------------------- the campaign


class Hang(BaseException):
    """An input took too long."""


def _too_long(*_: object) -> None:
    raise Hang


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(target: Target, name: str, count: int, seed: int) -> None:
    """Try so many inputs; each depends on the seed, the parser and its number alone."""
    warnings.simplefilter("ignore")  # an anchor used twice, say: no error
    start = _memory()
    signal.signal(signal.SIGPROF, _too_long)
    for number in range(count):
        data = target.inputs(random.Random(f"{seed}/{name}/{number}"))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        began = time.process_time()
        try:
            target.read(data)
        except StudyError as error:
            target.refused += 1
            if "\n" in str(error) or not str(error):
                target.crashes.append(f"{number}: not one line: {error!r}")
        except Hang:
            target.crashes.append(f"{number}: longer than {SECONDS} s")
        except Exception as error:
            target.crashes.append(f"{number}: {type(error).__name__}: {error}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - began
        target.tried += 1
        if took > target.slowest:
            target.slowest, target.slowest_input = took, number
    target.memory = _memory() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="of all parsers together")
    parser.add_argument("--seed", type=int, default=2022)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tried = targets(Path(folder))
        for name, target in tried.items():
            fuzz(target, name, round(args.inputs * target.share), args.seed)
    print("| parser | inputs | read | refused | crashes | memory, MiB | slowest, CPU ms (input) |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, t in tried.items():
        read = t.tried - t.refused - len(t.crashes)
        print(
            f"| {name} | {t.tried:,} | {read:,} | {t.refused:,} | {len(t.crashes)}"
            f" | {t.memory / 2**20:.1f} | {1000 * t.slowest:.1f} ({t.slowest_input}) |"
        )
    for name, t in tried.items():
        for crash in t.crashes[:20]:
            print(f"{name}, input {crash}", file=sys.stderr)
    sys.exit(any(t.crashes for t in tried.values()))


if __name__ == "__main__":
    main()
