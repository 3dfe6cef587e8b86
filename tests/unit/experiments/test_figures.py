"""Figures: the same bytes for the same data, no overlaps, letters drawn right."""

import os
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from latentlab.data.fonts import read_fonts
from latentlab.drawing import pixels, style
from latentlab.drawing.language import drawn_in
from latentlab.experiments import gathering
from latentlab.experiments.architectures import figures as architectures
from latentlab.experiments.conclusions import chapter as conclusions_chapter
from latentlab.experiments.conclusions import figures as conclusions
from latentlab.experiments.denoising import figures as denoising
from latentlab.experiments.denoising.measures import MEASURES, Measure
from latentlab.experiments.letters import figures as letters
from latentlab.experiments.optimizers import figures as optimizers
from latentlab.experiments.vae import figures as vae
from latentlab.measures import latent, novelty
from latentlab.measures.latent_codes import densest_region
from latentlab.words import catalogs, texts
from made_up import (
    conclusions_tables,
    curves_and_replicates,
    denoising_baselines,
    denoising_cells,
    denoising_matrix,
    denoising_orthogonality,
    denoising_summary,
    denoising_variations,
    factorial_table,
    front_table,
    latent_tables,
    letter_table,
    loss_table,
    noises,
    optimizer_curves,
    optimizer_replicates,
    optimizer_trials,
)

ROOT = Path(__file__).parents[3]
FONT = read_fonts(ROOT / "data/fonts/font.h")["font2"]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def history(starts=5, epochs=12):
    return pd.DataFrame(
        [
            {"replicate": r, "epoch": e, "error": 6.0 / (1 + e * (1 + 0.3 * r))}
            for r in range(starts)
            for e in range(epochs - r)
        ]
    )


CELLS = denoising_cells()
MATRIX_CELLS = denoising_cells(["font1", "font2"], ["uniform", "bit_flip"])
MATRIX = denoising_matrix(MATRIX_CELLS, noises())
BASELINES = denoising_baselines([("font1", "published"), ("font2", "published")], noises())
VARIED = {"network": "n", "font": "font1", "subset": "published",
          "noise": {"kind": "bit_flip", "probability": 0.1, "range": 0.5}}  # fmt: skip


def noisy_answers(samples=12):
    targets = np.stack([FONT.pixels[:samples]] * 2)
    inputs = np.clip(targets + RNG.normal(0, 0.2, targets.shape), 0, 1)
    return inputs, np.clip(targets + RNG.normal(0, 0.4, targets.shape), 0, 1), targets


def decoded(side=4):
    grid = np.stack([FONT.pixels[: side * side]]).reshape(side, side, -1)
    return grid, ((0.0, 1.0), (0.0, 1.0)), latent.coordinate_plane(2)


def found_letters(count):
    return [novelty.NewLetter(1 - FONT.pixels[i], 0.5 - 0.01 * i, 4, i, 3) for i in range(count)]


def images(n=3):
    return RNG.random((n, 28, 28))


CODES = RNG.normal(0, 5, (32, 2))
CLASSES = np.arange(200) % 10
NAMES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
         "Boot"]  # fmt: skip
CLOUD = np.concatenate([RNG.normal(0, 1, (199, 2)), [[500.0, 500.0]]])

FIGURES = {
    "learning_curves": lambda: architectures.learning_curves(
        curves_and_replicates()[0], {"35-15-2": {"error": 1.0, "epochs": 28}}
    ),
    "final_errors": lambda: architectures.final_errors(
        curves_and_replicates()[1], {"35-18-5": {"error": 0.13, "epochs": 20}}
    ),
    "wrong_pixels": lambda: architectures.wrong_pixels(curves_and_replicates()[1]),
    "factorial": lambda: architectures.factorial(factorial_table()),
    "convergence": lambda: optimizers.convergence(optimizer_curves()),
    "error_by_rate": lambda: optimizers.error_by_rate(optimizer_trials(), optimizer_replicates()),
    "optimizers_final_errors": lambda: optimizers.final_errors(optimizer_replicates()),
    "learning_curve": lambda: letters.learning_curve(history(), "exceptional", 0.127),
    "reconstructions": lambda: letters.reconstructions(
        FONT.pixels,
        noisy_answers(32)[1][0],
        FONT.characters,
        0.5,
        "exceptional",
        "best of 5 starts",
    ),
    "autoencoder": lambda: letters.autoencoder(
        FONT.pixels[1], FONT.pixels[2], CODES[0], [35, 20, 15, 2, 15, 20, 35], "A", 0.5
    ),
    "alphabet": lambda: letters.alphabet([FONT, FONT.subset("AB")]),
    "new_letter": lambda: letters.new_letter(
        found_letters(1)[0], [("A", FONT.pixels[1], 4), ("B", FONT.pixels[2], 5)], 0.5
    ),
    "latent_plane": lambda: letters.latent_plane(*decoded(), FONT.pixels, 0.5, "latent plane"),
    "regions": lambda: letters.regions(
        *decoded()[:2], CODES, decoded()[2], FONT.pixels, FONT.characters, 0.5, "two numbers"
    ),
    "paths": lambda: letters.paths(
        ["AR", "OQ", "MW"], noisy_answers(15)[1][0].reshape(3, 5, -1), FONT.pixels, 0.5, "n"
    ),
    "new_letters": lambda: letters.new_letters(found_letters(14), 13, 1000, FONT.pixels, "n"),
    "front": lambda: letters.front(front_table()),
    "letter_errors": lambda: letters.letter_errors(letter_table()),
    "latent_spaces": lambda: letters.latent_spaces(*latent_tables()),
    "scores": lambda: denoising.scores(denoising_summary(CELLS)),
    "training_set": lambda: denoising.training_set(
        FONT.pixels[:4],
        [noisy_answers(4)[0]] * 2,
        [noisy_answers(4)[1]] * 2,
        ["p = 0.1", "p = 0.4"],
        FONT.characters[:4],
        0.35,
        "training set",
    ),
    "fresh_answers": lambda: denoising.fresh_answers(
        *noisy_answers(), ["p = 0.1", "p = 0.4"], 0.5, 0.35, "answers"
    ),
    "kinds": lambda: denoising.kinds(
        FONT.pixels[3], {"bit_flip": FONT.pixels[4:6], "other": FONT.pixels[6:8]}, [0.1, 0.2]
    ),
    "baselines": lambda: denoising.baselines(MATRIX, BASELINES),
    "transfer": lambda: denoising.transfer(MATRIX, BASELINES),
    "variations": lambda: denoising.variations(denoising_variations(), BASELINES, VARIED),
    "orthogonality": lambda: denoising.orthogonality(*denoising_orthogonality(), ["published"]),
    "subset_sizes": lambda: denoising.subset_sizes(denoising_orthogonality()[0]),
    "loss_curves": lambda: vae.loss_curves(
        loss_table(),
        "mnist",
        {"published": "VAE", "autoencoder": "autoencoder"},
        {"published": 2 * 10**10, "autoencoder": 10**10},
        153.44,
    ),
    "latent_codes": lambda: vae.latent_codes(
        {"VAE": CLOUD, "autoencoder": 30 * CLOUD},
        CLASSES,
        NAMES,
        "fashion_mnist",
        {"VAE": densest_region(CLOUD, cells=64), "autoencoder": None},
    ),
    "manifolds": lambda: vae.manifolds(
        {"VAE": images(9).reshape(3, 3, 28, 28), "plain": images(9).reshape(3, 3, 28, 28)},
        {"VAE": None, "plain": ((0.0, 1.0), (-5.0, 2.0))},
        "mnist",
    ),
    "rows": lambda: vae.rows(
        {texts.text("original"): images(), "VAE": images()}, "images and what returns"
    ),
    "claims": lambda: conclusions.claims(conclusions.halves(conclusions_tables()[0])[0]),
    "published_figures": lambda: conclusions.published_figures(*conclusions_tables()[:2]),
}


@pytest.mark.parametrize("knobs", [["schedule"], ["learning_rate", "schedule"]])
def test_rates_are_drawn_where_no_schedule_was_tuned_and_no_rate_where_none_was(knobs):
    figure = optimizers.error_by_rate(
        optimizer_trials().drop(columns=knobs), optimizer_replicates()
    )
    assert bool(figure.axes) == ("learning_rate" not in knobs)


def test_an_optimizer_looks_alike_in_all_comparisons():
    of = [("equal", "powell"), ("equal", "adam"), ("equal", "powell-adam"), ("equal", "lbfgs"),
          ("long", "adam-long"), ("long", "own"), ("long", "powell-adam-long")]  # fmt: skip
    looks = optimizers._looks(pd.DataFrame(of, columns=["comparison", "optimizer"]))
    assert looks["adam-long"] == looks["adam"]
    assert looks["powell-adam-long"] == looks["powell-adam"] != looks["powell"]
    assert looks["own"] == style.LOOKS[1]  # unlike any: by its place


def test_the_loss_is_drawn_by_its_cost_too():
    """The autoencoder's epoch has half the cost of the other model's."""
    figure = FIGURES["loss_curves"]()
    by_epoch, by_cost = figure.axes[:2]
    drawn = [[line.get_xdata() for line in axes.lines[:6]] for axes in (by_epoch, by_cost)]
    for epochs, costs, billions in zip(*drawn, [20] * 3 + [10] * 3, strict=True):
        assert np.asarray(costs) == pytest.approx(billions * np.asarray(epochs))


def test_of_many_copies_the_first_are_drawn_and_their_answers(monkeypatch):
    drawn = []
    monkeypatch.setattr(pixels, "letters", lambda axes, values, corners: drawn.append(values))
    noisy, answers = np.random.default_rng(0).random((2, 12, 2, 35))
    clean = FONT.pixels[:2]
    figure = denoising.training_set(clean, [noisy], [answers], ["p = 0.1"], "AB", 0.35, "title")
    (axes,) = figure.axes
    assert "copies, p = 0.1 (8 of 12)" in {text.get_text() for text in axes.texts}
    expected = [clean, *noisy[:8], *(noisy[:8] > 0.35), *answers[:8]]
    assert np.array_equal(drawn, expected)


LONG = "At most 1 wrong pixel (%): the original's denoiser, noise twice as large, letters of all"


@pytest.mark.parametrize("title", ["Short", *(LONG + " more" * n for n in range(0, 40, 3))])
def test_no_title_is_cut_at_the_edge(title):
    by_layout = style.canvas(2.0, title=title)
    by_hand = style.canvas(2.0)
    style.heading(by_hand, title)
    for figure in (by_layout, by_hand):
        figure.set_dpi(200)  # as they are saved
        figure.draw_without_rendering()
        (drawn,) = figure.texts
        assert drawn.get_window_extent().x1 <= figure.bbox.x1
        assert drawn.get_text().split() == title.split()
        if figure is by_hand or "\n" not in drawn.get_text():
            assert (drawn.get_fontsize() == 12) == (title == "Short")


def test_a_title_that_would_be_small_has_two_lines():
    figure = style.canvas(2.0, title=LONG)
    (title,) = figure.texts
    assert title.get_fontsize() == 12
    assert [len(line.split()) for line in title.get_text().splitlines()] == [8, 8]
    assert figure.get_figheight() == pytest.approx(2.2)
    assert style.canvas(2.0, title="Short").get_figheight() == 2.0
    one_word = style.canvas(2.0, title="x" * 200)
    assert "\n" not in one_word.texts[0].get_text()


def test_a_larger_budget_has_a_color_of_its_own():
    """Its optimizer's, paler: else two lines of one look would lie in a panel."""
    trials = optimizer_trials()
    longer = trials[trials["optimizer"] == "adam"].assign(optimizer="adam-long")
    names = {"equal": ("powell", "adam"), "long": ("powell-long", "adam-long")}
    of = [(comparison, name) for comparison in names for name in names[comparison]]
    replicates = pd.DataFrame(of, columns=["comparison", "optimizer"])
    figure = optimizers.error_by_rate(pd.concat([trials, longer]), replicates)
    (legend,) = figure.legends
    own, paler, _ = (handle.get_color() for handle in legend.legend_handles)
    assert own == style.LOOKS[1].color
    assert all(light > dark for light, dark in zip(paler, to_rgb(own), strict=True))


def of_claims():
    """The findings on claims."""
    found = conclusions_tables()[0]
    return found[found["kind"] != "figure"].copy()


def test_a_figure_of_claims_has_half_of_them():
    found = conclusions_tables()[0]
    first, second = conclusions.halves(found)
    rows = pd.concat([first, second])
    assert rows.equals(of_claims())
    assert second["kind"].iloc[0] in ("claim", "ours")
    assert abs(len(first) - len(second)) <= 6
    (one, none) = conclusions.halves(found[found["of"] == found["of"].iloc[0]])
    assert len(one) > 0
    assert none.empty


def drawn_claims(*claims):
    """The axes of the figure of claims, after it is laid out."""
    found = of_claims()
    figure = conclusions.claims(found[found["claim"].isin(claims)] if claims else found)
    figure.draw_without_rendering()
    return figure.axes[0]


def test_a_long_reading_takes_more_lines_and_no_word_is_left_out():
    found = of_claims()
    long = (
        "the reading of what takes more than a line, since it says all that it is about at length"
    )
    found["text"] = found["text"].replace("the reading pixels", long)
    figure = conclusions.claims(found)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    row = next(n for n, label in enumerate(labels) if label.startswith("the reading of"))
    assert labels[row].split() == long.split()
    assert "\n" in labels[row]
    places = axes.get_yticks()
    assert places[row + 1] - places[row] > 1.2 * (places[row + 2] - places[row + 1])


def test_every_reading_and_control_has_a_row_below_its_claim():
    axes = drawn_claims()
    labels = [
        label.get_text().replace("\N{NO-BREAK SPACE}", " ") for label in axes.get_yticklabels()
    ]
    assert labels == [
        "The claim of layers.", "the reading pixels", "the reading code", "the reading gone",
        "the control number, must fail", "the control perfect, must pass",
        "the control lost, must fail", "The claim of latent.", "The claim of letters.",
        "The claim of plane.", "The claim of keras.",
    ]  # fmt: skip
    places = axes.get_yticks()
    assert list(places) == sorted(places)
    drawn = {(line.get_xdata()[0], line.get_ydata()[0]): line.get_marker()
             for line in axes.lines if len(line.get_xdata()) == 1}  # fmt: skip
    effects = (0.61, 0.4, 0.31, None, 0.02, 0.97, None, -0.42, 0.61, 0.61, None)
    marks = ("o", "o", "o", None, "d", "d", None, "X", "o", "o", None)
    expected = zip(effects, places, marks, strict=True)
    assert drawn == {(e, y): mark for e, y, mark in expected if mark}
    words = [text.get_text().replace("\n", " ") for text in axes.texts]
    assert words.count("not testable") == 4  # the verdict on keras, thrice in place of an effect
    assert "depends on the noise, the measure" in words


def test_what_an_effect_is_drawn_in_says_what_it_means():
    axes = drawn_claims("layers", "code", "number")
    colors = [line.get_color() for line in axes.lines if len(line.get_xdata()) == 1]
    assert colors == [style.ACCENT, style.MUTED, style.MUTED]
    found = of_claims()
    rows = found[found["claim"] == "number"].assign(says="not as it must")
    axes = conclusions.claims(rows).axes[0]
    colors = [line.get_color() for line in axes.lines if len(line.get_xdata()) == 1]
    assert colors == [style.WARNING]


def test_an_interval_is_drawn_and_what_is_beyond_the_axis_ends_at_it():
    found = of_claims()
    rows = found[found["claim"] == "layers"].assign(effect_low=-7.0)
    axes = conclusions.claims(rows).axes[0]
    (interval,) = (line for line in axes.lines if len(set(line.get_xdata())) == 2
                   and line.get_linewidth() > 1.5)  # fmt: skip
    assert list(interval.get_xdata()) == [-1.04, 0.68]
    (band,) = axes.patches
    assert (band.get_x(), band.get_width()) == (-0.3, 0.6)


def test_a_claim_of_ours_is_drawn_as_ours():
    found = of_claims()
    axes = conclusions.claims(found[found["claim"] == "latent"].assign(kind="ours")).axes[0]
    (label,) = axes.get_yticklabels()
    assert label.get_text() == "The claim of latent. (ours)"


def test_a_published_figure_is_drawn_at_its_place():
    findings, observed, _ = conclusions_tables()
    axes = conclusions.published_figures(findings, observed).axes[0]
    drawn = {line.get_xdata()[0]: line for line in axes.lines if len(line.get_xdata()) == 1}
    assert set(drawn) == {0.2, -1.0}
    assert drawn[0.2].get_marker() == "o"
    assert drawn[-1.0].get_marker() == "X"
    assert "ours 0.5" in [text.get_text() for text in axes.texts]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["35-18-5: error 0.13", "35-15-2: error 1"]
    # in a second variant: hollow, on the row of the first
    second = findings[findings["claim"] == "a-error"].assign(variant="as run", claim="c")
    axes = conclusions.published_figures(pd.concat([findings, second]), observed).axes[0]
    fills = [line.get_markerfacecolor() for line in axes.lines if len(line.get_xdata()) == 1]
    assert fills.count(style.PAPER) == 1
    assert len(axes.get_yticklabels()) == 2


@pytest.mark.parametrize(
    ("experiment", "name", "told"),
    [
        ("letters", "font2, relu-latent", "font2, the original's network with a ReLU code"),
        ("denoising", "published, p = 0.1", "the original's denoiser, p = 0.1"),
        ("vae", "mnist, published", "MNIST, VAE of the original"),
        ("letters", "font1, mine", "font1, mine"),  # a reader's own has no other name
    ],
)
def test_a_published_figure_is_called_what_people_call_it(experiment, name, told):
    findings, observed, _ = conclusions_tables()
    rows = findings.assign(experiment=experiment, measure="test_loss", text=f"{name}: test loss 1")
    axes = conclusions.published_figures(rows, observed).axes[0]
    (label,) = axes.get_yticklabels()
    assert label.get_text().split() == f"{told}: test loss 1".split()


def test_why_a_figure_was_not_compared_has_a_column_where_there_is_such_a_one():
    findings, observed, _ = conclusions_tables()
    findings = findings[findings["kind"] == "figure"].assign(reason="")
    table = conclusions_chapter.published_table(findings, observed)
    assert "why not" not in [str(column) for column in table.columns]
    assert {len(row) for row in table.rows} == {len(table.columns)}
    findings.loc[findings.index[0], "reason"] = "no runs"
    table = conclusions_chapter.published_table(findings, observed)
    assert str(table.columns[-1]) == "why not"
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_manifold_of_one_unit_tells_of_one():
    line = images(5).reshape(1, 5, 28, 28)
    figure = vae.manifolds({"a": line, "b": line}, {"a": None, "b": ((0, 1), (0, 0))}, "mnist")
    told = [axes.get_xlabel() for axes in figure.axes]
    assert told[0].startswith("the unit at the normal quantiles")
    assert told[1] == "unit 1 from 0 to 1:\nthe middle 90 % of its test codes"


def test_the_plainest_new_letter_takes_the_largest_part_of_the_plane():
    found = [novelty.NewLetter(FONT.pixels[0], 0.4, 2, 0, points) for points in (3, 20, 7)]
    assert letters.plainest(found) is found[1]
    assert letters.plainest([]) is None


SPANISH = catalogs.read_language(ROOT / "workflow/report/spanish.yaml")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_speaks_spanish_and_its_words_have_room(name):
    with drawn_in(SPANISH):
        figure = FIGURES[name]()
    figure.set_dpi(192)
    figure.draw_without_rendering()
    drawn = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    said = {text.get_text() for text in drawn}
    assert not [words for words in said if SPANISH.texts.get(words, words) != words]
    width, height = figure.bbox.x1, figure.bbox.y1
    for text in drawn:
        box = Text.get_window_extent(text)  # of an annotation, without the line to its point
        if text.get_clip_on() and not text.get_clip_box():
            continue
        assert box.x0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= height + 1, text


def test_places_of_panels_do_not_hang_on_the_addresses_of_a_run():
    """Matplotlib makes names in an SVG of them, to their last digits."""
    figure = letters.letter_errors(letter_table())
    figure.draw_without_rendering()
    places = np.array([axes.get_position(original=True).extents for axes in figure.axes])
    assert len(places) > 1
    assert np.array_equal(places, np.round(places, 7))


@pytest.mark.parametrize("name", ["wrong_pixels", "latent_spaces"])
def test_a_last_digit_of_a_panels_place_changes_no_byte(name, tmp_path, monkeypatch):
    """Both have one that ends in 5 at the digit that would be rounded."""
    execute, contents = ConstrainedLayoutEngine.execute, []
    for toward in (-np.inf, None, np.inf):

        def nudged(engine, figure, toward=toward):
            execute(engine, figure)
            for axes in figure.axes if toward else ():
                place = np.nextafter(axes.get_position(original=True).extents, toward)
                axes.set_position(Bbox.from_extents(*place), which="original")
                axes.set_in_layout(True)

        monkeypatch.setattr(ConstrainedLayoutEngine, "execute", nudged)
        style.save(FIGURES[name](), tmp_path / name)
        contents.append([(tmp_path / f"{name}.{kind}").read_bytes() for kind in ("svg", "png")])
    assert contents[0] == contents[1] == contents[2]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_written_as_svg_and_png(name, tmp_path):
    style.save(FIGURES[name](), tmp_path / name)
    svg, png = (tmp_path / f"{name}.{kind}" for kind in ("svg", "png"))
    ElementTree.parse(svg)
    assert svg.stat().st_size < 300_000
    assert sorted(tmp_path.iterdir()) == [png, svg]
    picture = matplotlib.image.imread(png)[..., :3]
    assert picture[0, 0].min() > 0.95  # a light ground
    assert picture.min() < 0.3  # and something on it
    assert b"<dc:date>" not in svg.read_bytes()
    assert b"Matplotlib v" not in svg.read_bytes()
    assert b"tEXt" not in png.read_bytes()


SCRIPT = """
import sys
sys.path[:0] = [{src!r}, {tests!r}, {tests!r} + "/unit/experiments"]
import test_figures
for name in ("learning_curve", "reconstructions", "regions", "latent_codes"):
    test_figures.style.save(test_figures.FIGURES[name](), sys.argv[1] + "/" + name)
"""


@pytest.mark.slow
def test_bytes_depend_on_nothing_around(tmp_path):
    code = SCRIPT.format(src=str(ROOT / "src"), tests=str(ROOT / "tests"))
    surroundings = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8"},
    ]
    contents = []
    for index, environment in enumerate(surroundings):
        folder = tmp_path / str(index)
        folder.mkdir()
        # a configuration of the reader's own, found in the working directory
        (folder / "matplotlibrc").write_text(
            "font.size: 30\nsvg.hashsalt: mine\nlines.linewidth: 9"
        )
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            cwd=folder if index else ROOT,
            env={**os.environ, **environment},
            check=True,
        )
        contents.append(
            {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ""}
        )
    assert len(contents[0]) == 8
    assert contents[0] == contents[1]


def test_a_letter_is_drawn_as_its_pixels(tmp_path):
    figure, axes = pixels.sheet(5, 7, width=7.5, largest=1.0)
    letter = FONT.pixels[5]
    pixels.letters(axes, letter[None], np.zeros((1, 2)))
    style.save(figure, tmp_path / "letter")
    picture = matplotlib.image.imread(tmp_path / "letter.png")[..., 0]
    # the center of each cell, from the axes' own transformation
    box = axes.get_position()
    height, width = picture.shape
    y = (1 - box.y1 + box.height * (np.arange(7) + 0.5) / 7) * height
    x = (box.x0 + box.width * (np.arange(5) + 0.5) / 5) * width
    dark = picture[np.ix_(y.astype(int), x.astype(int))] < 0.5
    assert np.array_equal(dark.ravel(), letter > 0.5)


def test_tiles_keep_order_and_gap():
    grid = np.zeros((2, 3, 4, 5, 3))
    grid[1, 2] = 0.5
    whole = pixels.tiles(grid, gap=1, ground="white")
    assert whole.shape == (2 * 5 + 1, 3 * 6 + 1, 3)
    assert (whole[0] == 1).all()
    assert (whole[6:10, 13:18] == 0.5).all()
    assert (whole[1:5, 1:6] == 0).all()


def regions_of(points, names):
    """The regions of letters of these names (letters,) at these points (letters, 2)."""
    grid, _, plane = decoded()
    window = latent.fitting_window(points)
    pixels_ = np.concatenate([FONT.pixels] * -(-len(points) // len(FONT.pixels)))[: len(points)]
    return letters.regions(grid, window, points, plane, pixels_, names, 0.5, "a network")


def test_labels_of_crowded_codes_do_not_overlap():
    points = np.concatenate([CODES[:16] * 0.1, CODES[16:]])
    points[:6] = 0.0  # several letters on one place
    figure = regions_of(points, FONT.characters)
    figure.draw_without_rendering()
    # of the texts alone: an annotation counts the line to its point
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert len(boxes) == 32
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_one_more_measure_is_one_more_panel_of_which_nothing_is_cut(monkeypatch):
    measure = Measure("mean", bounds=(-1, 1), label="likeness")
    monkeypatch.setitem(MEASURES, "likeness", measure)
    figure = denoising.scores(denoising_summary(CELLS))
    figure.draw_without_rendering()
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert "at most 1 wrong pixel (%)" in labels
    assert labels[-1] == "likeness"
    assert figure.axes[-1].get_ylim() == pytest.approx((-1.06, 1.06))
    right = figure.bbox.x1
    assert all(axes.xaxis.label.get_window_extent().x1 <= right for axes in figure.axes)


def test_the_heat_map_tells_the_means_by_kind_and_frames_what_was_learned():
    figure = denoising.transfer(MATRIX[MATRIX["font"] == "font1"], BASELINES)
    (axes,) = figure.axes
    table = axes.images[0].get_array()
    assert table.shape == (2 + 2, 2)
    # means over the probabilities 0.05, 0.1 and 0.4
    assert table[0].tolist() == pytest.approx([(95 + 90 + 60) / 3] * 2)
    assert table[2].tolist() == pytest.approx([70] * 2)
    texts = {text.get_text() for text in axes.texts}
    assert {"82", "70"} <= texts
    frames = [(round(p.get_x() + 0.48), round(p.get_y() + 0.46)) for p in axes.patches]
    assert frames == [(0, 0), (1, 1)]


def test_noise_that_no_baseline_was_tested_on_is_drawn(tmp_path):
    nothing = BASELINES.head(0)
    style.save(denoising.baselines(MATRIX, nothing), tmp_path / "a")
    heat = denoising.transfer(MATRIX, nothing)
    style.save(heat, tmp_path / "b")
    shares = heat.axes[0].images[0].get_array().filled(np.nan)
    assert np.isnan(shares[-1]).all()  # the baselines' rows
    assert np.isfinite(shares[0]).all()
    figure = denoising.variations(denoising_variations(), nothing, VARIED)
    style.save(figure, tmp_path / "c")
    assert "nearest letter" not in str([text.get_text() for text in figure.legends[0].texts])


def test_long_labels_do_not_overlap_either():
    names = [*FONT.characters, "space", "delete"] * 3
    points = np.random.default_rng(2).normal(0, 5, (len(names), 2))
    figure = regions_of(points, names)
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_regions_that_touch_differ_in_color():
    nearest = np.random.default_rng(1).integers(0, 5, (6, 6))
    colors = letters._map_colors(nearest, 7)[nearest]
    for a, b, x, y in (
        (nearest[1:], nearest[:-1], colors[1:], colors[:-1]),
        (nearest[:, 1:], nearest[:, :-1], colors[:, 1:], colors[:, :-1]),
    ):
        assert ((a == b) == (x == y)).all()


def test_a_line_has_regions_and_no_new_letter_is_said_to_be_none(tmp_path):
    line = FONT.pixels[None].repeat(3, axis=1)
    plane, window = latent.coordinate_plane(1), ((-1.0, 1.0), (-1.0, 1.0))
    points = np.stack([np.linspace(-1, 1, 32), np.zeros(32)], axis=-1)
    figure = letters.regions(line, window, points, plane, FONT.pixels, FONT.characters, 0.5, "1")
    assert "32 of 32 letters" in figure.axes[0].get_title(loc="left")
    style.save(figure, tmp_path / "line")
    none = letters.new_letters([], 12, 100, FONT.pixels, "n")
    assert any("none" in text.get_text() for text in none.axes[0].texts)


def test_an_error_of_exactly_zero_has_a_place_on_the_logarithmic_axis(tmp_path):
    summary = denoising_summary(CELLS)
    summary.loc[summary["noise"] == "training", ["error", "error_low"]] = 0.0
    figure = denoising.scores(summary)
    style.save(figure, tmp_path / "scores")
    errors = figure.axes[0]
    lowest = min(line.get_ydata().min() for line in errors.lines)
    assert 0 < errors.get_ylim()[0] <= lowest < 1e-200


@pytest.mark.slow
def test_a_single_start_probability_or_network_is_drawn(tmp_path):
    curves, replicates = curves_and_replicates()
    one = curves[curves["network"] == "another"], replicates[replicates["network"] == "another"]
    figures = [
        architectures.learning_curves(one[0], {}),
        architectures.learning_curves(one[0], {"another": {"error": 1.0}}),
        architectures.final_errors(one[1].head(1), {}),
        architectures.factorial(factorial_table([1], [10]).head(1)),
        letters.learning_curve(history(1), "one"),
        denoising.scores(denoising_summary(CELLS[:1])),
    ]
    for figure in figures:
        style.save(figure, tmp_path / "figure")
        assert figure.axes[0].has_data()


def test_all_letters_on_one_code_are_drawn(tmp_path):
    figure = regions_of(np.zeros((32, 2)), FONT.characters)
    style.save(figure, tmp_path / "map")
    assert len({text.get_position() for text in figure.axes[0].texts}) == 32


def test_a_latent_line_gives_a_plane_of_one_row(tmp_path):
    line = FONT.pixels[None, :20]
    plane, window = latent.coordinate_plane(1), ((-1.0, 1.0), (-1.0, 1.0))
    figure = letters.latent_plane(line, window, plane, FONT.pixels, 0.5, "line")
    style.save(figure, tmp_path / "x")
    assert figure.axes[0].images[0].get_array().shape[:2] == (1 + 8, 1 + 20 * 6)
    assert not len(figure.axes[0].get_yticks())


def test_the_best_start_ends_lowest():
    table = pd.DataFrame(
        {"replicate": [0, 0, 1, 1, 2], "epoch": [0, 1, 0, 1, 0], "error": [5, 2, 4, 1, 3]}
    )
    assert gathering.best_start(table) == (1, "best of 3 starts")
    assert gathering.best_start(table.head(2)) == (0, "its only start")


def test_images_shown_go_through_the_classes():
    labels = np.array([1, 1, 0, 2, 0, 2, 1], np.uint8)
    assert vae.shown_images(labels, 5).tolist() == [2, 0, 3, 4, 1]
    assert vae.shown_images(labels, 20).tolist() == [2, 0, 3, 4, 1, 5, 6]


def test_looks_differ_in_more_than_color():
    looks = style.looks([f"network {i}" for i in range(len(style.LOOKS))])
    for attribute in ("color", "marker", "line"):
        assert len({str(getattr(look, attribute)) for look in looks.values()}) == len(looks)


def test_rounding_touches_paths_only():
    svg = '<path d="M 1.23456 7.5 L 0.123 2"/><use x="1.23456"/><image href="1.23456"/>'
    assert style._round_paths(svg) == (
        '<path d="M 1.23 7.5 L 0.12 2"/><use x="1.23456"/><image href="1.23456"/>'
    )


def test_a_users_names_are_drawn_as_they_stand(tmp_path):
    """Dollars are no formulas, whether they would be right ones or not; long names fit."""
    from latentlab.experiments.vae import figures

    names = ["$a_1$ costs 5", "$^$", "\u00d1and\u00fa_\u00e9", "\u05e9\u05dc\u05d5\u05dd"]
    classes = np.arange(40) % len(names)
    codes = {"model": np.random.default_rng(0).normal(size=(40, 2))}
    figure = figures.latent_codes(codes, classes, names, "set", {"model": None})
    style.save(figure, tmp_path / "codes")
    drawn = [text._preprocess_math(text.get_text())[:2] for text in figure.axes[0].texts]
    assert drawn == [(name, False) for name in names]
    figure = figures.rows({"$^$ and $x$": np.zeros((2, 3, 3))}, "rows")
    style.save(figure, tmp_path / "rows")


def test_quartiles_of_a_few_starts_are_not_drawn():
    def texts(starts):
        figure = letters.learning_curve(history(starts), "n")
        bands = figure.axes[0].collections
        return len(bands), {text.get_text() for text in figure.legends[0].texts}

    assert texts(5)[0] == 1
    assert texts(4) == (0, texts(5)[1] - {"median, band: quartiles"})


def test_what_a_latent_unit_may_not_be_is_not_drawn():
    grid, _, plane = decoded()
    window = ((-1.0, 1.0), (-1.0, 1.0))
    points = np.abs(CODES)
    axes = letters.regions(
        grid, window, points, plane, FONT.pixels, FONT.characters, 0.5, "n", 0.0
    ).axes[0]
    assert (axes.get_xlim()[0], axes.get_ylim()[0]) == (0.0, 0.0)


def test_errors_far_below_all_others_are_out_of_sight():
    curves = optimizer_curves()
    curves.loc[curves.index[3], ["error", "lower_quartile"]] = 1e-13
    axes = optimizers.convergence(curves).axes[0]
    assert axes.get_ylim()[0] == pytest.approx(1e-3)
    assert optimizers.convergence(optimizer_curves()).axes[0].get_ylim()[0] > 0.1


def test_codes_of_all_models_have_one_circle_and_equal_axes():
    codes = {"VAE": CLOUD, "autoencoder": 30 * CLOUD}
    figure = vae.latent_codes(codes, CLASSES, NAMES, "set", dict.fromkeys(codes))
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert axes.get_aspect() == 1
        (circle,) = (line for line in axes.lines if len(line.get_xdata()) > 50)
        assert np.hypot(*circle.get_xydata().T) == pytest.approx(2)


def test_a_new_letter_is_named_by_its_neighbors_and_none_is_said():
    (axes,) = FIGURES["new_letter"]().axes
    assert {"new: A-B", "4 pixels apart"} <= {text.get_text() for text in axes.texts}
    (axes,) = letters.new_letter(None, [], 0.5).axes
    assert [text.get_text() for text in axes.texts] == ["no new letter"]
