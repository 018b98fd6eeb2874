"""Repeats: a request that comes again in the same bytes is not read again, as long as its answer is kept."""

from __future__ import annotations

from typing import NamedTuple

from graph.roles import Role
from schema.answers import Answer
from schema.recent import Recent
from server.apis import APIs

LONGEST = 32_000  # bytes of a body
MOST = (1_000, 2_000_000)  # requests, and bytes of them
ENTRY = 200  # bytes that one takes beside its body


class Heard(NamedTuple):
    """All of a request by POST that its answer follows from, whatever way it is sent in; in JSON, or it is refused."""

    role: Role
    explain: bytes | None  # the header
    body: bytes


class Repeat(NamedTuple):
    """What is known of a request that was heard before: by which key its answer is kept, and its document's hash."""

    kept_by: bytes
    document: str


class Repeats:
    """The requests heard last whose answers are kept."""

    def __init__(self, apis: APIs) -> None:
        self.apis = apis
        self._known: Recent[Heard, Repeat] = Recent(*MOST, lambda heard, _: len(heard.body) + ENTRY)

    async def answer(self, heard: Heard) -> tuple[Answer, str] | None:
        """The answer to a request and its document's hash, where both are known."""
        repeat = self._known.get(heard) if len(heard.body) <= LONGEST else None
        if repeat is None:
            return None
        answer = self.apis.answers.known(repeat.kept_by, await self.apis.state())
        return (answer, repeat.document) if answer else None

    def note(self, heard: Heard, answer: Answer, document: str) -> None:
        """Remember a request, where its answer was kept: most are sent once."""
        if answer.kept_by and len(heard.body) <= LONGEST:
            self._known.keep(heard, Repeat(answer.kept_by, document))
