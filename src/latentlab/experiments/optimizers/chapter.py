"""The chapter of ``optimizers``: Powell against gradients, at the same cost."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from latentlab.aliases import Fields, Json
from latentlab.experiments.optimizers.tables import with_every_knob
from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
    NONE,
    Chapter,
    Figure,
    Group,
    Table,
    figure,
    interval,
    listing,
    loss_name,
    made,
    number,
    percent,
    starts,
    trained,
)
from latentlab.training.record import GRADIENT_COST
from latentlab.words.names import CHAPTERS, OPTIMIZERS, called
from latentlab.words.texts import Text, Words, capital, joined, plural, sentences, text


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/optimizers."""
    section, folder = settings["optimizers"], results / "optimizers"
    summary = read_csv(folder / "tables" / "summary.csv")
    tuning = with_every_knob(read_csv(folder / "tables" / "tuning.csv"))
    equal = summary[summary["comparison"] == next(iter(section["comparisons"]))]
    answer, rates = _answer(equal), _by_rate(tuning)
    convergence, error_by_rate, final_errors = _figures(folder / "figures", section, answer, rates)
    told = (rates, _adam(tuning), _cost(equal), _longer(summary, equal))
    details = (*told, _backpropagation(summary))
    return Chapter(
        id="optimizers",
        number="1.a",
        title=CHAPTERS["optimizers"],
        question=text(
            "At the same cost and from the same starts, which optimizer brings a network to the"
            " lowest error?"
        ),
        answer=answer,
        details=tuple(filter(None, (*details, _tuned(summary, section), _edges(summary)))),
        groups=(
            Group("", "", (convergence,)),
            Group(text("The learning rate"), "", (error_by_rate,)),
            Group(text("Every start"), "", (final_errors,), folded=True, explorer="in=race"),
        ),
        table=_table(summary, section),
        made=made(
            "optimizers",
            section,
            ("tune", "train", "evaluate", "tabulate", "plot"),
            trainings=int(summary["replicates"].sum()),
            data=section["font"],
        ),
        findings=tuple(filter(None, (answer, rates))),
    )


def _best(summary: pd.DataFrame) -> Json:
    """For each network the row with the lowest median error."""
    rows = summary.sort_values("error", kind="stable").groupby("network", sort=False).head(1)
    best = {row.network: row for row in rows.itertuples()}
    return {name: best[name] for name in summary["network"].unique()}


def _answer(equal: pd.DataFrame) -> Text:
    """Who ends below Powell on every network, trained on its loss."""
    alone = equal[equal["optimizer"] == "powell"].set_index("network")
    if alone.empty:
        first = next(iter(_best(equal).values()))
        return text(
            "At equal cost {training} ends at the lowest error on {network}.",
            training=trained(called(OPTIMIZERS, first.optimizer), first.loss),
            network=first.network,
        )
    loss = equal.loc[equal["optimizer"] == "powell", "loss"].iloc[0]
    rivals = equal[(equal["optimizer"] != "powell") & (equal["loss"] == loss)]
    below = [
        called(OPTIMIZERS, str(name))
        for name, rows in rivals.groupby("optimizer", sort=False)
        if (rows["error_high"] < rows["network"].map(alone["error_low"])).all()
    ]
    if not below:
        return plural(
            "At equal cost no optimizer ends below Powell's error on {n} network.",
            "At equal cost no optimizer ends below Powell's error on each of {n} networks.",
            len(alone),
        )
    return (
        plural(
            "At equal cost {optimizers} end below Powell's error on {n} network.",
            "At equal cost {optimizers} end below Powell's error on each of {n} networks.",
            len(alone),
            optimizers=listing(below),
        )
        if len(below) > 1
        else plural(
            "At equal cost {optimizer} alone ends below Powell's error on {n} network.",
            "At equal cost {optimizer} alone ends below Powell's error on each of {n} networks.",
            len(alone),
            optimizer=below[0],
        )
    )


_CHANGES = 2  # factor of the error from which on a rate decides


def _by_rate(tuning: pd.DataFrame) -> Text | None:
    """What the learning rate does to backpropagation, on the first network."""
    trials = tuning[(tuning["optimizer"] == "backpropagation") & tuning["learning_rate"].notna()]
    if trials.empty:
        return None
    trials = trials[trials["network"] == trials["network"].iloc[0]]
    trials = trials[trials["loss"] == trials["loss"].iloc[0]]
    errors = trials.assign(error=trials["error"].fillna(math.inf))
    medians = errors.groupby(["learning_rate", "schedule"], dropna=False)["error"].median()
    best, worst = medians.min(), medians.max()
    if not math.isfinite(best):
        return text("At every rate that was tried, backpropagation diverges.")
    if not math.isfinite(worst):
        return text(
            "Whether backpropagation fails depends on its learning rate: while it was tuned, the"
            " best rate ended at an error of {best}, another diverged.",
            best=number(best, 2),
        )
    found = {"best": number(best, 2), "worst": number(worst, 2)}
    if worst > _CHANGES * best:
        return text(
            "Whether backpropagation fails depends on its learning rate: while it was tuned, the"
            " best rate ended at an error of {best}, the worst at {worst}.",
            **found,
        )
    return text(
        "The learning rate decides little for backpropagation: while it was tuned, the best rate"
        " ended at an error of {best}, the worst at {worst}.",
        **found,
    )


def _adam(tuning: pd.DataFrame) -> Text | None:
    """Why the original may have seen it not finish: its rates against Powell's, first network."""
    first = tuning.loc[tuning["optimizer"] == "adam", ["network", "loss", "comparison"]].head(1)
    trials = tuning.merge(first).assign(error=lambda rows: rows["error"].fillna(math.inf))
    keys = ["optimizer", "learning_rate", "schedule", "xtol"]
    medians = trials.groupby(keys, dropna=False)["error"].median().reset_index()
    adam, powell = (medians[medians["optimizer"] == name] for name in ("adam", "powell"))
    best = powell["error"].min()
    if adam["learning_rate"].isna().all() or not math.isfinite(best):
        return None
    above = [_knobs(row) for row in adam.to_dict("records") if not row["error"] < best]
    found = {"powell": number(best), "network": first["network"].iloc[0], "all": len(adam)}
    if not above:
        return text(
            "At every rate and schedule that was tried, {all} in all, Adam ends below the best"
            " error of Powell's method, {powell} on {network}.",
            **found,
        )
    return text(
        "At {some} of {all} pairs of rate and schedule Adam does not end below the best error of"
        " Powell's method, {powell} on {network}: {pairs}. The original tells no rate.",
        some=len(above),
        pairs=joined("; ", above),
        **found,
    )


def _cost(equal: pd.DataFrame) -> Text:
    """What a training may cost, and how far Powell's method comes with it on the first network."""
    powell = equal[equal["optimizer"] == "powell"]
    if len(powell):
        return text(
            "Cost: each training may evaluate the loss on all letters {evaluations} times; a"
            " gradient counts as {gradient} evaluations. Seconds do not count. That is {iterations}"
            " whole iterations of Powell's method on {network}.",
            evaluations=equal["budget"].iloc[0],
            gradient=GRADIENT_COST,
            iterations=f"{math.floor(powell['epochs'].iloc[0])}",
            network=powell["network"].iloc[0],
        )
    return text(
        "Cost: each training may evaluate the loss on all letters {evaluations} times; a gradient"
        " counts as {gradient} evaluations. Seconds do not count.",
        evaluations=equal["budget"].iloc[0],
        gradient=GRADIENT_COST,
    )


def _longer(summary: pd.DataFrame, equal: pd.DataFrame) -> Text | None:
    """What comes of a larger budget, on the first network."""
    budget = equal["budget"].iloc[0]
    longer = summary[(summary["budget"] > budget)]
    longer = longer[longer["network"] == equal["network"].iloc[0]]
    if longer.empty:
        return None
    parts = [
        text(
            "{optimizer} {error}",
            optimizer=called(OPTIMIZERS, row["optimizer"]),
            error=number(row["error"], 2),
        )
        for row in longer.to_dict("records")
    ]
    return text(
        "With up to {times} times the budget, the median errors on {network} are: {errors}.",
        times=number(longer["budget"].max() / budget, 2),
        network=longer["network"].iloc[0],
        errors=listing(parts),
    )


def _tuned(summary: pd.DataFrame, section: Fields) -> Text | None:
    tuned = summary[summary["tuning_operations"] > 0]
    if tuned.empty:
        return None
    return plural(
        "Rates, schedules and tolerances were chosen by {n} start that is not reported.",
        "Rates, schedules and tolerances were chosen by {n} starts that are not reported.",
        section["comparisons"][tuned["comparison"].iloc[0]]["tuning_starts"],
    )


def _at_edge(row: Fields) -> bool:
    """Whether a number was chosen beyond which none was tried."""
    return not pd.isna(row["inside"]) and not row["inside"]


def _edges(summary: pd.DataFrame) -> Text | None:
    """Whether better ones may lie beyond what was tried."""
    if summary["inside"].isna().all():
        return None
    edge = [row["optimizer"] for row in summary.to_dict("records") if _at_edge(row)]
    if not edge:
        return text(
            "Of every rate and tolerance that was chosen, a smaller and a larger one were tried,"
            " too."
        )
    return text(
        "What was chosen stands at the edge of what was tried, so that a better one may lie"
        " beyond, for {optimizers}.",
        optimizers=listing([called(OPTIMIZERS, name) for name in dict.fromkeys(edge)]),
    )


def _backpropagation(summary: pd.DataFrame) -> Text | None:
    """Why the original saw it fail."""
    rows = summary[summary["early_error"].notna()]
    if rows.empty:
        return None
    first = rows.iloc[0]
    return text(
        "The original gave backpropagation {epochs} passes over the letters, at a rate that it does"
        " not tell. After as many its error is {early} on {network}.",
        epochs=f"{first['published_epochs']:g}",
        early=number(first["early_error"]),
        network=first["network"],
    )


def _figures(
    folder: Path, section: Fields, answer: Text, rates: Text | None
) -> tuple[Figure, Figure, Figure]:
    first = next(iter(section["comparisons"].values()))
    return (
        figure(
            folder / "convergence",
            sentences(text("Error by cost, a row a network and a column a loss."), answer),
            text(
                "Error by cost: medians of all starts with the quartiles; below 0.001 they leave"
                " the figure. Lines of one color are one optimizer: the longer is that of a larger"
                " budget. What was trained on the squared error alone has the same line in both"
                " columns."
            ),
            "convergence",
        ),
        figure(
            folder / "error_by_rate",
            sentences(text("Median error of the trials by learning rate, a row a network."), rates),
            text(
                "Error by learning rate: medians of {starts} that are not reported, each with the"
                " whole budget. Hollow: a rate that falls along a cosine; a ring: what was chosen.",
                starts=starts(first["tuning_starts"]),
            ),
            "tuning",
        ),
        figure(
            folder / "final_errors",
            sentences(
                text("Error of each start at the end of its budget, a row an optimizer."), answer
            ),
            text("Final errors; hollow dots were trained on the other loss."),
            "replicates",
        ),
    )


_SCHEDULES = {"constant": text("constant"), "cosine": text("falls (cosine)")}


def _knobs(row: Fields) -> Words:
    """What was chosen, or given: "0.003, falls (cosine)", "xtol 0.01"."""
    if not pd.isna(row["learning_rate"]):
        return joined(", ", (f"{row['learning_rate']:g}", called(_SCHEDULES, row["schedule"])))
    return NONE if pd.isna(row["xtol"]) else f"xtol {row['xtol']:g}"


def _table(summary: pd.DataFrame, section: Fields) -> Table:
    level = f"{max(section['error_levels']):g}"
    rows = tuple(
        (
            capital(called(OPTIMIZERS, row["optimizer"])) + f", {row['network']}",
            loss_name(row["loss"]),
            interval(row, "error"),
            interval(row, "mean_wrong_pixels", 2),
            percent(row["within_one_pixel"]),
            f"{percent(row[f'reached_{level}'])}, {number(row[f'operations_to_{level}'], 2)}",
            text("{knobs}, at the edge", knobs=_knobs(row)) if _at_edge(row) else _knobs(row),
            f"{row['budget']}",
        )
        for row in summary.to_dict("records")
    )
    loss, knobs = text("loss"), text("rate or tolerance")
    columns = (
        text("optimizer, network"),
        loss,
        text("final error"),
        text("wrong pixels"),
        text("letters within 1 pixel"),
        text("error {level}: starts, operations", level=level),
        knobs,
        text("evaluations"),
    )
    return Table(
        text("Each at the end of its budget"),
        columns,
        rows,
        text(
            "Medians with 95 % intervals; wrong pixels: mean of the letters. Operations:"
            " multiply-adds until that error, a start that does not get there as later than all"
            " that do. Evaluations: the budget."
        ),
        prose=(loss, knobs),
        folded=True,
    )
