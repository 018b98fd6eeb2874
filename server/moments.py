"""Moments: the turns of the event loop. Whoever comes by the network and is answered in one had come before it, so that
what is seen of the world in it is seen after all of them have come."""

from __future__ import annotations

from asyncio import get_running_loop


class Moments:
    """Tells the turns of one event loop apart. Whoever looks at something has numbers of its own, which mean nothing to
    others."""

    def __init__(self) -> None:
        self._number = 0
        self._will_pass = False

    def now(self) -> int:
        """The number of this turn."""
        if not self._will_pass:
            get_running_loop().call_soon(self._pass)
            self._will_pass = True
        return self._number

    def _pass(self) -> None:
        self._number += 1
        self._will_pass = False
