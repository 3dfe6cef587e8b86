"""The chapter of ``optimizers``: Powell against gradients, at the same cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from latentlab.files.tables import read_csv
from latentlab.pages.parts import (
    Chapter,
    Figure,
    Group,
    Table,
    count,
    figure,
    interval,
    listing,
    made,
    number,
    percent,
    stated,
)
from latentlab.training.replicates import GRADIENT_COST


def chapter(results: Path, settings: Mapping[str, Any]) -> Chapter:
    """The chapter, written from the tables and figures below ``results``/optimizers."""
    section, folder = settings["optimizers"], results / "optimizers"
    summary = read_csv(folder / "tables" / "summary.csv")
    profiles = read_csv(folder / "tables" / "performance_profiles.csv")
    figures = _figures(folder / "figures", summary, profiles, section)
    return Chapter(
        id="optimizers",
        number="1.a",
        title="Optimizers",
        question="At the same cost and from the same starts, which optimizer brings a network to"
        " the lowest error?",
        answer=_answer(summary),
        details=tuple(filter(None, [_cost(section), _powell(summary), _tuned(summary, section)])),
        cover=figures[0],
        groups=(Group("", "", figures),),
        table=_table(summary, section),
        made=made("optimizers", section, ("tune", "train", "evaluate", "tabulate", "plot")),
    )


def _trained(row: Any) -> str:
    return f"{row.optimizer} on the {row.loss.replace('-', ' ')}"


def _best(summary: pd.DataFrame) -> dict[str, Any]:
    """For each network the row with the lowest median error."""
    rows = summary.sort_values("error", kind="stable").groupby("network", sort=False).head(1)
    best = {row.network: row for row in rows.itertuples()}
    return {name: best[name] for name in summary["network"].unique()}


def _answer(summary: pd.DataFrame) -> str:
    parts = []
    for network, best in _best(summary).items():
        error = stated(best._asdict(), "error")
        parts.append(f"on {network} it is {_trained(best)}, with a median error of {error}")
    return f"At the end of the common budget {listing(parts)}."


def _cost(section: Mapping[str, Any]) -> str:
    return (
        f"A training may take {section['evaluations']} evaluations of the loss on all letters; a"
        f" gradient counts as {GRADIENT_COST}, and an evaluation costs as many multiply-adds as the"
        " network has weights, times the letters. No clock decides: what these costs take in"
        " seconds is measured by benchmarks/optimizers.py."
    )


def _powell(summary: pd.DataFrame) -> str:
    """What Powell alone comes to, beside the best."""
    best = _best(summary)
    alone = summary[summary["optimizer"] == "powell"].set_index("network")
    parts = [
        f"{stated(row, 'error')} on {network}, {number(row['error'] / best[network].error, 2)}"
        " times the best"
        for network, row in alone.iterrows()
    ]
    if not parts:
        return ""
    return f"Powell alone ends at {listing(parts)}."


def _tuned(summary: pd.DataFrame, section: Mapping[str, Any]) -> str:
    tuned = summary[summary["tuning_operations"] > 0]
    if tuned.empty:
        return ""
    trials = section["tuning"]
    ratio = (tuned["tuning_operations"] / tuned["operations"]).median()
    return (
        f"Learning rates were chosen by {count(trials['starts'], 'start')} that are not reported,"
        f" for {trials['evaluations']} evaluations each: for an optimizer, network and loss that"
        f" costs {number(ratio, 2)} times what one training does, and is counted in no figure here."
    )


def _figures(
    folder: Path, summary: pd.DataFrame, profiles: pd.DataFrame, section: Mapping[str, Any]
) -> tuple[Figure, ...]:
    starts = count(section["replicates"], "start")
    medians = listing(
        [f"{row.network}, {_trained(row)}: {number(row.error)}" for row in summary.itertuples()]
    )
    level = max(section["error_levels"])
    last = profiles[profiles["level"] == level].groupby(["optimizer", "loss"], sort=False)["share"]
    solved = listing(
        [f"{name} on the {loss.replace('-', ' ')} {percent(share)}"
         for (name, loss), share in last.last().items()]
    )  # fmt: skip
    return (
        figure(
            folder / "convergence",
            f"Error by cost, a row a network and a column a loss. Final medians: {medians}.",
            f"Medians of {starts} with the quartiles. The error is the study's, whatever the loss."
            " Powell knows the squared error alone: its line is the same in both columns.",
        ),
        figure(
            folder / "performance_profiles",
            f"Share of problems solved by a factor of the least cost. To an error of {level:g},"
            f" however costly: {solved}.",
            "A problem is to bring one network from one start to an error; the least cost is that"
            " of the best optimizer and loss (Dolan and More 2002). At factor 1 a line tells how"
            " often an optimizer is the cheapest, at its right end how often it gets there.",
        ),
        figure(
            folder / "final_errors",
            f"Error of each start at the end of the budget. Medians: {medians}.",
            "A row an optimizer; hollow dots were trained on the other loss.",
        ),
    )


def _table(summary: pd.DataFrame, section: Mapping[str, Any]) -> Table:
    level = f"{max(section['error_levels']):g}"
    rows = tuple(
        (
            f"{row['optimizer']}, {row['network']}",
            row["loss"].replace("-", " "),
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
        "optimizer, network", "loss", "final error", "wrong pixels", "letters within 1 pixel",
        f"error {level}: starts, operations", "learning rate", "tuning, trainings",
    )  # fmt: skip
    return Table(
        "All at the same cost",
        columns,
        rows,
        "Medians with 95 % intervals; wrong pixels: mean of the letters. Operations: multiply-adds"
        " until that error, a start that does not get there as later than all that do. Tuning: its"
        " cost in trainings.",
    )
