"""Explanations: how one answer came about, for who has to make it faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import msgspec

from graph import plan as p
from graph.model import Kind, Model
from graph.plan import Plan
from graph.printed import plan_text, sort_of
from graph.roles import Role
from graph.store import Compiled, Found, Store
from graph.walks import Walks
from schema.documents import Document
from schema.recent import K, Recent, V


class Asked(NamedTuple):
    """A plan that a store answered, with what parameters and in how many seconds."""

    compiled: Compiled
    parameters: Mapping[str, Any]
    seconds: float


class Explanation:
    """Watches one answer come about: is asked in place of what was made lately, and of the store."""

    def __init__(self, store: Store, walks: Walks, role: Role) -> None:
        self._store, self._walks, self._role = store, walks, role
        self._began = perf_counter()
        self._known: dict[str, bool] = {}
        self._seconds: dict[str, float] = {}
        self._asked: list[Asked] = []

    def look(self, values: Recent[K, V], key: K, make: Callable[[], V]) -> V:
        """The value, made where there is none."""
        began, known = perf_counter(), key in values
        value = values.made(key, make)
        phase = "document" if isinstance(value, Document) else "plan"
        self._known[phase], self._seconds[phase] = known, perf_counter() - began
        return value

    @property
    def model(self) -> Model:
        return self._store.model

    def compile(self, plan: Plan) -> Compiled:
        return self._walks.compiled(plan)

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        began = perf_counter()
        found = await self._store.run(compiled, parameters, role)
        self._asked.append(Asked(compiled, parameters, perf_counter() - began))
        return found

    async def told(self, plan: Plan, cost: int, compiling: float, found: Found) -> dict[str, Any]:
        """What there is to say, once all is answered; explaining itself counts for nothing."""
        return {
            "plan": plan_text(plan),
            "known": self._known,
            "rows": rows(plan.value, msgspec.json.decode(found.data)),
            "cost": cost,
            "ms": {phase: round(1_000 * seconds, 3) for phase, seconds in self._phases(compiling).items()},
            "statements": [await self._statement(asked) for asked in self._asked],
        }

    def _phases(self, compiling: float) -> dict[str, float]:
        """How many seconds each took; what compiles a statement does so as the plan is made."""
        total = perf_counter() - self._began
        compiled = 0.0 if self._known["plan"] else compiling
        seconds = {**self._seconds, "plan": self._seconds["plan"] - compiled, "compile": compiled}
        return {**seconds, "store": sum(asked.seconds for asked in self._asked), "total": total}

    async def _statement(self, asked: Asked) -> dict[str, Any]:
        """A statement and how the database goes about it. Of parameters it has names and sorts: an explanation is made
        to be passed on, and what was looked up may be somebody's."""
        explained = await self._store.explain(asked.compiled, asked.parameters, self._role)
        return {
            "statement": explained.statement,
            "parameters": {name: sort_of(value) for name, value in asked.parameters.items()},
            "store": "\n".join(explained.steps),
            "ms": round(1_000 * asked.seconds, 3),
        }


def rows(value: p.Value, data: Any) -> int:
    """How many rows an answer shows, counted as those are that it may ask for."""
    match value:
        case _ if data is None:
            return 0
        case p.Obj(fields):
            return sum(rows(inner, data[name]) for name, inner in fields)
        case p.Page(value=inner) | p.IfThere(_, inner):
            return rows(inner, data)
        case p.Rows(inner) | p.Groups(value=inner) | p.Provenance(inner) | p.Computed(value=inner):
            return sum(1 + rows(inner, row) for row in data)
        case p.GroupKeys(inner):
            return sum(rows(inner, key) for key in data)
        case p.One(value=inner) | p.GroupNode(inner):
            return 1 + rows(inner, data)
        case p.Lookup(_, many, cases):
            found = data if many else [data]
            return sum(1 + rows(p.ByKind(cases), node) for node in found if node is not None)
        case p.ByKind(cases):
            return rows(shown(cases, data), data)
        case _:
            return 0


def shown(cases: tuple[tuple[Kind, p.Value], ...], data: dict[str, Any]) -> p.Value:
    """The case of which a node is. Those that show the same fields, down to the last, have the same rows in them."""
    return next(value for _, value in cases if fits(value, data))


def fits(value: p.Value, data: Any) -> bool:
    """Whether an answer shows a value, by its fields."""
    match value:
        case _ if data is None:
            return True
        case p.Obj(fields):
            names = [name for name, _ in fields]
            return (
                isinstance(data, dict) and [*data] == names and all(fits(inner, data[name]) for name, inner in fields)
            )
        case p.Page(value=inner) | p.IfThere(_, inner) | p.One(value=inner) | p.GroupNode(inner):
            return fits(inner, data)
        case p.Rows(inner) | p.Groups(value=inner) | p.Provenance(inner) | p.Computed(value=inner) | p.GroupKeys(inner):
            return isinstance(data, list) and all(fits(inner, row) for row in data)
        case p.ByKind(cases):
            return any(fits(inner, data) for _, inner in cases)
        case _:
            return True
