"""From the results of single cells to an experiment's tables and metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from latentlab import statistics
from latentlab.latent import principal_reconstruction
from latentlab.metrics import wrong_pixels
from latentlab.network import Array, squared_error
from latentlab.params import slug
from latentlab.tables import read_csv

Factors = Mapping[str, Mapping[str, Any]]


def gather_cells(folder: str | Path, factors: Factors, *files: str) -> pd.DataFrame:
    """The tables of all cells, one under the other, with the cells' factors as first columns.

    folder : where the cells' folders are, by the names that ``factors`` has
    files : tables of a cell; several are joined on their common columns
    """
    joined = None
    for file in files:  # all cells of a file at once: a table of its own for each costs more
        tables = [read_csv(Path(folder) / cell / file) for cell in factors]
        rows = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        named = pd.DataFrame(list(factors.values())).iloc[rows].reset_index(drop=True)
        table = pd.concat(tables, ignore_index=True).drop(columns=list(named), errors="ignore")
        table = pd.concat([named, table], axis=1)
        joined = table if joined is None else joined.merge(table, validate="one_to_one")
    assert joined is not None, "no file named"
    return joined


def _by(table: pd.DataFrame, keys: Sequence[str]) -> Any:
    return table.groupby(list(keys), sort=False)


def carried_forward(history: pd.DataFrame) -> pd.DataFrame:
    """Errors by replicate (rows) and epoch (columns); a run that stopped keeps its last one.

    history : columns replicate, epoch, error, from one cell
    """
    return history.pivot(index="replicate", columns="epoch", values="error").ffill(axis=1)


def learning_curves(history: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Median error and quartiles over replicates, by the keys and the epoch.

    history : columns of the keys, replicate, epoch, error; stopped runs carry forward
    """
    curves = []
    for values, cell in _by(history, keys):
        errors = carried_forward(cell)
        low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
        curves.append(
            pd.DataFrame(
                {
                    **dict(zip(keys, values, strict=True)),
                    "epoch": errors.columns,
                    "error": middle,
                    "lower_quartile": low,
                    "upper_quartile": high,
                }
            )
        )
    return pd.concat(curves, ignore_index=True)


def summarize(replicates: pd.DataFrame, keys: Sequence[str], **measures: str) -> pd.DataFrame:
    """One row for each value of the keys: replicates, and each measure with its interval.

    measures : column of ``replicates`` to its estimator, a function of ``statistics``
    """
    rows = []
    for values, cell in _by(replicates, keys):
        row = {**dict(zip(keys, values, strict=True)), "replicates": len(cell)}
        for measure, estimator in measures.items():
            estimate = getattr(statistics, estimator)(cell[measure])
            row |= {
                measure: estimate.value,
                f"{measure}_low": estimate.low,
                f"{measure}_high": estimate.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _published(published: Mapping[str, Any], values: Sequence[str]) -> Mapping[str, float]:
    figures: Mapping[str, Any] = published
    for value in values:
        figures = figures.get(value, {})
    return figures


def letter_summary(
    replicates: pd.DataFrame, keys: Sequence[str], published: Mapping[str, Any]
) -> pd.DataFrame:
    """Networks on letters: error, epochs and wrong pixels, with the published figures.

    published : one level of mappings a key; published_rank is the share of our replicates with an
        error at most as large as the published one
    """
    summary = summarize(
        replicates,
        keys,
        error="median",
        epochs="median",
        mean_wrong_pixels="mean",
        exact="share",
        within_one_pixel="share",
    )
    groups = [cell for _, cell in _by(replicates, keys)]
    figures = [_published(published, values) for values, _ in _by(replicates, keys)]
    summary["best_error"] = [cell["error"].min() for cell in groups]
    summary["best_max_wrong_pixels"] = [cell["max_wrong_pixels"].min() for cell in groups]
    for measure, most in (("starts_exact", 0), ("starts_within_one_pixel", 1)):
        summary[measure] = [(cell["max_wrong_pixels"] <= most).mean() for cell in groups]
    summary["published_error"] = [figure.get("error", np.nan) for figure in figures]
    summary["published_epochs"] = [figure.get("epochs", np.nan) for figure in figures]
    summary["published_rank"] = [
        statistics.rank_share(cell["error"], figure["error"]) if "error" in figure else np.nan
        for cell, figure in zip(groups, figures, strict=True)
    ]
    return summary


def nested(summary: pd.DataFrame, keys: Sequence[str]) -> dict[str, Any]:
    """The rows of a summary as a tree of mappings: one level a key, then the measures known."""
    tree: dict[str, Any] = {}
    for row in summary.to_dict("records"):
        node = tree
        for key in keys:
            node = node.setdefault(str(row[key]), {})
        measures = {k: v for k, v in row.items() if k not in keys and not pd.isna(v)}
        # DVC takes a key "error" for a file it failed to read
        node.update(
            {
                k.replace("error", "mean_error") if k.startswith("error") else k: v
                for k, v in measures.items()
            }
        )
    return tree


def letter_yardstick(
    replicates: pd.DataFrame, networks: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The course's yardstick, for each font ("all_fonts": all letters at once).

    At the top the best network with 2 latent units; below ``one_dimensional`` those with one,
    below ``powell_only`` and ``hybrid`` those trained through 2 by Powell alone, and by several
    optimizers in turn. Each with its name, the wrong
    pixels of the worst letter in its best start, and the share of its starts that do as well.
    replicates : columns font, network, max_wrong_pixels
    networks : ``letters.networks`` of the parameters
    """
    found: dict[str, Any] = {}
    for (font, name), cell in _by(replicates, ["font", "network"]):
        network = networks[name]
        latent = network["architecture"][len(network["architecture"]) // 2]
        best = int(cell["max_wrong_pixels"].min())
        entry = {
            "network": name,
            "max_wrong_pixels": best,
            "share_of_starts": float((cell["max_wrong_pixels"] == best).mean()),
        }
        places = {1: [found.setdefault("one_dimensional", {})], 2: [found]}.get(latent, [])
        if latent == 2 and network["optimizer"] in ("powell", "scipy-powell"):
            places.append(found.setdefault("powell_only", {}))
        if latent == 2 and network["optimizer"] == "stages":
            places.append(found.setdefault("hybrid", {}))
        for place in places:
            known = place.get(all_fonts(font))
            if known is None or _better(entry, known):
                place[all_fonts(font)] = entry
    return found


def latent_space_summary(replicates: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """How latent spaces are laid out, with intervals: see ``novelty.latent_scores``."""
    return summarize(
        replicates, keys, distance_correlation="mean", known="share", new="share", blur="share"
    ).drop(columns="replicates")


def letter_difficulty(errors: pd.DataFrame) -> pd.DataFrame:
    """By font, network and letter: mean wrong pixels, and share of starts without any.

    errors : columns font, network, replicate, letter, wrong_pixels
    """
    exact = errors.assign(exact=errors["wrong_pixels"] == 0)
    letters = _by(exact, ["font", "network", "letter"])[["wrong_pixels", "exact"]].mean()
    return letters.rename(columns={"wrong_pixels": "mean_wrong_pixels"}).reset_index()


def front_metrics(front: pd.DataFrame) -> dict[str, Any]:
    """The smallest network without a wrong pixel, for each font that has one on the front.

    With its name, its weights and the share of its starts that make no error; ``sure`` is the
    smallest that makes none from any start.
    front : columns font, network, weights, max_wrong_pixels, a row a start
    """
    found: dict[str, Any] = {}
    for (font, name), cell in _by(front.sort_values("weights", kind="stable"), ["font", "network"]):
        share = float((cell["max_wrong_pixels"] == 0).mean())
        entry = {"network": name, "weights": int(cell["weights"].iloc[0]), "share_of_starts": share}
        of_font = found.setdefault(all_fonts(font), {})
        if share > 0 and "network" not in of_font:
            of_font.update(entry)
        if share == 1 and "sure" not in of_font:
            of_font["sure"] = {"network": name, "weights": entry["weights"]}
    return {font: entry for font, entry in found.items() if entry}


def linear_control(
    replicates: pd.DataFrame,
    networks: Mapping[str, Mapping[str, Any]],
    letters_of: Callable[[str], Array],
    threshold: float,
) -> dict[str, Any]:
    """Linear networks against PCA with as many numbers, by font.

    Error and mean wrong pixels of a letter: of the network the start with the lowest error.
    replicates : columns font, network, error, mean_wrong_pixels
    letters_of : a font's name -> letters (letters, pixels)
    """
    found = {}
    for (font, name), cell in _by(replicates, ["font", "network"]):
        network = networks[name]
        if {network[layer] for layer in ("encoder", "latent", "decoder", "output")} != {"linear"}:
            continue
        letters, best = letters_of(font), cell.loc[cell["error"].idxmin()]
        pca = principal_reconstruction(letters, min(network["architecture"]))
        found[all_fonts(font)] = {
            "network": name,
            "autoencoder_error": float(best["error"]),
            "autoencoder_wrong_pixels": float(best["mean_wrong_pixels"]),
            "pca_error": squared_error(pca, letters),
            "pca_wrong_pixels": float(wrong_pixels(pca, letters, threshold).mean()),
        }
    return found


def all_fonts(font: str) -> str:
    """The name of a font in metrics: "all" says more as "all_fonts"."""
    return "all_fonts" if font == "all" else font


def _better(entry: Mapping[str, Any], than: Mapping[str, Any]) -> bool:
    return (entry["max_wrong_pixels"], -entry["share_of_starts"]) < (
        than["max_wrong_pixels"],
        -than["share_of_starts"],
    )


DENOISER = ["font", "subset", "network", "kind", "probability", "range"]
"""What names a denoiser: the factors of its cell."""

TESTED = ["test_kind", "test_probability", "test_range"]

DENOISING_MEASURES = {
    "error": "median",
    "mean_wrong_pixels": "mean",
    "exact": "share",
    "within_one_pixel": "share",
    "right_letter": "share",
}

_PUBLISHED_KINDS = ("uniform", "uniform_as_run", "salt_and_pepper")
"""The published noise as meant, as its code ran it, and as its slide names it."""


def noise_summary(scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each noise that a denoiser was tested on, with intervals over replicates."""
    return summarize(scores, TESTED, **DENOISING_MEASURES)


def denoising_summary(
    replicates: pd.DataFrame, published: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Denoisers by cell and condition ("training" or "fresh" noise), with intervals.

    published : training errors by slug of the probability, for the network "published"
    """
    summary = summarize(replicates, [*DENOISER, "noise"], **DENOISING_MEASURES)
    summary["published_error"] = [
        published.get(slug("p", row.probability), {}).get("error", np.nan)
        if (row.subset, row.network, row.noise) == ("published", "published", "training")
        and row.kind in _PUBLISHED_KINDS
        else np.nan
        for row in summary.itertuples()
    ]
    return summary


def denoising_correlations(orthogonality: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of resistance with similarity over subsets of the most common size.

    orthogonality : a row a font, network, subset and replicate. One row a font, network, kind of
    similarity and measure; "nearest_" measures say what the letters themselves allow.
    """
    each = ["font", "network", "size", "subset"]
    numbers = ["similarity", "similarity_centered", "within_one_pixel", "right_letter"]
    numbers += ["nearest_within_one_pixel", "nearest_right_letter"]
    subsets = orthogonality.groupby(each, sort=False)[numbers].mean().reset_index()
    subsets = subsets[subsets["size"] == subsets["size"].mode()[0]]
    rows = []
    for (font, network), table in _by(subsets, ["font", "network"]):
        for measure in numbers[2:]:
            for kind in numbers[:2]:
                estimate = statistics.rank_correlation(table[kind], table[measure])
                rows.append(
                    {
                        "font": font,
                        "network": network,
                        "similarity": kind,
                        "measure": measure,
                        "subsets": len(table),
                        "correlation": estimate.value,
                        "correlation_low": estimate.low,
                        "correlation_high": estimate.high,
                    }
                )
    return pd.DataFrame(rows)


def denoising_metrics(
    summary: pd.DataFrame,
    baselines: pd.DataFrame,
    variations: pd.DataFrame,
    correlations: pd.DataFrame,
) -> dict[str, Any]:
    """Metrics by subset, font, kind of noise and probability, all on fresh noise.

    The network and the range are levels of their own only where a subset has several. Measures on
    the copies learned from begin with ``training_``; ``baselines`` holds theirs on the same noise.
    Beside the subsets stand ``variations`` and ``orthogonality``.
    """
    tree: dict[str, Any] = {}
    for subset, table in _by(_slugged(summary), ["subset"]):
        levels = ["font", "network", "kind", "range", "probability"]
        single = [key for key in ("network", "range") if table[key].nunique() == 1]
        keys = [key for key in levels if key not in single]
        learned, fresh = (table[table["noise"] == noise] for noise in ("training", "fresh"))
        dropped = [*single, "noise", "subset"]
        tree[subset[0]] = nested(fresh.drop(columns=[*dropped, "published_error"]), keys)
        _merge(tree[subset[0]], nested(learned.drop(columns=dropped), keys), "training_")
        own = _slugged(baselines)
        own = own[own["subset"] == subset[0]]
        for row in own.merge(table[["font", "network", "kind", "range", "probability"]]
                             .drop_duplicates()).to_dict("records"):  # fmt: skip
            node = tree[subset[0]]
            for key in keys:
                node = node[row[key]]
            scores = {m: row[m] for m in DENOISING_MEASURES if m != "error"}
            node.setdefault("baselines", {})[row["baseline"]] = scores
    summed = summarize(variations, ["knob", "value"], **DENOISING_MEASURES)
    tree["variations"] = nested(summed, ["knob", "value"])
    keys = ["font", "network", "measure", "similarity"]
    tree["orthogonality"] = nested(correlations, keys)
    return tree


def _slugged(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its probability and range as parts of a path."""
    return table.assign(
        probability=[slug("p", value) for value in table["probability"]],
        range=[slug("r", value) for value in table["range"]],
    )


def _merge(tree: dict[str, Any], other: Mapping[str, Any], prefix: str) -> None:
    """Put the leaves of another tree of the same branches beside this one's, with a prefix."""
    for key, value in other.items():
        if isinstance(value, Mapping):
            _merge(tree[key], value, prefix)
        elif key == "published_error":
            tree[key] = value
        elif key != "replicates":
            tree[f"{prefix}{key}"] = value


def loss_curves(history: pd.DataFrame) -> pd.DataFrame:
    """Mean over replicates of every loss term, by data set, model and epoch."""
    keys = ["dataset", "model", "epoch"]
    return _by(history.drop(columns="replicate"), keys).mean().reset_index()


def vae_summary(
    replicates: pd.DataFrame, published: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Models on image sets: every measure's mean and interval over replicates, and published.

    replicates : columns dataset, model, replicate and the measures of ``latentlab.generation``.
        Of a measure with a <measure>_standard_error over test images that becomes the interval
        <measure>_images_low to _images_high: which other test images could have given
    published : test losses by data set, of the model "published"; published_rank is the share of
        our replicates with a test loss at most as large
    """
    keys = ["dataset", "model"]
    columns = [name for name in replicates if name not in (*keys, "replicate")]
    measures = [name for name in columns if not name.endswith("_standard_error")]
    summary = summarize(replicates, keys, **dict.fromkeys(measures, "mean"))
    for name in (name for name in columns if name not in measures):
        measure = name.removesuffix("_standard_error")
        half = norm.ppf((1 + statistics.CONFIDENCE) / 2) * _by(replicates, keys)[name].mean()
        for side, bound in (("low", -half), ("high", half)):
            summary[f"{measure}_images_{side}"] = summary[measure] + bound.to_numpy()
    losses = [cell["test_loss"] for _, cell in _by(replicates, keys)]
    known = [
        published.get(row.dataset, {}).get("test_loss", np.nan)
        if row.model == "published"
        else np.nan
        for row in summary.itertuples()
    ]
    summary["published_test_loss"] = known
    summary["published_rank"] = [
        np.nan if np.isnan(figure) else statistics.rank_share(found, figure)
        for found, figure in zip(losses, known, strict=True)
    ]
    return summary


# --- architectures and optimizers ---------------------------------------------------------------


def first_reached(
    history: pd.DataFrame, keys: Sequence[str], measure: str, levels: Sequence[float], name: str
) -> pd.DataFrame:
    """When the error of each replicate is first at most a level: columns <name>_to_<level>.

    history : columns of the keys, replicate, error and the measure ("epoch", "operations"), in
        the order of the training. NaN: not reached.
    """
    index = [*keys, "replicate"]
    runs = history[index].drop_duplicates().set_index(index)
    for level in levels:
        reached = history[history["error"] <= level].groupby(index, sort=False)[measure].first()
        runs[f"{name}_to_{level:g}"] = reached.reindex(runs.index)
    return runs.reset_index()


def levels_summary(
    replicates: pd.DataFrame, keys: Sequence[str], name: str, levels: Sequence[float]
) -> pd.DataFrame:
    """Per key and level: median of <name>_to_<level> and share of replicates that reach it.

    A replicate that does not reach a level counts as later than any that does.
    """
    columns = {f"{name}_to_{level:g}": f"reached_{level:g}" for level in levels}
    reached = replicates.assign(**{to: replicates[c].notna() for c, to in columns.items()})
    estimators = {
        **dict.fromkeys(columns, "censored_median"),
        **dict.fromkeys(columns.values(), "proportion"),
    }
    return summarize(reached, keys, **estimators).drop(columns="replicates")


def architectures_summary(
    replicates: pd.DataFrame, published: Mapping[str, Any], levels: Sequence[float]
) -> pd.DataFrame:
    """``letter_summary`` by network and encoder, with epochs to error levels and more intervals.

    published : error and epochs by network, which stand beside every reading of its encoder
    """
    keys = ["network", "encoder"]
    figures = {
        name: dict.fromkeys(replicates["encoder"].unique(), figure)
        for name, figure in published.items()
    }
    summary = letter_summary(replicates, keys, figures)
    groups = [cell for _, cell in _by(replicates, keys)]
    for measure, most in (("starts_exact", 0), ("starts_within_one_pixel", 1)):
        _set_interval(
            summary, measure, [statistics.proportion(c["max_wrong_pixels"] <= most) for c in groups]
        )
    ranks = [
        statistics.proportion(cell["error"] <= known)
        if known == known
        else statistics.Estimate(np.nan, np.nan, np.nan)
        for cell, known in zip(groups, summary["published_error"], strict=True)
    ]
    _set_interval(summary, "published_rank", ranks)
    return summary.merge(levels_summary(replicates, keys, "epochs", levels), on=keys)


def _set_interval(
    summary: pd.DataFrame, measure: str, estimates: Sequence[statistics.Estimate]
) -> None:
    for name, values in zip(("", "_low", "_high"), zip(*estimates, strict=True), strict=True):
        summary[f"{measure}{name}"] = values


READINGS = {"relu": "ReLU as meant", "relu_as_run": "ReLU as the published code ran it"}
"""What figures and report call an encoder's activation; others by their names."""

FACTORIAL = ["depth", "latent", "hidden"]
"""What a row of the factorial's table is about: hidden layers, latent units, units of a layer."""


def low_level(replicates: pd.DataFrame) -> str:
    """The lowest error level that at least half of all runs reach (the highest if none is)."""
    columns = [name for name in replicates if name.startswith("epochs_to_")]
    levels = sorted(float(name.removeprefix("epochs_to_")) for name in columns)
    reached = [x for x in levels if replicates[f"epochs_to_{x:g}"].notna().mean() >= 0.5]
    return f"{(reached or levels[-1:])[0]:g}"


def factorial_effects(replicates: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """What each factor does, the others averaged over: one row a factor and value.

    error : median; error_ratio : to the factor's lowest value, the geometric mean over pairs of
    runs that agree in the other factors and the replicate, with Student's interval of the
    logarithms; then the epochs to error levels.
    replicates : columns of ``FACTORIAL``, replicate, error, epochs_to_<level>
    """
    tables = []
    for factor in FACTORIAL:
        others = [name for name in (*FACTORIAL, "replicate") if name != factor]
        errors = replicates.pivot(index=others, columns=factor, values="error")
        logs = np.log(errors)
        table = summarize(replicates, [factor], error="median")
        lowest = logs.columns.min()
        ratios = [
            np.exp(statistics.mean(logs[value] - logs[lowest]))
            if value != lowest
            else (1.0, np.nan, np.nan)
            for value in table[factor]
        ]
        _set_interval(table, "error_ratio", [statistics.Estimate(*map(float, r)) for r in ratios])
        table = table.merge(levels_summary(replicates, [factor], "epochs", levels), on=factor)
        tables.append(table.rename(columns={factor: "value"}).assign(factor=factor))
    effects = pd.concat(tables, ignore_index=True).sort_values(
        "value", kind="stable", ignore_index=True
    )
    order = effects["factor"].map({name: i for i, name in enumerate(FACTORIAL)})
    effects = effects.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    return effects[["factor", "value", *[c for c in effects if c not in ("factor", "value")]]]


GRID = 80
"""Costs, evenly spaced on a logarithmic axis, at which optimizers are compared."""

OPTIMIZERS = ["network", "loss", "optimizer"]
"""What a row of the tables of ``optimizers`` is about."""


def convergence(history: pd.DataFrame) -> pd.DataFrame:
    """Median error and quartiles over replicates at common costs, by network, loss, optimizer.

    history : columns of ``OPTIMIZERS``, replicate, operations, error. At a cost a training has the
    last error recorded until then; one that stopped keeps its last.
    """
    tables = []
    for network, runs in history.groupby("network", sort=False):
        spent = runs["operations"]
        grid = np.geomspace(spent[spent > spent.min()].min(), spent.max(), GRID)
        for (loss, optimizer), cell in runs.groupby(["loss", "optimizer"], sort=False):
            errors = [
                run["error"].to_numpy()[np.searchsorted(run["operations"], grid, "right") - 1]
                for _, run in cell.groupby("replicate", sort=True)
            ]
            low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=0)
            tables.append(
                pd.DataFrame(
                    {
                        "network": network,
                        "loss": loss,
                        "optimizer": optimizer,
                        "operations": grid,
                        "error": middle,
                        "lower_quartile": low,
                        "upper_quartile": high,
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def performance_profiles(costs: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """Share of problems that each optimizer solves within a factor of the least cost.

    Dolan and More (2002). A problem is to bring a network and start to an error level; its least
    cost is over all optimizers and losses. Steps of each line: columns level, loss, optimizer,
    factor, share, from factor 1 on.
    costs : columns of ``OPTIMIZERS``, replicate, operations_to_<level> (NaN: not reached)
    """
    tables = []
    for level in levels:
        wide = costs.pivot(
            index=["network", "replicate"],
            columns=["loss", "optimizer"],
            values=f"operations_to_{level:g}",
        )
        solved = wide[wide.notna().any(axis=1)]
        factors = solved.div(solved.min(axis=1), axis=0)
        for loss, optimizer in costs[["loss", "optimizer"]].drop_duplicates().to_numpy():
            own = np.sort(factors[loss, optimizer].dropna().to_numpy())
            steps = np.unique(np.concatenate([[1.0], own]))
            tables.append(
                pd.DataFrame(
                    {
                        "level": level,
                        "loss": loss,
                        "optimizer": optimizer,
                        "factor": steps,
                        # of all problems: one that nobody solves counts for nobody
                        "share": np.searchsorted(own, steps, "right") / len(wide),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def optimizers_summary(
    replicates: pd.DataFrame, tuning: pd.DataFrame, levels: Sequence[float]
) -> pd.DataFrame:
    """Optimizers by network and loss: error, cost, wrong pixels, cost to error levels, tuning.

    tuning : columns of ``OPTIMIZERS``, operations; a row a trial
    """
    summary = summarize(
        replicates,
        OPTIMIZERS,
        error="median",
        operations="median",
        mean_wrong_pixels="median",
        exact="median",
        within_one_pixel="median",
    ).merge(levels_summary(replicates, OPTIMIZERS, "operations", levels), on=OPTIMIZERS)
    summary["learning_rate"] = [
        cell["learning_rate"].iloc[0] for _, cell in _by(replicates, OPTIMIZERS)
    ]
    spent = _by(tuning, OPTIMIZERS)["operations"].sum().rename("tuning_operations")
    summary = summary.merge(spent, left_on=OPTIMIZERS, right_index=True, how="left")
    return summary.fillna({"tuning_operations": 0.0})


def without_dots(metrics: Any) -> Any:
    """Metrics whose keys name error levels without a dot: "epochs_to_0.5" as "epochs_to-050"."""
    if not isinstance(metrics, dict):
        return metrics
    return {_dotless(key): without_dots(value) for key, value in metrics.items()}


def _dotless(key: str) -> str:
    return re.sub(r"(_to|reached)_([0-9.e-]+)", lambda m: slug(m.group(1), float(m.group(2))), key)
