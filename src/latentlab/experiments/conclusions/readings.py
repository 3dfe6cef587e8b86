"""What of a claim is tested, each with what: its own entry, its readings, its controls."""

from __future__ import annotations

from typing import Any

TESTS = {
    "level": (),
    "mean": (),
    "trend": ("along", "blocks"),
    "slope": ("along", "given", "unit"),
    "correlation": ("along", "unit", "strata", "members"),
    "dominance": ("groups",),
    "pairs": ("groups", "start"),
    "difference": ("groups",),
    "ratio": ("groups",),
}
"""The tests of ``conclusions.find``, each with what it takes of a claim."""

SIZES = ("level", "mean")
"""Tests whose effect is the measure itself, and not how it differs."""

OVERLAYS = ("readings", "controls")


def overlaid(claim: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A claim with what a reading or a control has in place of its own; of ``where`` by column.

    A column whose value is null is not asked there.
    """
    where = {**claim.get("where", {}), **own.get("where", {})}
    kept = {column: value for column, value in where.items() if value is not None}
    return {**claim, **own, "where": kept}


def asked(claim: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All that is tested of a claim: "" is the claim itself, then "readings.<name>", and so on."""
    return {
        "": overlaid(claim, {}),
        **{
            f"{kind}.{name}": overlaid(claim, own)
            for kind in OVERLAYS
            for name, own in claim.get(kind, {}).items()
        },
    }
