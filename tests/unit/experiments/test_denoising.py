"""Denoisers: their noise, scores, baselines, how similar letters are, what tables make of it."""

import copy
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import made_up
from latentlab.data.fonts import Font, read_fonts
from latentlab.data.noise import NOISES
from latentlab.experiments.conclusions import evidence
from latentlab.experiments.conclusions.evidence import Draws
from latentlab.experiments.denoising import denoisers, scores, sets, subsets
from latentlab.experiments.denoising.baselines import BASELINES, score_baselines
from latentlab.experiments.denoising.figures import with_own_noise
from latentlab.experiments.denoising.measures import MEASURES, Measure
from latentlab.experiments.denoising.tables import (
    answers_scored,
    baseline_summary,
    denoising_correlations,
    denoising_metrics,
    denoising_summary,
    nearest_denoisers,
    noise_metrics,
    share_of_draws,
    summary_of,
)
from latentlab.measures import similarity
from latentlab.measures.metrics import nearest_letter, wrong_pixels

FONTS = read_fonts(Path(__file__).parents[3] / "data/fonts/font.h")
XHIR = FONTS["font2"].subset("XHIR").pixels
FLIPS = {"kind": "bit_flip", "probability": 0.15, "range": 0.5}
NETWORK = {
    "architecture": [4, 3, 4],
    **dict.fromkeys(("encoder", "latent", "decoder"), "tanh"),
    "output": "sigmoid",
    "beta": 0.8,
    "biases": True,
}
ADAM = {
    "optimizer": "adam",
    "max_epochs": 7,
    "learning_rate": 0.05,
    "schedule": "cosine",
    "loss": "cross-entropy",
    "record_every": 3,
}
SETTINGS = {
    "seed": 1,
    "cell": "c",
    "network": NETWORK,
    "noise": {"kind": "uniform", "probability": 0.5, "range": 0.5},
    "copies": 3,
    "redraw": False,
    "training": ADAM,
    "replicates": 2,
    "fresh_draws": 20,
    "threshold": 0.5,
    "drawn_above": 0.35,
}
bits = hnp.arrays(np.float64, (6, 35), elements=st.sampled_from([0.0, 1.0]))


# ------------------------------------------------------------------ noisy sets


def test_fresh_noise_is_not_the_training_noise():
    letters = np.eye(4)
    training, targets = sets.training_set(letters, SETTINGS, 0)
    fresh, _ = sets.fresh_set(letters, 3, SETTINGS["noise"], 1, "font", "subset")
    other, _ = sets.training_set(letters, SETTINGS, 1)
    assert training.shape == (12, 4)
    assert np.array_equal(targets, np.tile(letters, (3, 1)))
    assert not np.array_equal(training, fresh)
    assert not np.array_equal(training, other)


def test_redrawn_noise_differs_by_epoch_and_is_the_same_again():
    letters = np.eye(4)
    drawn = [sets.training_set(letters, SETTINGS, 0, epoch)[0] for epoch in (None, 0, 1, 1)]
    assert np.array_equal(drawn[2], drawn[3])
    assert all(not np.array_equal(a, b) for a, b in itertools.combinations(drawn[:3], 2))
    redrawn = {**SETTINGS, "redraw": True}
    last, _ = sets.last_training_set(letters, redrawn, 0)
    assert np.array_equal(last, sets.training_set(letters, redrawn, 0, 6)[0])
    fixed, _ = sets.last_training_set(letters, SETTINGS, 0)
    assert np.array_equal(fixed, drawn[0])


@pytest.mark.parametrize("redraw", [False, True])
def test_training_is_the_same_again_and_differs_by_redraw(redraw):
    settings = {**SETTINGS, "redraw": redraw}
    first, again = (denoisers.train_denoisers(np.eye(4), settings) for _ in range(2))
    other = denoisers.train_denoisers(np.eye(4), {**settings, "redraw": not redraw})
    assert len(first) == 2
    assert [t.weights.tobytes() for t in first.values()] == [
        t.weights.tobytes() for t in again.values()
    ]
    assert not np.allclose(first[0].weights, other[0].weights)
    assert not np.array_equal(first[0].weights, first[1].weights)


def test_salt_and_pepper_is_bit_flips_of_half_the_probability():
    letters = np.tile(FONTS["font2"].pixels, (400, 1))
    rng = np.random.default_rng
    salt = NOISES["salt_and_pepper"](letters, 0.3, 0.5, rng(1)) != letters
    flip = NOISES["bit_flip"](letters, 0.15, 0.5, rng(2)) != letters
    assert salt.mean() == pytest.approx(flip.mean(), abs=0.003)
    assert salt[letters == 1].mean() == pytest.approx(0.15, abs=0.003)
    # and pixels are hit independently: the spread of hits a letter is the binomial's
    assert salt.sum(axis=1).var() == pytest.approx(35 * 0.15 * 0.85, rel=0.05)


def test_kinds_are_drawn_on_the_same_pixels():
    tests = {"kinds": ["bit_flip", "gaussian"], "probabilities": [0.2, 0.4], "ranges": [0.5]}
    drawn = sets.kinds_drawn(XHIR[0], tests, 3)
    hits = [drawn[kind] != XHIR[0] for kind in tests["kinds"]]
    assert np.array_equal(*hits)
    assert (hits[0][0] <= hits[0][1]).all()  # a higher probability hits these and more


# ------------------------------------------------------------------ scores


def identity():
    net = {
        "architecture": [4, 4, 4],
        **dict.fromkeys(("encoder", "latent", "decoder", "output"), "linear"),
        "beta": 0.8,
        "biases": False,
    }
    weights = np.concatenate([np.eye(4).ravel(), np.eye(4).ravel()])[None]
    noise = {"kind": "uniform", "probability": 1.0, "range": 0.4}
    return weights, {**SETTINGS, "network": net, "noise": noise, "fresh_draws": 50}


def test_answers_are_scored_on_both_noises():
    weights, settings = identity()
    table = scores.score_cell(weights, np.eye(4), settings).set_index("noise")
    assert table["exact"].tolist() == [1.0, 1.0]
    assert table["right_letter"].tolist() == [1.0, 1.0]
    # each of 4 pixels is off by uniform(0, 0.4): 0.5 * 4 * 0.4**2 / 3
    assert table.loc["fresh", "error"] == pytest.approx(0.5 * 4 * 0.16 / 3, rel=0.15)


def test_every_noise_is_tested():
    weights, settings = identity()
    tests = [settings["noise"], {"kind": "bit_flip", "probability": 1.0, "range": 0.4}]
    table = scores.score_tests(weights, np.eye(4), settings, tests, "font")
    assert table["test_kind"].tolist() == ["uniform", "bit_flip"]
    assert table["exact"].tolist() == [1.0, 0.0]
    assert table["mean_wrong_pixels"].tolist() == [0.0, 4.0]
    # on its own noise a test is the fresh score
    own = scores.score_cell(weights, np.eye(4), settings, "font").set_index("noise")
    assert table["error"][0] == own.loc["fresh", "error"]


def test_answers_are_scored_as_the_original_drew_them_too():
    """Noise up to 0.4 on every pixel: below 0.5 always, above 0.35 once in eight times."""
    weights, settings = identity()
    table = scores.score_cell(weights, np.eye(4), {**settings, "fresh_draws": 500})
    fresh = table[table["noise"] == "fresh"].iloc[0]
    off = 1 / 8  # none of the letter's own pixel, which only falls to 0.6
    share = (1 - off) ** 3 + 3 * off * (1 - off) ** 2
    assert fresh["within_one_pixel"] == 1.0
    assert fresh["nothing_within_one_pixel_drawn"] == pytest.approx(share, abs=0.03)
    # the network gives back what it is given: it does nothing
    assert fresh["within_one_pixel_drawn"] == fresh["nothing_within_one_pixel_drawn"]
    inputs, answers = np.array([[0.4, 0.4, 0.0]]), np.array([[0.4, 0.1, 0.0]])
    assert scores.drawn_scores(inputs, answers, np.zeros((1, 3)), 0.35) == {
        "within_one_pixel_drawn": 1.0,
        "nothing_within_one_pixel_drawn": 0.0,
    }
    summary = summary_of(table, ["noise"]).set_index("noise")
    assert summary.loc["fresh", "within_one_pixel_drawn"] == fresh["within_one_pixel_drawn"]
    assert "nothing_within_one_pixel_drawn_low" in summary


def test_the_spread_of_replicates_holds_that_of_the_draws():
    """Of equal networks all that differs is the noise: as much as so many draws make it."""
    weights, settings = identity()
    settings = {**settings, "noise": {**FLIPS, "probability": 0.3}, "fresh_draws": 50}
    equal = np.tile(weights, (40, 1))
    cell = scores.score_cell(equal, np.eye(4), settings, "f", "s")
    tests = scores.score_tests(equal, np.eye(4), settings, [settings["noise"]], "f", "s")
    found = cell.loc[cell["noise"] == "fresh", "within_one_pixel"].to_numpy()
    share = found.mean()
    assert found.std(ddof=1) == pytest.approx(np.sqrt(share * (1 - share) / 200), rel=0.35)
    assert tests["within_one_pixel"].tolist() == found.tolist()
    # networks of the same letters are compared on the same draws, and baselines have others
    own, again, other = (
        sets_of[0]
        for sets_of in (
            scores.own_fresh_set(np.eye(4), settings, FLIPS, 0, "f", "s"),
            scores.own_fresh_set(np.eye(4), {**settings, "cell": "d"}, FLIPS, 0, "f", "s"),
            sets.fresh_set(np.eye(4), 50, FLIPS, 1, "f", "s"),
        )
    )
    assert np.array_equal(own, again)
    assert not np.array_equal(own, other)


@given(bits, bits)
def test_the_nearest_letter_is_at_the_smallest_distance(outputs, letters):
    distance = (outputs[:, None] != letters).sum(axis=-1)
    assert nearest_letter(outputs, letters, 0.5).tolist() == distance.argmin(axis=1).tolist()


# ------------------------------------------------------------------ baselines


def answers(name, inputs, letters=XHIR, examples=(XHIR, XHIR)):
    return BASELINES[name](inputs, letters, 0.5, examples)


@pytest.mark.parametrize("name", BASELINES)
def test_clean_letters_stay_clean(name):
    assert wrong_pixels(answers(name, XHIR), XHIR, 0.5).max() == 0


def test_the_best_decision_is_the_best_of_all_patterns():
    """All 2^6 patterns tried: none is more often within a pixel of the letter."""
    letters = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1.0]])
    rng = np.random.default_rng(3)
    clean = np.tile(letters, (500, 1))
    examples = NOISES["bit_flip"](clean, 0.2, 0.5, rng), clean
    rate = np.mean(examples[0] != clean)
    every = np.array([[n >> bit & 1 for bit in range(6)] for n in range(64)], float)
    near = (every[:, None] != letters).sum(axis=2) <= 1

    likelihood = np.array(
        [[rate**d * (1 - rate) ** (6 - d) for d in (x != letters).sum(axis=1)] for x in every]
    )
    chances = likelihood @ near.T
    found = answers("best_decision", every, letters, examples)
    own = chances[np.arange(64), (found @ 2 ** np.arange(6)).astype(int)]
    assert own == pytest.approx(chances.max(axis=1))
    between = {tuple(answer) for answer in found} - set(map(tuple, letters))
    assert between  # the nearest letter is not always the best bet


def test_a_hopfield_network_settles_at_the_nearest_stored_letter():
    # two patterns at right angles, as -1 and 1
    stored = np.array([[1.0] * 8, [1.0] * 4 + [0.0] * 4])
    noisy = stored.copy()
    noisy[0, 1] = noisy[1, 6] = 0.0
    noisy[1, 6] = 1.0
    assert np.array_equal(answers("hopfield", noisy, stored), stored)
    # a gray pixel counts as the side of the threshold on which it is
    assert np.array_equal(answers("hopfield", np.clip(stored, 0.1, 0.9), stored), stored)


def test_a_hopfield_network_never_raises_its_energy():
    letters = FONTS["font2"].pixels
    inputs = NOISES["bit_flip"](letters, 0.2, 0.5, np.random.default_rng(0))
    settled = answers("hopfield", inputs, letters)
    stored = 2 * letters - 1
    weights = stored.T @ stored
    np.fill_diagonal(weights, 0)

    def energy(x):
        state = np.where(x > 0.5, 1.0, -1.0)
        return -0.5 * np.einsum("si,ij,sj->s", state, weights, state)

    assert (energy(settled) <= energy(inputs)).all()
    assert np.array_equal(answers("hopfield", settled, letters), settled)
    # settled: no pixel would rather turn, by the others alone
    state = np.where(settled > 0.5, 1.0, -1.0)
    assert (state * (state @ weights) >= 0).all()


def test_the_linear_denoiser_undoes_an_affine_map():
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 2, (50, 5)).astype(float)
    mixed = clean @ rng.normal(size=(5, 5)) + 3.0
    assert np.allclose(answers("linear", mixed, clean, (mixed, clean)), clean)


def test_the_linear_denoiser_is_the_best_linear_one():
    rng = np.random.default_rng(0)
    clean = np.tile(XHIR, (50, 1))
    noisy = NOISES["bit_flip"](clean, 0.2, 0.5, rng)
    best = np.sum((answers("linear", noisy, XHIR, (noisy, clean)) - clean) ** 2)
    for _ in range(5):
        other = np.sum((noisy @ rng.normal(0, 0.1, (35, 35)) - clean) ** 2)
        assert best < other
    assert best < np.sum((noisy - clean) ** 2)


def test_the_nearest_letter_is_the_most_likely_one_whatever_the_probability():
    rng = np.random.default_rng(0)
    noisy = NOISES["bit_flip"](np.tile(XHIR, (50, 1)), 0.3, 0.5, rng)
    distance = (noisy[:, None] != XHIR).sum(axis=-1)
    found = answers("nearest_letter", noisy)
    for p in (0.05, 0.3, 0.45):
        likelihood = distance * np.log(p) + (35 - distance) * np.log(1 - p)
        taken = likelihood[np.arange(len(noisy)), nearest_letter(found, XHIR, 0.5)]
        assert np.allclose(taken, likelihood.max(axis=1))


def test_uniform_noise_as_meant_never_crosses_the_threshold():
    """A range of 0.5 cannot make a pixel wrong: whoever does nothing is exactly right."""
    settings = {"seed": 1, "fresh_draws": 200, "threshold": 0.5, "linear_copies": 5}
    tests = [{"kind": "uniform", "probability": 0.9, "range": 0.5}]
    scores = score_baselines(XHIR, tests, settings, "font2", "x").set_index("baseline")
    assert list(scores.index) == list(BASELINES)
    assert scores.loc["do_nothing", "exact"] == 1.0
    assert scores.loc["nearest_letter", "error"] == 0.0


# ------------------------------------------------------------------ similarity


@given(bits)
def test_cosines_are_those_of_the_definition(letters):
    found = similarity.cosines(letters)
    for (i, a), (j, b) in itertools.product(enumerate(letters), repeat=2):
        if a.any() and b.any():
            assert found[i, j] == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)))
        else:
            assert np.isnan(found[i, j])


@given(bits)
def test_centered_cosines_are_correlations_and_do_not_know_the_colors(letters):
    found = similarity.cosines(similarity.centered(letters))
    varied = np.flatnonzero(np.ptp(letters, axis=1) > 0)
    for i, j in itertools.combinations(varied, 2):
        assert found[i, j] == pytest.approx(np.corrcoef(letters[i], letters[j])[0, 1], abs=1e-9)
    inverse = similarity.similarities(1 - letters)
    value = similarity.similarities(letters)
    for key in ("similarity_centered", "left_out_centered"):
        assert inverse[key] == pytest.approx(value[key], nan_ok=True)


@given(bits, st.randoms())
def test_similarity_does_not_depend_on_the_order_of_letters(letters, random):
    order = random.sample(range(6), 6)
    a, b = similarity.similarities(letters), similarity.similarities(letters[order])
    assert a == pytest.approx(b, nan_ok=True)
    assert not a["similarity"] > 1 + 1e-12
    assert not a["similarity"] < 0


def test_letters_without_a_cosine_are_left_out_and_counted():
    letters = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], float)
    found = similarity.similarities(letters)
    assert found["left_out"] == 1
    assert found["left_out_centered"] == 2
    assert found["similarity"] == pytest.approx((0.5 + np.sqrt(0.5) + np.sqrt(0.5)) / 3)
    assert found["similarity_centered"] == pytest.approx(0.0)
    assert np.isnan(similarity.similarities(letters[:2])["similarity"])


def test_subsets_lie_across_the_range_of_similarity():
    letters = FONTS["font2"].pixels
    found = similarity.stratified_subsets(letters, 4, 20, np.random.default_rng(1))
    every = similarity.mean_absolute_cosine(
        similarity.cosines(letters), np.array(list(itertools.combinations(range(32), 4)))
    )
    values = [similarity.similarities(letters[list(s)])["similarity"] for s in found]
    assert values == sorted(values)
    assert len(set(found)) == len(found) > 15
    assert all(len(set(subset)) == 4 for subset in found)
    step = np.ptp(every) / 20
    assert values[0] <= every.min() + step
    assert values[-1] >= every.max() - step
    assert np.histogram(values, 4, (every.min(), every.max()))[0].min() >= 3
    again = similarity.stratified_subsets(letters, 4, 20, np.random.default_rng(1))
    assert found == again
    whole = similarity.stratified_subsets(letters, 32, 3, np.random.default_rng(1))
    assert whole == [tuple(range(32))]
    large = similarity.stratified_subsets(letters, 16, 3, np.random.default_rng(1))
    assert all(len(set(subset)) == 16 for subset in large)


# ------------------------------------------------------------------ trainings inside one job


def test_variations_move_one_knob_each():
    settings = {**SETTINGS, "redraw": True, "font": "f", "subset": "s", "noise": FLIPS}
    table = subsets.vary(np.eye(4), {**settings, "vary_copies": [1, 4], "vary_latent": [2]})
    cases = table[["knob", "value"]].drop_duplicates().to_numpy().tolist()
    assert cases == [["redrawn", 3], ["copies", 1], ["copies", 4], ["latent", 2]]
    assert (table.groupby(["knob", "value"])["replicate"].nunique() == 2).all()
    # the base is the denoiser itself, trained as a cell is
    case = {**settings, "cell": "c/redrawn/3"}
    weights = denoisers.train_denoisers(np.eye(4), case)[0].weights
    fresh = scores.own_fresh_set(np.eye(4), case, FLIPS, 0, "f", "s")
    assert table["error"][0] == scores.scores_of(weights, fresh, np.eye(4), case)["error"]


def test_resistance_is_related_to_similarity():
    letters = Font("f", ("a", "b", "c", "d", "e"), np.vstack([np.eye(4), np.ones((1, 4))]))
    settings = {**SETTINGS, "noise": FLIPS, "marked": {"published": "ab"},
                "subsets": [{"size": 2, "count": 2}, {"size": 5, "count": 1}],
                "networks": {"n": {k: SETTINGS[k] for k in ("network", "training", "copies",
                                                              "redraw")}}}  # fmt: skip
    table = subsets.relate(letters, settings)
    once = table.drop_duplicates("subset")
    assert once["subset"].tolist() == ["published", "2-0", "2-1", "5-0"]
    assert once["letters"].tolist()[0] == "ab"
    assert once["size"].tolist() == [2, 2, 2, 5]
    assert once["similarity"].tolist()[:3] == pytest.approx([0, 0, 0.5])
    assert {"font", "network", "replicate", "within_one_pixel", "right_letter"} <= set(table)
    assert table["replicate"].tolist() == [0, 1] * 4
    # the nearest letter has the noise of the replicate that it stands beside
    inputs, targets = scores.own_fresh_set(letters.pixels[:2], settings, FLIPS, 1, "f", "published")
    nearest = letters.pixels[:2][nearest_letter(inputs, letters.pixels[:2], 0.5)]
    right = (nearest == targets).all(axis=1).mean()
    assert table["nearest_right_letter"][1] == right
    assert (table.groupby("subset")["nearest_right_letter"].nunique() > 1).any()


# ------------------------------------------------------------------ tables and metrics


def replicate_rows(noise="fresh", **changes):
    key = {"font": "font3", "subset": "all_letters", "network": "wide", "kind": "bit_flip",
           "probability": 0.15, "range": 0.5, **changes}  # fmt: skip
    return [
        {**key, "replicate": r, "noise": noise,
         **made_up.scores(error=0.1, within_one_pixel=0.8 + 0.02 * r)}
        for r in range(3)
    ]  # fmt: skip


def noises_tested(learned, tested, **changes):
    """Tests of denoisers of one family: every noise learned on every noise tested."""
    family = {"font": "font3", "subset": "all_letters", "network": "wide", **changes}
    ends = (("", 0.0), ("_low", -0.05), ("_high", 0.05))
    return [
        {**family, "kind": kind, "probability": p, "range": r,
         "test_kind": test_kind, "test_probability": q, "test_range": s,
         **{f"{measure}{end}": value + p / 10 + q / 100 + by
            for measure, value in (("exact", 0.5), ("within_one_pixel", 0.8))
            for end, by in ends}}
        for kind, p, r in learned
        for test_kind, q, s in tested
    ]  # fmt: skip


def no_variations():
    return pd.DataFrame([{"knob": "redrawn", "value": 4, "replicate": 0, **made_up.scores()}])


def orthogonality_table():
    rows = []
    for i, r in itertools.product(range(6), range(2)):
        score = 0.9 - 0.1 * i + 0.01 * r
        rows.append(
            {"font": "font2", "network": "published", "subset": f"4-{i}", "size": 4,
             "letters": "abcdefghi"[i:i + 4],
             "similarity": 0.1 * i, "similarity_centered": 0.05 * i, "replicate": r,
             "within_one_pixel": score, "right_letter": score,
             "nearest_within_one_pixel": score, "nearest_right_letter": 1 - score}
        )  # fmt: skip
    rows.append({**rows[0], "subset": "8-0", "size": 8, "right_letter": 0.0})
    return pd.DataFrame(rows)


def test_an_interval_ends_at_the_bounds_of_its_measure(monkeypatch):
    monkeypatch.setitem(MEASURES, "likeness", Measure("mean", bounds=(-1, 1)))
    runs = pd.DataFrame({"key": ["a"] * 3 + ["b"], "likeness": [1.0, 0.9, 1.0, 0.5], "other": 7.0})
    found = summary_of(runs, ["key"])
    assert list(found) == ["key", "replicates", "likeness", "likeness_low", "likeness_high"]
    assert found["likeness_low"][0] < found["likeness"][0] < found["likeness_high"][0] == 1
    assert found["likeness_low"].isna().tolist() == [False, True]


def test_metrics_have_the_paths_that_are_promised():
    replicates = pd.DataFrame(
        [
            *replicate_rows(),
            *replicate_rows("training"),
            *replicate_rows(subset="published", network="published", kind="uniform"),
            *replicate_rows("training", subset="published", network="published", kind="uniform"),
            *replicate_rows(subset="published", network="redrawn"),
            *replicate_rows("training", subset="published", network="redrawn"),
        ]
    )
    summary = denoising_summary(
        replicates, {"published": {"published": {"p-015": {"error": 1e-30}}}}
    )
    published = summary[summary["published_error"].notna()]
    assert published[["network", "kind", "noise"]].to_numpy().tolist() == [
        ["published", "uniform", "training"]
    ]
    compared = pd.DataFrame(
        [{"font": "font3", "subset": "all_letters", "baseline": "nearest_letter", **FLIPS,
          **made_up.scores(mean_wrong_pixels=1.0, within_one_pixel=0.94)}]
    )  # fmt: skip
    compared = baseline_summary(compared, SECTION)
    correlations = denoising_correlations(orthogonality_table())
    matrix = pd.DataFrame(noises_tested([("bit_flip", 0.15, 0.5)], [("masking", 0.2, 0.5)]))
    found = denoising_metrics(summary, matrix, compared, no_variations(), correlations)
    cell = found["all_letters"]["font3"]["bit_flip"]["p-015"]
    assert cell["within_one_pixel"] == pytest.approx(0.82)
    assert cell["within_one_pixel_low"] < 0.82 < cell["within_one_pixel_high"]
    assert cell["training_exact"] == 0.5
    assert cell["replicates"] == 3
    nearest = cell["baselines"]["nearest_letter"]
    assert nearest["within_one_pixel"] == 0.94
    assert nearest["within_one_pixel_low"] < 0.94 < nearest["within_one_pixel_high"]
    assert nearest["mean_wrong_pixels"] == 1.0
    assert found["tested"]["font3/all_letters/wide"]["masking"]["p-020"]["exact"] == 0.517
    # several networks: a level more
    node = found["published"]["font3"]["published"]["uniform"]["p-015"]
    assert node["published_error"] == 1e-30
    assert "baselines" not in node
    assert found["published"]["font3"]["redrawn"]["bit_flip"]["p-015"]["exact"] == 0.5
    assert found["variations"]["redrawn"]["4"]["exact"] == 0.5
    node = found["orthogonality"]["font2"]["published"]["right_letter"]
    assert node["similarity"]["correlation"] == pytest.approx(-1.0)


SECTION = {
    "fresh_draws": 200,
    "subsets": {
        "all_letters": {"letters": "all"},
        "published": {"letters": "XHIR"},
    },
}


def test_a_share_of_draws_has_the_interval_of_wilson():
    assert [answers_scored(SECTION, name) for name in SECTION["subsets"]] == [6400, 800]
    own = {"fresh_draws": 200, "subsets": {"mine": {"letters": "all", "all": 10}}}
    assert answers_scored(own, "mine") == 2000
    z, n, p = 1.959964, 800, 0.9
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert share_of_draws([p], [n]) == pytest.approx((p, middle - half, middle + half))
    assert share_of_draws([1.0, 0.8], [400, 400]) == pytest.approx(share_of_draws([p], [n]))
    assert share_of_draws([1.0], [n])[2] == 1.0
    assert share_of_draws([0.0], [n])[1] == 0.0


def test_every_share_of_a_baseline_has_an_interval_as_wide_as_its_draws_make_it():
    shares = made_up.scores(exact=0.25, within_one_pixel=0.5, right_letter=0.75)
    rows = [{"subset": name, "baseline": "linear", **shares} for name in SECTION["subsets"]]
    found = baseline_summary(pd.DataFrame(rows), SECTION)
    assert found[list(shares)].to_dict("records") == [shares, shares]
    assert {name for name in found if name.endswith("_low")} == {
        f"{measure}_low" for measure in ("exact", "within_one_pixel", "right_letter")
    }
    widths = found["within_one_pixel_high"] - found["within_one_pixel_low"]
    assert widths.tolist() == pytest.approx([2 * 0.98 / np.sqrt(n) for n in (6400, 800)], rel=0.01)


def test_a_noise_is_tested_on_the_denoiser_that_learned_the_nearest():
    learned = [("uniform", 0.1, 0.5), ("uniform", 0.4, 0.5), ("bit_flip", 0.2, 0.5)]
    tested = [("bit_flip", 0.4, 0.5), ("uniform", 0.3, 0.5), ("masking", 0.4, 0.5)]
    matrix = pd.DataFrame(
        [
            *noises_tested(learned, tested),
            *noises_tested([("gaussian", 0.3, 0.5)], tested, network="other"),
        ]
    )
    found = nearest_denoisers(matrix).set_index(["network", "test_kind"])
    assert found[["kind", "probability"]].agg(tuple, axis=1).to_dict() == {
        ("wide", "bit_flip"): ("bit_flip", 0.2),  # the kind comes before the probability
        ("wide", "uniform"): ("uniform", 0.4),
        ("wide", "masking"): ("uniform", 0.4),  # a kind that none learned
        **{("other", kind): ("gaussian", 0.3) for kind in ("bit_flip", "uniform", "masking")},
    }


def test_tests_are_metrics_by_family_kind_and_probability():
    learned = [("bit_flip", 0.15, 0.5)]
    tested = [("uniform", 0.1, 0.5), ("bit_flip", 0.1, 0.5), ("bit_flip", 0.4, 0.5)]
    found = noise_metrics(pd.DataFrame(noises_tested(learned, tested)))
    assert list(found) == ["font3/all_letters/wide"]
    family = found["font3/all_letters/wide"]
    assert {kind: list(by) for kind, by in family.items()} == {
        "uniform": ["p-010"],
        "bit_flip": ["p-010", "p-040"],
    }
    assert family["bit_flip"]["p-040"] == {
        "learned": "bit_flip/p-015/r-050",
        **{f"{measure}{end}": pytest.approx(value + by)
           for measure, value in (("exact", 0.519), ("within_one_pixel", 0.819))
           for end, by in (("", 0), ("_low", -0.05), ("_high", 0.05))},
    }  # fmt: skip
    ranges = [("bit_flip", 0.1, 0.5), ("bit_flip", 0.1, 0.25)]
    found = noise_metrics(pd.DataFrame(noises_tested(learned, ranges)))
    assert list(found["font3/all_letters/wide"]["bit_flip"]) == ["r-050", "r-025"]


def test_correlations_are_over_subsets_of_one_size():
    table = denoising_correlations(orthogonality_table())
    assert set(table["subsets"]) == {6}
    by = table.set_index(["measure", "similarity"])["correlation"]
    assert by["right_letter", "similarity"] == pytest.approx(-1.0)
    assert by["nearest_right_letter", "similarity_centered"] == pytest.approx(1.0)


def test_the_interval_of_a_correlation_is_the_claim_s_of_sets_that_share_letters():
    runs = orthogonality_table()
    runs["right_letter"] = runs["subset"].map({f"4-{i}": v for i, v in enumerate("201453")})
    runs["right_letter"] = runs["right_letter"].astype(float)
    sets = runs[runs["size"] == 4].drop_duplicates("subset")
    members = [frozenset(of) for of in sets["letters"]]
    x, y = sets["similarity"].to_numpy(), sets["right_letter"].to_numpy()
    draws = Draws(0.3, 1, np.random.default_rng(0))
    claim = evidence.correlation(x, y, members, np.zeros(6), 1, draws)
    found = denoising_correlations(runs).set_index(["measure", "similarity"])
    row = found.loc[("right_letter", "similarity")]
    assert (row["correlation"], row["correlation_low"], row["correlation_high"]) == pytest.approx(
        (claim.effect, claim.low, claim.high)
    )


def test_a_noise_is_its_kind_probability_and_range_in_any_order():
    noise = {"kind": "uniform", "probability": 0.1, "range": 0.5}
    assert sets.noise_identity(dict(reversed(noise.items()))) == ("uniform", "0.1", "0.5")
    one, other = (
        sets.fresh_set(np.zeros((4, 35)), 50, noise | {"range": size}, 1)[0] for size in (0.5, 0.25)
    )
    assert not np.array_equal(one != 0, other != 0)  # other draws, not the same ones scaled


def test_a_denoiser_is_shown_at_the_probability_nearest_to_what_it_learned():
    rows = [
        {"font": "f", "subset": "s", "network": "n", "kind": "bit_flip", "probability": p,
         "range": 0.5, "test_kind": kind,
         "test_probability": q, "test_range": 0.5}
        for p in (0.1, 0.4)
        for kind in ("bit_flip", "masking")
        for q in (0.05, 0.1, 0.3)
    ]  # fmt: skip
    rows.append({**rows[0], "test_range": 0.25})
    found = with_own_noise(pd.DataFrame(rows))
    assert found[["test_probability", "probability"]].to_numpy().tolist() == [
        [0.05, 0.1],
        [0.1, 0.1],
        [0.3, 0.4],
    ]
    assert set(found["test_kind"]) == {"bit_flip"}


def test_settings_are_left_as_they_are():
    settings = {**SETTINGS, "redraw": True, "font": "f", "subset": "s"}
    before = copy.deepcopy(settings)
    subsets.vary(np.eye(4), {**settings, "vary_copies": [1], "vary_latent": [1]})
    assert settings == before
