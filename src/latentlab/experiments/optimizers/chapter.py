"""The chapter of ``optimizers``: Powell against gradients, at the same cost."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from latentlab.aliases import Fields, Json
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
    stated,
    trained,
)
from latentlab.pages.texts import Text, plural, text
from latentlab.training.replicates import GRADIENT_COST


def chapter(results: Path, settings: Fields) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/optimizers."""
    section, folder = settings["optimizers"], results / "optimizers"
    summary = read_csv(folder / "tables" / "summary.csv")
    profiles = read_csv(folder / "tables" / "performance_profiles.csv")
    equal = summary[summary["comparison"] == next(iter(section["comparisons"]))]
    figures = _figures(folder / "figures", summary, profiles, section)
    details = [
        _cost(equal),
        _powell(equal),
        _longer(summary, equal),
        _tuned(summary, section),
        _edges(summary),
        _untuned(summary, equal),
        _backpropagation(summary),
    ]
    return Chapter(
        id="optimizers",
        number="1.a",
        title=text("Optimizers"),
        question=text(
            "At the same cost and from the same starts, which optimizer brings a network to the"
            " lowest error?"
        ),
        answer=_answer(equal),
        details=tuple(filter(None, details)),
        cover=figures[0],
        groups=(Group("", "", figures),),
        table=_table(summary, section),
        made=made("optimizers", section, ("tune", "train", "evaluate", "tabulate", "plot")),
    )


def _best(summary: pd.DataFrame) -> Json:
    """For each network the row with the lowest median error."""
    rows = summary.sort_values("error", kind="stable").groupby("network", sort=False).head(1)
    best = {row.network: row for row in rows.itertuples()}
    return {name: best[name] for name in summary["network"].unique()}


def _answer(summary: pd.DataFrame) -> Text:
    parts = [
        text(
            "on {network} it is {training}, with a median error of {error}",
            network=network,
            training=trained(best.optimizer, best.loss),
            error=stated(best._asdict(), "error"),
        )
        for network, best in _best(summary).items()
    ]
    return text("At the end of the common budget {trainings}.", trainings=listing(parts))


def _cost(equal: pd.DataFrame) -> Text:
    return text(
        "A training may take {evaluations} evaluations of the loss on all letters; a gradient"
        " counts as {gradient}, and an evaluation costs as many multiply-adds as the network has"
        " weights, times the letters. No clock decides. On one, an evaluation by Adam or RMSprop"
        " takes about 2.5 times as long as one by Powell, by backpropagation or L-BFGS about 5"
        " times: benchmarks/optimizers.py measures it.",
        evaluations=equal["budget"].iloc[0],
        gradient=GRADIENT_COST,
    )


def _powell(equal: pd.DataFrame) -> Text | None:
    """What Powell alone comes to, beside the best on its loss."""
    alone = equal[equal["optimizer"] == "powell"].set_index("network")
    best = _best(equal[equal["loss"].isin(alone["loss"])])
    parts = [
        text(
            "{error} on {network} after {epochs} whole iterations, {ratio} times the best",
            error=stated(row, "error"),
            network=network,
            ratio=number(row["error"] / best[network].error, 2),
            epochs=f"{row['epochs']:g}",
        )
        for network, row in alone.iterrows()
    ]
    if not parts:
        return None
    return text("On the squared error Powell alone ends at {errors}.", errors=listing(parts))


def _longer(summary: pd.DataFrame, equal: pd.DataFrame) -> Text | None:
    """What comes of a larger budget."""
    budget = equal["budget"].iloc[0]
    parts = [
        text(
            "{optimizer}, with {times} times as many evaluations, {error} on {network} after"
            " {epochs} iterations",
            optimizer=row["optimizer"],
            times=number(row["budget"] / budget, 2),
            error=stated(row, "error"),
            network=row["network"],
            epochs=f"{row['epochs']:g}",
        )
        for row in summary[summary["budget"] > budget].to_dict("records")
    ]
    return text("At a larger cost: {errors}.", errors=listing(parts)) if parts else None


def _tuned(summary: pd.DataFrame, section: Fields) -> Text | None:
    tuned = summary[summary["tuning_operations"] > 0]
    if tuned.empty:
        return None
    return plural(
        "Rates, schedules and tolerances were chosen by {n} start that is not reported, each"
        " combination with the whole budget: for an optimizer, network and loss that costs {ratio}"
        " times what one training does, and is counted in no figure here.",
        "Rates, schedules and tolerances were chosen by {n} starts that are not reported, each"
        " combination with the whole budget: for an optimizer, network and loss that costs {ratio}"
        " times what one training does, and is counted in no figure here.",
        section["comparisons"][tuned["comparison"].iloc[0]]["tuning_starts"],
        ratio=number((tuned["tuning_operations"] / tuned["operations"]).median(), 2),
    )


def _at_edge(row: Fields) -> bool:
    """Whether a number was chosen beyond which none was tried."""
    return not pd.isna(row["inside"]) and not row["inside"]


def _edges(summary: pd.DataFrame) -> Text | None:
    """Whether better ones may lie beyond what was tried."""
    if summary["inside"].isna().all():
        return None
    parts = [
        text(
            "{training} on {network}",
            training=trained(row["optimizer"], row["loss"]),
            network=row["network"],
        )
        for row in summary.to_dict("records")
        if _at_edge(row)
    ]
    if not parts:
        return text("Every number that was chosen lies between others that were tried.")
    return text(
        "What was chosen stands at the edge of what was tried, so that a better one may lie"
        " beyond: {trainings}.",
        trainings=listing(parts),
    )


def _untuned(summary: pd.DataFrame, equal: pd.DataFrame) -> Text | None:
    """What the same budget gives without any choice."""
    others = summary[
        (summary["budget"] == equal["budget"].iloc[0])
        & (summary["comparison"] != equal["comparison"].iloc[0])
    ]
    parts = [
        text(
            "{optimizer} {error} on {network}",
            optimizer=row["optimizer"],
            error=number(row["error"]),
            network=row["network"],
        )
        for row in others.to_dict("records")
    ]
    if not parts:
        return None
    return text("With settings that nobody tuned: {errors}.", errors=listing(parts))


def _backpropagation(summary: pd.DataFrame) -> Text | None:
    """Why the original saw it fail."""
    rows = summary[summary["early_error"].notna()]
    if rows.empty:
        return None
    parts = [
        text(
            "{early} on {network} at a rate of {rate}, and {error} at the end of the budget",
            early=number(row["early_error"]),
            network=row["network"],
            rate=f"{row['learning_rate']:g}",
            error=number(row["error"]),
        )
        for row in rows.to_dict("records")
    ]
    return text(
        "The original gave backpropagation {epochs} passes over the letters, at a rate that it does"
        " not tell. After as many the error is {errors}.",
        epochs=f"{rows['published_epochs'].iloc[0]:g}",
        errors=listing(parts),
    )


def _figures(
    folder: Path, summary: pd.DataFrame, profiles: pd.DataFrame, section: Fields
) -> tuple[Figure, ...]:
    medians = listing(
        [
            f"{row.network}, " + trained(row.optimizer, row.loss) + f": {number(row.error)}"
            for row in summary.itertuples()
        ]
    )
    rates = listing(
        [
            f"{row['network']}, " + trained(row["optimizer"], row["loss"]) + f": {_knobs(row)}"
            for row in summary[summary["tuning_operations"] > 0].to_dict("records")
            if not pd.isna(row["learning_rate"])
        ]
    )
    first = next(iter(section["comparisons"].values()))
    level = max(section["error_levels"])
    last = profiles[profiles["level"] == level].groupby(["optimizer", "loss"], sort=False)["share"]
    solved = listing([trained(*key) + f" {percent(share)}" for key, share in last.last().items()])
    return (
        figure(
            folder / "convergence",
            text(
                "Error by cost, a row a network and a column a loss. Final medians: {medians}.",
                medians=medians,
            ),
            text(
                "Medians of {starts} with the quartiles. The error is the study's, whatever the"
                " loss. What was trained on the squared error alone has the same line in both"
                " columns. An optimizer has one color in all its settings; its line goes on where"
                " it has a larger budget.",
                starts=starts(first["replicates"]),
            ),
        ),
        figure(
            folder / "error_by_rate",
            text(
                "Median error of the trials by learning rate, a row a network and a column a loss."
                " Chosen: {rates}.",
                rates=rates,
            ),
            text(
                "Medians of {starts} that are not reported, each trial with the whole budget."
                " Filled: a constant rate; hollow: one that falls along a cosine; a ring: what was"
                " chosen.",
                starts=starts(first["tuning_starts"]),
            ),
        ),
        figure(
            folder / "performance_profiles",
            text(
                "Share of problems solved by a factor of the least cost. To an error of {level},"
                " however costly: {shares}.",
                level=f"{level:g}",
                shares=solved,
            ),
            text(
                "A problem is to bring one network from one start to an error; the least cost is"
                " that of the best optimizer and loss (Dolan and Moré 2002). At factor 1 a line"
                " tells how often an optimizer is the cheapest, at its right end how often it gets"
                " there."
            ),
        ),
        figure(
            folder / "final_errors",
            text(
                "Error of each start at the end of its budget. Medians: {medians}.",
                medians=medians,
            ),
            text("A row an optimizer; hollow dots were trained on the other loss."),
        ),
    )


def _knobs(row: Fields) -> str:
    """What was chosen, or given: "0.003 cosine", "xtol 0.01"."""
    if not pd.isna(row["learning_rate"]):
        return f"{row['learning_rate']:g} {row['schedule']}"
    return NONE if pd.isna(row["xtol"]) else f"xtol {row['xtol']:g}"


def _table(summary: pd.DataFrame, section: Fields) -> Table:
    level = f"{max(section['error_levels']):g}"
    rows = tuple(
        (
            f"{row['optimizer']}, {row['network']}",
            loss_name(row["loss"]),
            f"{row['budget']}",
            f"{row['epochs']:g}",
            interval(row, "error"),
            interval(row, "mean_wrong_pixels", 2),
            percent(row["within_one_pixel"]),
            f"{percent(row[f'reached_{level}'])}, {number(row[f'operations_to_{level}'], 2)}",
            text("{knobs}, at the edge", knobs=_knobs(row)) if _at_edge(row) else _knobs(row),
            number(row["tuning_operations"] / row["operations"], 2),
        )
        for row in summary.to_dict("records")
    )
    columns = (
        text("optimizer, network"),
        text("loss"),
        text("evaluations"),
        text("iterations"),
        text("final error"),
        text("wrong pixels"),
        text("letters within 1 pixel"),
        text("error {level}: starts, operations", level=level),
        text("rate or tolerance"),
        text("tuning, trainings"),
    )
    return Table(
        text("Each at the end of its budget"),
        columns,
        rows,
        text(
            "Medians with 95 % intervals; wrong pixels: mean of the letters. Evaluations: the"
            " budget. Iterations: whole ones of Powell and L-BFGS, passes over the letters of the"
            " others. Operations: multiply-adds until that error, a start that does not get there"
            " as later than all that do. At the edge: nothing beyond it was tried. Tuning: its cost"
            " in trainings."
        ),
    )
