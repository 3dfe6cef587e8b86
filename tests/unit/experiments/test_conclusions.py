"""Claims: a true effect is found, none is invented, few runs decide nothing, Holm over all."""

import copy
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from latentlab.data.fonts import read_fonts
from latentlab.experiments.conclusions import evidence, tables
from latentlab.experiments.conclusions.evidence import Finding, NotTestableError
from latentlab.experiments.conclusions.tables import (
    AS_MEANT,
    AS_RUN,
    BESIDE,
    CONTRADICTED,
    INCONCLUSIVE,
    OURS,
    SUPPORTED,
    UNTESTABLE,
    conclude,
    holm,
    metrics,
    variant_of,
    verdict,
)
from latentlab.experiments.params import read_params
from latentlab.files.tables import read_csv, write_csv
from latentlab.files.yaml import read_yaml
from made_up import of_claims, write

ROOT = Path(__file__).parents[3]
CLAIMS = read_yaml(ROOT / "data/claims.yaml")
CLAIMS["claims"] = {  # of ours there may be any: tests/made_up.py has runs for the original's
    name: claim for name, claim in CLAIMS["claims"].items() if claim.get("of") != "ours"
}
PUBLISHED = read_yaml(ROOT / "data/published.yaml")
PARAMS = read_params(ROOT / "params.yaml", ROOT)
RULES = {"seed": 1, **PARAMS["conclusions"], "resamples": 1999}
CALM = {"alpha": 0.05, "min_replicates": 5}


def made_up(folder, **options):
    return write(of_claims(**options), folder)


def findings(folder, **rules):
    return conclude(folder, CLAIMS, PUBLISHED, {**RULES, **rules})[0].set_index("claim")


def verdicts(folder, **rules):
    found = findings(folder, **rules)
    return found.loc[found["kind"] != BESIDE, "verdict"].to_dict()


TESTED = [name for name, claim in CLAIMS["claims"].items() if "test" in claim]


# --- all claims on made-up tables ------------------------------------------------------------


def test_true_effects_are_found(tmp_path):
    found = findings(made_up(tmp_path))
    claims = found[found["kind"] == "claim"]
    assert {name: claims.loc[name, "verdict"] for name in TESTED} == dict.fromkeys(
        TESTED, SUPPORTED
    )
    assert claims.loc["keras", "verdict"] == UNTESTABLE
    assert "opinion" in claims.loc["keras", "reason"]
    assert (claims.loc[TESTED, "effect_low"] > claims.loc[TESTED, "relevant"]).all()
    figures = found[(found["kind"] == "figure") & (found["experiment"] == "architectures")]
    assert len(figures) == 24
    assert set(figures["verdict"]) == {SUPPORTED}


def test_no_effect_is_not_claimed(tmp_path):
    outcome = verdicts(made_up(tmp_path, effect=0.0))
    assert not [name for name in TESTED if outcome[name] == SUPPORTED]
    # none at all lies within the region of no relevance
    assert outcome["noise-probability"] == CONTRADICTED
    assert outcome["powell"] == CONTRADICTED


def test_the_opposite_is_contradicted(tmp_path):
    outcome = verdicts(made_up(tmp_path, effect=-0.3), alpha=0.05)
    for name in ("more-layers", "vae-spread", "backpropagation", "similar-letters"):
        assert outcome[name] == CONTRADICTED


def test_too_few_runs_decide_nothing(tmp_path):
    found = findings(made_up(tmp_path, runs=2), min_replicates=50)
    assert set(found.loc[found["kind"] != BESIDE, "verdict"]) == {INCONCLUSIVE, UNTESTABLE}
    assert found.loc["vae-spread", "reason"] == "fewer than 50 runs"
    made_up(tmp_path, runs=1)
    outcome = verdicts(tmp_path)
    assert outcome.pop("similar-letters") == SUPPORTED  # rests on sets of letters, not on runs
    assert SUPPORTED not in outcome.values()


def test_missing_runs_and_columns_are_named(tmp_path):
    folder = made_up(tmp_path)
    (folder / "letters/tables/new_letters.csv").unlink()
    path = folder / "denoising/tables/replicates.csv"
    table = read_csv(path)
    write_csv(table[table["kind"] != "salt_and_pepper"], path)
    path = folder / "vae/tables/replicates.csv"
    write_csv(read_csv(path).query("dataset == 'digits'").drop(columns="code_area"), path)
    found = findings(folder)
    expected = {
        "new-letters": "new_letters.csv of letters is not there",
        "salt-and-pepper": "no run with kind salt_and_pepper in results/denoising",
        "vae-spread": "no column code_area in results/vae/tables/replicates.csv",
        "vae-mnist-published-test_loss-as-meant": "no run with dataset mnist in results/vae",
    }
    for name, reason in expected.items():
        assert found.loc[name, "verdict"] == UNTESTABLE
        assert reason in found.loc[name, "reason"]
    assert found.loc["vae-samples", "verdict"] == SUPPORTED  # on what there is


def test_a_result_changes_the_verdict(tmp_path):
    folder = made_up(tmp_path)
    path = folder / "denoising/tables/replicates.csv"
    table = read_csv(path)
    table["within_one_pixel"] = 0.8 + 0.01 * np.sin(np.arange(len(table)))
    write_csv(table, path)
    assert verdicts(folder)["noise-probability"] == CONTRADICTED


def test_the_same_bytes_again_and_whatever_else_is_claimed(tmp_path):
    folder = made_up(tmp_path)
    first = findings(folder)
    pd.testing.assert_frame_equal(first, findings(folder))
    fewer = copy.deepcopy(CLAIMS)
    del fewer["claims"]["more-layers"]
    second = conclude(folder, fewer, PUBLISHED, RULES)[0].set_index("claim")
    columns = ["effect", "effect_low", "effect_high", "p"]
    kept = first.drop(index="more-layers")[columns]
    pd.testing.assert_frame_equal(kept, second[columns])


def test_a_claim_as_run_is_the_claim_as_meant_on_other_runs():
    claims = CLAIMS["claims"]
    as_run = {name for name, claim in claims.items() if claim.get("variant") == AS_RUN}
    pairs = {
        name: variant_of(name, AS_RUN)
        for name, claim in claims.items()
        if claim.get("variant") == AS_MEANT and variant_of(name, AS_RUN) in claims
    }
    assert set(pairs.values()) == as_run == {"noise-probability-as-run", "powell-as-run"}
    words = {"claim", "hypothesis", "variant", "where"}
    for meant, run in pairs.items():
        first, second = ({k: c[k] for k in c.keys() - words} for c in (claims[meant], claims[run]))
        assert first == second
        # of the columns one differs, and says so as the published figures do
        changed = dict(claims[run]["where"].items() - claims[meant]["where"].items())
        own = CLAIMS["reported"][claims[run]["experiment"]]["variants"]
        assert changed == own[AS_RUN]
        assert own[AS_MEANT].items() <= claims[meant]["where"].items()


@pytest.mark.parametrize(
    ("table", "column", "value", "measure", "name"),
    [("denoising", "kind", "uniform_as_run", "within_one_pixel", "noise-probability"),
     ("architectures", "encoder", "relu_as_run", "error", "powell")],
)  # fmt: skip
def test_runs_as_run_decide_only_the_claim_as_run(tmp_path, table, column, value, measure, name):
    folder = made_up(tmp_path)
    path = folder / table / "tables/replicates.csv"
    runs = read_csv(path)
    runs.loc[runs[column] == value, measure] = 3.5  # whatever the probability; a useless network
    write_csv(runs, path)
    outcome = verdicts(folder)
    assert (outcome[name], outcome[variant_of(name, AS_RUN)]) == (SUPPORTED, CONTRADICTED)


def test_a_measure_beside_a_claim_has_an_interval_and_decides_nothing(tmp_path):
    found = findings(made_up(tmp_path))
    beside = found[found["kind"] == BESIDE]
    assert list(beside.index) == [
        "similar-letters-right_letter", "vae-samples-recall", "vae-samples-coverage",
    ]  # fmt: skip
    for name, parent, effect in zip(
        beside.index,
        ["similar-letters", "vae-samples", "vae-samples"],
        [-1, 0.1, 0.556],
        strict=True,
    ):
        row, claim = beside.loc[name], found.loc[parent]
        assert row["effect"] == pytest.approx(effect, abs=0.1 * abs(effect))
        assert row["effect_low"] <= row["effect"] <= row["effect_high"]
        assert (row["text"], row["test"], row["runs"]) == tuple(claim[["text", "test", "runs"]])
        assert claim["verdict"] == SUPPORTED  # whatever stands beside it
    assert beside[["p", "p_holm", "relevant"]].isna().all(axis=None)
    assert set(beside["verdict"]) == {""}


def test_a_measure_beside_a_claim_may_be_missing(tmp_path):
    folder = made_up(tmp_path)
    path = folder / "vae/tables/replicates.csv"
    write_csv(read_csv(path).drop(columns="recall"), path)
    found = findings(folder)
    assert "no column recall" in found.loc["vae-samples-recall", "reason"]
    assert math.isnan(found.loc["vae-samples-recall", "effect"])
    assert found.loc["vae-samples", "verdict"] == SUPPORTED


BIASES = {
    "of": "ours", "claim": "Biases help.", "hypothesis": "So.", "experiment": "letters",
    "table": "replicates", "measure": "error", "shows": "median error", "test": "dominance",
    "groups": {"biases": {"with biases": True, "without biases": False}}, "expect": "less",
    "counts_from": 0.3,
}  # fmt: skip


def test_a_claim_of_ours_is_counted_apart_and_its_groups_have_words(tmp_path):
    folder = made_up(tmp_path)
    path = folder / "letters/tables/replicates.csv"
    runs = read_csv(path)
    runs["biases"] = runs["replicate"] % 2 == 0
    runs["error"] = np.where(runs["biases"], 0.1, 0.9) * (1 + 0.01 * runs["replicate"])
    write_csv(runs, path)
    claims = {**CLAIMS, "claims": {**CLAIMS["claims"], "biases": BIASES}}
    found, observed = conclude(folder, claims, PUBLISHED, RULES)
    own = found.set_index("claim").loc["biases"]
    assert (own["kind"], own["verdict"], own["effect"]) == (OURS, SUPPORTED, 1.0)
    names = observed.loc[observed["claim"] == "biases", "name"]
    assert list(names) == ["with biases", "without biases"]
    tree = metrics(found)
    assert tree["counts"]["ours"]["supported"] == len(tree["ours"]) == 1
    assert sum(tree["counts"]["claims"].values()) == len(tree["claims"]) == len(CLAIMS["claims"])
    # without one, nothing says so
    without = metrics(conclude(folder, CLAIMS, PUBLISHED, RULES)[0])
    assert "ours" not in {**without, **without["counts"]}


def test_metrics_name_no_key_that_dvc_stumbles_on(tmp_path):
    tree = metrics(conclude(made_up(tmp_path), CLAIMS, PUBLISHED, RULES)[0])
    assert tree["claims"]["more-layers"]["verdict"] == SUPPORTED
    assert sum(tree["counts"]["claims"].values()) == len(CLAIMS["claims"])
    keys = {key for kind in ("claims", "figures", "beside") for key in tree[kind]}
    assert not [key for key in keys if key == "error" or "." in key or "/" in key]


def test_metrics_have_intervals(tmp_path):
    found, observed = conclude(made_up(tmp_path), CLAIMS, PUBLISHED, RULES)
    tree = metrics(found)
    assert set(tree["claims"]) == set(CLAIMS["claims"])
    for name in TESTED:
        values = tree["claims"][name]
        assert values["effect_low"] <= values["effect"] <= values["effect_high"]
    recall = tree["beside"]["vae-samples-recall"]
    assert recall["effect_low"] <= recall["effect"] <= recall["effect_high"]
    assert set(recall) == {"runs", "effect", "effect_low", "effect_high"}
    known = {name: values for name, values in tree["figures"].items() if values["runs"]}
    assert known
    for name, values in known.items():
        own = observed[observed["claim"] == name].set_index("name")["value"]
        low, high = values["single_run_low"], values["single_run_high"]
        assert low < values["median"] < high
        assert (low <= values["published"] <= high) == (abs(values["effect"]) <= 1)
        assert own.to_dict() == {key: values[key] for key in own.index}
    assert known["vae-mnist-published-test_loss-as-meant"]["published"] == 153.44
    assert known["letters-font2-exceptional-error-as-meant"]["published"] == 0.127039


def test_the_constant_answer_has_the_error_that_powell_is_measured_by():
    letters = read_fonts(ROOT / "data/fonts/font.h")["font2"].pixels
    error = 0.5 * np.var(letters, axis=0).sum()
    for name in ("powell", "powell-as-run"):
        assert CLAIMS["claims"][name]["measure"] == f"1 - error / {error:.11f}"


# --- single tests ----------------------------------------------------------------------------


def rate(simulate, count=200):
    """Share of verdicts "supported" over simulated null data, Holm aside, relevant effect 0."""
    found = [simulate(np.random.default_rng(seed)) for seed in range(count)]
    return np.mean([verdict(f, f.p, 0.0, CALM) == SUPPORTED for f in found])


def test_nulls_are_rarely_claimed():
    # each null has a share of at most alpha/2 on the side of the claim; 0.055 is 3 deviations off
    def trend(rng):
        return evidence.trend(rng.standard_normal((12, 4)), [1, 2, 3, 4], 1, 200, rng)

    def dominance(rng):
        strata = [(rng.standard_normal(8), rng.standard_normal(9)) for _ in range(2)]
        return evidence.dominance(strata, -1, 200, rng)

    def difference(rng):
        strata = [(rng.exponential(size=12), rng.exponential(size=12))]
        return evidence.difference(strata, 1, 200, rng)

    def correlation(rng):
        return evidence.correlation(rng.random(15), rng.random(15), np.zeros(15), 1, 99, rng)

    def level(rng):
        return evidence.level(rng.standard_normal(12), 0.0)

    for simulate in (trend, dominance, difference, correlation, level):
        assert rate(simulate) <= 0.06, simulate.__name__


def test_a_published_figure_of_the_same_kind_is_mostly_compatible():
    rng = np.random.default_rng(3)
    outside = 0
    for _ in range(400):
        values = np.exp(rng.standard_normal(11))
        found = evidence.reported(values[:10], values[10])
        outside += abs(found.effect) > 1
        assert (abs(found.effect) > 1) == (found.p < 0.05)
    assert 0.02 <= outside / 400 <= 0.08


def test_a_published_figure_is_measured_by_students_prediction_interval():
    found = evidence.reported(np.exp([0.0, 1.0, 2.0, 3.0]), math.exp(5.0))
    half = stats.t.ppf(0.975, 3) * np.std([0, 1, 2, 3], ddof=1) * math.sqrt(1 + 1 / 4)
    assert found.effect == pytest.approx((5.0 - 1.5) / half)
    assert found.p == pytest.approx(2 * stats.t.sf(3.5 / half * stats.t.ppf(0.975, 3), 3))
    alike = evidence.reported(np.full(4, 2.0), 2.0)
    assert (alike.effect, alike.p) == (0.0, 1.0)


def test_a_trend_against_the_claim_is_as_unlikely_as_one_for_it():
    rising = np.array([[1.0, 2.0, 3.0, 4.0]] * 6)
    with_it, against = (
        evidence.trend(rising, [1, 2, 3, 4], sign, 200, np.random.default_rng(0))
        for sign in (1, -1)
    )
    assert with_it.effect == -against.effect == 1.0
    assert with_it.p == against.p < 1e-3


def test_a_trend_is_pages():
    blocks = np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [3.0, 2.0, 1.0], [9.0, 3.0, math.inf]])
    found = evidence.trend(blocks, [1, 2, 5], -1, 200, np.random.default_rng(0))
    assert found.effect == pytest.approx((1 + 0.5 + 1 - 0.5) / 4)
    assert found.observed == {"1": 3.0, "2": 2.0, "5": 1.5}
    assert found.low <= found.effect <= found.high
    with pytest.raises(NotTestableError, match="3 levels"):
        evidence.trend(blocks[:, :2], [1, 2], 1, 100, np.random.default_rng(0))


def test_dominance_is_cliffs_delta_and_knows_no_certainty():
    low, high = np.arange(6.0), np.arange(6.0) + 10
    found = evidence.dominance([(low, high)] * 2, -1, 200, np.random.default_rng(0))
    assert found.effect == found.high == 1.0
    assert 0.4 < found.low < 0.9  # 12 of 12: 0.735 at least, doubled less 1
    assert found.runs == 12
    assert found.p < 0.001
    opposite = evidence.dominance([(low, high)], 1, 200, np.random.default_rng(0))
    assert (opposite.effect, opposite.low) == (-1.0, -1.0)
    assert opposite.high < 0
    ties = evidence.dominance([(low, low)], 1, 200, np.random.default_rng(0))
    assert ties.effect == 0
    assert ties.p == pytest.approx(1.0, abs=0.1)


def test_strata_are_compared_within():
    near, far = np.arange(10.0), np.arange(10.0) + 100
    strata = [(near, near + 0.5), (far, far + 0.5)]
    whole = [(np.r_[near, far + 0.5], np.r_[near + 0.5, far])]
    rng = np.random.default_rng(0)
    assert evidence.dominance(strata, -1, 100, rng).effect == pytest.approx(0.1)
    assert evidence.dominance(whole, -1, 100, rng).effect == pytest.approx(0.0, abs=0.06)


def test_difference_is_in_the_unit_of_the_measure():
    x, y = np.full(8, 0.9) + 0.01 * np.arange(8), np.full(8, 0.5) + 0.01 * np.arange(8)
    found = evidence.difference([(x, y)], 1, 300, np.random.default_rng(0))
    assert found.effect == pytest.approx(0.4)
    assert 0.35 < found.low < 0.4 < found.high < 0.45
    assert found.p < 0.01


@pytest.mark.parametrize(
    ("lacks", "message"),
    [({"font": None}, "no column font in"), ({"kind": None}, "no column kind in"),
     ({"kind": "a"}, "no runs with kind both a and b")],
)  # fmt: skip
def test_what_a_claim_needs_and_the_table_lacks_is_said(lacks, message):
    claim = {
        "experiment": "x", "table": "runs", "measure": "error", "test": "difference",
        "where": {"font": "font2"}, "groups": {"kind": ["a", "b"]},
    }  # fmt: skip
    table = pd.DataFrame({"font": "font2", "kind": ["a", "b"], "error": [1.0, 2.0]})
    table = table.assign(**lacks).dropna(axis=1)
    with pytest.raises(NotTestableError, match=message):
        tables.find(table, claim, 100, np.random.default_rng(0))


def test_a_difference_is_the_mean_over_strata():
    one, two = (np.array([5.0, 7.0]), np.array([1.0, 1.0])), (np.zeros(3), np.full(2, 3.0))
    found = evidence.difference([one, two], 1, 100, np.random.default_rng(0))
    assert found.effect == pytest.approx((5.0 - 3.0) / 2)


def test_correlation_of_what_does_not_vary_is_not_testable():
    with pytest.raises(NotTestableError, match="differ"):
        evidence.correlation(
            np.arange(5.0), np.ones(5), np.zeros(5), 1, 100, np.random.default_rng(0)
        )


def test_correlation_of_what_varies_between_strata_alone_is_not_testable():
    x, y = np.arange(6.0), np.r_[1.0:7.0]
    with pytest.raises(NotTestableError, match="differ"):
        evidence.correlation(x, y, np.arange(6), 1, 100, np.random.default_rng(0))


def test_a_correlation_is_of_ranks_within_strata():
    # in each stratum they fall, while the stratum of larger x has larger y
    x, y = np.r_[0:8, 20:28].astype(float), np.r_[8:0:-1, 28:20:-1].astype(float)
    found = evidence.correlation(x, y, np.repeat([0, 1], 8), -1, 500, np.random.default_rng(0))
    assert found.effect == pytest.approx(1.0)
    assert found.p < 0.01


def test_holm():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    adjusted = holm(p)
    assert adjusted == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


def test_holm_is_over_all_claims(tmp_path):
    found = findings(made_up(tmp_path))
    tested = found["p"].notna()
    smallest = found.loc[tested, "p"].idxmin()
    assert found.loc[smallest, "p_holm"] == pytest.approx(found.loc[smallest, "p"] * tested.sum())
    assert (found.loc[tested, "p_holm"] >= found.loc[tested, "p"]).all()


@pytest.mark.parametrize(
    ("low", "high", "p", "runs", "expected"),
    [
        (0.4, 0.8, 0.001, 9, SUPPORTED),
        (0.4, 0.8, 0.06, 9, INCONCLUSIVE),  # not after Holm
        (0.2, 0.8, 0.001, 9, INCONCLUSIVE),  # perhaps not relevant
        (-0.2, 0.2, 0.6, 9, CONTRADICTED),  # no relevant effect
        (-0.9, -0.4, 0.001, 9, CONTRADICTED),
        (-0.2, 0.4, 0.6, 9, INCONCLUSIVE),
        (0.4, 0.8, 0.001, 4, INCONCLUSIVE),
        (math.nan, math.nan, 0.001, 9, INCONCLUSIVE),
    ],
)
def test_the_rules_of_a_verdict(low, high, p, runs, expected):
    assert verdict(Finding(0.5, low, high, p, runs, {}), p, 0.3, CALM) == expected
