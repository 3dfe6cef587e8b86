"""The chapter of ``optimizers``: Powell against gradients, at the same cost."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from latentlab.aliases import Fields, Json
from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
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
    figures = _figures(folder / "figures", summary, profiles, section)
    return Chapter(
        id="optimizers",
        number="1.a",
        title=text("Optimizers"),
        question=text(
            "At the same cost and from the same starts, which optimizer brings a network to the"
            " lowest error?"
        ),
        answer=_answer(summary),
        details=tuple(filter(None, [_cost(section), _powell(summary), _tuned(summary, section)])),
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


def _cost(section: Fields) -> Text:
    return text(
        "A training may take {evaluations} evaluations of the loss on all letters; a gradient"
        " counts as {gradient}, and an evaluation costs as many multiply-adds as the network has"
        " weights, times the letters. No clock decides: what these costs take in seconds is"
        " measured by benchmarks/optimizers.py.",
        evaluations=section["evaluations"],
        gradient=GRADIENT_COST,
    )


def _powell(summary: pd.DataFrame) -> Text | None:
    """What Powell alone comes to, beside the best."""
    best = _best(summary)
    alone = summary[summary["optimizer"] == "powell"].set_index("network")
    parts = [
        text(
            "{error} on {network}, {ratio} times the best",
            error=stated(row, "error"),
            network=network,
            ratio=number(row["error"] / best[network].error, 2),
        )
        for network, row in alone.iterrows()
    ]
    return text("Powell alone ends at {errors}.", errors=listing(parts)) if parts else None


def _tuned(summary: pd.DataFrame, section: Fields) -> Text | None:
    tuned = summary[summary["tuning_operations"] > 0]
    if tuned.empty:
        return None
    trials = section["tuning"]
    return plural(
        "Learning rates were chosen by {n} start that are not reported, for {evaluations}"
        " evaluations each: for an optimizer, network and loss that costs {ratio} times what one"
        " training does, and is counted in no figure here.",
        "Learning rates were chosen by {n} starts that are not reported, for {evaluations}"
        " evaluations each: for an optimizer, network and loss that costs {ratio} times what one"
        " training does, and is counted in no figure here.",
        trials["starts"],
        evaluations=trials["evaluations"],
        ratio=number((tuned["tuning_operations"] / tuned["operations"]).median(), 2),
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
                " loss. Powell knows the squared error alone: its line is the same in both"
                " columns.",
                starts=starts(section["replicates"]),
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
                "Error of each start at the end of the budget. Medians: {medians}.",
                medians=medians,
            ),
            text("A row an optimizer; hollow dots were trained on the other loss."),
        ),
    )


def _table(summary: pd.DataFrame, section: Fields) -> Table:
    level = f"{max(section['error_levels']):g}"
    rows = tuple(
        (
            f"{row['optimizer']}, {row['network']}",
            loss_name(row["loss"]),
            interval(row, "error"),
            interval(row, "mean_wrong_pixels", 2),
            percent(row["within_one_pixel"]),
            f"{percent(row[f'reached_{level}'])}, {number(row[f'operations_to_{level}'], 2)}",
            number(row["learning_rate"], 1),
            number(row["tuning_operations"] / row["operations"], 2),
        )
        for row in summary.to_dict("records")
    )
    columns = (
        text("optimizer, network"),
        text("loss"),
        text("final error"),
        text("wrong pixels"),
        text("letters within 1 pixel"),
        text("error {level}: starts, operations", level=level),
        text("learning rate"),
        text("tuning, trainings"),
    )
    return Table(
        text("All at the same cost"),
        columns,
        rows,
        text(
            "Medians with 95 % intervals; wrong pixels: mean of the letters. Operations:"
            " multiply-adds until that error, a start that does not get there as later than all"
            " that do. Tuning: its cost in trainings."
        ),
    )
