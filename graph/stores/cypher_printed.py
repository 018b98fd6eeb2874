"""What Neo4j makes of Cypher, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graph.printed import INDENT


def steps(plan: Mapping[str, Any] | None) -> Iterator[str]:
    """The operators of a plan, the last one first, below each what it reads; the second of two is indented."""
    while plan:
        yield _operator(plan)
        plan, *others = plan.get("children") or [None]
        for other in others:
            yield from (INDENT + line for line in steps(other))


def _operator(plan: Mapping[str, Any]) -> str:
    """An operator, what it is about, and how many rows the database expects of it."""
    name, about = plan["operatorType"].partition("@")[0], plan["args"].get("Details", "")
    return f"{name} {about} ({plan['args']['EstimatedRows']:.0f} rows)".replace("  ", " ")
