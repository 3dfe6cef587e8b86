"""The report: sentences and tables from results, one page that needs nothing else."""

import base64
import copy
import dataclasses
import importlib
import io
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from latentlab import StudyError
from latentlab.drawing import style as drawing_style
from latentlab.experiments.architectures import chapter as architectures
from latentlab.experiments.conclusions import chapter as conclusions
from latentlab.experiments.conclusions.chapter import readme
from latentlab.experiments.denoising.measures import MEASURES, Measure
from latentlab.experiments.denoising.plan import denoising_letters, denoising_plots
from latentlab.experiments.letters import chapter as letters
from latentlab.experiments.letters.plan import letters_illustrated
from latentlab.experiments.params import read_params
from latentlab.experiments.registry import EXPERIMENTS, cells
from latentlab.files.tables import read_csv, read_json, write_csv, write_json
from latentlab.files.yaml import read_yaml
from latentlab.pages import parts
from latentlab.pages.languages import page_in
from latentlab.pages.report import cited, context, render, versions
from latentlab.words import names as names_
from latentlab.words.texts import Language, Text, said
from made_up import INTRODUCTION, LETTER_METRICS, chapter_tables, measures, write
from support.by_content import by_file

ROOT = Path(__file__).parents[3]
TEMPLATE = (ROOT / "workflow/report/index.html.j2").read_text(encoding="utf-8")
STYLE = (ROOT / "workflow/report/style.css").read_text(encoding="utf-8")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="540pt" height="270pt"></svg>'


def write_figures(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.svg").write_text(SVG)
        Image.new("RGB", (108, 54), "white").save(folder / f"{name}.png")


@pytest.fixture
def settings():
    return read_params(ROOT / "params.yaml", ROOT)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Made-up results, written once."""
    folder = tmp_path_factory.mktemp("made")
    settings = read_params(ROOT / "params.yaml", ROOT)
    write(chapter_tables(settings), folder)
    figures = {name: folder / name / "figures" for name in EXPERIMENTS}
    write_figures(figures["architectures"], "final_errors", "learning_curves", "wrong_pixels",
                  "factorial")  # fmt: skip
    write_figures(figures["optimizers"], "convergence", "error_by_rate", "final_errors")
    write_figures(folder / "conclusions/figures", "claims", "claims_2", "published_figures")
    for cell in letters_illustrated(settings["letters"]):
        write_figures(figures["letters"] / cell, "learning_curve", "reconstructions", "regions",
                      "paths", "new_letters", "latent_plane")  # fmt: skip
    write_figures(figures["letters"], "front", "letter_errors", "latent_spaces", "autoencoder",
                  "alphabet", "new_letter")  # fmt: skip
    write_json(INTRODUCTION, folder / "letters/tables/introduction.json")
    write_json(LETTER_METRICS, folder / "letters/metrics.json")
    for plot in denoising_plots(settings["denoising"]):
        path = figures["denoising"] / plot
        write_figures(path.parent, path.name)
    for cell in denoising_letters(settings["denoising"]):
        write_figures(figures["denoising"] / cell, "training_set", "fresh_answers")
    for dataset in settings["vae"]["datasets"]:
        write_figures(figures["vae"] / dataset, "loss_curves", "latent_codes", "manifolds",
                      "reconstructions", "samples")  # fmt: skip
    return folder


@pytest.fixture
def results(made, tmp_path):
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def unedited(made):
    """The page of these results, as nobody has touched them."""
    return page(made, read_params(ROOT / "params.yaml", ROOT))


def page(results, settings):
    return render(context(results, settings), TEMPLATE, STYLE)


def chapters(results, settings):
    """The chapters of the page, by their ids, their sentences in English."""
    result = context(results, settings)["chapters"]
    return {chapter.id: in_english(chapter) for chapter in result}


def in_english(content):
    """A chapter, or a part of one, with str in place of every text."""
    if isinstance(content, Text):
        return str(content)
    if isinstance(content, tuple):
        return tuple(map(in_english, content))
    if not dataclasses.is_dataclass(content):
        return content
    names = [field.name for field in dataclasses.fields(content)]
    return dataclasses.replace(content, **{n: in_english(getattr(content, n)) for n in names})


class Outline(HTMLParser):
    """Ids, tags that are not closed in order, attributes, visible text."""

    VOID = {"meta", "img", "link", "br", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.images, self.references, self.text = [], [], [], [], []
        self.levels = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.references += [attributes[key] for key in ("href", "src") if key in attributes]
        if tag == "img":
            self.images.append(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def test_the_page_needs_nothing_but_itself(unedited):
    html = unedited
    outline = Outline(html)
    targets = [r for r in outline.references if not r.startswith("data:image/")]
    assert targets
    assert all(reference[1:] in outline.ids for reference in targets if reference[0] == "#")
    # beside it, the explorer; below the same root, the figures, their tables and the code
    elsewhere = {r for r in targets if r[0] != "#" and r.split("#")[0] != "explorer.html"}
    assert all(re.match(r"\.\./([a-z]+/(figures|tables)|[a-z]+/metrics|\.\./workflow/scripts)", r)
               for r in elsewhere)  # fmt: skip
    assert not re.search(r"<script|<link|@import|url\(|https?://", html)


def test_the_page_is_well_made(unedited):
    outline = Outline(unedited)
    assert len(outline.ids) == len(set(outline.ids))
    assert all(len(image["alt"]) > 30 for image in outline.images)
    assert outline.levels[0] == 1
    steps = zip(outline.levels, outline.levels[1:], strict=False)
    assert all(level <= before + 1 for before, level in steps)
    assert {"conclusions", "architectures", "optimizers", "letters", "denoising", "vae"} <= set(
        outline.ids
    )


def test_nothing_of_time_or_place_is_in_the_page(
    unedited, results, settings, monkeypatch, tmp_path
):
    html = unedited
    assert str(results) not in html
    assert str(ROOT) not in html
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert page(results, settings) == html


@pytest.mark.parametrize(
    ("name", "column", "value", "shown"),
    [
        ("architectures/summary", "error", 0.0123, ["0.0123"]),
        ("architectures/summary", "published_error", 0.777, ["0.777"]),
        (
            "architectures/factorial_effects",
            "error_ratio",
            0.0789,
            ["becomes 0.079 times as large"],
        ),
        ("architectures/factorial_effects", "error_ratio", 1.5, ["none of them lowers the error"]),
        ("optimizers/summary", "error", 0.0321, ["0.0321"]),
        ("optimizers/summary", "mean_wrong_pixels", 2.71, ["2.7 ["]),
        ("optimizers/summary", "early_error", 2.345, ["is 2.35 on 35-18-2"]),
        ("optimizers/summary", "inside", True, ["a smaller and a larger one were tried, too"]),
        (
            "optimizers/summary",
            "inside",
            False,
            ["may lie beyond, for Powell, b"],
        ),
        (
            "optimizers/tuning",
            "error",
            0.5,
            ["The learning rate decides little", "At 3 of 3 pairs of rate and schedule"],
        ),
        ("optimizers/tuning", "error", None, ["backpropagation diverges"]),
        ("letters/summary", "best_error", 0.0456, ["0.0456"]),
        ("denoising/summary", "right_letter", 0.31, ["31 %"]),
        ("denoising/summary", "within_one_pixel", 1.0, ["denoiser is no worse than doing nothing"]),
        ("denoising/matrix", "within_one_pixel", 0.13, ["13 % on the noise it learned"]),
        (
            "denoising/baselines",
            "within_one_pixel",
            0.4321,
            ["is returns 43.2 %", "Of the noisy letters themselves 43 %", "43 % [40 %, 47 %]"],
        ),
        (
            "denoising/variations",
            "within_one_pixel",
            0.37,
            ["10 fixed copies of each letter returns 37 %", "37 % of the letters, one of 20 37 %"],
        ),
        ("vae/summary", "test_loss", 123.4, ["123.4"]),
        ("vae/summary", "amortization_gap", 3.875, ["is 4.0 nats above", "loses 3.9 of them"]),
        ("vae/summary", "code_area", 7.0, ["about as large an area with the VAE"]),
    ],
)
def test_changing_a_result_changes_the_page(
    unedited, results, settings, name, column, value, shown
):
    before = Outline(unedited).words
    experiment, table = name.split("/")
    path = results / experiment / f"tables/{table}.csv"
    table = read_csv(path)
    table[column] = value
    write_csv(table, path)
    after = Outline(page(results, settings)).words
    for text in shown:
        assert text not in before
        assert text in after


def test_changing_a_figure_changes_the_page(unedited, results, settings):
    before = unedited
    path = results / "architectures/figures/final_errors.png"
    Image.new("RGB", (108, 54), "black").save(path)
    assert page(results, settings) != before


def test_answers_follow_the_data(results, settings):
    result = chapters(results, settings)
    answer = result["architectures"].answer
    assert answer.startswith("The architecture decides more than luck: it explains")
    path = results / "architectures/tables/replicates.csv"
    table = read_csv(path)
    table["error"] = table["error"].where(table["replicate"] > 0, 100 * table["error"])
    write_csv(table, path)
    answer = chapters(results, settings)["architectures"].answer
    assert answer.startswith(
        "Among these networks luck decides more than the architecture: the start explains"
    )
    assert result["optimizers"].answer == (
        "At equal cost no optimizer ends below Powell's error on each of 2 networks."
    )
    assert (
        "the best rate ended at an error of 0.60, the worst at 3.0"
        in (result["optimizers"].findings[1])
    )
    powell = read_csv(results / "optimizers/tables/summary.csv").query("optimizer == 'powell'")
    whole = math.floor(powell["epochs"].iloc[0])
    told = f"That is {whole} whole iterations of Powell's method on 35-18-2."
    assert told in " ".join(result["optimizers"].details)
    assert result["vae"].answer == (
        "The VAE keeps its codes together: those of MNIST lie on an area 100 times smaller than"
        " those of the plain autoencoder."
    )
    told = " ".join(result["vae"].details)
    assert (
        "151.6 nats an image; others who ran it published 153.4. Through as many numbers, the"
        " deeper VAE" in told
    )
    assert "10 nats less exact" in told
    assert "cover 83 % of what" in told
    assert "4.1 nats above 147.5, the exact negative log-likelihood of the images." in told
    for model in settings["vae"]["models"].values():
        model["kl_weight"] = 4.0
    assert "the exact negative" not in " ".join(chapters(results, settings)["vae"].details)
    settings["vae"]["models"]["improved"]["latent_units"] = 3
    assert "deeper" not in " ".join(chapters(results, settings)["vae"].details)
    (table,) = result["vae"].more
    assert [row[:3] for row in table.rows[:5]] == [
        ("MNIST", "mean image, repeated", "0.015"),
        ("MNIST", "mean images of the classes", "0.25"),
        ("MNIST", "normal distribution in 2 principal components", "0.31"),
        ("MNIST", "training images", "1.0"),
        ("MNIST", "VAE of the original", "0.83"),
    ]
    told = " ".join(result["denoising"].details)
    assert "memorized" in told
    assert "90 % on the noise it learned" in told
    assert "87.5 %; the best decision" in told
    assert result["denoising"].answer == (
        "Where noise stays below the threshold, the original's denoiser is worse than doing"
        " nothing: of letters with fresh noise (uniform noise as meant) 82 % have at most one wrong"
        " pixel after it, 100 % before."
    )
    path = results / "denoising/tables/baselines.csv"
    table = read_csv(path)
    for before, verdict in ((0.95, "worse"), (0.5, "no worse")):
        table.loc[table["baseline"] == "do_nothing", "within_one_pixel"] = before
        write_csv(table, path)
        answer = chapters(results, settings)["denoising"].answer
        assert answer.startswith(f"The original's denoiser is {verdict} than doing nothing: of")
    path = results / "denoising/tables/summary.csv"
    table = read_csv(path)
    table.loc[table["noise"] == "training", "error"] = 1.4
    write_csv(table, path)
    chapter = chapters(results, settings)["denoising"]
    assert "memorized" not in " ".join(chapter.details)


def test_who_ends_below_powell_on_every_network_is_named(results, settings):
    def answer(**errors):
        path = results / "optimizers/tables/summary.csv"
        table = read_csv(path)
        for name, error in errors.items():
            rows = table["optimizer"] == name
            table.loc[rows, "error"] = error
            table.loc[rows, ["error_low", "error_high"]] = 0.98 * error, 1.02 * error
        write_csv(table, path)
        return chapters(results, settings)["optimizers"].answer

    everyone = dict.fromkeys(settings["optimizers"]["comparisons"]["equal"]["stages"], 2.0)
    assert answer(**{**everyone, "powell": 1.0, "adam": 0.5}) == (
        "At equal cost Adam alone ends below Powell's error on each of 2 networks."
    )
    assert answer(backpropagation=0.97) == (  # its interval meets Powell's
        "At equal cost Adam alone ends below Powell's error on each of 2 networks."
    )
    assert answer(backpropagation=0.9) == (
        "At equal cost backpropagation and Adam end below Powell's error on each of 2 networks."
    )


def test_the_minutes_that_the_authors_needed_are_told(results, settings):
    path = results / "letters/tables/summary.csv"
    table = read_csv(path)
    assert "minutes for" not in " ".join(chapters(results, settings)["letters"].details)
    write_csv(table.assign(published_minutes=219.0, published_iterations=20.0), path)
    told = " ".join(chapters(results, settings)["letters"].details)
    assert "needed 219 minutes for 20 iterations of Powell" in told
    assert "take about 0.22 seconds" in told


def test_rates_at_which_adam_does_not_finish_are_told(results, settings):
    """Made up: Powell's best error is 1.23; Adam's are 0.5, 1.5 and, where it diverges, none."""
    told = " ".join(chapters(results, settings)["optimizers"].details)
    assert "At 2 of 3 pairs of rate and schedule Adam does not end below the best error of" in told
    assert "method, 1.23 on 35-18-2: 0.02, constant; 0.1, constant. The" in told
    # nothing to compare with; and the first rows are of another comparison
    path = results / "optimizers/tables/tuning.csv"
    table = read_csv(path)
    other = table[table["optimizer"] == "backpropagation"].assign(comparison="long")
    write_csv(pd.concat([other, table]), path)
    assert "At 2 of 3 pairs" in " ".join(chapters(results, settings)["optimizers"].details)
    high = table["error"].fillna(2.0).mask(table["optimizer"] == "powell", 9.0)
    write_csv(table.assign(error=high), path)
    told = " ".join(chapters(results, settings)["optimizers"].details)
    assert "At every rate and schedule that was tried, 3 in all, Adam ends below the best" in told
    write_csv(table.assign(error=math.nan), path)
    assert "best error of Powell" not in " ".join(chapters(results, settings)["optimizers"].details)


@pytest.mark.parametrize("id", ["architectures", "optimizers", "letters", "denoising", "vae",
                                "conclusions"])  # fmt: skip
def test_a_headline_is_one_sentence_with_at_most_two_numbers(results, settings, id):
    chapter = chapters(results, settings)[id]
    for headline in (chapter.answer, *chapter.findings):
        assert len(re.findall(r"\.(?: |$)", headline)) == 1
        assert "interval" not in headline
        names = re.sub(r"\d+(-\d+)+|\bp = [\d.]+", "", headline)  # of networks
        assert len(re.findall(r"\d[\d.]*", names)) <= 2


def test_what_was_found_comes_first_the_strongest_first(unedited):
    words = Outline(unedited).words
    start = words.index("What was found")
    order = ["worse than doing nothing", "Powell's error on each of 2 networks",
             "Whether backpropagation fails", "Single runs seldom", "Two numbers"]  # fmt: skip
    places = [words.index(text, start) for text in order]
    assert places == sorted(places)
    assert places[-1] < words.index("Does what it concluded hold?")


def test_the_page_says_what_an_autoencoder_is_by_a_letter_of_the_study(unedited, results, settings):
    html = unedited
    words = Outline(html).words
    assert html.index("<img") < html.index("What is an autoencoder?")
    assert "“A”, goes through a network of the study: 35 pixels become 2 numbers" in words
    assert "returns 28 of its 32 letters" in words
    assert "What other networks return stands in the chapter on letters." in words
    assert "call it “@-J”, stands in no font: it differs from “@”" in words
    write_json({**INTRODUCTION, "new": [], "apart": []},
               results / "letters/tables/introduction.json")  # fmt: skip
    html = page(results, settings)
    assert "This network makes none" in html
    tie = {**INTRODUCTION, "exact": 32, "new": ["@", "J"], "apart": [3, 3]}
    write_json(tie, results / "letters/tables/introduction.json")
    words = Outline(page(results, settings)).words
    assert "it differs from “@” and from “J”, the nearest letters, in 3 pixels." in words
    assert "What other networks return" not in words
    assert "letters/figures/new_letter." not in html


def test_the_originals_pictures_lead_to_ours_where_there_are_any(unedited, results, settings):
    outline = Outline(unedited)
    assert "#vae-mnist-manifolds" in outline.references
    assert "#letters-font2-exceptional-latent_plane" in outline.references
    settings["vae"]["datasets"] = ["digits"]
    assert "#vae-mnist-manifolds" not in Outline(page(results, settings)).references


def test_a_figure_has_a_number_an_address_its_image_and_its_table(unedited):
    html = unedited
    figure = html[html.index('<figure id="architectures-final_errors"') :].split("</figure>")[0]
    assert 'class="permalink" href="#architectures-final_errors">Figure 6.' in figure
    assert 'href="../architectures/figures/final_errors.png"' in figure
    assert 'href="../architectures/figures/final_errors.svg"' in figure
    assert 'href="../architectures/tables/replicates.csv"' in figure
    shown = [int(n) for n in re.findall(r">Figure (\d+)\.", html)]
    folded = [int(n) for n in re.findall(r">Figure S(\d+)\.", html)]
    assert shown == list(range(1, len(shown) + 1))
    assert folded == list(range(1, len(folded) + 1))
    tables = re.findall(r"<b>Table (S?\d+)\.", html)
    assert len(tables) == len(set(tables)) == html.count("<table>")


def test_a_caption_is_told_once_and_then_by_the_figure_that_has_it(unedited):
    found = re.findall("<figcaption>(.*?)</figcaption>", unedited, re.S)
    captions = [" ".join(re.sub("<[^>]+>", "", caption).split()) for caption in found]
    told = [re.sub(r"^Figure S?\d+\. | Image.*$", "", caption) for caption in captions]
    assert len(set(told)) == len(told) > 60
    first = next(i for i, words in enumerate(told) if words.startswith("Each letter at its code"))
    number = captions[first].split(".")[0]
    again = [words for words in told if words.endswith(f"Drawn like {number}.")]
    assert "A linear network, the control (font2). Drawn like " + number + "." in again
    assert len(again) > 5
    address = "letters-font2-exceptional-regions"
    assert f'Drawn like <a href="#{address}">{number}</a>.' in unedited
    assert f'<figure id="{address}">' in unedited


def test_the_page_says_how_to_cite_it(unedited, results, settings):
    citation = read_yaml(ROOT / "CITATION.cff")
    html = render(context(results, settings, citation=citation), TEMPLATE, STYLE)
    words = Outline(html).words
    assert f"{citation['title']}, {citation['version']}." in words
    assert "@software{latentlab," in words
    authors = [{"given-names": "Ana", "family-names": "Paz"}, {"name": "Us"}]
    assert "author = {{Ana Paz} and {Us}}" in cited({**citation, "authors": authors})["bibtex"]
    assert "How to cite this" not in unedited


@pytest.mark.parametrize("knobs", [["schedule"], ["learning_rate", "schedule"]])
def test_of_trials_that_tuned_no_such_knob_the_page_is_written(results, settings, knobs):
    """A study that tunes rates alone has no column of schedules, one without rates has neither."""
    path = results / "optimizers/tables/tuning.csv"
    write_csv(read_csv(path).drop(columns=knobs), path)
    words = Outline(page(results, settings)).words
    assert ("depends on its learning rate" in words) == ("learning_rate" not in knobs)


def test_a_number_stays_with_its_sign(unedited):
    html = unedited
    assert "50\N{NO-BREAK SPACE}%" in html
    assert not re.search(r"\d %", html)


def test_every_title_is_of_a_network_a_model_a_set_or_an_optimizer(settings):
    stages = [name for comparison in settings["optimizers"]["comparisons"].values()
              for name in comparison["stages"]]  # fmt: skip
    for names, used in (
        (names_.LETTER_NETWORKS, settings["letters"]["networks"]),
        (names_.DENOISERS, settings["denoising"]["networks"]),
        (names_.IMAGE_MODELS, settings["vae"]["models"]),
        (names_.IMAGE_SETS, settings["data"]["images"]),
        (names_.OPTIMIZERS, stages),
    ):
        assert set(names) <= set(used)  # what a reader adds is shown by its name
    assert names_.called(names_.DENOISERS, "mine") == "mine"


def test_a_baseline_has_its_interval_in_the_table(results, settings):
    chapter = chapters(results, settings)["denoising"]
    assert {row[-1] for row in chapter.table.rows} <= {
        "97 % [96 %, 98 %]",  # of 800 answers
        "97 % [97 %, 97 %]",  # of 6400
        parts.NONE,
    }
    path = results / "denoising/tables/baselines.csv"
    table = read_csv(path)
    write_csv(table[table["baseline"] != "nearest_letter"], path)
    chapter = chapters(results, settings)["denoising"]
    assert {row[-1] for row in chapter.table.rows} == {parts.NONE}
    assert "the nearest letter" not in chapter.answer


def test_the_seed_in_the_table_is_that_of_the_training_and_no_measure(
    settings, monkeypatch, tmp_path
):
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
    train_vae, tabulate_vae = map(importlib.import_module, ("train_vae", "tabulate_vae"))
    given = []

    def train(model, data, seed, **options):
        given.append(seed)
        raise train_vae.image_training.Diverged(1)

    monkeypatch.setattr(train_vae.image_training, "train", train)
    monkeypatch.setattr(train_vae.images, "load", lambda path: None)
    nowhere = [f"--{name}=x" for name in ("images", "weights", "history", "checkpoint")]
    for i, (cell, steps) in enumerate(cells(settings, "vae").items()):
        with pytest.raises(StudyError, match=cell):
            train_vae.main(["--settings", by_file(steps["train"], tmp_path), *nowhere])
        folder = tmp_path / "cells" / cell
        write_csv(pd.DataFrame([{"test_loss": 150.0 + i}]), folder / "scores.csv")
        write_csv(pd.DataFrame([{"epoch": 1, "loss": 150.0 + i}]), folder / "history.csv")
        controls = pd.DataFrame([{"control": "mean_image", "coverage": 0.01}])
        write_csv(controls, folder.parents[1] / "controls.csv")
    tables = ("curves", "replicates", "summary", "controls", "areas", "metrics")
    section = tmp_path / "section.json"  # names in the order of the cells above
    section.write_text(json.dumps({"seed": settings["seed"], **settings["vae"]}))
    tabulate_vae.main(
        ["--settings", str(section),
         "--results", str(tmp_path), "--published", str(ROOT / "data/published.yaml"),
         *[f"--{name}={tmp_path / name}" for name in tables]]
    )  # fmt: skip
    assert read_csv(tmp_path / "replicates")["seed"].tolist() == given
    assert len(set(given)) == len(given) > 10
    for name in ("curves", "summary", "metrics"):
        assert "seed" not in (tmp_path / name).read_text()


def test_the_letters_chapter_says_what_the_tables_say(results, settings):
    def told(metrics):
        write_json(metrics, results / "letters/metrics.json")
        chapter = chapters(results, settings)["letters"]
        return " ".join((chapter.answer, *chapter.details))

    text = told(LETTER_METRICS)
    assert "through them all letters of all fonts come back without one wrong pixel." in text
    assert "has 645 weights, on font1" in text
    assert "errs in 5.2 pixels a letter of font2, principal components in 5.1" in text
    assert "something new that looks drawn (2 %)" in text
    one = {"network": "n", "max_wrong_pixels": 0, "share_of_starts": 0.1}
    text = told({**LETTER_METRICS, "font1": one, "powell_only": {"font1": one},
                 "one_dimensional": {"font2": one}})  # fmt: skip
    assert "all letters of each font, and even of all fonts at once" in text
    assert "Even through a single number the letters of font2 pass" in text
    assert "By Powell's method alone, 10 % of the starts on font1 return every letter" in text
    two = {**one, "max_wrong_pixels": 2}
    text = told({**LETTER_METRICS, "all_fonts": two, "powell_only": {"font1": two}, "front": {},
                 "linear": {}})  # fmt: skip
    assert "Two numbers were not enough: the best start leaves 2 wrong pixels" in text
    assert "come down to 2 wrong pixels in the worst letter; none does better" in text
    assert "None of the small networks" in text
    assert "principal components" not in text


def test_an_iteration_takes_the_seconds_that_were_measured():
    """The constant of the page is that of the table of docs/performance.md."""
    table = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    (row,) = [line for line in table.splitlines() if line.startswith("| [35,20,15,2,15,20,35] |")]
    assert float(row.split("|")[7]) == letters._SECONDS


def test_a_network_is_shown_by_what_there_is_to_see(results, settings):
    def names(cell):
        groups = chapters(results, settings)["letters"].groups
        title = {
            "exceptional": "The original's “ex",
            "two-numbers": "All letters of a font through two",
        }
        (group,) = (g for g in groups if g.title.startswith(title[cell]))
        return [figure.path.name for figure in group.figures], group.folded

    published = ["learning_curve", "reconstructions", "latent_plane", "regions", "paths",
                 "new_letters"]  # fmt: skip
    assert names("exceptional") == (published, False)
    assert names("two-numbers") == (["reconstructions", "regions", "paths", "new_letters"], True)
    path = results / "letters/tables/replicates.csv"
    write_csv(read_csv(path).assign(max_wrong_pixels=0), path)
    path = results / "letters/tables/new_letters.csv"
    write_csv(read_csv(path).assign(new=0.0), path)
    assert names("two-numbers") == (["regions", "paths"], True)


@pytest.mark.parametrize(
    ("latent", "low", "told"), [("linear", -15, -15), ("relu", -15, 0), ("relu", 5, 5)]
)
def test_a_plane_is_told_as_far_as_it_is_drawn(results, settings, latent, low, told):
    settings = copy.deepcopy(settings)
    settings["letters"]["grid"]["published_window"] = [low, 25]
    settings["letters"]["networks"]["exceptional"]["latent"] = latent
    groups = chapters(results, settings)["letters"].groups
    figures = [figure for group in groups for figure in group.figures]
    (alt,) = {f.alt for f in figures if f.path.match("exceptional/latent_plane")}
    assert alt == f"A grid over the latent plane, decoded, from {told} to 25."


def test_the_originals_own_is_open_and_comes_first(results, settings):
    def panels(id):
        return [g.title for g in result[id].groups if not g.folded and g.title]

    result = chapters(results, settings)
    assert panels("letters")[0].startswith("The original's “exceptional” network")
    assert panels("denoising") == [
        "The original's denoiser: the letters X, H, I and R of font2, uniform noise as meant"
    ]
    assert panels("vae") == ["MNIST"]
    sets = ["MNIST", "Fashion-MNIST", "Small digits", "Capital letters of the font"]
    assert [g.title for g in result["vae"].groups] == sets
    figures = [f.path.parent.name for g in result["denoising"].groups[:1] for f in g.figures]
    assert figures == ["baselines", "scores"]


def test_an_embedded_picture_keeps_its_size_and_the_colors_of_thin_lines(tmp_path):
    """What MEDIANCUT merges: lines of a pixel among large areas of many other colors."""
    rng = np.random.default_rng(0)
    drawn = np.zeros((700, 1000, 3), np.uint8) + 255
    drawn[300:600] = rng.integers(100, 200, (300, 1, 3)) // 20 * 20
    colors = [tuple(bytes.fromhex(color.lstrip("#"))) for color in
              {*(look.color for look in drawing_style.LOOKS), drawing_style.INK,
               drawing_style.MUTED, drawing_style.ACCENT, drawing_style.WARNING}]  # fmt: skip
    for row, color in enumerate(colors):
        drawn[10 * row] = color
    picture = Image.fromarray(drawn)
    picture.save(tmp_path / "lines.png")
    (tmp_path / "lines.svg").write_text(SVG + " " * 10**6)
    figure = parts.figure(tmp_path / "lines", "lines", "caption")
    assert figure.width == 500
    data = base64.b64decode(str(figure.source).removeprefix("data:image/webp;base64,"))
    with Image.open(io.BytesIO(data)) as again:
        pixels = np.asarray(again.convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) <= 64
    for row, color in enumerate(colors):
        assert np.abs(pixels[10 * row].astype(int) - color).max() <= 20


def test_ground_and_grid_keep_their_color_among_tints():
    """Of lines that are smoothed: tints between each of their colors and white."""
    drawn = np.full((400, 600, 3), 255, np.uint8)
    drawn[::10] = grid = (236, 236, 239)
    for row, look in enumerate(drawing_style.LOOKS):
        color = np.array([int(look.color[i : i + 2], 16) for i in (1, 3, 5)])
        tints = np.linspace(color, [255, 255, 255], 40).round()
        drawn[20 * row + 1, :40] = tints
    pixels = np.asarray(parts.few_colors(Image.fromarray(drawn)))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) <= 40
    assert (pixels[::10] == grid).all()
    assert (pixels[5] == 255).all()
    assert np.abs(pixels.astype(int) - drawn).max() <= 30


def test_a_faint_band_keeps_its_color():
    """Bands about lines are much lighter than these, and one is gray."""
    drawn = np.full((400, 600, 3), 255, np.uint8)
    bands = {
        row: (0.8 * 255 + 0.2 * np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])).round()
        for row, color in enumerate(
            {*(look.color for look in drawing_style.LOOKS), drawing_style.MUTED}
        )
    }
    for row, band in bands.items():  # the line's edge, in many shades, and its band
        drawn[20 * row + 1 : 20 * row + 8, :500] = band
        drawn[20 * row, :200] = np.linspace(band, [255, 255, 255], 200).round()
    pixels = np.asarray(parts.few_colors(Image.fromarray(drawn))).astype(int)
    for row, band in bands.items():
        assert np.abs(pixels[20 * row + 4, 10] - band).max() <= 10


def test_a_picture_is_a_vector_where_that_is_smaller(tmp_path):
    write_figures(tmp_path, "small")
    noise = np.random.default_rng(0).integers(0, 255, (540, 1080, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "small.png")
    source = parts.figure(tmp_path / "small", "", "").source
    assert str(source).startswith("data:image/svg+xml,")
    # it stands in every page as it is: " %" is no percentage there
    spanish = Language("es", "Español", "n != 1", {}, set())
    shutil.copy(tmp_path / "small.png", tmp_path / "small.es.png")
    (tmp_path / "small.es.svg").write_text(SVG.replace("<svg", "<svg  \t'y i'"))
    page = page_in(spanish, {"source": source}, '<img src="{{ source }}">')
    assert page == f'<img src="{parts.embedded(tmp_path / "small.es")}">\n'
    assert " %09'y i'" in page


def test_the_page_opens_with_the_verdicts(unedited):
    html = unedited
    words = Outline(html).words
    start = words.index("Does what it concluded hold?")
    assert "1 of 5 claims of the original is supported." in words
    assert (
        "Of 2 published figures, 1 lies where single runs of ours do, 1 further out than 95 of 100"
        " of them; of 0 our runs say nothing." in words
    )
    first = words[start : words.index("The original's pictures")]
    assert "\N{CHECK MARK} supported The claim of layers. Of 4 readings: 2 for it, 1 uncl" in first
    assert "It depends on the noise and the measure." in first
    assert "depends on the reading The claim of letters." in first
    assert "the reading pixels" not in first
    assert "Fewer than 5 runs." in first
    assert "not testable The claim of keras. An opinion." in first
    assert '<a href="#letters">The claim of plane.</a>' in html
    assert '<a href="#conclusions">The claim of keras.</a>' in html


def test_claims_of_ours_are_not_counted_and_the_page_says_so(results, settings):
    path = results / "conclusions/tables/findings.csv"
    table = read_csv(path)
    table.loc[table["claim"] == "keras", "kind"] = "ours"
    write_csv(table, path)
    words = Outline(page(results, settings)).words
    assert "1 of 4 claims of the original is supported." in words
    assert "1 claim is ours, and not counted with the original's." in words


def test_factors_are_compared_by_doublings():
    """Three doublings to a half each take less than one to 0.6."""
    rows = [("depth", 1, 1.0), ("depth", 2, 1.1), ("latent", 1, 1.0), ("latent", 8, 0.5),
            ("hidden", 10, 1.0), ("hidden", 20, 0.6)]  # fmt: skip
    effects = pd.DataFrame(rows, columns=["factor", "value", "error_ratio"])
    told = str(architectures._factor(effects))
    assert "the units a hidden layer matter most" in told
    assert "from 10 to 20" in told
    alone = effects[effects["factor"] != "hidden"]
    more = pd.concat([alone, effects[:2].assign(factor="hidden")])
    assert "becomes 0.79 times as large" in str(architectures._factor(more))


def test_a_figure_that_is_there_twice_counts_once(results, settings):
    path = results / "conclusions/tables/findings.csv"
    table = read_csv(path)
    again = table[table["kind"] == "figure"].assign(variant="as run")
    again["claim"] += "-as-run"
    again["verdict"] = "says nothing"
    write_csv(pd.concat([table, again]), path)
    words = Outline(page(results, settings)).words
    # what is outside in one variant and unknown in another: our runs say nothing
    assert "Of 2 published figures, 1 lies where single runs of ours do, 0 further out" in words


def test_a_published_figure_without_runs_is_shown_with_the_reason(results, settings):
    path = results / "conclusions/tables/findings.csv"
    table = read_csv(path)
    lost = table[table["claim"] == "b-error"].assign(
        claim="lost", runs=0, effect=None, p=None, verdict="says nothing", published=0.5,
        reason="x.csv of vae is not there",
    )  # fmt: skip
    write_csv(pd.concat([table, lost]), path)
    chapter = in_english(conclusions.chapter(results, settings))
    (row,) = (row for row in chapter.more[1].rows if row[-1])
    assert row[2:] == (*[parts.NONE] * 5, "says nothing", "x.csv of vae is not there")
    assert "Of 3 published figures" in " ".join(chapter.details)


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [("verdict", "contradicted", "0 of 5 claims"), ("effect", 0.77, "0.77 ["),
     ("p_holm", 0.0456, "0.046"), ("effect_low", -0.123, "[-0.12,"), ("p", 0.0321, "0.032"),
     ("says", "contradicted", "Of 4 readings: 4 against it."), ("counts_from", 0.0283, "0.028")],
)  # fmt: skip
def test_changing_a_verdict_changes_the_page(unedited, results, settings, column, value, shown):
    path = results / "conclusions/tables/findings.csv"
    assert shown not in Outline(unedited).words
    table = read_csv(path)
    table.loc[table["kind"] != "figure", column] = value
    write_csv(table, path)
    assert shown in Outline(page(results, settings)).words


def test_readings_and_controls_stand_below_their_claim(unedited, results, settings):
    table = in_english(conclusions.chapter(results, settings)).table
    rows = {row[0]: row for row in table.rows}
    assert list(rows)[:6] == [
        "The claim of layers.", "read: the reading pixels", "read: the reading code",
        "read: the reading gone", "control, must fail: the control number",
        "control, must pass: the control perfect",
    ]  # fmt: skip
    assert rows["control, must fail: the control lost"][2:] == (
        "not testable", *[parts.NONE] * 4, "y.csv of vae is not there",
    )  # fmt: skip
    words = Outline(unedited).words
    assert "1 unclear and 1 not testable. 1 control could not be computed." in words
    assert rows["The claim of layers."][1:] == (
        "\N{CHECK MARK} supported", "for it", "0.61 [0.52, 0.68]", "0.30", "0.012", "30",
        "0.987 (1), 0.321 (3)",
    )  # fmt: skip
    assert rows["read: the reading code"][1:4] == (parts.NONE, "unclear", "0.31 [0.52, 0.68]")
    assert rows["read: the reading code"][5] == "0.001"  # its own p, not corrected
    assert rows["read: the reading gone"][2:] == (
        "not testable", *[parts.NONE] * 4, "x.csv of vae is not there",
    )  # fmt: skip
    assert rows["control, must pass: the control perfect"][2] == "as it must"
    path = results / "conclusions/tables/findings.csv"
    found = read_csv(path)
    wrong = found["claim"] == "number"
    found["says"] = found["says"].mask(wrong, "not as it must")
    write_csv(found, path)
    assert (
        "must fail: the control number \N{EN DASH} not as it must"
        in Outline(page(results, settings)).words
    )


def test_what_single_runs_are_worth_is_told(unedited, results, settings):
    table = in_english(conclusions.chapter(results, settings)).more[2]
    area = "code area (Variational autoencoder)"
    assert table.rows == (
        ("all six in their order", "published order", "error (Architectures)", "0.0234", "30"),
        ("one ahead of the other", "published conclusion", area, "1.00", "6"),
        ("what is gone", "published order", area, "x.csv of vae is not there", parts.NONE),
    )  # fmt: skip
    words = Outline(unedited).words
    assert "one run of ours each, 2 % come out as the original's: all six in their order." in words
    path = results / "conclusions/tables/single_runs.csv"
    write_csv(read_csv(path).assign(chance=0.9), path)
    assert "Single runs agree with the original" in Outline(page(results, settings)).words


def test_what_a_verdict_depends_on_is_said_in_every_language(results, settings):
    (row,) = (v for v in conclusions.board(results) if v.verdict == "depends on the reading")
    texts = {"It depends on {what}.": "Depende de {what}.", "the noise": "el ruido",
             "the measure": "la medida", "{items} and {last}": "{items} y {last}"}  # fmt: skip
    spanish = said(row.why, Language("es", "Español", "n != 1", texts, set()))
    assert "Depende de el ruido y la medida." in spanish
    assert said(row.label, Language("es", "E", "n", {"depends on the reading": "d"})) == "d"


def test_how_each_claim_was_tested_is_told_once_a_claim(results, settings):
    table = in_english(conclusions.chapter(results, settings)).more[0]
    assert len(table.rows) == 4  # of an opinion nothing, of readings nothing
    assert table.rows[0][3:] == (
        "order of runs against simulated order", "Cliff's delta along the levels",
    )  # fmt: skip


def test_one_more_measure_is_one_more_column(results, settings, monkeypatch):
    measure = Measure("mean", bounds=(-1, 1), heading="likeness", digits=2)
    monkeypatch.setitem(MEASURES, "likeness", measure)
    write(chapter_tables(settings), results)
    table = chapters(results, settings)["denoising"].table
    assert "within 1 pixel" in table.columns
    assert table.columns[-2] == "likeness"
    assert {row[-2] for row in table.rows} == {"0.50"}
    assert "Right letter, exact, within 1 pixel" in table.note
    assert " and likeness: means on fresh noise." in table.note


def test_a_claim_of_ours_is_counted_and_named_as_ours(results, settings):
    path = results / "conclusions/tables/findings.csv"
    table = read_csv(path)
    layers = table[table["claim"] == "layers"]
    ours = layers.assign(
        claim="biases", of="biases", kind="ours", text="Biases help.", test="dominance"
    )
    write_csv(pd.concat([table, ours]), path)
    path = results / "conclusions/tables/observed.csv"
    groups = [("biases", "with biases", 0.1), ("biases", "without biases", 0.9)]
    seen = pd.DataFrame(groups, columns=["claim", "name", "value"])
    seen = seen.assign(kind="ours", of="biases")
    write_csv(pd.concat([read_csv(path), seen]), path)
    words = Outline(page(results, settings)).words
    assert "1 of 5 claims of the original is supported" in words
    shown = "Biases help (ours)."
    assert words.count(shown) == 3  # first screen, two tables
    assert f"supported {shown}" in words
    chapter = conclusions.chapter(results, settings)
    to = Language("es", "Español", "n != 1", {"with biases": "con sesgos"}, set())
    rows = [[said(cell, to) for cell in row] for row in chapter.table.rows]
    assert [r[-1] for r in rows if shown in r[0]] == ["0.100 (con sesgos), 0.900 (without biases)"]
    assert "without biases" in to.missing
    assert "1" not in to.missing  # a value of a group is no word


def test_every_chapter_says_what_made_it(results, settings):
    lock = (ROOT / "requirements.lock").read_text()
    result = context(results, settings, {"train_letters": "0123abcd"}, lock)
    words = Outline(render(result, TEMPLATE, STYLE)).words
    assert words.count("How this was made") == len(result["chapters"])
    assert "train_letters (code 0123abcd)" in words
    pinned = versions("scipy==1.2.3 \\\n    --hash=x\nnumpy==4.5.6 ; python_version >= '3.11' \\\n")
    assert pinned == {"numpy": "4.5.6", "scipy": "1.2.3"}
    for name in ("numpy", "scipy", "numba", "jax", "keras", "snakemake", "dvc"):
        assert f"{name} {versions(lock)[name]}" in words


def test_tables_of_words_wrap_and_long_chapters_fold(unedited):
    html = unedited
    assert html.count('class="prose"') > 10
    letters = html[html.index('id="letters"') : html.index('id="denoising"')]
    assert letters.count('<details class="group">') > 3
    assert '<details class="group" open' not in html


def test_the_readme_has_the_committed_verdicts(tmp_path):
    """Of what git has: a study run without a network, or edited, is the reader's own."""

    def of_git(path):
        show = subprocess.run(["git", "show", f":{path}"], cwd=ROOT, capture_output=True)
        if show.returncode:
            pytest.skip("no git, or the study has not run")
        (tmp_path / "file").write_bytes(show.stdout)
        return tmp_path / "file"

    metrics = read_json(of_git("results/conclusions/metrics.json"))
    if not all("readings" in found for found in metrics["claims"].values()):
        pytest.skip("the study has not run since claims have readings")
    table = readme(read_yaml(of_git("data/claims.yaml")), metrics)
    assert table in of_git("README.md").read_text(encoding="utf-8"), "run: make readme"


def test_the_readme_follows_the_metrics():
    claims = {
        "claims": {
            "a": {"claim": "It is so.", "test": "trend"},
            "b": {"claim": "Nice."},
            "c": {"claim": "It helps.", "of": "ours"},
            "d": {"claim": "It may be."},
            "new": {"claim": "Not yet tested."},
        }
    }
    result = {"effect": 0.5, "effect_low": 0.25, "effect_high": 0.75, "runs": 12}

    def reading(says, **more):
        return {**result, "says": says, **more}

    metrics = {
        "claims": {
            "a": {"verdict": "supported",
                  "readings": {"other": reading("inconclusive"), "a": reading("supported")}},
            "b": {"verdict": "not testable",
                  "readings": {"b": {"runs": 0, "says": "not testable"}}},
            "c": {"verdict": "contradicted", "readings": {"c": reading("contradicted")}},
            "d": {"verdict": "depends on the reading", "reason": "on the noise",
                  "readings": {"d": reading("supported"), "e": reading("contradicted")}},
        },
        "figures": {
            name: {"experiment": "x", "measure": "error", "published": published, "verdict": word,
                   "runs": 39 if name == "x" else 38}
            for name, published, word in (
                ("x", 1.0, "compatible"), ("x-as-run", 1.0, "outside"), ("y", 2.0, "outside"),
                ("z", 3.0, "says nothing"), ("w", 4.0, "compatible"),
            )
        },
    }  # fmt: skip
    table = readme(claims, metrics)
    assert "| It is so. | 0.50 [0.25, 0.75] | 12 | 1, 0, 1 | \N{CHECK MARK} supported |" in table
    assert "| Nice. | \N{EN DASH} | \N{EN DASH} | \N{EN DASH} | \N{EN DASH} not testable |" in table
    assert (
        "| It helps (ours). | 0.50 [0.25, 0.75] | 12 | 0, 1, 0 | \N{MULTIPLICATION X} co" in table
    )
    assert "| 1, 1, 0 | \N{PLUS-MINUS SIGN} depends on the noise |" in table
    assert "Not yet" not in table
    assert table.endswith(
        "\nOf 4 published figures, 2 lie where single runs of ours do, 1 further out than 95 of 100"
        " of them; of 1 our runs say nothing. Of 3 of them we have fewer than 39 runs, too few to"
        " be further out."
    )


def test_image_sets_left_out_are_named(unedited, results, settings):
    assert "Not in it" not in unedited
    settings["vae"]["datasets"] = ["digits", "capitals"]
    words = Outline(page(results, settings)).words
    assert (
        "Image sets in this run: small digits and capital letters of the font. Not in it: MNIST"
        " and Fashion-MNIST." in words
    )
    assert "Not in this run: MNIST and Fashion-MNIST." in words
    assert "153.4" not in words  # no row of a set that is not in this run


def test_drawers_lead_to_their_networks_in_the_explorer(unedited, results, settings):
    folded = {
        (name, group.explorer)
        for name, chapter in chapters(results, settings).items()
        for group in chapter.groups
        if group.folded and name != "conclusions"
    }
    assert all(address for _, address in folded)
    room = {"architectures": "learn", "optimizers": "race", "letters": "letters",
            "denoising": "denoiser", "vae": "images"}  # fmt: skip
    for name, address in folded:
        assert address.startswith(f"in={room[name]}")
    shown = unedited
    for _, address in folded:
        assert f'href="explorer.html#{address.replace("&", "&amp;")}"' in shown


def test_names_from_parameters_are_escaped(results, settings):
    evil = "<script>alert(1)</script>"
    path = results / "architectures/tables/summary.csv"
    write_csv(read_csv(path).replace({"network": {"35-15-2": evil}}), path)
    networks = settings["architectures"]["networks"]
    settings["architectures"]["networks"] = {evil: networks.pop("35-15-2"), **networks}
    html = page(results, settings)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_what_made_a_chapter_is_there(unedited, settings):
    words = Outline(unedited).words
    for experiment in ("conclusions", "architectures", "optimizers", "letters", "denoising", "vae"):
        assert f"snakemake --cores all {experiment}" in words
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        rules = re.findall(
            r"^rule ((?:tune|train|evaluate|compare|vary|relate|introduce|tabulate|plot|draw|test)"
            r"_\w+):",
            path.read_text(),
            re.M,
        )
        assert all(rule in words for rule in rules)
    assert json.dumps(settings["denoising"]["tests"]["probabilities"]) in words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.127039, "0.127"),
        (153.44, "153"),
        (1000, "1000"),
        (2.796e-42, "2.80e-42"),
        (0.0, "0"),
        (-3.14159, "-3.14"),
        (math.nan, parts.NONE),
        (None, parts.NONE),
    ],
)
def test_numbers_have_three_significant_digits(value, text):
    assert parts.number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "50 %"), (1.0, "100 %"), (0.0, "0 %"), (0.9991, "99.9 %"), (0.99999, "> 99.9 %"),
     (0.001, "0.1 %"), (0.00001, "< 0.1 %"), (math.nan, parts.NONE)],
)  # fmt: skip
def test_nearly_all_is_not_all(share, text):
    assert parts.percent(share) == text


def test_intervals_and_lists_in_words():
    row = measures(error=0.25)
    assert parts.interval(row, "error") == "0.250 [0.225, 0.275]"
    assert str(parts.stated(row, "error")) == "0.250 (95 % interval 0.225 to 0.275)"
    assert parts.stated({**row, "error_low": math.nan}, "error") == "0.250"
    assert (
        parts.interval(measures(error=0.25) | {"error_low": 0.25, "error_high": 0.25}, "error")
        == "0.250"
    )
    assert str(parts.listing(["a"])) == "a"
    assert str(parts.listing(["a", "b", "c"])) == "a, b and c"
    assert str(parts.starts(1)) == "1 start"
    assert str(parts.rank(1 / 30, 30)) == "1 of 30"
    assert str(parts.trained("adam", "other-loss")) == "adam on the other loss"


@pytest.mark.parametrize(("style", "javascript"), [("</style><script>", ""), ("", "</script>")])
def test_what_would_end_its_element_is_refused(style, javascript):
    with pytest.raises(ValueError, match="style sheet nor script"):
        render({}, "", style, javascript)
