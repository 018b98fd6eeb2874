"""The API of each role over one store, where questions are answered."""

from __future__ import annotations

from asyncio import shield
from collections.abc import Mapping
from typing import Any, NamedTuple

from anyio import Lock
from anyio.to_thread import run_sync

from graph.roles import Role
from graph.store import Store
from schema.answers import Answer, Answers
from schema.api import API
from server.moments import Moments
from server.process import lasting
from server.turns import Turns


class Question(NamedTuple):
    """What is asked, whether the cost is to be told, and whether the answer is to be explained."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation: str | None = None
    tells_cost: bool = False
    explains: bool = False


class APIs:
    """Makes the API of a role when it is first asked for: that takes a good part of a second."""

    def __init__(self, store: Store, first: Role, answers: Answers | None = None, turns: Turns | None = None) -> None:
        self.store, self.answers, self.turns = store, answers or Answers(), turns
        self._moments, self._seen = Moments(), (-1, 0)
        self._made = {first: API(store, first, self.answers, turns, self.state)}
        self._making = Lock()

    async def answer(self, role: Role, question: Question) -> Answer:
        """Raises CivicGraphError where there is no answer."""
        return await (await self.of(role)).answer(*question)

    async def state(self) -> int:
        """The state of the graph, looked at once in a moment."""
        now = self._moments.now()
        seen, state = self._seen
        if seen != now:
            state = await self.store.state()
            self._seen = now, state
        return state

    async def of(self, role: Role) -> API:
        if role not in self._made:
            await shield(self._ensure(role))  # who asked first may leave: it is made for those who come later
        return self._made[role]

    async def _ensure(self, role: Role) -> None:
        async with self._making:
            if role not in self._made:
                self._made[role] = await run_sync(self._make, role)

    def _make(self, role: Role) -> API:
        with lasting():
            return API(self.store, role, self.answers, self.turns, self.state)
