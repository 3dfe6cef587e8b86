"""Figures in each language: said while they are drawn, in files with its code."""

import matplotlib.text
import pytest
import yaml

from latentlab.drawing import style
from latentlab.drawing.language import count, drawn_in, remark, save_all, say, tell
from latentlab.words.texts import Language, text

TEXTS = {"{a} and {b}": "{a} y {b}", "{n} start": ["{n} arranque", "{n} arranques"]}
SPANISH = Language("es", "Español", "n != 1", TEXTS, set())


def told():
    return tell("{a} and {b}", a=text("x"), b="img"), count("{n} start", "{n} starts", 2), say("z")


def test_words_are_said_in_the_language_of_the_figure_and_as_they_sound():
    assert told() == ("x and img", "2 starts", "z")
    with drawn_in(SPANISH):
        assert told() == ("x e img", "2 arranques", "z")
        assert SPANISH.missing == {"x"}
    assert told() == ("x and img", "2 starts", "z")


def test_a_name_is_no_message_and_stays_as_it_is():
    with drawn_in(SPANISH):
        assert say("{a} and {b}") == "{a} and {b}"
        assert say("y i") == "y i"


def test_a_title_says_where_not_all_is_drawn():
    assert remark(3, 3) == ""
    assert remark(48, 10_000) == " (48 of 10000)"


def test_a_figure_that_fails_leaves_the_language_as_it_was():
    with pytest.raises(KeyError), drawn_in(SPANISH):
        raise KeyError
    assert tell("{a} and {b}", a=1, b=2) == "1 and 2"


def test_every_figure_is_saved_in_every_language(tmp_path, monkeypatch):
    saved = {}

    def save(figure, path):
        (words,) = figure.findobj(matplotlib.text.Text, include_self=False)
        saved[path] = words.get_text()

    monkeypatch.setattr(style, "save", save)
    catalog = {"code": "es", "name": "Español", "plural": "n != 1", "texts": TEXTS}
    (tmp_path / "spanish.yaml").write_text(yaml.safe_dump(catalog))

    def draw():
        for name in ("front", "part/two"):
            figure = style.canvas(2)
            figure.text(0, 0, f"{count('{n} start', '{n} starts', 1)}, {tell('y')}")
            yield name, figure

    lines = save_all(draw, tmp_path, tmp_path / "spanish.yaml")
    assert lines == ["not in Español: y"]
    assert saved == {
        tmp_path / "front": "1 start, y",
        tmp_path / "part/two": "1 start, y",
        tmp_path / "front.es": "1 arranque, y",
        tmp_path / "part/two.es": "1 arranque, y",
    }
