"""Answers, and the keeping of those given lately, as long as the graph is in the state that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from sys import maxsize
from threading import Lock
from typing import Any

import msgspec

from graph.roles import Role
from schema.recent import Recent

SHARE = 8  # the largest answer that is kept is one of so many
ENTRY = 1_000  # bytes that one takes beside its body, and more than that

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of a GraphQL answer, a JSON object, and the HTTP status that goes with it. One with data has the
    name of the operation, its cost, and the `state` of the graph that it is of, None where it depends on more;
    `kept_by` is the key by which it was kept. One with errors has their `code`."""

    body: bytes
    status: int = 200
    operation: str | None = None
    cost: int | None = None
    code: str | None = None
    state: int | None = None
    kept_by: bytes | None = None

    @property
    def is_kept(self) -> bool:
        return self.kept_by is not None


class Answers:
    """The answers asked for last, which take `size` bytes at most: 0 keeps none. All are of the state of the graph that
    was seen last; no state comes again, so that those of another are of no use, and may tell who was erased.

    Only answers are to be kept that depend on nothing but what is asked, in which role, and the state of the graph.
    """

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self._state: int | None = None
        self._kept: Recent[bytes, Answer] = Recent(maxsize, size, lambda _, answer: taken(answer))
        self._lock = Lock()

    @property
    def weight(self) -> int:
        """The bytes that they take."""
        return self._kept.weight

    def known(self, key: bytes, state: int) -> Answer | None:
        """The answer in the state that the graph is in now, if it is kept."""
        with self._lock:
            if state != self._state:
                self._kept.clear()
                self._state = state
            return self._kept.get(key)

    def of(self, key: bytes, state: int) -> Answer | None:
        """The answer of a state, if it is kept, whatever state the graph is in."""
        with self._lock:
            return self._kept.get(key) if state == self._state else None

    def keep(self, key: bytes, answer: Answer) -> None:
        """Keep an answer, unless it is of another state than the one that was seen last: it took so long to make."""
        if taken(answer) * SHARE > self.size:
            return
        with self._lock:
            if answer.state is None or self._state not in (None, answer.state):
                return
            self._state = answer.state
            self._kept.keep(key, replace(answer, kept_by=key))


def taken(answer: Answer) -> int:
    return len(answer.body) + ENTRY


def key_of(
    role: Role, query: str, variables: Mapping[str, Any], operation: str | None, tells_cost: bool
) -> bytes | None:
    """What an answer is kept by, None where that has no form of bytes, such as half a character."""
    try:
        asked = _encode((role, query, operation, tells_cost, variables))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return blake2b(asked, digest_size=32).digest()
