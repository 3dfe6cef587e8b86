"""Inputs of everything that comes from outside: valid files, mutated, and what reads them.

tests/unit/test_hostile.py tries a hundred for each parser. The profile "fuzz" tries 20,000 for each
and says how many were read:

    python -m pytest -n auto tests/unit/test_hostile.py -k fuzzed \\
        --hypothesis-profile fuzz --hypothesis-show-statistics
"""

from __future__ import annotations

import copy
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from image_sets import idx
from latentlab import StudyError
from latentlab.data import folders
from latentlab.data.fonts import parse_fonts, read_fonts
from latentlab.experiments import params
from latentlab.experiments.allowed import NotAllowed
from latentlab.experiments.networks import FontFile
from latentlab.files import arrays, yaml

ROOT = Path(__file__).parents[1]
LIMIT = 2**20  # bytes that a parser may unpack here
INTERESTING = [
    b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"9" * 40, b"1e999", b".nan", b"-",
    b"{", b"}", b"[", b"]", b",", b";", b"0x", b"/*", b"*/", b"//", b"#", b"\n", b"\t", b"'", b'"',
    b"&a ", b"*a", b"!!python/name:os.system ", b"<<: ", b"- ", b": ", b"\xc3",
    b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x1f\x8b", b"|O", b"'descr'", b"(9999999999,)",
]  # fmt: skip


# ---------------------------------------------------------------- valid files


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


# ---------------------------------------------------------------- mutations


@st.composite
def mutated(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """One to four edits of a valid file: a stretch gives way to nothing, repeats, other bytes."""
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = at + draw(st.sampled_from([0, 1, 2, 4, 8, 64, len(data)]))
        repeated = st.sampled_from([0, 2, 20]).map(data[at:end].__mul__)
        other = st.sampled_from(INTERESTING + corpus)
        data = data[:at] + draw(repeated | other | st.binary(max_size=16)) + data[end:]
    return data[: 2**16]


def _huge(sizes: list[int]) -> bytes:
    return bytes((0, 0, 8, 3)) + struct.pack(">3I", *sizes) + bytes(64)


def _archive(name: str, method: int, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


IDX_INPUTS = (
    mutated(IDX)
    | mutated(PACKED)
    | mutated(IDX).map(lambda data: gzip.compress(data, 1))  # sound, its content is not
    | st.lists(st.sampled_from([0, 1, 28, 60_000, 2**31, 2**32 - 1]), min_size=3, max_size=3).map(
        _huge
    )
)
NPZ_INPUTS = mutated(NPZ) | st.builds(
    _archive,
    st.sampled_from(["a.npy", "../a.npy", "a"]),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    mutated(NPY),
)


VALUES = [
    None, True, -1, 0, 1, 10**30, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "all",
    "x", "font2", "../x", "a;b", "\u202e", "é" * 50, [], [[]], [1, 1], [35, 2, 35], {}, {"a": {}},
    {1: 2},
]  # fmt: skip


@st.composite
def params_inputs(draw: st.DrawFn) -> object:
    """The parameters of the tests with one to four nodes replaced, removed, added or moved."""
    result = copy.deepcopy(PARAMS)
    for _ in range(draw(st.integers(1, 4))):
        node = result
        while keys := list(node if isinstance(node, dict) else range(len(node))):
            key = draw(st.sampled_from(keys))
            if isinstance(node[key], dict | list) and draw(st.integers(0, 4)):
                node = node[key]
                continue
            value = copy.deepcopy(draw(st.sampled_from(VALUES)))
            edit = draw(st.sampled_from(["remove", "replace", "move", "add"]))
            if edit == "remove":
                del node[key]
            elif edit == "replace":
                node[key] = value
            elif isinstance(node, list):
                node.append(value)
            else:
                name = draw(st.sampled_from(["x", "beta", "../up", "", "a b", 7, "fonts"]))
                node[name] = node[key] if edit == "move" else value
            break
    return result


def targets(folder: Path) -> dict[str, tuple[st.SearchStrategy, Callable]]:
    """Inputs of every parser, and what reads one; files are written into ``folder``."""

    def from_file(read: Callable[[Path], object]) -> Callable[[bytes], object]:
        def run(data: bytes) -> object:
            (folder / "input").write_bytes(data)
            return read(folder / "input")

        return run

    return {
        "font.h": (mutated(FONTS), lambda data: parse_fonts(data.decode("latin-1"))),
        "IDX": (IDX_INPUTS, from_file(lambda path: folders.read_idx(path, 3, LIMIT))),
        "npz": (NPZ_INPUTS, from_file(lambda path: arrays.load_npz(path, LIMIT))),
        "YAML": (mutated(YAML), from_file(yaml.read_yaml)),
        "params": (params_inputs(), check),
    }
