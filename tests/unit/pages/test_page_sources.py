"""Whether the pages' sources can be used, said before a run."""

import re
import shutil
from pathlib import Path

import pytest

from latentlab.pages import sources

ROOT = Path(__file__).parents[3]
SPANISH = "{{code: es, name: Español, plural: n != 1, texts: {{'{}': '{}'}}}}"


@pytest.fixture
def report(tmp_path):
    """A copy of the pages' sources."""
    return shutil.copytree(ROOT / "workflow/report", tmp_path / "report")


def test_the_pages_sources_can_be_used(report):
    assert list(sources.errors(report)) == []


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("index.html.j2", "{% if %}", r"index\.html\.j2: line 1: Expected an expression"),
        ("explorer.html.j2", "\n{{ x", r"explorer\.html\.j2: line 2: unexpected"),
        ("style.css", "</style>", r"style\.css: has the characters </"),
        ("explorer.js", "'</script>'", r"explorer\.js: has the characters </"),
        ("spanish.yaml", "x: [", r"spanish\.yaml: line 1: not valid YAML"),
        (
            "spanish.yaml",
            "- x",
            r"spanish\.yaml: a mapping with the keys code, name, plural, texts",
        ),
        (
            "spanish.yaml",
            SPANISH.format("{a} of {b}", "{a} de {a}"),
            r"\.yaml: .* has other places",
        ),
        ("spanish.yaml", SPANISH.format("a", "$x$"), "has a character that no figure can show"),
        ("spanish.yaml", SPANISH.format("a", "\u4e00\u9fff\U0001f600"), "no figure can show"),
        (
            "spanish.yaml",
            SPANISH.format("a", "b").replace("code: es", "code: pt"),
            "code: 'pt' given, 'es' expected",
        ),
        (
            "spanish.yaml",
            SPANISH.format("a", "b").replace("code: es", "code: ../x"),
            "code: '../x' given, two or three letters expected",
        ),
        (
            "spanish.yaml",
            SPANISH.format("a", "b").replace("code: es", "code: en"),
            "code: 'en' given, two or three letters expected, and not en",
        ),
        (
            "spanish.yaml",
            SPANISH.format("a", "b").replace("n != 1", "'n > 999 ? 5 : n != 1'"),
            r"forms without a gap expected: \[0, 1, 5\]",
        ),
    ],
)
def test_a_source_that_cannot_be_used_is_one_line(report, file, text, line):
    (report / file).write_text(text)
    (result,) = sources.errors(report)
    assert re.search(line, result)
    assert "\n" not in result


def test_a_source_that_is_no_text_is_one_line(report):
    (report / "style.css").write_bytes(b"\xff")
    assert list(sources.errors(report)) == [f"{report / 'style.css'}: not text in UTF-8"]
