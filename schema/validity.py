"""Valid time: which relations hold on a day, as predicates of a plan."""

from __future__ import annotations

from graph import plan as p
from graph.model import SINCE, UNTIL, Relation
from graph.plan import Op


def holds(relation: Relation, day: p.Param | None) -> p.Predicate:
    """That a relation holds on a day, where one is given and the relation has dates.

    Text compares as the first day of each date does: a date is the beginning of the text of every day in it.
    """
    if day is None or not relation.dated:
        return p.AllOf()
    begun = p.AnyOf((p.Missing(SINCE, on_edge=True), p.Cmp(Op.LTE, SINCE, day, on_edge=True)))
    not_over = p.AnyOf((p.Missing(UNTIL, on_edge=True), p.Cmp(Op.GT, UNTIL, day, on_edge=True)))
    return p.AllOf((begun, not_over))
