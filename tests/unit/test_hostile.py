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
from latentlab.files.yaml import ParamsError, read_yaml

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / "workflow/schemas/params.schema.yaml"
SCHEMA = read_yaml(SCHEMA_FILE)
PARAMS = read_params(ROOT / "tests/params.yaml", SCHEMA_FILE, ROOT)


# ---------------------------------------------------------------- mutated configurations


def resolved(schema):
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def part_for(schema, key):
    """The schema of a mapping's key, or of a list's item."""
    schema = resolved(schema)
    if isinstance(key, int):
        return resolved(schema.get("items", {}))
    own = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
    return resolved(own if isinstance(own, dict) else {})


def not_allowed(schema):
    """Values that this part of the schema does not allow, whatever else stands in the file."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema:
        yield "no such choice"
    if kinds:
        samples = {"string": "text", "number": 0.25, "array": [], "object": {}, "boolean": True}
        for kind, value in samples.items():
            fits = kind in kinds or (kind == "number" and "integer" in kinds)
            if not fits:
                yield value
    if {"integer", "number"} & set(kinds):
        yield float("nan")
        yield "1e-3; rm -rf /"
        if "minimum" in schema:
            yield schema["minimum"] - 1
        if "exclusiveMinimum" in schema:
            yield schema["exclusiveMinimum"]
        if "maximum" in schema:
            yield schema["maximum"] + 1
    if "integer" in kinds:
        yield 2.5
        yield 10**30
    if "pattern" in schema:
        yield from ("../up", "/absolute", "$(touch pwned)", "a b", "", "\u202etxt", "a\nb")
    if "array" in kinds and schema.get("minItems"):
        yield []
    if "array" in kinds and schema.get("uniqueItems"):
        yield ["same", "same"]
    if "object" in kinds and schema.get("minProperties"):
        yield {}


def mutations():
    """A path and a value that is not allowed there (or its removal), for every node."""

    def visit(node, schema, path):
        schema = resolved(schema)
        if path:
            for value in not_allowed(schema):
                yield path, value
        if isinstance(node, dict):
            for key in schema.get("required", []):
                if key in node:
                    yield [*path, key], "removed"
            if schema.get("additionalProperties") is False:
                yield [*path, "no_such_knob"], 1
            if "propertyNames" in schema:
                for name in ("../up", "a/b", "a.b", "`id`", "-x", "a" * 41, "", "ü"):
                    yield [*path, name], next(iter(node.values()))
            for key, child in node.items():
                yield from visit(child, part_for(schema, key), [*path, key])
        elif isinstance(node, list) and node:
            yield from visit(node[0], part_for(schema, 0), [*path, 0])

    yield from visit(PARAMS, SCHEMA, [])


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
        shown = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        line = refusal(mutated(path, value))
        assert line.startswith(shown.rsplit(".", 1)[0]), (shown, value, line)
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
        read_params(tmp_path / "params.yaml", SCHEMA_FILE, ROOT)


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
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        f"start = used()\ntry:\n    {code}\nexcept StudyError as error:\n    print(error)\n"
        "print(used() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "src"), *map(str, arguments)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
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
        f"params.read_params(sys.argv[2], {str(SCHEMA_FILE)!r}, {str(ROOT)!r})",
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
