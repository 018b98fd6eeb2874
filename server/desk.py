"""The desk: where questions are answered, each in its turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.roles import Role
from schema.errors import Answer
from server.apis import APIs
from server.turns import Turns


class Question(NamedTuple):
    """What is asked, whether the cost is to be told, and whether the answer is to be explained."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation: str | None = None
    tells_cost: bool = False
    explains: bool = False


class Desk:
    """Answers questions from the API of the caller's role."""

    def __init__(self, apis: APIs, turns: Turns) -> None:
        self.apis, self.turns = apis, turns

    async def answer(self, role: Role, question: Question) -> Answer:
        """Raises CivicGraphError where there is no answer."""
        async with self.turns:
            return await (await self.apis.of(role)).answer(*question)
