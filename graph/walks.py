"""What is computed before a plan is answered: walks along relations, a statement a step, and counts of people. What is
found becomes rows of the one statement that answers the plan.

All that is read for one answer is of one state of the graph. Where a commit comes between, it is all read again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from graph import cubes
from graph import plan as p
from graph.cubes import Table
from graph.errors import TooCostly
from graph.model import FROM, ID, SINCE, TO, UNTIL, Cube, Hop, Type, public
from graph.plan import Plan
from graph.roles import Role
from graph.store import Compiled, Found, Reader

MAX_LINKS = p.MAX_COMPUTED  # relations that one walk may look at
PLANS = 500  # of steps, that are kept

RELATION = public("relation", Type.TEXT, "Name of the relation.")
DIRECTION = public("direction", Type.TEXT, "OUT along the relation, IN against it.")
STEP = (ID, RELATION, DIRECTION, SINCE, UNTIL)
LINK = (FROM, TO, RELATION, SINCE, UNTIL)
IDS, FAR = p.Param("ids"), p.Param("far")

TOO_WIDE = (
    f"the walk would look at more than {MAX_LINKS:,} relations: name the relations it may take, or the kinds, or let "
    "it take fewer steps"
)

Rows = list[list[Any]]
Walk = p.ShortestPath | p.Around


class Link(NamedTuple):
    """A relation as a step finds it."""

    step: Hop
    near: str
    far: str
    key: str | None
    since: str | None
    until: str | None

    def turned(self) -> Link:
        """The same, as a step finds it from its other end."""
        step = Hop(self.step.relation, not self.step.forward or self.step.relation.symmetric)
        return self._replace(step=step, near=self.far, far=self.near)

    def holds(self, day: str | None) -> bool:
        """Whether it holds on a day. A date is the beginning of the text of every day in it."""
        return day is None or ((self.since or "") <= day and (self.until is None or self.until > day))

    @property
    def row(self) -> list[Any]:
        direction = "OUT" if self.step.forward else "IN"
        return [self.far, self.step.relation.name, direction, self.since, self.until]


class Walks:
    """Answers the plans of a store."""

    def __init__(self, store: Reader) -> None:
        self.store = store
        self.tables: dict[Cube, tuple[int, Table]] = {}  # with the state of the graph that they were counted in
        self._compiled: dict[Plan, Compiled] = {}

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        """The answer to a plan, what it walks computed first.

        Raises Forbidden where its caller may not see all that it reads, TooCostly where a walk would look at too many
        relations.
        """
        if not compiled.plan.walks:
            return await self.store.run(compiled, parameters, role)
        state = None
        while True:
            reading = Reading(self, role, state)
            given = dict(parameters)
            for walk in compiled.plan.walks:
                given.update(await reading.walked(walk, parameters))
            found = await self.store.run(compiled, given, role)
            if reading.states == {found.state}:
                return found
            state = found.state

    def compiled(self, plan: Plan) -> Compiled:
        if len(self._compiled) >= PLANS:
            self._compiled.clear()
        return self._compiled.get(plan) or self._compiled.setdefault(plan, self.store.compile(plan))


class Reading:
    """The walks of one answer, and the states of the graph that they were read in; what was counted before in another
    one than `state`, where that is known, is counted again."""

    def __init__(self, walks: Walks, role: Role, state: int | None) -> None:
        self.walks = walks
        self.role = role
        self.state = state
        self.states: set[int] = set()

    async def walked(self, walk: p.Walk, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What is computed for a walk, by the name of the parameter that it becomes."""
        match walk:
            case p.ShortestPath():
                start, end = parameters[walk.start.name], parameters[walk.end.name]
                return {walk.rows.name: await self.path(walk, start, end, _day(walk, parameters))}
            case p.Around():
                centre = parameters[walk.centre.name]
                nodes, links, more = await self.around(walk, centre, _day(walk, parameters))
                return {walk.nodes.name: nodes, walk.links.name: links, walk.more.name: more}
            case p.Counted():
                table = await self.counted(walk.cube)
                return {walk.total.name: table.total, walk.rows.name: table.rows}

    # Asking the store

    async def ask(self, value: p.Value, given: Mapping[p.Param, Any]) -> Any:
        compiled = self.walks.compiled(Plan(p.Obj((("found", value),)), tuple(given)))
        parameters = {param.name: value for param, value in given.items()}
        found = await self.walks.store.run(compiled, parameters, self.role)
        self.states.add(found.state)
        return msgspec.json.decode(found.data)["found"]

    async def are_there(self, walk: Walk, *ids: str) -> bool:
        lookup = p.Lookup(IDS, True, tuple((kind, p.Obj((("id", p.Get(ID)),))) for kind in walk.kinds))
        return None not in await self.ask(lookup, {IDS: ids})

    async def links(self, walk: Walk, ids: Collection[str], left: int) -> list[Link]:
        """The relations that the steps of a walk find from nodes; one more than are `left` where there are more."""
        return await self._links(walk, walk.steps, ids, left + 1, None)

    async def among(self, walk: Walk, ids: Collection[str], left: int) -> list[Link]:
        """The relations between nodes, each once; one more than are `left` where there are more."""
        steps = tuple(dict.fromkeys(Hop(hop.relation) for hop in walk.steps))
        links = await self._links(walk, steps, ids, left + 1, FAR)
        return [link for link in links if not link.step.relation.symmetric or link.near <= link.far]

    async def _links(
        self, walk: Walk, steps: tuple[Hop, ...], ids: Collection[str], limit: int, far: p.Param | None
    ) -> list[Link]:
        near = {kind.name: [i for i in ids if i.startswith(f"{kind.prefix}:")] for kind in walk.kinds}
        taken = tuple(hop for hop in steps if near[hop.origin] and (far is None or near[hop.target]))
        if not taken:
            return []
        params = {name: p.Param(f"near{n}") for n, name in enumerate({hop.origin: None for hop in taken})}
        given: dict[p.Param, Any] = {param: near[name] for name, param in params.items()}
        if far:
            given[far] = list(ids)
        rows = await self.ask(p.Links(tuple(params.items()), far, taken, limit), given)
        return [Link(taken[place], *rest) for place, *rest in rows]

    # Counting

    async def counted(self, cube: Cube) -> Table:
        """What is told of a cube. Who asks need not see those whom it counts."""
        kept = self.walks.tables.get(cube)
        if kept is None or self.state not in (None, kept[0]):
            model = self.walks.store.model
            found = await self.walks.store.run(self.walks.compiled(cubes.plan_of(cube, model)), {}, cubes.COUNTER)
            kept = found.state, cubes.table(cube, msgspec.json.decode(found.data), model)
            self.walks.tables[cube] = kept
        self.states.add(kept[0])
        return kept[1]

    # Walking

    async def path(self, walk: p.ShortestPath, start: str, end: str, day: str | None) -> Rows | None:
        if not await self.are_there(walk, start, end):
            return None
        sides, left = (Side(start), Side(end, back=True)), MAX_LINKS
        ahead, back = sides
        while not ahead.last & back.last:
            if ahead.steps + back.steps == walk.hops or not (ahead.last and back.last):
                return None
            left -= await self.widen(walk, sides, left, day)
        return [[start, None, None, None, None], *(link.row for link in traced(start, end, ahead, back))]

    async def widen(self, walk: Walk, sides: tuple[Side, Side], left: int, day: str | None) -> int:
        """Take a step from the side that fewer nodes were found from last, or, if there it is too wide, from the
        other; how many relations were looked at."""
        for side in sorted(sides, key=lambda side: len(side.last)):
            links = await self.links(walk, side.last, left)
            if len(links) <= left:
                side.add([link for link in links if link.holds(day)])
                return len(links)
        raise TooCostly(TOO_WIDE)

    async def around(
        self, walk: p.Around, centre: str, day: str | None
    ) -> tuple[Rows | None, Rows | None, bool | None]:
        if not await self.are_there(walk, centre):
            return None, None, None
        found, last, left = [centre], [centre], MAX_LINKS
        for _ in range(walk.hops):
            if len(found) <= walk.limit:
                links = await self.links(walk, last, left)
                left -= _counted(links, left)
                last = sorted({link.far for link in links if link.holds(day)}.difference(found))
                found += last
        shown = found[: walk.limit]
        links = await self.among(walk, shown, left)
        _counted(links, left)
        links = sorted((link for link in links if link.holds(day)), key=_place)
        return [[node_id] for node_id in shown], [_whole(link) for link in links], len(found) > len(shown)


def _day(walk: Walk, parameters: Mapping[str, Any]) -> Any:
    return parameters[walk.day.name] if walk.day else None


def _counted(links: list[Link], left: int) -> int:
    if len(links) > left:
        raise TooCostly(TOO_WIDE)
    return len(links)


class Side:
    """What was found from one end of a path: the nodes of the last step, all nodes, and the relations by which each
    is on its way from the start to the end."""

    def __init__(self, end: str, *, back: bool = False) -> None:
        self.back = back
        self.steps = 0
        self.last = {end}
        self.seen = {end}
        self.onward: dict[str, list[Link]] = {}

    def add(self, links: list[Link]) -> None:
        new = [link for link in links if link.far not in self.seen]
        for link in new:
            onward = link.turned() if self.back else link
            self.onward.setdefault(onward.near, []).append(onward)
        self.last = {link.far for link in new}
        self.seen |= self.last
        self.steps += 1


def traced(start: str, end: str, ahead: Side, back: Side) -> list[Link]:
    """The first of the shortest paths, where both sides have met."""
    reach = back.seen.copy()  # nodes from which the end is reached by a shortest path
    for near, links in reversed(ahead.onward.items()):  # those found last come first
        if any(link.far in reach for link in links):
            reach.add(near)
    path, at = [], start
    while at != end:
        links = back.onward.get(at) or [link for link in ahead.onward[at] if link.far in reach]
        path.append(min(links, key=_order))
        at = path[-1].far
    return path


def _order(link: Link) -> tuple[Any, ...]:
    """How links from one node come in order."""
    dates = (link.since or "", link.until or "")
    return (link.far, link.step.relation.table, not link.step.forward, link.key or "", *dates)


def _place(link: Link) -> tuple[Any, ...]:
    """How links come in order."""
    return (link.step.relation.table, link.near, *_order(link))


def _whole(link: Link) -> list[Any]:
    return [link.near, link.far, link.step.relation.name, link.since, link.until]
