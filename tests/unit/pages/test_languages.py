"""The report's texts: messages with places, catalogs of them, a page in several languages."""

import ast
import json
import re
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from latentlab.experiments.architectures.tables import READINGS
from latentlab.experiments.conclusions import chapter as conclusions
from latentlab.experiments.conclusions.readings import asked
from latentlab.experiments.denoising.measures import MEASURES
from latentlab.files.yaml import read_yaml
from latentlab.pages import explorer, sources
from latentlab.pages.languages import page, page_in, translations
from latentlab.pages.report import page_name, render
from latentlab.training.gradient import LOSSES
from latentlab.words.catalogs import errors, language, places
from latentlab.words.texts import (
    ENGLISH,
    Language,
    capital,
    fluent,
    joined,
    plural,
    recognized,
    said,
    sentences,
    text,
    without_stop,
)

ROOT = Path(__file__).parents[3]
CATALOG = read_yaml(ROOT / "workflow/report/spanish.yaml")
SPANISH = language(CATALOG)
TEMPLATES = [
    (ROOT / "workflow/report" / name).read_text(encoding="utf-8") for name in sources.TEMPLATES
]
SCRIPTS = [
    (ROOT / "workflow/report" / name).read_text(encoding="utf-8") for name in sources.SCRIPTS
]
CLAIMS = read_yaml(ROOT / "data/claims.yaml")
PACKAGE = ROOT / "src/latentlab"
CHAPTERS = sorted(PACKAGE.glob("experiments/*/chapter.py"))
FIGURES = [
    path
    for path in (
        *PACKAGE.glob("experiments/*/figures.py"),
        *PACKAGE.glob("drawing/*.py"),
        *(ROOT / "workflow/scripts").glob("*_*.py"),
    )
    if path != PACKAGE / "drawing/language.py"  # hands on what others say
]


def spanish(**texts):
    return Language("es", "Español", "n != 1", texts, set())


# --- texts ---------------------------------------------------------------------------------------


def test_a_message_is_translated_before_it_is_filled():
    to = Language("es", "Español", "n != 1", {"{a} of {b}": "de {b}, {a}", "good": "bueno"})
    told = text("{a} of {b}", a=text("good"), b="font2")
    assert str(told) == "good of font2"
    assert told.in_language(to) == "de font2, bueno"


@given(st.text(max_size=8), st.integers(0, 99))
def test_whatever_is_filled_in_stays_as_it_is(name, number):
    to = Language("es", "Español", "n != 1", {"{name}: {number}": "{number}, {name}", "{": "}"})
    told = text("{name}: {number}", name=name, number=number)
    assert (str(told), told.in_language(to)) == (f"{name}: {number}", f"{number}, {name}")


def test_the_language_has_the_plural():
    forms = ["{n} arranque", "{n} arranques"]
    starts = [plural("{n} start", "{n} starts", n) for n in (0, 1, 2)]
    assert list(map(str, starts)) == ["0 starts", "1 start", "2 starts"]
    to = Language("es", "Español", "n != 1", {"{n} start": forms})
    assert [said(start, to) for start in starts] == ["0 arranques", "1 arranque", "2 arranques"]
    polish = "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
    to = Language("pl", "polski", polish, {"{n} start": ["{n} a", "{n} b", "{n} c"]})
    assert [plural("{n} start", "", n).in_language(to) for n in (1, 2, 5)] == ["1 a", "2 b", "5 c"]


def test_what_a_language_lacks_stays_english_and_is_noted():
    to = spanish()
    told = sentences(text("It is so."), None, plural("{n} start", "{n} starts", 2), "")
    assert told.in_language(to) == "It is so. 2 starts"
    assert to.missing == {"It is so.", "{n} start"}
    assert ENGLISH.missing is None


def test_texts_can_be_put_together():
    to = Language("es", "Español", "n != 1", {"so.": "así."})
    told = "font2: " + capital(text("so.")) + " " + joined(", ", [text("so."), "x"])
    assert str(told) == "font2: So. so., x"
    assert told.in_language(to) == "font2: Así. así., x"
    assert without_stop(text("so.")).in_language(to) == "así"
    with pytest.raises(TypeError, match="would stay English"):
        f"{told}"


# --- what a table says in English ----------------------------------------------------------------


def test_a_reason_in_a_table_is_recognized():
    reason = recognized("fewer than 5 runs", conclusions.REASONS)
    assert reason.in_language(SPANISH) == "menos de 5 ejecuciones"
    reason = recognized("no run with font a b in t.csv", conclusions.REASONS)
    assert reason.in_language(SPANISH) == "ninguna ejecución con font a b en t.csv"
    assert str(recognized("an opinion", conclusions.REASONS)) == "an opinion"


def test_every_reason_that_the_tests_give_is_a_message():
    given = []
    for name in ("tables", "evidence"):
        tree = ast.parse((PACKAGE / f"experiments/conclusions/{name}.py").read_text())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "NotTestableError":
                given.append(filled(call.args[0]))
    assert len(given) > 5
    for reason in given:
        to = spanish()
        recognized(reason, conclusions.REASONS).in_language(to)
        assert to.missing < set(conclusions.REASONS), reason


def filled(string):
    """A string of the code, with "1" for each value of an f-string."""
    parts = string.values if isinstance(string, ast.JoinedStr) else [string]
    return "".join(part.value if isinstance(part, ast.Constant) else "1" for part in parts)


# --- catalogs ------------------------------------------------------------------------------------


def messages_of_code():
    """The forms of every message that chapters, figures and their parts write."""
    for path in (*CHAPTERS, *FIGURES, PACKAGE / "pages/parts.py", PACKAGE / "words/names.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
            if name in ("text", "tell", "plural", "count"):
                forms = call.args[: 2 if name in ("plural", "count") else 1]
                yield tuple(ast.literal_eval(form) for form in forms)


def messages_of_the_templates():
    for template in TEMPLATES:
        for call in jinja2.Environment().parse(template).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                yield (" ".join(call.args[0].as_const().split()),)


def messages_of_scripts():
    """What the explorer's scripts say; the forms of those that depend on a number."""
    for script in SCRIPTS:
        one = re.compile(r'\bcount\(\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")')
        forms = {json.loads(first): json.loads(second) for first, second in one.findall(script)}
        yield from ((m, forms[m]) if m in forms else (m,) for m in explorer.messages(script))


def messages_of_data():
    """What code takes for messages and has from elsewhere: claims, measures, losses."""
    claims = CLAIMS["claims"].values()
    entries = [entry for claim in claims for entry in asked(claim).values()]
    for entry in entries:
        for key in ("claim", "reading", "control", "hypothesis", "shows", "untestable",
                    "experiment"):  # fmt: skip
            if key in entry:
                yield entry[key]
    for claim in claims:
        if "measure" in claim:  # that of a reading is shown nowhere: its text says it
            yield claim["measure"].replace("_", " ")
    for entry in entries:
        for groups in entry.get("groups", {}).values():
            yield from groups if isinstance(groups, dict) else ()
    for reported in CLAIMS["reported"].values():
        yield from (measure.replace("_", " ") for measure in reported["measures"])
    for order in CLAIMS["single_runs"].values():
        yield from (order["says"], order["measure"].replace("_", " "), order["experiment"])
    yield from conclusions.REASONS
    yield from READINGS.values()
    yield from (measure.heading for measure in MEASURES.values() if measure.heading)
    yield from (loss.replace("-", " ") for loss in LOSSES)
    yield from (measure.label for measure in MEASURES.values() if measure.label)
    # what a verdict depends on, as the figure of all claims says it
    yield from (f"the {entry['differs']}" for entry in entries if "differs" in entry)


def test_code_template_and_catalog_have_the_same_messages():
    places = (*messages_of_code(), *messages_of_the_templates(), *messages_of_scripts())
    used = {form[0] for form in places}
    used |= set(messages_of_data())
    assert used - set(CATALOG["texts"]) == set(), "not in the catalog"
    assert set(CATALOG["texts"]) - used == set(), "in the catalog, used nowhere"
    assert len(used) > 300


def test_a_message_with_a_number_has_its_forms():
    for message, *more in (*messages_of_code(), *messages_of_scripts()):
        assert isinstance(CATALOG["texts"][message], list) == bool(more), message
        for many in more:
            assert places(many) == places(message)


def test_a_catalog_that_cannot_be_used_is_said_by_entry():
    """A message would fail on each, at the very end of a run."""
    bad = {"{a} of {b}": "{a} de {c}", "a": "{x}", "b": 3, 4: "c", "d": "{", "{n} e": ["{n}"],
           "<b>f</b>": "f", "{n} g": ["{n}", "g"], "m": "",
           "<i>j</i> k": "k <i>j</i>", "l": "l <"}  # fmt: skip
    good = {"{a} of {b}.": "{b} de {a}.", "{n} h": ["{n} i", "{n} j"]}
    result = list(errors({**CATALOG, "texts": {**bad, **good}}))
    assert [line.split(":")[0] for line in result] == [repr(message) for message in bad]
    assert list(errors(CATALOG)) == []
    expected = "a mapping with the keys code, name, plural, texts expected"
    assert list(errors(None)) == list(errors({"code": "es"})) == [expected]
    for key, value in (
        ("code", 1),
        ("name", None),
        ("plural", "n !"),
        ("plural", 2),
        ("texts", []),
    ):
        (line,) = errors({**CATALOG, key: value})
        assert line.startswith(f"{key}: ")


# --- pages ---------------------------------------------------------------------------------------


def test_a_page_in_a_language():
    template = """<p>{{ _('It has <b>{n}</b>
                         letters.', n=name) }} {{ told }}</p>"""
    frame = {"name": "<i>", "told": text("A & {b}", b="<b>")}
    assert page_in(ENGLISH, frame, template) == (
        "<p>It has <b>&lt;i&gt;</b> letters. A &amp; &lt;b&gt;</p>\n"
    )
    texts = {"It has <b>{n}</b> letters.": "Son <b>{n}</b>.", "A & {b}": "{b} y A"}
    to = Language("es", "Español", "n != 1", texts, set())
    assert page_in(to, frame, template) == "<p>Son <b>&lt;i&gt;</b>. &lt;b&gt; y A</p>\n"
    assert to.missing == set()


@pytest.mark.parametrize(
    ("name", "said"),
    [("img", "A e img"), ("Hilo", "A e Hilo"), ("hielo", "A y hielo"), ("iones", "A y iones"),
     ("único", "A y único")],
)  # fmt: skip
def test_spanish_and_sounds_right_before_whatever_follows(name, said):
    to = Language("es", "Español", "n != 1", {"{a} and {b}": "{a} y {b}"}, set())
    frame = {"told": text("{a} and {b}", a="A", b=name)}
    assert page_in(to, frame, "<p>{{ told }}</p>") == f"<p>{said}</p>\n"
    assert page_in(to, {"b": name}, "<p>{{ _('{a} and {b}', a='A', b=b) }}</p>") == (
        f"<p>{said}</p>\n"
    )
    assert fluent("siete o ocho", "es") == "siete u ocho"
    assert fluent("en lugar de el error, a el azar; de ella", "es") == (
        "en lugar del error, al azar; de ella"
    )
    assert fluent("y in o otherwise", "en") == "y in o otherwise"


def test_translations_are_what_differs_of_what_a_reader_sees_or_hears():
    one = """<p> One  <code>no</code>
      two</p><style>no</style><pre>no</pre><img alt="three">same<p aria-label="four"></p>"""
    other = """<p> Uno  <code>x</code>,
      dos</p><style>x</style><pre>x</pre><img alt="tres">same<p aria-label="cuatro"></p>"""
    assert translations(one, other) == {
        " One ": " Uno ",
        " two": ", dos",
        "three": "tres",
        "four": "cuatro",
    }
    with pytest.raises(ValueError, match="shorter"):
        translations(one, "")


def test_a_name_that_is_a_word_too_stays_where_it_is_a_name():
    one = '<th>letters</th><td>letters</td><p>x</p><i alt="letters"></i>'
    other = '<th>letras</th><td>letters</td><p>x</p><i alt="letras"></i>'
    assert translations(one, other) == {"letters": ["letras", "letters", "letras"]}


def test_a_page_holds_its_translations():
    template = "<p>{{ told }}</p><p>a</p>{% if translations %}<i>{{ translations }}</i>{% endif %}"
    frame = {"told": text("Seeds")}
    whole = page(frame, template, [spanish(Seeds="</i>Semillas")])
    data = whole.split("<i>")[1].split("</i>")[0]
    assert json.loads(data) == {"es": {"name": "Español", "texts": {"Seeds": "</i>Semillas"}}}
    assert page(frame, template, []) == "<p>Seeds</p><p>a</p>\n"


def test_a_report_names_its_other_languages_and_its_files_have_their_code():
    template = (
        "{{ language }} {{ told }} {{ file('a/front') }}"
        "{% for other in others %} {{ other.page }} {{ other.name }}{% endfor %}"
    )
    to, content = spanish(Seeds="Semillas"), {"told": text("Seeds")}
    assert render(content, template, "") == "en Seeds a/front\n"
    assert render(content, template, "", others=[to]) == (
        "en Seeds a/front index.es.html Español\n"
    )
    assert render(content, template, "", language=to, others=[ENGLISH]) == (
        "es Semillas a/front.es index.html English\n"
    )


def test_the_rules_name_the_language_of_the_catalog():
    rules = (ROOT / "workflow/rules/common.smk").read_text(encoding="utf-8")
    assert f'for language in ("", ".{SPANISH.code}")' in rules
    pages = (ROOT / "workflow/rules/report.smk").read_text(encoding="utf-8")
    assert f'"results/report/{page_name(SPANISH)}"' in pages
