"""What comes from outside is data: refused in one line, never run, never large in memory."""

import contextlib
import copy
import io
import itertools
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import fuzz
from latentlab import StudyError
from latentlab.experiments.params import read_params
from latentlab.experiments.registry import EXPERIMENTS, cells
from latentlab.files import arrays
from latentlab.files.yaml import ParamsError

ROOT = Path(__file__).parents[2]
PARAMS = read_params(ROOT / "tests/params.yaml", ROOT)


# ---------------------------------------------------------------- mutated configurations


NAMED = [
    "data.images", "architectures.networks", "optimizers.networks",
    "optimizers.comparisons", "optimizers.comparisons.equal.stages",
    "optimizers.comparisons.long.stages",
    "letters.networks", "letters.front.architectures", "denoising.subsets", "denoising.networks",
    "vae.models", "vae.models.published.replicates",
]  # fmt: skip
"""The mappings of names; every other one is of knobs."""


def not_allowed(value, path):
    """Values that are not allowed in place of this one, whatever else stands in the file."""
    samples = {str: "text", float: 0.25, list: [], dict: {}, bool: True, type(None): None}
    takes = {int: (int, float), float: (int, float)}.get(type(value), (type(value),))
    if path[-1] == "shuffle_seed":
        takes += (type(None),)
    if path[-1] in ("xtol", "ftol", "learning_rate") and isinstance(value, list):
        takes += (float,)  # what is not tuned
    yield from (sample for kind, sample in samples.items() if kind not in takes)
    if isinstance(value, str):
        yield from (
            ("", "\ud800", 7) if "classes" in path else ("", "no such choice", "a\nb", "../up")
        )
    elif isinstance(value, bool):
        yield from (0, "true")
    elif isinstance(value, int | float):
        yield from (float("nan"), float("inf"), 10**400, "1e-3; rm -rf /", "1")
        if "published_window" not in path:
            yield -1
    elif isinstance(value, list):
        yield from (["same", "same"], [{}], {"a": 1})
        if path[0] != "vae" and path[-1] != "cross_entropy":
            yield []  # an image model may have no hidden layer, a loss no optimizer
    elif path[-1] not in ("images", "replicates"):  # these may be empty
        yield {}
    if isinstance(value, int) and not isinstance(value, bool):
        yield from (2.5, 3.0, 10**30) if "published_window" not in path else ()


def mutations():
    """A path and a value that is not allowed there (or its removal), for every node."""

    def visit(node, path):
        dotted = ".".join(map(str, path))
        if path:
            yield from ((path, value) for value in not_allowed(node, path))
        if isinstance(node, dict) and dotted in NAMED:
            for name in ("../up", "a/b", "a.b", "`id`", "-x", "a" * 41, "", "ü", 7, None, "a\nb"):
                yield [*path, name], next(iter(node.values()))
        elif isinstance(node, dict):
            yield from (([*path, key], "removed") for key in node)
            yield from (([*path, key], 1) for key in ("no_such_knob", "training", 7, "a\nb"))
        if isinstance(node, dict):
            for key, child in node.items():
                yield from visit(child, [*path, key])
        elif isinstance(node, list) and node:
            yield from visit(node[0], [*path, 0])

    yield from visit(PARAMS, [])


def mutated(path, value):
    params = copy.deepcopy(PARAMS)
    node = params
    for key in path[:-1]:
        node = node[key]
    if value == "removed":
        del node[path[-1]]
    else:
        node[path[-1]] = copy.deepcopy(value)
    return params


def refusal(params):
    """The first line that refuses the parameters; "" where they are taken."""
    try:
        fuzz.check(params)
    except fuzz.StudyError as error:
        return str(error)
    return ""


@pytest.mark.scenario("mutated configurations refused")
def test_mutated_configurations_are_refused(record_property):
    """Each names the path, what was given and what is allowed, in one line; none passes."""
    tried = 0
    for path, value in mutations():
        above = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path[:-1]).lstrip(".")
        line = refusal(mutated(path, value))
        assert line.startswith(above), (path, value, line)
        assert re.search("given|missing|unknown key", line), line
        assert "allowed: " in line
        assert "\n" not in line
        tried += 1
    assert tried >= 200
    record_property("times", tried)


@pytest.mark.parametrize("number", range(0, 400, 40))
def test_mutated_files_are_refused_whole(tmp_path, number):
    """The same through a file, as the workflow reads it."""
    from ruamel.yaml import YAML

    path, value = list(mutations())[number]
    with (tmp_path / "params.yaml").open("w") as stream:
        YAML(typ="safe", pure=True).dump(mutated(path, value), stream)
    with pytest.raises(ParamsError, match=r"params\.yaml: .*allowed: "):
        read_params(tmp_path / "params.yaml", ROOT)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_names_that_are_allowed_make_paths_inside_the_results(experiment):
    for cell in cells(PARAMS, experiment):
        assert re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", cell)


# ---------------------------------------------------------------- bombs


def peak_memory(code, *arguments):
    """Lines that the code prints, and the memory in bytes that it took beyond the imports."""
    program = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from latentlab import StudyError; from latentlab.files import arrays;"
        " from latentlab.data import folders; from latentlab.experiments import params\n"
        "unit = 1 if sys.platform == 'darwin' else 1024\n"  # KiB on Linux
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit\n"
        f"start = used()\ntry:\n    {code}\nexcept StudyError as error:\n    print(error)\n"
        "print(used() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "src"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    *lines, memory = done.stdout.splitlines()
    return lines, int(memory)


def test_aliases_that_multiply_are_refused_in_little_memory(tmp_path):
    """Nine levels of nine: 3 GB of text if it were written out."""
    names = "abcdefghij"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise(names)
    )
    (tmp_path / "params.yaml").write_text(text)
    lines, memory = peak_memory(
        f"params.read_params(sys.argv[2], {str(ROOT)!r})",
        tmp_path / "params.yaml",
    )
    assert "allowed: " in lines[0]
    assert max(map(len, lines)) < 500
    assert memory < 64 * 2**20


def test_a_compressed_bomb_is_refused_in_little_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(2**27))
    assert (tmp_path / "a.npz").stat().st_size < 2**18
    lines, memory = peak_memory("arrays.load_npz(sys.argv[2], 2**26)", tmp_path / "a.npz")
    assert "bytes unpacked, at most" in lines[0]
    assert memory < 64 * 2**20


def test_an_array_that_claims_more_than_it_holds(tmp_path):
    """A header of terabytes is refused, not allocated."""
    path, stream = tmp_path / "a.npz", io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**38,)}
    np.lib.format.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", stream.getvalue() + bytes(32))
    lines, memory = peak_memory("arrays.load_npz(sys.argv[2])", path)
    assert "not a readable .npz file" in lines[0]
    assert memory < 64 * 2**20


# ---------------------------------------------------------------- fuzzing


def test_an_array_of_more_elements_than_64_bits_count(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        size = len(header).to_bytes(2, "little")
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + size + header)
    with pytest.raises(StudyError, match="not a readable"):
        arrays.load_npz(tmp_path / "a.npz")


@pytest.mark.filterwarnings("ignore")  # an anchor used twice, say: no error
@pytest.mark.parametrize("name", ["font.h", "IDX", "npz", "YAML", "params"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_fuzzed_inputs_are_read_or_refused_in_one_line(tmp_path, name, data):
    inputs, read = fuzz.targets(tmp_path)[name]
    content, refusal = data.draw(inputs), None
    with within_seconds_of_cpu(10):
        try:
            read(content)
        except StudyError as error:
            refusal = str(error)
    event("read" if refusal is None else "refused")
    assert refusal is None or (refusal and "\n" not in refusal)


@contextlib.contextmanager
def within_seconds_of_cpu(seconds):
    """Raise where a block takes longer, in whatever it hangs."""

    def too_long(*_):
        pytest.fail(f"longer than {seconds} s")

    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@within_seconds_of_cpu(0.1)
def hang():
    while True:
        pass


def test_what_hangs_is_found():
    with pytest.raises(pytest.fail.Exception, match="longer than"):
        hang()
