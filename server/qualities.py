"""Qualities: what a caller would like to have, and how much, as headers such as Accept say it."""

from __future__ import annotations


def qualities(header: bytes) -> dict[str, float]:
    """How much each item is liked, from 0 to 1."""
    return dict(map(quality, header.decode("latin-1").lower().split(",")))


def quality(item: str) -> tuple[str, float]:
    """One item and its quality, 0 where that is none."""
    name, _, parameters = item.partition(";")
    stated = [part.strip()[2:] for part in parameters.split(";") if part.strip().startswith("q=")]
    try:
        given = float(stated[0]) if stated else 1.0
    except ValueError:
        given = 0.0
    return name.strip(), given if 0 <= given <= 1 else 0.0
