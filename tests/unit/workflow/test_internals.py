"""Snakemake's private parts are in this release what ``support/internals.py`` takes them to be.

One tiny run with the installed Snakemake says what it saw of each part; what it left lies in a
folder. A part that has changed is one line, which names it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import snakemake

from support import graph, internals
from support.by_content import file_digest

ROOT = Path(__file__).parents[3]
OPTIONS = ["--rerun-incomplete", "--nolock", "--max-checksum-file-size", "1EB"]
LONG = "results/" + "x" * 150 + "/" + "y" * 150 + ".txt"  # its record's name is split over folders

SNAKEFILE = f"""
import json, sys

sys.path.insert(0, {str(ROOT / "workflow")!r})
from support import internals

SEEN = {{}}


def see(part, function):
    try:
        SEEN[part] = function()
    except Exception as error:
        SEEN[part] = f"{{type(error).__name__}}: {{error}}"


def command(wildcards, input, output):
    see("paths", lambda: [list(internals.paths(items)) for items in (input, output)])
    context = {{"input": input, "output": output}}
    params = ["{{name}}", subpath(output[0], parent=True), lambda wildcards: wildcards.name]
    see("value_of", lambda: [internals.value_of(p, wildcards, **context) for p in params])
    return f"cat {{input.source}} > {{output.made}}"


rule all:
    input:
        "results/a.txt",
        {LONG!r},


rule make:
    input:
        source="source.txt",
        found=lambda wildcards: ["source.txt"],
        old=ancient(lambda wildcards: []),
    output:
        made="results/{{name,[a-z]}}.txt",
    log:
        "{{name}}.log",
    params:
        command=command,
    shell:
        "{{params.command}}"


rule make_part:
    output:
        temp(".cache/part.txt"),
    shell:
        "touch {{output}}"


rule make_long:
    input:
        ".cache/part.txt",
    output:
        {LONG!r},
    shell:
        "touch {{output}}"


rule make_long_too:
    output:
        {LONG!r},
    shell:
        "exit 1"


make = next(rule for rule in internals.rules(workflow) if rule.name == "make")
see("is_main", lambda: internals.is_main(workflow))
see("outputs_by_rule", lambda: internals.outputs_by_rule(workflow))
see("input_paths", lambda: internals.input_paths(make))
see("named_patterns", lambda: internals.named_patterns(make))
see("has_command", lambda: internals.has_command(make, "{{params.command}}"))
see("prefer", lambda: internals.prefer(workflow, "make_long", "make_long_too"))
see("run_locally", lambda: internals.run_locally(workflow, ["make"]))
see("set_priorities", lambda: internals.set_priorities(workflow, {{"make": 3}}))
see("add_params", lambda: internals.add_params(make, added="added"))


def asked():
    see("settings", lambda: {{k: str(v) for k, v in internals.settings(workflow).items()}})


see("before_inputs", lambda: internals.before_inputs(workflow, asked))
see("is_dry", lambda: internals.is_dry(workflow))
see("handlers", lambda: [handler.name for handler in internals.logger.handlers][:1])
see("terminal", lambda: internals.terminal(workflow))


onstart:
    see("is_touching", lambda: internals.is_touching(workflow))
    see("jobs_to_run", lambda: internals.jobs_to_run(workflow))
    see("planned", lambda: sorted(internals.planned(workflow)))
    see("cores_here", lambda: internals.cores_here(workflow))
    see("rate limit", lambda: hasattr(workflow.scheduler, "job_rate_limiter"))
    see("priority", lambda: {{job.rule.name: job.priority for job in workflow.dag.needrun_jobs()}})
    see("lift_rate_limit", lambda: internals.lift_rate_limit(workflow))


onsuccess:
    with open("seen.json", "w") as file:
        json.dump(SEEN, file)
"""

EXPECTED = {
    "is_main": True,
    "outputs_by_rule": {
        "all": [],
        "make": ["results/{name,[a-z]}.txt"],
        "make_part": [".cache/part.txt"],
        "make_long": [LONG],
        "make_long_too": [LONG],
    },
    "input_paths": ["source.txt"],
    "named_patterns": {
        "input source": "source.txt",
        "output made": "results/{name,[a-z]}.txt",
    },
    "has_command": True,
    "prefer": None,
    "run_locally": None,
    "set_priorities": None,
    "priority": {"all": 0, "make": 3, "make_part": 0, "make_long": 0},
    "add_params": None,
    "before_inputs": None,
    "paths": [
        [["source", ["source.txt"]], ["found", ["source.txt"]], ["old", []]],
        [["made", ["results/a.txt"]]],
    ],
    "value_of": ["a", "results", "a"],
    "is_touching": False,
    "jobs_to_run": {"all": [{}], "make": [{"name": "a"}], "make_part": [{}], "make_long": [{}]},
    "planned": [["make", {"name": "a"}, "a.log"], ["make_long", {}, None], ["make_part", {}, None]],
    "is_dry": False,
    "handlers": ["DefaultStreamHandler"],
    "terminal": None,  # its words on rules were not switched off
    "cores_here": 1,
    "rate limit": True,
    "lift_rate_limit": None,
}


def changed(part):
    return (
        f"Snakemake {snakemake.__version__}: {part} is another; see workflow/support/internals.py"
    )


def run(folder, *options):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    return subprocess.run(
        ["snakemake", "--cores", "1", *OPTIONS, *options],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder of the run."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "source.txt").write_text("source\n")
    done = run(folder)
    assert done.returncode == 0, f"{changed('something')}\n{done.stdout}{done.stderr}"
    return folder


@pytest.mark.parametrize("part", EXPECTED)
def test_a_part_is_as_it_was(ran, part):
    seen = json.loads((ran / "seen.json").read_text())
    assert seen.get(part) == EXPECTED[part], changed(part)


def test_settings_are_as_they_were(ran):
    seen = json.loads((ran / "seen.json").read_text())["settings"]
    assert isinstance(seen, dict), f"{changed('settings')}: {seen}"
    for option, value in {
        "max-checksum-file-size": str(10**18), "rerun-incomplete": "True", "all-temp": "False",
        "drop-metadata": "False", "no-hooks": "False", "ignore-incomplete": "False",
    }.items():  # fmt: skip
        assert seen.get(option) == value, changed(option)
    for trigger in ("code", "input", "mtime", "params", "software-env"):
        assert trigger in seen["rerun-triggers"], changed("rerun-triggers")


def record(folder, output):
    path = internals.record_of(output, folder / internals.RECORDS)
    assert path.is_file(), changed("where a job record is")
    assert internals.output_of(path, folder / internals.RECORDS) == output
    return path


def test_records_are_as_they_were(ran):
    assert len(record(ran, LONG).relative_to(ran / internals.RECORDS).parts) > 1
    content = json.loads(record(ran, "results/a.txt").read_text())
    assert content.keys() >= internals.VOLATILE.keys(), changed("the fields of a job record")
    checksums = {"source.txt": f"sha256:{file_digest(ran / 'source.txt')}"}
    assert content.get(internals.CHECKSUMS) == checksums, changed("the checksums of inputs")
    assert content["params"] == ["'added'"], changed("the parameters that are compared")


def test_what_is_volatile_is_not_compared(ran):
    path = record(ran, "results/a.txt")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | internals.VOLATILE, sort_keys=True))
    assert "Nothing to be done" in run(ran, "--dry-run").stdout, changed("what is compared")


def test_the_summary_tells_what_is_up_to_date(ran):
    """A temporary file that was read and removed is not missing."""
    outputs = {"results/a.txt": graph.UP_TO_DATE, LONG: graph.UP_TO_DATE}
    assert graph.outputs(ran) == outputs, changed("the summary")
    (ran / "results/a.txt").rename(ran / "kept.txt")
    assert graph.outputs(ran) == outputs | {"results/a.txt": "missing"}
    (ran / "kept.txt").rename(ran / "results/a.txt")


def test_what_is_marked_is_computed_again(ran):
    marker = internals.record_of("results/a.txt", ran / internals.INCOMPLETE)
    assert marker.parent.is_dir(), changed("where a marker is")
    assert not marker.exists(), changed("when a marker goes")
    marker.write_text(internals.MARK)
    text = run(ran, "--dry-run").stdout
    assert "output: results/a.txt" in text, changed("a marker")
    marker.unlink()


def test_another_order_of_jobs_makes_nothing_out_of_date(ran):
    """A priority is in no job record."""
    snakefile = ran / "Snakefile"
    text = snakefile.read_text()
    assert '{"make": 3}' in text
    snakefile.write_text(text.replace('{"make": 3}', '{"make": 7, "make_long": 9}'))
    assert "Nothing to be done" in run(ran, "--dry-run").stdout, changed("what is compared")
    snakefile.write_text(text)
