"""A caller of the API that waits for its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from graph.roles import Role
from graph.store import Store
from schema.answers import Answer
from schema.api import API


class Client:
    """Asks a store by GraphQL."""

    def __init__(self, store: Store, role: Role = Role.STEWARD) -> None:
        self.store = store
        self.api = API(store, role)

    def answer(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Answer:
        return asyncio.run(self.api.execute(query, variables, operation))

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Any:
        """The body of the answer, parsed."""
        return json.loads(self.answer(query, variables, operation).body)

    def data(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Any:
        """The data of an answer without errors."""
        body = self.ask(query, variables, operation)
        assert "errors" not in body, body["errors"]
        return body["data"]

    def error(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Any:
        """The first error of an answer that has no data."""
        body = self.ask(query, variables, operation)
        assert body.keys() == {"errors"}, body
        return body["errors"][0]

    def code(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> str:
        return str(self.error(query, variables, operation)["extensions"]["code"])
