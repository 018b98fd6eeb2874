"""Health: whether the process lives, and whether the graph can be asked and is the one that was loaded."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from time import monotonic
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from graph.errors import CivicGraphError, Incompatible
from graph.store import Store
from server.logs import log

PATIENCE = 1  # seconds that closing waits for a check under way: it changes nothing, and may take long
AGAIN = 60  # seconds after which a check is tried again that could not be done


class Health:
    """Answers for a store, whose content is checked against its hash in the background."""

    def __init__(self, store: Store, leaving: Callable[[], bool]) -> None:
        self.store, self.leaving = store, leaving

    def begin(self) -> None:
        """Check the graph, as it is now."""
        self.verified, self._moves, self._began = "pending", self.store.moves, monotonic()
        self._check = Thread(target=self._verify, name="verify", daemon=True)
        self._check.start()

    async def end(self) -> None:
        """Close the store. A check that is still under way keeps it, and ends with the process."""
        await run_sync(self._check.join, PATIENCE)
        if not self._check.is_alive():
            self.store.close()

    def _verify(self) -> None:
        try:
            self.verified = "yes" if self.store.verify() else "no"
        except Exception as error:
            log.error("graph not verified", exc_info=error)
            if not isinstance(error, CivicGraphError) or isinstance(error, Incompatible):
                self.verified = "no"  # others are of the moment, as when a load is under way
            return
        if self.verified == "no":
            log.error("graph damaged: its content is not what was loaded; load its sources into a new store")
        else:
            log.info("graph verified")

    def _is_due(self) -> bool:
        """Whether to check again: another graph, or the same where that could not be done at the time."""
        if self._check.is_alive():
            return False
        waited = self.verified == "pending" and monotonic() - self._began > AGAIN
        return waited or self._moves != self.store.moves

    async def alive(self, request: Request) -> Response:
        return _json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        try:
            head = await run_sync(self.store.head)
        except CivicGraphError as error:
            return _json({"ready": False, "verified": self.verified, "error": error.told}, 503)
        if self._is_due():
            self.begin()
        ready = self.verified != "no" and not self.leaving()
        loaded = {"version": head.version, "loadedAt": head.loaded_at or None, "loading": list(head.loading)}
        return _json({"ready": ready, **loaded, "verified": self.verified}, 200 if ready else 503)


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
