"""Made-up tables of all experiments, of the form of the real ones: what unit tests draw and tell.

A table may lack columns that no test needs. tests/workflow/test_made_up.py compares those it has
with a study that has run. A new measure of denoising is in all of them by its entry.
"""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd

from latentlab.data.fonts import read_fonts
from latentlab.experiments.architectures.tables import controls, epochs_by_level
from latentlab.experiments.conclusions.tables import FINDINGS, SINGLE_RUNS
from latentlab.experiments.denoising.measures import MEASURES
from latentlab.experiments.denoising.plan import denoising_factors, denoising_noises
from latentlab.experiments.denoising.tables import denoising_correlations
from latentlab.experiments.letters.plan import letters_factors
from latentlab.experiments.letters.tables import new_letter_controls
from latentlab.experiments.optimizers.plan import LOSSES, is_tuned, optimizers_factors
from latentlab.experiments.vae.tables import code_areas
from latentlab.files.tables import write_csv
from latentlab.files.yaml import read_yaml
from latentlab.measures.novelty import Rules

ROOT = Path(__file__).parents[1]
PUBLISHED = read_yaml(ROOT / "data/published.yaml")
FONT = read_fonts(ROOT / "data/fonts/font.h")["font2"]


def measures(**values):
    """Columns of a summary: each value with an interval around it."""
    row = {}
    for name, value in values.items():
        row |= {name: value, f"{name}_low": 0.9 * value, f"{name}_high": 1.1 * value}
    return row


# --- architectures, optimizers


def curves_and_replicates():
    names = ["35-15-2", "35-18-5", "35-25-15-2", "another"]
    encoders = ["relu", "relu_as_run"]
    curves = pd.DataFrame(
        [
            {
                "network": n,
                "encoder": encoder,
                "epoch": e,
                "error": m,
                "lower_quartile": 0.8 * m,
                "upper_quartile": 2 * m,
            }
            for i, n in enumerate(names)
            for k, encoder in enumerate(encoders)
            for e in range(20)
            for m in [5.0 / (1 + e) + 0.1 * i + 0.2 * k]
        ]
    )
    replicates = pd.DataFrame(
        [
            {"network": n, "encoder": encoder, "error": 0.1 * (i + 1) + 0.01 * r,
             "mean_wrong_pixels": i + 0.1 * r, "exact": 0.5, "within_one_pixel": 0.7,
             "epochs_to_1": 5 + r, "epochs_to_0.25": 9.0 if r > i else np.nan}
            for i, n in enumerate(names)
            for encoder in encoders
            for r in range(6)
        ]
    )  # fmt: skip
    return curves, replicates


def factorial_table(depths=(1, 2, 3), widths=(10, 20)):
    return pd.DataFrame(
        [
            {"depth": d, "latent": n, "hidden": w, "replicate": r, "error": (d + r) / n,
             "epochs_to_2": 3 + r, "epochs_to_0.5": np.nan if n < 2 * d else 9 + r}
            for d in depths for n in (1, 2, 10) for w in widths for r in range(4)
        ]
    )  # fmt: skip


LATENT = {"distance_correlation": 0.37, "known": 0.45, "new": 0.015, "blur": 0.4}
"""Of the latent space: of the named networks alone."""


def letter_tables(keys, published, latent=LATENT):
    """Summary and replicates of cells, a row of keys each."""
    summary, replicates = [], []
    for i, key in enumerate(keys):
        errors = [0.2 * (i + 1) + 0.05 * r for r in range(6)]
        known = published.get(key["network"])
        summary.append(
            {**key, "replicates": 6, "best_error": errors[0], "best_max_wrong_pixels": 2,
             "published_error": known, "published_epochs": 20 if known else None,
             "published_rank": 0.5 if known else None,
             **measures(error=errors[3], epochs=25, mean_wrong_pixels=0.5, exact=0.6,
                        within_one_pixel=0.8, **latent)}
        )  # fmt: skip
        replicates += [
            {**key, "replicate": r, "error": e, "exact": 0.75, "within_one_pixel": 0.9,
             "max_wrong_pixels": 3}
            for r, e in enumerate(errors)
        ]  # fmt: skip
    return pd.DataFrame(summary), pd.DataFrame(replicates)


LEVELS = {"epochs_to": 9.0, "operations_to": 2e6}


def reaching(name, levels):
    """Columns of a summary about error levels; half of the starts get to each."""
    row = {}
    for level in levels:
        row |= measures(**{f"{name}_{level:g}": LEVELS[name], f"reached_{level:g}": 0.5})
    return row


def architectures_tables(section):
    keys = [
        {"network": network, "encoder": encoder}
        for encoder in section["encoders"] for network in section["networks"]
    ]  # fmt: skip
    summary, replicates = letter_tables(keys, {"35-18-5": 0.13}, latent={})
    return summary.assign(**reaching("epochs_to", section["error_levels"])), replicates


def factorial_tables(section):
    """Effects, and runs of which all get to the first level."""
    levels = section["error_levels"]
    effects = pd.DataFrame(
        [
            {"factor": factor, "value": value, "replicates": 8,
             **measures(error=1.0, error_ratio=0.5), **reaching("epochs_to", levels)}
            for factor, key in (("depth", "depths"), ("latent", "latents"), ("hidden", "widths"))
            for value in section["factorial"][key]
        ]
    )  # fmt: skip
    runs = pd.DataFrame({f"epochs_to_{x:g}": [5.0] for x in levels})
    return effects, runs


OPTIMIZERS = [("squared-error", "powell"), ("squared-error", "adam"), ("cross-entropy", "adam")]


def optimizer_curves():
    return pd.DataFrame(
        [
            {"network": n, "loss": loss, "optimizer": name, "comparison": "equal",
             "operations": 10.0**k, "error": 8 / k, "lower_quartile": 7 / k,
             "upper_quartile": 9 / k}
            for n in ("35-18-2", "35-2") for loss, name in OPTIMIZERS for k in range(5, 9)
        ]
    )  # fmt: skip


def optimizer_replicates():
    return pd.DataFrame(
        [
            {"network": n, "loss": loss, "optimizer": name, "comparison": comparison,
             "error": 0.1 + r}
            for n in ("35-18-2", "35-2") for r in range(5)
            for loss, name, comparison in [
                *((*of, "equal") for of in OPTIMIZERS), ("squared-error", "powell-long", "long")
            ]
        ]
    )  # fmt: skip


def optimizer_trials():
    """Adam's on both losses, Powell's that has no rate, and a rate at which all diverge."""
    rates = pd.DataFrame(
        [
            {"network": n, "loss": loss, "optimizer": "adam", "learning_rate": rate,
             "schedule": schedule, "error": np.nan if rate == 0.1 else 1 + abs(rate - 0.01)}
            for n in ("35-18-2", "35-2") for loss in ("squared-error", "cross-entropy")
            for rate in (0.001, 0.01, 0.1) for schedule in ("constant", "cosine")
        ]
    )  # fmt: skip
    powell = {"network": "35-2", "loss": "squared-error", "optimizer": "powell", "xtol": 0.01,
              "error": 1.0}  # fmt: skip
    return pd.concat([rates, pd.DataFrame([powell])], ignore_index=True)


def optimizers_tables(section):
    summary = []
    for i, cell in enumerate(optimizers_factors(section).values()):
        comparison = section["comparisons"][cell["comparison"]]
        stages = comparison["stages"][cell["optimizer"]]
        tuned, last = is_tuned(stages), stages[-1]
        early = last["optimizer"] == "backpropagation"
        for loss in LOSSES[: 1 + (cell["optimizer"] in comparison["cross_entropy"])]:
            summary.append(
                {**cell, "loss": loss, "replicates": 20,
                 "learning_rate": 0.01 if "learning_rate" in last else None,
                 "schedule": "cosine" if "schedule" in last else None,
                 "xtol": 0.02 if "xtol" in last else None, "inside": i > 0 if tuned else None,
                 "tuning_operations": 5e7 if tuned else 0.0,
                 "published_epochs": 1000.0 if early else None,
                 **measures(error=0.3 + i / 10, operations=1e8, mean_wrong_pixels=1.0, exact=0.5,
                            within_one_pixel=0.7, epochs=2.0,
                            early_error=1.7 if early else math.nan),
                 **reaching("operations_to", section["error_levels"])}
            )  # fmt: skip
    trials = [
        {"network": "35-18-2", "loss": "squared-error", "comparison": "equal", "optimizer": name,
         "learning_rate": rate, "schedule": "constant", "error": error}
        for name, rate, error in (
            ("backpropagation", 0.01, 0.6), ("backpropagation", 0.1, 3.0), ("powell", None, 1.23),
            ("adam", 0.01, 0.5), ("adam", 0.02, 1.5), ("adam", 0.1, None),
        )
    ]  # fmt: skip
    return pd.DataFrame(summary), pd.DataFrame(trials)


# --- letters


def front_table():
    rows = [("font1", w, r, max(0, 6 - w // 100 + r)) for w in (300, 500, 700) for r in range(4)]
    rows += [("font2", w, r, 3) for w in (300, 500) for r in range(2)]  # none without an error
    return pd.DataFrame(rows, columns=["font", "weights", "replicate", "max_wrong_pixels"])


def letter_table():
    rows = [("font2", n, c, 0.3 * i) for n in ("a", "b") for i, c in enumerate(FONT.characters)]
    rows += [("all", "c", f"{font}{i}", 0.0) for font in "xyz" for i in range(32)]
    return pd.DataFrame(rows, columns=["font", "network", "letter", "mean_wrong_pixels"])


def latent_tables():
    summary = pd.DataFrame(
        [
            {"font": "font2", "network": n, "distance_correlation": 0.4,
             "distance_correlation_low": 0.3, "distance_correlation_high": high,
             "known": 0.5, "new": 0.02, "blur": 0.48}
            for n, high in (("a", 0.5), ("b", np.nan))
        ]
    )  # fmt: skip
    replicates = summary[["font", "network", "distance_correlation"]]
    return summary, pd.concat([replicates] * 3, ignore_index=True)


INTRODUCTION = {
    "font": "font2", "letter": "A", "units": 2, "wrong": 0, "letters": 32, "exact": 28,
    "new": ["@", "J"], "apart": [10, 11],
}  # fmt: skip
LETTER_METRICS = {
    "all_fonts": {"network": "all-letters", "max_wrong_pixels": 0, "share_of_starts": 1.0},
    "one_dimensional": {
        "font2": {"network": "one-number", "max_wrong_pixels": 1, "share_of_starts": 0.5}
    },
    "front": {"font1": {"network": "35-8-2", "weights": 645, "share_of_starts": 0.1,
                        "sure": {"network": "35-14-2", "weights": 1101}}},
    "linear": {"font2": {"network": "linear", "autoencoder_error": 2.1987, "pca_error": 2.1986,
                         "autoencoder_wrong_pixels": 5.2, "pca_wrong_pixels": 5.1}},
    "networks": {},
}  # fmt: skip


# --- denoising


def scores(**values):
    """Every measure of a denoiser's answers: those that are given, the others 0.5."""
    return {**dict.fromkeys(MEASURES, 0.5), **values}


def denoising_cells(fonts=("font2",), kinds=("uniform",), probabilities=(0.1, 0.4)):
    """Denoisers by what they learned: the factors of their cells."""
    return [
        {"font": font, "subset": "published", "network": "published", "kind": kind,
         "probability": p, "range": 0.5}
        for font, kind, p in itertools.product(fonts, kinds, probabilities)
    ]  # fmt: skip


def denoising_summary(cells):
    rows = []
    for cell, (noise, error) in itertools.product(cells, (("training", 1e-40), ("fresh", 1.5))):
        share = 0.95 - cell["probability"] / 2
        shares = {"exact": share - 0.1, "within_one_pixel": share, "right_letter": share}
        row = {**cell, "noise": noise, "replicates": 6, **measures(**scores(error=error, **shares))}
        published = 1e-30 if noise == "training" else math.nan
        rows.append({**row, "published_error": published, "right_letter_high": math.nan})
    return pd.DataFrame(rows)


def denoising_replicates(cells):
    return pd.DataFrame(
        [
            {**cell, "noise": noise, "replicate": r, **scores(error=error * 10**r)}
            for cell in cells
            for noise, error in (("training", 1e-40), ("fresh", 1.5))
            for r in range(6)
        ]
    )


def denoising_matrix(cells, noises, share=lambda cell, noise: 1 - noise["probability"]):
    """share : of the denoiser's answers to a noise with at most one wrong pixel"""
    return pd.DataFrame(
        [
            {**cell, **{f"test_{key}": value for key, value in noise.items()}, "replicates": 6,
             **measures(**scores(within_one_pixel=share(cell, noise)))}
            for cell in cells for noise in noises
        ]
    )  # fmt: skip


def noises(kinds=("uniform", "bit_flip"), probabilities=(0.05, 0.1, 0.4)):
    """What denoisers and baselines are tested on."""
    tests = {"kinds": kinds, "probabilities": probabilities, "ranges": [0.5]}
    return list(denoising_noises(tests).values())


BASELINES = {"nearest_letter": 0.7, "do_nothing": 0.7, "linear": 0.7}


def denoising_baselines(sets, noises, shares=BASELINES):
    """sets : fonts and subsets; shares : of answers with at most one wrong pixel, by baseline"""
    return pd.DataFrame(
        [
            {"font": font, "subset": subset, "baseline": name, **noise,
             **scores(within_one_pixel=share)}
            for (font, subset), noise, (name, share)
            in itertools.product(sets, noises, shares.items())
        ]
    )  # fmt: skip


def denoising_variations(share=lambda value: 0.1 * value / 4):
    """share : of answers with at most one wrong pixel, by the value of the knob"""
    knobs = (("redrawn", 4), ("copies", 1), ("copies", 10), ("latent", 2), ("latent", 20))
    return pd.DataFrame(
        [
            {"knob": knob, "value": value, "replicate": r,
             **scores(within_one_pixel=share(value), right_letter=0.5 + 0.1 * r)}
            for knob, value in knobs for r in range(2)
        ]
    )  # fmt: skip


def denoising_orthogonality():
    table = pd.DataFrame(
        [
            {"font": font, "network": network, "subset": subset, "size": size, "replicate": r,
             "letters": "ABCDEFGHIJK"[i:i + size],
             "similarity": 0.1 * i, "similarity_centered": 0.1 * i,
             **dict.fromkeys(("within_one_pixel", "right_letter", "nearest_within_one_pixel",
                              "nearest_right_letter"), 0.9 - 0.1 * i)}
            for font in ("font1", "font2") for network in ("a", "b") for r in range(2)
            for i, (subset, size) in enumerate(
                [("published", 4), ("4-0", 4), ("4-1", 4), ("8-0", 8)]
            )
        ]
    )  # fmt: skip
    return table, denoising_correlations(table)


DENOISING = ["summary", "replicates", "matrix", "baselines", "variations", "correlations"]


def denoising_tables(section):
    """What the chapter reads, of every denoiser of the section: those of ``DENOISING``."""
    cells = list(denoising_factors(section).values())
    noises = list(denoising_noises(section["tests"]).values())
    sets = [(font, name) for name, own in section["subsets"].items() for font in own["fonts"]]
    correlations = [
        {"font": "font2", "network": "published", "similarity": "similarity", "size": 4,
         "subsets": 40, "measure": "right_letter", "correlation": -0.62, "correlation_low": -0.8,
         "correlation_high": -0.4}
    ]  # fmt: skip
    return (
        denoising_summary(cells),
        denoising_replicates(cells),
        denoising_matrix(
            cells, noises, lambda cell, noise: 0.9 if noise["kind"] == cell["kind"] else 0.4
        ),
        denoising_baselines(
            sets, noises, {"nearest_letter": 0.97, "best_decision": 0.97, "do_nothing": 1.0}
        ),
        denoising_variations(),
        pd.DataFrame(correlations),
    )


# --- vae


def loss_table():
    rows = []
    for model in ("published", "autoencoder"):
        for epoch in range(1, 6):
            row = {"model": model, "epoch": epoch}
            for term in ("loss", "reconstruction", "kl"):
                value = np.nan if (term, model) == ("kl", "autoencoder") else 100.0 + 50 / epoch
                row |= {term: value, f"test_{term}": value + 1}
            rows.append(row)
    return pd.DataFrame(rows)


def vae_tables(section):
    summary, replicates = [], []
    for dataset in section["datasets"]:
        for model, loss in (("published", 151.6), ("autoencoder", 141.5), ("improved", 131.7)):
            row = measures(test_loss=loss, test_reconstruction=loss - 5)
            area = 2025.0 if model == "autoencoder" else 20.25
            row |= measures(test_kl=math.nan if model == "autoencoder" else 6.0, code_area=area,
                            frechet=12.5, real_frechet=0.625, relative_precision=1.1,
                            relative_recall=0.2, relative_density=1.7, relative_coverage=0.83,
                            compared=1000, hole_share=0.12, label_accuracy=0.7, prior_mmd2=0.01,
                            nearest_training=4.5, real_nearest_training=4.25, exact_nll=147.5,
                            nll_bound=150.5, nll_bound_effective_samples=7.5,
                            approximation_gap=0.125, amortization_gap=4.0,
                            fitted_elbo=-147.625)  # fmt: skip
            known = (dataset, model) == ("mnist", "published")
            summary.append({"dataset": dataset, "model": model, "replicates": 2, **row,
                            "published_test_loss": 153.44 if known else None,
                            "published_rank": 1.0 if known else None})  # fmt: skip
            replicates += [
                {"dataset": dataset, "model": model, "replicate": r, "test_loss": loss + r}
                for r in range(2)
            ]
    return pd.DataFrame(summary), pd.DataFrame(replicates), vae_controls(section["datasets"])


def vae_controls(datasets):
    names = {"mean_image": 0.015, "class_means": 0.25, "gaussian_2": 0.31, "real": 1.01}
    shares = ("relative_coverage", "relative_density", "relative_precision", "relative_recall")
    return pd.DataFrame(
        [
            {"dataset": dataset, "control": name, **dict.fromkeys(shares, value)}
            for dataset in datasets
            for name, value in names.items()
        ]
    )


# --- conclusions


def conclusions_tables():
    """Findings on five claims, one a verdict, one of them with readings, on two figures."""

    def finding(name, says, **values):
        row = dict.fromkeys(FINDINGS) | {"claim": name, "kind": "claim", "of": name}
        row |= {"text": f"The claim of {name}.", "hypothesis": "It is so.", "measure": "error"}
        row |= {"runs": 30, "effect": 0.61, "effect_low": 0.52, "effect_high": 0.68, "says": says}
        row |= {"shows": "median error", "counts_from": 0.3, "p": 0.001, "p_holm": 0.0123}
        row |= {"experiment": "architectures", "test": "trend", "verdict": says}
        return {**row, **values}

    def below(name, kind, says, **values):
        row = finding(name, says, kind=kind, of="layers", p_holm=None, verdict=None)
        return {**row, "text": f"the {kind} {name}", **values}

    def figure(name, said, text, published, **values):
        row = finding(name, said, kind="figure", of="", text=text, published=published)
        return {**row, "test": "reported", "variant": "as meant", **values}

    findings = [
        finding("layers", "supported"),
        below("pixels", "reading", "supported", differs="measure", effect=0.4),
        below("code", "reading", "inconclusive", differs="code", effect=0.31),
        below("gone", "reading", "not testable", differs="data", runs=0, effect=None,
              effect_low=None, effect_high=None, p=None, reason="x.csv of vae is not there"),
        below("number", "control", "as it must", must="fail", effect=0.02, p=None),
        below("perfect", "control", "as it must", must="pass", effect=0.97, p=None),
        below("lost", "control", "not testable", must="fail", runs=0, effect=None, p=None,
              effect_low=None, effect_high=None, reason="y.csv of vae is not there"),
        finding("latent", "contradicted", effect=-0.42, test="dominance"),
        finding("letters", "supported", verdict="depends on the reading",
                reason="on the noise, the measure"),
        finding("plane", "inconclusive", experiment="letters", reason="fewer than 5 runs"),
        finding("keras", "not testable", experiment="", reason="an opinion", effect=None, test=""),
        figure("a-error", "compatible", "35-18-5: error 0.13", 0.13, effect=0.2),
        figure("b-error", "outside", "35-15-2: error 1", 1.0, effect=-1.0),
    ]  # fmt: skip
    observed = [("layers", "1", 0.987), ("layers", "3", 0.321), ("latent", "2", 0.4),
                ("a-error", "median", 0.5), ("a-error", "single_run_low", 0.1),
                ("a-error", "single_run_high", 0.9), ("a-error", "published", 0.13)]  # fmt: skip
    table = pd.DataFrame(observed, columns=["claim", "name", "value"])
    kinds = {row["claim"]: (row["kind"], row["of"]) for row in findings}
    observed = table.assign(
        kind=[kinds[name][0] for name in table["claim"]],
        of=[kinds[name][1] for name in table["claim"]],
    )
    singles = [
        ("six", "order", "all six in their order", "architectures", "error", 30, 0.0234, ""),
        ("two", "conclusion", "one ahead of the other", "vae", "code_area", 6, 1.0, ""),
        ("gone", "order", "what is gone", "vae", "code_area", 0, None, "x.csv of vae is not there"),
    ]
    return pd.DataFrame(findings), observed, pd.DataFrame(singles, columns=SINGLE_RUNS)


SETTINGS = read_yaml(ROOT / "params.yaml")


def letter_controls():
    """What the rules of the study for new letters make of outputs that are known."""
    rules = {key: SETTINGS["letters"]["new_letters"][key]
             for key in ("known_distance", "new_distance", "margin")}  # fmt: skip
    letters = {name: font.pixels for name, font in read_fonts(ROOT / "data/fonts/font.h").items()}
    return new_letter_controls(letters, Rules(**rules), SETTINGS["letters"]["threshold"], 1)


def of_claims(runs=12, effect=1.0, seed=0):
    """What the claims rest on, by experiment and name: all are right with an effect of 1.

    Controls are as they must whatever the effect.
    """
    rng = np.random.default_rng(seed)

    def noise(scale=0.1):
        return scale * rng.standard_normal()

    def epochs(latent, replicate):
        if replicate == 0:
            return math.nan  # never
        return 60 - 20 * effect * math.log2(latent) + noise(5)

    factorial = [
        {"depth": d, "latent": k, "hidden": w, "replicate": r,
         "weights": 2 * w * (35 + k + w * (d - 1)), "error": math.exp(
             noise() - 0.3 * effect * d - 0.3 * math.log2(k)),
         "epochs_to_1": epochs(k, r), "epochs_to_2": epochs(k, r)}
        for d in (1, 2, 3) for k in (1, 2, 10) for w in (10, 20) for r in range(runs)
    ]  # fmt: skip
    levels = [
        {"depth": d, "latent": k, "hidden": w, "replicate": r,
         **{f"epochs_to_{level:g}": 60 - 20 * level + noise(5) for level in (2.0, 1.0, 0.5)},
         "epochs_to_0.25": 55.0}
        for d in (1, 2, 3) for k in (1, 2, 10) for w in (10, 20) for r in range(runs)
    ]  # fmt: skip
    networks = PUBLISHED["architectures"]
    replicates = [
        {"network": name, "encoder": encoder, "replicate": r, "depth": len(units) - 2,
         "latent": units[-1], "weights": 100 * len(units), "error": known["error"] * math.exp(
             noise()) if effect > 0 else 3.5 - effect * len(units) + noise(),
         "within_one_pixel": 0.5 + 0.3 * effect + noise(0.02), "epochs_to_1": epochs(units[-1], r),
         "epochs": round(known["epochs"] * math.exp(noise())) or 1}
        for name, known in networks.items() for units in [list(map(int, name.split("-")))]
        for encoder in ("relu", "relu_as_run") for r in range(runs)
    ]  # fmt: skip
    optimizers = [
        {"network": name, "loss": "squared-error", "optimizer": o, "replicate": r,
         "error": math.exp(noise() + effect * ("powell" not in o)),
         "mean_wrong_pixels": math.exp(noise() + effect * ("powell" not in o)),
         "within_one_pixel": 0.9}
        for name in ("35-18-2", "35-25-15-2")
        for o in ("powell", "powell-long", "backpropagation", "backpropagation-long",
                  "backpropagation-fast", "adam", "adam-long", "adam-default")
        for r in range(runs)
    ]  # fmt: skip
    ends = [
        {"network": name, "loss": "squared-error", "optimizer": "powell", "replicate": r,
         "pair": r // 2, "runs": ("even", "odd")[r % 2], "moment": moment,
         "trained": f"powell, {moment}", "error": error + noise()}
        for name in ("35-18-2", "35-25-15-2") for r in range(runs)
        for moment, error in (("start", 6.0), ("end", 1.0))
    ]  # fmt: skip
    ends += [
        {**row, "optimizer": o, "moment": moment, "trained": f"{o}, {moment}", "error": error}
        for row in ends if row["moment"] == "end"
        for o, moment, error in (("powell-long", "end", 0.6), ("backpropagation", "early", 2.0))
    ]  # fmt: skip
    letters = [
        {"font": "font2", "network": name, "replicate": r, "epochs": 80 + r,
         "error": known["error"] * math.exp(noise())}
        for name, known in PUBLISHED["letters"]["font2"].items() for r in range(runs)
    ]  # fmt: skip
    new = [
        {"font": "font2", "network": name, "replicate": r, "known": 0.2,
         "new": 0.4 - 0.3 * effect + noise(0.01), "blur": 0.4 + 0.3 * effect + noise(0.01)}
        for name in ("exceptional", "two-numbers") for r in range(runs)
    ]  # fmt: skip
    denoising = [
        {"font": "font2", "network": network, "kind": kind, "probability": p, "range": 0.5,
         "subset": "published", "replicate": r, "noise": n,
         "error": 10.0 ** (-40 + 4 * rng.standard_normal()),
         "within_one_pixel": 0.7 - 0.3 * effect * math.log2(p / 0.1) + noise(0.02),
         "right_letter": 0.7 - 0.3 * effect * math.log2(p / 0.1) + noise(0.02),
         "within_one_pixel_drawn": 0.6 + 0.001 * r,
         "nothing_within_one_pixel_drawn": 0.9 if p == 0.1 else 0.3}
        for network in ("published", "redrawn")
        for kind in ("uniform", "uniform_as_run", "salt_and_pepper")
        for p in (0.1, 0.2, 0.3, 0.4) for r in range(runs) for n in ("training", "fresh")
    ]  # fmt: skip
    baselines = [
        {"font": font, "subset": "published", "baseline": name, "kind": kind, "probability": p,
         "range": 0.5, "within_one_pixel": share if p == 0.1 else least}
        for font in ("font1", "font2") for p in (0.1, 0.4)
        for name, kind, share, least in (("do_nothing", "uniform", 1.0, 1.0),
                                         ("do_nothing", "bit_flip", 0.1, 0.0),
                                         ("nearest_letter", "bit_flip", 0.97, 0.2))
    ]  # fmt: skip
    orthogonality = [
        {"font": f"font{i % 2}", "network": network, "subset": f"s{i}", "size": 4, "replicate": r,
         "letters": "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 4, replace=False)),
         "similarity": 0.3 + i / 60, "similarity_centered": 0.1 + i / 60,
         "within_one_pixel": 0.9 - effect * i / 60 + noise(0.03),
         "right_letter": 0.9 - effect * i / 60 + noise(0.03),
         "nearest_right_letter": 0.9 - i / 60 + noise(0.03)}
        for i in range(40) for network in ("published", "redrawn") for r in range(3)
    ]  # fmt: skip
    orthogonality = pd.DataFrame(orthogonality)
    orthogonality["letters"] = orthogonality.groupby("subset")["letters"].transform("first")
    vae = [
        {"dataset": d, "model": m, "replicate": r, "test_loss": 151 + noise(2),
         "coverage": 0.4 + 0.3 * effect + noise(0.01), "real_coverage": 0.9,
         **{f"coverage_{size}": 0.4 + 0.3 * effect + noise(0.01) for size in ("fewer", "more")},
         "real_coverage_fewer": 0.9, "real_coverage_more": 0.9,
         "recall": 0.4 + 0.3 * effect + noise(0.01), "real_recall": 0.9,
         "code_area": area, "code_area_halved": area / 4,
         "hole_share": 0.1 * math.exp(noise() + effect * (m == "autoencoder")),
         "empty_share": 0.3 * math.exp(noise() + effect * (m == "autoencoder"))}
        for d in ("digits", "mnist", "fashion_mnist", "capitals")
        for m in ("published", "autoencoder")
        for r in range(runs)
        for area in (20 * math.exp(noise() + 3 * effect * (m == "autoencoder")),)
    ]  # fmt: skip
    images = [
        {"dataset": d, "control": name, "coverage": share, "real_coverage": 0.9,
         "recall": share, "real_recall": 0.9}
        for d in ("mnist", "fashion_mnist")
        for name, share in (("mean_image", 0.0), ("class_means", 0.01), ("real", 0.88))
    ]  # fmt: skip
    # last: what was drawn before keeps its numbers
    optimizers += [
        {**row, "optimizer": name, "error": row["error"] * math.exp(noise(0.01))}
        for row in optimizers
        for name, like in (("powell-end", "powell-long"), ("adam-fast", "adam"))
        if row["optimizer"] == like
    ]
    optimizers += [
        {**row, "loss": "cross-entropy"} for row in optimizers if row["optimizer"] == "adam"
    ]
    tables = {
        "architectures/factorial": factorial, "architectures/replicates": replicates,
        "architectures/controls": controls(FONT.pixels),
        "architectures/epochs_by_level": epochs_by_level(pd.DataFrame(levels)),
        "optimizers/ends": ends, "vae/code_areas": code_areas(pd.DataFrame(vae)),
        "optimizers/replicates": optimizers, "letters/replicates": letters,
        "letters/new_letters": new, "letters/controls": letter_controls(),
        "denoising/replicates": denoising, "denoising/baselines": baselines,
        "denoising/orthogonality": orthogonality, "vae/replicates": vae, "vae/controls": images,
    }  # fmt: skip
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def chapter_tables(settings):
    """What the report's chapters read, by experiment and name."""
    letters = letters_factors(settings["letters"]).values()
    tables = {
        "architectures/summary replicates": architectures_tables(settings["architectures"]),
        "architectures/factorial_effects factorial": factorial_tables(settings["architectures"]),
        "optimizers/summary tuning": optimizers_tables(settings["optimizers"]),
        "letters/summary replicates": letter_tables(letters, {"exceptional": 0.127}),
        "denoising/" + " ".join(DENOISING): denoising_tables(settings["denoising"]),
        "vae/summary replicates controls": vae_tables(settings["vae"]),
        "conclusions/findings observed single_runs": conclusions_tables(),
    }
    result = {
        f"{experiment}/{name}": table
        for path, found in tables.items()
        for experiment, names in [path.split("/")]
        for name, table in zip(names.split(), found, strict=True)
    }
    starts = result["letters/replicates"][["font", "network", "replicate"]]
    return {**result, "letters/new_letters": starts.assign(new=0.25)}


def figure_tables():
    """What the figures draw, by experiment and name."""
    curves, replicates = curves_and_replicates()
    summary, latent = latent_tables()
    orthogonality, correlations = denoising_orthogonality()
    return {
        "architectures/learning_curves": curves, "architectures/replicates": replicates,
        "architectures/factorial": factorial_table(), "optimizers/convergence": optimizer_curves(),
        "optimizers/replicates": optimizer_replicates(),
        "optimizers/tuning": optimizer_trials(), "letters/front": front_table(),
        "letters/letters": letter_table(), "letters/summary": summary,
        "letters/replicates": latent,
        "denoising/orthogonality": orthogonality, "denoising/correlations": correlations,
        "vae/loss_curves": loss_table(),
    }  # fmt: skip


def write(tables, folder):
    """Put tables below the folder of all results; the folder."""
    for path, table in tables.items():
        experiment, name = path.split("/")
        write_csv(table, folder / experiment / "tables" / f"{name}.csv")
    return folder
