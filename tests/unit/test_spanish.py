"""The report in Spanish: a catalog of sentences with their figures left out."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.files.yaml import read_yaml
from latentlab.pages.report import render
from latentlab.pages.spanish import errors, sentence_key, texts_of, translate, unknown

ROOT = Path(__file__).parents[2]
CATALOG = read_yaml(ROOT / "workflow/report/spanish.yaml")
TEMPLATE = (ROOT / "workflow/report/index.html.j2").read_text(encoding="utf-8")

words = st.text("abc .,;:()[]%<>=?", max_size=8)
figures = st.sampled_from(["0.127", "2.80e-42", "font2", "35-18-2", "-3", "99.9"])


@given(st.lists(st.tuples(words, figures)), words)
def test_a_key_and_its_figures_are_the_sentence(parts, end):
    sentence = " ".join(f"{word} {figure}" for word, figure in parts) + " " + end
    key, found = sentence_key(sentence)
    assert key.format(*found) == sentence
    assert found == [figure for _, figure in parts]
    assert not re.search(r"\d", key)


@pytest.mark.parametrize(
    ("sentence", "key"),
    [
        ("An error of 0.127.", "An error of {}."),
        ("font2 (35-18-5) ends at [0.1, 2e-05]", "{} ({}) ends at [{}, {}]"),
        ("95 % interval, p=0.1; n: 3", "{} % interval, p={}; n: {}"),
    ],
)
def test_punctuation_is_no_part_of_a_figure(sentence, key):
    assert sentence_key(sentence)[0] == key


def test_sentences_are_translated_one_by_one():
    catalog = {"It is {}.": "Es {}.", "{} of {}.": "De {1}, {0}."}
    assert translate("It is 0.5. 3 of 7. Unknown 4.", catalog) == "Es 0.5. De 7, 3. Unknown 4."
    assert unknown(["It is 2. Unknown 4. 5 %"], catalog) == ["Unknown {}."]


def test_texts_are_what_a_reader_sees_or_hears():
    page = """<p>One <code>no</code>
      two</p><style>no</style><pre>no</pre><img alt="three">four<div aria-label="a  b"></div>"""
    assert texts_of(page) == ["One", "a b", "four", "three", "two"]


def test_every_entry_can_be_filled():
    for english, spanish in CATALOG.items():
        marks = [f"<{i}>" for i in range(english.count("{}"))]
        assert sorted(re.findall(r"<\d+>", spanish.format(*marks))) == sorted(marks), english
        assert len(re.split(r"(?<=[.?]) ", english)) == 1, english
        assert sentence_key(english) == (english, []), english


def test_the_frame_of_the_page_is_in_spanish():
    frame = re.findall(r"<(?:h2|h3|dt|title)\b[^>]*>([^<{]+)<", TEMPLATE)
    assert len(frame) > 10
    assert unknown([" ".join(text.split()) for text in frame], CATALOG) == []


def test_a_page_holds_its_translations_and_no_other():
    template = "<p>Seeds</p><p>a &lt; 3</p>{% if spanish %}<i>{{ spanish }}</i>{% endif %}"
    page = render({}, template, "", {"Seeds": "</i>Semillas", "a < {}": "a < {}", "Other": "Otro"})
    data = page.split("<i>")[1].split("</i>")[0]
    assert json.loads(data) == {"Seeds": "</i>Semillas"}
    assert render({}, template, "", {}) == "<p>Seeds</p><p>a &lt; 3</p>\n"


def test_a_catalog_that_cannot_be_used_is_said_by_entry():
    """``translate`` would fail on each, at the very end of a run."""
    bad = {"{} of {}": "{} de {} de {}", "a {}": "{x}", "b": 3, 4: "c", "d": "{"}
    assert len(errors({**bad, "{} of {}.": "{1} de {0}."})) == len(bad)
    for key, text in bad.items():
        if isinstance(key, str) and isinstance(text, str):
            with pytest.raises((IndexError, KeyError, ValueError)):
                translate(key.replace("{}", "7"), {key: text})
    assert errors(CATALOG) == []
    assert errors(None) == ["a mapping of English sentences to Spanish ones expected"]
