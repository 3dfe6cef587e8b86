"""Of thousands of cells, figures and pages show as many as a person looks at."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import made_up as small
from latentlab import shown
from latentlab.experiments.architectures import figures as architectures
from latentlab.experiments.denoising import figures as denoising
from latentlab.experiments.denoising.plan import (
    denoising_families,
    denoising_families_drawn,
    denoising_plots,
)
from latentlab.experiments.letters import figures as letters
from latentlab.experiments.letters.plan import letters_drawn, letters_factors, letters_illustrated
from latentlab.experiments.optimizers import figures as optimizers
from latentlab.experiments.registry import EXPERIMENTS, cells, explored
from latentlab.files.yaml import read_yaml
from latentlab.pages.parts import listing, made, shown_rows

PARAMS = read_yaml(Path(__file__).parents[2] / "params.yaml")
MANY = 300
HIGHEST = 60  # inches: 11,520 pixels of a PNG, of which WebP holds 16,383


@given(st.integers(0, 400), st.integers(2, 60))
def test_items_are_spaced_evenly_with_the_first_and_the_last(total, most):
    result = shown.spaced(range(total), most)
    assert len(result) == min(total, most)
    assert result == sorted(set(result))
    if total:
        assert (result[0], result[-1]) == (0, total - 1)
    gaps = set(np.diff(result))
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_of_few_all_are_shown():
    assert shown.spaced("abc", 3) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="at least 2"):
        shown.spaced("abc", 1)


def repeated(table, column, names):
    """The rows of the first name of a column, once for each of the names."""
    one = table[table[column] == table[column].iloc[0]]
    return pd.concat([one.assign(**{column: name}) for name in names], ignore_index=True)


NETWORKS = [f"35-{n}-2" for n in range(MANY)]
CURVES, REPLICATES = (repeated(t, "network", NETWORKS) for t in small.curves_and_replicates())
RANGES = [round(0.1 + i / 1000, 6) for i in range(MANY)]
CELLS = small.denoising_cells(["font1"])
MATRIX = repeated(small.denoising_matrix(CELLS, small.noises(["uniform"])), "range", RANGES)
TESTED = MATRIX.assign(test_range=MATRIX["range"])
BASELINES = small.denoising_baselines([("font1", "published")], small.noises())
FIGURES = {
    "learning_curves": lambda: architectures.learning_curves(CURVES, {}),
    "final_errors": lambda: architectures.final_errors(REPLICATES, {}),
    "wrong_pixels": lambda: architectures.wrong_pixels(REPLICATES),
    "convergence": lambda: optimizers.convergence(
        repeated(small.optimizer_curves(), "network", NETWORKS)
    ),
    "optimizers": lambda: optimizers.final_errors(
        repeated(small.optimizer_replicates(), "network", NETWORKS)
    ),
    "letter_errors": lambda: letters.letter_errors(
        repeated(small.letter_table(), "network", NETWORKS)
    ),
    "latent_spaces": lambda: letters.latent_spaces(
        *(repeated(t, "network", NETWORKS) for t in small.latent_tables())
    ),
    "scores": lambda: denoising.scores(repeated(small.denoising_summary(CELLS), "range", RANGES)),
    "baselines": lambda: denoising.baselines(TESTED, BASELINES),
    "transfer": lambda: denoising.transfer(
        repeated(TESTED, "kind", [f"kind {i}" for i in range(MANY)]), BASELINES
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_hundreds_are_no_higher_than_a_page_can_show_and_say_of_how_many(name):
    figure = FIGURES[name]()
    assert max(figure.get_size_inches()) < HIGHEST
    title = figure.get_suptitle() or figure.texts[0].get_text()
    assert title.endswith(")")
    assert " of " in title


@pytest.mark.parametrize("figure_of", [denoising.baselines, denoising.transfer])
def test_where_no_noise_that_was_learned_is_tested_the_figure_says_so(figure_of):
    elsewhere = MATRIX[MATRIX["range"] != MATRIX["test_range"]]
    figure = figure_of(elsewhere, BASELINES)
    assert "no noise that was learned is tested" in {text.get_text() for text in figure.texts}


def test_pages_have_places_for_so_many_cells():
    many = copy.deepcopy(PARAMS)
    named, denoisers = many["letters"]["networks"], many["denoising"]["networks"]
    one = named["exceptional"], denoisers["published"]
    for i in range(MANY):
        named[f"n-{i}"], denoisers[f"n-{i}"] = one
    letters_shown = letters_drawn(many["letters"])
    assert len(letters_shown) == shown.CELLS < len(letters_factors(many["letters"]))
    families = denoising_families_drawn(many["denoising"])
    assert len(families) == shown.CELLS < len(denoising_families(many["denoising"]))
    different = copy.deepcopy(many)["letters"]
    for i in range(MANY):
        different["networks"][f"n-{i}"] = {**one[0], "architecture": [35, 2 + i, 2, 2 + i, 35]}
    assert len(letters_illustrated(different)) == shown.CELLS
    assert len(denoising_plots(many["denoising"])) <= 4 + 3 * shown.CELLS
    page = explored(many, {name: cells(many, name) for name in EXPERIMENTS})
    assert [len(page[name]) for name in ("letters", "denoising")] == [shown.CELLS] * 2
    assert letters_drawn(PARAMS["letters"]) == letters_factors(PARAMS["letters"])


def test_tables_lists_and_parameters_of_a_page_say_what_they_leave_out():
    table = pd.DataFrame({"a": range(1000)})
    rows, note = shown_rows(table)
    assert [rows[0], rows[-1], len(rows)] == [{"a": 0}, {"a": 999}, shown.ROWS]
    assert str(note).startswith(f"{shown.ROWS} of 1000 rows")
    assert shown_rows(table.head(3)) == ([{"a": 0}, {"a": 1}, {"a": 2}], None)
    assert str(listing([str(i) for i in range(1000)])).endswith(", 47 and 952 more")
    text = made("letters", {f"n-{i}": "x" * 70 for i in range(1000)}, ["train"]).parameters
    assert text.splitlines()[-1] == "# 600 more lines: params.yaml"
    assert len(text.splitlines()) == shown.ROWS + 1
