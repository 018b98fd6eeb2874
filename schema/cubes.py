"""Counts of students: the root field `studentCounts`, which takes nothing but the name of a table, and its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import FieldNode

from graph import plan as p
from graph.cubes import COLUMNS, ROWS
from schema.arguments import Tree, plain
from schema.walks import row

if TYPE_CHECKING:
    from schema.planner import At, Planner


def student_counts(planner: Planner, nodes: list[FieldNode], given: dict[str, Tree], at: At) -> p.Value:
    cube = next(cube for cube in planner.model.cubes if cube.name == plain(given["cube"]))
    at = planner.walk(at, ROWS)
    total, rows = planner.params.computed(), planner.params.computed()
    planner.walks.append(p.Counted(cube, total, rows))
    values: dict[str, p.Value] = {}
    for key, below in planner.below(nodes, "StudentCounts").items():
        match below[0].name.value:
            case "total":
                values[key] = p.Number(total)
            case "rows":
                fields = planner.below(below, "StudentCount")
                values[key] = p.Computed(rows, COLUMNS, row(planner, fields, "StudentCount", COLUMNS, at))
            case _:
                values[key] = p.Const("StudentCounts")
    return planner.object(values)


FIELDS = {"studentCounts": student_counts}
