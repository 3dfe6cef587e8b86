"""Claims: a true effect is found, none is invented, few runs decide nothing, Holm over all."""

import copy
import itertools
import math
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from latentlab.data.fonts import read_fonts
from latentlab.experiments.conclusions import chapter, evidence, tables
from latentlab.experiments.conclusions.evidence import Draws, Finding, NotTestableError
from latentlab.experiments.conclusions.headlines import FOLLOWED, headlines
from latentlab.experiments.conclusions.readings import asked
from latentlab.experiments.conclusions.tables import (
    AS_IT_MUST,
    CLAIMS,
    COMPATIBLE,
    CONTRADICTED,
    CONTROL,
    DEPENDS,
    FIGURE,
    INCONCLUSIVE,
    NOT_AS_IT_MUST,
    NOTHING,
    OURS,
    OUTSIDE,
    READING,
    SUPPORTED,
    UNTESTABLE,
    conclude,
    depends_on,
    holm,
    metrics,
    reported_verdict,
    single_metrics,
    single_runs,
    verdict,
    verdict_of_all,
)
from latentlab.experiments.params import read_params
from latentlab.files.tables import read_csv, read_json, write_csv
from latentlab.files.yaml import read_yaml
from made_up import of_claims, write

ROOT = Path(__file__).parents[3]
FILE = read_yaml(ROOT / "data/claims.yaml")
PUBLISHED = read_yaml(ROOT / "data/published.yaml")
PARAMS = read_params(ROOT / "params.yaml", ROOT)
RULES = {"seed": 1, **PARAMS["conclusions"], "resamples": 499}
CALM = {"alpha": 0.05, "min_replicates": 5}
# tests/made_up.py has runs for these; docs/extending.md adds one of ours
ORIGINAL = {n: c for n, c in FILE["claims"].items() if c.get("of") != "ours"}
TESTED = [name for name, claim in ORIGINAL.items() if "test" in claim]


def draws(bound=0.0, resamples=999, seed=0):
    return Draws(bound, resamples, np.random.default_rng(seed))


# --- all claims on made-up tables ------------------------------------------------------------


def concluded(folder, **options):
    claims = {**FILE, "claims": ORIGINAL}
    return conclude(write(of_claims(**options), folder), claims, PUBLISHED, RULES)


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """Findings and numbers where every claim is right."""
    return concluded(tmp_path_factory.mktemp("right"))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """Findings where the opposite is right."""
    return concluded(tmp_path_factory.mktemp("wrong"), effect=-0.3)[0]


def claims_of(findings):
    return findings[findings["kind"].isin(CLAIMS)].set_index("claim")


def test_true_effects_are_found(right):
    claims = claims_of(right[0])
    outcome = claims["verdict"].to_dict()
    assert outcome == {**dict.fromkeys(TESTED, SUPPORTED), "keras": UNTESTABLE}
    assert claims.loc["keras", "reason"] == ORIGINAL["keras"]["untestable"]
    assert (claims.loc[TESTED, "effect_low"] > claims.loc[TESTED, "counts_from"]).all()
    assert (claims.loc[TESTED, "p_holm"] >= claims.loc[TESTED, "p"]).all()


def test_the_opposite_is_contradicted(wrong):
    outcome = claims_of(wrong)["verdict"]
    for name in ("more-layers", "vae-spread", "backpropagation", "similar-letters", "powell"):
        assert outcome[name] == CONTRADICTED
    assert SUPPORTED not in set(outcome)
    # the final error falls with latent units even there: it is the control of more-layers
    assert outcome["wider-latent"] == DEPENDS
    assert claims_of(wrong).loc["wider-latent", "reason"] == "on the measure"


def test_readings_and_controls_are_tested_and_controls_come_out(right, wrong):
    of = {name: asked(claim) for name, claim in ORIGINAL.items()}
    for found in (right[0], wrong):
        for kind, path in ((READING, "readings."), (CONTROL, "controls.")):
            rows = found[found["kind"] == kind]
            keys = [(n, k.removeprefix(path)) for n in of for k in of[n] if k.startswith(path)]
            assert list(zip(rows["of"], rows["claim"], strict=True)) == keys
            assert len(keys) > 10
        controls = found[found["kind"] == CONTROL]
        assert set(controls["says"]) == {AS_IT_MUST}
        assert set(controls["must"]) == {"pass", "fail"}
        assert controls["p"].isna().all()  # what is known is not tested


def test_metrics_have_verdicts_readings_and_controls(right):
    findings, observed = right
    tree = metrics(findings)
    assert set(tree["claims"]) == set(ORIGINAL)
    for name in TESTED:
        found = tree["claims"][name]
        own = found["readings"][name]
        assert found["verdict"] == own["says"] == SUPPORTED
        assert set(found["readings"]) == {name, *ORIGINAL[name].get("readings", {})}
        assert set(found["controls"]) == set(ORIGINAL[name].get("controls", {}))
        for reading in found["readings"].values():
            assert reading["effect_low"] <= reading["effect"] <= reading["effect_high"]
        for control, values in found["controls"].items():
            must = ORIGINAL[name]["controls"][control]["must"]
            assert (values["must"], values["says"]) == (must, AS_IT_MUST)
            assert "effect" in values
    counts = tree["counts"]
    assert counts["claims_claim"] == {
        "supported": len(TESTED), "contradicted": 0, "depends_on_the_reading": 0,
        "inconclusive": 0, "not_testable": 1,
    }  # fmt: skip
    assert sum(counts["claims_ours"].values()) == 0
    assert sum(counts["figures"].values()) == len(tree["figures"])
    known = {name: values for name, values in tree["figures"].items() if values["runs"]}
    for name, values in known.items():
        assert values["single_run_low"] < values["median"] < values["single_run_high"]
        own = observed[observed["claim"] == name].set_index("name")["value"]
        assert own.to_dict() == {key: values[key] for key in own.index}
    assert known["vae-mnist-published-test_loss-as-meant"]["published"] == 153.44
    assert known["letters-font2-exceptional-error-as-meant"]["published"] == 0.127039


def test_metrics_name_no_key_that_dvc_stumbles_on(right):
    tree = metrics(right[0])
    keys = [key for kind in ("claims", "figures") for key in tree[kind]]
    keys += [key for claim in tree["claims"].values()
             for kind in ("readings", "controls") for key in claim[kind]]  # fmt: skip
    assert not [key for key in keys if key == "error" or "." in key or "/" in key]


def test_headlines_are_the_effects_and_what_is_followed_rounded(right):
    claims = metrics(right[0])
    network = {"relu": {"mean_error": 0.123456}}
    of_vae = {"published": {"test_loss": 151.6172}, "improved": {"test_loss": None}}
    found = headlines(
        {
            "conclusions": claims,
            "architectures": {"networks": {"a.b": network, "c": {"tanh": {}}}},
            "vae": {"mnist": of_vae},
        }
    )
    assert found["architectures"] == {"a.b": 0.123}
    assert found["vae"] == {"mnist": 151.6}
    assert found["figures"] == claims["counts"]["figures"]
    own = {name: claim["readings"][name] for name, claim in claims["claims"].items()}
    assert found["claims"].keys() == {name for name, reading in own.items() if reading["runs"]}
    for name, effect in found["claims"].items():
        assert effect == pytest.approx(own[name]["effect"], rel=0.01)
        assert len(str(effect).strip("-").replace(".", "").lstrip("0")) <= 3


def test_the_study_has_every_headline_and_they_fit_a_screen():
    content = {
        path.parent.name: read_json(path) for path in (ROOT / "results").glob("*/metrics.json")
    }
    if "conclusions" not in content:
        pytest.skip("the study has not run")
    found = headlines(content)
    names = [f"{group}.{name}" for group, figures in found.items() for name in figures]
    for label in FOLLOWED:
        assert [name for name in names if fnmatchcase(name, label)], label
    assert 25 <= len(names) <= 40


def test_every_control_of_the_committed_study_comes_out_as_it_must():
    path = ROOT / "results/conclusions/metrics.json"
    if not path.exists():
        pytest.skip("the study has not run")
    found = {
        f"{claim}.{name}": (control["effect"] > FILE["claims"][claim]["counts_from"], control)
        for claim, of in read_json(path)["claims"].items()
        for name, control in of["controls"].items()
    }
    named = {f"{n}.{c}" for n, claim in FILE["claims"].items() for c in claim.get("controls", {})}
    both = found.keys() & named  # a claim of the reader's own has not run yet
    assert both
    for name in sorted(both):
        passes, control = found[name]
        asked_of = FILE["claims"][name.split(".")[0]]["controls"][name.split(".")[1]]
        assert control["must"] == asked_of["must"], name
        assert passes == (control["must"] == "pass"), name
        assert control["says"] == AS_IT_MUST, name


@pytest.mark.parametrize("change", [{"measure": "kind"}, {"measure": "value + kind"}])
def test_a_measure_of_texts_is_told_and_ends_no_run(tmp_path, change):
    found, _ = small(tmp_path, {"it": {**PLAIN, **change}})
    row = found.loc[("it", "it")]
    assert (row["says"], row["reason"].split(" in ")[0]) == (UNTESTABLE, "no numbers")
    assert str(chapter._not_tested(row["reason"])).startswith("No numbers in ")


def test_as_many_runs_as_the_page_says_can_be_further_out():
    for runs, word in ((chapter._TELL - 1, NOTHING), (chapter._TELL, OUTSIDE)):
        outermost = evidence.reported(np.arange(1.0, runs + 1), 0.0)
        assert tables.reported_verdict(outermost, {"alpha": 0.05}) == word


LATER = {
    "vae-samples": ("fewer-samples", "more-samples", "digits", "capitals"),
    "vae-spread": (
        "fashion-empty-share", "fashion-hole-share", "digits-empty-share", "capitals-empty-share",
        "digits-hole-share", "capitals-hole-share",
    ),
    "wider-latent": ("narrow-layers", "wide-layers"),
    "backpropagation": ("as-published",),
    "adam": ("yardstick",),
}  # fmt: skip


@pytest.mark.parametrize("claim", LATER)
def test_readings_that_were_added_later_are_exploratory_and_have_runs(right, claim):
    found = right[0].query("of == @claim").set_index("claim")
    for name in LATER[claim]:
        assert found.loc[name, "exploratory"] == "yes"
        assert found.loc[name, "says"] == SUPPORTED


def test_the_passes_of_the_published_backpropagation_are_told_as_they_were():
    epochs = PUBLISHED["optimizers"]["backpropagation"]["epochs"]
    reading = FILE["claims"]["backpropagation"]["readings"]["as-published"]
    assert f"{epochs:,} passes" in reading["reading"]
    assert any(f"{epochs} passes" in group for group in reading["groups"]["trained"])


def test_the_constant_answer_has_the_error_that_powell_is_measured_by():
    letters = read_fonts(ROOT / "data/fonts/font.h")["font2"].pixels
    error = 0.5 * np.var(letters, axis=0).sum()
    assert FILE["claims"]["powell"]["measure"] == f"1 - error / {error:.11f}"


# --- a study of two claims ---------------------------------------------------------------------

PLAIN = {
    "claim": "It is so.", "hypothesis": "It is.", "experiment": "x", "table": "runs",
    "measure": "value", "test": "difference", "groups": {"kind": ["a", "b"]}, "expect": "more",
    "counts_from": 0.3,
}  # fmt: skip
READ = {"reading": "by another measure", "differs": "measure"}
MUST = {"control": "the number of the run", "must": "fail", "measure": "replicate"}


def small(folder, claims, published=None, templates=None, runs=8, **means):
    """Findings by claim and name; means : of each measure those of kinds a and b."""
    rows = [
        {"kind": kind, "replicate": r, **{name: mean[i] + 0.01 * math.sin(r * (i + 2))
                                          for name, mean in {"value": (1, 0), **means}.items()}}
        for i, kind in enumerate("ab") for r in range(runs)
    ]  # fmt: skip
    write_csv(pd.DataFrame(rows), folder / "x/tables/runs.csv")
    content = {"claims": claims, "reported": templates or {}}
    found, observed = conclude(folder, content, published or {}, {**RULES, "resamples": 99})
    return found.set_index(["of", "claim"]), observed


def test_a_claim_with_readings_that_agree_is_supported(tmp_path):
    claims = {"it": {**PLAIN, "readings": {"other": {**READ, "measure": "other"}}}}
    found, observed = small(tmp_path, claims, other=(0.9, 0.1))
    assert found.loc[("it", "it"), "verdict"] == SUPPORTED
    assert found["says"].tolist() == [SUPPORTED, SUPPORTED]
    assert found["effect"].tolist() == pytest.approx([1, 0.8], abs=0.02)
    assert found.loc[("it", "other"), "text"] == READ["reading"]
    assert observed.query("claim == 'other'")["of"].unique() == ["it"]


def test_readings_that_disagree_name_on_what_the_verdict_depends(tmp_path):
    readings = {
        "same": {**READ, "differs": "data", "measure": "value + 1"},
        "other": {**READ, "measure": "other"},
        "loud": {**READ, "differs": "noise", "measure": "loud"},
    }
    claims = {"it": {**PLAIN, "readings": readings}}
    found, _ = small(tmp_path, claims, other=(0.1, 0.0), loud=(0.0, 1.0))
    own = found.loc[("it", "it")]
    assert (own["says"], own["verdict"]) == (SUPPORTED, DEPENDS)
    assert own["reason"] == "on the measure, the noise"
    assert metrics(found.reset_index())["claims"]["it"]["reason"] == own["reason"]
    assert metrics(found.reset_index())["counts"]["claims_claim"]["depends_on_the_reading"] == 1


def test_an_exploratory_reading_is_shown_and_decides_nothing(tmp_path):
    against = {**READ, "measure": "other"}
    said = {}
    for later in (False, True):
        claims = {"it": {**PLAIN, "readings": {"other": {**against, "exploratory": later}}}}
        found, _ = small(tmp_path, claims, other=(0.0, 1.0))
        said[later] = found.loc[("it", "it"), "verdict"]
    assert said == {False: DEPENDS, True: SUPPORTED}
    told = metrics(found.reset_index())["claims"]["it"]["readings"]["other"]
    assert (told["says"], told["exploratory"]) == (CONTRADICTED, "yes")
    rows = found.reset_index()
    own, other = rows.itertuples()
    assert chapter._said_by(own, rows) is None  # there is one reading beside it, which is later
    assert str(chapter._told_below(other)).startswith("exploratory: ")
    shown = chapter.readme({"claims": claims}, metrics(rows))
    word = "\N{CHECK MARK} supported (with those added later: depends on the measure)"
    assert f"| 1, 0, 0 (0, 1, 0) | {word} |" in shown
    assert str(chapter._added(own, rows)) == (
        "Of 1 reading added later, which decides nothing: 1 against it. If they counted, it would"
        " depend on the measure."
    )
    # one that agrees changes nothing
    agrees = {"other": {**against, "exploratory": True}}
    found, _ = small(tmp_path, {"it": {**PLAIN, "readings": agrees}}, other=(1.0, 0.0))
    assert "with_later" not in metrics(found.reset_index())["claims"]["it"]


def test_worse_than_nothing_is_asked_at_the_threshold_of_the_drawings_too(tmp_path):
    """Made up: doing nothing returns 0.9 of the letters at 0.1, 0.3 at 0.4; the network 0.6."""
    name = "worse-than-nothing"
    claims = {**FILE, "claims": {name: FILE["claims"][name]}}
    found, _ = conclude(write(of_claims(), tmp_path), claims, PUBLISHED, RULES)
    own = found[(found["of"] == name) & (found["kind"] == READING)]
    drawn = own[own["exploratory"] == "yes"]
    assert drawn["effect"].tolist() == pytest.approx([0.3, -0.3], abs=0.02)
    assert drawn["says"].tolist() == [SUPPORTED, CONTRADICTED]
    assert claims_of(found).loc[name, "verdict"] == SUPPORTED


@pytest.mark.parametrize(("must", "measure"), [("fail", "value"), ("pass", "flat")])
def test_a_control_that_comes_out_wrong_takes_the_claim_its_verdict(tmp_path, must, measure):
    control = {"control": "known", "must": must, "measure": measure}
    claims = {"it": {**PLAIN, "controls": {"one": MUST, "known": control}}}
    found, _ = small(tmp_path, claims, flat=(0.5, 0.5))
    own = found.loc[("it", "it")]
    assert found["says"].tolist() == [SUPPORTED, AS_IT_MUST, NOT_AS_IT_MUST]
    assert (own["verdict"], own["reason"]) == (
        UNTESTABLE, "the control known does not come out as it must",
    )  # fmt: skip
    assert metrics(found.reset_index())["claims"]["it"]["verdict"] == UNTESTABLE
    right_ = {**control, "must": "pass" if must == "fail" else "fail"}
    claims = {"it": {**PLAIN, "controls": {"one": MUST, "known": right_}}}
    assert small(tmp_path, claims, flat=(0.5, 0.5))[0].loc[("it", "it"), "verdict"] == SUPPORTED


def test_a_control_that_cannot_be_computed_takes_nothing_and_is_told(tmp_path):
    controls = {"one": MUST, "lost": {**MUST, "table": "lost"}}
    found, _ = small(tmp_path, {"it": {**PLAIN, "controls": controls}})
    assert found.loc[("it", "it"), "verdict"] == SUPPORTED
    told = metrics(found.reset_index())["claims"]["it"]["controls"]["lost"]
    assert told == {"must": "fail", "says": UNTESTABLE, "reason": "lost.csv of x is not there"}
    rows = found.reset_index()
    own = next(rows.itertuples())
    assert str(chapter._not_computed(own, rows)) == "1 control could not be computed."
    assert chapter._not_computed(own, rows[rows["claim"] != "lost"]) is None


def test_every_tested_claim_has_a_control_that_must_fail_and_one_that_must_pass():
    for name in (*TESTED, "worse-than-nothing"):
        controls = FILE["claims"][name]["controls"].values()
        assert {control["must"] for control in controls} == {"fail", "pass"}, name


def test_holm_is_over_the_claims_own_readings_alone(tmp_path):
    claims = {"it": {**PLAIN, "measure": "weak"}, "too": {**PLAIN, "of": "ours"}}
    few, _ = small(tmp_path, claims, weak=(0.31, 0.0))
    p = few["p"]
    assert p["it", "it"] > p["too", "too"]
    holm_ = few["p_holm"]
    assert holm_["too", "too"] == pytest.approx(2 * p["too", "too"])
    assert holm_["it", "it"] == pytest.approx(p["it", "it"])
    readings = {f"r{i}": {**READ, "measure": f"weak + {i}"} for i in range(5)}
    claims["it"] |= {"readings": readings, "controls": {"one": MUST}}
    template = {"table": "runs", "by": ["kind"], "measures": ["weak"], "variants": {"as meant": {}}}
    published = {"x": {"a": {"weak": 0.3}, "b": {"weak": 9.0}}}
    many, _ = small(tmp_path, claims, published, {"x": template}, weak=(0.31, 0.0))
    assert len(many) == len(few) + 8
    columns = ["effect", "effect_low", "effect_high", "p", "p_holm", "says", "verdict"]
    pd.testing.assert_frame_equal(many.loc[few.index, columns], few[columns])
    assert many.drop(index=few.index)["p_holm"].isna().all()


def test_readings_are_judged_by_their_own_p(tmp_path):
    # p of 0.03 or so: enough for a reading, not for one of four claims
    claims = {f"c{i}": {**PLAIN, "measure": "weak", "counts_from": 0.3} for i in range(4)}
    claims["c0"]["readings"] = {"same": {**READ, "measure": "weak * 1.0"}}
    found, _ = small(tmp_path, claims, weak=(0.308, 0.0))
    own, reading = found.loc[("c0", "c0")], found.loc[("c0", "same")]
    assert own["p"] == reading["p"] < 0.05 < own["p_holm"]
    assert (own["says"], reading["says"]) == (INCONCLUSIVE, SUPPORTED)
    assert (own["verdict"], own["reason"]) == (DEPENDS, "on the measure")


def test_a_claim_of_ours_is_counted_apart_and_its_groups_have_words(tmp_path):
    groups = {"kind": {"of the first kind": "a", "of the second kind": "b"}}
    found, observed = small(
        tmp_path, {"it": PLAIN, "too": {**PLAIN, "of": "ours", "groups": groups}}
    )
    assert found["kind"].tolist() == ["claim", OURS]
    named = observed[observed["claim"] == "too"]
    assert named["name"].tolist() == list(groups["kind"])
    assert named["value"].tolist() == pytest.approx([1, 0], abs=0.02)
    counts = metrics(found.reset_index())["counts"]
    assert counts["claims_claim"]["supported"] == counts["claims_ours"]["supported"] == 1


def test_too_few_runs_decide_nothing(tmp_path):
    found, _ = small(tmp_path, {"it": PLAIN}, runs=4)
    own = found.loc[("it", "it")]
    assert own["p"] < 0.001
    assert (own["says"], own["verdict"], own["reason"]) == (
        INCONCLUSIVE, INCONCLUSIVE, "fewer than 5 runs",
    )  # fmt: skip


def test_a_reading_of_too_few_runs_decides_nothing(tmp_path):
    few = {**READ, "differs": "data", "where": {"few": 1}, "expect": "less"}
    claims = {"it": {**PLAIN, "readings": {"few": few}}}
    small(tmp_path, claims)
    path = tmp_path / "x/tables/runs.csv"
    write_csv(read_csv(path).assign(few=lambda t: (t["replicate"] < 4).astype(int)), path)
    found = conclude(tmp_path, {"claims": claims, "reported": {}}, {}, RULES)[0].set_index("claim")
    assert found.loc["few", "effect"] < 0
    assert (found.loc["few", "says"], found.loc["few", "reason"]) == (
        INCONCLUSIVE, "fewer than 5 runs",
    )  # fmt: skip
    assert found.loc["it", "verdict"] == SUPPORTED


def test_a_result_changes_the_verdict(tmp_path):
    verdicts = [
        small(tmp_path, {"it": PLAIN}, value=means)[0].loc[("it", "it"), "verdict"]
        for means in ((1, 0), (0.1, 0), (0, 1))
    ]
    assert verdicts == [SUPPORTED, CONTRADICTED, CONTRADICTED]


def test_missing_runs_and_columns_are_named(tmp_path):
    lacking = {
        "file": ({"table": "lost"}, "lost.csv of x is not there"),
        "measure": ({"measure": "value + lost"}, "no column lost in results/x/tables/runs.csv"),
        "where": ({"where": {"replicate": 99}}, "no run with replicate 99 in results/x/tables/"),
        "group": ({"groups": {"kind": ["a", "c"]}}, "no runs with kind both a and c"),
        "value": ({"measure": "value / 0 - value / 0"}, "no value of value / 0 - value / 0 in"),
        "levels": ({"test": "trend", "along": "two", "blocks": ["kind"]}, "a trend needs 3 levels"),
        "blocks": ({"test": "trend", "along": "replicate", "blocks": ["replicate"]}, "no block ha"),
        "starts": ({"test": "pairs", "start": ["one"]}, "several runs of one one"),
        "slope": (
            {"test": "slope", "along": "two", "given": ["two"], "unit": ["replicate"]},
            "a slope needs more networks that differ",
        ),
    }
    claims = {name: {**PLAIN, **more} for name, (more, _) in lacking.items()}
    found, _ = small(tmp_path, claims | {"it": PLAIN})
    path = tmp_path / "x/tables/runs.csv"
    write_csv(read_csv(path).assign(one=1, two=lambda t: t["replicate"] % 2 + 1), path)
    content = {"claims": claims | {"it": PLAIN}, "reported": {}}
    found = conclude(tmp_path, content, {}, RULES)[0].set_index("claim")
    for name, (_, reason) in lacking.items():
        assert found.loc[name, "verdict"] == UNTESTABLE
        assert reason in found.loc[name, "reason"]
        recognized = chapter.recognized(found.loc[name, "reason"], chapter.REASONS)
        assert str(recognized) == found.loc[name, "reason"]
    assert found.loc["it", "verdict"] == SUPPORTED  # on what there is


def test_a_misspelled_measure_is_said_beside_the_verdict(tmp_path):
    """The column that is meant, and that the verdict is on other readings alone."""
    claim = {**PLAIN, "measure": "vlaue", "readings": {"other": {**READ, "measure": "value"}}}
    found, _ = small(tmp_path, {"it": claim})
    own = found.loc[("it", "it")]
    assert own["verdict"] == DEPENDS
    reason = "no column vlaue in results/x/tables/runs.csv (like it: value)"
    assert depends_on(own["reason"]) == ("on the measure", reason)
    told = str(chapter._why(own))
    assert told == f"It depends on the measure. N{reason[1:]}."


def test_a_measure_may_be_a_function_of_columns(tmp_path):
    claims = {"it": {**PLAIN, "measure": "log(value + 1)"}}
    found, _ = small(tmp_path, claims)
    assert found.loc[("it", "it"), "effect"] == pytest.approx(math.log(2), abs=0.02)


def test_never_counts_as_last(tmp_path):
    claim = {**PLAIN, "test": "dominance", "expect": "less"}
    claims = {"it": claim, "never": {**claim, "never": True}}
    found, _ = small(tmp_path, claims, value=(0, 1))
    assert found["effect"].tolist() == [1.0, 1.0]
    path = tmp_path / "x/tables/runs.csv"
    table = read_csv(path)
    table.loc[table.index[:4], "value"] = np.nan  # half of the first kind
    write_csv(table, path)
    found = conclude(tmp_path, {"claims": claims, "reported": {}}, {}, RULES)[0].set_index("claim")
    assert found["effect"].tolist() == [1.0, 0.0]
    assert found["runs"].tolist() == [4, 8]


def test_the_same_bytes_again_and_whatever_else_is_claimed(tmp_path):
    claim = {**PLAIN, "test": "dominance"}
    claims = {name: {**claim, "readings": {"r": {**READ, "measure": "value * 2"}}} for name in "ab"}
    first, again = (small(tmp_path, copy.deepcopy(claims))[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    del claims["a"]
    alone, _ = small(tmp_path, claims)
    columns = ["effect", "effect_low", "effect_high", "p"]
    pd.testing.assert_frame_equal(first.loc[["b"], columns], alone[columns])


# --- published figures -------------------------------------------------------------------------


def test_a_published_figure_has_a_rank():
    values = np.arange(1.0, 10.0)  # 9 runs
    for published, effect, k in ((0.5, -1, 1), (1.5, -7 / 9, 2), (5.5, 1 / 9, 5), (9.5, 1, 1),
                                 (1.0, -8 / 9, 2), (5.0, 0, 6)):  # fmt: skip
        found = evidence.reported(values, published)
        assert found.effect == pytest.approx(effect)
        assert found.p == pytest.approx(min(1, 2 * k / 10))
        assert (found.runs, math.isnan(found.low)) == (9, True)
    assert found.observed == {
        "median": 5, "single_run_low": 1, "single_run_high": 9, "published": 5,
    }  # fmt: skip


def test_the_words_on_a_published_figure():
    for n, published, word in (
        (38, -1.0, NOTHING), (39, -1.0, OUTSIDE), (38, 99.0, NOTHING), (39, 99.0, OUTSIDE),
        (5, 2.5, COMPATIBLE), (39, 0.5, COMPATIBLE), (39, 0.0, COMPATIBLE), (200, 3.5, OUTSIDE),
        (200, 4.5, COMPATIBLE), (1, 0.5, NOTHING),
    ):  # fmt: skip
        found = evidence.reported(np.arange(float(n)), published)
        assert reported_verdict(found, CALM) == word, (n, published)
    nothing = Finding(math.nan, math.nan, math.nan, math.nan, 0, {})
    assert reported_verdict(nothing, CALM) == NOTHING


@pytest.mark.parametrize("spread", [1.0, 50.0])
def test_a_run_of_the_same_kind_is_seldom_outside_whatever_its_distribution(spread):
    rng = np.random.default_rng(3)
    found = [
        reported_verdict(evidence.reported(values[:39], values[39]), CALM)
        for values in np.exp(spread * rng.standard_normal((2000, 40)))
    ]
    assert 0.035 < np.mean([word == OUTSIDE for word in found]) < 0.065


def test_a_claim_has_no_place_among_runs_and_a_figure_has(right):
    found = right[0]
    among = ["published", "median", "single_run_low", "single_run_high"]
    assert among == tables._AMONG_RUNS
    of_figures = found["kind"] == "figure"
    assert found.loc[of_figures & found["effect"].notna(), among].notna().all(axis=None)
    assert found.loc[~of_figures, among].isna().all(axis=None)


def test_figures_are_tested_in_every_variant_and_counted_once(right):
    figures = right[0][right[0]["kind"] == FIGURE]
    own = figures[figures["experiment"] == "architectures"]
    assert len(own) == 24
    assert set(own["verdict"]) == {COMPATIBLE}
    assert set(own["variant"]) == {"as meant", "as run"}
    assert len(chapter.distinct(own.to_dict("records"))) == 12  # of 6 networks; one number is twice


def test_the_same_figure_counts_once_and_is_compatible_where_some_variant_is():
    words = {
        "x-a-error-as-meant": OUTSIDE, "x-a-error-as-run": COMPATIBLE,
        "x-b-error-as-meant": NOTHING, "x-b-error-as-run": OUTSIDE,
        "x-a-epochs-as-meant": OUTSIDE, "y-a-error-as-meant": OUTSIDE,
    }  # fmt: skip
    rows = [{"claim": name, "verdict": word} for name, word in words.items()]
    for order in (rows, rows[::-1]):
        words = chapter.distinct(order)
        assert sorted(words.values()) == sorted([COMPATIBLE, NOTHING, OUTSIDE, OUTSIDE])


def test_a_figure_without_runs_says_nothing_and_keeps_its_number(tmp_path):
    template = {"table": "lost", "by": ["kind"], "measures": ["v"], "variants": {"as meant": {}}}
    published = {"x": {"a": {"v": 0.3}, "b": {"v": 9.0}}}
    found, _ = small(tmp_path, {}, published, {"x": template})
    assert found["published"].tolist() == [0.3, 9.0]
    assert set(found["verdict"]) == {NOTHING}
    tree = metrics(found.reset_index())
    assert (
        len(chapter.distinct([{**row, "claim": name} for name, row in tree["figures"].items()]))
        == 2
    )
    assert {values["reason"] for values in tree["figures"].values()} == {
        "lost.csv of x is not there"
    }


# --- rules of verdicts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "p", "runs", "low", "expected"),
    [
        (0.5, 0.049, 9, 0.4, SUPPORTED),
        (0.1, 0.049, 9, 0.0, CONTRADICTED),  # the same p, on the other side of 0.3
        (-0.9, 0.001, 9, -1.0, CONTRADICTED),
        (0.5, 0.05, 9, 0.4, INCONCLUSIVE),
        (0.1, 0.05, 9, 0.0, INCONCLUSIVE),
        (0.5, 0.001, 4, 0.4, INCONCLUSIVE),
        (0.1, 0.001, 4, 0.0, INCONCLUSIVE),
        (0.3, 0.001, 9, 0.2, INCONCLUSIVE),
        (0.5, math.nan, 9, math.nan, INCONCLUSIVE),
        (0.5, 0.001, 9, math.nan, INCONCLUSIVE),
    ],
)
def test_the_rules_of_one_reading(effect, p, runs, low, expected):
    assert verdict(Finding(effect, low, 1.0, p, runs, {}), p, 0.3, CALM) == expected


def said(says, effect=0.5, kind=READING, differs="data", reason="", **more):
    return {"claim": "c", "kind": kind, "says": says, "effect": effect, "counts_from": 0.3,
            "differs": differs, "reason": reason, "exploratory": "", **more}  # fmt: skip


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        (said(SUPPORTED), [], (SUPPORTED, "")),
        (said(CONTRADICTED, 0.1), [], (CONTRADICTED, "")),
        (said(INCONCLUSIVE), [], (INCONCLUSIVE, "")),
        (said(SUPPORTED), [said(SUPPORTED), said(INCONCLUSIVE, 0.31)], (SUPPORTED, "")),
        (said(SUPPORTED), [said(INCONCLUSIVE, 0.29)], (DEPENDS, "on the data")),
        (said(CONTRADICTED, 0), [said(INCONCLUSIVE, 0.29)], (CONTRADICTED, "")),
        (said(CONTRADICTED, 0), [said(INCONCLUSIVE, 0.31)], (DEPENDS, "on the data")),
        (said(SUPPORTED), [said(CONTRADICTED, 0), said(CONTRADICTED, 0, differs="noise")],
         (DEPENDS, "on the data, the noise")),
        (said(SUPPORTED), [said(CONTRADICTED, 0)] * 2, (DEPENDS, "on the data")),
        (said(INCONCLUSIVE), [said(SUPPORTED)], (DEPENDS, "on the data")),
        (said(INCONCLUSIVE), [said(INCONCLUSIVE, 0)], (INCONCLUSIVE, "")),
        (said(INCONCLUSIVE, reason="few"), [], (INCONCLUSIVE, "few")),
        (said(SUPPORTED), [said(UNTESTABLE, math.nan, reason="gone")], (SUPPORTED, "")),
        (said(SUPPORTED), [said(INCONCLUSIVE, 0, reason="few")], (SUPPORTED, "")),
        (said(SUPPORTED), [said(CONTRADICTED, 0, exploratory="yes")], (SUPPORTED, "")),
        (said(UNTESTABLE, math.nan, reason="gone"), [], (UNTESTABLE, "gone")),
        (said(UNTESTABLE, math.nan, reason="gone"), [said(SUPPORTED)],
         (DEPENDS, "on the data; its own reading: gone")),
        (said(SUPPORTED), [said(AS_IT_MUST, 0, CONTROL)], (SUPPORTED, "")),
        (said(SUPPORTED), [said(NOT_AS_IT_MUST, 0, CONTROL, claim="k")],
         (UNTESTABLE, "the control k does not come out as it must")),
    ],
)  # fmt: skip
def test_the_rules_of_all_readings(own, others, expected):
    own = {**own, "kind": "claim", "differs": ""}
    assert verdict_of_all([own, *others]) == expected


def test_holm():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    adjusted = holm(p)
    assert adjusted == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


# --- single tests ------------------------------------------------------------------------------


def sets_of_letters(rng, sets=20, fonts=2, slope=0.0, letters=12):
    """Similarity, share, members and font of sets of four letters, each with its own value."""
    values = rng.standard_normal((fonts, 2, letters))
    chosen = [(f, rng.choice(letters, 4, replace=False)) for f in range(fonts) for _ in range(sets)]
    x = np.array([values[f, 0, of].mean() for f, of in chosen])
    y = np.array([values[f, 1, of].mean() for f, of in chosen]) + slope * x
    y = y + 0.2 * rng.standard_normal(len(y))
    members = [frozenset(f"{f} {i}" for i in of) for f, of in chosen]
    return x, y, members, np.array([f for f, _ in chosen])


def networks(rng, networks=12, runs=3, slope=0.0, spread=0.3):
    """Values, layers, weights and network of runs; each network has a value of its own."""
    along = np.repeat(np.arange(networks) % 3 + 1.0, runs)
    weights = np.repeat(rng.uniform(100, 1000, networks), runs)
    own = np.repeat(spread * rng.standard_normal(networks), runs)
    logs = slope * along - 0.5 * np.log(weights) + own + 0.05 * rng.standard_normal(len(own))
    return np.exp(logs), along, weights[:, None], np.repeat(np.arange(networks), runs)


def at_the_bound(n):
    """Tests of data whose true effect is the smallest that counts, by name: rng -> (p, effect)."""
    step = math.sqrt(2) * stats.norm.ppf(0.75)  # a delta of 0.5
    third = evidence._shift_of(0.5, 3)
    return {
        "trend": (0.5, lambda rng, d: evidence.trend(
            [[rng.standard_normal(n) + third * i for i in range(3)]], [1, 2, 4], 1, d)),
        "dominance": (0.5, lambda rng, d: evidence.dominance(
            [(rng.standard_normal(n), rng.standard_normal(n) + step)], -1, d)),
        "strata": (0.5, lambda rng, d: evidence.dominance(
            [(rng.standard_normal(n) + step, rng.standard_normal(n)) for _ in range(2)], 1, d)),
        "pairs": (0.5, lambda rng, d: evidence.pairs(
            [(rng.random(n), np.full(n, 0.25)) for _ in range(2)], 1, d)),
        "difference": (0.5, lambda rng, d: evidence.difference(
            [(rng.standard_normal(n) + 0.5, 3 * rng.standard_normal(n))], 1, d)),
        "ratio": (0.5, lambda rng, d: evidence.ratio(
            [(0.5 * np.exp(rng.standard_normal(n)), np.exp(0.2 * rng.standard_normal(n)))], -1, d)),
        "mean": (0.5, lambda rng, d: evidence.mean(rng.random(n), d)),
        "level": (0.5, lambda rng, d: evidence.level([rng.random(n)], d)),
        "levels": (0.5, lambda rng, d: evidence.level([rng.random(n), rng.random(n)], d)),
        "correlation": (0.0, lambda rng, d: evidence.correlation(
            *sets_of_letters(rng, sets=40, fonts=3, letters=32), 1, d)),
        "slope": (0.5, lambda rng, d: evidence.slope(
            *networks(rng, slope=math.log(1.5)), 1, d)),
    }  # fmt: skip


@pytest.mark.parametrize("n", [6, 30])
@pytest.mark.parametrize("name", at_the_bound(6))
def test_nulls_are_rarely_claimed(name, n, monkeypatch):
    """In either direction in at most alpha / 2 of cases, give or take what 400 of them tell."""
    if n == 30 and name in ("correlation", "slope"):
        pytest.skip("has no runs")
    monkeypatch.setattr(evidence._Ordered, "end", lambda self, effect, upper: effect)  # p alone
    bound, test = at_the_bound(n)[name]
    found = [
        test(np.random.default_rng(seed), draws(bound, 399 if n == 6 else 199, seed))
        for seed in range(400)
    ]
    claimed = [verdict(f, f.p, bound, CALM) for f in found]
    # 0.025 of 400 is 10; 20 or more come by chance once in 300 times
    assert claimed.count(SUPPORTED) < 20
    assert claimed.count(CONTRADICTED) < 20


BOTH = {
    "trend": lambda s, d: evidence.trend([[X, X + 0.4, X + 1]], [1, 2, 3], s, d),
    "dominance": lambda s, d: evidence.dominance([(X + 1, X)], s, d),
    "pairs": lambda s, d: evidence.pairs([(X + 1, X[::-1])], s, d),
    "difference": lambda s, d: evidence.difference([(X + 1, X)], s, d),
    "mean": lambda s, d: evidence.mean(s * (X + 1), d),
    "level": lambda s, d: evidence.level([s * (X + 1)], d),
    "levels": lambda s, d: evidence.level([s * (X + 1), s * (X + 2)], d),
    "correlation": lambda s, d: evidence.correlation(
        *sets_of_letters(np.random.default_rng(1), slope=2), s, d),
}  # fmt: skip
X = np.random.default_rng(5).standard_normal(14)


@pytest.mark.parametrize("name", BOTH)
def test_the_rule_is_the_same_in_both_directions(name):
    """Mirrored data: as far on the other side, the same p, the other verdict."""
    with_it, against = (BOTH[name](sign, draws()) for sign in (1, -1))
    assert against.effect == pytest.approx(-with_it.effect)
    assert (against.low, against.high) == pytest.approx((-with_it.high, -with_it.low), abs=0.02)
    assert against.p == pytest.approx(with_it.p, rel=0.2 if name == "levels" else 1e-9)
    assert verdict(with_it, with_it.p, 0.0, CALM) == SUPPORTED
    assert verdict(against, against.p, 0.0, CALM) == CONTRADICTED


@pytest.mark.parametrize("name", ["trend", "dominance", "pairs", "difference", "correlation"])
@pytest.mark.parametrize("n", [2, 6, 40])
def test_no_interval_leaves_the_range_of_its_measure(name, n):
    low, high = np.linspace(0, 0.2, n), np.linspace(0.8, 1, n)
    given = {
        "trend": lambda s: evidence.trend([[low, (low + high) / 2, high]], [1, 2, 3], s, draws()),
        "dominance": lambda s: evidence.dominance([(high, low)], s, draws()),
        "pairs": lambda s: evidence.pairs([(high, low)], s, draws()),
        "difference": lambda s: evidence.difference([(high, low)], s, draws()),
        "correlation": lambda s: evidence.correlation(
            np.arange(n + 1.0), np.arange(n + 1.0), [frozenset([str(i)]) for i in range(n + 1)],
            np.zeros(n + 1), s, draws()),
    }  # fmt: skip
    for sign in (1, -1):
        found = given[name](sign)
        assert -1 <= found.low <= found.effect <= found.high <= 1
        assert abs(found.effect) > 0.7
        if name not in ("correlation", "difference"):  # all agree, and still it is not certain
            assert abs(found.effect) == 1
            assert max(found.low, -found.high) < 1 - 0.2 / n


def deltas(x, y):
    """Cliff's delta, pair by pair."""
    return sum(int(a > b) - int(a < b) for a in x for b in y) / (len(x) * len(y))


def test_dominance_is_cliffs_delta_within_strata():
    rng = np.random.default_rng(0)
    one = (rng.integers(0, 9, 7), rng.integers(3, 12, 5))
    two = (rng.integers(50, 59, 6), rng.integers(53, 62, 9))
    found = evidence.dominance([one, two], -1, draws())
    assert found.effect == pytest.approx(-(deltas(*one) + deltas(*two)) / 2)
    assert found.runs == 5 + 6
    medians = [np.mean([np.median(pair[i]) for pair in (one, two)]) for i in (0, 1)]
    assert list(found.observed.values()) == pytest.approx(medians)
    never = np.full(4, math.inf)
    assert evidence.dominance([(never, np.r_[never[:2], 1, 2])], 1, draws()).effect == 0.5


def test_p_of_dominance_is_mann_and_whitneys_where_any_effect_counts():
    rng = np.random.default_rng(0)
    for shift in (0.3, 0.8, 1.5):
        x, y = rng.standard_normal(7) + shift, rng.standard_normal(9)
        found = evidence.dominance([(x, y)], 1, draws(resamples=9999))
        exact = stats.mannwhitneyu(x, y, method="exact").pvalue
        assert found.p == pytest.approx(exact, rel=0.1, abs=0.01)


def test_p_of_a_trend_is_jonckheeres_where_any_effect_counts():
    block = [np.array([1.0, 4.0]), np.array([2.0, 5.0]), np.array([6.0, 7.0])]
    found = evidence.trend([block], [1, 2, 3], 1, draws(resamples=9999))

    def effect(values):
        parts = [values[:2], values[2:4], values[4:]]
        return np.mean([deltas(b, a) for a, b in itertools.combinations(parts, 2)])

    all_orders = [effect(order) for order in itertools.permutations(np.concatenate(block))]
    share = np.mean(np.array(all_orders) >= found.effect - 1e-9)
    assert found.effect == pytest.approx(effect(np.concatenate(block)))
    assert found.p == pytest.approx(2 * share, rel=0.1)


def test_the_ends_of_an_interval_are_effects_that_are_just_not_refuted():
    rng = np.random.default_rng(2)
    strata = [(rng.standard_normal(8) + 1, rng.standard_normal(6))]
    found = evidence.dominance(strata, 1, draws(resamples=4999))
    assert -1 < found.low < found.effect < found.high < 1
    for end in (found.low, found.high):
        assert evidence.dominance(strata, 1, draws(end, 4999)).p == pytest.approx(0.05, abs=0.01)


def test_the_better_the_runs_agree_the_smaller_is_p():
    """A bootstrap's p falls where all but one pair agree, and rises where all do."""
    low = np.arange(6.0)
    found = [
        evidence.dominance([(np.arange(6.0) + above, low)], 1, draws(0.33, 1999))
        for above in (2.5, 3.5, 4.5, 5.5)
    ]
    assert [f.effect for f in found] == sorted(f.effect for f in found)
    assert [f.p for f in found] == sorted((f.p for f in found), reverse=True)
    assert [f.low for f in found] == sorted(f.low for f in found)
    assert found[-1].effect == found[-1].high == 1
    assert found[-1].p > 0.005  # 6 runs against 6 know no certainty


def test_what_effects_runs_show_follows_the_true_effect():
    such = evidence._Ordered([[10, 10, 10]] * 2, draws(resamples=2000))
    for delta in (-0.9, -0.3, 0.0, 0.5, 0.95):
        assert np.mean(such.effects(delta)) == pytest.approx(delta, abs=0.01)
    assert np.allclose(np.sort(such.effects(0.4)), np.sort(-such.effects(-0.4)))


@pytest.mark.parametrize("resamples", [999, 1000])
def test_no_chance_is_0_and_half_of_the_draws_mirror_the_other(resamples):
    such = evidence._Ordered([[6, 6]], draws(resamples=resamples))
    (block,) = such.blocks
    assert [runs.shape for runs in block] == [(6, 1000)] * 2
    assert all(np.array_equal(runs[:, :500], -runs[:, 500:]) for runs in block)
    assert such.tails(1.1, 0.0) == (1 / 1001, 1.0)
    assert such.tails(-1.1, 0.0) == (1.0, 1 / 1001)


def test_a_trend_is_over_all_pairings_of_runs_and_levels():
    blocks = [
        [np.array([3.0, 3.5]), np.array([2.0, 4.0, 1.0]), np.array([0.0])],
        [np.array([9.0]), np.array([3.0, math.inf]), np.array([math.inf])],
    ]
    found = evidence.trend(blocks, [1, 2, 5], -1, draws())
    expected = [deltas(block[i], block[j]) for block in blocks for i, j in ((0, 1), (0, 2), (1, 2))]
    assert found.effect == pytest.approx(np.mean(expected))
    assert found.observed == {"1": 3.5, "2": 3.0, "5": math.inf}
    assert found.runs == 2
    assert found.low < found.effect < found.high
    with pytest.raises(NotTestableError, match="a trend needs 3 levels, 2 are there"):
        evidence.trend([block[:2] for block in blocks], [1, 2], 1, draws())


def test_levels_are_in_their_order_and_blocks_need_all_of_them():
    rows = [(b, level, 10 * b + level) for b in (1, 2) for level in (10, 2, 1)] + [(3, 1, 0.0)]
    table = pd.DataFrame(rows, columns=["block", "level", "value"])
    claim = {"experiment": "x", "table": "t", "measure": "value", "test": "trend",
             "along": "level", "blocks": ["block"], "counts_from": 0.3}  # fmt: skip
    found = tables.find(table, claim, 99, np.random.default_rng(0))
    assert (found.effect, found.runs) == (1.0, 2)
    assert list(found.observed) == ["1", "2", "10"]


def binomial(n, share, counts):
    return sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in counts)


def test_pairs_are_counted_by_the_sign_test():
    first = np.r_[np.ones(9), np.zeros(3)]
    found = evidence.pairs([(first[:5], np.full(5, 0.5)), (first[5:], np.full(7, 0.5))], 1,
                           draws(0.2))  # fmt: skip
    assert found.effect == pytest.approx((9 - 3) / 12)
    assert found.p == pytest.approx(2 * binomial(12, 0.6, range(9, 13)))
    assert found.runs == 12
    low, high = (found.low + 1) / 2, (found.high + 1) / 2
    assert binomial(12, low, range(9, 13)) == pytest.approx(0.025)
    assert binomial(12, high, range(10)) == pytest.approx(0.025)


def test_pairs_are_compared_with_their_own_start_and_ties_are_halves():
    noise = 100 * np.arange(8.0)
    found = evidence.pairs([(noise + 1, noise)], 1, draws())
    assert found.effect == found.high == 1
    assert found.p == pytest.approx(2 / 2**8)
    assert evidence.dominance([(noise + 1, noise)], 1, draws()).effect < 0.2
    ties = evidence.pairs([(noise, noise)], 1, draws(0.33))
    assert (ties.effect, ties.p) == (0, pytest.approx(2 * binomial(8, 0.665, range(5))))
    never = np.full(3, math.inf)
    assert evidence.pairs([(never, never)], 1, draws()).effect == 0


def test_pairs_are_joined_by_their_start():
    table = pd.DataFrame(
        {"optimizer": ["a"] * 3 + ["b"] * 4, "replicate": [0, 1, 2, 2, 1, 0, 7],
         "value": [1.0, 5.0, 9.0, 8.0, 4.0, 0.0, 99.0]}
    )  # fmt: skip
    claim = {"experiment": "x", "table": "t", "measure": "value", "test": "pairs",
             "groups": {"optimizer": ["a", "b"]}, "start": ["replicate"],
             "counts_from": 0.3}  # fmt: skip
    found = tables.find(table, claim, 99, np.random.default_rng(0))
    assert (found.effect, found.runs) == (1.0, 3)


def test_difference_is_welchs():
    rng = np.random.default_rng(0)
    x, y = rng.normal(5, 1, 9), rng.normal(3, 4, 6)
    found = evidence.difference([(x, y)], 1, draws(0.7))
    expected = stats.ttest_ind(x - 0.7, y, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.effect == pytest.approx(x.mean() - y.mean())
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low + 0.7, interval.high + 0.7))
    assert list(found.observed.values()) == pytest.approx([x.mean(), y.mean()])


def test_where_nothing_varies_there_is_no_interval_and_nothing_is_concluded():
    found = evidence.difference([(np.ones(10), np.zeros(10))], 1, draws(0.2))
    assert found.effect == 1.0
    assert np.isnan([found.low, found.high, found.p]).all()
    rules = {"min_replicates": 5, "alpha": 0.05}
    assert tables.verdict(found, found.p, 0.2, rules) == INCONCLUSIVE
    varied = evidence.difference([(np.ones(10), np.linspace(0.0, 0.01, 10))], 1, draws(0.2))
    assert tables.verdict(varied, varied.p, 0.2, rules) == SUPPORTED


def test_the_interval_of_a_difference_of_shares_alone_ends_at_1():
    x = np.array([0.0, 1.0])
    ends = [evidence.difference([(k * x, k * x)], 1, draws()) for k in (1.0, 1.01, -1.0)]
    assert (ends[0].low, ends[0].high) == (-1, 1)
    assert all(other.low < -1 and other.high > 1 for other in ends[1:])


def test_a_ratio_is_welchs_on_logarithms():
    rng = np.random.default_rng(0)
    x, y = np.exp(rng.normal(1, 0.3, 6)), np.exp(rng.normal(2, 0.1, 7))
    found = evidence.ratio([(x, y)], -1, draws(0.25))
    factor = stats.gmean(x) / stats.gmean(y)
    expected = stats.ttest_ind(np.log(x / 0.75), np.log(y), equal_var=False)
    ends = np.exp(expected.confidence_interval(0.95)) * 0.75
    assert found.effect == pytest.approx(1 - factor)
    assert (found.low, found.high) == pytest.approx((1 - ends[1], 1 - ends[0]))
    assert found.p == pytest.approx(expected.pvalue)
    assert list(found.observed.values()) == pytest.approx([stats.gmean(x), stats.gmean(y)])
    more = evidence.ratio([(x, y), (2 * x, y)], 1, draws(0.25))
    assert more.effect == pytest.approx(factor * math.sqrt(2) - 1)
    assert more.low < more.effect < more.high
    other = evidence.ratio([(7 * x, 7 * y)], -1, draws(0.25))  # no unit
    assert (other.effect, other.p) == pytest.approx((found.effect, found.p))
    assert math.isnan(evidence.ratio([(x[:1], y)], 1, draws()).low)


def test_a_mean_has_students_interval():
    values = np.random.default_rng(2).normal(0.8, 0.1, 6)
    found = evidence.mean(values, draws(0.5))
    expected = stats.ttest_1samp(values, 0.5)
    interval = expected.confidence_interval(0.95)
    assert (found.effect, found.p) == pytest.approx((values.mean(), expected.pvalue))
    assert (found.low, found.high) == pytest.approx(interval)
    assert found.observed == {"smallest": values.min(), "largest": values.max()}
    cut = evidence.mean(np.array([0.0, 1.0, 1.0]), draws())
    assert (cut.low, cut.high) == (0, 1)
    over = evidence.mean(np.array([0.0, 1.0, 1.01]), draws())
    assert over.low < 0
    assert over.high > 1
    two = evidence.mean(np.array([0.7, 0.8]), draws(0.5))
    interval = stats.ttest_1samp([0.7, 0.8], 0.5).confidence_interval(0.95)
    assert two.low == max(0, interval.low)
    alone = evidence.mean(np.array([0.7]), draws())
    assert alone.effect == 0.7
    assert math.isnan(alone.low)
    assert math.isnan(alone.p)


@pytest.mark.parametrize("test", ["ratio", "mean"])
def test_six_runs_decide_an_overwhelming_effect_after_holm(test):
    """As the quantile test of a median, or a delta of 0.33, cannot: their p are 0.03, 0.025."""
    rng = np.random.default_rng(0)
    high, low = np.exp(rng.normal(3, 0.3, 6)), np.exp(rng.normal(0, 0.1, 6))
    if test == "ratio":
        found = evidence.ratio([(low, high)], -1, draws(0.33))
    else:
        found = evidence.mean(rng.normal(0.87, 0.05, 6), draws(0.5))
    tested = len(TESTED) + 1
    assert tested * found.p < 0.05
    assert tested * evidence.level([high], draws(1.0)).p > 0.05
    assert tested * evidence.dominance([(high, low)], 1, draws(0.33)).p > 0.05


def test_the_chance_of_an_order_is_exact():
    rng = np.random.default_rng(0)
    for sizes in ([[1], [1]], [[2], [3], [2]], [[1, 2], [3]], [[2, 1], [3, 2]], [[1], [2, 2], [1]]):
        groups = [[rng.integers(0, 5, n + 1).astype(float) for n in group] for group in sizes]
        groups[-1][0][0] = math.inf
        runs = list(itertools.product(*(values for group in groups for values in group)))
        of = np.repeat(np.arange(len(sizes)), [len(group) for group in sizes])

        def ordered(drawn, of=of):
            parts = [[v for v, k in zip(drawn, of, strict=True) if k == g] for g in set(of)]
            return all(max(a) < min(b) for a, b in itertools.pairwise(parts))

        expected = np.mean([ordered(drawn) for drawn in runs])
        assert evidence.chance_of_order(groups) == pytest.approx(expected)
    never = [[np.full(2, math.inf)], [np.full(3, math.inf)]]
    assert evidence.chance_of_order(never) == 0


def test_single_runs_have_a_chance_or_a_reason(tmp_path):
    small(tmp_path, {})
    entry = {"says": "b before a", "of": "order", "experiment": "x", "table": "runs",
             "measure": "value", "column": "kind", "order": [["b"], ["a"]]}  # fmt: skip
    orders = {"right": entry, "turned": {**entry, "order": [["a"], ["b"]], "of": "conclusion"},
              "half": {**entry, "column": "replicate", "order": [[0], [1]]},
              "lost": {**entry, "table": "lost"},
              "gone": {**entry, "order": [["b"], ["c"]]}}  # fmt: skip
    found = single_runs(tmp_path, orders)
    tree = single_metrics(found)
    assert tree["right"] == {"of": "order", "runs": 8, "chance": 1.0}
    assert tree["turned"] == {"of": "conclusion", "runs": 8, "chance": 0.0}
    assert (tree["half"]["runs"], tree["half"]["chance"]) == (2, 0.75)
    assert tree["lost"] == {"of": "order", "runs": 0, "reason": "lost.csv of x is not there"}
    assert tree["gone"]["reason"].startswith("no run with kind c")
    table = chapter.singles_table(found)
    assert [str(row[3]) for row in table.rows][:2] == ["1.00", "0"]
    assert str(table.rows[3][3]) == "lost.csv of x is not there"


def test_single_runs_of_the_study_find_their_tables(tmp_path):
    found = single_runs(write(of_claims(), tmp_path), FILE["single_runs"])
    assert found["reason"].tolist() == [""] * len(FILE["single_runs"])
    assert found["chance"].between(0, 1).all()
    assert found.set_index("name").loc["vae-spread", "chance"] == 1


def test_a_difference_is_the_mean_over_strata():
    one, two = (np.array([5.0, 7.0]), np.array([1.0, 1.0])), (np.zeros(3), np.full(2, 3.0))
    found = evidence.difference([one, two], 1, draws())
    assert found.effect == pytest.approx((5.0 - 3.0) / 2)
    # the first group alone varies: its variance of the mean is 1, halved strata make it 1 / 4
    half = stats.t.ppf(0.975, 1) * 0.5
    assert (found.low, found.high) == pytest.approx((1 - half, 1 + half))
    alone = evidence.difference([(np.ones(1), np.zeros(5))], 1, draws())
    assert alone.effect == 1
    assert math.isnan(alone.low)
    assert math.isnan(alone.p)


def test_a_level_is_a_median_with_the_quantile_test():
    values = np.arange(1.0, 13.0)
    found = evidence.level([values], draws(3.5))
    assert found.effect == 6.5
    assert found.p == pytest.approx(2 * binomial(12, 0.5, range(4)))
    assert (found.low, found.high) == (3.0, 10.0)  # binomial(12, 0.5) below 3: 0.019
    assert found.observed == {"smallest": 1, "largest": 12}


def test_levels_of_several_networks_are_not_pooled():
    near, far = np.linspace(0, 0.1, 11), np.linspace(0.8, 1.0, 21)
    found = evidence.level([near, far], draws(0.3))
    assert found.effect == pytest.approx((0.05 + 0.9) / 2)
    assert np.median(np.r_[near, far]) > 0.8
    assert 0.05 / 2 + 0.4 < found.low < found.effect < found.high < 0.55
    assert found.p < 0.01
    assert math.isnan(evidence.level([near[:1], far], draws()).low)
    assert (
        evidence.level([near[:2], far], draws()).low < evidence.level([near[:2], far], draws()).high
    )


def test_correlation_is_of_ranks_within_strata_and_knows_that_sets_share_members():
    x, y, members, fonts = sets_of_letters(np.random.default_rng(3), slope=1.0)
    found = evidence.correlation(x, 100 * fonts + y, members, fonts, 1, draws(0.3))
    ranks = [np.concatenate([stats.rankdata(v[fonts == f]) for f in (0, 1)]) for v in (x, y)]
    a, b = (stats.zscore(stats.rankdata(r)) for r in ranks)  # sets come in the order of fonts
    rho, n = stats.spearmanr(*ranks).statistic, len(x)
    added = [(a[i] * b[i] - rho * (a[i] ** 2 + b[i] ** 2) / 2) / n for i in range(n)]
    variance = 0.0
    for i, j in itertools.product(range(n), repeat=2):
        shared = len(members[i] & members[j])
        variance += (2 if i == j else shared) * added[i] * added[j]
    error, df = math.sqrt(variance) / (1 - rho**2), len(set().union(*members)) - 1
    half = stats.t.ppf(0.975, df) * error
    assert found.effect == pytest.approx(rho)
    assert found.low == pytest.approx(math.tanh(math.atanh(rho) - half))
    assert found.high == pytest.approx(math.tanh(math.atanh(rho) + half))
    t = (math.atanh(rho) - math.atanh(0.3)) / error
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), df))
    assert found.runs == df + 1
    # as if each set were independent would be too sure
    assert half > 1.96 / math.sqrt(n - 3)


def test_a_correlation_between_strata_is_none():
    x, y = np.r_[0:8, 20:28].astype(float), np.r_[8:0:-1, 28:20:-1].astype(float)
    members = [frozenset([str(i)]) for i in range(16)]
    found = evidence.correlation(x, y, members, np.repeat([0, 1], 8), -1, draws())
    assert found.effect == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("y", "strata"), [(np.ones(6), np.zeros(6)), (np.arange(6.0), np.arange(6))]
)
def test_correlation_of_what_does_not_vary_is_not_testable(y, strata):
    members = [frozenset([str(i)]) for i in range(6)]
    with pytest.raises(NotTestableError, match="a correlation needs 3 sets that differ"):
        evidence.correlation(np.arange(6.0), y, members, strata, 1, draws())


def test_letters_of_different_fonts_are_not_the_same():
    rng = np.random.default_rng(0)
    rows = [(f, f"s{f}{i}", "".join(rng.choice(list("abcdefgh"), 4, replace=False)), r)
            for f in ("one", "two") for i in range(9) for r in range(3)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["font", "subset", "letters", "replicate"])
    table["letters"] = table.groupby("subset")["letters"].transform("first")
    table = table.assign(similarity=rng.random(len(table)), value=rng.random(len(table)))
    claim = {"experiment": "x", "table": "t", "measure": "value", "test": "correlation",
             "along": "similarity", "unit": ["font", "subset"], "strata": ["font"],
             "members": "letters", "counts_from": 0.3}  # fmt: skip
    found = tables.find(table, claim, 99, np.random.default_rng(0))
    assert found.runs == len({(f, c) for f, _, of, _ in rows for c in of})
    means = table.groupby(["font", "subset"])[["similarity", "value"]].mean()
    ranks = means.groupby("font").rank()
    assert found.effect == pytest.approx(ranks["similarity"].corr(ranks["value"]))


def test_a_slope_holds_the_rest_equal():
    _, along, weights, units = networks(np.random.default_rng(0), spread=0.0)
    exact = np.exp(-0.2 * along) * weights[:, 0] ** -0.5
    found = evidence.slope(exact, along, weights, units, -1, draws(0.1))
    assert found.effect == pytest.approx(1 - math.exp(-0.2))
    assert found.p < 1e-6
    assert found.runs == 12
    assert list(found.observed) == ["1", "2", "3"]
    # depth and weights go together, and weights alone do it
    weights = 100 * along * np.exp(0.3 * np.repeat(np.random.default_rng(1).random(12), 3))
    found = evidence.slope(weights**-0.5, along, weights[:, None], units, -1, draws(0.1))
    assert found.effect == pytest.approx(0.0, abs=1e-9)


def test_the_interval_of_a_slope_is_a_jackknife_over_networks():
    values, along, weights, units = networks(np.random.default_rng(4), slope=0.3)

    def fit(kept):
        design = np.column_stack([along, np.log(weights), np.ones(len(along))])[kept]
        return (np.linalg.inv(design.T @ design) @ design.T @ np.log(values[kept]))[0]

    whole, left_out = fit(units >= 0), np.array([fit(units != k) for k in range(12)])
    error = math.sqrt(11 / 12 * np.sum((left_out - left_out.mean()) ** 2))
    half = stats.t.ppf(0.975, 12 - 3) * error
    for sign in (1, -1):
        found = evidence.slope(values, along, weights, units, sign, draws(sign * 0.1))
        ends = sorted(sign * math.expm1(whole + side) for side in (-half, half))
        assert found.effect == pytest.approx(sign * math.expm1(whole))
        assert [found.low, found.high] == pytest.approx(ends)
        t = (whole - math.log(1.1)) / error
        assert found.p == pytest.approx(2 * stats.t.sf(abs(t), 9))
