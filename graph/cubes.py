"""Cubes: how many people there are by one or two dimensions, rounded and suppressed so that nobody is told apart.

The rules are those of HESA's rounding and suppression: a number is rounded to the nearest multiple of 5, so that 0, 1
and 2 are 0; of fewer than 22.5 people nothing is told but how many. Percentages are of rounded numbers and tell nothing
that these do not. What is not listed rounds to 0, or is told of too few. Nothing depends on exact numbers but by these
rules, the order of rows included, and nobody chooses who is counted: by free filters exact numbers could be found out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graph import plan as p
from graph.model import ID, Cube, Hop, Model, Type, named, public
from graph.roles import Role

NEAREST = 5
FEWEST = 22.5  # people of whom more is told than how many they are
ROWS = 500  # of a cube; of more, those of the latest years
EXACT = 10_000  # rows of exact numbers; what is not among them is small
COUNTER = Role.STEWARD  # who may see all those that are counted

VALUE = public("value", Type.TEXT, "What they share; of a relation, the id of the node that it leads to.")
YEAR = public("academicYear", Type.TEXT, "Their academic year, 1 August to 31 July, as in 2026/27.")
COUNT = public("count", Type.INTEGER, "How many they are, to the nearest 5.", required=True)
PERCENTAGE = public(
    "percentage", Type.INTEGER, "How many that is of a hundred; of two dimensions, in the same year.", required=True
)
COLUMNS = (ID, VALUE, YEAR, COUNT, PERCENTAGE)

Exact = Mapping[str, list[Any]]  # lists of values and their number, by what is counted


class Table(NamedTuple):
    """What is told of a cube: how many there are, and rows of `COLUMNS`."""

    total: int
    rows: list[list[Any]]


def plan_of(cube: Cube, model: Model) -> p.Plan:
    """The plan that counts exactly."""
    wanted = {"total": (), "cells": tuple(_grouping(cube, name, model) for name in (cube.by, cube.year) if name)}
    if cube.by and cube.year:
        wanted |= {"by": wanted["cells"][:1], "year": wanted["cells"][1:]}
    kind = model.kind(cube.kind)
    return p.Plan(p.Obj(tuple((name, p.Counts(kind, by, EXACT)) for name, by in wanted.items())), ())


def table(cube: Cube, exact: Exact, model: Model) -> Table:
    """What is told of exact numbers, in the order of years, the latest first, and then of values."""
    is_step = cube.by is not None and isinstance(_grouping(cube, cube.by, model), Hop)
    rows = [[told[0] if is_step else None, *told] for told in _told(cube, exact)]
    rows.sort(key=lambda row: (row[1] is None, row[1]))
    rows.sort(key=lambda row: row[2] or "", reverse=True)
    return Table(rounded(exact["total"][0][0]), rows[:ROWS])


def rounded(number: int) -> int:
    return (number + NEAREST // 2) // NEAREST * NEAREST


def _grouping(cube: Cube, name: str, model: Model) -> p.By | Hop:
    kind = model.kind(cube.kind)
    for hop in model.hops(kind):
        if hop.field == name:
            return hop
    prop = named(kind.values, name)
    return p.By(prop, part=p.Part.ACADEMIC_YEAR if prop.type is Type.DATE else None)


def _told(cube: Cube, exact: Exact) -> Iterator[list[Any]]:
    """The value, the year, the number and the percentage of each cell that is told of, in any order."""
    total = exact["total"][0][0]
    slices: list[dict[Any, int]] = [dict(exact[name]) for name in ("by", "year") if name in exact]
    for *shared, number in exact["cells"]:
        sizes = [slice_.get(value, 0) for slice_, value in zip(slices, shared, strict=True)] if slices else [total]
        if rounded(number) and min(sizes) >= FEWEST:
            value, year = shared[0] if cube.by else None, shared[-1] if cube.year else None
            yield [value, year, rounded(number), _percentage(rounded(number), rounded(sizes[-1]))]


def _percentage(part: int, whole: int) -> int:
    """A whole percentage, halves up."""
    return (200 * part + whole) // (2 * whole)
