"""The files of claims and published figures, checked before anything is computed."""

import copy
import re
from pathlib import Path

import pytest

from latentlab.experiments.allowed import as_yaml
from latentlab.experiments.conclusions import chapter, claims
from latentlab.experiments.conclusions.readings import TESTS, asked
from latentlab.files.yaml import read_yaml

ROOT = Path(__file__).parents[3]
CLAIMS = read_yaml(ROOT / claims.FILE)
FIGURES = read_yaml(ROOT / claims.PUBLISHED)
TABLES = {
    table
    for path in (ROOT / "workflow/rules").glob("*.smk")
    for table in re.findall(r"results/(\w+)/tables/(\w+)\.csv", path.read_text())
} | {("vae", "controls")}


def edited(content, path, value):
    """A copy in which what a dotted path leads to has a value; "absent": is taken out."""
    content = copy.deepcopy(content)
    *parents, last = path.split(".")
    node = content
    for key in parents:
        node = node[key]
    if value == "absent":
        del node[last]
    else:
        node[last] = value
    return content


def test_the_files_of_the_study_are_as_they_must_be():
    assert claims.errors(CLAIMS, FIGURES, TABLES) == []


def test_every_test_is_used():
    """The names, and what each needs, are those of ``conclusions.find``: it takes these claims."""
    entries = [entry for claim in CLAIMS["claims"].values() for entry in asked(claim).values()]
    used = {entry["test"] for entry in entries if "test" in entry}
    assert used == set(TESTS) == set(chapter.TESTS) == set(chapter.EFFECTS)


def test_what_readings_may_differ_in_has_words():
    assert set(claims.DIFFERS) == set(chapter.DEPENDS_ON)


def test_an_overlay_has_what_it_says_and_else_the_claims_own():
    claim = {
        "claim": "So.", "measure": "error", "where": {"font": "font2", "kind": "a"},
        "readings": {"r": {"reading": "R", "where": {"kind": "b"}}},
        "controls": {"c": {"control": "C", "measure": "x", "where": {"font": None, "new": 1}}},
    }  # fmt: skip
    found = asked(claim)
    assert list(found) == ["", "readings.r", "controls.c"]
    assert found[""] == claim
    assert found["readings.r"]["where"] == {"font": "font2", "kind": "b"}
    assert (found["readings.r"]["measure"], found["readings.r"]["reading"]) == ("error", "R")
    assert found["controls.c"]["where"] == {"kind": "a", "new": 1}  # null: not asked there
    assert found["controls.c"]["measure"] == "x"
    assert claim["where"] == {"font": "font2", "kind": "a"}


def test_a_table_that_only_a_reading_or_control_needs_is_looked_for():
    for kind, name in (("readings", "published-networks"), ("controls", "latent-units")):
        content = edited(CLAIMS, f"claims.more-layers.{kind}.{name}.table", "factorials")
        (line,) = claims.errors(content, FIGURES, TABLES)
        assert line.startswith(f"data/claims.yaml: claims.more-layers.{kind}.{name}.table: 'fact")


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("claims", None, "claims: null given, allowed: a mapping of names to claims"),
        ("reported", "absent", "reported: missing, allowed: a mapping of experiments"),
        ("claims.adam.tset", "trend", "claims.adam.tset: unknown key (meant test?), allowed: "),
        ("claims.adam.test", "trnd", "claims.adam.test: 'trnd' given, allowed: one of level, "),
        ("claims.adam.groups", {"optimizer": ["adam"]}, "claims.adam.groups.optimizer: ['adam']"),
        ("claims.adam.groups", "absent", "claims.adam.groups: missing, allowed: a value"),
        ("claims.adam.where", ["loss"], "claims.adam.where: ['loss'] given, allowed: a mapping"),
        ("claims.adam.groups", {"optimizer": [True, False]},
         "claims.adam.groups.optimizer: [true, false] given, allowed: a list of two texts or num"),
        ("claims.adam.groups", {"biases": {"with": True, "without": False}},
         "claims.adam.groups.biases: {'with': true, 'without': false} given, allowed: a list of"),
        ("claims.adam.of", "us", "claims.adam.of: 'us' given, allowed: one of original, ours"),
        ("claims.adam.counts_from", "absent", "claims.adam.counts_from: missing, allowed: a value"),
        ("claims.adam.counts_from", 2, "claims.adam.counts_from: 2 given, allowed: a number from"),
        ("claims.adam.claim", "absent", "claims.adam.claim: missing, allowed: a text"),
        ("claims.adam.measure", "absent", "claims.adam.measure: missing, allowed: a value"),
        ("claims.adam.measure", "(error", "claims.adam.measure: '(error' given, allowed: an exp"),
        *(("claims.adam.measure", measure, f"claims.adam.measure: {as_yaml(measure)} given, all")
          for measure in ("1", "error.mean()", 'error.to_csv("x")', "[error]", "error[0]", "'a'",
                          "error if error else 1", "sum(error)", "log(error, 2)", "@x",
                          "__import__('os')", "lambda: error", "error > 1", "True + 1")),
        ("claims.adam.counts_from", 1, "claims.adam.counts_from: 1 given, allowed: a number from"),
        ("claims.adam.experiment", "adam", "claims.adam.experiment: 'adam' given, allowed: one of"),
        ("claims.adam.table", "runs", "claims.adam.table: 'runs' given, allowed: one of converge"),
        ("claims.adam.variant", "as run", "claims.adam.variant: unknown key"),
        ("claims.adam.beside", {}, "claims.adam.beside: unknown key"),
        ("claims.adam.start", "absent", "claims.adam.start: missing, allowed: a value"),
        ("claims.adam.start", "replicate", "claims.adam.start: 'replicate' given, allowed: a list"),
        ("claims.more-layers.along", "absent", "claims.more-layers.along: missing, allowed: "),
        ("claims.similar-letters.members", "absent", "claims.similar-letters.members: missing"),
        ("claims.more-layers.readings.equal-weights.given", "absent",
         "claims.more-layers.readings.equal-weights.given: missing, allowed: a value, for"),
        ("claims.similar-letters.readings.centered.measure", "a b",
         "claims.similar-letters.readings.centered.measure: 'a b' given"),
        ("claims.similar-letters.readings.centered.reading", "absent",
         "claims.similar-letters.readings.centered.reading: missing, allowed: a text"),
        ("claims.similar-letters.readings.centered.differs", "absent",
         "claims.similar-letters.readings.centered.differs: missing, allowed: one of measure, "),
        ("claims.similar-letters.readings.centered.differs", "taste",
         "claims.similar-letters.readings.centered.differs: 'taste' given, allowed: one of meas"),
        ("claims.similar-letters.readings", {"a.b": {"reading": "x", "differs": "noise"}},
         "claims.similar-letters.readings.a.b: 'a.b' given as a name, allowed: a name"),
        ("claims.vae-samples.controls.mean-image.must", "be",
         "claims.vae-samples.controls.mean-image.must: 'be' given, allowed: one of fail, pass"),
        ("claims.vae-samples.controls.mean-image.must", "absent",
         "claims.vae-samples.controls.mean-image.must: missing, allowed: one of fail, pass"),
        ("claims.vae-samples.controls.mean-image.control", "absent",
         "claims.vae-samples.controls.mean-image.control: missing, allowed: a text"),
        ("claims.vae-samples.controls.mean-image.where", {"model": [1]},
         "claims.vae-samples.controls.mean-image.where.model: [1] given, allowed: a text or a num"),
        ("claims.vae-samples.controls.mean-image.table", "x",
         "claims.vae-samples.controls.mean-image.table: 'x' given, allowed: one of code_a"),
        ("claims.vae-samples.readings.recall.test", "trend",
         "claims.vae-samples.readings.recall.along: missing, allowed: a value, for the test trend"),
        ("reported.vae.by", "dataset", "reported.vae.by: 'dataset' given, allowed: a list of col"),
        ("reported.vae.table", "x", "reported.vae.table: 'x' given, allowed: one of code_ar"),
        ("reported.vea", {"table": "x", "by": ["x"], "measures": ["x"], "variants": {"as run": {}}},
         "reported.vea: 'vea' given, allowed: one of "),
        ("single_runs.vae-spread.order", [["published"]],
         "single_runs.vae-spread.order: [['published']] given, allowed: a list of two groups or m"),
        ("single_runs.vae-spread.order", [["published"], []],
         "single_runs.vae-spread.order[1]: [] given, allowed: a list of values of the column"),
        ("single_runs.vae-spread.of", "x",
         "single_runs.vae-spread.of: 'x' given, allowed: one of order, conclusion"),
        ("single_runs.vae-spread.table", "x",
         "single_runs.vae-spread.table: 'x' given, allowed: one of code_ar"),
        ("single_runs.vae-spread.says", "absent", "single_runs.vae-spread.says: missing"),
        ("single_runs.vae-spread.experiment", "vea",
         "single_runs.vae-spread.experiment: 'vea' given, allowed: one of "),
        ("reported.vae.variants", {"meant": {}}, "reported.vae.variants.meant: 'meant' given"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_claim_is_one_line(path, value, line):
    found = claims.errors(edited(CLAIMS, path, value), FIGURES, TABLES)
    assert any(text.startswith(f"data/claims.yaml: {line}") for text in found), found
    assert all("\n" not in text for text in found)


@pytest.mark.parametrize("content", [None, [], "claims", 3])
def test_a_file_that_is_no_mapping_is_one_line(content):
    (line,) = claims.errors(content, FIGURES, TABLES)
    assert line.startswith("data/claims.yaml: the file: ")
    (line,) = claims.errors(CLAIMS, content, TABLES)
    assert line == "data/published.yaml: the file: no mapping given, allowed: figures by experiment"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("leters", {}, "leters: unknown key, allowed: "),
        (
            "vae.mnist.published",
            153.44,
            "vae.mnist.published: 153.44 given, allowed: figures of test_loss",
        ),
        (
            "vae.mnist.published.loss",
            1.0,
            "vae.mnist.published.loss: unknown key, allowed: test_loss",
        ),
        (
            "vae.mnist.published.test_loss",
            "low",
            "vae.mnist.published.test_loss: 'low' given, allowed: a finite",
        ),
        (
            "vae.mnist.published.test_loss",
            True,
            "vae.mnist.published.test_loss: true given, allowed: a finite",
        ),
        (
            "vae.mnist.published.test_loss",
            float("nan"),
            "vae.mnist.published.test_loss: .nan given, allowed: a finite",
        ),
        ("letters.font2", None, "letters.font2: null given, allowed: a mapping by network"),
    ],
)
def test_what_is_wrong_with_a_figure_is_one_line(path, value, line):
    (found,) = claims.errors(CLAIMS, edited(FIGURES, path, value), TABLES)
    assert found.startswith(f"data/published.yaml: {line}")


@pytest.mark.parametrize(
    "measure", ["error", "-error", "1 - error / 3.5", "blur / (new + blur)", "log(error) ** 2"]
)
def test_a_measure_is_arithmetic_of_columns(measure):
    assert claims.errors(edited(CLAIMS, "claims.adam.measure", measure), FIGURES, TABLES) == []


def test_a_group_may_have_a_name_in_words():
    named = {"biases": {"with biases": True, "without biases": False}}
    assert claims.errors(edited(CLAIMS, "claims.adam.groups", named), FIGURES, TABLES) == []
