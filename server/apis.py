"""The API of each role over one store."""

from __future__ import annotations

from anyio import Lock
from anyio.to_thread import run_sync

from graph.roles import Role
from graph.store import Store
from schema.answers import Answers
from schema.api import API
from server.process import lasting


class APIs:
    """Makes the API of a role when it is first asked for: that takes a good part of a second."""

    def __init__(self, store: Store, first: Role, answers: Answers | None = None) -> None:
        self.store, self.answers = store, answers
        self._made = {first: API(store, first, answers)}
        self._making = Lock()

    async def of(self, role: Role) -> API:
        if role not in self._made:
            async with self._making:
                if role not in self._made:
                    self._made[role] = await run_sync(self._make, role)
        return self._made[role]

    def _make(self, role: Role) -> API:
        with lasting():
            return API(self.store, role, self.answers)
